//! Case folding for matching without case: one character becomes one character, so `?` and lengths keep their sense.

/// Simple case folding: lower case where that is one character; long s and final sigma join their letters.
pub(crate) fn fold_char(c: char) -> char {
    if c.is_ascii() {
        return c.to_ascii_lowercase();
    }
    match c {
        '\u{17f}' => 's',
        '\u{3c2}' => '\u{3c3}',
        _ => {
            let mut lower = c.to_lowercase();
            match (lower.next(), lower.next()) {
                (Some(one), None) => one,
                _ => c,
            }
        }
    }
}

pub(crate) fn fold(text: &str) -> String {
    if text.is_ascii() { text.to_ascii_lowercase() } else { text.chars().map(fold_char).collect() }
}

/// Appends the folded bytes of `text`.
pub(crate) fn fold_into(text: &str, out: &mut Vec<u8>) {
    if text.is_ascii() {
        let start = out.len();
        out.extend_from_slice(text.as_bytes());
        return out.get_mut(start..).unwrap_or_default().make_ascii_lowercase();
    }
    let mut rest = text;
    loop {
        let ascii = rest.bytes().position(|byte| !byte.is_ascii()).unwrap_or(rest.len());
        let (head, tail) = rest.split_at_checked(ascii).unwrap_or((rest, ""));
        let start = out.len();
        out.extend_from_slice(head.as_bytes());
        if let Some(new) = out.get_mut(start..) {
            new.make_ascii_lowercase();
        }
        let mut chars = tail.chars();
        let Some(c) = chars.next() else { return };
        out.extend_from_slice(fold_char(c).encode_utf8(&mut [0; 4]).as_bytes());
        rest = chars.as_str();
    }
}

/// Appends the folded text of bytes that may not be UTF-8; a bad byte becomes U+FFFD.
pub(crate) fn fold_bytes_into(bytes: &[u8], out: &mut Vec<u8>) {
    for chunk in bytes.utf8_chunks() {
        fold_into(chunk.valid(), out);
        if !chunk.invalid().is_empty() {
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
}
