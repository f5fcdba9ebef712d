//! What the sources of ESXi have in common: one engine for its logs, one for its lists, paths and names of machines.

pub mod audit;
pub mod auth;
pub mod events;
pub mod fields;
pub mod hostd;
pub mod kernel;
pub mod lists;
pub mod log;
pub mod machine;
pub mod outputs;
pub mod shell;
pub mod specs;
mod streams;
pub mod survey;
pub mod syslog;
pub mod table;
pub mod vobd;

pub use fields::Fields;
pub use lists::Listing;
pub use log::{Class, Log};

/// The first line of a record's text.
pub fn first_line(text: &str) -> &str {
    match memchr::memchr(b'\n', text.as_bytes()) {
        Some(end) => text.get(..end).unwrap_or(text),
        None => text,
    }
}

/// `user@address` at the last `@`, as events write who logged in.
pub fn who(text: &str) -> (&str, &str) {
    text.rsplit_once('@').unwrap_or((text, ""))
}
