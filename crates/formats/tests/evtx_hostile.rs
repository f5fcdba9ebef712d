//! Damaged and hostile logs: nothing invented, nothing lost in silence, no hang, whatever is changed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::path::Path;

use konseki_formats::evtx::write::{EventSpec, EvtxWriter};
use konseki_formats::evtx::{Broken, CHUNK, Chunks, Counts, Decoder, FileHeader, Trouble, TroubleKind};

const T: i64 = 1_704_597_129_000_000;
const FIRST: usize = 4096;

fn event(number: u64) -> EventSpec {
    EventSpec::new("Made-Up", "Security", 4624, T + number as i64 * 1_000_000, "pc01")
        .data("TargetUserName", format!("user{number}"))
        .data("IpAddress", "192.0.2.7")
        .data("Note", "x".repeat(200))
}

fn log(records: u64) -> Vec<u8> {
    let mut log = EvtxWriter::new();
    for number in 0..records {
        log.push(&event(number)).unwrap();
    }
    log.finish()
}

#[derive(Debug, Default)]
struct Got {
    ids: Vec<u64>,
    users: Vec<String>,
    troubles: Vec<Trouble>,
    counts: Counts,
    headers: Vec<FileHeader>,
    text: usize,
}

impl Got {
    fn has(&self, kind: TroubleKind) -> usize {
        self.troubles.iter().filter(|t| t.kind == kind).count()
    }
    fn content(&self) -> usize {
        self.troubles.iter().filter(|t| matches!(t.kind, TroubleKind::Content(_))).count()
    }
}

fn read(bytes: &[u8]) -> Got {
    let mut got = Got::default();
    let mut chunks = Chunks::new(bytes);
    let mut decoder = Decoder::new();
    let mut out = (Vec::new(), Vec::new(), 0);
    while let Some(chunk) = chunks.next_chunk().unwrap() {
        let counts = decoder.chunk(
            &chunk,
            &mut |record| {
                out.0.push(record.id);
                out.1.push(record.get("TargetUserName").unwrap_or_default().to_owned());
                out.2 += record.fields().map(|(n, v)| n.len() + v.len()).sum::<usize>();
            },
            &mut |trouble| got.troubles.push(trouble),
        );
        got.counts.add(&counts);
    }
    (got.ids, got.users, got.text) = out;
    got.headers = chunks.headers().to_vec();
    assert_eq!(chunks.offset(), bytes.len() as u64, "every byte was given out or stepped over");
    assert_eq!(got.counts.framed, got.counts.given + got.counts.lost);
    assert_eq!(got.counts.given, got.ids.len() as u64);
    assert_eq!(got.counts.lost, got.troubles.iter().map(|t| t.lost).sum::<u64>());
    got
}

/// Offsets of the records of the first chunk.
fn records(bytes: &[u8]) -> Vec<usize> {
    let mut at = FIRST + 512;
    let mut out = Vec::new();
    while bytes.get(at..at + 4) == Some(b"**\0\0") {
        out.push(at);
        at += u32_at(bytes, at + 4) as usize;
    }
    out
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

fn put(bytes: &mut [u8], at: usize, value: u32) {
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

/// Checksums of the chunk at `at` made right again, as a careful forger would.
fn seal(bytes: &mut [u8], at: usize) {
    let free = (u32_at(bytes, at + 48) as usize).clamp(512, CHUNK);
    let sum = crc32fast::hash(&bytes[at + 512..at + free]);
    put(bytes, at + 52, sum);
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&bytes[at..at + 120]);
    hasher.update(&bytes[at + 128..at + 512]);
    let sum = hasher.finalize();
    put(bytes, at + 124, sum);
}

// --- E1, E2, E3: the file ---

#[test]
fn files_without_chunks_give_nothing_and_do_not_fail() {
    let whole = log(3);
    for len in [0, 1, 7, 8, 127, 128, 4095, 4096] {
        let got = read(&whole[..len]);
        assert_eq!((got.counts.framed, got.ids.len()), (0, 0), "{len} bytes");
    }
}

#[test]
fn chunks_are_found_whatever_stands_before_them() {
    let whole = log(300);
    let ids: Vec<u64> = (1..=300).collect();
    let mut bad = whole.clone();
    bad[..8].fill(b'x');
    assert_eq!(read(&bad).ids, ids);
    for junk in [1, 100, 513, 70_000, 200_000] {
        let mut shifted = vec![b'j'; junk];
        shifted.extend_from_slice(&whole);
        let got = read(&shifted);
        assert_eq!(got.ids, ids, "{junk} bytes before");
        assert!(got.has(TroubleKind::Unknown) > 0);
    }
    let mut two = whole.clone();
    two.extend_from_slice(&whole);
    let got = read(&two);
    assert_eq!((got.ids.len(), got.headers.len()), (600, 2));
}

#[test]
fn the_file_header_is_not_believed() {
    let whole = log(300);
    for (at, value) in [(8, 0xffff_ffff), (16, 0), (24, 0), (36, 0x0009_0009), (40, 0), (40, 0xffff_0001), (120, 3), (124, 0)] {
        let mut changed = whole.clone();
        put(&mut changed, at, value);
        let got = read(&changed);
        assert_eq!((got.ids.len(), got.troubles.len()), (300, 0), "at {at}");
        assert!(!got.headers[0].checksum_agrees || got.headers[0].dirty);
    }
}

// --- E4, E5: the chunk's header ---

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

// --- E6, E7: tables ---

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

// --- E8, E9, E10, E11: the record ---

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

// --- E12, E13: cut and shuffled files ---

#[test]
fn a_cut_file_gives_every_whole_record_and_tells_of_the_cut_one() {
    let whole = log(300);
    let chunks = (whole.len() - FIRST) / CHUNK;
    assert!(chunks >= 3);
    for len in (FIRST..whole.len()).step_by(1009) {
        let got = read(&whole[..len]);
        let mut expected = 0;
        for chunk in 0..chunks {
            let base = FIRST + chunk * CHUNK;
            let mut at = base + 512;
            while whole.get(at..at + 4) == Some(b"**\0\0") {
                at += u32_at(&whole, at + 4) as usize;
                if at <= len {
                    expected += 1;
                }
            }
        }
        assert_eq!(got.ids.len(), expected, "cut at {len}");
        let in_chunk = (len - FIRST) % CHUNK;
        let free = u32_at(&whole, FIRST + (len - FIRST) / CHUNK * CHUNK + 48) as usize;
        if in_chunk >= 512 && in_chunk < free {
            assert_eq!(got.has(TroubleKind::Truncated), 1, "cut at {len}: {:?}", got.troubles);
        }
    }
}

#[test]
fn chunks_in_any_order_and_with_holes() {
    let whole = log(600);
    let count = (whole.len() - FIRST) / CHUNK;
    let part = |n: usize| &whole[FIRST + n * CHUNK..FIRST + (n + 1) * CHUNK];
    let join = |parts: &[&[u8]]| [&[&whole[..FIRST]], parts].concat().concat();
    let reversed: Vec<&[u8]> = (0..count).rev().map(part).collect();
    let mut ids = read(&join(&reversed)).ids;
    ids.sort_unstable();
    assert_eq!(ids, (1..=600).collect::<Vec<_>>());
    let hole = vec![0; CHUNK];
    let junk = vec![0xff; 5000];
    let got = read(&join(&[part(0), &hole, part(1), &junk, part(2)]));
    assert_eq!(got.has(TroubleKind::Unknown), 1);
    assert_eq!(got.ids.len(), read(&join(&[part(0), part(1), part(2)])).ids.len());
    // Half a chunk, then the next: the records of both, and the cut one told.
    let got = read(&join(&[&part(0)[..30_000], part(1)]));
    let whole_records = records(&whole).iter().filter(|at| *at - FIRST + 600 < 30_000).count();
    assert!(got.ids.len() >= whole_records + read(&join(&[part(1)])).ids.len(), "{:?}", got.troubles);
    assert!(got.counts.lost >= 1);
    let got = read(&join(&[part(0), part(0)]));
    assert_eq!(got.ids.len(), 2 * read(&join(&[part(0)])).ids.len());
}

// --- E14, E15, E16: BinXML made to explode ---

/// A chunk of hand-made records over an empty one, its header right.
struct Forge {
    bytes: Vec<u8>,
    id: u64,
}

impl Forge {
    fn new() -> Self {
        let mut bytes = vec![0; 512];
        bytes[..8].copy_from_slice(b"ElfChnk\0");
        put(&mut bytes, 40, 128);
        Self { bytes, id: 0 }
    }

    fn record(&mut self, binxml: &[u8]) {
        self.id += 1;
        let len = (28 + binxml.len()) as u32;
        self.bytes.extend_from_slice(b"**\0\0");
        self.bytes.extend_from_slice(&len.to_le_bytes());
        self.bytes.extend_from_slice(&self.id.to_le_bytes());
        self.bytes.extend_from_slice(&130_000_000_000_000_000u64.to_le_bytes());
        self.bytes.extend_from_slice(binxml);
        self.bytes.extend_from_slice(&len.to_le_bytes());
    }

    /// Where the content of the next record begins.
    fn next(&self) -> u32 {
        self.bytes.len() as u32 + 24
    }

    fn finish(mut self) -> Vec<u8> {
        let free = self.bytes.len() as u32;
        put(&mut self.bytes, 48, free);
        self.bytes[24..32].copy_from_slice(&1u64.to_le_bytes());
        self.bytes[32..40].copy_from_slice(&self.id.to_le_bytes());
        self.bytes.resize(CHUNK, 0);
        seal(&mut self.bytes, 0);
        self.bytes
    }
}

/// An inline name at `at` of the chunk, one letter long, behind its reference.
fn name(at: u32, letter: u8) -> Vec<u8> {
    let mut out = (at + 4).to_le_bytes().to_vec();
    out.extend_from_slice(&[0, 0, 0, 0, 0, 0, 1, 0, letter, 0, 0, 0]);
    out
}

/// `<E>` … `</E>` with a reference to a name known at `known`, in a stream without dependencies.
fn open(known: u32) -> Vec<u8> {
    let mut out = vec![0x01, 0, 0, 0, 0];
    out.extend_from_slice(&known.to_le_bytes());
    out.push(0x02);
    out
}

#[test]
fn deep_elements_cost_their_record_only() {
    for depth in [400, 600, 3000] {
        let mut forge = Forge::new();
        let mut first = vec![0x0f, 1, 1, 0, 0x01, 0, 0, 0, 0];
        let at = forge.next() + first.len() as u32;
        first.extend_from_slice(&name(at, b'E'));
        first.extend_from_slice(&[0x02, 0x05, 0x01, 1, 0, b't', 0, 0x04, 0x00]);
        forge.record(&first);
        let known = at + 4;
        let mut deep = vec![0x0f, 1, 1, 0];
        (0..depth).for_each(|_| deep.extend_from_slice(&open(known)));
        deep.extend(std::iter::repeat_n(0x04, depth));
        deep.push(0);
        forge.record(&deep);
        forge.record(&[&[0x0f, 1, 1, 0][..], &open(known), &[0x05, 0x01, 1, 0, b't', 0, 0x04, 0x00]].concat());
        let got = read(&forge.finish());
        let refused = depth > 512;
        assert_eq!(got.ids, if refused { vec![1, 3] } else { vec![1, 2, 3] });
        assert_eq!(got.content(), usize::from(refused));
    }
}

/// A template whose body is `<E>` with `uses` times the first value, inside a record of its own.
fn bomb_template(forge: &mut Forge, uses: usize) -> u32 {
    let mut out = vec![0x0f, 1, 1, 0, 0x0c, 1, 0, 0, 0, 0];
    let definition = forge.next() + out.len() as u32 + 4;
    out.extend_from_slice(&definition.to_le_bytes());
    out.extend_from_slice(&[0; 20]);
    let mut body = vec![0x0f, 1, 1, 0, 0x01, 0xff, 0xff, 0, 0, 0, 0];
    let at = forge.next() + out.len() as u32 + 4 + body.len() as u32;
    body.extend_from_slice(&name(at, b'E'));
    body.push(0x02);
    (0..uses).for_each(|_| body.extend_from_slice(&[0x0e, 0, 0, 0x21]));
    body.extend_from_slice(&[0x04, 0x00]);
    out.extend_from_slice(&(body.len() as u32).to_le_bytes());
    out.extend_from_slice(&body);
    // One value: a letter.
    out.extend_from_slice(&[1, 0, 0, 0, 2, 0, 1, 0, b't', 0, 0]);
    forge.record(&out);
    definition
}

/// An instance of that template whose one value is `inner`.
fn instance(definition: u32, inner: &[u8], kind: u8) -> Vec<u8> {
    let mut out = vec![0x0f, 1, 1, 0, 0x0c, 1, 0, 0, 0, 0];
    out.extend_from_slice(&definition.to_le_bytes());
    out.extend_from_slice(&1u32.to_le_bytes());
    out.extend_from_slice(&(inner.len() as u16).to_le_bytes());
    out.extend_from_slice(&[kind, 0]);
    out.extend_from_slice(inner);
    out.push(0);
    out
}

#[test]
fn records_made_to_explode_are_refused_and_the_next_is_read() {
    for (uses, levels) in [(2, 40), (8, 20), (8, 63), (1, 200), (1, 900)] {
        let mut forge = Forge::new();
        let definition = bomb_template(&mut forge, uses);
        let good = instance(definition, "good".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>().as_slice(), 1);
        let mut bomb = good.clone();
        (0..levels).for_each(|_| bomb = instance(definition, &bomb, 0x21));
        let mut bombs = 0;
        while forge.bytes.len() + bomb.len() + 200 < CHUNK && bombs < 200 {
            forge.record(&bomb);
            bombs += 1;
        }
        forge.record(&good);
        let last = forge.id;
        let got = read(&forge.finish());
        assert_eq!(got.ids.last(), Some(&last), "{uses} uses, {levels} levels");
        assert_eq!(got.content(), bombs, "{uses} uses, {levels} levels: {:?}", got.troubles.first());
        assert!(got.troubles.iter().all(|t| matches!(t.kind, TroubleKind::Content(Broken::Bound(_)))));
    }
}

#[test]
fn counts_are_checked_against_the_bytes() {
    for count in [0u32, 0xffff, 0x7fff_ffff, u32::MAX] {
        let mut forge = Forge::new();
        let definition = bomb_template(&mut forge, 1);
        let mut bad = instance(definition, &[1, 0], 1);
        put(&mut bad, 14, count);
        forge.record(&bad);
        forge.record(&instance(definition, b"o\0k\0", 1));
        let got = read(&forge.finish());
        assert_eq!(got.ids.last(), Some(&3), "{count}");
        assert_eq!(got.ids.len() + got.content(), 3);
    }
}

#[test]
fn a_template_that_holds_itself_is_refused() {
    let mut forge = Forge::new();
    // A value that is an instance of the template whose value it is: 21 00 is its own length away.
    let definition = bomb_template(&mut forge, 3);
    let start = forge.next();
    let mut ring = instance(definition, &[0; 40], 0x21);
    // The inner stream names the outer instance again, by a definition inside itself.
    let inner = instance(start + 10, &[], 0x21);
    let at = ring.len() - 1 - 40;
    ring[at..at + inner.len()].copy_from_slice(&inner);
    forge.record(&ring);
    forge.record(&instance(definition, b"o\0k\0", 1));
    let got = read(&forge.finish());
    assert_eq!(got.ids.last(), Some(&3));
    assert_eq!(got.ids.len() + got.content(), 3);
}

// --- E18: payloads ---

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

// --- E19: mutations ---

/// xorshift64*, seeded: the same mutations every time.
struct Rng(u64);

impl Rng {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit
    }
}

/// Records whose frame is whole, counted without the reader: magic, size and its copy, one after the other from the
/// head of each chunk on the grid, and none before the first that is not.
fn framed(bytes: &[u8]) -> usize {
    let mut count = 0;
    let mut chunk = FIRST;
    while chunk + 512 <= bytes.len() {
        if bytes[chunk..].starts_with(b"ElfChnk\0") {
            let end = (chunk + CHUNK).min(bytes.len());
            let mut at = chunk + 512;
            while at + 28 <= end && bytes[at..].starts_with(b"**\0\0") {
                let len = u32_at(bytes, at + 4) as usize;
                if len < 28 || at + len > end || u32_at(bytes, at + len - 4) as usize != len {
                    break;
                }
                count += 1;
                at += len;
            }
        }
        chunk += CHUNK;
    }
    count
}

fn mutate(bytes: &mut Vec<u8>, rng: &mut Rng) {
    let len = bytes.len();
    match rng.below(6) {
        0 => (0..1 + rng.below(40)).for_each(|_| {
            let at = rng.below(len);
            bytes[at] ^= 1 << rng.below(8);
        }),
        1 | 2 => {
            let at = rng.below(len / 512) * 512;
            let fill = if rng.below(2) == 0 { 0 } else { 0xff };
            let end = (at + 512 * (1 + rng.below(4))).min(len);
            bytes[at..end].fill(fill);
        }
        3 => (0..1 + rng.below(8)).for_each(|_| {
            let at = rng.below(len - 4);
            let value = [0, 1, 28, 0xffff, 0x1_0000, u32::MAX][rng.below(6)];
            put(bytes, at, value);
        }),
        4 => {
            let (a, b) = (rng.below(len / 512) * 512, rng.below(len / 512) * 512);
            let (first, second) = (bytes[a..a + 512.min(len - a)].to_vec(), bytes[b..b + 512.min(len - b)].to_vec());
            let size = first.len().min(second.len());
            bytes[a..a + size].copy_from_slice(&second[..size]);
            bytes[b..b + size].copy_from_slice(&first[..size]);
        }
        _ => bytes.truncate(len - rng.below(len / 2)),
    }
}

#[test]
fn mutations_never_panic_and_every_whole_frame_is_told_of() {
    let mut seeds: Vec<(String, Vec<u8>)> = vec![("made-up".into(), log(200))];
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/evidence/evtx-crate-samples/samples");
    match fs::read_dir(&samples) {
        Ok(entries) => {
            let mut paths: Vec<_> = entries.map(|e| e.unwrap().path()).collect();
            paths.sort();
            for path in paths {
                let mut bytes = fs::read(&path).unwrap();
                bytes.truncate(FIRST + 3 * CHUNK);
                seeds.push((path.file_name().unwrap().to_string_lossy().into_owned(), bytes));
            }
        }
        Err(_) => eprintln!("skipped: {} is not here", samples.display()),
    }
    for (number, (name, seed)) in seeds.iter().enumerate() {
        for round in 0..40u64 {
            let mut rng = Rng(0x9e37_79b9_7f4a_7c15 ^ (number as u64) << 32 ^ (round + 1));
            let mut bytes = seed.clone();
            (0..1 + rng.below(3)).for_each(|_| mutate(&mut bytes, &mut rng));
            if rng.below(2) == 0 {
                for chunk in (FIRST..bytes.len().saturating_sub(CHUNK - 1)).step_by(CHUNK) {
                    seal(&mut bytes, chunk);
                }
            }
            let got = read(&bytes);
            let whole = framed(&bytes) as u64;
            assert!(got.counts.framed + got.counts.stale >= whole, "{name} round {round}: {:?} of {whole}", got.counts);
            assert!(got.text < 64 << 20);
        }
    }
}
