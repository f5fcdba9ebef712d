//! What the caller decides: passwords, bounds, where spooled members lie; and what can stop a walk.

use std::io;
use std::path::PathBuf;

#[derive(Clone, Debug)]
pub struct Options {
    /// Passwords the user gave for encrypted archives; every one is tried.
    pub passwords: Vec<String>,
    pub limits: Limits,
    /// Folder (inside the case) for members too large for memory. Made when needed, files have neutral names and
    /// are removed when the last [`crate::Body`] that needs them is dropped.
    pub spool: PathBuf,
    /// The case folder: it must not lie inside evidence, nor evidence inside it.
    pub case: Option<PathBuf>,
    /// MD5 and SHA-1 beside SHA-256, for pieces up to [`Limits::extra_hashes`] bytes. Costs about as much time as
    /// everything else here together: worth it only where an indicator list holds such hashes.
    pub extra_hashes: bool,
}

impl Options {
    /// Defaults with that spool folder.
    pub fn new(spool: impl Into<PathBuf>) -> Self {
        Self { passwords: Vec::new(), limits: Limits::default(), spool: spool.into(), case: None, extra_hashes: true }
    }
}

/// Bounds, all in bytes unless said otherwise. Defaults follow what field evidence needs: vm-support bundles expand
/// 10 to 30 times, repetitive logs up to 150 times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Containers inside containers, 32 at most; a tar inside a compressed stream counts once. Deeper ones stay
    /// closed pieces.
    pub depth: u32,
    /// Expanded bytes for one compressed byte, once `ratio_free` bytes came out.
    pub ratio: u64,
    pub ratio_free: u64,
    /// Expanded bytes for one input file, all levels together.
    pub total_expanded: u64,
    /// Members for one input file, all levels together.
    pub members: u64,
    /// A member up to this size is kept in memory, a larger one is spooled.
    pub memory_member: u64,
    /// Dictionary memory a decoder may ask for.
    pub decoder_memory: u64,
    /// Largest piece for which MD5 and SHA-1 are computed.
    pub extra_hashes: u64,
    /// Unclaimed ranges kept as pieces for one container; further ones are counted only.
    pub unclaimed: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: 6,
            ratio: 200,
            ratio_free: 64 << 20,
            total_expanded: 100 << 30,
            members: 2_000_000,
            memory_member: 16 << 20,
            decoder_memory: 256 << 20,
            extra_hashes: 64 << 20,
            unclaimed: 1000,
        }
    }
}

/// What stops a walk. Everything else is an [`crate::Entry`].
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("cannot open {path}: {source}")]
    NoInput { path: PathBuf, source: io::Error },
    #[error("the case folder {case} lies inside the evidence {input}; choose a case folder outside of it")]
    CaseInsideEvidence { case: PathBuf, input: PathBuf },
    #[error("the evidence {input} lies inside the case folder {case}; evidence is never read from a case")]
    EvidenceInsideCase { case: PathBuf, input: PathBuf },
    #[error("cannot write spooled members to {path}: {source}")]
    Spool { path: PathBuf, source: io::Error },
}
