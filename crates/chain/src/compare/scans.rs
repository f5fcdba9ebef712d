//! Integrity checks that run on a schedule: one that did not run while the appliance wrote its log.

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::{FindingKind, Kind, Level, Record};

use super::{Compared, Draft, host, lean};

const HOUR: i64 = 3_600_000_000;
/// Scans that make a schedule.
const ENOUGH: usize = 8;

#[derive(Default)]
pub struct Scans {
    /// Host -> scans in order of time.
    scans: BTreeMap<String, Vec<Record>>,
    /// Host -> hours in which it wrote anything.
    alive: BTreeMap<String, BTreeSet<i64>>,
}

impl Scans {
    pub fn observe(&mut self, record: &Record) {
        let Some(time) = record.micros().filter(|_| record.source.starts_with("ivanti/")) else { return };
        self.alive.entry(record.host.clone()).or_default().insert(time.div_euclid(HOUR));
        if record.kind() == Kind::IntegrityScan {
            let scans = self.scans.entry(record.host.clone()).or_default();
            if scans.len() < 100_000 {
                scans.push(lean(record));
            }
        }
    }

    pub fn finish(&self, out: &mut Compared) {
        for (place, scans) in &self.scans {
            // Start and end of one scan lie close together.
            let gap = |pair: &[Record]| match pair {
                [a, b] => a.micros().zip(b.micros()).map_or(0, |(a, b)| b - a),
                _ => 0,
            };
            let mut gaps: Vec<i64> = scans.windows(2).map(gap).filter(|gap| *gap >= HOUR / 2).collect();
            if gaps.len() < ENOUGH {
                continue;
            }
            gaps.sort_unstable();
            let period = gaps.get(gaps.len() / 2).copied().unwrap_or(0);
            for pair in scans.windows(2).filter(|pair| gap(pair) * 2 >= period * 5) {
                let [before, after] = pair else { continue };
                self.missing(place, before, after, period, out);
            }
        }
    }

    fn missing(&self, place: &str, before: &Record, after: &Record, period: i64, out: &mut Compared) {
        let (Some(from), Some(to)) = (before.micros(), after.micros()) else { return };
        let hours = (to - from) / HOUR;
        let written = self.alive.get(place).map_or(0, |hours| hours.range(from.div_euclid(HOUR) + 1..to.div_euclid(HOUR)).count() as i64);
        // An appliance that was off wrote nothing either.
        if written * 10 < hours {
            return;
        }
        let text = |micros: i64| konseki_model::time::rfc3339(micros, konseki_model::Fidelity::Second);
        let (from, to, period) = (text(from), text(to), crate::names::seconds(period));
        let args = [("host", place), ("from", from.as_str()), ("to", &to), ("period", &period)];
        let techniques: &[&str] = &["T1562.001"];
        let mut finding = Draft {
            rule: "integrity-scan-missing",
            level: Level::Medium,
            confidence: 0.5,
            techniques,
            tactics: &["defense-evasion"],
            records: &[before, after],
            entities: vec![host(place)],
            args: &args,
        }
        .finding();
        finding.kind = FindingKind::Absent;
        out.findings.push(finding);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use konseki_model::{At, Basis, Fidelity, Stamp};

    fn event(kind: Kind, hour: i64) -> Record {
        Record {
            source: "ivanti/syslog".into(),
            kind: Some(kind),
            host: "vpn".into(),
            time: Some(Stamp::new(hour * HOUR, Fidelity::Second, Basis::Written)),
            at: Some(At::Line(hour.unsigned_abs() + 1)),
            ..Record::default()
        }
    }

    fn run(records: &[Record]) -> usize {
        let mut scans = Scans::default();
        records.iter().for_each(|record| scans.observe(record));
        let mut out = Compared::default();
        scans.finish(&mut out);
        out.findings.len()
    }

    #[test]
    fn a_schedule_with_a_hole_counts_only_while_the_log_was_alive() {
        let scans: Vec<Record> = (0..20).filter(|n| !(10..14).contains(n)).map(|n| event(Kind::IntegrityScan, n * 12)).collect();
        let alive: Vec<Record> = (0..240).map(|hour| event(Kind::Other, hour)).collect();
        let mut both = [scans.clone(), alive].concat();
        both.sort_by_key(Record::micros);
        assert_eq!(run(&both), 1);
        assert_eq!(run(&scans), 0);
    }
}
