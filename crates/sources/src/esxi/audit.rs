//! Audit records of ESXi (syslog facility 13): `[vm.register@6876 subject="root" object="…" result="success" …]`.
//! Ids and parameters: "VMware ESX 8.0.3 Audit Log Event Reference". Parameter order is not fixed.

use konseki_formats::vmware::Head;

use super::{Fields, machine};

const MOST: usize = 24;

/// `[a.b@6876 ` at the start, or the same without parameters.
pub fn is_record(text: &str) -> bool {
    let Some(inner) = text.strip_prefix('[') else { return false };
    let word = inner.split([' ', ']', '\n']).next().unwrap_or_default();
    word.split_once('@').is_some_and(|(id, number)| id.contains('.') && number == "6876")
}

pub fn cut<'a>(head: &Head<'a>, room: &'a mut String, out: &mut Fields<'a>) {
    let inner = head.message.strip_prefix('[').unwrap_or(head.message);
    let (word, rest) = inner.split_once([' ', ']']).unwrap_or((inner, ""));
    let id = word.split('@').next().unwrap_or(word);
    out.push("eventid", id);
    out.push("level", head.level);
    out.push("process", head.process);
    out.push("pid", head.pid);
    let mut found: [(&str, &str); MOST] = [("", ""); MOST];
    let count = parameters(rest, &mut found);
    let found = found.get(..count).unwrap_or_default();
    let is_command = matches!(id, "shell.cmd" | "ssh.cmd");
    values(found, is_command, room, out);
    let object = out.get("object");
    if id.starts_with("vm.") && object.ends_with(".vmx") {
        out.push("vm", machine::stem(object));
    }
    out.push("message", head.message);
}

/// Pushes the parameters: values with escapes are rebuilt in one room first, then cut from it.
fn values<'a>(found: &[(&'a str, &'a str)], is_command: bool, room: &'a mut String, out: &mut Fields<'a>) {
    let mut ends = [0_usize; MOST];
    for ((_, value), end) in found.iter().zip(ends.iter_mut()) {
        if value.contains('\\') {
            unescape(value, room);
        }
        *end = room.len();
    }
    let command_at = found.iter().position(|(name, _)| *name == "command").filter(|_| is_command);
    let image_from = room.len();
    let raw = command_at.and_then(|index| found.get(index)).map_or("", |(_, value)| *value);
    let mut image = String::new();
    room.push_str(machine::image(raw, &mut image));
    let room: &'a str = room;
    let mut from = 0;
    let mut command = "";
    for (index, ((name, value), end)) in found.iter().zip(ends).enumerate() {
        let rebuilt = room.get(from..end).unwrap_or_default();
        let value: &'a str = if rebuilt.is_empty() { value } else { rebuilt };
        from = end;
        out.push(name, value);
        if Some(index) == command_at {
            command = value;
        }
        if is_command && *name == "subject" {
            out.push("User", value);
        }
    }
    if !command.is_empty() {
        out.push("CommandLine", command);
        out.push("Image", room.get(image_from..).unwrap_or_default());
    }
}

/// `name="value"` pairs up to the closing bracket. Gives how many were found.
fn parameters<'a>(text: &'a str, out: &mut [(&'a str, &'a str); MOST]) -> usize {
    let mut rest = text.trim_start();
    let mut count = 0;
    while let Some((name, tail)) = rest.split_once("=\"") {
        let bytes = tail.as_bytes();
        let mut end = 0;
        while let Some(byte) = bytes.get(end) {
            match byte {
                b'\\' => end += 2,
                b'"' => break,
                _ => end += 1,
            }
        }
        let Some(value) = tail.get(..end) else { break };
        let Some(slot) = out.get_mut(count) else { break };
        *slot = (name.trim_start_matches([' ', ']', '[']), value);
        count += 1;
        rest = tail.get(end + 1..).unwrap_or_default();
    }
    count
}

/// `\"`, `\\` and `\]` without their backslash.
fn unescape(value: &str, room: &mut String) {
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(next @ ('"' | '\\' | ']')) => room.push(next),
                Some(next) => room.extend(['\\', next]),
                None => room.push('\\'),
            },
            _ => room.push(c),
        }
    }
}
