//! Makes text from evidence harmless where it is shown: HTML, terminal, CSV; nothing invisible stays invisible.

use std::fmt::Write as _;

/// Longest run of combining marks that is shown as it stands.
const COMBINING_MAX: usize = 3;

/// Characters that a reader cannot see, that reorder text, or that no text should hold.
pub fn is_hidden(c: char) -> bool {
    let n = c as u32;
    c.is_control()
        || matches!(n,
            0x00AD | 0x034F | 0x061C | 0x115F | 0x1160 | 0x17B4 | 0x17B5 | 0x180B..=0x180F
            | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0x3164 | 0xFE00..=0xFE0F
            | 0xFEFF | 0xFFA0 | 0xFFF0..=0xFFFB | 0xFDD0..=0xFDEF | 0x1D173..=0x1D17A
            | 0xE0000..=0xE0FFF)
        || n & 0xFFFE == 0xFFFE
}

fn is_combining(c: char) -> bool {
    matches!(c as u32, 0x0300..=0x036F | 0x0483..=0x0489 | 0x0591..=0x05BD | 0x0610..=0x061A | 0x064B..=0x065F
        | 0x0E31 | 0x0E34..=0x0E3A | 0x0E47..=0x0E4E | 0x1AB0..=0x1AFF | 0x1DC0..=0x1DFF | 0x20D0..=0x20FF
        | 0xFE20..=0xFE2F)
}

/// Letters of right-to-left scripts: such a value is isolated where it is shown among others.
fn is_rtl(c: char) -> bool {
    matches!(c as u32, 0x0590..=0x08FF | 0xFB1D..=0xFDFF | 0xFE70..=0xFEFE | 0x10800..=0x10FFF | 0x1E800..=0x1EFFF)
}

fn write_hidden(out: &mut String, c: char) {
    let n = c as u32;
    // Writing into a String cannot fail.
    let _ = match c {
        '\n' => write!(out, "\\n"),
        '\r' => write!(out, "\\r"),
        '\t' => write!(out, "\\t"),
        _ if n < 0x100 => write!(out, "\\x{n:02x}"),
        _ => write!(out, "[U+{n:04X}]"),
    };
}

/// The text with every hidden character written out (`\x1b`, `[U+202E]`), except those that `keep` lets through,
/// and long runs of combining marks cut with their number.
fn visible_but(text: &str, keep: fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut run = 0usize;
    let mut cut = 0usize;
    for c in text.chars() {
        if is_combining(c) {
            run += 1;
            if run > COMBINING_MAX {
                cut += 1;
                continue;
            }
        } else {
            close_run(&mut out, &mut cut);
            run = 0;
        }
        if is_hidden(c) && !keep(c) {
            write_hidden(&mut out, c);
        } else {
            out.push(c);
        }
    }
    close_run(&mut out, &mut cut);
    out
}

fn close_run(out: &mut String, cut: &mut usize) {
    if *cut > 0 {
        let _ = write!(out, "[+{cut} U+03xx]");
        *cut = 0;
    }
}

/// One value on one line with everything hidden written out.
pub fn visible(text: &str) -> String {
    visible_but(text, |_| false)
}

/// A value for a terminal: no byte of it can move the cursor, set a colour, forge a line or turn the direction.
/// Values in right-to-left script are isolated (FSI … PDI).
pub fn escape_terminal(text: &str) -> String {
    let shown = visible(text);
    if shown.chars().any(is_rtl) { format!("\u{2068}{shown}\u{2069}") } else { shown }
}

/// Bytes of a text that is shown as it stands: no markup, nothing hidden, nothing beyond ASCII.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && !is_markup(byte)
}

fn is_markup(byte: u8) -> bool {
    matches!(byte, b'&' | b'<' | b'>' | b'"' | b'\'' | b'`')
}

/// A value for HTML text or a quoted attribute, on one line, escaped once. URL schemes are defanged so that no viewer
/// makes a live link of them.
pub fn html(text: &str) -> String {
    if text.bytes().all(is_plain) && !text.contains("://") {
        return text.to_owned();
    }
    escape_markup(&defang_schemes(&visible(text)))
}

/// The same for a block of raw lines, where line ends and tabs stay.
pub fn html_block(text: &str) -> String {
    if text.bytes().all(|byte| is_plain(byte) || matches!(byte, b'\n' | b'\t')) && !text.contains("://") {
        return text.to_owned();
    }
    escape_markup(&defang_schemes(&visible_but(text, |c| c == '\n' || c == '\t')))
}

/// Our own sentences for HTML: nothing to defang or make visible, still escaped.
pub(crate) fn escape_markup(text: &str) -> String {
    if !text.bytes().any(is_markup) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '`' => out.push_str("&#96;"),
            _ => out.push(c),
        }
    }
    out
}

/// `http://` to `hxxp://`, `https://` to `hxxps://`, `ftp://` to `fxp://`, in any case.
pub fn defang_schemes(text: &str) -> String {
    if !text.contains("://") {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (head, tail) = rest.split_at(at);
        out.push_str(&defang_head(head));
        let (mark, tail) = tail.split_at(3);
        out.push_str(mark);
        rest = tail;
    }
    out.push_str(rest);
    out
}

fn defang_head(head: &str) -> String {
    for (scheme, safe) in [("https", "hxxps"), ("http", "hxxp"), ("ftp", "fxp")] {
        let cut = head.len().checked_sub(scheme.len());
        if let Some((before, end)) = cut.and_then(|cut| head.split_at_checked(cut))
            && end.eq_ignore_ascii_case(scheme)
        {
            return format!("{before}{safe}");
        }
    }
    head.to_owned()
}

/// A URL, domain or address for people: `hxxps://evil[.]example`. Dots of the host part only.
pub fn defang(text: &str) -> String {
    let text = defang_schemes(text);
    let start = text.find("://").map_or(0, |at| at + 3);
    let (scheme, rest) = text.split_at_checked(start).unwrap_or(("", &text));
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (host, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
    format!("{scheme}{}{path}", host.replace('.', "[.]"))
}

/// A CSV field: quoted where it must be, and prefixed with `'` where a spreadsheet would take it for a formula.
pub fn csv_field(text: &str) -> String {
    let shown = visible_but(text, |c| c == '\n' || c == '\r' || c == '\t');
    let first = shown.trim_start_matches([' ', '"', '\'']).chars().next();
    let formula = first.is_some_and(|c| "=+-@|%\t\r\n;\u{FF1D}\u{FF0B}\u{FF0D}\u{FF20}".contains(c));
    let prefix = if formula { "'" } else { "" };
    if formula || shown.contains(['"', ',', ';', '\n', '\r', '\t']) || shown.starts_with(' ') {
        format!("\"{prefix}{}\"", shown.replace('"', "\"\""))
    } else {
        shown
    }
}

/// At most `max` characters, with how many more there were: shown short, whole in the case.
pub fn shorten(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        None => text.to_owned(),
        Some((at, _)) => {
            let (head, tail) = text.split_at_checked(at).unwrap_or((text, ""));
            format!("{head}… (+{})", tail.chars().count())
        }
    }
}
