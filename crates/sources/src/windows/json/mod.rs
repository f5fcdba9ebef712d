//! Windows events as JSON: evtx_dump records, Winlogbeat, NXLog and other flat exports, one object a line or an array.

use konseki_formats::time;
use konseki_model::{Event, Field, Kind, Piece, Sink};
use serde_json::Value;

use crate::clock::Clock;
use crate::flat;
use crate::mapper::Scratch;
use crate::read::{self, Text, Verdict};
use crate::{Input, Reading, Source, winevent};

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
        // Findings of Hayabusa and Chainsaw hold the event they are about.
        if has("\"RuleTitle\"") || has("\"detection\":") || (has("\"document\":") && has("\"group\":")) {
            return false;
        }
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
        let flat = winevent::native(value);
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
