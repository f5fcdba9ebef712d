//! Time as konseki holds it: an instant, how fine it was written, and why its zone is believed.

use serde::{Deserialize, Serialize};

/// The finest unit in which the source wrote the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fidelity {
    Microsecond,
    Millisecond,
    Second,
    Minute,
    Hour,
    Day,
    Month,
    Year,
}

impl Fidelity {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Microsecond => "microsecond",
            Self::Millisecond => "millisecond",
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Month => "month",
            Self::Year => "year",
        }
    }

    /// The fidelity of that name (`as_str`).
    pub fn parse(name: &str) -> Option<Self> {
        use Fidelity as F;
        [F::Microsecond, F::Millisecond, F::Second, F::Minute, F::Hour, F::Day, F::Month, F::Year]
            .into_iter()
            .find(|one| one.as_str() == name)
    }

    /// Width of the unit in microseconds (month = 31 days, year = 366 days): the doubt of a written time.
    pub fn micros(self) -> i64 {
        match self {
            Self::Microsecond => 1,
            Self::Millisecond => 1_000,
            Self::Second => 1_000_000,
            Self::Minute => 60_000_000,
            Self::Hour => 3_600_000_000,
            Self::Day => 86_400_000_000,
            Self::Month => 31 * 86_400_000_000,
            Self::Year => 366 * 86_400_000_000,
        }
    }
}

/// How the zone (or the year) of a time is known, from strong to weak.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// The offset or `Z` stands in the record itself.
    Written,
    /// The format defines its zone (FILETIME, epoch, ESXi files).
    Format,
    /// The offset stands in an outer head (syslog) of the same line.
    Header,
    /// The zone stands in the file's name (GUI exports).
    FileName,
    /// Derived from ZIP fields: DOS local time against the UT extra field.
    ZipFields,
    /// Set by the analyst in case.toml.
    Analyst,
    /// Stated by other logs of the same host.
    Neighbours,
    /// Zone written, year inferred from order and file times.
    YearInferred,
    /// A guess: nothing says it (UTC assumed, or the product's default).
    Assumed,
    /// Zone assumed and year inferred.
    YearAssumed,
}

impl Basis {
    /// The basis of that name (`as_str`).
    pub fn parse(name: &str) -> Option<Self> {
        use Basis as B;
        let all = [B::Written, B::Format, B::Header, B::FileName, B::ZipFields, B::Analyst, B::Neighbours, B::YearInferred];
        all.into_iter().chain([B::Assumed, B::YearAssumed]).find(|one| one.as_str() == name)
    }

    /// The basis once someone says the zone that the record does not.
    #[must_use]
    pub fn told_by(self, who: Self) -> Self {
        match self {
            Self::YearInferred | Self::YearAssumed => Self::YearInferred,
            _ => who,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Format => "format",
            Self::Header => "header",
            Self::FileName => "file-name",
            Self::ZipFields => "zip-fields",
            Self::Analyst => "analyst",
            Self::Neighbours => "neighbours",
            Self::YearInferred => "year-inferred",
            Self::Assumed => "assumed",
            Self::YearAssumed => "year-assumed",
        }
    }
}

/// Seconds east of UTC between a time as written and the instant it was taken for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Offset {
    /// The record, its head or the name of its file says it.
    Said(i32),
    /// Nothing that came with the record says it: whoever knows better may take another.
    Taken(i32),
}

impl Offset {
    pub fn seconds(self) -> i32 {
        match self {
            Self::Said(seconds) | Self::Taken(seconds) => seconds,
        }
    }
}

/// An instant in microseconds since 1970-01-01T00:00:00Z, with its fidelity and the basis of its zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp {
    pub micros: i64,
    pub fidelity: Fidelity,
    pub basis: Basis,
    /// `None` where the source writes instants (FILETIME, epoch).
    pub offset: Option<Offset>,
}

impl Stamp {
    pub fn new(micros: i64, fidelity: Fidelity, basis: Basis) -> Self {
        Self { micros, fidelity, basis, offset: None }
    }

    /// With the offset that was said or taken.
    #[must_use]
    pub fn by(self, offset: Offset) -> Self {
        Self { offset: Some(offset), ..self }
    }
}

/// Days since 1970-01-01 of a proleptic Gregorian date (Howard Hinnant's `days_from_civil`).
pub fn days_from_civil(year: i64, month: u32, day: u32) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let mp = (i64::from(month) + 9) % 12;
    let doy = (153 * mp + 2) / 5 + i64::from(day) - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    era * 146_097 + doe - 719_468
}

/// Year, month and day of a number of days since 1970-01-01 (the inverse of `days_from_civil`).
pub fn civil_from_days(days: i64) -> (i64, u32, u32) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = (doy - (153 * mp + 2) / 5 + 1) as u32;
    let month = if mp < 10 { mp + 3 } else { mp - 9 } as u32;
    let year = yoe + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// Microseconds since 1970 of a civil time taken as UTC.
/// `None` for a date or time that does not exist (a leap second 60 is taken as 59.999999).
pub fn micros_from_civil((year, month, day): (i64, u32, u32), (hour, minute, second): (u32, u32, u32), micro: u32) -> Option<i64> {
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let last = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        _ => return None,
    };
    if day == 0 || day > last || hour > 23 || minute > 59 || second > 60 || micro > 999_999 {
        return None;
    }
    if !(-9999..=99_999).contains(&year) {
        return None;
    }
    let (second, micro) = if second == 60 { (59, 999_999) } else { (second, micro) };
    let secs = days_from_civil(year, month, day) * 86_400 + i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
    Some(secs * 1_000_000 + i64::from(micro))
}

/// RFC 3339 in UTC, with as many fraction digits as the fidelity has (0, 3 or 6).
pub fn rfc3339(micros: i64, fidelity: Fidelity) -> String {
    let secs = micros.div_euclid(1_000_000);
    let frac = micros.rem_euclid(1_000_000);
    let (y, mo, d) = civil_from_days(secs.div_euclid(86_400));
    let s = secs.rem_euclid(86_400);
    let (h, mi, se) = (s / 3600, s / 60 % 60, s % 60);
    let head = if (0..=9999).contains(&y) {
        format!("{y:04}-{mo:02}-{d:02}T{h:02}:{mi:02}:{se:02}")
    } else {
        format!("{y:+07}-{mo:02}-{d:02}T{h:02}:{mi:02}:{se:02}")
    };
    match fidelity {
        Fidelity::Microsecond => format!("{head}.{frac:06}Z"),
        Fidelity::Millisecond => format!("{head}.{:03}Z", frac / 1000),
        _ => format!("{head}Z"),
    }
}

/// The instant that [`rfc3339`] wrote, in microseconds UTC: its first moment where only a day or month was written.
pub fn of_rfc3339(text: &str) -> Option<i64> {
    let number = |from: usize, to: usize| text.get(from..to).and_then(|part| part.parse::<u32>().ok());
    let year = text.get(..4)?.parse::<i64>().ok()?;
    let or = |from: usize, to: usize, least: u32| if text.len() > from { number(from, to) } else { Some(least) };
    let date = (year, or(5, 7, 1)?, or(8, 10, 1)?);
    let clock = if text.len() >= 19 { (number(11, 13)?, number(14, 16)?, number(17, 19)?) } else { (0, 0, 0) };
    let digits: String = text.get(20..).unwrap_or_default().chars().take_while(char::is_ascii_digit).take(6).collect();
    let micro = if digits.is_empty() { 0 } else { format!("{digits:0<6}").parse().ok()? };
    micros_from_civil(date, clock, micro)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn civil_round_trips() {
        for days in (-800_000..800_000).step_by(37) {
            let (y, m, d) = civil_from_days(days);
            assert_eq!(days_from_civil(y, m, d), days);
        }
        assert_eq!(micros_from_civil((1970, 1, 1), (0, 0, 0), 0), Some(0));
        assert_eq!(micros_from_civil((2023, 2, 29), (0, 0, 0), 0), None);
        assert_eq!(micros_from_civil((2024, 2, 29), (0, 0, 0), 0), Some(1_709_164_800_000_000));
    }

    #[test]
    fn names_lead_back() {
        for name in ["microsecond", "second", "year"] {
            assert_eq!(Fidelity::parse(name).map(Fidelity::as_str), Some(name));
        }
        for name in ["written", "zip-fields", "neighbours", "assumed", "year-assumed"] {
            assert_eq!(Basis::parse(name).map(Basis::as_str), Some(name));
        }
        assert_eq!((Fidelity::parse(""), Basis::parse("x")), (None, None));
    }

    #[test]
    fn writes_rfc3339_by_fidelity() {
        let t = 1_704_597_129_123_456;
        assert_eq!(rfc3339(t, Fidelity::Second), "2024-01-07T03:12:09Z");
        assert_eq!(rfc3339(t, Fidelity::Millisecond), "2024-01-07T03:12:09.123Z");
        assert_eq!(rfc3339(t, Fidelity::Microsecond), "2024-01-07T03:12:09.123456Z");
        assert_eq!(rfc3339(-1, Fidelity::Microsecond), "1969-12-31T23:59:59.999999Z");
    }
}
