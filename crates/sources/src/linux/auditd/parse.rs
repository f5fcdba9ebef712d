//! One audit record: its type, its event's key, its `name=value` pairs. Shape: `audit-userspace` (docs: audit.log(5) and the
//! kernel's `audit_log_*`), raw and as `ausearch -i` interprets it.

use std::borrow::Cow;

/// One line of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// `node=`, where several machines write one log; else empty.
    pub node: &'a str,
    /// `SYSCALL`, `USER_LOGIN` …
    pub kind: &'a str,
    /// Time as written: `1700000000.123`, or a date of `ausearch -i`.
    pub time: &'a str,
    pub serial: &'a str,
    /// The pairs.
    pub rest: &'a str,
    /// The pairs that the daemon added after 0x1D (`log_format = ENRICHED`).
    pub enriched: &'a str,
}

/// `[node=N ]type=T msg=audit(TIME:SERIAL)[ ]: …`. `None` for anything else.
pub fn split(text: &str) -> Option<Line<'_>> {
    let text = text.trim_start();
    let (node, text) = match text.strip_prefix("node=") {
        Some(rest) => rest.split_once(' ')?,
        None => ("", text),
    };
    let (kind, rest) = text.strip_prefix("type=")?.split_once(" msg=audit(")?;
    let (stamp, rest) = rest.split_once(')')?;
    let (time, serial) = stamp.rsplit_once(':')?;
    let plain = !kind.is_empty() && !kind.contains(' ') && serial.bytes().all(|b| b.is_ascii_digit());
    let rest = rest.trim_start().strip_prefix(':').filter(|_| plain)?.trim_start();
    let (rest, enriched) = rest.split_once('\u{1d}').unwrap_or((rest, ""));
    Some(Line { node, kind, time, serial, rest, enriched })
}

/// A value and whether it stood in quotes (then it is never hexadecimal).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Value<'a> {
    pub text: &'a str,
    pub quoted: bool,
}

/// Calls `each` for every pair in order; `msg='…'` is taken apart too. Words that belong to no pair come back joined.
pub fn pairs<'a>(text: &'a str, each: &mut impl FnMut(&'a str, Value<'a>)) -> String {
    let mut words = String::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let word = rest.split(' ').next().unwrap_or(rest);
        let Some((name, _)) = word.split_once('=').filter(|(name, _)| is_name(name)) else {
            if !words.is_empty() {
                words.push(' ');
            }
            words.push_str(word);
            rest = rest.get(word.len()..).unwrap_or_default().trim_start();
            continue;
        };
        let (value, tail) = value(rest.get(name.len() + 1..).unwrap_or_default());
        if name == "msg" && value.quoted {
            let inner = pairs(value.text, each);
            words.push_str(&inner);
        } else {
            each(name, value);
        }
        rest = tail.trim_start_matches([' ', ',']);
    }
    words
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-[]".contains(&b))
}

/// The value at the start of the text, and what follows it.
fn value(text: &str) -> (Value<'_>, &str) {
    let closed = |open: char, close: char, last: bool| {
        let inner = text.strip_prefix(open)?;
        let at = if last { inner.rfind(close)? } else { inner.find(close)? };
        Some((inner.get(..at)?, inner.get(at + close.len_utf8()..)?))
    };
    if let Some((inner, tail)) = closed('"', '"', false).or_else(|| closed('\'', '\'', true)).or_else(|| closed('{', '}', false)) {
        return (Value { text: inner.trim(), quoted: true }, tail);
    }
    // An interpreted value may hold spaces: it goes on to the next ` name=`.
    let mut from = 0;
    while let Some(space) = text.get(from..).and_then(|rest| rest.find(' ')) {
        let at = from + space;
        let after = text.get(at + 1..).unwrap_or_default();
        let next = after.split(' ').next().unwrap_or_default();
        if next.split_once('=').is_some_and(|(name, _)| is_name(name)) {
            return (Value { text: text.get(..at).unwrap_or_default().trim_end(), quoted: false }, after);
        }
        from = at + 1;
    }
    (Value { text: text.trim_end(), quoted: false }, "")
}

/// Names whose unquoted values the kernel writes in hexadecimal where they hold spaces or other odd bytes.
const TEXTS: &[&str] = &[
    "acct",
    "cgroup",
    "cmd",
    "comm",
    "cwd",
    "data",
    "device",
    "dir",
    "exe",
    "file",
    "grp",
    "key",
    "name",
    "new-chardev",
    "ocomm",
    "old-chardev",
    "path",
    "proctitle",
    "root_dir",
    "sw",
    "unit",
    "vm",
    "watch",
];

impl Line<'_> {
    /// The value as text: hexadecimal decoded where the name's values are texts, NUL between arguments as a space.
    /// What `ausearch -i` wrote is text already.
    pub fn decoded<'a>(&self, name: &str, value: Value<'a>) -> Cow<'a, str> {
        if value.quoted {
            return Cow::Borrowed(value.text);
        }
        if matches!(value.text, "?" | "(null)" | "(none)") {
            return Cow::Borrowed("");
        }
        let argument = self.kind == "EXECVE" && name.starts_with('a') && name.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
        let text = argument && !name.ends_with("_len") || TEXTS.contains(&name);
        let interpreted = self.time.contains(['/', '-']);
        match hex(value.text).filter(|_| text && !interpreted) {
            Some(bytes) => {
                let bytes: Vec<u8> = bytes.into_iter().map(|b| if b == 0 { b' ' } else { b }).collect();
                Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
            }
            None => Cow::Borrowed(value.text),
        }
    }
}

/// Bytes of an even number of hexadecimal digits; `None` for anything else (a pid, a word).
pub fn hex(text: &str) -> Option<Vec<u8>> {
    if text.is_empty() || !text.len().is_multiple_of(2) || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    text.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// Address and port of a `saddr`: the kernel's `sockaddr` in hexadecimal, or `saddr_fam=inet laddr=A lport=P`.
pub fn socket(value: &str) -> Option<(String, String)> {
    if let Some(bytes) = hex(value) {
        // The family in the machine's own byte order, the port in the network's.
        let port = || Some(u16::from_be_bytes([*bytes.get(2)?, *bytes.get(3)?]).to_string());
        return match bytes.get(..2)? {
            [2, 0] => {
                let quad: [u8; 4] = bytes.get(4..8)?.try_into().ok()?;
                Some((std::net::Ipv4Addr::from(quad).to_string(), port()?))
            }
            [10, 0] => {
                let wide: [u8; 16] = bytes.get(8..24)?.try_into().ok()?;
                Some((std::net::Ipv6Addr::from(wide).to_string(), port()?))
            }
            _ => None,
        };
    }
    let part = |name: &str| value.split(' ').find_map(|word| word.strip_prefix(name));
    Some((part("laddr=")?.to_owned(), part("lport=").unwrap_or_default().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<(&str, String)> {
        let line = Line { node: "", kind: "EXECVE", time: "1.0", serial: "1", rest: text, enriched: "" };
        let mut out = Vec::new();
        pairs(text, &mut |name, value| out.push((name, line.decoded(name, value).into_owned())));
        out
    }

    #[test]
    fn raw_and_interpreted_lines() {
        let line = split("type=EXECVE msg=audit(1700000000.123:42): argc=2 a0=\"ls\" a1=2F746D702F6120622E74").unwrap();
        assert_eq!((line.kind, line.time, line.serial), ("EXECVE", "1700000000.123", "42"));
        assert_eq!(all(line.rest)[2], ("a1", "/tmp/a b.t".to_owned()));
        let line = split("node=h1 type=EXECVE msg=audit(11/14/2023 22:13:20.123:42) : argc=3 a0=sh a1=-c a2=cat /etc/x y ").unwrap();
        assert_eq!((line.node, line.time), ("h1", "11/14/2023 22:13:20.123"));
        assert_eq!(all(line.rest).last().unwrap().1, "cat /etc/x y");
        assert!(split("type=x").is_none() && split("type=A B msg=audit(1:2): x").is_none());
    }

    #[test]
    fn inner_pairs_words_and_sockets() {
        let got = all("pid=1 msg='op=login acct=\"a b\" addr=? res=failed'");
        assert_eq!(got[2], ("acct", "a b".to_owned()));
        assert_eq!(got[3], ("addr", String::new()));
        assert_eq!(pairs("avc:  denied  { read } for  pid=9", &mut |_, _| {}), "avc: denied { read } for");
        assert_eq!(socket("020001BBC0000207").unwrap(), ("192.0.2.7".to_owned(), "443".to_owned()));
        assert_eq!(socket("saddr_fam=inet laddr=192.0.2.7 lport=443").unwrap().1, "443");
        assert!(socket("01002F7661").is_none() && hex("abc").is_none());
    }
}
