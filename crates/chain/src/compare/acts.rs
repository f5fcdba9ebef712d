//! Acts that are told one by one, lower where the same hand does them again and again: exports of the machine list,
//! administrators' groups, downloads of disks, guest operations, cleared logs, integrity results, boot scripts, archives.

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::{Entity, EntityKind, Kind, Level, Record};

use super::{Compared, Draft, host};
use crate::data::Data;
use crate::names::{account, host_key, is_service};

const DAY: i64 = 86_400_000_000;
/// Records kept of one act of one hand.
const KEPT: usize = 16;
const MOST: usize = 20_000;

/// What a record is, as a row of a table: rule, techniques, tactic, level, confidence, level where it is a habit.
struct Rule {
    id: &'static str,
    techniques: &'static [&'static str],
    tactic: &'static str,
    level: Level,
    confidence: f64,
    habit: Level,
}

const EXPORT: Rule = Rule {
    id: "vmware-vm-list-export",
    techniques: &["T1673", "T1119"],
    tactic: "discovery",
    level: Level::Medium,
    confidence: 0.6,
    habit: Level::Low,
};
const GROUP: Rule = Rule {
    id: "vmware-admin-group-add",
    techniques: &["T1098"],
    tactic: "persistence",
    level: Level::Medium,
    confidence: 0.6,
    habit: Level::Low,
};
const DOWNLOAD: Rule = Rule {
    id: "vmware-datastore-download",
    techniques: &["T1005", "T1006"],
    tactic: "collection",
    level: Level::Medium,
    confidence: 0.6,
    habit: Level::Low,
};
const GUEST: Rule = Rule {
    id: "vmware-guest-operation",
    techniques: &["T1675"],
    tactic: "execution",
    level: Level::Low,
    confidence: 0.4,
    habit: Level::Informational,
};
const SSH: Rule = Rule {
    id: "vmware-ssh-enabled",
    techniques: &["T1021.004"],
    tactic: "lateral-movement",
    level: Level::Low,
    confidence: 0.4,
    habit: Level::Informational,
};
const CLEARED: Rule = Rule {
    id: "log-cleared",
    techniques: &["T1070.001", "T1070.002"],
    tactic: "defense-evasion",
    level: Level::Medium,
    confidence: 0.6,
    habit: Level::Low,
};
const INTEGRITY: Rule = Rule {
    id: "integrity-new-file",
    techniques: &["T1554"],
    tactic: "persistence",
    level: Level::Medium,
    confidence: 0.5,
    habit: Level::Low,
};
const AUTOSTART: Rule = Rule {
    id: "autostart-added",
    techniques: &["T1037.004"],
    tactic: "persistence",
    level: Level::Medium,
    confidence: 0.6,
    habit: Level::Low,
};
const CRON: Rule = Rule {
    id: "autostart-added",
    techniques: &["T1053.003"],
    tactic: "persistence",
    level: Level::Medium,
    confidence: 0.6,
    habit: Level::Low,
};
const STAGING: Rule = Rule {
    id: "staging-archive",
    techniques: &["T1560.001", "T1074.001"],
    tactic: "collection",
    level: Level::Low,
    confidence: 0.4,
    habit: Level::Informational,
};

#[derive(Default)]
struct Seen {
    records: Vec<Record>,
    count: u64,
    days: BTreeSet<i64>,
    /// Signs that speak for it, beyond its mere being.
    signs: u32,
}

/// (rule, technique, host, hand, thing).
type Key = (&'static str, &'static str, String, String, String);

#[derive(Default)]
pub struct Acts {
    seen: BTreeMap<Key, (Seen, Level)>,
    /// Updates and boots of a host: new files after these are expected.
    updates: BTreeMap<String, Vec<i64>>,
}

impl Acts {
    pub fn observe(&mut self, record: &Record, data: &Data) {
        let text = |value: &str| value.to_owned();
        match record.kind() {
            Kind::VmListExport => self.put(&EXPORT, record, hand(record), String::new(), 0),
            Kind::GroupAdd if is_powerful(&record.target) => self.put(&GROUP, record, hand(record), text(&record.target), 0),
            Kind::WebRequest if record.source.starts_with("vmware/") && is_download(record, data) => {
                self.put(&DOWNLOAD, record, hand(record), machine_of(&record.object), 0);
            }
            Kind::DatastoreFile if record.object.to_lowercase().ends_with(".vmdk") => {
                self.put(&DOWNLOAD, record, hand(record), machine_of(&record.object), 0);
            }
            Kind::GuestOperation => self.put(&GUEST, record, hand(record), text(&record.object), 0),
            Kind::SshEnabled => self.put(&SSH, &of_its_host(record), hand(record), String::new(), 0),
            Kind::LogCleared => self.put(&CLEARED, record, hand(record), text(&record.object), 0),
            Kind::SoftwareInstall | Kind::Boot => self.update(record),
            Kind::ConfigChange if record.command.to_lowercase().contains("upgrade") || record.object.to_lowercase().contains("upgrade") => {
                self.update(record)
            }
            Kind::IntegrityNew | Kind::IntegrityChanged => self.integrity(record),
            Kind::Autostart => self.autostart(record),
            Kind::FileCreate | Kind::FileSeen => {
                if let Some(signs) = archive_signs(&record.object) {
                    self.put(&STAGING, record, hand(record), String::new(), signs);
                }
            }
            Kind::ProcessStart | Kind::ProcessSeen | Kind::ShellCommand => self.packing(record, data),
            _ => {}
        }
    }

    fn update(&mut self, record: &Record) {
        if let Some(time) = record.micros() {
            self.updates.entry(record.host.clone()).or_default().push(time);
        }
    }

    fn put(&mut self, rule: &Rule, record: &Record, hand: String, thing: String, signs: u32) {
        let technique = rule.techniques.first().copied().unwrap_or_default();
        let key = (rule.id, technique, record.host.clone(), hand, thing);
        if self.seen.len() >= MOST && !self.seen.contains_key(&key) {
            return;
        }
        let (seen, _) = self.seen.entry(key).or_insert_with(|| (Seen::default(), rule.level));
        seen.count += 1;
        seen.signs = seen.signs.max(signs);
        seen.days.extend(record.micros().map(|time| time.div_euclid(DAY)));
        if seen.records.len() < KEPT {
            seen.records.push(record.clone());
        }
    }

    fn integrity(&mut self, record: &Record) {
        // Files are new after an upgrade of the appliance; the check says so every time.
        let after = self
            .updates
            .get(&record.host)
            .is_some_and(|times| record.micros().is_some_and(|now| times.iter().any(|at| (0..2 * DAY).contains(&(now - at)))));
        let thing = if after { "after an update" } else { "" };
        self.put(&INTEGRITY, record, String::new(), thing.to_owned(), 0);
    }

    /// Lines that a clean system does not have: a program in the background, quiet, from an odd place.
    fn autostart(&mut self, record: &Record) {
        let line = record.command.trim().to_lowercase();
        if line.is_empty() || line.starts_with('#') || line == "exit 0" {
            return;
        }
        let mut signs = u32::from(line.ends_with('&')) + u32::from(line.contains("/dev/null")) + u32::from(line.contains("nohup"));
        const ODD: &[&str] =
            &["/tmp/", "/var/tmp/", "/dev/shm/", "/mnt/", "/home/", "/boot/", "/run/", "base64", "curl ", "wget ", "/dev/tcp", "python -c"];
        signs += ODD.iter().filter(|word| line.contains(**word)).count() as u32;
        let boot = ["rc.local", "local.sh", "init.d", "rc.d"].iter().any(|part| record.object.contains(part));
        if signs == 0 {
            return;
        }
        let cron = record.object.contains("cron");
        self.put(if cron { &CRON } else { &AUTOSTART }, record, String::new(), record.object.clone(), signs + u32::from(boot));
    }

    /// Commands that pack data; with a password, or into a place that others can reach, they speak louder.
    fn packing(&mut self, record: &Record, data: &Data) {
        // The machine's own account, not one that is only named like it.
        let own = !record.user.ends_with('$') || account(&record.user).trim_end_matches('$') == host_key(&record.host);
        if is_service(&record.user) && own && record.kind() == Kind::ProcessStart && !record.source.starts_with("linux/") {
            return;
        }
        let line = record.command.to_lowercase();
        if !data.command(&line).is_some_and(|meaning| meaning.techniques.iter().any(|t| t == "T1560.001")) {
            return;
        }
        const LOUD: &[&str] =
            &[" -p", "-hp", "\\users\\public", "\\programdata", "/tmp/", "webserver", "htdocs", "wwwroot", "\\perflogs", "$recycle"];
        let signs = LOUD.iter().filter(|word| line.contains(**word)).count() as u32;
        // Nobody packs data on an appliance but its own backup.
        let signs = signs + u32::from(signs > 0 && record.source.starts_with("ivanti/"));
        if signs > 0 {
            self.put(&STAGING, record, hand(record), String::new(), signs);
        }
    }

    pub fn finish(&self, out: &mut Compared) {
        for ((id, technique, place, hand, thing), (seen, level)) in &self.seen {
            let Some(rule) = RULES.iter().find(|rule| rule.id == *id && rule.techniques.first() == Some(technique)) else { continue };
            let habit = seen.days.len() > 3 || thing == "after an update";
            let mut level = if habit { rule.habit } else { *level };
            let mut confidence = if habit { rule.confidence / 2.0 } else { rule.confidence };
            match (rule.id, seen.signs) {
                ("autostart-added", 3..) => (level, confidence) = (Level::High, 0.8),
                ("autostart-added", 1) => level = Level::Low,
                ("staging-archive", 2..) if !habit => (level, confidence) = (Level::Medium, 0.55),
                _ => {}
            }
            // The group that hypervisors take for administrators by its mere name (CVE-2024-37085).
            if rule.id == "vmware-admin-group-add" && thing.to_lowercase().ends_with("esx admins") {
                (level, confidence) = (Level::High, 0.75);
            }
            let parts = if habit { vec![seen.records.as_slice()] } else { apart(&seen.records) };
            let whole = parts.len() == 1;
            for part in parts {
                let Some(first) = part.first() else { continue };
                let count = if whole { seen.count } else { part.len() as u64 };
                out.findings.push(
                    Draft {
                        rule: rule.id,
                        level,
                        confidence,
                        techniques: rule.techniques,
                        tactics: &[rule.tactic],
                        records: &part.iter().collect::<Vec<_>>(),
                        entities: entities(rule.id, first, place),
                        args: &args(rule.id, first, place, hand, thing, &count.to_string()),
                    }
                    .finding(),
                );
            }
        }
    }
}

/// Hours apart are two acts.
const APART: i64 = 2 * 3_600_000_000;

/// Acts of one hand, in order of time, where some time lies between them. What has no time stays with the first.
fn apart(records: &[Record]) -> Vec<&[Record]> {
    let far = |a: &Record, b: &Record| a.micros().zip(b.micros()).is_some_and(|(a, b)| b - a > APART);
    records.chunk_by(|a, b| !far(a, b)).collect()
}

const RULES: &[Rule] = &[EXPORT, GROUP, DOWNLOAD, GUEST, SSH, CLEARED, INTEGRITY, AUTOSTART, CRON, STAGING];

/// What vCenter tells of a host happened on that host.
fn of_its_host(record: &Record) -> Record {
    let told = record.source.starts_with("vmware/vcenter") && record.object.contains('.') && !record.object.contains([' ', '/']);
    if told { Record { host: record.object.clone(), ..record.clone() } } else { record.clone() }
}

/// The archive that a command makes: its first word with the ending of one.
fn packed(command: &str) -> Option<&str> {
    const ENDS: &[&str] = &[".zip", ".rar", ".7z", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".cab"];
    let words = command.split([' ', '"', '\'', '=']).map(|word| word.trim_matches(|c: char| c == ',' || c == ';'));
    words.into_iter().find(|word| ENDS.iter().any(|end| word.to_ascii_lowercase().ends_with(end)))
}

/// What was packed, or where nothing names it the command.
fn archive(record: &Record) -> &str {
    let command = record.command.as_str();
    if command.is_empty() { &record.object } else { packed(command).unwrap_or(command) }
}

fn hand(record: &Record) -> String {
    if record.user.is_empty() { record.src.clone() } else { account(&record.user) }
}

fn entities(rule: &str, first: &Record, place: &str) -> Vec<Entity> {
    let mut entities = vec![
        host(place),
        Entity::new(EntityKind::User, first.user.clone(), "actor"),
        Entity::new(EntityKind::Address, first.src.clone(), "from"),
    ];
    if first.session.len() >= 4 {
        entities.push(Entity::new(EntityKind::Session, first.session.clone(), "via"));
    }
    let object = match rule {
        "vmware-datastore-download" => Some((EntityKind::Vm, machine_of(&first.object))),
        "vmware-guest-operation" => Some((EntityKind::Vm, first.object.clone())),
        "integrity-new-file" | "autostart-added" => Some((EntityKind::File, first.object.clone())),
        "staging-archive" if first.command.is_empty() => Some((EntityKind::File, first.object.clone())),
        "staging-archive" => packed(&first.command).map(|path| (EntityKind::File, path.to_owned())),
        "vmware-admin-group-add" => Some((EntityKind::User, common_name(&first.object).to_owned())),
        _ => None,
    };
    entities.extend(object.map(|(kind, value)| Entity::new(kind, value, "object")));
    entities
}

/// The name in a distinguished name: `CN=Print,CN=Users,…` is `Print`.
fn common_name(name: &str) -> &str {
    let rest = name.strip_prefix("CN=").or_else(|| name.strip_prefix("cn="));
    rest.map_or(name, |rest| rest.split(',').next().unwrap_or(rest))
}

fn args<'a>(rule: &str, first: &'a Record, place: &'a str, hand: &'a str, thing: &'a str, count: &'a str) -> Vec<(&'static str, &'a str)> {
    vec![
        ("host", place),
        (
            "user",
            if first.kind() == Kind::GroupAdd {
                common_name(&first.object)
            } else if first.user.is_empty() {
                ""
            } else {
                first.user.as_str()
            },
        ),
        ("actor", if first.kind() == Kind::GroupAdd { first.user.as_str() } else { hand }),
        ("src", &first.src),
        ("group", if first.kind() == Kind::GroupAdd { first.target.as_str() } else { "" }),
        ("file", if rule == "staging-archive" { archive(first) } else { &first.object }),
        ("object", &first.object),
        ("vm", &first.object),
        ("log", &first.object),
        ("line", first.field("line").unwrap_or_default()),
        ("command", &first.command),
        ("result", thing),
        ("count", count),
    ]
}

/// Groups whose members administer a domain, a host or the platform.
fn is_powerful(group: &str) -> bool {
    let name = group.rsplit('\\').next().unwrap_or(group).to_lowercase();
    let name = name.split('@').next().unwrap_or(&name);
    let names = [
        "administrators",
        "domain admins",
        "enterprise admins",
        "schema admins",
        "esx admins",
        "vsphere admins",
        "bashshelladministrators",
        "systemconfiguration.administrators",
        "systemconfiguration.bashshelladministrators",
        "sudo",
        "wheel",
        "backup operators",
        "account operators",
    ];
    names.contains(&name) || name.ends_with(" admins") || name.ends_with("-admins")
}

/// A machine's disk or memory over HTTP.
fn is_download(record: &Record, data: &Data) -> bool {
    let request = format!("{} {}", record.command, record.object);
    record.outcome.starts_with('2')
        && record.command.starts_with("GET ")
        && data.web(&request).is_some_and(|meaning| meaning.tactic == "collection")
        && record.bytes_in.is_none_or(|bytes| bytes >= 1_000_000)
}

fn machine_of(path: &str) -> String {
    let path = path.split('?').next().unwrap_or(path);
    let mut parts = path.rsplit('/');
    let _file = parts.next();
    parts.next().unwrap_or_default().rsplit("] ").next().unwrap_or_default().to_owned()
}

/// An archive where data waits to be taken: signs by its place; `None` for archives anywhere else.
fn archive_signs(path: &str) -> Option<u32> {
    let path = path.to_lowercase().replace('\\', "/");
    let archive = [".zip", ".rar", ".7z", ".tar", ".tgz", ".tar.gz", ".cab"].iter().any(|ending| path.ends_with(ending));
    let odd = [
        "/users/public/",
        "/programdata/",
        "/tmp/",
        "/perflogs/",
        "/htdocs/",
        "/wwwroot/",
        "/webapps/",
        "/dana-na/",
        "/windows/temp/",
        "/dev/shm/",
    ];
    let places = odd.iter().filter(|place| path.contains(**place)).count() as u32;
    (archive && places > 0).then_some(places)
}

#[cfg(test)]
mod tests;
