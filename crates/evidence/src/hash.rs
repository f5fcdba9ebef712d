//! Hashes of what is read, in the same pass.

use std::io::{self, Read};

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hashed {
    pub sha256: [u8; 32],
    pub md5: Option<[u8; 16]>,
    pub sha1: Option<[u8; 20]>,
    pub size: u64,
}

pub(crate) struct Hasher {
    sha256: Sha256,
    weak: Option<(Md5, Sha1)>,
    weak_limit: u64,
    size: u64,
}

impl Hasher {
    /// `weak_limit`: bytes up to which MD5 and SHA-1 are computed as well; 0 for never.
    pub fn new(weak_limit: u64) -> Self {
        let weak = (weak_limit > 0).then(|| (Md5::new(), Sha1::new()));
        Self { sha256: Sha256::new(), weak, weak_limit, size: 0 }
    }

    pub fn update(&mut self, bytes: &[u8]) {
        self.size += bytes.len() as u64;
        self.sha256.update(bytes);
        if self.size > self.weak_limit {
            self.weak = None;
        } else if let Some((md5, sha1)) = &mut self.weak {
            md5.update(bytes);
            sha1.update(bytes);
        }
    }

    pub fn finish(self) -> Hashed {
        let (md5, sha1) = self.weak.map(|(m, s)| (m.finalize().into(), s.finalize().into())).unzip();
        Hashed { sha256: self.sha256.finalize().into(), md5, sha1, size: self.size }
    }
}

/// Hashes what passes through.
pub(crate) struct Hashing<R> {
    inner: R,
    hasher: Hasher,
}

impl<R: Read> Hashing<R> {
    pub fn new(inner: R, weak_limit: u64) -> Self {
        Self { inner, hasher: Hasher::new(weak_limit) }
    }

    /// Reads what is left, so that the hash covers everything. Returns how much that was.
    pub fn drain(&mut self) -> u64 {
        let before = self.hasher.size;
        let mut buffer = vec![0; 1 << 16];
        while matches!(self.read(&mut buffer), Ok(n) if n > 0) {}
        self.hasher.size - before
    }

    pub fn finish(self) -> Hashed {
        self.hasher.finish()
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.hasher.update(buf.get(..n).unwrap_or_default());
        Ok(n)
    }
}
