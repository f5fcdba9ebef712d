//! One text that holds many: heads of sections are its own events, what stands under a head becomes evidence of its own.

use std::io::{BufRead, BufReader, Read, SeekFrom};

use konseki_formats::time;
use konseki_model::{At, Core, Event, Kind, Problem, ProblemKind, Records, Sink};

use crate::clock::Clock;
use crate::row::Row;
use crate::{Input, Reading};

/// A longer section is given in parts.
const PART: usize = 32 * 1024 * 1024;
const LINE: u64 = 1 << 20;

/// What a head of a section says.
#[derive(Debug, PartialEq, Eq)]
pub struct Head {
    /// `contents` of a file, or `output` of a command.
    pub kind: &'static str,
    /// The path or the command.
    pub what: String,
    /// The path the section has as evidence.
    pub name: String,
    pub host: String,
}

/// Reads a text whose heads `head` knows; it is asked about each line in order, with its number.
pub fn read(input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink, mut head: impl FnMut(&[u8]) -> Option<Head>) {
    if input.seek(SeekFrom::Start(0)).is_err() {
        sink.problem(Problem::new(ProblemKind::Unreadable, None, "the evidence cannot be read from its start"));
        return;
    }
    let mut state = State { clock: Clock::new(reading), counts: Records::default(), open: None, parts: 0, body: Vec::new(), number: 0 };
    let mut reader = BufReader::with_capacity(1 << 17, input);
    let mut line = Vec::new();
    let mut starts = true;
    loop {
        line.clear();
        match reader.by_ref().take(LINE).read_until(b'\n', &mut line) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => {
                let at = Some(At::Line(state.number + 1));
                sink.problem(Problem::new(ProblemKind::Unreadable, at, format!("reading stopped: {error}")));
                break;
            }
        }
        // What follows 1 MiB of a line is the rest of it, never a head.
        let found = if starts { head(&line) } else { None };
        state.line(&line, starts, found, sink);
        starts = line.ends_with(b"\n");
    }
    state.close(sink);
    sink.records(state.counts);
    state.clock.report(sink);
}

struct State {
    clock: Clock,
    counts: Records,
    /// Name of the section that is open.
    open: Option<String>,
    parts: u32,
    body: Vec<u8>,
    number: u64,
}

impl State {
    fn line(&mut self, line: &[u8], starts: bool, head: Option<Head>, sink: &mut dyn Sink) {
        self.number += u64::from(starts);
        if head.is_none() && self.open.is_some() {
            self.body.extend_from_slice(line);
            if self.body.len() >= PART && line.ends_with(b"\n") {
                self.give(sink);
            }
            return;
        }
        if let Some(head) = &head {
            self.close(sink);
            self.open = Some(head.name.clone());
            self.parts = 0;
        }
        if starts {
            self.event(line, head.as_ref(), sink);
        }
    }

    /// Heads of sections and the lines before the first one are events of the text itself.
    fn event(&mut self, line: &[u8], head: Option<&Head>, sink: &mut dyn Sink) {
        self.counts.read += 1;
        let raw = line.trim_ascii_end();
        if raw.is_empty() {
            self.counts.blank += 1;
            return;
        }
        self.counts.events += 1;
        let text = String::from_utf8_lossy(raw);
        let mut row = Row::default();
        row.push("message", &text);
        let mut core = Core::default();
        if let Some(head) = head {
            row.push("section", head.kind);
            core.object = &head.what;
            core.host = &head.host;
        }
        let time = time::any(raw).and_then(|(written, _)| self.clock.stamp(&written));
        sink.event(&Event { at: At::Line(self.number), time, kind: Kind::Other, core, fields: row.fields(), raw });
    }

    fn give(&mut self, sink: &mut dyn Sink) {
        let Some(open) = &self.open else { return };
        let body = std::mem::take(&mut self.body);
        self.parts += 1;
        let name = if self.parts == 1 { open.clone() } else { format!("{open}.part{}", self.parts) };
        if body.iter().any(|b| !b.is_ascii_whitespace()) {
            sink.nested(&name, body);
        }
    }

    fn close(&mut self, sink: &mut dyn Sink) {
        self.give(sink);
        self.open = None;
    }
}

/// The path of a section: a file's own, or one under `commands/` for a command.
pub fn path_of(kind: &str, what: &str) -> String {
    if kind == "contents" {
        return what.trim_matches(['\'', '"', '`']).trim_start_matches('/').to_owned();
    }
    let plain: String = what.chars().map(|c| if c.is_ascii_alphanumeric() || "-._".contains(c) { c } else { '_' }).take(120).collect();
    format!("commands/{plain}.txt")
}
