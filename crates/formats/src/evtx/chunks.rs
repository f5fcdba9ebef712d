//! The file as a row of chunks: found by their magic, whatever the file header says, in bounded memory.

use std::io::{self, Read};

use memchr::memmem;

use super::bytes::{u16_at, u32_at, u64_at};
use super::frame::{CHUNK, CHUNK_MAGIC, ChunkHeader, HEADER, unbroken};

const FILE_MAGIC: &[u8; 8] = b"ElfFile\0";
const FILE_HEADER: usize = 4096;
/// Bytes held ahead: a chunk and the header of the next.
const AHEAD: usize = CHUNK + HEADER;
const BUFFER: usize = 4 * CHUNK;

const FLAG_DIRTY: u32 = 1;
const FLAG_FULL: u32 = 2;

/// Up to 64 KiB of a log: a chunk, or bytes where a chunk should stand.
#[derive(Clone, Copy, Debug)]
pub struct Chunk<'a> {
    /// Bytes from the start of the file.
    pub offset: u64,
    pub bytes: &'a [u8],
}

/// The file header's claims, for comparison with what was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileHeader {
    pub offset: u64,
    pub next_record_id: u64,
    pub chunks: u16,
    pub dirty: bool,
    pub full: bool,
    pub checksum_agrees: bool,
    /// Version 3.1 or 3.2 and blocks of 4096 bytes, as every Windows since Vista writes.
    pub usual_shape: bool,
}

impl FileHeader {
    /// The header at the start of `bytes`; `None` without its magic or with fewer than 128 bytes.
    pub fn read(bytes: &[u8], offset: u64) -> Option<Self> {
        let head = bytes.get(..128)?;
        if !head.starts_with(FILE_MAGIC) {
            return None;
        }
        let flags = u32_at(head, 120)?;
        let (minor, major) = (u16_at(head, 36)?, u16_at(head, 38)?);
        Some(Self {
            offset,
            next_record_id: u64_at(head, 24)?,
            chunks: u16_at(head, 42)?,
            dirty: flags & FLAG_DIRTY != 0,
            full: flags & FLAG_FULL != 0,
            checksum_agrees: crc32fast::hash(head.get(..120)?) == u32_at(head, 124)?,
            usual_shape: major == 3 && minor <= 2 && u16_at(head, 40)? as usize == FILE_HEADER,
        })
    }
}

/// Reads a log chunk by chunk. Memory: 256 KiB.
#[derive(Debug)]
pub struct Chunks<R> {
    reader: R,
    buffer: Vec<u8>,
    /// The next byte to give out, and its place in the file.
    at: usize,
    offset: u64,
    ended: bool,
    /// Why reading stopped; told once the bytes before it are given out.
    failed: Option<io::Error>,
    headers: Vec<FileHeader>,
    blank: u64,
    found: u64,
}

impl<R: Read> Chunks<R> {
    pub fn new(reader: R) -> Self {
        Self {
            reader,
            buffer: Vec::with_capacity(BUFFER),
            at: 0,
            offset: 0,
            ended: false,
            failed: None,
            headers: Vec::new(),
            blank: 0,
            found: 0,
        }
    }

    /// File headers met so far: one, or more where logs were joined (the first 16 are kept).
    pub fn headers(&self) -> &[FileHeader] {
        &self.headers
    }

    /// Bytes of zeros between and behind chunks.
    pub fn blank(&self) -> u64 {
        self.blank
    }

    /// Chunks with their magic so far.
    pub fn found(&self) -> u64 {
        self.found
    }

    /// Bytes given out or stepped over so far.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    fn fill(&mut self) {
        if self.ended || self.buffer.len() - self.at >= AHEAD {
            return;
        }
        self.buffer.drain(..self.at);
        self.at = 0;
        let want = BUFFER - self.buffer.len();
        match self.reader.by_ref().take(want as u64).read_to_end(&mut self.buffer) {
            Ok(got) => self.ended = got < want,
            Err(error) => {
                self.ended = true;
                self.failed = Some(error);
            }
        }
    }

    fn skip(&mut self, len: usize) {
        self.at += len;
        self.offset += len as u64;
    }

    /// The next chunk, or the next bytes that are not zeros where a chunk should stand; `None` at the end.
    ///
    /// # Errors
    /// What the reader says. The bytes read before are given out first.
    pub fn next_chunk(&mut self) -> io::Result<Option<Chunk<'_>>> {
        loop {
            self.fill();
            let ahead = self.buffer.get(self.at..).unwrap_or_default();
            if ahead.is_empty() {
                return self.failed.take().map_or(Ok(None), Err);
            }
            if ahead.starts_with(FILE_MAGIC) {
                if let Some(header) = FileHeader::read(ahead, self.offset)
                    && self.headers.len() < 16
                {
                    self.headers.push(header);
                }
                // The header's own block is blank behind the first 128 bytes, so that any magic in it begins something;
                // a cut one ends where the file does.
                let len = FILE_HEADER.min(ahead.len());
                let len = next_magic(ahead, 8, len).unwrap_or(len);
                let block = ahead.get(..(len + 7).min(ahead.len())).unwrap_or_default();
                let len = memmem::find(block, CHUNK_MAGIC).unwrap_or(len);
                self.skip(len);
                continue;
            }
            let chunk = ahead.starts_with(CHUNK_MAGIC);
            let len = if chunk { chunk_len(ahead) } else { loose_len(ahead) };
            let blank = !chunk && ahead.get(..len).is_some_and(zeros);
            let (at, offset) = (self.at, self.offset);
            self.skip(len);
            if blank {
                self.blank += len as u64;
                continue;
            }
            self.found += u64::from(chunk);
            let bytes = self.buffer.get(at..at + len).unwrap_or_default();
            return Ok(Some(Chunk { offset, bytes }));
        }
    }
}

/// Whether all bytes are zero, 64 at a time.
fn zeros(bytes: &[u8]) -> bool {
    bytes.chunks(64).all(|block| block.iter().fold(0, |all, byte| all | byte) == 0)
}

/// Where the next chunk or file header begins in `bytes[from..until]`.
fn next_magic(bytes: &[u8], from: usize, until: usize) -> Option<usize> {
    let area = bytes.get(from..(until + 7).min(bytes.len()))?;
    let chunk = memmem::find_iter(area, CHUNK_MAGIC).map(|hit| from + hit).find(|at| sound(bytes, *at));
    let file = memmem::find_iter(area, FILE_MAGIC)
        .map(|hit| from + hit)
        .find(|at| FileHeader::read(bytes.get(*at..).unwrap_or_default(), 0).is_some_and(|h| h.checksum_agrees));
    match (chunk, file) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

fn sound(bytes: &[u8], at: usize) -> bool {
    bytes.get(at..).and_then(ChunkHeader::read).is_some_and(|header| header.sound)
}

/// Length of the chunk at the start of `bytes`: 64 KiB, or less where another chunk begins inside it and not
/// inside one of its records.
fn chunk_len(bytes: &[u8]) -> usize {
    let full = CHUNK.min(bytes.len());
    match next_magic(bytes, 8, full) {
        Some(at) if at >= HEADER && at < full && at >= unbroken(bytes.get(..full).unwrap_or_default()) => at,
        _ => full,
    }
}

/// Length of bytes that are no chunk: to the next magic, at most 64 KiB.
fn loose_len(bytes: &[u8]) -> usize {
    let full = CHUNK.min(bytes.len());
    // Any magic will do here: nothing is known to be cut by it.
    let area = bytes.get(1..(full + 7).min(bytes.len())).unwrap_or_default();
    let hit = memmem::find(area, CHUNK_MAGIC).into_iter().chain(memmem::find(area, FILE_MAGIC)).min();
    hit.map_or(full, |hit| (hit + 1).min(full))
}
