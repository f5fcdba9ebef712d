//! JSON exports of events: DFIR4vSphere's `VIEvents_*.json` and other dumps of event objects, in an array or one by one.

use std::io::{Read, SeekFrom};

use konseki_formats::text::Utf8Reader;
use konseki_formats::time;
use konseki_model::{At, Basis, Event, Fidelity, Problem, ProblemKind, Records, Sink, Stamp};
use serde_json::{Map, Value};

use crate::clock::Clock;
use crate::mapper::Scratch;
use crate::row::Row;
use crate::vcenter as shared;
use crate::{Input, Reading};

/// A longer object is counted and not kept.
const LONGEST: usize = 4 << 20;

/// Property -> field. A property that is an object gives its `Name`.
const PROPERTIES: &[(&str, &str)] = &[
    ("Key", "event_key"),
    ("EventTypeId", "event_type"),
    ("Severity", "severity"),
    ("UserName", "user_name"),
    ("Datacenter", "entity"),
    ("ChainId", "chain_id"),
    ("FullFormattedMessage", "message"),
    ("IpAddress", "src_ip"),
    ("UserAgent", "agent"),
    ("CallCount", "api_calls"),
    ("SessionId", "session_id"),
    ("DestName", "vm"),
    ("Vm", "vm"),
    ("Host", "host_name"),
    ("Ds", "datastore"),
    ("SourceVm", "vm_source"),
    ("SrcTemplate", "vm_source"),
    ("TargetFile", "path_new"),
    ("SourceFile", "path"),
    ("Principal", "principal"),
    ("Role", "role"),
    ("Mac", "mac"),
];

pub fn is_export(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    let opened = matches!(head.first(), Some(b'[' | b'{'));
    let start = head.get(..head.len().min(16_384)).unwrap_or_default();
    let has = |name: &[u8]| memchr::memmem::find(start, name).is_some();
    opened && (has(b"\"FullFormattedMessage\"") && has(b"\"CreatedTime\"") || has(b"\"fullFormattedMessage\"") && has(b"\"createdTime\""))
}

pub fn read(input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
    if input.seek(SeekFrom::Start(0)).is_err() {
        sink.problem(Problem::new(ProblemKind::Unreadable, None, "the evidence cannot be read from its start"));
        return;
    }
    let mark = if reading.piece.head.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
    let mut state = State {
        clock: Clock::new(reading),
        scratch: Scratch::default(),
        counts: Records::default(),
        of_name: type_of_name(reading.piece.name()),
    };
    let mut objects = Objects { depth: 0, quoted: false, escaped: false, array: false, bytes: Vec::new(), start: 0, dropped: 0, other: 0 };
    let mut reader = Utf8Reader::new(input, reading.piece.head);
    let mut chunk = vec![0; 1 << 16];
    let mut offset = mark;
    loop {
        match reader.read(&mut chunk) {
            Ok(0) => break,
            Ok(got) => {
                for byte in chunk.get(..got).unwrap_or_default() {
                    if objects.take(*byte, offset) {
                        state.one(&mut objects, reading, sink);
                    }
                    offset += 1;
                }
            }
            Err(error) => {
                sink.problem(Problem::new(ProblemKind::Unreadable, Some(At::Offset(offset)), format!("reading stopped: {error}")));
                break;
            }
        }
    }
    objects.rest(sink);
    sink.records(state.counts);
    state.clock.report(sink);
}

/// Cuts a stream of JSON into its objects: those at the top, or in an array at the top.
struct Objects {
    depth: u32,
    quoted: bool,
    escaped: bool,
    array: bool,
    bytes: Vec<u8>,
    start: u64,
    dropped: u64,
    /// Bytes outside of objects that are neither blank nor punctuation.
    other: u64,
}

impl Objects {
    /// True where the byte ends an object.
    fn take(&mut self, byte: u8, offset: u64) -> bool {
        if self.depth == 0 {
            match byte {
                b'{' => {
                    self.depth = 1;
                    self.start = offset;
                    self.bytes.clear();
                    self.bytes.push(byte);
                    self.dropped = 0;
                }
                b'[' => self.array = true,
                b']' | b',' => {}
                _ if byte.is_ascii_whitespace() || byte == 0 => {}
                _ => self.other += 1,
            }
            return false;
        }
        if self.bytes.len() < LONGEST {
            self.bytes.push(byte);
        } else {
            self.dropped += 1;
        }
        if self.quoted {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' => self.escaped = true,
                b'"' => self.quoted = false,
                _ => {}
            }
            return false;
        }
        match byte {
            b'"' => self.quoted = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth -= 1,
            _ => {}
        }
        self.depth == 0
    }

    fn rest(&self, sink: &mut dyn Sink) {
        if self.depth > 0 {
            let problem = Problem::new(ProblemKind::Truncated, Some(At::Offset(self.start)), "the last object is not closed");
            sink.problem(problem.bytes(self.bytes.len() as u64 + self.dropped));
        }
        if self.other > 0 {
            sink.problem(Problem::new(ProblemKind::Malformed, None, "text between the objects").bytes(self.other));
        }
    }
}

struct State {
    clock: Clock,
    scratch: Scratch,
    counts: Records,
    of_name: String,
}

impl State {
    fn one(&mut self, objects: &mut Objects, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let at = At::Offset(objects.start);
        self.counts.read += 1;
        if objects.dropped > 0 {
            let text = "an object longer than 4 MiB is not kept";
            sink.problem(Problem::new(ProblemKind::Bound, Some(at), text).bytes(objects.bytes.len() as u64 + objects.dropped));
            self.counts.rejected += 1;
            return;
        }
        let Ok(map) = serde_json::from_slice::<Map<String, Value>>(&objects.bytes) else {
            sink.problem(Problem::new(ProblemKind::Malformed, Some(at), "an object that is no JSON"));
            self.counts.rejected += 1;
            return;
        };
        self.counts.events += 1;
        let values: Vec<(&str, String)> =
            PROPERTIES.iter().filter_map(|(property, field)| Some((*field, text_of(get(&map, property)?)?))).collect();
        let kind_of = values.iter().find(|(name, _)| *name == "event_type").map_or(self.of_name.as_str(), |(_, value)| value);
        let kind_of = if kind_of.is_empty() || kind_of.contains('.') { kind_of.to_owned() } else { format!("vim.event.{kind_of}") };
        let mut row = Row::default();
        for name in ["event_key", "event_type", "severity", "user_name", "entity", "chain_id", "message"] {
            let value = if name == "event_type" { &kind_of } else { values.iter().find(|(n, _)| *n == name).map_or("", |(_, v)| v) };
            row.push(name, value);
        }
        // What the object says by itself outranks the text.
        for (name, value) in &values {
            if row.get(name).is_empty() {
                row.push_some(name, value);
            }
        }
        shared::describe(row.get("message"), &mut row);
        let time = get(&map, "CreatedTime").and_then(|value| self.time(value));
        let (kind, mut core) = reading.about.mapper.apply(row.fields(), &mut self.scratch);
        core.host = reading.hints.host.as_deref().unwrap_or_default();
        if shared::is_loopback(core.src) {
            core.src = "";
        }
        sink.event(&Event { at, time, kind, core, fields: row.fields(), raw: &objects.bytes });
    }

    /// ISO text, `/Date(1704597129123)/` (milliseconds UTC), or an object that holds one as `value`.
    fn time(&mut self, value: &Value) -> Option<Stamp> {
        let text = match value {
            Value::String(text) => text,
            Value::Object(map) => get(map, "value").and_then(Value::as_str).or_else(|| get(map, "DateTime").and_then(Value::as_str))?,
            _ => return None,
        };
        if let Some(rest) = text.trim_matches('/').strip_prefix("Date(") {
            let digits: String = rest.chars().take_while(|c| c.is_ascii_digit() || *c == '-').collect();
            let micros = digits.parse::<i64>().ok()?.checked_mul(1000)?;
            return Some(Stamp::new(micros, Fidelity::Millisecond, Basis::Format));
        }
        let (written, _) = time::iso(text.as_bytes()).or_else(|| time::us(text.as_bytes()))?;
        self.clock.stamp(&written)
    }
}

/// A property by its name, the first letter in either case.
fn get<'a>(map: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    map.get(name).or_else(|| {
        let mut lower = name.to_owned();
        lower.get_mut(..1)?.make_ascii_lowercase();
        map.get(&lower)
    })
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Object(map) => get(map, "Name").and_then(text_of),
        _ => None,
    }
}

/// `VIEvents_UserLoginSessionEvent.json` names the type of all its events; `VIEvents_2024-01-07_03-00-00.json` a time.
fn type_of_name(name: &str) -> String {
    let stem = name.strip_suffix(".json").unwrap_or(name);
    let rest = stem.strip_prefix("VIEvents_").unwrap_or_default();
    if rest.starts_with(|c: char| c.is_ascii_alphabetic()) { rest.to_owned() } else { String::new() }
}
