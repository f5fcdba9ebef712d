//! Lines of Ivanti Connect Secure (before: Pulse Connect Secure, Juniper SSL VPN): WELF pairs, the Standard form,
//! and what the free text of a message names.

use std::sync::LazyLock;

use memchr::{memchr, memchr_iter, memmem};

/// Keys of the WELF filter, and those of custom filters seen beside them.
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
    "session_id",
    "msg_code",
];

/// Prepared once: building a search costs more than searching one line.
static FIREWALL: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new("id=firewall "));
static DASH: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new(" - "));

/// Where the WELF body starts: `id=firewall`, which stands at the start of the line or behind a head.
pub fn welf_start(text: &str) -> Option<usize> {
    let at = FIREWALL.find(text.as_bytes())?;
    let free = at == 0 || matches!(text.as_bytes().get(at - 1), Some(b' ' | b'\t' | b'"' | b':'));
    let rest = text.get(at..)?;
    (free && rest.contains(" vpn=") && (rest.contains(" realm=") || rest.contains(" user=") || rest.contains(" ivs="))).then_some(at)
}

fn key_at(bytes: &[u8]) -> Option<&'static str> {
    let equals = memchr(b'=', bytes.get(..bytes.len().min(12))?)?;
    let word = bytes.get(..equals)?;
    KEYS.iter().find(|key| key.as_bytes() == word).copied()
}

/// Gives each key and value of a WELF body. A value runs to the next known key or the end: `ivs=Default Network` is
/// not quoted, `msg="…"` may hold quotes.
pub fn welf<'a>(text: &'a str, mut each: impl FnMut(&'static str, &'a str)) {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(key) = key_at(bytes.get(at..).unwrap_or_default()) {
        let from = at + key.len() + 1;
        let quoted = bytes.get(from) == Some(&b'"');
        let end = if quoted { quoted_end(bytes, from + 1) } else { plain_end(bytes, from) };
        each(key, text.get(from + usize::from(quoted)..end).unwrap_or_default());
        at = end + usize::from(quoted);
        while bytes.get(at) == Some(&b' ') {
            at += 1;
        }
    }
}

fn plain_end(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(space) = memchr(b' ', bytes.get(at..).unwrap_or_default()) {
        let place = at + space;
        if key_at(bytes.get(place + 1..).unwrap_or_default()).is_some() {
            return place;
        }
        at = place + 1;
    }
    bytes.len()
}

fn quoted_end(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(quote) = memchr(b'"', bytes.get(at..).unwrap_or_default()) {
        let place = at + quote;
        let rest = bytes.get(place + 1..).unwrap_or_default();
        let blank = rest.iter().all(|b| b.is_ascii_whitespace());
        if blank || (rest.first() == Some(&b' ') && key_at(rest.get(1..).unwrap_or_default()).is_some()) {
            return place;
        }
        at = place + 1;
    }
    bytes.len()
}

/// A line of the Standard filter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standard<'a> {
    /// Everything before the body's own time.
    pub head: &'a str,
    /// `YYYY-MM-DD HH:MM:SS`, local.
    pub time: &'a str,
    pub node: &'a str,
    pub src: &'a str,
    pub ivs: &'a str,
    pub user: &'a str,
    pub realm: &'a str,
    pub roles: &'a str,
    /// The short session id, from 22.x on.
    pub session: &'a str,
    pub msg: &'a str,
}

/// `[head] date time - node - [address] [ivs::]user(realm)[roles][session] - message`.
pub fn standard(text: &str) -> Option<Standard<'_>> {
    let bytes = text.as_bytes();
    let mut from = 0;
    loop {
        let at = from + DASH.find(bytes.get(from..)?)?;
        if let Some(found) = standard_at(text, at) {
            return Some(found);
        }
        from = at + 2;
        if from > 1024 {
            return None;
        }
    }
}

fn standard_at(text: &str, at: usize) -> Option<Standard<'_>> {
    let start = at.checked_sub(19)?;
    let time = text.get(start..at).filter(|time| is_time(time.as_bytes()))?;
    let (node, rest) = text.get(at + 3..)?.split_once(" - [")?;
    if node.len() > 255 {
        return None;
    }
    let (src, rest) = rest.split_once("] ")?;
    let (who, msg) = match rest.split_once("] - ") {
        Some((who, msg)) => (who, msg),
        // A message may be empty.
        None => rest.strip_suffix("] -").map(|who| (who, "")).or_else(|| rest.split_once(" - "))?,
    };
    let mut line = Standard { head: text.get(..start)?, time, node, src, msg, ..Standard::default() };
    let (name, brackets) = match who.rfind(")[") {
        Some(cut) => (who.get(..cut)?, who.get(cut + 2..)?),
        None => (who.trim_end_matches([')', '[']), ""),
    };
    let (roles, session) = brackets.split_once("][").unwrap_or((brackets, ""));
    line.roles = roles;
    line.session = session.trim_end_matches(']');
    let (user, realm) = name.split_once('(').unwrap_or((name, ""));
    line.realm = realm;
    match user.split_once("::") {
        Some((ivs, user)) => (line.ivs, line.user) = (ivs, user),
        None => line.user = user,
    }
    Some(line)
}

fn is_time(bytes: &[u8]) -> bool {
    let shape = b"0000-00-00 00:00:00";
    bytes.len() == shape.len() && bytes.iter().zip(shape).all(|(b, s)| if *s == b'0' { b.is_ascii_digit() } else { b == s })
}

/// `AUT31504`: three capitals, five digits.
pub fn is_code(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == 8
        && bytes.get(..3).is_some_and(|head| head.iter().all(u8::is_ascii_uppercase))
        && bytes.get(3..).is_some_and(|tail| tail.iter().all(u8::is_ascii_digit))
}

/// The code at the start of a message: `AUT31504: Login …`.
pub fn code(msg: &str) -> Option<&str> {
    let code = msg.get(..8).filter(|code| is_code(code))?;
    msg.get(8..)?.starts_with(':').then_some(code)
}

/// What the text of a message names. Empty where it does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Details<'a> {
    /// `sid` and 48 hexadecimal digits.
    pub sid: &'a str,
    pub inner_ip: &'a str,
    pub hostname: &'a str,
    pub url: &'a str,
    pub agent: &'a str,
    pub mac: &'a str,
    pub old_ip: &'a str,
    pub new_ip: &'a str,
    pub reason: &'a str,
    pub bytes_read: &'a str,
    pub bytes_written: &'a str,
    pub seconds: &'a str,
}

/// What is looked for, with the place of its rarest byte: found once, when the program is built.
#[derive(Clone, Copy)]
struct Mark {
    text: &'static str,
    offset: usize,
    byte: u8,
}

const fn mark(text: &'static str) -> Mark {
    let mut found = Mark { text, offset: 0, byte: 0 };
    let mut rest = text.as_bytes();
    while let Some((byte, tail)) = rest.split_first() {
        // The last one that is no small letter, else the last.
        let common = byte.is_ascii_lowercase() || *byte == b' ';
        let known = found.byte != 0 && !(found.byte.is_ascii_lowercase() || found.byte == b' ');
        if !common || !known {
            found.offset = text.len() - rest.len();
            found.byte = *byte;
        }
        rest = tail;
    }
    found
}

fn after(text: &str, mark: Mark) -> Option<&str> {
    // Marks are asked of short messages: building a search for each would cost more than this walk.
    let starts = memchr_iter(mark.byte, text.as_bytes()).filter_map(|hit| hit.checked_sub(mark.offset));
    let mut rests = starts.filter_map(|start| text.as_bytes().get(start..)?.strip_prefix(mark.text.as_bytes()));
    let rest = rests.next()?;
    text.get(text.len() - rest.len()..)
}

fn word(text: &str) -> &str {
    text.trim_start().split([' ', ',', ')', ';']).next().unwrap_or_default()
}

fn address(text: &str) -> &str {
    let found = word(text).trim_end_matches('.').trim_start_matches('[').trim_end_matches(']');
    if found.parse::<std::net::IpAddr>().is_ok() { found } else { "" }
}

fn number(text: &str) -> &str {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    text.get(..digits).unwrap_or_default()
}

/// Looks for the marks that messages of this product use, the code at its start left aside.
pub fn details(msg: &str) -> Details<'_> {
    let mut found = Details::default();
    if let Some(rest) = after(msg, const { mark("session:") }) {
        let name = rest.trim_start();
        let length = name.bytes().take_while(u8::is_ascii_alphanumeric).count();
        found.sid = name.get(..length).filter(|sid| sid.len() > 8 && sid.starts_with("sid")).unwrap_or_default();
    }
    for mark in const { [mark(" IPv4 address "), mark("ser with IP "), mark(" with NCIP "), mark(" IPv6 address ")] } {
        if let Some(rest) = after(msg, mark) {
            found.inner_ip = address(rest);
            break;
        }
    }
    if let Some(rest) = after(msg, const { mark("hostname ") }).filter(|_| msg.contains("Session started")) {
        found.hostname = rest.split([' ', ',']).find(|part| !part.is_empty()).unwrap_or_default().trim_end_matches('.');
    }
    urls(msg, &mut found);
    agents(msg, &mut found);
    if let Some((old, new)) = after(msg, const { mark(" changed from ") }).and_then(|rest| rest.split_once(" to ")) {
        (found.old_ip, found.new_ip) = (address(old), address(new));
    }
    if let Some(rest) = after(msg, const { mark("Reason: ") }) {
        found.reason = rest.trim_end_matches('.').trim_end();
    } else if let Some(rest) = after(msg, const { mark(" reason '") }) {
        found.reason = rest.trim_end_matches(['.', '\'']);
    }
    if let Some((seconds, rest)) = after(msg, const { mark(" after ") }).and_then(|rest| rest.split_once(" seconds, with ")) {
        found.seconds = seconds;
        found.bytes_read = number(rest);
        found.bytes_written = after(rest, const { mark(" and ") }).map_or("", number);
    }
    found
}

fn urls<'a>(msg: &'a str, found: &mut Details<'a>) {
    if let Some(rest) = after(msg, const { mark("(URL=") }) {
        found.url = rest.rfind(')').and_then(|end| rest.get(..end)).unwrap_or(rest);
    } else if let Some(rest) = after(msg, const { mark("request url ") }) {
        found.url = rest.rfind(" came from IP").and_then(|end| rest.get(..end)).unwrap_or_else(|| word(rest));
    } else if let Some(rest) = after(msg, const { mark("WebRequest completed, ") }) {
        let target = rest.split_once(" to ").map_or(rest, |(_, target)| target);
        found.url = target.split_once(" from ").map_or_else(|| word(target), |(url, _)| url);
        found.seconds = after(target, const { mark(" in ") }).map_or("", number);
        found.bytes_written = after(target, const { mark(" sent=") }).map_or("", number);
        found.bytes_read = after(target, const { mark(" received=") }).map_or("", number);
    } else if let Some(rest) = after(msg, const { mark("Requested URI ") }) {
        found.url = rest.split_once(", ").map_or(rest, |(url, _)| url);
    }
}

fn agents<'a>(msg: &'a str, found: &mut Details<'a>) {
    if let Some(rest) = after(msg, const { mark("ogin succeeded for ") }).or_else(|| after(msg, const { mark("ogin failed for ") })) {
        let tail = after(rest, const { mark(" from ") }).and_then(|rest| after(rest, const { mark(" with ") }));
        found.agent = tail.map_or("", |agent| agent.strip_suffix('.').unwrap_or(agent));
    } else if let Some(rest) = after(msg, const { mark("from user agent '") }) {
        found.agent = rest.rfind('\'').and_then(|end| rest.get(..end)).unwrap_or(rest);
    }
    let mac = after(msg, const { mark("mac-address: [") }).or_else(|| after(msg, const { mark(" address '") }));
    let is_mac =
        |text: &&str| text.bytes().enumerate().all(|(n, b)| if n % 3 == 2 { b == b'-' || b == b':' } else { b.is_ascii_hexdigit() });
    found.mac = mac.and_then(|rest| rest.get(..17)).filter(is_mac).unwrap_or_default();
}

#[cfg(test)]
mod tests;
