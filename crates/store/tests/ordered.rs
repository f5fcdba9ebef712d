//! Events in order of time: the same from memory and from the disk, on any number of threads, whole.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::Path;

use konseki_model::time::Offset;
use konseki_model::{At, Basis, Core, Event, Fidelity, Field, Kind, Record, Stamp};
use konseki_store::{Correction, Corrections, EventWriter, Filter, Keep, Native, Ordered, Origin};

const START: i64 = 1_700_000_000_000_000;
const IDS: [&str; 3] = ["E0123456789ab", "Eabcdefabcdef", "E000000000001"];

/// One file per source; times out of order and often equal, every seventh without one.
fn store(events: &Path) {
    for (number, (source, id)) in ["vmware/esxi_shell", "web/access", "zeek/conn"].iter().zip(IDS).enumerate() {
        let mut writer = EventWriter::create(&events.join(source).join("0.parquet"), false).unwrap();
        for n in 0..3000_u64 {
            let text = format!("{number} {n}");
            let fields = [Field::new("line", &text), Field::new("empty", "")];
            let time = Stamp::new(START + (n * 7919 % 500) as i64 * 1_000_000, Fidelity::Millisecond, Basis::Header);
            let time = match (number, n % 3) {
                (1, 1) => Stamp { basis: Basis::Assumed, ..time.by(Offset::Taken(-25_200)) },
                (1, 2) => Stamp { basis: Basis::YearAssumed, ..time.by(Offset::Taken(-25_200)) },
                _ => time.by(Offset::Said(3600)),
            };
            let event = Event {
                at: if number == 1 { At::Record(n) } else { At::Line(n) },
                time: (n % 7 != 0).then_some(time),
                kind: if n % 3 == 0 { Kind::Flow } else { Kind::ShellCommand },
                core: Core {
                    user: "taro",
                    command: &text,
                    dst_port: Some(443),
                    bytes_in: Some(u64::MAX),
                    duration: (n % 2 == 0).then_some(-5),
                    ..Core::default()
                },
                fields: &fields[..usize::from(n % 5 != 0) * 2],
                raw: b"",
            };
            writer.push(&Origin { evidence: id, source, host: if n % 2 == 0 { "Host-A" } else { "" }, raw: "x" }, &event).unwrap();
        }
        writer.finish().unwrap();
    }
}

fn all(ordered: &Ordered, filter: &Filter) -> Vec<Record> {
    let mut out = Vec::new();
    ordered.sort(filter, Native::All).unwrap().each(|_| true, &mut |record| out.push(record.clone())).unwrap();
    out
}

#[test]
fn from_memory_and_from_the_disk_it_is_the_same_order() {
    let folder = tempfile::tempdir().unwrap();
    let (events, spill) = (folder.path().join("events"), folder.path().join("spill"));
    store(&events);
    let whole = all(&Ordered::new(&events, Some(&spill), &Corrections::default(), 1), &Filter::default());
    assert_eq!(whole.len(), 9000);
    assert!(!spill.exists(), "nothing to put aside");
    let key = |r: &Record| (r.micros(), r.evidence.clone(), r.at.unwrap().number());
    assert!(whole.windows(2).all(|two| key(&two[0]) <= key(&two[1])));
    for threads in [1, 2, 5] {
        let tight = Ordered::new(&events, Some(&spill), &Corrections::default(), threads).within(64 << 10);
        let sorted = tight.sort(&Filter::default(), Native::All).unwrap();
        assert!(std::fs::read_dir(&spill).unwrap().count() > 0, "put aside");
        for _ in 0..2 {
            let mut out = Vec::new();
            sorted.each(|_| true, &mut |record| out.push(record.clone())).unwrap();
            assert!(out == whole, "{threads} threads");
        }
        let mut flows = 0;
        sorted.each(|kind| kind == Kind::Flow, &mut |record| flows += u64::from(record.kind() == Kind::Flow)).unwrap();
        assert_eq!(flows, 3000);
        drop(sorted);
        assert_eq!(std::fs::read_dir(&spill).unwrap().count(), 0, "nothing stays");
    }
    let nowhere = Ordered::new(&events, None, &Corrections::default(), 2).within(64 << 10);
    assert!(nowhere.sort(&Filter::default(), Native::All).is_err(), "more than memory, and nothing may be written");
}

#[test]
fn every_value_comes_back() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path());
    let ordered = Ordered::new(folder.path(), None, &Corrections::default(), 1);
    let one = Filter { places: vec![(IDS[1].into(), At::Record(8))], ..Filter::default() };
    let found = all(&ordered, &one);
    let [record] = found.as_slice() else { panic!("{found:?}") };
    let time = Stamp::new(START + 8 * 7919 % 500 * 1_000_000, Fidelity::Millisecond, Basis::YearAssumed);
    assert_eq!((record.source.as_str(), record.at, record.time), ("web/access", Some(At::Record(8)), Some(time)));
    assert_eq!((record.kind, record.host.as_str(), record.user.as_str()), (Some(Kind::ShellCommand), "Host-A", "taro"));
    assert_eq!((record.dst_port, record.src_port, record.bytes_in, record.duration), (Some(443), None, Some(u64::MAX), Some(-5)));
    assert_eq!((record.command.as_str(), record.raw.as_str()), ("1 8", "x"));
    assert_eq!(record.fields, [("line".to_owned(), "1 8".to_owned()), ("empty".to_owned(), String::new())]);
    let mut lean = Vec::new();
    ordered
        .sort(&one, Native::Bare)
        .unwrap()
        .each(|_| true, &mut |r| lean.push((r.fields.len(), r.raw.clone(), r.command.clone())))
        .unwrap();
    assert_eq!(lean, [(0, String::new(), "1 8".to_owned())]);
    let mut named = Vec::new();
    let sorted = ordered.sort(&one, Native::Of(&["empty", "none"])).unwrap();
    sorted.each(|_| true, &mut |r| named.push((r.fields.clone(), r.raw.clone()))).unwrap();
    assert_eq!(named, [(vec![("empty".to_owned(), String::new())], "x".to_owned())]);
}

#[test]
fn filters_and_corrections_are_those_of_sql() {
    let folder = tempfile::tempdir().unwrap();
    store(folder.path());
    // A clock set forward; a zone that two spells of the year disagree on, for what says none.
    let zone = |micros, from| Correction { evidence: IDS[1].into(), micros, from, zone: Some(Basis::Analyst) };
    let later = Corrections::from_iter([
        Correction { evidence: IDS[0].into(), micros: 1_000_000_000, from: Some(START + 250_000_000), zone: None },
        zone(-32_400_000_000, Some(START - 25_200_000_000 + 100_000_000)),
        zone(-28_800_000_000, None),
    ]);
    let ordered = Ordered::new(folder.path(), None, &later, 2);
    let sql = konseki_store::Events::open_reading(folder.path(), &later, 1).unwrap();
    let mut seen = 0;
    let mut bases = std::collections::BTreeMap::new();
    for filter in [
        Filter { from: Some(START + 400_000_000), ..Filter::default() },
        Filter { from: Some(START + 1_000_000), to: Some(START + 90_000_000), kinds: vec![Kind::Flow], ..Filter::default() },
        Filter { host: Some("host-a".into()), ..Filter::default() },
        Filter { user: Some("TARO".into()), source: Some("Zeek/conn".into()), ..Filter::default() },
        Filter { evidence: vec![IDS[2].into()], text: Some("TARO".into()), ..Filter::default() },
        Filter { text: Some("2 29".into()), ..Filter::default() },
        Filter { source: Some("no/such".into()), ..Filter::default() },
    ] {
        let ours = all(&ordered, &filter);
        let mut theirs = Vec::new();
        sql.page(&filter, (0, 10_000), std::time::Duration::from_secs(600), &mut |record| theirs.push(record)).unwrap();
        let key = |r: &Record| (r.time.map(|time| (time.micros, time.basis)), r.evidence.clone(), r.at.map(At::number));
        assert_eq!(ours.iter().map(key).collect::<Vec<_>>(), theirs.iter().map(key).collect::<Vec<_>>(), "{filter:?}");
        seen += ours.len();
        ours.iter()
            .filter_map(|r| Some((r.evidence.as_str() == IDS[1], r.time?.basis)))
            .for_each(|one| *bases.entry(one).or_insert(0) += 1);
    }
    assert!(seen > 5000);
    let moved = [(true, Basis::Analyst), (true, Basis::YearInferred), (true, Basis::Header), (false, Basis::Header)];
    assert!(moved.iter().all(|one| bases.get(one).is_some_and(|count| *count > 10)) && bases.len() == 4, "{bases:?}");
}
