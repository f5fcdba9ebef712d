//! Sorted runs of packed events, in memory or spilled, and their merge.
//!
//! A spilled run is a row of blocks in one file: each a zstd frame over entries of key, length and body.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::pack::{Key, Names, Place};
use crate::Error;

/// Bytes of a block before it is compressed: what a run holds while it is merged.
const BLOCK: usize = 64 << 10;
/// Has time, time, evidence, at, order, length.
const HEAD: usize = 1 + 8 + 16 + 8 + 8 + 4;

/// Start and length of a block in the spill file.
pub(super) type Span = (u64, u32);

enum Bytes {
    Held(Vec<u8>, Vec<Place>),
    Spilled(Vec<Span>),
}

pub(super) struct Run {
    place: Bytes,
    pub names: Arc<Names>,
}

impl Run {
    pub fn held(bytes: Vec<u8>, index: Vec<Place>) -> Self {
        Self { place: Bytes::Held(bytes, index), names: Arc::default() }
    }

    pub fn spilled(spans: Vec<Span>) -> Self {
        Self { place: Bytes::Spilled(spans), names: Arc::default() }
    }
}

/// One file for the runs of all threads; gone when it is dropped.
pub(super) struct Spill {
    folder: PathBuf,
    file: Mutex<Option<(PathBuf, File, u64)>>,
}

impl Spill {
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), file: Mutex::new(None) }
    }

    fn io(&self, source: std::io::Error) -> Error {
        Error::Io { path: self.folder.display().to_string(), source }
    }

    /// # Errors
    /// No room on the disk.
    pub fn write<'b>(&self, entries: impl Iterator<Item = (Key, &'b [u8])>) -> Result<Vec<Span>, Error> {
        let mut spans = Vec::new();
        let mut block = Vec::with_capacity(BLOCK * 2);
        for (key, body) in entries {
            entry(&mut block, &key, body);
            if block.len() >= BLOCK {
                spans.push(self.block(&block)?);
                block.clear();
            }
        }
        if !block.is_empty() {
            spans.push(self.block(&block)?);
        }
        Ok(spans)
    }

    fn block(&self, block: &[u8]) -> Result<Span, Error> {
        let packed = zstd::bulk::compress(block, 1).map_err(|error| self.io(error))?;
        let mut held = self.file.lock().map_err(|_| Error::Query("sorting stopped in the middle".to_owned()))?;
        if held.is_none() {
            *held = Some(self.create().map_err(|error| self.io(error))?);
        }
        let Some((_, file, end)) = held.as_mut() else { return Ok((0, 0)) };
        let start = *end;
        file.write_all(&packed).map_err(|error| self.io(error))?;
        *end += packed.len() as u64;
        Ok((start, u32::try_from(packed.len()).unwrap_or(u32::MAX)))
    }

    fn create(&self) -> std::io::Result<(PathBuf, File, u64)> {
        std::fs::create_dir_all(&self.folder)?;
        // Another sort of the same process may run beside this one.
        for number in 0..u32::MAX {
            let path = self.folder.join(format!("sort-{}-{number}", std::process::id()));
            match File::options().read(true).write(true).create_new(true).open(&path) {
                Ok(file) => return Ok((path, file, 0)),
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(std::io::ErrorKind::AlreadyExists.into())
    }

    fn read(&self, (start, length): Span, packed: &mut Vec<u8>) -> Result<Vec<u8>, Error> {
        let mut held = self.file.lock().map_err(|_| Error::Query("sorting stopped in the middle".to_owned()))?;
        let Some((_, file, _)) = held.as_mut() else { return Ok(Vec::new()) };
        packed.resize(usize::try_from(length).unwrap_or(0), 0);
        let read = file.seek(SeekFrom::Start(start)).and_then(|_| file.read_exact(packed));
        read.and_then(|()| zstd::stream::decode_all(packed.as_slice())).map_err(|error| self.io(error))
    }
}

impl Drop for Spill {
    fn drop(&mut self) {
        if let Ok(Some((path, ..))) = self.file.get_mut() {
            let _ = std::fs::remove_file(path);
        }
    }
}

fn entry(to: &mut Vec<u8>, key: &Key, body: &[u8]) {
    to.push(u8::from(key.time.is_some()));
    to.extend_from_slice(&key.time.unwrap_or(0).to_le_bytes());
    to.extend_from_slice(&key.evidence);
    to.extend_from_slice(&key.at.to_le_bytes());
    to.extend_from_slice(&key.order.to_le_bytes());
    to.extend_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
    to.extend_from_slice(body);
}

fn parse(head: &[u8]) -> Option<(Key, usize)> {
    let (has, rest) = head.split_first()?;
    let (time, rest) = rest.split_first_chunk::<8>()?;
    let (evidence, rest) = rest.split_first_chunk::<16>()?;
    let (at, rest) = rest.split_first_chunk::<8>()?;
    let (order, rest) = rest.split_first_chunk::<8>()?;
    let (length, _) = rest.split_first_chunk::<4>()?;
    let time = (*has == 1).then(|| i64::from_le_bytes(*time));
    let key = Key { time, evidence: *evidence, at: u64::from_le_bytes(*at), order: u64::from_le_bytes(*order) };
    Some((key, usize::try_from(u32::from_le_bytes(*length)).ok()?))
}

/// Where the merge stands in a run.
struct Cursor<'a> {
    run: &'a Run,
    /// Entries given (held), or blocks read (spilled).
    at: usize,
    block: Vec<u8>,
    /// The current body: in the block, or in the bytes that are held.
    body: std::ops::Range<usize>,
}

impl<'a> Cursor<'a> {
    /// The next key; `None` at the end.
    fn next(&mut self, spill: Option<&Spill>, packed: &mut Vec<u8>) -> Result<Option<Key>, Error> {
        match &self.run.place {
            Bytes::Held(_, index) => {
                let next = index.get(self.at).map(|(key, start, length)| {
                    self.body = *start..start + length;
                    *key
                });
                self.at += 1;
                Ok(next)
            }
            Bytes::Spilled(spans) => {
                if self.body.end >= self.block.len() {
                    let (Some(span), Some(spill)) = (spans.get(self.at), spill) else { return Ok(None) };
                    self.block = spill.read(*span, packed)?;
                    self.at += 1;
                    self.body = 0..0;
                }
                let head = self.block.get(self.body.end..).unwrap_or_default();
                let damaged = || Error::Query("what sorting put aside cannot be read back".to_owned());
                let (key, length) = parse(head).ok_or_else(damaged)?;
                let start = self.body.end + HEAD;
                self.body = start..start + length;
                Ok(Some(key))
            }
        }
    }

    fn body(&self) -> &[u8] {
        let all = match &self.run.place {
            Bytes::Held(bytes, _) => bytes,
            Bytes::Spilled(_) => &self.block,
        };
        all.get(self.body.clone()).unwrap_or_default()
    }
}

/// All runs as one, by key. `each`: number of the run, key, body.
///
/// # Errors
/// What was spilled cannot be read back.
pub(super) fn merge(runs: &[Run], spill: Option<&Spill>, each: &mut dyn FnMut(usize, &Key, &[u8])) -> Result<(), Error> {
    let mut packed = Vec::new();
    let mut cursors: Vec<Cursor<'_>> = runs.iter().map(|run| Cursor { run, at: 0, block: Vec::new(), body: 0..0 }).collect();
    let mut heap = BinaryHeap::new();
    for (number, cursor) in cursors.iter_mut().enumerate() {
        if let Some(key) = cursor.next(spill, &mut packed)? {
            heap.push(Reverse((key, number)));
        }
    }
    while let Some(mut top) = heap.peek_mut() {
        let Reverse((key, number)) = *top;
        let Some(cursor) = cursors.get_mut(number) else { break };
        each(number, &key, cursor.body());
        match cursor.next(spill, &mut packed)? {
            Some(key) => *top = Reverse((key, number)),
            None => {
                std::collections::binary_heap::PeekMut::pop(top);
            }
        }
    }
    Ok(())
}
