//! A log read in parts, in any order, says what it says read through.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::io::Cursor;

use common::{Seen, read};
use konseki_formats::evtx::CHUNK;
use konseki_formats::evtx::write::{EventSpec, EvtxWriter};
use konseki_model::{Hints, Piece, Record, Sink};
use konseki_sources::{Description, Reading, recognise};

const T: i64 = 1_704_597_129_000_000;

/// Two computers and two channels in turns, numbers missing, and damage in several places.
fn log() -> Vec<u8> {
    let mut log = EvtxWriter::new();
    for number in 0..9_000_i64 {
        let (channel, computer) = if number % 700 < 500 { ("Security", "pc01") } else { ("System", "pc02") };
        let event = EventSpec::new("Made-Up", channel, 4624, T + number * 1_000_000, computer);
        log.push(&event.data("TargetUserName", format!("user{number}")).data("Note", "x".repeat(200))).unwrap();
    }
    let mut bytes = log.finish();
    for chunk in [3, 40, 41, 70] {
        let at = 4096 + chunk * CHUNK + 9_000;
        bytes[at..at + 700].fill(0xff);
    }
    bytes
}

/// What is compared: events in their order, problems and accounts.
fn told(seen: &[Seen]) -> (Vec<Record>, Vec<String>, u64, u64, Vec<String>) {
    let events = seen.iter().flat_map(|one| one.events.clone()).collect();
    let mut whole = Seen::default();
    for one in seen {
        one.problems.iter().for_each(|problem| whole.problem(problem.clone()));
        whole.records(one.records);
    }
    let problems = whole.problems.iter().map(|problem| format!("{problem:?}")).collect();
    let hosts = seen.iter().flat_map(|one| one.hosts.clone()).collect();
    (events, problems, whole.records.read, whole.records.rejected, hosts)
}

#[test]
fn parts_in_any_order_say_what_the_whole_says() {
    let bytes = log();
    let through = read("Security.evtx", &bytes);
    assert!(through.events.len() > 8_900 && through.problems.len() > 3, "{} {:?}", through.events.len(), through.problems);

    let piece = Piece { path: "Security.evtx", head: &bytes[..65536], size: bytes.len() as u64 };
    let entry = recognise(&piece)[0];
    let about = Description::parse(entry.about).unwrap();
    let (hints, mut input) = (Hints::default(), Cursor::new(&bytes));
    let reading = Reading { piece, hints: &hints, about: &about };
    let parts = entry.source.parts(&mut input, &reading).unwrap();
    let mut cut = Vec::new();
    while let Some(part) = parts.cut() {
        cut.push(part);
    }
    assert!(cut.len() > 2 && cut.iter().map(|part| part.bytes.len()).sum::<usize>() == bytes.len() - 4096);
    let mut seen: Vec<Seen> = cut.iter().map(|_| Seen::keeping(usize::MAX / 20)).collect();
    std::thread::scope(|scope| {
        for (part, own) in cut.iter().zip(&mut seen).rev() {
            let parts = &parts;
            scope.spawn(move || parts.read(part, own));
        }
    });
    let mut end = Seen::default();
    parts.end(&mut end);
    seen.push(end);
    // Problems of the whole come last, as when it is read through.
    assert_eq!(told(&seen), told(&[through]));
}
