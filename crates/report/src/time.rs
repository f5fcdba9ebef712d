//! Times as the report shows them: UTC and one second zone.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};
use konseki_model::Fidelity;
use konseki_model::time::{civil_from_days, micros_from_civil};

pub const HOUR: i64 = 3_600_000_000;
pub const DAY: i64 = 24 * HOUR;

/// Microseconds since 1970 of an RFC 3339 time as results hold it (`2024-01-07T03:12:09.123456Z`, or with offset).
pub fn parse_rfc3339(text: &str) -> Option<i64> {
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<u32>().ok();
    let date = (i64::from(number(0..4)?), number(5..7)?, number(8..10)?);
    let clock = (number(11..13)?, number(14..16)?, number(17..19)?);
    if !text.is_ascii() || text.get(10..11)? != "T" {
        return None;
    }
    let mut rest = text.get(19..)?;
    let mut micro = 0;
    if let Some(fraction) = rest.strip_prefix('.') {
        let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
        let padded: String = fraction.get(..digits)?.chars().chain("000000".chars()).take(6).collect();
        micro = padded.parse().ok()?;
        rest = fraction.get(digits..)?;
    }
    let utc = micros_from_civil(date, clock, micro)?;
    match rest {
        "Z" | "z" => Some(utc),
        _ => Some(utc - i64::from(parse_offset(rest)?) * 1_000_000),
    }
}

/// `+09:00` in seconds.
fn parse_offset(text: &str) -> Option<i32> {
    let sign = match text.get(..1)? {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let (hours, minutes) = text.get(1..)?.split_once(':')?;
    let (hours, minutes) = (hours.parse::<i32>().ok()?, minutes.parse::<i32>().ok()?);
    (hours <= 25 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

fn clock(micros: i64) -> (String, String) {
    let seconds = micros.div_euclid(1_000_000);
    let (year, month, day) = civil_from_days(seconds.div_euclid(86_400));
    let second = seconds.rem_euclid(86_400);
    let date = format!("{year:04}-{month:02}-{day:02}");
    (date, format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60))
}

/// `2024-01-07 03:12:09 UTC`.
pub fn utc_seconds(micros: i64) -> String {
    let (date, time) = clock(micros);
    format!("{date} {time} UTC")
}

/// The second zone of the report.
#[derive(Clone, Debug)]
pub struct Zone {
    tz: TimeZone,
    pub name: String,
}

impl Zone {
    /// An IANA name (`Asia/Tokyo`) or a fixed offset (`+09:00`); UTC where it is neither.
    pub fn new(name: &str) -> Self {
        let fixed = parse_offset(name).and_then(|seconds| Offset::from_seconds(seconds).ok()).map(TimeZone::fixed);
        let tz = fixed.or_else(|| TimeZone::get(name).ok());
        match tz {
            Some(tz) => Self { tz, name: name.to_owned() },
            None => Self { tz: TimeZone::UTC, name: "UTC".to_owned() },
        }
    }

    pub fn utc() -> Self {
        Self { tz: TimeZone::UTC, name: "UTC".to_owned() }
    }

    pub fn is_utc(&self) -> bool {
        self.name == "UTC"
    }

    /// Offset from UTC at that instant, seconds.
    pub fn offset(&self, micros: i64) -> i64 {
        Timestamp::from_microsecond(micros).map_or(0, |at| i64::from(self.tz.to_offset(at).seconds()))
    }

    /// Date, clock and offset suffix (`Z`, `+09:00`), cut to the fidelity.
    pub fn parts(&self, micros: i64, fidelity: Fidelity) -> (String, String, String) {
        let offset = self.offset(micros);
        let local = micros.saturating_add(offset * 1_000_000);
        let (date, time) = clock(local);
        let time = match fidelity {
            Fidelity::Microsecond | Fidelity::Millisecond => format!("{time}.{:03}", local.rem_euclid(1_000_000) / 1000),
            Fidelity::Second => time,
            Fidelity::Minute | Fidelity::Hour => time.get(..5).unwrap_or(&time).to_owned(),
            Fidelity::Day | Fidelity::Month | Fidelity::Year => String::new(),
        };
        (date, time, self.suffix(offset))
    }

    fn suffix(&self, offset: i64) -> String {
        if self.is_utc() {
            return "Z".to_owned();
        }
        let sign = if offset < 0 { '-' } else { '+' };
        let minutes = offset.abs() / 60;
        format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }

    /// `2024-01-07 12:12:09+09:00`, cut to the fidelity. A day stays the day in UTC: its hours are not known, so no
    /// other zone can be said.
    pub fn show(&self, micros: i64, fidelity: Fidelity) -> String {
        if fidelity >= Fidelity::Day {
            return Self::utc().parts(micros, fidelity).0;
        }
        let (date, time, suffix) = self.parts(micros, fidelity);
        format!("{date} {time}{suffix}")
    }

    /// Local midnight at or before that instant, as UTC micros.
    pub fn floor_to(&self, micros: i64, unit: i64) -> i64 {
        let offset = self.offset(micros) * 1_000_000;
        (micros + offset).div_euclid(unit) * unit - offset
    }
}

/// `second`, as results write it.
pub fn fidelity(name: &str) -> Fidelity {
    [
        Fidelity::Microsecond,
        Fidelity::Millisecond,
        Fidelity::Second,
        Fidelity::Minute,
        Fidelity::Hour,
        Fidelity::Day,
        Fidelity::Month,
        Fidelity::Year,
    ]
    .into_iter()
    .find(|fidelity| fidelity.as_str() == name)
    .unwrap_or(Fidelity::Second)
}
