//! Events as compact bytes behind a key: packed from columns, sorted by key alone, unpacked into a record used again.
//!
//! Body: kind, source, unit, fidelity, basis as places in [`Names`] or of a vocabulary; a bit for each number that is there;
//! the numbers; texts of the core without the kind; count of native fields, each a name (place in [`Names`]) and a value.
//! All numbers are LEB128; a text is its length and its bytes.

use std::sync::Arc;

use arrow::array::{Array, StringArray};
use konseki_model::{At, Basis, Fidelity, Kind, Record, Stamp};
use rustc_hash::FxHashMap;

use super::Native;
use super::runs::{Run, Spill};
use super::scan::Columns;
use crate::{Error, TEXTS};

/// What decides the order. `order`: file and row, so that nothing is left to chance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub time: Option<i64>,
    /// Id of a piece of evidence, padded (an id has 13 bytes).
    pub evidence: [u8; 16],
    pub at: u64,
    pub order: u64,
}

/// Key, start and length of a packed event.
pub(super) type Place = (Key, usize, usize);

/// What repeats in events, by number.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub kinds: Vec<Option<Kind>>,
    pub sources: Vec<String>,
    pub stamps: Vec<(Fidelity, Basis)>,
    pub fields: Vec<String>,
}

const UNITS: [&str; 3] = ["line", "record", "offset"];
/// A new name beyond this many is written out where it stands.
const FIELD_NAMES: usize = 1 << 16;

/// Gathers packed events of one thread; full, it becomes a sorted run.
pub(super) struct Packer<'a> {
    memory: usize,
    spill: Option<&'a Spill>,
    bytes: Vec<u8>,
    index: Vec<Place>,
    names: Names,
    known: Known,
    native: Native,
    /// Room for the native fields of one event.
    fields: Vec<u8>,
    runs: Vec<Run>,
}

#[derive(Default)]
struct Known {
    kinds: FxHashMap<String, usize>,
    sources: FxHashMap<String, usize>,
    fields: FxHashMap<String, Named>,
}

/// A native field's name.
#[derive(Clone, Copy)]
enum Named {
    /// Its place in [`Names`].
    At(usize),
    /// Written out where it stands.
    Out,
    /// Nobody asks for it.
    Unwanted,
}

fn place(known: &mut FxHashMap<String, usize>, text: &str, add: impl FnOnce() -> usize) -> usize {
    if let Some(at) = known.get(text) {
        return *at;
    }
    let at = add();
    known.insert(text.to_owned(), at);
    at
}

fn number(to: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        to.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    to.push(value as u8);
}

fn text(to: &mut Vec<u8>, value: &str) {
    number(to, value.len() as u64);
    to.extend_from_slice(value.as_bytes());
}

impl<'a> Packer<'a> {
    pub fn new(memory: usize, spill: Option<&'a Spill>, native: Native) -> Self {
        Self {
            memory,
            spill,
            // Growing by doubling would hold three times the bound at its worst; room that is not touched costs nothing.
            bytes: Vec::with_capacity(memory),
            index: Vec::with_capacity(memory / 256),
            names: Names::default(),
            known: Known::default(),
            native,
            fields: Vec::new(),
            runs: Vec::new(),
        }
    }

    /// # Errors
    /// No room on the disk, or none in memory where nothing may be written.
    pub fn push(&mut self, columns: &Columns<'_>, row: usize, stamp: Option<Stamp>, order: u64) -> Result<(), Error> {
        let mut evidence = [0; 16];
        for (to, from) in evidence.iter_mut().zip(columns.evidence.value(row).bytes()) {
            *to = from;
        }
        let start = self.bytes.len();
        self.body(columns, row, stamp);
        let time = stamp.map(|stamp| stamp.micros);
        self.index.push((Key { time, evidence, at: columns.at.value(row), order }, start, self.bytes.len() - start));
        if self.bytes.len() + self.index.len() * size_of::<Place>() >= self.memory {
            self.close()?;
        }
        Ok(())
    }

    fn body(&mut self, columns: &Columns<'_>, row: usize, stamp: Option<Stamp>) {
        let Self { bytes, names, known, native, fields, .. } = self;
        let cell = |column| cell(column, row);
        let kind = cell(columns.kind);
        let at = place(&mut known.kinds, kind, || {
            names.kinds.push(Kind::parse(kind));
            names.kinds.len() - 1
        });
        number(bytes, at as u64);
        let source = columns.source.value(row);
        let at = place(&mut known.sources, source, || {
            names.sources.push(source.to_owned());
            names.sources.len() - 1
        });
        number(bytes, at as u64);
        let unit = columns.unit.value(row);
        number(bytes, UNITS.iter().position(|one| *one == unit).unwrap_or(UNITS.len()) as u64);
        let stamp = stamp.map_or((Fidelity::Second, Basis::Assumed), |stamp| (stamp.fidelity, stamp.basis));
        // Few pairs: a walk finds them.
        let at = names.stamps.iter().position(|known| *known == stamp).unwrap_or_else(|| {
            names.stamps.push(stamp);
            names.stamps.len() - 1
        });
        number(bytes, at as u64);
        let numbers = columns.numbers(row);
        let there = numbers.iter().enumerate().fold(0, |bits, (at, one)| bits | u64::from(one.is_some()) << at);
        number(bytes, there);
        for one in numbers.into_iter().flatten() {
            number(bytes, one);
        }
        for (name, column) in TEXTS.iter().zip(columns.texts) {
            if *name != "kind" {
                text(bytes, cell(column));
            }
        }
        let mut count = 0;
        fields.clear();
        for (name, value) in columns.fields(row) {
            match field(names, known, *native, name) {
                Named::At(at) => number(fields, at as u64 + 1),
                Named::Out => {
                    number(fields, 0);
                    text(fields, name);
                }
                Named::Unwanted => continue,
            }
            text(fields, value);
            count += 1;
        }
        number(bytes, count);
        bytes.extend_from_slice(fields);
    }

    fn close(&mut self) -> Result<(), Error> {
        let Some(spill) = self.spill else {
            return Err(Error::Query("more events than memory holds, and nothing may be written: ask for fewer".to_owned()));
        };
        self.index.sort_unstable();
        let spans = spill.write(self.in_order())?;
        self.runs.push(Run::spilled(spans));
        self.bytes.clear();
        self.index.clear();
        Ok(())
    }

    fn in_order(&self) -> impl Iterator<Item = (Key, &[u8])> {
        self.index.iter().map(|(key, start, length)| (*key, self.bytes.get(*start..start + length).unwrap_or_default()))
    }

    /// The runs of this thread: what was spilled, and what is still in memory.
    ///
    /// # Errors
    /// As `push`.
    pub fn finish(mut self) -> Result<Vec<Run>, Error> {
        self.index.sort_unstable();
        let names = Arc::new(std::mem::take(&mut self.names));
        let (bytes, index) = (std::mem::take(&mut self.bytes), std::mem::take(&mut self.index));
        if !index.is_empty() {
            self.runs.push(Run::held(bytes, index));
        }
        for run in &mut self.runs {
            run.names = Arc::clone(&names);
        }
        Ok(self.runs)
    }
}

/// Nothing is an empty text.
fn cell(column: Option<&StringArray>, row: usize) -> &str {
    column.filter(|column| !column.is_null(row)).map_or("", |column| column.value(row))
}

fn field(names: &mut Names, known: &mut Known, native: Native, name: &str) -> Named {
    if let Some(named) = known.fields.get(name) {
        return *named;
    }
    let named = match native {
        Native::Of(wanted) if !wanted.contains(&name) => Named::Unwanted,
        _ if names.fields.len() >= FIELD_NAMES => Named::Out,
        _ => {
            names.fields.push(name.to_owned());
            Named::At(names.fields.len() - 1)
        }
    };
    if known.fields.len() < 2 * FIELD_NAMES {
        known.fields.insert(name.to_owned(), named);
    }
    named
}

/// Walks over a body. What `Packer` wrote is whole; a damaged spill file gives empty values, never a panic.
struct Body<'a>(&'a [u8]);

impl<'a> Body<'a> {
    fn number(&mut self) -> u64 {
        let (mut value, mut shift) = (0_u64, 0_u32);
        while let Some((byte, rest)) = self.0.split_first() {
            self.0 = rest;
            value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        value
    }

    fn place(&mut self) -> usize {
        usize::try_from(self.number()).unwrap_or(usize::MAX)
    }

    fn text(&mut self) -> &'a str {
        let length = self.place().min(self.0.len());
        let (text, rest) = self.0.split_at(length);
        self.0 = rest;
        std::str::from_utf8(text).unwrap_or_default()
    }
}

/// Place of the kind in [`Names`].
pub(super) fn kind(body: &[u8]) -> Option<usize> {
    (!body.is_empty()).then(|| Body(body).place())
}

fn set(to: &mut String, value: &str) {
    to.clear();
    to.push_str(value);
}

/// Fills the record anew, in the room that it has.
pub(super) fn unpack(key: &Key, body: &[u8], names: &Names, record: &mut Record) {
    let mut body = Body(body);
    let id = key.evidence.split(|byte| *byte == 0).next().unwrap_or_default();
    set(&mut record.evidence, std::str::from_utf8(id).unwrap_or_default());
    record.kind = names.kinds.get(body.place()).copied().flatten();
    set(&mut record.source, names.sources.get(body.place()).map_or("", String::as_str));
    record.at = At::parse(UNITS.get(body.place()).copied().unwrap_or_default(), key.at);
    let stamp = names.stamps.get(body.place());
    record.time = key.time.zip(stamp).map(|(time, (fidelity, basis))| Stamp::new(time, *fidelity, *basis));
    let there = body.number();
    let mut next = |bit: u32| (there >> bit & 1 == 1).then(|| body.number());
    record.src_port = next(0).and_then(|port| u16::try_from(port).ok());
    record.dst_port = next(1).and_then(|port| u16::try_from(port).ok());
    record.bytes_out = next(2);
    record.bytes_in = next(3);
    record.duration = next(4).map(u64::cast_signed);
    for name in TEXTS.iter().filter(|name| **name != "kind") {
        let value = body.text();
        set(room(record, name), value);
    }
    let count = body.place().min(body.0.len());
    record.fields.truncate(count);
    for at in 0..count {
        let place = body.place();
        let name = if place == 0 { body.text() } else { names.fields.get(place - 1).map_or("", String::as_str) };
        let value = body.text();
        if let Some(known) = record.fields.get_mut(at) {
            set(&mut known.0, name);
            set(&mut known.1, value);
        } else {
            record.fields.push((name.to_owned(), value.to_owned()));
        }
    }
}

fn room<'r>(record: &'r mut Record, name: &str) -> &'r mut String {
    match name {
        "host" => &mut record.host,
        "user" => &mut record.user,
        "src" => &mut record.src,
        "dst" => &mut record.dst,
        "session" => &mut record.session,
        "object" => &mut record.object,
        "target" => &mut record.target,
        "command" => &mut record.command,
        "outcome" => &mut record.outcome,
        "assigned" => &mut record.assigned,
        "agent" => &mut record.agent,
        _ => &mut record.raw,
    }
}
