//! Which findings belong to the story, and the steps they make.

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::{At, EntityKind, Finding, FindingTime, Level, Step};

use super::{DAY, entity, place};
use crate::compare::Joins;
use crate::names::{account, host_key};

/// Steps that one story holds; a case with more is told by its findings.
const STEPS: usize = 400;

/// High and critical findings; of medium level those that a join names, or that share host, days and something held
/// (account, session, address, machine) with a strong one.
pub(super) fn choose<'f>(findings: &'f [Finding], joins: &Joins) -> Vec<&'f Finding> {
    let mut near: BTreeSet<(String, i64, String)> = BTreeSet::new();
    for finding in findings.iter().filter(|finding| finding.level >= Level::High) {
        let (Some(host), Some(day)) = (place(finding).map(host_key), finding.micros.map(|micros| micros.div_euclid(DAY))) else { continue };
        for held in held(finding) {
            near.extend((day - 1..=day + 1).map(|day| (host.clone(), day, held.clone())));
        }
    }
    let joined: BTreeSet<(&str, At)> = joins.edges.iter().map(|edge| (edge.to.evidence.as_str(), edge.to.at)).collect();
    // What a strong finding rests on belongs to it, too.
    let strong: BTreeSet<(&str, At)> = findings
        .iter()
        .filter(|finding| finding.level >= Level::High)
        .flat_map(|finding| finding.because.iter().map(|b| (b.evidence.as_str(), b.at)))
        .collect();
    let grounds = joins.edges.iter().filter(|edge| strong.contains(&(edge.to.evidence.as_str(), edge.to.at)));
    let grounds: BTreeSet<(&str, At)> = grounds.map(|edge| (edge.from.evidence.as_str(), edge.from.at)).collect();
    let broken = broken(findings, joins);
    let shells = shells(findings);
    let sent = senders(findings);
    let connected = |finding: &Finding| {
        let by_join =
            finding.because.iter().any(|b| joined.contains(&(b.evidence.as_str(), b.at)) || grounds.contains(&(b.evidence.as_str(), b.at)));
        let (host, day) = (place(finding).map(host_key), finding.micros.map(|micros| micros.div_euclid(DAY)));
        // Nobody works on an appliance: what speaks against it there, once it is broken into, belongs to the story.
        let on_box =
            host.as_ref().and_then(|host| broken.get(host)).is_some_and(|since| finding.micros.is_none_or(|at| at + DAY >= *since));
        // Who sends much out from an address took it from somewhere: what that address did in the days around.
        let sender = finding.engine == "chain" && from_sender(finding, &sent);
        on_box
            || by_shell(finding, &shells)
            || by_join
            || sender
            || host.zip(day).is_some_and(|(host, day)| held(finding).into_iter().any(|held| near.contains(&(host.clone(), day, held))))
    };
    findings.iter().filter(|finding| finding.level >= Level::High || finding.level == Level::Medium && connected(finding)).collect()
}

/// Addresses inside that sent much out, and when.
fn senders(findings: &[Finding]) -> BTreeMap<String, Vec<i64>> {
    let mut out: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    let strong =
        findings.iter().filter(|finding| finding.level >= Level::High && finding.tactics.iter().any(|tactic| tactic == "exfiltration"));
    for finding in strong {
        let from =
            finding.entities.iter().filter(|e| e.kind == EntityKind::Address && e.role == "from" && !crate::names::is_public(&e.value));
        for entity in from {
            out.entry(entity.value.clone()).or_default().extend(finding.micros);
        }
    }
    out
}

fn from_sender(finding: &Finding, sent: &BTreeMap<String, Vec<i64>>) -> bool {
    let from = finding.entities.iter().filter(|e| e.kind == EntityKind::Address && e.role == "from").filter_map(|e| sent.get(&e.value));
    let near = |times: &Vec<i64>| finding.micros.is_some_and(|at| times.iter().any(|sent| (at - sent).abs() <= 7 * DAY));
    from.into_iter().any(near)
}

/// Boxes that no user works on and that run someone else's code, since when.
fn broken(findings: &[Finding], joins: &Joins) -> BTreeMap<String, i64> {
    const CODE: &[&str] = &["T1190", "T1505.003", "T1059.004", "T1059.006", "T1037.004"];
    let mut out: BTreeMap<String, i64> = BTreeMap::new();
    for finding in
        findings.iter().filter(|finding| finding.level >= Level::High && finding.techniques.iter().any(|t| CODE.contains(&t.as_str())))
    {
        let Some(key) = place(finding).map(host_key).filter(|key| matches!(joins.roles.get(key), Some(&"vpn" | &"mail"))) else { continue };
        let since = out.entry(key).or_insert(i64::MAX);
        *since = (*since).min(finding.micros.unwrap_or(i64::MAX));
    }
    out
}

/// How long after the last request of a web shell what it started may still begin.
const AFTER: i64 = 12 * super::HOUR;

/// Host -> when requests of web shells there began and ended.
fn shells(findings: &[Finding]) -> BTreeMap<String, Vec<(i64, i64)>> {
    let mut out: BTreeMap<String, Vec<(i64, i64)>> = BTreeMap::new();
    for finding in findings.iter().filter(|finding| finding.level >= Level::High && finding.techniques.iter().any(|t| t == "T1505.003")) {
        if let (Some(host), Some(from)) = (place(finding), finding.micros) {
            let to = finding.time.end.as_deref().and_then(konseki_model::time::of_rfc3339).unwrap_or(from);
            out.entry(host_key(host)).or_default().push((from, to));
        }
    }
    out
}

/// Accounts of web servers, by name or as the number that a kernel writes.
fn is_daemon(name: &str) -> bool {
    const DAEMONS: &[&str] = &["www-data", "apache", "nginx", "httpd", "tomcat", "vsphere-ui", "nobody", "iusr"];
    name.parse::<u32>().is_ok_and(|uid| uid > 0) || DAEMONS.contains(&name) || crate::names::is_service(name)
}

/// A program on the host of a web shell while it was used or soon after, by the account of a server: nobody who logged in.
fn by_shell(finding: &Finding, shells: &BTreeMap<String, Vec<(i64, i64)>>) -> bool {
    let used = place(finding).and_then(|host| shells.get(&host_key(host))).zip(finding.micros);
    let during = used.is_some_and(|(used, at)| used.iter().any(|(from, to)| (*from..=to + AFTER).contains(&at)));
    let actor = finding.entities.iter().find(|e| e.kind == EntityKind::User && e.role == "actor").map(|e| account(&e.value));
    let person = actor.is_some_and(|name| !is_daemon(&name));
    during && !person && finding.tactics.iter().any(|tactic| tactic == "execution")
}

/// What a finding holds that another may hold too.
fn held(finding: &Finding) -> Vec<String> {
    let keys = finding.entities.iter().filter_map(|entity| match entity.kind {
        EntityKind::User if entity.role == "actor" => Some(format!("user {}", account(&entity.value))),
        EntityKind::Session | EntityKind::Vm | EntityKind::Url | EntityKind::File => Some(entity.value.to_lowercase()),
        EntityKind::Address if entity.role == "from" || entity.role == "to" => Some(entity.value.clone()),
        _ => None,
    });
    keys.filter(|key| key.len() > 5).collect()
}

/// In the order in which an intrusion goes on; used where a finding names several tactics.
const TACTICS: &[&str] = &[
    "initial-access",
    "execution",
    "persistence",
    "privilege-escalation",
    "lateral-movement",
    "credential-access",
    "discovery",
    "collection",
    "command-and-control",
    "exfiltration",
    "impact",
    "defense-evasion",
    "stealth",
    "defense-impairment",
    "reconnaissance",
    "resource-development",
];

fn tactic(finding: &Finding) -> String {
    let first = TACTICS.iter().find(|tactic| finding.tactics.iter().any(|own| own == *tactic));
    first.map_or_else(|| if finding.engine == "yara" { "persistence".to_owned() } else { String::new() }, |tactic| (*tactic).to_owned())
}

/// Machines' comparisons tell one story with many signs: they stay together whatever techniques they name.
fn family(finding: &Finding) -> String {
    if let Some(vm) = finding.entities.iter().find(|e| e.kind == EntityKind::Vm && e.role == "object").filter(|_| finding.engine == "chain")
    {
        return format!("vm {}", vm.value.to_lowercase());
    }
    let first = finding.techniques.first().map(String::as_str).unwrap_or_default();
    let family = first.split('.').next().unwrap_or(first);
    // Two people's sessions in one day are two ways in.
    let own = ENTRY.contains(&finding.rule.as_str()).then(|| entity(finding, EntityKind::User).map(account)).flatten();
    own.map_or_else(|| family.to_owned(), |name| format!("session {name}"))
}

/// Who did it; the account that it was done to where nobody is named.
fn actor(finding: &Finding) -> Option<&str> {
    let users = || finding.entities.iter().filter(|e| e.kind == EntityKind::User && !e.value.is_empty());
    users().find(|e| e.role == "actor").or_else(|| users().next()).map(|e| e.value.as_str())
}

/// Ways in that belong to one account each.
const ENTRY: &[&str] = &["vpn-session-second-address", "vpn-session-no-login", "followed-vpn-login"];

/// What integrity checks of files tell.
const STATE: &str = "T1554";

/// One step is one tactic and family of techniques on one host within one day.
pub(super) fn steps(chosen: &[&Finding]) -> Vec<Step> {
    let mut groups: BTreeMap<(String, String, String, Option<i64>), Vec<&Finding>> = BTreeMap::new();
    let mut states: BTreeMap<(String, String), i64> = BTreeMap::new();
    for finding in chosen {
        let host = place(finding).map(host_key).unwrap_or_default();
        let mut day = finding.micros.map(|micros| micros.div_euclid(DAY));
        // A check that runs again finds again what is there since the first time.
        if let Some(first) = day.filter(|_| finding.techniques.first().is_some_and(|t| t == STATE)) {
            day = Some(*states.entry((host.clone(), finding.rule.clone())).or_insert(first));
        }
        groups.entry((host, tactic(finding), family(finding), day)).or_default().push(finding);
    }
    let mut steps: Vec<Step> = groups.into_iter().map(|((_, tactic, ..), group)| step(tactic, &group)).collect();
    steps.sort_by(|a, b| {
        (a.micros.is_none(), a.micros, &a.host, &a.tactic, &a.techniques).cmp(&(
            b.micros.is_none(),
            b.micros,
            &b.host,
            &b.tactic,
            &b.techniques,
        ))
    });
    steps.truncate(STEPS);
    for (index, step) in steps.iter_mut().enumerate() {
        step.id = format!("S{:02}", index + 1);
    }
    steps
}

fn step(tactic: String, group: &[&Finding]) -> Step {
    let worst = group.iter().max_by(|a, b| {
        a.level.cmp(&b.level).then(a.confidence.total_cmp(&b.confidence)).then(b.micros.cmp(&a.micros)).then(b.id.cmp(&a.id))
    });
    let first = group.iter().filter(|finding| finding.micros.is_some()).min_by_key(|finding| (finding.micros, &finding.id));
    let last = group.iter().filter_map(|finding| finding.time.end.clone()).max();
    let techniques: BTreeSet<String> = group.iter().flat_map(|finding| finding.techniques.iter().cloned()).collect();
    // Independent findings of one step strengthen it.
    let doubt: f64 = group.iter().map(|finding| 1.0 - finding.confidence.clamp(0.0, 0.99)).product();
    let host = worst.and_then(|finding| place(finding)).unwrap_or_default().to_owned();
    Step {
        id: String::new(),
        tactic,
        techniques: techniques.into_iter().collect(),
        title: worst.map(|finding| finding.title.clone()).unwrap_or_default(),
        title_ja: worst.and_then(|finding| finding.ja.as_ref()).map(|ja| ja.title.clone()).unwrap_or_default(),
        time: FindingTime {
            start: first.and_then(|finding| finding.time.start.clone()),
            end: last,
            fidelity: first.map(|finding| finding.time.fidelity.clone()).unwrap_or_default(),
            basis: first.map(|finding| finding.time.basis.clone()).unwrap_or_default(),
        },
        host,
        actor: worst.copied().into_iter().chain(group.iter().copied()).find_map(actor).unwrap_or_default().to_owned(),
        findings: group.iter().map(|finding| finding.id.clone()).collect(),
        confidence: ((1.0 - doubt) * 100.0).round() / 100.0,
        key: String::new(),
        args: BTreeMap::new(),
        micros: first.and_then(|finding| finding.micros),
        end_micros: None,
    }
}
