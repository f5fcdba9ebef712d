//! Lines of a stream at memory speed: numbered, with offsets, bounded, LF and CRLF alike.

use std::io::{self, Read};

use memchr::memchr;

/// Longest piece of a line that is kept; the rest is counted (`Line::dropped`).
pub const LONGEST: usize = 1 << 20;
const CHUNK: usize = 1 << 17;

/// One line without its line end.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    /// 1-based.
    pub number: u64,
    /// Offset of its first byte in the stream as given.
    pub offset: u64,
    pub bytes: &'a [u8],
    /// Bytes of this line that were read and not kept (0 but for lines over `LONGEST`).
    pub dropped: u64,
    /// The line has an LF; only the last line of a stream may have none.
    pub ended: bool,
}

/// Reads lines from any stream with one buffer that grows to at most `LONGEST` and a chunk.
pub struct Lines<R> {
    reader: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    number: u64,
    offset: u64,
    done: bool,
}

impl<R: Read> Lines<R> {
    pub fn new(reader: R) -> Self {
        Self { reader, buffer: vec![0; CHUNK], start: 0, end: 0, number: 0, offset: 0, done: false }
    }

    /// The next line, `None` at the end.
    ///
    /// # Errors
    /// What the reader gives; lines before it were whole.
    pub fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        let mut searched = 0;
        loop {
            let window = self.buffer.get(self.start..self.end).unwrap_or_default();
            let fresh = window.get(searched..).unwrap_or_default();
            if let Some(found) = memchr(b'\n', fresh) {
                let length = searched + found;
                return Ok(Some(self.take(length, length + 1, 0, true)));
            }
            searched = window.len();
            if self.done {
                if searched == 0 {
                    return Ok(None);
                }
                return Ok(Some(self.take(searched, searched, 0, false)));
            }
            if searched >= LONGEST {
                return self.skip_rest(searched).map(Some);
            }
            self.fill()?;
        }
    }

    fn take(&mut self, length: usize, consumed: usize, dropped: u64, ended: bool) -> Line<'_> {
        let from = self.start;
        let offset = self.offset;
        self.start += consumed;
        self.offset += consumed as u64 + dropped;
        self.number += 1;
        let bytes = self.buffer.get(from..from + length).unwrap_or_default();
        let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        Line { number: self.number, offset, bytes, dropped, ended }
    }

    /// A line over the bound: keeps what is in the window, counts what follows up to LF.
    fn skip_rest(&mut self, kept: usize) -> io::Result<Line<'_>> {
        let mut scratch = vec![0; CHUNK];
        let mut dropped = 0;
        let mut ended = false;
        let mut left = Vec::new();
        while !ended {
            let got = read_some(&mut self.reader, &mut scratch)?;
            if got == 0 {
                self.done = true;
                break;
            }
            let read = scratch.get(..got).unwrap_or_default();
            match memchr(b'\n', read) {
                Some(at) => {
                    dropped += at as u64 + 1;
                    ended = true;
                    left.extend_from_slice(read.get(at + 1..).unwrap_or_default());
                }
                None => dropped += got as u64,
            }
        }
        // The rest of the last read goes behind the kept window.
        let end = self.start + kept;
        if self.buffer.len() < end + left.len() {
            self.buffer.resize(end + left.len(), 0);
        }
        if let Some(room) = self.buffer.get_mut(end..end + left.len()) {
            room.copy_from_slice(&left);
        }
        self.end = end + left.len();
        let line_end = u64::from(ended);
        let mut line = self.take(kept, kept, dropped, ended);
        line.dropped -= line_end;
        Ok(line)
    }

    fn fill(&mut self) -> io::Result<()> {
        if self.start > 0 && (self.start == self.end || self.end == self.buffer.len()) {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.buffer.len() - self.end < CHUNK / 2 {
            let size = (self.buffer.len() * 2).min(LONGEST + 2 * CHUNK).max(self.end + CHUNK);
            self.buffer.resize(size, 0);
        }
        let room = self.buffer.get_mut(self.end..).unwrap_or_default();
        let got = read_some(&mut self.reader, room)?;
        self.end += got;
        self.done = got == 0;
        Ok(())
    }
}

fn read_some(reader: &mut impl Read, room: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(room) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Vec<(u64, u64, Vec<u8>, u64, bool)> {
        let mut lines = Lines::new(bytes);
        let mut out = Vec::new();
        while let Some(l) = lines.next_line().unwrap() {
            out.push((l.number, l.offset, l.bytes.to_vec(), l.dropped, l.ended));
        }
        out
    }

    #[test]
    fn splits_at_lf_and_crlf_and_keeps_the_last() {
        let got = all(b"a\r\n\nb\nlast");
        let want: Vec<(u64, u64, Vec<u8>, u64, bool)> = vec![
            (1, 0, b"a".to_vec(), 0, true),
            (2, 3, b"".to_vec(), 0, true),
            (3, 4, b"b".to_vec(), 0, true),
            (4, 6, b"last".to_vec(), 0, false),
        ];
        assert_eq!(got, want);
    }

    #[test]
    fn a_long_line_is_bounded_and_the_next_is_whole() {
        let long = 5 * LONGEST;
        let mut bytes = b"first\n".to_vec();
        bytes.extend(std::iter::repeat_n(b'x', long));
        bytes.extend_from_slice(b"\nnext\n");
        let got = all(&bytes);
        assert_eq!(got.len(), 3);
        assert_eq!(got[1].2.len() as u64 + got[1].3, long as u64);
        assert!(got[1].2.len() < 2 * LONGEST);
        assert_eq!((got[2].1, got[2].2.as_slice()), (6 + long as u64 + 1, b"next".as_slice()));
    }

    #[test]
    fn many_lines_add_up() {
        let mut bytes = Vec::new();
        for n in 0..50_000 {
            bytes.extend_from_slice(format!("{n} {}\n", "y".repeat(n % 97)).as_bytes());
        }
        let got = all(&bytes);
        assert_eq!(got.len(), 50_000);
        let total: usize = got.iter().map(|l| l.2.len() + 1).sum();
        assert_eq!(total, bytes.len());
        assert!(got.iter().enumerate().all(|(i, l)| l.2.starts_with(format!("{i} ").as_bytes())));
    }
}
