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

/// New places and ports, with the flows to cite.
pub(super) type Asked = (BTreeSet<(String, u16)>, Vec<Record>);

/// Who asked whom, for hosts in his hands: what was usual before, and what is new.
#[derive(Default)]
pub(super) struct Reach {
    pub before: BTreeSet<(String, String, u16)>,
    /// presence, hour -> new places and ports, with the flows.
    pub asked: BTreeMap<(usize, i64), Asked>,
}
