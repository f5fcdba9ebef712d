//! Damage to a chunk: its header, its tables, its slack.

use konseki_formats::evtx::write::EvtxWriter;
use konseki_formats::evtx::{CHUNK, TroubleKind};

use crate::common::{FIRST, event, log, put, read, records, seal, u32_at};

#[test]
fn damaged_chunks_keep_their_records() {
    let whole = log(100);
    let mut magic = whole.clone();
    magic[FIRST] = 0;
    let got = read(&magic);
    assert_eq!((got.ids.len(), got.has(TroubleKind::ChunkMagic)), (100, 1));
    // Magic and header both gone: records by their own frames, from the first whole one on.
    magic[FIRST..FIRST + 128].fill(0);
    let got = read(&magic);
    assert_eq!((got.ids.len(), got.has(TroubleKind::ChunkMagic)), (100, 1));
    let mut sums = whole.clone();
    put(&mut sums, FIRST + 52, 1);
    put(&mut sums, FIRST + 124, 1);
    let got = read(&sums);
    assert_eq!(got.ids.len(), 100);
    assert_eq!((got.has(TroubleKind::HeaderChecksum), got.has(TroubleKind::RecordsChecksum)), (1, 1));
}

#[test]
fn lies_about_the_range_hide_nothing() {
    let whole = log(40);
    let at = records(&whole);
    for (field, value) in [
        (48, 0),
        (48, 512),
        (48, 600),
        (48, (at[20] - FIRST) as u32),
        (48, CHUNK as u32),
        (48, u32::MAX),
        (32, 1),
        (24, u32::MAX),
        (44, 512),
        (40, 0),
    ] {
        let mut changed = whole.clone();
        put(&mut changed, FIRST + field, value);
        seal(&mut changed, FIRST);
        let got = read(&changed);
        assert_eq!(got.ids, (1..=40).collect::<Vec<_>>(), "{field} = {value}");
        assert_eq!(got.counts.lost, 0, "{field} = {value}: {:?}", got.troubles);
        if field == 48 {
            assert!(got.has(TroubleKind::Outside) + got.has(TroubleKind::HeaderRange) > 0, "{value}");
        }
    }
}

#[test]
fn slack_is_counted_and_not_given_out() {
    // A chunk used again: 10 new records over 100 old ones.
    let old = log(100);
    let mut fresh = EvtxWriter::starting_at(1001);
    for number in 0..10 {
        fresh.push(&event(1000 + number)).unwrap();
    }
    let mut bytes = fresh.finish();
    let free = u32_at(&bytes, FIRST + 48) as usize;
    bytes[FIRST + free..].copy_from_slice(&old[FIRST + free..FIRST + CHUNK]);
    let got = read(&bytes);
    assert_eq!((got.ids, got.troubles), ((1001..=1010).collect(), vec![]));
    assert!(got.counts.stale > 50, "{:?}", got.counts);
}

#[test]
fn rings_in_tables_do_not_hang() {
    let whole = log(50);
    // Every word of the two tables, and the links in front of the names and templates they point to.
    for word in 0..96 {
        let bucket = FIRST + 128 + 4 * word;
        let target = u32_at(&whole, bucket);
        for link in [target, 512, 65_535, u32::MAX] {
            let mut changed = whole.clone();
            if target != 0 {
                put(&mut changed, FIRST + target as usize, link);
            }
            put(&mut changed, bucket, link);
            assert_eq!(read(&changed).ids.len(), 50);
        }
    }
}

#[test]
fn a_broken_template_costs_the_records_that_use_it() {
    let whole = log(20);
    let first = records(&whole)[0];
    // The definition stands in the first record: behind its token (28), version, id and offset.
    let size = first + 28 + 10 + 20;
    for value in [0, 1, 0xffff, u32::MAX] {
        let mut changed = whole.clone();
        put(&mut changed, size, value);
        let got = read(&changed);
        assert_eq!(got.ids.len() + got.content(), 20, "{value}");
    }
}
