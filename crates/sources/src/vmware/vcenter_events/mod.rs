//! Events of vCenter: as vpxd streams them to syslog (also beside lines of other services), and as CSV or JSON exports
//! of PowerCLI, DFIR4vSphere and the vSphere client.

use konseki_model::{Piece, Sink};

use crate::{Input, Reading, Source, vcenter};

mod csv;
mod json;
mod lines;

pub struct Events;
pub static SOURCE: Events = Events;

enum Form {
    Lines,
    Csv,
    Json,
}

fn form(head: &[u8]) -> Option<Form> {
    if json::is_export(head) {
        return Some(Form::Json);
    }
    if csv::is_export(head) {
        return Some(Form::Csv);
    }
    vcenter::is_event_file(head).then_some(Form::Lines)
}

impl Source for Events {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        form(piece.head).is_some()
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        match form(reading.piece.head) {
            Some(Form::Json) => json::read(input, reading, sink),
            Some(Form::Csv) => csv::read(input, reading, sink),
            _ => lines::read(input, reading, sink),
        }
    }
}
