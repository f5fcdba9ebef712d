//! What the inventory lists of ESXi share: whole small texts, one event per machine, and one that says the list is complete.

use std::io::SeekFrom;

use konseki_formats::text::decode;
use konseki_model::{At, Core, Event, Field, Kind, Problem, ProblemKind, Records, Sink};

use crate::mapper::Scratch;
use crate::{Input, Reading};

/// Longest list that is taken.
const LONGEST: u64 = 8 << 20;

/// The whole text, where it is small enough to be a list.
pub fn whole(input: &mut dyn Input, sink: &mut dyn Sink) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = input
        .seek(SeekFrom::Start(0))
        .and_then(|_| std::io::Read::read_to_end(&mut std::io::Read::take(&mut *input, LONGEST + 1), &mut bytes));
    if let Err(error) = read {
        sink.problem(Problem::new(ProblemKind::Unreadable, None, format!("reading stopped: {error}")));
        return None;
    }
    if bytes.len() as u64 > LONGEST {
        sink.problem(Problem::new(ProblemKind::Bound, None, "longer than 8 MiB: not read as a list"));
        return None;
    }
    Some(bytes)
}

/// A line of a list with its place.
pub struct Row<'a> {
    pub number: u64,
    pub bytes: &'a [u8],
    pub text: std::borrow::Cow<'a, str>,
}

/// All lines.
pub fn rows(bytes: &[u8]) -> Vec<Row<'_>> {
    let body = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    if body.is_empty() {
        return Vec::new();
    }
    body.split(|b| *b == b'\n')
        .enumerate()
        .map(|(index, line)| {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            Row { number: index as u64 + 1, bytes: line, text: decode(line).0 }
        })
        .collect()
}

/// Pushes one event of a list; kind and core by the source's map.
pub fn push(reading: &Reading<'_>, sink: &mut dyn Sink, scratch: &mut Scratch, line: u64, raw: &[u8], fields: &[Field<'_>]) {
    let (kind, mut core) = reading.about.mapper.apply(fields, scratch);
    if core.host.is_empty() {
        core.host = reading.hints.host.as_deref().unwrap_or_default();
    }
    sink.event(&Event { at: At::Line(line), time: None, kind, core, fields, raw });
}

/// Says that the list was collected and read to its end.
pub fn complete(reading: &Reading<'_>, sink: &mut dyn Sink, list: &str, raw: &[u8]) {
    let core = Core { host: reading.hints.host.as_deref().unwrap_or_default(), object: list, ..Core::default() };
    let fields = [Field::new("list", list)];
    sink.event(&Event { at: At::Line(1), time: None, kind: Kind::InventoryList, core, fields: &fields, raw });
}

/// Accounts of a list of which `events` lines begin an event of their own: other lines belong to these.
/// `extra` events (the list itself) are counted with no line of their own.
pub fn account(rows: &[Row<'_>], events: u64, extra: u64) -> Records {
    let blank = rows.iter().filter(|row| row.bytes.iter().all(u8::is_ascii_whitespace)).count() as u64;
    let read = rows.len() as u64 + extra;
    Records { read, events: events + extra, blank, continuation: read.saturating_sub(events + extra + blank), rejected: 0 }
}

/// A UUID in VMware's spelling (`56 4d 12 …-…`) as 32 hexadecimal digits, grouped 8-4-4-4-12; empty if it is none.
pub fn uuid(text: &str) -> String {
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect::<String>().to_lowercase();
    if digits.len() != 32 {
        return String::new();
    }
    let cut = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    [cut(0, 8), cut(8, 12), cut(12, 16), cut(16, 20), cut(20, 32)].join("-")
}
