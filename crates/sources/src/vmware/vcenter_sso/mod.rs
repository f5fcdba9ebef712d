//! vCenter single sign-on: `audit_events.log` and websso's audit (JSON), the identity daemon and the admin server.

use konseki_formats::{heads, relay, time};
use konseki_model::{Event, Piece, Sink};

use crate::clock::Clock;
use crate::mapper::Scratch;
use crate::read::{self, Text, Verdict};
use crate::row::Row;
use crate::vcenter as shared;
use crate::{Input, Reading, Source};

mod parse;

pub struct Sso;
pub static SOURCE: Sso = Sso;

impl Source for Sso {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        if shared::is_event_file(piece.head) {
            return false;
        }
        let dated = |line: &[u8]| starts(line);
        let ours = |line: &[u8]| std::str::from_utf8(line).is_ok_and(|line| starts(line.as_bytes()) && parse::is_ours(line));
        let (all, _) = heads::fitting(piece.head, 80, dated);
        let (fit, _) = heads::fitting(piece.head, 80, ours);
        fit > 0 && fit * 2 >= all
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut clock = Clock::new(reading);
        let mut scratch = Scratch::default();
        read::records(input, reading, sink, starts, |line, sink| one(line, &mut clock, &mut scratch, reading, sink));
        clock.report(sink);
    }
}

/// A record begins with a time, bare or in a bracket, or with a syslog head; stack traces follow.
fn starts(line: &[u8]) -> bool {
    time::any(line).is_some()
}

fn one(line: &Text<'_>, clock: &mut Clock, scratch: &mut Scratch, reading: &Reading<'_>, sink: &mut dyn Sink) -> Verdict {
    let text = line.text;
    // A relay's own head: only where the program's own time follows it.
    let relayed = relay::split(text).filter(|head| text.get(head.used..).is_some_and(|rest| time::any(rest.as_bytes()).is_some()));
    let body = relayed.and_then(|head| text.get(head.used..)).unwrap_or(text);
    let Some((written, used)) = time::any(body.as_bytes()) else { return Verdict::Rejected };
    let stamp = clock.stamp(&written);
    let rest = body.get(used..).unwrap_or_default();
    let head = parse::head(rest, body.starts_with('['));
    let json = shared::audit_object(head.message);
    let mut row = Row::default();
    for (name, value) in [
        ("level", head.level),
        ("process", head.process),
        ("pid", head.pid),
        ("thread", head.thread),
        ("opID", head.op_id),
        ("class", head.class),
    ] {
        row.push_some(name, value);
    }
    let description = match &json {
        Some(map) => {
            for key in parse::KEYS {
                row.push_some(key, map.get(*key).and_then(serde_json::Value::as_str).unwrap_or_default());
            }
            let code = row.get("description").rsplit_once(" with response code ").map_or("", |(_, code)| code);
            row.push_some("response_code", code);
            row.get("description")
        }
        None => parse::without_actor(head.message, &mut row),
    };
    row.push("message", head.message);
    parse::describe(description, &mut row);
    let (kind, mut core) = reading.about.mapper.apply(row.fields(), scratch);
    core.host = relayed.map_or("", |head| head.host);
    if core.host.is_empty() {
        core.host = reading.hints.host.as_deref().unwrap_or_default();
    }
    if core.session.is_empty() {
        core.session = head.op_id;
    }
    if shared::is_loopback(core.src) {
        core.src = "";
    }
    sink.event(&Event { at: line.at(), time: stamp, kind, core, fields: row.fields(), raw: line.bytes });
    Verdict::Event
}
