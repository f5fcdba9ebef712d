//! The data of an event from the text that people read: labels below headings, one a line.

use super::names::Names;

/// Field and value in the order of the message. What is no known label stays in the message alone.
pub fn fields<'a>(names: &'a Names, provider: &str, event: &str, message: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut out = Vec::new();
    let mut section = "";
    let sysmon = provider == "Microsoft-Windows-Sysmon";
    let script = event == "4104" && provider.ends_with("PowerShell");
    if script && let Some(text) = script_block(names, message) {
        out.push(("ScriptBlockText", text));
    }
    let lines = if script { tail(names, message) } else { message };
    for line in lines.lines() {
        let Some((label, value)) = split(line) else { continue };
        if sysmon {
            if !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric()) && !(out.is_empty() && value.is_empty()) {
                out.push((label, value));
            }
            continue;
        }
        if let Some(found) = names.section(label).filter(|_| value.is_empty()) {
            section = found;
        } else if let Some(field) = names.field(event, section, label) {
            if !out.iter().any(|(known, _)| *known == field) {
                out.push((field, value));
            }
        } else if value.is_empty() && !names.is_label(label) {
            section = "";
        }
    }
    out
}

/// `Label:  value`. Both colons that Windows uses end a label; a label is short and has no path in it.
fn split(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let (at, colon) = line.char_indices().find(|(_, c)| matches!(c, ':' | '\u{ff1a}'))?;
    let label = line.get(..at)?.trim();
    let value = line.get(at + colon.len_utf8()..)?.trim();
    (!label.is_empty() && label.chars().count() <= 48 && !label.contains(['\\', '/', '"'])).then_some((label, value))
}

/// The script of a 4104 message: what stands between its first line and the line with the block's id.
fn script_block<'a>(names: &Names, message: &'a str) -> Option<&'a str> {
    let (_, rest) = message.split_once('\n')?;
    let end = id_line(names, rest).unwrap_or(rest.len());
    Some(rest.get(..end)?.trim())
}

fn tail<'a>(names: &Names, message: &'a str) -> &'a str {
    id_line(names, message).and_then(|at| message.get(at..)).unwrap_or_default()
}

/// Where the last line with the id of the script block begins: the script itself may hold such lines.
fn id_line(names: &Names, text: &str) -> Option<usize> {
    let mut at = 0;
    let mut found = None;
    for line in text.split_inclusive('\n') {
        if split(line).is_some_and(|(label, _)| names.field("4104", "", label) == Some("ScriptBlockId")) {
            found = Some(at);
        }
        at += line.len();
    }
    found
}
