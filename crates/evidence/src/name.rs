//! Names found in evidence, made safe to show and kept apart; never used to open anything.

use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

/// Longest display name of one member, in characters.
const LONGEST: usize = 4096;

/// Who wrote the name, which decides what its bytes mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// A file name of this machine: one component.
    Disk,
    /// Bytes, `/` between components.
    Tar,
    /// CP932 when it is no UTF-8 and does not claim to be; `\` is taken as `/`.
    Zip { utf8: bool },
    /// Unicode, `\` is taken as `/`.
    Seven,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Clean {
    pub display: String,
    /// Why the name as written is not one to be trusted.
    pub problem: Option<&'static str>,
    /// The display does not show the bytes as they stand.
    pub differs: bool,
}

/// A display name for a name as written.
pub(crate) fn clean(raw: &[u8], style: Style) -> Clean {
    let mut problem = None;
    let text = decode(raw, style, &mut problem);
    let text = match style {
        Style::Zip { .. } | Style::Seven => text.replace('\\', "/"),
        _ => text,
    };
    let bytes = text.as_bytes();
    if style != Style::Disk {
        if bytes.first() == Some(&b'/') {
            problem = Some("the name is absolute");
        } else if bytes.first().is_some_and(u8::is_ascii_alphabetic) && bytes.get(1) == Some(&b':') {
            problem = Some("the name begins with a drive");
        }
    }
    let mut display = String::new();
    for part in text.split('/').filter(|part| !part.is_empty() && *part != ".") {
        if !display.is_empty() {
            display.push('/');
        }
        if part == ".." {
            problem = Some("the name would leave its folder");
            display.push_str("<..>");
        } else if escape(part, &mut display) {
            problem = problem.or(Some("the name holds characters that are not shown as they are"));
        }
    }
    if display.is_empty() {
        problem = problem.or(Some("the name is empty"));
        display.push_str("~unnamed");
    }
    if let Some((cut, _)) = display.char_indices().nth(LONGEST) {
        problem = Some("the name is longer than anything a file system holds");
        display.truncate(cut);
        display.push('~');
    }
    Clean { differs: display.as_bytes() != raw, display, problem }
}

fn decode(raw: &[u8], style: Style, problem: &mut Option<&'static str>) -> String {
    if let Ok(text) = std::str::from_utf8(raw) {
        return text.to_owned();
    }
    if style == (Style::Zip { utf8: false }) {
        let (text, _, bad) = encoding_rs::SHIFT_JIS.decode(raw);
        if !bad {
            return text.into_owned();
        }
    }
    *problem = Some("the name is not text");
    let mut text = String::new();
    for chunk in raw.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            text.push_str(&format!("<0x{byte:02X}>"));
        }
    }
    text
}

/// Appends one component; true when something had to be escaped.
fn escape(part: &str, out: &mut String) -> bool {
    let mut escaped = false;
    for (index, c) in part.char_indices() {
        // A component that ends with `!` would look like a container.
        let last_mark = c == '!' && index + 1 == part.len();
        if last_mark || hidden(c) {
            out.push_str(&format!("<U+{:04X}>", u32::from(c)));
            escaped |= !last_mark;
        } else {
            out.push(c);
        }
    }
    escaped
}

/// Characters that do not show, or change how others show.
fn hidden(c: char) -> bool {
    c.is_control()
        || matches!(u32::from(c),
            0xad | 0x61c | 0x180e | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0xfeff
            | 0xfff9..=0xfffb | 0xe0000..=0xe007f)
}

/// A name of this machine, for messages: one line, nothing hidden.
pub fn display_name(raw: &[u8]) -> String {
    clean(raw, Style::Disk).display
}

/// A name or target for display as it stands, slashes and all; what does not show is escaped.
pub(crate) fn shown(raw: &[u8]) -> String {
    let text = decode(raw, Style::Tar, &mut None);
    let mut out = String::new();
    escape(&text.chars().take(LONGEST).collect::<String>(), &mut out);
    out
}

/// Foreign text inside a problem: one line, bounded, nothing hidden.
pub(crate) fn one_line(text: &str) -> String {
    let mut out = String::new();
    escape(&text.chars().take(200).collect::<String>(), &mut out);
    out
}

/// Names given out within one container: a second one of the same name becomes `name~2`.
/// Clones share what was given out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    /// Hash of the name and the next number for it; two names of one hash only get a needless number.
    seen: Rc<RefCell<HashMap<u64, u32>>>,
}

impl Names {
    pub fn claim(&self, name: String) -> String {
        let mut seen = self.seen.borrow_mut();
        let Some(mut next) = seen.get(&key(&name)).copied() else {
            seen.insert(key(&name), 2);
            return name;
        };
        loop {
            let candidate = format!("{name}~{next}");
            next = next.saturating_add(1);
            if seen.insert(key(&candidate), 2).is_none() {
                seen.insert(key(&name), next);
                return candidate;
            }
        }
    }
}

fn key(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(raw: &[u8], style: Style) -> (String, bool) {
        let clean = clean(raw, style);
        (clean.display, clean.problem.is_some())
    }

    #[test]
    fn unsafe_names_stay_data() {
        let zip = Style::Zip { utf8: false };
        for (raw, style, display, odd) in [
            (&b"./var/log/a.log"[..], Style::Tar, "var/log/a.log", false),
            (b"../../etc/passwd", Style::Tar, "<..>/<..>/etc/passwd", true),
            (b"a/../b", zip, "a/<..>/b", true),
            (b"..\\..\\evil.txt", zip, "<..>/<..>/evil.txt", true),
            (b"/etc/shadow", Style::Tar, "etc/shadow", true),
            (b"C:\\Windows\\x.evtx", zip, "C:/Windows/x.evtx", true),
            (b"\\\\server\\share\\x", zip, "server/share/x", true),
            (b"a\0b", zip, "a<U+0000>b", true),
            ("gp\u{202e}gnp.exe".as_bytes(), zip, "gp<U+202E>gnp.exe", true),
            (b"a\\b", Style::Tar, "a\\b", false),
            (b"", zip, "~unnamed", true),
            (b"x!/y", Style::Tar, "x<U+0021>/y", false),
            (b"\xff\xfe.log", Style::Tar, "<0xFF><0xFE>.log", true),
        ] {
            assert_eq!(shown(raw, style), (display.to_owned(), odd), "{raw:?}");
        }
    }

    #[test]
    fn cp932_is_tried_for_zip_only() {
        let (raw, _, _) = encoding_rs::SHIFT_JIS.encode("\u{8a3c}\u{8de1}.log");
        let zip = clean(&raw, Style::Zip { utf8: false });
        assert_eq!((zip.display.as_str(), zip.problem, zip.differs), ("\u{8a3c}\u{8de1}.log", None, true));
        assert!(clean(&raw, Style::Zip { utf8: true }).problem.is_some());
    }

    #[test]
    fn equal_names_are_told_apart() {
        let names = Names::default();
        let given: Vec<_> = ["a", "a", "a~2", "a"].map(|n| names.claim(n.to_owned())).into();
        assert_eq!(given, ["a", "a~2", "a~2~2", "a~3"]);
    }
}
