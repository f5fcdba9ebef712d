//! Findings of Chainsaw: `hunt --json`, `--jsonl` and `--csv`, of version 2; JSON of version 1.

use konseki_model::{At, Field, Piece, Sink};
use serde_json::Value;

use crate::delimited::{self, Heading};
use crate::emit::{self, Emit};
use crate::flat::{self, Flat};
use crate::objects::{self, Object};
use crate::read::Verdict;
use crate::{Input, Reading, Source, tools, winevent};

pub struct Chainsaw;
pub static SOURCE: Chainsaw = Chainsaw;

impl Source for Chainsaw {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        if delimited::heading(piece).is_some_and(|heading| is_head(&heading)) {
            return true;
        }
        let text = delimited::beginning(piece);
        let text = text.trim_start();
        let has = |key: &str| text.contains(key);
        let second = has("\"group\":") && has("\"kind\":") && (has("\"document\":") || has("\"documents\":"));
        text.starts_with(['{', '[']) && (second || (has("\"detection\":") && has("\"event\":") && has("\"Event\":")))
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut emit = Emit::new(reading);
        emit.host_field = "Computer";
        if delimited::heading(&reading.piece).is_some_and(|heading| is_head(&heading)) {
            delimited::table(input, reading, sink, is_head, |row, cells, sink| {
                table_row(&mut emit, (row.at(), row.bytes), cells, sink);
                Verdict::Event
            });
            emit.finish(sink);
            return;
        }
        objects::objects(input, reading, sink, |object, sink| one(&mut emit, object, sink));
        emit.finish(sink);
    }
}

/// `--csv` writes one file for each group; what follows these columns is the mapping's.
fn is_head(heading: &Heading) -> bool {
    heading.names.iter().take(3).eq(["timestamp", "detections", "path"].iter())
}

/// One event that several rules met; `Event Data` is YAML, a pair on each line.
fn table_row(emit: &mut Emit<'_>, (at, raw): (At, &[u8]), cells: &[Field<'_>], sink: &mut dyn Sink) {
    let mut fields: Vec<Field<'_>> = cells.iter().filter(|cell| !cell.value.is_empty()).copied().collect();
    let pairs = emit::get(&fields, "Event Data").lines().filter(|line| !line.starts_with(' ')).filter_map(|line| line.split_once(": "));
    let data: Vec<(&str, &str)> = pairs.map(|(name, value)| (name, value.trim().trim_matches(['\'', '"']))).collect();
    fields.extend(data.iter().map(|(name, value)| Field::new(name, value)));
    let title = emit::get(&fields, "detections");
    tools::finding(&mut fields, "Chainsaw", title, "");
    let time = emit.stamp(emit::get(&fields, "timestamp"), at, sink);
    emit.event(at, time, None, &fields, raw, sink);
}

/// Keys of a finding that are told from the event or are no text for people.
const APART: &[&str] = &["document", "documents", "event"];

fn one(emit: &mut Emit<'_>, object: &Object, sink: &mut dyn Sink) -> u64 {
    let value = &object.value;
    let documents: Vec<&Value> = match (value.get("documents"), value.get("document")) {
        (Some(Value::Array(list)), _) => list.iter().collect(),
        (_, Some(one)) => vec![one],
        _ => value.get("event").into_iter().collect(),
    };
    let mut flat = Flat::new();
    for (name, part) in value.as_object().into_iter().flatten() {
        if !APART.contains(&name.as_str()) {
            let part = flat::flatten(part).into_iter();
            flat.extend(part.map(|(below, value)| (if below.is_empty() { name.clone() } else { format!("{name}.{below}") }, value)));
        }
    }
    if documents.len() > 1 {
        flat.push(("documents".to_owned(), documents.len().to_string()));
    }
    let mut native = Flat::new();
    if let Some(document) = documents.first() {
        native = winevent::native(document.get("data").unwrap_or(document));
        flat.extend(document.get("path").map(|path| ("path".to_owned(), flat::plain(path))));
    }
    let title = ["name", "detection"].iter().map(|name| flat::get(&flat, name)).find(|text| !text.is_empty()).unwrap_or_default();
    if title.is_empty() {
        return 0;
    }
    let written = [flat::get(&flat, "timestamp"), flat::get(&native, "SystemTime")].into_iter().find(|text| !text.is_empty());
    let all = flat.iter().chain(&native).filter(|(_, value)| !value.is_empty());
    let mut fields: Vec<Field<'_>> = all.map(|(name, value)| Field::new(name, value)).collect();
    // `Level` of the event is a number; the rule's own is in small letters.
    let level = emit::get(&fields, "level");
    tools::finding(&mut fields, "Chainsaw", title, level);
    let time = emit.stamp(written.unwrap_or_default(), object.at, sink);
    emit.event(object.at, time, None, &fields, &object.bytes, sink);
    1
}
