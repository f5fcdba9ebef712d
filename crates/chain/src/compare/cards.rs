//! Devices that come and go: a network card added and removed within a day, another machine's disk attached.
//!
//! vCenter writes the devices in further parts of the same event, as records of their own with the same key.

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::{Entity, EntityKind, Kind, Level, Record};

use super::{Compared, Draft, host};

const DAY: i64 = 86_400_000_000;
const MOST: usize = 20_000;

#[derive(Clone, Debug)]
struct Change {
    part: Record,
    /// Hardware addresses, and paths of disks.
    cards: BTreeSet<String>,
    disks: BTreeSet<String>,
    added: bool,
    removed: bool,
}

#[derive(Default)]
pub struct Cards {
    /// (host, event key) -> what its further parts say.
    parts: BTreeMap<(String, String), Change>,
    /// Reconfigurations in order of time, with what they changed.
    changes: Vec<(Record, Change)>,
    /// Machine -> last time it was switched off.
    off: BTreeMap<String, Record>,
    swaps: Vec<(Record, Change, String, Option<Record>)>,
}

/// Values of `name = "…"` in the text of an event.
fn values<'t>(text: &'t str, name: &str) -> impl Iterator<Item = &'t str> {
    let head = format!("{name} = \"");
    text.match_indices(&head)
        .map(|(at, _)| at + head.len())
        .collect::<Vec<_>>()
        .into_iter()
        .filter_map(|at| text.get(at..)?.split('"').next())
}

fn change(record: &Record) -> Option<Change> {
    let text = record.field("message")?;
    let cards: BTreeSet<String> = values(text, "macAddress").map(str::to_lowercase).filter(|mac| mac.len() == 17).collect();
    let disks: BTreeSet<String> = values(text, "fileName").filter(|path| path.ends_with(".vmdk")).map(str::to_owned).collect();
    if cards.is_empty() && disks.is_empty() {
        return None;
    }
    let operations: BTreeSet<&str> = values(text, "operation").collect();
    Some(Change {
        part: record.clone(),
        cards,
        disks,
        added: operations.contains("add") || text.contains("Added:"),
        removed: operations.contains("remove") || text.contains("Deleted:") || text.contains("Removed:"),
    })
}

fn key(record: &Record) -> Option<(String, String)> {
    Some((record.host.clone(), record.field("event_key")?.to_owned()))
}

/// Folder of a disk: the machine it belongs to by custom of the product.
fn folder(path: &str) -> &str {
    let path = path.strip_prefix("ds://").unwrap_or(path);
    let mut parts = path.rsplit('/');
    let _file = parts.next();
    parts.next().map_or("", |part| part.rsplit("] ").next().unwrap_or(part))
}

impl Cards {
    /// Further parts of events; called before `observe`, over all of them.
    pub fn part(&mut self, record: &Record) {
        if record.field("part").is_none_or(|part| part.starts_with("1-")) || self.parts.len() >= MOST {
            return;
        }
        if let (Some(change), Some(key)) = (change(record), key(record)) {
            self.parts.insert(key, change);
        }
    }

    pub fn observe(&mut self, record: &Record) {
        match record.kind() {
            Kind::VmPowerOff => {
                self.off.insert(record.object.to_lowercase(), record.clone());
            }
            Kind::VmReconfigure if self.changes.len() < MOST => {
                let own = change(record);
                let further = key(record).and_then(|key| self.parts.get(&key).cloned());
                let Some(change) = further.or(own) else { return };
                if change.added && !change.disks.is_empty() {
                    self.disk(record, &change);
                }
                self.changes.push((record.clone(), change));
            }
            _ => {}
        }
    }

    fn disk(&mut self, record: &Record, change: &Change) {
        for path in &change.disks {
            let owner = folder(path);
            if owner.is_empty()
                || owner.eq_ignore_ascii_case(&record.object)
                || record.object.to_lowercase().starts_with(&owner.to_lowercase())
            {
                continue;
            }
            let off = self
                .off
                .get(&owner.to_lowercase())
                .filter(|off| off.micros().zip(record.micros()).is_some_and(|(off, now)| (0..DAY).contains(&(now - off))));
            self.swaps.push((record.clone(), change.clone(), owner.to_owned(), off.cloned()));
        }
    }

    pub fn finish(&self, out: &mut Compared) {
        self.ghosts(out);
        let mut days: BTreeMap<&str, BTreeSet<i64>> = BTreeMap::new();
        for (record, ..) in &self.swaps {
            days.entry(&record.user).or_default().insert(record.micros().unwrap_or(0).div_euclid(DAY));
        }
        for (record, change, owner, off) in &self.swaps {
            // Backup proxies attach other machines' disks night after night.
            let habit = days.get(record.user.as_str()).is_some_and(|days| days.len() > 3);
            let (level, confidence) = match (habit, off) {
                (true, _) => (Level::Low, 0.2),
                (false, Some(_)) => (Level::High, 0.8),
                (false, None) => (Level::Medium, 0.5),
            };
            let mut records = vec![record, &change.part];
            records.extend(off.as_ref());
            records.extend(self.detached(record, change));
            let entities = vec![
                Entity::new(EntityKind::Vm, record.object.clone(), "object"),
                Entity::new(EntityKind::Vm, owner.clone(), "from"),
                Entity::new(EntityKind::User, record.user.clone(), "actor"),
                host(&record.host),
            ];
            let args = [("vm", record.object.as_str()), ("other", owner.as_str()), ("user", &record.user), ("host", &record.host)];
            let techniques: &[&str] = &["T1006", "T1003.003", "T1578"];
            out.findings.push(
                Draft {
                    rule: "vmware-disk-swap",
                    level,
                    confidence,
                    techniques,
                    tactics: &["credential-access"],
                    records: &records,
                    entities,
                    args: &args,
                }
                .finding(),
            );
        }
    }

    /// The same disk taken off again.
    fn detached(&self, record: &Record, change: &Change) -> Option<&Record> {
        let after = self.changes.iter().filter(|(later, _)| later.object == record.object && later.micros() > record.micros());
        after.into_iter().find(|(_, other)| other.removed && !other.disks.is_disjoint(&change.disks)).map(|(later, _)| later)
    }

    fn ghosts(&self, out: &mut Compared) {
        let mut days: BTreeMap<&str, BTreeSet<i64>> = BTreeMap::new();
        let mut pairs = Vec::new();
        for (at, (record, change)) in self.changes.iter().enumerate().filter(|(_, (_, change))| change.added && !change.cards.is_empty()) {
            let gone = self.changes.iter().skip(at + 1).find(|(later, other)| {
                later.object == record.object
                    && other.removed
                    && !other.cards.is_disjoint(&change.cards)
                    && later.micros().zip(record.micros()).is_some_and(|(end, start)| end - start < DAY)
            });
            if let Some(gone) = gone {
                days.entry(&record.user).or_default().insert(record.micros().unwrap_or(0).div_euclid(DAY));
                pairs.push((record, change, gone));
            }
        }
        for (record, change, (gone, other)) in pairs {
            let habit = days.get(record.user.as_str()).is_some_and(|days| days.len() > 3);
            let (level, confidence) = if habit { (Level::Low, 0.3) } else { (Level::Medium, 0.65) };
            let mac = change.cards.iter().next().cloned().unwrap_or_default();
            let entities = vec![
                Entity::new(EntityKind::Vm, record.object.clone(), "object"),
                Entity::new(EntityKind::User, record.user.clone(), "actor"),
                host(&record.host),
            ];
            let args = [("vm", record.object.as_str()), ("host", &record.host), ("mac", &mac), ("user", &record.user)];
            let records = [record, &change.part, gone, &other.part];
            let techniques: &[&str] = &["T1564", "T1578.005"];
            out.findings.push(
                Draft {
                    rule: "vmware-ghost-nic",
                    level,
                    confidence,
                    techniques,
                    tactics: &["defense-evasion"],
                    records: &records,
                    entities,
                    args: &args,
                }
                .finding(),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use konseki_model::{At, Basis, Fidelity, Stamp};

    fn reconfigured(event: &str, minute: i64, part: &str, message: &str) -> Record {
        Record {
            source: "vmware/vcenter_events".into(),
            kind: Some(if part.starts_with("1-") { Kind::VmReconfigure } else { Kind::Other }),
            time: Some(Stamp::new(minute * 60_000_000, Fidelity::Second, Basis::Written)),
            at: Some(At::Line(minute.unsigned_abs() * 2 + u64::from(!part.starts_with("1-")))),
            host: "vc".into(),
            user: "CORP\\op".into(),
            object: if part.starts_with("1-") { "web-01".into() } else { String::new() },
            fields: vec![("event_key".into(), event.into()), ("part".into(), part.into()), ("message".into(), message.into())],
            ..Record::default()
        }
    }

    fn run(parts: &[Record], events: &[Record]) -> Vec<konseki_model::Finding> {
        let mut cards = Cards::default();
        parts.iter().for_each(|record| cards.part(record));
        events.iter().for_each(|record| cards.observe(record));
        let mut out = Compared::default();
        cards.finish(&mut out);
        out.findings
    }

    #[test]
    fn a_card_for_an_hour_and_a_card_that_stays() {
        let add = reconfigured("7", 10, "2-2", "Added: (macAddress = \"00:50:56:9a:00:01\"); operation = \"add\"");
        let remove = reconfigured("8", 50, "2-2", "(macAddress = \"00:50:56:9a:00:01\"); operation = \"remove\"");
        let events = [reconfigured("7", 10, "1-2", "Reconfigured web-01"), reconfigured("8", 50, "1-2", "Reconfigured web-01")];
        let found = run(&[add.clone(), remove], &events);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].rule.as_str(), found[0].because.len()), ("vmware-ghost-nic", 4));
        assert!(run(&[add], &events).is_empty());
    }

    #[test]
    fn the_disk_of_a_machine_that_was_switched_off() {
        let off = Record { object: "dc-01".into(), kind: Some(Kind::VmPowerOff), ..reconfigured("1", 5, "1-1", "") };
        let text = "(fileName = \"ds:///vmfs/volumes/u/dc-01/dc-01.vmdk\"); operation = \"add\"";
        let found = run(&[reconfigured("7", 10, "2-2", text)], &[off, reconfigured("7", 10, "1-2", "")]);
        assert_eq!((found[0].rule.as_str(), found[0].level), ("vmware-disk-swap", Level::High));
        let own = "(fileName = \"[ds1] web-01/web-01_1.vmdk\"); operation = \"add\"";
        assert!(run(&[reconfigured("7", 10, "2-2", own)], &[reconfigured("7", 10, "1-2", "")]).is_empty());
    }
}
