//! The context of a VMware line: `[Originator@6876 sub=… opID=… sid=… user=…]`.

use memchr::{memchr, memchr2};

use super::Head;

/// `[Originator@6876 sub=… opID=… sid=… user=…] text`. Brackets inside (machine names) are balanced; an audit record
/// (`[vm.register@6876 …]`) is no context.
pub fn context(head: &mut Head<'_>) {
    let text = head.message;
    let Some(inner) = text.strip_prefix('[') else { return };
    let bytes = inner.as_bytes();
    let known = inner.starts_with("Originator@") || {
        let word = inner.split([' ', ']']).next().unwrap_or_default();
        word.split_once('@').is_some_and(|(name, number)| {
            !name.is_empty() && !name.contains('.') && !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
        })
    };
    if !known {
        return;
    }
    let line = memchr(b'\n', bytes).unwrap_or(bytes.len());
    let Some(end) = closing(bytes.get(..line).unwrap_or_default()) else { return };
    let (inside, after) = (inner.get(..end), inner.get(end + 1..));
    let (Some(inside), Some(after)) = (inside, after) else { return };
    let (_, tail) = inside.split_once(' ').unwrap_or((inside, ""));
    head.context = true;
    keys(head, tail);
    head.message = after.trim_start_matches(' ');
}

/// Where the bracket that is open at the start closes; the first `] ` where brackets are not balanced.
fn closing(bytes: &[u8]) -> Option<usize> {
    let mut depth = 1;
    let mut at = 0;
    while let Some(found) = memchr2(b'[', b']', bytes.get(at..)?) {
        let place = at + found;
        if bytes.get(place) == Some(&b'[') {
            depth += 1;
        } else {
            depth -= 1;
            if depth == 0 {
                return Some(place);
            }
        }
        at = place + 1;
    }
    memchr::memmem::find(bytes, b"] ").or_else(|| memchr(b']', bytes))
}

/// `sub=… item=… opID=… sid=… user=… reason=…`: a value runs to the next known key, so it may hold spaces.
pub fn keys<'a>(head: &mut Head<'a>, text: &'a str) {
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut open: Option<(Key, usize)> = None;
    loop {
        let here = bytes.get(at..).unwrap_or_default();
        if let Some((key, length)) = key_of(here) {
            if let Some((before, from)) = open {
                set(head, before, text.get(from..at.saturating_sub(1)));
            }
            open = Some((key, at + length));
            at += length;
        }
        match memchr(b' ', bytes.get(at..).unwrap_or_default()) {
            Some(space) => at += space + 1,
            None => break,
        }
    }
    if let Some((key, from)) = open {
        set(head, key, text.get(from..));
    }
}

#[derive(Clone, Copy)]
enum Key {
    Sub,
    OpId,
    Sid,
    User,
    Other,
}

fn key_of(bytes: &[u8]) -> Option<(Key, usize)> {
    let (key, name): (Key, &[u8]) = match bytes.first()? {
        b's' if bytes.starts_with(b"sub=") => (Key::Sub, b"sub="),
        b's' if bytes.starts_with(b"sid=") => (Key::Sid, b"sid="),
        b'o' if bytes.starts_with(b"opID=") || bytes.starts_with(b"opId=") => (Key::OpId, b"opID="),
        b'u' if bytes.starts_with(b"user=") => (Key::User, b"user="),
        b'u' if bytes.starts_with(b"update=") => (Key::Other, b"update="),
        b'i' if bytes.starts_with(b"item=") => (Key::Other, b"item="),
        b'r' if bytes.starts_with(b"req=") => (Key::Other, b"req="),
        b'r' if bytes.starts_with(b"reason=") => (Key::Other, b"reason="),
        _ => return None,
    };
    Some((key, name.len()))
}

fn set<'a>(head: &mut Head<'a>, key: Key, value: Option<&'a str>) {
    let value = value.unwrap_or_default().trim_matches('"');
    match key {
        Key::Sub => head.sub = value,
        Key::OpId => head.op_id = value,
        Key::Sid => head.sid = value,
        Key::User => head.user = value,
        Key::Other => {}
    }
}
