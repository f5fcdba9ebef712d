//! Windows events as `.evtx` files: the JSON lines of a case turned into records, the truth's places with them.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use konseki_formats::evtx::write::{EventSpec, EvtxWriter, Value};
use serde::Deserialize;
use serde::de::{MapAccess, Visitor};

use crate::truth::{Line, Truth};

/// Name and value in the order in which the line has them.
#[derive(Debug, Default)]
struct Fields(Vec<(String, serde_json::Value)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Fields;
            fn expecting(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Fields, M::Error> {
                let mut fields = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    fields.push(entry);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[derive(Deserialize)]
struct Outer {
    #[serde(rename = "Event")]
    event: Event,
}

#[derive(Deserialize)]
struct Event {
    #[serde(rename = "System")]
    system: serde_json::Value,
    #[serde(rename = "EventData", default)]
    data: Option<Fields>,
    #[serde(rename = "UserData", default)]
    user: Option<BTreeMap<String, Fields>>,
}

/// Replaces every `windows/HOST/NAME.jsonl` by `NAME.evtx`.
///
/// # Errors
/// When a file cannot be read or written, or a record does not fit.
pub fn convert(evidence: &Path, truth: &mut Truth) -> io::Result<()> {
    let mut numbers: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for path in logs(&evidence.join("windows"))? {
        let text = std::fs::read_to_string(&path)?;
        let mut log = EvtxWriter::new();
        let mut ids = Vec::new();
        for line in text.lines() {
            // A line that a fault cut short is no record of a binary log.
            let Ok(outer) = serde_json::from_str::<Outer>(line) else { continue };
            let id = log.push(&spec(outer.event)).map_err(io::Error::other)?;
            ids.push(id);
        }
        std::fs::write(path.with_extension("evtx"), log.finish())?;
        std::fs::remove_file(&path)?;
        let shown = path.strip_prefix(evidence).unwrap_or(&path).to_string_lossy().into_owned();
        numbers.insert(shown, ids);
    }
    retell(truth, &numbers);
    Ok(())
}

fn logs(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let Ok(hosts) = std::fs::read_dir(dir) else { return Ok(found) };
    for host in hosts {
        for file in std::fs::read_dir(host?.path())? {
            let path = file?.path();
            if path.extension().is_some_and(|e| e == "jsonl") {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}

fn spec(event: Event) -> EventSpec {
    let s = &event.system;
    let text = |pointer: &str| s.pointer(pointer).and_then(|v| v.as_str()).unwrap_or("").to_owned();
    let number = |pointer: &str| s.pointer(pointer).and_then(serde_json::Value::as_u64).unwrap_or(0);
    let time = text("/TimeCreated/#attributes/SystemTime");
    let micros = time.parse::<jiff::Timestamp>().map_or(0, |t| t.as_microsecond());
    let mut spec =
        EventSpec::new(&text("/Provider/#attributes/Name"), &text("/Channel"), number("/EventID") as u16, micros, &text("/Computer"));
    spec.provider_guid = text("/Provider/#attributes/Guid");
    spec.version = number("/Version") as u8;
    spec.level = number("/Level") as u8;
    spec.task = number("/Task") as u16;
    spec.opcode = number("/Opcode") as u8;
    spec.keywords = u64::from_str_radix(text("/Keywords").trim_start_matches("0x"), 16).unwrap_or(0);
    spec.process_id = number("/Execution/#attributes/ProcessID") as u32;
    spec.thread_id = number("/Execution/#attributes/ThreadID") as u32;
    spec.user_sid = text("/Security/#attributes/UserID");
    spec.record_id = Some(number("/EventRecordID"));
    for (name, value) in event.data.map(|d| d.0).unwrap_or_default() {
        spec = spec.data(&name, convert_value(&name, &value));
    }
    for (element, fields) in event.user.unwrap_or_default() {
        let space = fields.0.iter().find(|(n, _)| n == "#attributes").and_then(|(_, v)| v.get("xmlns")?.as_str()).unwrap_or("").to_owned();
        spec = spec.user_data(&element, &space);
        for (name, value) in fields.0.iter().filter(|(n, _)| n != "#attributes") {
            spec = spec.data(name, convert_value(name, value));
        }
    }
    spec
}

/// Types as Windows has them where the name says so.
fn convert_value(name: &str, value: &serde_json::Value) -> Value {
    match value {
        serde_json::Value::Number(n) => Value::U32(n.as_u64().unwrap_or(0) as u32),
        serde_json::Value::String(s) if name.ends_with("LogonId") => {
            u64::from_str_radix(s.trim_start_matches("0x"), 16).map_or_else(|_| Value::Text(s.clone()), Value::Hex64)
        }
        serde_json::Value::String(s) if name.ends_with("Guid") => Value::guid(s),
        serde_json::Value::String(s) => Value::Text(s.clone()),
        other => Value::Text(other.to_string()),
    }
}

/// Line numbers become record numbers, names and sources follow.
fn retell(truth: &mut Truth, numbers: &BTreeMap<String, Vec<u64>>) {
    let fix = |line: &mut Line| {
        if let Some(ids) = numbers.get(&line.path) {
            line.at = ids.get(line.at as usize - 1).copied().unwrap_or(line.at);
            line.path = format!("{}evtx", line.path.trim_end_matches("jsonl"));
        }
    };
    for step in &mut truth.steps {
        step.lines.iter_mut().chain(&mut step.must_cite).for_each(fix);
        for source in step.sources.iter_mut().filter(|s| *s == "windows/json") {
            "windows/evtx".clone_into(source);
        }
    }
    truth.traps.iter_mut().flat_map(|t| &mut t.lines).for_each(fix);
    for gap in truth.gaps.iter_mut().filter(|g| g.source == "windows/json") {
        "windows/evtx".clone_into(&mut gap.source);
    }
}
