//! vCenter's appliance management (VAMI): its audit of privileges asked for, as forwarded by syslog.

use konseki_formats::{heads, relay, time};
use konseki_model::{Event, Piece, Sink};

use crate::clock::Clock;
use crate::mapper::Scratch;
use crate::read::{self, Text, Verdict};
use crate::row::Row;
use crate::vcenter as shared;
use crate::{Input, Reading, Source};

pub struct Vami;
pub static SOURCE: Vami = Vami;

impl Source for Vami {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        let ours = |line: &[u8]| {
            memchr::memmem::find(line, b"Authorization Result: User=").is_some()
                || memchr::memmem::find(line, b" applmgmt-audit ").is_some()
        };
        let (fit, all) = heads::fitting(piece.head, 80, ours);
        fit > 0 && fit * 2 >= all && !shared::is_event_file(piece.head)
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut clock = Clock::new(reading);
        let mut scratch = Scratch::default();
        read::records(
            input,
            reading,
            sink,
            |line| time::any(line).is_some(),
            |line, sink| one(line, &mut clock, &mut scratch, reading, sink),
        );
        clock.report(sink);
    }
}

fn one(line: &Text<'_>, clock: &mut Clock, scratch: &mut Scratch, reading: &Reading<'_>, sink: &mut dyn Sink) -> Verdict {
    let text = line.text;
    let Some((outer, _)) = time::any(line.bytes) else { return Verdict::Rejected };
    let head = relay::split(text);
    let message = head.and_then(|head| text.get(head.used..)).unwrap_or(text);
    let stamp = clock.stamp(&outer);
    let mut row = Row::default();
    row.push_some("process", head.map_or("", |head| head.tag));
    row.push("message", message);
    shared::authorization(message, &mut row);
    let (kind, mut core) = reading.about.mapper.apply(row.fields(), scratch);
    core.host = head.map_or("", |head| head.host);
    if core.host.is_empty() {
        core.host = reading.hints.host.as_deref().unwrap_or_default();
    }
    sink.event(&Event { at: line.at(), time: stamp, kind, core, fields: row.fields(), raw: line.bytes });
    Verdict::Event
}
