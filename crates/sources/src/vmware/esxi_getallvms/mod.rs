//! `vim-cmd vmsvc/getallvms`: the machines registered on a host, as a table.

use konseki_model::{At, Event, Field, Piece, Records, Sink};

use crate::esxi::lists;
use crate::mapper::Scratch;
use crate::{Input, Reading, Source};

pub struct Table;
pub static SOURCE: Table = Table;

/// What a line of the output is.
#[derive(Debug, PartialEq, Eq)]
enum Line<'a> {
    Head,
    Machine {
        id: &'a str,
        name: &'a str,
        datastore: &'a str,
        file: &'a str,
        rest: &'a str,
    },
    /// `Skipping invalid VM '2'`: registered, but its file cannot be reached.
    Invalid(&'a str),
    /// A further line of an annotation.
    Further,
}

fn is_head(line: &str) -> bool {
    line.starts_with("Vmid") && line.contains("Name") && line.contains("File")
}

/// `12   name with spaces   [datastore 1] folder/file.vmx   guest   vmx-19   annotation`. `column` is where `File` stood.
fn line<'a>(text: &'a str, column: usize) -> Line<'a> {
    if is_head(text) {
        return Line::Head;
    }
    if let Some(id) = text.strip_prefix("Skipping invalid VM '").and_then(|rest| rest.split_once('\'')) {
        return Line::Invalid(id.0);
    }
    machine(text, column).unwrap_or(Line::Further)
}

fn machine(text: &str, column: usize) -> Option<Line<'_>> {
    let (id, _) = text.split_once(' ')?;
    if id.is_empty() || !id.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // Machines may have brackets in their names: the bracket of the datastore stands at its column, or behind two spaces.
    let at_column = text.char_indices().nth(column).map(|(at, _)| at).filter(|at| text.get(*at..).is_some_and(|t| t.starts_with('[')));
    let open = at_column.or_else(|| text.find("  [").map(|at| at + 2)).or_else(|| text.find(" [").map(|at| at + 1))?;
    let name = text.get(id.len()..open)?.trim();
    let (datastore, tail) = text.get(open + 1..)?.split_once(']')?;
    let tail = tail.trim_start();
    let end = tail.find(".vmx ").or_else(|| tail.strip_suffix(".vmx").map(str::len))? + 4;
    Some(Line::Machine { id, name, datastore, file: tail.get(..end)?, rest: tail.get(end..)?.trim() })
}

impl Source for Table {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        let text = String::from_utf8_lossy(piece.head.get(..piece.head.len().min(16_384)).unwrap_or_default());
        // The command's own remarks on machines that cannot be reached may stand before the head; nothing else does.
        let remark = |line: &&str| line.trim().is_empty() || line.starts_with("Skipping invalid VM");
        let text = text.trim_start_matches('\u{feff}');
        // Its errors alone, as a collector kept them apart: the table is not there, and the list says that it is not whole.
        let errors = text.starts_with("Skipping invalid VM '") && text.lines().all(|line| remark(&line));
        errors || text.lines().skip_while(remark).take(3).any(is_head)
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let Some(bytes) = lists::whole(input, reading, sink) else { return };
        let text = lists::as_text(&bytes, sink);
        let host = lists::host_of(reading, sink);
        let head = text.lines().find(|l| is_head(l)).unwrap_or_default();
        let column = head.find("File").unwrap_or_default();
        let rows = text.lines().filter(|l| matches!(line(l, column), Line::Machine { .. })).count();
        lists::list_event("registered", rows, !head.is_empty(), (super_first(&text), &host), sink);
        let mut scratch = Scratch::default();
        let mut records = Records::default();
        for (index, row) in text.lines().enumerate() {
            records.read += 1;
            let row = row.trim_end();
            if row.trim().is_empty() {
                records.blank += 1;
                continue;
            }
            let path;
            let mut fields = vec![Field::new("list", "registered")];
            match line(row, column) {
                Line::Head | Line::Further => {
                    records.continuation += 1;
                    continue;
                }
                Line::Invalid(id) => fields.extend([Field::new("id", id), Field::new("state", "invalid")]),
                Line::Machine { id, name, datastore, file, rest } => {
                    path = format!("/vmfs/volumes/{}/{file}", datastore.trim());
                    let mut words = rest.split_whitespace();
                    fields.extend([Field::new("id", id), Field::new("name", name), Field::new("vmx", &path)]);
                    fields.push(Field::new("guest", words.next().unwrap_or_default()));
                    fields.push(Field::new("version", words.next().unwrap_or_default()));
                }
            }
            let (kind, mut core) = reading.about.mapper.apply(&fields, &mut scratch);
            core.host = &host;
            let at = At::Line(index as u64 + 1);
            sink.event(&Event { at, time: None, kind, core, fields: &fields, raw: row.as_bytes() });
            records.events += 1;
        }
        sink.records(records);
    }
}

fn super_first(text: &str) -> &str {
    crate::esxi::first_line(text)
}
