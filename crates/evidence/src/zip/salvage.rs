//! Members that no directory names: found by their local headers, in archives cut short or with hidden members.

use std::io::{Read, SeekFrom};

use memchr::memmem;

use crate::entry::ReadSeek;
use crate::zip::directory::at;
use crate::zip::fields::{LOCAL, Member, u16_at, u32_at, u64_at};

const CHUNK: usize = 1 << 16;
/// Longest look-ahead at a signature: a 64-bit data descriptor.
const LOOK: usize = 24;

/// The member whose local header is at `place`, and where its data begin.
pub(crate) fn local(reader: &mut dyn ReadSeek, place: u64) -> Option<(Member, u64)> {
    let fixed: [u8; LOCAL] = at(reader, place)?;
    if !fixed.starts_with(b"PK\x03\x04") {
        return None;
    }
    let length = usize::from(u16_at(&fixed, 26)) + usize::from(u16_at(&fixed, 28));
    let mut rest = vec![0; length];
    reader.read_exact(&mut rest).ok()?;
    Some((Member::local(&fixed, &rest, place), place + (LOCAL + length) as u64))
}

/// The next salvageable member in `from..to`, with the places where its data begin and end.
pub(crate) fn next(reader: &mut dyn ReadSeek, from: u64, to: u64) -> Option<(Member, u64, u64)> {
    let mut from = from;
    loop {
        let place = find(reader, from, to, |_, bytes| bytes.starts_with(b"PK\x03\x04"))?;
        match local(reader, place).filter(|(member, data)| plausible(member) && *data <= to) {
            Some((member, data)) => {
                let (member, end) = extent(reader, member, data, to);
                return Some((member, data, end));
            }
            None => from = place + 4,
        }
    }
}

fn plausible(member: &Member) -> bool {
    let known = matches!(member.method, 0..=20 | 93..=99);
    known && !member.name.is_empty() && member.name.len() <= 4096
}

/// Where the data end: by the header, or by the descriptor behind them, or where the next header begins.
fn extent(reader: &mut dyn ReadSeek, mut member: Member, data: u64, to: u64) -> (Member, u64) {
    if !member.descriptor() || member.compressed > 0 {
        let end = data.saturating_add(member.compressed).min(to);
        return (member, end);
    }
    let end = find(reader, data, to, |place, bytes| {
        bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x01\x02") || described(bytes, place - data).is_some()
    });
    let end = end.unwrap_or(to);
    let descriptor: Option<[u8; LOOK]> = at(reader, end);
    let sizes = descriptor.as_ref().and_then(|bytes| described(bytes, end - data));
    member.compressed = end - data;
    match sizes {
        Some((crc, size)) => (member.crc, member.size) = (crc, size),
        // Nobody says: no checksum and no size to compare with.
        None => member.flags |= UNDESCRIBED,
    }
    (member, end)
}

/// Set in the flags of a salvaged member whose size and checksum nobody states (bit 15 is reserved by PKWARE).
pub(crate) const UNDESCRIBED: u16 = 0x8000;

/// Checksum and size of a data descriptor that describes `compressed` bytes.
fn described(bytes: &[u8], compressed: u64) -> Option<(u32, u64)> {
    if !bytes.starts_with(b"PK\x07\x08") {
        return None;
    }
    if u64::from(u32_at(bytes, 8)) == compressed {
        return Some((u32_at(bytes, 4), u32_at(bytes, 12).into()));
    }
    (bytes.len() >= LOOK && u64_at(bytes, 8) == compressed).then(|| (u32_at(bytes, 4), u64_at(bytes, 16)))
}

/// Length of the descriptor behind data that end at `end`.
pub(crate) fn descriptor(reader: &mut dyn ReadSeek, member: &Member, end: u64, size: u64) -> u64 {
    if !member.descriptor() {
        return 0;
    }
    let mut bytes = Vec::new();
    if reader.seek(SeekFrom::Start(end)).is_err() {
        return 0;
    }
    let _ = reader.take(LOOK as u64).read_to_end(&mut bytes);
    let skip = if bytes.starts_with(b"PK\x07\x08") { 4 } else { 0 };
    if u32_at(&bytes, skip) != member.crc {
        return 0;
    }
    let body = bytes.get(skip + 4..).unwrap_or_default();
    let length = if u64_at(body, 0) == member.compressed && u64_at(body, 8) == member.size {
        16
    } else if u64::from(u32_at(body, 0)) == member.compressed {
        8
    } else {
        return 0;
    };
    (skip as u64 + 4 + length).min(size - end)
}

/// The first place in `from..to` where `PK` stands and `wanted` agrees with what follows (at least 4 bytes).
fn find(reader: &mut dyn ReadSeek, from: u64, to: u64, wanted: impl Fn(u64, &[u8]) -> bool) -> Option<u64> {
    let mut at = from;
    let mut buffer = Vec::with_capacity(CHUNK + LOOK);
    while at + 4 <= to {
        buffer.clear();
        reader.seek(SeekFrom::Start(at)).ok()?;
        let length = ((CHUNK + LOOK) as u64).min(to - at);
        (&mut *reader).take(length).read_to_end(&mut buffer).ok()?;
        let last = at + buffer.len() as u64 >= to;
        for place in memmem::find_iter(&buffer, b"PK") {
            if place >= CHUNK && !last {
                break;
            }
            let bytes = buffer.get(place..).unwrap_or_default();
            if bytes.len() >= 4 && wanted(at + place as u64, bytes) {
                return Some(at + place as u64);
            }
        }
        if buffer.len() < CHUNK {
            return None;
        }
        at += CHUNK as u64;
    }
    None
}
