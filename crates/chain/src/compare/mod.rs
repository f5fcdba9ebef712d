//! One pass over events of interest: each comparison keeps its own small state and speaks at the end.

mod acts;
mod cards;
mod flows;
mod machines;
mod mail;
mod scans;
mod sessions;
mod shares;
mod vcenter;
pub(crate) mod vpn;
mod ways;
mod web;

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::{At, Because, By, Entity, EntityKind, Finding, FindingKind, FindingTime, Kind, Level, Record, Stamp};

use crate::book::Book;
use crate::data::Data;
use crate::others::{self, Heard};

pub(crate) use flows::judge::SOON;
pub(crate) use machines::tail;
pub(crate) use ways::Way;

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
            | K::VmPowerOff
            | K::VmxStart
            | K::VmRunning
            | K::VmRegistered
            | K::VmOnDisk
            | K::VmBootScript
            | K::InventoryList
            | K::VmRename
            | K::VmMigrate
            | K::VmReconfigure
            | K::VmListExport
            | K::Flow
            | K::Tls
            | K::WebRequest
            | K::AuthMissing
            | K::AuthFailure
            | K::GroupAdd
            | K::DatastoreFile
            | K::GuestOperation
            | K::SshEnabled
            | K::LogCleared
            | K::LogStopped
            | K::IntegrityNew
            | K::IntegrityChanged
            | K::ConfigChange
            | K::SoftwareInstall
            | K::Autostart
            | K::FileSeen
            | K::FileCreate
            | K::ProcessStart
            | K::ProcessSeen
            | K::ShellCommand
            | K::MailReceived
            | K::IntegrityScan
            | K::Boot
            | K::ForeignFinding
    )
}

/// Which kinds of events [`Compare::again`] looks at.
pub fn again_wants(kind: Kind) -> bool {
    matches!(kind, Kind::ShareAccess | Kind::AuthSuccess | Kind::RdpConnect | Kind::RdpLogon | Kind::RdpReconnect)
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
    /// The record that gave it, for findings that rest on it.
    pub record: Record,
}

/// What joins one system to the next.
#[derive(Clone, Debug, Default)]
pub struct Joins {
    pub tunnels: Vec<Tunnel>,
    /// Addresses of VPN appliances, learned from their logs or set.
    pub appliances: BTreeSet<String>,
    /// Hosts and their addresses.
    pub book: Book,
    /// (host, path) -> requests from outside without a login, of paths that few asked for.
    pub requests: BTreeMap<(String, String), Vec<Record>>,
    /// Host -> `vpn`, `vcenter`, `esxi` or `mail`: boxes that no user works on.
    pub roles: BTreeMap<String, &'static str>,
    /// Piece of evidence -> the source that read it; set before the story is told.
    pub sources: BTreeMap<String, String>,
    /// How hosts were reached.
    pub ways: ways::Ways,
    /// Joins that following an intruder found.
    pub edges: Vec<Edge>,
}

/// Two events that belong together, by what both hold.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edge {
    pub from: Because,
    pub to: Because,
    pub by: By,
    pub entity: Entity,
    /// How many others fit as well.
    pub alternatives: u64,
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
    /// What other tools said.
    pub others: Heard,
    /// What did not fit into a bound: of what, and how many.
    pub beyond: Vec<(&'static str, u64)>,
}

/// Sources whose events without a meaning of their own are needed all the same.
pub const ASIDE: &[&str] = &["vmware/vcenter_events", "vmware/esxi_filesystems", "vmware/esxi_conf", "vmware/esxi_listing", others::ASIDE];

/// All comparisons.
#[derive(Default)]
pub struct Compare {
    machines: machines::Machines,
    vpn: vpn::Vpn,
    vcenter: vcenter::Vcenter,
    flows: flows::Flows,
    web: web::Web,
    acts: acts::Acts,
    shares: shares::Shares,
    sessions: sessions::Sessions,
    scans: scans::Scans,
    mail: mail::Mail,
    ways: ways::Ways,
    others: Heard,
    book: Book,
    data: Data,
}

impl Compare {
    pub fn new(settings: &Settings) -> Self {
        let mut compare = Self { data: Data::embedded(), ..Self::default() };
        compare.vpn.appliances.extend(settings.appliances.iter().cloned());
        compare
    }

    /// Events of kind `other` of the sources in [`ASIDE`], all of them before the first `observe`: further parts of
    /// vCenter's events, volumes and addresses of hosts.
    pub fn aside(&mut self, record: &Record) {
        self.book.own_settings(record);
        self.vcenter.part(record);
        self.machines.volume(record);
        self.others.aside(record);
    }

    /// Events in order of time, those without one first.
    pub fn observe(&mut self, record: &Record) {
        self.others.observe(record);
        if record.kind() == Kind::ForeignFinding {
            return;
        }
        self.machines.observe(record);
        self.vpn.observe(record);
        self.vcenter.observe(record);
        self.flows.observe(record);
        self.web.observe(record);
        self.acts.observe(record, &self.data);
        self.ways.observe(record);
        self.shares.observe(record);
        self.sessions.observe(record);
        self.scans.observe(record);
        self.mail.observe(record);
        self.book.observe(record);
    }

    /// After all events: decides what is worth a second look. `true`: the events of kinds in [`again_wants`] are asked
    /// for once more, in the same order, by [`Compare::again`].
    pub fn settle(&mut self) -> bool {
        self.vcenter.name_homes(&mut self.book);
        self.book.settle();
        // Where the appliance's log does not write its own address, the connections of its users do.
        for (host, _) in self.flows.roles().iter().filter(|(_, role)| **role == "vpn") {
            self.vpn.appliances.extend(self.book.addresses_of(host));
        }
        for address in &self.vpn.appliances {
            // The analyst may name an address that no log of the appliance itself holds.
            let known = self.book.host_of(address).is_some();
            if !known {
                self.book.vote("vpn-appliance", address, 1);
            }
        }
        self.book.settle();
        self.shares.settle();
        !self.vpn.appliances.is_empty() || self.shares.again()
    }

    /// What only few of all events are kept for, now that it is known which few.
    pub fn again(&mut self, record: &Record) {
        self.vpn.again(record);
        self.shares.look(record);
    }

    /// After `settle`, and `again` where it was asked for.
    pub fn finish(self) -> Compared {
        let mut out = Compared::default();
        self.machines.finish(&mut out);
        self.vpn.finish(&self.book, &mut out);
        self.vcenter.finish(&mut out);
        self.flows.finish(&self.book, &self.data, &mut out);
        out.beyond.push(("flows of pairs beyond those that are counted", self.flows.beyond));
        out.beyond.push(("requests of paths beyond those that are counted", self.web.beyond));
        out.beyond.push(("findings of other tools beyond those that are compared", self.others.beyond));
        self.web.finish(&mut out);
        self.mail.finish(&self.book, &mut out);
        out.beyond.push(("files read on shares beyond those that are counted", self.shares.beyond));
        self.shares.finish(&mut out);
        out.joins.requests = self.web.requests();
        out.joins.roles = self.flows.roles();
        self.acts.finish(&mut out);
        together(&mut out.findings, &self.book);
        out.joins.ways = self.ways;
        self.sessions.finish(&mut out);
        self.scans.finish(&mut out);
        out.joins.book = self.book;
        out.others = self.others;
        out
    }
}

/// A record without its native fields, for what is kept.
pub(crate) fn lean(record: &Record) -> Record {
    // Each part by name: `..record.clone()` would copy all native fields first.
    Record {
        evidence: record.evidence.clone(),
        source: record.source.clone(),
        at: record.at,
        time: record.time,
        kind: record.kind,
        host: record.host.clone(),
        user: record.user.clone(),
        src: record.src.clone(),
        src_port: record.src_port,
        dst: record.dst.clone(),
        dst_port: record.dst_port,
        session: record.session.clone(),
        object: record.object.clone(),
        target: record.target.clone(),
        command: record.command.clone(),
        outcome: record.outcome.clone(),
        assigned: record.assigned.clone(),
        agent: record.agent.clone(),
        bytes_out: record.bytes_out,
        bytes_in: record.bytes_in,
        duration: record.duration,
        fields: Vec::new(),
        raw: quote(record).to_owned(),
    }
}

/// What stands at the place as it is: the excerpt, or where none was kept a value that no format writes differently.
fn quote(record: &Record) -> &str {
    if !record.raw.is_empty() {
        return &record.raw;
    }
    let plain = |text: &&str| text.len() >= 6 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b" ._-/:".contains(&b));
    // Of a connection the far end says most to a reader, of a list of files the path; not all formats write these as they are.
    let four = |text: &&str| plain(text) && !text.contains(':');
    let end = [record.dst.as_str(), &record.src].into_iter().filter(|_| record.kind() == Kind::Flow).find(four);
    let path = Some(record.object.as_str()).filter(|_| record.source == "linux/bodyfile").filter(plain);
    let rest = || [record.command.as_str(), &record.session, &record.src, &record.dst].into_iter().find(plain);
    end.or(path).or_else(rest).unwrap_or_default()
}

/// What stands at the place, and whether it is UTF-16 there.
pub(crate) fn quoted(record: &Record) -> (&str, bool) {
    (quote(record), record.source == "windows/evtx" && !record.raw.is_empty())
}

pub(crate) fn at(record: &Record) -> At {
    record.at.unwrap_or(At::Line(1))
}

/// The place of a record.
pub(crate) fn because(record: &Record) -> Because {
    let (excerpt, wide) = quoted(record);
    Because {
        evidence: record.evidence.clone(),
        path: String::new(),
        at: at(record),
        excerpt: excerpt.to_owned(),
        encoding: wide.then(|| "utf-16le".to_owned()),
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
        let times = || self.records.iter().filter_map(|record| record.time);
        Places {
            rule: self.rule,
            level: self.level,
            confidence: self.confidence,
            techniques: self.techniques,
            tactics: self.tactics,
            start: times().min(),
            end: times().max(),
            places: self.records.iter().map(|record| because(record)).collect(),
            count: self.records.len() as u64,
            entities: self.entities,
            args: self.args,
        }
        .finding()
    }
}

/// The raw material of a finding whose records were not kept whole.
pub(crate) struct Places<'a> {
    pub rule: &'a str,
    pub level: Level,
    pub confidence: f64,
    pub techniques: &'a [&'a str],
    pub tactics: &'a [&'a str],
    pub start: Option<Stamp>,
    pub end: Option<Stamp>,
    pub places: Vec<Because>,
    pub count: u64,
    pub entities: Vec<Entity>,
    pub args: &'a [(&'a str, &'a str)],
}

impl Places<'_> {
    pub fn finding(self) -> Finding {
        let write = |stamp: Option<Stamp>| stamp.map(|time| konseki_model::time::rfc3339(time.micros, time.fidelity));
        let mut seen = BTreeSet::new();
        let mut places = self.places;
        places.retain(|place| seen.insert((place.evidence.clone(), place.at)));
        places.truncate(20);
        let mut entities = self.entities;
        entities.retain(|entity| !entity.value.is_empty());
        entities.sort();
        entities.dedup();
        let owned = |list: &[&str]| list.iter().filter(|text| !text.is_empty()).map(|text| (*text).to_owned()).collect();
        Finding {
            id: String::new(),
            rule: self.rule.to_owned(),
            title: String::new(),
            level: self.level,
            confidence: self.confidence,
            kind: FindingKind::Inferred,
            time: FindingTime {
                start: write(self.start),
                end: write(self.end),
                fidelity: self.start.map_or("", |time| time.fidelity.as_str()).to_owned(),
                basis: self.start.map_or("", |time| time.basis.as_str()).to_owned(),
            },
            techniques: owned(self.techniques),
            tactics: owned(self.tactics),
            entities,
            because: places,
            count: self.count,
            why: String::new(),
            disproof: String::new(),
            args: self.args.iter().filter(|(_, v)| !v.is_empty()).map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(),
            ja: None,
            engine: "chain".to_owned(),
            micros: self.start.map(|time| time.micros),
        }
    }
}

/// Data packed on a host and, within a day, much of it sent from there to a rare place: each alone may be work, both are a theft.
fn together(findings: &mut [Finding], book: &Book) {
    let address =
        |finding: &Finding| finding.entities.iter().find(|e| e.kind == EntityKind::Address && e.role == "from").map(|e| e.value.clone());
    let place = |finding: &Finding| finding.entities.iter().find(|e| e.kind == EntityKind::Host).map(|e| crate::names::host_key(&e.value));
    let packed: Vec<(usize, String, i64)> = findings
        .iter()
        .enumerate()
        .filter(|(_, finding)| finding.rule == "staging-archive" && finding.level >= Level::Low)
        .filter_map(|(at, finding)| Some((at, place(finding)?, finding.micros?)))
        .collect();
    let mut raise = BTreeSet::new();
    for (at, sent) in findings.iter().enumerate().filter(|(_, finding)| finding.rule == "bytes-out-above-baseline") {
        let host = address(sent).and_then(|address| book.host_of(&address).map(crate::names::host_key)).or_else(|| place(sent));
        let (Some(host), Some(time)) = (host, sent.micros) else { continue };
        for (pack, _, _) in packed.iter().filter(|(_, name, when)| *name == host && (0..SOON).contains(&(time - when))) {
            raise.extend([at, *pack]);
        }
    }
    for at in raise {
        if let Some(finding) = findings.get_mut(at) {
            finding.level = finding.level.max(Level::High);
            finding.confidence = finding.confidence.max(0.75);
        }
    }
}

pub(crate) fn host(value: &str) -> Entity {
    Entity::new(EntityKind::Host, value, "where")
}
