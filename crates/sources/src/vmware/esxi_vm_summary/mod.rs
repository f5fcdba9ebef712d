//! `vim-cmd vmsvc/get.summary` and `get.config`: one registered machine as the host agent describes it.
//! UAC collects it for the last machine only: its absence says nothing of a machine.

use konseki_model::{At, Event, Field, Piece, Records, Sink};

use crate::esxi::{lists, machine};
use crate::mapper::Scratch;
use crate::{Input, Reading, Source};

pub struct Summary;
pub static SOURCE: Summary = Summary;

impl Source for Summary {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        let head = piece.head.get(..piece.head.len().min(8192)).unwrap_or_default();
        ["(vim.vm.Summary)", "(vim.vm.ConfigInfo)"].iter().any(|mark| memchr::memmem::find(head, mark.as_bytes()).is_some())
            && memchr::memmem::find(head, b"[Originator@").is_none()
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let Some(bytes) = lists::whole(input, reading, sink) else { return };
        let text = lists::as_text(&bytes, sink);
        let host = lists::host_of(reading, sink);
        let value = |key: &str| {
            let mut pairs = text.lines().filter_map(|line| line.trim().trim_end_matches(',').split_once(" = "));
            pairs.find(|(k, v)| *k == key && !v.starts_with('<')).map_or("", |(_, v)| v.trim().trim_matches('"'))
        };
        let uuid = machine::uuid(value("uuid"));
        let file = value("vmPathName");
        let vmx = file
            .strip_prefix('[')
            .and_then(|f| f.split_once(']'))
            .map_or_else(|| file.to_owned(), |(datastore, path)| format!("/vmfs/volumes/{}/{}", datastore.trim(), path.trim()));
        let all = [
            ("list", "registered"),
            ("name", value("name")),
            ("vmx", &vmx),
            ("uuid", &uuid),
            ("power_state", value("powerState")),
            ("ip", value("ipAddress")),
            ("guest", value("guestFullName")),
        ];
        let fields: Vec<Field<'_>> = all.iter().filter(|(_, v)| !v.is_empty()).map(|(n, v)| Field::new(n, v)).collect();
        let mut scratch = Scratch::default();
        let (kind, mut core) = reading.about.mapper.apply(&fields, &mut scratch);
        core.host = &host;
        let place = text.lines().position(|line| line.contains("vmPathName")).unwrap_or(0);
        let raw = text.lines().nth(place).unwrap_or_default().trim_end().as_bytes();
        sink.event(&Event { at: At::Line(place as u64 + 1), time: None, kind, core, fields: &fields, raw });
        let read = text.lines().count() as u64;
        let blank = text.lines().filter(|line| line.trim().is_empty()).count() as u64;
        let events = u64::from(read > blank);
        sink.records(Records { read, events, blank, continuation: read - blank - events, rejected: 0 });
    }
}
