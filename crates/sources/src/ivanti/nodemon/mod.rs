//! Ivanti Connect Secure's node monitor (`/data/var/dlogs/nodemonlog`): every few minutes the lists of `top`, `ps` and
//! `lsof`. It is the only history of processes on the appliance.

use konseki_formats::time::{self, Written};
use konseki_formats::{heads, text};
use konseki_model::{Core, Event, Kind, Piece, Sink, Stamp};

use crate::clock::Clock;
use crate::mapper::Scratch;
use crate::read::{self, Text, Verdict};
use crate::row::Row;
use crate::{Input, Reading, Source};

mod parse;

pub struct NodeMon;
pub static SOURCE: NodeMon = NodeMon;

impl Source for NodeMon {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        if !text::looks_like_text(piece.head) {
            return false;
        }
        let (marks, _) = heads::fitting(piece.head, 1000, |line| {
            line.starts_with(b"SleepInterval ") || line == b"Output of ps command" || line == b"Output of lsof command"
        });
        marks > 0
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut state = State { clock: Clock::new(reading), scratch: Scratch::default(), civil: None, now: None, table: Table::None };
        read::lines(input, reading, sink, |line, sink| state.one(line, reading, sink));
        state.clock.report(sink);
    }
}

enum Table {
    None,
    /// The columns of `ps`: places of PID, PPID and S, and how many there are.
    Ps(parse::Columns),
    Lsof,
}

struct State {
    clock: Clock,
    scratch: Scratch,
    /// The local time of the block, as written.
    civil: Option<Written>,
    now: Option<Stamp>,
    table: Table,
}

impl State {
    fn one(&mut self, line: &Text<'_>, reading: &Reading<'_>, sink: &mut dyn Sink) -> Verdict {
        self.heads(line, sink);
        let mut row = Row::default();
        let known = match &self.table {
            Table::Ps(columns) => parse::process(line.text, columns, &mut row),
            Table::Lsof => parse::socket(line.text, &mut row),
            Table::None => false,
        };
        if known {
            let (kind, mut core) = reading.about.mapper.apply(row.fields(), &mut self.scratch);
            core.dst_port = core.dst_port.or_else(|| parse::port(row.get("dst_port")));
            core.src_port = core.src_port.or_else(|| parse::port(row.get("src_port")));
            sink.event(&Event { at: line.at(), time: self.now, kind, core, fields: row.fields(), raw: line.bytes });
        } else {
            let mut row = Row::default();
            row.push("message", line.text);
            sink.event(&Event {
                at: line.at(),
                time: self.now,
                kind: Kind::Other,
                core: Core::default(),
                fields: row.fields(),
                raw: line.bytes,
            });
        }
        Verdict::Event
    }

    /// Lines that say the time, or which table follows.
    fn heads(&mut self, line: &Text<'_>, sink: &mut dyn Sink) {
        let text = line.text;
        let other = text.contains(" PID USER ") || text.starts_with("-------") || text.starts_with("SleepInterval ");
        if other || text.starts_with("Output of ") {
            self.table = Table::None;
        }
        if let Some(columns) = parse::ps_columns(text) {
            self.table = Table::Ps(columns);
        } else if text.starts_with("COMMAND ") && text.contains(" FD ") && text.contains(" NAME") {
            self.table = Table::Lsof;
        } else if let Some(rest) = text.strip_prefix("top - ") {
            if let Some(civil) = self.civil.and_then(|civil| parse::at_clock(&civil, rest)) {
                self.set(civil);
            }
        } else if let Some(host) = parse::node_name(text) {
            sink.host(host);
        } else if let Some((civil, _)) = Some(text.as_bytes()).filter(|bytes| bytes.get(3) == Some(&b' ')).and_then(time::ctime) {
            self.table = Table::None;
            self.set(civil);
        }
    }

    fn set(&mut self, civil: Written) {
        self.civil = Some(civil);
        self.now = self.clock.stamp(&civil).or(self.now);
    }
}
