//! Firewall logs: FortiGate `key=value` lines (traffic, VPN and system events) and Palo Alto CSV `TRAFFIC` lines, with or
//! without a syslog head. A file that FortiGate's own page saved names no device.

use konseki_formats::time;
use konseki_model::{Event, Field, Piece, Sink};

use crate::clock::Clock;
use crate::mapper::Scratch;
use crate::read::{self, Verdict};
use crate::{Input, Reading, Source, syslog};

pub struct Firewall;
pub static SOURCE: Firewall = Firewall;

/// Columns of a Palo Alto TRAFFIC line (PAN-OS 8 to 11), as the vendor names them.
const PALO_ALTO: &[&str] = &[
    "",
    "receive_time",
    "serial",
    "type",
    "subtype",
    "",
    "time_generated",
    "src",
    "dst",
    "natsrc",
    "natdst",
    "rule",
    "srcuser",
    "dstuser",
    "app",
    "vsys",
    "from",
    "to",
    "inbound_if",
    "outbound_if",
    "logset",
    "",
    "sessionid",
    "repeatcnt",
    "sport",
    "dport",
    "natsport",
    "natdport",
    "flags",
    "proto",
    "action",
    "bytes",
    "bytes_sent",
    "bytes_received",
    "packets",
    "start",
    "elapsed",
    "category",
];

fn fortigate(line: &str) -> Option<&str> {
    let at = line.find("date=")?;
    let head = line.contains(" devid=") || line.contains(" time=") && line.contains(" type=") && line.contains(" subtype=");
    (head && line.contains(" logid=")).then(|| line.get(at..)).flatten()
}

/// The CSV behind a syslog head, which ends at the first column, `1`.
fn palo_alto(line: &str) -> Option<&str> {
    let kind = line.find(",TRAFFIC,")?;
    let head = line.get(..kind)?;
    let start = head.rfind(' ').and_then(|last| head.get(..last)?.rfind(' ')).map_or(0, |at| at + 1);
    let csv = line.get(start..)?;
    (csv.split(',').nth(3) == Some("TRAFFIC")).then_some(csv)
}

impl Source for Firewall {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        syslog::most(piece.head, |line| fortigate(line).is_some() || palo_alto(line).is_some())
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut clock = Clock::new(reading);
        let mut scratch = Scratch::default();
        read::lines(input, reading, sink, |line, sink| {
            let (fields, when) = if let Some(text) = fortigate(line.text) {
                let fields = pairs(text);
                let find = |name: &str| fields.iter().find(|field| field.name == name).map_or("", |field| field.value);
                let when = format!("{}T{}{}", find("date"), find("time"), find("tz"));
                (fields, when)
            } else if let Some(csv) = palo_alto(line.text) {
                let values = csv.split(',').map(|value| value.trim_matches('"'));
                let named = PALO_ALTO.iter().zip(values).filter(|(name, value)| !name.is_empty() && !value.is_empty());
                let fields: Vec<_> = named.map(|(name, value)| Field::new(name, value)).collect();
                let when = fields.iter().find(|field| field.name == "time_generated").map_or("", |field| field.value).replace('/', "-");
                (fields, when)
            } else {
                return Verdict::Rejected;
            };
            let time = time::iso(when.as_bytes()).and_then(|(written, _)| clock.stamp(&written));
            let (kind, mut core) = reading.about.mapper.apply(&fields, &mut scratch);
            if core.host.is_empty() {
                core.host = reading.hints.host.as_deref().unwrap_or_default();
            }
            sink.event(&Event { at: line.at(), time, kind, core, fields: &fields, raw: line.bytes });
            Verdict::Event
        });
        clock.report(sink);
    }
}

/// `key=value key="value with blanks"`; a quote inside is escaped by a backslash.
fn pairs(text: &str) -> Vec<Field<'_>> {
    let mut fields = Vec::with_capacity(48);
    let mut rest = text;
    while let Some((name, tail)) = rest.trim_start().split_once('=') {
        let (value, after) = if let Some(quoted) = tail.strip_prefix('"') {
            let bytes = quoted.as_bytes();
            let end = (0..bytes.len()).find(|at| bytes.get(*at) == Some(&b'"') && (*at == 0 || bytes.get(at - 1) != Some(&b'\\')));
            let end = end.unwrap_or(bytes.len());
            (quoted.get(..end).unwrap_or(""), quoted.get(end + 1..).unwrap_or(""))
        } else {
            tail.split_once(' ').unwrap_or((tail, ""))
        };
        fields.push(Field::new(name.rsplit(' ').next().unwrap_or(name), value));
        rest = after;
    }
    fields
}
