//! Access logs of web servers: common and combined form (Apache, nginx and what copies them), nginx's own JSON formats.

mod json;

use std::net::IpAddr;

use konseki_formats::text::quoted;
use konseki_formats::time::{self, Written};
use konseki_model::{Event, Piece, Problem, ProblemKind, Sink, Stamp};

use crate::clock::Clock;
use crate::mapper::Scratch;
use crate::read::{self, Text, Verdict};
use crate::row::Row;
use crate::{Input, Reading, Source, flat_text, syslog};

pub struct Access;
pub static SOURCE: Access = Access;

impl Source for Access {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        // Tomcat's own form, as in vCenter's services, is another source.
        !piece.name().contains("localhost_access")
            && syslog::most(piece.head, |line| if line.starts_with('{') { json::is_request(line) } else { Request::split(line).is_some() })
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut pass = Pass { reading, clock: Clock::new(reading), scratch: Scratch::default() };
        read::lines(input, reading, sink, |line, sink| {
            if line.text.starts_with('{') {
                let Some(object) = flat_text::parse(line.text) else { return Verdict::Rejected };
                let mut row = Row::default();
                let Some(written) = json::fields(&object, &mut row) else { return Verdict::Rejected };
                let time = match written {
                    json::When::Written(written) => pass.clock.stamp(&written),
                    json::When::Instant(stamp) => Some(stamp),
                    json::When::Never => None,
                };
                return pass.event(line, time, &row, sink);
            }
            let Some(request) = Request::split(line.text) else { return Verdict::Rejected };
            let mut row = Row::default();
            request.fields(&mut row);
            let time = pass.clock.stamp(&request.time);
            pass.event(line, time, &row, sink)
        });
        pass.clock.report(sink);
    }
}

struct Pass<'r> {
    reading: &'r Reading<'r>,
    clock: Clock,
    scratch: Scratch,
}

impl Pass<'_> {
    fn event(&mut self, line: &Text<'_>, time: Option<Stamp>, row: &Row<'_>, sink: &mut dyn Sink) -> Verdict {
        if row.dropped > 0 {
            let text = "a record has more fields than there is room for: the first were kept";
            sink.problem(Problem::new(ProblemKind::Bound, Some(line.at()), text));
        }
        let (kind, mut core) = self.reading.about.mapper.apply(row.fields(), &mut self.scratch);
        if core.host.is_empty() {
            core.host = self.reading.hints.host.as_deref().unwrap_or_default();
        }
        sink.event(&Event { at: line.at(), time, kind, core, fields: row.fields(), raw: line.bytes });
        Verdict::Event
    }
}

/// The request behind its opening quote, status and length, and what follows. Some servers escape no quote that a client
/// sent: then the request ends at the first quote behind which an answer stands.
fn answered(text: &str) -> Option<(&str, &str, &str, &str)> {
    let answer = |rest| {
        let mut parts = str::trim_start(rest).splitn(3, ' ');
        let (status, bytes, rest) = (parts.next()?, parts.next()?, parts.next().unwrap_or(""));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        (status.len() == 3 && digits(status) && (bytes == "-" || digits(bytes))).then_some((status, bytes, rest))
    };
    let whole = |(line, rest)| answer(rest).map(|(status, bytes, rest)| (line, status, bytes, rest));
    let (first, rest) = quoted(text)?;
    // A format may have one more quoted value before the request.
    let second = || whole(quoted(rest.trim_start().strip_prefix('"')?)?);
    let unescaped = || text.match_indices("\" ").find_map(|(at, _)| whole((text.get(..at)?, text.get(at + 1..)?)));
    whole((first, rest)).or_else(second).or_else(unescaped)
}

/// The fields that a request line makes, under the names of W3C logs that Sigma's rules ask for. What is not a request line
/// (TLS bytes, nothing) stays whole in cs-uri.
fn request_line<'a>(line: &'a str, row: &mut Row<'a>) {
    let (method, rest) = line.split_once(' ').unwrap_or(("", line));
    let uri = rest.rsplit_once(" HTTP/").map_or(rest, |(uri, _)| uri);
    uri_of(method, uri, row);
}

fn uri_of<'a>(method: &'a str, uri: &'a str, row: &mut Row<'a>) {
    let (stem, query) = uri.split_once('?').unwrap_or((uri, ""));
    row.push("cs-method", method);
    row.push("cs-uri", uri);
    row.push("cs-uri-stem", stem);
    row.push("cs-uri-query", query);
}

struct Request<'a> {
    client: &'a str,
    /// `X-Forwarded-For`, where the format has it in brackets behind the client.
    forwarded: &'a str,
    /// The site asked for, with its port.
    site: &'a str,
    user: &'a str,
    time: Written,
    line: &'a str,
    status: &'a str,
    bytes: &'a str,
    referer: &'a str,
    agent: &'a str,
}

impl<'a> Request<'a> {
    /// `[SITE[:PORT]] CLIENT [(FORWARDED)] IDENT USER [TIME] ["VALUE"] "REQUEST" STATUS BYTES [VALUES] "REFERER" "AGENT" [VALUES]`
    fn split(text: &'a str) -> Option<Self> {
        let (head, rest) = text.split_once(" [")?;
        // Apache's vhost form has the site before the client.
        let second = head.split(' ').nth(1).unwrap_or("");
        let (site, head) = if second.parse::<IpAddr>().is_ok() { head.split_once(' ')? } else { ("", head) };
        let (client, names) = head.split_once(' ')?;
        let bracketed = names.strip_prefix('(').and_then(|rest| rest.split_once(") "));
        let (forwarded, names) = bracketed.unwrap_or(("", names));
        let (_, user) = names.split_once(' ')?;
        let (written, rest) = rest.split_once("] \"")?;
        let (time, _) = time::clf(written.as_bytes())?;
        let (line, status, bytes, rest) = answered(rest)?;
        let behind = rest.find('"').and_then(|at| rest.get(at + 1..));
        let (referer, rest) = behind.and_then(quoted).unwrap_or(("", ""));
        let (agent, _) = rest.trim_start().strip_prefix('"').and_then(quoted).unwrap_or(("", ""));
        Some(Self { client, forwarded, site, user, time, line, status, bytes, referer, agent })
    }

    fn fields(&self, row: &mut Row<'a>) {
        row.push("c-ip", self.client);
        row.push("cs-username", self.user);
        request_line(self.line, row);
        row.push("sc-status", self.status);
        row.push("sc-bytes", self.bytes);
        row.push("cs-referer", self.referer);
        row.push("cs-user-agent", self.agent);
        let (site, port) = self.site.rsplit_once(':').unwrap_or((self.site, ""));
        for (name, value) in [("cs-host", site), ("s-port", port), ("X-Forwarded-For", self.forwarded)] {
            row.push_some(name, if value == "-" { "" } else { value });
        }
    }
}
