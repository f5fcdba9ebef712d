//! The shapes of bytes: lines, times, records of each format. Splits; never judges, never fails, no I/O of its own.

#![forbid(unsafe_code)]

pub mod clf_line;
pub mod evtx;
pub mod heads;
pub mod ivanti;
pub mod lines;
pub mod phrase;
pub mod relay;
pub mod text;
pub mod time;
pub mod vc0;
pub mod vcenter;
pub mod vmware;
