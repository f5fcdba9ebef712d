//! One request and one answer per connection: bounded head, no body, only this machine's own names as Host.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::routes::Site;

/// Longest request head; SQL comes in it.
const HEAD: usize = 32 << 10;
const HEADERS: usize = 64;
/// A whole head must have come by then.
const ARRIVE: Duration = Duration::from_secs(10);
/// Longest wait for a reader that takes nothing.
const TAKE: Duration = Duration::from_secs(30);

/// What is asked for, after all that is refused was refused.
#[derive(Debug, PartialEq, Eq)]
pub struct Request {
    pub path: String,
    /// Query string as it came.
    pub query: String,
    pub head_only: bool,
    /// Sent by another site's page.
    pub foreign: bool,
}

/// What is answered.
pub struct Answer {
    pub status: u16,
    pub kind: &'static str,
    pub policy: &'static str,
    pub body: Vec<u8>,
}

/// Nothing but our own files; no inline script, no frames, no other hosts.
pub const STRICT: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// The report brings its script and style inside and its own, narrower policy; in a sandbox it is a stranger to this page.
pub const REPORT: &str = "sandbox allow-scripts allow-downloads allow-popups; default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

impl Answer {
    pub fn new(kind: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self { status: 200, kind, policy: STRICT, body: body.into() }
    }

    pub fn refuse(status: u16, why: &str) -> Self {
        let body = serde_json::json!({ "error": why }).to_string();
        Self { status, ..Self::new("application/json; charset=utf-8", body) }
    }

    fn write(&self, stream: &mut TcpStream, head_only: bool) -> std::io::Result<()> {
        let head = format!(
            "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nConnection: close\r\nCache-Control: no-store\r\n\
             Content-Security-Policy: {}\r\nX-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\nReferrer-Policy: no-referrer\r\n\
             Cross-Origin-Resource-Policy: same-origin\r\nCross-Origin-Opener-Policy: same-origin\r\n\r\n",
            self.status,
            reason(self.status),
            self.kind,
            self.body.len(),
            self.policy
        );
        stream.write_all(head.as_bytes())?;
        if !head_only {
            stream.write_all(&self.body)?;
        }
        stream.flush()
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        413 => "Content Too Large",
        421 => "Misdirected Request",
        431 => "Request Header Fields Too Large",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    }
}

/// Reads the request, answers it, closes. A peer that goes away is nobody's fault.
pub fn serve(mut stream: TcpStream, site: &Site) {
    let _ = stream.set_write_timeout(Some(TAKE));
    let (answer, head_only) = match receive(&mut stream, site.port()) {
        Ok(None) => return,
        Ok(Some(request)) => (site.answer(&request), request.head_only),
        Err(refused) => (refused, false),
    };
    if answer.write(&mut stream, head_only).is_ok() {
        // What is left unread would turn the close into a reset that swallows the answer.
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let _ = stream.set_read_timeout(Some(Duration::from_millis(200)));
        let _ = std::io::copy(&mut (&stream).take(HEAD as u64), &mut std::io::sink());
    }
}

/// `None` where nothing was asked: browsers open connections ahead of need.
fn receive(stream: &mut TcpStream, port: u16) -> Result<Option<Request>, Answer> {
    let until = Instant::now() + ARRIVE;
    let mut held = Vec::new();
    let mut part = [0_u8; 4096];
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || stream.set_read_timeout(Some(left)).is_err() {
            return if held.is_empty() { Ok(None) } else { Err(Answer::refuse(408, "the request did not come in time")) };
        }
        let count = match stream.read(&mut part) {
            Ok(0) => return Ok(None),
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(_) => return Ok(None),
        };
        held.extend_from_slice(part.get(..count).unwrap_or_default());
        if let Some(request) = parse(&held, port)? {
            return Ok(Some(request));
        }
        if held.len() >= HEAD {
            return Err(Answer::refuse(431, "the request is too long"));
        }
    }
}

/// `None` while the head is not whole.
fn parse(bytes: &[u8], port: u16) -> Result<Option<Request>, Answer> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS];
    let mut read = httparse::Request::new(&mut headers);
    match read.parse(bytes) {
        Ok(httparse::Status::Complete(_)) => {}
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(Answer::refuse(431, "too many headers")),
        Err(_) => return Err(Answer::refuse(400, "not a request of HTTP/1.1")),
    }
    let method = read.method.unwrap_or_default();
    if !matches!(method, "GET" | "HEAD") {
        return Err(Answer::refuse(405, "only GET"));
    }
    let all = |name: &str| -> Vec<&[u8]> {
        read.headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name)).map(|header| header.value).collect()
    };
    // A name that resolves to loopback for the browser only is how another site would read the case.
    let host = match all("host").as_slice() {
        [one] if ours(one, port) => String::from_utf8_lossy(one).into_owned(),
        _ => return Err(Answer::refuse(421, "this page is only for this machine")),
    };
    if !all("transfer-encoding").is_empty() || all("content-length").iter().any(|length| *length != b"0") {
        return Err(Answer::refuse(413, "a request here has no body"));
    }
    let target = read.path.unwrap_or_default();
    if !target.starts_with('/') {
        return Err(Answer::refuse(400, "not a path"));
    }
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let own = format!("http://{host}");
    let foreign = all("origin").iter().any(|origin| *origin != own.as_bytes())
        || all("sec-fetch-site").iter().any(|site| !matches!(*site, b"same-origin" | b"none"));
    Ok(Some(Request { path: path.to_owned(), query: query.to_owned(), head_only: method == "HEAD", foreign }))
}

fn ours(host: &[u8], port: u16) -> bool {
    let names = ["127.0.0.1", "localhost"];
    names.iter().any(|name| {
        host.eq_ignore_ascii_case(format!("{name}:{port}").as_bytes()) || (port == 80 && host.eq_ignore_ascii_case(name.as_bytes()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(text: &str) -> u16 {
        match parse(text.as_bytes(), 4000) {
            Ok(Some(_)) => 200,
            Ok(None) => 0,
            Err(answer) => answer.status,
        }
    }

    #[test]
    fn only_whole_gets_for_this_machine_without_a_body() {
        assert_eq!(status("GET / HTTP/1.1\r\nHost: localhost:4000\r\n\r\n"), 200);
        assert_eq!(status("GET / HTTP/1.1\r\nHost: localhost:4000\r\n"), 0);
        for host in ["localhost", "localhost:4001", "localhost:4000.example.com", "example.com:4000", "127.0.0.1:4000@example.com", ""] {
            assert_eq!(status(&format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n")), 421, "{host}");
        }
        assert_eq!(status("GET / HTTP/1.1\r\n\r\n"), 421);
        assert_eq!(status("GET / HTTP/1.1\r\nHost: localhost:4000\r\nHost: localhost:4000\r\n\r\n"), 421);
        assert_eq!(status("POST / HTTP/1.1\r\nHost: localhost:4000\r\n\r\n"), 405);
        assert_eq!(status("GET / HTTP/1.1\r\nHost: localhost:4000\r\nContent-Length: 5\r\n\r\nhello"), 413);
        assert_eq!(status("GET http://example.com/ HTTP/1.1\r\nHost: localhost:4000\r\n\r\n"), 400);
        assert_eq!(status("\u{1}\u{2}\r\n\r\n"), 400);
    }

    #[test]
    fn another_site_is_foreign() {
        let with = |line: &str| {
            let text = format!("GET /api/about HTTP/1.1\r\nHost: 127.0.0.1:4000\r\n{line}\r\n\r\n");
            parse(text.as_bytes(), 4000).ok().flatten().unwrap().foreign
        };
        assert!(with("Origin: https://example.com") && with("Origin: null") && with("Sec-Fetch-Site: cross-site"));
        assert!(!with("Origin: http://127.0.0.1:4000") && !with("Sec-Fetch-Site: same-origin") && !with("Accept: */*"));
    }
}
