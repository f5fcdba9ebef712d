//! The report: words, the page, the terminal summary. The only crate that knows a language.

#![forbid(unsafe_code)]

pub mod answer;
pub mod attack;
mod case;
mod changes;
mod escape;
mod events;
mod fill;
pub mod holes;
mod page;
pub mod problems;
mod summary;
pub mod time;
mod words;

pub use answer::{Answer, Tier, answer};
pub use case::{Case, Clock, Coverage, CoverageGap, Inventory, InventoryVerdict, RuleFired, RuleUnusable, Rules, Tlp};
pub use changes::{Change, changes_text};
pub use escape::{csv_field, defang, defang_schemes, escape_terminal, html, html_block, is_hidden, shorten, visible};
pub use events::{EventWords, by_kind};
pub use fill::{fill, fill_chain, fill_gap, fill_hypothesis, fill_scope_item, fill_step};
pub use page::render;
pub use summary::summary_text;
pub use words::{Args, Both, FILES, Lang, Words, count, fill_args, format_value, short_bytes};
