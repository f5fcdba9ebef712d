//! Times as each product writes them, from microseconds UTC.

use jiff::{Timestamp, civil, tz::TimeZone};

/// Microseconds since 1970 UTC.
pub type T = i64;

pub const SEC: T = 1_000_000;
pub const MIN: T = 60 * SEC;
pub const HOUR: T = 60 * MIN;
pub const DAY: T = 24 * HOUR;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const LONG: [&str; 12] =
    ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// Midnight UTC of that date.
pub fn date(year: i16, month: i8, day: i8) -> T {
    civil::Date::new(year, month, day)
        .ok()
        .and_then(|d| TimeZone::UTC.to_timestamp(d.to_datetime(civil::Time::midnight())).ok())
        .map_or(0, |s| s.as_microsecond())
}

pub fn midnight(t: T) -> T {
    t - t.rem_euclid(DAY)
}

/// A moment taken apart in a zone.
#[derive(Clone, Debug)]
pub struct Parts {
    pub civil: civil::DateTime,
    pub offset_seconds: i32,
    pub micros: T,
}

pub fn parts(t: T, zone: &TimeZone) -> Parts {
    let stamp = Timestamp::from_microsecond(t).unwrap_or(Timestamp::UNIX_EPOCH);
    let offset = zone.to_offset(stamp);
    Parts { civil: offset.to_datetime(stamp), offset_seconds: offset.seconds(), micros: t.rem_euclid(SEC) }
}

fn utc(t: T) -> Parts {
    parts(t, &TimeZone::UTC)
}

fn name(table: &'static [&'static str], at: i8) -> &'static str {
    table.get(at.max(0) as usize).copied().unwrap_or("")
}

impl Parts {
    fn month(&self) -> &'static str {
        name(&MONTHS, self.civil.month() - 1)
    }

    fn day_name(&self) -> &'static str {
        name(&DAYS, self.civil.weekday().to_monday_zero_offset())
    }

    fn ymd(&self, sep: char) -> String {
        format!("{:04}{sep}{:02}{sep}{:02}", self.civil.year(), self.civil.month(), self.civil.day())
    }

    fn hms(&self) -> String {
        format!("{:02}:{:02}:{:02}", self.civil.hour(), self.civil.minute(), self.civil.second())
    }

    fn offset(&self, colon: &str) -> String {
        let (sign, s) = if self.offset_seconds < 0 { ('-', -self.offset_seconds) } else { ('+', self.offset_seconds) };
        format!("{sign}{:02}{colon}{:02}", s / 3600, s % 3600 / 60)
    }
}

/// `2024-01-05T13:22:10Z`
pub fn iso_s(t: T) -> String {
    let p = utc(t);
    format!("{}T{}Z", p.ymd('-'), p.hms())
}

/// `2024-01-05T13:22:10.123Z`
pub fn iso_ms(t: T) -> String {
    let p = utc(t);
    format!("{}T{}.{:03}Z", p.ymd('-'), p.hms(), p.micros / 1000)
}

/// `2024-01-05T13:22:10.123456Z`
pub fn iso_us(t: T) -> String {
    let p = utc(t);
    format!("{}T{}.{:06}Z", p.ymd('-'), p.hms(), p.micros)
}

/// `2024-01-05T13:22:10.123456+00:00`
pub fn iso_us_zero(t: T) -> String {
    let p = utc(t);
    format!("{}T{}.{:06}+00:00", p.ymd('-'), p.hms(), p.micros)
}

/// `2024-01-05T13:22:10.123` as applmgmt writes it, without zone.
pub fn iso_ms_bare(t: T) -> String {
    let p = utc(t);
    format!("{}T{}.{:03}", p.ymd('-'), p.hms(), p.micros / 1000)
}

/// `2024-01-05T05:22:10-08:00`
pub fn iso_offset(t: T, zone: &TimeZone) -> String {
    let p = parts(t, zone);
    format!("{}T{}{}", p.ymd('-'), p.hms(), p.offset(":"))
}

/// `2024-01-05 05:22:10`
pub fn plain(t: T, zone: &TimeZone) -> String {
    let p = parts(t, zone);
    format!("{} {}", p.ymd('-'), p.hms())
}

/// `2024/01/05 05:22:10`
pub fn slashed(t: T, zone: &TimeZone) -> String {
    let p = parts(t, zone);
    format!("{} {}", p.ymd('/'), p.hms())
}

/// `2024/01/05 05:22:10.123456`
pub fn slashed_us(t: T, zone: &TimeZone) -> String {
    format!("{}.{:06}", slashed(t, zone), t.rem_euclid(SEC))
}

/// `Fri Jan  5 05:22:10 2024`
pub fn ctime(t: T, zone: &TimeZone) -> String {
    let p = parts(t, zone);
    let day = p.day_name().get(..3).unwrap_or("");
    format!("{day} {} {:>2} {} {:04}", p.month(), p.civil.day(), p.hms(), p.civil.year())
}

/// `Jan  5 05:22:10`
pub fn rfc3164(t: T, zone: &TimeZone) -> String {
    let p = parts(t, zone);
    format!("{} {:>2} {}", p.month(), p.civil.day(), p.hms())
}

/// `05/Jan/2024:13:22:10 +0000`
pub fn clf(t: T, zone: &TimeZone) -> String {
    let p = parts(t, zone);
    format!("{:02}/{}/{:04}:{} {}", p.civil.day(), p.month(), p.civil.year(), p.hms(), p.offset(""))
}

/// `01/05/2024 13:22:10`
pub fn american(t: T) -> String {
    let p = utc(t);
    format!("{:02}/{:02}/{:04} {}", p.civil.month(), p.civil.day(), p.civil.year(), p.hms())
}

/// `Friday, 05 January, 2024 01:22:10 PM`, as hostd and vpxd write login times.
pub fn long_login(t: T) -> String {
    let p = utc(t);
    let hour = match p.civil.hour() % 12 {
        0 => 12,
        h => h,
    };
    let half = if p.civil.hour() < 12 { "AM" } else { "PM" };
    format!(
        "{}, {:02} {}, {:04} {:02}:{:02}:{:02} {half}",
        p.day_name(),
        p.civil.day(),
        name(&LONG, p.civil.month() - 1),
        p.civil.year(),
        hour,
        p.civil.minute(),
        p.civil.second()
    )
}

/// `2024-01-05`
pub fn day(t: T) -> String {
    utc(t).ymd('-')
}

/// `2024-01-05` in a zone, and `05:22:10`, and `-0800`.
pub fn local(t: T, zone: &TimeZone) -> (String, String, String) {
    let p = parts(t, zone);
    (p.ymd('-'), p.hms(), p.offset(""))
}

/// `20240105-052210`
pub fn compact(t: T, zone: &TimeZone) -> String {
    let p = parts(t, zone);
    format!("{}-{}", p.ymd('-').replace('-', ""), p.hms().replace(':', ""))
}

/// `2024-01-05--13.22`, the date of a support bundle.
pub fn bundle(t: T) -> String {
    let p = utc(t);
    format!("{}--{:02}.{:02}", p.ymd('-'), p.civil.hour(), p.civil.minute())
}

/// `2024-01-05-13-22-10`, Zeek's `#open`, in the sensor's zone.
pub fn zeek_open(t: T, zone: &TimeZone) -> String {
    let p = parts(t, zone);
    format!("{}-{}", p.ymd('-'), p.hms().replace(':', "-"))
}

/// `Fri Jan  5 13:22:10 UTC 2024`, as `date` prints it.
pub fn date_command(t: T) -> String {
    let p = utc(t);
    let day = p.day_name().get(..3).unwrap_or("");
    format!("{day} {} {:>2} {} UTC {:04}", p.month(), p.civil.day(), p.hms(), p.civil.year())
}

/// Hour of the day in a zone, and whether it is Monday to Friday.
pub fn office(t: T, zone: &TimeZone) -> (i8, bool) {
    let p = parts(t, zone);
    (p.civil.hour(), p.civil.weekday().to_monday_zero_offset() < 5)
}

pub fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes() {
        let t = date(2024, 1, 5) + 13 * HOUR + 22 * MIN + 10 * SEC + 123_456;
        let la = zone("America/Los_Angeles");
        assert_eq!(iso_ms(t), "2024-01-05T13:22:10.123Z");
        assert_eq!(ctime(t, &la), "Fri Jan  5 05:22:10 2024");
        assert_eq!(iso_offset(t, &la), "2024-01-05T05:22:10-08:00");
        assert_eq!(long_login(t), "Friday, 05 January, 2024 01:22:10 PM");
        assert_eq!(clf(t, &TimeZone::UTC), "05/Jan/2024:13:22:10 +0000");
        assert_eq!(date_command(t), "Fri Jan  5 13:22:10 UTC 2024");
    }
}
