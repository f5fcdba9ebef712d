//! The journal export format: `NAME=value` lines, binary values with a length before them, an empty line after each entry.
//! Shape: systemd's JOURNAL_EXPORT_FORMATS.

use std::io::{BufRead, BufReader, Read, SeekFrom};

use konseki_formats::heads;
use konseki_model::{At, Problem, ProblemKind, Records, Sink};

use super::Entry;
use crate::read::Verdict;
use crate::{Input, Reading};

/// Longest value that is kept; the rest is counted.
const LONGEST: u64 = 64 * 1024;
/// Fields of one entry that are kept.
const FIELDS: usize = 256;

/// Do the first lines open with the address fields of an entry?
pub fn is_head(head: &[u8]) -> bool {
    let mut lines = heads::first_lines(head, 6);
    lines.next().is_some_and(|line| line.starts_with(b"__CURSOR=")) && lines.any(|line| line.starts_with(b"__REALTIME_TIMESTAMP="))
}

/// One entry being collected.
#[derive(Default)]
struct Open {
    line: u64,
    lines: u64,
    fields: Vec<(String, String)>,
    raw: Vec<u8>,
}

/// Reads all of it. Records are lines, a binary value counts as one: an entry is one event, its other lines continue it.
pub fn read(input: &mut dyn Input, _: &Reading<'_>, sink: &mut dyn Sink, each: &mut dyn FnMut(Entry<'_>, &mut dyn Sink) -> Verdict) {
    if input.seek(SeekFrom::Start(0)).is_err() {
        sink.problem(Problem::new(ProblemKind::Unreadable, None, "the evidence cannot be read from its start"));
        return;
    }
    let mut reader = Reader { inner: BufReader::with_capacity(1 << 17, input), newlines: 0 };
    let mut counts = Records::default();
    let mut open = Open::default();
    loop {
        let number = reader.newlines + 1;
        let mut line = Vec::new();
        match reader.line(&mut line) {
            Ok(None) => break,
            Ok(Some(0)) => {}
            Ok(Some(dropped)) => {
                let text = "line longer than 64 KiB: its start was kept, the rest counted";
                sink.problem(Problem::new(ProblemKind::Bound, Some(At::Line(number)), text).bytes(dropped));
            }
            Err(error) => {
                sink.problem(Problem::new(ProblemKind::Unreadable, Some(At::Line(number)), format!("reading stopped: {error}")));
                break;
            }
        }
        counts.read += 1;
        if line.is_empty() {
            counts.blank += 1;
            flush(&mut open, &mut counts, sink, each);
            continue;
        }
        match field(&line, &mut reader, number, sink) {
            Some((name, value)) => open.take(name, value, &line, number),
            None => {
                counts.rejected += 1;
                sink.problem(Problem::new(ProblemKind::Malformed, Some(At::Line(number)), "line is not in a shape known of this source"));
            }
        }
    }
    flush(&mut open, &mut counts, sink, each);
    sink.records(counts);
}

impl Open {
    fn take(&mut self, name: String, value: String, line: &[u8], number: u64) {
        if self.lines == 0 {
            self.line = number;
        }
        self.lines += 1;
        if self.fields.len() < FIELDS {
            self.fields.push((name, value));
        }
        // Binary values end the excerpt: what follows would not stand line by line.
        if self.raw.len() < 16_384 && line.contains(&b'=') && self.line + self.lines - 1 == number {
            if !self.raw.is_empty() {
                self.raw.push(b'\n');
            }
            self.raw.extend_from_slice(line);
        }
    }
}

fn flush(open: &mut Open, counts: &mut Records, sink: &mut dyn Sink, each: &mut dyn FnMut(Entry<'_>, &mut dyn Sink) -> Verdict) {
    let entry = std::mem::take(open);
    if entry.lines > 0 {
        each(Entry { at: At::Line(entry.line), fields: entry.fields, raw: &entry.raw }, sink);
        counts.events += 1;
        counts.continuation += entry.lines - 1;
    }
}

fn field<R: Read>(line: &[u8], reader: &mut Reader<R>, number: u64, sink: &mut dyn Sink) -> Option<(String, String)> {
    let text = String::from_utf8_lossy(line);
    let is_name = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    if let Some((name, value)) = text.split_once('=') {
        return is_name(name).then(|| (name.to_owned(), value.to_owned()));
    }
    if !is_name(&text) {
        return None;
    }
    match reader.value() {
        Ok((value, dropped)) => {
            if dropped > 0 {
                let text = "value longer than 64 KiB: its start was kept, the rest counted";
                sink.problem(Problem::new(ProblemKind::Bound, Some(At::Line(number)), text).bytes(dropped));
            }
            Some((text.into_owned(), String::from_utf8_lossy(&value).into_owned()))
        }
        Err(_) => {
            sink.problem(Problem::new(ProblemKind::Truncated, Some(At::Line(number)), "the file ends within a binary value"));
            Some((text.into_owned(), String::new()))
        }
    }
}

/// Lines and binary values, counting line ends so that places stay lines of the file.
struct Reader<R> {
    inner: BufReader<R>,
    newlines: u64,
}

impl<R: Read> Reader<R> {
    /// The next line without its end and the bytes of it that were not kept; `None` at the end of the file.
    fn line(&mut self, line: &mut Vec<u8>) -> std::io::Result<Option<u64>> {
        let (mut any, mut dropped) = (false, 0);
        loop {
            let room = self.inner.fill_buf()?;
            if room.is_empty() {
                return Ok(any.then_some(dropped));
            }
            any = true;
            let end = memchr::memchr(b'\n', room);
            let part = room.get(..end.unwrap_or(room.len())).unwrap_or_default();
            let space = usize::try_from(LONGEST).unwrap_or(usize::MAX).saturating_sub(line.len());
            line.extend_from_slice(part.get(..space.min(part.len())).unwrap_or_default());
            dropped += part.len().saturating_sub(space) as u64;
            let used = part.len() + usize::from(end.is_some());
            self.inner.consume(used);
            if end.is_some() {
                self.newlines += 1;
                return Ok(Some(dropped));
            }
        }
    }

    /// Length as 8 bytes little endian, the bytes, a line end. Gives the value and the bytes that were not kept.
    fn value(&mut self) -> std::io::Result<(Vec<u8>, u64)> {
        let mut size = [0; 8];
        self.inner.read_exact(&mut size)?;
        let size = u64::from_le_bytes(size);
        let mut value = Vec::new();
        let got = (&mut self.inner).take(size.min(LONGEST)).read_to_end(&mut value)? as u64;
        self.newlines += memchr::memchr_iter(b'\n', &size.to_le_bytes()).count() as u64;
        self.newlines += memchr::memchr_iter(b'\n', &value).count() as u64;
        let mut dropped = 0;
        let mut room = [0; 8192];
        while got == LONGEST.min(size) && dropped < size - got {
            let want = usize::try_from(size - got - dropped).unwrap_or(room.len()).min(room.len());
            let read = self.inner.read(room.get_mut(..want).unwrap_or_default())?;
            if read == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            self.newlines += memchr::memchr_iter(b'\n', room.get(..read).unwrap_or_default()).count() as u64;
            dropped += read as u64;
        }
        let mut end = [0];
        self.inner.read_exact(&mut end)?;
        self.newlines += u64::from(end == [b'\n']);
        Ok((value, dropped))
    }
}
