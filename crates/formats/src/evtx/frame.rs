//! The chunk: its header, and its records framed by their own magic, size and copy of the size,
//! whatever the header says and whether or not their content can be read.

use memchr::memmem;

use super::bytes::{take, u32_at, u64_at};

/// Bytes of a whole chunk, its header, a record's header and the copy of its size.
pub const CHUNK: usize = 65_536;
pub(super) const HEADER: usize = 512;
pub(super) const RECORD_HEADER: usize = 24;
pub(super) const SMALLEST: usize = RECORD_HEADER + 4;

pub(super) const CHUNK_MAGIC: &[u8; 8] = b"ElfChnk\0";
pub(super) const RECORD_MAGIC: &[u8; 4] = b"**\0\0";

/// Record ids that a search after damage steps over at most, where the header does not state the ids.
const ID_STEP: u64 = 1000;

const FLAG_DIRTY: u32 = 1;
const FLAG_NO_CRC: u32 = 4;

#[derive(Clone, Copy, Debug)]
pub(super) struct ChunkHeader {
    pub first_id: u64,
    pub last_id: u64,
    /// Where the chunk says that its records end.
    pub free: usize,
    pub flags: u32,
    records_crc: u32,
    /// Its own checksum agrees (or it has none).
    pub sound: bool,
    pub magic: bool,
}

impl ChunkHeader {
    /// The header of `bytes`, whatever its magic; `None` where there are fewer than 512 bytes.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let head = bytes.get(..HEADER)?;
        let flags = u32_at(head, 120)?;
        let mut hasher = crc32fast::Hasher::new();
        // A lost magic is repaired before the sum, so that the rest of the header can still vouch for itself.
        hasher.update(CHUNK_MAGIC);
        hasher.update(head.get(8..120)?);
        hasher.update(head.get(128..HEADER)?);
        let agrees = hasher.finalize() == u32_at(head, 124)?;
        Some(Self {
            first_id: u64_at(head, 24)?,
            last_id: u64_at(head, 32)?,
            free: u32_at(head, 48)? as usize,
            flags,
            records_crc: u32_at(head, 52)?,
            sound: agrees,
            magic: head.starts_with(CHUNK_MAGIC),
        })
    }

    /// Whether its end of the records may be believed before the records confirm it.
    fn trusted(&self) -> bool {
        self.sound || (self.magic && self.flags & (FLAG_DIRTY | FLAG_NO_CRC) != 0)
    }

    pub(super) fn has_checksums(&self) -> bool {
        self.flags & FLAG_NO_CRC == 0
    }

    pub(super) fn records_agree(&self, bytes: &[u8]) -> bool {
        bytes.get(HEADER..self.free).is_some_and(|records| crc32fast::hash(records) == self.records_crc)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// Offset in the chunk and length, header and copy of the size included.
    pub at: usize,
    pub len: usize,
    pub id: u64,
    /// 100 ns since 1601, as it stands.
    pub written: u64,
}

/// The record whose magic stands at `at`, whatever its size copy says.
fn loose(bytes: &[u8], at: usize) -> Option<Frame> {
    let head = take(bytes, at, RECORD_HEADER)?;
    if !head.starts_with(RECORD_MAGIC) {
        return None;
    }
    Some(Frame { at, len: u32_at(head, 4)? as usize, id: u64_at(head, 8)?, written: u64_at(head, 16)? })
}

/// The record at `at`, where magic, size and the copy of the size agree.
pub(super) fn intact(bytes: &[u8], at: usize) -> Option<Frame> {
    let frame = loose(bytes, at)?;
    if frame.len < SMALLEST || frame.len > CHUNK {
        return None;
    }
    let copy = u32_at(bytes, at + frame.len - 4)?;
    (copy as usize == frame.len).then_some(frame)
}

/// What stands in a chunk, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// `outside`: past the end that the header states. `repaired`: size and copy disagree.
    Record { frame: Frame, outside: bool, repaired: bool },
    /// No record, but bytes that should be one. `id`: what its header says, where it has one;
    /// `missing`: how many records the ids around it leave room for.
    Bad { at: usize, len: usize, id: Option<u64>, missing: u64 },
    /// The chunk ends inside a record (`begun`) or before `missing` more that its header states.
    Cut { at: usize, len: usize, id: Option<u64>, begun: bool, missing: u64 },
    /// The end that the header states is not the end of the records.
    Range { at: usize },
}

/// Offset just behind the last record of an unbroken row of records from the header on.
pub(super) fn unbroken(bytes: &[u8]) -> usize {
    let mut at = HEADER;
    while let Some(frame) = intact(bytes, at) {
        at += frame.len;
    }
    at
}

/// Walks the records of a chunk and returns where the walk ended; what lies behind is slack.
pub(super) fn walk(bytes: &[u8], header: Option<&ChunkHeader>, found: &mut dyn FnMut(Found)) -> usize {
    let end = header.filter(|header| header.trusted()).map(|header| header.free.clamp(HEADER, CHUNK));
    let at = if header.is_some() { HEADER } else { 0 };
    let mut walk = Walk { bytes, header, end, at, previous: None };
    while walk.step(found) {}
    walk.at
}

struct Walk<'a> {
    bytes: &'a [u8],
    header: Option<&'a ChunkHeader>,
    /// The stated end of the records, where it may be believed.
    end: Option<usize>,
    at: usize,
    previous: Option<u64>,
}

impl Walk<'_> {
    fn step(&mut self, found: &mut dyn FnMut(Found)) -> bool {
        // An unsound header whose end the records reach exactly is right about the end.
        if self.end.is_none() && self.header.is_some_and(|h| h.free == self.at && self.at > HEADER) {
            self.end = Some(self.at);
        }
        let outside = self.end.is_some_and(|end| self.at >= end);
        match intact(self.bytes, self.at) {
            Some(frame) if !outside || self.follows(frame.id) => {
                found(Found::Record { frame, outside, repaired: false });
                self.at += frame.len;
                self.previous = Some(frame.id);
                true
            }
            _ if outside => false,
            _ => self.damage(found),
        }
    }

    /// Whether a record past the stated end goes on where the chunk stopped, and is not left over from before.
    fn follows(&self, id: u64) -> bool {
        self.previous.is_none_or(|previous| previous.checked_add(1) == Some(id))
    }

    /// Whether a record found behind damage belongs to this pass over the chunk.
    fn belongs(&self, id: u64) -> bool {
        let by_header = self
            .header
            .filter(|header| header.trusted() && header.first_id <= header.last_id)
            .is_some_and(|header| (header.first_id..=header.last_id).contains(&id));
        let after = match self.previous {
            Some(previous) => id > previous && id - previous <= ID_STEP,
            None => self.header.is_none_or(|header| !header.trusted()),
        };
        by_header || after
    }

    fn next_frame(&self, from: usize, until: usize) -> Option<Frame> {
        let area = self.bytes.get(from..until.min(self.bytes.len()))?;
        memmem::find_iter(area, RECORD_MAGIC).filter_map(|hit| intact(self.bytes, from + hit)).find(|frame| self.belongs(frame.id))
    }

    fn damage(&mut self, found: &mut dyn FnMut(Found)) -> bool {
        let len = self.bytes.len();
        let end = self.end.unwrap_or(CHUNK);
        if let Some(next) = self.next_frame(self.at + 1, end) {
            self.between(next, found);
            return true;
        }
        let head = loose(self.bytes, self.at);
        // The last record, its size proven by the stated end.
        if let Some(frame) = head
            && self.end == Some(self.at + frame.len)
            && frame.len >= SMALLEST
            && end <= len
        {
            found(Found::Record { frame, outside: false, repaired: true });
            self.at = end;
            self.previous = Some(frame.id);
            return true;
        }
        self.tail(head, found);
        false
    }

    /// Damage between here and the next record: the copy of the size (or the size) may still frame one record.
    fn between(&mut self, next: Frame, found: &mut dyn FnMut(Found)) {
        let gap = next.at - self.at;
        if self.header.is_none() && self.previous.is_none() {
            // Where the records begin is not known here.
            self.at = next.at;
            return;
        }
        let head = loose(self.bytes, self.at);
        let copy = u32_at(self.bytes, next.at - 4).map(|copy| copy as usize);
        if let Some(mut frame) = head
            && gap >= SMALLEST
            && (frame.len == gap || copy == Some(gap))
        {
            frame.len = gap;
            found(Found::Record { frame, outside: false, repaired: true });
            self.previous = Some(frame.id);
        } else {
            let before = self.previous.or_else(|| self.header.map(|h| h.first_id.saturating_sub(1)));
            let missing = before.and_then(|b| next.id.checked_sub(b)).map_or(0, |n| n.saturating_sub(1));
            let id = head.map(|frame| frame.id);
            found(Found::Bad { at: self.at, len: gap, id, missing: missing.min(ID_STEP) });
        }
        self.at = next.at;
    }

    /// No further record: slack, zeros, a cut, or damage up to the stated end.
    fn tail(&mut self, head: Option<Frame>, found: &mut dyn FnMut(Found)) {
        let len = self.bytes.len();
        let stated = self.end.unwrap_or(len.min(CHUNK)).min(len);
        let rest = self.bytes.get(self.at.min(stated)..stated).unwrap_or_default();
        let last = self.header.filter(|header| header.trusted()).map(|header| header.last_id);
        let missing = match (last, self.previous) {
            (Some(last), Some(previous)) if last != u64::MAX => last.saturating_sub(previous),
            (Some(last), None) if last != u64::MAX => self.header.map_or(0, |h| last.saturating_sub(h.first_id).saturating_add(1)),
            _ => 0,
        };
        let missing = missing.min(ID_STEP);
        let cut = len < CHUNK && (self.end.is_some_and(|end| end > len) || self.end.is_none());
        let begun = head.is_some_and(|frame| frame.len > len - self.at.min(len));
        let id = head.map(|frame| frame.id);
        let zeros = rest.iter().all(|b| *b == 0);
        if self.header.is_none() && self.previous.is_none() && !begun {
            // Nothing says that records should stand here.
        } else if cut && (begun || !zeros || missing > 0) {
            found(Found::Cut { at: self.at, len: rest.len(), id, begun: begun || !zeros, missing });
        } else if self.end.is_some() && missing == 0 && self.previous.is_some() {
            // All records are there: the stated end is too far out (often zeros up to the end of the chunk).
            found(Found::Range { at: self.at });
        } else if self.end.is_some() && !rest.is_empty() && (missing > 0 || !zeros) {
            found(Found::Bad { at: self.at, len: rest.len(), id, missing });
        } else if self.end.is_none() && head.is_some_and(|frame| self.belongs(frame.id)) {
            found(Found::Bad { at: self.at, len: rest.len(), id, missing: 0 });
        }
    }
}

/// Records in slack: whole by their frames, left over from before. They are counted and not given out.
pub(super) fn stale(bytes: &[u8], from: usize) -> u64 {
    let Some(area) = bytes.get(from..) else { return 0 };
    let mut until = 0;
    let mut count = 0;
    for hit in memmem::find_iter(area, RECORD_MAGIC) {
        if hit >= until
            && let Some(frame) = intact(bytes, from + hit)
        {
            count += 1;
            until = hit + frame.len;
        }
    }
    count
}
