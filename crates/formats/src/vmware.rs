//! Heads of VMware log lines, ESXi 5 to 9 and their syslog copies: time, host, level, process, context, message.
//!
//! ```text
//! 2018-07-05T21:06:22.875Z info hostd[A6C2B70] [Originator@6876 sub=Vimsvc opID=fc-24 user=dcui] text      5.1 .. 7
//! 2023-12-05T17:35:29.045Z In(166) Hostd[1050749]: [Originator@6876 sub=Vimsvc] text                       8, by vmsyslogd
//! 2023-12-05T17:42:40.666Z In(05) vmx vim-cmd-09-a45d text                                                 8, by the program
//! 2020-01-01T00:00:00.000Z| vmx| I125: text                                                                vmware.log to 7
//! 2018-07-05T20:12:46Z sshd[77731]: text          2018-07-05T20:58:06.093Z cpu27:66317)text                 by tag alone
//! <166>2022-11-04T15:01:58.230Z ESXI Hostd: info hostd[1053970] [Originator@6876 ...] text                  syslog copy
//! <166>1 2022-11-04T15:01:58.230Z ESXI Hostd 1053970 - [id@6876 ...] text        Nov  4 15:01:58 esx01 Hostd: text
//! ```
//! Grammar of 8: "ESXi 8 Log Message Formats" (VMware, ABNF). Times of ESXi are UTC always.

use memchr::memchr;

use crate::time::{self, Written};

mod context;

use context::{context, keys};

/// Which of the shapes a head has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// Time and text only.
    #[default]
    Bare,
    /// `info hostd[..] [..]`.
    Level,
    /// `In(166) Hostd[..]:`.
    Severity,
    /// `In(05) thread opID`: written by the program itself.
    Direct,
    /// `| thread| I125:`.
    Pipe,
    /// `sshd[..]:` with nothing before it.
    Tag,
    /// `cpu0:2098001)` with nothing before it.
    Kernel,
}

/// A line taken apart; empty strings where the line says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Head<'a> {
    pub time: Option<Written>,
    pub host: &'a str,
    /// As written: `info`, `In(166)`, `I125`.
    pub level: &'a str,
    /// Program, or thread in files a program writes itself.
    pub process: &'a str,
    pub pid: &'a str,
    pub sub: &'a str,
    pub op_id: &'a str,
    pub sid: &'a str,
    pub user: &'a str,
    /// Everything after the head, continuation lines with it.
    pub message: &'a str,
    pub shape: Shape,
    /// It came with a syslog head of its own (`<166>`, a host name, RFC 3164 time).
    pub copied: bool,
    /// There was a context `[Originator@6876 ...]`.
    pub context: bool,
}

/// Does this line begin a record? `-->`, lines without time and lines with the mark `In(14)+` or `In(14)[+]` do not.
pub fn starts(line: &[u8]) -> bool {
    match line.first() {
        Some(b'0'..=b'9') => line.get(4) == Some(&b'-') && line.get(7) == Some(&b'-') && !is_marked(line),
        Some(b'<') => memchr(b'>', line.get(..6).unwrap_or(line)).is_some(),
        Some(b'A'..=b'Z') => time::syslog3164(line).is_some(),
        _ => false,
    }
}

fn is_marked(line: &[u8]) -> bool {
    let window = line.get(19..60.min(line.len())).unwrap_or_default();
    let Some(space) = memchr(b' ', window).or_else(|| memchr(b'|', window)) else {
        return false;
    };
    let rest = window.get(space + 1..).unwrap_or_default();
    if window.get(space) == Some(&b'|') {
        return false;
    }
    // `| vmx| I125+ text` is the mark of vmware.log up to 7.
    if line.get(19 + space - 1) == Some(&b'|') {
        let word = rest.split(|b| *b == b' ').nth(1).unwrap_or_default();
        return word.last() == Some(&b'+');
    }
    let severity = rest.get(2) == Some(&b'(');
    let Some(close) = memchr(b')', rest.get(..8).unwrap_or_default()).filter(|_| severity) else {
        return false;
    };
    let after = rest.get(close + 1..).unwrap_or_default();
    after.starts_with(b"+") || after.starts_with(b"[+]")
}

/// Takes a record apart. `None` where it begins with no time.
pub fn split(text: &str) -> Option<Head<'_>> {
    let mut head = Head::default();
    let mut rest = text;
    let mut version = false;
    if let Some(after) = text.strip_prefix('<') {
        let (digits, tail) = after.split_once('>')?;
        if digits.is_empty() || digits.len() > 3 || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        head.copied = true;
        rest = tail.strip_prefix("1 ").unwrap_or(tail);
        version = rest.len() != tail.len();
        rest = rest.trim_start_matches(' ');
    }
    let bytes = rest.as_bytes();
    let iso = bytes.first().is_some_and(u8::is_ascii_digit);
    let found = if iso { time::iso(bytes) } else { time::syslog3164(bytes) };
    let Some((written, used)) = found else {
        return day_only(rest, head);
    };
    head.time = Some(written);
    head.copied |= !iso;
    rest = rest.get(used..)?;
    if version {
        rfc5424(&mut head, rest.trim_start_matches(' '));
    } else {
        after_time(&mut head, rest, true);
    }
    inner_level(&mut head);
    context(&mut head);
    Some(head)
}

/// `2022-06-02 In(14) hostprofile[1001430319]: 05:34:23.666 text`: the time of day stands behind the tag.
fn day_only<'a>(text: &'a str, mut head: Head<'a>) -> Option<Head<'a>> {
    let day = text.get(..10)?;
    let rest = text.get(10..)?.strip_prefix(' ')?;
    after_time(&mut head, rest, false);
    let clock = head.message.split(' ').next()?;
    let mut joined = [b' '; 32];
    let both = day.bytes().chain([b'T']).chain(clock.bytes());
    let mut length = 0;
    for (slot, byte) in joined.iter_mut().zip(both) {
        *slot = byte;
        length += 1;
    }
    let (mut written, _) = time::iso(joined.get(..length)?)?;
    written.offset = Some(0);
    head.time = Some(written);
    Some(head)
}

fn rfc5424<'a>(head: &mut Head<'a>, rest: &'a str) {
    let mut parts = rest.splitn(5, ' ');
    head.host = nil(parts.next().unwrap_or_default());
    head.process = nil(parts.next().unwrap_or_default());
    head.pid = nil(parts.next().unwrap_or_default());
    let _ = parts.next();
    let message = parts.next().unwrap_or_default();
    let message = message.strip_prefix("- ").unwrap_or(if message == "-" { "" } else { message });
    head.message = message.trim_start_matches([' ', '\u{feff}']);
    head.shape = Shape::Tag;
}

fn nil(text: &str) -> &str {
    if text == "-" { "" } else { text }
}

fn after_time<'a>(head: &mut Head<'a>, rest: &'a str, may_have_host: bool) {
    if let Some(tail) = rest.strip_prefix(": ") {
        head.message = tail.trim_start_matches(' ');
        return;
    }
    if let Some(tail) = rest.strip_prefix("| ") {
        return pipe(head, tail);
    }
    let rest = rest.trim_start_matches(' ');
    let (token, tail) = rest.split_once(' ').unwrap_or((rest, ""));
    if is_severity(token) {
        head.level = token.trim_end_matches("[+]").trim_end_matches('+');
        return after_severity(head, tail.trim_start_matches(' '));
    }
    if is_level(token) {
        return after_level(head, token, tail);
    }
    if is_cpu(token) {
        head.process = "vmkernel";
        head.shape = Shape::Kernel;
        head.message = rest;
        return;
    }
    if token.starts_with('[') {
        return bracket(head, rest);
    }
    if let Some(name) = token.strip_suffix(':').filter(|name| !name.is_empty()) {
        (head.process, head.pid) = tag(name);
        head.shape = Shape::Tag;
        head.message = tail.trim_start_matches(' ');
        return;
    }
    let next = tail.trim_start_matches(' ');
    if may_have_host && token.len() > 1 && takes_host(head, next) {
        head.host = token;
        head.copied = true;
        if let Some((written, used)) = time::iso(next.as_bytes()) {
            head.time = Some(written);
            return after_time(head, next.get(used..).unwrap_or_default(), true);
        }
        return after_time(head, next, false);
    }
    head.message = rest;
}

fn after_level<'a>(head: &mut Head<'a>, level: &'a str, tail: &'a str) {
    head.level = level;
    head.shape = Shape::Level;
    let (name, message) = tail.split_once(' ').unwrap_or((tail, ""));
    let named = tag(name.strip_suffix(':').unwrap_or(name));
    if named.1.is_empty() && !message.starts_with('[') {
        head.message = tail;
    } else {
        (head.process, head.pid) = named;
        head.message = message.trim_start_matches(' ');
    }
}

/// After a token that may be a host: a tag, a level, an inner time, a kernel line, or anything where `<PRI>` stood.
fn takes_host(head: &Head<'_>, next: &str) -> bool {
    let token = next.split(' ').next().unwrap_or_default();
    head.copied || token.ends_with(':') || (token.len() > 18 && time::iso(token.as_bytes()).is_some())
}

fn pipe<'a>(head: &mut Head<'a>, rest: &'a str) {
    head.shape = Shape::Pipe;
    let (thread, tail) = rest.split_once("| ").unwrap_or(("", rest));
    head.process = thread;
    // Two fields before the text where an opID is known: `vmx| I125:` or `vmx| opID| I125:`.
    let (word, message) = tail.split_once(' ').unwrap_or((tail, ""));
    if let Some(op_id) = word.strip_suffix('|') {
        head.op_id = op_id;
        let (word, message) = message.split_once(' ').unwrap_or((message, ""));
        head.level = word.trim_end_matches([':', '+']);
        head.message = message;
        return;
    }
    head.level = word.trim_end_matches([':', '+']);
    head.message = message;
}

fn after_severity<'a>(head: &mut Head<'a>, rest: &'a str) {
    let (token, tail) = rest.split_once(' ').unwrap_or((rest, ""));
    if let Some(name) = token.strip_suffix(':') {
        (head.process, head.pid) = tag(name);
        head.shape = Shape::Severity;
        head.message = tail.trim_start_matches(' ');
        return;
    }
    head.shape = Shape::Direct;
    head.process = token;
    let (op_id, message) = tail.split_once(' ').unwrap_or((tail, ""));
    // Programs that write no opID write `-`; some write nothing.
    let (op_id, message) = if op_id == "-" || is_op_id(op_id) { (nil(op_id), message) } else { ("", tail) };
    head.op_id = op_id;
    head.message = message;
}

/// `vim-cmd-09-a45d`, `e0ada929`, `SWI-5441881e`: digits, and parts or eight hexadecimal digits.
fn is_op_id(word: &str) -> bool {
    let bytes = word.as_bytes();
    let plain = bytes.iter().all(|b| b.is_ascii_alphanumeric() || b"-:._@".contains(b));
    let hex = bytes.len() == 8 && bytes.iter().all(u8::is_ascii_hexdigit);
    plain && bytes.iter().any(u8::is_ascii_digit) && !word.ends_with([':', '.']) && (hex || word.contains('-'))
}

fn bracket<'a>(head: &mut Head<'a>, rest: &'a str) {
    head.message = rest;
    let inner = rest.get(1..).unwrap_or_default();
    // `[/etc/init.d/vvold[1000211787]: text]`
    let tagged = inner.split_once("]: ").and_then(|(name, text)| {
        let (process, pid) = name.split_once('[').filter(|(n, _)| !n.contains(' '))?;
        Some((process, pid, text))
    });
    if let Some((process, pid, text)) = tagged {
        head.process = process;
        head.pid = pid;
        head.shape = Shape::Tag;
        head.message = text.strip_suffix(']').unwrap_or(text);
        return;
    }
    // `[FFBB1B70 info 'Solo.Vmomi' opID=x user=y] text`, 5.0 and 5.1
    let Some((inside, text)) = inner.split_once(']') else { return };
    let mut words = inside.splitn(3, ' ');
    let (pid, level) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if is_level(level) {
        head.pid = pid;
        head.level = level;
        head.shape = Shape::Level;
        let tail = words.next().unwrap_or_default();
        let quoted = tail.strip_prefix('\'').and_then(|t| t.split_once('\''));
        head.sub = quoted.map_or("", |(sub, _)| sub);
        keys(head, quoted.map_or(tail, |(_, keys)| keys));
        head.message = text.trim_start_matches(' ');
    }
}

/// `name[pid]` or `name`.
fn tag(name: &str) -> (&str, &str) {
    match name.strip_suffix(']').and_then(|n| n.rsplit_once('[')) {
        Some((process, pid)) => (process, pid),
        None => (name, ""),
    }
}

fn is_severity(token: &str) -> bool {
    let bytes = token.as_bytes();
    bytes.len() >= 5
        && bytes.get(2) == Some(&b'(')
        && matches!(token.get(..2), Some("Em" | "Al" | "Cr" | "Er" | "Wa" | "No" | "In" | "Db"))
        && bytes.get(3).is_some_and(u8::is_ascii_digit)
}

fn is_level(token: &str) -> bool {
    // Cheap looks first: this is asked twice a line.
    if !(4..=8).contains(&token.len()) || !token.as_bytes().first().is_some_and(u8::is_ascii_alphabetic) {
        return false;
    }
    matches!(
        token,
        "info"
            | "verbose"
            | "warning"
            | "error"
            | "trivia"
            | "debug"
            | "panic"
            | "critical"
            | "INFO"
            | "WARNING"
            | "WARN"
            | "ERROR"
            | "DEBUG"
            | "VERBOSE"
            | "info(6)"
            | "fatal"
    )
}

fn is_cpu(token: &str) -> bool {
    token.strip_prefix("cpu").is_some_and(|rest| rest.as_bytes().first().is_some_and(u8::is_ascii_digit) && rest.contains(':'))
}

/// A tag may be followed by the head the program itself wrote: `Hostd: info hostd[1053970] [Originator...`.
fn inner_level(head: &mut Head<'_>) {
    if matches!(head.shape, Shape::Level | Shape::Direct | Shape::Pipe | Shape::Bare) {
        return;
    }
    let Some((token, tail)) = head.message.split_once(' ') else { return };
    if !is_level(token) {
        return;
    }
    let Some((name, message)) = tail.split_once(' ') else { return };
    let (process, pid) = tag(name.strip_suffix(':').unwrap_or(name));
    if pid.is_empty() || !message.starts_with('[') {
        return;
    }
    if head.level.is_empty() {
        head.level = token;
    }
    if head.process.is_empty() {
        head.process = process;
    }
    head.pid = pid;
    head.message = message;
}

#[cfg(test)]
mod tests;
