//! The decoder: one chunk in, one view per record out, everything that is wrong beside it.

use super::chunks::Chunk;
use super::exec::{Machine, NONE, Slot};
use super::frame::{CHUNK, ChunkHeader, Found, Frame, HEADER, RECORD_HEADER, stale, walk};
use super::names::{Known, Names};
use super::trouble::{Broken, Trouble, TroubleKind};

/// One record, borrowed from the chunk and from the decoder's scratch.
#[derive(Clone, Copy, Debug)]
pub struct RecordView<'a> {
    /// Record id of the record's header.
    pub id: u64,
    /// When it was written, of the record's header: 100 ns since 1601-01-01, as it stands.
    pub written: u64,
    /// `TimeCreated`, where it is a FILETIME: 100 ns since 1601-01-01, as it stands.
    pub created: Option<u64>,
    /// Bytes from the start of the file.
    pub offset: u64,
    /// The whole record, header and copy of the size included.
    pub raw: &'a [u8],
    slots: &'a [Slot],
    text: &'a str,
    names: &'a Names,
    known: &'a [u32],
}

impl<'a> RecordView<'a> {
    /// Names and values, System first, in the order of the record. A name repeats only across sections
    /// (`Channel` of System and of UserData); within one it is numbered (`Data`, `Data_1`, …).
    pub fn fields(&self) -> impl ExactSizeIterator<Item = (&'a str, &'a str)> + use<'a> {
        let (text, names) = (self.text, self.names);
        self.slots.iter().map(move |slot| (names.get(slot.name), value(text, slot)))
    }

    /// The first field of that name.
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.fields().find(|(field, _)| *field == name).map(|(_, value)| value)
    }

    /// A System field without a search; empty where the record has none.
    pub fn known(&self, known: Known) -> &'a str {
        let slot = self.known.get(known as usize).filter(|at| **at != NONE);
        slot.and_then(|at| self.slots.get(*at as usize)).map_or("", |slot| value(self.text, slot))
    }
}

fn value<'a>(text: &'a str, slot: &Slot) -> &'a str {
    text.get(slot.start as usize..slot.end as usize).unwrap_or_default()
}

/// What became of one chunk. `framed = given + lost`, counted by the framing and not by the content.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records by their frames, and one for each place where a record should stand and does not.
    pub framed: u64,
    /// Records given out.
    pub given: u64,
    pub lost: u64,
    /// Whole records in slack, left over from before: counted, never given out.
    pub stale: u64,
}

impl Counts {
    pub fn add(&mut self, other: &Self) {
        self.framed += other.framed;
        self.given += other.given;
        self.lost += other.lost;
        self.stale += other.stale;
    }
}

/// Reads chunks, one at a time, in any order; one per thread. What it learns is forgotten with each chunk, so that
/// a record reads the same whichever chunk was read before.
#[derive(Debug)]
pub struct Decoder {
    machine: Machine,
}

impl Default for Decoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Decoder {
    pub fn new() -> Self {
        Self { machine: Machine::new() }
    }

    /// Gives out the records of a chunk in order, and what is wrong with it.
    pub fn chunk(&mut self, chunk: &Chunk<'_>, out: &mut dyn FnMut(RecordView<'_>), troubles: &mut dyn FnMut(Trouble)) -> Counts {
        self.machine.begin_chunk();
        let bytes = chunk.bytes.get(..CHUNK).unwrap_or(chunk.bytes);
        let header = ChunkHeader::read(bytes).filter(|header| header.magic || header.sound);
        if let Some(header) = &header {
            judge(bytes, header, chunk.offset, troubles);
        }
        let mut counts = Counts::default();
        let machine = &mut self.machine;
        let mut any = false;
        let end = walk(bytes, header.as_ref(), &mut |found| {
            any = true;
            place(machine, bytes, chunk.offset, found, &mut counts, out, troubles);
        });
        counts.stale = stale(bytes, end);
        if header.is_none() {
            let kind = if any { TroubleKind::ChunkMagic } else { TroubleKind::Unknown };
            let mut trouble = Trouble::new(kind, chunk.offset);
            trouble.bytes = if any { 0 } else { bytes.len() as u64 };
            troubles(trouble);
        }
        counts
    }
}

/// Magic and checksums of the chunk.
fn judge(bytes: &[u8], header: &ChunkHeader, offset: u64, troubles: &mut dyn FnMut(Trouble)) {
    if !header.magic {
        troubles(Trouble::new(TroubleKind::ChunkMagic, offset));
    }
    if !header.has_checksums() {
        return;
    }
    if !header.sound {
        troubles(Trouble::new(TroubleKind::HeaderChecksum, offset));
    }
    if bytes.len() >= header.free && header.free >= HEADER && !header.records_agree(bytes) {
        troubles(Trouble::new(TroubleKind::RecordsChecksum, offset));
    }
}

/// One finding of the framing: decoded and given out, or reported.
fn place(
    machine: &mut Machine,
    bytes: &[u8],
    offset: u64,
    found: Found,
    counts: &mut Counts,
    out: &mut dyn FnMut(RecordView<'_>),
    troubles: &mut dyn FnMut(Trouble),
) {
    let at = |at: usize| offset + at as u64;
    let mut lose = |kind, start, len: usize, record, (lost, missing)| {
        counts.framed += lost;
        counts.lost += lost;
        troubles(Trouble { kind, offset: at(start), record, bytes: len as u64, lost, missing });
    };
    match found {
        Found::Bad { at, len, id, missing } => lose(TroubleKind::BadFrame, at, len, id, (1, missing)),
        Found::Cut { at, len, id, begun, missing } => {
            lose(TroubleKind::Truncated, at, len, id, (u64::from(begun), missing));
        }
        Found::Range { at: start } => troubles(Trouble::new(TroubleKind::HeaderRange, at(start))),
        Found::Record { frame, outside, repaired } => {
            let result = content(machine, bytes, frame)
                .and_then(|()| std::str::from_utf8(&machine.text).map_err(|_| Broken::Shape("text that is no text")));
            let text = match result {
                Ok(text) => text,
                Err(broken) => {
                    let kind = TroubleKind::Content(broken);
                    return lose(kind, frame.at, frame.len, Some(frame.id), (1, 1));
                }
            };
            counts.framed += 1;
            counts.given += 1;
            let notes = [outside.then_some(TroubleKind::Outside), repaired.then_some(TroubleKind::SizeCopy)];
            for kind in notes.into_iter().flatten() {
                troubles(Trouble { record: Some(frame.id), ..Trouble::new(kind, at(frame.at)) });
            }
            out(RecordView {
                id: frame.id,
                written: frame.written,
                created: machine.created,
                offset: at(frame.at),
                raw: bytes.get(frame.at..frame.at + frame.len).unwrap_or_default(),
                slots: &machine.slots,
                text,
                names: &machine.names,
                known: &machine.known,
            });
        }
    }
}

fn content(machine: &mut Machine, bytes: &[u8], frame: Frame) -> Result<(), Broken> {
    machine.record(bytes, frame.at + RECORD_HEADER, frame.at + frame.len - 4)
}
