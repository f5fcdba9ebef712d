//! Events out of the store as owned records, in order of time, streamed.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType, UInt16Type, UInt64Type};
use konseki_model::{At, Basis, Fidelity, Kind, Record, Stamp};

use crate::TEXTS;

/// Which events to give. Empty means: no bound of that sort.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub kinds: Vec<Kind>,
    pub evidence: Vec<String>,
    /// Microseconds UTC, inclusive.
    pub from: Option<i64>,
    /// Microseconds UTC, exclusive.
    pub to: Option<i64>,
    pub host: Option<String>,
    pub user: Option<String>,
    pub source: Option<String>,
    /// Only events at these places.
    pub places: Vec<(String, At)>,
    /// Only events that hold this text in a column or a native field, in any case.
    pub text: Option<String>,
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

impl Filter {
    /// The WHERE clause, without the word; `true` for no bound.
    pub(crate) fn condition(&self) -> String {
        let mut all = Vec::new();
        let list = |values: &mut dyn Iterator<Item = String>| values.collect::<Vec<_>>().join(", ");
        if !self.kinds.is_empty() {
            all.push(format!("kind IN ({})", list(&mut self.kinds.iter().map(|kind| quoted(kind.as_str())))));
        }
        if !self.evidence.is_empty() {
            all.push(format!("evidence IN ({})", list(&mut self.evidence.iter().map(|id| quoted(id)))));
        }
        if let Some(from) = self.from {
            all.push(format!("time >= to_timestamp_micros({from})"));
        }
        if let Some(to) = self.to {
            all.push(format!("time < to_timestamp_micros({to})"));
        }
        for (column, value) in [("host", &self.host), ("\"user\"", &self.user), ("source", &self.source)] {
            if let Some(value) = value {
                all.push(format!("lower({column}) = {}", quoted(&value.to_lowercase())));
            }
        }
        if !self.places.is_empty() {
            all.push(self.at_places());
        }
        if let Some(text) = &self.text {
            let texts: Vec<String> = TEXTS.iter().map(|name| format!("\"{name}\"")).collect();
            let whole = format!("concat_ws(chr(10), {}, array_to_string(map_values(\"fields\"), chr(10)))", texts.join(", "));
            all.push(format!("strpos(lower({whole}), {}) > 0", quoted(&text.to_lowercase())));
        }
        if all.is_empty() { "true".to_owned() } else { all.join(" AND ") }
    }
}

impl Filter {
    fn at_places(&self) -> String {
        let mut pieces: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
        for (evidence, at) in &self.places {
            pieces.entry((evidence, at.unit())).or_default().push(at.number().to_string());
        }
        let one = |((evidence, unit), numbers): (&(&str, &str), &Vec<String>)| {
            format!("(evidence = {} AND unit = {} AND at IN ({}))", quoted(evidence), quoted(unit), numbers.join(", "))
        };
        format!("({})", pieces.iter().map(one).collect::<Vec<_>>().join(" OR "))
    }
}

/// A batch of the store's schema as records.
pub(crate) fn from_batch(batch: &RecordBatch, each: &mut dyn FnMut(Record)) {
    let text = |name: &str, row: usize| -> &str {
        let Some(column) = batch.column_by_name(name) else {
            return "";
        };
        if column.is_null(row) {
            return "";
        }
        if let Some(strings) = column.as_string_opt::<i32>() {
            strings.value(row)
        } else if let Some(views) = column.as_string_view_opt() {
            views.value(row)
        } else {
            ""
        }
    };
    for row in 0..batch.num_rows() {
        let number = |name: &str| {
            let column = batch.column_by_name(name)?.as_primitive_opt::<UInt64Type>()?;
            (!column.is_null(row)).then(|| column.value(row))
        };
        let port = |name: &str| {
            let column = batch.column_by_name(name)?.as_primitive_opt::<UInt16Type>()?;
            (!column.is_null(row)).then(|| column.value(row))
        };
        let time = batch.column_by_name("time").and_then(|c| c.as_primitive_opt::<TimestampMicrosecondType>());
        let time = time.filter(|c| !c.is_null(row)).map(|c| c.value(row));
        let duration = batch.column_by_name("duration").and_then(|c| c.as_primitive_opt::<Int64Type>());
        let mut record = Record {
            evidence: text("evidence", row).to_owned(),
            source: text("source", row).to_owned(),
            at: At::parse(text("unit", row), number("at").unwrap_or(0)),
            time: time.map(|micros| {
                Stamp::new(
                    micros,
                    Fidelity::parse(text("fidelity", row)).unwrap_or(Fidelity::Second),
                    Basis::parse(text("basis", row)).unwrap_or(Basis::Assumed),
                )
            }),
            src_port: port("src_port"),
            dst_port: port("dst_port"),
            bytes_out: number("bytes_out"),
            bytes_in: number("bytes_in"),
            duration: duration.filter(|c| !c.is_null(row)).map(|c| c.value(row)),
            ..Record::default()
        };
        for name in TEXTS {
            let value = text(name, row);
            match name {
                "kind" => record.kind = Kind::parse(value),
                "host" => record.host = value.to_owned(),
                "user" => record.user = value.to_owned(),
                "src" => record.src = value.to_owned(),
                "dst" => record.dst = value.to_owned(),
                "session" => record.session = value.to_owned(),
                "object" => record.object = value.to_owned(),
                "target" => record.target = value.to_owned(),
                "command" => record.command = value.to_owned(),
                "outcome" => record.outcome = value.to_owned(),
                "assigned" => record.assigned = value.to_owned(),
                "agent" => record.agent = value.to_owned(),
                _ => record.raw = value.to_owned(),
            }
        }
        record.fields = fields(batch, row);
        each(record);
    }
}

fn fields(batch: &RecordBatch, row: usize) -> Vec<(String, String)> {
    let Some(map) = batch.column_by_name("fields").and_then(|column| column.as_map_opt()) else {
        return Vec::new();
    };
    let entries = map.value(row);
    let (Some(keys), Some(values)) = (entries.columns().first(), entries.columns().get(1)) else {
        return Vec::new();
    };
    let at = |array: &dyn Array, index: usize| -> String {
        if array.is_null(index) {
            return String::new();
        }
        if let Some(strings) = array.as_string_opt::<i32>() {
            strings.value(index).to_owned()
        } else {
            array.as_string_view_opt().map(|views| views.value(index).to_owned()).unwrap_or_default()
        }
    };
    (0..entries.len()).map(|index| (at(keys, index), at(values, index))).collect()
}
