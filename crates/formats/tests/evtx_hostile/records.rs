//! Damage to a record: its frame, its number, its time, its payload.

use konseki_formats::evtx::write::EvtxWriter;
use konseki_formats::evtx::{Chunks, Decoder, TroubleKind};

use crate::common::{FIRST, event, log, put, read, records, u32_at};

#[test]
fn one_bad_record_costs_one_record() {
    let whole = log(30);
    let at = records(&whole);
    for (which, spoil) in [(10, "magic"), (10, "size"), (10, "zero"), (0, "zero"), (29, "zero"), (29, "magic")] {
        let mut changed = whole.clone();
        let (start, end) = (at[which], at.get(which + 1).copied().unwrap_or(FIRST + u32_at(&whole, FIRST + 48) as usize));
        match spoil {
            "magic" => changed[start] = 0,
            "size" => {
                put(&mut changed, start + 4, 77);
                put(&mut changed, end - 4, 78);
            }
            _ => changed[start..end].fill(0),
        }
        let got = read(&changed);
        let lost = usize::from(spoil != "zero" || which != 0);
        // The first record holds the template of the others.
        if which == 0 {
            assert_eq!(got.counts.lost, 30);
            continue;
        }
        assert_eq!(got.ids.len(), 30 - lost, "{which} {spoil}: {:?}", got.troubles);
        assert_eq!(got.counts.lost as usize, lost, "{which} {spoil}");
    }
}

#[test]
fn a_size_or_its_copy_is_repaired_by_the_neighbours() {
    let whole = log(30);
    let at = records(&whole);
    for which in [1, 10, 29] {
        let end = at.get(which + 1).copied().unwrap_or(FIRST + u32_at(&whole, FIRST + 48) as usize);
        for value in [0, 1, 27, 28, 29, 0xffff, 0x10000, u32::MAX] {
            let mut changed = whole.clone();
            put(&mut changed, end - 4, value);
            let got = read(&changed);
            assert_eq!((got.ids.len(), got.has(TroubleKind::SizeCopy)), (30, 1), "copy {value} of {which}");
            let mut changed = whole.clone();
            put(&mut changed, at[which] + 4, value);
            let got = read(&changed);
            assert!(got.ids.len() >= 29 && got.ids.len() + got.counts.lost as usize == 30, "size {value} of {which}");
        }
    }
}

#[test]
fn ids_and_times_that_cannot_be_keep_their_records() {
    let whole = log(10);
    let at = records(&whole);
    for id in [0u64, 10, u64::MAX] {
        let mut changed = whole.clone();
        changed[at[4] + 8..at[4] + 16].copy_from_slice(&id.to_le_bytes());
        assert_eq!(read(&changed).ids.len(), 10);
    }
    for ticks in [0u64, 1, i64::MAX as u64, u64::MAX] {
        let mut changed = whole.clone();
        changed[at[4] + 16..at[4] + 24].copy_from_slice(&ticks.to_le_bytes());
        let got = read(&changed);
        assert_eq!((got.ids.len(), got.counts.lost), (10, 0));
    }
}

#[test]
fn a_record_inside_a_record_is_not_an_event() {
    let inner = log(1);
    let start = records(&inner)[0];
    let len = u32_at(&inner, start + 4) as usize;
    let payload = inner[start..start + len].to_vec();
    let mut outer = EvtxWriter::new();
    for number in 0..3 {
        let value = konseki_formats::evtx::write::Value::Binary(payload.clone());
        outer.push(&event(number).data("Blob", value)).unwrap();
    }
    let got = read(&outer.finish());
    assert_eq!((got.ids, got.troubles), (vec![1, 2, 3], vec![]));
    // A whole chunk as payload: its magic inside a record begins no chunk.
    let chunk = inner[FIRST..FIRST + 8192].to_vec();
    let mut outer = EvtxWriter::new();
    outer.push(&event(0).data("Blob", konseki_formats::evtx::write::Value::Binary(chunk))).unwrap();
    outer.push(&event(1)).unwrap();
    let got = read(&outer.finish());
    assert_eq!((got.ids, got.troubles), (vec![1, 2], vec![]));
}

#[test]
fn payloads_stay_data() {
    for text in ["<script>alert(1)</script>", "=1+1", "\u{1b}[31mred", "a\r\nb", "\u{202e}txt.exe", "{{x}}", "'; --"] {
        let mut log = EvtxWriter::new();
        log.push(&event(0).data("P", text)).unwrap();
        let bytes = log.finish();
        let mut chunks = Chunks::new(&bytes[..]);
        let chunk = chunks.next_chunk().unwrap().unwrap();
        let mut seen = 0;
        Decoder::new().chunk(
            &chunk,
            &mut |record| {
                assert_eq!(record.get("P"), Some(text));
                seen += 1;
            },
            &mut |t| panic!("{t}"),
        );
        assert_eq!(seen, 1);
    }
}
