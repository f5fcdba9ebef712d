//! Output of ESXi's commands as rows: blocks, tables under dashes, tables under a head line, JSON, CSV.
//!
//! ```text
//! db01:                        World ID  Name  Num Ports  Networks       PortNum   Type SubType ClientName
//!    World ID: 2099532         --------  ----  ---------  ----------     67108866     5       9 db01.eth0
//!    Config File: /vmfs/…       2099532  db01          1  VM Network
//! ```
//! `localcli` writes `:` behind a block's name, `esxcli` does not. Newer bundles hold JSON, DFIR4vSphere exports CSV.

use serde_json::Value;

/// One row: its fields as the product names them, without spaces in the names.
#[derive(Debug, Default)]
pub struct Row {
    /// Line it begins at, 1-based.
    pub line: u64,
    /// Bytes of the text it stands in.
    pub from: usize,
    pub to: usize,
    pub fields: Vec<(String, String)>,
}

impl Row {
    /// A field by its key (see [`key`]).
    pub fn get(&self, wanted: &str) -> &str {
        let found = self.fields.iter().find(|(name, _)| key(name) == wanted);
        found.map_or("", |(_, value)| value)
    }
}

/// All rows of a text and its accounting in lines (text) or entries (JSON, CSV).
#[derive(Debug, Default)]
pub struct Table {
    pub rows: Vec<Row>,
    pub read: u64,
    pub blank: u64,
    /// Lines of heads and of rows beyond their first line.
    pub further: u64,
    /// Lines that are no part of the list.
    pub strange: Vec<u64>,
    /// Keys of the head, or of the first row.
    pub keys: Vec<String>,
}

/// `World ID`, `WorldID`, `worldId` -> `worldid`.
pub fn key(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphanumeric()).map(|c| c.to_ascii_lowercase()).collect()
}

fn name(text: &str) -> String {
    text.split_whitespace().collect()
}

/// Rows of a whole text; `head` is a head line's first words for tables without dashes.
pub fn parse(text: &str, heads: &[&str]) -> Table {
    let trimmed = text.trim_start_matches('\u{feff}').trim_start();
    let mut table = if trimmed.starts_with('[') || trimmed.starts_with('{') {
        json(text)
    } else if is_csv(trimmed) {
        csv_rows(text)
    } else {
        lines(text, heads)
    };
    if let Some(row) = table.rows.first().filter(|_| table.keys.is_empty()) {
        table.keys = row.fields.iter().map(|(name, _)| key(name)).collect();
    }
    table
}

fn is_csv(text: &str) -> bool {
    let mut lines = text.lines().skip_while(|line| line.starts_with("#TYPE"));
    lines.next().is_some_and(|head| {
        head.matches(',').count() >= 1 && !head.contains("  ") && head.split(',').all(|cell| !cell.is_empty() && cell.len() < 64)
    })
}

fn csv_rows(text: &str) -> Table {
    let mut table = Table::default();
    let skip = if text.trim_start_matches('\u{feff}').starts_with("#TYPE") { text.find('\n').map_or(0, |end| end + 1) } else { 0 };
    let body = text.get(skip..).unwrap_or_default();
    let offset = u64::from(skip > 0);
    let separator = if body.lines().next().is_some_and(|l| l.matches(';').count() > l.matches(',').count()) { b';' } else { b',' };
    let mut reader = csv::ReaderBuilder::new().flexible(true).delimiter(separator).from_reader(body.as_bytes());
    let names: Vec<String> =
        reader.headers().map(|h| h.iter().map(|c| name(c.trim_start_matches('\u{feff}'))).collect()).unwrap_or_default();
    table.keys = names.iter().map(|n| key(n)).collect();
    table.read = 1 + offset;
    table.further = 1 + offset;
    let mut record = csv::StringRecord::new();
    loop {
        let from = reader.position().byte() as usize;
        let line = reader.position().line();
        match reader.read_record(&mut record) {
            Ok(false) => break,
            Err(_) => {
                table.read += 1;
                table.strange.push(line + offset);
                break;
            }
            Ok(true) => {
                table.read += 1;
                let to = reader.position().byte() as usize;
                let fields = names.iter().zip(record.iter()).map(|(n, v)| (n.clone(), v.trim().to_owned())).collect();
                table.rows.push(Row { line: line + offset, from: skip + from, to: (skip + to).min(text.len()), fields });
            }
        }
    }
    table
}

/// Objects of the outermost list, each taken where it stands.
fn json(text: &str) -> Table {
    let mut table = Table::default();
    let (mut depth, mut lists, mut in_text, mut escaped) = (0_u32, 0_u32, false, false);
    let (mut line, mut start) = (1_u64, None);
    let single = !text.trim_start_matches('\u{feff}').trim_start().starts_with('[') && !text.contains('[');
    for (at, byte) in text.bytes().enumerate() {
        line += u64::from(byte == b'\n');
        if in_text {
            in_text = byte != b'"' || escaped;
            escaped = byte == b'\\' && !escaped;
            continue;
        }
        match byte {
            b'"' => in_text = true,
            b'[' => lists += 1,
            b']' => lists = lists.saturating_sub(1),
            b'{' => {
                if start.is_none() && (single || lists > 0) {
                    start = Some((at, line, depth));
                }
                depth += 1;
            }
            b'}' => {
                depth = depth.saturating_sub(1);
                if let Some((from, begun, _)) = start.filter(|(_, _, d)| *d == depth) {
                    start = None;
                    table.read += 1;
                    match text.get(from..=at).and_then(|t| serde_json::from_str::<Value>(t).ok()) {
                        Some(value) => table.rows.push(Row { line: begun, from, to: at + 1, fields: flat(&value) }),
                        None => table.strange.push(begun),
                    }
                }
            }
            _ => {}
        }
    }
    if let Some((_, begun, _)) = start {
        table.read += 1;
        table.strange.push(begun);
    }
    table
}

fn flat(value: &Value) -> Vec<(String, String)> {
    let members = value.as_object().into_iter().flatten();
    members.map(|(n, v)| (name(n), plain(v))).collect()
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

struct Columns {
    names: Vec<String>,
    starts: Vec<usize>,
    /// Columns are cut at their place (under dashes), not by spaces.
    fixed: bool,
}

fn lines(text: &str, heads: &[&str]) -> Table {
    let mut at = 0;
    let mut all = Vec::new();
    for whole in text.split_inclusive('\n') {
        all.push((at, whole.trim_end()));
        at += whole.len();
    }
    let mut walk = Walk::default();
    for (index, (from, line)) in all.iter().enumerate() {
        let under = all.get(index + 1).map(|(_, next)| *next).filter(|next| is_dashes(next));
        walk.line(line, index as u64 + 1, *from, under, heads);
    }
    walk.table.rows.extend(walk.open.take());
    if let Some(columns) = &walk.columns {
        walk.table.keys = columns.names.iter().map(|n| key(n)).collect();
    }
    settle(&mut walk.table);
    walk.table
}

#[derive(Default)]
struct Walk {
    table: Table,
    columns: Option<Columns>,
    open: Option<Row>,
}

impl Walk {
    /// One line; `under` is the next one where it is dashes, so that this one is their head.
    fn line(&mut self, line: &str, number: u64, from: usize, under: Option<&str>, heads: &[&str]) {
        self.table.read += 1;
        if line.trim().is_empty() {
            self.table.blank += 1;
            self.table.rows.extend(self.open.take());
            return;
        }
        let named = heads.iter().any(|head| starts_words(line, head));
        let head = under.map(|dashes| under_dashes(line, dashes)).or_else(|| named.then(|| head_line(line)));
        if is_dashes(line) || head.is_some() {
            self.table.rows.extend(self.open.take());
            self.columns = head.or_else(|| self.columns.take());
            self.table.further += 1;
            return;
        }
        let to = from + line.len();
        match &self.columns {
            Some(columns) => self.table.rows.push(Row { line: number, from, to, fields: cells(line, columns) }),
            None => block(line, number, (from, to), &mut self.open, &mut self.table),
        }
    }
}

/// A name of a block without any key under it is no row but a line that does not belong.
fn settle(table: &mut Table) {
    let strange: Vec<u64> =
        table.rows.iter().filter(|row| row.fields.len() == 1 && !row.get("blockname").is_empty()).map(|row| row.line).collect();
    table.rows.retain(|row| !strange.contains(&row.line));
    table.strange.extend(strange);
    table.strange.sort_unstable();
}

fn block(line: &str, number: u64, (from, to): (usize, usize), open: &mut Option<Row>, table: &mut Table) {
    let indented = line.starts_with([' ', '\t']);
    if !indented {
        let pair = line.split_once(": ");
        if let (Some((left, value)), true) = (pair, open.is_none() || open.as_ref().is_some_and(|r| r.get("blockname").is_empty())) {
            // `Key: value` at the margin: a block of its own.
            if left.len() < 40 && !left.contains('/') {
                let row = open.get_or_insert_with(|| Row { line: number, from, to, fields: Vec::new() });
                if row.line != number {
                    table.further += 1;
                }
                row.to = to;
                row.fields.push((name(left), value.trim().to_owned()));
                return;
            }
        }
        table.rows.extend(open.take());
        let title = line.strip_suffix(':').unwrap_or(line).to_owned();
        *open = Some(Row { line: number, from, to, fields: vec![("BlockName".to_owned(), title)] });
        return;
    }
    let Some((left, value)) = line.trim_start().split_once(':') else {
        table.further += u64::from(open.is_some());
        match open {
            Some(row) => row.to = to,
            None => table.strange.push(number),
        }
        return;
    };
    // The same key again begins the next block (port lists have no names).
    let again = open.as_ref().is_some_and(|row| !row.get(&key(left)).is_empty() || row.fields.iter().any(|(n, _)| key(n) == key(left)));
    if again {
        table.rows.extend(open.take());
    }
    match open {
        Some(row) => {
            row.to = to;
            table.further += 1;
            row.fields.push((name(left), value.trim().to_owned()));
        }
        None => *open = Some(Row { line: number, from, to, fields: vec![(name(left), value.trim().to_owned())] }),
    }
}

fn is_dashes(line: &str) -> bool {
    line.len() >= 3 && line.starts_with('-') && line.bytes().all(|b| b == b'-' || b == b' ')
}

fn starts_words(line: &str, head: &str) -> bool {
    let mut words = line.split_whitespace();
    head.split_whitespace().all(|want| words.next().is_some_and(|word| word.eq_ignore_ascii_case(want)))
}

fn under_dashes(head: &str, dashes: &str) -> Columns {
    let bytes = dashes.as_bytes();
    let begins = |at: usize| bytes.get(at) == Some(&b'-') && (at == 0 || bytes.get(at - 1) == Some(&b' '));
    let starts: Vec<usize> = (0..bytes.len()).filter(|at| begins(*at)).collect();
    let names = cut(head, &starts).into_iter().map(|cell| name(&cell)).collect();
    Columns { names, starts, fixed: true }
}

/// Names of columns that are two words.
const PAIRS: &[&str] = &[
    "Mount Point",
    "Volume Name",
    "World ID",
    "World Name",
    "Local Address",
    "Foreign Address",
    "Recv Q",
    "Send Q",
    "CC Algo",
    "Mac Address",
    "Acceptance Level",
    "Install Date",
    "Num Ports",
];

fn head_line(line: &str) -> Columns {
    let mut starts: Vec<usize> = Vec::new();
    let mut names: Vec<String> = Vec::new();
    let mut rest = line;
    let mut at = 0;
    while let Some(from) = rest.find(|c: char| !c.is_whitespace()) {
        rest = rest.get(from..).unwrap_or_default();
        at += from;
        let pair = PAIRS.iter().find(|pair| rest.starts_with(**pair)).map(|pair| pair.len());
        let length = pair.or_else(|| rest.find(char::is_whitespace)).unwrap_or(rest.len());
        starts.push(at);
        names.push(name(rest.get(..length).unwrap_or_default()));
        rest = rest.get(length..).unwrap_or_default();
        at += length;
    }
    Columns { names, starts, fixed: false }
}

fn cells(line: &str, columns: &Columns) -> Vec<(String, String)> {
    let spaced: Vec<&str> = line.split("  ").map(str::trim).filter(|w| !w.is_empty()).collect();
    let values = if columns.fixed || !is_broken(line, columns) || spaced.len() == columns.starts.len() {
        by_place(line, columns)
    } else {
        let mut rest = line.trim_start();
        let mut values = Vec::new();
        for index in 0..columns.names.len() {
            if index + 1 == columns.names.len() {
                values.push(rest.trim().to_owned());
                break;
            }
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            values.push(rest.get(..end).unwrap_or_default().to_owned());
            rest = rest.get(end..).unwrap_or_default().trim_start();
        }
        values
    };
    columns.names.iter().cloned().zip(values).collect()
}

/// Cells by their columns; by runs of two spaces where wide characters pushed the columns out of place.
fn by_place(line: &str, columns: &Columns) -> Vec<String> {
    if is_broken(line, columns) {
        let words: Vec<String> = line.split("  ").map(str::trim).filter(|w| !w.is_empty()).map(str::to_owned).collect();
        if words.len() == columns.starts.len() {
            return words;
        }
    }
    cut(line, &columns.starts)
}

/// Does a word of the line stand across the place where a column begins?
fn is_broken(line: &str, columns: &Columns) -> bool {
    let chars: Vec<char> = line.chars().collect();
    let at = |place: Option<usize>| place.and_then(|p| chars.get(p)).is_some_and(|c| !c.is_whitespace());
    columns.starts.iter().skip(1).any(|start| at(start.checked_sub(1)) && at(Some(*start)))
}

/// Cells that begin at given columns; columns count characters, as the terminal does.
fn cut(line: &str, starts: &[usize]) -> Vec<String> {
    let chars: Vec<usize> = line.char_indices().map(|(at, _)| at).chain([line.len()]).collect();
    let place = |column: usize| chars.get(column).copied().unwrap_or(line.len());
    let mut out = Vec::new();
    for (index, start) in starts.iter().enumerate() {
        let end = starts.get(index + 1).map_or(line.len(), |next| place(*next));
        out.push(line.get(place(*start)..end.max(place(*start))).unwrap_or_default().trim().to_owned());
    }
    out
}

#[cfg(test)]
mod tests;
