//! vCenter events as vpxd sends them to syslog, with the other daemons of the appliance that write to the same file.

use konseki_formats::time;
use konseki_model::{Core, Event, Field, Piece, Sink};

use crate::clock::Clock;
use crate::mapper::Scratch;
use crate::read::{self, Verdict};
use crate::vcenter::VcEvent;
use crate::{Input, Reading, Source};
use konseki_formats::text::between;

pub struct Events;
pub static SOURCE: Events = Events;

/// The start of a syslog line, as far as it is written.
#[derive(Default)]
struct Head<'a> {
    time: Option<time::Written>,
    host: &'a str,
    program: &'a str,
    pid: &'a str,
    message: &'a str,
}

/// `<14>1 TIME HOST PROGRAM PID - -  TEXT`, `TIME HOST PROGRAM - - -  TEXT`, `Mmm dd TIME HOST PROGRAM[PID]: TEXT`.
fn head(line: &str) -> Option<Head<'_>> {
    let rest = line.strip_prefix('<').and_then(|rest| rest.split_once('>')).map_or(line, |(_, rest)| rest);
    let rest = rest.strip_prefix("1 ").unwrap_or(rest);
    let (written, used) = time::iso(rest.as_bytes()).or_else(|| time::syslog3164(rest.as_bytes()))?;
    let rest = rest.get(used..)?.trim_start();
    let (host, rest) = rest.split_once(' ')?;
    let (program, mut rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let mut head = Head { time: Some(written), host, program, ..Head::default() };
    if let Some(name) = program.strip_suffix(':') {
        (head.program, head.pid) = name.split_once('[').map_or((name, ""), |(name, pid)| (name, pid.trim_end_matches(']')));
    } else if let Some((pid, tail)) = rest.split_once(" - -")
        && !pid.contains(' ')
    {
        head.pid = if pid == "-" { "" } else { pid };
        rest = tail;
    }
    head.message = rest.trim();
    Some(head)
}

/// Does the line hold an event that is no line of `vpxd.log` itself?
fn is_event(line: &str) -> bool {
    VcEvent::split(line).is_some_and(|(before, event)| {
        time::iso(event.time.as_bytes()).is_some() && (before.is_empty() || !before.contains("[Originator@") && head(before).is_some())
    })
}

fn begins(line: &[u8]) -> bool {
    line.starts_with(b"<") || line.starts_with(b"Event [") || time::iso(line).is_some() || time::syslog3164(line).is_some()
}

impl Source for Events {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        let text = konseki_formats::text::longest_valid(piece.head);
        let lines = text.lines().filter(|line| !line.trim().is_empty()).take(200);
        // One receiver may mix many daemons of the appliance into one file.
        let (mut all, mut events) = (0, 0);
        for line in lines {
            all += 1;
            events += usize::from(is_event(line));
        }
        events > 0 && events * 4 >= all
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut clock = Clock::new(reading);
        let mut scratch = Scratch::default();
        let given = reading.hints.host.as_deref().unwrap_or_default();
        let mut said = false;
        read::records(input, reading, sink, begins, |record, sink| {
            let mut fields = Vec::with_capacity(16);
            let mut head = head(record.text).unwrap_or_default();
            let mut time = None;
            if let Some((_, event)) = VcEvent::split(record.text) {
                if head.program == "Event" {
                    head = Head::default();
                }
                time = time::iso(event.time.as_bytes()).and_then(|(written, _)| clock.stamp(&written));
                event.fields(&mut fields);
            } else {
                other(&head, record.text, &mut fields);
            }
            for (name, value) in [("process", head.program), ("pid", head.pid)] {
                if !value.is_empty() {
                    fields.push(Field::new(name, value));
                }
            }
            let time = time.or_else(|| head.time.and_then(|written| clock.stamp(&written)));
            let (kind, core) = reading.about.mapper.apply(&fields, &mut scratch);
            let host = if head.host.is_empty() { given } else { head.host };
            if !said && !host.is_empty() {
                said = true;
                sink.host(host);
            }
            let core = Core { host, ..core };
            sink.event(&Event { at: record.at(), time, kind, core, fields: &fields, raw: record.bytes });
            Verdict::Event
        });
        clock.report(sink);
    }
}

/// Lines of the other daemons; `sudo` says which command was run.
fn other<'a>(head: &Head<'a>, text: &'a str, fields: &mut Vec<Field<'a>>) {
    let message = if head.message.is_empty() { text } else { head.message };
    fields.push(Field::new("message", message));
    if let Some((_, command)) = message.split_once(" ; COMMAND=") {
        fields.push(Field::new("action", "sudo"));
        fields.push(Field::new("login", message.split(" :").next().unwrap_or_default().trim()));
        fields.push(Field::new("command", command));
    } else if let Some(user) = between(message, "Authorization Result: User=", ",") {
        fields.push(Field::new("login", user));
    }
}
