//! Links between steps: shared keys, things held at that time, and joins that following found. Nearness proves nothing.

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::{At, Because, By, Entity, EntityKind, Finding, Level, Link, Step};

use super::{HOUR, is_entry};
use crate::compare::Joins;
use crate::names::{account, host_key, is_public};

/// How long an account taken over is taken to stay so.
const HELD: i64 = 72 * HOUR;

struct Ends<'s> {
    index: usize,
    step: &'s Step,
    findings: Vec<&'s Finding>,
}

pub(super) fn links(steps: &mut [Step], findings: &[Finding], joins: &Joins) -> Vec<Link> {
    let by_id: BTreeMap<&str, &Finding> = findings.iter().map(|finding| (finding.id.as_str(), finding)).collect();
    let ends: Vec<Ends<'_>> = steps
        .iter()
        .enumerate()
        .map(|(index, step)| Ends {
            index,
            step,
            findings: step.findings.iter().filter_map(|id| by_id.get(id.as_str()).copied()).collect(),
        })
        .collect();
    let mut all = by_edges(&ends, joins);
    for (at, from) in ends.iter().enumerate() {
        for to in ends.iter().skip(at + 1) {
            all.extend(exact(from, to));
            all.extend(interval(from, to, joins));
        }
    }
    // What has no time of its own stands last, and may be what an earlier step rests on.
    for from in ends.iter().filter(|end| end.step.micros.is_none()) {
        for to in ends.iter().filter(|end| end.step.micros.is_some()) {
            for (one, other) in from.findings.iter().flat_map(|one| to.findings.iter().map(move |other| (one, other))) {
                all.extend(on_host(from, to, one, other, joins));
            }
        }
    }
    thin(all)
}

/// Key of a link among those into one step: how it is proven and by what.
type By1 = (usize, By, EntityKind, String);

/// Steps right before one that are told of each key.
const BEFORE: usize = 5;

/// Into each step and for each key the earliest and the latest steps are kept: where it came from, and what went before.
fn thin(all: Vec<(usize, usize, Link)>) -> Vec<Link> {
    let mut groups: BTreeMap<By1, BTreeMap<usize, Link>> = BTreeMap::new();
    for (from, to, link) in all {
        let Some(entity) = link.entities.first() else { continue };
        groups.entry((to, link.by, entity.kind, entity.value.clone())).or_default().entry(from).or_insert(link);
    }
    let mut out: BTreeMap<(usize, usize, By), Link> = BTreeMap::new();
    for ((to, by, ..), group) in groups {
        let skip = group.len().saturating_sub(BEFORE).max(1);
        let ends = group.iter().take(1).chain(group.iter().skip(skip));
        for (from, link) in ends {
            match out.entry((*from, to, by)) {
                std::collections::btree_map::Entry::Vacant(slot) => {
                    slot.insert(link.clone());
                }
                // The same two steps are joined by more than one thing: all are told, a host's name last.
                std::collections::btree_map::Entry::Occupied(mut slot) => {
                    let known = slot.get_mut();
                    known.entities.extend(link.entities.iter().cloned());
                    known.entities.sort_by_key(|entity| (entity.kind == EntityKind::Host, entity.clone()));
                    known.entities.dedup();
                    known.because.extend(link.because.iter().cloned());
                    let mut seen = BTreeSet::new();
                    known.because.retain(|place| seen.insert((place.evidence.clone(), place.at)));
                    known.because.truncate(6);
                    known.alternatives = known.alternatives.min(link.alternatives);
                }
            }
        }
    }
    // An exact key says all that an interval says.
    let exact: BTreeSet<(usize, usize)> = out.keys().filter(|(.., by)| *by == By::Exact).map(|(from, to, _)| (*from, *to)).collect();
    out.into_iter().filter(|((from, to, by), _)| *by == By::Exact || !exact.contains(&(*from, *to))).map(|(_, link)| link).collect()
}

fn link(from: &Ends<'_>, to: &Ends<'_>, by: By, entity: &Entity, because: Vec<Because>, alternatives: u64) -> (usize, usize, Link) {
    let link = Link { from: from.step.id.clone(), to: to.step.id.clone(), by, entities: vec![entity.clone()], because, alternatives };
    (from.index, to.index, link)
}

fn both(one: &Finding, other: &Finding) -> Vec<Because> {
    one.because.iter().take(1).chain(other.because.iter().take(1)).cloned().collect()
}

/// Joins of events, carried over to the steps that cite them.
fn by_edges(ends: &[Ends<'_>], joins: &Joins) -> Vec<(usize, usize, Link)> {
    let mut citing: BTreeMap<(&str, At), BTreeSet<usize>> = BTreeMap::new();
    for end in ends {
        for place in end.findings.iter().flat_map(|finding| &finding.because) {
            citing.entry((place.evidence.as_str(), place.at)).or_default().insert(end.index);
        }
    }
    let steps = |place: &Because| citing.get(&(place.evidence.as_str(), place.at)).cloned().unwrap_or_default();
    let mut out = Vec::new();
    for edge in &joins.edges {
        let (sources, targets) = (steps(&edge.from), steps(&edge.to));
        for from in &sources {
            for to in targets.iter().filter(|to| *to != from && !sources.contains(to)) {
                if let (Some(from), Some(to)) = (ends.get(*from), ends.get(*to)) {
                    let mut because = vec![edge.from.clone(), edge.to.clone()];
                    because.dedup();
                    let mut entity = edge.entity.clone();
                    if crate::names::ip(&entity.role).is_some() {
                        entity.role = "actor".to_owned();
                    }
                    out.push(link(from, to, edge.by, &entity, because, edge.alternatives));
                }
            }
        }
    }
    out
}

/// A session id of some length, a logon id with its host, a machine, a file by its path.
fn is_key(entity: &Entity) -> bool {
    match entity.kind {
        EntityKind::Session => entity.value.len() >= 6 && !entity.value.bytes().all(|b| b.is_ascii_digit()),
        EntityKind::Vm => entity.role == "object" && !entity.value.contains(", "),
        EntityKind::File => entity.value.contains('/') && entity.value.len() > 8 || entity.value.contains('\\'),
        _ => false,
    }
}

fn exact(from: &Ends<'_>, to: &Ends<'_>) -> Vec<(usize, usize, Link)> {
    let mut out = Vec::new();
    for one in &from.findings {
        for other in &to.findings {
            for entity in one.entities.iter().filter(|entity| is_key(entity)) {
                // A logon id is one only on its host.
                if entity.kind == EntityKind::Session
                    && entity.value.starts_with("0x")
                    && host_key(&from.step.host) != host_key(&to.step.host)
                {
                    continue;
                }
                if other.entities.iter().any(|e| e.kind == entity.kind && e.value.eq_ignore_ascii_case(&entity.value) && is_key(e)) {
                    out.push(link(from, to, By::Exact, entity, both(one, other), 0));
                }
            }
        }
    }
    out
}

fn address<'f>(finding: &'f Finding, role: &str) -> impl Iterator<Item = &'f Entity> {
    let role = role.to_owned();
    finding.entities.iter().filter(move |e| e.kind == EntityKind::Address && e.role == role)
}

fn interval(from: &Ends<'_>, to: &Ends<'_>, joins: &Joins) -> Vec<(usize, usize, Link)> {
    let mut out = Vec::new();
    for other in &to.findings {
        for one in &from.findings {
            // The same address outside in both: it attacked, and it attacks or is called again.
            for entity in one.entities.iter().filter(|e| e.kind == EntityKind::Address && is_public(&e.value)) {
                if other.entities.iter().any(|e| e.kind == EntityKind::Address && e.value == entity.value) {
                    out.push(link(from, to, By::Interval, entity, both(one, other), 0));
                }
            }
            out.extend(appliance(from, to, one, other, joins));
            out.extend(account_held(from, to, one, other));
            out.extend(on_host(from, to, one, other, joins));
            out.extend(after_login(from, to, one, other));
        }
        out.extend(tunnel(from, to, other, joins));
    }
    out
}

/// What comes from the appliance's own address, once the appliance itself was broken into.
fn appliance(from: &Ends<'_>, to: &Ends<'_>, one: &Finding, other: &Finding, joins: &Joins) -> Option<(usize, usize, Link)> {
    let src = address(other, "from").find(|e| joins.appliances.contains(&e.value))?;
    let own = joins.book.host_of(&src.value).map(host_key) == Some(host_key(&from.step.host));
    (own && is_entry(one) && from.step.host != to.step.host
        || own && is_entry(one) && other.tactics.iter().any(|t| t == "exfiltration" || t == "command-and-control"))
    .then(|| link(from, to, By::Interval, src, both(one, other), 0))
}

/// The account of a session taken over, used elsewhere within days by what is known to be the intruder.
fn account_held(from: &Ends<'_>, to: &Ends<'_>, one: &Finding, other: &Finding) -> Option<(usize, usize, Link)> {
    if one.rule != "vpn-session-second-address" || from.step.host == to.step.host || other.engine != "chain" || other.level < Level::High {
        return None;
    }
    let near = one.micros.zip(other.micros).is_some_and(|(a, b)| (0..HELD).contains(&(b - a)));
    let user = one.entities.iter().find(|e| e.kind == EntityKind::User)?;
    let same = other.entities.iter().any(|e| e.kind == EntityKind::User && e.role == "actor" && account(&e.value) == account(&user.value));
    (near && same).then(|| link(from, to, By::Interval, user, both(one, other), 0))
}

/// A host that runs someone else's code, and what leaves that host: by its name, or by its address in the book.
fn on_host(from: &Ends<'_>, to: &Ends<'_>, one: &Finding, other: &Finding, joins: &Joins) -> Option<(usize, usize, Link)> {
    const CODE: &[&str] = &["initial-access", "execution", "persistence", "collection"];
    const LEAVES: &[&str] = &["command-and-control", "exfiltration", "execution", "collection"];
    let tactic = |finding: &Finding, list: &[&str]| finding.tactics.iter().any(|tactic| list.contains(&tactic.as_str()));
    let key = host_key(&from.step.host);
    // A login through the box is not code on the box.
    const LOGIN: &[&str] = &["T1563", "T1078", "T1133"];
    let login = one.techniques.iter().all(|technique| LOGIN.iter().any(|known| technique.starts_with(known)));
    let same = from.step.tactic == to.step.tactic && !entered(one, other) || login && !entered(one, other);
    if one.level < Level::High || key.is_empty() || same {
        return None;
    }
    // Nobody works on an appliance: what is told there at all is his.
    let least = if joins.roles.contains_key(&key) { Level::Medium } else { Level::High };
    let ordered = one.micros.zip(other.micros).is_some_and(|(a, b)| a <= b);
    // What starts at every boot has no time of its own; it holds for a channel from that host at any time.
    const CHANNEL: &[&str] = &["T1071", "T1090", "T1095", "T1102", "T1219", "T1571", "T1572", "T1573"];
    let channel = || other.techniques.iter().any(|technique| CHANNEL.iter().any(|known| technique.starts_with(known)));
    let boot = one.micros.is_none() && tactic(one, &["persistence"]) && tactic(other, &["command-and-control"]) && channel();
    if other.level < least || !ordered && !boot {
        return None;
    }
    let src = address(other, "from").find(|e| !is_public(&e.value) && joins.book.host_of(&e.value).map(host_key).as_ref() == Some(&key));
    let fits = match &src {
        // From its address to another host.
        Some(_) if host_key(&to.step.host) != key => {
            tactic(one, CODE) && tactic(other, &["lateral-movement"])
                || tactic(one, &["command-and-control"]) && tactic(other, &["lateral-movement"])
                || tactic(other, &["lateral-movement"]) && entered(one, other)
        }
        Some(_) => tactic(one, CODE) && tactic(other, LEAVES),
        None => tactic(one, CODE) && tactic(other, LEAVES) && host_key(&to.step.host) == key,
    };
    fits.then(|| {
        let place = Entity::new(EntityKind::Host, from.step.host.clone(), "where");
        let mut made = link(from, to, By::Interval, src.unwrap_or(&place), both(one, other), 0);
        made.2.entities.push(place);
        made.2.entities.dedup();
        made
    })
}

/// Logons on a host that are his.
const LOGINS: &[&str] = &[
    "rdp-from-appliance",
    "platform-login-from-appliance",
    "followed-logon",
    "followed-platform-login",
    "followed-ssh",
    "logon-from-vpn-address",
];

/// He logged on to the host, and within days the host itself goes on to another.
fn entered(one: &Finding, other: &Finding) -> bool {
    LOGINS.contains(&one.rule.as_str()) && one.micros.zip(other.micros).is_some_and(|(a, b)| (0..HELD).contains(&(b - a)))
}

/// A login that is his, and what follows on the same host within half a day: from the same address inside, or by the same account.
fn after_login(from: &Ends<'_>, to: &Ends<'_>, one: &Finding, other: &Finding) -> Option<(usize, usize, Link)> {
    let near = one.micros.zip(other.micros).is_some_and(|(a, b)| (0..12 * HOUR).contains(&(b - a)));
    let strong = one.level >= Level::High && other.level >= Level::High;
    if !LOGINS.contains(&one.rule.as_str()) || !near || !strong || host_key(&from.step.host) != host_key(&to.step.host) {
        return None;
    }
    let inside = address(one, "from").find(|e| !is_public(&e.value) && address(other, "from").any(|o| o.value == e.value));
    let user = || {
        let mut users = one.entities.iter().filter(|e| e.kind == EntityKind::User && e.role == "actor");
        users.find(|e| {
            other.entities.iter().any(|o| o.kind == EntityKind::User && o.role == "actor" && account(&o.value) == account(&e.value))
        })
    };
    inside.or_else(user).map(|entity| link(from, to, By::Interval, entity, both(one, other), 0))
}

/// The later step comes from an address that a tunnel of the earlier step's session gave, while it stood.
fn tunnel(from: &Ends<'_>, to: &Ends<'_>, other: &Finding, joins: &Joins) -> Option<(usize, usize, Link)> {
    let src = address(other, "from").next()?;
    let time = other.micros?;
    let held: Vec<_> =
        joins.tunnels.iter().filter(|t| t.assigned == src.value && t.from <= time && t.to.is_none_or(|to| time <= to)).collect();
    for tunnel in &held {
        let session = |one: &&&Finding| one.entities.iter().any(|e| e.kind == EntityKind::Session && e.value == tunnel.session);
        if let Some(one) = from.findings.iter().find(session) {
            let mut places = both(one, other);
            places.push(tunnel.because.clone());
            return Some(link(from, to, By::Interval, src, places, held.len() as u64 - 1));
        }
    }
    None
}
