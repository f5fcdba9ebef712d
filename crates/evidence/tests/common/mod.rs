//! What the tests share: taking in a folder with every invariant checked, and archives written by hand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, dead_code)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use konseki_evidence::{Container, Entry, Link, Options, Refused, Totals, walk};
use konseki_model::{Problem, ProblemKind};
use sha2::{Digest, Sha256};

#[derive(Debug)]
pub struct Piece {
    pub bytes: Vec<u8>,
    pub problems: Vec<Problem>,
    pub raw_name: Option<Vec<u8>>,
    pub modified: Option<i64>,
    pub zone: Option<i32>,
    pub sha256: [u8; 32],
    pub body: &'static str,
    pub md5: Option<[u8; 16]>,
}

#[derive(Debug, Default)]
pub struct Taken {
    pub pieces: BTreeMap<String, Piece>,
    pub containers: BTreeMap<String, Container>,
    pub links: BTreeMap<String, Link>,
    pub refused: BTreeMap<String, Refused>,
    pub totals: Totals,
}

impl Taken {
    pub fn text(&self, path: &str) -> &str {
        let piece = self.pieces.get(path).unwrap_or_else(|| panic!("no {path} in {:?}", self.paths()));
        std::str::from_utf8(&piece.bytes).unwrap()
    }

    pub fn paths(&self) -> Vec<&str> {
        self.pieces.keys().map(String::as_str).collect()
    }

    pub fn kinds(&self, path: &str) -> Vec<ProblemKind> {
        let found = self.pieces.get(path).map(|p| &p.problems);
        let found = found.or(self.containers.get(path).map(|c| &c.problems));
        match found {
            Some(problems) => problems.iter().map(|p| p.kind).collect(),
            None => self.refused.get(path).map(|r| vec![r.problem.kind]).unwrap_or_default(),
        }
    }
}

/// A folder for evidence and one for the case.
pub struct Bench {
    pub dir: tempfile::TempDir,
    pub options: Options,
}

impl Bench {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("ev")).unwrap();
        let options = Options::new(dir.path().join("case/spool"));
        Self { dir, options }
    }

    pub fn evidence(&self) -> PathBuf {
        self.dir.path().join("ev")
    }

    pub fn put(&self, name: &str, bytes: &[u8]) -> &Self {
        let path = self.evidence().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
        self
    }

    pub fn take(&self) -> Taken {
        take(&[self.evidence()], &self.options)
    }
}

/// One file taken in under the name `ev/x`.
pub fn one(bytes: &[u8]) -> Taken {
    let bench = Bench::new();
    bench.put("x", bytes);
    bench.take()
}

/// Takes in and checks everything that holds for whatever evidence.
pub fn take(inputs: &[PathBuf], options: &Options) -> Taken {
    let mut taken = Taken::default();
    let mut seen = BTreeSet::new();
    let mut roots = 0;
    let totals = walk(inputs, options, &mut |entry| {
        assert!(seen.insert(entry.path().to_owned()), "path given twice: {}", entry.path());
        if entry.is_root() {
            roots += entry.bytes();
        }
        match entry {
            Entry::Piece(found) => {
                let mut bytes = Vec::new();
                found.body.open().unwrap().read_to_end(&mut bytes).unwrap();
                assert_eq!(bytes.len() as u64, found.size, "{}", found.path);
                let sha: [u8; 32] = Sha256::digest(&bytes).into();
                assert_eq!(sha, found.sha256, "{}", found.path);
                assert!(found.body.changed().is_none());
                let body = match found.body {
                    konseki_evidence::Body::Memory(_) => "memory",
                    konseki_evidence::Body::File(_) => "file",
                    konseki_evidence::Body::Spooled(_) => "spooled",
                };
                let piece = Piece {
                    bytes,
                    problems: found.problems,
                    raw_name: found.raw_name,
                    modified: found.modified,
                    zone: found.zip_zone_offset,
                    sha256: found.sha256,
                    body,
                    md5: found.md5,
                };
                taken.pieces.insert(found.path, piece);
            }
            Entry::Container(container) => {
                assert_eq!(container.accounts.sum(), container.size, "{}: {:?}", container.path, container.accounts);
                taken.containers.insert(container.path.clone(), container);
            }
            Entry::Link(link) => {
                taken.links.insert(link.path.clone(), link);
            }
            Entry::Refused(refused) => {
                taken.refused.insert(refused.path.clone(), refused);
            }
        }
    })
    .unwrap();
    for path in &seen {
        assert!(!path.chars().any(|c| c.is_control() || c == '\u{202e}'), "{path:?}");
        assert!(!path.split('/').any(|part| part == ".." || part == "."), "{path:?}");
    }
    assert_eq!(roots, totals.bytes, "every byte on disk is in one entry");
    assert!(!options.spool.exists(), "the spool is gone with its last member");
    taken.totals = totals;
    taken
}

pub fn shared(path: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(path);
    if !path.exists() {
        eprintln!("skipped: {} is not here", path.display());
        return None;
    }
    Some(path)
}

pub fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

pub fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut out = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mtime(1_700_000_000);
        header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        out.append(&header, *bytes).unwrap();
    }
    out.into_inner().unwrap()
}

/// One tar block for a header of that kind.
pub fn tar_header(name: &[u8], kind: u8, size: u64, link: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_ustar();
    header.set_entry_type(tar::EntryType::new(kind));
    header.set_size(size);
    header.set_mtime(0);
    let bytes = header.as_mut_bytes();
    bytes[..name.len()].copy_from_slice(name);
    bytes[157..157 + link.len()].copy_from_slice(link);
    header.set_cksum();
    header.as_bytes().to_vec()
}

pub fn padded(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

/// A member of a ZIP written by hand; what is not set is what an honest writer would write.
#[derive(Clone, Default)]
pub struct Part {
    pub name: Vec<u8>,
    pub local_name: Option<Vec<u8>>,
    pub data: Vec<u8>,
    pub method: u16,
    pub stored: Option<Vec<u8>>,
    pub flags: u16,
    pub crc: Option<u32>,
    pub size: Option<u32>,
    pub extra: Vec<u8>,
    pub dos: u32,
    pub mode: u32,
    pub descriptor: bool,
}

impl Part {
    pub fn new(name: &str, data: &[u8]) -> Self {
        Self { name: name.into(), data: data.to_vec(), dos: 0x5841_0000, ..Self::default() }
    }

    pub fn deflated(mut self) -> Self {
        let mut out = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        out.write_all(&self.data).unwrap();
        self.stored = Some(out.finish().unwrap());
        self.method = 8;
        self
    }
}

#[derive(Clone, Default)]
pub struct ZipParts {
    pub parts: Vec<Part>,
    pub prefix: Vec<u8>,
    pub no_directory: bool,
    pub count: Option<u16>,
    pub comment: Vec<u8>,
}

fn fields(part: &Part, out: &mut Vec<u8>, central: bool) {
    let stored = part.stored.as_ref().unwrap_or(&part.data);
    let mut crc = flate2::Crc::new();
    crc.update(&part.data);
    let hidden = part.descriptor && !central;
    let flags = part.flags | if part.descriptor { 8 } else { 0 };
    out.extend(20u16.to_le_bytes());
    out.extend(flags.to_le_bytes());
    out.extend(part.method.to_le_bytes());
    out.extend(part.dos.to_le_bytes());
    out.extend((if hidden { 0 } else { part.crc.unwrap_or(crc.sum()) }).to_le_bytes());
    out.extend((if hidden { 0 } else { stored.len() as u32 }).to_le_bytes());
    out.extend((if hidden { 0 } else { part.size.unwrap_or(part.data.len() as u32) }).to_le_bytes());
}

pub fn zip(parts: &[Part]) -> Vec<u8> {
    zip_of(&ZipParts { parts: parts.to_vec(), ..ZipParts::default() })
}

pub fn zip_of(zip: &ZipParts) -> Vec<u8> {
    let mut out = zip.prefix.clone();
    let mut directory = Vec::new();
    for part in &zip.parts {
        let stored = part.stored.as_ref().unwrap_or(&part.data);
        let offset = (out.len() - zip.prefix.len()) as u32;
        let local_name = part.local_name.as_ref().unwrap_or(&part.name);
        out.extend(b"PK\x03\x04");
        fields(part, &mut out, false);
        out.extend((local_name.len() as u16).to_le_bytes());
        out.extend((part.extra.len() as u16).to_le_bytes());
        out.extend(local_name);
        out.extend(&part.extra);
        out.extend(stored);
        if part.descriptor {
            let mut crc = flate2::Crc::new();
            crc.update(&part.data);
            out.extend(b"PK\x07\x08");
            out.extend(crc.sum().to_le_bytes());
            out.extend((stored.len() as u32).to_le_bytes());
            out.extend((part.data.len() as u32).to_le_bytes());
        }
        directory.extend(b"PK\x01\x02\x14\x03");
        fields(part, &mut directory, true);
        directory.extend((part.name.len() as u16).to_le_bytes());
        directory.extend((part.extra.len() as u16).to_le_bytes());
        directory.extend([0; 6]);
        directory.extend((part.mode << 16).to_le_bytes());
        directory.extend(offset.to_le_bytes());
        directory.extend(&part.name);
        directory.extend(&part.extra);
    }
    if zip.no_directory {
        return out;
    }
    let start = (out.len() - zip.prefix.len()) as u32;
    out.extend(&directory);
    let count = zip.count.unwrap_or(zip.parts.len() as u16);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(count.to_le_bytes());
    out.extend(count.to_le_bytes());
    out.extend((directory.len() as u32).to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend((zip.comment.len() as u16).to_le_bytes());
    out.extend(&zip.comment);
    out
}

/// Bytes that do not compress, the same every time.
pub fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut out = Vec::with_capacity(length + 8);
    while out.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out.extend(state.to_le_bytes());
    }
    out.truncate(length);
    out
}
