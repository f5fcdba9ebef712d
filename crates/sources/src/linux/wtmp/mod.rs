//! Logons as the C library keeps them: wtmp, btmp and utmp, in records of 384 or 400 bytes, either byte order.

use std::io::SeekFrom;

use konseki_model::{At, Basis, Core, Event, Fidelity, Field, Piece, Problem, ProblemKind, Records, Sink, Stamp};

use crate::mapper::Scratch;
use crate::{Input, Reading, Source};

pub struct Wtmp;
pub static SOURCE: Wtmp = Wtmp;

/// Layout of `struct utmp` (glibc, bits/utmp.h): 384 bytes where times have 32 bits, 400 where they have 64.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Layout {
    size: usize,
    big_endian: bool,
}

const LAYOUTS: [Layout; 4] = [
    Layout { size: 384, big_endian: false },
    Layout { size: 400, big_endian: false },
    Layout { size: 384, big_endian: true },
    Layout { size: 400, big_endian: true },
];

/// `ut_type` by number, as utmp(5) names them.
const TYPES: [&str; 10] = [
    "EMPTY",
    "RUN_LVL",
    "BOOT_TIME",
    "NEW_TIME",
    "OLD_TIME",
    "INIT_PROCESS",
    "LOGIN_PROCESS",
    "USER_PROCESS",
    "DEAD_PROCESS",
    "ACCOUNTING",
];

#[derive(Debug, Default)]
struct Entry {
    kind: usize,
    pid: i64,
    line: String,
    id: String,
    user: String,
    host: String,
    session: i64,
    seconds: i64,
    micros: i64,
    address: String,
}

impl Layout {
    fn number(self, record: &[u8], at: usize, width: usize) -> Option<i64> {
        let bytes = record.get(at..at + width)?;
        let mut value: u64 = 0;
        for byte in 0..width {
            let index = if self.big_endian { byte } else { width - 1 - byte };
            value = value << 8 | u64::from(*bytes.get(index)?);
        }
        let unused = 64 - u32::try_from(width).ok()? * 8;
        Some(((value << unused) as i64) >> unused)
    }

    /// `None` where the bytes are no record of this layout.
    fn entry(self, record: &[u8]) -> Option<Entry> {
        let kind = usize::try_from(self.number(record, 0, 2)?).ok().filter(|kind| *kind < TYPES.len())?;
        let (time, address) = if self.size == 384 { (340, 348) } else { (344, 360) };
        let wide = if self.size == 384 { 4 } else { 8 };
        let micros = self.number(record, time + wide, wide)?;
        let entry = Entry {
            kind,
            pid: self.number(record, 4, 4)?,
            line: text(record.get(8..40)?)?,
            id: text(record.get(40..44)?).unwrap_or_default(),
            user: text(record.get(44..76)?)?,
            host: text(record.get(76..332)?)?,
            session: self.number(record, 336, wide)?,
            seconds: self.number(record, time, wide)?,
            micros,
            address: address_of(record.get(address..address + 16)?),
        };
        // After 1990 and before 2100; no time at all is allowed.
        let sound = (0..1_000_000).contains(&micros) && (entry.seconds == 0 || (631_152_000..4_102_444_800).contains(&entry.seconds));
        sound.then_some(entry)
    }
}

/// Text up to the first NUL. What stands behind it is what was there before; control characters mean that it is no text.
fn text(bytes: &[u8]) -> Option<String> {
    let end = memchr::memchr(0, bytes).unwrap_or(bytes.len());
    let text = bytes.get(..end)?;
    (!text.iter().any(|b| *b < 0x20 || *b == 0x7f)).then(|| String::from_utf8_lossy(text).into_owned())
}

/// Four bytes of IPv4, or sixteen of IPv6, in network order.
fn address_of(bytes: &[u8]) -> String {
    let Ok(wide) = <[u8; 16]>::try_from(bytes) else { return String::new() };
    let [a, b, c, d, rest @ ..] = wide;
    if wide == [0; 16] {
        String::new()
    } else if rest == [0; 12] {
        std::net::Ipv4Addr::new(a, b, c, d).to_string()
    } else {
        let address = std::net::Ipv6Addr::from(wide);
        address.to_ipv4_mapped().map_or_else(|| address.to_string(), |short| short.to_string())
    }
}

/// The layout in which the first records hold, most of them not empty.
fn layout(piece: &Piece<'_>) -> Option<Layout> {
    LAYOUTS.into_iter().find(|layout| {
        let records = piece.head.chunks_exact(layout.size).take(8);
        let read: Vec<_> = records.map(|record| layout.entry(record)).collect();
        let used = read.iter().flatten().filter(|entry| entry.kind > 0 && entry.seconds > 0).count();
        !read.is_empty() && read.iter().all(Option::is_some) && used > 0
    })
}

impl Source for Wtmp {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        let name = piece.name().to_ascii_lowercase();
        ["wtmp", "btmp", "utmp"].iter().any(|known| name.starts_with(known)) && layout(piece).is_some()
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let Some(layout) = layout(&reading.piece).filter(|_| input.seek(SeekFrom::Start(0)).is_ok()) else {
            sink.problem(Problem::new(ProblemKind::Unreadable, None, "the evidence is no list of logons or cannot be read from its start"));
            return;
        };
        let failed = reading.piece.name().to_ascii_lowercase().starts_with("btmp");
        let mut log =
            Log { reading, scratch: Scratch::default(), layout, file: if failed { "btmp" } else { "wtmp" }, counts: Records::default() };
        let mut record = vec![0; layout.size];
        let mut offset = 0;
        loop {
            let filled = match fill(input, &mut record) {
                Ok(filled) => filled,
                Err(error) => {
                    sink.problem(Problem::new(ProblemKind::Unreadable, Some(At::Offset(offset)), format!("reading stopped: {error}")));
                    break;
                }
            };
            if filled == 0 {
                break;
            }
            log.counts.read += 1;
            if filled < record.len() {
                log.counts.rejected += 1;
                let text = "the file ends within a record";
                sink.problem(Problem::new(ProblemKind::Truncated, Some(At::Offset(offset)), text).bytes(filled as u64));
                break;
            }
            log.record(&record, offset, sink);
            offset += filled as u64;
        }
        sink.records(log.counts);
        sink.zone("UTC", Basis::Format.as_str());
    }
}

fn fill(input: &mut dyn Input, room: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = room.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match input.read(rest)? {
            0 => break,
            got => filled += got,
        }
    }
    Ok(filled)
}

struct Log<'r> {
    reading: &'r Reading<'r>,
    scratch: Scratch,
    layout: Layout,
    file: &'static str,
    counts: Records,
}

impl Log<'_> {
    fn record(&mut self, record: &[u8], offset: u64, sink: &mut dyn Sink) {
        let at = At::Offset(offset);
        if record.iter().all(|b| *b == 0) {
            self.counts.blank += 1;
            if self.reading.piece.name().to_ascii_lowercase().starts_with("utmp") {
                return;
            }
            // Tools that clean logons overwrite a record with zeroes; only utmp has empty places of its own.
            let text = "a record of zeroes: tools that remove logons from wtmp leave them";
            sink.problem(Problem::new(ProblemKind::Gap, Some(at), text).bytes(record.len() as u64));
            return;
        }
        let Some(entry) = self.layout.entry(record) else {
            self.counts.rejected += 1;
            sink.problem(Problem::new(ProblemKind::Malformed, Some(at), "bytes that are no record of a logon"));
            return;
        };
        self.counts.events += 1;
        let kind = TYPES.get(entry.kind).copied().unwrap_or_default();
        let (pid, session) = (entry.pid.to_string(), entry.session.to_string());
        let mut fields = vec![Field::new("file", self.file), Field::new("type", kind), Field::new("pid", &pid)];
        let session = if entry.session == 0 { "" } else { &session };
        let texts = [("user", &entry.user), ("line", &entry.line), ("id", &entry.id), ("host", &entry.host), ("addr", &entry.address)];
        fields.extend(texts.into_iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| Field::new(name, value)));
        fields.extend((!session.is_empty()).then(|| Field::new("session", session)));
        let stamp = Stamp::new(entry.seconds * 1_000_000 + entry.micros, Fidelity::Microsecond, Basis::Format);
        let (kind, core) = self.reading.about.mapper.apply(&fields, &mut self.scratch);
        let core = Core { host: self.reading.hints.host.as_deref().unwrap_or_default(), ..core };
        let time = (entry.seconds > 0).then_some(stamp);
        sink.event(&Event { at, time, kind, core, fields: &fields, raw: &[] });
    }
}
