//! Text as bytes: which encoding a stream is in, and a reader that gives UTF-8 whatever it is.

use std::borrow::Cow;
use std::io::{self, Read};

use encoding_rs::{Encoding, SHIFT_JIS, UTF_8, UTF_16BE, UTF_16LE};

/// The encoding of a stream by its first bytes: a byte order mark, the zero bytes of UTF-16, or UTF-8.
pub fn encoding_of(head: &[u8]) -> &'static Encoding {
    if head.starts_with(&[0xFF, 0xFE]) {
        return UTF_16LE;
    }
    if head.starts_with(&[0xFE, 0xFF]) {
        return UTF_16BE;
    }
    let pairs = head.get(..head.len().min(512)).unwrap_or_default().chunks_exact(2);
    let (mut low, mut high, mut count) = (0, 0, 0);
    for pair in pairs {
        if let [a, b] = pair {
            count += 1;
            low += usize::from(*a != 0 && *b == 0);
            high += usize::from(*a == 0 && *b != 0);
        }
    }
    if count >= 8 && low * 10 > count * 9 {
        UTF_16LE
    } else if count >= 8 && high * 10 > count * 9 {
        UTF_16BE
    } else {
        UTF_8
    }
}

/// Is this text in some encoding? No NUL but in UTF-16, and few control characters.
pub fn looks_like_text(head: &[u8]) -> bool {
    if head.is_empty() {
        return false;
    }
    if encoding_of(head) != UTF_8 {
        return true;
    }
    let head = head.get(..head.len().min(4096)).unwrap_or_default();
    let odd = head.iter().filter(|b| **b < 9 || (14..32).contains(*b) && **b != 27 || **b == 127).count();
    odd * 50 <= head.len()
}

/// UTF-8 text of bytes: as they are where valid; CP932 where every byte pair is valid there; else with replacements.
/// The second value is the name of the encoding that was taken.
pub fn decode(bytes: &[u8]) -> (Cow<'_, str>, &'static str) {
    match std::str::from_utf8(bytes) {
        Ok(text) => (Cow::Borrowed(text), "utf-8"),
        Err(_) => match SHIFT_JIS.decode_without_bom_handling_and_without_replacement(bytes) {
            Some(text) => (text, "cp932"),
            None => (String::from_utf8_lossy(bytes), "utf-8 (damaged)"),
        },
    }
}

/// The text between two marks.
pub fn between<'a>(text: &'a str, from: &str, to: &str) -> Option<&'a str> {
    let (_, tail) = text.split_once(from)?;
    tail.split_once(to).map(|(inner, _)| inner)
}

/// What stands before the closing quote, one that no backslash escapes, and what follows it; the opening quote is cut already.
pub fn quoted(text: &str) -> Option<(&str, &str)> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some((text.get(..at)?, text.get(at + 1..)?)),
            _ => {}
        }
    }
    None
}

/// The longest run of valid UTF-8 in the bytes: an excerpt of it stands byte for byte where the bytes stand.
pub fn longest_valid(bytes: &[u8]) -> &str {
    let mut best = "";
    for chunk in bytes.utf8_chunks() {
        if chunk.valid().len() > best.len() {
            best = chunk.valid();
        }
    }
    best
}

/// Gives UTF-8 from a UTF-16 stream; anything else passes through, without its UTF-8 byte order mark.
pub struct Utf8Reader<R> {
    inner: R,
    decoder: Option<encoding_rs::Decoder>,
    raw: Vec<u8>,
    out: Vec<u8>,
    given: usize,
    started: bool,
    done: bool,
}

impl<R: Read> Utf8Reader<R> {
    pub fn new(inner: R, head: &[u8]) -> Self {
        let encoding = encoding_of(head);
        let decoder = (encoding != UTF_8).then(|| encoding.new_decoder());
        Self { inner, decoder, raw: vec![0; 1 << 15], out: Vec::new(), given: 0, started: false, done: false }
    }

    /// Does this reader change bytes (so that offsets in it are not offsets in the evidence)?
    pub fn transcodes(&self) -> bool {
        self.decoder.is_some()
    }

    fn refill(&mut self) -> io::Result<()> {
        self.out.clear();
        self.given = 0;
        let got = self.inner.read(&mut self.raw)?;
        let raw = self.raw.get(..got).unwrap_or_default();
        if let Some(decoder) = &mut self.decoder {
            let mut text = String::with_capacity(got * 3 + 16);
            let _ = decoder.decode_to_string(raw, &mut text, got == 0);
            self.out.extend_from_slice(text.as_bytes());
        }
        self.done = got == 0;
        Ok(())
    }
}

impl<R: Read> Read for Utf8Reader<R> {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        if self.decoder.is_none() {
            let got = self.inner.read(room)?;
            if !self.started && got >= 3 && room.starts_with(&[0xEF, 0xBB, 0xBF]) {
                // The mark is no text; what follows moves to the front.
                self.started = true;
                room.copy_within(3..got, 0);
                return if got == 3 { self.inner.read(room) } else { Ok(got - 3) };
            }
            self.started = true;
            return Ok(got);
        }
        while self.given == self.out.len() && !self.done {
            self.refill()?;
        }
        let ready = self.out.get(self.given..).unwrap_or_default();
        let count = ready.len().min(room.len());
        if let (Some(to), Some(from)) = (room.get_mut(..count), ready.get(..count)) {
            to.copy_from_slice(from);
        }
        self.given += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utf16_becomes_utf8() {
        let mut bytes = vec![0xFF, 0xFE];
        for unit in "user=taro\nnext".encode_utf16() {
            bytes.extend_from_slice(&unit.to_le_bytes());
        }
        let mut text = String::new();
        Utf8Reader::new(bytes.as_slice(), &bytes).read_to_string(&mut text).unwrap();
        assert_eq!(text, "user=taro\nnext");
    }

    #[test]
    fn the_utf8_mark_is_no_text() {
        let bytes = b"\xEF\xBB\xBFhello";
        let mut text = String::new();
        Utf8Reader::new(bytes.as_slice(), bytes).read_to_string(&mut text).unwrap();
        assert_eq!(text, "hello");
    }

    #[test]
    fn cp932_is_recognised_and_damage_is_said() {
        assert_eq!(decode(&[0x83, 0x8D, 0x83, 0x4F]).1, "cp932");
        assert_eq!(decode(&[0xFF, 0xFE, 0xFF]).1, "utf-8 (damaged)");
        assert_eq!(longest_valid(b"ab\xFFcdef\xFF"), "cdef");
        assert!(!looks_like_text(&[0, 1, 2, 3, 0, 0, 9, 200]));
    }
}
