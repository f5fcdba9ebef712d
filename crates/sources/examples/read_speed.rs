//! Prints the speed of every source on one thread as a table, with SHA-256 over the same bytes and the library of its format
//! (`evtx`; `serde_json` for JSON lines) as floors. Seconds are those that the thread ran.
//!
//! `cargo run --release -p konseki-sources --example read_speed [FILE OR FOLDER]...` (without: the samples of this crate).
//! A small file is repeated to 16 MiB: formats without a head (lines) stay what they are, others only in part.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::time::Instant;

use konseki_model::{Event, Hints, Piece, Problem, Records, Sink};
use konseki_sources::{Description, Reading, recognise};
use sha2::{Digest, Sha256};

const SIZE: usize = 8 << 20;
const ROUNDS: usize = 3;
/// 2024-03-01: lines without a year have one.
const MODIFIED: i64 = 1_709_251_200_000_000;

#[derive(Default)]
struct Count {
    events: u64,
    fields: u64,
    records: Records,
}

impl Sink for Count {
    fn event(&mut self, event: &Event<'_>) {
        self.events += 1;
        self.fields += event.fields.len() as u64;
    }
    fn problem(&mut self, _: Problem) {}
    fn records(&mut self, records: Records) {
        self.records.add(&records);
    }
    fn host(&mut self, _: &str) {}
    fn zone(&mut self, _: &str, _: &str) {}
    fn nested(&mut self, _: &str, _: Vec<u8>) {}
}

struct Speed {
    file: String,
    /// 10^6 bytes a second: this source, SHA-256, and the library that is the floor of its format.
    read: f64,
    hash: f64,
    floor: Option<(&'static str, f64)>,
    /// Events a second.
    events: f64,
}

fn main() {
    let mut paths: Vec<PathBuf> = std::env::args().skip(1).map(PathBuf::from).collect();
    if paths.is_empty() {
        paths.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    }
    let mut files = Vec::new();
    paths.iter().for_each(|path| collect(path, &mut files));
    let mut slowest: BTreeMap<&str, Speed> = BTreeMap::new();
    for file in files {
        let Some((id, speed)) = measure(&file) else { continue };
        if slowest.get(id).is_none_or(|known| speed.read < known.read) {
            slowest.insert(id, speed);
        }
    }
    println!(
        "| source | MB/s | events/s | SHA-256 MB/s | x SHA-256 | floor | slowest file |\n| --- | ---: | ---: | ---: | ---: | --- | --- |"
    );
    for (id, s) in slowest {
        let floor = s.floor.map(|(name, speed)| format!("{name}: {speed:.0} MB/s")).unwrap_or_default();
        println!("| {id} | {:.0} | {:.0} | {:.0} | {:.2} | {floor} | {} |", s.read, s.events, s.hash, s.read / s.hash, s.file);
    }
}

/// Seconds that this thread has run: on a busy machine the wall says nothing. Wall time where the system does not tell.
fn seconds(started: Instant) -> f64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = told.and_then(|text| text.split(' ').next()?.parse::<f64>().ok());
    nanos.map_or_else(|| started.elapsed().as_secs_f64(), |nanos| nanos / 1e9)
}

/// The best of some rounds, in seconds.
fn best(mut once: impl FnMut()) -> f64 {
    let started = Instant::now();
    let timed = |once: &mut dyn FnMut()| {
        let before = seconds(started);
        once();
        seconds(started) - before
    };
    (0..ROUNDS).map(|_| timed(&mut once)).fold(f64::MAX, f64::min)
}

/// The library that reads the same format, if there is one.
fn floor(id: &str, bytes: &[u8]) -> Option<(&'static str, f64)> {
    let mega = bytes.len() as f64 / 1e6;
    if id == "windows/evtx" {
        let seconds = best(|| {
            let mut parser = evtx::EvtxParser::from_buffer(bytes.to_vec()).unwrap();
            std::hint::black_box(parser.records_json_value().filter(Result::is_ok).count());
        });
        return Some(("evtx", mega / seconds));
    }
    let lines = || bytes.split(|b| *b == b'\n').filter(|line| !line.is_empty());
    if !lines().take(20).all(|line| serde_json::from_slice::<serde_json::Value>(line).is_ok_and(|value| value.is_object())) {
        return None;
    }
    let seconds = best(|| {
        std::hint::black_box(lines().filter(|line| serde_json::from_slice::<serde_json::Value>(line).is_ok()).count());
    });
    Some(("serde_json", mega / seconds))
}

fn collect(path: &Path, out: &mut Vec<PathBuf>) {
    if path.is_dir() {
        let mut all: Vec<_> = std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect();
        all.sort();
        all.iter().for_each(|path| collect(path, out));
    } else if !path.extension().is_some_and(|ending| ["rs", "toml", "events"].iter().any(|one| ending == *one)) {
        out.push(path.to_owned());
    }
}

fn measure(file: &Path) -> Option<(&'static str, Speed)> {
    let once = std::fs::read(file).ok().filter(|bytes| bytes.len() > 64)?;
    let shown = file.display().to_string();
    let path = shown.rsplit("samples/").next().unwrap_or(&shown).to_owned();
    let times = (SIZE / once.len()).max(1);
    let bytes = once.repeat(times);
    let piece = Piece { path: &path, head: &bytes[..bytes.len().min(65_536)], size: bytes.len() as u64 };
    let entry = *recognise(&piece).first()?;
    let about = Description::parse(entry.about).unwrap();
    let mut events = 0;
    let read = best(|| {
        let mut count = Count::default();
        let piece = Piece { path: &path, head: &bytes[..bytes.len().min(65_536)], size: bytes.len() as u64 };
        let reading = Reading { piece, hints: &Hints { modified: Some(MODIFIED), ..Hints::default() }, about: &about };
        entry.source.read(&mut Cursor::new(&bytes), &reading, &mut count);
        events = count.events;
    });
    // A file that does not repeat (one document, one section) says nothing of speed.
    if events <= times as u64 / 2 {
        return None;
    }
    let hash = best(|| {
        std::hint::black_box(Sha256::digest(&bytes));
    });
    let mega = bytes.len() as f64 / 1e6;
    let floor = floor(entry.id, &bytes);
    Some((entry.id, Speed { file: path, read: mega / read, hash: mega / hash, floor, events: events as f64 / read }))
}
