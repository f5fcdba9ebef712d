//! What all documents say, worked out once from the claims: times, phases, systems reached, what is not known.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use konseki_model::{Finding, Hypothesis, Intake, Step, Verdict};
use konseki_report::time::parse_rfc3339;
use konseki_report::{Answer, Both, Case, Tier};
use serde::Deserialize;

use super::book::{join, plain, same, say};
use super::clock::Clock;
use crate::{Audience, Claims, Request};

/// How far the documents of an audience go: a row of `data/documents.toml`.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Reach {
    pub documents: Vec<String>,
    pub days: bool,
    pub names: bool,
    pub raw: bool,
}

#[derive(Deserialize)]
struct Documents {
    audience: BTreeMap<String, Reach>,
}

/// The row of that audience; nothing where the file has none.
pub fn reach(audience: Audience) -> Reach {
    static TABLE: OnceLock<BTreeMap<String, Reach>> = OnceLock::new();
    let read = || toml::from_str::<Documents>(include_str!("../../data/documents.toml")).map(|file| file.audience).unwrap_or_default();
    TABLE.get_or_init(read).get(audience.as_str()).cloned().unwrap_or_default()
}

#[derive(Deserialize)]
struct Systems {
    observed_by: Vec<String>,
    system: Vec<System>,
}

#[derive(Deserialize)]
struct System {
    kind: String,
    source: Vec<String>,
}

fn systems() -> &'static Systems {
    static TABLE: OnceLock<Systems> = OnceLock::new();
    // A file that does not parse is caught by its test.
    let read =
        || toml::from_str(include_str!("../../data/systems.toml")).unwrap_or(Systems { observed_by: Vec::new(), system: Vec::new() });
    TABLE.get_or_init(read)
}

/// A step with its start in microseconds UTC.
#[derive(Clone, Copy, Debug)]
pub struct At<'a> {
    pub step: &'a Step,
    pub from: Option<i64>,
}

/// Days that belong together; `None` for steps without a time.
#[derive(Clone, Debug)]
pub struct Phase<'a> {
    pub span: Option<(i64, i64)>,
    pub steps: Vec<At<'a>>,
}

/// More phases than a reader can keep apart are put together.
const PHASES_MAX: usize = 9;

pub struct View<'a> {
    pub claims: &'a Claims,
    pub request: &'a Request,
    pub reach: Reach,
    pub clock: Clock,
    pub answer: Answer,
    pub steps: Vec<At<'a>>,
    findings: BTreeMap<&'a str, &'a Finding>,
    pieces: BTreeMap<&'a str, &'a Intake>,
}

impl<'a> View<'a> {
    pub fn new(claims: &'a Claims, request: &'a Request) -> Self {
        let reach = reach(request.audience);
        let zone = if claims.zone.is_empty() { "UTC" } else { &claims.zone };
        let steps = claims.chain.steps.iter().map(|step| {
            let from = step.micros.or_else(|| step.time.start.as_deref().and_then(parse_rfc3339));
            At { step, from }
        });
        Self {
            claims,
            request,
            clock: Clock::new(zone, reach.days),
            reach,
            answer: answer(claims),
            steps: steps.collect(),
            findings: claims.findings.iter().map(|finding| (finding.id.as_str(), finding)).collect(),
            pieces: claims.intake.iter().map(|piece| (piece.id.as_str(), piece)).collect(),
        }
    }

    pub fn finding(&self, id: &str) -> Option<&'a Finding> {
        self.findings.get(id).copied()
    }

    pub fn findings_of(&self, step: &Step) -> impl Iterator<Item = &'a Finding> {
        step.findings.iter().filter_map(|id| self.finding(id))
    }

    pub fn piece(&self, id: &str) -> Option<&'a Intake> {
        self.pieces.get(id).copied()
    }

    /// First and last sign.
    pub fn span(&self) -> Option<(i64, i64)> {
        Some((self.answer.first?, self.answer.last?))
    }

    pub fn span_words(&self) -> Both {
        self.span().map_or_else(|| plain("common.no-time"), |(from, to)| self.clock.span(from, to))
    }

    pub fn confirmed(&self) -> bool {
        self.answer.tier == Tier::Confirmed
    }

    pub fn hypothesis(&self, id: &str) -> Option<&'a Hypothesis> {
        self.claims.chain.hypotheses.iter().find(|hypothesis| hypothesis.id == id)
    }

    pub fn supported(&self, id: &str) -> bool {
        self.hypothesis(id).is_some_and(|hypothesis| hypothesis.verdict == Verdict::Supported)
    }

    /// Supported explanations of how the intruder came in.
    pub fn entries(&self) -> Vec<Both> {
        let entries = self.claims.chain.hypotheses.iter().filter(|h| h.id.starts_with("entry-") && h.verdict == Verdict::Supported);
        entries.map(|h| bilingual(&h.title, &h.title_ja)).collect()
    }

    /// Kinds of systems that steps took place on, with how many of each, in the order of the table.
    pub fn systems_reached(&self) -> Vec<(String, usize)> {
        let mut hosts: BTreeSet<String> = BTreeSet::new();
        let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
        for at in &self.steps {
            let host = &at.step.host;
            if !host.is_empty() && !self.only_observed(at.step) && hosts.insert(short(host)) {
                *kinds.entry(self.system_of(host)).or_default() += 1;
            }
        }
        let order = |kind: &str| systems().system.iter().position(|system| system.kind == kind).unwrap_or(usize::MAX);
        let mut list: Vec<(String, usize)> = kinds.into_iter().collect();
        list.sort_by_key(|(kind, _)| order(kind));
        list
    }

    /// Whether the step's host only saw the act.
    pub fn only_observed(&self, step: &Step) -> bool {
        let rules = &systems().observed_by;
        let mut findings = self.findings_of(step).peekable();
        findings.peek().is_some() && findings.all(|finding| rules.contains(&finding.rule))
    }

    /// The kind of a host, by the sources of its own evidence; `other` where none says.
    pub fn system_of(&self, host: &str) -> String {
        let own: Vec<&str> =
            self.claims.intake.iter().filter(|piece| short(&piece.host) == short(host)).map(|piece| piece.source.as_str()).collect();
        let fits = |system: &&System| system.source.iter().any(|prefix| own.iter().any(|source| source.starts_with(prefix.as_str())));
        systems().system.iter().find(fits).map_or_else(|| "other".to_owned(), |system| system.kind.clone())
    }

    /// Names of the kinds of systems reached, as part of a sentence.
    pub fn systems_words(&self) -> Both {
        let names: Vec<Both> =
            self.systems_reached().iter().map(|(kind, n)| say(&format!("common.systems.{kind}"), &[("n", same(&n.to_string()))])).collect();
        if names.is_empty() { plain("common.unknown") } else { join(&names) }
    }

    /// Days with steps, put together into at most `PHASES_MAX` phases; steps without a time come last.
    pub fn phases(&self) -> Vec<Phase<'a>> {
        let mut days: BTreeMap<String, Phase<'a>> = BTreeMap::new();
        let mut undated = Vec::new();
        for at in &self.steps {
            let Some(from) = at.from else {
                undated.push(*at);
                continue;
            };
            let day = self.clock.zone.parts(from, konseki_model::Fidelity::Day).0;
            let phase = days.entry(day).or_insert_with(|| Phase { span: Some((from, from)), steps: Vec::new() });
            phase.span = phase.span.map(|(first, last)| (first.min(from), last.max(from)));
            phase.steps.push(*at);
        }
        let mut phases: Vec<Phase<'a>> = days.into_values().collect();
        while phases.len() > PHASES_MAX {
            merge_nearest(&mut phases);
        }
        if !undated.is_empty() {
            phases.push(Phase { span: None, steps: undated });
        }
        phases
    }

    /// Tactics of these steps in the order of the matrix.
    pub fn tactics(&self, steps: &[At<'_>]) -> Vec<&'static konseki_report::attack::Tactic> {
        let seen: BTreeSet<&str> = steps.iter().map(|at| at.step.tactic.as_str()).collect();
        konseki_report::attack::tactics().iter().filter(|tactic| seen.contains(tactic.short)).collect()
    }

    pub fn bytes_out(&self) -> (u64, Option<u64>) {
        let out = &self.claims.chain.scope.bytes_out;
        (out.at_least, out.at_most)
    }

    /// Accounts and machines of the scope, by kind.
    pub fn reached(&self, kind: &str) -> usize {
        let scope = &self.claims.chain.scope;
        let all = scope.confirmed.iter().chain(&scope.accessed).filter(|item| item.kind == kind);
        all.map(|item| item.value.as_str()).collect::<BTreeSet<_>>().len()
    }
}

fn merge_nearest(phases: &mut Vec<Phase<'_>>) {
    let ends = |phase: &Phase<'_>| phase.span.unwrap_or_default();
    let distances = phases.windows(2).enumerate().filter_map(|(index, pair)| match pair {
        [a, b] => Some((ends(b).0 - ends(a).1, index)),
        _ => None,
    });
    let Some((_, index)) = distances.min() else { return };
    let next = phases.remove(index + 1);
    if let Some(phase) = phases.get_mut(index) {
        phase.span = Some((ends(phase).0, ends(&next).1));
        phase.steps.extend(next.steps);
    }
}

/// The host's name without its domain, in lower case: the same machine under both names. Addresses stay whole.
pub fn short(host: &str) -> String {
    let lower = host.to_lowercase();
    if lower.parse::<std::net::IpAddr>().is_ok() {
        return lower;
    }
    lower.split('.').next().unwrap_or(&lower).to_owned()
}

/// A sentence of the chain, with the English one where there is no Japanese.
pub fn bilingual(en: &str, ja: &str) -> Both {
    Both { en: en.to_owned(), ja: if ja.is_empty() { en } else { ja }.to_owned() }
}

fn case(claims: &Claims) -> Case<'_> {
    static NO_OTHERS: konseki_model::other::Others = konseki_model::other::Others { tools: Vec::new(), opinions: Vec::new() };
    static NO_LISTS: BTreeMap<String, Vec<String>> = BTreeMap::new();
    Case {
        name: &claims.name,
        tlp: claims.tlp,
        zone: &claims.zone,
        findings: &claims.findings,
        chain: &claims.chain,
        intake: &claims.intake,
        unrecognised: &claims.unrecognised,
        rules: claims.rules.clone(),
        inventory: &claims.inventory,
        coverage: &claims.coverage,
        versions: &claims.versions,
        lists: &NO_LISTS,
        others: &NO_OTHERS,
        clocks: &[],
    }
}

fn answer(claims: &Claims) -> Answer {
    konseki_report::answer(&case(claims))
}
