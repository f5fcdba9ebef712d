//! Undoes what hides a text: escapes, percent signs, entities, line breaks, invisible characters, base64.

use base64::Engine as _;

/// The text with one kind of escape undone each, and all of them.
pub fn views(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let plain = unmarked(text);
    let steps: [fn(&str) -> String; 3] = [unpercent, unbackslash, unentity];
    let mut all = plain.clone();
    for step in steps {
        let one = step(&plain);
        all = step(&all);
        if one != plain {
            out.push(one);
        }
    }
    if plain != text {
        out.push(plain);
    }
    out.push(all);
    out
}

/// Defanging and invisible characters taken away.
fn unmarked(text: &str) -> String {
    let mut out = text.replace("[.]", ".").replace("[@]", "@").replace("[:]", ":").replace("<wbr>", "").replace("&shy;", "");
    out.retain(|c| !konseki_report::is_hidden(c) || c.is_whitespace());
    out
}

/// Lines joined as mail and wrapped encodings do.
pub fn joined(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        out.push_str(line.trim_start().trim_end_matches(['=', '\\']).trim_end());
    }
    out
}

fn unpercent(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let code = tail.get(..2).and_then(|hex| std::str::from_utf8(hex).ok()).and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match code.filter(|_| *first == b'%') {
            Some(byte) => {
                out.push(byte);
                rest = tail.get(2..).unwrap_or_default();
            }
            None => {
                out.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// `\\`, `\"`, `\u0041`, `\x41`; surrogate pairs too.
pub fn unbackslash(text: &str) -> String {
    let mut units: Vec<u16> = Vec::new();
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        let escape = if c == '\\' { code(after) } else { None };
        if let Some((unit, length)) = escape {
            units.push(unit);
            rest = after.get(length..).unwrap_or_default();
            continue;
        }
        flush(&mut units, &mut out);
        if c == '\\' && after.starts_with(['\\', '/', '"', '\'']) {
            out.push_str(after.get(..1).unwrap_or_default());
            rest = after.get(1..).unwrap_or_default();
        } else {
            out.push(c);
            rest = after;
        }
    }
    flush(&mut units, &mut out);
    out
}

fn code(after: &str) -> Option<(u16, usize)> {
    let (digits, length) = match after.chars().next()? {
        'u' => (after.get(1..5)?, 5),
        'x' => (after.get(1..3)?, 3),
        _ => return None,
    };
    Some((u16::from_str_radix(digits, 16).ok()?, length))
}

fn flush(units: &mut Vec<u16>, out: &mut String) {
    if !units.is_empty() {
        out.push_str(&String::from_utf16_lossy(units));
        units.clear();
    }
}

/// `&amp;` and its kin, `&#65;`, `&#x41;`.
fn unentity(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        let (head, tail) = rest.split_at(at);
        out.push_str(head);
        let name = tail.get(1..).and_then(|tail| tail.split_once(';')).map(|(name, _)| name).filter(|name| name.len() <= 8);
        let c = name.and_then(|name| match name {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => {
                let number = name.strip_prefix('#')?;
                let hex = number.strip_prefix(['x', 'X']).map(|hex| u32::from_str_radix(hex, 16));
                hex.unwrap_or_else(|| number.parse()).ok().and_then(char::from_u32)
            }
        });
        match (c, name) {
            (Some(c), Some(name)) => {
                out.push(c);
                rest = tail.get(name.len() + 2..).unwrap_or_default();
            }
            _ => {
                out.push('&');
                rest = tail.get(1..).unwrap_or_default();
            }
        }
    }
    out + rest
}

/// What runs of base64 (wrapped lines joined, both alphabets) may hold, at each of the four places it may begin.
pub fn decoded(text: &str) -> Vec<Vec<u8>> {
    let table = base64::engine::GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent);
    let engine = base64::engine::GeneralPurpose::new(&base64::alphabet::STANDARD, table);
    let mut out = Vec::new();
    for run in base64_runs(text) {
        for start in 0..4 {
            let Some(part) = run.get(start..) else { continue };
            let whole = part.len() - usize::from(part.len() % 4 == 1);
            if let Some(bytes) = part.get(..whole).and_then(|part| engine.decode(part).ok()) {
                out.push(bytes);
            }
        }
    }
    out
}

fn base64_runs(text: &str) -> Vec<String> {
    let mut runs = Vec::new();
    let is_code = |c: char| c.is_ascii_alphanumeric() || "+/-_".contains(c);
    for source in [text.to_owned(), joined_code(text)] {
        for run in source.split(|c| !is_code(c)) {
            if run.len() >= 8 {
                runs.push(run.replace('-', "+").replace('_', "/"));
            }
        }
    }
    runs.sort();
    runs.dedup();
    runs
}

/// Line ends removed between two lines that are nothing but code.
fn joined_code(text: &str) -> String {
    let is_code = |line: &str| line.len() >= 16 && line.chars().all(|c| c.is_ascii_alphanumeric() || "+/-_=".contains(c));
    let mut out = String::new();
    let mut before = false;
    for line in text.lines().map(str::trim) {
        let code = is_code(line);
        if !before || line.contains(' ') {
            out.push('\n');
        }
        out.push_str(line);
        before = code;
    }
    out
}
