//! The chain: compares lists, follows sessions through systems, and tells steps, links, gaps and scope from findings.
//!
//! Passes over plain data: [`Compare`] observes events in order of time, a few kinds of them again where it is known by
//! then which few matter, and gives findings of comparisons and [`Joins`]; [`tell`] makes the story from all findings of the
//! case. No I/O, no clock; judgement that is not a comparison stands in `data/`.

#![forbid(unsafe_code)]

mod book;
mod clock;
mod compare;
mod data;
mod follow;
mod mail;
mod names;
mod others;
mod small;
mod tell;

/// Native fields that comparisons and following ask for; the story is told without the others.
pub const NATIVE: &[&str] = &[
    "EventRecordID",
    "IPv4 Address",
    "IPv4Address",
    "Initiated",
    "LogonType",
    "Record ID",
    "RecordID",
    "RuleID",
    "VMName",
    "WorkstationName",
    "client-hostname",
    "event_key",
    "file",
    "fw",
    "id",
    "line",
    "macb",
    "message",
    "part",
    "verdict",
    "vm",
];

pub use book::Book;
pub use clock::{Clocks, Offset, wants as clock_wants};
pub use compare::{ASIDE, Compare, Compared, Edge, Joins, MachineRow, MachineVerdict, Settings, Tunnel, again_wants, wants};
pub use data::{Command, command_meanings};
pub use follow::{Follow, wants as follow_wants};
pub use mail::{ASIDE as MAIL_ASIDE, Mail, wants as mail_wants};
pub use names::{host_key, is_public};
pub use others::Known;
pub use tell::{Change, Coverage, changes, tell};
