//! What may have happened: each explanation with what it predicts and what speaks against it, as `data/hypotheses.toml` holds them.

use std::collections::BTreeSet;

use konseki_model::{Finding, Hypothesis, Level, Step, Verdict};
use serde::Deserialize;

use super::Coverage;
use crate::compare::Joins;
use crate::names::host_key;

#[derive(Deserialize)]
struct Table {
    hypothesis: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    /// What would be seen if it were so.
    #[serde(default)]
    predicts: Vec<Sign>,
    /// What would not be seen if it were so.
    #[serde(default)]
    excludes: Vec<Sign>,
    /// Sources that could show what it predicts: only where one of them was read does their silence count against it.
    #[serde(default)]
    shown_by: Vec<String>,
    /// What it excludes weighs against it even where some of what it predicts is there: other explanations predict that too.
    #[serde(default)]
    exclusive: bool,
}

/// All given parts must hold.
#[derive(Default, Deserialize)]
struct Sign {
    #[serde(default)]
    rule: String,
    #[serde(default)]
    technique: String,
    #[serde(default)]
    tactic: String,
    #[serde(default)]
    level: Option<Level>,
    /// Roles of the host that it must have been on (`vpn`, `vcenter`, `esxi`, `mail`), and those that it must not.
    #[serde(default)]
    on: Vec<String>,
    #[serde(default)]
    not_on: Vec<String>,
}

impl Sign {
    /// A host of no known role is none of those; without a host nothing is told of it.
    fn on_such(&self, finding: &Finding, joins: &Joins) -> bool {
        let host = super::place(finding).filter(|host| !host.is_empty()).map(host_key);
        let role = host.as_ref().and_then(|host| joins.roles.get(host)).copied().unwrap_or_default();
        (self.on.is_empty() || self.on.iter().any(|own| own == role))
            && (self.not_on.is_empty() || host.is_some() && !self.not_on.iter().any(|own| own == role))
    }

    fn is(&self, finding: &Finding, joins: &Joins) -> bool {
        self.on_such(finding, joins)
            && finding.level >= self.level.unwrap_or(Level::High)
            && (self.rule.is_empty() || finding.rule == self.rule)
            && (self.technique.is_empty()
                || finding.techniques.iter().any(|t| t == &self.technique || t.split('.').next() == Some(&self.technique)))
            && (self.tactic.is_empty() || finding.tactics.iter().any(|t| t == &self.tactic))
    }
}

pub(super) fn hypotheses(findings: &[Finding], steps: &[Step], coverage: &[Coverage], joins: &Joins) -> Vec<Hypothesis> {
    let table: Table = toml::from_str(include_str!("../../data/hypotheses.toml")).unwrap_or(Table { hypothesis: Vec::new() });
    let told: BTreeSet<&str> = steps.iter().flat_map(|step| step.findings.iter().map(String::as_str)).collect();
    let of = |signs: &[Sign]| -> Vec<String> {
        let hits = findings.iter().filter(|finding| told.contains(finding.id.as_str()) && signs.iter().any(|sign| sign.is(finding, joins)));
        hits.map(|finding| finding.id.clone()).take(20).collect()
    };
    table
        .hypothesis
        .iter()
        .map(|row| {
            let (for_, against) = (of(&row.predicts), of(&row.excludes));
            let shown = row.shown_by.is_empty()
                || coverage
                    .iter()
                    .any(|one| one.first.is_some() && row.shown_by.iter().any(|source| one.source.starts_with(source.as_str())));
            let verdict = match (for_.is_empty(), against.is_empty(), shown) {
                (false, true, _) => Verdict::Supported,
                (false, false, _) if for_.len() > against.len() => Verdict::Supported,
                // Two ways in may both have been used: a sign of one is no sign against the other.
                (false, false, true) if row.exclusive => Verdict::Contradicted,
                (true, false, true) => Verdict::Contradicted,
                _ => Verdict::Untestable,
            };
            Hypothesis {
                id: row.id.clone(),
                title: String::new(),
                verdict,
                for_,
                against,
                would_decide: String::new(),
                title_ja: String::new(),
                would_decide_ja: String::new(),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_table_is_there() {
        let table: Result<super::Table, _> = toml::from_str(include_str!("../../data/hypotheses.toml"));
        assert!(table.is_ok_and(|table| table.hypothesis.len() >= 8));
    }
}
