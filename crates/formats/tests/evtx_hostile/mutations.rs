//! Seeded mutations of made-up and real logs: no panic, no hang, every whole frame told of.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use konseki_formats::evtx::CHUNK;

use crate::common::{FIRST, log, put, read, seal, u32_at};

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

/// The round before the first, and when to stop: `cargo xtask fuzz` asks for other rounds, for as long as it says.
fn fuzz() -> (u64, Option<Instant>) {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seconds = number("KONSEKI_FUZZ_SECONDS");
    let first = number("KONSEKI_FUZZ_SEED").unwrap_or(0) << 20;
    (first, seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds)))
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
    let (first, until) = fuzz();
    let mut round = first;
    while round < first + 40 || until.is_some_and(|until| Instant::now() < until) {
        round += 1;
        for (number, (name, seed)) in seeds.iter().enumerate() {
            let mut rng = Rng(0x9e37_79b9_7f4a_7c15 ^ (number as u64) << 32 ^ round);
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
    if until.is_some() {
        println!("rounds {} to {round}, {} logs each", first + 1, seeds.len());
    }
}
