//! What every writer needs of the claims: times as numbers, the intruder's indicators, steps with their findings.

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::{EntityKind, Finding, FindingKind, FindingTime, Level, Step};
use konseki_report::time::parse_rfc3339;
use konseki_report::{Lang, Tlp, attack};

use super::ids::Ids;
use crate::malware::{self, Malware};
use crate::redact::{attacker_values, is_hash, parse_address};
use crate::{Claims, Request};

/// Claims with what is derived from them.
pub struct View<'a> {
    pub told: &'a Claims,
    pub request: &'a Request,
    pub ids: Ids,
    pub iocs: Vec<Ioc>,
    pub malware: Vec<Malware>,
    pub findings: BTreeMap<&'a str, &'a Finding>,
    /// The latest time of the evidence: the clock of the package. Never the clock of the machine.
    pub clock: i64,
}

/// A value of the intruder.
#[derive(Clone, Debug)]
pub struct Ioc {
    /// `ipv4-addr`, `ipv6-addr`, `domain-name`, `MD5`, `SHA-1`, `SHA-256`, `SHA-512`.
    pub kind: &'static str,
    pub value: String,
    pub first: Option<i64>,
    pub last: Option<i64>,
    pub confidence: f64,
    /// Connections went to it, not from it.
    pub outbound: bool,
    pub techniques: BTreeSet<String>,
    pub findings: BTreeSet<String>,
}

pub fn micros(time: &Option<String>) -> Option<i64> {
    time.as_deref().and_then(parse_rfc3339)
}

pub fn start(time: &FindingTime) -> Option<i64> {
    micros(&time.start)
}

pub fn end(time: &FindingTime) -> Option<i64> {
    micros(&time.end).or_else(|| start(time))
}

impl<'a> View<'a> {
    pub fn new(told: &'a Claims, request: &'a Request) -> Self {
        let findings = told.findings.iter().map(|finding| (finding.id.as_str(), finding)).collect();
        let ends = told.findings.iter().filter_map(|finding| end(&finding.time));
        let clock = ends.chain(told.intake.iter().filter_map(|piece| micros(&piece.last))).max().unwrap_or(0);
        Self { told, request, ids: Ids::new(request), iocs: iocs(told), malware: malware::all(told), findings, clock }
    }

    pub fn tlp(&self) -> Tlp {
        self.told.tlp
    }

    /// Findings of a step, the most serious first.
    pub fn of_step(&self, step: &Step) -> Vec<&'a Finding> {
        let mut found: Vec<&Finding> = step.findings.iter().filter_map(|id| self.findings.get(id.as_str()).copied()).collect();
        found.sort_by(|a, b| b.level.cmp(&a.level).then_with(|| a.id.cmp(&b.id)));
        found
    }

    /// Findings that tell the story: those of steps, and serious ones besides.
    pub fn telling(&self) -> Vec<&'a Finding> {
        let behind: BTreeSet<&str> = self.told.chain.steps.iter().flat_map(|step| step.findings.iter().map(String::as_str)).collect();
        self.told.findings.iter().filter(|finding| finding.level >= Level::High || behind.contains(finding.id.as_str())).collect()
    }

    /// The first language asked for, English before Japanese.
    pub fn lang(&self) -> Lang {
        if self.request.langs.contains(&Lang::En) || self.request.langs.is_empty() { Lang::En } else { Lang::Ja }
    }

    pub fn ja(&self) -> bool {
        self.request.langs.contains(&Lang::Ja)
    }
}

/// Place of a finding in its evidence: `E123#line 4`.
pub fn places(finding: &Finding) -> impl Iterator<Item = String> + '_ {
    finding.because.iter().map(|because| format!("{}#{} {}", because.evidence, because.at.unit(), because.at.number()))
}

pub fn tactics(finding: &Finding) -> BTreeSet<&'static str> {
    let of = finding.techniques.iter().filter_map(|id| attack::technique(id)).flat_map(|one| one.tactics.split(','));
    let named = finding.tactics.iter().filter_map(|name| attack::tactic(name)).map(|tactic| tactic.short);
    let named: BTreeSet<&'static str> = named.collect();
    if named.is_empty() { of.filter_map(attack::tactic).map(|tactic| tactic.short).collect() } else { named }
}

pub fn kind_word(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::Observed => "observed",
        FindingKind::Inferred => "inferred",
        FindingKind::Absent => "absent",
    }
}

/// Kind of an indicator and its value as lists write it.
fn indicator(kind: EntityKind, value: &str) -> Option<(&'static str, String)> {
    match kind {
        EntityKind::Address => {
            let ip = parse_address(value)?;
            Some((if ip.is_ipv4() { "ipv4-addr" } else { "ipv6-addr" }, ip.to_string()))
        }
        EntityKind::Domain => Some(("domain-name", value.to_lowercase())),
        EntityKind::Hash if is_hash(value) => {
            let kind = match value.len() {
                32 => "MD5",
                40 => "SHA-1",
                64 => "SHA-256",
                _ => "SHA-512",
            };
            Some((kind, value.to_lowercase()))
        }
        _ => None,
    }
}

fn iocs(told: &Claims) -> Vec<Ioc> {
    let theirs = attacker_values(told);
    let mut all: BTreeMap<(&'static str, String), Ioc> = BTreeMap::new();
    for finding in &told.findings {
        for entity in &finding.entities {
            let Some((kind, value)) = indicator(entity.kind, &entity.value).filter(|(_, value)| theirs.contains(value)) else { continue };
            let ioc = all.entry((kind, value.clone())).or_insert_with(|| Ioc {
                kind,
                value,
                first: None,
                last: None,
                confidence: 0.0,
                outbound: false,
                techniques: BTreeSet::new(),
                findings: BTreeSet::new(),
            });
            ioc.first = ioc.first.into_iter().chain(start(&finding.time)).min();
            ioc.last = ioc.last.into_iter().chain(end(&finding.time)).max();
            ioc.confidence = ioc.confidence.max(finding.confidence);
            ioc.outbound |= entity.role == "to" || entity.kind == EntityKind::Domain;
            ioc.techniques.extend(finding.techniques.iter().cloned());
            ioc.findings.insert(finding.id.clone());
        }
    }
    all.into_values().collect()
}
