//! Windows events as CSV: Event Viewer in English and Japanese, `Get-WinEvent | Export-Csv`, and EvtxECmd.

mod message;
mod names;

use konseki_model::{Basis, Field, Kind, Piece, Problem, ProblemKind, Sink};
use serde_json::Value;

use self::names::Names;
use crate::delimited::{self, Heading};
use crate::emit::{self, Emit};
use crate::read::{Text, Verdict};
use crate::{Input, Reading, Source, flat};

pub struct Csv;
pub static SOURCE: Csv = Csv;

fn is_head(heading: &Heading) -> bool {
    let names = Names::shipped();
    let has = |wanted: &str| heading.names.iter().any(|name| names.column(name) == wanted);
    heading.names.len() < 64 && has("EventID") && has("SystemTime") && has("Provider_Name")
}

impl Source for Csv {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        delimited::heading(piece).is_some_and(|heading| is_head(&heading))
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let heading = delimited::heading(&reading.piece);
        let mut log = Log { emit: Emit::new(reading), names: Names::shipped(), message: String::new(), channel: of_file(reading) };
        log.emit.host_field = "Computer";
        log.emit.one_host = true;
        if let Some(heading) = heading {
            // The text of an event has no heading of its own in what Event Viewer saves.
            log.message = format!("column_{}", heading.names.len() + 1);
            let language = heading.names.iter().find_map(|name| log.names.zone(name));
            if let Some(zone) = language.filter(|_| log.emit.clock.is_assumed()) {
                log.emit.clock.set_zone(zone, Basis::Assumed);
            }
            if heading.has_all(&["TimeCreated", "Payload", "MapDescription"]) {
                log.emit.clock.set_zone("UTC", Basis::Format);
            }
        }
        delimited::table(input, reading, sink, is_head, |row, fields, sink| log.row(row, fields, sink));
        log.emit.finish(sink);
    }
}

/// The channel that a file is named after, as Event Viewer proposes it.
fn of_file<'r>(reading: &Reading<'r>) -> &'r str {
    let name = reading.piece.name();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    if matches!(stem, "Security" | "System" | "Application" | "Setup") { stem } else { "" }
}

struct Log<'r> {
    emit: Emit<'r>,
    names: &'static Names,
    message: String,
    channel: &'r str,
}

impl Log<'_> {
    fn row(&mut self, row: &Text<'_>, cells: &[Field<'_>], sink: &mut dyn Sink) -> Verdict {
        let names = self.names;
        let cell = |wanted: &str| cells.iter().find(|cell| names.column(cell.name) == wanted).map_or("", |cell| cell.value);
        let (provider, event) = (names.provider(cell("Provider_Name")), cell("EventID"));
        if event.is_empty() || !event.bytes().all(|b| b.is_ascii_digit()) {
            return Verdict::Rejected;
        }
        let message = if cell("Message").is_empty() { emit::get(cells, &self.message) } else { cell("Message") };
        let mut fields: Vec<Field<'_>> = Vec::with_capacity(cells.len() + 16);
        for one in cells {
            let name = if one.name == self.message { "Message" } else { names.column(one.name) };
            let value = if name == "Provider_Name" { provider } else { one.value };
            // Property objects that PowerShell could not write as text.
            if !(name == "Payload" || name == "Message" || value.starts_with("System.")) {
                fields.push(Field::new(name, value));
            }
        }
        let channel = channel(names, self.channel, event, provider);
        if cell("Channel").is_empty() && !channel.is_empty() {
            fields.push(Field::new("Channel", channel));
        }
        let payload = payload(emit::get(cells, "Payload"), row, sink);
        match &payload {
            Some(found) => fields.extend(found.iter().map(|(name, value)| Field::new(name, value))),
            None => {
                let found = message::fields(names, provider, event, message);
                fields.extend(found.into_iter().map(|(name, value)| Field::new(name, value)));
            }
        }
        if !message.is_empty() {
            fields.push(Field::new("Message", message));
        }
        // Logon ids join events of all forms: the event log writes them in small letters.
        let small: Vec<String> = fields.iter().filter(|field| is_logon_id(field.name)).map(|f| f.value.to_ascii_lowercase()).collect();
        for (field, value) in fields.iter_mut().filter(|field| is_logon_id(field.name)).zip(&small) {
            field.value = value;
        }
        let time = self.emit.stamp(cell("SystemTime"), row.at(), sink);
        self.emit.event(row.at(), time, None::<Kind>, &fields, row.bytes, sink);
        Verdict::Event
    }
}

fn is_logon_id(name: &str) -> bool {
    matches!(name, "SubjectLogonId" | "TargetLogonId" | "LogonID")
}

/// The channel of an event whose export does not name it: by its provider, else as the file is named.
fn channel<'a>(names: &'a Names, of_file: &'a str, event: &str, provider: &str) -> &'a str {
    match (event, provider) {
        ("1102" | "1100" | "1101", "Microsoft-Windows-Eventlog") => "Security",
        ("104", "Microsoft-Windows-Eventlog") => "System",
        _ => names.channel(provider).unwrap_or(of_file),
    }
}

/// EvtxECmd keeps the data of an event as JSON: `{"EventData":{"Data":[{"@Name":"x","#text":"y"}]}}` or `{"UserData":…}`.
fn payload(text: &str, row: &Text<'_>, sink: &mut dyn Sink) -> Option<flat::Flat> {
    if text.is_empty() {
        return None;
    }
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        let text = "Payload is no whole JSON (Excel cuts cells at 32,767 characters): only the other columns were kept";
        sink.problem(Problem::new(ProblemKind::Truncated, Some(row.at()), text));
        return None;
    };
    let mut out = flat::Flat::new();
    let data = value.pointer("/EventData/Data");
    let list = match data {
        Some(Value::Array(list)) => list.as_slice(),
        Some(one) => std::slice::from_ref(one),
        None => &[],
    };
    for (place, item) in list.iter().enumerate() {
        match item.get("@Name").and_then(Value::as_str) {
            Some(name) => out.push((name.to_owned(), item.get("#text").map(flat::plain).unwrap_or_default())),
            None => out.push((if place == 0 { "Data".to_owned() } else { format!("Data_{place}") }, flat::plain(item))),
        }
    }
    let rest = if data.is_some() { Value::Null } else { value };
    for (name, value) in flat::flatten(&rest) {
        let last = name.rsplit('.').find(|part| !part.starts_with(['#', '@'])).unwrap_or("Data").to_owned();
        if !name.contains("@xmlns") && !name.is_empty() {
            out.push((last, value));
        }
    }
    Some(out)
}
