//! Ivanti Connect Secure's debug log (`/data/var/dlogs/debuglog`, `system_import_debuglog`): one line an event of a daemon.

use konseki_formats::{heads, time};
use konseki_model::{Event, Piece, Sink};

use crate::clock::Clock;
use crate::mapper::Scratch;
use crate::read::{self, Text, Verdict};
use crate::row::Row;
use crate::{Input, Reading, Source};

pub struct DebugLog;
pub static SOURCE: DebugLog = DebugLog;

impl Source for DebugLog {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        let (fit, all) = heads::fitting(piece.head, 40, |line| {
            std::str::from_utf8(line).is_ok_and(|line| split(line).is_some_and(|l| l.instance.starts_with("vc")))
        });
        fit > 0 && fit * 2 >= all
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut clock = Clock::new(reading);
        let mut scratch = Scratch::default();
        let starts = |line: &[u8]| line.get(4) == Some(&b'/') && time::iso(line).is_some();
        read::records(input, reading, sink, starts, |line, sink| {
            let Some(parsed) = split(line.text) else { return stray(line, &mut clock, sink) };
            let time = time::iso(parsed.time.as_bytes()).and_then(|(written, _)| clock.stamp(&written));
            let mut row = Row::default();
            for (name, value) in [
                ("process", parsed.process),
                ("pid", parsed.pid),
                ("instance", parsed.instance),
                ("module", parsed.module),
                ("source_file", parsed.source_file),
                ("message", parsed.message),
            ] {
                row.push(name, value);
            }
            let (kind, core) = reading.about.mapper.apply(row.fields(), &mut scratch);
            sink.event(&Event { at: line.at(), time, kind, core, fields: row.fields(), raw: line.bytes });
            Verdict::Event
        });
        clock.report(sink);
    }
}

/// Output of a program that ran before the first record, or a line cut at its head: kept as it stands.
fn stray(line: &Text<'_>, clock: &mut Clock, sink: &mut dyn Sink) -> Verdict {
    let mut row = Row::default();
    row.push("message", line.text);
    let time = time::any(line.bytes).and_then(|(written, _)| clock.stamp(&written));
    sink.event(&Event {
        at: line.at(),
        time,
        kind: konseki_model::Kind::Other,
        core: konseki_model::Core::default(),
        fields: row.fields(),
        raw: line.bytes,
    });
    Verdict::Event
}

struct Line<'a> {
    time: &'a str,
    process: &'a str,
    pid: &'a str,
    instance: &'a str,
    module: &'a str,
    source_file: &'a str,
    message: &'a str,
}

/// `YYYY/MM/DD HH:MM:SS.ffffff process(pid) vc0  0 Module file.cc:477 - message`
fn split(line: &str) -> Option<Line<'_>> {
    let bytes = line.as_bytes();
    if bytes.get(4) != Some(&b'/') {
        return None;
    }
    let (_, used) = time::iso(bytes)?;
    let rest = line.get(used..)?.strip_prefix(' ')?;
    let (name, rest) = rest.split_once(") ")?;
    let (process, pid) = name.split_once('(')?;
    let (instance, rest) = rest.split_once(' ')?;
    let rest = rest.trim_start_matches(' ');
    let (_, rest) = rest.split_once(' ')?;
    let (place, message) = rest.split_once(" - ").unwrap_or((rest, ""));
    let (module, source_file) = place.rsplit_once(' ').unwrap_or(("", place));
    Some(Line { time: line.get(..used)?, process, pid, instance, module: module.trim(), source_file, message })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_split() {
        let l = split("2024/03/15 06:44:33.002603 dscockpitd(6117) vc0  0 DSCockpitd dscockpitd.cc:477 - getsockopt - error").unwrap();
        assert_eq!((l.process, l.pid, l.module, l.source_file), ("dscockpitd", "6117", "DSCockpitd", "dscockpitd.cc:477"));
        assert_eq!(l.message, "getsockopt - error");
        let l = split("2024/03/15 03:48:17.958291 dslog(4118) vc0  0  dslog.cc:792 - settings changed").unwrap();
        assert_eq!((l.module, l.source_file), ("", "dslog.cc:792"));
        assert!(split("2024/03/15 03:48:17 text").is_none());
    }
}
