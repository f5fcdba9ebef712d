//! A decrypted system snapshot of Ivanti Connect Secure: one text of sections `### Contents of <path>` and
//! `### Output of <command>`. Each section becomes evidence of its own.

use std::io::{BufRead, BufReader, Read, SeekFrom};

use konseki_formats::{heads, time};
use konseki_model::{At, Core, Event, Kind, Piece, Problem, ProblemKind, Records, Sink};

use crate::clock::Clock;
use crate::row::Row;
use crate::{Input, Reading, Source};

pub struct Snapshot;
pub static SOURCE: Snapshot = Snapshot;

/// A longer section is given in parts.
const PART: usize = 32 * 1024 * 1024;
const LINE: u64 = 1 << 20;

impl Source for Snapshot {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        heads::first_lines(piece.head, 4000).any(|line| section(line).is_some())
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        if input.seek(SeekFrom::Start(0)).is_err() {
            sink.problem(Problem::new(ProblemKind::Unreadable, None, "the evidence cannot be read from its start"));
            return;
        }
        let mut state = State { clock: Clock::new(reading), counts: Records::default(), open: None, parts: 0, body: Vec::new(), number: 0 };
        let mut reader = BufReader::with_capacity(1 << 17, input);
        let mut line = Vec::new();
        let mut whole = true;
        loop {
            line.clear();
            match reader.by_ref().take(LINE).read_until(b'\n', &mut line) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) => {
                    sink.problem(Problem::new(
                        ProblemKind::Unreadable,
                        Some(At::Line(state.number + 1)),
                        format!("reading stopped: {error}"),
                    ));
                    break;
                }
            }
            state.line(&line, whole, sink);
            whole = line.ends_with(b"\n");
        }
        state.close(sink);
        sink.records(state.counts);
        state.clock.report(sink);
    }
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
    /// `starts`: the bytes are the start of a line and not the rest of one over 1 MiB.
    fn line(&mut self, line: &[u8], starts: bool, sink: &mut dyn Sink) {
        self.number += u64::from(starts);
        let head = if starts { section(line) } else { None };
        if head.is_none() && self.open.is_some() {
            self.body.extend_from_slice(line);
            if self.body.len() >= PART && line.ends_with(b"\n") {
                self.give(sink);
            }
            return;
        }
        if let Some((kind, what)) = head {
            self.close(sink);
            self.open = Some(name(kind, what));
            self.parts = 0;
        }
        if starts {
            self.event(line, head, sink);
        }
    }

    /// Heads of sections and the lines before the first one are events of the snapshot itself.
    fn event(&mut self, line: &[u8], head: Option<(&str, &str)>, sink: &mut dyn Sink) {
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
        if let Some((kind, what)) = head {
            row.push("section", kind);
            core.object = what;
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

/// `### Contents of /data/var/dlogs/debuglog` -> (`contents`, path).
fn section(line: &[u8]) -> Option<(&'static str, &str)> {
    let rest = line.strip_prefix(b"### ")?;
    let text = std::str::from_utf8(rest.trim_ascii_end()).ok()?;
    let text = text.trim_end_matches(['#', ' ', ':']);
    text.strip_prefix("Contents of ")
        .map(|path| ("contents", path))
        .or_else(|| text.strip_prefix("Output of ").map(|command| ("output", command)))
}

fn name(kind: &str, what: &str) -> String {
    if kind == "contents" {
        return what.trim_matches(['\'', '"', '`']).trim_start_matches('/').to_owned();
    }
    let plain: String = what.chars().map(|c| if c.is_ascii_alphanumeric() || "-._".contains(c) { c } else { '_' }).take(120).collect();
    format!("commands/{plain}.txt")
}
