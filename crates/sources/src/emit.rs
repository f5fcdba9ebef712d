//! The way from named fields to an event, the same for tables and objects: time, kind and core by the map, host, ports.

use konseki_formats::time::{self, Written};
use konseki_model::{At, Event, Field, Kind, Problem, ProblemKind, Sink, Stamp};

use crate::Reading;
use crate::clock::Clock;
use crate::mapper::Scratch;

/// What one reading needs to make events.
pub struct Emit<'r> {
    pub clock: Clock,
    reading: &'r Reading<'r>,
    scratch: Scratch,
    /// The field that names the machine where the map says nothing of it.
    pub host_field: &'static str,
    /// Is the piece of one machine, so that the first host a record names is the host of all? (A tool's output is of many.)
    pub one_host: bool,
    told: bool,
}

impl<'r> Emit<'r> {
    pub fn new(reading: &'r Reading<'r>) -> Self {
        Self { clock: Clock::new(reading), reading, scratch: Scratch::default(), host_field: "", one_host: false, told: false }
    }

    /// The instant of a time as written. One that cannot be read is told with its place; an empty one is just none.
    pub fn stamp(&mut self, written: &str, at: At, sink: &mut dyn Sink) -> Option<Stamp> {
        let stamp = parse(written.trim()).and_then(|written| self.clock.stamp(&written));
        if stamp.is_none() && !written.trim().is_empty() {
            let text = "the time of a record cannot be read; the record was kept without one";
            sink.problem(Problem::new(ProblemKind::Time, Some(at), text));
        }
        stamp
    }

    /// Pushes one event. The kind may be set by the caller where the map says `other`.
    pub fn event(&mut self, at: At, time: Option<Stamp>, kind: Option<Kind>, fields: &[Field<'_>], raw: &[u8], sink: &mut dyn Sink) {
        let (mapped, mut core) = self.reading.about.mapper.apply(fields, &mut self.scratch);
        if let Some((address, port)) = with_port(core.src) {
            core.src = address;
            core.src_port = core.src_port.or(Some(port));
        }
        if let Some((address, port)) = with_port(core.dst) {
            core.dst = address;
            core.dst_port = core.dst_port.or(Some(port));
        }
        if core.host.is_empty() && !self.host_field.is_empty() {
            core.host = get(fields, self.host_field);
        }
        if core.host.is_empty() {
            core.host = self.reading.hints.host.as_deref().unwrap_or_default();
        } else if self.one_host && !self.told {
            self.told = true;
            sink.host(core.host);
        }
        let kind = if mapped == Kind::Other { kind.unwrap_or(mapped) } else { mapped };
        sink.event(&Event { at, time, kind, core, fields, raw });
    }

    /// The last word: how times were taken.
    pub fn finish(&self, sink: &mut dyn Sink) {
        self.clock.report(sink);
    }
}

/// `192.0.2.7:443` -> address and port. An IPv6 address has no port without brackets.
pub fn with_port(text: &str) -> Option<(&str, u16)> {
    let (address, port) = text.rsplit_once(':')?;
    let plain = address.contains('.') && !address.contains(':');
    Some((address, port.parse().ok()?)).filter(|_| plain)
}

/// The times that exports write: ISO, the American and the German order, `/Date(ms)/` of .NET, ctime.
pub fn parse(text: &str) -> Option<Written> {
    if let Some(millis) = text.strip_prefix("/Date(").and_then(|rest| rest.split_once(')')) {
        let millis: i64 = millis.0.split('+').next()?.parse().ok()?;
        let civil = konseki_model::time::rfc3339(millis.checked_mul(1000)?, konseki_model::Fidelity::Millisecond);
        return time::iso(civil.as_bytes()).map(|(written, _)| written);
    }
    // Narrow blanks stand before AM and PM in newer systems.
    let plain = text.replace(['\u{202f}', '\u{a0}'], " ").replace(", ", " ");
    let bytes = plain.as_bytes();
    if bytes.get(2) == Some(&b'.') && bytes.get(5) == Some(&b'.') {
        let turned = format!("{}-{}-{}{}", plain.get(6..10)?, plain.get(3..5)?, plain.get(..2)?, plain.get(10..)?);
        return time::iso(turned.as_bytes()).map(|(written, _)| written);
    }
    let found = time::iso(bytes).or_else(|| time::us(bytes)).or_else(|| time::ctime(bytes));
    found.map(|(written, _)| written)
}

/// The value of the first field of that name, empty where there is none.
pub fn get<'a>(fields: &[Field<'a>], name: &str) -> &'a str {
    fields.iter().find(|field| field.name == name).map_or("", |field| field.value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_exports() {
        let at = |text: &str| parse(text).and_then(|written| written.utc_micros().or_else(|| written.civil_micros()));
        let wanted = at("2024-01-07T03:12:09Z");
        assert!(wanted.is_some());
        for text in
            ["1/7/2024 3:12:09 AM", "1/7/2024, 3:12:09\u{202f}AM", "07.01.2024 03:12:09", "2024/01/07 3:12:09", "/Date(1704597129000)/"]
        {
            assert_eq!(at(text), wanted, "{text}");
        }
        assert_eq!(at("soon"), None);
        assert_eq!(with_port("192.0.2.7:443"), Some(("192.0.2.7", 443)));
        assert_eq!((with_port("2001:db8::7"), with_port("host")), (None, None));
    }
}
