//! The central directory of a ZIP: found from the end, walked without trusting its counts.

use std::io::{BufReader, Read, Seek, SeekFrom};

use memchr::memmem;

use crate::entry::{Body, ReadSeek};
use crate::zip::fields::{CENTRAL, Member, u16_at, u32_at, u64_at};

/// End record without comment.
const END: usize = 22;
/// Longest tail that can hold an end record with its comment, and a little rubbish behind.
const TAIL: u64 = 66_000;

/// Where the directory is, positions from the start of the file.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct End {
    /// Members it claims.
    pub count: u64,
    pub start: u64,
    /// First byte behind the directory.
    pub end: u64,
    /// First byte behind the end record and its comment.
    pub after: u64,
    /// What is to be added to every position in it: bytes in front of the archive.
    pub bias: u64,
}

/// A ZIP ends here: an end record that points to a directory that points to a local header.
pub(crate) fn ends(body: &Body) -> bool {
    if body.size() < END as u64 {
        return false;
    }
    if let Some(bytes) = body.memory() {
        let tail = bytes.get(bytes.len().saturating_sub(TAIL as usize)..).unwrap_or_default();
        if memmem::rfind(tail, b"PK\x05\x06").is_none() {
            return false;
        }
    }
    let Ok(mut reader) = body.open() else { return false };
    let Some(end) = find(&mut *reader, body.size()).filter(|end| end.count > 0) else { return false };
    let first = Directory::new(body, end).and_then(|mut directory| directory.next());
    first.is_some_and(|member| at(&mut *reader, member.header).is_some_and(|b: [u8; 4]| b == *b"PK\x03\x04"))
}

pub(crate) fn at<const N: usize>(reader: &mut dyn ReadSeek, place: u64) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    reader.seek(SeekFrom::Start(place)).ok()?;
    reader.read_exact(&mut bytes).ok()?;
    Some(bytes)
}

/// The last end record whose directory is there.
pub(crate) fn find(reader: &mut dyn ReadSeek, size: u64) -> Option<End> {
    let from = size.saturating_sub(TAIL);
    let mut tail = Vec::new();
    reader.seek(SeekFrom::Start(from)).ok()?;
    reader.take(TAIL).read_to_end(&mut tail).ok()?;
    // Bounded: a tail of nothing but signatures must not cost a directory look-up each.
    for place in memmem::rfind_iter(&tail, b"PK\x05\x06").take(64) {
        let Some(record) = tail.get(place..place + END) else { continue };
        if let Some(end) = locate(reader, record, from + place as u64, size) {
            return Some(end);
        }
    }
    None
}

fn locate(reader: &mut dyn ReadSeek, record: &[u8], place: u64, size: u64) -> Option<End> {
    let mut count = u64::from(u16_at(record, 10));
    let mut length = u64::from(u32_at(record, 12));
    let mut offset = u64::from(u32_at(record, 16));
    let mut end = place;
    if let Some((at, wide)) = zip64(reader, place) {
        count = u64_at(&wide, 32);
        length = u64_at(&wide, 40);
        offset = u64_at(&wide, 48);
        end = at;
    }
    let after = (place + END as u64 + u64::from(u16_at(record, 20))).min(size);
    // Adjacent to its end record as written by everyone; else where it says.
    let adjacent = end.checked_sub(length).filter(|&start| start >= offset);
    for start in adjacent.into_iter().chain([offset]) {
        let fits = start.checked_add(length).is_some_and(|e| e <= end);
        let empty = length == 0 && count == 0;
        if fits && (empty || at(reader, start) == Some(*b"PK\x01\x02")) {
            return Some(End { count, start, end: start + length, after, bias: start - offset });
        }
    }
    None
}

/// The 64-bit end record, by its locator in front of the plain one.
fn zip64(reader: &mut dyn ReadSeek, place: u64) -> Option<(u64, [u8; 56])> {
    let locator: [u8; 20] = at(reader, place.checked_sub(20)?)?;
    if !locator.starts_with(b"PK\x06\x07") {
        return None;
    }
    [u64_at(&locator, 8), place.checked_sub(76)?].into_iter().find_map(|candidate| {
        let record: [u8; 56] = at(reader, candidate)?;
        record.starts_with(b"PK\x06\x06").then_some((candidate, record))
    })
}

/// Members in the order of the directory; ends where it ends or no header follows.
pub(crate) struct Directory {
    reader: BufReader<Box<dyn ReadSeek + Send>>,
    end: End,
    at: u64,
}

impl Directory {
    pub fn new(body: &Body, end: End) -> Option<Self> {
        let mut reader = BufReader::new(body.open().ok()?);
        reader.seek(SeekFrom::Start(end.start)).ok()?;
        Some(Self { reader, end, at: end.start })
    }

    /// Where walking stopped.
    pub fn position(&self) -> u64 {
        self.at
    }
}

impl Iterator for Directory {
    type Item = Member;

    fn next(&mut self) -> Option<Member> {
        let mut fixed = [0; CENTRAL];
        if self.at + CENTRAL as u64 > self.end.end {
            return None;
        }
        self.reader.read_exact(&mut fixed).ok()?;
        if !fixed.starts_with(b"PK\x01\x02") {
            return None;
        }
        let lengths = [28, 30, 32].map(|at| usize::from(u16_at(&fixed, at)));
        let mut rest = vec![0; lengths.iter().sum()];
        self.reader.read_exact(&mut rest).ok()?;
        self.at += (CENTRAL + rest.len()) as u64;
        let mut member = Member::central(&fixed, &rest);
        member.header = member.header.saturating_add(self.end.bias);
        Some(member)
    }
}
