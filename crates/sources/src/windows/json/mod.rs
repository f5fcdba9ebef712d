//! Windows events as JSON: evtx_dump records, Winlogbeat, NXLog and other flat exports, one object a line or an array.

use konseki_formats::time;
use konseki_model::{Event, Field, Kind, Piece, Sink};
use serde_json::Value;

use crate::clock::Clock;
use crate::flat::{self, Flat};
use crate::mapper::Scratch;
use crate::read::{self, Text, Verdict};
use crate::{Input, Reading, Source};

pub struct Json;
pub static SOURCE: Json = Json;

impl Source for Json {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        let text = String::from_utf8_lossy(piece.head);
        let text = text.trim_start_matches('\u{feff}').trim_start();
        if !text.starts_with(['{', '[']) && !text.starts_with("Record ") {
            return false;
        }
        let has = |key: &str| text.contains(key);
        (has("\"Event\"") && has("\"System\"") && has("\"EventRecordID\""))
            || (has("\"winlog\"") && has("\"event_id\"") && has("\"channel\""))
            || (has("\"EventID\"") && has("\"Channel\"") && (has("\"Hostname\"") || has("\"Computer\"")))
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut log = Log { reading, clock: Clock::new(reading), scratch: Scratch::default(), said: false };
        read::records(input, reading, sink, begins, |record, sink| log.record(record, sink));
        log.clock.report(sink);
    }
}

/// A record begins at an object that is not inside another: pretty-printed output indents what lies within.
fn begins(line: &[u8]) -> bool {
    let unindented = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    matches!(unindented.first(), Some(b'{' | b'[')) || line.starts_with(b"Record ") || line.starts_with(b",{") || line.starts_with(b"  {")
}

struct Log<'r> {
    reading: &'r Reading<'r>,
    clock: Clock,
    scratch: Scratch,
    said: bool,
}

impl Log<'_> {
    fn record(&mut self, record: &Text<'_>, sink: &mut dyn Sink) -> Verdict {
        let text = record.text.trim_start_matches('\u{feff}').trim();
        if text == "[" || text == "]" {
            return Verdict::Continuation;
        }
        // evtx_dump puts `Record N` before each; in a list of objects the commas and the closing bracket stay.
        let text = if text.starts_with("Record ") {
            text.split_once('{').map_or(text, |(head, _)| text.get(head.len()..).unwrap_or(text))
        } else {
            text
        };
        if text.starts_with("Record ") {
            return Verdict::Continuation;
        }
        let text = text.trim_start_matches(',').trim_end_matches(',').trim();
        let Some(value) = parse(text) else { return Verdict::Rejected };
        match value {
            Value::Array(list) if list.len() != 1 => {
                for item in &list {
                    self.event(record, item, sink);
                }
                Verdict::Continuation
            }
            Value::Array(list) => {
                list.iter().for_each(|item| self.event(record, item, sink));
                Verdict::Event
            }
            item => {
                self.event(record, &item, sink);
                Verdict::Event
            }
        }
    }

    fn event(&mut self, record: &Text<'_>, value: &Value, sink: &mut dyn Sink) {
        let flat = native(value);
        let fields: Vec<_> = flat.iter().map(|(name, value)| Field::new(name, value)).collect();
        let written = time::any(flat::get(&flat, "SystemTime").as_bytes());
        let time = written.and_then(|(written, _)| self.clock.stamp(&written));
        let (kind, mut core) = self.reading.about.mapper.apply(&fields, &mut self.scratch);
        if core.host.is_empty() {
            core.host = flat::get(&flat, "Computer");
        }
        if kind == Kind::LogCleared {
            core.object = fields.iter().rev().find(|field| field.name == "Channel").map_or(core.object, |field| field.value);
        }
        if !self.said && !core.host.is_empty() {
            self.said = true;
            sink.host(core.host);
        }
        sink.event(&Event { at: record.at(), time, kind, core, fields: &fields, raw: record.bytes });
    }
}

/// One object; the first or last of a list brings a bracket along.
fn parse(text: &str) -> Option<Value> {
    let one = |text: &str| serde_json::from_str::<Value>(text).ok();
    one(text).or_else(|| one(text.strip_prefix('[')?.trim())).or_else(|| one(text.strip_suffix(']')?.trim()))
}

/// The names an event log itself uses.
fn native(value: &Value) -> Flat {
    let mut out = Flat::new();
    if let Some(event) = value.get("Event") {
        for (name, value) in flat::flatten(event.get("System").unwrap_or(&Value::Null)) {
            out.push((system(&name), value));
        }
        for part in ["EventData", "UserData"] {
            if let Some(data) = event.get(part) {
                payload(data, &mut out);
            }
        }
    } else if let Some(winlog) = value.get("winlog") {
        beats(value, winlog, &mut out);
    } else {
        for (name, value) in flat::flatten(value) {
            let name = if let Some(name) = name.strip_prefix("EventData.") { name.to_owned() } else { exported(&name).to_owned() };
            out.push((name, value));
        }
    }
    out
}

/// `Provider.#attributes.Name` (evtx_dump) or `Provider_attributes.Name` -> `Provider_Name`.
fn system(name: &str) -> String {
    let name = name.replace("_attributes.", ".").replace(".#attributes.", ".");
    match name.as_str() {
        "TimeCreated.SystemTime" => "SystemTime".to_owned(),
        "EventID.#text" => "EventID".to_owned(),
        other => other.replace('.', "_"),
    }
}

/// Data of an event by its own names; positional data as `Data`, `Data_1`, …
fn payload(data: &Value, out: &mut Flat) {
    let mut place = 0;
    for (name, value) in flat::flatten(data) {
        let name = name.rsplit('.').find(|part| !part.starts_with('#')).unwrap_or("Data").to_owned();
        if name == "xmlns" {
            continue;
        }
        if name != "Data" {
            out.push((name, value));
            continue;
        }
        for part in value.split(',') {
            out.push((if place == 0 { name.clone() } else { format!("Data_{place}") }, part.to_owned()));
            place += 1;
        }
    }
}

fn beats(value: &Value, winlog: &Value, out: &mut Flat) {
    for (name, value) in flat::flatten(winlog) {
        let name = match name.as_str() {
            "event_id" => "EventID",
            "channel" => "Channel",
            "provider_name" => "Provider_Name",
            "computer_name" => "Computer",
            "record_id" => "EventRecordID",
            "process.pid" => "Execution_ProcessID",
            "process.thread.id" => "Execution_ThreadID",
            "user.identifier" => "Security_UserID",
            "activity_id" => "Correlation_ActivityID",
            other => other.strip_prefix("event_data.").or_else(|| other.strip_prefix("user_data.")).unwrap_or(other),
        };
        out.push((name.to_owned(), value));
    }
    if let Some(time) = value.get("@timestamp") {
        out.push(("SystemTime".to_owned(), flat::plain(time)));
    }
}

/// Names of NXLog and other flat exports.
fn exported(name: &str) -> &str {
    match name {
        "Hostname" | "ComputerName" => "Computer",
        "SourceName" => "Provider_Name",
        "RecordNumber" => "EventRecordID",
        "EventTime" | "TimeCreated" => "SystemTime",
        "ProcessID" => "Execution_ProcessID",
        "ThreadID" => "Execution_ThreadID",
        other => other,
    }
}
