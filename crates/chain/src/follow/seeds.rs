//! What findings prove to be in an intruder's hands, and the way back from an act to where he came from.

use std::collections::BTreeSet;

use konseki_model::{Because, By, Entity, EntityKind, Finding, Level};

use super::Follow;
use super::presence::{Carrier, Presence};
use crate::compare::Tunnel;
use crate::names::{account, host_key, is_public};

const HOUR: i64 = 3_600_000_000;
/// How long an address may have been his before the first act that only he does.
const BEFORE: i64 = 96 * HOUR;
/// On more days than these an account comes from a place because its owner sits there.
const USED: usize = 3;
/// How many systems the way back may lead through.
const DEPTH: usize = 5;

/// Techniques that mean: someone else's code or commands on the host itself.
const ON_HOST: &[&str] = &[
    "T1190",
    "T1505.003",
    "T1037.004",
    "T1053.003",
    "T1543.002",
    "T1059.004",
    "T1059.006",
    "T1071.001",
    "T1071.004",
    "T1219",
    "T1554",
    "T1204.002",
    "T1059.001",
    "T1218.011",
    "T1547.001",
    "T1003.001",
];

pub(super) fn value<'f>(finding: &'f Finding, kind: EntityKind, role: &str) -> Option<&'f str> {
    finding.entities.iter().find(|e| e.kind == kind && (role.is_empty() || e.role == role)).map(|e| e.value.as_str())
}

impl Follow<'_> {
    pub(super) fn seed(&mut self, findings: &[Finding]) {
        // What has no time proves nothing about another time: it comes last, and only where nothing else holds the same.
        let (dated, undated): (Vec<&Finding>, Vec<&Finding>) = findings.iter().partition(|finding| finding.micros.is_some());
        for finding in dated.into_iter().chain(undated) {
            let hijack = finding.rule == "vpn-session-second-address" && finding.level >= Level::Medium;
            if finding.level < Level::High && !hijack {
                continue;
            }
            let Some(origin) = finding.because.last().filter(|_| hijack).or(finding.because.first()).cloned() else { continue };
            let time = finding.micros.unwrap_or(i64::MIN / 2);
            self.hijacked(finding, &origin, time);
            self.outside(finding, &origin, time);
            self.nameless(finding, &origin, time);
            self.behind_proxy(finding);
            self.on_host(finding, &origin, time);
            self.on_box(finding, &origin);
            if finding.micros.is_some() {
                self.back(finding, &origin, time);
            }
        }
        // Calls to what is proven to be his, made before: the box was his by then.
        for finding in findings.iter().filter(|finding| finding.level < Level::High && finding.micros.is_some()) {
            if let Some(origin) = finding.because.first() {
                self.on_box(finding, origin);
            }
        }
    }

    fn address(&mut self, address: &str, (from, to): (i64, i64), origin: &Because, own: bool, weak: bool) {
        let undated = from < i64::MIN / 4;
        if undated && self.addresses.contains_key(address) {
            return;
        }
        self.add(Presence {
            carrier: Carrier::Address(address.to_owned()),
            from,
            to,
            origin: origin.clone(),
            entity: Entity::new(EntityKind::Address, address, "from"),
            by: if undated { By::Time } else { By::Interval },
            alternatives: 0,
            own,
            user: None,
            weak: weak || undated,
        });
    }

    /// The inner addresses that the second place of a session was given.
    fn hijacked(&mut self, finding: &Finding, origin: &Because, time: i64) {
        if finding.rule != "vpn-session-second-address" {
            return;
        }
        let session = value(finding, EntityKind::Session, "");
        let second = finding.args.get("second").map(String::as_str);
        let tunnels: Vec<(String, i64, Option<i64>, Because)> = self
            .joins
            .tunnels
            .iter()
            .filter(|t| Some(t.session.as_str()) == session && Some(t.src.as_str()) == second && t.from + 60_000_000 >= time)
            .map(|t| (t.assigned.clone(), t.from, t.to, t.because.clone()))
            .collect();
        for (assigned, from, to, because) in tunnels {
            self.address(&assigned, (from, to.unwrap_or(from + 24 * HOUR)), &because, false, false);
        }
        if let Some(second) = second.filter(|address| is_public(address)) {
            self.address(second, (time, i64::MAX), origin, false, finding.level < Level::High);
        }
    }

    /// Addresses outside that attack or are called: whatever comes from there later is his.
    fn outside(&mut self, finding: &Finding, origin: &Because, time: i64) {
        if finding.rule == "vpn-session-second-address" {
            return;
        }
        let outside: Vec<String> = finding
            .entities
            .iter()
            .filter(|e| e.kind == EntityKind::Address && matches!(e.role.as_str(), "from" | "to") && is_public(&e.value))
            .map(|e| e.value.clone())
            .collect();
        for address in outside.into_iter().take(20) {
            self.address(&address, (time, i64::MAX), origin, false, false);
        }
    }

    /// An address inside that nothing names a host for, and that does what only he does: whatever comes from it later is
    /// his, and in the days before it may have been.
    fn nameless(&mut self, finding: &Finding, origin: &Because, time: i64) {
        const HIS: &[&str] = &["vmware-vpxuser-foreign-source", "vmware-vpxuser-ssh", "web-shell-suspected"];
        let Some(src) = value(finding, EntityKind::Address, "from").filter(|_| HIS.contains(&finding.rule.as_str())) else { return };
        if finding.micros.is_none() || is_public(src) || crate::names::is_local(src) || self.joins.book.host_of(src).is_some() {
            return;
        }
        let src = src.to_owned();
        self.address(&src, (time, i64::MAX), origin, false, false);
        self.address(&src, (time - BEFORE, time - 1), origin, false, true);
    }

    /// A proxy hides the client of a request from one log; another log of the same host that holds the same rare path
    /// without a login tells it. Their clocks may differ: the path is the key.
    fn behind_proxy(&mut self, finding: &Finding) {
        let Some(place) = value(finding, EntityKind::Host, "where").map(host_key) else { return };
        let paths = finding.entities.iter().filter(|e| e.kind == EntityKind::Url);
        let paths: Vec<String> = paths.map(|e| e.value.split('?').next().unwrap_or_default().to_lowercase()).collect();
        for path in paths {
            for record in self.joins.requests.get(&(place.clone(), path)).cloned().unwrap_or_default() {
                let Some(time) = record.micros() else { continue };
                let origin = crate::compare::because(&record);
                self.address(&record.src, (time, i64::MAX), &origin, false, false);
                let at = self.all.iter().position(|known| known.carrier == Carrier::Address(record.src.clone()));
                if let (Some(at), Some(tactic)) = (at, finding.tactics.first().cloned()) {
                    self.act(at, "followed-request-source", (&finding.techniques, &tactic), &record, 0);
                    let entity = Entity::new(EntityKind::Url, record.object.clone(), "object");
                    if let Some(place) = finding.because.first() {
                        self.join(&origin, place, By::Exact, entity, 0);
                    }
                }
            }
        }
    }

    /// A host that runs someone else's code lends its address; an appliance has no business inside, others have some.
    fn on_host(&mut self, finding: &Finding, origin: &Because, time: i64) {
        if !finding.techniques.iter().any(|technique| ON_HOST.contains(&technique.as_str())) && !finding.rule.contains("from-appliance") {
            return;
        }
        let Some(name) = value(finding, EntityKind::Host, "where") else { return };
        let mut own: Vec<String> = self.joins.book.addresses_of(name);
        if crate::names::ip(name).is_some() {
            own.push(name.to_owned());
        }
        if finding.rule.contains("from-appliance") {
            own = value(finding, EntityKind::Address, "from").map(str::to_owned).into_iter().collect();
        }
        for address in own {
            let appliance = self.joins.appliances.contains(&address);
            self.address(&address, (time, i64::MAX), origin, !appliance, false);
        }
    }

    /// From a harmful act back to the session it was done in, and from there to the VPN login that carried it.
    fn back(&mut self, finding: &Finding, origin: &Because, time: i64) {
        let mut src = value(finding, EntityKind::Address, "from").map(str::to_owned);
        let mut place = value(finding, EntityKind::Host, "where").unwrap_or_default().to_owned();
        let mut user = value(finding, EntityKind::User, "actor").unwrap_or_default().to_owned();
        let session = value(finding, EntityKind::Session, "").map(|s| s.rsplit('/').next().unwrap_or(s).to_owned());
        let mut step = origin.clone();
        if let Some(way) = session.and_then(|session| self.joins.ways.logon(&place, &session)).cloned() {
            let entity = Entity::new(EntityKind::Session, session_of(finding), "via");
            let place = way.because.because();
            self.join(&place, &step, By::Exact, entity, 0);
            step = place;
            src = Some(way.src.as_ref().to_owned());
            self.session_at(finding, &step, way.from);
            self.way_in(&way, &session_of(finding), &step);
        }
        for _ in 0..DEPTH {
            let from_here = src.clone().filter(|address| !is_public(address));
            if let Some(address) = from_here {
                if self.joins.appliances.contains(&address) {
                    return;
                }
                let held: Vec<Tunnel> = self
                    .joins
                    .tunnels
                    .iter()
                    .filter(|t| t.assigned == address && t.from <= time && t.to.is_none_or(|to| time <= to))
                    .cloned()
                    .collect();
                if let [tunnel] = held.as_slice() {
                    self.vpn_login(tunnel, &step);
                    return;
                }
                if !held.is_empty() {
                    return;
                }
                let Some(name) = self.joins.book.host_of(&address).map(str::to_owned) else { return };
                if host_key(&name) == host_key(&place) {
                    return;
                }
                place = name;
                // Under which name he sat there is not known: one shell at that time must be the only one.
                user.clear();
            }
            // Whose shell was it?
            let ways: Vec<_> = self.joins.ways.shells(&place, &user, time).into_iter().cloned().collect();
            let [way] = ways.as_slice() else { return };
            let entity = Entity::new(EntityKind::User, way.user.as_ref(), "via");
            let place = way.because.because();
            self.join(&place, &step, By::Interval, entity, 0);
            let shell = Presence {
                carrier: Carrier::Shell(host_key(&way.host), account(&way.user)),
                from: way.from,
                to: way.to.unwrap_or(way.from + 12 * HOUR),
                origin: place.clone(),
                entity: Entity::new(EntityKind::User, way.user.as_ref(), "via"),
                by: By::Interval,
                alternatives: 0,
                own: false,
                user: None,
                weak: false,
            };
            self.add(shell);
            step = place;
            if src.as_deref() == Some(way.src.as_ref()) {
                return;
            }
            src = Some(way.src.as_ref().to_owned());
        }
    }

    /// The logon that carried harm: told itself, and what that account does from the same place is followed.
    fn way_in(&mut self, way: &crate::compare::Way, session: &str, origin: &Because) {
        let src = way.src.as_ref();
        if !way.desktop || is_public(src) || self.joins.appliances.contains(src) || crate::names::is_local(src) {
            return;
        }
        let known = Carrier::Logon(host_key(&way.host), session.to_owned());
        if let Some(at) = self.all.iter().position(|held| held.carrier == known) {
            let techniques = ["T1021.001".to_owned(), "T1078".to_owned()];
            self.act(at, "followed-logon", (&techniques, "lateral-movement"), &way.record(session), 0);
        }
        self.add(Presence {
            carrier: Carrier::Address(src.to_owned()),
            from: way.from,
            to: way.from + BEFORE,
            origin: origin.clone(),
            entity: Entity::new(EntityKind::Address, src, "from"),
            by: By::Interval,
            alternatives: 0,
            own: true,
            user: Some(account(&way.user)),
            weak: false,
        });
    }

    fn session_at(&mut self, finding: &Finding, origin: &Because, from: i64) {
        let Some(place) = value(finding, EntityKind::Host, "where") else { return };
        let session = session_of(finding);
        if !session.starts_with("0x") {
            return;
        }
        self.add(Presence {
            carrier: Carrier::Logon(host_key(place), session.clone()),
            from,
            to: i64::MAX,
            origin: origin.clone(),
            entity: Entity::new(EntityKind::Session, session.clone(), "via"),
            by: By::Exact,
            alternatives: 0,
            own: false,
            user: None,
            weak: false,
        });
    }

    /// The VPN session whose address did harm: its login is told, and what else it did is followed.
    fn vpn_login(&mut self, tunnel: &Tunnel, to: &Because) {
        let entity = Entity::new(EntityKind::Address, tunnel.assigned.clone(), "from");
        self.join(&tunnel.because, to, By::Interval, entity, 0);
        let until = tunnel.to.unwrap_or(tunnel.from + 24 * HOUR);
        self.address(&tunnel.assigned, (tunnel.from, until), &tunnel.because, false, false);
        let at = self.all.iter().position(|known| known.carrier == Carrier::Address(tunnel.assigned.clone()) && known.from == tunnel.from);
        if let Some(at) = at {
            let techniques = ["T1078".to_owned(), "T1133".to_owned()];
            self.act(at, super::LOGIN, (&techniques, "initial-access"), &tunnel.record, 0);
        }
        self.his_place(tunnel);
    }

    /// Where that login came from outside: what else comes from there is his, unless its owner is used to sitting there.
    fn his_place(&mut self, tunnel: &Tunnel) {
        let of_owner = |t: &&Tunnel| account(&t.user) == account(&tunnel.user) && t.src == tunnel.src;
        let days: BTreeSet<i64> = self.joins.tunnels.iter().filter(of_owner).map(|t| t.from.div_euclid(24 * HOUR)).collect();
        if !is_public(&tunnel.src) || days.len() > USED {
            return;
        }
        let (src, origin) = (tunnel.src.clone(), tunnel.because.clone());
        self.address(&src, (tunnel.from, i64::MAX), &origin, false, false);
        self.address(&src, (tunnel.from - BEFORE, tunnel.from - 1), &origin, false, true);
    }

    fn join(&mut self, from: &Because, to: &Because, by: By, entity: Entity, alternatives: u64) {
        if from != to {
            self.edges.push(crate::compare::Edge { from: from.clone(), to: to.clone(), by, entity, alternatives });
        }
    }
}

fn session_of(finding: &Finding) -> String {
    value(finding, EntityKind::Session, "").map(|s| s.rsplit('/').next().unwrap_or(s).to_owned()).unwrap_or_default()
}
