//! What can be wrong with a log: kinds, places and one plain sentence each.

use std::fmt;

/// Why the BinXML of a record could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// The bytes end inside the named part.
    Short(&'static str),
    /// A token that BinXML does not define.
    Token(u8),
    /// Elements that do not close, or a part where it may not stand.
    Shape(&'static str),
    /// More nesting or output than any real record has.
    Bound(&'static str),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short(what) => write!(f, "the bytes end inside {what}"),
            Self::Token(token) => write!(f, "unknown token 0x{token:02x}"),
            Self::Shape(what) => f.write_str(what),
            Self::Bound(what) => write!(f, "bound met: {what}"),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TroubleKind {
    /// The file header does not agree with its checksum or with what follows.
    FileHeader(&'static str),
    /// A chunk whose magic was lost; its records are read all the same.
    ChunkMagic,
    /// The chunk header does not agree with its checksum.
    HeaderChecksum,
    /// The records of the chunk do not agree with their checksum; they are kept.
    RecordsChecksum,
    /// A record that stands past the end that the chunk header states; it is kept.
    Outside,
    /// The chunk header states an end that is not the end of its records.
    HeaderRange,
    /// A record whose size and its copy disagree, but whose frame its neighbours prove; it is kept.
    SizeCopy,
    /// Bytes where a record should stand.
    BadFrame,
    /// The file ends inside a record or before the last one that the chunk header states.
    Truncated,
    /// A whole record whose content could not be read.
    Content(Broken),
    /// Bytes between chunks that hold no record.
    Unknown,
    /// The file could not be read on.
    Unreadable,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    pub kind: TroubleKind,
    /// Bytes from the start of the file.
    pub offset: u64,
    /// Record id, where it is known.
    pub record: Option<u64>,
    /// Bytes that no record holds because of it.
    pub bytes: u64,
    /// Records framed and not given out: 1 for a record that cannot be read and for each damaged stretch.
    pub lost: u64,
    /// How many records stood there by the ids around it (at most 1000); 0 where nothing says.
    pub missing: u64,
}

impl Trouble {
    pub(super) fn new(kind: TroubleKind, offset: u64) -> Self {
        Self { kind, offset, record: None, bytes: 0, lost: 0, missing: 0 }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            TroubleKind::FileHeader(what) => write!(f, "file header: {what}"),
            TroubleKind::ChunkMagic => f.write_str("a chunk has lost its magic; its records were read by their own frames"),
            TroubleKind::HeaderChecksum => f.write_str("a chunk header does not agree with its checksum; its records were kept"),
            TroubleKind::RecordsChecksum => f.write_str("the records of a chunk do not agree with their checksum; they were kept"),
            TroubleKind::Outside => f.write_str("a record continues the chunk past the end that the chunk header states; it was kept"),
            TroubleKind::HeaderRange => f.write_str("a chunk header states an end of its records that is not their end"),
            TroubleKind::SizeCopy => {
                f.write_str("the size of a record and its copy disagree; the record was framed by its neighbours and kept")
            }
            TroubleKind::BadFrame => f.write_str("bytes that are no record stand where records should be"),
            TroubleKind::Truncated => f.write_str("the file ends before the record does; collect the log again if it still exists"),
            TroubleKind::Content(broken) => {
                write!(f, "the content of a record could not be read: {broken}")
            }
            TroubleKind::Unknown => f.write_str("bytes between chunks hold no record"),
            TroubleKind::Unreadable => f.write_str("the file could not be read on"),
        }
    }
}
