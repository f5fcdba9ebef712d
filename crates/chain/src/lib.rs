//! The chain: compares lists, follows sessions through systems, and tells steps, links, gaps and scope from findings.
//!
//! Two passes over plain data: [`Compare`] observes events in order of time and gives findings of comparisons and
//! [`Joins`]; [`tell`] makes the story from all findings of the case. No I/O, no clock; judgement that is not a
//! comparison stands in `data/`.

#![forbid(unsafe_code)]

mod compare;
mod tell;

pub use compare::{Compare, Compared, Joins, MachineRow, MachineVerdict, Settings, Tunnel, wants};
pub use tell::{Coverage, tell};
