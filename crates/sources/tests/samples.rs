//! Walks every `samples/` folder: each sample gives its golden `.events`, and exactly one source says yes to it.
//! `KONSEKI_ACCEPT=1` rewrites the golden files; read them before you commit them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fmt::Write as _;
use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use konseki_model::time::rfc3339;
use konseki_model::{Basis, Event, Hints, Piece, Problem, Records, Sink};
use konseki_sources::{Description, Entry, Reading};
use serde_json::{Map, Value, json};

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    let mut entries: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, out);
        } else {
            out.push(path);
        }
    }
}

/// (source, path as the evidence would have it, file)
fn samples() -> Vec<(&'static Entry, String, PathBuf)> {
    let mut all = Vec::new();
    for entry in konseki_sources::all() {
        let folder = src().join(entry.id).join("samples");
        let mut found = Vec::new();
        files(&folder, &mut found);
        let before = all.len();
        for file in found {
            let name = file.strip_prefix(&folder).unwrap().to_str().unwrap().to_owned();
            if !name.ends_with(".events") && !name.ends_with(".hints.toml") && name != "PROVENANCE" {
                all.push((entry, name, file));
            }
        }
        assert!(all.len() > before, "{} has no samples", entry.id);
        assert!(folder.join("PROVENANCE").is_file(), "{}: samples/PROVENANCE is missing", entry.id);
    }
    all
}

/// Keys in alphabetical order, whatever features of `serde_json` another crate of the build turns on.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let keys: std::collections::BTreeMap<_, _> = map.iter().collect();
            Value::Object(keys.into_iter().map(|(key, value)| (key.clone(), sorted(value))).collect())
        }
        Value::Array(list) => Value::Array(list.iter().map(sorted).collect()),
        other => other.clone(),
    }
}

#[derive(Default)]
struct Golden {
    lines: String,
    records: Records,
    problems: Vec<Problem>,
}

impl Sink for Golden {
    fn event(&mut self, event: &Event<'_>) {
        let mut core = Map::new();
        let c = &event.core;
        for (name, value) in [
            ("host", c.host),
            ("user", c.user),
            ("src", c.src),
            ("dst", c.dst),
            ("session", c.session),
            ("object", c.object),
            ("target", c.target),
            ("command", c.command),
            ("outcome", c.outcome),
            ("assigned", c.assigned),
            ("agent", c.agent),
        ] {
            if !value.is_empty() {
                core.insert(name.into(), value.into());
            }
        }
        for (name, value) in [
            ("src_port", c.src_port.map(u64::from)),
            ("dst_port", c.dst_port.map(u64::from)),
            ("bytes_out", c.bytes_out),
            ("bytes_in", c.bytes_in),
            ("duration", c.duration.map(|d| d as u64)),
        ] {
            if let Some(value) = value {
                core.insert(name.into(), value.into());
            }
        }
        let fields: Vec<Value> = event.fields.iter().map(|f| json!([f.name, f.value])).collect();
        let time = event.time.map(|t| rfc3339(t.micros, t.fidelity));
        let basis = event.time.map(|t| t.basis.as_str());
        let line = json!({"at": event.at, "time": time, "basis": basis, "kind": event.kind.as_str(), "core": core, "fields": fields});
        writeln!(self.lines, "{}", sorted(&line)).unwrap();
        if !event.raw.is_empty() {
            assert!(event.raw.len() < 300_000);
        }
    }
    fn problem(&mut self, problem: Problem) {
        match self.problems.iter_mut().find(|p| p.kind == problem.kind && p.text == problem.text) {
            Some(known) => known.count += problem.count,
            None => self.problems.push(problem),
        }
    }
    fn records(&mut self, records: Records) {
        self.records.add(&records);
    }
    fn host(&mut self, host: &str) {
        writeln!(self.lines, "{}", sorted(&json!({"host": host}))).unwrap();
    }
    fn zone(&mut self, zone: &str, basis: &str) {
        writeln!(self.lines, "{}", sorted(&json!({"zone": zone, "basis": basis}))).unwrap();
    }
    fn nested(&mut self, name: &str, bytes: Vec<u8>) {
        writeln!(self.lines, "{}", sorted(&json!({"nested": name, "bytes": bytes.len()}))).unwrap();
    }
}

fn hints(file: &Path) -> Hints {
    let mut hints = Hints::default();
    let path = PathBuf::from(format!("{}.hints.toml", file.display()));
    if let Ok(text) = fs::read_to_string(path) {
        let table: toml::Table = toml::from_str(&text).unwrap();
        hints.zone = table.get("zone").map(|z| (z.as_str().unwrap().to_owned(), Basis::Analyst));
        hints.host = table.get("host").map(|h| h.as_str().unwrap().to_owned());
        hints.modified = table.get("modified").map(|m| m.as_integer().unwrap());
    }
    hints
}

#[test]
fn every_sample_gives_its_events() {
    let accept = std::env::var_os("KONSEKI_ACCEPT").is_some();
    let mut wrong = Vec::new();
    for (entry, name, file) in samples() {
        let bytes = fs::read(&file).unwrap();
        let about = Description::parse(entry.about).unwrap_or_else(|e| panic!("{}: {e}", entry.id));
        let head = &bytes[..bytes.len().min(65536)];
        let piece = Piece { path: &name, head, size: bytes.len() as u64 };
        let mut golden = Golden::default();
        let hints = hints(&file);
        entry.source.read(&mut Cursor::new(&bytes), &Reading { piece, hints: &hints, about: &about }, &mut golden);
        let mut text = format!("{}\n", serde_json::to_string(&golden.records).unwrap());
        for problem in &golden.problems {
            writeln!(text, "{}", sorted(&json!({"problem": problem}))).unwrap();
        }
        text.push_str(&golden.lines);
        if !golden.records.balances() {
            wrong.push(format!("{}/{name}: accounts do not balance: {:?}", entry.id, golden.records));
        }
        let expected = PathBuf::from(format!("{}.events", file.display()));
        if accept {
            fs::write(&expected, &text).unwrap();
        } else if fs::read_to_string(&expected).unwrap_or_default() != text {
            wrong.push(format!("{}/{name}: not as {}", entry.id, expected.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn exactly_one_source_recognises_each_sample() {
    let mut wrong = Vec::new();
    for (owner, name, file) in samples() {
        let bytes = fs::read(&file).unwrap();
        let head = &bytes[..bytes.len().min(65536)];
        let piece = Piece { path: &name, head, size: bytes.len() as u64 };
        let yes: Vec<_> = konseki_sources::recognise(&piece).iter().map(|e| e.id).collect();
        if yes != [owner.id] {
            wrong.push(format!("{}/{name}: recognised by {yes:?}", owner.id));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_folder_is_described_and_in_the_list() {
    let mut folders = Vec::new();
    for family in fs::read_dir(src()).unwrap().flatten().filter(|e| e.path().is_dir()) {
        for folder in fs::read_dir(family.path()).unwrap().flatten() {
            if folder.path().join("source.toml").is_file() {
                let family = family.file_name().into_string().unwrap();
                folders.push(format!("{family}/{}", folder.file_name().into_string().unwrap()));
            }
        }
    }
    folders.sort();
    let listed: Vec<_> = konseki_sources::all().iter().map(|e| e.id.to_owned()).collect();
    assert_eq!(folders, listed, "run `cargo xtask sources`");
    for entry in konseki_sources::all().iter().chain([konseki_sources::plain()]) {
        Description::parse(entry.about).unwrap_or_else(|e| panic!("{}/source.toml: {e}", entry.id));
        let text: toml::Table = toml::from_str(entry.text).unwrap_or_else(|e| panic!("{}/text.toml: {e}", entry.id));
        for row in text.get("text").and_then(|t| t.as_array()).into_iter().flatten() {
            for language in ["en", "ja"] {
                assert!(row.get(language).and_then(|v| v.as_str()).is_some(), "{}/text.toml: {row:?} lacks {language}", entry.id);
            }
        }
    }
}
