//! Links: right where the truth has a key that joins the two ends at least as strongly as stated.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::score::{Answer, Score, list, text};
use crate::truth::Step;

pub fn links(a: &Answer, s: &mut Score) {
    let none = BTreeSet::new();
    let mut told: Vec<(&BTreeSet<String>, &BTreeSet<String>)> = Vec::new();
    for link in list(a.chain, "links") {
        let from = a.steps.get(text(link, "from")).unwrap_or(&none);
        let to = a.steps.get(text(link, "to")).unwrap_or(&none);
        let by = text(link, "by");
        if by == "time" {
            s.links_by_time += 1;
            continue;
        }
        told.push((from, to));
        // The answer may tell one true step in several: links between its parts prove nothing and cost nothing.
        if from.intersection(to).next().is_some() {
            continue;
        }
        let right = from.iter().any(|x| to.iter().any(|y| joined(a, x, y, by, link)));
        if by == "exact" {
            s.link_precision_exact.count(right)
        } else {
            s.link_precision_interval.count(right)
        }
        if !right {
            let values: Vec<&str> = list(link, "entities").map(|e| text(e, "value")).collect();
            let side = |set: &BTreeSet<String>| set.iter().cloned().collect::<Vec<_>>().join("+");
            s.links_wrong.push(format!(
                "{}->{} {by} {} ({} -> {})",
                text(link, "from"),
                text(link, "to"),
                values.join(","),
                side(from),
                side(to)
            ));
        }
    }
    recall(a, s, &told);
}

fn recall(a: &Answer, s: &mut Score, told: &[(&BTreeSet<String>, &BTreeSet<String>)]) {
    for link in &a.truth.links {
        let ends = [&link.from, &link.to];
        if ends.iter().any(|id| a.truth.steps.iter().any(|t| t.id == **id && !t.required)) {
            continue;
        }
        let found =
            told.iter().any(|(f, t)| (f.contains(&link.from) && t.contains(&link.to)) || (f.contains(&link.to) && t.contains(&link.from)));
        if !found && a.steps.values().any(|m| m.contains(&link.from) && m.contains(&link.to)) {
            s.links_merged += 1;
            continue;
        }
        if link.by == "exact" {
            s.link_recall_exact.count(found)
        } else {
            s.link_recall_interval.count(found)
        }
        if !found {
            let keys: Vec<String> = link.keys.iter().map(|k| format!("{} {}", k.kind, k.value)).collect();
            s.links_missed.push(format!("{} -> {} {} {}", link.from, link.to, link.by, keys.join(",")));
        }
    }
}

/// Whether the truth joins two steps by a key of that strength; the link's own entities are preferred.
fn joined(a: &Answer, x: &str, y: &str, by: &str, link: &Value) -> bool {
    if a.truth.links.iter().any(|l| ((l.from == x && l.to == y) || (l.from == y && l.to == x)) && enough(&l.by, by)) {
        return true;
    }
    let step = |id: &str| a.truth.steps.iter().find(|s| s.id == id);
    let (Some(p), Some(q)) = (step(x), step(y)) else { return false };
    let said: Vec<String> = list(link, "entities").map(|e| plain(text(e, "value"))).collect();
    let shared = |by: &str| -> Vec<String> {
        let has = |s: &Step, v: &str| s.keys.iter().any(|k| plain(&k.value) == v && enough(&k.by, by));
        p.keys.iter().filter(|k| enough(&k.by, by)).map(|k| plain(&k.value)).filter(|v| has(q, v)).collect()
    };
    let keys = shared(by);
    if said.is_empty() {
        return !keys.is_empty();
    }
    // An entity of the link stands in the lines of both steps, or is a key of both.
    said.iter().any(|v| keys.contains(v) || (v.len() > 3 && in_lines(p, v) && in_lines(q, v)))
}

/// An exact key proves an interval too, not the other way round.
fn enough(has: &str, stated: &str) -> bool {
    has == "exact" || stated != "exact"
}

fn in_lines(step: &Step, value: &str) -> bool {
    step.lines.iter().any(|l| l.text.to_lowercase().contains(value))
}

/// One spelling for an account or a host: no domain, lower case.
fn plain(value: &str) -> String {
    let value = value.to_lowercase();
    let value = value.rsplit('\\').next().unwrap_or(&value).to_owned();
    value.split('@').next().unwrap_or(&value).to_owned()
}
