//! `vmInventory.xml`: the machines registered on a host, as its agent keeps them.

use std::collections::BTreeSet;

use konseki_model::{At, Event, Field, Piece, Problem, ProblemKind, Records, Sink};

use crate::esxi::{lists, machine};
use crate::mapper::Scratch;
use crate::{Input, Reading, Source};

pub struct Inventory;
pub static SOURCE: Inventory = Inventory;

impl Source for Inventory {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        let head = piece.head.get(..piece.head.len().min(4096)).unwrap_or_default();
        let has = |text: &str| memchr::memmem::find(head, text.as_bytes()).is_some();
        let xml = String::from_utf8_lossy(head).trim_start_matches(['\u{feff}', ' ', '\n', '\r', '\t']).starts_with('<');
        xml && has("<ConfigRoot") && (has("<vmxCfgPath>") || piece.name().to_ascii_lowercase().ends_with("vminventory.xml"))
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let Some(bytes) = lists::whole(input, reading, sink) else { return };
        let text = lists::as_text(&bytes, sink);
        let lines: Vec<&str> = text.lines().collect();
        let blank = lines.iter().filter(|line| line.trim().is_empty()).count() as u64;
        let read = lines.len() as u64;
        let host = lists::host_of(reading, sink);
        let document = match roxmltree::Document::parse(text.trim_start_matches('\u{feff}')) {
            Ok(document) => document,
            Err(error) => {
                let why = format!("the inventory is no whole XML, absence from it means nothing: {error}");
                sink.problem(Problem::new(ProblemKind::Malformed, Some(At::Line(u64::from(error.pos().row))), why));
                sink.records(Records { read, blank, rejected: read - blank, ..Records::default() });
                return;
            }
        };
        let entries: Vec<_> = document.descendants().filter(|node| node.has_tag_name("ConfigEntry")).collect();
        lists::list_event("registered", entries.len(), true, (lines.first().copied().unwrap_or_default(), &host), sink);
        let mut scratch = Scratch::default();
        let mut own = BTreeSet::new();
        for entry in entries {
            let child = |name: &str| entry.children().find(|c| c.has_tag_name(name));
            let Some(path) = child("vmxCfgPath") else { continue };
            let line = u64::from(document.text_pos_at(path.range().start).row);
            let raw = lines.get((line - 1) as usize).copied().unwrap_or_default();
            let vmx = path.text().unwrap_or_default().trim();
            let id = child("objID").and_then(|c| c.text()).unwrap_or_default();
            let fields =
                [Field::new("list", "registered"), Field::new("name", machine::stem(vmx)), Field::new("vmx", vmx), Field::new("id", id)];
            let (kind, mut core) = reading.about.mapper.apply(&fields, &mut scratch);
            core.host = &host;
            sink.event(&Event { at: At::Line(line), time: None, kind, core, fields: &fields, raw: raw.as_bytes() });
            own.insert(line);
        }
        let events = own.len() as u64;
        sink.records(Records { read, events, blank, continuation: read - events - blank, rejected: 0 });
    }
}
