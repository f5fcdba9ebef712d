//! Runs compiled templates over the values of one record: fields and their text, in scratch that is used again.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::bytes::{number, take, u32_at};
use super::compile::{NameOffsets, compile};
use super::names::{KNOWN, Known, NameId, Names};
use super::program::{Ctx, Keep, Op, Part, Parts, Program};
use super::stream::{Instance, instance};
use super::trouble::Broken;
use super::value::{self, kind};

/// Deepest nesting of BinXML in BinXML; real records have two levels.
const MAX_NESTING: u32 = 64;
/// Work and text that one record may cost, what all records of a chunk may cost above the small share that
/// every record has in any case: a record made to explode is refused, and the good one after it is still read.
const RECORD_WORK: u32 = 1 << 16;
const CHUNK_WORK: u32 = 1 << 20;
const SMALL_WORK: u32 = 1 << 13;
const RECORD_TEXT: usize = 4 << 20;
const SMALL_TEXT: usize = 256 << 10;

/// A value of a template instance: its bytes lie in the chunk.
#[derive(Clone, Copy, Debug)]
struct Value {
    kind: u8,
    len: u16,
    at: u32,
}

/// A field of the record: name and range of the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub name: NameId,
    pub start: u32,
    pub end: u32,
}

/// `known` holds this where the record has no such field.
pub(super) const NONE: u32 = u32::MAX;

#[derive(Debug)]
pub(super) struct Machine {
    pub names: Names,
    offsets: NameOffsets,
    programs: FxHashMap<(u32, Ctx), Result<Arc<Program>, Broken>>,
    values: Vec<Value>,
    pub slots: Vec<Slot>,
    pub text: Vec<u8>,
    /// By name: the section that last used it and how often.
    marks: Vec<(u32, u32)>,
    section: u32,
    attribute_hit: bool,
    pub known: [u32; KNOWN.len()],
    /// `TimeCreated`, where it is a FILETIME.
    pub created: Option<u64>,
    work: u32,
    text_limit: usize,
    chunk_work: u32,
}

impl Machine {
    pub(super) fn new() -> Self {
        Self {
            names: Names::new(),
            offsets: NameOffsets::default(),
            programs: FxHashMap::default(),
            values: Vec::new(),
            slots: Vec::new(),
            text: Vec::new(),
            marks: Vec::new(),
            section: 0,
            attribute_hit: false,
            known: [NONE; KNOWN.len()],
            created: None,
            work: 0,
            text_limit: RECORD_TEXT,
            chunk_work: CHUNK_WORK,
        }
    }

    /// Forgets what belongs to a chunk.
    pub(super) fn begin_chunk(&mut self) {
        self.offsets.clear();
        self.programs.clear();
        self.chunk_work = CHUNK_WORK;
        if self.names.is_full() {
            self.names = Names::new();
            self.marks.clear();
        }
        if self.text.capacity() > 2 * SMALL_TEXT {
            self.text = Vec::new();
            self.slots = Vec::new();
        }
    }

    /// Reads the BinXML of a record, `data[start..end]` of the chunk, into `slots` and `text`.
    pub(super) fn record(&mut self, data: &[u8], start: usize, end: usize) -> Result<(), Broken> {
        self.values.clear();
        self.slots.clear();
        self.text.clear();
        self.known = [NONE; KNOWN.len()];
        self.created = None;
        self.next_section();
        let rich = self.chunk_work > RECORD_WORK;
        let allowed = if rich { RECORD_WORK } else { SMALL_WORK };
        self.work = allowed;
        self.text_limit = if rich { RECORD_TEXT } else { SMALL_TEXT };
        let mut result = self.fragment(data, start, end, Ctx::Root, 0);
        if self.slots.is_empty() && result.is_ok() {
            result = Err(Broken::Shape("it holds no event"));
        }
        let spent = (allowed - self.work).max((self.text.len() / 64) as u32);
        self.chunk_work = self.chunk_work.saturating_sub(spent.saturating_sub(SMALL_WORK));
        result
    }

    fn next_section(&mut self) {
        self.section = self.section.wrapping_add(1);
        if self.section == 0 {
            self.marks.clear();
            self.section = 1;
        }
    }

    #[inline]
    fn spend(&mut self, work: u32) -> Result<(), Broken> {
        match self.work.checked_sub(work) {
            Some(left) if self.text.len() <= self.text_limit => {
                self.work = left;
                Ok(())
            }
            _ => Err(Broken::Bound("the record unfolds to more than any real record holds")),
        }
    }

    /// A stream that is no template: one instance in nearly every record, anything else is compiled on the spot.
    fn fragment(&mut self, data: &[u8], start: usize, end: usize, ctx: Ctx, depth: u32) -> Result<(), Broken> {
        if depth > MAX_NESTING {
            return Err(Broken::Bound("BinXML nested too deeply"));
        }
        let stream = data.get(start..end).unwrap_or_default();
        let at = match stream {
            [0x0f, _, _, _, 0x0c, ..] => Some(start + 4),
            [0x0c, ..] => Some(start),
            _ => None,
        };
        if let Some(at) = at {
            let instance = instance(data, at, end)?;
            if matches!(data.get(instance.values_end..end), Some([] | [0, ..])) {
                return self.instance(data, instance, ctx, depth);
            }
        }
        self.spend(1 + stream.len() as u32 / 16)?;
        let program = compile(data, (start, end), false, ctx, &mut self.names, &mut self.offsets)?;
        let base = self.values.len();
        self.run(data, &program, base, depth)
    }

    fn instance(&mut self, data: &[u8], instance: Instance, ctx: Ctx, depth: u32) -> Result<(), Broken> {
        let program = self.program(data, instance.definition, ctx)?;
        self.spend(1 + instance.count as u32 / 4)?;
        let base = self.values.len();
        let table = take(data, instance.descriptors, 4 * instance.count).unwrap_or_default();
        let mut at = instance.values as u32;
        self.values.extend(table.as_chunks::<4>().0.iter().map(|[lo, hi, kind, _]| {
            let value = Value { kind: *kind, len: u16::from_le_bytes([*lo, *hi]), at };
            at += u32::from(value.len);
            value
        }));
        let result = self.run(data, &program, base, depth);
        self.values.truncate(base);
        result
    }

    fn program(&mut self, data: &[u8], definition: u32, ctx: Ctx) -> Result<Arc<Program>, Broken> {
        if let Some(program) = self.programs.get(&(definition, ctx)) {
            return program.clone();
        }
        let start = definition as usize;
        let body = u32_at(data, start.saturating_add(20))
            .and_then(|size| Some((start + 24, (start + 24).checked_add(size as usize)?)))
            .filter(|(_, end)| *end <= data.len());
        let program = match body {
            Some(body) => match compile(data, body, true, ctx, &mut self.names, &mut self.offsets) {
                Ok(program) if program.roots == 0 => Err(Broken::Shape("its template holds no element")),
                compiled => compiled.map(Arc::new),
            },
            None => Err(Broken::Short("a template")),
        };
        self.programs.insert((definition, ctx), program.clone());
        program
    }

    fn run(&mut self, data: &[u8], program: &Program, base: usize, depth: u32) -> Result<(), Broken> {
        self.spend(program.ops.len() as u32)?;
        let mut ops = program.ops.iter();
        while let Some(op) = ops.next() {
            match *op {
                Op::Field { name, sub, keep, inner } => {
                    let Some(value) = self.values.get(base + usize::from(sub)).copied() else {
                        self.empty(name, keep);
                        continue;
                    };
                    self.field(data, name, value, keep, inner, depth)?;
                }
                Op::Section => self.next_section(),
                Op::Attrs => self.attribute_hit = false,
                Op::Guard { value, skip } => {
                    let null = self.values.get(base + usize::from(value)).is_some_and(|v| v.kind == kind::NULL);
                    if null && let Some(last) = (skip as usize).checked_sub(1) {
                        ops.nth(last);
                    }
                }
                Op::Text { name, parts, keep, inner } => {
                    self.mixed(data, program, name, parts, keep, (inner, base, depth))?;
                }
                Op::Named { name, parts, inner } => {
                    let start = self.text.len();
                    self.parts(data, program, name, base, None);
                    let id = match self.text.get(start..) {
                        None | Some([]) => self.names.id("Data"),
                        Some(text) => self.names.id(&String::from_utf8_lossy(text)),
                    };
                    self.spend((self.text.len() - start) as u32 / 64)?;
                    self.text.truncate(start);
                    self.mixed(data, program, id, parts, Keep::Always, (inner, base, depth))?;
                }
                Op::Instance { at, ctx } => {
                    let instance = instance(data, at as usize, data.len())?;
                    if depth >= MAX_NESTING {
                        return Err(Broken::Bound("BinXML nested too deeply"));
                    }
                    self.instance(data, instance, ctx, depth + 1)?;
                }
            }
        }
        Ok(())
    }

    fn empty(&mut self, name: NameId, keep: Keep) {
        let start = self.text.len();
        self.emit(name, start, keep);
    }

    fn field(&mut self, data: &[u8], name: NameId, value: Value, keep: Keep, inner: Ctx, depth: u32) -> Result<(), Broken> {
        let at = value.at as usize;
        let end = at + usize::from(value.len);
        let bytes = data.get(at..end).unwrap_or_default();
        if value.kind == kind::BINXML && !bytes.is_empty() {
            if keep == Keep::Attr {
                return Err(Broken::Shape("BinXML inside an attribute"));
            }
            self.spend(1)?;
            return self.fragment(data, at, end, inner, depth + 1);
        }
        if value.kind & kind::ARRAY != 0 && keep != Keep::Attr {
            return self.array(name, value.kind & 0x7f, bytes, keep);
        }
        let start = self.text.len();
        value::write(value.kind, bytes, &mut self.text);
        if name == Known::SystemTime as NameId && value.kind == kind::FILETIME && self.created.is_none() {
            self.created = Some(number(bytes, 8));
        }
        self.emit(name, start, keep);
        Ok(())
    }

    /// An array repeats its element (MS-EVEN6 3.1.4.7.5): `name`, `name_1`, …
    fn array(&mut self, name: NameId, base: u8, bytes: &[u8], keep: Keep) -> Result<(), Broken> {
        let mut rest = bytes;
        let mut any = false;
        while let Some((item, tail)) = value::next_item(base, rest) {
            self.spend(1)?;
            let start = self.text.len();
            value::write(base, item, &mut self.text);
            self.emit(name, start, keep);
            any = true;
            rest = tail;
        }
        if !any {
            self.empty(name, keep);
        }
        Ok(())
    }

    /// A field of several parts. BinXML among them is read first, in its place among the elements; an array among
    /// them repeats the field.
    fn mixed(
        &mut self,
        data: &[u8],
        program: &Program,
        name: NameId,
        parts: Parts,
        keep: Keep,
        (inner, base, depth): (Ctx, usize, u32),
    ) -> Result<(), Broken> {
        self.spend(parts.count)?;
        let mut keep = keep;
        let mut array = None;
        for (index, part) in program.parts(parts).iter().enumerate() {
            let (at, len) = match *part {
                Part::Lit { .. } => continue,
                Part::Fragment { at, len } => (at as usize, len as usize),
                Part::Sub(sub) => match self.values.get(base + usize::from(sub)) {
                    Some(value) if value.kind == kind::BINXML => (value.at as usize, usize::from(value.len)),
                    Some(value) if value.kind & kind::ARRAY != 0 && array.is_none() => {
                        array = Some((index, *value));
                        continue;
                    }
                    _ => continue,
                },
            };
            if len > 0 && keep != Keep::Attr {
                keep = Keep::NonEmpty;
                self.fragment(data, at, at + len, inner, depth + 1)?;
            }
        }
        let Some((index, value)) = array.filter(|_| keep != Keep::Attr) else {
            let start = self.text.len();
            self.parts(data, program, parts, base, None);
            self.emit(name, start, keep);
            return Ok(());
        };
        let mut rest = take(data, value.at as usize, usize::from(value.len)).unwrap_or_default();
        let mut first = true;
        loop {
            let item = value::next_item(value.kind & 0x7f, rest);
            if item.is_none() && !first {
                return Ok(());
            }
            first = false;
            let (item, tail) = item.unwrap_or_default();
            self.spend(1 + parts.count)?;
            let start = self.text.len();
            self.parts(data, program, parts, base, Some((index, value.kind & 0x7f, item)));
            self.emit(name, start, keep);
            rest = tail;
        }
    }

    /// Text of parts one after the other; `item` stands in for the part of that number.
    fn parts(&mut self, data: &[u8], program: &Program, parts: Parts, base: usize, item: Option<(usize, u8, &[u8])>) {
        for (index, part) in program.parts(parts).iter().enumerate() {
            match *part {
                Part::Lit { start, len } => self.text.extend_from_slice(program.lit(start, len)),
                Part::Fragment { .. } => {}
                Part::Sub(sub) => match (item, self.values.get(base + usize::from(sub))) {
                    (Some((at, kind, bytes)), _) if at == index => value::write(kind, bytes, &mut self.text),
                    (_, Some(value)) => {
                        let bytes = take(data, value.at as usize, usize::from(value.len)).unwrap_or_default();
                        value::write(value.kind, bytes, &mut self.text);
                    }
                    _ => {}
                },
            }
        }
    }

    #[inline]
    fn emit(&mut self, name: NameId, start: usize, keep: Keep) {
        let end = self.text.len();
        match keep {
            Keep::Always => {}
            Keep::NonEmpty if start == end => return,
            Keep::NonEmpty => {}
            Keep::Attr if start == end => return,
            Keep::Attr => self.attribute_hit = true,
            Keep::UnlessAttr if start == end && self.attribute_hit => return,
            Keep::UnlessAttr => {}
        }
        let name = self.unrepeated(name);
        if let Some(known) = self.known.get_mut(name as usize)
            && *known == NONE
        {
            *known = self.slots.len() as u32;
        }
        self.slots.push(Slot { name, start: start as u32, end: end as u32 });
    }

    /// The name, numbered where the section has used it already.
    #[inline]
    fn unrepeated(&mut self, name: NameId) -> NameId {
        let at = name as usize;
        if at >= self.marks.len() {
            self.marks.resize(self.names.len().max(at + 1), (0, 0));
        }
        let Some(mark) = self.marks.get_mut(at) else { return name };
        if mark.0 != self.section {
            *mark = (self.section, 0);
            return name;
        }
        mark.1 += 1;
        self.names.numbered(name, mark.1)
    }
}
