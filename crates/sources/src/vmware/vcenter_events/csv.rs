//! CSV exports of events: PowerCLI's `Get-VIEvent | Export-Csv`, and the vSphere client's own export.

use std::borrow::Cow;
use std::io::SeekFrom;

use konseki_formats::lines::Lines;
use konseki_formats::text::{Utf8Reader, decode};
use konseki_formats::{heads, time};
use konseki_model::{At, Event, Problem, ProblemKind, Records, Sink};

use crate::clock::Clock;
use crate::mapper::Scratch;
use crate::row::Row;
use crate::vcenter as shared;
use crate::{Input, Reading};

const LONGEST: usize = 1 << 20;

/// Our name of a column, or empty where it is kept under its own.
const COLUMNS: &[(&str, &str)] = &[
    ("key", "event_key"),
    ("chainid", "chain_id"),
    ("createdtime", "time"),
    ("datetime", "time"),
    ("date", "time"),
    ("time", "time"),
    ("username", "user_name"),
    ("user", "user_name"),
    ("fullformattedmessage", "message"),
    ("description", "message"),
    ("message", "message"),
    ("eventtypeid", "event_type"),
    ("eventtype", "event_type"),
    ("type", "severity"),
    ("severity", "severity"),
    ("target", "entity"),
    ("datacenter", "entity"),
    ("ipaddress", "src_ip"),
    ("useragent", "agent"),
    ("sessionid", "session_id"),
];

fn canonical(column: &str) -> &'static str {
    let plain: String = column.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    COLUMNS.iter().find(|(name, _)| *name == plain).map_or("", |(_, ours)| ours)
}

/// The delimiter, and each column as written with our name of it.
type Header = (char, Vec<(String, &'static str)>);

fn header(line: &str) -> Option<Header> {
    let delimiter = [',', ';', '\t'].into_iter().max_by_key(|mark| line.matches(*mark).count())?;
    let names: Vec<(String, &'static str)> =
        cells(line, delimiter).iter().map(|cell| (cell.trim().to_owned(), canonical(cell.trim()))).collect();
    let has = |wanted: &str| names.iter().any(|(_, ours)| *ours == wanted);
    let plain = |wanted: &str| names.iter().any(|(name, _)| name.replace([' ', '_'], "").eq_ignore_ascii_case(wanted));
    let powercli = plain("FullFormattedMessage") && plain("CreatedTime");
    let client = plain("Description") && (plain("EventTypeID") || plain("DateTime") && plain("Target") && plain("User"));
    (names.len() > 2 && has("time") && has("message") && (powercli || client)).then_some((delimiter, names))
}

/// Every head names the message or description; few records do, and each is cut into cells only once.
fn may_be_header(record: &[u8]) -> bool {
    [&b"essage"[..], b"ESSAGE", b"escription", b"ESCRIPTION"].iter().any(|part| memchr::memmem::find(record, part).is_some())
}

pub fn is_export(head: &[u8]) -> bool {
    let text = decoded(head);
    heads::first_lines(text.as_bytes(), 3).any(|line| std::str::from_utf8(line).is_ok_and(|line| header(line).is_some()))
}

fn decoded(head: &[u8]) -> Cow<'_, str> {
    if !head.starts_with(&[0xFF, 0xFE]) && !head.starts_with(&[0xFE, 0xFF]) {
        return String::from_utf8_lossy(head);
    }
    let mut text = String::new();
    let part = head.get(..head.len().min(4096) & !1).unwrap_or_default();
    let _ = std::io::Read::read_to_string(&mut Utf8Reader::new(part, head), &mut text);
    Cow::Owned(text)
}

/// Cells of one record; quotes doubled inside quotes.
fn cells(line: &str, delimiter: char) -> Vec<Cow<'_, str>> {
    let mut out = Vec::new();
    let mut rest = line;
    loop {
        if let Some(inner) = rest.strip_prefix('"') {
            let mut at = 0;
            let mut doubled = false;
            let end = loop {
                match inner.as_bytes().get(at..).and_then(|tail| memchr::memchr(b'"', tail)) {
                    Some(found) if inner.as_bytes().get(at + found + 1) == Some(&b'"') => {
                        at += found + 2;
                        doubled = true;
                    }
                    Some(found) => break at + found,
                    None => break inner.len(),
                }
            };
            let value = inner.get(..end).unwrap_or_default();
            out.push(if doubled { Cow::Owned(value.replace("\"\"", "\"")) } else { Cow::Borrowed(value) });
            let tail = inner.get(end + 1..).unwrap_or_default();
            match tail.split_once(delimiter) {
                Some((_, next)) => rest = next,
                None => return out,
            }
        } else {
            match rest.split_once(delimiter) {
                Some((value, next)) => {
                    out.push(Cow::Borrowed(value));
                    rest = next;
                }
                None => {
                    out.push(Cow::Borrowed(rest));
                    return out;
                }
            }
        }
    }
}

pub fn read(input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
    if input.seek(SeekFrom::Start(0)).is_err() {
        sink.problem(Problem::new(ProblemKind::Unreadable, None, "the evidence cannot be read from its start"));
        return;
    }
    let mut state = State { clock: Clock::new(reading), scratch: Scratch::default(), counts: Records::default(), header: None };
    let mut lines = Lines::new(Utf8Reader::new(input, reading.piece.head));
    let (mut record, mut start, mut open) = (Vec::new(), 0, false);
    loop {
        let line = match lines.next_line() {
            Ok(Some(line)) => line,
            Ok(None) => break,
            Err(error) => {
                sink.problem(Problem::new(ProblemKind::Unreadable, Some(At::Line(start)), format!("reading stopped: {error}")));
                break;
            }
        };
        state.counts.read += 1;
        if open {
            state.counts.continuation += 1;
            record.push(b'\n');
        } else {
            start = line.number;
            if line.bytes.iter().all(u8::is_ascii_whitespace) {
                state.counts.blank += 1;
                continue;
            }
        }
        record.extend_from_slice(line.bytes);
        // A record ends where its quotes are closed.
        open = record.iter().filter(|b| **b == b'"').count() % 2 == 1 && record.len() < LONGEST;
        if !open {
            state.one(&record, start, reading, sink);
            record.clear();
        }
    }
    if open {
        sink.problem(Problem::new(ProblemKind::Truncated, Some(At::Line(start)), "the last record is not closed"));
        state.one(&record, start, reading, sink);
    }
    sink.records(state.counts);
    state.clock.report(sink);
}

struct State {
    clock: Clock,
    scratch: Scratch,
    counts: Records,
    header: Option<Header>,
}

impl State {
    fn one(&mut self, record: &[u8], at: u64, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let (text, _) = decode(record);
        let Some((delimiter, names)) = self.header.take().or_else(|| header(&text)) else {
            // `#TYPE …` stands before the head of PowerShell's exports.
            self.counts.continuation += 1;
            return;
        };
        if may_be_header(record) && header(&text).is_some() {
            self.counts.continuation += 1;
            self.header = Some((delimiter, names));
            return;
        }
        self.counts.events += 1;
        let cells = cells(&text, delimiter);
        let mut row = Row::default();
        let mut written = "";
        for ((name, ours), cell) in names.iter().zip(&cells) {
            match *ours {
                "time" => written = cell,
                "" => row.push_some(name, object_name(cell)),
                ours => row.push(ours, object_name(cell)),
            }
        }
        shared::describe(row.get("message"), &mut row);
        let time = self.time(written, at, sink);
        let (kind, mut core) = reading.about.mapper.apply(row.fields(), &mut self.scratch);
        core.host = reading.hints.host.as_deref().unwrap_or_default();
        if shared::is_loopback(core.src) {
            core.src = "";
        }
        sink.event(&Event { at: At::Line(at), time, kind, core, fields: row.fields(), raw: record });
        self.header = Some((delimiter, names));
    }

    /// ISO, `M/d/yyyy h:mm:ss tt` (a comma may follow the date), `dd.MM.yyyy HH:mm:ss`.
    fn time(&mut self, written: &str, at: u64, sink: &mut dyn Sink) -> Option<konseki_model::Stamp> {
        let odd = written.bytes().any(|byte| byte == b',' || !byte.is_ascii());
        let plain = if odd { Cow::Owned(written.replace(", ", " ").replace('\u{202f}', " ")) } else { Cow::Borrowed(written) };
        let dotted = plain.get(..10).filter(|day| day.as_bytes().get(2) == Some(&b'.') && day.as_bytes().get(5) == Some(&b'.'));
        let found = match dotted {
            Some(day) => {
                let turned = format!("{}-{}-{}{}", day.get(6..)?, day.get(3..5)?, day.get(..2)?, plain.get(10..)?);
                time::iso(turned.as_bytes())
            }
            None => time::iso(plain.as_bytes()).or_else(|| time::us(plain.as_bytes())),
        };
        let stamp = found.and_then(|(written, _)| self.clock.stamp(&written));
        if stamp.is_none() {
            let text = "the time of a record cannot be read (is the day before the month?)";
            sink.problem(Problem::new(ProblemKind::Time, Some(At::Line(at)), text));
        }
        stamp
    }
}

/// PowerShell writes the type of an object where it has no text.
fn object_name(cell: &str) -> &str {
    if cell.starts_with("VMware.Vim.") { "" } else { cell }
}
