//! Ivanti Connect Secure (Pulse, Juniper): user access, admin and event logs as syslog or GUI export,
//! in the WELF, Standard and W3C forms, with any head a relay put before them.

use konseki_formats::time::{self, Written};
use konseki_formats::{heads, ivanti, relay};
use konseki_model::time::Offset;
use konseki_model::{Basis, Core, Event, Fidelity, Kind, Piece, Problem, ProblemKind, Sink, Stamp};

use rustc_hash::FxHashMap;

use crate::clock::Clock;
use crate::mapper::{Scratch, address};
use crate::read::{self, Text, Verdict};
use crate::row::Row;
use crate::{Input, Reading, Source};

mod parse;

/// Sessions whose two names are kept together.
const REMEMBERED: usize = 200_000;

pub struct Syslog;
pub static SOURCE: Syslog = Syslog;

impl Source for Syslog {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        let (fit, all) = heads::fitting(piece.head, 40, |line| std::str::from_utf8(line).is_ok_and(fits) || fits_lossy(line));
        fit > 0 && fit * 2 >= all || parse::is_w3c(piece.head)
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut state = State::new(reading);
        read::records(input, reading, sink, starts, |line, sink| state.one(line, reading, sink));
        state.clock.report(sink);
        if state.by_head > 0 {
            sink.zone("offset of the syslog head", Basis::Header.as_str());
        }
    }
}

fn fits(line: &str) -> bool {
    ivanti::welf_start(line).is_some() || ivanti::standard(line).is_some_and(|line| !line.realm.is_empty() || line.user == "System")
}

fn fits_lossy(line: &[u8]) -> bool {
    std::str::from_utf8(line).is_err() && fits(&String::from_utf8_lossy(line))
}

/// Fills a slot of the core that no map has filled.
fn whole<'a>(slot: &mut &'a str, value: &'a str) {
    if slot.is_empty() && value != "-" {
        *slot = value;
    }
}

/// Anything with a time, a priority or a WELF body begins a record; other lines continue a message.
fn starts(line: &[u8]) -> bool {
    matches!(line.first(), Some(b'#'))
        || time::any(line).is_some()
        || memchr::memmem::find(line, b"id=firewall ").is_some()
        || memchr::memmem::find(line, b" - [").is_some()
}

/// A local time and its offset, in microseconds.
fn said(civil: i64, offset: i64) -> Stamp {
    Stamp::new(civil - offset, Fidelity::Second, Basis::Header).by(Offset::Said((offset / 1_000_000) as i32))
}

struct State {
    clock: Clock,
    scratch: Scratch,
    /// Times that took their offset from the syslog head.
    by_head: u64,
    host_said: bool,
    columns: Vec<String>,
    /// The long session id of a short one, from lines that name both.
    sids: FxHashMap<String, String>,
}

impl State {
    fn new(reading: &Reading<'_>) -> Self {
        let mut clock = Clock::new(reading);
        if let Some(zone) = parse::zone_of_name(reading.piece.name()) {
            clock.set_zone(&zone, Basis::FileName);
        }
        Self { clock, scratch: Scratch::default(), by_head: 0, host_said: false, columns: Vec::new(), sids: FxHashMap::default() }
    }

    fn one(&mut self, line: &Text<'_>, reading: &Reading<'_>, sink: &mut dyn Sink) -> Verdict {
        let text = line.text;
        if text.starts_with('#') {
            if let Some(names) = text.strip_prefix("#Fields:") {
                self.columns = names.split_whitespace().map(str::to_owned).collect();
            }
            return Verdict::Continuation;
        }
        let mut row = Row::default();
        let columns = std::mem::take(&mut self.columns);
        let parsed = parse::line(text, &columns, &mut row);
        let verdict = match parsed {
            Some(parsed) => {
                self.push(line, &parsed, &mut row, reading, sink);
                Verdict::Event
            }
            None => self.foreign(line, sink),
        };
        self.columns = columns;
        verdict
    }

    fn push<'a>(&mut self, line: &Text<'_>, parsed: &parse::Parsed<'a>, row: &mut Row<'a>, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let head = relay::head(parsed.head);
        let time = self.stamp(parsed.time, head.time, line, sink);
        let counts = parse::derive(parsed, row);
        let user = parse::person(row.get("user"));
        let (mut kind, mut core) = reading.about.mapper.apply(row.fields(), &mut self.scratch);
        if kind == Kind::IntegrityScan {
            kind = counts.kind();
        }
        whole(&mut core.host, row.get("vpn"));
        whole(&mut core.src, address(row.get("src")));
        let (sid, short) = (row.get("sid"), row.get("sessionID"));
        if !sid.is_empty() && !short.is_empty() && self.sids.len() < REMEMBERED && !self.sids.contains_key(short) {
            self.sids.insert(short.to_owned(), sid.to_owned());
        }
        whole(&mut core.session, sid);
        whole(&mut core.session, self.sids.get(short).map_or(short, String::as_str));
        if core.src == "127.0.0.1" || core.src == "::1" {
            core.src = "";
        }
        whole(&mut core.agent, row.get("agent"));
        if core.user.is_empty() {
            core.user = &user;
        }
        if !self.host_said && parsed.head.is_empty() && !core.host.is_empty() {
            sink.host(core.host);
            self.host_said = true;
        }
        sink.event(&Event { at: line.at(), time, kind, core, fields: row.fields(), raw: line.bytes });
    }

    /// The body is local time without zone; the head says the offset. Where the relay wrote its own zone, the
    /// difference of both tells the appliance's (a whole quarter of an hour).
    fn stamp(&mut self, body: &str, head: Option<Written>, line: &Text<'_>, sink: &mut dyn Sink) -> Option<Stamp> {
        let Some((written, _)) = time::iso(body.as_bytes()) else {
            return head.and_then(|head| self.clock.stamp(&head));
        };
        let Some((offset, instant)) = head.and_then(|head| Some((i64::from(head.offset?) * 1_000_000, head.utc_micros()?))) else {
            return self.clock.stamp(&written);
        };
        let civil = written.civil_micros()?;
        self.by_head += 1;
        let Some(zone) = parse::zone_between(civil - instant, offset) else {
            let text = "the syslog head and the time in the line differ by more than any zone: the line's own time is taken";
            sink.problem(Problem::new(ProblemKind::Time, Some(line.at()), text));
            return Some(said(civil, offset));
        };
        Some(said(civil, zone))
    }

    /// A line of another program in the same file: kept, with its time, no meaning.
    fn foreign(&mut self, line: &Text<'_>, sink: &mut dyn Sink) -> Verdict {
        let Some((written, _)) = time::any(line.bytes) else { return Verdict::Rejected };
        let time = self.clock.stamp(&written);
        let mut row = Row::default();
        row.push("message", line.text);
        let host = relay::split(line.text).map_or("", |head| head.host);
        let core = Core { host, ..Core::default() };
        sink.event(&Event { at: line.at(), time, kind: Kind::Other, core, fields: row.fields(), raw: line.bytes });
        Verdict::Event
    }
}
