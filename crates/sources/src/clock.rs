//! Turns times as written into instants: by the offset written, the analyst's zone, or the source's own clock.

use konseki_formats::time::{Local, Written, Years};
use konseki_model::time::{Offset, civil_from_days};
use konseki_model::{Basis, Fidelity, Problem, ProblemKind, Sink, Stamp};

use crate::Reading;

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// The clock of one reading. Reports at the end which zone was taken and why.
pub struct Clock {
    local: Option<Local>,
    zone: String,
    basis: Basis,
    years: Option<Years>,
    /// The year of the first year-less line: by the last change of the file, or by a line before it that writes one.
    first_year: Option<i64>,
    /// The last change of the file: its first line is not of a later day. `None` where something better gave the year.
    latest: Option<i64>,
    /// Times whose year nothing tells.
    yearless: u64,
    written: u64,
    converted: u64,
}

impl Clock {
    pub fn new(reading: &Reading<'_>) -> Self {
        let about = &reading.about.clock;
        let by_format = about.basis == "format";
        let (zone, basis) = match &reading.hints.zone {
            Some((zone, basis)) if !by_format => (zone.clone(), *basis),
            _ => (about.zone.clone(), if by_format { Basis::Format } else { Basis::Assumed }),
        };
        let latest = reading.hints.modified;
        let first_year = latest.map(|micros| civil_from_days(micros.div_euclid(DAY)).0);
        Self { local: Local::new(&zone), zone, basis, years: None, first_year, latest, yearless: 0, written: 0, converted: 0 }
    }

    /// Nobody told the zone.
    pub fn is_assumed(&self) -> bool {
        self.basis == Basis::Assumed
    }

    /// A better reason for the zone found in the piece itself (a header, a file name).
    pub fn set_zone(&mut self, zone: &str, basis: Basis) {
        if let Some(local) = Local::new(zone) {
            self.local = Some(local);
            self.zone = zone.to_owned();
            self.basis = basis;
        }
    }

    /// The instant of a time as written; `None` for one that cannot be, or whose year nothing tells.
    pub fn stamp(&mut self, written: &Written) -> Option<Stamp> {
        let fidelity = match written.digits {
            0 => Fidelity::Second,
            1..=3 => Fidelity::Millisecond,
            _ => Fidelity::Microsecond,
        };
        if written.year == 0 {
            let Some(first) = self.year_of_first(written) else {
                self.yearless += 1;
                return None;
            };
            let years = self.years.get_or_insert_with(|| Years::starting(first));
            let mut with_year = *written;
            let civil = years.give(&mut with_year)?;
            let assumed = written.offset.is_none() && self.basis == Basis::Assumed;
            let basis = if assumed { Basis::YearAssumed } else { Basis::YearInferred };
            return self.utc(&with_year, civil, fidelity, basis);
        }
        let civil = written.civil_micros()?;
        self.first_year = self.first_year.or(Some(written.year));
        let basis = if written.offset.is_some() { Basis::Written } else { self.basis };
        self.utc(written, civil, fidelity, basis)
    }

    /// A file last written in January that begins in December began in the year before.
    fn year_of_first(&self, written: &Written) -> Option<i64> {
        let year = self.first_year?;
        let civil = Written { year, ..*written }.civil_micros();
        let later = civil.zip(self.latest).is_some_and(|(civil, latest)| civil > latest.saturating_add(DAY));
        Some(year - i64::from(later))
    }

    fn utc(&mut self, written: &Written, civil: i64, fidelity: Fidelity, basis: Basis) -> Option<Stamp> {
        if let Some(offset) = written.offset {
            self.written += 1;
            return Some(Stamp::new(civil - i64::from(offset) * 1_000_000, fidelity, basis).by(Offset::Said(offset)));
        }
        self.converted += 1;
        let micros = self.local.as_mut()?.utc(civil)?;
        let stamp = Stamp::new(micros, fidelity, basis);
        let offset = ((civil - micros) / 1_000_000) as i32;
        Some(match self.basis {
            Basis::Format => stamp,
            Basis::FileName => stamp.by(Offset::Said(offset)),
            _ => stamp.by(Offset::Taken(offset)),
        })
    }

    /// Says to the sink how times of this piece were taken.
    pub fn report(&self, sink: &mut dyn Sink) {
        if self.yearless > 0 {
            let text = "times without a year, and nothing tells it: the events were kept without a time";
            let mut problem = Problem::new(ProblemKind::Time, None, text);
            problem.count = self.yearless;
            sink.problem(problem);
        }
        if self.converted > 0 {
            sink.zone(&self.zone, self.basis.as_str());
        } else if self.written > 0 {
            sink.zone("as written", Basis::Written.as_str());
        }
    }
}

#[cfg(test)]
mod tests {
    use konseki_formats::time::{iso, syslog3164};
    use konseki_model::{Hints, Piece};

    use super::*;
    use crate::Description;

    fn stamps(zone: Option<&str>, modified: Option<&str>, lines: &[&str]) -> Vec<(String, Basis)> {
        let entry = crate::all().iter().find(|entry| entry.id == "linux/syslog").unwrap();
        let about = Description::parse(entry.about).unwrap();
        let modified = modified.and_then(|text| iso(text.as_bytes())).and_then(|(written, _)| written.civil_micros());
        let hints = Hints { zone: zone.map(|zone| (zone.to_owned(), Basis::Analyst)), modified, ..Hints::default() };
        let piece = Piece { path: "messages", head: b"", size: 0 };
        let mut clock = Clock::new(&Reading { piece, hints: &hints, about: &about });
        let stamp = |line: &&str| syslog3164(line.as_bytes()).and_then(|(written, _)| clock.stamp(&written));
        let text = |stamp: Stamp| (konseki_model::time::rfc3339(stamp.micros, stamp.fidelity), stamp.basis);
        lines.iter().filter_map(stamp).map(text).collect()
    }

    #[test]
    fn a_log_over_new_year_began_in_the_year_before() {
        let read = stamps(Some("UTC"), Some("2024-01-05T00:00:00"), &["Dec 30 23:00:00", "Jan  2 01:00:00"]);
        let days: Vec<_> = read.iter().map(|(time, _)| time.get(..10).unwrap_or_default()).collect();
        assert_eq!(days, ["2023-12-30", "2024-01-02"]);
        assert!(read.iter().all(|(_, basis)| *basis == Basis::YearInferred));
    }

    #[test]
    fn a_time_rests_on_the_weaker_of_year_and_zone() {
        let line = &["Dec 30 23:00:00"];
        let basis = |zone, modified| stamps(zone, modified, line).first().map(|(_, basis)| *basis);
        assert_eq!(basis(Some("Asia/Tokyo"), Some("2024-01-05T00:00:00")), Some(Basis::YearInferred));
        assert_eq!(basis(None, Some("2024-01-05T00:00:00")), Some(Basis::YearAssumed));
        assert_eq!(basis(Some("Asia/Tokyo"), None), None, "no year: no time, rather than one of 1970");
    }
}
