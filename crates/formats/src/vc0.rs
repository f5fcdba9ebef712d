//! Records of Ivanti Connect Secure's `.vc0` logs: found by their shape, whatever frames them.
//!
//! The layout is not published. Seen: a head of 8,192 bytes (`05 00 00 00 01 00 00 00`, then zeroes), then records
//! `SSSSSSSS.NNNNNN<TAB>node<TAB>CODE<TAB>…` where `S` is the time in hexadecimal seconds UTC and `N` a fraction in
//! microseconds (six digits) or a counter (eight digits). Between records stands a little-endian 16-bit length, or a
//! byte 05, or other control bytes, by version.

use std::io::{self, Read};

use memchr::memchr;

pub const HEAD: u64 = 0x2000;
const SIGNATURE: &[u8] = &[5, 0, 0, 0, 1, 0, 0, 0];
/// Longest record that is kept.
pub const LONGEST: usize = 64 * 1024;
const CHUNK: usize = 64 * 1024;

/// Does a file begin like one of these?
pub fn has_signature(head: &[u8]) -> bool {
    head.starts_with(SIGNATURE) && head.get(8..head.len().min(HEAD as usize)).is_some_and(|rest| rest.iter().all(|b| *b == 0))
}

/// One record without its frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Offset of its id in the file.
    pub offset: u64,
    pub bytes: &'a [u8],
    /// Bytes before it that belong to no record and are more than a frame.
    pub skipped: u64,
    /// All of them are zero.
    pub zeroed: bool,
    /// Bytes of this record that were not kept.
    pub dropped: u64,
}

/// The id at the start of a record: seconds, second number, digits of the second number.
pub fn id(bytes: &[u8]) -> Option<(u32, u32, usize)> {
    let seconds = hex(bytes.get(..8)?)?;
    if bytes.get(8) != Some(&b'.') {
        return None;
    }
    let tab = memchr(b'\t', bytes.get(9..bytes.len().min(18))?)?;
    let number = hex(bytes.get(9..9 + tab).filter(|digits| digits.len() >= 6)?)?;
    Some((seconds, number, tab))
}

fn hex(bytes: &[u8]) -> Option<u32> {
    let mut value = 0_u32;
    for byte in bytes {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            _ => return None,
        };
        value = value.checked_mul(16)?.checked_add(u32::from(digit))?;
    }
    Some(value)
}

/// Where the next id starts at or after `from`.
pub fn find_id(bytes: &[u8], from: usize) -> Option<usize> {
    let mut at = from;
    while let Some(found) = memchr(b'\t', bytes.get(at..)?) {
        let tab = at + found;
        // The longer form first: eight digits, seven, six.
        for length in [17, 16, 15] {
            let Some(start) = tab.checked_sub(length).filter(|start| *start >= from) else { continue };
            if id(bytes.get(start..=tab).unwrap_or_default()).is_some() {
                return Some(start);
            }
        }
        at = tab + 1;
    }
    None
}

/// Goes through the records of a stream with one buffer of bounded size.
pub struct Records<R> {
    reader: R,
    buffer: Vec<u8>,
    /// Where the window (what is not yet given) starts in the buffer.
    head: usize,
    /// Offset of the window's first byte in the stream.
    base: u64,
    at: usize,
    /// Where the last record's frame ended.
    from: usize,
    done: bool,
    tail: u64,
    tail_zeroed: bool,
}

impl<R: Read> Records<R> {
    /// `reader` stands at the start of the file.
    pub fn new(reader: R) -> Self {
        Self { reader, buffer: Vec::new(), head: 0, base: 0, at: 0, from: 0, done: false, tail: 0, tail_zeroed: true }
    }

    /// Bytes at the end that belong to no record, and whether all are zero; known after the last record.
    pub fn tail(&self) -> (u64, bool) {
        (self.tail, self.tail_zeroed)
    }

    fn window(&self) -> &[u8] {
        self.buffer.get(self.head..).unwrap_or_default()
    }

    /// The next record, `None` at the end.
    ///
    /// # Errors
    /// What the reader gives.
    pub fn next_record(&mut self) -> io::Result<Option<Record<'_>>> {
        let mut skipped = 0_u64;
        let mut zeroed = true;
        let start = loop {
            if let Some(start) = find_id(self.window(), self.at) {
                break start;
            }
            // Keep what may be the start of an id.
            let keep = self.window().len().saturating_sub(18).max(self.from);
            let passed = self.window().get(self.from..keep).unwrap_or_default();
            skipped += passed.len() as u64;
            zeroed &= passed.iter().all(|b| *b == 0);
            self.shift(keep);
            if !self.fill()? {
                let rest = self.window().get(self.from..).unwrap_or_default();
                let (length, empty) = (rest.len() as u64, rest.iter().all(|b| *b == 0));
                self.tail = skipped + length;
                self.tail_zeroed = zeroed && empty;
                return Ok(None);
            }
        };
        let between = self.window().get(self.from..start).unwrap_or_default();
        skipped += between.len() as u64;
        let frame = 2.min(between.len());
        zeroed &= between.get(..between.len() - frame).unwrap_or_default().iter().all(|b| *b == 0);
        self.shift(start);
        let stop = self.stop()?;
        let offset = self.base;
        let length = self.length(stop);
        self.from = length;
        self.at = stop;
        let bytes = self.window().get(..length.min(LONGEST)).unwrap_or_default();
        Ok(Some(Record { offset, bytes, skipped, zeroed, dropped: length.saturating_sub(LONGEST) as u64 }))
    }

    /// Where the record at the start of the buffer must have ended: the next id, or the end.
    fn stop(&mut self) -> io::Result<usize> {
        loop {
            if let Some(next) = find_id(self.window(), 15) {
                return Ok(next);
            }
            if self.window().len() > LONGEST + CHUNK || !self.fill()? {
                let stop = if self.done { self.window().len() } else { LONGEST };
                return Ok(stop);
            }
        }
    }

    /// The record's own length: up to the first frame byte, without the low byte of a length that stands before it.
    fn length(&self, stop: usize) -> usize {
        let bytes = self.window().get(..stop).unwrap_or_default();
        let Some(cut) = bytes.iter().position(|b| *b <= 5) else { return stop };
        let before = bytes.get(..cut).unwrap_or_default();
        let (Some(low), Some(high)) = (before.last(), bytes.get(cut)) else { return cut };
        if cut + 1 == stop {
            // `37 01` before an id: the low byte may look like a letter. It is a length if the record that follows
            // ends there: by a frame of its own, or the end.
            let said = usize::from(*high) * 256 + usize::from(*low);
            let next = self.window().get(stop..).unwrap_or_default();
            let clean = next.get(..said).is_some_and(|body| said > 20 && body.iter().all(|b| *b > 5));
            let ends = next.len() == said || next.iter().skip(said).take(2).any(|b| *b <= 5);
            if clean && ends {
                return cut - 1;
            }
        }
        let control = |b: &u8| *b < 0x20 && *b != b'\t';
        before.iter().rposition(|b| !control(b)).map_or(0, |last| last + 1)
    }

    fn shift(&mut self, by: usize) {
        self.head = (self.head + by).min(self.buffer.len());
        self.base += by as u64;
        self.at = self.at.saturating_sub(by);
        self.from = self.from.saturating_sub(by);
    }

    fn fill(&mut self) -> io::Result<bool> {
        if self.done {
            return Ok(false);
        }
        self.buffer.drain(..self.head);
        self.head = 0;
        let length = self.buffer.len();
        self.buffer.resize(length + CHUNK, 0);
        let got = loop {
            match self.reader.read(self.buffer.get_mut(length..).unwrap_or_default()) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other,
            }
        };
        let got = got.inspect_err(|_| self.buffer.truncate(length))?;
        self.buffer.truncate(length + got);
        self.done = got == 0;
        Ok(!self.done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Vec<(u64, String, u64)> {
        let mut records = Records::new(bytes);
        let mut out = Vec::new();
        while let Some(r) = records.next_record().unwrap() {
            out.push((r.offset, String::from_utf8_lossy(r.bytes).into_owned(), r.skipped));
        }
        out
    }

    fn framed(bodies: &[&str]) -> Vec<u8> {
        let mut out = Vec::new();
        for body in bodies {
            out.extend_from_slice(&(body.len() as u16).to_le_bytes());
            out.extend_from_slice(body.as_bytes());
        }
        out
    }

    #[test]
    fn both_framings() {
        let a = "65c4a660.00000011\tgw01\tAUT24326\tvc0\tRoot\t192.0.2.1\ttaro\tx";
        let long = format!("{a}{}", "y".repeat(300));
        let five = [b"\x05", a.as_bytes(), b"\x05", a.as_bytes()].concat();
        assert_eq!(all(&five), [(1, a.to_owned(), 1), (1 + a.len() as u64 + 1, a.to_owned(), 1)]);
        let length = framed(&[a, &long, a]);
        let got: Vec<_> = all(&length).into_iter().map(|r| r.1).collect();
        assert_eq!(got, [a, &long, a]);
        assert!(all(b"").is_empty());
        assert!(all(&[0; 70_000]).is_empty());
    }

    #[test]
    fn zeroes_in_the_middle_are_counted() {
        let a = "65c4a660.048d95\tgw01\tADM20599\tvc0\tRoot\t\tSystem";
        let bytes = [a.as_bytes(), &[0; 500], a.as_bytes()].concat();
        let got = all(&bytes);
        assert_eq!(got.len(), 2);
        assert_eq!(got[1].2, 500);
    }

    #[test]
    fn ids() {
        assert_eq!(id(b"67e39911.048d95\tx"), Some((0x67e3_9911, 298_389, 6)));
        assert_eq!(id(b"67e39911.48d95\tx"), None);
        assert_eq!(id(b"67E39911.048d95\tx"), None);
        assert_eq!(id(b""), None);
    }

    #[test]
    fn any_bytes_end() {
        let mut seed = 7_u32;
        for size in [1, 10, 100, 70_000, 200_000] {
            let bytes: Vec<u8> = (0..size)
                .map(|_| {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    b"0123456789abcdef.\t\x05\x00"[(seed >> 16) as usize % 20]
                })
                .collect();
            let total: usize = all(&bytes).iter().map(|r| r.1.len()).sum();
            assert!(total <= size);
        }
    }
}
