//! How hosts were reached: remote logons by session id, SSH sessions with their time, and who usually comes from where.

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::{Because, Kind, Record, Stamp};

use super::because;
use crate::names::{account, bare, host_key, is_local};

const HOUR: i64 = 3_600_000_000;
const MOST: usize = 200_000;

/// One way into a host.
#[derive(Clone, Debug)]
pub struct Way {
    pub host: String,
    pub user: String,
    pub src: String,
    pub from: i64,
    pub to: Option<i64>,
    pub because: Because,
    pub stamp: Option<Stamp>,
    /// A person sits there: remote desktop, not a network logon.
    pub desktop: bool,
}

/// The ways of a case.
#[derive(Clone, Debug, Default)]
pub struct Ways {
    /// (host, logon id).
    logons: BTreeMap<(String, String), Way>,
    /// (host) -> SSH sessions in order of time.
    shells: BTreeMap<String, Vec<Way>>,
    /// (account, source, host) -> days on which it came.
    habits: BTreeMap<(String, String, String), BTreeSet<i64>>,
    count: usize,
}

impl Ways {
    pub fn observe(&mut self, record: &Record) {
        let Some(time) = record.micros() else { return };
        let src = bare(&record.src);
        match record.kind() {
            Kind::SessionEnd if record.source.starts_with("vmware/esxi") || record.source.starts_with("linux/") => self.end(record, time),
            Kind::AuthSuccess | Kind::RdpLogon | Kind::SshSession if !is_local(src) && !record.host.is_empty() => {
                let key = (account(&record.user), src.to_owned(), host_key(&record.host));
                if self.habits.len() < MOST || self.habits.contains_key(&key) {
                    let days = self.habits.entry(key).or_default();
                    if days.len() < 40 {
                        days.insert(time.div_euclid(24 * HOUR));
                    }
                }
                self.keep(record, src, time);
            }
            _ => {}
        }
    }

    fn keep(&mut self, record: &Record, src: &str, time: i64) {
        if self.count >= MOST {
            return;
        }
        let way = || Way {
            host: record.host.clone(),
            user: record.user.clone(),
            src: src.to_owned(),
            from: time,
            to: None,
            because: because(record),
            stamp: record.time,
            desktop: record.object == "10" || matches!(record.kind(), Kind::RdpLogon),
        };
        if record.kind() == Kind::SshSession || record.kind() == Kind::AuthSuccess && record.source.starts_with("linux/") {
            self.count += 1;
            self.shells.entry(host_key(&record.host)).or_default().push(way());
        } else if record.session.starts_with("0x") {
            self.count += 1;
            self.logons.insert((host_key(&record.host), record.session.clone()), way());
        }
    }

    fn end(&mut self, record: &Record, time: i64) {
        let Some(shells) = self.shells.get_mut(&host_key(&record.host)) else { return };
        let name = account(&record.user);
        let open =
            shells.iter_mut().rev().find(|way| way.to.is_none() && (name.is_empty() || account(&way.user) == name) && way.from <= time);
        if let Some(way) = open {
            way.to = Some(time);
        }
    }

    /// The remote logon of that id on that host.
    pub fn logon(&self, host: &str, session: &str) -> Option<&Way> {
        self.logons.get(&(host_key(host), session.to_owned()))
    }

    /// Remote logons of Windows, with host and logon id.
    pub fn desktops(&self) -> impl Iterator<Item = (&(String, String), &Way)> {
        self.logons.iter().filter(|(_, way)| way.desktop)
    }

    /// SSH sessions on a host at a time, one for each source and account.
    pub fn shells(&self, host: &str, user: &str, time: i64) -> Vec<&Way> {
        let mut seen = BTreeSet::new();
        let all = self.shells.get(&host_key(host)).into_iter().flatten();
        all.filter(|way| way.from <= time + 2_000_000 && time <= way.to.unwrap_or(way.from + 12 * HOUR) + 2_000_000)
            .filter(|way| user.is_empty() || account(&way.user) == account(user))
            .filter(|way| seen.insert((account(&way.user), way.src.clone())))
            .collect()
    }

    /// On how many days that account came from there to that host.
    pub fn days(&self, user: &str, src: &str, host: &str) -> usize {
        self.habits.get(&(account(user), src.to_owned(), host_key(host))).map_or(0, BTreeSet::len)
    }
}
