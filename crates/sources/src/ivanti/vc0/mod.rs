//! Ivanti Connect Secure's own log files (`log.events.vc0`, `.access`, `.admin` and their `.old`).
//! Records are found by their shape; the line counter tells of removed ones.

use std::io::SeekFrom;

use konseki_formats::vc0::{self, Record, Records as Frames};
use konseki_formats::{heads, ivanti};
use konseki_model::{At, Basis, Event, Fidelity, Piece, Problem, ProblemKind, Records, Sink, Stamp};

use crate::mapper::{Scratch, address};
use crate::row::Row;
use crate::{Input, Reading, Source};

pub struct Vc0;
pub static SOURCE: Vc0 = Vc0;

/// Gaps that are told one by one; further ones are counted together.
const GAPS: usize = 1000;

impl Source for Vc0 {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        let named = piece.name().contains(".vc0");
        let record = vc0::find_id(piece.head, 0).is_some_and(|at| {
            let rest = piece.head.get(at..).unwrap_or_default();
            let line = rest.get(..rest.len().min(400)).unwrap_or_default();
            line.split(|b| *b == b'\t').nth(2).is_some_and(|code| std::str::from_utf8(code).is_ok_and(ivanti::is_code))
        });
        match (vc0::has_signature(piece.head), record) {
            (true, true) => true,
            (true, false) => named || piece.size == vc0::HEAD,
            (false, true) => named,
            (false, false) => false,
        }
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        if input.seek(SeekFrom::Start(0)).is_err() {
            sink.problem(Problem::new(ProblemKind::Unreadable, None, "the evidence cannot be read from its start"));
            return;
        }
        let mut state = State::new(vc0::has_signature(reading.piece.head));
        let mut frames = Frames::new(input);
        loop {
            match frames.next_record() {
                Ok(Some(record)) => state.one(&record, reading, sink),
                Ok(None) => break,
                Err(error) => {
                    let at = Some(At::Offset(state.last));
                    sink.problem(Problem::new(ProblemKind::Unreadable, at, format!("reading stopped: {error}")));
                    break;
                }
            }
        }
        let (tail, zeroed) = frames.tail();
        state.between(tail, zeroed, state.last, sink);
        state.gaps(sink);
        sink.records(state.counts);
        if state.counts.events > 0 {
            sink.zone("UTC", Basis::Format.as_str());
        }
    }
}

#[derive(Default)]
struct State {
    counts: Records,
    scratch: Scratch,
    /// Bytes of the file's head that are not yet passed.
    head: u64,
    last: u64,
    host_said: bool,
    counter: Option<u32>,
    steps: u64,
    jumps: Vec<(u64, u32, u32)>,
    more_jumps: u64,
}

impl State {
    fn new(signature: bool) -> Self {
        Self { head: if signature { vc0::HEAD } else { 0 }, ..Self::default() }
    }

    fn one(&mut self, record: &Record<'_>, reading: &Reading<'_>, sink: &mut dyn Sink) {
        self.between(record.skipped, record.zeroed, record.offset, sink);
        self.last = record.offset;
        self.counts.read += 1;
        let at = At::Offset(record.offset);
        if record.dropped > 0 {
            let text = "record longer than 64 KiB: its start was kept, the rest counted";
            sink.problem(Problem::new(ProblemKind::Bound, Some(at), text).bytes(record.dropped));
        }
        let text = String::from_utf8_lossy(record.bytes);
        let Some((seconds, number, digits)) = vc0::id(record.bytes) else {
            self.counts.rejected += 1;
            return;
        };
        if text.split('\t').count() < 4 {
            self.counts.rejected += 1;
            sink.problem(Problem::new(ProblemKind::Malformed, Some(at), "record has fewer fields than any known"));
            return;
        }
        self.counts.events += 1;
        let micros = i64::from(seconds) * 1_000_000;
        let fraction = digits == 6 && number < 1_000_000;
        let time = if fraction {
            Stamp::new(micros + i64::from(number), Fidelity::Microsecond, Basis::Format)
        } else {
            self.count(number, record.offset);
            Stamp::new(micros, Fidelity::Second, Basis::Format)
        };
        self.push(&text, time, !fraction, record, reading, sink);
    }

    fn push(&mut self, text: &str, time: Stamp, counted: bool, record: &Record<'_>, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut fields = text.splitn(8, '\t');
        let id = fields.next().unwrap_or_default();
        let mut row = Row::default();
        let mut take = |name| {
            let value = fields.next().unwrap_or_default();
            row.push(name, value);
        };
        take("node");
        take("msg_code");
        take("log");
        take("ivs");
        take("src");
        take("user");
        let args = fields.next().unwrap_or_default();
        let joined = args.split('\t').filter(|arg| !arg.trim().is_empty()).collect::<Vec<_>>().join(" ");
        row.push("msg", &joined);
        row.push("args", args);
        if counted {
            row.push("line_counter", id.split('.').nth(1).unwrap_or_default());
        }
        derive(args, &joined, &mut row);
        let (kind, mut core) = reading.about.mapper.apply(row.fields(), &mut self.scratch);
        core.host = row.get("node");
        if core.src.is_empty() {
            core.src = address(row.get("src"));
        }
        let user = row.get("user");
        if user != "System" {
            core.user = user;
        }
        core.session = row.get("sid");
        if !self.host_said && !core.host.is_empty() {
            sink.host(core.host);
            self.host_said = true;
        }
        sink.event(&Event { at: At::Offset(record.offset), time: Some(time), kind, core, fields: row.fields(), raw: record.bytes });
    }

    fn count(&mut self, number: u32, offset: u64) {
        if let Some(before) = self.counter {
            if before.wrapping_add(1) == number {
                self.steps += 1;
            } else if self.jumps.len() < GAPS {
                self.jumps.push((offset, before, number));
            } else {
                self.more_jumps += 1;
            }
        }
        self.counter = Some(number);
    }

    /// Jumps are told only where the second part of the id is a counter: most records follow each other.
    fn gaps(&self, sink: &mut dyn Sink) {
        if self.steps < self.jumps.len() as u64 + self.more_jumps {
            return;
        }
        for (offset, before, number) in &self.jumps {
            let what = match number.checked_sub(*before) {
                Some(0) => "the line counter stands twice".to_owned(),
                Some(step) => format!("{} records are missing by the line counter ({before} is followed by {number})", step - 1),
                None => format!("the line counter starts again ({before} is followed by {number})"),
            };
            sink.problem(Problem::new(ProblemKind::Gap, Some(At::Offset(*offset)), what));
        }
        if self.more_jumps > 0 {
            let mut problem = Problem::new(ProblemKind::Gap, None, "further jumps of the line counter");
            problem.count = self.more_jumps;
            sink.problem(problem);
        }
    }

    /// Bytes between records that are more than a frame.
    fn between(&mut self, skipped: u64, zeroed: bool, offset: u64, sink: &mut dyn Sink) {
        let head = self.head.min(skipped);
        self.head -= head;
        let skipped = skipped - head;
        if skipped <= 16 {
            return;
        }
        let text = if zeroed { "a run of zeroes where records should be" } else { "bytes that belong to no record" };
        sink.problem(Problem::new(ProblemKind::Malformed, Some(At::Offset(offset)), text).bytes(skipped));
    }
}

/// What the arguments name: session, inner address, addresses of a change.
fn derive<'a>(args: &'a str, joined: &'a str, row: &mut Row<'a>) {
    let found = ivanti::details(joined);
    let is_sid = |arg: &&str| arg.len() > 20 && arg.starts_with("sid") && arg.bytes().all(|b| b.is_ascii_alphanumeric());
    let sid = if found.sid.is_empty() { args.split('\t').find(is_sid).unwrap_or_default() } else { found.sid };
    row.push_some("sid", sid);
    let mut addresses = args.split('\t').filter(|arg| heads::is_address(arg));
    match row.get("msg_code") {
        "NWC23464" | "NWC23465" | "NWC30477" | "NWC23508" => {
            let inner = if found.inner_ip.is_empty() { addresses.next().unwrap_or_default() } else { found.inner_ip };
            row.push_some("inner_ip", inner);
        }
        "AUT20919" => {
            row.push_some("old_ip", addresses.next().unwrap_or_default());
            row.push_some("new_ip", addresses.next().unwrap_or_default());
        }
        "AUT31556" | "AUT20920" => {
            row.push_some("url", args.split('\t').find(|arg| arg.starts_with('/')).unwrap_or(found.url));
        }
        _ => {}
    }
}
