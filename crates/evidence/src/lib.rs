//! Evidence in: opens it read-only, walks folders and archives inside archives, hashes what it reads, keeps custody.
//!
//! # Shape
//!
//! [`plan`] lists every file under the inputs in a fixed order; [`read`] takes one of them apart; [`walk`] does both.
//! Each call of `visit` receives one [`Entry`]:
//!
//! - [`Entry::Piece`]: bytes to be read by a source, hashed, reopenable through [`Body::open`];
//! - [`Entry::Container`]: an archive or compressed stream that was taken apart. It comes *after* its members,
//!   because its hash is known only when its last byte was read;
//! - [`Entry::Link`]: a symbolic or hard link, recorded with its target as data, never followed;
//! - [`Entry::Refused`]: bytes that could not be read at all, with the problem.
//!
//! # Accounting
//!
//! Every byte of every input is in exactly one entry without `!/` in its path (`size` or `bytes`), and every byte
//! of a container is in one term of its [`Accounts`]. What an archive holds beside its members (text before a ZIP,
//! bytes behind a gzip stream, rubbish between tar headers) becomes a piece named `~unclaimed-OFFSET`.
//!
//! # Paths
//!
//! `input/folder/bundle.tgz!/var/log/hostd.0.gz!/hostd.0`. A tar inside a single compressed stream adds no level of
//! its own. What a bundle holds as `NAME.FRAG-00000`, `NAME.FRAG-00001`, … is one piece, `NAME.FRAG-00000!/NAME`, and each
//! fragment a container. Member names are data: what would leave its folder, or is no plain text, is shown as `<..>`, `<U+202E>`
//! or `<0xFF>`, and the name as written is kept in `raw_name`.
//!
//! # Bounds
//!
//! See [`Limits`]. A bound that is met is a [`konseki_model::ProblemKind::Bound`] problem of the piece or container,
//! and the run goes on. Nothing here reads a clock, the environment or the network.

#![forbid(unsafe_code)]

pub mod atomic;
mod bounds;
mod buffered;
pub mod custody;
mod entry;
mod flow;
mod fragments;
mod hash;
mod kind;
mod lock;
mod name;
mod notes;
mod open;
mod options;
mod plan;
mod seven;
mod single;
mod spool;
mod tar;
mod unpack;
mod walk;
mod zip;

pub use entry::{Accounts, Body, Container, ContainerKind, Entry, Found, Link, ReadSeek, Refused, Totals};
pub use lock::{Lock, LockError};
pub use name::display_name;
pub use open::DiskFile;
pub use options::{Error, Limits, Options};
pub use plan::{Plan, Root, RootKind, plan};
pub use spool::{SpoolFile, sweep};
pub use walk::{digest, read, recall, walk};
