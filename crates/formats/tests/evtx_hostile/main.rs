//! Damaged and hostile logs: nothing invented, nothing lost in silence, no hang, whatever is changed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod bombs;
mod chunks;
mod common;
mod files;
mod mutations;
mod records;
