//! Suricata EVE: one JSON object a line, or an array of them, pretty-printed or not.

use konseki_formats::time;
use konseki_model::{Event, Field, Piece, Sink};

use crate::clock::Clock;
use crate::flat_text;
use crate::json_records::{self, Starts};
use crate::mapper::Scratch;
use crate::read::{self, Verdict};
use crate::{Input, Reading, Source, syslog};

pub struct Suricata;
pub static SOURCE: Suricata = Suricata;

impl Source for Suricata {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        let ours = |line: &str| {
            let known = line.contains("\"flow_id\"") || line.contains("\"event_type\":\"stats\"") || line.contains("\"src_ip\"");
            line.contains("\"event_type\"") && line.contains("\"timestamp\"") && known
        };
        // Of an array the first object tells: its keys stand in its first lines.
        let text = String::from_utf8_lossy(piece.head.get(..piece.head.len().min(4096)).unwrap_or_default());
        let array = text.trim_start().strip_prefix('[').is_some_and(|rest| rest.trim_start().starts_with('{') && ours(rest));
        array || syslog::most(piece.head, |line| line.trim_start().starts_with('{') && ours(line))
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut clock = Clock::new(reading);
        let mut scratch = Scratch::default();
        let starts = Starts::default();
        read::records(
            input,
            reading,
            sink,
            |line| starts.begins(line),
            |line, sink| {
                let Some(body) = json_records::body(line.text) else { return Verdict::Continuation };
                let Some(flat) = flat_text::parse(body) else { return Verdict::Rejected };
                let fields: Vec<_> = flat.iter().map(|(name, value)| Field::new(name, value)).collect();
                let time = time::iso(flat_text::get(&flat, "timestamp").as_bytes()).and_then(|(written, _)| clock.stamp(&written));
                let (kind, mut core) = reading.about.mapper.apply(&fields, &mut scratch);
                if core.host.is_empty() {
                    core.host = reading.hints.host.as_deref().unwrap_or_default();
                }
                sink.event(&Event { at: line.at(), time, kind, core, fields: &fields, raw: line.bytes });
                Verdict::Event
            },
        );
        clock.report(sink);
    }
}
