//! Text that no source recognises: every line an event, with a time where one can be read.

use konseki_formats::{text, time};
use konseki_model::{Core, Event, Field, Kind, Piece, Sink};

use crate::clock::Clock;
use crate::read::{self, Verdict};
use crate::{Entry, Input, Reading, Source};

struct Plain;

pub static ENTRY: Entry =
    Entry { id: "text/plain", source: &Plain, about: include_str!("plain.toml"), text: include_str!("plain.text.toml") };

impl Source for Plain {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        text::looks_like_text(piece.head)
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut clock = Clock::new(reading);
        read::lines(input, reading, sink, |line, sink| {
            let stamp = time::any(line.bytes).and_then(|(written, _)| clock.stamp(&written));
            let fields = [Field::new("message", line.text)];
            sink.event(&Event { at: line.at(), time: stamp, kind: Kind::Other, core: Core::default(), fields: &fields, raw: line.bytes });
            Verdict::Event
        });
        clock.report(sink);
    }
}
