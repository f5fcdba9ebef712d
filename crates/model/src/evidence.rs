//! A piece of evidence, what was read of it, what could not be read, and the seam every source meets.

use serde::{Deserialize, Serialize};

use crate::event::{At, Event};

/// `E` and the first 12 hexadecimal digits of the piece's SHA-256: the same bytes have the same name in every case,
/// whatever is added later.
pub type EvidenceId = String;

/// A piece of evidence as a source sees it before reading: names, size and first bytes, never a handle.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    /// Full path, members of archives after `!/`: `bundle.tgz!/var/run/log/hostd.log`.
    pub path: &'a str,
    /// The first bytes, at most 64 KiB, decompressed.
    pub head: &'a [u8],
    pub size: u64,
}

impl<'a> Piece<'a> {
    /// The last component of the path.
    pub fn name(&self) -> &'a str {
        self.path.rsplit(['/', '\\']).next().unwrap_or(self.path)
    }
}

/// What the case knows about a piece beside its bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// IANA zone or fixed offset (`+09:00`) that times without zone are in, with its basis. `None`: nobody says.
    pub zone: Option<(String, crate::time::Basis)>,
    /// The host, where a bundle, a folder or the analyst says it.
    pub host: Option<String>,
    /// Last change of the file, microseconds UTC: a hint for the year, never evidence of it.
    pub modified: Option<i64>,
}

/// The accounting of one piece: `read = events + continuation + blank + rejected`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Records {
    /// Lines, records or entries met, counted by the framing and not by the parser.
    pub read: u64,
    pub events: u64,
    pub continuation: u64,
    pub blank: u64,
    pub rejected: u64,
}

impl Records {
    pub fn balances(&self) -> bool {
        self.read == self.events + self.continuation + self.blank + self.rejected
    }

    pub fn add(&mut self, other: &Self) {
        self.read += other.read;
        self.events += other.events;
        self.continuation += other.continuation;
        self.blank += other.blank;
        self.rejected += other.rejected;
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProblemKind {
    /// The bytes end before the record does.
    Truncated,
    /// Bytes do not follow the format.
    Malformed,
    /// A checksum does not agree.
    Checksum,
    /// Numbers that should follow each other do not.
    Gap,
    /// The same record twice.
    Duplicate,
    /// A bound was met: depth, ratio, size, length.
    Bound,
    /// Needs a password or key.
    Encrypted,
    /// A method or version that is not supported.
    Unsupported,
    /// The operating system would not let it be read.
    Unreadable,
    /// A name that would leave its folder, or is no text.
    UnsafeName,
    /// A time that cannot be, or cannot be read.
    Time,
    /// Text that is not in the encoding it should be in.
    Encoding,
    /// The file changed while it was read.
    Changed,
}

impl ProblemKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::Malformed => "malformed",
            Self::Checksum => "checksum",
            Self::Gap => "gap",
            Self::Duplicate => "duplicate",
            Self::Bound => "bound",
            Self::Encrypted => "encrypted",
            Self::Unsupported => "unsupported",
            Self::Unreadable => "unreadable",
            Self::UnsafeName => "unsafe-name",
            Self::Time => "time",
            Self::Encoding => "encoding",
            Self::Changed => "changed",
        }
    }
}

/// Something that could not be read as it should, with its place.
/// `text` is one plain English sentence for a log, with the hint what to do where there is one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Problem {
    pub kind: ProblemKind,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub at: Option<At>,
    pub count: u64,
    /// Bytes that no record holds because of it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bytes: Option<u64>,
    pub text: String,
}

impl Problem {
    pub fn new(kind: ProblemKind, at: Option<At>, text: impl Into<String>) -> Self {
        Self { kind, at, count: 1, bytes: None, text: text.into() }
    }

    #[must_use]
    pub fn bytes(mut self, bytes: u64) -> Self {
        self.bytes = Some(bytes);
        self
    }
}

/// Where a source pushes what it reads. Reading cannot fail: a bad byte in evidence is a fact about the evidence.
pub trait Sink {
    fn event(&mut self, event: &Event<'_>);
    /// Equal problems (kind and text) are folded by the receiver: counted, the first place kept.
    fn problem(&mut self, problem: Problem);
    /// Adds to the accounting. Every event pushed is counted by its source here too.
    fn records(&mut self, records: Records);
    /// What the piece itself says of its host (`Computer`, `uname`, head of a bundle). The first one said counts.
    fn host(&mut self, host: &str);
    /// How times of this piece are written, for people: zone name and basis. The last one said counts.
    fn zone(&mut self, zone: &str, basis: &str);
    /// A piece of evidence inside this one (a section of a snapshot, a member): read as evidence of its own.
    /// `name` is appended to the path after `!/`; the bytes are accounted to the child.
    fn nested(&mut self, name: &str, bytes: Vec<u8>);
}

/// One entry of `results/intake.json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intake {
    pub id: EvidenceId,
    pub path: String,
    /// Further places where the same bytes were found.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub also: Vec<String>,
    pub sha256: String,
    pub bytes: u64,
    pub source: String,
    pub host: String,
    pub zone: Zone,
    pub records: Records,
    pub first: Option<String>,
    pub last: Option<String>,
    pub problems: Vec<Problem>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zone {
    pub name: String,
    pub basis: String,
}

/// A file whose bytes no source claims, with the reason a person accepts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Unrecognised {
    pub path: String,
    pub bytes: u64,
    pub sha256: String,
    pub why: String,
}
