//! VPN sessions that nobody logged in for, and logons as someone else from an address that a VPN user held.
//!
//! A login that is missing counts only where the log was alive: it had been written for days, and holds logins of others.

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::{Entity, EntityKind, Kind, Level, Record};

use super::{Compared, Draft, host, lean};
use crate::names::{account, is_service};

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;
/// The longest that a session lives by default, with room.
const LONGEST: i64 = 48 * HOUR;
const MOST: usize = 100_000;

#[derive(Default)]
pub struct Sessions {
    /// (appliance, session) -> its first act, unless a login opened it.
    unopened: BTreeMap<(String, String), Record>,
    opened: BTreeSet<(String, String)>,
    /// (appliance, account) -> days with a login.
    logins: BTreeMap<(String, String), BTreeSet<i64>>,
    /// Appliance -> hours in which anyone logged in, and its first record.
    alive: BTreeMap<String, (i64, BTreeSet<i64>)>,
}

fn is_login(kind: Kind) -> bool {
    matches!(kind, Kind::AuthSuccess | Kind::SessionStart)
}

impl Sessions {
    pub fn observe(&mut self, record: &Record) {
        let Some(time) = record.micros().filter(|_| record.source.starts_with("ivanti/")) else { return };
        let alive = self.alive.entry(record.host.clone()).or_insert((time, BTreeSet::new()));
        alive.0 = alive.0.min(time);
        if is_login(record.kind()) {
            alive.1.insert(time.div_euclid(HOUR));
            if self.logins.len() < MOST {
                self.logins.entry((record.host.clone(), account(&record.user))).or_default().insert(time.div_euclid(DAY));
            }
        }
        if record.session.len() < 6 || record.session.trim_start_matches("sid").bytes().all(|b| b == b'0') || record.user.is_empty() {
            return;
        }
        let key = (record.host.clone(), record.session.clone());
        if is_login(record.kind()) {
            self.unopened.remove(&key);
            if self.opened.len() < MOST {
                self.opened.insert(key);
            }
        } else if matches!(record.kind(), Kind::TunnelStart | Kind::SessionChange)
            && !self.opened.contains(&key)
            && self.unopened.len() < MOST
        {
            self.unopened.entry(key).or_insert_with(|| lean(record));
        }
    }

    pub fn finish(&self, out: &mut Compared) {
        for ((place, session), record) in &self.unopened {
            let Some(time) = record.micros() else { continue };
            let Some((begun, hours)) = self.alive.get(place) else { continue };
            let hour = time.div_euclid(HOUR);
            let others = hours.range(hour - 48..=hour).count();
            if time - begun < LONGEST || others < 3 {
                continue;
            }
            let day = time.div_euclid(DAY);
            let days = self.logins.get(&(place.clone(), account(&record.user)));
            if days.is_some_and(|days| days.range(day - 2..=day).next().is_some()) {
                continue;
            }
            let level = if days.is_some() { Level::Medium } else { Level::Low };
            let args = [("user", record.user.as_str()), ("src", &record.src), ("session", session), ("host", place)];
            let entities = vec![
                host(place),
                Entity::new(EntityKind::User, record.user.clone(), "actor"),
                Entity::new(EntityKind::Session, session.clone(), "via"),
                Entity::new(EntityKind::Address, record.src.clone(), "from"),
            ];
            let techniques: &[&str] = &["T1563", "T1078"];
            out.findings.push(
                Draft {
                    rule: "vpn-session-no-login",
                    level,
                    confidence: 0.5,
                    techniques,
                    tactics: &["initial-access"],
                    records: &[record],
                    entities,
                    args: &args,
                }
                .finding(),
            );
        }
        as_someone_else(out);
    }
}

/// A desktop opened as another account than the one that the VPN gave the address to.
fn as_someone_else(out: &mut Compared) {
    let mut pairs: BTreeMap<(String, String), (BTreeSet<i64>, usize)> = BTreeMap::new();
    let tunnels: BTreeMap<&str, Vec<usize>> = out.joins.tunnels.iter().enumerate().fold(BTreeMap::new(), |mut map, (at, tunnel)| {
        map.entry(tunnel.assigned.as_str()).or_insert_with(Vec::new).push(at);
        map
    });
    let mut found = Vec::new();
    for way in out.joins.ways.desktops() {
        let held: Vec<usize> = tunnels.get(way.src.as_ref()).into_iter().flatten().copied().collect();
        let fits = |at: &usize| out.joins.tunnels.get(*at).is_some_and(|t| t.from <= way.from && t.to.is_none_or(|to| way.from <= to));
        let held: Vec<usize> = held.into_iter().filter(fits).collect();
        let ([one], false) = (held.as_slice(), is_service(&way.user)) else { continue };
        let Some(tunnel) = out.joins.tunnels.get(*one) else { continue };
        let (a, b) = (account(&tunnel.user), account(&way.user));
        if a.is_empty() || a == b {
            continue;
        }
        let pair = pairs.entry((a, b)).or_insert((BTreeSet::new(), found.len()));
        pair.0.insert(way.from.div_euclid(DAY));
        found.push((tunnel.clone(), way.clone()));
    }
    for ((a, b), (days, at)) in pairs {
        let Some((tunnel, way)) = found.get(at) else { continue };
        // An administrator's second account: its name shows it, or he uses it again and again.
        let own = b.contains(&a) || a.contains(&b) || days.len() > 2;
        let (level, confidence) = if own { (Level::Low, 0.2) } else { (Level::Medium, 0.45) };
        let place = way.because.because();
        let second = Record { evidence: place.evidence, at: Some(place.at), raw: place.excerpt, time: way.stamp, ..Record::default() };
        let args = [("user", way.user.as_ref()), ("address", &way.src), ("vpn_user", &tunnel.user), ("host", &way.host)];
        let entities = vec![
            host(&way.host),
            Entity::new(EntityKind::User, way.user.as_ref(), "actor"),
            Entity::new(EntityKind::User, tunnel.user.clone(), "via"),
            Entity::new(EntityKind::Address, way.src.as_ref(), "from"),
            Entity::new(EntityKind::Session, tunnel.session.clone(), "via"),
        ];
        let techniques: &[&str] = &["T1021.001", "T1078"];
        let records = [&second, &tunnel.record];
        let mut finding = Draft {
            rule: "logon-from-vpn-address",
            level,
            confidence,
            techniques,
            tactics: &["lateral-movement"],
            records: &records,
            entities,
            args: &args,
        }
        .finding();
        // The tunnel is the ground of comparison; what happened began with the logon.
        if let Some(stamp) = way.stamp {
            finding.micros = Some(stamp.micros);
            finding.time.start = Some(konseki_model::time::rfc3339(stamp.micros, stamp.fidelity));
        }
        out.findings.push(finding);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use konseki_model::{At, Basis, Fidelity, Stamp};

    fn event(kind: Kind, hour: i64, user: &str, session: &str) -> Record {
        Record {
            source: "ivanti/syslog".into(),
            kind: Some(kind),
            host: "vpn".into(),
            user: user.into(),
            src: "203.0.113.7".into(),
            session: session.into(),
            time: Some(Stamp::new(hour * HOUR, Fidelity::Second, Basis::Written)),
            at: Some(At::Line(hour.unsigned_abs() + 1)),
            ..Record::default()
        }
    }

    fn run(records: &[Record]) -> Vec<konseki_model::Finding> {
        let mut sessions = Sessions::default();
        records.iter().for_each(|record| sessions.observe(record));
        let mut out = Compared::default();
        sessions.finish(&mut out);
        out.findings
    }

    #[test]
    fn a_tunnel_that_nobody_logged_in_for() {
        let mut records: Vec<Record> = (0..100).map(|hour| event(Kind::AuthSuccess, hour, "taro", "")).collect();
        records.insert(0, event(Kind::AuthSuccess, 0, "hanako", ""));
        let tunnel = event(Kind::TunnelStart, 100, "hanako", "sidaa11bb22");
        let found = run(&[records.clone(), vec![tunnel.clone()]].concat());
        assert_eq!((found[0].rule.as_str(), found[0].level), ("vpn-session-no-login", Level::Medium));
        // With a login the day before, or in a log that begins just now, nothing is missing.
        let login = event(Kind::AuthSuccess, 90, "hanako", "");
        assert!(run(&[records, vec![login, tunnel.clone()]].concat()).is_empty());
        assert!(run(&[event(Kind::AuthSuccess, 99, "taro", ""), tunnel]).is_empty());
    }
}
