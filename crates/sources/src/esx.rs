//! What the log sources of vCenter share: recognising by the programs that write, reading head by head.

pub use konseki_formats::text::between;
use konseki_formats::vmware::{self, Head};
use konseki_model::{Core, Event, Field, Kind, Piece, Sink};

use crate::clock::Clock;
use crate::mapper::Scratch;
use crate::read::{self, Verdict};
use crate::{Input, Reading};

/// Do most lines at the start have a VMware head that `ours` accepts?
pub fn recognise(piece: &Piece<'_>, ours: impl Fn(&Head<'_>) -> bool) -> bool {
    let (mut heads, mut yes) = (0, 0);
    let Some(text) = utf8_start(piece.head) else { return false };
    for line in text.lines().filter(|line| !line.trim().is_empty()).take(60) {
        // A log may begin inside a record, or with a note of the rotation.
        if !vmware::starts(line.as_bytes()) {
            heads += usize::from(heads > 0 && !line.starts_with([' ', '\t', '-']));
            continue;
        }
        heads += 1;
        if vmware::split(line).is_some_and(|head| ours(&head)) {
            yes += 1;
        }
    }
    yes > 0 && yes * 2 > heads
}

fn utf8_start(bytes: &[u8]) -> Option<&str> {
    let first = bytes.utf8_chunks().next()?;
    (first.valid().len() >= bytes.len().min(256).saturating_sub(4)).then_some(first.valid())
}

/// Fields of one record; the source adds its own behind the common ones.
pub type Fields<'a> = Vec<Field<'a>>;

/// Reads a log with VMware heads: continuation lines joined, the common fields set, `more` adds the source's own.
pub fn read_log(input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink, more: impl for<'a> Fn(&Head<'a>, &mut Fields<'a>)) {
    let mut clock = Clock::new(reading);
    let mut scratch = Scratch::default();
    let host = reading.hints.host.as_deref().unwrap_or_default();
    let mut said = false;
    read::records(input, reading, sink, vmware::starts, |record, sink| {
        let Some(head) = vmware::split(record.text) else {
            // Banners and notes of the rotation have no time; they are kept.
            let fields = [Field::new("message", record.text)];
            let core = Core { host, ..Core::default() };
            sink.event(&Event { at: record.at(), time: None, kind: Kind::Other, core, fields: &fields, raw: record.bytes });
            return Verdict::Event;
        };
        let mut fields = Vec::with_capacity(12);
        for (name, value) in [
            ("level", head.level),
            ("process", head.process),
            ("pid", head.pid),
            ("sub", head.sub),
            ("opID", head.op_id),
            ("user", head.user),
        ] {
            if !value.is_empty() {
                fields.push(Field::new(name, value));
            }
        }
        fields.push(Field::new("message", head.message));
        more(&head, &mut fields);
        let (kind, mut core) = reading.about.mapper.apply(&fields, &mut scratch);
        if core.host.is_empty() {
            core.host = if head.host.is_empty() { host } else { head.host };
        }
        if !said && !core.host.is_empty() {
            said = true;
            sink.host(core.host);
        }
        let time = head.time.and_then(|written| clock.stamp(&written));
        sink.event(&Event { at: record.at(), time, kind, core, fields: &fields, raw: record.bytes });
        Verdict::Event
    });
    clock.report(sink);
}

/// Is this the note of one request by the HTTP proxy before a VMware service (envoy, rhttpproxy)?
pub fn is_proxy_request(head: &Head<'_>) -> bool {
    matches!(head.process, "envoy" | "envoy-access" | "rhttpproxy")
        && (head.message.contains(" HTTP/1") || head.message.contains(" HTTP/2"))
}
