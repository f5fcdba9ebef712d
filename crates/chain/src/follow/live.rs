//! What is open and usual at the moment: logins, desktops, and what a host asked for before it was taken.

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::{Kind, Record};

use crate::names::{account, bare, host_key};

const HOUR: i64 = 3_600_000_000;

/// Logins that are open at the moment, to count who else could have acted.
#[derive(Default)]
pub(super) struct Live {
    /// (platform, account) -> sources of open logins.
    logins: BTreeMap<(String, String), BTreeMap<String, i64>>,
    /// host -> accounts with a desktop open.
    desktops: BTreeMap<String, BTreeMap<String, i64>>,
}

impl Live {
    pub fn observe(&mut self, record: &Record, time: i64) {
        let key = || (host_key(&record.host), account(&record.user));
        match record.kind() {
            Kind::AuthSuccess if record.source == "vmware/vcenter_sso" => {
                self.logins.entry(key()).or_default().insert(bare(&record.src).to_owned(), time);
            }
            Kind::AuthLogout if record.source == "vmware/vcenter_sso" => {
                if let Some(open) = self.logins.get_mut(&key()) {
                    open.remove(bare(&record.src));
                }
            }
            Kind::RdpLogon | Kind::RdpReconnect => {
                self.desktops.entry(host_key(&record.host)).or_default().insert(account(&record.user), time);
            }
            Kind::RdpLogoff | Kind::RdpDisconnect => {
                if let Some(open) = self.desktops.get_mut(&host_key(&record.host)) {
                    open.remove(&account(&record.user));
                }
            }
            _ => {}
        }
    }

    /// Other places from which that account was logged in within half a day.
    pub fn others(&self, platform: &str, name: &str, src: &str, time: i64) -> u64 {
        let open = self.logins.get(&(platform.to_owned(), name.to_owned()));
        open.into_iter().flatten().filter(|(from, at)| from.as_str() != src && time - **at < 12 * HOUR).count() as u64
    }

    /// Is that account's desktop on that host open, or was it ever?
    pub fn has_desktop(&self, place: &str, name: &str) -> bool {
        self.desktops.get(&host_key(place)).is_some_and(|open| open.contains_key(name))
    }

    pub fn other_desktops(&self, place: &str, name: &str, time: i64) -> u64 {
        let open = self.desktops.get(&host_key(place));
        open.into_iter().flatten().filter(|(who, at)| who.as_str() != name && time - **at < 24 * HOUR).count() as u64
    }
}

/// Accounts, sources and shares that are remembered.
const OPENED: usize = 100_000;
const DAY: i64 = 24 * HOUR;

/// Who opened which share from where, on which days: what people do again and again is their own work.
#[derive(Default)]
pub(super) struct Opened(BTreeMap<(String, String, String), BTreeSet<i64>>);

impl Opened {
    fn key(record: &Record) -> (String, String, String) {
        let share = format!("{} {}", host_key(&record.host), record.object.to_lowercase());
        (account(&record.user), bare(&record.src).to_owned(), share)
    }

    pub fn note(&mut self, record: &Record, time: i64) {
        if record.kind() == Kind::ShareAccess && self.0.len() < OPENED {
            let days = self.0.entry(Self::key(record)).or_default();
            if days.len() < 3 {
                days.insert(time.div_euclid(DAY));
            }
        }
    }

    /// The same account opened it from the same place on two earlier days or more.
    pub fn before(&self, record: &Record) -> bool {
        let today = record.micros().map_or(i64::MIN, |time| time.div_euclid(DAY));
        self.0.get(&Self::key(record)).is_some_and(|days| days.range(..today).count() >= 2)
    }
}

/// New places and ports, with the flows to cite.
pub(super) type Asked = (BTreeSet<(String, u16)>, Vec<Record>);

/// Who asked whom, for hosts in his hands: what was usual before, and what is new.
#[derive(Default)]
pub(super) struct Reach {
    pub before: BTreeSet<(String, String, u16)>,
    /// presence, hour -> new places and ports, with the flows.
    pub asked: BTreeMap<(usize, i64), Asked>,
}
