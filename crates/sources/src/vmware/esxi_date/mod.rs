//! `date` of the host when it was collected: how far its clock was from that of the collector.

use konseki_formats::time;
use konseki_model::{Core, Event, Field, Kind, Piece, Sink};

use crate::clock::Clock;
use crate::read::{self, Verdict};
use crate::{Input, Reading, Source, host};

pub struct Date;
pub static SOURCE: Date = Date;

fn clock_of(line: &[u8]) -> Option<time::Written> {
    time::ctime(line).or_else(|| time::iso(line)).map(|(written, _)| written)
}

impl Source for Date {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        let name = piece.name().to_ascii_lowercase();
        let named = name == "date.txt" || name == "date_-u.txt" || name == "date-u.txt" || name.starts_with("esxcli_system_time_get");
        let line = piece.head.split(|b| *b == b'\n').next().unwrap_or_default();
        named && piece.size < 512 && clock_of(line).is_some()
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut clock = Clock::new(reading);
        read::lines(input, reading, sink, |line, sink| {
            let Some(written) = clock_of(line.bytes) else { return Verdict::Rejected };
            let fields = [Field::new("date", line.text.trim_end())];
            let core = Core { host: host::or_hint("", reading), object: "collection", ..Core::default() };
            sink.event(&Event {
                at: line.at(),
                time: clock.stamp(&written),
                kind: Kind::Heartbeat,
                core,
                fields: &fields,
                raw: line.bytes,
            });
            Verdict::Event
        });
        clock.report(sink);
    }
}
