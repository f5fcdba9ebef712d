//! Sources: bytes of one piece of evidence in, events and problems out. One source is one folder.
//!
//! A source *recognises* a piece by its path and first bytes and *reads* it into a [`Sink`]. It opens nothing, knows no
//! rules, and cannot fail: what it cannot read is a counted [`Problem`]. Its folder holds `source.toml` (where it lies,
//! how to collect it, its clock, its Sigma log source, native fields -> core), `text.toml` (sentences, English and
//! Japanese) and `samples/`. The list of sources is `list.rs`, rewritten by `cargo xtask sources`.
//!
//! ```
//! use konseki_model::Piece;
//! let piece = Piece { path: "esx01/var/run/log/shell.log", head: b"2023-12-05T17:38:21.798Z In(14) shell[1053659]: [root]: ls\n", size: 60 };
//! let ids: Vec<_> = konseki_sources::recognise(&piece).iter().map(|e| e.id).collect();
//! assert!(ids.len() <= 1);
//! ```

#![forbid(unsafe_code)]

use std::io::{Read, Seek};

use konseki_model::{Hints, Piece, Sink};

pub mod clock;
pub mod delimited;
pub mod description;
pub mod emit;
pub mod esx;
mod esxi;
pub mod flat;
pub mod flat_text;
pub mod host;
pub mod json_records;
pub mod linux_words;
mod list;
pub mod mapper;
pub mod objects;
pub mod plain;
pub mod read;
pub mod row;
pub mod sections;
pub mod sniff;
pub mod syslog;
pub mod tools;
pub mod vcenter;
pub mod winevent;

pub use description::Description;

/// What a source reads from: a bounded stream that can seek.
pub trait Input: Read + Seek + Send {}
impl<T: Read + Seek + Send> Input for T {}

/// One reading: what is known beside the bytes.
pub struct Reading<'a> {
    pub piece: Piece<'a>,
    pub hints: &'a Hints,
    pub about: &'a Description,
}

/// The seam every source meets.
pub trait Source: Sync {
    /// Is this piece of this source? By path and first bytes alone; must say no to every other source's samples.
    fn recognise(&self, piece: &Piece<'_>) -> bool;
    /// Bytes that a whole piece of this source begins with, and no piece of any other: then no other is asked.
    fn magic(&self) -> &'static [&'static [u8]] {
        &[]
    }
    /// Reads all of it. Cannot fail: problems go to the sink.
    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink);
    /// A reading in parts that lean on nothing before them; `None` where records lean on each other.
    fn parts<'r>(&self, input: &'r mut dyn Input, reading: &'r Reading<'r>) -> Option<Box<dyn Parts + 'r>> {
        let _ = (input, reading);
        None
    }
}

/// A piece that several threads may read, part by part. Where it is cut is said by its bytes alone, so that the parts,
/// each read and put together in their order, give the same on any number of threads.
pub trait Parts: Sync {
    /// The next part; `None` at the end. Whoever asks, parts come in the order of the piece.
    fn cut(&self) -> Option<Part>;
    /// Reads one part into a sink of its own.
    fn read(&self, part: &Part, sink: &mut dyn Sink);
    /// What all parts together say. Comes last.
    fn end(&self, sink: &mut dyn Sink);
}

/// One part of a piece, in memory.
pub struct Part {
    /// Counted from 0.
    pub number: usize,
    pub bytes: Vec<u8>,
    /// What `bytes` are made of: where each stretch begins in the piece, and where it ends in `bytes`.
    pub stretches: Vec<(u64, usize)>,
}

/// A source of the list with the data of its folder.
#[derive(Clone, Copy)]
pub struct Entry {
    /// Its folder: `vmware/esxi_shell`.
    pub id: &'static str,
    pub source: &'static dyn Source,
    /// `source.toml`.
    pub about: &'static str,
    /// `text.toml`.
    pub text: &'static str,
}

/// Every source, in the order of their ids.
pub fn all() -> &'static [Entry] {
    list::ENTRIES
}

/// The fallback for text that no source recognises: kept line by line.
pub fn plain() -> &'static Entry {
    &plain::ENTRY
}

/// The sources that say yes to a piece: one, or none.
pub fn recognise(piece: &Piece<'_>) -> Vec<&'static Entry> {
    // Looking for lines of sixty kinds in binary data costs more than reading it.
    let marked = |entry: &&Entry| entry.source.magic().iter().any(|magic| piece.head.starts_with(magic));
    if let Some(entry) = all().iter().find(marked) {
        return vec![entry];
    }
    if sniff::is_binary(piece.head) {
        return Vec::new();
    }
    all().iter().filter(|entry| entry.source.recognise(piece)).collect()
}
