//! A template compiled: which fields it gives, in order, and where each value comes from.

use super::names::NameId;

/// Where in an event something stands, which settles how its fields are named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Ctx {
    /// Above `Event`.
    Root,
    /// Directly under `Event`: sections.
    Event,
    System,
    /// `EventData`: `Data` by its `Name`.
    Data,
    /// `UserData` and whatever lies deeper: leaves by their own name.
    User,
    /// Another section (`RenderingInfo`, `ProcessingErrorData`, …): leaves after its name.
    Other(NameId),
}

/// Whether a field without text is given out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    Always,
    NonEmpty,
    /// An attribute: only with text, and noted for `UnlessAttr`.
    Attr,
    /// An element with attributes: also without text, unless one of its attributes had some.
    UnlessAttr,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    /// Text of the template: a range of `Program::lits`.
    Lit { start: u32, len: u32 },
    /// A substitution.
    Sub(u16),
    /// BinXML inside the stream itself: a range of the chunk.
    Fragment { at: u32, len: u32 },
}

/// A range of `Program::parts`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts {
    pub first: u32,
    pub count: u32,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Op {
    /// A section begins: names repeat within a section, not across.
    Section,
    /// The attributes of an element begin.
    Attrs,
    /// Skips the next ops where that value is null.
    Guard { value: u16, skip: u32 },
    /// A field of one substitution. Arrays repeat it; BinXML is read in its place, with `inner` naming.
    Field { name: NameId, sub: u16, keep: Keep, inner: Ctx },
    /// A field of several parts, or of none.
    Text { name: NameId, parts: Parts, keep: Keep, inner: Ctx },
    /// `Data` whose name is itself substituted.
    Named { name: Parts, parts: Parts, inner: Ctx },
    /// A template instance in the stream itself, at that offset of the chunk.
    Instance { at: u32, ctx: Ctx },
}

#[derive(Debug, Default)]
pub(super) struct Program {
    /// Elements of its outermost level.
    pub roots: u32,
    pub ops: Vec<Op>,
    pub parts: Vec<Part>,
    pub lits: Vec<u8>,
}

impl Program {
    #[inline]
    pub(super) fn parts(&self, range: Parts) -> &[Part] {
        let first = range.first as usize;
        self.parts.get(first..first + range.count as usize).unwrap_or_default()
    }

    #[inline]
    pub(super) fn lit(&self, start: u32, len: u32) -> &[u8] {
        let start = start as usize;
        self.lits.get(start..start + len as usize).unwrap_or_default()
    }
}
