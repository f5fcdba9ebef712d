//! Questions of someone who looks around: one page, counts over time, values to choose from, a bounded SELECT.

use std::io::Write;
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use arrow::record_batch::RecordBatch;
use datafusion::prelude::{SQLOptions, SessionContext};
use konseki_model::Record;

use crate::query::{Escape, Events, Output, Printer, next};
use crate::records::{Filter, from_batch};
use crate::{Corrections, Error};

const ORDER: &str = "time ASC NULLS FIRST, evidence, unit, at, kind, \"object\", command";

/// Threads of one SELECT.
const SQL_THREADS: usize = 2;

/// How many events a filter lets through, and from when to when (microseconds UTC).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    pub events: u64,
    pub timed: u64,
    pub first: Option<i64>,
    pub last: Option<i64>,
}

/// What ends a SELECT before its rows do.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub rows: u64,
    pub patience: Duration,
}

impl Events {
    /// Opens `events/` without writing anywhere: a query that needs more than its memory fails instead of spilling.
    ///
    /// # Errors
    /// As [`Events::open`].
    pub fn open_reading(folder: &Path, corrections: &Corrections, threads: usize) -> Result<Self, Error> {
        Self::open_with(folder, None, corrections, threads, crate::query::QUERY_MEMORY)
    }

    /// `limit` events from number `offset` on, in order of time (those without time first), then evidence, then place.
    ///
    /// # Errors
    /// A damaged store, no room to sort, or patience ran out.
    pub fn page(
        &self,
        filter: &Filter,
        (offset, limit): (u64, u64),
        patience: Duration,
        each: &mut dyn FnMut(Record),
    ) -> Result<(), Error> {
        let sql = format!("SELECT * FROM events WHERE {} ORDER BY {ORDER} LIMIT {limit} OFFSET {offset}", filter.condition());
        self.batches(&sql, patience, &mut |batch| from_batch(batch, each))
    }

    /// # Errors
    /// A damaged store, or patience ran out.
    pub fn span(&self, filter: &Filter, patience: Duration) -> Result<Span, Error> {
        let sql = format!("SELECT count(*), count(time), min(time), max(time) FROM events WHERE {}", filter.condition());
        let mut span = Span::default();
        self.batches(&sql, patience, &mut |batch| {
            let number = |column| integer(batch, column, 0);
            let count = |column| number(column).and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
            span = Span { events: count(0), timed: count(1), first: number(2), last: number(3) };
        })?;
        Ok(span)
    }

    /// Events per span of `width` microseconds, as (start of the span, number); spans without events are left out.
    ///
    /// # Errors
    /// A damaged store, or patience ran out.
    pub fn bins(&self, filter: &Filter, width: i64, patience: Duration) -> Result<Vec<(i64, u64)>, Error> {
        let width = width.max(1);
        let micros = "CAST(arrow_cast(time, 'Int64') AS BIGINT)";
        // Division rounds towards zero; before 1970 the span below is meant.
        let start = format!("({micros} - (({micros} % {width}) + {width}) % {width})");
        let condition = filter.condition();
        let sql =
            format!("SELECT {start} AS start, count(*) AS n FROM events WHERE time IS NOT NULL AND {condition} GROUP BY 1 ORDER BY 1");
        let mut bins = Vec::new();
        self.batches(&sql, patience, &mut |batch| {
            for row in 0..batch.num_rows() {
                if let (Some(start), Some(count)) = (integer(batch, 0, row), integer(batch, 1, row)) {
                    bins.push((start, u64::try_from(count).unwrap_or(0)));
                }
            }
        })?;
        Ok(bins)
    }

    /// The most frequent values of a core column, not the empty one.
    ///
    /// # Errors
    /// No such column, a damaged store, or patience ran out.
    pub fn values(&self, column: &str, limit: u64, patience: Duration) -> Result<Vec<String>, Error> {
        let column = column.replace('"', "\"\"");
        let sql = format!(
            "SELECT CAST(\"{column}\" AS VARCHAR) AS value, count(*) AS n FROM events WHERE \"{column}\" <> '' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {limit}"
        );
        let mut values = Vec::new();
        self.batches(&sql, patience, &mut |batch| {
            let texts = batch.columns().first().and_then(|column| cast(column, &DataType::Utf8).ok());
            if let Some(texts) = texts.as_ref().and_then(|texts| texts.as_string_opt::<i32>()) {
                values.extend(texts.iter().flatten().map(str::to_owned));
            }
        })?;
        Ok(values)
    }

    /// Runs one SELECT and writes at most `bounds.rows` rows as lines of JSON; gives how many, and whether there were more.
    ///
    /// A join that finds nothing cannot be interrupted, only left alone. It has threads of its own, so that nobody else
    /// waits for them, and `held` is let go when the last of them has ended, which may be long after the answer.
    ///
    /// # Errors
    /// What is wrong with the query, where writing failed, or patience ran out.
    pub fn query_some<H: Send + 'static>(
        &self,
        sql: &str,
        bounds: Bounds,
        escape: Escape,
        held: H,
        to: &mut dyn Write,
    ) -> Result<(u64, bool), Error> {
        let io = |source| Error::Io { path: "output".to_owned(), source };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(SQL_THREADS).build().map_err(io)?;
        let (sender, parts) = sync_channel(1);
        runtime.spawn(select(self.context.clone(), sql.to_owned(), sender));
        let answer = write_parts(&parts, bounds, escape, to);
        drop(parts);
        std::thread::spawn(move || {
            drop(runtime);
            drop(held);
        });
        answer
    }

    fn batches(&self, sql: &str, patience: Duration, each: &mut dyn FnMut(&RecordBatch)) -> Result<(), Error> {
        self.within(patience, async {
            let mut stream = self.context.sql(sql).await?.execute_stream().await?;
            while let Some(batch) = next(&mut stream).await? {
                each(&batch);
            }
            Ok(())
        })
    }

    fn within(&self, patience: Duration, work: impl Future<Output = Result<(), Error>>) -> Result<(), Error> {
        self.runtime.block_on(async { tokio::time::timeout(patience, work).await.map_err(|_| late(patience))? })
    }
}

/// What a running SELECT says: its columns, then rows, then what went wrong if anything did.
enum Part {
    Head(Vec<String>),
    Rows(RecordBatch),
    Failed(Error),
}

async fn select(context: SessionContext, sql: String, to: SyncSender<Part>) {
    let work = async {
        let options = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
        let frame = context.sql_with_options(&sql, options).await?;
        let names = frame.schema().fields().iter().map(|field| field.name().clone()).collect();
        let mut open = to.send(Part::Head(names)).is_ok();
        let mut stream = frame.execute_stream().await?;
        while open && let Some(batch) = next(&mut stream).await? {
            open = to.send(Part::Rows(batch)).is_ok();
        }
        Ok::<(), Error>(())
    };
    if let Err(error) = work.await {
        // Where nobody listens any more, the answer was given without it.
        let _ = to.send(Part::Failed(error));
    }
}

fn write_parts(parts: &Receiver<Part>, bounds: Bounds, escape: Escape, to: &mut dyn Write) -> Result<(u64, bool), Error> {
    let mut printer = Printer::new(Output::Jsonl, escape);
    let until = Instant::now() + bounds.patience;
    let mut left = usize::try_from(bounds.rows).unwrap_or(usize::MAX);
    let mut more = false;
    loop {
        match parts.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(Part::Head(names)) => printer.head(&names),
            Ok(Part::Rows(batch)) if batch.num_rows() > left => {
                more = true;
                printer.batch(&batch.slice(0, left), to)?;
                break;
            }
            Ok(Part::Rows(batch)) => {
                left -= batch.num_rows();
                printer.batch(&batch, to)?;
            }
            Ok(Part::Failed(error)) => return Err(error),
            Err(RecvTimeoutError::Timeout) => return Err(late(bounds.patience)),
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    let rows = printer.finish(to).map_err(|source| Error::Io { path: "output".to_owned(), source })?;
    Ok((rows, more))
}

fn late(patience: Duration) -> Error {
    Error::Query(format!("no answer within {} seconds: ask for less", patience.as_secs()))
}

fn integer(batch: &RecordBatch, column: usize, row: usize) -> Option<i64> {
    let numbers = cast(batch.columns().get(column)?, &DataType::Int64).ok()?;
    let numbers = numbers.as_primitive_opt::<Int64Type>()?;
    (row < numbers.len() && !numbers.is_null(row)).then(|| numbers.value(row))
}
