//! vCenter and its service account on hosts: `vpxuser` from elsewhere or over SSH, machines made and gone within a day.

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::{Entity, EntityKind, Kind, Level, Record};

use super::{Compared, Draft, cards, host};
use crate::book::Book;

const DAY: i64 = 86_400_000_000;
/// How long a copy is kept by someone who only wants what is in it.
const BRIEF: i64 = DAY / 8;
/// Sessions of one address that are kept to cite.
const KEPT: usize = 20;

#[derive(Default)]
pub struct Vcenter {
    /// Source address -> number of vpxuser sessions, and some of them.
    service: BTreeMap<String, (u64, Vec<Record>)>,
    ssh: Vec<Record>,
    /// Machine -> how it came to be.
    born: BTreeMap<String, Record>,
    /// Machines powered on while they were young.
    powered: BTreeSet<String>,
    short: Vec<(Record, Record)>,
    /// Hosts that vCenter's own logs come from.
    hosts: BTreeSet<String>,
    /// Cards that were added to a machine: machine and hardware address, or its part of the event.
    cards: cards::Cards,
}

fn is_service_account(user: &str) -> bool {
    user.eq_ignore_ascii_case("vpxuser")
}

impl Vcenter {
    pub fn part(&mut self, record: &Record) {
        self.cards.part(record);
    }

    pub fn observe(&mut self, record: &Record) {
        if record.source.starts_with("vmware/vcenter")
            && !record.host.is_empty()
            && self.hosts.len() < 64
            && !self.hosts.contains(&record.host)
        {
            self.hosts.insert(record.host.clone());
        }
        self.cards.observe(record);
        match record.kind() {
            Kind::ApiSession | Kind::AuthSuccess if is_service_account(&record.user) && record.source.starts_with("vmware/esxi") => {
                let (count, kept) = self.service.entry(record.src.clone()).or_default();
                *count += 1;
                if kept.len() < KEPT {
                    kept.push(super::lean(record));
                }
            }
            Kind::SshSession if is_service_account(&record.user) => self.ssh.push(record.clone()),
            Kind::VmCreate | Kind::VmClone if !record.object.is_empty() && self.born.len() < 100_000 => {
                self.born.entry(record.object.to_lowercase()).or_insert_with(|| super::lean(record));
            }
            Kind::VmPowerOn => {
                self.powered.insert(record.object.to_lowercase());
            }
            Kind::VmDelete | Kind::VmUnregister => {
                let Some(born) = self.born.remove(&record.object.to_lowercase()) else { return };
                let age = record.micros().zip(born.micros()).map(|(end, start)| end - start);
                if age.is_some_and(|age| (0..DAY).contains(&age)) {
                    self.short.push((born, record.clone()));
                }
            }
            _ => {}
        }
    }

    /// The address that nearly all of the service account's sessions come from is the vCenter's.
    pub fn name_homes(&self, book: &mut Book) {
        if let ([host], Some(home)) = (self.hosts.iter().collect::<Vec<_>>().as_slice(), self.home()) {
            book.vote(host, home, 1000);
        }
    }

    fn home(&self) -> Option<&str> {
        let total: u64 = self.service.values().map(|(count, _)| count).sum();
        let (home, (most, _)) = self.service.iter().max_by_key(|(_, (count, _))| *count)?;
        (total >= 5 && *most * 10 >= total * 8).then_some(home.as_str())
    }

    pub fn finish(self, out: &mut Compared) {
        self.foreign(out);
        for record in &self.ssh {
            let args = [("host", record.host.as_str()), ("src", &record.src)];
            let entities = vec![
                Entity::new(EntityKind::User, record.user.clone(), "actor"),
                Entity::new(EntityKind::Address, record.src.clone(), "from"),
                host(&record.host),
            ];
            out.findings.push(
                Draft {
                    rule: "vmware-vpxuser-ssh",
                    level: Level::Critical,
                    confidence: 0.9,
                    techniques: &["T1021.004", "T1078"],
                    tactics: &["lateral-movement"],
                    records: &[record],
                    entities,
                    args: &args,
                }
                .finding(),
            );
        }
        self.short_lived(out);
        self.cards.finish(out);
    }

    /// The vCenter is where nearly all sessions of its account come from; what comes from elsewhere is foreign.
    fn foreign(&self, out: &mut Compared) {
        let Some(home) = self.home() else { return };
        for (src, (count, records)) in &self.service {
            let local = src.is_empty() || src.starts_with("127.") || src == "::1";
            if src == home || local {
                continue;
            }
            let hosts: BTreeSet<&str> = records.iter().map(|record| record.host.as_str()).collect();
            let list = hosts.iter().copied().collect::<Vec<_>>().join(", ");
            let number = count.to_string();
            let args = [("src", src.as_str()), ("host", &list), ("home", home), ("count", &number)];
            let mut entities: Vec<Entity> = hosts.iter().map(|name| host(name)).collect();
            entities.push(Entity::new(EntityKind::Address, src.clone(), "from"));
            entities.push(Entity::new(EntityKind::User, "vpxuser", "actor"));
            let records: Vec<&Record> = records.iter().collect();
            out.findings.push(
                Draft {
                    rule: "vmware-vpxuser-foreign-source",
                    level: Level::High,
                    confidence: 0.8,
                    techniques: &["T1078", "T1082", "T1083"],
                    tactics: &["discovery", "lateral-movement"],
                    records: &records,
                    entities,
                    args: &args,
                }
                .finding(),
            );
        }
    }

    /// A machine made and removed within a day. Whoever does it again and again is a backup, not an intruder.
    fn short_lived(&self, out: &mut Compared) {
        let mut by_user: BTreeMap<&str, Vec<&(Record, Record)>> = BTreeMap::new();
        for pair in &self.short {
            by_user.entry(&pair.0.user).or_default().push(pair);
        }
        for pairs in by_user.values() {
            let days: BTreeSet<i64> = pairs.iter().filter_map(|pair| pair.0.micros()).map(|micros| micros.div_euclid(DAY)).collect();
            if days.len() > 3 {
                continue;
            }
            for (born, gone) in pairs {
                // A copy that was switched on before it went: what is taken from it is read while it runs. A copy alone may
                // be a backup.
                let used = born.kind() == Kind::VmClone && self.powered.contains(&born.object.to_lowercase());
                // Who tests something keeps its copy for hours; who takes something from it does not.
                let brief = gone.micros().zip(born.micros()).is_none_or(|(end, start)| end - start <= BRIEF);
                let (level, confidence) = match (used, brief) {
                    (true, true) => (Level::High, 0.7),
                    (true, false) => (Level::Medium, 0.6),
                    (false, _) => (Level::Medium, 0.5),
                };
                let text =
                    |record: &Record| record.time.map(|time| konseki_model::time::rfc3339(time.micros, time.fidelity)).unwrap_or_default();
                let (created, deleted) = (text(born), text(gone));
                let args = [
                    ("vm", born.object.as_str()),
                    ("host", &born.host),
                    ("actor", &born.user),
                    ("created", &created),
                    ("deleted", &deleted),
                ];
                let entities = vec![
                    Entity::new(EntityKind::Vm, born.object.clone(), "object"),
                    Entity::new(EntityKind::Vm, born.target.clone(), "from"),
                    Entity::new(EntityKind::User, born.user.clone(), "actor"),
                    host(&born.host),
                ];
                out.findings.push(
                    Draft {
                        rule: "vmware-vm-short-lived",
                        level,
                        confidence,
                        techniques: &["T1564.006", "T1578.002"],
                        tactics: &["defense-evasion"],
                        records: &[born, gone],
                        entities,
                        args: &args,
                    }
                    .finding(),
                );
            }
        }
    }
}
