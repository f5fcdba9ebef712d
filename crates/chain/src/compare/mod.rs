//! One pass over events of interest: each comparison keeps its own small state and speaks at the end.

mod machines;
mod vcenter;
mod vpn;

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::{Because, Entity, EntityKind, Finding, FindingKind, FindingTime, Kind, Level, Record};

/// What the analyst says beside the evidence.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Addresses of appliances that terminate VPN sessions.
    pub appliances: Vec<String>,
}

/// Which kinds of events a comparison or join needs.
pub fn wants(kind: Kind) -> bool {
    use Kind as K;
    matches!(
        kind,
        K::AuthSuccess
            | K::AuthExplicit
            | K::SessionStart
            | K::SessionEnd
            | K::SessionChange
            | K::TunnelStart
            | K::TunnelEnd
            | K::ShareAccess
            | K::RdpConnect
            | K::RdpLogon
            | K::RdpReconnect
            | K::SshSession
            | K::ApiSession
            | K::VmCreate
            | K::VmClone
            | K::VmRegister
            | K::VmUnregister
            | K::VmDelete
            | K::VmPowerOn
            | K::VmxStart
            | K::VmRunning
            | K::VmRegistered
            | K::VmOnDisk
            | K::VmBootScript
            | K::InventoryList
            | K::VmRename
            | K::VmMigrate
    )
}

/// A VPN tunnel: who held an inner address, and when (microseconds UTC; no end: until its log ends).
#[derive(Clone, Debug)]
pub struct Tunnel {
    pub user: String,
    pub session: String,
    pub src: String,
    pub assigned: String,
    pub from: i64,
    pub to: Option<i64>,
    pub because: Because,
}

/// What joins one system to the next.
#[derive(Clone, Debug, Default)]
pub struct Joins {
    pub tunnels: Vec<Tunnel>,
    /// Addresses of VPN appliances, learned from their logs or set.
    pub appliances: BTreeSet<String>,
}

/// In which lists a machine stands.
#[derive(Clone, Debug)]
pub struct MachineRow {
    pub name: String,
    pub uuid: String,
    pub vmx: String,
    /// `running`, `registered`, `on-disk`, `boot-script`, `log` -> hosts.
    pub lists: BTreeMap<String, BTreeSet<String>>,
    pub verdict: MachineVerdict,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MachineVerdict {
    Hidden,
    CannotTell,
    Orphaned,
    Known,
}

/// What the comparisons say. Findings have no id and no sentences yet: `rule` and `args` carry them.
#[derive(Default)]
pub struct Compared {
    pub findings: Vec<Finding>,
    pub machines: Vec<MachineRow>,
    /// List -> hosts it was collected from.
    pub lists: BTreeMap<String, BTreeSet<String>>,
    pub joins: Joins,
}

/// All comparisons.
#[derive(Default)]
pub struct Compare {
    machines: machines::Machines,
    vpn: vpn::Vpn,
    vcenter: vcenter::Vcenter,
}

impl Compare {
    pub fn new(settings: &Settings) -> Self {
        let mut compare = Self::default();
        compare.vpn.appliances.extend(settings.appliances.iter().cloned());
        compare
    }

    /// Events in order of time, those without one first.
    pub fn observe(&mut self, record: &Record) {
        self.machines.observe(record);
        self.vpn.observe(record);
        self.vcenter.observe(record);
    }

    pub fn finish(self) -> Compared {
        let mut out = Compared::default();
        self.machines.finish(&mut out);
        self.vpn.finish(&mut out);
        self.vcenter.finish(&mut out);
        out
    }
}

/// The place of a record.
pub(crate) fn because(record: &Record) -> Because {
    let encoding = (record.source == "windows/evtx").then(|| "utf-16le".to_owned());
    Because {
        evidence: record.evidence.clone(),
        path: String::new(),
        at: record.at.unwrap_or(konseki_model::At::Line(1)),
        excerpt: record.raw.clone(),
        encoding: encoding.filter(|_| !record.raw.is_empty()),
    }
}

/// The raw material of a finding of a comparison.
pub(crate) struct Draft<'a> {
    pub rule: &'a str,
    pub level: Level,
    pub confidence: f64,
    pub techniques: &'a [&'a str],
    pub tactics: &'a [&'a str],
    pub records: &'a [&'a Record],
    pub entities: Vec<Entity>,
    pub args: &'a [(&'a str, &'a str)],
}

impl Draft<'_> {
    pub fn finding(self) -> Finding {
        let times: Vec<_> = self.records.iter().filter_map(|record| record.time).collect();
        let first = times.iter().min();
        let last = times.iter().max();
        let write = |stamp: Option<&konseki_model::Stamp>| stamp.map(|time| konseki_model::time::rfc3339(time.micros, time.fidelity));
        let mut places: Vec<Because> = self.records.iter().map(|record| because(record)).collect();
        places.dedup();
        places.truncate(20);
        let mut entities = self.entities;
        entities.retain(|entity| !entity.value.is_empty());
        entities.sort();
        entities.dedup();
        Finding {
            id: String::new(),
            rule: self.rule.to_owned(),
            title: String::new(),
            level: self.level,
            confidence: self.confidence,
            kind: FindingKind::Inferred,
            time: FindingTime {
                start: write(first),
                end: write(last),
                fidelity: first.map_or("", |time| time.fidelity.as_str()).to_owned(),
                basis: first.map_or("", |time| time.basis.as_str()).to_owned(),
            },
            techniques: self.techniques.iter().map(|t| (*t).to_owned()).collect(),
            tactics: self.tactics.iter().map(|t| (*t).to_owned()).collect(),
            entities,
            because: places,
            count: self.records.len() as u64,
            why: String::new(),
            disproof: String::new(),
            args: self.args.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            ja: None,
            engine: "chain".to_owned(),
            micros: first.map(|time| time.micros),
        }
    }
}

pub(crate) fn host(value: &str) -> Entity {
    Entity::new(EntityKind::Host, value, "where")
}
