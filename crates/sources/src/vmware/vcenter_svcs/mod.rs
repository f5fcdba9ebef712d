//! Java services of vCenter (`vpxd-svcs.log`, `invsvc/authz-event.log`, and others of the same form): changes of
//! permissions and roles, by whom.

use konseki_formats::{heads, relay, time};
use konseki_model::{Event, Piece, Sink};

use crate::clock::Clock;
use crate::mapper::Scratch;
use crate::read::{self, Text, Verdict};
use crate::row::Row;
use crate::vcenter as shared;
use crate::{Input, Reading, Source, esx};

pub struct Svcs;
pub static SOURCE: Svcs = Svcs;

const LEVELS: &[&str] = &["INFO", "WARN", "ERROR", "DEBUG", "TRACE", "FATAL"];

impl Source for Svcs {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        if shared::is_event_file(piece.head) {
            return false;
        }
        let dated = |line: &[u8]| time::any(line).is_some();
        let ours = |line: &[u8]| std::str::from_utf8(line).is_ok_and(|line| split(line).is_some());
        let (all, _) = heads::fitting(piece.head, 80, dated);
        let (fit, _) = heads::fitting(piece.head, 80, ours);
        fit > 0 && fit * 2 >= all
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
    let mut row = Row::default();
    let parsed = split(line.text);
    let Some((written, _)) = parsed.as_ref().and_then(|parsed| time::iso(parsed.time.as_bytes())).or_else(|| time::any(line.bytes)) else {
        return Verdict::Rejected;
    };
    let stamp = clock.stamp(&written);
    match &parsed {
        Some(parsed) => {
            for (name, value) in [("level", parsed.level), ("thread", parsed.thread), ("class", parsed.class), ("opID", parsed.op_id)] {
                row.push_some(name, value);
            }
            row.push("message", parsed.message);
            audit(parsed.message, &mut row);
        }
        None => row.push("message", line.text),
    }
    let (kind, mut core) = reading.about.mapper.apply(row.fields(), scratch);
    core.host = parsed.as_ref().map_or("", |parsed| parsed.host);
    if core.host.is_empty() {
        core.host = reading.hints.host.as_deref().unwrap_or_default();
    }
    if core.session.is_empty() {
        core.session = row.get("opID");
    }
    sink.event(&Event { at: line.at(), time: stamp, kind, core, fields: row.fields(), raw: line.bytes });
    Verdict::Event
}

struct Line<'a> {
    host: &'a str,
    time: &'a str,
    level: &'a str,
    thread: &'a str,
    class: &'a str,
    op_id: &'a str,
    message: &'a str,
}

/// `TIME [thread [] INFO class opId=…] message`, `TIME [thread] INFO opId=… class - message`.
fn split(text: &str) -> Option<Line<'_>> {
    let first = text.split('\n').next().unwrap_or(text);
    let relayed = relay::split(first).filter(|head| text.get(head.used..).is_some_and(|rest| time::iso(rest.as_bytes()).is_some()));
    let body = relayed.and_then(|head| text.get(head.used..)).unwrap_or(text);
    let (_, used) = time::iso(body.as_bytes())?;
    let rest = body.get(used..)?.strip_prefix(" [")?;
    let mut line = Line {
        host: relayed.map_or("", |head| head.host),
        time: body.get(..used)?,
        level: "",
        thread: "",
        class: "",
        op_id: "",
        message: "",
    };
    let at =
        rest.get(..rest.floor_char_boundary(400))?.find("opId=").or_else(|| rest.get(..rest.floor_char_boundary(400))?.find("opID="))?;
    let head = rest.get(..at)?;
    let tail = rest.get(at + 5..)?;
    let inside = head.matches('[').count() >= head.matches(']').count();
    let end = if inside { tail.find(']')? } else { tail.find(' ')? };
    line.op_id = tail.get(..end)?;
    let after = tail.get(end + 1..)?.trim_start();
    for word in head.split_whitespace() {
        let word = word.trim_matches(['[', ']']);
        if LEVELS.contains(&word) {
            line.level = word;
        } else if line.thread.is_empty() {
            line.thread = word;
        } else if !word.is_empty() {
            line.class = word;
        }
    }
    line.message = after;
    if !inside {
        (line.class, line.message) = after.split_once(" - ").unwrap_or(("", after));
    }
    (!line.level.is_empty()).then_some(line)
}

/// `Action performed by principal(name=D\u,isGroup=false):Added access control [ Principal=Name=D\v,…,roles=[-1],…] to document …`
fn audit<'a>(message: &'a str, row: &mut Row<'a>) {
    // `User D\u who belongs to group D\g has … to invoke API x`
    if let Some((user, right)) = message.strip_prefix("User ").and_then(|rest| rest.split_once(" who belongs to group ")) {
        row.push("action", "authorized");
        row.push("user_name", user);
        row.push_some("group", right.split_once(" has ").map_or("", |(group, _)| group));
        row.push_some("method", right.rsplit_once(" to invoke API ").map_or("", |(_, method)| method));
        return;
    }
    let Some((who, change)) = message.strip_prefix("Action performed by principal(name=").and_then(|rest| rest.split_once("):")) else {
        return;
    };
    row.push("action", "authorization-change");
    row.push("user_name", who.rsplit_once(",isGroup=").map_or(who, |(name, _)| name));
    let words = change.split(['[', '=']).next().unwrap_or(change).trim();
    row.push("change", words.strip_suffix(" Id").unwrap_or(words));
    let subject = esx::between(change, "Name=", ",").unwrap_or_default();
    row.push_some("principal", subject);
    row.push_some("roles", esx::between(change, "roles=[", "]").unwrap_or_default());
    let document = change.split_once(" document ").map_or("", |(_, document)| document.split(' ').next().unwrap_or_default());
    row.push_some("document", document);
}
