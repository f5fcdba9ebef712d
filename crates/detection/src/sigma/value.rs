//! What modifiers make of a value: dashes, encodings, base64, placeholders.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Variants that one value may become.
const MAX_VARIANTS: usize = 1_000;

/// The dashes that Windows programs take for an option (hyphen, slash, en dash, em dash, horizontal bar).
const DASHES: [char; 5] = ['-', '/', '\u{2013}', '\u{2014}', '\u{2015}'];

/// Lists that stand for `%name%`.
pub(crate) type Placeholders = BTreeMap<String, Vec<String>>;

/// Every way to write the options of a command line: a dash between a non-word and a word character becomes
/// each of the five.
pub(crate) fn windash(text: &str) -> Result<Vec<String>, String> {
    let word = |c: Option<&char>| c.is_some_and(|c| c.is_alphanumeric() || *c == '_');
    let chars: Vec<char> = text.chars().collect();
    let mut out = vec![String::new()];
    for (index, &c) in chars.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|i| chars.get(i));
        let option = matches!(c, '-' | '/') && !word(before) && word(chars.get(index + 1));
        if !option {
            out.iter_mut().for_each(|text| text.push(c));
            continue;
        }
        if out.len() * DASHES.len() > MAX_VARIANTS {
            return Err("too many dashes for `windash`".into());
        }
        out = out.iter().flat_map(|text| DASHES.iter().map(move |dash| format!("{text}{dash}"))).collect();
    }
    Ok(out)
}

/// Base64 of the bytes at the three offsets they can have, cut to what does not depend on their neighbours.
pub(crate) fn base64_offsets(bytes: &[u8]) -> Vec<String> {
    // First and last characters that mix with neighbours, by offset and by length.
    (0..3_usize)
        .map(|offset| {
            let mut padded = vec![b' '; offset];
            padded.extend_from_slice(bytes);
            let text = STANDARD.encode(&padded);
            let start = match offset {
                0 => 0,
                1 => 2,
                _ => 3,
            };
            let end = match padded.len() % 3 {
                0 => text.len(),
                1 => text.len().saturating_sub(3),
                _ => text.len().saturating_sub(2),
            };
            text.get(start..end).unwrap_or_default().to_owned()
        })
        .collect()
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

pub(crate) fn utf16(text: &str, big: bool, mark: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() * 2 + 2);
    let units = mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
    for unit in units {
        out.extend_from_slice(&if big { unit.to_be_bytes() } else { unit.to_le_bytes() });
    }
    out
}

/// Fills `%name%` from the lists; every combination.
pub(crate) fn expand(text: &str, lists: &Placeholders) -> Result<Vec<String>, String> {
    let mut out = vec![String::new()];
    let mut rest = text;
    while let Some((before, name, after)) = placeholder(rest) {
        let Some(values) = lists.get(name) else {
            return Err(format!("placeholder `%{name}%` is not defined"));
        };
        if out.len() * values.len().max(1) > MAX_VARIANTS {
            return Err(format!("placeholder `%{name}%` expands to too many values"));
        }
        out = out.iter().flat_map(|text| values.iter().map(move |value| format!("{text}{before}{value}"))).collect();
        rest = after;
    }
    out.iter_mut().for_each(|text| text.push_str(rest));
    if out.is_empty() { Err("a placeholder has no values".into()) } else { Ok(out) }
}

fn placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('%')?;
    let (name, after) = rest.split_once('%')?;
    let named = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    (!name.is_empty() && name.chars().all(named)).then_some((before, name, after))
}
