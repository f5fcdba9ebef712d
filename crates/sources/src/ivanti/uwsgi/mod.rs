//! uWSGI logs of Ivanti Connect Secure's REST services (`/data/var/dlogs/cav_webserv.log`, `config_rest_server.log`, …):
//! request lines, written when the request ends, and start-up lines between them.

use konseki_formats::{heads, time};
use konseki_model::{Core, Event, Kind, Piece, Problem, ProblemKind, Sink, Stamp};

use crate::clock::Clock;
use crate::mapper::Scratch;
use crate::read::{self, Text, Verdict};
use crate::row::Row;
use crate::{Input, Reading, Source};

mod parse;

pub struct Uwsgi;
pub static SOURCE: Uwsgi = Uwsgi;

impl Source for Uwsgi {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        // Start-up lines fill the first forty lines of a quiet service.
        let (requests, _) =
            heads::fitting(piece.head, 200, |line| std::str::from_utf8(line).is_ok_and(|line| parse::request(line).is_some()));
        let (starts, _) = heads::fitting(piece.head, 200, |line| {
            line.starts_with(b"*** Starting uWSGI ") || line.starts_with(b"spawned uWSGI ") || line.starts_with(b"binary reloading uWSGI")
        });
        requests + starts > 0
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut clock = Clock::new(reading);
        let mut scratch = Scratch::default();
        let mut last = None;
        read::lines(input, reading, sink, |line, sink| {
            match parse::request(line.text) {
                Some(request) => last = one(line, &request, &mut clock, &mut scratch, reading, sink),
                None => other(line, &mut clock, &mut last, sink),
            }
            Verdict::Event
        });
        clock.report(sink);
    }
}

fn one<'a>(
    line: &Text<'a>,
    request: &parse::Request<'a>,
    clock: &mut Clock,
    scratch: &mut Scratch,
    reading: &Reading<'_>,
    sink: &mut dyn Sink,
) -> Option<Stamp> {
    let time = time::ctime(request.time.as_bytes()).and_then(|(written, _)| clock.stamp(&written));
    let (stem, query) = request.uri.split_once('?').unwrap_or((request.uri, ""));
    let mut row = Row::default();
    for (name, value) in [
        ("cs-method", request.method),
        ("cs-uri-stem", stem),
        ("cs-uri-query", query),
        ("cs-uri", request.uri),
        ("c-ip", request.client),
        ("sc-status", request.status),
        ("msecs", request.msecs),
        ("bytes_in", request.bytes_in),
        ("bytes_out", request.bytes_out),
        ("pid", request.pid),
        ("req", request.number),
    ] {
        row.push(name, value);
    }
    let (kind, mut core) = reading.about.mapper.apply(row.fields(), scratch);
    core.duration = request.msecs.parse::<i64>().ok().and_then(|msecs| msecs.checked_mul(1000));
    sink.event(&Event { at: line.at(), time, kind, core, fields: row.fields(), raw: line.bytes });
    time
}

/// Start-up, reload and program output: kept, at the time they say or that of the line before.
fn other(line: &Text<'_>, clock: &mut Clock, last: &mut Option<Stamp>, sink: &mut dyn Sink) {
    let written = parse::start_time(line.text).and_then(|text| time::ctime(text.as_bytes()));
    let mut kind = Kind::Other;
    if let Some((written, _)) = written {
        *last = clock.stamp(&written).or(*last);
        if line.text.starts_with("*** Starting uWSGI") {
            kind = Kind::ServiceStart;
        }
    }
    if line.text.starts_with("[pid: ") {
        let text = "a request line is not whole: it is kept as text";
        sink.problem(Problem::new(ProblemKind::Truncated, Some(line.at()), text));
    }
    let mut row = Row::default();
    row.push("message", line.text);
    if let Some(node) = line.text.strip_prefix("nodename: ") {
        sink.host(node.trim());
    }
    let core = Core { object: if kind == Kind::ServiceStart { "uwsgi" } else { "" }, ..Core::default() };
    sink.event(&Event { at: line.at(), time: *last, kind, core, fields: row.fields(), raw: line.bytes });
}
