//! Access logs that nginx writes as JSON, an object a line: the names are its variables, which each site picks for itself.

use konseki_formats::time::{self, Written};
use konseki_model::{Basis, Fidelity, Stamp};

use super::{request_line, uri_of};
use crate::flat_text::{self, Fields};
use crate::row::Row;

/// The name of W3C logs, then nginx's variables and what sites commonly call them.
const NAMES: &[(&str, &[&str])] = &[
    ("c-ip", &["remote_addr", "client_address", "client_ip", "remote_ip", "clientip"]),
    ("c-port", &["remote_port", "client_port"]),
    ("cs-username", &["remote_user"]),
    ("sc-status", STATUS),
    ("sc-bytes", &["body_bytes_sent", "bytes_sent"]),
    ("cs-referer", &["http_referer", "http_referrer", "referer", "referrer"]),
    ("cs-user-agent", &["http_user_agent", "user_agent"]),
    ("cs-host", &["host", "http_host", "server_name"]),
    ("s-ip", &["server_addr"]),
    ("s-port", &["server_port"]),
    ("s-computername", &["hostname", "host_name"]),
    ("X-Forwarded-For", &["http_x_forwarded_for", "proxy_add_x_forwarded_for"]),
    ("time-taken", &["request_time"]),
];

const STATUS: &[&str] = &["status", "response_status"];
const TIMES: &[&str] = &["time_iso8601", "timestamp", "@timestamp", "time_local", "time"];
/// One of them must stand there: other products write a request and a status as well.
const OWN: &[&str] = &["body_bytes_sent", "http_user_agent", "remote_addr", "upstream_addr", "request_length"];

/// When a request was answered.
pub enum When {
    Written(Written),
    Instant(Stamp),
    Never,
}

pub fn is_request(line: &str) -> bool {
    line.contains("\"request") && flat_text::parse(line).is_some_and(|object| of_nginx(&object))
}

fn of_nginx(object: &Fields<'_>) -> bool {
    let request = flat_text::get(object, "request").contains(" HTTP/") || !flat_text::get(object, "request_method").is_empty();
    let has = |names: &[&str]| object.iter().any(|(name, _)| names.contains(&name.as_ref()));
    request && has(STATUS) && has(OWN)
}

/// The fields of a request: the common names first, then all as written. `None` where the object is none.
pub fn fields<'a>(object: &'a Fields<'_>, row: &mut Row<'a>) -> Option<When> {
    if !of_nginx(object) {
        return None;
    }
    let first = |names: &[&str]| names.iter().map(|name| flat_text::get(object, name)).find(|value| !matches!(*value, "" | "-"));
    let line = flat_text::get(object, "request");
    if line.is_empty() {
        uri_of(flat_text::get(object, "request_method"), first(&["request_uri", "uri"]).unwrap_or_default(), row);
    } else {
        request_line(line, row);
    }
    for (name, theirs) in NAMES {
        row.push_some(name, first(theirs).unwrap_or_default());
    }
    for (name, value) in object {
        row.push_some(name, value);
    }
    Some(when(object, first(TIMES)))
}

fn when(object: &Fields<'_>, text: Option<&str>) -> When {
    let written = text.and_then(|text| time::iso(text.as_bytes()).or_else(|| time::clf(text.as_bytes())));
    if let Some((written, _)) = written {
        return When::Written(written);
    }
    // `$msec`: seconds since 1970, which say their zone by being what they are.
    match time::epoch(flat_text::get(object, "msec").as_bytes()) {
        Some((micros, _)) => When::Instant(Stamp::new(micros, Fidelity::Millisecond, Basis::Format)),
        None => When::Never,
    }
}
