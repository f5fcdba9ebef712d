//! `esxcli vm process list`: the machines that run on a host, whoever started them.

use konseki_model::{Field, Piece, Sink};

use crate::esx_list::{self, Row};
use crate::mapper::Scratch;
use crate::{Input, Reading, Source};

pub struct ProcessList;
pub static SOURCE: ProcessList = ProcessList;

impl Source for ProcessList {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        let text = String::from_utf8_lossy(piece.head.get(..piece.head.len().min(8192)).unwrap_or_default());
        let named = piece.name().contains("vm-process-list") || piece.name().contains("vm_process_list");
        (text.contains("World ID:") && text.contains("Config File:") && text.contains("VMX Cartel ID:"))
            || (named && text.trim().is_empty() && piece.size < 16)
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let Some(bytes) = esx_list::whole(input, sink) else { return };
        let rows = esx_list::rows(&bytes);
        let mut scratch = Scratch::default();
        esx_list::complete(reading, sink, "running", rows.first().map_or(b"", |row| row.bytes));
        let mut events = 0;
        let mut block: Vec<&Row<'_>> = Vec::new();
        for row in &rows {
            let head = !row.text.starts_with([' ', '\t']) && !row.text.trim().is_empty();
            if head {
                events += machine(&block, reading, sink, &mut scratch);
                block.clear();
            }
            if !row.text.trim().is_empty() {
                block.push(row);
            }
        }
        events += machine(&block, reading, sink, &mut scratch);
        sink.records(esx_list::account(&rows, events, 1));
    }
}

/// One block: its head is the display name (with `:` from localcli), the rest are `Key: value`.
fn machine(block: &[&Row<'_>], reading: &Reading<'_>, sink: &mut dyn Sink, scratch: &mut Scratch) -> u64 {
    let (Some(head), true) = (block.first(), block.len() > 1) else { return 0 };
    let value = |key: &str| {
        let mut pairs = block.iter().filter_map(|row| row.text.trim().split_once(": "));
        pairs.find(|(name, _)| *name == key).map(|(_, value)| value.trim()).unwrap_or_default()
    };
    let uuid = esx_list::uuid(value("UUID"));
    let name = value("Display Name");
    let name = if name.is_empty() { head.text.trim_end_matches(':') } else { name };
    let fields = [
        Field::new("list", "running"),
        Field::new("name", name),
        Field::new("uuid", &uuid),
        Field::new("vmx", value("Config File")),
        Field::new("world", value("World ID")),
        Field::new("cartel", value("VMX Cartel ID")),
    ];
    // The excerpt is the line that names the machine's file: it is what other lists are compared with.
    let place = block.iter().find(|row| row.text.trim_start().starts_with("Config File:")).unwrap_or(head);
    esx_list::push(reading, sink, scratch, place.number, place.bytes, &fields);
    1
}
