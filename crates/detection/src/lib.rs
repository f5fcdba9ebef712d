//! Detection: Sigma rules over events in one pass, correlations over what they find, and lists of indicators.
//!
//! The steps, each in its own place: `sigma` reads documents into atoms and conditions, [`RuleSet`] holds them and
//! names what cannot be used, [`Engine`] compiles them for the sources of a [`Routing`] and matches events,
//! [`Correlator`] draws conclusions once all hits are there. [`Reference`] is a second, plain evaluator that the
//! engine is tested against. [`Indicators`] stands beside them.
//!
//! ```
//! use konseki_detection::{Correlator, Engine, LogSource, Routing, RuleSet, Scratch};
//! use konseki_model::{At, Core, Event, Field, Kind};
//!
//! let rules = RuleSet::load(&[("shell.yml", "
//! title: List of processes of the hypervisor
//! id: esxi-process-list
//! level: low
//! logsource: {product: linux, category: process_creation}
//! detection:
//!   tool:
//!     Image|endswith: /esxcli
//!     CommandLine|contains|all: [process, list]
//!   condition: tool
//! ---
//! title: Many lists
//! id: esxi-many-lists
//! correlation:
//!   type: event_count
//!   rules: [esxi-process-list]
//!   group-by: [User]
//!   timespan: 5m
//!   condition: {gte: 2}
//! ")]);
//! assert!(rules.unusable.is_empty());
//!
//! let mut routing = Routing::default();
//! let shell = routing.add(vec![LogSource::new("linux", "process_creation", "")]);
//! let engine = Engine::build(&rules, &routing);
//! let mut correlator = Correlator::new(&rules);
//! let mut scratch = Scratch::default(); // one per thread
//!
//! for (second, command) in [(0, "esxcli vm process list"), (9, "esxcli vm process list"), (20, "ls")] {
//!     let fields = [
//!         Field::new("User", "root"),
//!         Field::new("Image", "/bin/esxcli"),
//!         Field::new("CommandLine", command),
//!     ];
//!     let (at, core) = (At::Line(second + 1), Core::default());
//!     let event = Event { at, time: None, kind: Kind::Other, core, fields: &fields, raw: b"" };
//!     engine.matches(shell, &event, &mut scratch, |hit| {
//!         let rule = &rules.rules[hit.rule];
//!         assert_eq!(rule.meta.id, "esxi-process-list");
//!         assert_eq!(hit.matched().last().map(|matched| matched.field), Some("CommandLine"));
//!         if correlator.wants(hit.rule) {
//!             let fields = correlator.fields(&event);
//!             correlator.push(hit.rule, second as i64 * 1_000_000, second, &fields);
//!         }
//!     });
//! }
//! let conclusions = correlator.finish();
//! assert_eq!(conclusions.all[0].group, [("User".to_owned(), "root".to_owned())]);
//! assert_eq!(conclusions.all[0].count, 2);
//! ```
#![forbid(unsafe_code)]

mod check;
mod correlate;
mod engine;
mod fold;
mod indicator;
mod load;
mod logsource;
mod reference;
mod ruleset;
mod sigma;
mod windows;
mod yaml;

pub use check::{Failure, test_rule};
pub use correlate::{Conclusion, Conclusions, CorrelationFields, Correlator, Limits};
pub use engine::{Engine, Hit, Matched, Scratch};
pub use indicator::{Indicator, IndicatorHit, IndicatorKind, Indicators};
pub use load::{load_files, load_path, load_paths, load_zip};
pub use logsource::{LogSource, Routing};
pub use reference::Reference;
pub use ruleset::{Correlation, Duplicate, Rule, RuleSet, Unusable};
pub use sigma::meta::{Japanese, RuleMeta};
