//! One line -> its fields. WELF values may hold spaces without quotes: a value runs to the next known key.

use konseki_formats::time;
use konseki_model::Field;

use konseki_formats::text::between;

/// A line taken apart.
pub struct Line<'a> {
    pub fields: Vec<Field<'a>>,
    /// Local time of the body, as written.
    pub time: &'a str,
    /// Seconds east of UTC from the syslog head.
    pub offset: Option<i32>,
    pub node: &'a str,
}

const KEYS: &[&str] = &[
    "id",
    "time",
    "pri",
    "fw",
    "vpn",
    "ivs",
    "user",
    "realm",
    "roles",
    "sessionID",
    "proto",
    "src",
    "dst",
    "dstname",
    "type",
    "op",
    "arg",
    "result",
    "sent",
    "rcvd",
    "agent",
    "duration",
    "msg",
];

/// WELF or Standard; `None` for any other line.
pub fn split(line: &str) -> Option<Line<'_>> {
    if let Some(at) = line.find("id=firewall ") {
        return welf(line.get(at..)?, line.get(..at)?);
    }
    standard(line)
}

fn offset_of(head: &str) -> Option<i32> {
    head.split(' ').find_map(|word| {
        let word = word.trim_start_matches(|c: char| c == '<' || c == '>' || c.is_ascii_digit() && word.starts_with('<'));
        time::iso(word.as_bytes()).and_then(|(written, _)| written.offset)
    })
}

fn welf<'a>(body: &'a str, head: &'a str) -> Option<Line<'a>> {
    // Where each known key stands: at a word's start, outside of quotes.
    let mut places: Vec<(usize, &'a str)> = Vec::with_capacity(24);
    let mut at = 0;
    let bytes = body.as_bytes();
    while at < bytes.len() {
        let rest = body.get(at..)?;
        let Some(key) = KEYS.iter().find(|key| rest.starts_with(**key) && rest.as_bytes().get(key.len()) == Some(&b'=')) else {
            at = match rest.find(' ') {
                Some(space) => at + space + 1,
                None => break,
            };
            continue;
        };
        let value = at + key.len() + 1;
        places.push((at, rest.get(..key.len())?));
        // The message is last and may hold anything, also quotes and words that look like keys.
        if *key == "msg" {
            break;
        }
        at = if bytes.get(value) == Some(&b'"') {
            match body.get(value + 1..)?.find('"') {
                Some(end) => value + 1 + end + 1,
                None => break,
            }
        } else {
            match body.get(value..)?.find(' ') {
                Some(space) => value + space + 1,
                None => break,
            }
        };
        while bytes.get(at) == Some(&b' ') {
            at += 1;
        }
    }
    let mut fields = Vec::with_capacity(places.len() + 6);
    for (index, (place, key)) in places.iter().enumerate() {
        let from = place + key.len() + 1;
        let to = places.get(index + 1).map_or(body.len(), |(next, _)| *next);
        let value = body.get(from..to)?.trim();
        let value = value.strip_prefix('"').map_or(value, |inner| inner.strip_suffix('"').unwrap_or(inner));
        fields.push(Field::new(key, value));
    }
    let get = |name: &str| fields.iter().find(|field| field.name == name).map_or("", |field| field.value);
    let (time, node) = (get("time"), get("vpn"));
    (!time.is_empty()).then_some(Line { time, node, offset: offset_of(head), fields })
}

/// `[head] YYYY-MM-DD HH:MM:SS - node - [src] [ivs::]user(realm)[roles][session] - message`.
fn standard(line: &str) -> Option<Line<'_>> {
    let open = line.find(" - [")?;
    let before = line.get(..open)?;
    let (rest, node) = before.rsplit_once(" - ")?;
    let time = rest.get(rest.len().checked_sub(19)?..)?;
    time::iso(time.as_bytes())?;
    let head = rest.get(..rest.len() - 19)?;
    let (src, rest) = line.get(open + 4..)?.split_once("] ")?;
    let (who, message) = rest.split_once(" - ")?;
    let (user, tail) = who.split_once('(')?;
    let (realm, tail) = tail.split_once(')')?;
    let (ivs, user) = user.rsplit_once("::").unwrap_or(("", user));
    let mut groups = tail.split('[').skip(1).map(|group| group.trim_end_matches(']'));
    let roles = groups.next().unwrap_or_default();
    let session = groups.next().unwrap_or_default();
    let mut fields = Vec::with_capacity(16);
    for (name, value) in [
        ("time", time),
        ("vpn", node),
        ("src", src),
        ("ivs", ivs),
        ("user", user),
        ("realm", realm),
        ("roles", roles),
        ("sessionID", session),
        ("msg", message),
    ] {
        fields.push(Field::new(name, value));
    }
    Some(Line { fields, time, offset: offset_of(head), node })
}

/// Sentences of the Standard form that are unmistakable, with the code WELF gives them.
const SENTENCES: &[(&str, &str)] = &[
    ("VPN Tunneling: Session started", "NWC23464"),
    ("VPN Tunneling: Session ended", "NWC23465"),
    ("Primary authentication successful", "AUT24326"),
    ("Primary authentication failed", "AUT24327"),
    ("Login failed", "AUT23457"),
    ("Login succeeded", "AUT31504"),
    ("Agent login succeeded", "AUT24414"),
    ("Logout from", "AUT22673"),
    ("Session timed out", "AUT20914"),
    ("Remote address for user", "AUT20919"),
    ("Session resumed", "EAM24460"),
    ("Unauthenticated request url", "AUT31556"),
    ("Connection from IP", "AUT20920"),
    ("Integrity Scan Completed", "SYS32088"),
    ("Integrity scan completed", "SYS32088"),
    ("Integrity Scan Started", "SYS32087"),
    ("Log cleared", "ADM20599"),
];

/// Fields made from the message: code, long session id, inner address, host name, URL.
pub fn derive(fields: &mut Vec<Field<'_>>) {
    let Some(message) = fields.iter().find(|field| field.name == "msg").map(|field| field.value) else { return };
    let code = message.get(..8).filter(|code| {
        let (letters, digits) = code.as_bytes().split_at(3);
        letters.iter().all(u8::is_ascii_uppercase) && digits.iter().all(u8::is_ascii_digit) && message.as_bytes().get(8) == Some(&b':')
    });
    let code = code.or_else(|| SENTENCES.iter().find(|(start, _)| message.starts_with(start)).map(|(_, code)| *code));
    fields.push(Field::new("msg_code", code.unwrap_or_default()));
    let session = ["(session:", "(session: "].iter().find_map(|mark| between(message, mark, ")")).map(str::trim);
    if let Some(sid) = session.filter(|sid| !sid.is_empty() && *sid != "00000000") {
        fields.push(Field::new("sid", sid));
    }
    for mark in ["IPv4 address ", "IPv4 address: ", "with IP ", "IPv6 address "] {
        if let Some((_, tail)) = message.split_once(mark) {
            let address = tail.split([',', ' ', ')']).next().unwrap_or(tail).trim_end_matches('.');
            if address.contains(['.', ':']) {
                fields.push(Field::new("inner_ip", address));
                break;
            }
        }
    }
    if let Some((_, tail)) = message.split_once("hostname ") {
        fields.push(Field::new("hostname", tail.split([',', ' ']).next().unwrap_or(tail).trim_end_matches('.')));
    }
    let url = between(message, "Unauthenticated request url ", " came from").or_else(|| between(message, "(URL=", ")"));
    if let Some(url) = url {
        fields.push(Field::new("url", url));
    }
    if let Some((_, tail)) =
        message.split_once("came from IP ").or_else(|| message.split_once(" changed from ").and_then(|(_, t)| t.split_once(" to ")))
    {
        fields.push(Field::new("from_ip", tail.split(' ').next().unwrap_or(tail).trim_end_matches('.')));
    }
}
