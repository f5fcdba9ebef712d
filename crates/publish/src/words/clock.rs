//! Times and dates as the package writes them: one code path for both languages, in UTC and in the victim's zone.

use konseki_model::Fidelity;
use konseki_report::Both;
use konseki_report::time::{Zone, parse_rfc3339};

use super::book::{plain, same, say};

#[derive(Clone, Debug)]
pub struct Clock {
    pub zone: Zone,
    /// Days only: what the audience may know.
    pub days: bool,
}

impl Clock {
    pub fn new(zone: &str, days: bool) -> Self {
        Self { zone: Zone::new(zone), days }
    }

    /// `31 December 2023`, in the victim's zone.
    pub fn date(&self, micros: i64) -> Both {
        let (date, _, _) = self.zone.parts(micros, Fidelity::Second);
        civil(&date)
    }

    /// From one day to another; one day alone where both are the same.
    pub fn span(&self, from: i64, to: i64) -> Both {
        let (first, last) = (self.date(from), self.date(to));
        if first == last { first } else { say("common.span", &[("from", first), ("to", last)]) }
    }

    /// An instant with its offset, in UTC and, where it differs, in the victim's zone; the day alone for audiences that
    /// get no more.
    pub fn moment(&self, micros: i64, fidelity: Fidelity) -> Both {
        if self.days || fidelity >= Fidelity::Day {
            return same(&self.zone.parts(micros, Fidelity::Day).0);
        }
        let utc = Zone::utc().show(micros, fidelity);
        if self.zone.is_utc() {
            return same(&utc);
        }
        say("common.moment", &[("utc", same(&utc)), ("local", same(&self.zone.show(micros, fidelity)))])
    }

    /// The same from a time as results hold it.
    pub fn written(&self, time: Option<&str>, fidelity: &str) -> Both {
        match time.and_then(parse_rfc3339) {
            Some(micros) => self.moment(micros, konseki_report::time::fidelity(fidelity)),
            None => plain("common.no-time"),
        }
    }

    /// The note that says which zone dates are in.
    pub fn note(&self) -> Both {
        say("common.zone-note", &[("zone", same(&self.zone.name))])
    }
}

/// `2023-12-31` in words.
pub fn civil(date: &str) -> Both {
    let mut parts = date.rsplitn(3, '-');
    let (day, month, year) = (parts.next(), parts.next(), parts.next());
    let (Some(day), Some(month), Some(year)) = (day, month, year) else { return same(date) };
    let bare = |text: &str| same(text.trim_start_matches('0'));
    let names = plain("common.months");
    let index = month.parse::<usize>().unwrap_or(1).saturating_sub(1);
    let pick = |text: &str| text.split(' ').nth(index).unwrap_or(month).to_owned();
    let name = Both { en: pick(&names.en), ja: pick(&names.ja) };
    say("common.date", &[("d", bare(day)), ("month", name), ("y", same(year))])
}
