//! BinXML values as text, in the spelling that Windows and the `evtx` crate use (MS-EVEN6 2.2.4.1).

use super::bytes::{number, u16_at, u64_at};
use super::text;

pub(super) mod kind {
    pub const NULL: u8 = 0x00;
    pub const STRING: u8 = 0x01;
    pub const ANSI: u8 = 0x02;
    pub const FILETIME: u8 = 0x11;
    pub const SID: u8 = 0x13;
    pub const BINXML: u8 = 0x21;
    pub const ARRAY: u8 = 0x80;
}

const TICKS_PER_SECOND: u64 = 10_000_000;
const TICKS_PER_DAY: u64 = 86_400 * TICKS_PER_SECOND;

/// Appends the text of one value. Types that the format does not define are written as hexadecimal bytes,
/// so that nothing is lost. BinXML (0x21) has no text of its own.
#[inline]
pub(super) fn write(kind: u8, bytes: &[u8], out: &mut Vec<u8>) {
    if kind == kind::STRING {
        return text::utf16(bytes, out);
    }
    if kind == kind::NULL || kind == kind::BINXML || bytes.is_empty() {
        return;
    }
    if kind & kind::ARRAY != 0 {
        let mut rest = bytes;
        let mut first = true;
        while let Some((item, tail)) = next_item(kind & 0x7f, rest) {
            if !first {
                out.push(b',');
            }
            first = false;
            write(kind & 0x7f, item, out);
            rest = tail;
        }
        return;
    }
    match kind {
        kind::ANSI => text::ansi(bytes, out),
        0x03 => text::signed(i64::from(number(bytes, 1) as i8), out),
        0x04 => text::decimal(number(bytes, 1), out),
        0x05 => text::signed(i64::from(number(bytes, 2) as i16), out),
        0x06 => text::decimal(number(bytes, 2), out),
        0x07 => text::signed(i64::from(number(bytes, 4) as i32), out),
        0x08 => text::decimal(number(bytes, 4), out),
        0x09 => text::signed(number(bytes, 8) as i64, out),
        0x0a => text::decimal(number(bytes, 8), out),
        0x0b => float(f64::from(f32::from_bits(number(bytes, 4) as u32)), Some(number(bytes, 4) as u32), out),
        0x0c => float(f64::from_bits(number(bytes, 8)), None, out),
        0x0d => boolean(number(bytes, 4) as i32, out),
        0x0f => guid(bytes, out),
        0x10 if bytes.len() == 4 => text::hex(number(bytes, 4), out),
        0x10 => text::hex(number(bytes, 8), out),
        kind::FILETIME => filetime(number(bytes, 8), out),
        0x12 => systemtime(bytes, out),
        kind::SID => sid(bytes, out),
        0x14 => text::hex(number(bytes, 4), out),
        0x15 => text::hex(number(bytes, 8), out),
        _ => text::hex_bytes(bytes, b'A', out),
    }
}

/// The first item of an array of that base type and what follows it; `None` at the end.
pub(super) fn next_item(base: u8, bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    if bytes.is_empty() {
        return None;
    }
    let (item, skip) = match base {
        // NUL-terminated strings, one after the other; a last one without its NUL still counts.
        kind::STRING => {
            let units = bytes.as_chunks::<2>().0;
            match units.iter().position(|unit| *unit == [0, 0]) {
                Some(at) => (2 * at, 2 * at + 2),
                None => (bytes.len(), bytes.len()),
            }
        }
        kind::ANSI => match memchr::memchr(0, bytes) {
            Some(at) => (at, at + 1),
            None => (bytes.len(), bytes.len()),
        },
        kind::SID => {
            let len = 8 + 4 * usize::from(bytes.get(1).copied().unwrap_or_default());
            (len, len)
        }
        _ => {
            let width = match base {
                0x03 | 0x04 => 1,
                0x05 | 0x06 => 2,
                0x07 | 0x08 | 0x0b | 0x0d | 0x14 => 4,
                0x09 | 0x0a | 0x0c | 0x10 | 0x11 | 0x15 => 8,
                0x0f | 0x12 => 16,
                _ => bytes.len(),
            };
            (width, width)
        }
    };
    let skip = skip.min(bytes.len());
    Some((bytes.get(..item.min(bytes.len()))?, bytes.get(skip..)?))
}

/// Windows writes bit masks into some boolean slots: anything but 0 and 1 stays a number.
fn boolean(value: i32, out: &mut Vec<u8>) {
    match value {
        0 => out.extend_from_slice(b"false"),
        1 => out.extend_from_slice(b"true"),
        other => text::signed(i64::from(other), out),
    }
}

fn float(value: f64, single: Option<u32>, out: &mut Vec<u8>) {
    let text = match single {
        Some(bits) => format!("{:?}", f32::from_bits(bits)),
        None => format!("{value:?}"),
    };
    out.extend_from_slice(text.as_bytes());
}

fn guid(bytes: &[u8], out: &mut Vec<u8>) {
    let Some(&[a0, a1, a2, a3, b0, b1, c0, c1, d0, d1, ref rest @ ..]) = bytes.get(..16) else {
        return text::hex_bytes(bytes, b'A', out);
    };
    out.push(b'{');
    text::hex_bytes(&[a3, a2, a1, a0], b'a', out);
    out.push(b'-');
    text::hex_bytes(&[b1, b0], b'a', out);
    out.push(b'-');
    text::hex_bytes(&[c1, c0], b'a', out);
    out.push(b'-');
    text::hex_bytes(&[d0, d1], b'a', out);
    out.push(b'-');
    text::hex_bytes(rest, b'a', out);
    out.push(b'}');
}

fn sid(bytes: &[u8], out: &mut Vec<u8>) {
    let &[revision, count, a0, a1, a2, a3, a4, a5, ref subs @ ..] = bytes else {
        return text::hex_bytes(bytes, b'A', out);
    };
    out.extend_from_slice(b"S-");
    text::decimal(u64::from(revision), out);
    out.push(b'-');
    text::decimal(u64::from_be_bytes([0, 0, a0, a1, a2, a3, a4, a5]), out);
    for sub in subs.as_chunks::<4>().0.iter().take(usize::from(count)) {
        out.push(b'-');
        text::decimal(u64::from(u32::from_le_bytes(*sub)), out);
    }
}

/// `2020-09-19T03:21:48.1234567Z` of 100 ns ticks since 1601. Above `i64::MAX` nothing is a time: all zeros.
pub(super) fn filetime(ticks: u64, out: &mut Vec<u8>) {
    if ticks > i64::MAX as u64 {
        return datetime([0; 6], 0, out);
    }
    let (days, rest) = (ticks / TICKS_PER_DAY, ticks % TICKS_PER_DAY);
    let (year, month, day) = civil(days);
    let seconds = (rest / TICKS_PER_SECOND) as u32;
    let clock = [(year % 10_000) as u32, month, day, seconds / 3600, seconds / 60 % 60, seconds % 60];
    datetime(clock, (rest % TICKS_PER_SECOND) as u32, out);
}

/// Date of a number of days since 1601-01-01 (Howard Hinnant's `civil_from_days`).
fn civil(days: u64) -> (u64, u32, u32) {
    // Days from 0000-03-01 to 1601-01-01.
    let z = days + 584_694;
    let (era, doe) = (z / 146_097, z % 146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = (doy - (153 * mp + 2) / 5 + 1) as u32;
    let month = if mp < 10 { mp + 3 } else { mp - 9 } as u32;
    (era * 400 + yoe + u64::from(month <= 2), month, day)
}

fn systemtime(bytes: &[u8], out: &mut Vec<u8>) {
    let field = |index: usize| u32::from(u16_at(bytes, 2 * index).unwrap_or_default());
    let (year, month, day) = (field(0), field(1), field(3));
    let (hour, minute, second, milli) = (field(4), field(5), field(6), field(7));
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    let valid = u64_at(bytes, 8).is_some()
        && (1601..=30_827).contains(&year)
        && (1..=12).contains(&month)
        && (1..=last).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60
        && milli < 1000;
    if valid {
        datetime([year % 10_000, month, day, hour, minute, second], milli * 10_000, out);
    } else {
        datetime([1601, 1, 1, 0, 0, 0], 0, out);
    }
}

fn datetime([year, month, day, hour, minute, second]: [u32; 6], ticks: u32, out: &mut Vec<u8>) {
    text::padded(year, 4, out);
    for (mark, part) in [(b'-', month), (b'-', day), (b'T', hour), (b':', minute), (b':', second)] {
        out.push(mark);
        text::padded(part, 2, out);
    }
    out.push(b'.');
    text::padded(ticks, 7, out);
    out.push(b'Z');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(kind: u8, bytes: &[u8]) -> String {
        let mut out = Vec::new();
        write(kind, bytes, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn values_in_windows_spelling() {
        assert_eq!(text(0x03, &[0xff]), "-1");
        assert_eq!(text(0x0d, &[1, 0, 0, 0]), "true");
        assert_eq!(text(0x0d, &[5, 0, 0, 0]), "5");
        assert_eq!(text(0x14, &[0xe7, 3, 0, 0]), "0x3e7");
        assert_eq!(text(0x0e, &[0xde, 0xad]), "DEAD");
        assert_eq!(text(0x13, &[1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 32, 2, 0, 0]), "S-1-5-32-544");
        let guid: Vec<u8> = (0..16).collect();
        assert_eq!(text(0x0f, &guid), "{03020100-0504-0706-0809-0a0b0c0d0e0f}");
        assert_eq!(text(0x88, &[1, 0, 0, 0, 2, 0, 0, 0]), "1,2");
        assert_eq!(text(0x81, b"a\0\0\0\0\0b\0\0\0"), "a,,b");
        assert_eq!(text(0x0c, &1.5f64.to_le_bytes()), "1.5");
        assert_eq!(text(0x7e, &[0xab]), "AB");
    }

    #[test]
    fn times() {
        assert_eq!(text(0x11, &0u64.to_le_bytes()), "1601-01-01T00:00:00.0000000Z");
        assert_eq!(text(0x11, &u64::MAX.to_le_bytes()), "0000-00-00T00:00:00.0000000Z");
        let ticks: u64 = 116_444_736_000_000_000 + 12_345_678;
        assert_eq!(text(0x11, &ticks.to_le_bytes()), "1970-01-01T00:00:01.2345678Z");
        let st: Vec<u8> = [2020u16, 2, 6, 29, 1, 2, 3, 45].iter().flat_map(|v| v.to_le_bytes()).collect();
        assert_eq!(text(0x12, &st), "2020-02-29T01:02:03.0450000Z");
        assert_eq!(text(0x12, &[0; 16]), "1601-01-01T00:00:00.0000000Z");
    }
}
