//! Windows event logs as the system keeps them: every channel's `.evtx`, live copies and exports.

mod ids;
mod parts;

use konseki_formats::evtx::{Broken, FileHeader, Known, RecordView, Trouble, TroubleKind};
use konseki_model::{At, Basis, Event, Fidelity, Field, Kind, Piece, Problem, ProblemKind, Sink, Stamp};

use self::parts::{Log, Notes};
use crate::mapper::Scratch;
use crate::{Input, Parts, Reading, Source};

pub struct Evtx;
pub static SOURCE: Evtx = Evtx;

/// Ticks of 100 ns from 1601 to 1970, and the last tick of year 9999.
const EPOCH: i64 = 116_444_736_000_000_000;
const LAST: u64 = 2_650_467_743_999_999_999;

/// What a file and a chunk begin with.
const MAGIC: &[&[u8]] = &[b"ElfFile\0", b"ElfChnk\0"];

impl Source for Evtx {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        if MAGIC.iter().any(|magic| piece.head.starts_with(magic)) {
            return true;
        }
        // A log whose start is damaged or shifted: only under its own name.
        let named = piece.name().to_ascii_lowercase().ends_with(".evtx");
        named && MAGIC.iter().any(|magic| memchr::memmem::find(piece.head, magic).is_some())
    }

    fn magic(&self) -> &'static [&'static [u8]] {
        MAGIC
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let parts = Log::new(input, reading);
        while let Some(part) = parts.cut() {
            parts.read(&part, sink);
        }
        parts.end(sink);
    }

    fn parts<'r>(&self, input: &'r mut dyn Input, reading: &'r Reading<'r>) -> Option<Box<dyn Parts + 'r>> {
        Some(Box::new(Log::new(input, reading)))
    }
}

/// One way through a part.
struct Pass<'r> {
    reading: &'r Reading<'r>,
    notes: Notes,
    /// Room for the fields of one event, used again for the next.
    fields: Vec<Field<'static>>,
    scratch: Scratch,
}

/// The same room for fields that live for another while.
fn recycle<'a>(mut fields: Vec<Field<'_>>) -> Vec<Field<'a>> {
    fields.clear();
    fields.into_iter().map_while(|_| None).collect()
}

impl Pass<'_> {
    fn event(&mut self, record: &RecordView<'_>, sink: &mut dyn Sink) {
        let at = At::Record(record.id);
        let (time, raw) = stamp(record, at, sink);
        let mut fields = recycle(std::mem::take(&mut self.fields));
        fields.extend(record.fields().map(|(name, value)| Field::new(name, value)));
        if let Some(raw) = &raw {
            fields.push(Field::new("SystemTime_FILETIME", raw));
        }
        let computer = record.known(Known::Computer);
        self.notes.count(computer);
        self.notes.ids.add(record, computer);
        let (kind, mut core) = self.reading.about.mapper.apply(&fields, &mut self.scratch);
        if core.host.is_empty() {
            core.host = computer;
        }
        if core.src_port.is_none()
            && let Some((address, port)) = core.src.rsplit_once(':')
            && address.contains('.')
            && !address.contains(':')
        {
            core.src_port = port.parse().ok();
            core.src = address;
        }
        if kind == Kind::LogCleared
            && let Some(cleared) = fields.iter().rev().find(|field| field.name == "Channel")
        {
            // The log that was cleared, where UserData names it; else the one that says so.
            core.object = cleared.value;
        }
        sink.event(&Event { at, time, kind, core, fields: &fields, raw: record.raw });
        self.fields = recycle(fields);
    }
}

/// When it happened (`TimeCreated`, else when the record was written). A time that cannot be stays as a number.
fn stamp(record: &RecordView<'_>, at: At, sink: &mut dyn Sink) -> (Option<Stamp>, Option<String>) {
    let ticks = record.created.unwrap_or(record.written);
    if (1..=LAST).contains(&ticks) {
        let micros = (ticks as i64 - EPOCH).div_euclid(10);
        return (Some(Stamp::new(micros, Fidelity::Microsecond, Basis::Format)), None);
    }
    let text = "the time of a record cannot be; the record was kept without one, its number in SystemTime_FILETIME";
    sink.problem(Problem::new(ProblemKind::Time, Some(at), text));
    (None, Some(format!("0x{ticks:016x}")))
}

fn problem(trouble: &Trouble) -> Problem {
    let kind = match trouble.kind {
        TroubleKind::HeaderChecksum | TroubleKind::RecordsChecksum => ProblemKind::Checksum,
        TroubleKind::Truncated => ProblemKind::Truncated,
        TroubleKind::Content(Broken::Bound(_)) => ProblemKind::Bound,
        TroubleKind::Unreadable => ProblemKind::Unreadable,
        _ => ProblemKind::Malformed,
    };
    let at = trouble.record.map_or(At::Offset(trouble.offset), At::Record);
    let problem = Problem::new(kind, Some(at), trouble.to_string());
    if trouble.bytes > 0 { problem.bytes(trouble.bytes) } else { problem }
}

/// What the file header says against what was found: notes only, the chunks speak for themselves.
fn header(headers: &[FileHeader], found: u64, sink: &mut dyn Sink) {
    let mut note = |kind, offset, text: &str| sink.problem(Problem::new(kind, Some(At::Offset(offset)), text));
    let Some(first) = headers.first() else {
        note(ProblemKind::Malformed, 0, "the file header is missing; chunks were found by their own magic");
        return;
    };
    if first.offset != 0 {
        note(ProblemKind::Malformed, 0, "the log does not begin at the start of the file");
    }
    if let Some(second) = headers.get(1) {
        note(ProblemKind::Malformed, second.offset, "another log begins inside the file; its records were read too");
    }
    if !first.usual_shape {
        note(ProblemKind::Unsupported, first.offset, "the file header names an unknown version or size of blocks");
    }
    if first.dirty {
        let text = "the log was in use when it was copied (header marked dirty): its newest records may be missing";
        note(ProblemKind::Changed, first.offset, text);
    } else if !first.checksum_agrees {
        note(ProblemKind::Checksum, first.offset, "the file header does not agree with its checksum");
    } else if headers.len() == 1 && u64::from(first.chunks) != found & 0xffff {
        note(ProblemKind::Malformed, first.offset, "the file header states another number of chunks than were found");
    }
    if first.full {
        note(ProblemKind::Gap, first.offset, "the header is marked full: what happened later was not logged here");
    }
}
