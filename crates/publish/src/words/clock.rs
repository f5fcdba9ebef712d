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

/// The text with every time of day behind a date (`2024-01-07 03:12:09 UTC`, `2024-01-07T03:12:09.5Z`) cut off.
pub fn days_only(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (head, tail) = rest.split_at(at);
        out.push_str(head);
        match fits(tail, "####-##-##") {
            Some(clock) if fits(clock, " ##:##").or(fits(clock, "T##:##")).is_some() => {
                out.push_str(tail.get(..10).unwrap_or_default());
                rest = after_clock(clock);
            }
            _ => {
                let digits = tail.bytes().take_while(u8::is_ascii_digit).count();
                let (number, more) = tail.split_at(digits);
                out.push_str(number);
                rest = more;
            }
        }
    }
    out + rest
}

/// What follows a text of that shape (`#` is a digit); `None` where it has another one.
fn fits<'a>(text: &'a str, shape: &str) -> Option<&'a str> {
    let like = |(want, have): (u8, u8)| if want == b'#' { have.is_ascii_digit() } else { have == want };
    let head = text.as_bytes().get(..shape.len())?;
    shape.bytes().zip(head.iter().copied()).all(like).then(|| text.get(shape.len()..))?
}

/// Behind hours and minutes: seconds, fraction, offset or `UTC`.
fn after_clock(clock: &str) -> &str {
    let mut rest = clock.get(6..).unwrap_or_default();
    rest = fits(rest, ":##").unwrap_or(rest);
    if let Some(fraction) = rest.strip_prefix('.').filter(|text| text.starts_with(|c: char| c.is_ascii_digit())) {
        rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    let zone = ["Z", " UTC"].into_iter().find_map(|zone| rest.strip_prefix(zone));
    zone.or(fits(rest, "+##:##")).or(fits(rest, "-##:##")).unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::days_only;

    #[test]
    fn times_of_day_are_cut_and_nothing_else() {
        for (text, cut) in [
            ("from 2024-01-07 03:12:09 UTC to 2024-01-08T00:00:00.123456Z.", "from 2024-01-07 to 2024-01-08."),
            ("2024-01-07 12:12:09+09:00, 2024-01-07 03:12", "2024-01-07, 2024-01-07"),
            ("10.1.2.3:443 and 2024-01-07 and T1059.004", "10.1.2.3:443 and 2024-01-07 and T1059.004"),
            ("12024-01-0", "12024-01-0"),
            ("", ""),
        ] {
            assert_eq!(days_only(text), cut);
        }
    }
}
