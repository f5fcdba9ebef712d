//! The unified audit log of Microsoft 365: JSON records, alone, in lists, or in the `AuditData` cell of a CSV export.

mod parse;

use konseki_model::{At, Field, Piece, Problem, ProblemKind, Records, Sink};
use serde_json::Value;

use self::parse::Entry;
use crate::emit::{self, Emit};
use crate::flat::Flat;
use crate::read::{Text, Verdict};
use crate::{Input, Reading, Source, delimited, objects};

pub struct Audit;
pub static SOURCE: Audit = Audit;

impl Source for Audit {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        if let Some(heading) = delimited::heading(piece) {
            return heading.has("AuditData");
        }
        let text = delimited::beginning(piece);
        let has = |key: &str| text.contains(key);
        let record = has("\"CreationTime\"") && has("\"Operation\"") && has("\"Workload\"") && has("\"RecordType\"");
        record || (has("\"AuditData\"") && has("\"CreationDate\""))
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut log = Log { emit: Emit::new(reading) };
        if delimited::heading(&reading.piece).is_some() {
            delimited::table(input, reading, sink, |heading| heading.has("AuditData"), |row, fields, sink| log.row(row, fields, sink));
        } else {
            objects::objects(input, reading, sink, |object, sink| log.record(&object.value, object.at, &object.bytes, sink));
        }
        log.emit.finish(sink);
    }
}

struct Log<'r> {
    emit: Emit<'r>,
}

impl Log<'_> {
    /// An audit record, or the result object of a search that holds one as text.
    fn record(&mut self, value: &Value, at: At, bytes: &[u8], sink: &mut dyn Sink) -> u64 {
        let Some(inner) = value.get("AuditData") else { return self.entries(&parse::entries(value), at, bytes, sink) };
        let columns = parse::columns(value);
        let inner = match inner {
            Value::String(text) => serde_json::from_str(text).ok(),
            other => Some(other.clone()),
        };
        let found = self.data(inner.as_ref(), columns, at, sink);
        self.entries(&found, at, bytes, sink)
    }

    fn row(&mut self, row: &Text<'_>, fields: &[Field<'_>], sink: &mut dyn Sink) -> Verdict {
        let inner = serde_json::from_str::<Value>(emit::get(fields, "AuditData")).ok();
        let columns =
            fields.iter().filter(|field| field.name != "AuditData").map(|f| (parse::column(f.name).to_owned(), f.value.to_owned()));
        let found = self.data(inner.as_ref(), columns.collect(), row.at(), sink);
        let pushed = self.entries(&found, row.at(), row.bytes, sink);
        // A row may list several messages: each is an entry met.
        let more = pushed.saturating_sub(1);
        sink.records(Records { read: more, events: more, ..Records::default() });
        Verdict::Event
    }

    /// The columns beside `AuditData` add what it does not say, and stand in for it where it is damaged.
    fn data(&mut self, inner: Option<&Value>, columns: Flat, at: At, sink: &mut dyn Sink) -> Vec<Entry> {
        let Some(inner) = inner else {
            let text = "AuditData is no whole JSON (Excel cuts cells at 32,767 characters): only the other columns were kept";
            sink.problem(Problem::new(ProblemKind::Truncated, Some(at), text));
            return vec![columns];
        };
        let mut found = parse::entries(inner);
        for entry in &mut found {
            let more: Flat = columns.iter().filter(|(name, _)| !entry.iter().any(|(known, _)| known == name)).cloned().collect();
            entry.extend(more);
        }
        found
    }

    fn entries(&mut self, found: &[Entry], at: At, bytes: &[u8], sink: &mut dyn Sink) -> u64 {
        for entry in found {
            let fields: Vec<Field<'_>> = entry.iter().map(|(name, value)| Field::new(name, value)).collect();
            let written = ["CreationTime", "CreationDate", "StartTimeUtc"].iter().map(|name| emit::get(&fields, name));
            let time = self.emit.stamp(written.into_iter().find(|text| !text.is_empty()).unwrap_or_default(), at, sink);
            self.emit.event(at, time, None, &fields, bytes, sink);
        }
        let throttled = found.first().is_some_and(|entry| crate::flat::get(entry, "OperationProperties.IsThrottled") == "True");
        if throttled {
            let text = "mailbox access was throttled: further accesses of that mailbox within 24 hours were not recorded";
            sink.problem(Problem::new(ProblemKind::Gap, Some(at), text));
        }
        found.len() as u64
    }
}
