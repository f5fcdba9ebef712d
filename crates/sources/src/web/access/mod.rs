//! Access logs of web servers in common and combined form (Apache, nginx and what copies them).

use std::net::IpAddr;

use konseki_formats::time::{self, Written};
use konseki_model::{Event, Field, Piece, Sink};

use crate::clock::Clock;
use crate::mapper::Scratch;
use crate::read::{self, Verdict};
use crate::{Input, Reading, Source, syslog};

pub struct Access;
pub static SOURCE: Access = Access;

impl Source for Access {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        // Tomcat's own form, as in vCenter's services, is another source.
        !piece.name().contains("localhost_access") && syslog::most(piece.head, |line| Request::split(line).is_some())
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut clock = Clock::new(reading);
        let mut scratch = Scratch::default();
        read::lines(input, reading, sink, |line, sink| {
            let Some(request) = Request::split(line.text) else { return Verdict::Rejected };
            // What is not a request line (TLS bytes, nothing) stays whole in cs-uri.
            let (method, rest) = request.line.split_once(' ').unwrap_or(("", request.line));
            let uri = rest.rsplit_once(" HTTP/").map_or(rest, |(uri, _)| uri);
            let (stem, query) = uri.split_once('?').unwrap_or((uri, ""));
            let fields = [
                Field::new("c-ip", request.client),
                Field::new("cs-username", request.user),
                Field::new("cs-method", method),
                Field::new("cs-uri", uri),
                Field::new("cs-uri-stem", stem),
                Field::new("cs-uri-query", query),
                Field::new("sc-status", request.status),
                Field::new("sc-bytes", request.bytes),
                Field::new("cs-referer", request.referer),
                Field::new("cs-user-agent", request.agent),
            ];
            let time = clock.stamp(&request.time);
            let (kind, mut core) = reading.about.mapper.apply(&fields, &mut scratch);
            core.host = reading.hints.host.as_deref().unwrap_or_default();
            sink.event(&Event { at: line.at(), time, kind, core, fields: &fields, raw: line.bytes });
            Verdict::Event
        });
        clock.report(sink);
    }
}

struct Request<'a> {
    client: &'a str,
    user: &'a str,
    time: Written,
    line: &'a str,
    status: &'a str,
    bytes: &'a str,
    referer: &'a str,
    agent: &'a str,
}

impl<'a> Request<'a> {
    /// `CLIENT IDENT USER [TIME] "REQUEST" STATUS BYTES "REFERER" "AGENT"`
    fn split(text: &'a str) -> Option<Self> {
        let (head, rest) = text.split_once(" [")?;
        // Apache's vhost form has the site before the client.
        let second = head.split(' ').nth(1).unwrap_or("");
        let head = if second.parse::<IpAddr>().is_ok() { head.split_once(' ').map_or(head, |(_, head)| head) } else { head };
        let mut parts = head.splitn(3, ' ');
        let (client, _, user) = (parts.next()?, parts.next()?, parts.next()?);
        let (written, rest) = rest.split_once("] \"")?;
        let (time, _) = time::clf(written.as_bytes())?;
        let (line, rest) = quoted(rest)?;
        let mut parts = rest.trim_start().splitn(3, ' ');
        let (status, bytes, rest) = (parts.next()?, parts.next()?, parts.next().unwrap_or(""));
        if status.len() != 3 || !status.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let (referer, rest) = rest.trim_start().strip_prefix('"').and_then(quoted).unwrap_or(("", ""));
        let (agent, _) = rest.trim_start().strip_prefix('"').and_then(quoted).unwrap_or(("", ""));
        Some(Self { client, user, time, line, status, bytes, referer, agent })
    }
}

/// Up to the closing quote, one that no backslash escapes.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some((text.get(..at)?, text.get(at + 1..)?)),
            _ => {}
        }
    }
    None
}
