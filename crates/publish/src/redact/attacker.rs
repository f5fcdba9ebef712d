//! Which addresses, domains and hashes are the intruder's: only these may leave, and only where a finding of weight names them.

use std::collections::BTreeSet;

use konseki_model::{EntityKind, Finding, Level};
use konseki_report::attack;

use super::address;
use super::policy::lists;
use crate::Claims;

/// Values in lower case, addresses without port.
pub fn values(claims: &Claims) -> BTreeSet<String> {
    let behind: BTreeSet<&str> = claims.chain.steps.iter().flat_map(|step| step.findings.iter().map(String::as_str)).collect();
    let own = own(claims);
    let mut out = BTreeSet::new();
    for finding in &claims.findings {
        let weighs = finding.level >= Level::High || (finding.level >= Level::Medium && behind.contains(finding.id.as_str()));
        if !weighs && finding.engine != "indicator" {
            continue;
        }
        let outbound = goes_out(finding) || finding.engine == "indicator";
        for entity in &finding.entities {
            let theirs = matches!(entity.role.as_str(), "from" | "actor" | "via" | "object") || (entity.role == "to" && outbound);
            if let Some(value) = external(entity.kind, &entity.value).filter(|value| theirs && !own.contains(value)) {
                out.insert(value);
            }
        }
    }
    out
}

/// Addresses and names of the case's own systems, in lower case.
fn own(claims: &Claims) -> BTreeSet<String> {
    let hosts = claims.intake.iter().map(|piece| piece.host.as_str()).chain(claims.coverage.iter().map(|row| row.host.as_str()));
    let named = claims.findings.iter().flat_map(|finding| &finding.entities);
    let named = named.filter(|entity| entity.kind == EntityKind::Host).map(|entity| entity.value.as_str());
    hosts.chain(named).chain(claims.own.iter().map(String::as_str)).map(bare).collect()
}

fn bare(value: &str) -> String {
    address::parse(value).map_or_else(|| value.to_lowercase(), |ip| ip.to_string())
}

fn goes_out(finding: &Finding) -> bool {
    let out = |tactic: &str| matches!(tactic, "command-and-control" | "exfiltration");
    if !finding.tactics.is_empty() {
        return finding.tactics.iter().any(|tactic| out(tactic));
    }
    let tactics = finding.techniques.iter().filter_map(|id| attack::technique(id)).flat_map(|technique| technique.tactics.split(','));
    tactics.filter_map(attack::tactic).any(|tactic| out(tactic.short))
}

fn external(kind: EntityKind, value: &str) -> Option<String> {
    match kind {
        EntityKind::Address => {
            let ip = address::parse(value)?;
            let usable = !address::is_internal(ip) && !ip.is_loopback() && !ip.is_unspecified() && !ip.is_multicast();
            usable.then(|| ip.to_string())
        }
        EntityKind::Domain => {
            let name = value.to_lowercase();
            let internal = lists().internal_suffixes.iter().any(|suffix| name.ends_with(suffix.as_str())) || !name.contains('.');
            (!internal).then_some(name)
        }
        EntityKind::Hash => is_hash(value).then(|| value.to_lowercase()),
        _ => None,
    }
}

/// MD5, SHA-1, SHA-256 or SHA-512 in hexadecimal.
pub fn is_hash(value: &str) -> bool {
    matches!(value.len(), 32 | 40 | 64 | 128) && value.bytes().all(|byte| byte.is_ascii_hexdigit())
}
