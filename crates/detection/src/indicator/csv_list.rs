//! Lists as tables: with headings, with a type and a value, or one value a line.

use super::Intake;
use super::value::{self, IndicatorKind};

/// Columns by their headings.
#[derive(Debug, Default)]
struct Columns {
    value: Option<usize>,
    kind: Option<usize>,
    comment: Option<usize>,
}

/// Longest line that may hold one cell.
const MAX_CELL: usize = 8_192;

pub(super) fn read(bytes: &[u8], intake: &mut Intake<'_>) {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let first = bytes.split(|b| *b == b'\n').next().unwrap_or_default();
    let count = |sign: u8| first.iter().filter(|b| **b == sign).count();
    let delimiter = [b',', b';', b'\t'].into_iter().max_by_key(|sign| (count(*sign), *sign == b','));
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .comment(Some(b'#'))
        .delimiter(delimiter.unwrap_or(b','))
        .from_reader(bytes);
    let mut row = csv::ByteRecord::new();
    let mut columns: Option<Columns> = None;
    loop {
        match reader.read_byte_record(&mut row) {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => {
                intake.refuse(1, format!("the table cannot be read: {error}"));
                return;
            }
        }
        let line = row.position().map_or(1, |at| u32::try_from(at.line()).unwrap_or(u32::MAX));
        let cells: Vec<String> = row.iter().map(cell).collect();
        match &columns {
            None => {
                let headings = headings(&cells);
                if headings.value.is_none() {
                    loose(&cells, line, intake);
                }
                columns = Some(headings);
            }
            Some(known) if known.value.is_some() => named(known, &cells, line, intake),
            Some(_) => loose(&cells, line, intake),
        }
    }
}

fn cell(bytes: &[u8]) -> String {
    let bytes = bytes.get(..MAX_CELL).unwrap_or(bytes);
    String::from_utf8_lossy(bytes).trim().to_owned()
}

fn headings(cells: &[String]) -> Columns {
    let mut columns = Columns::default();
    for (at, cell) in cells.iter().enumerate() {
        let name = cell.to_lowercase().replace(['_', '-'], " ");
        let slot = match name.as_str() {
            "value" | "indicator" | "ioc" | "iocs" | "observable" | "indicator value" | "ioc value" => &mut columns.value,
            "type" | "entity type" | "kind" | "indicator type" | "ioc type" | "category" => &mut columns.kind,
            "description" | "comment" | "comments" | "note" | "notes" | "context" => &mut columns.comment,
            _ => continue,
        };
        slot.get_or_insert(at);
    }
    columns
}

fn named(columns: &Columns, cells: &[String], line: u32, intake: &mut Intake<'_>) {
    let at = |column: Option<usize>| column.and_then(|at| cells.get(at)).map_or("", String::as_str);
    let text = at(columns.value);
    if text.is_empty() {
        return;
    }
    let said = match value::named(at(columns.kind)) {
        Some(None) => {
            return intake.refuse(line, format!("`{}` is not matched", at(columns.kind)));
        }
        Some(Some(kind)) => Some(kind),
        None => None,
    };
    take(text, said, line, at(columns.comment), intake);
}

/// A row without headings: `type,value`, or whatever in it is an indicator.
fn loose(cells: &[String], line: u32, intake: &mut Intake<'_>) {
    if let [kind, text, rest @ ..] = cells
        && let Some(said) = value::named(kind)
    {
        return match said {
            Some(said) => take(text, Some(said), line, &rest.join(", "), intake),
            None => intake.refuse(line, format!("`{kind}` is not matched")),
        };
    }
    let (mut found, mut rest) = (Vec::new(), Vec::new());
    for cell in cells.iter().filter(|cell| !cell.is_empty()) {
        match value::classify(cell, None) {
            Ok(indicator) => found.push(indicator),
            Err(reason) => rest.push((cell.as_str(), reason)),
        }
    }
    let comment = rest.iter().map(|(cell, _)| *cell).collect::<Vec<_>>().join(", ");
    if let (true, Some((_, reason))) = (found.is_empty(), rest.first()) {
        intake.refuse(line, reason);
    }
    for (kind, value) in found {
        intake.add(kind, value, line, &comment);
    }
}

fn take(text: &str, said: Option<IndicatorKind>, line: u32, comment: &str, intake: &mut Intake<'_>) {
    match value::classify(text, said) {
        Ok((kind, value)) => intake.add(kind, value, line, comment),
        Err(reason) => intake.refuse(line, reason),
    }
}
