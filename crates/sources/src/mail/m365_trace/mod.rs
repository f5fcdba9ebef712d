//! Message trace of Microsoft 365: the CSV of `Get-MessageTrace`, the historical reports, and the reporting service's JSON.

use konseki_model::{Field, Piece, Sink};

use crate::emit::{self, Emit};
use crate::read::Verdict;
use crate::{Input, Reading, Source, delimited, flat, objects};

pub struct Trace;
pub static SOURCE: Trace = Trace;

/// Columns that only a form of the trace has together.
const FORMS: &[&[&str]] = &[
    &["Received", "SenderAddress", "RecipientAddress"],
    &["origin_timestamp_utc", "sender_address", "message_id"],
    &["date_time_utc", "sender_address", "message_id"],
];
const TIMES: &[&str] = &["Received", "origin_timestamp_utc", "date_time_utc"];

fn is_head(heading: &delimited::Heading) -> bool {
    FORMS.iter().any(|form| heading.has_all(form))
}

impl Source for Trace {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        if let Some(heading) = delimited::heading(piece) {
            return is_head(&heading);
        }
        let text = delimited::beginning(piece);
        ["\"Received\"", "\"SenderAddress\"", "\"RecipientAddress\"", "\"MessageTraceId\""].iter().all(|key| text.contains(key))
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut emit = Emit::new(reading);
        if delimited::heading(&reading.piece).is_some() {
            delimited::table(input, reading, sink, is_head, |row, fields, sink| {
                one(&mut emit, row.at(), fields, row.bytes, sink);
                Verdict::Event
            });
        } else {
            objects::objects(input, reading, sink, |object, sink| {
                let flat = flat::flatten(&object.value);
                let fields: Vec<_> =
                    flat.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| Field::new(name, value)).collect();
                one(&mut emit, object.at, &fields, &object.bytes, sink);
                1
            });
        }
        emit.finish(sink);
    }
}

fn one(emit: &mut Emit<'_>, at: konseki_model::At, fields: &[Field<'_>], raw: &[u8], sink: &mut dyn Sink) {
    let written = TIMES.iter().map(|name| emit::get(fields, name)).find(|text| !text.is_empty()).unwrap_or_default();
    let time = emit.stamp(written, at, sink);
    // `a@x##Receive, Deliver;b@x##Receive, Fail`: the addresses alone.
    let status = emit::get(fields, "recipient_status");
    if !status.contains("##") {
        emit.event(at, time, None, fields, raw, sink);
        return;
    }
    let recipients: Vec<&str> = status.split(';').filter_map(|part| part.split_once("##")).map(|(address, _)| address.trim()).collect();
    let recipients = recipients.join(";");
    let mut fields = fields.to_vec();
    fields.push(Field::new("recipients", &recipients));
    emit.event(at, time, None, &fields, raw, sink);
}
