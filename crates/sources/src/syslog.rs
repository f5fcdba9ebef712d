//! Heads of syslog lines: RFC 3164, the same with an ISO time, and RFC 5424, with or without priority.

use konseki_formats::time::{self, Written};
use konseki_model::{Core, Event, Field, Kind, Sink, Stamp};

use crate::clock::Clock;
use crate::mapper::Scratch;
use crate::read::{self, Verdict};
use crate::{Input, Reading};

/// One line taken apart.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    pub time: Written,
    pub host: &'a str,
    pub process: &'a str,
    pub pid: &'a str,
    pub message: &'a str,
}

/// The head of a line; `None` where no time and host stand at its start.
pub fn head(line: &str) -> Option<Head<'_>> {
    let text = priority(line);
    if let Some(rest) = text.strip_prefix("1 ")
        && let Some((time, used)) = time::iso(rest.as_bytes())
    {
        return rfc5424(time, rest.get(used..)?.trim_start());
    }
    let (time, used) = time::syslog3164(text.as_bytes()).or_else(|| time::iso(text.as_bytes()))?;
    let (host, rest) = text.get(used..)?.strip_prefix(' ')?.trim_start().split_once(' ')?;
    if host.ends_with(':') || host.contains(['[', '=', '(']) {
        return None;
    }
    let (tag, message) = rest.split_once(": ").or_else(|| rest.strip_suffix(':').map(|tag| (tag, "")))?;
    if tag.is_empty() || tag.len() > 128 || tag.contains(['=', '"', ',']) {
        return None;
    }
    let (process, pid) = tag.split_once('[').map_or((tag, ""), |(process, pid)| (process, pid.trim_end_matches(']')));
    Some(Head { time, host, process, pid, message })
}

/// The text behind `<134>`.
pub fn priority(line: &str) -> &str {
    match line.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
        Some((digits, rest)) if digits.len() <= 3 && digits.bytes().all(|b| b.is_ascii_digit()) => rest,
        _ => line,
    }
}

/// `HOST APP PID MSGID [data] MESSAGE`
fn rfc5424(time: Written, text: &str) -> Option<Head<'_>> {
    let mut parts = text.splitn(5, ' ');
    let (host, process, pid, _) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let rest = parts.next().unwrap_or("-");
    let message = if rest.starts_with('[') {
        rest.rsplit_once("] ").map_or(rest, |(_, message)| message)
    } else {
        rest.strip_prefix("- ").unwrap_or(rest)
    };
    let pid = if pid == "-" { "" } else { pid };
    Some(Head { time, host, process, pid, message: message.trim_start_matches('\u{feff}') })
}

/// Reads a log of syslog lines: `more` gives the source's own fields, the message stands last. A line without a head is
/// kept as its text. Time and host are the head's.
pub fn read(input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink, more: impl for<'a> Fn(&Head<'a>, &mut Vec<Field<'a>>)) {
    let mut clock = Clock::new(reading);
    timed(input, reading, sink, more, |head| clock.stamp(&head.time));
    clock.report(sink);
}

/// As [`read`], for products whose lines hold a better time than their head.
pub fn timed(
    input: &mut dyn Input,
    reading: &Reading<'_>,
    sink: &mut dyn Sink,
    more: impl for<'a> Fn(&Head<'a>, &mut Vec<Field<'a>>),
    mut stamp: impl FnMut(&Head<'_>) -> Option<Stamp>,
) {
    let mut scratch = Scratch::default();
    read::lines(input, reading, sink, |line, sink| {
        let Some(head) = head(line.text) else {
            let fields = [Field::new("message", line.text)];
            let core = Core::default();
            sink.event(&Event { at: line.at(), time: None, kind: Kind::Other, core, fields: &fields, raw: line.bytes });
            return Verdict::Event;
        };
        let mut fields = Vec::with_capacity(12);
        more(&head, &mut fields);
        fields.push(Field::new("message", head.message));
        let (kind, mut core) = reading.about.mapper.apply(&fields, &mut scratch);
        core.host = head.host;
        let time = stamp(&head);
        sink.event(&Event { at: line.at(), time, kind, core, fields: &fields, raw: line.bytes });
        Verdict::Event
    });
}

/// Do most of the first lines hold?
pub fn most(head: &[u8], fits: impl Fn(&str) -> bool) -> bool {
    let text = String::from_utf8_lossy(head);
    let (mut all, mut yes) = (0, 0);
    for line in text.lines().filter(|line| !line.trim().is_empty()).take(60) {
        all += 1;
        yes += usize::from(fits(line));
    }
    yes > 0 && yes * 2 > all
}
