//! Appends borrowed events to columns and writes them as compressed Parquet, in bounded memory and fixed order.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Int32Builder, Int64Builder, MapBuilder, MapFieldNames, RecordBatch, StringBuilder, TimestampMicrosecondBuilder,
    UInt16Builder, UInt64Builder,
};
use arrow::datatypes::Schema;
use konseki_model::time::Offset;
use konseki_model::{Core, Event};
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::schema::types::ColumnPath;
use rustc_hash::FxHashMap;

use crate::encode::Encoder;
use crate::{Error, TEXTS, schema};

/// Rows gathered before they go to the encoder.
const ROWS: usize = 4096;
/// Native names counted per file; more are kept in the map and only missing as columns of the source's table.
const NAMES: usize = 512;
/// Key of the file's metadata that lists native names by number of events, most first.
pub(crate) const NAMES_KEY: &str = "konseki.fields";

/// Writes one file of events. Encoding and compressing run beside it where it was asked for; the bytes are the same.
pub struct EventWriter {
    path: PathBuf,
    encoder: Encoder,
    rows: Rows,
}

/// What takes events: a file, or rows that go to one later.
pub trait Keep {
    /// Appends an event. `origin.host` is taken where the event names none.
    ///
    /// # Errors
    /// The disk is full or the encoder refuses.
    fn push(&mut self, origin: &Origin<'_>, event: &Event<'_>) -> Result<(), Error>;
}

/// Rows in memory: of a part of a piece that is read beside other parts.
pub struct Rows {
    columns: Columns,
    full: Vec<RecordBatch>,
    count: u64,
    names: FxHashMap<Box<str>, u64>,
}

/// Where an event is from, beside what it says itself.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    pub evidence: &'a str,
    pub source: &'a str,
    /// Taken where the event names no host.
    pub host: &'a str,
    /// An excerpt that stands byte for byte at the event's place; empty for none.
    pub raw: &'a str,
}

/// What a finished file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    pub rows: u64,
}

struct Columns {
    schema: Arc<Schema>,
    time: TimestampMicrosecondBuilder,
    fidelity: StringBuilder,
    basis: StringBuilder,
    taken: Int32Builder,
    evidence: StringBuilder,
    source: StringBuilder,
    unit: StringBuilder,
    at: UInt64Builder,
    texts: [StringBuilder; TEXTS.len()],
    ports: [UInt16Builder; 2],
    bytes: [UInt64Builder; 2],
    duration: Int64Builder,
    fields: MapBuilder<StringBuilder, StringBuilder>,
    pending: usize,
    /// Bytes of text gathered; a batch is closed early when events are large.
    weight: usize,
}

impl EventWriter {
    /// `beside`: encode in a thread of its own.
    ///
    /// # Errors
    /// The file cannot be created.
    pub fn create(path: &Path, beside: bool) -> Result<Self, Error> {
        let io = |source: std::io::Error| Error::Io { path: path.display().to_string(), source };
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(io)?;
        }
        let file = File::create(path).map_err(io)?;
        let level = ZstdLevel::try_new(1)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_column_statistics_enabled(
                ColumnPath::new(vec!["fields".into(), "key_value".into(), "value".into()]),
                EnabledStatistics::None,
            )
            .set_column_dictionary_enabled(ColumnPath::new(vec!["at".into()]), false)
            .set_column_dictionary_enabled(ColumnPath::new(vec!["time".into()]), false)
            .set_column_encoding(ColumnPath::new(vec!["at".into()]), parquet::basic::Encoding::DELTA_BINARY_PACKED)
            .set_column_encoding(ColumnPath::new(vec!["time".into()]), parquet::basic::Encoding::DELTA_BINARY_PACKED)
            .set_max_row_group_row_count(Some(64 * 1024))
            .set_created_by("konseki".to_owned())
            .build();
        let schema = schema();
        let writer = ArrowWriter::try_new(file, schema.clone(), Some(properties))?;
        let encoder = Encoder::new(writer, beside).map_err(io)?;
        Ok(Self { path: path.to_owned(), encoder, rows: Rows::default() })
    }

    /// Appends what was kept apart, behind all events so far.
    ///
    /// # Errors
    /// The disk is full or the encoder refuses.
    pub fn append(&mut self, mut rows: Rows) -> Result<(), Error> {
        self.rows.close()?;
        rows.close()?;
        self.rows.full.append(&mut rows.full);
        self.rows.count += rows.count;
        // In one order, since only so many names fit.
        let mut names: Vec<(Box<str>, u64)> = rows.names.into_iter().collect();
        names.sort_unstable();
        for (name, count) in names {
            self.rows.name(&name, count);
        }
        self.pass_on()
    }

    fn pass_on(&mut self) -> Result<(), Error> {
        self.rows.full.drain(..).try_for_each(|batch| self.encoder.write(batch))
    }

    /// Writes the rest and the foot, and brings it to the disk.
    ///
    /// # Errors
    /// The disk is full.
    pub fn finish(mut self) -> Result<Written, Error> {
        self.rows.close()?;
        self.pass_on()?;
        let mut names: Vec<(&Box<str>, &u64)> = self.rows.names.iter().collect();
        names.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
        let list: Vec<&str> = names.iter().map(|(name, _)| &***name).collect();
        let json = serde_json::to_string(&list).unwrap_or_default();
        let mut writer = self.encoder.finish()?;
        writer.append_key_value_metadata(KeyValue::new(NAMES_KEY.to_owned(), json));
        let file = writer.into_inner()?;
        file.sync_all().map_err(|source| Error::Io { path: self.path.display().to_string(), source })?;
        Ok(Written { rows: self.rows.count })
    }
}

impl Keep for EventWriter {
    fn push(&mut self, origin: &Origin<'_>, event: &Event<'_>) -> Result<(), Error> {
        self.rows.push(origin, event)?;
        self.pass_on()
    }
}

impl Default for Rows {
    fn default() -> Self {
        Self { columns: Columns::new(schema()), full: Vec::new(), count: 0, names: FxHashMap::default() }
    }
}

impl Keep for Rows {
    fn push(&mut self, origin: &Origin<'_>, event: &Event<'_>) -> Result<(), Error> {
        self.columns.push(origin, event);
        self.count += 1;
        // Names are sampled: the list only decides which columns a table shows.
        if self.count < 4096 || self.count.is_multiple_of(16) {
            event.fields.iter().for_each(|field| self.name(field.name, 1));
        }
        if self.columns.pending >= ROWS || self.columns.weight > 8 << 20 {
            self.close()?;
        }
        Ok(())
    }
}

impl Rows {
    fn name(&mut self, name: &str, times: u64) {
        if let Some(count) = self.names.get_mut(name) {
            *count += times;
        } else if self.names.len() < NAMES {
            self.names.insert(name.into(), times);
        }
    }

    fn close(&mut self) -> Result<(), Error> {
        if self.columns.pending > 0 {
            self.full.push(self.columns.batch()?);
        }
        Ok(())
    }
}

impl Columns {
    fn new(schema: Arc<Schema>) -> Self {
        let names = MapFieldNames { entry: "key_value".into(), key: "key".into(), value: "value".into() };
        Self {
            schema,
            time: TimestampMicrosecondBuilder::new().with_timezone("UTC"),
            fidelity: StringBuilder::new(),
            basis: StringBuilder::new(),
            taken: Int32Builder::new(),
            evidence: StringBuilder::new(),
            source: StringBuilder::new(),
            unit: StringBuilder::new(),
            at: UInt64Builder::new(),
            texts: std::array::from_fn(|_| StringBuilder::new()),
            ports: std::array::from_fn(|_| UInt16Builder::new()),
            bytes: std::array::from_fn(|_| UInt64Builder::new()),
            duration: Int64Builder::new(),
            fields: MapBuilder::new(Some(names), StringBuilder::new(), StringBuilder::new()),
            pending: 0,
            weight: 0,
        }
    }

    fn push(&mut self, origin: &Origin<'_>, event: &Event<'_>) {
        self.time.append_option(event.time.map(|time| time.micros));
        self.fidelity.append_option(event.time.map(|time| time.fidelity.as_str()));
        self.basis.append_option(event.time.map(|time| time.basis.as_str()));
        self.taken.append_option(event.time.and_then(|time| match time.offset? {
            Offset::Taken(seconds) => Some(seconds),
            Offset::Said(_) => None,
        }));
        self.evidence.append_value(origin.evidence);
        self.source.append_value(origin.source);
        self.unit.append_value(event.at.unit());
        self.at.append_value(event.at.number());
        let core = &event.core;
        let values = texts(core, origin, event.kind.as_str());
        for (builder, value) in self.texts.iter_mut().zip(values) {
            if value.is_empty() {
                builder.append_null();
            } else {
                builder.append_value(value);
                self.weight += value.len();
            }
        }
        let [src_port, dst_port] = &mut self.ports;
        src_port.append_option(core.src_port);
        dst_port.append_option(core.dst_port);
        let [bytes_out, bytes_in] = &mut self.bytes;
        bytes_out.append_option(core.bytes_out);
        bytes_in.append_option(core.bytes_in);
        self.duration.append_option(core.duration);
        for field in event.fields {
            self.fields.keys().append_value(field.name);
            self.fields.values().append_value(field.value);
            self.weight += field.name.len() + field.value.len();
        }
        // Appending to a map fails only when keys and values differ in number, which the loop above rules out.
        let _ = self.fields.append(true);
        self.pending += 1;
    }

    fn batch(&mut self) -> Result<RecordBatch, Error> {
        let mut arrays: Vec<ArrayRef> = vec![
            Arc::new(self.time.finish()),
            Arc::new(self.fidelity.finish()),
            Arc::new(self.basis.finish()),
            Arc::new(self.taken.finish()),
            Arc::new(self.evidence.finish()),
            Arc::new(self.source.finish()),
            Arc::new(self.unit.finish()),
            Arc::new(self.at.finish()),
        ];
        arrays.extend(self.texts.iter_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef));
        arrays.extend(self.ports.iter_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef));
        arrays.extend(self.bytes.iter_mut().map(|builder| Arc::new(builder.finish()) as ArrayRef));
        arrays.push(Arc::new(self.duration.finish()));
        arrays.push(Arc::new(self.fields.finish()));
        self.pending = 0;
        self.weight = 0;
        Ok(RecordBatch::try_new(self.schema.clone(), arrays)?)
    }
}

fn texts<'a>(core: &Core<'a>, origin: &Origin<'a>, kind: &'a str) -> [&'a str; TEXTS.len()] {
    let host = if core.host.is_empty() { origin.host } else { core.host };
    [
        host,
        core.user,
        core.src,
        core.dst,
        core.session,
        core.object,
        core.target,
        core.command,
        core.outcome,
        core.assigned,
        core.agent,
        kind,
        origin.raw,
    ]
}
