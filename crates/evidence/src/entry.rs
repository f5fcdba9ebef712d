//! What a walk hands out: pieces, containers, links, refusals, and their sums.

use std::io::{self, Cursor, Read, Seek};
use std::sync::Arc;

use konseki_model::Problem;

use crate::open::DiskFile;
use crate::spool::SpoolFile;

/// Bytes that can be read from any place.
pub trait ReadSeek: Read + Seek {}
impl<T: Read + Seek> ReadSeek for T {}

#[derive(Debug)]
pub enum Entry {
    Piece(Found),
    /// A container that was opened; comes after its members.
    Container(Container),
    Link(Link),
    Refused(Refused),
}

impl Entry {
    pub fn path(&self) -> &str {
        match self {
            Self::Piece(found) => &found.path,
            Self::Container(container) => &container.path,
            Self::Link(link) => &link.path,
            Self::Refused(refused) => &refused.path,
        }
    }

    /// True for what stands on disk, false for members.
    pub fn is_root(&self) -> bool {
        !self.path().contains("!/")
    }

    /// Bytes this entry accounts for at its own level.
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Piece(found) => found.size,
            Self::Container(container) => container.size,
            Self::Link(_) => 0,
            Self::Refused(refused) => refused.bytes,
        }
    }
}

/// One piece of evidence.
#[derive(Debug)]
pub struct Found {
    /// Display path, unique within its input; members after `!/`. Never a path to open.
    pub path: String,
    pub sha256: [u8; 32],
    /// Where asked for and the piece is small enough.
    pub md5: Option<[u8; 16]>,
    pub sha1: Option<[u8; 20]>,
    /// Bytes of `body`.
    pub size: u64,
    /// Last change as the file system or archive says it, microseconds UTC; a hint, never evidence.
    pub modified: Option<i64>,
    /// `modified` is a local time of unknown zone taken as UTC (DOS time of a ZIP without further fields).
    pub modified_local: bool,
    /// Offset in seconds of the machine that wrote this ZIP member: its DOS local time minus its UTC time.
    pub zip_zone_offset: Option<i32>,
    pub body: Body,
    pub problems: Vec<Problem>,
    /// The name as written, where `path` does not show it byte for byte.
    pub raw_name: Option<Vec<u8>>,
}

/// Where the bytes of a piece are.
#[derive(Clone, Debug)]
pub enum Body {
    Memory(Arc<[u8]>),
    /// Evidence on disk, opened again read-only.
    File(Arc<DiskFile>),
    /// A large member, in the spool folder.
    Spooled(Arc<SpoolFile>),
}

impl Body {
    /// A fresh reader at the start; each call gives an independent one.
    ///
    /// # Errors
    /// When the file cannot be opened any more.
    pub fn open(&self) -> io::Result<Box<dyn ReadSeek + Send>> {
        match self {
            Self::Memory(bytes) => Ok(Box::new(Cursor::new(Arc::clone(bytes)))),
            Self::File(file) => Ok(Box::new(file.open()?)),
            Self::Spooled(file) => Ok(Box::new(file.open()?)),
        }
    }

    /// The bytes, where they are in memory already.
    pub fn memory(&self) -> Option<&[u8]> {
        match self {
            Self::Memory(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Bytes there were when it was hashed.
    pub fn size(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File(file) => file.size(),
            Self::Spooled(file) => file.size(),
        }
    }

    /// A `Changed` problem when evidence on disk is no longer what was hashed; ask after reading.
    pub fn changed(&self) -> Option<Problem> {
        match self {
            Self::File(file) => file.changed(),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ContainerKind {
    Zip,
    Tar,
    Gzip,
    Bzip2,
    Xz,
    Zstd,
    SevenZip,
    /// One part of a file that was cut; the first of them holds the whole as its member.
    Fragment,
}

impl ContainerKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Zip => "zip",
            Self::Tar => "tar",
            Self::Gzip => "gzip",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Zstd => "zstd",
            Self::SevenZip => "7z",
            Self::Fragment => "fragment",
        }
    }

    /// Read from front to back, without seeking.
    pub(crate) fn streams(self) -> bool {
        !matches!(self, Self::Zip | Self::SevenZip | Self::Fragment)
    }
}

/// Where each byte of a container is: the four terms add up to its size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accounts {
    /// Stored bytes of members that were read.
    pub members: u64,
    /// Headers, directories, padding.
    pub structure: u64,
    /// Kept as `~unclaimed-` pieces.
    pub unclaimed: u64,
    /// Not read: refused members, bounds, damage. Problems say why.
    pub unread: u64,
}

impl Accounts {
    pub fn sum(&self) -> u64 {
        self.members + self.structure + self.unclaimed + self.unread
    }
}

#[derive(Clone, Debug)]
pub struct Container {
    pub path: String,
    pub sha256: [u8; 32],
    pub md5: Option<[u8; 16]>,
    pub sha1: Option<[u8; 20]>,
    pub size: u64,
    pub kind: ContainerKind,
    /// Entries one level below (pieces, containers, links, refusals).
    pub members: u64,
    pub accounts: Accounts,
    pub modified: Option<i64>,
    pub raw_name: Option<Vec<u8>>,
    /// ZIP only: (UTC microseconds, offset in seconds) seen on members, in order of time, first and last of each
    /// run of equal offsets.
    pub zip_zone: Vec<(i64, i32)>,
    pub problems: Vec<Problem>,
}

/// A link as written; nothing was opened through it.
#[derive(Clone, Debug)]
pub struct Link {
    pub path: String,
    /// For display, escaped like a name.
    pub target: String,
    pub raw_target: Vec<u8>,
    pub hard: bool,
    pub raw_name: Option<Vec<u8>>,
}

/// Bytes that no piece holds.
#[derive(Clone, Debug)]
pub struct Refused {
    pub path: String,
    /// Bytes it takes where it lies (compressed, inside an archive).
    pub bytes: u64,
    pub problem: Problem,
    pub raw_name: Option<Vec<u8>>,
}

/// Sums of a walk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Files on disk met (regular or not), and their bytes.
    pub files: u64,
    pub bytes: u64,
    pub folders: u64,
    pub pieces: u64,
    /// Bytes of all pieces, on disk and in archives.
    pub piece_bytes: u64,
    pub containers: u64,
    pub links: u64,
    pub refused: u64,
    /// Bytes that came out of decoders.
    pub expanded: u64,
}

impl Totals {
    pub fn add(&mut self, other: &Self) {
        self.files += other.files;
        self.bytes += other.bytes;
        self.folders += other.folders;
        self.pieces += other.pieces;
        self.piece_bytes += other.piece_bytes;
        self.containers += other.containers;
        self.links += other.links;
        self.refused += other.refused;
        self.expanded += other.expanded;
    }

    pub(crate) fn count(&mut self, entry: &Entry) {
        match entry {
            Entry::Piece(found) => {
                self.pieces += 1;
                self.piece_bytes += found.size;
            }
            Entry::Container(_) => self.containers += 1,
            Entry::Link(_) => self.links += 1,
            Entry::Refused(_) => self.refused += 1,
        }
    }
}
