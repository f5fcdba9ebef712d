//! Shares read in bulk: many files in a day by one account, far above its own other days, in folders new to it.

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::{Entity, EntityKind, Kind, Level, Record};

use super::{Compared, Draft, host};
use crate::names::{account, is_service};

const DAY: i64 = 86_400_000_000;
const MOST: usize = 200_000;
/// Different files in a day below which nothing is told.
const FEW: u64 = 100;

#[derive(Default)]
struct Day {
    files: BTreeSet<u64>,
    count: u64,
    shares: BTreeSet<String>,
    records: Vec<Record>,
}

#[derive(Default)]
pub struct Shares {
    /// (account, server, day).
    days: BTreeMap<(String, String, i64), Day>,
}

/// FNV-1a: a number for a name, the same everywhere.
fn number(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

impl Shares {
    pub fn observe(&mut self, record: &Record) {
        if record.kind() != Kind::ShareAccess || is_service(&record.user) {
            return;
        }
        let share = record.object.rsplit('\\').next().unwrap_or_default().to_lowercase();
        if ["ipc$", "sysvol", "netlogon", "print$"].contains(&share.as_str()) {
            return;
        }
        let Some(time) = record.micros() else { return };
        let key = (account(&record.user), record.host.clone(), time.div_euclid(DAY));
        if self.days.len() >= MOST && !self.days.contains_key(&key) {
            return;
        }
        let day = self.days.entry(key).or_default();
        day.count += 1;
        if day.shares.len() < 64 && !day.shares.contains(&share) {
            day.shares.insert(share);
            if day.records.len() < 12 {
                day.records.push(super::lean(record));
            }
        }
        if !record.target.is_empty() && day.files.len() < 20_000 {
            day.files.insert(number(&record.target));
            if day.records.len() < 16 {
                day.records.push(super::lean(record));
            }
        }
    }

    pub fn finish(&self, out: &mut Compared) {
        let mut accounts: BTreeMap<(&str, &str), Vec<(i64, &Day)>> = BTreeMap::new();
        for ((name, server, day), seen) in &self.days {
            accounts.entry((name, server)).or_default().push((*day, seen));
        }
        for ((name, server), days) in accounts {
            let files = |day: &Day| day.files.len() as u64;
            let many: Vec<&(i64, &Day)> = days.iter().filter(|(_, day)| files(day) >= FEW).collect();
            // What an account does on many days is its work.
            if many.is_empty() || many.len() * 4 > days.len().max(8) {
                continue;
            }
            let mut other: Vec<u64> = days.iter().map(|(_, day)| files(day)).filter(|count| *count < FEW).collect();
            other.sort_unstable();
            let usual = other.get(other.len() / 2).copied().unwrap_or(0);
            if many.iter().all(|(_, day)| files(day) < usual.saturating_mul(8)) {
                continue;
            }
            let first = many.iter().map(|(day, _)| *day).min().unwrap_or(0);
            let before: BTreeSet<&String> = days.iter().filter(|(day, _)| *day < first).flat_map(|(_, day)| &day.shares).collect();
            let new: BTreeSet<&String> = many.iter().flat_map(|(_, day)| &day.shares).filter(|share| !before.contains(share)).collect();
            let level = if new.is_empty() || before.is_empty() { Level::Low } else { Level::Medium };
            let records: Vec<&Record> = many.iter().flat_map(|(_, day)| &day.records).collect();
            let Some(one) = records.first() else { continue };
            let count: u64 = many.iter().map(|(_, day)| files(day)).sum();
            let list = new.iter().map(|share| share.as_str()).collect::<Vec<_>>().join(", ");
            let (count, usual) = (count.to_string(), usual.to_string());
            let args = [
                ("user", one.user.as_str()),
                ("host", server),
                ("count", &count),
                ("baseline", &usual),
                ("shares", &list),
                ("src", &one.src),
            ];
            let entities = vec![
                host(server),
                Entity::new(EntityKind::User, one.user.clone(), "actor"),
                Entity::new(EntityKind::Address, one.src.clone(), "from"),
                Entity::new(EntityKind::Session, one.session.clone(), "via"),
            ];
            let techniques: &[&str] = &["T1039", "T1119"];
            let _ = name;
            out.findings.push(
                Draft {
                    rule: "shares-read-in-bulk",
                    level,
                    confidence: 0.5,
                    techniques,
                    tactics: &["collection"],
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

    fn read(day: i64, number: i64, share: &str) -> Record {
        Record {
            kind: Some(Kind::ShareAccess),
            user: "CORP\\hanako".into(),
            host: "files".into(),
            object: format!("\\\\*\\{share}"),
            target: format!("a\\{number}.xlsx"),
            time: Some(Stamp::new(day * DAY + number * 1_000_000, Fidelity::Second, Basis::Written)),
            at: Some(At::Record((day * 1000 + number).unsigned_abs())),
            ..Record::default()
        }
    }

    fn run(records: &[Record]) -> Vec<konseki_model::Finding> {
        let mut shares = Shares::default();
        records.iter().for_each(|record| shares.observe(record));
        let mut out = Compared::default();
        shares.finish(&mut out);
        out.findings
    }

    #[test]
    fn a_night_of_reading_other_departments_and_a_person_who_always_reads_much() {
        let daily: Vec<Record> = (0..20).flat_map(|day| (0..5).map(move |n| read(day, n, "team"))).collect();
        let bulk: Vec<Record> = (0..180).map(|n| read(21, n, "finance")).collect();
        let found = run(&[daily, bulk].concat());
        assert_eq!((found[0].level, found[0].args["shares"].as_str()), (Level::Medium, "finance"));
        let work: Vec<Record> = (0..20).flat_map(|day| (0..150).map(move |n| read(day, n, "team"))).collect();
        assert!(run(&work).is_empty());
    }
}
