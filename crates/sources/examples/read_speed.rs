//! Prints the speed of every source on one thread, and of SHA-256 over the same bytes.
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

const SIZE: usize = 16 << 20;
const ROUNDS: usize = 3;

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
    mib: f64,
    ratio: f64,
    micros: f64,
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
        if slowest.get(id).is_none_or(|known| speed.ratio < known.ratio) {
            slowest.insert(id, speed);
        }
    }
    println!("{:<28} {:>8} {:>9} {:>9}  slowest file", "source", "MiB/s", "µs/event", "x SHA-256");
    for (id, speed) in slowest {
        println!("{id:<28} {:>8.0} {:>9.2} {:>9.2}  {}", speed.mib, speed.micros, speed.ratio, speed.file);
    }
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
    let (mut read, mut hash, mut events) = (f64::MAX, f64::MAX, 0);
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let mut count = Count::default();
        let piece = Piece { path: &path, head: &bytes[..bytes.len().min(65_536)], size: bytes.len() as u64 };
        let reading = Reading { piece, hints: &Hints::default(), about: &about };
        entry.source.read(&mut Cursor::new(&bytes), &reading, &mut count);
        read = read.min(started.elapsed().as_secs_f64());
        events = count.events;
        let started = Instant::now();
        std::hint::black_box(Sha256::digest(&bytes));
        hash = hash.min(started.elapsed().as_secs_f64());
    }
    let mib = bytes.len() as f64 / (1 << 20) as f64;
    // A file that does not repeat (one document, one section) says nothing of speed.
    (events > times as u64 / 2).then(|| {
        let micros = read * 1e6 / events as f64;
        (entry.id, Speed { file: path, mib: mib / read, ratio: hash / read, micros })
    })
}
