//! What the vCenter sources share: the table of event texts, and lines of other services in the same file.

use std::sync::LazyLock;

use konseki_formats::heads;
use konseki_formats::phrase::Phrases;
use konseki_formats::vcenter::{self, EventLine, actor, reconfigured};

use serde_json::{Map, Value};

use crate::row::Row;

static SENTENCES: LazyLock<Phrases> = LazyLock::new(|| Phrases::table(include_str!("vmware/vcenter_events/sentences.tsv")));

/// Is a fifth of the lines or more an event line? Then the file is that of the events, whatever stands beside them.
pub fn is_event_file(head: &[u8]) -> bool {
    let is_event = |line: &[u8]| std::str::from_utf8(line).is_ok_and(|line| vcenter::event(line).is_some_and(|event| event.start < 200));
    let (events, all) = heads::fitting(head, 200, is_event);
    // vpxd.log holds some events too, behind heads of its own.
    let own = |line: &[u8]| memchr::memmem::find(line, b" vpxd[").is_some() && line.first().is_some_and(u8::is_ascii_digit);
    let (vpxd, _) = heads::fitting(head, 200, own);
    events > 0 && events * 5 >= all && vpxd < events
}

/// Where the first sentence of a message ends: the changes of `Reconfigured …` follow on lines of their own.
fn first_sentence(message: &str) -> &str {
    let end = ["\n", ".  ", ". \\n", ".\\n", " Modified:", " Added:", " Removed:", " config.hardware.", "#012"]
        .iter()
        .filter_map(|mark| message.find(mark))
        .min();
    message.get(..end.unwrap_or(message.len())).unwrap_or(message)
}

/// Pushes what the text of an event says: `action` and the names in it.
pub fn describe<'a>(message: &'a str, row: &mut Row<'a>) {
    let sentence = first_sentence(message);
    let Some(found) = SENTENCES.find(sentence).or_else(|| SENTENCES.find(message)) else { return };
    row.push("action", found.class);
    for (name, value) in found.holes() {
        if name == "actor" {
            let (login, address) = actor(value);
            row.push_some("login", login);
            row.push_some("src_ip", address);
        } else {
            row.push_some(name, value);
        }
    }
    if found.class == "reconfigured" {
        let changes = reconfigured(message);
        row.push_some("nic", changes.nic);
        row.push_some("disk", changes.disk);
        row.push_some("disk_file", changes.disk_file);
        row.push_some("mac", changes.mac);
    }
}

/// Pushes the native fields of an event line, `message` given apart because it may be joined of parts.
pub fn event_fields<'a>(line: &EventLine<'a>, message: &'a str, row: &mut Row<'a>) {
    for (name, value) in [
        ("event_key", line.key),
        ("event_type", line.kind),
        ("severity", line.severity),
        ("user_name", line.user),
        ("entity", line.entity),
        ("chain_id", line.chain),
        ("message", message),
    ] {
        row.push(name, value);
    }
    describe(message, row);
}

/// `Authorization Result: User=x, priv=y, authorized=True` of the appliance management. False where the text is none.
pub fn authorization<'a>(message: &'a str, row: &mut Row<'a>) -> bool {
    let Some((_, rest)) = message.split_once("Authorization Result: ") else { return false };
    row.push("action", "authorization");
    for part in rest.split(", ") {
        match part.trim().split_once('=') {
            Some(("User", value)) => row.push("user_name", value),
            Some(("priv", value)) => row.push("priv", value),
            Some(("authorized", value)) => row.push("authorized", value),
            _ => {}
        }
    }
    true
}

/// `observability : PWD=/ ; USER=root ; COMMAND=/usr/bin/x` of sudo. False where the text is none.
pub fn sudo<'a>(message: &'a str, row: &mut Row<'a>) -> bool {
    let Some((before, command)) = message.split_once(" ; COMMAND=") else { return false };
    let Some((login, rest)) = before.split_once(" : ") else { return false };
    row.push("action", "sudo");
    row.push("login", login.trim());
    row.push_some("run_as", rest.split_once("USER=").map_or("", |(_, user)| user.split(' ').next().unwrap_or_default()));
    row.push("command", command.trim_end());
    true
}

/// The audit object of a message: quotes may be escaped, the last brace may be missing.
pub fn audit_object(message: &str) -> Option<Map<String, Value>> {
    let at = message.find("{\"user\"").or_else(|| message.find("{\\\"user\\\""))?;
    let text = message.get(at..)?;
    let plain = if text.starts_with("{\\\"") { unescaped(text) } else { text.to_owned() };
    let mut stream = serde_json::Deserializer::from_str(&plain).into_iter::<Map<String, Value>>();
    if let Some(Ok(map)) = stream.next() {
        return Some(map);
    }
    serde_json::from_str(&format!("{}}}", plain.trim_end())).ok()
}

/// Takes one level of escapes off: `\"` and `\\`.
fn unescaped(text: &str) -> String {
    serde_json::from_str(&format!("\"{text}\"")).unwrap_or_else(|_| text.replace("\\\"", "\"").replace("\\\\", "\\"))
}

/// An address of this machine itself: no place that somebody came from.
pub fn is_loopback(address: &str) -> bool {
    address.starts_with("127.") || address == "::1" || address == "localhost"
}
