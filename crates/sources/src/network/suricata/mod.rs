//! Suricata EVE: one JSON object a line.

use konseki_formats::time;
use konseki_model::{Event, Field, Piece, Sink};

use crate::clock::Clock;
use crate::flat_text;
use crate::mapper::Scratch;
use crate::read::{self, Verdict};
use crate::{Input, Reading, Source, syslog};

pub struct Suricata;
pub static SOURCE: Suricata = Suricata;

impl Source for Suricata {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        syslog::most(piece.head, |line| {
            let known = line.contains("\"flow_id\"") || line.contains("\"event_type\":\"stats\"") || line.contains("\"src_ip\"");
            line.trim_start().starts_with('{') && line.contains("\"event_type\"") && line.contains("\"timestamp\"") && known
        })
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut clock = Clock::new(reading);
        let mut scratch = Scratch::default();
        read::lines(input, reading, sink, |line, sink| {
            let Some(flat) = flat_text::parse(line.text) else { return Verdict::Rejected };
            let fields: Vec<_> = flat.iter().map(|(name, value)| Field::new(name, value)).collect();
            let time = time::iso(flat_text::get(&flat, "timestamp").as_bytes()).and_then(|(written, _)| clock.stamp(&written));
            let (kind, mut core) = reading.about.mapper.apply(&fields, &mut scratch);
            if core.host.is_empty() {
                core.host = reading.hints.host.as_deref().unwrap_or_default();
            }
            sink.event(&Event { at: line.at(), time, kind, core, fields: &fields, raw: line.bytes });
            Verdict::Event
        });
        clock.report(sink);
    }
}
