//! STIX 2.1: patterns that are simple comparisons joined by OR, and plain observables.

use serde_json::Value;

use super::Intake;
use super::value::{self, IndicatorKind};

pub(super) fn read(bytes: &[u8], intake: &mut Intake<'_>) {
    let bundle: Value = match serde_json::from_slice(bytes) {
        Ok(value) => value,
        Err(error) => {
            let line = u32::try_from(error.line()).unwrap_or(u32::MAX);
            return intake.refuse(line, format!("this is no STIX: {error}"));
        }
    };
    let one = std::slice::from_ref(&bundle);
    let objects = bundle.get("objects").and_then(Value::as_array).map_or(one, Vec::as_slice);
    for (at, object) in objects.iter().enumerate() {
        let number = u32::try_from(at + 1).unwrap_or(u32::MAX);
        let text = |key: &str| object.get(key).and_then(Value::as_str).unwrap_or_default();
        if object.get("revoked").and_then(Value::as_bool) == Some(true) {
            continue;
        }
        let comment = [text("name"), text("description")].into_iter().find(|text| !text.is_empty());
        let comment = comment.unwrap_or_default();
        match text("type") {
            "indicator" => match pattern(text("pattern")) {
                Ok(found) => {
                    for (path, value) in found {
                        take(&path, &value, number, comment, intake);
                    }
                }
                Err(reason) => intake.refuse(number, reason),
            },
            kind @ ("ipv4-addr" | "ipv6-addr" | "domain-name" | "url" | "email-addr") => {
                take(&format!("{kind}:value"), text("value"), number, comment, intake);
            }
            "file" => {
                let hashes = object.get("hashes").and_then(Value::as_object);
                for (name, hash) in hashes.into_iter().flatten() {
                    let hash = hash.as_str().unwrap_or_default();
                    take(&format!("file:hashes.{name}"), hash, number, comment, intake);
                }
            }
            _ => {}
        }
    }
}

fn take(path: &str, text: &str, number: u32, comment: &str, intake: &mut Intake<'_>) {
    let kind = match path.split_once(':') {
        Some(("ipv4-addr" | "ipv6-addr", "value")) => IndicatorKind::Address,
        Some(("domain-name", "value")) => IndicatorKind::Domain,
        Some(("url", "value")) => IndicatorKind::Url,
        Some(("email-addr" | "email-message", "value" | "from_ref.value")) => IndicatorKind::Email,
        Some(("file" | "process" | "x509-certificate", rest)) if rest.contains("hashes.") => IndicatorKind::Hash,
        _ => return intake.refuse(number, format!("`{path}` is not matched")),
    };
    match value::classify(text, Some(kind)) {
        Ok((kind, value)) => intake.add(kind, value, number, comment),
        Err(reason) => intake.refuse(number, reason),
    }
}

/// `[path = 'value' OR path = 'value'] OR [ … ]` as (path, value).
fn pattern(text: &str) -> Result<Vec<(String, String)>, String> {
    let shown: String = text.chars().take(120).collect();
    let bad = || format!("the pattern `{shown}` is not a comparison, or several joined by OR");
    let mut out = Vec::new();
    let mut rest = text.trim();
    let mut joined = true;
    while !rest.is_empty() {
        if let Some(more) = rest.strip_prefix(['[', ']', '(', ')']) {
            rest = more.trim_start();
        } else if let Some(more) = rest.strip_prefix("OR").filter(|_| !joined) {
            joined = true;
            rest = more.trim_start();
        } else if joined {
            let (path, more) = rest.split_once('=').ok_or_else(bad)?;
            let path = path.trim().replace('\'', "");
            if path.contains(char::is_whitespace) || path.ends_with(['!', '<', '>']) {
                return Err(bad());
            }
            let more = more.trim_start().strip_prefix('\'').ok_or_else(bad)?;
            let (value, more) = quoted(more).ok_or_else(bad)?;
            out.push((path, value));
            joined = false;
            rest = more.trim_start();
        } else {
            return Err(bad());
        }
    }
    if out.is_empty() || joined { Err(bad()) } else { Ok(out) }
}

/// A text up to its closing quote, `\'` and `\\` undone, and what follows.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut out = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\'' => return Some((out, text.get(at + 1..)?)),
            '\\' => out.push(chars.next()?.1),
            _ => out.push(c),
        }
    }
    None
}
