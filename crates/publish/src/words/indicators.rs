//! Things of the intruder that others can look for: addresses outside, domains, hashes, files left behind.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use konseki_model::EntityKind;
use konseki_report::defang;
use konseki_report::time::parse_rfc3339;

use super::view::View;

#[derive(Clone, Debug, Default)]
pub struct Indicator {
    pub kind: &'static str,
    /// As people may read it: addresses and domains are dead.
    pub shown: String,
    pub first: Option<i64>,
    pub last: Option<i64>,
    pub steps: Vec<String>,
}

/// Indicators of the steps, by kind and value.
pub fn all(view: &View<'_>) -> Vec<Indicator> {
    let mut found: BTreeMap<(&'static str, &str), (Indicator, BTreeSet<&str>)> = BTreeMap::new();
    for at in &view.steps {
        for finding in view.findings_of(at.step) {
            let time = |text: &Option<String>| text.as_deref().and_then(parse_rfc3339);
            for entity in &finding.entities {
                let Some(kind) = kind(entity.kind, &entity.value, &at.step.tactic) else { continue };
                let (one, steps) = found.entry((kind, &entity.value)).or_default();
                let (first, last) = (time(&finding.time.start), time(&finding.time.end));
                one.first = one.first.into_iter().chain(first).min();
                one.last = one.last.into_iter().chain(last.or(first)).max();
                steps.insert(&at.step.id);
            }
        }
    }
    let finish = |((kind, value), (one, steps)): ((&'static str, &str), (Indicator, BTreeSet<&str>))| {
        let dead = matches!(kind, "address" | "domain" | "url");
        let shown = if dead { defang(value) } else { value.to_owned() };
        Indicator { kind, shown, steps: steps.into_iter().map(str::to_owned).collect(), ..one }
    };
    found.into_iter().map(finish).collect()
}

/// Whether the thing is the intruder's rather than the victim's: addresses that are routed, domains, hashes, and files of
/// steps that made the intruder stay.
fn kind(kind: EntityKind, value: &str, tactic: &str) -> Option<&'static str> {
    match kind {
        EntityKind::Address => outside(value).then_some("address"),
        EntityKind::Domain => Some("domain"),
        EntityKind::Hash => Some("hash"),
        EntityKind::File if tactic == "persistence" => Some("file"),
        _ => None,
    }
}

/// An address that is routed; a port behind it makes it no indicator of its own.
pub fn outside(value: &str) -> bool {
    match value.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => {
            !(ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_unspecified() || ip.is_broadcast() || ip.is_multicast())
        }
        Ok(IpAddr::V6(ip)) => {
            !(ip.is_loopback() || ip.is_unspecified() || ip.is_unique_local() || ip.is_unicast_link_local() || ip.is_multicast())
        }
        Err(_) => false,
    }
}
