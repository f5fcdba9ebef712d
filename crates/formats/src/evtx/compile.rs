//! BinXML to a program: elements and attributes become named fields, once per template.

use rustc_hash::FxHashMap;

use super::names::{Known, NameId, Names};
use super::program::{Ctx, Keep, Op, Part, Parts, Program};
use super::stream::{Stream, Token, name_at};
use super::trouble::Broken;
use super::{text, value};

/// Deepest nesting of elements; real events have five levels.
const MAX_DEPTH: usize = 512;

/// Names of one chunk by their offset; emptied with every chunk.
pub(super) type NameOffsets = FxHashMap<u32, NameId>;

/// Compiles `data[start..end]` as it reads where `ctx` names its fields.
/// `in_template`: the stream is a template definition.
pub(super) fn compile(
    data: &[u8],
    (start, end): (usize, usize),
    in_template: bool,
    ctx: Ctx,
    names: &mut Names,
    offsets: &mut NameOffsets,
) -> Result<Program, Broken> {
    let stream = Stream { data, pos: start, end, in_template };
    let mut compiler = Compiler {
        stream,
        names,
        offsets,
        ctx,
        program: Program::default(),
        open: Vec::new(),
        parts: Vec::new(),
        attribute: None,
        in_start: false,
    };
    compiler.run()?;
    Ok(compiler.program)
}

enum DataName {
    /// Not a `Data` element of a section that names it.
    No,
    Absent,
    Fixed(NameId),
    Substituted(Parts),
}

struct Open {
    name: NameId,
    outer: Ctx,
    inner: Ctx,
    guard: Option<usize>,
    /// Its text parts begin here.
    parts: usize,
    has_elements: bool,
    has_attributes: bool,
    data: DataName,
}

struct Compiler<'a, 'n> {
    stream: Stream<'a>,
    names: &'n mut Names,
    offsets: &'n mut NameOffsets,
    ctx: Ctx,
    program: Program,
    open: Vec<Open>,
    /// Text parts of the open elements, innermost last.
    parts: Vec<Part>,
    /// Name of the attribute being read and where its parts begin.
    attribute: Option<(NameId, usize)>,
    in_start: bool,
}

impl Compiler<'_, '_> {
    fn run(&mut self) -> Result<(), Broken> {
        loop {
            match self.stream.next()? {
                Token::End => break,
                Token::Nothing => {}
                Token::Open { name, depends } => self.open(name, depends)?,
                Token::Attribute { name } => {
                    if !self.in_start {
                        return Err(Broken::Shape("an attribute outside of an element start"));
                    }
                    self.end_attribute();
                    let name = self.name(name)?;
                    self.attribute = Some((name, self.parts.len()));
                }
                Token::CloseStart => self.end_start()?,
                Token::CloseEmpty => {
                    self.end_start()?;
                    self.close()?;
                }
                Token::Close => {
                    if self.in_start {
                        return Err(Broken::Shape("an element ends inside its start"));
                    }
                    self.close()?;
                }
                Token::Value { kind, at, bytes } => self.value(kind, at, bytes)?,
                Token::Text(bytes) => self.literal(|out| text::utf16(bytes, out))?,
                Token::Char(unit) => {
                    let ch = char::from_u32(u32::from(unit)).unwrap_or(char::REPLACEMENT_CHARACTER);
                    self.literal(|out| out.extend_from_slice(ch.to_string().as_bytes()))?;
                }
                Token::Entity { name } => self.entity(name)?,
                Token::Substitution(id) => self.part(Part::Sub(id))?,
                Token::Instance(at) => self.instance(at)?,
            }
        }
        if self.open.is_empty() { Ok(()) } else { Err(Broken::Shape("an element does not end")) }
    }

    fn name(&mut self, offset: u32) -> Result<NameId, Broken> {
        if let Some(id) = self.offsets.get(&offset) {
            return Ok(*id);
        }
        let mut name = Vec::new();
        name_at(self.stream.data, offset, &mut name)?;
        let id = self.names.id(&String::from_utf8_lossy(&name));
        self.offsets.insert(offset, id);
        Ok(id)
    }

    fn is(&self, name: NameId, text: &str) -> bool {
        self.names.get(name) == text
    }

    fn open(&mut self, name: u32, depends: Option<u16>) -> Result<(), Broken> {
        if self.in_start {
            return Err(Broken::Shape("an element begins inside an element start"));
        }
        if self.open.len() >= MAX_DEPTH {
            return Err(Broken::Bound("elements nested too deeply"));
        }
        let name = self.name(name)?;
        let outer = match self.open.last_mut() {
            Some(parent) => {
                parent.has_elements = true;
                parent.inner
            }
            None => {
                self.program.roots += 1;
                self.ctx
            }
        };
        // The root of a template has no parent to be left out of.
        let guard = depends.filter(|_| !self.open.is_empty()).map(|value| {
            self.program.ops.push(Op::Guard { value, skip: 0 });
            self.program.ops.len() - 1
        });
        if outer == Ctx::Event {
            self.program.ops.push(Op::Section);
        }
        let inner = match outer {
            Ctx::Root => Ctx::Event,
            Ctx::Event => match self.names.get(name) {
                "System" => Ctx::System,
                "EventData" => Ctx::Data,
                "UserData" => Ctx::User,
                _ => Ctx::Other(name),
            },
            Ctx::System | Ctx::Data | Ctx::User => Ctx::User,
            Ctx::Other(section) => Ctx::Other(section),
        };
        let named = matches!(outer, Ctx::Data | Ctx::User) && self.is(name, "Data");
        let data = if named { DataName::Absent } else { DataName::No };
        let parts = self.parts.len();
        self.open.push(Open { name, outer, inner, guard, parts, has_elements: false, has_attributes: false, data });
        self.in_start = true;
        Ok(())
    }

    /// Moves the parts from `start` on into the program.
    fn settle(&mut self, start: usize) -> Parts {
        let first = self.program.parts.len() as u32;
        self.program.parts.extend(self.parts.drain(start..));
        Parts { first, count: self.program.parts.len() as u32 - first }
    }

    fn end_attribute(&mut self) {
        let Some((name, start)) = self.attribute.take() else { return };
        let Some(element) = self.open.last() else { return };
        if self.names.get(name).starts_with("xmlns") {
            self.parts.truncate(start);
            return;
        }
        let (element_name, outer, first) = (element.name, element.outer, !element.has_attributes);
        if !matches!(element.data, DataName::No) && self.is(name, "Name") {
            let data = self.data_name(start);
            if let Some(element) = self.open.last_mut() {
                element.data = data;
            }
            return;
        }
        let field = self.attribute_name(outer, element_name, name);
        if first {
            self.program.ops.push(Op::Attrs);
        }
        if let Some(element) = self.open.last_mut() {
            element.has_attributes = true;
        }
        self.field(field, start, Keep::Attr, Ctx::User);
    }

    /// The name that a `Name` attribute gives; its parts end with it.
    fn data_name(&mut self, start: usize) -> DataName {
        let parts = self.parts.get(start..).unwrap_or_default();
        if !parts.iter().all(|part| matches!(part, Part::Lit { .. })) {
            return DataName::Substituted(self.settle(start));
        }
        let mut name = Vec::new();
        for part in parts {
            if let Part::Lit { start, len } = part {
                name.extend_from_slice(self.program.lit(*start, *len));
            }
        }
        self.parts.truncate(start);
        if name.is_empty() {
            return DataName::Absent;
        }
        DataName::Fixed(self.names.id(&String::from_utf8_lossy(&name)))
    }

    fn attribute_name(&mut self, outer: Ctx, element: NameId, attribute: NameId) -> NameId {
        match outer {
            Ctx::System => match (self.names.get(element), self.names.get(attribute)) {
                ("TimeCreated", "SystemTime") => Known::SystemTime as NameId,
                ("EventID", "Qualifiers") => Known::Qualifiers as NameId,
                ("Provider", "EventSourceName") => Known::EventSourceName as NameId,
                _ => self.names.pair(element, attribute),
            },
            Ctx::Other(section) => {
                let name = self.names.pair(section, element);
                self.names.pair(name, attribute)
            }
            _ => self.names.pair(element, attribute),
        }
    }

    fn end_start(&mut self) -> Result<(), Broken> {
        if !self.in_start {
            return Err(Broken::Shape("an element start ends twice"));
        }
        self.end_attribute();
        self.in_start = false;
        let start = self.parts.len();
        if let Some(element) = self.open.last_mut() {
            element.parts = start;
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), Broken> {
        let Some(element) = self.open.pop() else {
            return Err(Broken::Shape("an element ends that did not begin"));
        };
        let keep = match element.outer {
            Ctx::Root | Ctx::Event | Ctx::System => Keep::NonEmpty,
            _ if element.has_elements => Keep::NonEmpty,
            _ if element.has_attributes => Keep::UnlessAttr,
            _ => Keep::Always,
        };
        let name = match (&element.data, element.outer) {
            (DataName::Fixed(name), _) => *name,
            (_, Ctx::Other(section)) => self.names.pair(section, element.name),
            _ => element.name,
        };
        match element.data {
            DataName::Substituted(name) => {
                let parts = self.settle(element.parts);
                self.program.ops.push(Op::Named { name, parts, inner: element.inner });
            }
            _ => self.field(name, element.parts, keep, element.inner),
        }
        let len = self.program.ops.len();
        if let Some(at) = element.guard
            && let Some(Op::Guard { skip, .. }) = self.program.ops.get_mut(at)
        {
            *skip = (len - at - 1) as u32;
        }
        Ok(())
    }

    /// A field of the parts from `start` on.
    fn field(&mut self, name: NameId, start: usize, keep: Keep, inner: Ctx) {
        match self.parts.get(start..) {
            Some([Part::Sub(sub)]) => {
                self.program.ops.push(Op::Field { name, sub: *sub, keep, inner });
                self.parts.truncate(start);
            }
            None | Some([]) if matches!(keep, Keep::NonEmpty | Keep::Attr) => {}
            _ => {
                let parts = self.settle(start);
                self.program.ops.push(Op::Text { name, parts, keep, inner });
            }
        }
    }

    fn part(&mut self, part: Part) -> Result<(), Broken> {
        if self.open.is_empty() || (self.in_start && self.attribute.is_none()) {
            return Err(Broken::Shape("a value outside of an element"));
        }
        self.parts.push(part);
        Ok(())
    }

    fn literal(&mut self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), Broken> {
        let start = self.program.lits.len();
        write(&mut self.program.lits);
        let len = self.program.lits.len() - start;
        if len == 0 {
            return Ok(());
        }
        self.part(Part::Lit { start: start as u32, len: len as u32 })
    }

    fn value(&mut self, kind: u8, at: usize, bytes: &[u8]) -> Result<(), Broken> {
        if kind != value::kind::BINXML {
            return self.literal(|out| value::write(kind, bytes, out));
        }
        if self.in_start {
            return Err(Broken::Shape("BinXML inside an attribute"));
        }
        self.part(Part::Fragment { at: at as u32, len: bytes.len() as u32 })
    }

    fn entity(&mut self, name: u32) -> Result<(), Broken> {
        let id = self.name(name)?;
        let text = match self.names.get(id) {
            "quot" => "\"".to_owned(),
            "apos" => "'".to_owned(),
            "amp" => "&".to_owned(),
            "lt" => "<".to_owned(),
            "gt" => ">".to_owned(),
            other => format!("&{other};"),
        };
        self.literal(|out| out.extend_from_slice(text.as_bytes()))
    }

    fn instance(&mut self, at: usize) -> Result<(), Broken> {
        if self.in_start {
            return Err(Broken::Shape("a template instance inside an attribute"));
        }
        let ctx = match self.open.last_mut() {
            Some(parent) => {
                parent.has_elements = true;
                parent.inner
            }
            None => self.ctx,
        };
        self.program.ops.push(Op::Instance { at: at as u32, ctx });
        Ok(())
    }
}
