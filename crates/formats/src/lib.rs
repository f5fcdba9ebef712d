//! The shapes of bytes: lines, times, records of each format. Splits; never judges, never fails, no I/O of its own.

#![forbid(unsafe_code)]

pub mod evtx;
pub mod lines;
pub mod phrase;
pub mod text;
pub mod time;
pub mod vmware;
