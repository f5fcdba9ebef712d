//! Made-up logs to damage, checksums to repair, and a reading that checks its own accounts.

use konseki_formats::evtx::write::{EventSpec, EvtxWriter};
use konseki_formats::evtx::{CHUNK, Chunks, Counts, Decoder, FileHeader, Trouble, TroubleKind};

pub const T: i64 = 1_704_597_129_000_000;
pub const FIRST: usize = 4096;

pub fn event(number: u64) -> EventSpec {
    EventSpec::new("Made-Up", "Security", 4624, T + number as i64 * 1_000_000, "pc01")
        .data("TargetUserName", format!("user{number}"))
        .data("IpAddress", "192.0.2.7")
        .data("Note", "x".repeat(200))
}

pub fn log(records: u64) -> Vec<u8> {
    let mut log = EvtxWriter::new();
    for number in 0..records {
        log.push(&event(number)).unwrap();
    }
    log.finish()
}

#[derive(Debug, Default)]
pub struct Got {
    pub ids: Vec<u64>,
    pub troubles: Vec<Trouble>,
    pub counts: Counts,
    pub headers: Vec<FileHeader>,
    pub text: usize,
}

impl Got {
    pub fn has(&self, kind: TroubleKind) -> usize {
        self.troubles.iter().filter(|t| t.kind == kind).count()
    }
    pub fn content(&self) -> usize {
        self.troubles.iter().filter(|t| matches!(t.kind, TroubleKind::Content(_))).count()
    }
}

pub fn read(bytes: &[u8]) -> Got {
    let mut got = Got::default();
    let mut chunks = Chunks::new(bytes);
    let mut decoder = Decoder::new();
    let mut out = (Vec::new(), 0);
    while let Some(chunk) = chunks.next_chunk().unwrap() {
        let counts = decoder.chunk(
            &chunk,
            &mut |record| {
                out.0.push(record.id);
                out.1 += record.fields().map(|(n, v)| n.len() + v.len()).sum::<usize>();
            },
            &mut |trouble| got.troubles.push(trouble),
        );
        got.counts.add(&counts);
    }
    (got.ids, got.text) = out;
    got.headers = chunks.headers().to_vec();
    assert_eq!(chunks.offset(), bytes.len() as u64, "every byte was given out or stepped over");
    assert_eq!(got.counts.framed, got.counts.given + got.counts.lost);
    assert_eq!(got.counts.given, got.ids.len() as u64);
    assert_eq!(got.counts.lost, got.troubles.iter().map(|t| t.lost).sum::<u64>());
    got
}

/// Offsets of the records of the first chunk.
pub fn records(bytes: &[u8]) -> Vec<usize> {
    let mut at = FIRST + 512;
    let mut out = Vec::new();
    while bytes.get(at..at + 4) == Some(b"**\0\0") {
        out.push(at);
        at += u32_at(bytes, at + 4) as usize;
    }
    out
}

pub fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())
}

pub fn put(bytes: &mut [u8], at: usize, value: u32) {
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

/// Checksums of the chunk at `at` made right again, as a careful forger would.
pub fn seal(bytes: &mut [u8], at: usize) {
    let free = (u32_at(bytes, at + 48) as usize).clamp(512, CHUNK);
    let sum = crc32fast::hash(&bytes[at + 512..at + free]);
    put(bytes, at + 52, sum);
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&bytes[at..at + 120]);
    hasher.update(&bytes[at + 128..at + 512]);
    let sum = hasher.finalize();
    put(bytes, at + 124, sum);
}
