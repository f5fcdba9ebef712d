//! Virtual machines in all lists of all hosts: which runs, or is made to run, and is registered nowhere?
//!
//! Machines are the same by identity (SMBIOS UUID) or by their definition's path, never by name alone.

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::{Entity, EntityKind, Kind, Level, Record};

use super::{Compared, Draft, MachineRow, MachineVerdict, host};

#[derive(Default)]
pub struct Machines {
    records: Vec<Record>,
    /// Names that the host's own log registered, created or started.
    known_names: BTreeSet<String>,
}

/// Records kept; inventories are small, and logs add few machines.
const MOST: usize = 200_000;

/// Folder and file of a definition, lower case: volumes are written by name or by UUID for the same place.
fn key(path: &str) -> String {
    let mut parts: Vec<&str> = path.trim().rsplit('/').filter(|part| !part.is_empty()).take(2).collect();
    parts.reverse();
    parts.join("/").to_lowercase()
}

/// The volume of a path, where it has one.
fn volume(path: &str) -> Option<&str> {
    path.split_once("vmfs/volumes/").map(|(_, tail)| tail.split('/').next().unwrap_or_default())
}

/// `5f1e2d3c-…`: a volume written by its UUID.
fn is_uuid(volume: &str) -> bool {
    volume.len() >= 30 && volume.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

/// Two paths of one definition? Different volumes of the same spelling are different places.
fn same_path(a: &str, b: &str) -> bool {
    if key(a) != key(b) || key(a).is_empty() {
        return false;
    }
    match (volume(a), volume(b)) {
        (Some(x), Some(y)) if is_uuid(x) == is_uuid(y) => x.eq_ignore_ascii_case(y),
        _ => true,
    }
}

impl Machines {
    pub fn observe(&mut self, record: &Record) {
        match record.kind() {
            Kind::VmRunning | Kind::VmRegistered | Kind::VmOnDisk | Kind::VmBootScript | Kind::InventoryList | Kind::VmxStart
                if self.records.len() < MOST =>
            {
                self.records.push(record.clone());
            }
            Kind::VmRegister | Kind::VmPowerOn | Kind::VmCreate | Kind::VmClone | Kind::VmMigrate | Kind::VmRename => {
                self.known_names.insert(record.object.to_lowercase());
                if !record.target.is_empty() {
                    self.known_names.insert(key(&record.target));
                }
            }
            _ => {}
        }
    }

    fn of(&self, kind: Kind) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(move |record| record.kind() == kind)
    }

    pub fn finish(self, out: &mut Compared) {
        for list in self.of(Kind::InventoryList) {
            out.lists.entry(list.object.clone()).or_default().insert(list.host.clone());
        }
        let registered: Vec<&Record> = self.of(Kind::VmRegistered).collect();
        let disk: BTreeMap<String, &Record> = self.of(Kind::VmOnDisk).map(|record| (key(&record.target), record)).collect();
        // A host whose running machines are known but not its registered ones leaves the question open for all.
        let none = BTreeSet::new();
        let running_hosts = out.lists.get("running").unwrap_or(&none).clone();
        let registered_hosts = out.lists.get("registered").unwrap_or(&none).clone();
        let open: Vec<String> = running_hosts.difference(&registered_hosts).cloned().collect();
        let is_registered = |path: &str| registered.iter().any(|record| same_path(&record.target, path));

        let mut rows: Vec<MachineRow> = Vec::new();
        for record in self.records.iter().filter(|record| record.kind() != Kind::InventoryList) {
            put(&mut rows, record);
        }
        let mut hidden: Vec<&Record> = Vec::new();
        for record in self.of(Kind::VmRunning) {
            if is_registered(&record.target) {
                continue;
            }
            if registered_hosts.is_empty() || !open.is_empty() {
                let missing = if open.is_empty() { "registered".to_owned() } else { open.join(", ") };
                out.findings
                    .push(draft("vmware-vm-cannot-tell", Level::Medium, 0.4, record, &[record], &[("missing", &missing)]).finding());
                mark(&mut rows, record, MachineVerdict::CannotTell);
                continue;
            }
            hidden.push(record);
            mark(&mut rows, record, MachineVerdict::Hidden);
            let mut records = vec![record];
            records.extend(disk.get(&key(&record.target)));
            // The registered list of the same host shows that it was looked in.
            records.extend(self.of(Kind::InventoryList).filter(|list| list.object == "registered" && list.host == record.host).take(1));
            out.findings.push(draft("vmware-unregistered-vm-running", Level::Critical, 0.95, record, &records, &[]).finding());
        }
        self.boot(&registered_hosts, &is_registered, &mut hidden, &mut rows, out);
        for record in &hidden {
            details(record, &disk, &registered, out);
        }
        for row in rows.iter_mut().filter(|row| row.verdict == MachineVerdict::Orphaned) {
            if row.lists.contains_key("registered") {
                row.verdict = MachineVerdict::Known;
            }
        }
        rows.sort_by(|a, b| (a.verdict as u8, &a.name, &a.vmx).cmp(&(b.verdict as u8, &b.name, &b.vmx)));
        out.machines = rows;
    }

    /// Machines that are off at the moment: a boot script starts them, or their own log says they ran.
    fn boot<'r>(
        &'r self,
        registered_hosts: &BTreeSet<String>,
        is_registered: &dyn Fn(&str) -> bool,
        hidden: &mut Vec<&'r Record>,
        rows: &mut [MachineRow],
        out: &mut Compared,
    ) {
        for record in self.of(Kind::VmBootScript).filter(|record| !is_registered(&record.target)) {
            if registered_hosts.is_empty() {
                continue;
            }
            mark(rows, record, MachineVerdict::Hidden);
            if !hidden.iter().any(|known| same_path(&known.target, &record.target)) {
                hidden.push(record);
            }
            out.findings.push(
                draft(
                    "vmware-unregistered-vm-on-boot",
                    Level::Critical,
                    0.95,
                    record,
                    &[record],
                    &[("file", record.field("file").unwrap_or_default())],
                )
                .finding(),
            );
        }
        let mut told = BTreeSet::new();
        for record in self.of(Kind::VmxStart) {
            let known = self.known_names.contains(&record.object.to_lowercase()) || self.known_names.contains(&key(&record.target));
            if registered_hosts.is_empty() || is_registered(&record.target) || known || !told.insert(key(&record.target)) {
                continue;
            }
            // A machine that ran and is neither registered nor known to any host's log may be a leftover of older days:
            // it counts as hidden only together with a list or a script that names it.
            let also = hidden.iter().any(|other| same_path(&other.target, &record.target));
            let (level, confidence) = if also { (Level::High, 0.85) } else { (Level::Medium, 0.5) };
            out.findings.push(draft("vmware-vmx-start-without-power-on", level, confidence, record, &[record], &[]).finding());
        }
    }
}

/// Two networks, and names that imitate, of a hidden machine.
fn details(record: &Record, disk: &BTreeMap<String, &Record>, registered: &[&Record], out: &mut Compared) {
    if let Some(definition) = disk.get(&key(&record.target)) {
        let networks = definition.agent.split('|').filter(|name| !name.is_empty()).collect::<BTreeSet<_>>();
        if networks.len() >= 2 {
            let list = networks.into_iter().collect::<Vec<_>>().join(", ");
            out.findings.push(draft("vmware-vm-two-networks", Level::High, 0.8, record, &[definition], &[("networks", &list)]).finding());
        }
    }
    let name = record.object.to_lowercase();
    let twin = registered.iter().find(|other| {
        let other = other.object.to_lowercase();
        let stem = |text: &str| text.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-' || c == '_').to_owned();
        other != name && !stem(&name).is_empty() && stem(&other) == stem(&name)
    });
    if let Some(twin) = twin {
        out.findings
            .push(draft("vmware-vm-name-imitates", Level::Medium, 0.6, record, &[record, twin], &[("other", &twin.object)]).finding());
    }
}

fn draft<'a>(
    rule: &'a str,
    level: Level,
    confidence: f64,
    vm: &Record,
    records: &'a [&'a Record],
    more: &[(&'a str, &'a str)],
) -> Owned<'a> {
    Owned {
        rule,
        level,
        confidence,
        records,
        entities: vec![
            Entity::new(EntityKind::Vm, vm.object.clone(), "object"),
            host(&vm.host),
            Entity::new(EntityKind::File, vm.target.clone(), "object"),
        ],
        args: [("vm", vm.object.as_str()), ("host", &vm.host), ("vmx", &vm.target), ("uuid", &vm.session)]
            .into_iter()
            .chain(more.iter().copied())
            .map(|(k, v)| (k.to_owned(), v.to_owned()))
            .collect(),
    }
}

/// A draft that owns its arguments.
struct Owned<'a> {
    rule: &'a str,
    level: Level,
    confidence: f64,
    records: &'a [&'a Record],
    entities: Vec<Entity>,
    args: Vec<(String, String)>,
}

impl Owned<'_> {
    fn finding(self) -> konseki_model::Finding {
        let args: Vec<(&str, &str)> = self.args.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
        let boot = self.rule.ends_with("on-boot");
        let techniques: &[&str] = if boot { &["T1037.004", "T1564.006"] } else { &["T1564.006"] };
        let tactics: &[&str] = if boot { &["defense-evasion", "persistence"] } else { &["defense-evasion"] };
        Draft {
            rule: self.rule,
            level: self.level,
            confidence: self.confidence,
            techniques,
            tactics,
            records: self.records,
            entities: self.entities,
            args: &args,
        }
        .finding()
    }
}

fn put(rows: &mut Vec<MachineRow>, record: &Record) {
    let list = match record.kind() {
        Kind::VmRunning => "running",
        Kind::VmRegistered => "registered",
        Kind::VmOnDisk => "on-disk",
        Kind::VmBootScript => "boot-script",
        _ => "log",
    };
    let at = rows.iter().position(|row| {
        same_path(&row.vmx, &record.target) || (!row.uuid.is_empty() && row.uuid == record.session && record.kind() != Kind::VmBootScript)
    });
    let index = at.unwrap_or_else(|| {
        rows.push(MachineRow {
            name: record.object.clone(),
            uuid: String::new(),
            vmx: record.target.clone(),
            lists: BTreeMap::new(),
            verdict: MachineVerdict::Orphaned,
        });
        rows.len() - 1
    });
    if let Some(row) = rows.get_mut(index) {
        // Registered lists know only the path; the display name stands in the others.
        if matches!(record.kind(), Kind::VmRunning | Kind::VmOnDisk) && !record.object.is_empty() {
            row.name.clone_from(&record.object);
        }
        if row.uuid.is_empty() {
            row.uuid.clone_from(&record.session);
        }
        row.lists.entry(list.to_owned()).or_default().insert(record.host.clone());
    }
}

fn mark(rows: &mut [MachineRow], record: &Record, verdict: MachineVerdict) {
    for row in rows.iter_mut().filter(|row| same_path(&row.vmx, &record.target)) {
        row.verdict = verdict;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vm(kind: Kind, host: &str, name: &str, path: &str) -> Record {
        Record {
            kind: Some(kind),
            host: host.into(),
            object: name.into(),
            target: path.into(),
            evidence: "E1".into(),
            at: Some(konseki_model::At::Line(1)),
            ..Record::default()
        }
    }

    fn run(records: &[Record]) -> Compared {
        let mut machines = Machines::default();
        records.iter().for_each(|record| machines.observe(record));
        let mut out = Compared::default();
        machines.finish(&mut out);
        out
    }

    fn rules(out: &Compared) -> Vec<&str> {
        out.findings.iter().map(|finding| finding.rule.as_str()).collect()
    }

    #[test]
    fn a_machine_registered_on_another_host_is_no_stranger() {
        let base = [
            vm(Kind::InventoryList, "esx1", "running", ""),
            vm(Kind::InventoryList, "esx1", "registered", ""),
            vm(Kind::InventoryList, "esx2", "running", ""),
            vm(Kind::InventoryList, "esx2", "registered", ""),
            vm(Kind::VmRegistered, "esx2", "app-01", "/vmfs/volumes/ds1/app-01/app-01.vmx"),
        ];
        // Running on one host while registered on the other (it just moved), its volume written by UUID.
        let moved = vm(Kind::VmRunning, "esx1", "app-01", "/vmfs/volumes/5f1e2d3c-00112233-4455-667788990011/app-01/app-01.vmx");
        let out = run(&[base.as_slice(), &[moved]].concat());
        assert!(out.findings.is_empty(), "{:?}", rules(&out));
        // The same name in another folder is another machine.
        let rogue = vm(Kind::VmRunning, "esx1", "app-01", "/vmfs/volumes/ds1/app-01x/app-01.vmx");
        let out = run(&[base.as_slice(), &[rogue]].concat());
        assert_eq!(rules(&out)[0], "vmware-unregistered-vm-running");
        assert_eq!(out.findings[0].level, Level::Critical);
    }

    #[test]
    fn without_every_list_nothing_is_claimed() {
        let out = run(&[vm(Kind::InventoryList, "esx1", "running", ""), vm(Kind::VmRunning, "esx1", "x", "/vmfs/volumes/ds1/x/x.vmx")]);
        assert_eq!(rules(&out), ["vmware-vm-cannot-tell"]);
    }

    #[test]
    fn a_boot_script_names_a_machine_that_is_off() {
        let out = run(&[
            vm(Kind::InventoryList, "esx1", "registered", ""),
            vm(Kind::VmBootScript, "esx1", "x", "/vmfs/volumes/ds1/x/x.vmx"),
            vm(Kind::VmOnDisk, "esx1", "left over", "/vmfs/volumes/ds1/left/left.vmx"),
        ]);
        assert_eq!(rules(&out), ["vmware-unregistered-vm-on-boot"]);
        assert!(out.machines.iter().any(|row| row.verdict == MachineVerdict::Orphaned));
    }
}
