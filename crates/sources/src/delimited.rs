//! Delimited text (CSV and its relatives) as rows with names: framed and split by `csv-core`, numbered by line, bounded.

use std::borrow::Cow;
use std::io::{Read, SeekFrom};

use csv_core::{ReadRecordResult, Reader, ReaderBuilder, Terminator};
use encoding_rs::SHIFT_JIS;
use konseki_formats::lines::Lines;
use konseki_formats::text::{Utf8Reader, decode};
use konseki_model::{At, Field, Piece, Problem, ProblemKind, Records, Sink};

use crate::read::{Text, Verdict};
use crate::{Input, Reading};

/// Longest row that is kept; a quote that is still open after it is taken for one that is never closed.
const LONGEST: usize = 256 * 1024;
/// Quotes never closed that one piece may have before its rows are taken as they come.
const RESCUES: u32 = 64;
/// How much of a head is looked at for the names of columns.
const LOOK: usize = 8192;

/// The line with the names of columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    pub delimiter: u8,
    pub names: Vec<String>,
}

impl Heading {
    /// Names of a line as it stands, without quotes and surrounding blanks.
    pub fn of(line: &str, delimiter: u8) -> Self {
        let mut splitter = Splitter::new(delimiter);
        splitter.feed(line.as_bytes());
        splitter.feed(b"\n");
        let names = splitter.cells().iter().map(|cell| cell.trim().to_owned()).collect();
        Self { delimiter, names }
    }

    pub fn has(&self, wanted: &str) -> bool {
        self.names.iter().any(|name| name == wanted)
    }

    pub fn has_all(&self, wanted: &[&str]) -> bool {
        wanted.iter().all(|one| self.has(one))
    }
}

/// The first lines of a piece as text, whatever its encoding.
pub fn beginning(piece: &Piece<'_>) -> String {
    let part = piece.head.get(..piece.head.len().min(LOOK)).unwrap_or_default();
    let mut bytes = Vec::new();
    // An odd byte at the end of UTF-16 is no error worth telling here.
    let _ = Utf8Reader::new(part, piece.head).read_to_end(&mut bytes);
    let whole = bytes.iter().rposition(|b| *b == b'\n').filter(|_| piece.head.len() > LOOK).unwrap_or(bytes.len());
    let (text, _) = decode(bytes.get(..whole).unwrap_or_default());
    text.into_owned()
}

/// The heading of a piece: its first line that is no comment of PowerShell (`#TYPE`) or Excel (`sep=`).
pub fn heading(piece: &Piece<'_>) -> Option<Heading> {
    let text = beginning(piece);
    let line = text.lines().find(|line| !line.trim().is_empty() && !is_preface(line))?;
    if line.starts_with(['{', '[', '<']) {
        return None;
    }
    let delimiter = [b',', b'\t', b';', b'|'].into_iter().max_by_key(|mark| line.bytes().filter(|b| b == mark).count())?;
    Some(Heading::of(line, delimiter))
}

fn is_preface(line: &str) -> bool {
    line.starts_with("#TYPE ") || line.starts_with("sep=")
}

/// Goes through the rows of a table. A row for which `is_head` holds gives the names of those after it (tables are often
/// joined). Fields that are empty are left out; cells beyond the names are called `column_N`.
pub fn table(
    input: &mut dyn Input,
    reading: &Reading<'_>,
    sink: &mut dyn Sink,
    is_head: impl Fn(&Heading) -> bool,
    mut each: impl FnMut(&Text<'_>, &[Field<'_>], &mut dyn Sink) -> Verdict,
) {
    let delimiter = heading(&reading.piece).map_or(b',', |heading| heading.delimiter);
    let mut names: Vec<String> = Vec::new();
    let extra: Vec<String> = (0..256).map(|n| format!("column_{}", n + 1)).collect();
    rows(input, reading, sink, delimiter, |text, cells, sink| {
        if text.number < 8 && is_preface(text.text) {
            return Verdict::Continuation;
        }
        let known = names.first().is_some_and(|first| cells.first().is_some_and(|cell| cell.trim() == first));
        if names.is_empty() || known {
            let heading = Heading { delimiter, names: cells.iter().map(|cell| cell.trim().to_owned()).collect() };
            if is_head(&heading) {
                names = heading.names;
                return Verdict::Continuation;
            }
        }
        if names.is_empty() {
            return Verdict::Rejected;
        }
        let all = names.iter().chain(extra.iter().skip(names.len()));
        let fields: Vec<Field<'_>> =
            all.zip(cells).filter(|(_, cell)| !cell.is_empty()).map(|(name, cell)| Field::new(name, cell)).collect();
        if fields.is_empty() { Verdict::Rejected } else { each(text, &fields, sink) }
    });
}

/// Goes through rows. A row may span lines inside quotes: its first line counts as the record, the others as
/// continuation. A quote that is never closed costs its own line only.
pub fn rows(
    input: &mut dyn Input,
    reading: &Reading<'_>,
    sink: &mut dyn Sink,
    delimiter: u8,
    each: impl FnMut(&Text<'_>, &[Cow<'_, str>], &mut dyn Sink) -> Verdict,
) {
    if input.seek(SeekFrom::Start(0)).is_err() {
        sink.problem(Problem::new(ProblemKind::Unreadable, None, "the evidence cannot be read from its start"));
        return;
    }
    let mut lines = Lines::new(Utf8Reader::new(input, reading.piece.head));
    let mut frame = Frame {
        splitter: Splitter::new(delimiter),
        record: Vec::new(),
        ends: Vec::new(),
        number: 0,
        after: 0,
        rescues: 0,
        counts: Records::default(),
        each,
    };
    loop {
        match lines.next_line() {
            Ok(Some(line)) => {
                frame.counts.read += 1;
                if line.dropped > 0 {
                    let text = "line longer than 1 MiB: its start was kept, the rest counted";
                    sink.problem(Problem::new(ProblemKind::Bound, Some(At::Line(line.number)), text).bytes(line.dropped));
                }
                frame.line(line.number, line.bytes, line.offset, sink);
            }
            Ok(None) => break,
            Err(error) => {
                let at = Some(At::Line(frame.counts.read + 1));
                sink.problem(Problem::new(ProblemKind::Unreadable, at, format!("reading stopped: {error}")));
                break;
            }
        }
    }
    frame.finish(sink);
    sink.records(frame.counts);
}

struct Frame<F> {
    splitter: Splitter,
    record: Vec<u8>,
    /// Where each line of the record ends in it.
    ends: Vec<usize>,
    /// The first line of the record.
    number: u64,
    /// Offset behind the last line taken, without its line end.
    after: u64,
    rescues: u32,
    counts: Records,
    each: F,
}

impl<F: FnMut(&Text<'_>, &[Cow<'_, str>], &mut dyn Sink) -> Verdict> Frame<F> {
    fn line(&mut self, number: u64, bytes: &[u8], offset: u64, sink: &mut dyn Sink) {
        while !self.ends.is_empty() && self.record.len() + bytes.len() > LONGEST {
            self.runaway(sink);
        }
        if self.ends.is_empty() {
            if bytes.iter().all(|b| b.is_ascii_whitespace() || *b == 0) {
                if bytes.contains(&0) {
                    let problem = Problem::new(ProblemKind::Malformed, Some(At::Line(number)), "a run of NUL bytes where lines should be");
                    sink.problem(problem.bytes(bytes.len() as u64));
                }
                self.counts.blank += 1;
                return;
            }
            self.number = number;
        } else {
            self.counts.continuation += 1;
            // The line end as it stands, so that an excerpt does too.
            self.record.extend_from_slice(if offset == self.after + 2 { b"\r\n" } else { b"\n" });
        }
        self.record.extend_from_slice(bytes);
        self.ends.push(self.record.len());
        self.after = offset + bytes.len() as u64;
        let whole = self.splitter.feed(bytes) || self.splitter.feed(b"\n");
        if whole {
            self.flush(sink);
        }
    }

    /// A quote still open after so much text was never meant to open: its line is set aside, those after it are read anew.
    fn runaway(&mut self, sink: &mut dyn Sink) {
        let text = "a quote is opened and never closed: its line was set aside, reading went on with the next";
        sink.problem(Problem::new(ProblemKind::Malformed, Some(At::Line(self.number)), text));
        let record = std::mem::take(&mut self.record);
        let ends = std::mem::take(&mut self.ends);
        self.splitter.reset();
        self.counts.rejected += 1;
        self.rescues += 1;
        let more = ends.len().saturating_sub(1) as u64;
        let mut from = ends.first().copied().unwrap_or(record.len());
        if self.rescues > RESCUES {
            let text = "too many quotes never closed: lines up to here were counted and not kept";
            sink.problem(Problem::new(ProblemKind::Bound, Some(At::Line(self.number)), text).bytes((record.len() - from) as u64));
            return;
        }
        self.counts.continuation -= more;
        let mut number = self.number;
        for end in ends.iter().skip(1) {
            let line = record.get(from..*end).unwrap_or_default();
            let line = line.strip_prefix(b"\r").unwrap_or(line);
            let line = line.strip_prefix(b"\n").unwrap_or(line);
            from = *end;
            number += 1;
            self.line(number, line, self.after + 1, sink);
        }
    }

    fn finish(&mut self, sink: &mut dyn Sink) {
        if self.ends.is_empty() {
            return;
        }
        let text = "the last record is not closed: the piece ends inside quotes";
        sink.problem(Problem::new(ProblemKind::Truncated, Some(At::Line(self.number)), text));
        self.splitter.close();
        self.flush(sink);
    }

    fn flush(&mut self, sink: &mut dyn Sink) {
        let (text, encoding) = decode(&self.record);
        if encoding != "utf-8" {
            let text = format!("text is not UTF-8, read as {encoding}");
            sink.problem(Problem::new(ProblemKind::Encoding, Some(At::Line(self.number)), text));
        }
        let cells = self.splitter.decoded(encoding);
        let record = Text { number: self.number, bytes: &self.record, text: &text };
        match (self.each)(&record, &cells, sink) {
            Verdict::Event => self.counts.events += 1,
            Verdict::Continuation => self.counts.continuation += 1,
            Verdict::Rejected => {
                self.counts.rejected += 1;
                let text = "row is not in a shape known of this source";
                sink.problem(Problem::new(ProblemKind::Malformed, Some(At::Line(self.number)), text));
            }
        }
        drop((text, cells));
        self.record.clear();
        self.ends.clear();
        self.splitter.reset();
    }
}

/// One record of `csv-core`, fed line by line.
pub(crate) struct Splitter {
    core: Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
    filled: usize,
    count: usize,
}

impl Splitter {
    pub(crate) fn new(delimiter: u8) -> Self {
        // CR stays text: lines are already cut.
        let core = ReaderBuilder::new().delimiter(delimiter).terminator(Terminator::Any(b'\n')).build();
        Self { core, text: vec![0; 4096], ends: vec![0; 64], filled: 0, count: 0 }
    }

    /// The cells of a line that is a record.
    pub(crate) fn split(&mut self, line: &str) -> Vec<Cow<'_, str>> {
        self.reset();
        if !self.feed(line.as_bytes()) && !self.feed(b"\n") {
            self.close();
        }
        self.cells()
    }

    fn reset(&mut self) {
        self.core.reset();
        (self.filled, self.count) = (0, 0);
    }

    /// True where a record ends in these bytes.
    fn feed(&mut self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            let (result, read) = self.step(bytes);
            bytes = bytes.get(read..).unwrap_or_default();
            if matches!(result, ReadRecordResult::Record) {
                return true;
            }
        }
        false
    }

    /// Ends the record at the end of input, without the line end that was fed behind its last line.
    fn close(&mut self) {
        while matches!(self.step(&[]).0, ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull) {}
        if let Some(last) = self.count.checked_sub(1).and_then(|last| self.ends.get_mut(last)) {
            *last = last.saturating_sub(1);
        }
    }

    fn step(&mut self, bytes: &[u8]) -> (ReadRecordResult, usize) {
        let text = self.text.get_mut(self.filled..).unwrap_or_default();
        let ends = self.ends.get_mut(self.count..).unwrap_or_default();
        let (result, read, written, ended) = self.core.read_record(bytes, text, ends);
        self.filled += written;
        self.count += ended;
        match result {
            ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
            ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
            _ => {}
        }
        (result, read)
    }

    fn spans(&self) -> impl Iterator<Item = &[u8]> {
        let mut from = 0;
        self.ends.iter().take(self.count).map(move |end| {
            let span = self.text.get(from..*end).unwrap_or_default();
            from = *end;
            span
        })
    }

    fn cells(&self) -> Vec<Cow<'_, str>> {
        self.decoded("utf-8")
    }

    fn decoded(&self, encoding: &str) -> Vec<Cow<'_, str>> {
        let cell =
            |bytes| if encoding == "cp932" { SHIFT_JIS.decode_without_bom_handling(bytes).0 } else { String::from_utf8_lossy(bytes) };
        self.spans().map(cell).collect()
    }
}

#[cfg(test)]
mod tests;
