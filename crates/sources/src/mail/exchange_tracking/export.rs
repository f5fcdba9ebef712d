//! `Get-MessageTrackingLog | Export-Csv`: the fields of the log without their dashes, `Timestamp`, `Recipients` and `Sender`
//! renamed (as the cmdlet's documentation says). Times are the local ones of the machine where it ran.

use konseki_model::{Basis, Field, Piece, Problem, ProblemKind, Sink};

use super::NAMES;
use crate::delimited::{self, Heading};
use crate::emit::{self, Emit};
use crate::read::Verdict;
use crate::{Input, Reading};

fn is_head(heading: &Heading) -> bool {
    heading.has_all(&["Timestamp", "EventId", "MessageId", "Sender", "Recipients"])
}

pub fn is_export(piece: &Piece<'_>) -> bool {
    delimited::heading(piece).is_some_and(|heading| is_head(&heading))
}

pub fn read(input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
    let mut emit = Emit::new(reading);
    // The log itself is UTC by its format, this is not.
    match &reading.hints.zone {
        Some((zone, basis)) => emit.clock.set_zone(zone, *basis),
        None => emit.clock.set_zone("UTC", Basis::Assumed),
    }
    emit.one_host = true;
    delimited::table(input, reading, sink, is_head, |row, cells, sink| {
        if emit::get(cells, "EventId").is_empty() {
            return Verdict::Rejected;
        }
        let is_list = |value: &str| value.starts_with("System.") && value.ends_with("[]") || value.starts_with("System.Collections.");
        let lists = cells.iter().filter(|cell| is_list(cell.value)).map(|cell| cell.name).collect::<Vec<_>>().join(", ");
        if !lists.is_empty() {
            let text = format!("lists that PowerShell wrote by their type alone ({lists}): what stood in them is not in this export");
            sink.problem(Problem::new(ProblemKind::Truncated, Some(row.at()), text));
        }
        let kept = cells.iter().filter(|cell| !is_list(cell.value));
        let fields: Vec<_> = kept.map(|cell| Field::new(native(cell.name), cell.value)).collect();
        let time = emit.stamp(emit::get(&fields, "date-time"), row.at(), sink);
        emit.event(row.at(), time, None, &fields, row.bytes, sink);
        Verdict::Event
    });
    emit.finish(sink);
}

/// The name of a field in the log itself.
fn native(name: &str) -> &str {
    match name {
        "Timestamp" => "date-time",
        "Recipients" => "recipient-address",
        "Sender" => "sender-address",
        _ => NAMES
            .split(',')
            .find(|dashed| dashed.bytes().filter(|b| *b != b'-').eq(name.bytes().map(|b| b.to_ascii_lowercase())))
            .unwrap_or(name),
    }
}
