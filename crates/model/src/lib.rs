//! The nouns of konseki: plain data that every stage speaks, no I/O, no judgement.

#![forbid(unsafe_code)]

pub mod account;
pub mod chain;
pub mod event;
pub mod evidence;
pub mod finding;
pub mod kind;
pub mod other;
pub mod time;

pub use account::Accounts;
pub use chain::{By, Chain, Gap, GapWhy, Hypothesis, Link, Scope, ScopeItem, Step, Verdict};
pub use event::{At, Core, Event, Field, Origin, Record};
pub use evidence::{EvidenceId, Hints, Intake, Piece, Problem, ProblemKind, Records, Sink, Unrecognised};
pub use finding::{Because, Entity, EntityKind, Finding, FindingKind, FindingTime, Level};
pub use kind::Kind;
pub use time::{Basis, Fidelity, Stamp};
