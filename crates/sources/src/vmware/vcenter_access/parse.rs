//! The shapes of one request: common log format with columns of its own, Tomcat's words, two layouts of envoy.

use konseki_formats::time::{self, Written};
use konseki_formats::vmware;

use konseki_formats::text::between;

#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub enum Shape {
    #[default]
    Common,
    Tomcat,
    Proxy,
}

#[derive(Default)]
pub struct Request<'a> {
    pub shape: Shape,
    pub time: Option<Written>,
    /// Empty where the line does not name its machine.
    pub host: &'a str,
    pub client: &'a str,
    pub client_port: &'a str,
    /// The proxy before the client, where the client stands in a forwarded column.
    pub peer: &'a str,
    pub user: &'a str,
    pub method: &'a str,
    pub uri: &'a str,
    pub status: &'a str,
    pub bytes_in: &'a str,
    pub bytes_out: &'a str,
    pub msecs: &'a str,
    pub agent: &'a str,
    pub process: &'a str,
}

impl<'a> Request<'a> {
    pub fn split(line: &'a str) -> Option<Self> {
        if line.contains(" [Request] ") {
            return tomcat(line);
        }
        if vmware::starts(line.as_bytes()) {
            let head = vmware::split(line)?;
            // Relayed by syslog, the whole line stands behind a head of its own.
            let inner = || head.message.split_once("[Originator@").and_then(|(_, rest)| rest.split_once("] ")).map(|(_, inner)| inner);
            let mut request = proxy(head.message).or_else(|| proxy(inner()?))?;
            request.process = head.process;
            request.host = head.host;
            return Some(request);
        }
        common(line)
    }
}

fn is_address(text: &str) -> bool {
    text.split(',').next().unwrap_or(text).trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok()
}

fn is_method(word: &str) -> bool {
    (2..=16).contains(&word.len()) && word.bytes().all(|b| b.is_ascii_uppercase() || b == b'_' || b == b'-')
}

/// `METHOD URI HTTP/x`; a path may hold spaces.
fn line_of_request(text: &str) -> Option<(&str, &str)> {
    let (method, rest) = text.split_once(' ')?;
    let uri = rest.rsplit_once(" HTTP/").map_or(rest, |(uri, _)| uri);
    is_method(method).then_some((method, uri))
}

/// `ADDRESS:PORT`, also with an IPv6 address.
fn address_port(text: &str) -> (&str, &str) {
    match text.rsplit_once(':') {
        Some((address, port)) if port.bytes().all(|b| b.is_ascii_digit()) => (address.trim_matches(['[', ']']), port),
        _ => (text, ""),
    }
}

/// `CLIENT [FORWARDED] - USER … [TIME] [THREAD] "METHOD URI HTTP/1.1" STATUS BYTES [Processing time N msec] "AGENT"`.
fn common(line: &str) -> Option<Request<'_>> {
    let (columns, rest) = line.split_once(" [")?;
    let (stamp, rest) = rest.split_once(']')?;
    let (written, _) = time::clf(stamp.as_bytes())?;
    let mut columns = columns.split_whitespace();
    let first = columns.next()?;
    let mut request = Request { time: Some(written), client: first, ..Request::default() };
    for column in columns {
        if is_address(column) {
            request.peer = first;
            request.client = column.split(',').next().unwrap_or(column);
        } else if column != "-" && request.user.is_empty() {
            request.user = column;
        }
    }
    let (_, rest) = rest.split_once('"')?;
    // A quote inside the path is escaped or not: the status stands behind the last quote and before the agent.
    let (text, tail) = rest.split_once("\" ")?;
    (request.method, request.uri) = line_of_request(text)?;
    let mut words = tail.split_whitespace();
    request.status = words.next().filter(|word| word.len() == 3 && word.bytes().all(|b| b.is_ascii_digit()))?;
    request.bytes_out = words.next().unwrap_or_default();
    request.msecs = between(tail, "Processing time ", " msec").unwrap_or_default();
    request.agent = tail.trim_end().strip_suffix('"').and_then(|tail| tail.rsplit_once('"')).map_or("", |(_, agent)| agent);
    Some(request)
}

/// `[TIME] THREAD [Request] CLIENT:PORT to local 1080 - HTTP/1.1 POST /path [Response] 200 - 758 bytes [Perf] process 0ms / …`
fn tomcat(line: &str) -> Option<Request<'_>> {
    let (written, _) = time::clf(line.strip_prefix('[')?.as_bytes())?;
    let (head, rest) = line.split_once(" [Request] ")?;
    let (asked, answer) = rest.split_once(" [Response] ").unwrap_or((rest, ""));
    let (client, client_port) = address_port(asked.split(' ').next()?);
    let (_, http) = asked.split_once(" HTTP/")?;
    let (_, http) = http.split_once(' ')?;
    let (method, uri) = http.split_once(' ')?;
    let status = answer.split(' ').next().unwrap_or_default();
    let bytes_out = answer.split_once(" bytes").and_then(|(before, _)| before.rsplit(' ').next()).unwrap_or_default();
    let msecs = between(answer, "process ", "ms").unwrap_or_default();
    let process = head.rsplit_once("] ").map_or("", |(_, thread)| thread);
    let time = Some(written);
    is_method(method).then_some(Request {
        shape: Shape::Tomcat,
        time,
        client,
        client_port,
        method,
        uri,
        status,
        bytes_out,
        msecs,
        process,
        ..Request::default()
    })
}

/// `[TIME] "GET /x HTTP/1.1" 200 - IN OUT MS - "FORWARDED" "AGENT" …` or
/// `TIME POST /sdk HTTP/1.1 200 via_upstream - IN OUT MS … CLIENT:PORT LOCAL …`.
fn proxy(message: &str) -> Option<Request<'_>> {
    let bracketed = message.starts_with('[');
    let text = message.strip_prefix('[').unwrap_or(message);
    let (written, used) = time::iso(text.as_bytes())?;
    let rest = text.get(used..)?.trim_start_matches(']').trim_start();
    let mut request = Request { shape: Shape::Proxy, time: Some(written), ..Request::default() };
    let tail = if bracketed {
        let (asked, tail) = rest.strip_prefix('"')?.split_once("\" ")?;
        (request.method, request.uri) = line_of_request(asked)?;
        tail
    } else {
        let (asked, tail) = rest.split_once(" HTTP/")?;
        (request.method, request.uri) = line_of_request(asked)?;
        tail.split_once(' ')?.1
    };
    let mut words = tail.split_whitespace();
    request.status = words.next()?;
    let mut numbers = words.clone().skip(if bracketed { 1 } else { 2 });
    request.bytes_in = numbers.next().unwrap_or_default();
    request.bytes_out = numbers.next().unwrap_or_default();
    request.msecs = numbers.next().unwrap_or_default();
    if bracketed {
        let mut quoted = tail.split('"').skip(1).step_by(2);
        request.client = quoted.next().filter(|client| is_address(client)).unwrap_or_default();
        request.agent = quoted.next().unwrap_or_default();
    } else if let Some(client) = words.find(|word| word.contains(':') && is_address(address_port(word).0)) {
        (request.client, request.client_port) = address_port(client);
    }
    Some(request)
}
