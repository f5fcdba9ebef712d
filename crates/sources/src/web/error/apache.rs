//! Records of Apache's error log: `[time] [module:level] [pid 1:tid 2] [client 192.0.2.1:80] message`, 2.2 without module and pid.

use std::net::IpAddr;

use konseki_formats::text::quoted;
use konseki_formats::time::{self, Written};

use super::Line;

/// The time at the start, and what follows its bracket.
pub fn time(text: &str) -> Option<(Written, &str)> {
    let rest = text.strip_prefix('[')?;
    let (written, used) = time::ctime(rest.as_bytes())?;
    // The next bracket tells it from other logs that begin with such a time.
    let rest = rest.get(used..)?.strip_prefix("] ")?;
    rest.starts_with('[').then_some((written, rest))
}

pub fn split(text: &str) -> Option<Line<'_>> {
    let (time, rest) = time(text)?;
    let (level, mut rest) = group(rest)?;
    let (module, level) = level.split_once(':').unwrap_or(("", level));
    if !LEVELS.contains(&level) && !level.starts_with("trace") {
        return None;
    }
    let mut fields = vec![("level", level), ("module", module)];
    if let Some((process, after)) = group(rest).and_then(|(text, after)| Some((text.strip_prefix("pid ")?, after))) {
        let (pid, tid) = process.split_once(":tid ").unwrap_or((process, ""));
        fields.extend([("pid", pid), ("tid", tid)]);
        rest = after;
    }
    let is_new = fields.len() > 2;
    // `(13)Permission denied: [client …]`: the system's own words stand before the client.
    if rest.starts_with('(')
        && let Some((system, after)) = rest.split_once(": [client ").or_else(|| rest.split_once(": [remote "))
        && !system.contains('[')
    {
        fields.push(("system_error", system));
        rest = rest.get(rest.len() - after.len() - "[client ".len()..)?;
    }
    let mut client = false;
    while let Some((text, after)) = group(rest) {
        let Some(peer) = text.strip_prefix("client ").or_else(|| text.strip_prefix("remote ")) else { break };
        // ModSecurity says the client a second time.
        if !client {
            let (address, port) = peer_of(peer, is_new);
            fields.extend([("client", address), ("client_port", port)]);
        }
        client = true;
        rest = after;
    }
    if let Some((code, after)) = rest.split_once(": ").filter(|(code, _)| is_code(code)) {
        fields.push(("code", code));
        rest = after;
    }
    let mut message = rest;
    if rest.starts_with("ModSecurity: ") {
        tags(rest, &mut fields);
    } else if let Some((before, referer)) = rest.rsplit_once(", referer: ") {
        fields.push(("cs-referer", referer));
        message = before;
    }
    Some(Line { time, fields, message })
}

const LEVELS: &[&str] = &["emerg", "alert", "crit", "error", "warn", "notice", "info", "debug"];

/// `[text] rest`
fn group(text: &str) -> Option<(&str, &str)> {
    let (inside, rest) = text.strip_prefix('[')?.split_once(']')?;
    Some((inside, rest.strip_prefix(' ').unwrap_or(rest)))
}

/// From 2.4 on a port stands behind every address, of either family; before, none did.
fn peer_of(text: &str, is_new: bool) -> (&str, &str) {
    if (!is_new || text.contains('.')) && text.parse::<IpAddr>().is_ok() {
        return (text, "");
    }
    let digits = |port: &str| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    match text.rsplit_once(':') {
        Some((address, port)) if digits(port) && address.trim_end().parse::<IpAddr>().is_ok() => (address.trim_end(), port),
        _ => (text, ""),
    }
}

/// `AH01617`
fn is_code(text: &str) -> bool {
    text.len() == 7 && text.starts_with("AH") && text.bytes().skip(2).all(|b| b.is_ascii_digit())
}

/// `[id "949110"] [msg "…"]` of ModSecurity; what a client sent stands escaped inside the quotes.
fn tags<'a>(text: &'a str, fields: &mut Vec<(&'static str, &'a str)>) {
    const NAMES: &[(&str, &str)] = &[
        ("file", "rule_file"),
        ("line", "rule_line"),
        ("id", "rule_id"),
        ("msg", "rule_message"),
        ("data", "rule_data"),
        ("severity", "severity"),
        ("hostname", "cs-host"),
        ("uri", "cs-uri-stem"),
        ("unique_id", "unique_id"),
    ];
    let mut rest = text;
    while let Some((_, after)) = rest.split_once(" [") {
        rest = after;
        let Some((name, value)) = after.split_once(" \"") else { continue };
        let Some((_, known)) = NAMES.iter().find(|(theirs, _)| *theirs == name) else { continue };
        let Some((value, behind)) = quoted(value) else { continue };
        if behind.starts_with(']') {
            fields.push((known, value));
            rest = behind;
        }
    }
}
