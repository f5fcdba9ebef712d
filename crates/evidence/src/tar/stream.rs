//! The bytes of a tar: blocks, payloads, padding, and junk between headers, each counted once.

use std::io::{self, Read};

use konseki_model::{At, Problem, ProblemKind};

use crate::notes::Notes;
use crate::tar::header::{self, BLOCK, Block, Header, OldSparse};
use crate::tar::sparse::Sparse;

/// Sparse extension blocks that are followed (21 segments each).
const EXTENSIONS: usize = 5000;

pub(crate) enum Next {
    Header(Box<Header>),
    Zeros,
    /// A block that is no header; [`Junk`] reads from it on.
    Junk,
    /// Fewer bytes than a block were left.
    Partial(u64),
    End,
}

pub(crate) struct TarStream<'r> {
    reader: &'r mut dyn Read,
    offset: u64,
    structure: u64,
    /// A block read too early: first of junk, or the header behind it.
    ahead: Option<Block>,
}

impl<'r> TarStream<'r> {
    pub fn new(reader: &'r mut dyn Read) -> Self {
        Self { reader, offset: 0, structure: 0, ahead: None }
    }

    /// Bytes taken so far.
    pub fn offset(&self) -> u64 {
        self.offset - self.ahead.map_or(0, |_| BLOCK as u64)
    }

    pub fn structure(&self) -> u64 {
        self.structure
    }

    pub fn add_structure(&mut self, bytes: u64) {
        self.structure += bytes;
    }

    fn raw(&mut self, buf: &mut [u8]) -> usize {
        // The reader below is tolerant: an error is an end.
        let n = self.reader.read(buf).unwrap_or(0);
        self.offset += n as u64;
        n
    }

    /// The next block and how many bytes of it there are.
    fn block(&mut self) -> (Block, usize) {
        if let Some(block) = self.ahead.take() {
            return (block, BLOCK);
        }
        let mut block = [0; BLOCK];
        let mut filled = 0;
        while filled < BLOCK {
            match self.raw(block.get_mut(filled..).unwrap_or_default()) {
                0 => break,
                n => filled += n,
            }
        }
        (block, filled)
    }

    pub fn advance(&mut self) -> Next {
        let block = match self.block() {
            (block, BLOCK) => block,
            (_, 0) => return Next::End,
            (_, bytes) => return Next::Partial(bytes as u64),
        };
        if block.iter().all(|&b| b == 0) {
            self.structure += BLOCK as u64;
            return Next::Zeros;
        }
        match header::parse(&block) {
            Some(header) => {
                self.structure += BLOCK as u64;
                Next::Header(Box::new(header))
            }
            None => {
                self.ahead = Some(block);
                Next::Junk
            }
        }
    }

    /// Skips what fills the last block of a payload.
    pub fn padding(&mut self, size: u64) {
        let over = size % BLOCK as u64;
        let mut left = if over == 0 { 0 } else { BLOCK - over as usize };
        let mut buffer = [0; BLOCK];
        while left > 0 {
            match self.raw(buffer.get_mut(..left).unwrap_or_default()) {
                0 => return,
                n => {
                    left -= n;
                    self.structure += n as u64;
                }
            }
        }
    }

    /// Follows the extension blocks of an old GNU sparse header.
    pub fn old_sparse(&mut self, old: OldSparse) -> Sparse {
        let mut sparse = Sparse { segments: old.segments, real: old.real };
        let mut extended = old.extended;
        for _ in 0..EXTENSIONS {
            if !extended {
                break;
            }
            let (block, BLOCK) = self.block() else { break };
            self.structure += BLOCK as u64;
            sparse.segments.extend(header::segments(block.get(..504).unwrap_or_default()));
            extended = block.get(504).is_some_and(|&b| b != 0);
        }
        sparse
    }
}

/// The data of one member.
pub(crate) struct Payload<'a, 'r> {
    stream: &'a mut TarStream<'r>,
    left: u64,
    notes: Notes,
}

impl<'a, 'r> Payload<'a, 'r> {
    pub fn new(stream: &'a mut TarStream<'r>, size: u64, notes: Notes) -> Self {
        Self { stream, left: size, notes }
    }

    /// Passes over what was not read and says how much that was.
    pub fn skip(mut self) -> u64 {
        let mut buffer = vec![0; if self.left > 0 { 1 << 16 } else { 0 }];
        let mut skipped = 0;
        while let Ok(n) = self.read(&mut buffer) {
            if n == 0 {
                break;
            }
            skipped += n as u64;
        }
        skipped
    }
}

impl Read for Payload<'_, '_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let cut = buf.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if cut == 0 {
            return Ok(0);
        }
        let n = self.stream.raw(buf.get_mut(..cut).unwrap_or_default());
        self.left -= n as u64;
        if n == 0 {
            let text = "the archive ends before this member does; what precedes is kept";
            let at = Some(At::Offset(self.stream.offset));
            self.notes.push(Problem::new(ProblemKind::Truncated, at, text).bytes(self.left));
            self.left = 0;
        }
        Ok(n)
    }
}

/// Blocks up to the next header or a zero block.
pub(crate) struct Junk<'a, 'r> {
    stream: &'a mut TarStream<'r>,
    block: Block,
    at: usize,
    end: usize,
    read: u64,
    over: bool,
}

impl<'a, 'r> Junk<'a, 'r> {
    pub fn new(stream: &'a mut TarStream<'r>) -> Self {
        Self { stream, block: [0; BLOCK], at: 0, end: 0, read: 0, over: false }
    }

    /// Reads to the end of the junk and says how many bytes it was.
    pub fn finish(&mut self) -> u64 {
        let mut buffer = [0; BLOCK];
        while matches!(self.read(&mut buffer), Ok(n) if n > 0) {}
        self.read
    }

    fn refill(&mut self) {
        self.at = 0;
        self.end = 0;
        // The first block is junk already; the others are looked at.
        let first = self.read == 0;
        let (block, filled) = self.stream.block();
        if filled == BLOCK {
            let boundary = header::parse(&block).is_some() || block.iter().all(|&b| b == 0);
            if boundary && !first {
                self.stream.ahead = Some(block);
                self.over = true;
                return;
            }
        } else {
            self.over = true;
        }
        self.block = block;
        self.end = filled;
        self.read += filled as u64;
    }
}

impl Read for Junk<'_, '_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.at == self.end && !self.over {
            self.refill();
        }
        let from = self.block.get(self.at..self.end).unwrap_or_default();
        let n = from.len().min(buf.len());
        if let (Some(to), Some(from)) = (buf.get_mut(..n), from.get(..n)) {
            to.copy_from_slice(from);
        }
        self.at += n;
        Ok(n)
    }
}
