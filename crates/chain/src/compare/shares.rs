//! Shares read in bulk: many files in a day by one account, far above its own other days, in folders new to it.

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::{Entity, EntityKind, Kind, Level, Record};

use super::{Compared, Draft, host};
use crate::names::{account, is_service};

const DAY: i64 = 86_400_000_000;
const MOST: usize = 200_000;
/// Different files in a day below which nothing is told.
const FEW: u64 = 100;

/// Numbers of files that are held in all.
const FILES: usize = 4_000_000;

#[derive(Default)]
struct Day {
    files: BTreeSet<u64>,
    shares: BTreeSet<String>,
}

/// What is cited of a day that is told.
#[derive(Default)]
struct Cited {
    shares: BTreeSet<String>,
    records: Vec<Record>,
}

/// One account's days on one server far above its others.
struct Bulk {
    days: Vec<Key>,
    files: u64,
    /// Files that it reads on its other days.
    usual: u64,
    /// Shares that it had not opened before.
    new: BTreeSet<String>,
    level: Level,
}

/// (account, server, day).
type Key = (String, String, i64);

#[derive(Default)]
pub struct Shares {
    days: BTreeMap<Key, Day>,
    files: usize,
    /// What is told once all days are known, and what of it is cited.
    told: Vec<Bulk>,
    cited: BTreeMap<Key, Cited>,
    pub beyond: u64,
}

/// FNV-1a: a number for a name, the same everywhere.
fn number(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Day and share of an access that counts.
fn access(record: &Record) -> Option<(Key, String)> {
    if record.kind() != Kind::ShareAccess || is_service(&record.user) {
        return None;
    }
    let share = record.object.rsplit('\\').next().unwrap_or_default().to_lowercase();
    if ["ipc$", "sysvol", "netlogon", "print$"].contains(&share.as_str()) {
        return None;
    }
    let day = record.micros()?.div_euclid(DAY);
    Some(((account(&record.user), record.host.clone(), day), share))
}

fn files(day: &Day) -> u64 {
    day.files.len() as u64
}

/// Judges the days of one account on one server.
fn bulk(name: &str, server: &str, days: &[(i64, &Day)]) -> Option<Bulk> {
    let many: Vec<&(i64, &Day)> = days.iter().filter(|(_, day)| files(day) >= FEW).collect();
    // What an account does on many days is its work.
    if many.is_empty() || many.len() * 4 > days.len().max(8) {
        return None;
    }
    let mut other: Vec<u64> = days.iter().map(|(_, day)| files(day)).filter(|count| *count < FEW).collect();
    other.sort_unstable();
    let usual = other.get(other.len() / 2).copied().unwrap_or(0);
    if many.iter().all(|(_, day)| files(day) < usual.saturating_mul(8)) {
        return None;
    }
    let first = many.iter().map(|(day, _)| *day).min().unwrap_or(0);
    let before: BTreeSet<&String> = days.iter().filter(|(day, _)| *day < first).flat_map(|(_, day)| &day.shares).collect();
    let new: BTreeSet<String> = many.iter().flat_map(|(_, day)| &day.shares).filter(|share| !before.contains(share)).cloned().collect();
    Some(Bulk {
        level: if new.is_empty() || before.is_empty() { Level::Low } else { Level::Medium },
        days: many.iter().map(|(day, _)| (name.to_owned(), server.to_owned(), *day)).collect(),
        files: many.iter().map(|(_, day)| files(day)).sum(),
        usual,
        new,
    })
}

impl Shares {
    pub fn observe(&mut self, record: &Record) {
        let Some((key, share)) = access(record) else { return };
        if self.days.len() >= MOST && !self.days.contains_key(&key) {
            self.beyond += 1;
            return;
        }
        let day = self.days.entry(key).or_default();
        if day.shares.len() < 64 {
            day.shares.insert(share);
        }
        if record.target.is_empty() {
            return;
        }
        if self.files >= FILES {
            self.beyond += 1;
        } else if day.files.len() < 20_000 && day.files.insert(number(&record.target)) {
            self.files += 1;
        }
    }

    /// Which days are told; what was counted is no longer needed.
    pub fn settle(&mut self) {
        let all = std::mem::take(&mut self.days);
        let mut accounts: BTreeMap<(&str, &str), Vec<(i64, &Day)>> = BTreeMap::new();
        for ((name, server, day), seen) in &all {
            accounts.entry((name, server)).or_default().push((*day, seen));
        }
        self.told = accounts.iter().filter_map(|((name, server), days)| bulk(name, server, days)).collect();
        self.cited = self.told.iter().flat_map(|bulk| bulk.days.iter().cloned()).map(|key| (key, Cited::default())).collect();
    }

    /// Records of days that are told are asked for once more.
    pub fn again(&self) -> bool {
        !self.told.is_empty()
    }

    /// Keeps what is cited of the days that are told: first of each share, and a few files.
    pub fn look(&mut self, record: &Record) {
        if self.cited.is_empty() {
            return;
        }
        let Some((key, share)) = access(record) else { return };
        let Some(cited) = self.cited.get_mut(&key) else { return };
        if cited.shares.len() < 64 && cited.shares.insert(share) && cited.records.len() < 12 {
            cited.records.push(super::lean(record));
        }
        if !record.target.is_empty() && cited.records.len() < 16 {
            cited.records.push(super::lean(record));
        }
    }

    pub fn finish(&self, out: &mut Compared) {
        for bulk in &self.told {
            let records: Vec<&Record> = bulk.days.iter().filter_map(|key| self.cited.get(key)).flat_map(|day| &day.records).collect();
            let (Some(one), Some((_, server, _))) = (records.first(), bulk.days.first()) else { continue };
            let list = bulk.new.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
            let (count, usual, level) = (bulk.files.to_string(), bulk.usual.to_string(), bulk.level);
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
        shares.settle();
        records.iter().for_each(|record| shares.look(record));
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
