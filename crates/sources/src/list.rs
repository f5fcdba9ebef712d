//! The list of sources. Written by `cargo xtask sources`; do not edit.

use crate::Entry;

pub static ENTRIES: &[Entry] = &[];
