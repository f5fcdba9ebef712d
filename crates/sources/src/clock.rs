//! Turns times as written into instants: by the offset written, the analyst's zone, or the source's own clock.

use konseki_formats::time::{Local, Written, Years};
use konseki_model::time::civil_from_days;
use konseki_model::{Basis, Fidelity, Sink, Stamp};

use crate::Reading;

/// The clock of one reading. Reports at the end which zone was taken and why.
pub struct Clock {
    local: Option<Local>,
    zone: String,
    basis: Basis,
    years: Option<Years>,
    first_year: i64,
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
        let first_year = reading.hints.modified.map_or(1970, |micros| civil_from_days(micros.div_euclid(86_400_000_000)).0);
        Self { local: Local::new(&zone), zone, basis, years: None, first_year, written: 0, converted: 0 }
    }

    /// A better reason for the zone found in the piece itself (a header, a file name).
    pub fn set_zone(&mut self, zone: &str, basis: Basis) {
        if let Some(local) = Local::new(zone) {
            self.local = Some(local);
            self.zone = zone.to_owned();
            self.basis = basis;
        }
    }

    /// The year of the first year-less line, where something better than the file's time says it.
    pub fn set_first_year(&mut self, year: i64) {
        self.first_year = year;
        self.years = None;
    }

    /// The instant of a time as written; `None` for one that cannot be.
    pub fn stamp(&mut self, written: &Written) -> Option<Stamp> {
        let fidelity = match written.digits {
            0 => Fidelity::Second,
            1..=3 => Fidelity::Millisecond,
            _ => Fidelity::Microsecond,
        };
        if written.year == 0 {
            let first = self.first_year;
            let years = self.years.get_or_insert_with(|| Years::starting(first));
            let mut with_year = *written;
            let civil = years.give(&mut with_year)?;
            let micros = self.utc(&with_year, civil)?;
            return Some(Stamp::new(micros, fidelity, Basis::YearInferred));
        }
        let civil = written.civil_micros()?;
        let basis = if written.offset.is_some() { Basis::Written } else { self.basis };
        let micros = self.utc(written, civil)?;
        Some(Stamp::new(micros, fidelity, basis))
    }

    fn utc(&mut self, written: &Written, civil: i64) -> Option<i64> {
        if let Some(offset) = written.offset {
            self.written += 1;
            return Some(civil - i64::from(offset) * 1_000_000);
        }
        self.converted += 1;
        self.local.as_mut()?.utc(civil)
    }

    /// Says to the sink how times of this piece were taken.
    pub fn report(&self, sink: &mut dyn Sink) {
        if self.converted > 0 {
            sink.zone(&self.zone, self.basis.as_str());
        } else if self.written > 0 {
            sink.zone("as written", Basis::Written.as_str());
        }
    }
}
