//! Findings of Hayabusa: its CSV timeline and its JSON or JSONL timeline, in any of its profiles.

use std::borrow::Cow;

use konseki_model::{At, Field, Piece, Sink};

use crate::delimited::{self, Heading};
use crate::emit::{self, Emit};
use crate::flat::{self, Flat};
use crate::read::Verdict;
use crate::{Input, Reading, Source, objects, tools};

pub struct Hayabusa;
pub static SOURCE: Hayabusa = Hayabusa;

/// Every profile has these; the one for Timesketch calls time and title otherwise.
fn is_head(heading: &Heading) -> bool {
    let common = heading.has("Computer") && heading.has("Channel") && heading.has("Level");
    common && (heading.has_all(&["Timestamp", "RuleTitle"]) || heading.has_all(&["datetime", "timestamp_desc", "message"]))
}

impl Source for Hayabusa {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        if let Some(heading) = delimited::heading(piece) {
            return is_head(&heading);
        }
        let text = delimited::beginning(piece);
        ["\"Timestamp\"", "\"RuleTitle\"", "\"Computer\""].iter().all(|key| text.contains(key))
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut emit = Emit::new(reading);
        if delimited::heading(&reading.piece).is_some() {
            delimited::table(input, reading, sink, is_head, |row, cells, sink| {
                let opened: Vec<(String, &str)> =
                    cells.iter().filter(|cell| is_list(cell.name)).flat_map(|cell| details(cell.name, cell.value)).collect();
                let mut fields: Vec<Field<'_>> = cells.to_vec();
                fields.extend(opened.iter().map(|(name, value)| Field::new(name, value)));
                one(&mut emit, row.at(), fields, row.bytes, sink);
                Verdict::Event
            });
        } else {
            objects::objects(input, reading, sink, |object, sink| {
                let flat: Flat = flat::flatten(&object.value);
                let fields = flat.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| Field::new(name, value)).collect();
                one(&mut emit, object.at, fields, &object.bytes, sink);
                1
            });
        }
        emit.finish(sink);
    }
}

fn is_list(name: &str) -> bool {
    matches!(name, "Details" | "ExtraFieldInfo" | "AllFieldInfo")
}

/// `Type: 10 ¦ TgtUser: admin` -> `Details.Type`, `Details.TgtUser`, as the JSON form names them.
fn details<'a>(column: &str, text: &'a str) -> Vec<(String, &'a str)> {
    let parts = text.split(" \u{a6} ").filter_map(|part| part.split_once(": "));
    parts.map(|(name, value)| (format!("{column}.{}", name.trim()), value.trim())).collect()
}

fn one(emit: &mut Emit<'_>, at: At, mut fields: Vec<Field<'_>>, raw: &[u8], sink: &mut dyn Sink) {
    let first = |names: [&str; 2]| names.iter().map(|name| emit::get(&fields, name)).find(|text| !text.is_empty()).unwrap_or_default();
    let (written, title, level) = (first(["Timestamp", "datetime"]), first(["RuleTitle", "message"]), emit::get(&fields, "Level"));
    tools::finding(&mut fields, "Hayabusa", title, level);
    let time = emit.stamp(&ordered(written), at, sink);
    emit.event(at, time, None, &fields, raw, sink);
}

/// The American and the European order (`--US-time`, `--European-time`) as ISO, where the numbers or AM/PM tell which.
/// Order that nothing tells stays as it is: better no time than a wrong one.
fn ordered(written: &str) -> Cow<'_, str> {
    let bytes = written.as_bytes();
    let dashed = bytes.get(2) == Some(&b'-') && bytes.get(5) == Some(&b'-');
    let (Some(first), Some(second), Some(year), Some(rest)) = (written.get(..2), written.get(3..5), written.get(6..10), written.get(10..))
    else {
        return Cow::Borrowed(written);
    };
    let (Ok(one), Ok(two), true) = (first.parse::<u32>(), second.parse::<u32>(), dashed) else { return Cow::Borrowed(written) };
    let half = rest.contains(" AM") || rest.contains(" PM");
    if half {
        let (clock, zone) = rest.rsplit_once(' ').unwrap_or((rest, ""));
        return match emit::parse(&format!("{first}/{second}/{year}{clock}")) {
            Some(t) => {
                format!("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}{zone}", t.year, t.month, t.day, t.hour, t.minute, t.second, t.micro)
            }
            None => written.to_owned(),
        }
        .into();
    }
    if two > 12 {
        return format!("{year}-{first}-{second}{rest}").into();
    }
    if one > 12 { format!("{year}-{second}-{first}{rest}").into() } else { Cow::Borrowed(written) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_told_or_left() {
        let at = |text: &str| emit::parse(&ordered(text)).and_then(|written| written.utc_micros());
        let wanted = emit::parse("2022-02-22 22:00:00.123 -06:00").and_then(|written| written.utc_micros());
        assert!(wanted.is_some());
        for text in ["02-22-2022 10:00:00.123 PM -06:00", "02-22-2022 22:00:00.123 -06:00", "22-02-2022 22:00:00.123 -06:00"] {
            assert_eq!(at(text), wanted, "{text}");
        }
        assert_eq!(at("02-03-2022 22:00:00.123 -06:00"), None);
    }
}
