//! Files with holes: the data as stored, zeros between where that stays within bounds.

use std::io::{self, Read};

use crate::tar::pax;

/// Where stored bytes belong; lengths and offsets in bytes, `real` the size with holes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sparse {
    pub segments: Vec<(u64, u64)>,
    pub real: u64,
}

impl Sparse {
    /// Segments follow each other and fit.
    pub fn sound(&self) -> bool {
        let mut end = 0;
        for &(offset, length) in &self.segments {
            match offset.checked_add(length) {
                Some(next) if offset >= end && next <= self.real => end = next,
                _ => return false,
            }
        }
        true
    }

    /// Reads the map in front of the data (GNU format 1.0): decimal lines, padded to a block.
    /// Returns the bytes it took, or `None` when there is no such map.
    pub fn read_map(&mut self, reader: &mut dyn Read, limit: u64) -> Option<u64> {
        let mut taken = 0;
        let count = line(reader, &mut taken)?;
        // Each number takes two bytes at least: a count beyond that is a lie.
        if count > limit / 4 {
            return None;
        }
        for _ in 0..count {
            let pair = (line(reader, &mut taken)?, line(reader, &mut taken)?);
            self.segments.push(pair);
            if taken > limit {
                return None;
            }
        }
        let mut padding = [0; 512];
        let rest = usize::try_from(taken.next_multiple_of(512) - taken).ok()?;
        reader.read_exact(padding.get_mut(..rest)?).ok()?;
        Some(taken + rest as u64)
    }
}

fn line(reader: &mut dyn Read, taken: &mut u64) -> Option<u64> {
    let mut digits = Vec::new();
    let mut byte = [0];
    loop {
        reader.read_exact(&mut byte).ok()?;
        *taken += 1;
        match byte {
            [b'\n'] => return pax::number(&digits),
            [b] if digits.len() < 20 => digits.push(b),
            _ => return None,
        }
    }
}

/// Zeros where the map has holes.
pub(crate) struct Holes<'a> {
    inner: &'a mut dyn Read,
    sparse: Sparse,
    next: usize,
    at: u64,
    short: bool,
}

impl<'a> Holes<'a> {
    pub fn new(inner: &'a mut dyn Read, sparse: Sparse) -> Self {
        Self { inner, sparse, next: 0, at: 0, short: false }
    }
}

impl Read for Holes<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            let segment = self.sparse.segments.get(self.next).copied();
            let (offset, length) = segment.unwrap_or((self.sparse.real, 0));
            if self.at < offset {
                let n = buf.len().min(usize::try_from(offset - self.at).unwrap_or(usize::MAX));
                buf.get_mut(..n).unwrap_or_default().fill(0);
                self.at += n as u64;
                return Ok(n);
            }
            if segment.is_none() || self.short {
                return Ok(0);
            }
            let left = (offset + length).saturating_sub(self.at);
            if left == 0 {
                self.next += 1;
                continue;
            }
            let n = buf.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let n = self.inner.read(buf.get_mut(..n).unwrap_or_default())?;
            self.short = n == 0;
            self.at += n as u64;
            return Ok(n);
        }
    }
}
