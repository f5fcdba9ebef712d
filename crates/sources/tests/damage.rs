//! Damaged samples of the appliance sources: nothing panics, the accounts balance, and what is read stays within the bytes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use common::Seen;
use konseki_model::{Hints, Piece};
use konseki_sources::{Description, Reading};

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, out);
        } else if !path.to_str().unwrap().ends_with(".events") && path.file_name().unwrap() != "PROVENANCE" {
            out.push(path);
        }
    }
}

struct Random(u64);

impl Random {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below.max(1) as u64) as usize
    }
}

fn damaged(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut out = bytes.to_vec();
    for _ in 0..=random.next(6) {
        if out.is_empty() {
            break;
        }
        let at = random.next(out.len());
        match random.next(6) {
            0 => out.truncate(at),
            1 => out[at] = random.next(256) as u8,
            2 => {
                let end = (at + random.next(40)).min(out.len());
                out.drain(at..end);
            }
            3 => out.insert(at, b"[]\"'=@{}|\\\t\n\0\xFF"[random.next(14)]),
            4 => {
                let end = (at + random.next(200)).min(out.len());
                let copy = out[at..end].to_vec();
                out.splice(at..at, copy);
            }
            _ => out.splice(at..at, "\u{65e5}\u{672c} \u{20ac} ".bytes()).for_each(drop),
        }
    }
    out
}

#[test]
fn damaged_samples_balance() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let families = ["ivanti/", "linux/", "mail/postfix", "network/suricata"];
    let checked = |id: &str| families.iter().any(|family| id.starts_with(family)) || id.contains("/vcenter_");
    for entry in konseki_sources::all().iter().filter(|entry| checked(entry.id)) {
        let about = Description::parse(entry.about).unwrap();
        let mut samples = Vec::new();
        files(&src.join(entry.id).join("samples"), &mut samples);
        for sample in samples {
            let bytes = fs::read(&sample).unwrap();
            let name = sample.to_str().unwrap();
            for round in 0..60 {
                let bytes = damaged(&bytes, &mut random);
                let piece = Piece { path: name, head: &bytes[..bytes.len().min(65536)], size: bytes.len() as u64 };
                let _ = entry.source.recognise(&piece);
                let mut seen = Seen::default();
                let reading = Reading { piece, hints: &Hints::default(), about: &about };
                entry.source.read(&mut std::io::Cursor::new(&bytes), &reading, &mut seen);
                assert!(seen.records.balances(), "{name} round {round}: {:?}", seen.records);
                let pushed: u64 = seen.kinds.values().sum();
                assert_eq!(pushed, seen.records.events, "{name} round {round}");
            }
        }
    }
}

#[test]
fn other_evidence_is_not_claimed() {
    let Some(root) = common::evidence("") else { return };
    let mut all = Vec::new();
    files(&root, &mut all);
    let (mut looked, mut wrong) = (0, Vec::new());
    for file in all {
        let path = file.to_str().unwrap();
        let theirs = ["ivanti", "vcenter", "vpxd", "Ivanti", "vmw_log", "ORIGIN.md", "README.md"].iter().any(|part| path.contains(part));
        let Ok(open) = fs::File::open(&file) else { continue };
        let size = open.metadata().unwrap().len();
        let mut bytes = Vec::new();
        open.take(65536).read_to_end(&mut bytes).unwrap();
        let piece = Piece { path, head: &bytes, size };
        let yes: Vec<_> = konseki_sources::recognise(&piece).iter().map(|e| e.id).collect();
        let ours = yes.iter().any(|id| id.starts_with("ivanti/") || id.contains("/vcenter_"));
        looked += 1;
        if ours && (!theirs || yes.len() > 1) {
            wrong.push(format!("{path}: {yes:?}"));
        }
    }
    println!("{looked} files");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
