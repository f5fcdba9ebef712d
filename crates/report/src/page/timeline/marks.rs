//! What the timeline shows: one mark for each step, and for findings that belong to none.

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::{Because, Fidelity, Finding, FindingKind, Level};
use serde::Serialize;

use crate::answer::{end, place, start};
use crate::attack;
use crate::case::Case;
use crate::time::{fidelity, parse_rfc3339};

use super::super::markup::anchor;

/// Findings drawn beside the steps.
const FINDINGS_MAX: usize = 400;

#[derive(Clone, Debug, Serialize)]
pub struct Mark {
    pub id: String,
    pub anchor: String,
    /// The step's number where the mark is a step.
    pub step: Option<String>,
    pub host: String,
    /// Microseconds UTC; `to` is not before `from`.
    pub from: i64,
    pub to: i64,
    pub fidelity: &'static str,
    #[serde(skip)]
    pub doubt: Fidelity,
    pub tactic: String,
    /// `observed`, `inferred`, `absent`.
    pub kind: &'static str,
    pub family: &'static str,
    pub title: String,
    pub title_ja: String,
    /// Findings in it.
    pub count: usize,
}

/// Steps first, then findings of medium level and more that no step holds; all with a time, by time.
pub fn marks(case: &Case<'_>) -> Vec<Mark> {
    let families = families(case);
    let by_id: BTreeMap<&str, &Finding> = case.findings.iter().map(|f| (f.id.as_str(), f)).collect();
    let mut marks = Vec::new();
    let mut told = BTreeSet::new();
    for step in &case.chain.steps {
        let findings: Vec<&Finding> = step.findings.iter().filter_map(|id| by_id.get(id.as_str()).copied()).collect();
        told.extend(findings.iter().map(|f| f.id.as_str()));
        let Some(from) = step.micros.or_else(|| step.time.start.as_deref().and_then(parse_rfc3339)) else { continue };
        let to = step.end_micros.or_else(|| step.time.end.as_deref().and_then(parse_rfc3339)).unwrap_or(from);
        let doubt = fidelity(&step.time.fidelity);
        marks.push(Mark {
            id: step.id.clone(),
            anchor: anchor(&step.id),
            step: Some(step.id.clone()),
            host: step.host.clone(),
            from,
            to: to.max(from),
            fidelity: doubt.as_str(),
            doubt,
            tactic: step.tactic.clone(),
            kind: step_kind(&findings),
            family: findings.first().map_or("other", |f| family(&f.because, &families)),
            title: step.title.clone(),
            title_ja: step.title_ja.clone(),
            count: findings.len(),
        });
    }
    let mut rest: Vec<&Finding> =
        case.findings.iter().filter(|f| f.level >= Level::Medium && !told.contains(f.id.as_str()) && start(f).is_some()).collect();
    rest.sort_by_key(|f| (std::cmp::Reverse(f.level), start(f)));
    marks.extend(rest.into_iter().take(FINDINGS_MAX).filter_map(|f| finding_mark(f, &families)));
    marks.sort_by(|a, b| (a.from, a.step.is_none(), &a.id).cmp(&(b.from, b.step.is_none(), &b.id)));
    marks
}

fn finding_mark(finding: &Finding, families: &BTreeMap<&str, &'static str>) -> Option<Mark> {
    let from = start(finding)?;
    let doubt = fidelity(&finding.time.fidelity);
    Some(Mark {
        id: finding.id.clone(),
        anchor: anchor(&finding.id),
        step: None,
        host: place(finding).to_owned(),
        from,
        to: end(finding).unwrap_or(from).max(from),
        fidelity: doubt.as_str(),
        doubt,
        tactic: tactic_of(finding),
        kind: kind_name(finding.kind),
        family: family(&finding.because, families),
        title: finding.title.clone(),
        title_ja: finding.ja.as_ref().map(|ja| ja.title.clone()).unwrap_or_default(),
        count: 1,
    })
}

/// The tactic the rule names, else the first one of its technique.
pub fn tactic_of(finding: &Finding) -> String {
    if let Some(tactic) = finding.tactics.first() {
        return tactic.clone();
    }
    let id = finding.techniques.iter().find_map(|id| attack::technique(id)).and_then(|t| t.tactics.split(',').next());
    id.and_then(attack::tactic).map(|tactic| tactic.short.to_owned()).unwrap_or_default()
}

pub fn kind_name(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::Observed => "observed",
        FindingKind::Inferred => "inferred",
        FindingKind::Absent => "absent",
    }
}

/// A step is observed if one of its findings is.
fn step_kind(findings: &[&Finding]) -> &'static str {
    let best = findings.iter().map(|f| f.kind).min_by_key(|kind| match kind {
        FindingKind::Observed => 0,
        FindingKind::Inferred => 1,
        FindingKind::Absent => 2,
    });
    kind_name(best.unwrap_or(FindingKind::Inferred))
}

/// Piece of evidence to family, from the folder of its source.
fn families<'a>(case: &Case<'a>) -> BTreeMap<&'a str, &'static str> {
    case.intake.iter().map(|piece| (piece.id.as_str(), family_of(&piece.source))).collect()
}

fn family_of(source: &str) -> &'static str {
    match source.split('/').next().unwrap_or_default() {
        "ivanti" => "appliance",
        "windows" => "windows",
        "vmware" => "vmware",
        "network" => "network",
        "mail" => "mail",
        _ => "other",
    }
}

fn family(because: &[Because], families: &BTreeMap<&str, &'static str>) -> &'static str {
    because.first().and_then(|line| families.get(line.evidence.as_str()).copied()).unwrap_or("other")
}

/// Hosts in order of their first mark, at most `max`, with how many more share the last lane (named by an empty
/// string in front of the list's end).
pub fn lanes(marks: &[Mark], max: usize) -> (Vec<String>, usize) {
    let mut hosts: Vec<String> = Vec::new();
    // Steps name the hosts that matter; they come first when there are too many.
    let ordered = marks.iter().filter(|m| m.step.is_some()).chain(marks.iter().filter(|m| m.step.is_none()));
    for mark in ordered {
        if !hosts.contains(&mark.host) {
            hosts.push(mark.host.clone());
        }
    }
    let more = hosts.len().saturating_sub(max);
    hosts.truncate(max);
    let first = |host: &String| marks.iter().position(|mark| mark.host == *host);
    hosts.sort_by_key(first);
    (hosts, more)
}
