//! Records of nginx's error log: `2023/12/05 17:38:21 [error] 17308#17308: *42 message, client: 192.0.2.1, server: …`.

use std::net::IpAddr;

use konseki_formats::time::{self, Written};

use super::Line;

/// The time at the start, and what follows it.
pub fn time(text: &str) -> Option<(Written, &str)> {
    // Only this order and these marks: `time::iso` takes more.
    let bytes = text.as_bytes();
    if bytes.get(4) != Some(&b'/') || bytes.get(10) != Some(&b' ') {
        return None;
    }
    let (written, used) = time::iso(bytes.get(..19)?)?;
    let rest = text.get(used..)?.strip_prefix(" [")?;
    Some((written, rest))
}

pub fn split(text: &str) -> Option<Line<'_>> {
    let (time, rest) = time(text)?;
    let (level, rest) = rest.split_once("] ")?;
    let (process, rest) = rest.split_once(": ")?;
    let (pid, tid) = process.split_once('#')?;
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(pid) || !digits(tid) {
        return None;
    }
    let mut fields = vec![("level", level), ("pid", pid), ("tid", tid)];
    let mut message = rest;
    if let Some((connection, after)) = rest.strip_prefix('*').and_then(|rest| rest.split_once(' ')) {
        fields.push(("connection", connection));
        message = after;
    }
    if let Some((said, client, after)) = client_of(message) {
        message = said;
        fields.push(("client", client));
        about(after, &mut fields);
    }
    Some(Line { time, fields, message })
}

/// Cuts at `, client: ADDRESS`. Paths and requests of a stranger stand beside it unescaped: where such words stand there
/// twice, nobody can say which are the server's, and the message stays whole.
fn client_of(message: &str) -> Option<(&str, &str, &str)> {
    let (said, rest) = message.split_once(", client: ")?;
    if rest.contains(", client: ") {
        return None;
    }
    let (client, after) = rest.split_once(',').unwrap_or((rest, ""));
    client.parse::<IpAddr>().ok()?;
    Some((said, client, after))
}

/// `server: x, request: "GET / HTTP/1.1", upstream: "…", host: "…", referrer: "…"`, in this order. Only the server's name
/// is its own; what a stranger sent may end a value early, never change an earlier one.
fn about<'a>(text: &'a str, fields: &mut Vec<(&'static str, &'a str)>) {
    const NAMES: &[(&str, &str)] = &[
        ("server: ", "server"),
        ("request: \"", "request"),
        ("upstream: \"", "upstream"),
        ("host: \"", "cs-host"),
        ("referrer: \"", "cs-referer"),
    ];
    let mut rest = text;
    for (mark, name) in NAMES {
        let Some((_, after)) = rest.split_once(mark) else { continue };
        let end = if mark.ends_with('"') { after.find("\", ").or_else(|| after.rfind('"')) } else { after.find(", ") };
        let (value, behind) = after.split_at(end.unwrap_or(after.len()));
        fields.push((name, value));
        rest = behind;
        if *name == "request" {
            let (method, uri) = value.split_once(' ').unwrap_or(("", value));
            let uri = uri.rsplit_once(" HTTP/").map_or(uri, |(uri, _)| uri);
            fields.extend([("cs-method", method), ("cs-uri", uri)]);
            fields.push(("cs-uri-stem", uri.split('?').next().unwrap_or(uri)));
        }
    }
}
