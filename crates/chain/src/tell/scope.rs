//! Scope in three tiers: what was surely taken, what was used or opened, what cannot be excluded; bytes out with both bounds.

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::chain::{Bounds, Window};
use konseki_model::{Accounts, EntityKind, Finding, Level, Scope, ScopeItem, Step};

use super::sensor::Sensors;
use crate::compare::Joins;
use crate::names::{account, ip, is_public, is_service};

pub(super) fn scope(steps: &[Step], findings: &[Finding], chosen: &[&Finding], joins: &Joins, sensors: &Sensors<'_>) -> Scope {
    let window = Window {
        from: steps.iter().filter_map(|step| step.time.start.clone()).min(),
        to: steps.iter().filter_map(|step| step.time.end.clone()).max(),
        why: "first and last time of the steps of the chain".to_owned(),
    };
    let mut scope = Scope { window, bytes_out: bytes(findings), ..Scope::default() };
    let mut seen = BTreeSet::new();
    let accounts = Accounts::new(
        findings.iter().flat_map(|finding| &finding.entities).filter(|e| e.kind == EntityKind::User).map(|e| e.value.as_str()),
    );
    // Accounts that were made may be named like those of machines.
    let made: BTreeSet<String> = chosen
        .iter()
        .filter(|finding| finding.techniques.iter().any(|t| t.starts_with("T1136")))
        .flat_map(|finding| finding.entities.iter().filter(|e| e.kind == EntityKind::User && e.role == "object"))
        .map(|e| account(&e.value))
        .collect();
    for finding in chosen.iter().filter(|finding| finding.level >= Level::High) {
        for entity in &finding.entities {
            let (kind, key) = match (entity.kind, entity.role.as_str()) {
                (EntityKind::Host, "where")
                    if crate::names::ip(&entity.value).is_some() || sensors.only_recorded(finding, &entity.value) =>
                {
                    continue;
                }
                (EntityKind::Host, "where") => ("host", "host-reached"),
                (EntityKind::User, "actor") if !is_service(&entity.value) || made.contains(&account(&entity.value)) => {
                    ("user", "account-used")
                }
                (EntityKind::Vm, "from") => ("vm", "vm-cloned"),
                (EntityKind::Vm, _) => ("vm", "host-reached"),
                _ => continue,
            };
            let same = match kind {
                "user" => accounts.key(&entity.value),
                "host" => crate::names::host_key(&entity.value),
                _ => entity.value.to_lowercase(),
            };
            if entity.value.is_empty() || entity.value.contains(", ") || !seen.insert((kind, same)) {
                continue;
            }
            let item = item(kind, &entity.value, key, finding);
            // What a copy of a machine's disk holds counts as read; a file put into an archive that left counts as taken.
            scope.accessed.push(item);
        }
    }
    for finding in chosen.iter().filter(|finding| finding.rule == "vmware-datastore-download" && finding.level >= Level::High) {
        let vm = finding.entities.iter().find(|e| e.kind == EntityKind::Vm && !e.value.is_empty());
        scope.confirmed.extend(vm.map(|vm| item("vm", &vm.value, "vm-cloned", finding)));
    }
    spell(&accounts, chosen, &mut scope.accessed);
    possible(findings, joins, &mut seen, &mut scope);
    for list in [&mut scope.confirmed, &mut scope.accessed, &mut scope.cannot_exclude] {
        list.sort_by(|a, b| (&a.kind, &a.value).cmp(&(&b.kind, &b.value)));
    }
    scope
}

/// An account stands under its fullest spelling, with the others beside it.
fn spell(accounts: &Accounts, chosen: &[&Finding], items: &mut [ScopeItem]) {
    let users = chosen.iter().flat_map(|finding| &finding.entities).filter(|e| e.kind == EntityKind::User && e.role == "actor");
    let groups = accounts.group(users.map(|e| e.value.as_str()));
    for item in items.iter_mut().filter(|item| item.kind == "user") {
        let own = groups.iter().find(|group| group.iter().any(|one| accounts.key(one) == accounts.key(&item.value)));
        if let Some((first, others)) = own.and_then(|group| group.split_first()).filter(|(_, others)| !others.is_empty()) {
            item.value.clone_from(first);
            item.args.insert("value".to_owned(), first.clone());
            item.args.insert("spellings".to_owned(), others.join(", "));
        }
    }
}

/// Hosts that a host in the intruder's hands asked for, and that no strong finding is about.
fn possible(findings: &[Finding], joins: &Joins, seen: &mut BTreeSet<(&'static str, String)>, scope: &mut Scope) {
    for finding in findings.iter().filter(|finding| finding.rule == "followed-scan" && finding.level >= Level::Medium) {
        for entity in finding.entities.iter().filter(|e| e.kind == EntityKind::Address && e.role == "to") {
            let name = joins.book.host_of(&entity.value).unwrap_or(&entity.value).to_owned();
            if seen.insert(("host", name.to_lowercase())) {
                scope.cannot_exclude.push(item("host", &name, "host-reachable", finding));
            }
        }
    }
    // A desktop of a system that only a sensor saw.
    for finding in findings.iter().filter(|finding| finding.rule == "followed-logon" && finding.level >= Level::Medium) {
        let place = crate::tell::place(finding).filter(|place| ip(place).is_some() && !is_public(place));
        if let Some(place) = place.filter(|place| seen.insert(("host", place.to_lowercase()))) {
            scope.cannot_exclude.push(item("host", place, "host-reachable", finding));
        }
    }
}

/// Bytes that surely left: the strong findings' own numbers, each place once. Nothing bounds the other side where no flow
/// log covers the window.
fn bytes(findings: &[Finding]) -> Bounds {
    let mut sent: BTreeMap<(String, String), u64> = BTreeMap::new();
    for finding in
        findings.iter().filter(|finding| finding.level >= Level::High && finding.tactics.iter().any(|tactic| tactic == "exfiltration"))
    {
        let end = |role: &str| finding.entities.iter().find(|e| e.kind == EntityKind::Address && e.role == role).map(|e| e.value.clone());
        let (Some(src), Some(dst)) = (end("from"), end("to")) else { continue };
        let number = |name: &str| finding.args.get(name).and_then(|text| text.parse::<u64>().ok());
        let bytes = number("total").or_else(|| number("bytes")).unwrap_or(0);
        let known = sent.entry((src, dst)).or_default();
        *known = (*known).max(bytes);
    }
    let at_least: u64 = sent.values().sum();
    // What the network counted includes retransmissions and padding of the protocol.
    Bounds { at_least, at_most: (at_least > 0).then(|| at_least.saturating_add(at_least / 10)) }
}

fn item(kind: &str, value: &str, key: &str, finding: &Finding) -> ScopeItem {
    ScopeItem {
        kind: kind.to_owned(),
        value: value.to_owned(),
        because: finding.because.iter().take(2).cloned().collect(),
        why: String::new(),
        why_ja: String::new(),
        key: key.to_owned(),
        args: BTreeMap::from([("value".to_owned(), value.to_owned()), ("what".to_owned(), finding.title.clone())]),
    }
}
