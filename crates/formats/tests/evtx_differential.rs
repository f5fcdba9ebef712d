//! The EVTX reader against the `evtx` crate: the same records, the same values, over every public sample at hand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::path::{Path, PathBuf};

use evtx::{EvtxParser, ParserSettings};
use konseki_formats::evtx::{Chunks, Counts, Decoder, Trouble, TroubleKind};
use serde_json::{Map, Value};

type Fields = Vec<(String, String)>;

fn samples() -> Vec<PathBuf> {
    let evidence = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/evidence");
    let mut found = Vec::new();
    for set in ["evtx-attack-samples", "evtx-crate-samples", "sigma-regression-data", "plaso-test-data"] {
        let folder = evidence.join(set);
        if !folder.is_dir() {
            eprintln!("skipped: {} is not here", folder.display());
            continue;
        }
        collect(&folder, &mut found);
    }
    found.sort();
    found
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("evtx")) {
            found.push(path);
        }
    }
}

// --- ours ---

struct Ours {
    records: Vec<(u64, Fields)>,
    troubles: Vec<Trouble>,
    counts: Counts,
}

fn ours(bytes: &[u8]) -> Ours {
    let mut out = Ours { records: Vec::new(), troubles: Vec::new(), counts: Counts::default() };
    let mut chunks = Chunks::new(bytes);
    let mut decoder = Decoder::new();
    while let Some(chunk) = chunks.next_chunk().unwrap() {
        let counts = decoder.chunk(
            &chunk,
            &mut |record| {
                let fields = record.fields().map(|(n, v)| (base(n).to_owned(), v.to_owned())).collect();
                out.records.push((record.id, fields));
            },
            &mut |trouble| out.troubles.push(trouble),
        );
        out.counts.add(&counts);
    }
    out
}

// --- theirs ---

/// Numbers behind repeated names differ by where they are counted (siblings there, sections here): left out.
fn base(name: &str) -> &str {
    match name.rsplit_once('_') {
        Some((base, number)) if !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()) => base,
        _ => name,
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn attributes(object: &Map<String, Value>) -> Vec<(&str, String)> {
    let Some(Value::Object(attributes)) = object.get("#attributes") else { return Vec::new() };
    attributes.iter().filter(|(name, _)| !name.starts_with("xmlns")).map(|(name, value)| (name.as_str(), text(value))).collect()
}

fn members(object: &Map<String, Value>) -> impl Iterator<Item = (&str, &Value)> {
    object.iter().map(|(k, v)| (k.as_str(), v)).filter(|(k, _)| !matches!(*k, "#attributes" | "#text"))
}

fn theirs(event: &Value) -> Fields {
    let mut out = Fields::new();
    let Some(Value::Object(event)) = event.get("Event") else { return out };
    for (section, value) in members(event) {
        let section = base(section);
        match value {
            Value::Null => {}
            Value::Object(object) if section == "System" => system(object, &mut out),
            Value::Object(object) => {
                for (name, value) in attributes(object) {
                    out.push((format!("{section}_{name}"), value));
                }
                if let Some(value) = object.get("#text") {
                    out.push((section.to_owned(), text(value)));
                }
                let prefix = if matches!(section, "EventData" | "UserData") { "" } else { section };
                for (name, value) in members(object) {
                    element(prefix, base(name), value, &mut out);
                }
            }
            other => out.push((section.to_owned(), text(other))),
        }
    }
    out
}

fn system(object: &Map<String, Value>, out: &mut Fields) {
    for (name, value) in members(object) {
        match value {
            Value::Null => {}
            Value::Object(object) => {
                for (attribute, value) in attributes(object) {
                    let name = match (name, attribute) {
                        ("TimeCreated", "SystemTime") => "SystemTime".to_owned(),
                        ("EventID", "Qualifiers") => "Qualifiers".to_owned(),
                        ("Provider", "EventSourceName") => "EventSourceName".to_owned(),
                        _ => format!("{name}_{attribute}"),
                    };
                    out.push((name, value));
                }
                if let Some(value) = object.get("#text") {
                    out.push((name.to_owned(), text(value)));
                }
            }
            other => out.push((name.to_owned(), text(other))),
        }
    }
}

fn element(prefix: &str, name: &str, value: &Value, out: &mut Fields) {
    let field = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}_{name}") };
    match value {
        Value::Array(items) => {
            for item in items {
                element(prefix, name, item, out);
            }
        }
        Value::Object(object) => {
            let mut field = field;
            for (attribute, value) in attributes(object) {
                if name == "Data" && attribute == "Name" && prefix.is_empty() {
                    field = value;
                } else {
                    out.push((format!("{field}_{attribute}"), value));
                }
            }
            match object.get("#text") {
                Some(Value::Array(items)) => out.extend(items.iter().map(|item| (field.clone(), text(item)))),
                Some(value) => out.push((field, text(value))),
                // Empty but for attributes that name no field (`xmlns`, `Name`).
                None if members(object).count() == 0 && (name == "Data" || attributes(object).is_empty()) => {
                    out.push((field, String::new()));
                }
                None => {}
            }
            for (name, value) in members(object) {
                element(prefix, base(name), value, out);
            }
        }
        other => out.push((field, text(other))),
    }
}

// --- both ---

#[derive(Default)]
struct Tally {
    files: usize,
    records: usize,
    fields: usize,
    errors: usize,
    lost: u64,
    stale: u64,
    torn: usize,
    rescued: usize,
    differences: Vec<String>,
}

fn compare(path: &Path, tally: &mut Tally) {
    let bytes = fs::read(path).unwrap();
    let ours = ours(&bytes);
    let short = path.file_name().unwrap().to_string_lossy().into_owned();
    assert_eq!(ours.counts.framed, ours.counts.given + ours.counts.lost, "{short}");
    assert_eq!(ours.counts.given, ours.records.len() as u64, "{short}");
    let settings = ParserSettings::default().num_threads(1);
    let mut parser = EvtxParser::from_buffer(bytes).unwrap().with_configuration(settings);
    let mut records = Vec::new();
    let mut errors = 0;
    for record in parser.records_json_value() {
        match record {
            Ok(record) => records.push((record.event_record_id, theirs(&record.data))),
            Err(error) => {
                errors += 1;
                eprintln!("{short}: their error: {error}");
            }
        }
    }
    for trouble in &ours.troubles {
        eprintln!("{short}: ours: {trouble} at {} record {:?} lost {}", trouble.offset, trouble.record, trouble.lost);
    }
    tally.files += 1;
    tally.errors += errors;
    tally.lost += ours.counts.lost;
    tally.stale += ours.counts.stale;
    tally.records += records.len();
    // They give the chunks of a log that has wrapped in another order.
    records.sort_by_key(|(id, _)| *id);
    let mut mine = ours.records;
    mine.sort_by_key(|(id, _)| *id);
    let mut theirs = records.into_iter().peekable();
    let mut mine = mine.into_iter().peekable();
    loop {
        let (a, b) = (mine.peek().map(|r| r.0), theirs.peek().map(|r| r.0));
        let (ours_first, theirs_first) = match (a, b) {
            (None, None) => break,
            (Some(a), Some(b)) => (a < b, b < a),
            (a, b) => (a.is_some(), b.is_some()),
        };
        if theirs_first {
            // Torn at a page: its last bytes and the copy of its size are zeros. They read the zeros as values; a
            // record that was cut is not a good record, so it is reported.
            let id = theirs.next().unwrap().0;
            let torn = |t: &Trouble| t.kind == TroubleKind::BadFrame && t.record == Some(id);
            match ours.troubles.iter().any(torn) {
                true => tally.torn += 1,
                false => tally.differences.push(format!("{short} record {id}: only theirs")),
            }
        } else if ours_first {
            // They give up a chunk whose magic is lost, and drop a last chunk that is short.
            let id = mine.next().unwrap().0;
            match ours.troubles.iter().any(|t| matches!(t.kind, TroubleKind::ChunkMagic | TroubleKind::Truncated)) {
                true => tally.rescued += 1,
                false => tally.differences.push(format!("{short} record {id}: only ours")),
            }
        } else {
            let ((id, mut fields), (_, mut other)) = (mine.next().unwrap(), theirs.next().unwrap());
            fields.sort();
            other.sort();
            tally.fields += other.len();
            if fields != other {
                let missing: Vec<_> = other.iter().filter(|f| !fields.contains(f)).collect();
                let added: Vec<_> = fields.iter().filter(|f| !other.contains(f)).collect();
                tally.differences.push(format!("{short} record {id}: theirs {missing:?} ours {added:?}"));
            }
        }
    }
}

#[test]
fn the_same_records_and_values_as_the_evtx_crate() {
    let mut tally = Tally::default();
    for path in samples() {
        compare(&path, &mut tally);
    }
    eprintln!(
        "{} files, {} records, {} fields, their errors {}, our lost {}, stale {}, torn {}, rescued {}",
        tally.files, tally.records, tally.fields, tally.errors, tally.lost, tally.stale, tally.torn, tally.rescued
    );
    for line in tally.differences.iter().take(60) {
        eprintln!("{}", line.chars().take(1500).collect::<String>());
    }
    assert!(tally.differences.is_empty(), "{} differences", tally.differences.len());
}
