//! How hosts were reached: remote logons by session id, SSH sessions with their time, and who usually comes from where.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use konseki_model::{Kind, Record, Stamp};

use crate::names::{account, bare, host_key, is_local};
use crate::small::{Cite, Names};

const HOUR: i64 = 3_600_000_000;
const MOST: usize = 200_000;

/// One way into a host.
#[derive(Clone, Debug)]
pub struct Way {
    pub host: Arc<str>,
    pub user: Arc<str>,
    pub src: Arc<str>,
    pub from: i64,
    pub to: Option<i64>,
    pub because: Cite,
    pub stamp: Option<Stamp>,
    /// A person sits there: remote desktop, not a network logon.
    pub desktop: bool,
}

impl Way {
    /// The logon again as a record, for findings that rest on it.
    pub fn record(&self, session: &str) -> Record {
        let because = self.because.because();
        Record {
            evidence: because.evidence,
            at: Some(because.at),
            raw: because.excerpt,
            time: self.stamp,
            kind: Some(Kind::AuthSuccess),
            host: self.host.as_ref().to_owned(),
            user: self.user.as_ref().to_owned(),
            src: self.src.as_ref().to_owned(),
            session: session.to_owned(),
            ..Record::default()
        }
    }
}

/// The ways of a case.
#[derive(Clone, Debug, Default)]
pub struct Ways {
    /// (host, logon id).
    logons: BTreeMap<(Arc<str>, Box<str>), Way>,
    /// (host) -> SSH sessions in order of time.
    shells: BTreeMap<String, Vec<Way>>,
    /// (account, source, host) -> days on which it came.
    habits: BTreeMap<(String, String, String), BTreeSet<i64>>,
    names: Names,
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
        let shell = record.kind() == Kind::SshSession || record.kind() == Kind::AuthSuccess && record.source.starts_with("linux/");
        if !shell && !record.session.starts_with("0x") {
            return;
        }
        let way = Way {
            host: self.names.one(&record.host),
            user: self.names.one(&record.user),
            src: self.names.one(src),
            from: time,
            to: None,
            because: self.names.cite(record),
            stamp: record.time,
            desktop: record.object == "10" || matches!(record.kind(), Kind::RdpLogon),
        };
        self.count += 1;
        let host = host_key(&record.host);
        if shell {
            self.shells.entry(host).or_default().push(way);
        } else {
            self.logons.insert((self.names.one(&host), record.session.as_str().into()), way);
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
        self.logons.get(&(host_key(host).into(), session.into()))
    }

    /// Remote logons of Windows at a desktop.
    pub fn desktops(&self) -> impl Iterator<Item = &Way> {
        self.logons.values().filter(|way| way.desktop)
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

    /// The day (since 1970) on which that account first came from there, to any host.
    pub fn since(&self, user: &str, src: &str) -> Option<i64> {
        let from = (account(user), src.to_owned(), String::new());
        let own = self.habits.range(from..).take_while(|((who, from, _), _)| *who == account(user) && from == src);
        own.filter_map(|(_, days)| days.first().copied()).min()
    }

    /// On how many days that account came from there to that host.
    pub fn days(&self, user: &str, src: &str, host: &str) -> usize {
        self.habits.get(&(account(user), src.to_owned(), host_key(host))).map_or(0, BTreeSet::len)
    }
}
