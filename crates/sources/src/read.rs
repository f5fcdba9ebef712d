//! The common way through text: lines or records with continuation lines, counted, decoded, bounded.

use std::borrow::Cow;
use std::io::SeekFrom;

use konseki_formats::lines::Lines;
use konseki_formats::text::{Utf8Reader, decode};
use konseki_model::{At, Problem, ProblemKind, Records, Sink};

use crate::{Input, Reading};

/// Longest record (first line and continuation lines) that is kept.
const LONGEST_RECORD: usize = 256 * 1024;

/// One line, or one record of several lines joined by LF.
pub struct Text<'a> {
    /// Line number of its first line.
    pub number: u64,
    /// As it stands.
    pub bytes: &'a [u8],
    /// As UTF-8; borrowed from `bytes` where they are UTF-8.
    pub text: &'a str,
}

impl Text<'_> {
    pub fn at(&self) -> At {
        At::Line(self.number)
    }
}

/// What a source made of a line or record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// One event was pushed for it.
    Event,
    /// Several events were pushed, or none because it is a head of the format: part of another record.
    Continuation,
    /// Not in the shape of this source: counted, its place reported.
    Rejected,
}

/// Goes through lines one by one. Blank lines are counted and not passed on.
pub fn lines(input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink, mut each: impl FnMut(&Text<'_>, &mut dyn Sink) -> Verdict) {
    records(input, reading, sink, |_| true, &mut each);
}

/// Goes through records: a line for which `starts` holds begins one, others continue it.
pub fn records(
    input: &mut dyn Input,
    reading: &Reading<'_>,
    sink: &mut dyn Sink,
    starts: impl Fn(&[u8]) -> bool,
    mut each: impl FnMut(&Text<'_>, &mut dyn Sink) -> Verdict,
) {
    if input.seek(SeekFrom::Start(0)).is_err() {
        sink.problem(Problem::new(ProblemKind::Unreadable, None, "the evidence cannot be read from its start"));
        return;
    }
    let mut lines = Lines::new(Utf8Reader::new(input, reading.piece.head));
    let mut state = State { number: 0, record: Vec::new(), counts: Records::default(), open: false };
    loop {
        match lines.next_line() {
            Ok(None) => break,
            Err(error) => {
                let at = Some(At::Line(state.counts.read + 1));
                sink.problem(Problem::new(ProblemKind::Unreadable, at, format!("reading stopped: {error}")));
                break;
            }
            Ok(Some(line)) => {
                state.counts.read += 1;
                if line.dropped > 0 {
                    let text = "line longer than 1 MiB: its start was kept, the rest counted";
                    sink.problem(Problem::new(ProblemKind::Bound, Some(At::Line(line.number)), text).bytes(line.dropped));
                }
                if line.bytes.iter().all(|b| b.is_ascii_whitespace() || *b == 0) {
                    if line.bytes.contains(&0) {
                        let text = "a run of NUL bytes where lines should be";
                        let bytes = line.bytes.len() as u64;
                        sink.problem(Problem::new(ProblemKind::Malformed, Some(At::Line(line.number)), text).bytes(bytes));
                    }
                    state.counts.blank += 1;
                    continue;
                }
                if starts(line.bytes) || !state.open {
                    state.flush(sink, &mut each);
                    state.open = true;
                    state.number = line.number;
                    state.record.extend_from_slice(line.bytes);
                } else {
                    state.continue_with(line.bytes, line.number, sink);
                }
            }
        }
    }
    state.flush(sink, &mut each);
    sink.records(state.counts);
}

struct State {
    number: u64,
    record: Vec<u8>,
    counts: Records,
    open: bool,
}

impl State {
    fn continue_with(&mut self, bytes: &[u8], number: u64, sink: &mut dyn Sink) {
        self.counts.continuation += 1;
        if self.record.len() + bytes.len() > LONGEST_RECORD {
            let text = "record longer than 256 KiB: further lines of it are counted and not kept";
            let problem = Problem::new(ProblemKind::Bound, Some(At::Line(number)), text);
            sink.problem(problem.bytes(bytes.len() as u64));
            return;
        }
        self.record.push(b'\n');
        self.record.extend_from_slice(bytes);
    }

    fn flush(&mut self, sink: &mut dyn Sink, each: &mut impl FnMut(&Text<'_>, &mut dyn Sink) -> Verdict) {
        if !self.open {
            return;
        }
        self.open = false;
        let (text, encoding) = decode(&self.record);
        if !matches!(text, Cow::Borrowed(_)) || encoding != "utf-8" {
            let text = format!("text is not UTF-8, read as {encoding}");
            sink.problem(Problem::new(ProblemKind::Encoding, Some(At::Line(self.number)), text));
        }
        let record = Text { number: self.number, bytes: &self.record, text: &text };
        match each(&record, sink) {
            Verdict::Event => self.counts.events += 1,
            Verdict::Continuation => self.counts.continuation += 1,
            Verdict::Rejected => {
                self.counts.rejected += 1;
                let text = "line is not in a shape known of this source";
                sink.problem(Problem::new(ProblemKind::Malformed, Some(At::Line(self.number)), text));
            }
        }
        self.record.clear();
    }
}
