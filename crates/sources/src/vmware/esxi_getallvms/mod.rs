//! `vim-cmd vmsvc/getallvms`: the machines registered on a host, as a table.

use konseki_model::{Field, Piece, Sink};

use crate::mapper::Scratch;
use crate::{Input, Reading, Source, esx_list};

pub struct Table;
pub static SOURCE: Table = Table;

fn is_head(line: &str) -> bool {
    line.starts_with("Vmid") && line.contains("Name") && line.contains("File")
}

impl Source for Table {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        let text = String::from_utf8_lossy(piece.head.get(..piece.head.len().min(4096)).unwrap_or_default());
        text.lines().take(20).any(is_head)
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let Some(bytes) = esx_list::whole(input, sink) else { return };
        let rows = esx_list::rows(&bytes);
        let mut scratch = Scratch::default();
        esx_list::complete(reading, sink, "registered", rows.first().map_or(b"", |row| row.bytes));
        let mut events = 0;
        for row in &rows {
            // `12   name with spaces   [datastore 1] folder/file.vmx   guest   vmx-19   annotation`: anchored on `[ds] ….vmx`.
            let text = row.text.as_ref();
            let Some((left, right)) = text.split_once(".vmx ").or_else(|| text.strip_suffix(".vmx").map(|left| (left, ""))) else {
                continue;
            };
            let Some(open) = left.rfind(" [").or_else(|| left.rfind('[')) else { continue };
            let (before, path) = left.split_at(open);
            let Some((id, name)) = before.trim().split_once(char::is_whitespace) else { continue };
            if id.parse::<u64>().is_err() {
                continue;
            }
            let Some((datastore, file)) = path.trim().trim_start_matches('[').split_once(']') else { continue };
            let vmx = format!("/vmfs/volumes/{}/{}.vmx", datastore.trim(), file.trim());
            let guest = right.split_whitespace().next().unwrap_or_default();
            let fields = [
                Field::new("list", "registered"),
                Field::new("id", id),
                Field::new("name", name.trim()),
                Field::new("vmx", &vmx),
                Field::new("guest", guest),
            ];
            esx_list::push(reading, sink, &mut scratch, row.number, row.bytes, &fields);
            events += 1;
        }
        sink.records(esx_list::account(&rows, events, 1));
    }
}
