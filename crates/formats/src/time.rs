//! Times as logs write them: one scanner per shape, no allocation, and local time turned into UTC.
//!
//! Shapes and their zones: see each function. Civil times without zone become UTC by `Local`.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// A time as written: civil fields, fraction, and the offset where one stands in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    pub year: i64,
    pub month: u32,
    pub day: u32,
    pub hour: u32,
    pub minute: u32,
    pub second: u32,
    pub micro: u32,
    /// Digits of the fraction as written, 0 to 9.
    pub digits: u32,
    /// Seconds east of UTC, where written.
    pub offset: Option<i32>,
}

impl Written {
    /// Microseconds since 1970 of the civil fields taken as UTC, without the offset. `None` for a time that cannot be.
    pub fn civil_micros(&self) -> Option<i64> {
        let leap = (self.year % 4 == 0 && self.year % 100 != 0) || self.year % 400 == 0;
        let last = match self.month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 => 28 + u32::from(leap),
            _ => return None,
        };
        if self.day == 0 || self.day > last || self.hour > 23 || self.minute > 59 || self.second > 60 {
            return None;
        }
        // A leap second is held as the last microsecond before it.
        let (second, micro) = if self.second == 60 { (59, 999_999) } else { (self.second, self.micro) };
        let days = days_from_civil(self.year, self.month, self.day);
        let seconds = days * 86_400 + i64::from(self.hour * 3600 + self.minute * 60 + second);
        Some(seconds * 1_000_000 + i64::from(micro))
    }

    /// UTC microseconds, where an offset is written.
    pub fn utc_micros(&self) -> Option<i64> {
        let offset = self.offset?;
        Some(self.civil_micros()? - i64::from(offset) * 1_000_000)
    }
}

fn days_from_civil(year: i64, month: u32, day: u32) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let mp = (i64::from(month) + 9) % 12;
    let doy = (153 * mp + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468
}

/// A cursor over ASCII bytes.
struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Scan<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn number(&mut self, min: usize, max: usize) -> Option<u32> {
        let mut value = 0_u32;
        let mut count = 0;
        while count < max {
            match self.peek() {
                Some(b) if b.is_ascii_digit() => {
                    value = value.checked_mul(10)?.checked_add(u32::from(b - b'0'))?;
                    self.at += 1;
                    count += 1;
                }
                _ => break,
            }
        }
        (count >= min).then_some(value)
    }

    fn eat(&mut self, any: &[u8]) -> Option<u8> {
        let b = self.peek()?;
        any.contains(&b).then(|| {
            self.at += 1;
            b
        })
    }

    fn fraction(&mut self) -> (u32, u32) {
        let (mut micro, mut digits) = (0, 0);
        while let Some(b) = self.peek().filter(u8::is_ascii_digit) {
            if digits < 6 {
                micro = micro * 10 + u32::from(b - b'0');
            }
            digits += 1;
            self.at += 1;
        }
        for _ in digits..6 {
            micro *= 10;
        }
        (micro, digits.min(9))
    }

    /// `Z`, `+hh:mm`, `+hhmm`, `+hh`.
    fn offset(&mut self) -> Option<i32> {
        match self.peek()? {
            b'Z' | b'z' => {
                self.at += 1;
                Some(0)
            }
            sign @ (b'+' | b'-') => {
                let keep = self.at;
                self.at += 1;
                let Some(hours) = self.number(2, 2) else {
                    self.at = keep;
                    return None;
                };
                self.eat(b":");
                let minutes = self.number(2, 2).unwrap_or(0);
                let seconds = (hours * 3600 + minutes * 60) as i32;
                Some(if sign == b'-' { -seconds } else { seconds })
            }
            _ => None,
        }
    }

    fn clock(&mut self) -> Option<(u32, u32, u32, u32, u32)> {
        let hour = self.number(1, 2)?;
        self.eat(b":")?;
        let minute = self.number(2, 2)?;
        let mut second = 0;
        let (mut micro, mut digits) = (0, 0);
        if self.eat(b":").is_some() {
            second = self.number(2, 2)?;
            // Some products write a comma or a colon before milliseconds.
            let next = self.bytes.get(self.at + 1).is_some_and(u8::is_ascii_digit);
            if next && self.eat(b".,:").is_some() {
                (micro, digits) = self.fraction();
            }
        }
        Some((hour, minute, second, micro, digits))
    }
}

/// `YYYY-MM-DD[T ]HH:MM[:SS[.fff]][Z|±hh[:]mm]`, also with `/` in the date. Gives the time and the bytes it took.
/// RFC 3339 and its relatives; an offset may follow after one space.
pub fn iso(bytes: &[u8]) -> Option<(Written, usize)> {
    let mut s = Scan { bytes, at: 0 };
    let year = i64::from(s.number(4, 4)?);
    let mark = s.eat(b"-/")?;
    let month = s.number(1, 2)?;
    s.eat(&[mark])?;
    let day = s.number(1, 2)?;
    s.eat(b"T t_")?;
    let (hour, minute, second, micro, digits) = s.clock()?;
    let mut offset = s.offset();
    if offset.is_none() && s.peek() == Some(b' ') && matches!(bytes.get(s.at + 1), Some(b'+' | b'-')) {
        let keep = s.at;
        s.at += 1;
        let wide = bytes.get(s.at + 1..s.at + 5).is_some_and(|b| b.iter().all(u8::is_ascii_digit) || b.get(2) == Some(&b':'));
        offset = if wide { s.offset() } else { None };
        if offset.is_none() {
            s.at = keep;
        }
    }
    Some((Written { year, month, day, hour, minute, second, micro, digits, offset }, s.at))
}

/// The month of a three-letter English name, 1 to 12.
pub fn month_name(bytes: &[u8]) -> Option<u32> {
    const NAMES: &[u8; 36] = b"janfebmaraprmayjunjulaugsepoctnovdec";
    let three = bytes.get(..3)?.to_ascii_lowercase();
    NAMES.chunks(3).position(|name| name == three).map(|n| n as u32 + 1)
}

/// `Mmm [d]d HH:MM:SS[.fff]` without year or zone (RFC 3164); `year` is left 0.
pub fn syslog3164(bytes: &[u8]) -> Option<(Written, usize)> {
    let month = month_name(bytes)?;
    let mut s = Scan { bytes, at: 3 };
    s.eat(b" ")?;
    while s.eat(b" ").is_some() {}
    let day = s.number(1, 2)?;
    s.eat(b" ")?;
    // Cisco and some relays put the year between day and time.
    let keep = s.at;
    let mut year = 0;
    if let Some(y) = s.number(4, 4) {
        if s.eat(b" ").is_some() {
            year = i64::from(y);
        } else {
            s.at = keep;
        }
    } else {
        s.at = keep;
    }
    let (hour, minute, second, micro, digits) = s.clock()?;
    Some((Written { year, month, day, hour, minute, second, micro, digits, offset: None }, s.at))
}

/// `[Day ]Mmm [d]d HH:MM:SS YYYY` (ctime), no zone.
pub fn ctime(bytes: &[u8]) -> Option<(Written, usize)> {
    let mut at = 0;
    if month_name(bytes).is_none() || bytes.get(3) != Some(&b' ') {
        at = bytes.iter().position(|b| *b == b' ')? + 1;
        if at > 5 {
            return None;
        }
    }
    let rest = bytes.get(at..)?;
    let (mut written, used) = syslog3164(rest)?;
    let mut s = Scan { bytes: rest, at: used };
    s.eat(b" ")?;
    // A zone name may stand between (`date` output).
    if s.peek().is_some_and(|b| b.is_ascii_uppercase()) {
        let utc = rest.get(s.at..).is_some_and(|r| r.starts_with(b"UTC ") || r.starts_with(b"GMT "));
        while s.peek().is_some_and(|b| b.is_ascii_uppercase()) {
            s.at += 1;
        }
        s.eat(b" ")?;
        written.offset = utc.then_some(0);
    }
    written.year = i64::from(s.number(4, 4)?);
    Some((written, at + s.at))
}

/// `dd/Mmm/YYYY:HH:MM:SS ±hhmm` (common log format, without brackets).
pub fn clf(bytes: &[u8]) -> Option<(Written, usize)> {
    let mut s = Scan { bytes, at: 0 };
    let day = s.number(1, 2)?;
    s.eat(b"/")?;
    let month = month_name(bytes.get(s.at..)?)?;
    s.at += 3;
    s.eat(b"/")?;
    let year = i64::from(s.number(4, 4)?);
    s.eat(b":")?;
    let (hour, minute, second, micro, digits) = s.clock()?;
    s.eat(b" ");
    let offset = s.offset();
    Some((Written { year, month, day, hour, minute, second, micro, digits, offset }, s.at))
}

/// `MM/DD/YYYY HH:MM:SS[ AM|PM][ UTC|GMT|Z]` (United States order).
pub fn us(bytes: &[u8]) -> Option<(Written, usize)> {
    let mut s = Scan { bytes, at: 0 };
    let month = s.number(1, 2)?;
    s.eat(b"/")?;
    let day = s.number(1, 2)?;
    s.eat(b"/")?;
    let year = i64::from(s.number(4, 4)?);
    s.eat(b" T")?;
    let (mut hour, minute, second, micro, digits) = s.clock()?;
    let rest = bytes.get(s.at..)?;
    if let Some(half) = rest.get(..3).map(<[u8]>::to_ascii_uppercase)
        && (half == b" AM" || half == b" PM")
    {
        s.at += 3;
        hour = hour % 12 + if half == b" PM" { 12 } else { 0 };
    }
    let mut offset = None;
    for zone in [&b" UTC"[..], b" GMT", b" Z", b"Z"] {
        if bytes.get(s.at..).is_some_and(|rest| rest.starts_with(zone)) {
            s.at += zone.len();
            offset = Some(0);
            break;
        }
    }
    Some((Written { year, month, day, hour, minute, second, micro, digits, offset }, s.at))
}

/// Seconds since 1970 with an optional fraction, as text. Microseconds and the digits of the fraction.
pub fn epoch(bytes: &[u8]) -> Option<(i64, u32)> {
    let mut s = Scan { bytes, at: 0 };
    let negative = s.eat(b"-").is_some();
    let mut seconds = 0_i64;
    let from = s.at;
    while let Some(b) = s.peek().filter(u8::is_ascii_digit) {
        seconds = seconds.checked_mul(10)?.checked_add(i64::from(b - b'0'))?;
        s.at += 1;
    }
    if s.at == from || s.at - from > 12 {
        return None;
    }
    let (mut micro, mut digits) = (0, 0);
    if s.eat(b".").is_some() {
        (micro, digits) = s.fraction();
    }
    if s.at != bytes.len() {
        return None;
    }
    let micros = seconds.checked_mul(1_000_000)?.checked_add(i64::from(micro))?;
    Some((if negative { -micros } else { micros }, digits))
}

/// Any of the shapes above at the start of a line, a bracket or a priority (`<134>`) allowed before it.
pub fn any(line: &[u8]) -> Option<(Written, usize)> {
    let mut at = 0;
    if line.first() == Some(&b'<') {
        let close = line.iter().take(6).position(|b| *b == b'>')?;
        at = close + 1;
        if line.get(at..at + 2) == Some(b"1 ") {
            at += 2;
        }
    }
    if matches!(line.get(at), Some(b'[' | b'"' | b'(')) {
        at += 1;
    }
    let rest = line.get(at..)?;
    let found = match rest.first()? {
        b'0'..=b'9' => iso(rest).or_else(|| clf(rest)).or_else(|| us(rest)),
        b'A'..=b'Z' => syslog3164(rest).or_else(|| ctime(rest)),
        _ => None,
    };
    found.map(|(written, used)| (written, at + used))
}

/// Further than any zone is from UTC.
const DAY_AND_MORE: i64 = 26 * 3_600_000_000;

/// A zone that local times are in, with a one-hour memory: logs stay in the same offset for long.
pub struct Local {
    zone: TimeZone,
    memo: Option<(i64, i32)>,
}

impl Local {
    /// From an IANA name (`America/Los_Angeles`) or a fixed offset (`+09:00`, `UTC`). `None` for an unknown name.
    pub fn new(name: &str) -> Option<Self> {
        let zone = if name.eq_ignore_ascii_case("UTC") || name == "Z" {
            TimeZone::UTC
        } else if name.starts_with(['+', '-']) {
            let mut s = Scan { bytes: name.as_bytes(), at: 0 };
            TimeZone::fixed(jiff::tz::Offset::from_seconds(s.offset()?).ok()?)
        } else {
            TimeZone::get(name).ok()?
        };
        Some(Self { zone, memo: None })
    }

    /// UTC microseconds of civil microseconds in this zone. Ambiguous times take the earlier offset
    /// (before the change), times in a gap are shifted forward: jiff's "compatible" rule.
    pub fn utc(&mut self, civil_micros: i64) -> Option<i64> {
        let hour = civil_micros.div_euclid(900_000_000);
        if let Some((known, offset)) = self.memo
            && known == hour
        {
            return Some(civil_micros - i64::from(offset) * 1_000_000);
        }
        let seconds = civil_micros.div_euclid(1_000_000);
        let base = jiff::Timestamp::from_second(seconds).ok()?;
        let civil: DateTime = TimeZone::UTC.to_datetime(base);
        let zoned = self.zone.to_ambiguous_timestamp(civil).compatible().ok()?;
        // Not the offset in force then: in a gap that is the one after the change, and would shift backward.
        let offset = i32::try_from(seconds - zoned.as_second()).ok()?;
        self.memo = Some((hour, offset));
        Some(civil_micros - i64::from(offset) * 1_000_000)
    }

    /// The offsets over civil times from one to another (microseconds, as if UTC): where each begins and its seconds east, in
    /// order, the first from the beginning. By the same rule as [`Local::utc`].
    pub fn parts(&self, from: i64, to: i64) -> Vec<(i64, i32)> {
        let start = from.saturating_sub(DAY_AND_MORE);
        let Some(mut offset) = self.offset_at(start) else { return Vec::new() };
        let mut parts = vec![(i64::MIN, offset)];
        let Ok(instant) = jiff::Timestamp::from_second(start.div_euclid(1_000_000)) else { return parts };
        for change in self.zone.following(instant) {
            let next = change.offset().seconds();
            let begins = (change.timestamp().as_second() + i64::from(offset.max(next))) * 1_000_000;
            if begins > to {
                break;
            }
            if next != offset {
                parts.push((begins, next));
            }
            offset = next;
        }
        parts
    }

    /// The offset in force at an instant, seconds east of UTC.
    pub fn offset_at(&self, utc_micros: i64) -> Option<i32> {
        let instant = jiff::Timestamp::from_second(utc_micros.div_euclid(1_000_000)).ok()?;
        Some(self.zone.to_offset(instant).seconds())
    }
}

/// Gives year-less times a year: the last one must not lie after `latest` (+1 day), and order does the rest.
/// Feed times in file order; a jump back of more than 300 days is a new year.
#[derive(Clone, Copy, Debug, Default)]
pub struct Years {
    year: i64,
    last: Option<i64>,
}

impl Years {
    /// `first_year`: the year of the first line, from a hint (file time, other lines).
    pub fn starting(first_year: i64) -> Self {
        Self { year: first_year, last: None }
    }

    /// Sets the year of a time as written; `None` if the date does not exist in that year (Feb 29): then the next
    /// leap year behind is not guessed, the caller reports it.
    pub fn give(&mut self, written: &mut Written) -> Option<i64> {
        if written.year != 0 {
            return written.civil_micros();
        }
        written.year = self.year;
        let mut micros = written.civil_micros()?;
        if let Some(last) = self.last {
            const DAY: i64 = 86_400_000_000;
            if micros < last - 300 * DAY {
                self.year += 1;
                written.year = self.year;
                micros = written.civil_micros()?;
            } else if micros > last + 300 * DAY {
                // A straggler of the old year right after New Year.
                let mut earlier = *written;
                earlier.year -= 1;
                if let Some(m) = earlier.civil_micros() {
                    *written = earlier;
                    return Some(m);
                }
            }
        }
        self.last = Some(micros);
        Some(micros)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(w: Option<(Written, usize)>) -> i64 {
        w.unwrap().0.utc_micros().unwrap()
    }

    #[test]
    fn reads_the_shapes() {
        assert_eq!(utc(iso(b"2024-01-07T03:12:09.123456Z rest")), 1_704_597_129_123_456);
        assert_eq!(utc(iso(b"2024-01-07T12:12:09+09:00")), 1_704_597_129_000_000);
        assert_eq!(utc(iso(b"2024-01-07 12:12:09.5 +0900")), 1_704_597_129_500_000);
        assert_eq!(iso(b"2024-01-07 12:12:09 - node").unwrap().1, 19);
        assert_eq!(iso(b"2024/03/15 06:44:33.002603 x").unwrap().0.micro, 2603);
        assert_eq!(iso(b"2021-09-06T14:40:25:001Z").unwrap().0.micro, 1000);
        assert_eq!(utc(clf(b"07/Jan/2024:03:12:09 +0000]")), 1_704_597_129_000_000);
        assert_eq!(utc(us(b"04/14/2025 06:57:40 GMT in")), 1_744_613_860_000_000);
        let (c, used) = ctime(b"Fri Mar 15 06:29:17 2024] x").unwrap();
        assert_eq!((c.year, c.month, c.day, c.hour, used), (2024, 3, 15, 6, 24));
        let (s, used) = syslog3164(b"Oct  9 10:20:40 host").unwrap();
        assert_eq!((s.year, s.month, s.day, used), (0, 10, 9, 15));
        assert_eq!(epoch(b"1672843056.913119"), Some((1_672_843_056_913_119, 6)));
        assert_eq!(epoch(b"12x"), None);
        assert_eq!(any(b"<134>1 2026-04-03T14:57:46+02:00 node").unwrap().1, 32);
    }

    #[test]
    fn impossible_times_are_none() {
        assert_eq!(iso(b"2023-02-30T00:00:00Z").unwrap().0.utc_micros(), None);
        assert!(iso(b"not a time").is_none());
        assert_eq!(iso(b"2023-01-01T25:00:00Z").unwrap().0.civil_micros(), None);
    }

    #[test]
    fn local_time_follows_the_zone() {
        let mut pacific = Local::new("America/Los_Angeles").unwrap();
        let civil = |b: &[u8]| iso(b).unwrap().0.civil_micros().unwrap();
        let march = civil(b"2024-03-15 06:29:17");
        assert_eq!(pacific.utc(march).unwrap() - march, 7 * 3_600_000_000);
        let winter = civil(b"2022-12-15 06:29:17");
        assert_eq!(pacific.utc(winter).unwrap() - winter, 8 * 3_600_000_000);
        let mut tokyo = Local::new("+09:00").unwrap();
        assert_eq!(tokyo.utc(winter).unwrap() - winter, -9 * 3_600_000_000);
        let gap = civil(b"2024-03-10 02:30:00");
        assert_eq!(pacific.utc(gap).unwrap() - gap, 8 * 3_600_000_000, "forward, to 03:30 of that day");
        assert!(Local::new("Nowhere/Else").is_none());
    }

    #[test]
    fn parts_of_a_zone_say_what_each_time_says() {
        let civil = |b: &[u8]| iso(b).unwrap().0.civil_micros().unwrap();
        let (from, to) = (civil(b"2023-01-01 00:00:00"), civil(b"2025-01-01 00:00:00"));
        for (name, changes) in [("America/Los_Angeles", 5), ("Australia/Lord_Howe", 5), ("Asia/Tokyo", 1), ("+05:45", 1), ("UTC", 1)] {
            let mut zone = Local::new(name).unwrap();
            let parts = zone.parts(from, to);
            assert_eq!(parts.len(), changes, "{name}: {parts:?}");
            for time in (from..to).step_by(600_000_000) {
                let (_, offset) = *parts.iter().rev().find(|(begins, _)| *begins <= time).unwrap();
                assert_eq!(zone.utc(time), Some(time - i64::from(offset) * 1_000_000), "{name} {time}");
            }
        }
    }

    #[test]
    fn years_roll_over() {
        let mut years = Years::starting(2023);
        let mut dec = syslog3164(b"Dec 31 23:59:59 h").unwrap().0;
        let mut jan = syslog3164(b"Jan  1 00:00:01 h").unwrap().0;
        years.give(&mut dec);
        years.give(&mut jan);
        assert_eq!((dec.year, jan.year), (2023, 2024));
        let mut late = syslog3164(b"Dec 31 23:59:58 h").unwrap().0;
        years.give(&mut late);
        assert_eq!(late.year, 2023);
    }
}
