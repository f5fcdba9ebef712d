//! Timelines of Plaso and Timesketch: `psort` as JSON lines, JSON, dynamic CSV and l2t CSV; Timesketch's own CSV and JSONL.

use std::borrow::Cow;

use konseki_formats::time;
use konseki_model::{At, Basis, Fidelity, Field, Piece, Problem, ProblemKind, Sink, Stamp};

use crate::delimited::{self, Heading};
use crate::emit::{self, Emit};
use crate::flat;
use crate::read::{self, Text, Verdict};
use crate::{Input, Reading, Source, objects};

pub struct Plaso;
pub static SOURCE: Plaso = Plaso;

const L2T: &[&str] = &["date", "time", "timezone", "MACB", "sourcetype", "desc"];

fn is_head(heading: &Heading) -> bool {
    // Hayabusa writes for Timesketch too, and is a source of its own.
    let hayabusa = heading.has_all(&["Computer", "Channel", "Level"]);
    heading.has_all(L2T) || (heading.has_all(&["datetime", "timestamp_desc", "message"]) && !hayabusa)
}

impl Source for Plaso {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        if let Some(heading) = delimited::heading(piece) {
            return is_head(&heading);
        }
        let text = delimited::beginning(piece);
        let has = |key: &str| text.contains(key);
        has("\"timestamp_desc\"") && has("\"message\"") && (has("\"timestamp\"") || has("\"datetime\"")) && !has("\"RuleTitle\"")
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut emit = Emit::new(reading);
        if let Some(heading) = delimited::heading(&reading.piece) {
            let old = heading.has_all(L2T);
            delimited::table(input, reading, sink, is_head, |row, cells, sink| {
                let cells: Vec<Field<'_>> = cells.iter().filter(|cell| !old || cell.value != "-").copied().collect();
                one(&mut emit, row.at(), &cells, row.bytes, sink);
                Verdict::Event
            });
        } else if is_one_object(&reading.piece) {
            read::lines(input, reading, sink, |line, sink| numbered(&mut emit, line, sink));
        } else {
            objects::objects(input, reading, sink, |object, sink| {
                value(&mut emit, (object.at, &object.bytes), &object.value, sink);
                1
            });
        }
        emit.finish(sink);
    }
}

/// `psort -o json`: one object of the whole timeline, an event on each line, numbered.
fn is_one_object(piece: &Piece<'_>) -> bool {
    delimited::beginning(piece).trim_start().starts_with("{\"event_0\":")
}

/// `, "event_12": {…}`; the last line is the closing brace.
fn numbered(emit: &mut Emit<'_>, line: &Text<'_>, sink: &mut dyn Sink) -> Verdict {
    let text = line.text.trim();
    if text == "}" {
        return Verdict::Continuation;
    }
    let event = text.trim_start_matches(['{', ',', ' ']).strip_prefix("\"event_").and_then(|rest| rest.split_once("\": "));
    match event.and_then(|(_, event)| serde_json::from_str(event).ok()) {
        Some(object) => value(emit, (line.at(), line.bytes), &object, sink),
        None => return Verdict::Rejected,
    }
    Verdict::Event
}

fn value(emit: &mut Emit<'_>, (at, raw): (At, &[u8]), object: &serde_json::Value, sink: &mut dyn Sink) {
    let flat = flat::flatten(object);
    let kept = flat.iter().filter(|(name, value)| !value.is_empty() && !name.starts_with("__"));
    let fields: Vec<_> = kept.map(|(name, value)| Field::new(name, value)).collect();
    one(emit, at, &fields, raw, sink);
}

fn one(emit: &mut Emit<'_>, at: At, cells: &[Field<'_>], raw: &[u8], sink: &mut dyn Sink) {
    let time = instant(emit, cells, at, sink);
    let mut fields = cells.to_vec();
    fields.push(Field::new("tool", "Plaso"));
    emit.event(at, time, None, &fields, raw, sink);
}

/// `timestamp` in microseconds UTC, else `datetime`, else the columns of l2t. What Plaso marks as no time has none.
fn instant(emit: &mut Emit<'_>, cells: &[Field<'_>], at: At, sink: &mut dyn Sink) -> Option<Stamp> {
    let get = |name: &str| emit::get(cells, name);
    let none = |text: &str| text == "Not a time" || text == "Not set" || text.starts_with("0000-00-00");
    if none(get("timestamp_desc")) || none(get("type")) || none(get("datetime")) {
        return None;
    }
    let micros = get("timestamp").parse::<i64>().ok().filter(|micros| *micros != 0);
    let text: Cow<'_, str> = match (get("date"), get("datetime")) {
        (_, datetime) if !datetime.is_empty() => Cow::Borrowed(datetime),
        ("00/00/0000", _) | ("", _) => Cow::Borrowed(""),
        (date, _) => format!("{date} {}{}", get("time"), if get("timezone") == "UTC" { " UTC" } else { "" }).into(),
    };
    if !text.is_empty() {
        return emit.stamp(&text, at, sink);
    }
    let micros = micros?;
    // Far from any calendar: a broken timestamp of the artefact, as it stands.
    if time_is_calendar(micros) {
        return Some(Stamp::new(micros, Fidelity::Microsecond, Basis::Format));
    }
    sink.problem(Problem::new(ProblemKind::Time, Some(at), "the time of a record cannot be; the record was kept without one"));
    None
}

fn time_is_calendar(micros: i64) -> bool {
    time::iso(konseki_model::time::rfc3339(micros, Fidelity::Second).as_bytes()).is_some()
}
