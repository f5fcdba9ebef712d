//! The shapes of a request line.

use konseki_formats::time::{self, Written};
use konseki_formats::{relay, vmware};

/// One request. Empty strings where the shape does not say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Request<'a> {
    pub time: &'a str,
    pub host: &'a str,
    /// Who spoke to the service: often the proxy on the same machine.
    pub peer: &'a str,
    pub port: &'a str,
    pub user: &'a str,
    /// The client a proxy names.
    pub forwarded: &'a str,
    pub method: &'a str,
    pub uri: &'a str,
    pub status: &'a str,
    pub received: &'a str,
    pub sent: &'a str,
    pub msecs: &'a str,
    pub agent: &'a str,
    /// The address that was asked.
    pub local: &'a str,
    pub local_port: &'a str,
    /// Of the head that the service's log puts before an access line.
    pub level: &'a str,
    pub process: &'a str,
    pub pid: &'a str,
}

impl<'a> Request<'a> {
    /// The client: the one the proxy names, else the peer.
    pub fn client(&self) -> &'a str {
        if self.forwarded.is_empty() { self.peer } else { self.forwarded }
    }
}

/// Envoy, rhttpproxy and Tomcat's own form: nobody else writes these.
pub fn is_own_shape(line: &str) -> bool {
    let (_, line) = unwrapped(line);
    tomcat(line).is_some()
        || envoy(line).is_some()
        || vmware::split(line).is_some_and(|head| matches!(head.process, "envoy" | "rhttpproxy" | "envoy-access"))
}

pub fn request(line: &str) -> Option<Request<'_>> {
    let (host, line) = unwrapped(line);
    let request = tomcat(line).or_else(|| envoy(line)).or_else(|| common(line))?;
    Some(if host.is_empty() { request } else { Request { host, ..request } })
}

/// Host and line without the head of a relay: only where the program's own time follows it.
fn unwrapped(line: &str) -> (&str, &str) {
    let relayed = relay::split(line).and_then(|head| Some((head.host, line.get(head.used..)?)));
    match relayed {
        Some((host, rest)) if time::any(rest.as_bytes()).is_some() || tomcat(rest).is_some() || common(rest).is_some() => (host, rest),
        _ => ("", line),
    }
}

pub fn written(text: &str) -> Option<Written> {
    time::iso(text.as_bytes()).or_else(|| time::clf(text.as_bytes())).map(|(written, _)| written)
}

fn dash(text: &str) -> &str {
    if text == "-" { "" } else { text }
}

fn split_port(text: &str) -> (&str, &str) {
    match text.rsplit_once(':') {
        Some((address, port)) if !address.is_empty() && (!address.contains(':') || address.ends_with(']')) => {
            (address.trim_matches(['[', ']']), port)
        }
        _ => (text, ""),
    }
}

/// `[11/May/2023:10:22:24 +0000] tomcat-http--47 [Request] "agent" forwarded/192.0.2.1:48866 to local 1080 - HTTP/1.1 POST /x
/// [Response] 200 - 758 bytes [Perf] process 0ms / …`
fn tomcat(line: &str) -> Option<Request<'_>> {
    let (head, rest) = line.strip_prefix('[')?.split_once(" [Request] ")?;
    let (time, _) = head.split_once(']')?;
    let (asked, answer) = rest.split_once(" [Response] ")?;
    let mut request = Request { time, ..Request::default() };
    let mut asked = asked;
    if let Some((agent, tail)) = asked.strip_prefix('"').and_then(|rest| rest.split_once("\" ")) {
        request.agent = dash(agent);
        asked = tail;
    }
    let (client, tail) = asked.split_once(' ')?;
    let (forwarded, peer) = client.split_once('/').unwrap_or(("", client));
    (request.peer, request.port) = split_port(peer);
    request.local_port = tail.strip_prefix("to local ").and_then(|rest| rest.split(' ').next()).unwrap_or_default();
    request.forwarded = dash(forwarded);
    // `HTTP/1.1 METHOD URI`; some patterns quote the request before it.
    let mut found = tail.match_indices("HTTP/").filter_map(|(at, _)| {
        let mut words = tail.get(at..)?.splitn(3, ' ');
        let (_, method, uri) = (words.next()?, words.next()?, words.next()?);
        (method.len() > 2 && method.bytes().all(|b| b.is_ascii_uppercase())).then_some((method, uri.trim()))
    });
    (request.method, request.uri) = found.next()?;
    request.status = answer.split(' ').next()?;
    request.sent = answer.split(" bytes").next().and_then(|part| part.rsplit(' ').next()).map_or("", dash);
    request.msecs = answer.split_once("process ").and_then(|(_, rest)| rest.split_once("ms")).map_or("", |(msecs, _)| msecs);
    Some(request)
}

/// Envoy, with or without the head of the service's log before it:
/// `2023-05-11T10:22:31.070Z POST /sdk HTTP/1.1 200 via_upstream - 1670 11032 1 0 0 192.0.2.1:54080 192.0.2.2:443 …`,
/// `[2025-10-15T09:18:52.450Z] "GET /x HTTP/1.1" 200 - 0 1389604 62 - "forwarded" "agent" …`.
fn envoy(line: &str) -> Option<Request<'_>> {
    let mut service = Request::default();
    let mut body = line;
    if let Some(head) = vmware::split(line).filter(|head| head.process.starts_with("envoy")) {
        body = head.message;
        service = Request { host: head.host, level: head.level, process: head.process, pid: head.pid, ..service };
    }
    if let Some((time, rest)) = body.strip_prefix('[').and_then(|rest| rest.split_once("] \"")) {
        time::iso(time.as_bytes())?;
        let (asked, rest) = rest.split_once("\" ")?;
        let mut request = Request { time, ..service };
        (request.method, request.uri) = method_and_uri(asked)?;
        let mut words = rest.split(' ');
        request.status = words.next()?;
        let _flags = words.next()?;
        request.received = words.next()?;
        request.sent = words.next()?;
        request.msecs = words.next()?;
        let mut quoted = rest.split('"').skip(1).step_by(2);
        request.forwarded = dash(quoted.next().unwrap_or_default());
        request.agent = dash(quoted.next().unwrap_or_default());
        return Some(request);
    }
    let (time, rest) = body.split_once(' ')?;
    time::iso(time.as_bytes()).filter(|(written, _)| written.offset.is_some())?;
    let at = rest.find(" HTTP/")?;
    let (method, uri) = rest.get(..at)?.split_once(' ')?;
    let mut words = rest.get(at + 1..)?.split(' ');
    words.next()?;
    let mut request = Request { time, method, uri, ..service };
    request.status = words.next().filter(|status| status.len() <= 3 && status.bytes().all(|b| b.is_ascii_digit()))?;
    let _details = words.next()?;
    let _flags = words.next()?;
    request.received = words.next()?;
    request.sent = words.next()?;
    request.msecs = words.next()?;
    let mut addresses = words.filter(|word| word.contains(':') && word.bytes().any(|b| b.is_ascii_digit()));
    (request.peer, request.port) = split_port(addresses.next()?);
    (request.local, request.local_port) = split_port(addresses.next().unwrap_or_default());
    Some(request)
}

fn method_and_uri(asked: &str) -> Option<(&str, &str)> {
    let (method, rest) = asked.split_once(' ')?;
    let uri = rest.rsplit_once(" HTTP/").map_or(rest, |(uri, _)| uri);
    (!method.is_empty() && method.bytes().all(|b| b.is_ascii_uppercase())).then_some((method, uri))
}

/// `address [forwarded] ident user [time] [thread] "METHOD URI PROTO" status bytes …`: the common form and the Tomcat
/// patterns of VMware's hardening guides.
pub fn common(line: &str) -> Option<Request<'_>> {
    let mut marks = memchr::memchr_iter(b'[', line.as_bytes());
    let mark = marks.find(|at| at.checked_sub(1).and_then(|at| line.as_bytes().get(at)) == Some(&b' '))?;
    let (before, rest) = (line.get(..mark - 1)?, line.get(mark + 1..)?);
    let (time, rest) = rest.split_once(']')?;
    time::clf(time.as_bytes())?;
    let mut words = before.split(' ').filter(|word| !word.is_empty());
    let peer = words.next()?;
    let second = words.next().unwrap_or_default();
    let forwarded = if before.split(' ').count() > 3 { dash(second.trim_end_matches(',')) } else { "" };
    let (_, rest) = rest.split_once('"')?;
    // The request may hold quotes: it ends where a status follows.
    let mut from = 0;
    let end = loop {
        let quote = from + rest.get(from..)?.find('"')?;
        let status = rest.get(quote + 1..)?.trim_start().split(' ').next().unwrap_or_default();
        if status == "-" || (status.len() == 3 && status.bytes().all(|b| b.is_ascii_digit())) {
            break quote;
        }
        from = quote + 1;
    };
    let asked = rest.get(..end)?;
    let (method, uri) = method_and_uri(asked).unwrap_or(("", asked));
    let user = dash(before.split(' ').rfind(|word| !word.is_empty()).filter(|word| *word != peer && *word != second).unwrap_or_default());
    let tail = rest.get(end + 1..)?.trim_start();
    let mut words = tail.split(' ');
    let mut request = Request { time, peer, forwarded, user, method, uri, status: words.next()?, ..Request::default() };
    request.sent = dash(words.next().unwrap_or_default());
    if tail.contains(['[', '"']) {
        request.msecs = tail.split_once("[Processing time ").map_or("", |(_, rest)| rest.split(' ').next().unwrap_or_default());
        // The agent stands behind the referer.
        request.agent = dash(tail.split('"').skip(1).step_by(2).last().unwrap_or_default());
    }
    (request.peer, request.port) = split_port(peer);
    Some(request)
}

/// The far end of a connection that rhttpproxy names: `<TCP '192.0.2.1 : 443'>, <TCP '198.51.100.7 : 50123'>`, or
/// `remote=198.51.100.7:50123`.
pub fn peer(text: &str) -> (&str, &str) {
    let mark = "<TCP '";
    let far = text.rsplit_once(mark).filter(|_| text.matches(mark).count() >= 2);
    if let Some((address, port)) = far.and_then(|(_, rest)| rest.split_once("'>")).and_then(|(pair, _)| pair.split_once(" : ")) {
        return (address, port);
    }
    text.split_once("remote=").map_or(("", ""), |(_, rest)| split_port(rest.split([',', ' ', ')', '>']).next().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape() {
        let r = request("2023-05-11T10:22:31.126Z info envoy[111] [Originator@6876 sub=Default] 2023-05-11T10:22:31.070Z POST /sdk HTTP/1.1 200 via_upstream - 1670 11032 1 0 0 192.0.2.1:54080 192.0.2.2:443 127.0.0.1:49192 127.0.0.1:8085").unwrap();
        assert_eq!((r.peer, r.port, r.sent, r.local, r.status), ("192.0.2.1", "54080", "11032", "192.0.2.2", "200"));
        let r = request("2025-10-15T09:19:00.404Z info envoy[2527] [Originator@6876 sub=Default] [2025-10-15T09:18:52.450Z] \"GET /stats?format=prometheus HTTP/1.1\" 200 - 0 1389604 62 - \"192.0.2.9\" \"VMware-client/8.0.3\" \"-\" \"localhost\" \"-\"").unwrap();
        assert_eq!((r.client(), r.agent, r.sent, r.msecs), ("192.0.2.9", "VMware-client/8.0.3", "1389604", "62"));
        let r = request("[11/May/2023:10:22:24 +0000] tomcat-http--47 [Request] 192.0.2.1:48866 to local 1080 - HTTP/1.1 POST /lookupservice/sdk [Response] 200 - 758 bytes [Perf] process 0ms / commit 0ms / conn [+]").unwrap();
        assert_eq!((r.peer, r.method, r.uri, r.sent), ("192.0.2.1", "POST", "/lookupservice/sdk", "758"));
        let r =
            request("127.0.0.1 192.0.2.5 - - [05/Jan/2024:01:02:03 +0000] \"POST /ui/list/export HTTP/1.1\" 200 8123 abc http-nio-1 33")
                .unwrap();
        assert_eq!((r.client(), r.uri, r.sent), ("192.0.2.5", "/ui/list/export", "8123"));
        let r = request("192.0.2.5 - - [05/Jan/2024:01:02:03 +0000] \"GET /ui/a\"b HTTP/1.1\" 404 -").unwrap();
        assert_eq!((r.peer, r.forwarded, r.uri, r.status, r.sent), ("192.0.2.5", "", "/ui/a\"b", "404", ""));
        assert!(request("text").is_none());
        assert_eq!(
            peer("New proxy client <SSL(<io_obj p:0x1, h:23, <TCP '192.0.2.2 : 443'>, <TCP '198.51.100.7 : 50123'>>)>"),
            ("198.51.100.7", "50123")
        );
    }
}
