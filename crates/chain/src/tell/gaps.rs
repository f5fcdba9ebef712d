//! What could not be seen: sources that a host of the story should have, logs that begin after a step, cleared logs.

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::time::rfc3339;
use konseki_model::{Fidelity, Finding, Gap, GapWhy, Step};
use serde::Deserialize;

use super::Coverage;

#[derive(Deserialize)]
struct Expectations {
    role: Vec<Role>,
}

/// Which sources a kind of host has, known by any of the sources that were collected from it.
#[derive(Deserialize)]
struct Role {
    known_by: Vec<String>,
    sources: Vec<Expected>,
}

#[derive(Deserialize)]
struct Expected {
    id: String,
    /// Path or command that would close the gap.
    collect: String,
    /// Technique ids that it would show.
    shows: Vec<String>,
}

pub fn gaps(steps: &[Step], findings: &[Finding], coverage: &[Coverage]) -> Vec<Gap> {
    let expectations: Expectations = toml::from_str(include_str!("../../data/expect.toml")).unwrap_or(Expectations { role: Vec::new() });
    let mut gaps = Vec::new();
    let mut have: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for one in coverage.iter().filter(|one| !one.host.is_empty()) {
        have.entry(&one.host).or_default().insert(&one.source);
    }
    let window = (steps.iter().filter_map(|step| step.micros).min(), steps.iter().filter_map(|step| step.micros).max());
    let text = |micros: Option<i64>| micros.map(|micros| rfc3339(micros, Fidelity::Second));
    for (host, sources) in &have {
        for role in
            expectations.role.iter().filter(|role| sources.iter().any(|source| role.known_by.iter().any(|head| source.starts_with(head))))
        {
            for expected in role.sources.iter().filter(|expected| !sources.contains(expected.id.as_str())) {
                let hidden = steps.iter().find(|step| step.host == *host && step.techniques.iter().any(|t| expected.shows.contains(t)));
                gaps.push(gap(GapWhy::NotCollected, host, &expected.id, &expected.collect, (text(window.0), text(window.1)), hidden));
            }
        }
    }
    for one in coverage {
        // The log of a host begins after something happened there: what came before was rotated away.
        let early = steps
            .iter()
            .find(|step| step.host == one.host && step.micros.zip(one.first).is_some_and(|(step, first)| step + 3_600_000_000 < first));
        if let Some(step) = early {
            gaps.push(gap(GapWhy::Rotated, &one.host, &one.source, "", (text(step.micros), text(one.first)), Some(step)));
        }
    }
    for finding in findings.iter().filter(|finding| finding.techniques.iter().any(|t| t == "T1070.001" || t == "T1070.002")) {
        let host = super::place(finding).unwrap_or_default();
        let mut one = gap(GapWhy::LogCleared, host, &finding.rule, "", (None, finding.time.start.clone()), None);
        one.source = finding.because.first().map(|b| b.path.clone()).unwrap_or_default();
        gaps.push(one);
    }
    for (index, gap) in gaps.iter_mut().enumerate() {
        gap.id = format!("G{:02}", index + 1);
    }
    gaps
}

fn gap(why: GapWhy, host: &str, source: &str, collect: &str, (from, to): (Option<String>, Option<String>), step: Option<&Step>) -> Gap {
    let mut args = BTreeMap::from([("source".to_owned(), source.to_owned()), ("host".to_owned(), host.to_owned())]);
    if !collect.is_empty() {
        args.insert("collect".to_owned(), collect.to_owned());
    }
    Gap {
        id: String::new(),
        what: String::new(),
        source: source.to_owned(),
        host: host.to_owned(),
        from,
        to,
        why,
        collect: String::new(),
        what_ja: String::new(),
        collect_ja: String::new(),
        step: step.map(|step| step.id.clone()),
        key: String::new(),
        args,
    }
}
