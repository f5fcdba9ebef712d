//! Events written are events read: by record, by SQL, with corrections, and the same bytes twice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::time::Duration;

use konseki_model::{At, Basis, Core, Event, Fidelity, Field, Kind, Stamp};
use konseki_store::{Bounds, Correction, Corrections, Escape, EventWriter, Events, Filter, Keep, Origin, Output};

const PLAIN: Escape = Escape { terminal: str::to_owned, csv: str::to_owned };

fn write(path: &std::path::Path, rows: u64) {
    write_with(path, rows, false);
}

fn write_with(path: &std::path::Path, rows: u64, beside: bool) {
    let mut writer = EventWriter::create(path, beside).unwrap();
    for n in 0..rows {
        let number = n.to_string();
        let fields = [Field::new("EventID", "4624"), Field::new("IpAddress", "192.0.2.7"), Field::new("N", &number)];
        let event = Event {
            at: At::Record(n),
            time: (n != 3).then(|| Stamp::new(1_700_000_000_000_000 - n as i64 * 1_000_000, Fidelity::Second, Basis::Format)),
            kind: if n % 2 == 0 { Kind::AuthSuccess } else { Kind::Other },
            core: Core { user: "taro", src: "192.0.2.7", src_port: Some(4000), ..Core::default() },
            fields: &fields,
            raw: b"",
        };
        let origin = Origin { evidence: "E0123456789ab", source: "windows/evtx", host: "ws01", raw: "x" };
        writer.push(&origin, &event).unwrap();
    }
    assert_eq!(writer.finish().unwrap().rows, rows);
}

#[test]
fn what_is_written_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let events = folder.path().join("events");
    write(&events.join("windows/evtx/000.parquet"), 10_000);
    let spill = folder.path().join("spill");
    let store = Events::open(&events, &spill, &Corrections::default(), 2).unwrap();
    let mut seen = Vec::new();
    store.records(&Filter { kinds: vec![Kind::AuthSuccess], ..Filter::default() }, &mut |r| seen.push(r.clone())).unwrap();
    assert_eq!(seen.len(), 5000);
    assert!(seen.windows(2).all(|w| w[0].time <= w[1].time));
    assert_eq!(seen[0].host, "ws01");
    assert_eq!(seen[0].field("IpAddress"), Some("192.0.2.7"));
    let mut out = Vec::new();
    let sql = r#"SELECT "EventID", count(*) AS n, min("user") AS who FROM windows_evtx GROUP BY 1"#;
    store.query(sql, Output::Csv, PLAIN, &mut out).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), "EventID,n,who\n4624,10000,taro\n");
    assert_eq!(store.tables(), ["events", "windows_evtx"]);
    assert!(store.query("DROP TABLE events", Output::Csv, PLAIN, &mut Vec::new()).is_err());
    assert!(store.query("COPY (SELECT 1) TO '/tmp/x.csv'", Output::Csv, PLAIN, &mut Vec::new()).is_err());
    assert!(store.query("SELECT nothing FROM events", Output::Csv, PLAIN, &mut Vec::new()).is_err());
}

#[test]
fn pages_counts_and_bounded_queries_agree_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let events = folder.path().join("events");
    write(&events.join("windows/evtx/000.parquet"), 1000);
    let store = Events::open_reading(&events, &Corrections::default(), 2).unwrap();
    let patience = Duration::from_secs(60);
    let all = Filter::default();
    let span = store.span(&all, patience).unwrap();
    assert_eq!((span.events, span.timed, span.last), (1000, 999, Some(1_700_000_000_000_000)));
    let bins = store.bins(&all, 60_000_000, patience).unwrap();
    assert!(bins.iter().all(|(start, _)| start % 60_000_000 == 0));
    assert_eq!(bins.iter().map(|(_, count)| count).sum::<u64>(), 999);
    let mut seen = Vec::new();
    for offset in [0, 400, 800] {
        store.page(&all, (offset, 400), patience, &mut |r| seen.push(r.at.unwrap().number())).unwrap();
    }
    // The one without time comes first, then the last written, which is the earliest.
    assert_eq!((seen.len(), seen[0], seen[1], seen[999]), (1000, 3, 999, 0));
    let here = Filter { places: vec![("E0123456789ab".into(), At::Record(7)), ("E0123456789ab".into(), At::Line(8))], ..Filter::default() };
    assert_eq!(store.span(&here, patience).unwrap().events, 1);
    let text = |text: &str| store.span(&Filter { text: Some(text.into()), ..Filter::default() }, patience).unwrap().events;
    assert_eq!((text("TARO"), text("192.0.2.7"), text("998"), text("' OR 1=1")), (1000, 1000, 1, 0));
    assert_eq!(store.values("host", 5, patience).unwrap(), ["ws01"]);
    let ask = |sql: &str, rows, patience| {
        let (sender, ended) = std::sync::mpsc::channel::<()>();
        let mut out = Vec::new();
        let found = store.query_some(sql, Bounds { rows, patience }, PLAIN, sender, &mut out);
        (found, out, ended)
    };
    let (found, out, ended) = ask("SELECT at FROM events ORDER BY at", 10, patience);
    assert_eq!(found.unwrap(), (10, true));
    assert_eq!(String::from_utf8(out).unwrap().lines().count(), 10);
    // What the query held is let go.
    assert!(ended.recv_timeout(patience).is_err_and(|why| why == std::sync::mpsc::RecvTimeoutError::Disconnected));
    assert_eq!(ask("SELECT at FROM events", 1000, patience).0.unwrap(), (1000, false));
    assert!(ask("DROP VIEW events", 10, patience).0.is_err());
    // Work that finds nothing for long ends by patience.
    let long = "SELECT count(*) FROM events a CROSS JOIN events b CROSS JOIN events c WHERE a.at + b.at + c.at = 4000 LIMIT 1";
    assert!(ask(long, 10, Duration::from_millis(1)).0.unwrap_err().to_string().contains("no answer"));
    let here: Vec<_> = std::fs::read_dir(folder.path()).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(here, ["events"]);
}

#[test]
fn a_correction_moves_only_its_evidence() {
    let folder = tempfile::tempdir().unwrap();
    let events = folder.path().join("events");
    write(&events.join("windows/evtx/000.parquet"), 2);
    let fix = Correction { evidence: "E0123456789ab".into(), micros: 3_600_000_000, from: None, zone: None };
    let fix = Corrections::from_iter([fix]);
    let store = Events::open(&events, &folder.path().join("spill"), &fix, 1).unwrap();
    let mut first = None;
    store.records(&Filter::default(), &mut |r| first = first.take().or(r.micros())).unwrap();
    assert_eq!(first, Some(1_700_000_000_000_000 - 1_000_000 + 3_600_000_000));
}

#[test]
fn the_same_events_are_the_same_bytes_and_an_empty_store_opens() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a.parquet"), folder.path().join("b.parquet"));
    write_with(&a, 9000, false);
    write_with(&b, 9000, true);
    assert_eq!(std::fs::read(a).unwrap(), std::fs::read(b).unwrap());
    let store = Events::open(&folder.path().join("empty"), &folder.path().join("spill"), &Corrections::default(), 1).unwrap();
    let mut count = 0;
    store.records(&Filter::default(), &mut |_| count += 1).unwrap();
    assert_eq!(count, 0);
}

/// Rows that do not fit the memory of a query are sorted on the disk, however many threads share that memory.
#[test]
fn more_than_memory_is_still_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let events = folder.path().join("events");
    let text = "long text of one event, ".repeat(40);
    for pack in 0..4_i64 {
        let mut writer = EventWriter::create(&events.join(format!("windows/evtx/{pack}.parquet")), false).unwrap();
        for n in 0..8000_i64 {
            let long = format!("{pack} {n} {text}");
            let fields = [Field::new("CommandLine", &long)];
            let time = Some(Stamp::new(1_700_000_000_000_000 + (n * 7919 % 8000) * 1_000_000, Fidelity::Second, Basis::Format));
            let at = At::Record(n.unsigned_abs());
            let event = Event { at, time, kind: Kind::Other, core: Core::default(), fields: &fields, raw: b"" };
            writer.push(&Origin { evidence: "E0123456789ab", source: "windows/evtx", host: "ws01", raw: &long }, &event).unwrap();
        }
        writer.finish().unwrap();
    }
    for threads in [2, 8, 1] {
        let store = Events::open_within(&events, &folder.path().join("spill"), &Corrections::default(), threads, 24 << 20).unwrap();
        let (mut count, mut last) = (0, None);
        let done = store.records(&Filter::default(), &mut |record| {
            assert!(last <= record.micros());
            (count, last) = (count + 1, record.micros());
        });
        assert!(done.is_ok(), "{threads} threads: {done:?}");
        assert_eq!(count, 32_000);
        let mut out = Vec::new();
        let sql = "SELECT raw FROM events ORDER BY time, raw";
        let done = store.query(sql, Output::Csv, PLAIN, &mut out);
        assert!(done.is_ok(), "{threads} threads: {done:?}");
    }
}
