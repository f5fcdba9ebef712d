//! Correlation: what rules found is counted and ordered in windows of time.

pub(crate) mod resolve;
