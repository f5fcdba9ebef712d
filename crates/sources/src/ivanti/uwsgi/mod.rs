//! Request logs of the appliance's web workers (uWSGI): `config_rest_server.log`, `cav_webserv.log` and their `.old`.

use konseki_formats::time;
use konseki_model::{Core, Event, Field, Kind, Piece, Sink};

use crate::clock::Clock;
use crate::mapper::Scratch;
use crate::read::{self, Verdict};
use crate::{Input, Reading, Source};
use konseki_formats::text::between;

pub struct Uwsgi;
pub static SOURCE: Uwsgi = Uwsgi;

fn is_request(line: &str) -> bool {
    line.starts_with("[pid: ") && line.contains("|app: ") && line.contains(" => generated ")
}

impl Source for Uwsgi {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        let text = String::from_utf8_lossy(piece.head);
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        let requests = lines.clone().filter(|line| is_request(line)).count();
        requests > 0 || text.contains("*** Starting uWSGI ") || lines.take(40).filter(|line| line.contains("uWSGI")).count() > 2
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut clock = Clock::new(reading);
        let mut scratch = Scratch::default();
        let host = reading.hints.host.as_deref().unwrap_or_default();
        read::lines(input, reading, sink, |line, sink| {
            let Some(request) = Request::split(line.text) else {
                // Start-up and worker messages between requests.
                let fields = [Field::new("message", line.text)];
                let core = Core { host, ..Core::default() };
                let time = time::any(line.bytes).and_then(|(written, _)| clock.stamp(&written));
                sink.event(&Event { at: line.at(), time, kind: Kind::Other, core, fields: &fields, raw: line.bytes });
                return Verdict::Event;
            };
            let (stem, query) = request.uri.split_once('?').unwrap_or((request.uri, ""));
            let fields = [
                Field::new("pid", request.pid),
                Field::new("req", request.number),
                Field::new("c-ip", request.client),
                Field::new("cs-method", request.method),
                Field::new("cs-uri", request.uri),
                Field::new("cs-uri-stem", stem),
                Field::new("cs-uri-query", query),
                Field::new("sc-status", request.status),
                Field::new("bytes_in", request.bytes_in),
                Field::new("bytes_out", request.bytes_out),
                Field::new("msecs", request.msecs),
            ];
            // The time is the end of the request.
            let time = time::ctime(request.time.as_bytes()).and_then(|(written, _)| clock.stamp(&written));
            let (kind, core) = reading.about.mapper.apply(&fields, &mut scratch);
            let duration = request.msecs.parse::<i64>().ok().and_then(|ms| ms.checked_mul(1000));
            let core = Core { host, duration, ..core };
            sink.event(&Event { at: line.at(), time, kind, core, fields: &fields, raw: line.bytes });
            Verdict::Event
        });
        clock.report(sink);
    }
}

#[derive(Default)]
struct Request<'a> {
    pid: &'a str,
    number: &'a str,
    client: &'a str,
    time: &'a str,
    method: &'a str,
    uri: &'a str,
    status: &'a str,
    bytes_in: &'a str,
    bytes_out: &'a str,
    msecs: &'a str,
}

impl<'a> Request<'a> {
    /// `[pid: 1|app: 0|req: 1/1] CLIENT () {30 vars in 501 bytes} [TIME] METHOD URI => generated N bytes in M msecs (HTTP/1.1 200) …`
    fn split(line: &'a str) -> Option<Self> {
        let (head, rest) = line.strip_prefix("[pid: ")?.split_once("] ")?;
        let (pid, number) = head.split_once("|app: ")?;
        let number = number.split_once("|req: ").map_or("", |(_, number)| number);
        let (client, rest) = rest.split_once(' ')?;
        let bytes_in = between(rest, " vars in ", " bytes}").unwrap_or_default();
        let (_, rest) = rest.split_once("} [")?;
        let (time, rest) = rest.split_once("] ")?;
        // A path may hold anything, also ` => `: the answer is what stands last.
        let (request, answer) = rest.rsplit_once(" => generated ")?;
        let (method, uri) = request.split_once(' ')?;
        let (bytes_out, answer) = answer.split_once(" bytes in ")?;
        let (msecs, answer) = answer.split_once(" msecs")?;
        let status = between(answer, "(HTTP/", ")").and_then(|http| http.split_once(' ')).map_or("", |(_, status)| status);
        Some(Self { pid, number, client, time, method, uri, status, bytes_in, bytes_out, msecs })
    }
}
