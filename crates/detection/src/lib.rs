//! Detection: Sigma rules over events in one pass, correlations over their hits, and lists of indicators.
#![forbid(unsafe_code)]

mod correlate;
mod engine;
mod fold;
mod load;
mod logsource;
mod reference;
mod ruleset;
mod sigma;
mod windows;
mod yaml;

pub use correlate::{Conclusion, Conclusions, Correlator, Limits};
pub use engine::{Engine, Hit, Matched, Scratch};
pub use load::{load_files, load_path, load_paths, load_zip};
pub use logsource::{LogSource, Routing};
pub use reference::Reference;
pub use ruleset::{Correlation, Duplicate, Rule, RuleSet, Unusable};
pub use sigma::meta::{Japanese, RuleMeta};
