//! Which host has which address: learned where both ends of one connection were logged, never from names.
//!
//! A sensor sees `source:port -> address`; the host at that address logs `source:port`. The same source and port within
//! a short time is the same connection, so the address is the host's. A host's own settings say it, too, and a computer
//! that proves itself to the domain under its own account.

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::{Kind, Record};
use rustc_hash::FxHashMap;

use crate::names::{account, bare, host_key, ip, is_local, is_public};

/// Clocks and log delays: how far apart both ends of one connection may be written.
const NEAR: i64 = 30_000_000;
/// Half-connections that are kept while they wait for their other end.
const WAITING: usize = 50_000;

/// One connection seen from both ends is enough; nearness in time must be met twice.
const ENOUGH: u64 = 2;

/// Services by port, as one number each.
fn port_service(port: u16) -> Option<u16> {
    match port {
        22 | 25 | 445 | 3389 => Some(port),
        80 | 443 | 8443 | 9443 => Some(443),
        _ => None,
    }
}

/// The service that an event of a host tells of.
fn kind_service(record: &Record) -> Option<u16> {
    match record.kind() {
        Kind::MailReceived => Some(25),
        Kind::RdpConnect | Kind::RdpLogon | Kind::RdpReconnect if record.source.starts_with("windows/") => Some(3389),
        Kind::AuthSuccess if record.source.starts_with("windows/") && record.object == "10" => Some(3389),
        Kind::ShareAccess if record.source.starts_with("windows/") => Some(445),
        Kind::SshSession if record.source.starts_with("linux/") || record.source.starts_with("vmware/esxi_auth") => Some(22),
        Kind::AuthSuccess if record.source.starts_with("linux/") => Some(22),
        Kind::AuthSuccess | Kind::SessionStart | Kind::AuthMissing if record.source.starts_with("ivanti/") => Some(443),
        Kind::WebRequest if record.source.starts_with("web/") => Some(443),
        _ => None,
    }
}

type Half = FxHashMap<(String, u16), (i64, String)>;

/// Addresses of hosts, with the number of connections that say so.
#[derive(Clone, Debug, Default)]
pub struct Book {
    votes: BTreeMap<(String, String), u64>,
    network: Half,
    hosts: Half,
    /// Names as first written, by key.
    names: BTreeMap<String, String>,
    /// Names of computers as their accounts have them: the last choice.
    accounts: BTreeMap<String, String>,
    /// (source, service) -> when it last asked, and whom; empty where it asked several.
    asked: FxHashMap<(String, u16), (i64, String)>,
    /// (host, address) that a client says of itself: counted where that host has logs of its own.
    claims: BTreeMap<(String, String), u64>,
    /// Hosts that wrote logs.
    spoke: BTreeSet<String>,
    /// Address -> host, once all is learned.
    settled: BTreeMap<String, String>,
}

impl Book {
    /// A host's own settings hold its addresses.
    pub fn own_settings(&mut self, record: &Record) {
        let plain = |name: &str| name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
        if record.source == "vmware/esxi_conf" && plain(&record.object).ends_with("ipv4address") {
            self.vote(&record.host, &record.target, 5);
        } else if record.source == "vmware/esxi_listing" {
            let own = ["IPv4 Address", "IPv4Address"].iter().find_map(|name| record.field(name));
            self.vote(&record.host, own.unwrap_or_default(), 5);
        }
    }

    /// Logs that write a host's own end of a connection, and computers that log in to the domain as themselves.
    fn own_end(&mut self, record: &Record) {
        match record.kind() {
            Kind::Flow if record.source == "vmware/esxi_connections" => self.vote(&record.host, bare(&record.src), 1),
            // Within the network the computer's own word is enough by itself.
            Kind::Flow if record.source.starts_with("windows/") && record.field("Initiated") == Some("true") => {
                let src = bare(&record.src);
                self.vote(&record.host, src, if is_public(src) { 1 } else { ENOUGH + 1 });
            }
            Kind::WebRequest if record.source == "vmware/vcenter_access" => self.vote(&record.host, bare(&record.dst), 1),
            Kind::AuthSuccess if record.source.starts_with("windows/") && record.user.ends_with('$') => {
                let name = account(&record.user);
                let name = name.trim_end_matches('$');
                // What a host writes of itself holds no address of a network.
                if !is_public(&record.src) && name != host_key(&record.host) {
                    self.weigh(name, bare(record.src.trim_start_matches("::ffff:")), 1);
                    let written = record.user.trim_end_matches('$').rsplit('\\').next().unwrap_or(name);
                    self.accounts.entry(name.to_owned()).or_insert_with(|| written.to_owned());
                }
            }
            Kind::RdpLogon | Kind::ProcessStart if record.source.starts_with("windows/") && self.names.len() < 100_000 => {
                self.names.entry(host_key(&record.host)).or_insert_with(|| record.host.clone());
            }
            _ => {}
        }
    }

    pub fn observe(&mut self, record: &Record) {
        self.own_end(record);
        let Some(mut time) = record.micros() else { return };
        // A firewall writes a connection when it ends.
        if record.source == "network/firewall" {
            time -= record.duration.unwrap_or(0);
        }
        let own = record.field("fw").filter(|own| record.source.starts_with("ivanti/") && ip(own).is_some());
        if let Some(own) = own {
            self.vote(&record.host, own, 5);
        }
        self.service(record, time);
        self.names(record);
        // Some logs write address and port as one.
        let src = bare(&record.src);
        let behind = record.src.get(src.len() + 1..).and_then(|port| port.parse().ok());
        let Some(port) = record.src_port.or(behind).filter(|port| *port >= 1024) else { return };
        if is_local(src) {
            return;
        }
        let key = (src.to_owned(), port);
        if record.source.starts_with("network/") {
            if ip(&record.dst).is_none() {
                return;
            }
            let other = self.hosts.get(&key).filter(|(at, _)| (at - time).abs() <= NEAR).map(|(_, host)| host.clone());
            if let Some(host) = other {
                self.vote(&host, &record.dst, 3);
            }
            keep(&mut self.network, key, time, &record.dst);
        } else if !record.host.is_empty() {
            let other = self.network.get(&key).filter(|(at, _)| (at - time).abs() <= NEAR).map(|(_, address)| address.clone());
            if let Some(address) = other {
                self.vote(&record.host, &address, 3);
            }
            keep(&mut self.hosts, key, time, &record.host);
        }
    }

    /// The same source asked for one service of one place only, and a moment later a host wrote that it was asked for it.
    fn service(&mut self, record: &Record, time: i64) {
        let src = bare(&record.src);
        if record.source.starts_with("network/") {
            let Some(service) = record.dst_port.and_then(port_service) else { return };
            if record.kind() != Kind::Flow || ip(&record.dst).is_none() {
                return;
            }
            if self.asked.len() >= WAITING {
                self.asked.retain(|_, (at, _)| (time - *at).abs() <= NEAR);
            }
            let slot = self.asked.entry((src.to_owned(), service)).or_insert_with(|| (time, record.dst.clone()));
            // Two places at once: none of them is told.
            if slot.1 != record.dst && (time - slot.0).abs() <= NEAR {
                slot.1.clear();
            } else if (time - slot.0).abs() > NEAR {
                slot.1.clone_from(&record.dst);
            }
            slot.0 = time;
            return;
        }
        if record.kind() == Kind::MailReceived && !is_public(src) {
            // `name[address]`: what a mail server knows of the one that handed a message on.
            if let Some((name, _)) = record.object.split_once('[') {
                self.vote(name, src, 1);
            }
        }
        let Some(service) = kind_service(record).filter(|_| !is_local(src) && !record.host.is_empty()) else { return };
        let near = self.asked.get(&(src.to_owned(), service)).filter(|(at, dst)| (0..=NEAR).contains(&(time - at)) && !dst.is_empty());
        if let Some(address) = near.map(|(_, address)| address.clone()) {
            self.vote(&record.host, &address, 1);
        }
    }

    /// Names that logs write beside addresses.
    fn names(&mut self, record: &Record) {
        let src = bare(&record.src);
        if record.source.starts_with("windows/") {
            if !self.spoke.contains(record.host.as_str()) && self.spoke.len() < WAITING {
                self.spoke.insert(record.host.clone());
            }
            let named = record.field("WorkstationName").filter(|name| record.kind() == Kind::AuthSuccess && name.len() > 1);
            if let Some(name) = named.filter(|_| !is_local(src) && !is_public(src) && self.claims.len() < WAITING) {
                *self.claims.entry((host_key(name), src.to_owned())).or_default() += 1;
            }
        } else if record.source == "mail/exchange_tracking" && record.kind() == Kind::MailReceived {
            // The server looked the name of its neighbour up.
            let name = record.field("client-hostname").filter(|name| name.contains('.') && !is_public(src));
            name.into_iter().for_each(|name| self.vote(name, src, 1));
            if !is_public(&record.dst) {
                self.vote(&record.host, &record.dst, 1);
            }
        }
    }

    pub fn vote(&mut self, host: &str, address: &str, weight: u64) {
        if self.weigh(host, address, weight) {
            self.names.entry(host_key(host)).or_insert_with(|| host.to_owned());
        }
    }

    fn weigh(&mut self, host: &str, address: &str, weight: u64) -> bool {
        if host.is_empty() || ip(host).is_some() || is_local(address) || self.votes.len() > 100_000 {
            return false;
        }
        *self.votes.entry((host_key(host), address.to_owned())).or_default() += weight;
        true
    }

    /// The host that most connections name for an address; after `settle`.
    pub fn host_of(&self, address: &str) -> Option<&str> {
        self.settled.get(address).map(String::as_str)
    }

    /// Addresses of a host: those that at least a tenth of its connections name.
    pub fn addresses_of(&self, host: &str) -> Vec<String> {
        let key = host_key(host);
        let own = || self.votes.range((key.clone(), String::new())..).take_while(|((name, _), _)| *name == key);
        let most = own().map(|(_, votes)| *votes).max().unwrap_or(0);
        own()
            .filter(|(_, votes)| **votes * 10 >= most && **votes >= ENOUGH)
            .map(|((_, address), _)| address)
            .filter(|address| self.host_of(address).is_some_and(|name| host_key(name) == key))
            .cloned()
            .collect()
    }

    /// Decides by majority which host has which address, and frees what only waits.
    pub fn settle(&mut self) {
        self.network = Half::default();
        self.hosts = Half::default();
        self.asked = FxHashMap::default();
        let spoke: BTreeSet<String> = std::mem::take(&mut self.spoke).iter().map(|host| host_key(host)).collect();
        for ((host, address), count) in std::mem::take(&mut self.claims) {
            if spoke.contains(&host) {
                self.vote(&host, &address, count.min(ENOUGH));
            }
        }
        let mut best: BTreeMap<&str, (u64, &str)> = BTreeMap::new();
        for ((host, address), votes) in &self.votes {
            let entry = best.entry(address).or_insert((0, host));
            if *votes > entry.0 && *votes >= ENOUGH {
                *entry = (*votes, host);
            }
        }
        let name = |key: &str| self.names.get(key).or(self.accounts.get(key)).cloned().unwrap_or_else(|| key.to_owned());
        self.settled = best
            .into_iter()
            .filter(|(_, (votes, _))| *votes >= ENOUGH)
            .map(|(address, (_, host))| (address.to_owned(), name(host)))
            .collect();
    }
}

fn keep(half: &mut Half, key: (String, u16), time: i64, value: &str) {
    if half.len() >= WAITING {
        half.retain(|_, (at, _)| (time - *at).abs() <= NEAR);
        if half.len() >= WAITING {
            return;
        }
    }
    half.insert(key, (time, value.to_owned()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use konseki_model::{Basis, Fidelity, Stamp};

    fn record(source: &str, kind: Kind, host: &str, dst: &str, second: i64) -> Record {
        Record {
            source: source.into(),
            kind: Some(kind),
            host: host.into(),
            dst: dst.into(),
            src: "10.0.0.9".into(),
            src_port: Some(52_000),
            time: Some(Stamp::new(second * 1_000_000, Fidelity::Second, Basis::Written)),
            ..Record::default()
        }
    }

    #[test]
    fn both_ends_of_a_connection_name_the_host() {
        let mut book = Book::default();
        book.observe(&record("network/zeek", Kind::Flow, "", "10.0.0.5", 100));
        book.observe(&record("vmware/esxi_auth", Kind::SshSession, "esx01", "", 103));
        book.settle();
        assert_eq!(book.host_of("10.0.0.5"), Some("esx01"));
        assert_eq!(book.addresses_of("ESX01.corp.example"), ["10.0.0.5"]);
    }

    #[test]
    fn one_place_asked_for_a_service_twice_names_the_host() {
        let mut book = Book::default();
        for second in [100, 9000] {
            book.observe(&Record { src_port: None, dst_port: Some(3389), ..record("network/zeek", Kind::Flow, "", "10.0.0.5", second) });
            book.observe(&Record { src_port: None, ..record("windows/evtx", Kind::RdpLogon, "rds", "", second + 4) });
        }
        book.settle();
        assert_eq!(book.host_of("10.0.0.5"), Some("rds"));
    }

    #[test]
    fn names_beside_addresses_name_the_host_where_someone_else_wrote_them() {
        let mut book = Book::default();
        let fields = vec![("client-hostname".to_owned(), "mx.corp.example".to_owned())];
        let mail = Record { src: "172.16.0.25".into(), fields, ..record("mail/exchange_tracking", Kind::MailReceived, "EX01", "", 5) };
        let claim = |name: &str, src: &str| {
            let fields = vec![("WorkstationName".to_owned(), name.to_owned())];
            Record { src: src.into(), fields, ..record("windows/evtx", Kind::AuthSuccess, "FS01", "", 9) }
        };
        for _ in 0..2 {
            book.observe(&mail);
            book.observe(&claim("WS-07", "10.0.0.7"));
            book.observe(&claim("UNKNOWN", "10.0.0.8"));
        }
        book.observe(&record("windows/evtx", Kind::ProcessStart, "ws-07.corp.example", "", 20));
        book.settle();
        assert_eq!(book.host_of("172.16.0.25"), Some("mx.corp.example"));
        assert_eq!(book.host_of("10.0.0.7").map(host_key).as_deref(), Some("ws-07"));
        assert_eq!(book.host_of("10.0.0.8"), None, "nobody but the client itself names it");
    }

    #[test]
    fn a_port_used_again_much_later_says_nothing() {
        let mut book = Book::default();
        book.observe(&record("network/zeek", Kind::Flow, "", "10.0.0.5", 100));
        book.observe(&record("vmware/esxi_auth", Kind::SshSession, "esx01", "", 900));
        book.settle();
        assert_eq!(book.host_of("10.0.0.5"), None);
    }

    #[test]
    fn settings_own_ends_and_accounts_of_computers_name_the_host() {
        let mut book = Book::default();
        let setting = |source: &str, key: &str, value: &str| Record {
            object: key.into(),
            target: value.into(),
            fields: vec![("IPv4Address".into(), value.into())],
            ..record(source, Kind::Other, "esx01", "", 1)
        };
        book.own_settings(&setting("vmware/esxi_conf", "/net/vmkernelnic/child[0000]/ipv4address", "10.0.0.5"));
        book.own_settings(&setting("vmware/esxi_listing", "vmk1", "10.0.1.5"));
        let ticket = |src: &str| Record {
            user: "CORP\\PC07$".into(),
            src: src.into(),
            src_port: None,
            ..record("windows/json", Kind::AuthSuccess, "DC01.corp.example", "", 1)
        };
        // Once is a lease that has passed on, or someone who has the computer's secret.
        for src in ["10.0.7.7", "::ffff:10.0.7.7", "10.0.7.9"] {
            book.observe(&ticket(src));
        }
        book.settle();
        assert_eq!(book.addresses_of("esx01"), ["10.0.0.5", "10.0.1.5"]);
        assert_eq!((book.host_of("10.0.7.7"), book.host_of("10.0.7.9")), (Some("PC07"), None));
    }

    #[test]
    fn a_firewall_tells_of_a_connection_when_it_ends() {
        let mut book = Book::default();
        book.observe(&record("linux/syslog", Kind::AuthSuccess, "jump", "", 103));
        book.observe(&Record { duration: Some(7_200_000_000), ..record("network/firewall", Kind::Flow, "fw", "10.0.0.5", 7300) });
        book.settle();
        assert_eq!(book.host_of("10.0.0.5"), Some("jump"));
    }
}
