//! SQL over the case: one table per source, one `events` table over all, in bounded memory, read-only.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::json::WriterBuilder;
use arrow::json::writer::LineDelimited;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{ParquetReadOptions, SQLOptions, SessionConfig, SessionContext};
use futures::StreamExt;
use konseki_model::Record;
use parquet::file::reader::{FileReader, SerializedFileReader};

use crate::ordered::Ordered;
use crate::records::Filter;
use crate::write::NAMES_KEY;
use crate::{Corrections, Error, schema};

/// Native fields shown as columns of a source's table; all of them stay in `fields`.
const NATIVE_COLUMNS: usize = 80;
/// Memory of one query before it spills to disk.
pub(crate) const QUERY_MEMORY: usize = 256 << 20;

/// How cells are made safe to show: evidence must steer neither a terminal nor a spreadsheet. The words' owner knows how.
#[derive(Clone, Copy, Debug)]
pub struct Escape {
    pub terminal: fn(&str) -> String,
    pub csv: fn(&str) -> String,
}

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output {
    Table,
    Csv,
    Jsonl,
}

/// The events of a case.
pub struct Events {
    pub(crate) context: SessionContext,
    pub(crate) runtime: tokio::runtime::Runtime,
    ordered: Ordered,
}

impl Events {
    /// Opens `events/` of a case; `spill` is a folder for queries that need more than their memory.
    ///
    /// # Errors
    /// The folder cannot be read or a file is damaged (named).
    pub fn open(folder: &Path, spill: &Path, corrections: &Corrections, threads: usize) -> Result<Self, Error> {
        std::fs::create_dir_all(folder).map_err(|source| Error::Io { path: folder.display().to_string(), source })?;
        Self::open_within(folder, spill, corrections, threads, QUERY_MEMORY)
    }

    /// As `open`; a query may hold `memory` bytes before it spills.
    ///
    /// # Errors
    /// As `open`.
    pub fn open_within(folder: &Path, spill: &Path, corrections: &Corrections, threads: usize, memory: usize) -> Result<Self, Error> {
        Self::open_with(folder, Some(spill), corrections, threads, memory)
    }

    pub(crate) fn open_with(
        folder: &Path,
        spill: Option<&Path>,
        corrections: &Corrections,
        threads: usize,
        memory: usize,
    ) -> Result<Self, Error> {
        let io = |source| Error::Io { path: folder.display().to_string(), source };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads.max(1)).enable_time().build().map_err(io)?;
        let pool = RuntimeEnvBuilder::new().with_memory_pool(Arc::new(FairSpillPool::new(memory)));
        let environment = match spill {
            Some(spill) => pool.with_temp_file_path(spill),
            None => pool.with_disk_manager_builder(DiskManagerBuilder::default().with_mode(DiskManagerMode::Disabled)),
        };
        let environment = environment.build_arc()?;
        let config = SessionConfig::new()
            // One sort at a time: several share the memory out between them, and their merge, which cannot spill, finds none left.
            .with_target_partitions(1)
            // Long lines make heavy batches, and a sort needs room for a whole one.
            .with_batch_size(1024)
            .set_bool("datafusion.execution.parquet.pushdown_filters", true)
            .set_bool("datafusion.execution.listing_table_ignore_subdirectory", false)
            .set_bool("datafusion.sql_parser.enable_ident_normalization", false)
            .set_bool("datafusion.execution.parquet.schema_force_view_types", false);
        let context = SessionContext::new_with_config_rt(config, environment);
        let ordered = Ordered::new(folder, spill, corrections, threads).within(memory.min(crate::ordered::SORT_MEMORY));
        let events = Self { context, runtime, ordered };
        events.register(folder, corrections)?;
        Ok(events)
    }

    fn register(&self, folder: &Path, corrections: &Corrections) -> Result<(), Error> {
        let schema = schema();
        let mut sources = Vec::new();
        for family in subfolders(folder)? {
            for source in subfolders(&family)? {
                sources.push(source);
            }
        }
        self.runtime.block_on(async {
            let all = ParquetReadOptions::default().schema(&schema);
            self.context.register_parquet("__events", format!("{}/", folder.display()), all).await?;
            self.view("events", "__events", &[], corrections).await
        })?;
        for source in sources {
            let name = table_name(folder, &source);
            let raw = format!("__{name}");
            let native = native_names(&source)?;
            self.runtime.block_on(async {
                let one = ParquetReadOptions::default().schema(&schema);
                self.context.register_parquet(&raw, format!("{}/", source.display()), one).await?;
                self.view(&name, &raw, &native, corrections).await
            })?;
        }
        Ok(())
    }

    async fn view(&self, name: &str, raw: &str, native: &[String], corrections: &Corrections) -> Result<(), Error> {
        let schema = schema();
        let mut columns: Vec<String> = schema.fields().iter().map(|field| format!("\"{}\"", field.name())).collect();
        if !corrections.is_empty() {
            let (moved, basis) = corrections.sql();
            for column in &mut columns {
                match column.as_str() {
                    "\"time\"" => {
                        *column = format!("arrow_cast(to_timestamp_micros({moved}), 'Timestamp(Microsecond, Some(\"UTC\"))') AS \"time\"")
                    }
                    "\"basis\"" => *column = format!("{basis} AS \"basis\""),
                    _ => {}
                }
            }
        }
        for field in native {
            columns.push(format!("\"fields\"['{}'] AS \"{}\"", field.replace('\'', "''"), field.replace('"', "\"\"")));
        }
        let sql = format!("CREATE VIEW \"{name}\" AS SELECT {} FROM \"{raw}\"", columns.join(", "));
        self.context.sql(&sql).await?.collect().await?;
        Ok(())
    }

    /// Runs one SELECT and writes its rows. Statements that change anything are refused. Gives the number of rows.
    ///
    /// # Errors
    /// What is wrong with the query, or where writing failed.
    pub fn query(&self, sql: &str, output: Output, escape: Escape, to: &mut dyn Write) -> Result<u64, Error> {
        let options = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        let io = |source| Error::Io { path: "output".to_owned(), source };
        let mut printer = Printer::new(output, escape);
        self.runtime.block_on(async {
            let frame = self.context.sql_with_options(sql, options).await?;
            let names: Vec<String> = frame.schema().fields().iter().map(|field| field.name().clone()).collect();
            printer.head(&names);
            let mut stream = frame.execute_stream().await?;
            while let Some(batch) = next(&mut stream).await? {
                printer.batch(&batch, to)?;
            }
            Ok::<(), Error>(())
        })?;
        printer.finish(to).map_err(io)
    }

    /// Streams events in order of time (those without time first), then evidence, then place.
    ///
    /// # Errors
    /// A damaged store, or no room to sort.
    pub fn records(&self, filter: &Filter, each: &mut dyn FnMut(&Record)) -> Result<(), Error> {
        self.ordered.records(filter, each)
    }

    /// Names of the tables a query can use.
    pub fn tables(&self) -> Vec<String> {
        let mut names = Vec::new();
        for catalog in self.context.catalog_names() {
            let Some(catalog) = self.context.catalog(&catalog) else {
                continue;
            };
            for schema in catalog.schema_names() {
                let Some(schema) = catalog.schema(&schema) else {
                    continue;
                };
                names.extend(schema.table_names().into_iter().filter(|name| !name.starts_with("__")));
            }
        }
        names.sort();
        names
    }
}

pub(crate) async fn next(stream: &mut SendableRecordBatchStream) -> Result<Option<RecordBatch>, Error> {
    Ok(stream.next().await.transpose()?)
}

pub(crate) fn subfolders(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let io = |source| Error::Io { path: folder.display().to_string(), source };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(io)? {
        let path = entry.map_err(io)?.path();
        if path.is_dir() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// `windows/evtx` -> `windows_evtx`.
fn table_name(root: &Path, source: &Path) -> String {
    let relative = source.strip_prefix(root).unwrap_or(source);
    relative.to_string_lossy().replace(['/', '\\', '-'], "_")
}

/// Native names of a source, most frequent first, from the feet of its files (at most 64 are opened).
fn native_names(folder: &Path) -> Result<Vec<String>, Error> {
    let core = schema();
    let mut rank: BTreeMap<String, usize> = BTreeMap::new();
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .map_err(|source| Error::Io { path: folder.display().to_string(), source })?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "parquet"))
        .collect();
    files.sort();
    for path in files.iter().take(64) {
        let file = std::fs::File::open(path).map_err(|source| Error::Io { path: path.display().to_string(), source })?;
        let reader = SerializedFileReader::new(file).map_err(|error| Error::Query(format!("{}: {error}", path.display())))?;
        let metadata = reader.metadata().file_metadata().key_value_metadata();
        let list = metadata.and_then(|all| all.iter().find(|pair| pair.key == NAMES_KEY)).and_then(|pair| pair.value.as_deref());
        let names: Vec<String> = list.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
        for (place, name) in names.into_iter().enumerate() {
            let best = rank.entry(name).or_insert(place);
            *best = (*best).min(place);
        }
    }
    let mut names: Vec<(usize, String)> = rank.into_iter().map(|(name, place)| (place, name)).collect();
    names.sort();
    let mut seen: Vec<String> = core.fields().iter().map(|field| field.name().to_lowercase()).collect();
    let mut out = Vec::new();
    for (_, name) in names {
        let lower = name.to_lowercase();
        if !seen.contains(&lower) && out.len() < NATIVE_COLUMNS {
            seen.push(lower);
            out.push(name);
        }
    }
    Ok(out)
}

/// Writes rows as they come; a table keeps a first screen to find widths, then streams.
pub(crate) struct Printer {
    output: Output,
    escape: Escape,
    names: Vec<String>,
    rows: u64,
    held: Vec<Vec<String>>,
    widths: Option<Vec<usize>>,
}

impl Printer {
    pub(crate) fn new(output: Output, escape: Escape) -> Self {
        Self { output, escape, names: Vec::new(), rows: 0, held: Vec::new(), widths: None }
    }

    pub(crate) fn head(&mut self, names: &[String]) {
        self.names = names.to_vec();
    }

    pub(crate) fn batch(&mut self, batch: &RecordBatch, to: &mut dyn Write) -> Result<(), Error> {
        if self.output == Output::Jsonl {
            self.rows += batch.num_rows() as u64;
            // Numbers stay numbers, lists lists, and what is not there is null.
            let mut writer = WriterBuilder::new().with_explicit_nulls(true).build::<_, LineDelimited>(to);
            return Ok(writer.write(batch).and_then(|()| writer.finish())?);
        }
        let io = |source| Error::Io { path: "output".to_owned(), source };
        let escape = self.escape;
        let csv = |cells: &[String]| cells.iter().map(|cell| (escape.csv)(cell)).collect::<Vec<_>>().join(",");
        let options = FormatOptions::default().with_null("");
        let formatters: Vec<ArrayFormatter<'_>> =
            batch.columns().iter().map(|column| ArrayFormatter::try_new(column.as_ref(), &options)).collect::<Result<_, _>>()?;
        for row in 0..batch.num_rows() {
            let cells: Vec<String> = formatters.iter().map(|formatter| formatter.value(row).to_string()).collect();
            if self.output == Output::Csv {
                if self.rows == 0 {
                    writeln!(to, "{}", csv(&self.names)).map_err(io)?;
                }
                writeln!(to, "{}", csv(&cells)).map_err(io)?;
            } else {
                self.held.push(cells.iter().map(|cell| (self.escape.terminal)(cell)).collect());
                if self.held.len() >= 1000 {
                    self.spill(to).map_err(io)?;
                }
            }
            self.rows += 1;
        }
        Ok(())
    }

    fn spill(&mut self, to: &mut dyn Write) -> std::io::Result<()> {
        if self.widths.is_none() {
            let mut widths: Vec<usize> = self.names.iter().map(|name| name.chars().count()).collect();
            for row in &self.held {
                for (width, cell) in widths.iter_mut().zip(row) {
                    *width = (*width).max(cell.chars().count()).min(80);
                }
            }
            write_row(to, &self.names, &widths)?;
            writeln!(to, "{}", widths.iter().map(|width| "-".repeat(*width)).collect::<Vec<_>>().join("  "))?;
            self.widths = Some(widths);
        }
        let widths = self.widths.clone().unwrap_or_default();
        for row in self.held.drain(..) {
            write_row(to, &row, &widths)?;
        }
        Ok(())
    }

    pub(crate) fn finish(mut self, to: &mut dyn Write) -> std::io::Result<u64> {
        match self.output {
            Output::Table => self.spill(to)?,
            Output::Csv if self.rows == 0 => {
                writeln!(to, "{}", self.names.iter().map(|name| (self.escape.csv)(name)).collect::<Vec<_>>().join(","))?;
            }
            _ => {}
        }
        to.flush()?;
        Ok(self.rows)
    }
}

fn write_row(to: &mut dyn Write, cells: &[String], widths: &[usize]) -> std::io::Result<()> {
    let padded: Vec<String> = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
    writeln!(to, "{}", padded.join("  ").trim_end())
}
