//! Which host has which address: learned where both ends of one connection were logged, never from names.
//!
//! A sensor sees `source:port -> address`; the host at that address logs `source:port`. The same source and port within
//! a short time is the same connection, so the address is the host's.

use std::collections::BTreeMap;

use konseki_model::{Kind, Record};
use rustc_hash::FxHashMap;

use crate::names::{bare, host_key, ip, is_local, is_public};

/// Clocks and log delays: how far apart both ends of one connection may be written.
const NEAR: i64 = 30_000_000;
/// Half-connections that are kept while they wait for their other end.
const WAITING: usize = 50_000;

type Half = FxHashMap<(String, u16), (i64, String)>;

/// Addresses of hosts, with the number of connections that say so.
#[derive(Clone, Debug, Default)]
pub struct Book {
    votes: BTreeMap<(String, String), u64>,
    network: Half,
    hosts: Half,
    /// Names as first written, by key.
    names: BTreeMap<String, String>,
    mail: FxHashMap<String, (i64, String)>,
    /// Address -> host, once all is learned.
    settled: BTreeMap<String, String>,
}

impl Book {
    pub fn observe(&mut self, record: &Record) {
        let Some(time) = record.micros() else { return };
        let own = record.field("fw").filter(|own| record.source.starts_with("ivanti/") && ip(own).is_some());
        if let Some(own) = own {
            self.vote(&record.host, own, 5);
        }
        self.mail(record, time);
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
                self.vote(&host, &record.dst, 1);
            }
            keep(&mut self.network, key, time, &record.dst);
        } else if !record.host.is_empty() {
            let other = self.network.get(&key).filter(|(at, _)| (at - time).abs() <= NEAR).map(|(_, address)| address.clone());
            if let Some(address) = other {
                self.vote(&record.host, &address, 1);
            }
            keep(&mut self.hosts, key, time, &record.host);
        }
    }

    /// A message received from an outside server, and a connection from that server to port 25: the gateway's address.
    fn mail(&mut self, record: &Record, time: i64) {
        if record.source.starts_with("network/") && record.dst_port == Some(25) && is_public(&record.src) {
            self.mail.insert(record.src.clone(), (time, record.dst.clone()));
            if self.mail.len() > WAITING {
                self.mail.retain(|_, (at, _)| (time - *at).abs() <= NEAR);
            }
        } else if record.kind() == Kind::MailReceived && !record.host.is_empty() {
            let near = self.mail.get(&record.src).filter(|(at, _)| (at - time).abs() <= NEAR).map(|(_, address)| address.clone());
            if let Some(address) = near {
                self.vote(&record.host, &address, 1);
            }
        }
    }

    pub fn vote(&mut self, host: &str, address: &str, weight: u64) {
        if host.is_empty() || ip(host).is_some() || is_local(address) || self.votes.len() > 100_000 {
            return;
        }
        let key = host_key(host);
        self.names.entry(key.clone()).or_insert_with(|| host.to_owned());
        *self.votes.entry((key, address.to_owned())).or_default() += weight;
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
            .filter(|(_, votes)| **votes * 10 >= most)
            .map(|((_, address), _)| address)
            .filter(|address| self.host_of(address).is_some_and(|name| host_key(name) == key))
            .cloned()
            .collect()
    }

    /// Decides by majority which host has which address, and frees what only waits.
    pub fn settle(&mut self) {
        self.network = Half::default();
        self.hosts = Half::default();
        self.mail = FxHashMap::default();
        let mut best: BTreeMap<&str, (u64, &str)> = BTreeMap::new();
        for ((host, address), votes) in &self.votes {
            let entry = best.entry(address).or_insert((0, host));
            if *votes > entry.0 {
                *entry = (*votes, host);
            }
        }
        let name = |key: &str| self.names.get(key).cloned().unwrap_or_else(|| key.to_owned());
        self.settled = best.into_iter().map(|(address, (_, host))| (address.to_owned(), name(host))).collect();
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
    fn a_port_used_again_much_later_says_nothing() {
        let mut book = Book::default();
        book.observe(&record("network/zeek", Kind::Flow, "", "10.0.0.5", 100));
        book.observe(&record("vmware/esxi_auth", Kind::SshSession, "esx01", "", 900));
        book.settle();
        assert_eq!(book.host_of("10.0.0.5"), None);
    }
}
