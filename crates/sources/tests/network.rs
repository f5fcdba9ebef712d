//! Public network evidence where it stands: recognised by one source, every line accounted for.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::io::Cursor;
use std::path::Path;

use konseki_model::{Event, Hints, Piece, Problem, Records, Sink};
use konseki_sources::{Description, Reading};

#[derive(Default)]
struct Count {
    records: Records,
    events: u64,
    timed: u64,
}

impl Sink for Count {
    fn event(&mut self, event: &Event<'_>) {
        self.events += 1;
        self.timed += u64::from(event.time.is_some());
    }
    fn problem(&mut self, _: Problem) {}
    fn records(&mut self, records: Records) {
        self.records = records;
    }
    fn nested(&mut self, _: &str, _: Vec<u8>) {}
    fn host(&mut self, _: &str) {}
    fn zone(&mut self, _: &str, _: &str) {}
}

fn check(folder: &str, id: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/evidence").join(folder);
    let Ok(entries) = fs::read_dir(&root) else {
        eprintln!("skipped: {folder} is absent");
        return;
    };
    let mut paths: Vec<_> =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|e| e == "log" || e == "ndjson")).collect();
    paths.sort();
    if paths.is_empty() {
        eprintln!("skipped: {folder} has no plain logs");
    }
    for path in paths {
        let mut bytes = fs::read(&path).unwrap();
        // The start is enough to tell, and keeps the test short.
        bytes.truncate(4 << 20);
        let end = bytes.iter().rposition(|b| *b == b'\n').map_or(bytes.len(), |at| at + 1);
        bytes.truncate(end);
        let name = path.file_name().unwrap().to_str().unwrap();
        let piece = Piece { path: name, head: &bytes[..bytes.len().min(65536)], size: bytes.len() as u64 };
        let found = konseki_sources::recognise(&piece);
        let ids: Vec<_> = found.iter().map(|entry| entry.id).collect();
        assert_eq!(ids, [id], "{name}");
        let about = Description::parse(found[0].about).unwrap();
        let mut count = Count::default();
        let hints = Hints::default();
        found[0].source.read(&mut Cursor::new(&bytes), &Reading { piece, hints: &hints, about: &about }, &mut count);
        let records = count.records;
        eprintln!("{name}: {records:?}, {} with time", count.timed);
        assert_eq!(records.read, records.events + records.continuation + records.blank + records.rejected, "{name}");
        assert_eq!(records.rejected, 0, "{name}");
    }
}

#[test]
fn public_zeek_logs_are_read_whole() {
    check("rita-zeek-testdata/test_data/open_conns/open", "network/zeek");
}
