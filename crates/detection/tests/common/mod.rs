//! Helpers of the tests: where shared material stands, and EVTX records given as JSON made flat.
#![allow(dead_code)]

use std::path::{Path, PathBuf};

use konseki_detection::{LogSource, Routing};
use konseki_model::{At, Core, Event, Field, Kind};
use serde_json::Value;

pub fn shared(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(path);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {} is not there", path.display());
    None
}

/// Windows, Linux process creation, a web server, and a router's accounting.
pub fn routing() -> Routing {
    let mut routing = Routing::default();
    routing.add(vec![LogSource::new("windows", "", "")]);
    routing.add(vec![LogSource::new("linux", "process_creation", ""), LogSource::new("esxi", "", "shell")]);
    routing.add(vec![LogSource::new("", "webserver", "")]);
    routing.add(vec![LogSource::new("cisco", "", "aaa")]);
    routing
}

/// A record as `evtx` writes it in JSON, with the field names of `docs/fields.md`.
pub fn flat(record: &Value) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let event = &record["Event"];
    for (name, value) in event["System"].as_object().into_iter().flatten() {
        match value {
            Value::Object(map) => {
                for (key, value) in map.get("#attributes").and_then(Value::as_object).into_iter().flatten() {
                    let full = if name == "TimeCreated" { key.clone() } else { format!("{name}_{key}") };
                    out.push((full, text(value)));
                }
                if let Some(value) = map.get("#text") {
                    out.push((name.clone(), text(value)));
                }
            }
            value => out.push((name.clone(), text(value))),
        }
    }
    for block in ["EventData", "UserData"] {
        values(&event[block], &mut out);
    }
    out
}

fn values(block: &Value, out: &mut Vec<(String, String)>) {
    for (name, value) in block.as_object().into_iter().flatten() {
        match value {
            Value::Object(_) if name == "#attributes" => {}
            Value::Object(map) if map.contains_key("#text") => positional(name, &map["#text"], out),
            Value::Object(_) => values(value, out),
            value => positional(name, value, out),
        }
    }
}

fn positional(name: &str, value: &Value, out: &mut Vec<(String, String)>) {
    match value {
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                let name = if at == 0 { name.to_owned() } else { format!("{name}_{at}") };
                out.push((name, text(item)));
            }
        }
        value => out.push((name.to_owned(), text(value))),
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

pub fn fields(pairs: &[(String, String)]) -> Vec<Field<'_>> {
    pairs.iter().map(|(name, value)| Field::new(name, value)).collect()
}

pub fn event<'a>(fields: &'a [Field<'a>], raw: &'a [u8]) -> Event<'a> {
    Event { at: At::Line(1), time: None, kind: Kind::Other, core: Core::default(), fields, raw }
}

/// Every record of a file that holds JSON values one after the other.
pub fn records(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    let text = text.trim_start_matches('\u{feff}');
    serde_json::Deserializer::from_str(text).into_iter().map(Result::unwrap).collect()
}
