//! Ivanti Connect Secure logs as text: WELF and Standard filter, with or without a syslog head.

mod parse;

use konseki_formats::time;
use konseki_model::{Basis, Event, Piece, Sink};

use crate::clock::Clock;
use crate::mapper::Scratch;
use crate::read::{self, Verdict};
use crate::{Input, Reading, Source};

pub struct Syslog;
pub static SOURCE: Syslog = Syslog;

impl Source for Syslog {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        let text = String::from_utf8_lossy(piece.head.get(..piece.head.len().min(32_768)).unwrap_or_default());
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).take(40).collect();
        let fits = lines.iter().filter(|line| parse::split(line).is_some()).count();
        fits > 0 && fits * 2 > lines.len()
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut clock = Clock::new(reading);
        if let Some(zone) = zone_of_name(reading.piece.name()) {
            clock.set_zone(&zone, Basis::FileName);
        }
        let mut scratch = Scratch::default();
        let hint = reading.hints.host.as_deref().unwrap_or_default();
        let mut said = false;
        read::lines(input, reading, sink, |line, sink| {
            let Some(record) = parse::split(line.text) else { return Verdict::Rejected };
            let mut fields = record.fields;
            parse::derive(&mut fields);
            let written = time::iso(record.time.as_bytes()).map(|(mut written, _)| {
                // The body is local; the head of the same line often carries the offset.
                written.offset = written.offset.or(record.offset);
                written
            });
            let time = written.and_then(|written| clock.stamp(&written)).map(|mut stamp| {
                if record.offset.is_some() {
                    stamp.basis = Basis::Header;
                }
                stamp
            });
            let (kind, mut core) = reading.about.mapper.apply(&fields, &mut scratch);
            if core.host.is_empty() {
                core.host = if hint.is_empty() { record.node } else { hint };
            }
            if !said && !core.host.is_empty() {
                said = true;
                sink.host(core.host);
            }
            sink.event(&Event { at: line.at(), time, kind, core, fields: &fields, raw: line.bytes });
            Verdict::Event
        });
        clock.report(sink);
    }
}

/// `…-(GMT+10_00).events`: exports of the administration page carry the zone in their name.
fn zone_of_name(name: &str) -> Option<String> {
    let (_, tail) = name.split_once("(GMT")?;
    let (zone, _) = tail.split_once(')')?;
    Some(zone.replace('_', ":"))
}
