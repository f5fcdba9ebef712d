//! `vmInventory.xml`: the machines registered on a host, as its agent keeps them.

use konseki_model::{Field, Piece, Problem, ProblemKind, Sink};

use crate::mapper::Scratch;
use crate::{Input, Reading, Source, esx_list};

pub struct Inventory;
pub static SOURCE: Inventory = Inventory;

impl Source for Inventory {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        let text = String::from_utf8_lossy(piece.head.get(..piece.head.len().min(4096)).unwrap_or_default());
        text.contains("<ConfigRoot") && (text.contains("<vmxCfgPath>") || piece.name().eq_ignore_ascii_case("vmInventory.xml"))
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let Some(bytes) = esx_list::whole(input, sink) else { return };
        let rows = esx_list::rows(&bytes);
        let text = String::from_utf8_lossy(&bytes);
        let mut scratch = Scratch::default();
        let document = match roxmltree::Document::parse(&text) {
            Ok(document) => document,
            Err(error) => {
                let place = konseki_model::At::Line(u64::from(error.pos().row));
                sink.problem(Problem::new(ProblemKind::Malformed, Some(place), format!("the inventory is no whole XML: {error}")));
                sink.records(konseki_model::Records { read: rows.len() as u64, rejected: rows.len() as u64, ..Default::default() });
                return;
            }
        };
        esx_list::complete(reading, sink, "registered", rows.first().map_or(b"", |row| row.bytes));
        let (mut events, mut extra) = (0, 1);
        let mut lines = std::collections::BTreeSet::new();
        for entry in document.descendants().filter(|node| node.has_tag_name("ConfigEntry")) {
            let child = |name: &str| entry.children().find(|c| c.has_tag_name(name));
            let Some(path) = child("vmxCfgPath") else { continue };
            let line = u64::from(document.text_pos_at(path.range().start).row);
            let raw = rows.get(usize::try_from(line).unwrap_or(1) - 1).map_or(&b""[..], |row| row.bytes);
            let vmx = path.text().unwrap_or_default().trim();
            let id = child("objID").and_then(|c| c.text()).unwrap_or_default();
            let stem = vmx.rsplit('/').next().unwrap_or(vmx).trim_end_matches(".vmx");
            let fields = [Field::new("list", "registered"), Field::new("name", stem), Field::new("vmx", vmx), Field::new("id", id)];
            esx_list::push(reading, sink, &mut scratch, line, raw, &fields);
            // Several entries may stand in one line; only the first takes it.
            if lines.insert(line) {
                events += 1;
            } else {
                extra += 1;
            }
        }
        sink.records(esx_list::account(&rows, events, extra));
    }
}
