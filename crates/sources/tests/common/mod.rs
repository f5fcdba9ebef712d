//! Reads a piece through its source as the pipeline does, and keeps what tests ask about.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use konseki_model::{Event, Hints, Piece, Problem, Record, Records, Sink};
use konseki_sources::{Description, Entry, Reading};

/// The evidence of this project, or `None` (said aloud) where it does not stand.
pub fn evidence(path: &str) -> Option<PathBuf> {
    let full = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/evidence").join(path);
    let alternative = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/evidence").join(path);
    let found = [full, alternative].into_iter().find(|path| path.exists());
    if found.is_none() {
        eprintln!("skipped: shared/evidence/{path} is not here");
    }
    found
}

#[derive(Default)]
pub struct Seen {
    pub source: &'static str,
    pub records: Records,
    pub problems: Vec<Problem>,
    pub kinds: BTreeMap<&'static str, u64>,
    pub events: Vec<Record>,
    pub nested: Vec<(String, usize)>,
    pub without_time: u64,
    pub hosts: Vec<String>,
    keep: usize,
}

impl Seen {
    /// Keeps that many events of every kind.
    pub fn keeping(keep: usize) -> Self {
        Self { keep, ..Self::default() }
    }
}

impl Sink for Seen {
    fn event(&mut self, event: &Event<'_>) {
        *self.kinds.entry(event.kind.as_str()).or_default() += 1;
        self.without_time += u64::from(event.time.is_none());
        if self.events.len() >= self.keep && event.kind == konseki_model::Kind::Other {
            return;
        }
        if self.events.len() >= self.keep * 20 {
            return;
        }
        let c = event.core;
        self.events.push(Record {
            at: Some(event.at),
            time: event.time,
            kind: Some(event.kind),
            host: c.host.into(),
            user: c.user.into(),
            src: c.src.into(),
            src_port: c.src_port,
            dst: c.dst.into(),
            dst_port: c.dst_port,
            session: c.session.into(),
            object: c.object.into(),
            target: c.target.into(),
            command: c.command.into(),
            outcome: c.outcome.into(),
            assigned: c.assigned.into(),
            agent: c.agent.into(),
            bytes_out: c.bytes_out,
            bytes_in: c.bytes_in,
            duration: c.duration,
            fields: event.fields.iter().map(|f| (f.name.to_owned(), f.value.to_owned())).collect(),
            ..Record::default()
        });
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
        self.hosts.push(host.to_owned());
    }
    fn zone(&mut self, _: &str, _: &str) {}
    fn nested(&mut self, name: &str, bytes: Vec<u8>) {
        self.nested.push((name.to_owned(), bytes.len()));
    }
}

/// Recognises and reads; the source is empty where none says yes.
pub fn read(path: &str, bytes: &[u8]) -> Seen {
    let piece = Piece { path, head: &bytes[..bytes.len().min(65536)], size: bytes.len() as u64 };
    let found: Vec<&'static Entry> = konseki_sources::recognise(&piece);
    let ids: Vec<_> = found.iter().map(|entry| entry.id).collect();
    assert!(ids.len() <= 1, "{path}: {ids:?}");
    let mut seen = Seen { keep: 20_000, ..Seen::default() };
    let Some(entry) = found.first() else { return seen };
    seen.source = entry.id;
    let about = Description::parse(entry.about).unwrap();
    entry.source.read(&mut Cursor::new(bytes), &Reading { piece, hints: &Hints::default(), about: &about }, &mut seen);
    assert!(seen.records.balances(), "{path}: {:?}", seen.records);
    seen
}
