//! From findings to the story: steps in order of time, links that a shared key proves, gaps, scope, hypotheses.

mod changes;
mod ends;
mod gaps;
mod hypotheses;
mod links;
mod scope;
mod sensor;
mod steps;

use konseki_model::{Chain, EntityKind, Finding};

use crate::compare::Joins;

pub use changes::{Change, changes};

/// What was collected of a host from one source.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    pub host: String,
    pub source: String,
    /// Microseconds UTC.
    pub first: Option<i64>,
    pub last: Option<i64>,
    /// Records per bucket from `start` on, each `width` microseconds wide; empty where nobody counted.
    pub buckets: Vec<u64>,
    pub start: i64,
    pub width: i64,
    /// Records or bytes that could not be read.
    pub unreadable: u64,
    /// Nothing says the zone of its times, and no other source could tell it.
    pub unsure: bool,
}

pub(crate) const DAY: i64 = 86_400_000_000;
pub(crate) const HOUR: i64 = 3_600_000_000;

/// The ATT&CK release that technique ids of the comparisons are taken from.
pub const ATTACK_VERSION: &str = "18.1";

/// The story of a case. Findings must have their ids.
pub fn tell(findings: &[Finding], joins: &Joins, coverage: &[Coverage]) -> Chain {
    let chosen = steps::choose(findings, joins);
    let mut steps = steps::steps(&chosen);
    let links = links::links(&mut steps, findings, joins);
    let gaps = gaps::gaps(&steps, findings, coverage, &joins.sources);
    let sensors = sensor::Sensors::new(coverage, joins);
    Chain {
        scope: scope::scope(&steps, findings, &chosen, joins, &sensors),
        hypotheses: hypotheses::hypotheses(findings, &steps, coverage, joins),
        steps,
        links,
        gaps,
        attack_version: ATTACK_VERSION.to_owned(),
    }
}

pub(crate) fn place(finding: &Finding) -> Option<&str> {
    entity(finding, EntityKind::Host)
}

pub(crate) fn entity(finding: &Finding, kind: EntityKind) -> Option<&str> {
    finding.entities.iter().find(|entity| entity.kind == kind).map(|entity| entity.value.as_str())
}

pub(crate) fn is_entry(finding: &Finding) -> bool {
    finding.techniques.iter().any(|technique| technique == "T1190")
}

#[cfg(test)]
mod tests;
