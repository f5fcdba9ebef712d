//! The pipeline: the only place where the stages meet. Order, threads, memory, resume.
//!
//! [`investigate`] reads evidence into columns while every event is matched, then compares, links and writes the results
//! and the report. A run that was killed goes on where it stopped; the results are the same bytes.

#![forbid(unsafe_code)]

mod apart;
mod assemble;
mod builtin;
mod clocks;
mod detect;
mod explore;
mod fold;
mod journal;
mod publish;
mod reading;
mod replay;
mod revise;
mod run;
mod settings;
mod sheet;
mod shelf;
mod sigma;
mod story;
mod tally;
mod verify;
mod views;
mod yara;
mod zones;

pub use detect::{Tested, test_rules};
pub use explore::{About, Bin, EventPage, Explorer, Histogram, Row, Wanted};
pub use konseki_report::escape_terminal;
pub use konseki_store::Output;
pub use publish::{PublishRequest, Published, publish};
pub use replay::{Replayed, Seen, StepSeen, replay, seen_word};
pub use run::{Request, Summary, investigate};
pub use settings::Settings;
pub use verify::{Verified, verify};
pub use views::{RuleList, SourceInfo, TimelineFormat, TimelineRequest, query, rules, sources, timeline};
pub use views::{format_time, json_of, parse_time, source_headings};

use sha2::{Digest, Sha256};

/// This program's version, part of every result.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What stopped a command, by who must act.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line or a path is wrong.
    #[error("{0}")]
    Usage(String),
    /// The case is not as it must be; the message says what to do.
    #[error("{0}")]
    Case(String),
    /// The system refuses to read or write in the case folder.
    #[error("{0}")]
    Folder(String),
    /// A rule path cannot be read.
    #[error("{0}")]
    Rules(String),
    #[error(transparent)]
    Store(#[from] konseki_store::Error),
    /// A fault of this program.
    #[error("fault in konseki: {0}")]
    Internal(String),
}

/// Who is told how far a run is. All methods may be called from any thread.
pub trait Progress: Sync {
    fn total(&self, _files: u64, _bytes: u64) {}
    fn file(&self, _path: &str) {}
    fn bytes(&self, _bytes: u64) {}
    fn events(&self, _events: u64) {}
    fn stage(&self, _name: &str) {}
}

/// Nobody is told.
pub struct Silent;
impl Progress for Silent {}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// `E` and the first 12 digits of the SHA-256.
pub(crate) fn evidence_id(sha256: &str) -> String {
    format!("E{}", sha256.get(..12).unwrap_or(sha256))
}
