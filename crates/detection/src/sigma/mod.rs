//! Sigma as text: YAML documents become rules, atoms and conditions. Knows nothing of events or speed.

pub(crate) mod atom;
pub(crate) mod condition;
pub(crate) mod correlation;
pub(crate) mod detection;
pub(crate) mod glob;
pub(crate) mod meta;
pub(crate) mod modifier;
pub(crate) mod pattern;
pub(crate) mod value;

#[cfg(test)]
mod tests;

/// Why a document cannot be used, and the line that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub line: u32,
    pub reason: String,
}

impl Refused {
    pub fn new(line: u32, reason: impl Into<String>) -> Self {
        Self { line, reason: reason.into() }
    }
}
