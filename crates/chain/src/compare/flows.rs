//! Flows to the Internet, counted per pair: regular calls, long quiet connections, calls of boxes that should be quiet,
//! bytes out above a box's own days. Counters only; a handful of flows is kept to cite.

pub(crate) mod judge;
mod pair;
mod running;

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::{Because, Kind, Record};
use rustc_hash::FxHashMap;

use crate::book::Book;
use crate::names::{is_local, is_public};
use crate::small::Names;

pub(crate) use pair::Pair;

pub(crate) const HOUR: i64 = 3_600_000_000;
pub(crate) const DAY: i64 = 24 * HOUR;
/// Pairs that are counted; further ones are counted as one number.
const PAIRS: usize = 300_000;

/// (source of the log, from, to, port).
type Key = (u8, String, String, u16);

#[derive(Default)]
pub struct Flows {
    sensors: Vec<String>,
    pairs: FxHashMap<Key, Pair>,
    names: Names,
    /// First and last flow of each sensor.
    span: BTreeMap<u8, (i64, i64)>,
    /// Bytes to the Internet per address and day, by sensor.
    days: BTreeMap<(u8, String), BTreeMap<i64, u64>>,
    /// Who was called by whom, at most a few callers.
    callers: FxHashMap<String, BTreeSet<String>>,
    /// Names asked for in TLS by the pair, at most a few.
    domains: FxHashMap<(String, String), BTreeSet<String>>,
    pub beyond: u64,
    /// Roles of hosts, by the sources that wrote there.
    roles: BTreeMap<String, &'static str>,
}

/// Boxes that have no reason to call out on their own.
fn role(source: &str) -> Option<&'static str> {
    if source.starts_with("vmware/vcenter") {
        Some("vcenter")
    } else if ["hostd", "vmkernel", "shell", "auth", "vobd", "vm_process_list"]
        .iter()
        .any(|log| source.strip_prefix("vmware/esxi_") == Some(log))
    {
        Some("esxi")
    } else if source.starts_with("ivanti/") {
        Some("vpn")
    } else if source == "mail/barracuda" {
        Some("mail")
    } else {
        None
    }
}

impl Flows {
    pub fn observe(&mut self, record: &Record) {
        if let Some(role) = role(&record.source).filter(|_| !record.host.is_empty()) {
            if self.roles.len() < 10_000 && !self.roles.contains_key(&record.host) {
                self.roles.insert(record.host.clone(), role);
            }
            return;
        }
        if !record.source.starts_with("network/") || is_local(&record.src) {
            return;
        }
        match record.kind() {
            Kind::Tls if !record.object.is_empty() && is_public(&record.dst) && !is_public(&record.src) => {
                let names = self.domains.entry((record.src.clone(), record.dst.clone())).or_default();
                if names.len() < 4 {
                    names.insert(record.object.to_lowercase());
                }
            }
            Kind::Flow if is_public(&record.dst) && !is_public(&record.src) => self.flow(record),
            _ => {}
        }
    }

    /// Roles by host key.
    pub fn roles(&self) -> BTreeMap<String, &'static str> {
        self.roles.iter().map(|(host, role)| (crate::names::host_key(host), *role)).collect()
    }

    fn sensor(&mut self, source: &str) -> u8 {
        if let Some(at) = self.sensors.iter().position(|known| known == source) {
            return u8::try_from(at).unwrap_or(u8::MAX);
        }
        self.sensors.push(source.to_owned());
        u8::try_from(self.sensors.len() - 1).unwrap_or(u8::MAX)
    }

    fn flow(&mut self, record: &Record) {
        let Some(time) = record.micros() else { return };
        let sensor = self.sensor(&record.source);
        let span = self.span.entry(sensor).or_insert((time, time));
        span.1 = span.1.max(time);
        span.0 = span.0.min(time);
        let callers = self.callers.entry(record.dst.clone()).or_default();
        if callers.len() < 12 {
            callers.insert(record.src.clone());
        }
        let key = (sensor, record.src.clone(), record.dst.clone(), record.dst_port.unwrap_or(0));
        let out = if self.pairs.len() >= PAIRS && !self.pairs.contains_key(&key) {
            self.beyond += 1;
            record.bytes_out.unwrap_or(0)
        } else {
            self.pairs.entry(key).or_default().add(record, time, &mut self.names)
        };
        *self.days.entry((sensor, record.src.clone())).or_default().entry(time.div_euclid(DAY)).or_default() += out;
    }

    /// Addresses of boxes that should be quiet, with host and role.
    fn quiet(&self, book: &Book) -> BTreeMap<String, (String, &'static str)> {
        let all = self
            .roles
            .iter()
            .flat_map(|(host, role)| book.addresses_of(host).into_iter().map(move |address| (address, (host.clone(), *role))));
        all.collect()
    }

    /// Pairs of one connection as several sensors saw it: the one that tells more is taken.
    fn merged(&self) -> BTreeMap<(String, String, u16), (u8, &Pair)> {
        let mut merged: BTreeMap<(String, String, u16), (u8, &Pair)> = BTreeMap::new();
        // The order does not matter: the rank decides, and no two have the same.
        #[allow(clippy::iter_over_hash_type)]
        for ((sensor, src, dst, port), pair) in &self.pairs {
            let entry = merged.entry((src.clone(), dst.clone(), *port)).or_insert((*sensor, pair));
            let rank = |(sensor, pair): &(u8, &Pair)| (pair.bytes_out, pair.count, std::cmp::Reverse(*sensor));
            if rank(&(*sensor, pair)) > rank(entry) {
                *entry = (*sensor, pair);
            }
        }
        merged
    }

    /// What other sensors saw of the same pair, to cite beside.
    fn others(&self, sensor: u8, src: &str, dst: &str, port: u16) -> Vec<Because> {
        (0..u8::try_from(self.sensors.len()).unwrap_or(0))
            .filter(|other| *other != sensor)
            .filter_map(|other| self.pairs.get(&(other, src.to_owned(), dst.to_owned(), port)))
            .flat_map(|pair| pair.cited().into_iter().take(3))
            .collect()
    }
}

#[cfg(test)]
mod tests;
