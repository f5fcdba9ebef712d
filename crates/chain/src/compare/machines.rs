//! Virtual machines in all lists of all hosts: which runs, or is made to run, and is registered nowhere?
//!
//! Machines are the same by their definition's place or by identity (SMBIOS UUID), never by name alone. Where a list that
//! would decide is missing, nothing is claimed unless other traces agree.

mod details;
mod place;
mod rows;

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::{Kind, Level, Record};

use super::{Compared, MachineRow, MachineVerdict};
use crate::names::host_key;
use details::{details, draft};
use place::{Volumes, parse};
use rows::{mark, put};

const HOUR: i64 = 3_600_000_000;
/// How far a start and the word of the host's service for it may lie apart.
const NEAR: i64 = HOUR / 4;
/// Records kept; inventories are small, and logs add few machines.
const MOST: usize = 200_000;

/// Folder and file of a definition, however its path is written.
pub(crate) fn tail(path: &str) -> Option<String> {
    parse(path).map(|place| place.tail)
}

#[derive(Default)]
pub struct Machines {
    records: Vec<Record>,
    /// Registrations and their end in order of time, those with a path.
    registrations: Vec<Record>,
    /// (name or tail of the path, time) of starts, moves and creations that a host or vCenter wrote.
    started: BTreeMap<String, Vec<i64>>,
    /// Machines started by hand in a shell.
    by_hand: Vec<Record>,
    volumes: Volumes,
    /// Hosts known as hypervisors, and hours in which their management log wrote.
    hosts: BTreeMap<String, String>,
    alive: BTreeSet<(String, i64)>,
    listed_by_vcenter: bool,
}

impl Machines {
    /// Volumes of hosts; before the first `observe`.
    pub fn volume(&mut self, record: &Record) {
        if record.source == "vmware/esxi_filesystems" {
            self.volumes.learn(&record.host, &record.object, &record.target);
        }
    }

    pub fn observe(&mut self, record: &Record) {
        const OF_HOSTS: &[&str] =
            &["vmware/esxi_hostd", "vmware/esxi_vmkernel", "vmware/esxi_vm_process_list", "vmware/esxi_auth", "vmware/esxi_vobd"];
        if OF_HOSTS.contains(&record.source.as_str()) && !record.host.is_empty() {
            if !self.hosts.contains_key(&host_key(&record.host)) && self.hosts.len() < 10_000 {
                self.hosts.insert(host_key(&record.host), record.host.clone());
            }
            if let Some(time) = record.micros().filter(|_| record.source == "vmware/esxi_hostd") {
                self.alive.insert((host_key(&record.host), time.div_euclid(HOUR)));
            }
        }
        match record.kind() {
            Kind::VmRunning | Kind::VmRegistered | Kind::VmOnDisk | Kind::VmBootScript | Kind::InventoryList | Kind::VmxStart
                if self.records.len() < MOST =>
            {
                self.listed_by_vcenter |= record.kind() == Kind::VmRegistered && record.source.starts_with("vmware/vcenter");
                self.records.push(record.clone());
            }
            Kind::VmRegister | Kind::VmUnregister if !record.target.is_empty() && self.registrations.len() < MOST => {
                self.registrations.push(record.clone());
                self.start(record);
            }
            // The event of an end names the machine, not its place.
            Kind::VmUnregister if self.registrations.len() < MOST => self.registrations.push(record.clone()),
            Kind::VmRegister | Kind::VmPowerOn | Kind::VmCreate | Kind::VmClone | Kind::VmMigrate | Kind::VmRename => self.start(record),
            Kind::ShellCommand | Kind::ProcessStart if self.by_hand.len() < 1000 => {
                let line = record.command.to_lowercase();
                if line.contains(".vmx") && line.contains("vmx -x") {
                    let path =
                        record.command.split_whitespace().find(|word| word.to_lowercase().trim_matches(['"', '\'']).ends_with(".vmx"));
                    self.by_hand.push(Record { target: path.unwrap_or_default().to_owned(), ..record.clone() });
                }
            }
            _ => {}
        }
    }

    fn start(&mut self, record: &Record) {
        let time = record.micros().unwrap_or(0);
        let tail = parse(&record.target).map(|place| place.tail);
        for key in [Some(record.object.to_lowercase()), tail].into_iter().flatten().filter(|key| !key.is_empty()) {
            self.started.entry(key).or_default().push(time);
        }
    }

    fn of(&self, kind: Kind) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(move |record| record.kind() == kind)
    }

    /// Known to any log, at any time, by place or name.
    fn known(&self, record: &Record) -> bool {
        let tail = parse(&record.target).map(|place| place.tail).unwrap_or_default();
        self.started.contains_key(&tail) || self.started.contains_key(&record.object.to_lowercase())
    }

    pub fn finish(self, out: &mut Compared) {
        // A host's other lists (processes, volumes, ports) name no machine as theirs.
        for list in self.of(Kind::InventoryList).filter(|list| rows::LISTS.contains(&list.object.as_str())) {
            out.lists.entry(list.object.clone()).or_default().insert(list.host.clone());
        }
        for record in self.of(Kind::VmRegistered) {
            out.lists.entry("registered".to_owned()).or_default().insert(record.host.clone());
        }
        let mut rows: Vec<MachineRow> = Vec::new();
        for record in self.records.iter().filter(|record| record.kind() != Kind::InventoryList) {
            put(&mut rows, record, &self.volumes);
        }
        let judge = Judge::new(&self, out.lists.get("registered").cloned().unwrap_or_default());
        let mut hidden: Vec<&Record> = Vec::new();
        let mut told = BTreeSet::new();
        for record in self.of(Kind::VmRunning) {
            // The same machine in two lists of one host is told once.
            if told.insert((host_key(&record.host), parse(&record.target).map(|place| place.tail))) {
                judge.running(record, &mut hidden, &mut rows, out);
            }
        }
        judge.boot(&mut hidden, &mut rows, out);
        judge.off(&mut hidden, &mut rows, out);
        let registered: Vec<&Record> = judge.registered.clone();
        for record in &hidden {
            let definition = self.of(Kind::VmOnDisk).find(|disk| self.volumes.same(disk, record));
            details(record, definition, &registered, out);
        }
        for row in rows.iter_mut().filter(|row| row.verdict == MachineVerdict::Orphaned && row.lists.contains_key("registered")) {
            row.verdict = MachineVerdict::Known;
        }
        rows.sort_by(|a, b| (a.verdict as u8, &a.name, &a.vmx).cmp(&(b.verdict as u8, &b.name, &b.vmx)));
        out.machines = rows;
    }
}

/// What is said of one machine's registration.
enum Registered {
    Yes,
    No,
    /// By the identity of another machine that has a place of its own.
    Borrowed,
}

struct Judge<'m> {
    all: &'m Machines,
    registered: Vec<&'m Record>,
    /// Hosts whose registered machines were listed.
    listed: BTreeSet<String>,
    /// Known hosts without such a list.
    open: Vec<String>,
}

impl<'m> Judge<'m> {
    fn new(all: &'m Machines, listed: BTreeSet<String>) -> Self {
        let listed: BTreeSet<String> = listed.iter().map(|host| host_key(host)).collect();
        let open =
            all.hosts.iter().filter(|(key, _)| !listed.contains(*key) && !all.listed_by_vcenter).map(|(_, name)| name.clone()).collect();
        Self { all, registered: all.of(Kind::VmRegistered).collect(), listed, open }
    }

    fn is_registered(&self, record: &Record) -> Registered {
        if self.registered.iter().any(|known| self.all.volumes.same(known, record)) {
            return Registered::Yes;
        }
        let uuid = &record.session;
        if uuid.len() < 32 {
            return Registered::No;
        }
        // A registered list knows places only; the definition at that place knows the identity.
        let disk = |known: &Record| self.all.of(Kind::VmOnDisk).find(|disk| self.all.volumes.same(disk, known));
        let owner = self.registered.iter().find(|known| known.session == *uuid || disk(known).is_some_and(|disk| disk.session == *uuid));
        let Some(owner) = owner else { return Registered::No };
        let runs = self.all.of(Kind::VmRunning).any(|other| self.all.volumes.same(other, owner));
        let both = disk(owner).is_some() && disk(record).is_some();
        // Its definition moved to another volume between two lists, unless both places are there at once.
        if runs || both { Registered::Borrowed } else { Registered::Yes }
    }

    /// The log says that it was registered, and not that this ended: lists and log contradict each other.
    fn logged(&self, record: &Record) -> bool {
        let ended = |event: &Record| {
            event.kind() == Kind::VmUnregister
                && event.target.is_empty()
                && host_key(&event.host) == host_key(&record.host)
                && !record.object.is_empty()
                && event.object.eq_ignore_ascii_case(&record.object)
        };
        let last = self.all.registrations.iter().rev().find(|event| ended(event) || self.all.volumes.same(event, record));
        last.is_some_and(|event| event.kind() == Kind::VmRegister)
    }

    /// Traces beside the lists that agree that it was started past the host's service.
    fn traces(&self, record: &Record) -> (u32, Vec<&'m Record>) {
        let same = |other: &&Record| self.all.volumes.same(other, record);
        let boot = self.all.of(Kind::VmBootScript).find(same);
        let hand = self.all.by_hand.iter().find(same);
        let start = self.all.of(Kind::VmxStart).filter(same).find(|start| self.unannounced(start));
        let weight = 2 * u32::from(boot.is_some()) + 2 * u32::from(hand.is_some()) + u32::from(start.is_some());
        (weight, [boot, hand, start].into_iter().flatten().collect())
    }

    /// The machine's own log says it started, the host's log was alive and does not.
    fn unannounced(&self, start: &Record) -> bool {
        let Some(time) = start.micros() else { return false };
        let hour = time.div_euclid(HOUR);
        let alive = (hour - 1..=hour + 1).any(|hour| self.all.alive.contains(&(host_key(&start.host), hour)));
        let tail = parse(&start.target).map(|place| place.tail).unwrap_or_default();
        let near = |key: &str| self.all.started.get(key).is_some_and(|times| times.iter().any(|at| (at - time).abs() <= NEAR));
        alive && !near(&tail) && !near(&start.object.to_lowercase())
    }

    fn running(&self, record: &'m Record, hidden: &mut Vec<&'m Record>, rows: &mut [MachineRow], out: &mut Compared) {
        let borrowed = match self.is_registered(record) {
            Registered::Yes => return,
            Registered::Borrowed => true,
            Registered::No => false,
        };
        let (weight, traces) = self.traces(record);
        let own = self.listed.contains(&host_key(&record.host));
        let missing = match (own, self.listed.is_empty()) {
            (_, true) => "registered".to_owned(),
            (false, _) => record.host.clone(),
            (true, _) => self.open.join(", "),
        };
        let firm = own && self.open.is_empty() && !self.logged(record);
        if !firm && (weight < 2 || self.listed.is_empty()) {
            out.findings.push(draft("vmware-vm-cannot-tell", Level::Medium, 0.4, record, &[record], &[("missing", &missing)]).finding());
            mark(rows, record, MachineVerdict::CannotTell, &self.all.volumes);
            return;
        }
        hidden.push(record);
        mark(rows, record, MachineVerdict::Hidden, &self.all.volumes);
        let mut records = vec![record];
        records.extend(self.all.of(Kind::VmOnDisk).find(|disk| self.all.volumes.same(disk, record)));
        // The registered list of the same host shows that it was looked in.
        records.extend(self.all.of(Kind::InventoryList).find(|list| list.object == "registered" && list.host == record.host));
        records.extend(traces);
        let (level, confidence) = match (firm, borrowed) {
            (true, false) => (Level::Critical, 0.95),
            (true, true) => (Level::High, 0.85),
            (false, _) => (Level::High, 0.8),
        };
        let args: &[(&str, &str)] = if firm { &[] } else { &[("missing", &missing)] };
        out.findings.push(draft("vmware-unregistered-vm-running", level, confidence, record, &records, args).finding());
    }

    /// Machines that a boot script starts, and that no list of registered ones knows.
    fn boot(&self, hidden: &mut Vec<&'m Record>, rows: &mut [MachineRow], out: &mut Compared) {
        for record in self.all.of(Kind::VmBootScript) {
            if record.command.trim_start().starts_with('#') || matches!(self.is_registered(record), Registered::Yes) {
                continue;
            }
            let firm = self.listed.contains(&host_key(&record.host));
            let (level, confidence) = if firm { (Level::Critical, 0.95) } else { (Level::High, 0.75) };
            if firm {
                mark(rows, record, MachineVerdict::Hidden, &self.all.volumes);
            }
            if !hidden.iter().any(|known| self.all.volumes.same(known, record)) {
                hidden.push(record);
            }
            let file = record.field("file").unwrap_or_default();
            let line = record.field("line").unwrap_or_default();
            out.findings.push(
                draft("vmware-unregistered-vm-on-boot", level, confidence, record, &[record], &[("file", file), ("line", line)]).finding(),
            );
        }
    }

    /// Machines that are off: their own log or a shell says that they ran, past the host's service.
    fn off(&self, hidden: &mut Vec<&'m Record>, rows: &mut [MachineRow], out: &mut Compared) {
        let mut told: Vec<&Record> = Vec::new();
        for record in self.all.of(Kind::VmxStart).chain(&self.all.by_hand) {
            let start = record.kind() == Kind::VmxStart;
            if told.iter().any(|other| self.all.volumes.same(other, record)) || start && !self.unannounced(record) && self.all.known(record)
            {
                continue;
            }
            if self.listed.is_empty() || !matches!(self.is_registered(record), Registered::No) {
                continue;
            }
            told.push(record);
            let (weight, mut records) = self.traces(record);
            let also = hidden.iter().any(|other| self.all.volumes.same(other, record));
            let disk = self.all.of(Kind::VmOnDisk).find(|disk| self.all.volumes.same(disk, record));
            // What ran and is neither registered nor known to any log may be a leftover of older days: it counts as hidden
            // only together with a list, a script or a shell that names it.
            let (level, confidence) = match (also, weight) {
                (true, _) => (Level::High, 0.85),
                (_, 3..) if self.open.is_empty() => (Level::Critical, 0.9),
                (_, 2..) => (Level::High, 0.8),
                (_, 1) if disk.is_some() && !self.all.known(record) && self.open.is_empty() => (Level::High, 0.7),
                _ => (Level::Medium, 0.5),
            };
            records.insert(0, record);
            records.extend(disk);
            records.dedup();
            if level >= Level::High {
                mark(rows, record, MachineVerdict::Hidden, &self.all.volumes);
                if !also {
                    hidden.push(record);
                }
            }
            // The name stands in the definition; a shell knows the path only.
            let named = disk.filter(|_| !start).unwrap_or(record);
            let time = record.time.map(|time| konseki_model::time::rfc3339(time.micros, time.fidelity)).unwrap_or_default();
            let args = [("time", time.as_str())];
            out.findings.push(draft("vmware-vmx-start-without-power-on", level, confidence, named, &records, &args).finding());
        }
    }
}

#[cfg(test)]
mod tests;
