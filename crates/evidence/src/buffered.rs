//! A buffered reader that can look ahead, counts what was consumed and never fails.

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

/// Largest buffer; smaller for streams known to be small.
const SIZE: usize = 1 << 17;
const SMALLEST: usize = 512;

pub(crate) struct Buffered<R> {
    inner: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    consumed: Rc<Cell<u64>>,
    size: usize,
}

impl<R: Read> Buffered<R> {
    pub fn new(inner: R) -> Self {
        Self::sized(inner, u64::MAX)
    }

    /// With a hint how much there is.
    pub fn sized(inner: R, hint: u64) -> Self {
        let size = usize::try_from(hint).unwrap_or(SIZE).clamp(SMALLEST, SIZE);
        Self { inner, buffer: Vec::new(), start: 0, end: 0, consumed: Rc::default(), size }
    }

    /// Bytes handed out so far; stays valid while a decoder owns the reader.
    pub fn counter(&self) -> Rc<Cell<u64>> {
        Rc::clone(&self.consumed)
    }

    /// At least `n` bytes (at most the buffer) unless the stream ends before.
    pub fn peek(&mut self, n: usize) -> &[u8] {
        if self.buffer.is_empty() {
            self.buffer = vec![0; self.size];
        }
        if self.end - self.start < n.min(self.size) {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
            while self.end < n.min(self.size) {
                match self.inner.read(self.buffer.get_mut(self.end..).unwrap_or_default()) {
                    Ok(0) => break,
                    Ok(n) => self.end += n,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    // The inner reader is tolerant: it notes its own failures.
                    Err(_) => break,
                }
            }
        }
        self.buffer.get(self.start..self.end).unwrap_or_default()
    }

    /// Skips zero bytes and says how many.
    pub fn skip_zeros(&mut self) -> u64 {
        let mut skipped = 0;
        loop {
            let (zeros, all) = {
                let ahead = self.peek(1);
                let zeros = ahead.iter().take_while(|&&b| b == 0).count();
                (zeros, zeros == ahead.len())
            };
            self.consume(zeros);
            skipped += zeros as u64;
            if zeros == 0 || !all {
                return skipped;
            }
        }
    }
}

impl<R: Read> Read for Buffered<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let ahead = self.peek(1);
        let n = ahead.len().min(buf.len());
        if let (Some(to), Some(from)) = (buf.get_mut(..n), ahead.get(..n)) {
            to.copy_from_slice(from);
        }
        self.consume(n);
        Ok(n)
    }
}

impl<R: Read> BufRead for Buffered<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(self.peek(1))
    }

    fn consume(&mut self, amount: usize) {
        let amount = amount.min(self.end - self.start);
        self.start += amount;
        self.consumed.set(self.consumed.get() + amount as u64);
    }
}
