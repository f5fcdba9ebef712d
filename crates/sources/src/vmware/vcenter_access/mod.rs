//! Requests to vCenter: the web client's access log, the proxies envoy and rhttpproxy, and Tomcat services.

use konseki_formats::{clf_line, heads, time};
use konseki_model::{Event, Kind, Piece, Sink};

use crate::clock::Clock;
use crate::mapper::Scratch;
use crate::read::{self, Text, Verdict};
use crate::row::Row;
use crate::vcenter as shared;
use crate::{Input, Reading, Source};

mod parse;

pub struct Access;
pub static SOURCE: Access = Access;

impl Source for Access {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        if shared::is_event_file(piece.head) {
            return false;
        }
        let own = |line: &[u8]| std::str::from_utf8(line).is_ok_and(parse::is_own_shape);
        let (fit, all) = heads::fitting(piece.head, 60, own);
        if fit > 0 && fit * 2 > all {
            return true;
        }
        // The common log format is everybody's: the path of the file, or the paths asked for, must be vCenter's.
        let common = |line: &[u8]| std::str::from_utf8(line).is_ok_and(|line| parse::common(line).is_some());
        let (fit, all) = heads::fitting(piece.head, 60, common);
        fit > 0 && fit * 2 > all && clf_line::is_vcenter(piece.path, piece.head)
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut clock = Clock::new(reading);
        let mut scratch = Scratch::default();
        let starts = |line: &[u8]| time::any(line).is_some() || std::str::from_utf8(line).is_ok_and(|line| parse::common(line).is_some());
        read::records(input, reading, sink, starts, |line, sink| one(line, &mut clock, &mut scratch, reading, sink));
        clock.report(sink);
    }
}

fn one(line: &Text<'_>, clock: &mut Clock, scratch: &mut Scratch, reading: &Reading<'_>, sink: &mut dyn Sink) -> Verdict {
    let mut row = Row::default();
    let host = reading.hints.host.as_deref().unwrap_or_default();
    let Some(request) = parse::request(line.text) else {
        let Some((written, _)) = time::any(line.bytes) else { return Verdict::Rejected };
        let stamp = clock.stamp(&written);
        row.push("message", line.text);
        let (src, src_port) = parse::peer(line.text);
        row.push_some("c-ip", src);
        let mut core = konseki_model::Core { host, src, src_port: src_port.parse().ok(), ..Default::default() };
        if shared::is_loopback(src) {
            core.src = "";
        }
        sink.event(&Event { at: line.at(), time: stamp, kind: Kind::Other, core, fields: row.fields(), raw: line.bytes });
        return Verdict::Event;
    };
    let stamp = parse::written(request.time).and_then(|written| clock.stamp(&written));
    let (stem, query) = request.uri.split_once('?').unwrap_or((request.uri, ""));
    for (name, value) in [
        ("cs-method", request.method),
        ("cs-uri-stem", stem),
        ("cs-uri-query", query),
        ("c-ip", request.client()),
        ("cs-username", request.user),
        ("sc-status", request.status),
        ("bytes_out", request.sent),
        ("cs-user-agent", request.agent),
    ] {
        row.push(name, value);
    }
    row.push("cs-uri", request.uri);
    row.push_some("c-port", request.port);
    row.push_some("peer", request.peer);
    row.push_some("forwarded_for", request.forwarded);
    row.push_some("bytes_in", request.received);
    row.push_some("s-ip", request.local);
    row.push_some("s-port", request.local_port);
    row.push_some("level", request.level);
    row.push_some("process", request.process);
    row.push_some("pid", request.pid);
    row.push_some("msecs", request.msecs);
    let (kind, mut core) = reading.about.mapper.apply(row.fields(), scratch);
    core.host = if request.host.is_empty() { host } else { request.host };
    core.duration = request.msecs.parse::<i64>().ok().and_then(|msecs| msecs.checked_mul(1000));
    if shared::is_loopback(core.src) {
        core.src = "";
    }
    sink.event(&Event { at: line.at(), time: stamp, kind, core, fields: row.fields(), raw: line.bytes });
    Verdict::Event
}
