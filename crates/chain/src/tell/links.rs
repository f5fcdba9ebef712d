//! Links between steps: shared keys, things held at that time, and joins that following found. Nearness proves nothing.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use konseki_model::{At, Because, By, Entity, EntityKind, Finding, Level, Link, Step};
use rustc_hash::FxHashMap;

use super::ends::{Ends, Held};
use super::{HOUR, is_entry};
use crate::compare::Joins;
use crate::names::account;

/// How long an account taken over is taken to stay so.
const HELD: i64 = 72 * HOUR;

pub(super) fn links(steps: &mut [Step], findings: &[Finding], joins: &Joins) -> Vec<Link> {
    let ends = Ends::of(steps, findings, joins);
    let mut all = by_edges(&ends, joins);
    for (at, from) in ends.iter().enumerate() {
        for to in ends.iter().skip(at + 1) {
            exact(from, to, &mut all);
            interval(from, to, joins, &mut all);
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
    thin(&ends, all)
}

/// A link before it is chosen: of some hundred thousand a few are told.
struct Tie<'e> {
    from: usize,
    to: usize,
    by: By,
    entity: Cow<'e, Entity>,
    /// The host, where it is told beside the entity.
    place: Option<&'e Entity>,
    because: [Option<&'e Because>; 3],
    alternatives: u64,
}

impl Tie<'_> {
    fn link(&self, ends: &[Ends<'_>]) -> Link {
        let id = |at: usize| ends.get(at).map(|end| end.step.id.clone()).unwrap_or_default();
        let mut entities = vec![self.entity.clone().into_owned()];
        entities.extend(self.place.cloned());
        entities.dedup();
        let because = self.because.iter().flatten().map(|place| (*place).clone()).collect();
        Link { from: id(self.from), to: id(self.to), by: self.by, entities, because, alternatives: self.alternatives }
    }
}

/// Steps right before one that are told of each key.
const BEFORE: usize = 5;

/// Into each step and for each key (how it is proven and by what) the earliest and the latest steps are kept: where it came
/// from, and what went before.
fn kept<'t, 'e>(all: &'t [Tie<'e>]) -> Vec<&'t Tie<'e>> {
    let mut places: FxHashMap<(usize, By, EntityKind, &str), usize> = FxHashMap::default();
    let mut groups: Vec<Vec<&Tie<'_>>> = Vec::new();
    for tie in all {
        let at = *places.entry((tie.to, tie.by, tie.entity.kind, tie.entity.value.as_str())).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups.get_mut(at).into_iter().for_each(|group| group.push(tie));
    }
    let mut out = Vec::new();
    for mut group in groups {
        // Of several between the same two steps the first that was found tells.
        group.sort_by_key(|tie| tie.from);
        group.dedup_by_key(|tie| tie.from);
        let skip = group.len().saturating_sub(BEFORE).max(1);
        out.extend(group.iter().take(1).chain(group.iter().skip(skip)).copied());
    }
    out.sort_by(|a, b| {
        let key = |tie: &'t Tie<'e>| (tie.to, tie.by, tie.entity.kind, tie.entity.value.as_str(), tie.from);
        key(a).cmp(&key(b))
    });
    out
}

fn thin(ends: &[Ends<'_>], all: Vec<Tie<'_>>) -> Vec<Link> {
    let mut out: BTreeMap<(usize, usize, By), Link> = BTreeMap::new();
    for tie in kept(&all) {
        let link = tie.link(ends);
        match out.entry((tie.from, tie.to, tie.by)) {
            std::collections::btree_map::Entry::Vacant(slot) => {
                slot.insert(link);
            }
            // The same two steps are joined by more than one thing: all are told, a host's name last.
            std::collections::btree_map::Entry::Occupied(mut slot) => {
                let known = slot.get_mut();
                known.entities.extend(link.entities);
                known.entities.sort_by_key(|entity| (entity.kind == EntityKind::Host, entity.clone()));
                known.entities.dedup();
                known.because.extend(link.because);
                let mut seen = BTreeSet::new();
                known.because.retain(|place| seen.insert((place.evidence.clone(), place.at)));
                known.because.truncate(6);
                known.alternatives = known.alternatives.min(link.alternatives);
            }
        }
    }
    // A join that following found tells which of two of the same time came first.
    let back: Vec<(usize, usize, By)> = out.keys().filter(|(from, to, _)| from > to).copied().collect();
    for (from, to, by) in back {
        out.remove(&(to, from, by));
    }
    // An exact key says all that an interval says.
    let exact: BTreeSet<(usize, usize)> = out.keys().filter(|(.., by)| *by == By::Exact).map(|(from, to, _)| (*from, *to)).collect();
    out.into_iter().filter(|((from, to, by), _)| *by == By::Exact || !exact.contains(&(*from, *to))).map(|(_, link)| link).collect()
}

fn tie<'e>(from: &Ends<'_>, to: &Ends<'_>, by: By, entity: &'e Entity, because: [Option<&'e Because>; 3]) -> Tie<'e> {
    Tie { from: from.index, to: to.index, by, entity: Cow::Borrowed(entity), place: None, because, alternatives: 0 }
}

fn both<'e>(one: &'e Finding, other: &'e Finding) -> [Option<&'e Because>; 3] {
    [one.because.first(), other.because.first(), None]
}

/// Joins of events, carried over to the steps that cite them.
fn by_edges<'e>(ends: &'e [Ends<'_>], joins: &'e Joins) -> Vec<Tie<'e>> {
    let mut citing: BTreeMap<(&str, At), BTreeSet<usize>> = BTreeMap::new();
    for end in ends {
        for place in end.findings.iter().flat_map(|held| &held.finding.because) {
            citing.entry((place.evidence.as_str(), place.at)).or_default().insert(end.index);
        }
    }
    let steps = |place: &Because| citing.get(&(place.evidence.as_str(), place.at)).cloned().unwrap_or_default();
    let mut out = Vec::new();
    for edge in &joins.edges {
        let (sources, targets) = (steps(&edge.from), steps(&edge.to));
        let acted = crate::names::ip(&edge.entity.role).is_some();
        for from in &sources {
            for to in targets.iter().filter(|to| *to != from && !sources.contains(to)) {
                if let (Some(from), Some(to)) = (ends.get(*from), ends.get(*to)) {
                    // What proved it may have begun after what it proves: a link goes with time.
                    let late = from.step.micros.zip(to.step.micros).is_some_and(|(from, to)| from > to + HOUR);
                    let (from, to) = if late && edge.by != By::Exact { (to, from) } else { (from, to) };
                    let second = Some(&edge.to).filter(|to| **to != edge.from);
                    let mut made = tie(from, to, edge.by, &edge.entity, [Some(&edge.from), second, None]);
                    made.alternatives = edge.alternatives;
                    if acted {
                        made.entity.to_mut().role = "actor".to_owned();
                    }
                    out.push(made);
                }
            }
        }
    }
    out
}

/// A session id of some length, a logon id with its host, a machine, a file by its path.
pub(super) fn is_key(entity: &Entity) -> bool {
    match entity.kind {
        EntityKind::Session => entity.value.len() >= 6 && !entity.value.bytes().all(|b| b.is_ascii_digit()),
        EntityKind::Vm => entity.role == "object" && !entity.value.contains(", "),
        EntityKind::File => entity.value.contains('/') && entity.value.len() > 8 || entity.value.contains('\\'),
        _ => false,
    }
}

fn exact<'e>(from: &'e Ends<'_>, to: &'e Ends<'_>, out: &mut Vec<Tie<'e>>) {
    for one in from.findings.iter().filter(|one| !one.keys.is_empty()) {
        for other in to.findings.iter().filter(|other| !other.keys.is_empty()) {
            for entity in &one.keys {
                // A logon id is one only on its host.
                if entity.kind == EntityKind::Session && entity.value.starts_with("0x") && from.key != to.key {
                    continue;
                }
                if other.keys.iter().any(|e| e.kind == entity.kind && e.value.eq_ignore_ascii_case(&entity.value)) {
                    out.push(tie(from, to, By::Exact, entity, both(one.finding, other.finding)));
                }
            }
        }
    }
}

fn interval<'e>(from: &'e Ends<'_>, to: &'e Ends<'_>, joins: &Joins, out: &mut Vec<Tie<'e>>) {
    for other in &to.findings {
        for one in &from.findings {
            // The same address outside in both: it attacked, and it attacks or is called again.
            for entity in &one.public {
                if other.public.iter().any(|e| e.value == entity.value) {
                    out.push(tie(from, to, By::Interval, entity, both(one.finding, other.finding)));
                }
            }
            out.extend(appliance(from, to, one, other));
            out.extend(account_held(from, to, one, other));
            out.extend(on_host(from, to, one, other, joins));
            out.extend(after_login(from, to, one, other));
        }
        out.extend(tunnel(from, to, other));
    }
}

/// What comes from the appliance's own address, once the appliance itself was broken into.
fn appliance<'e>(from: &Ends<'_>, to: &Ends<'_>, one: &'e Held<'_>, other: &'e Held<'_>) -> Option<Tie<'e>> {
    let (src, sits) = other.appliance.as_ref()?;
    let (one, other) = (one.finding, other.finding);
    let own = sits.as_ref() == Some(&from.key);
    (own && is_entry(one) && from.step.host != to.step.host
        || own && is_entry(one) && other.tactics.iter().any(|t| t == "exfiltration" || t == "command-and-control"))
    .then(|| tie(from, to, By::Interval, src, both(one, other)))
}

/// The account of a session taken over, used elsewhere within days by what is known to be the intruder.
fn account_held<'e>(from: &Ends<'_>, to: &Ends<'_>, one: &'e Held<'_>, other: &'e Held<'_>) -> Option<Tie<'e>> {
    let (rule, strong) =
        (one.finding.rule == "vpn-session-second-address", other.finding.engine == "chain" && other.finding.level >= Level::High);
    if !rule || !strong || from.step.host == to.step.host {
        return None;
    }
    let near = one.finding.micros.zip(other.finding.micros).is_some_and(|(a, b)| (0..HELD).contains(&(b - a)));
    let user = one.finding.entities.iter().find(|e| e.kind == EntityKind::User)?;
    let name = account(&user.value);
    let same = other.actors.iter().any(|(_, account)| *account == name);
    (near && same).then(|| tie(from, to, By::Interval, user, both(one.finding, other.finding)))
}

/// A host that runs someone else's code, and what leaves that host: by its name, or by its address in the book.
fn on_host<'e>(from: &'e Ends<'_>, to: &Ends<'_>, held: &'e Held<'_>, later: &'e Held<'_>, joins: &Joins) -> Option<Tie<'e>> {
    const CODE: &[&str] = &["initial-access", "execution", "persistence", "collection"];
    const LEAVES: &[&str] = &["command-and-control", "exfiltration", "execution", "collection"];
    let tactic = |finding: &Finding, list: &[&str]| finding.tactics.iter().any(|tactic| list.contains(&tactic.as_str()));
    let (one, other, key) = (held.finding, later.finding, &from.key);
    if one.level < Level::High || other.level < Level::Medium || key.is_empty() {
        return None;
    }
    // A login through the box is not code on the box.
    const LOGIN: &[&str] = &["T1563", "T1078", "T1133"];
    let login = || one.techniques.iter().all(|technique| LOGIN.iter().any(|known| technique.starts_with(known)));
    if !entered(held, other) && (from.step.tactic == to.step.tactic || login()) {
        return None;
    }
    // Nobody works on an appliance: what is told there at all is his.
    let least = if joins.roles.contains_key(key) { Level::Medium } else { Level::High };
    let ordered = one.micros.zip(other.micros).is_some_and(|(a, b)| a <= b);
    // What starts at every boot has no time of its own; it holds for a channel from that host at any time.
    const CHANNEL: &[&str] = &["T1071", "T1090", "T1095", "T1102", "T1219", "T1571", "T1572", "T1573"];
    let channel = || other.techniques.iter().any(|technique| CHANNEL.iter().any(|known| technique.starts_with(known)));
    let boot = || one.micros.is_none() && tactic(one, &["persistence"]) && tactic(other, &["command-and-control"]) && channel();
    if other.level < least || !ordered && !boot() {
        return None;
    }
    let src = later.inside.iter().find(|(_, sits)| sits.as_ref() == Some(key)).map(|(entity, _)| *entity);
    let fits = match src {
        // From its address to another host.
        Some(_) if to.key != *key => {
            tactic(one, CODE) && tactic(other, &["lateral-movement"])
                || tactic(one, &["command-and-control"]) && tactic(other, &["lateral-movement"])
                || tactic(other, &["lateral-movement"]) && entered(held, other)
        }
        Some(_) => tactic(one, CODE) && tactic(other, LEAVES),
        None => to.key == *key && tactic(one, CODE) && tactic(other, LEAVES),
    };
    fits.then(|| {
        let mut made = tie(from, to, By::Interval, src.unwrap_or(&from.place), both(one, other));
        made.place = src.map(|_| &from.place);
        made
    })
}

/// Logons on a host that are his.
pub(super) const LOGINS: &[&str] = &[
    "rdp-from-appliance",
    "platform-login-from-appliance",
    "followed-logon",
    "followed-platform-login",
    "followed-ssh",
    "logon-from-vpn-address",
];

/// He logged on to the host, and within days the host itself goes on to another.
fn entered(one: &Held<'_>, other: &Finding) -> bool {
    one.login && one.finding.micros.zip(other.micros).is_some_and(|(a, b)| (0..HELD).contains(&(b - a)))
}

/// A login that is his, and what follows on the same host within half a day: from the same address inside, or by the same account.
fn after_login<'e>(from: &Ends<'_>, to: &Ends<'_>, one: &'e Held<'_>, other: &'e Held<'_>) -> Option<Tie<'e>> {
    if !one.login || from.key != to.key {
        return None;
    }
    let (first, then) = (one.finding, other.finding);
    let near = first.micros.zip(then.micros).is_some_and(|(a, b)| (0..12 * HOUR).contains(&(b - a)));
    if !near || first.level < Level::High || then.level < Level::High {
        return None;
    }
    let mut own = one.inside.iter().map(|(entity, _)| *entity);
    let inside = own.find(|e| other.from.iter().any(|o| o.value == e.value));
    let user = || one.actors.iter().find(|(_, name)| other.actors.iter().any(|(_, theirs)| theirs == name)).map(|(entity, _)| *entity);
    inside.or_else(user).map(|entity| tie(from, to, By::Interval, entity, both(first, then)))
}

/// The later step comes from an address that a tunnel of the earlier step's session gave, while it stood.
fn tunnel<'e>(from: &'e Ends<'_>, to: &Ends<'_>, other: &'e Held<'_>) -> Option<Tie<'e>> {
    let src = other.from.first()?;
    for tunnel in &other.tunnels {
        let session = |one: &&Held<'_>| one.finding.entities.iter().any(|e| e.kind == EntityKind::Session && e.value == tunnel.session);
        if let Some(one) = from.findings.iter().find(session) {
            let [first, second, _] = both(one.finding, other.finding);
            let mut made = tie(from, to, By::Interval, src, [first, second, Some(&tunnel.because)]);
            made.alternatives = other.tunnels.len() as u64 - 1;
            return Some(made);
        }
    }
    None
}
