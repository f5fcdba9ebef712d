//! The systemd journal as text: the export format (`journalctl -o export`) and JSON lines (`-o json`), also pretty or in an array.

mod export;

use konseki_model::{Basis, Event, Fidelity, Field, Piece, Sink, Stamp};
use serde_json::Value;

use crate::json_records::{self, Record, Starts};
use crate::linux_words::{self, Said};
use crate::mapper::Scratch;
use crate::read::{self, Text, Verdict};
use crate::{Input, Reading, Source, host};

pub struct Journald;
pub static SOURCE: Journald = Journald;

impl Source for Journald {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        let text = String::from_utf8_lossy(piece.head);
        let start = text.trim_start_matches(['\u{feff}', '[', ' ', '\n', '\r']);
        // The time is the one field that every entry has, in every form.
        let json = start.starts_with('{')
            && start.split('}').next().is_some_and(|first| first.contains("\"__REALTIME_TIMESTAMP\"") && first.contains("\"__CURSOR\""));
        json || export::is_head(piece.head)
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut log = Log { reading, scratch: Scratch::default(), said: false };
        if export::is_head(reading.piece.head) {
            export::read(input, reading, sink, &mut |entry, sink| log.push(entry, sink));
        } else {
            let starts = Starts::default();
            read::records(input, reading, sink, |line| starts.begins(line), |record, sink| log.json(record, sink));
        }
        sink.zone("UTC", Basis::Format.as_str());
    }
}

/// One entry: names and values in the order of the journal.
pub struct Entry<'a> {
    pub at: konseki_model::At,
    pub fields: Vec<(String, String)>,
    pub raw: &'a [u8],
}

struct Log<'r> {
    reading: &'r Reading<'r>,
    scratch: Scratch,
    said: bool,
}

impl Log<'_> {
    fn json(&mut self, record: &Text<'_>, sink: &mut dyn Sink) -> Verdict {
        let map = match json_records::record(record.text) {
            Record::Frame => return Verdict::Continuation,
            Record::Object(Value::Object(map)) => map,
            _ => return Verdict::Rejected,
        };
        let fields = map.iter().flat_map(|(name, value)| values(name, value)).collect();
        self.push(Entry { at: record.at(), fields, raw: record.bytes }, sink)
    }

    fn push(&mut self, entry: Entry<'_>, sink: &mut dyn Sink) -> Verdict {
        let get = |name: &str| entry.fields.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value.as_str());
        let (message, process) = (get("MESSAGE"), get("SYSLOG_IDENTIFIER"));
        let process = if process.is_empty() { get("_COMM") } else { process };
        let pid = if get("_PID").is_empty() { get("SYSLOG_PID") } else { get("_PID") };
        let mut fields: Vec<Field<'_>> = entry.fields.iter().map(|(name, value)| Field::new(name, value)).collect();
        fields.extend([Field::new("process", process), Field::new("pid", pid), Field::new("message", message)]);
        linux_words::cut(&Said { process, message }, &mut fields);
        // The time the sender saw is finer than the time the journal got it, where both stand.
        let time = [get("__REALTIME_TIMESTAMP"), get("_SOURCE_REALTIME_TIMESTAMP")]
            .into_iter()
            .find_map(|text| text.parse::<i64>().ok())
            .map(|micros| Stamp::new(micros, Fidelity::Microsecond, Basis::Format));
        let name = get("_HOSTNAME");
        let (kind, mut core) = self.reading.about.mapper.apply(&fields, &mut self.scratch);
        core.host = host::or_hint(name, self.reading);
        if !self.said && !name.is_empty() {
            self.said = true;
            sink.host(name);
        }
        sink.event(&Event { at: entry.at, time, kind, core, fields: &fields, raw: entry.raw });
        Verdict::Event
    }
}

/// A value is text, a list of byte values (text with odd bytes), null (too long to print), or a list of values.
fn values(name: &str, value: &Value) -> Vec<(String, String)> {
    let bytes = |list: &[Value]| list.iter().map(|item| item.as_u64().and_then(|n| u8::try_from(n).ok())).collect::<Option<Vec<u8>>>();
    match value {
        Value::String(text) => vec![(name.to_owned(), text.clone())],
        Value::Null => vec![(name.to_owned(), String::new())],
        Value::Array(list) => match bytes(list) {
            Some(bytes) => vec![(name.to_owned(), String::from_utf8_lossy(&bytes).into_owned())],
            None => list.iter().take(64).flat_map(|item| values(name, item)).collect(),
        },
        other => vec![(name.to_owned(), other.to_string())],
    }
}
