//! Clocks without a zone: how far a log's times are from those of sources whose zone is certain, from events both saw.
//!
//! A sensor sees a client's connection, and the log of the box it went to names the same client a moment later: one
//! anchor. The shift on which most anchors agree is the log's; where they scatter the clock stays unknown and says so.

mod judge;
mod trace;
mod tunnels;

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::{Kind, Record};
use serde::{Deserialize, Serialize};

use crate::names::{bare, ip, is_local};

/// Times kept of one key: a client that comes all day says little.
const TIMES: usize = 400;
const KEYS: usize = 50_000;
const TUNNELS: usize = 50_000;
pub(crate) const SECOND: i64 = 1_000_000;
pub(crate) const QUARTER: i64 = 900 * SECOND;
/// The same client within a minute is one visit.
const VISIT: i64 = 60 * SECOND;
/// The same port of the same client within this time is one connection.
const KEPT_OPEN: i64 = 3600 * SECOND;

/// What is known of a group of pieces that one clock wrote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offset {
    /// The box, as the caller named it.
    pub clock: String,
    /// Microseconds to add from that time on (times as they were taken before); the first part begins at the beginning.
    /// Empty where the clock stays unknown.
    pub parts: Vec<(i64, i64)>,
    /// How far a time may still be off, in microseconds: nine in ten anchors lie within it, with room for the time a line
    /// takes to be written.
    pub doubt: i64,
    /// Events of this clock that another source could have seen, and those that agree with the shift.
    pub anchors: u64,
    pub agreeing: u64,
    /// `connections`, `tunnels`, or `none`.
    pub by: String,
}

#[derive(Default)]
pub(crate) struct Group {
    pub name: String,
    /// Key -> times by this clock.
    pub own: BTreeMap<String, Vec<i64>>,
    /// Session -> address given, from, to.
    pub tunnels: BTreeMap<String, (String, i64, Option<i64>)>,
}

/// First all events of the unsure pieces, then those of all others.
#[derive(Default)]
pub struct Clocks {
    groups: Vec<Group>,
    of: BTreeMap<String, usize>,
    /// Keys that some unsure clock wrote -> times by certain clocks.
    seen: BTreeMap<String, Vec<i64>>,
    /// Address given by a tunnel -> visits from it elsewhere.
    used: BTreeMap<String, Vec<i64>>,
}

/// Kinds that can be an anchor.
pub fn wants(kind: Kind) -> bool {
    use Kind as K;
    matches!(
        kind,
        K::Flow
            | K::AuthSuccess
            | K::AuthFailure
            | K::AuthMissing
            | K::SessionStart
            | K::TunnelStart
            | K::TunnelEnd
            | K::SshSession
            | K::RdpLogon
            | K::RdpConnect
            | K::MailReceived
            | K::WebRequest
    )
}

/// How far apart two visits of that key are: requests over one connection are one however long it is kept open.
fn apart(key: &str) -> i64 {
    if key.starts_with("port ") { KEPT_OPEN } else { VISIT }
}

fn visit(times: &mut Vec<i64>, time: i64, apart: i64) {
    if times.len() < TIMES && times.last().is_none_or(|last| (time - last).abs() >= apart) {
        times.push(time);
    }
}

fn client(record: &Record) -> Option<&str> {
    let src = bare(&record.src);
    (ip(src).is_some() && !is_local(src)).then_some(src)
}

impl Clocks {
    /// `unsure`: id of a piece of evidence -> the clock that wrote it.
    pub fn new(unsure: &BTreeMap<String, String>) -> Self {
        let names: BTreeSet<&String> = unsure.values().collect();
        let groups: Vec<Group> = names.iter().map(|name| Group { name: (*name).clone(), ..Group::default() }).collect();
        let at: BTreeMap<&String, usize> = names.iter().enumerate().map(|(at, name)| (*name, at)).collect();
        let of = unsure.iter().filter_map(|(id, name)| Some((id.clone(), *at.get(name)?))).collect();
        Self { groups, of, ..Self::default() }
    }

    /// Events of the unsure pieces, in order of time.
    pub fn own(&mut self, record: &Record) {
        let (Some(time), Some(at)) = (begun(record), self.of.get(&record.evidence)) else { return };
        let Some(group) = self.groups.get_mut(*at) else { return };
        match record.kind() {
            Kind::TunnelStart if ip(&record.assigned).is_some() && !record.session.is_empty() && group.tunnels.len() < TUNNELS => {
                group.tunnels.entry(record.session.clone()).or_insert_with(|| (record.assigned.clone(), time, None));
            }
            Kind::TunnelEnd => {
                if let Some((.., to)) = group.tunnels.get_mut(&record.session) {
                    *to = Some(time);
                }
                return;
            }
            _ => {}
        }
        for key in keys(record) {
            if group.own.len() < KEYS || group.own.contains_key(&key) {
                let apart = apart(&key);
                visit(group.own.entry(key).or_default(), time, apart);
            }
        }
    }

    /// Call between `own` and `other`.
    pub fn turn(&mut self) {
        for group in &self.groups {
            self.seen.extend(group.own.keys().map(|key| (key.clone(), Vec::new())));
            self.used.extend(group.tunnels.values().map(|(address, ..)| (address.clone(), Vec::new())));
        }
    }

    /// Events of all pieces, in order of time; those of unsure ones are passed over.
    pub fn other(&mut self, record: &Record) {
        let Some(time) = begun(record).filter(|_| !self.of.contains_key(&record.evidence)) else { return };
        if let Some(times) = client(record).and_then(|src| self.used.get_mut(src)) {
            visit(times, time, VISIT);
        }
        for key in keys(record) {
            if let Some(times) = self.seen.get_mut(&key) {
                visit(times, time, apart(&key));
            }
        }
    }

    /// One answer for each clock, by name.
    pub fn finish(self) -> Vec<Offset> {
        self.groups.iter().map(|group| judge::offset(group, &self.seen, &self.used)).collect()
    }
}

/// When it began: a firewall writes a connection when it ends, its ends when it begins.
fn begun(record: &Record) -> Option<i64> {
    let length = record.duration.filter(|_| record.source == "network/firewall" && record.kind() == Kind::Flow);
    record.micros().map(|time| time - length.unwrap_or(0))
}

/// What both ends of a connection write of it: the client alone, and the client with its port.
fn keys(record: &Record) -> Vec<String> {
    let Some(src) = client(record).filter(|_| record.kind() != Kind::TunnelEnd) else { return Vec::new() };
    let mut keys = Vec::new();
    // A desktop behind a firewall asks for many things: as a client only the ones that come from outside, or ask for mail.
    if record.kind() != Kind::Flow || crate::names::is_public(src) || record.dst_port == Some(25) {
        keys.push(format!("client {src}"));
    }
    // Few desktops are opened: both ends of one tell the time.
    let desktop = record.kind() == Kind::Flow && record.dst_port == Some(3389)
        || matches!(record.kind(), Kind::RdpLogon | Kind::RdpConnect)
        || record.kind() == Kind::AuthSuccess && record.source.starts_with("windows/") && record.object == "10";
    if desktop {
        keys.push(format!("desktop {src}"));
    }
    if let Some(port) = record.src_port.filter(|port| *port >= 1024) {
        keys.push(format!("port {src} {port}"));
    }
    keys
}

#[cfg(test)]
mod planted;
#[cfg(test)]
mod tests;
