//! One part of a Parquet file of events: the rows that a filter lets through, with corrected times.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::{Path, PathBuf};

use arrow::array::{Array, AsArray, BooleanArray, MapArray, PrimitiveArray, RecordBatch, StringArray};
use arrow::datatypes::{ArrowPrimitiveType, Int32Type, Int64Type, TimestampMicrosecondType, UInt16Type, UInt64Type};
use konseki_model::time::Offset;
use konseki_model::{Basis, Fidelity, Stamp};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowPredicateFn, ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowFilter};

use super::pack::Packer;
use crate::records::Filter;
use crate::{Corrections, Error, TEXTS};

/// Rows decoded at once.
const ROWS: usize = 2048;
/// Columns that no comparison of clocks needs.
const HEAVY: [&str; 2] = ["fields", "raw"];

/// All files of events, sorted; those of one source where the filter names one.
pub(super) fn files(folder: &Path, filter: &Filter) -> Result<Vec<PathBuf>, Error> {
    let wanted = filter.source.as_ref().map(|source| source.to_lowercase());
    let mut found = Vec::new();
    for family in crate::query::subfolders(folder)? {
        for source in crate::query::subfolders(&family)? {
            let name = source.strip_prefix(folder).unwrap_or(&source).to_string_lossy().replace('\\', "/").to_lowercase();
            if wanted.as_ref().is_some_and(|wanted| *wanted != name) {
                continue;
            }
            let io = |error| Error::Io { path: source.display().to_string(), source: error };
            for entry in std::fs::read_dir(&source).map_err(io)? {
                let path = entry.map_err(io)?.path();
                if path.extension().is_some_and(|end| end == "parquet") {
                    found.push(path);
                }
            }
        }
    }
    found.sort();
    Ok(found)
}

pub(super) struct Scan<'a> {
    pub filter: &'a Filter,
    pub corrections: &'a Corrections,
    pub lean: bool,
}

/// Rows of a file that are decoded together: one row group.
pub(super) struct Part {
    path: PathBuf,
    group: usize,
    /// The foot of the file, read once for all its parts.
    foot: ArrowReaderMetadata,
}

/// All parts of a file, in the order of its rows.
pub(super) fn parts(path: &Path) -> Result<Vec<Part>, Error> {
    let file = File::open(path).map_err(|source| Error::Io { path: path.display().to_string(), source })?;
    let foot = ArrowReaderMetadata::load(&file, ArrowReaderOptions::default())
        .map_err(|error| Error::Query(format!("{}: {error}", path.display())))?;
    let groups = foot.metadata().num_row_groups();
    Ok((0..groups).map(|group| Part { path: path.to_owned(), group, foot: foot.clone() }).collect())
}

impl Scan<'_> {
    pub fn part(&self, part: &Part, number: usize, packer: &mut Packer<'_>) -> Result<(), Error> {
        let path = &part.path;
        let named = |why: String| Error::Query(format!("{}: {why}", path.display()));
        let file = File::open(path).map_err(|source| Error::Io { path: path.display().to_string(), source })?;
        let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, part.foot.clone()).with_row_groups(vec![part.group]);
        let names: Vec<&str> = builder.schema().fields().iter().map(|field| field.name().as_str()).collect();
        let kept: Vec<usize> = names.iter().enumerate().filter(|(_, name)| !self.lean || !HEAVY.contains(name)).map(|(at, _)| at).collect();
        let shape = builder.parquet_schema();
        let projection = ProjectionMask::roots(shape, kept);
        let asked = ProjectionMask::columns(shape, ["kind", "evidence", "time", "zone_taken", "host", "user"]);
        let kinds: BTreeSet<&'static str> = self.filter.kinds.iter().map(|kind| kind.as_str()).collect();
        let (filter, corrections) = (self.filter.clone(), self.corrections.clone());
        let predicate = ArrowPredicateFn::new(asked, move |batch| Ok(passes(&batch, &filter, &kinds, &corrections)));
        let builder = builder.with_batch_size(ROWS).with_projection(projection);
        let builder = if self.simple() { builder } else { builder.with_row_filter(RowFilter::new(vec![Box::new(predicate)])) };
        let reader = builder.build().map_err(|error| named(error.to_string()))?;
        let mut row = 0;
        for batch in reader {
            let batch = batch.map_err(|error| named(error.to_string()))?;
            let columns = Columns::of(&batch).ok_or_else(|| named("not a file of events".to_owned()))?;
            for at in 0..batch.num_rows() {
                if self.beyond(&columns, at) {
                    let stamp = columns.stamp(at).map(|stamp| self.corrections.stamp(columns.evidence.value(at), stamp));
                    packer.push(&columns, at, stamp, (number as u64) << 32 | row)?;
                }
                row += 1;
            }
        }
        Ok(())
    }

    /// Nothing to ask before the other columns are decoded?
    fn simple(&self) -> bool {
        let f = self.filter;
        f.kinds.is_empty() && f.evidence.is_empty() && f.from.is_none() && f.to.is_none() && f.host.is_none() && f.user.is_none()
    }

    /// What only a whole row tells.
    fn beyond(&self, columns: &Columns<'_>, row: usize) -> bool {
        let at_place = |(evidence, at): &(String, konseki_model::At)| {
            columns.evidence.value(row) == evidence && columns.unit.value(row) == at.unit() && columns.at.value(row) == at.number()
        };
        if !self.filter.places.is_empty() && !self.filter.places.iter().any(at_place) {
            return false;
        }
        let Some(text) = self.filter.text.as_ref().map(|text| text.to_lowercase()) else { return true };
        let holds = |value: &str| value.to_lowercase().contains(&text);
        columns.texts.iter().flatten().any(|texts| !texts.is_null(row) && holds(texts.value(row)))
            || columns.fields(row).any(|(_, value)| holds(value))
    }
}

fn passes(batch: &RecordBatch, filter: &Filter, kinds: &BTreeSet<&str>, corrections: &Corrections) -> BooleanArray {
    let texts = |name: &str| batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
    let [kind, evidence, host, user] = ["kind", "evidence", "host", "user"].map(texts);
    let times = batch.column_by_name("time").and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>());
    let taken = batch.column_by_name("zone_taken").and_then(|column| column.as_primitive_opt::<Int32Type>());
    let value = |column: Option<&StringArray>, row: usize| column.filter(|c| !c.is_null(row)).map(|c| c.value(row).to_owned());
    let mut last = (String::new(), kinds.contains(""));
    (0..batch.num_rows())
        .map(|row| {
            if let (false, Some(kind)) = (kinds.is_empty(), kind) {
                let name = if kind.is_null(row) { "" } else { kind.value(row) };
                if last.0 != name {
                    last = (name.to_owned(), kinds.contains(name));
                }
                if !last.1 {
                    return Some(false);
                }
            }
            let of = evidence.map_or("", |column| column.value(row));
            let same = |wanted: &Option<String>, column| {
                wanted.as_ref().is_none_or(|wanted| value(column, row).is_some_and(|have| have.to_lowercase() == wanted.to_lowercase()))
            };
            let in_time = (filter.from.is_none() && filter.to.is_none())
                || times.filter(|times| !times.is_null(row)).is_some_and(|times| {
                    let taken = taken.filter(|taken| !taken.is_null(row)).map(|taken| Offset::Taken(taken.value(row)));
                    let time = times.value(row) + corrections.shift(of, times.value(row), taken);
                    filter.from.is_none_or(|from| time >= from) && filter.to.is_none_or(|to| time < to)
                });
            let here = filter.evidence.is_empty() || filter.evidence.iter().any(|id| id == of);
            Some(in_time && here && same(&filter.host, host) && same(&filter.user, user))
        })
        .collect()
}

/// The columns of a batch, found once.
pub(super) struct Columns<'a> {
    time: &'a PrimitiveArray<TimestampMicrosecondType>,
    fidelity: &'a StringArray,
    basis: &'a StringArray,
    taken: Option<&'a PrimitiveArray<Int32Type>>,
    pub evidence: &'a StringArray,
    pub source: &'a StringArray,
    pub unit: &'a StringArray,
    pub at: &'a PrimitiveArray<UInt64Type>,
    pub kind: Option<&'a StringArray>,
    /// In the order of [`TEXTS`].
    pub texts: [Option<&'a StringArray>; TEXTS.len()],
    src_port: &'a PrimitiveArray<UInt16Type>,
    dst_port: &'a PrimitiveArray<UInt16Type>,
    bytes_out: &'a PrimitiveArray<UInt64Type>,
    bytes_in: &'a PrimitiveArray<UInt64Type>,
    duration: &'a PrimitiveArray<Int64Type>,
    fields: Option<(&'a MapArray, &'a StringArray, &'a StringArray)>,
}

fn at<T: ArrowPrimitiveType>(column: &PrimitiveArray<T>, row: usize) -> Option<T::Native> {
    (!column.is_null(row)).then(|| column.value(row))
}

impl<'a> Columns<'a> {
    fn of(batch: &'a RecordBatch) -> Option<Self> {
        let text = |name: &str| batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>());
        let whole = |name: &str| batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<UInt64Type>());
        let port = |name: &str| batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<UInt16Type>());
        let map = batch.column_by_name("fields").and_then(|column| column.as_map_opt());
        Some(Self {
            time: batch.column_by_name("time")?.as_primitive_opt()?,
            fidelity: text("fidelity")?,
            basis: text("basis")?,
            taken: batch.column_by_name("zone_taken").and_then(|column| column.as_primitive_opt()),
            evidence: text("evidence")?,
            source: text("source")?,
            unit: text("unit")?,
            at: whole("at")?,
            kind: text("kind"),
            texts: TEXTS.map(text),
            src_port: port("src_port")?,
            dst_port: port("dst_port")?,
            bytes_out: whole("bytes_out")?,
            bytes_in: whole("bytes_in")?,
            duration: batch.column_by_name("duration")?.as_primitive_opt()?,
            fields: map.and_then(|map| Some((map, map.keys().as_string_opt()?, map.values().as_string_opt()?))),
        })
    }

    /// As it was read, not corrected.
    fn stamp(&self, row: usize) -> Option<Stamp> {
        let text = |column: &'a StringArray| if column.is_null(row) { "" } else { column.value(row) };
        let fidelity = Fidelity::parse(text(self.fidelity)).unwrap_or(Fidelity::Second);
        let basis = Basis::parse(text(self.basis)).unwrap_or(Basis::Assumed);
        let stamp = Stamp::new(at(self.time, row)?, fidelity, basis);
        Some(self.taken.and_then(|taken| at(taken, row)).map_or(stamp, |seconds| stamp.by(Offset::Taken(seconds))))
    }

    /// Ports, bytes out and in, duration: what is a number, in the order of the schema.
    pub fn numbers(&self, row: usize) -> [Option<u64>; 5] {
        // The bits of a duration are kept as they are.
        let duration = at(self.duration, row).map(i64::cast_unsigned);
        let ports = [at(self.src_port, row), at(self.dst_port, row)].map(|port| port.map(u64::from));
        let [src, dst] = ports;
        [src, dst, at(self.bytes_out, row), at(self.bytes_in, row), duration]
    }

    /// Native fields: name and value; an empty value is there and empty.
    pub fn fields(&self, row: usize) -> impl Iterator<Item = (&'a str, &'a str)> {
        let span = self.fields.map(|(map, ..)| {
            let offsets = map.value_offsets();
            let at = |index: usize| offsets.get(index).and_then(|at| usize::try_from(*at).ok()).unwrap_or(0);
            at(row)..at(row + 1)
        });
        let all = self.fields;
        span.unwrap_or(0..0).filter_map(move |index| {
            let (_, keys, values) = all?;
            Some((keys.value(index), if values.is_null(index) { "" } else { values.value(index) }))
        })
    }
}
