//! Detection: Sigma rules over events in one pass, correlations over their hits, and lists of indicators.
#![forbid(unsafe_code)]

mod correlate;
mod fold;
mod load;
mod logsource;
mod ruleset;
mod sigma;
mod yaml;

pub use load::{load_path, load_paths, load_zip};
pub use logsource::{LogSource, Routing};
pub use ruleset::{Correlation, Duplicate, Rule, RuleSet, Unusable};
pub use sigma::meta::{Japanese, RuleMeta};
