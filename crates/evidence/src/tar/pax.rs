//! Extended headers: `LENGTH key=value\n` records, and the sparse maps GNU tar writes with them.

use crate::tar::sparse::Sparse;

/// Segments of a sparse map that are followed.
const SEGMENTS: usize = 100_000;

/// What extended headers say about the next member. Later records win, as POSIX says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Extended {
    pub path: Option<Vec<u8>>,
    pub link: Option<Vec<u8>>,
    /// `Some(None)`: said, but no number.
    pub size: Option<Option<u64>>,
    /// Microseconds since 1970.
    pub mtime: Option<i64>,
    pub sparse_name: Option<Vec<u8>>,
    sparse_major: u64,
    sparse_real: Option<u64>,
    sparse_segments: Vec<(u64, u64)>,
    sparse_offset: Option<u64>,
    sparse: bool,
}

impl Extended {
    /// Takes one extended header; false when some of it follows no form.
    pub fn read(&mut self, mut bytes: &[u8]) -> bool {
        while !bytes.is_empty() {
            let Some((record, rest)) = split(bytes) else {
                return bytes.iter().all(|&b| b == 0);
            };
            bytes = rest;
            let Some(place) = memchr::memchr(b'=', record) else { return false };
            let (key, value) = record.split_at(place);
            self.record(key, value.get(1..).unwrap_or_default());
        }
        true
    }

    fn record(&mut self, key: &[u8], value: &[u8]) {
        match key {
            b"path" => self.path = Some(value.to_vec()),
            b"linkpath" => self.link = Some(value.to_vec()),
            b"size" => self.size = Some(number(value)),
            b"mtime" => self.mtime = micros(value),
            b"GNU.sparse.name" => self.sparse_name = Some(value.to_vec()),
            b"GNU.sparse.major" => self.sparse_major = number(value).unwrap_or(0),
            b"GNU.sparse.realsize" | b"GNU.sparse.size" => self.sparse_real = number(value),
            b"GNU.sparse.offset" => self.sparse_offset = number(value),
            b"GNU.sparse.numbytes" => {
                if let (Some(offset), Some(length)) = (self.sparse_offset.take(), number(value)) {
                    self.segment(offset, length);
                }
            }
            b"GNU.sparse.map" => {
                let mut numbers = value.split(|&b| b == b',').map(number);
                while let (Some(Some(offset)), Some(Some(length))) = (numbers.next(), numbers.next()) {
                    self.segment(offset, length);
                }
            }
            _ => {}
        }
        self.sparse |= key.starts_with(b"GNU.sparse.");
    }

    fn segment(&mut self, offset: u64, length: u64) {
        if self.sparse_segments.len() < SEGMENTS {
            self.sparse_segments.push((offset, length));
        }
    }

    /// The map stands in front of the data (GNU format 1.0).
    pub fn map_in_data(&self) -> bool {
        self.sparse && self.sparse_major >= 1
    }

    /// The map the header holds, or an empty one to be filled from the data.
    pub fn sparse(&self) -> Option<Sparse> {
        self.sparse.then(|| Sparse { segments: self.sparse_segments.clone(), real: self.sparse_real.unwrap_or(0) })
    }
}

/// One record and what follows.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let space = bytes.iter().take(20).position(|&b| b == b' ')?;
    let length = usize::try_from(number(bytes.get(..space)?)?).ok()?;
    let record = bytes.get(space + 1..length)?;
    let (newline, record) = record.split_last()?;
    (*newline == b'\n').then_some((record, bytes.get(length..)?))
}

pub(crate) fn number(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.trim().parse().ok()
}

/// `seconds[.fraction]`.
fn micros(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let seconds: i64 = whole.parse().ok()?;
    let digits: String = fraction.chars().chain("000000".chars()).take(6).collect();
    let fraction: i64 = digits.parse().ok()?;
    let fraction = if whole.starts_with('-') { -fraction } else { fraction };
    seconds.checked_mul(1_000_000)?.checked_add(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_and_damage() {
        let mut extended = Extended::default();
        assert!(extended.read(b"12 path=a/b\n20 mtime=1700000.25\n11 size=42\n"));
        assert_eq!(extended.path.as_deref(), Some(&b"a/b"[..]));
        assert_eq!((extended.mtime, extended.size), (Some(1_700_000_250_000), Some(Some(42))));
        assert!(extended.read(b"11 size=-1\n"));
        assert_eq!(extended.size, Some(None));
        for bad in [&b"99 path=a\n"[..], b"0 \n", b"x", b"12 pathxxa/b\n", b"4 a=\n5"] {
            assert!(!Extended::default().read(bad), "{bad:?}");
        }
        assert_eq!(micros(b"-1.5"), Some(-1_500_000));
    }
}
