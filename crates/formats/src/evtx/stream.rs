//! The BinXML token stream (MS-EVEN6 2.2.12): tokens in order, names and literal values resolved.

use super::bytes::{take, u16_at, u32_at};
use super::trouble::Broken;

#[derive(Clone, Copy, Debug)]
pub(super) enum Token<'a> {
    End,
    /// An element begins: offset of its name in the chunk, and the value it depends on.
    Open {
        name: u32,
        depends: Option<u16>,
    },
    CloseStart,
    CloseEmpty,
    Close,
    /// A literal value: type and bytes.
    Value {
        kind: u8,
        at: usize,
        bytes: &'a [u8],
    },
    Attribute {
        name: u32,
    },
    Text(&'a [u8]),
    Char(u16),
    Entity {
        name: u32,
    },
    Substitution(u16),
    /// A template instance, at the offset of its token.
    Instance(usize),
    /// Fragment headers and processing instructions: nothing to show.
    Nothing,
}

/// Reads tokens of `data[pos..end]`. Name offsets are those of `data`, a whole chunk.
pub(super) struct Stream<'a> {
    pub data: &'a [u8],
    pub pos: usize,
    pub end: usize,
    /// Elements of a template definition carry the number of the value they depend on.
    pub in_template: bool,
}

impl<'a> Stream<'a> {
    fn bytes(&mut self, len: usize, what: &'static str) -> Result<&'a [u8], Broken> {
        let end = self.pos.checked_add(len).filter(|end| *end <= self.end).ok_or(Broken::Short(what))?;
        let out = self.data.get(self.pos..end).ok_or(Broken::Short(what))?;
        self.pos = end;
        Ok(out)
    }

    fn u16(&mut self, what: &'static str) -> Result<u16, Broken> {
        let bytes = self.bytes(2, what)?;
        u16_at(bytes, 0).ok_or(Broken::Short(what))
    }

    fn u32(&mut self, what: &'static str) -> Result<u32, Broken> {
        let bytes = self.bytes(4, what)?;
        u32_at(bytes, 0).ok_or(Broken::Short(what))
    }

    /// A name reference; the name itself may follow at once and is then stepped over.
    fn name(&mut self) -> Result<u32, Broken> {
        let offset = self.u32("a name")?;
        if offset as usize == self.pos {
            self.bytes(6, "a name")?;
            let len = self.u16("a name")?;
            self.bytes(2 * usize::from(len) + 2, "a name")?;
        }
        Ok(offset)
    }

    fn text(&mut self) -> Result<&'a [u8], Broken> {
        let len = self.u16("a text")?;
        self.bytes(2 * usize::from(len), "a text")
    }

    pub(super) fn next(&mut self) -> Result<Token<'a>, Broken> {
        if self.pos >= self.end {
            return Ok(Token::End);
        }
        let at = self.pos;
        let token = self.bytes(1, "a token")?.first().copied().unwrap_or_default();
        Ok(match token {
            0x00 => Token::End,
            0x01 | 0x41 => self.open(token & 0x40 != 0)?,
            0x02 => Token::CloseStart,
            0x03 => Token::CloseEmpty,
            0x04 => Token::Close,
            0x05 | 0x45 => self.value()?,
            0x06 | 0x46 => Token::Attribute { name: self.name()? },
            0x07 | 0x47 => Token::Text(self.text()?),
            0x08 | 0x48 => Token::Char(self.u16("a character reference")?),
            0x09 | 0x49 => Token::Entity { name: self.name()? },
            0x0a => {
                self.name()?;
                Token::Nothing
            }
            0x0b => {
                self.text()?;
                Token::Nothing
            }
            0x0c => {
                self.pos = instance(self.data, at, self.end)?.values_end;
                Token::Instance(at)
            }
            0x0d | 0x0e => {
                let id = self.u16("a substitution")?;
                self.bytes(1, "a substitution")?;
                Token::Substitution(id)
            }
            0x0f => {
                self.bytes(3, "a fragment header")?;
                Token::Nothing
            }
            other => return Err(Broken::Token(other)),
        })
    }

    fn open(&mut self, has_attributes: bool) -> Result<Token<'a>, Broken> {
        let depends = if self.in_template { Some(self.u16("an element")?).filter(|id| *id != 0xffff) } else { None };
        self.u32("an element")?;
        let name = self.name()?;
        if has_attributes {
            self.u32("an attribute list")?;
        }
        Ok(Token::Open { name, depends })
    }

    fn value(&mut self) -> Result<Token<'a>, Broken> {
        let kind = self.bytes(1, "a value")?.first().copied().unwrap_or_default();
        let bytes = match kind {
            0x01 => self.text()?,
            0x00 => &[],
            0x21 => {
                let len = self.u16("a value")?;
                self.bytes(usize::from(len), "a value")?
            }
            0x03 | 0x04 => self.bytes(1, "a value")?,
            0x05 | 0x06 => self.bytes(2, "a value")?,
            0x07 | 0x08 | 0x0b | 0x0d | 0x14 => self.bytes(4, "a value")?,
            0x09 | 0x0a | 0x0c | 0x11 | 0x15 => self.bytes(8, "a value")?,
            0x0f | 0x12 => self.bytes(16, "a value")?,
            0x13 => {
                let count = take(self.data, self.pos + 1, 1).and_then(|b| b.first()).copied();
                self.bytes(8 + 4 * usize::from(count.unwrap_or_default()), "a value")?
            }
            _ => return Err(Broken::Shape("a literal value of a type without length")),
        };
        Ok(Token::Value { kind, at: self.pos - bytes.len(), bytes })
    }
}

/// Where the parts of a template instance stand in the chunk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Instance {
    /// Offset of the template definition.
    pub definition: u32,
    /// Number of values, and where their descriptors (size, type; 4 bytes each) begin.
    pub count: usize,
    pub descriptors: usize,
    pub values: usize,
    pub values_end: usize,
}

/// Reads the head of the template instance whose token stands at `at`; nothing of it may lie past `end`.
pub(super) fn instance(data: &[u8], at: usize, end: usize) -> Result<Instance, Broken> {
    const WHAT: Broken = Broken::Short("a template instance");
    let data = data.get(..end).ok_or(WHAT)?;
    let definition = u32_at(data, at + 6).ok_or(WHAT)?;
    let mut pos = at + 10;
    if definition as usize == pos {
        let size = u32_at(data, pos + 20).ok_or(WHAT)?;
        pos = (pos + 24).checked_add(size as usize).ok_or(WHAT)?;
    }
    let count = u32_at(data, pos).ok_or(WHAT)? as usize;
    let descriptors = pos + 4;
    // The claim is checked against the bytes before anything is reserved for it.
    let table = take(data, descriptors, count.checked_mul(4).ok_or(WHAT)?).ok_or(WHAT)?;
    let values = descriptors + table.len();
    let size: usize = table.as_chunks::<4>().0.iter().map(|[lo, hi, ..]| usize::from(u16::from_le_bytes([*lo, *hi]))).sum();
    let values_end = values + size;
    if values_end > end {
        return Err(Broken::Short("the values of a template instance"));
    }
    Ok(Instance { definition, count, descriptors, values, values_end })
}

/// The name at that offset of the chunk's string table: link (4), hash (2), length (2), UTF-16.
pub(super) fn name_at(data: &[u8], offset: u32, out: &mut Vec<u8>) -> Result<(), Broken> {
    const WHAT: Broken = Broken::Short("a name");
    let at = offset as usize;
    let len = u16_at(data, at.checked_add(6).ok_or(WHAT)?).ok_or(WHAT)?;
    let bytes = take(data, at + 8, 2 * usize::from(len)).ok_or(WHAT)?;
    super::text::utf16(bytes, out);
    Ok(())
}
