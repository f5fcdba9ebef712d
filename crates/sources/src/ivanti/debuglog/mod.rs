//! `debuglog` and its kin: `YYYY/MM/DD HH:MM:SS.ffffff process(pid) node n Module file:line - message`.

use konseki_formats::time;
use konseki_model::{Core, Event, Field, Piece, Sink};

use crate::clock::Clock;
use crate::mapper::Scratch;
use crate::read::{self, Verdict};
use crate::{Input, Reading, Source};

pub struct Debuglog;
pub static SOURCE: Debuglog = Debuglog;

/// Time, process, pid, rest.
fn split(line: &str) -> Option<(time::Written, &str, &str, &str)> {
    if line.as_bytes().get(4) != Some(&b'/') {
        return None;
    }
    let (written, used) = time::iso(line.as_bytes())?;
    let rest = line.get(used..)?.trim_start();
    let (process, rest) = rest.split_once('(')?;
    let (pid, rest) = rest.split_once(')')?;
    (!process.contains(' ') && pid.bytes().all(|b| b.is_ascii_digit())).then_some((written, process, pid, rest.trim_start()))
}

impl Source for Debuglog {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        let text = String::from_utf8_lossy(piece.head);
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).take(40).collect();
        let fits = lines.iter().filter(|line| split(line).is_some()).count();
        fits > 0 && fits * 2 >= lines.len()
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut clock = Clock::new(reading);
        let mut scratch = Scratch::default();
        let host = reading.hints.host.as_deref().unwrap_or_default();
        read::records(
            input,
            reading,
            sink,
            |line| line.get(4) == Some(&b'/') && time::iso(line).is_some(),
            |record, sink| {
                let Some((written, process, pid, rest)) = split(record.text) else {
                    let fields = [Field::new("message", record.text)];
                    let core = Core { host, ..Core::default() };
                    let time = time::any(record.bytes).and_then(|(written, _)| clock.stamp(&written));
                    sink.event(&Event {
                        at: record.at(),
                        time,
                        kind: konseki_model::Kind::Other,
                        core,
                        fields: &fields,
                        raw: record.bytes,
                    });
                    return Verdict::Event;
                };
                let (place, message) = rest.split_once(" - ").unwrap_or(("", rest));
                let fields =
                    [Field::new("process", process), Field::new("pid", pid), Field::new("place", place), Field::new("message", message)];
                let (kind, core) = reading.about.mapper.apply(&fields, &mut scratch);
                let time = clock.stamp(&written);
                sink.event(&Event { at: record.at(), time, kind, core: Core { host, ..core }, fields: &fields, raw: record.bytes });
                Verdict::Event
            },
        );
        clock.report(sink);
    }
}
