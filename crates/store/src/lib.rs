//! The store: events as columns in Parquet, and questions about them in SQL.
//!
//! One folder per source under `events/`, any number of files in it, one schema for all ([`schema`]): the typed core as
//! columns, native fields as a map from name to text. Any Parquet engine reads them.

#![forbid(unsafe_code)]

mod correct;
mod encode;
mod ordered;
mod pages;
mod query;
mod records;
mod write;

pub use correct::{Correction, Corrections};
pub use ordered::{Native, Ordered, Sorted};
pub use pages::{Bounds, Span};
pub use query::{Escape, Events, Output};
pub use records::Filter;
pub use write::{EventWriter, Keep, Origin, Rows, Written};

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Fields, Schema, TimeUnit};

/// What went wrong, for the one who must act.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{path}: {source}")]
    Io { path: String, source: std::io::Error },
    #[error("the event store is damaged: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
    #[error("the event store is damaged: {0}")]
    Arrow(#[from] arrow::error::ArrowError),
    #[error("the query cannot be answered: {0}")]
    Query(String),
}

impl From<datafusion::error::DataFusionError> for Error {
    fn from(error: datafusion::error::DataFusionError) -> Self {
        Self::Query(error.strip_backtrace())
    }
}

/// Text columns of the core in the order of the schema.
pub(crate) const TEXTS: [&str; 13] =
    ["host", "user", "src", "dst", "session", "object", "target", "command", "outcome", "assigned", "agent", "kind", "raw"];

/// The schema of every file under `events/`. `time` is microseconds UTC; `zone_taken` is there where the record says no zone:
/// seconds east of UTC, so that `time` and it make the time as written; `duration` microseconds; `unit` and `at` are the
/// place in the piece of evidence named by `evidence`.
pub fn schema() -> Arc<Schema> {
    let text = |name: &str| Field::new(name, DataType::Utf8, true);
    let mut fields = vec![
        Field::new("time", DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())), true),
        text("fidelity"),
        text("basis"),
        Field::new("zone_taken", DataType::Int32, true),
        Field::new("evidence", DataType::Utf8, false),
        Field::new("source", DataType::Utf8, false),
        Field::new("unit", DataType::Utf8, false),
        Field::new("at", DataType::UInt64, false),
    ];
    fields.extend(TEXTS.iter().map(|name| text(name)));
    fields.extend([
        Field::new("src_port", DataType::UInt16, true),
        Field::new("dst_port", DataType::UInt16, true),
        Field::new("bytes_out", DataType::UInt64, true),
        Field::new("bytes_in", DataType::UInt64, true),
        Field::new("duration", DataType::Int64, true),
        Field::new_map(
            "fields",
            "key_value",
            Field::new("key", DataType::Utf8, false),
            Field::new("value", DataType::Utf8, true),
            false,
            false,
        ),
    ]);
    Arc::new(Schema::new(Fields::from(fields)))
}
