//! Whatever is flipped, cut or put in: no panic, no loss, every byte accounted for.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::io::Write;

use common::*;

struct Random(u64);

impl Random {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below as u64) as usize
    }
}

fn archives() -> Vec<(&'static str, Vec<u8>)> {
    let text = b"2024-01-07T03:12:09Z hostd: event\n".repeat(40);
    let mut streamed = Part::new("streamed.log", &text).deflated();
    streamed.descriptor = true;
    let inner = zip(&[Part::new("a.log", &text).deflated(), streamed, Part::new("b.log", &text)]);
    let tared = tar(&[("a.log", &text), ("b.zip", &inner), ("c.gz", &gz(&text))]);
    let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
    xz.write_all(&tared).unwrap();
    let mut bz = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    bz.write_all(&tared).unwrap();
    let mut seven = sevenz_rust2::ArchiveWriter::new(std::io::Cursor::new(Vec::new())).unwrap();
    for name in ["a.log", "b.log"] {
        seven.push_archive_entry(sevenz_rust2::ArchiveEntry::new_file(name), Some(&text[..])).unwrap();
    }
    vec![
        ("zip", inner.clone()),
        ("tar", tared.clone()),
        ("tgz", gz(&tared)),
        ("txz", xz.finish().unwrap()),
        ("tbz", bz.finish().unwrap()),
        ("tzst", zstd::encode_all(&tared[..], 3).unwrap()),
        ("7z", seven.finish().unwrap().into_inner()),
        ("zip in gz", gz(&inner)),
    ]
}

fn damaged(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut out = bytes.to_vec();
    match random.next(6) {
        0 => out.truncate(random.next(bytes.len())),
        1 => {
            let at = random.next(bytes.len());
            let cut = (at + random.next(600)).min(bytes.len());
            out.drain(at..cut);
        }
        2 => {
            let at = random.next(bytes.len());
            out.splice(at..at, noise(random.next(700)));
        }
        3 => {
            // Fields that claim the most.
            let at = random.next(bytes.len());
            let end = (at + 8).min(out.len());
            out[at..end].fill(0xff);
        }
        _ => {
            for _ in 0..=random.next(8) {
                let at = random.next(bytes.len());
                out[at] ^= 1 << random.next(8);
            }
        }
    }
    out
}

#[test]
fn damage_never_loses_bytes_or_stops_the_walk() {
    std::panic::set_hook(Box::new(|_| {}));
    for (seed, (name, bytes)) in archives().into_iter().enumerate() {
        let mut random = Random(0x1234_5678 + seed as u64);
        for round in 0..150 {
            let bench = Bench::new();
            let hurt = damaged(&bytes, &mut random);
            bench.put("hurt", &hurt).put("good.log", b"good\n");
            // `take` checks the invariants: sums, hashes, distinct safe paths, an empty spool.
            let taken = bench.take();
            assert_eq!(taken.text("ev/good.log"), "good\n", "{name} {round}");
            let whole = taken.totals.pieces + taken.totals.containers + taken.totals.refused;
            assert!(whole >= 2, "{name} {round}");
        }
    }
}

#[test]
fn the_same_bytes_give_the_same_entries() {
    for (name, bytes) in archives() {
        let bench = Bench::new();
        bench.put("x", &bytes);
        let (first, second) = (bench.take(), bench.take());
        assert_eq!(first.paths(), second.paths(), "{name}");
        let hashes = |taken: &Taken| taken.pieces.values().map(|p| p.sha256).collect::<Vec<_>>();
        assert_eq!(hashes(&first), hashes(&second));
        assert_eq!(format!("{:?}", first.containers), format!("{:?}", second.containers));
    }
}

#[test]
fn undamaged_archives_have_no_problems() {
    for (name, bytes) in archives() {
        let taken = one(&bytes);
        assert!(taken.pieces.len() >= 2, "{name}: {:?}", taken.paths());
        for (path, container) in &taken.containers {
            assert_eq!(container.problems, [], "{name} {path}");
            assert_eq!((container.accounts.unread, container.accounts.unclaimed), (0, 0), "{name} {path}");
        }
        assert!(taken.pieces.values().all(|p| p.problems.is_empty()), "{name}");
    }
}
