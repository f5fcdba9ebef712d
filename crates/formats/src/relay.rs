//! What a relay puts before a message: priority, time, host and tag, in RFC 3164, RFC 5424 or a mix of both.

use crate::time::{self, Written};

/// The head of a forwarded line. Empty strings where it says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Relay<'a> {
    /// The time with an offset where one stands, else the first time.
    pub time: Option<Written>,
    pub host: &'a str,
    /// Program name, without colon or process number.
    pub tag: &'a str,
    /// Bytes of the text that are head: `text[used..]` is the message where the head ends with a tag or `- -`.
    pub used: usize,
}

/// Length of `<PRI>` and the version that may follow it, 0 where there is none.
pub fn priority(text: &str) -> usize {
    let bytes = text.as_bytes();
    if bytes.first() != Some(&b'<') {
        return 0;
    }
    let Some(close) = bytes.iter().take(6).position(|b| *b == b'>') else { return 0 };
    if close < 2 || !bytes.get(1..close).is_some_and(|digits| digits.iter().all(u8::is_ascii_digit)) {
        return 0;
    }
    let versioned = text.get(close + 1..).is_some_and(|rest| rest.starts_with("1 "));
    close + 1 + usize::from(versioned) * 2
}

/// Reads a text that is known to be nothing but head.
pub fn head(text: &str) -> Relay<'_> {
    let mut relay = Relay::default();
    let mut rest = text.get(priority(text)..).unwrap_or_default().trim_start();
    if let Some((written, used)) = time::syslog3164(rest.as_bytes()) {
        relay.time = Some(written);
        rest = rest.get(used..).unwrap_or_default();
    }
    for token in rest.split([' ', '\t']).filter(|token| !token.is_empty() && *token != "-") {
        if let Some((written, _)) = time::iso(token.as_bytes()).filter(|_| token.len() >= 19) {
            if relay.time.is_none_or(|known| known.offset.is_none()) {
                relay.time = Some(written);
            }
            continue;
        }
        if let Some(name) = token.strip_suffix(':') {
            relay.tag = name.split('[').next().unwrap_or(name);
        } else if relay.host.is_empty() && !token.bytes().all(|b| b.is_ascii_digit()) && !token.starts_with(['<', '[']) {
            relay.host = token;
        }
    }
    relay.used = text.len();
    relay
}

/// Splits a forwarded line: `<14>1 TIME HOST APP PID MSGID SD message`, `[<14>]TIME HOST TAG[pid]: message`.
/// `None` where it begins with neither a priority nor a time followed by host and tag.
pub fn split(text: &str) -> Option<Relay<'_>> {
    let start = priority(text);
    let rest = text.get(start..)?;
    let bytes = rest.as_bytes();
    let (written, used) = time::iso(bytes).or_else(|| time::syslog3164(bytes))?;
    let mut at = start + used;
    let after = text.get(at..)?.strip_prefix(' ')?;
    at += 1;
    let host = after.split(' ').next().filter(|host| !host.is_empty() && !host.ends_with(':'))?;
    at += host.len() + 1;
    let mut relay = Relay { time: Some(written), host, tag: "", used: at };
    // A relay that kept the whole RFC 5424 message behind a head of its own.
    let inner = text.get(at..)?;
    if let Some((written, used)) = inner.strip_prefix("1 ").and_then(|rest| time::iso(rest.as_bytes())) {
        relay.time = Some(written);
        at += 2 + used + 1;
        let host = text.get(at..)?.split(' ').next()?;
        relay.host = host;
        at += host.len() + 1;
    }
    let tail = text.get(at..)?;
    let name = tail.split(' ').next()?;
    at += name.len();
    if let Some(tag) = name.strip_suffix(':') {
        relay.tag = tag.split('[').next().unwrap_or(tag);
        relay.used = skip_spaces(text, at);
        return Some(relay);
    }
    relay.tag = name;
    // APP PID MSGID SD: three more words, structured data may be `-` or missing.
    for _ in 0..3 {
        at = skip_spaces(text, at);
        let word = text.get(at..)?.split(' ').next()?;
        let nil = word == "-" || word.bytes().all(|b| b.is_ascii_digit());
        if !nil || word.is_empty() {
            break;
        }
        at += word.len();
    }
    relay.used = skip_spaces(text, at);
    Some(relay)
}

fn skip_spaces(text: &str, at: usize) -> usize {
    let spaces = text.as_bytes().get(at..).unwrap_or_default().iter().take_while(|b| **b == b' ').count();
    at + spaces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_of_both_kinds() {
        let r = head("Oct 19 10:20:40 node1 1 2021-10-19T10:20:40+02:00 10.5.2.3 PulseSecure: - - - ");
        assert_eq!((r.host, r.tag, r.time.unwrap().offset), ("node1", "PulseSecure", Some(7200)));
        let r = head("<134>1 2026-04-03T14:57:46+02:00 node1 PulseSecure: - - - ");
        assert_eq!((r.host, r.time.unwrap().hour), ("node1", 14));
        assert_eq!(head("").time, None);
        assert_eq!(priority("<134>1 x"), 7);
        assert_eq!(priority("<x>"), 0);
    }

    #[test]
    fn lines_are_split() {
        let line = "<14>1 2021-09-06T14:40:13.263383+00:00 vc01 vpxd 58650 - -  Event [5]";
        let r = split(line).unwrap();
        assert_eq!((r.host, r.tag, &line[r.used..]), ("vc01", "vpxd", "Event [5]"));
        let line = "Sep  6 14:40:13 vc01 vpxd[58650]: Event [5]";
        let r = split(line).unwrap();
        assert_eq!((r.host, r.tag, &line[r.used..]), ("vc01", "vpxd", "Event [5]"));
        let line = "2025-03-21T16:29:34.821636+01:00 pr-01 sudo - - -  root : x";
        let r = split(line).unwrap();
        assert_eq!((r.host, r.tag, &line[r.used..]), ("pr-01", "sudo", "root : x"));
        assert!(split("2025-03-21T16:29:34Z").is_none());
        assert!(split("no time").is_none());
    }
}
