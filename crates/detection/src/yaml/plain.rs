//! The YAML that nearly every rule is written in, read line by line: block maps and lists, scalars on one line, literal blocks.
//!
//! Reading thousands of rules by the general parser is most of the start of a run. What is not certainly of this form (quotes
//! over lines, flow, anchors, tags, folding, anything odd) gives `None` and goes to that parser; tests hold both against each
//! other over all rules and over damaged ones.

use super::{Data, Entry, Node, no_key_twice};

/// Larger files are left to the general parser and its bounds.
const MOST: usize = 1 << 20;
const DEPTH: usize = 12;
const DOCUMENTS: usize = 64;

/// Every document, where all of the text is of the plain form.
pub(super) fn documents(text: &str) -> Option<Vec<Node>> {
    if text.len() > MOST || !text.ends_with('\n') || !text.chars().all(usual) {
        return None;
    }
    let mut reader = Reader { lines: text.lines().collect(), at: 0, inline: None };
    let mut documents = Vec::new();
    if reader.peek().is_some_and(|(_, rest)| rest == "---") {
        reader.take();
    }
    loop {
        documents.push(reader.map(0, 0)?);
        match reader.peek() {
            None => return Some(documents),
            Some((0, "---")) if documents.len() < DOCUMENTS => reader.take(),
            Some(_) => return None,
        }
    }
}

/// What needs no look at what YAML makes of it: no tabs, no control characters, no line ends but one.
fn usual(c: char) -> bool {
    c == '\n' || matches!(c, ' '..='~' | '\u{a0}'..='\u{2027}' | '\u{202a}'..='\u{d7ff}' | '\u{e000}'..='\u{fdcf}')
}

struct Reader<'t> {
    lines: Vec<&'t str>,
    at: usize,
    /// What stands behind the dash of the line at hand, and its column.
    inline: Option<(usize, &'t str)>,
}

impl<'t> Reader<'t> {
    /// Column and text of the line at hand; blank lines and comments are passed over.
    fn peek(&mut self) -> Option<(usize, &'t str)> {
        if self.inline.is_some() {
            return self.inline;
        }
        loop {
            let line = self.lines.get(self.at)?;
            let rest = line.trim_start_matches(' ');
            if !(rest.is_empty() || rest.starts_with('#')) {
                return Some((line.len() - rest.len(), rest.trim_end_matches(' ')));
            }
            self.at += 1;
        }
    }

    fn take(&mut self) {
        self.inline = None;
        self.at += 1;
    }

    /// 1-based, of the line at hand.
    fn line(&self) -> u32 {
        u32::try_from(self.at + 1).unwrap_or(u32::MAX)
    }

    fn map(&mut self, column: usize, depth: usize) -> Option<Node> {
        let (start, _) = self.peek()?;
        let (first, mut entries) = (self.line(), Vec::new());
        if start != column || depth > DEPTH {
            return None;
        }
        while let Some((at, rest)) = self.peek() {
            if at < column || (at == 0 && rest == "---") {
                break;
            }
            let (key, value) = entry(rest).filter(|_| at == column)?;
            let line = self.line();
            let value = if value.is_empty() || value.starts_with('#') {
                self.take();
                self.below(column, depth)?
            } else {
                self.scalar(value, column)?
            };
            entries.push(Entry { key: key.to_owned(), line, value });
        }
        no_key_twice(&entries).ok()?;
        Some(Node { line: first, data: Data::Map(entries) })
    }

    /// What stands on the lines below a key: a deeper map, or a list, which may stand as deep as the key.
    fn below(&mut self, column: usize, depth: usize) -> Option<Node> {
        let (at, rest) = self.peek()?;
        if rest.starts_with("- ") && at >= column {
            self.list(at, depth + 1)
        } else if at > column {
            self.map(at, depth + 1)
        } else {
            None
        }
    }

    fn list(&mut self, column: usize, depth: usize) -> Option<Node> {
        let (first, mut items) = (self.line(), Vec::new());
        while let Some((at, rest)) = self.peek() {
            let Some(item) = rest.strip_prefix("- ").filter(|_| at == column) else {
                if at > column || rest.starts_with("- ") && at == column {
                    return None;
                }
                break;
            };
            let item = item.trim_start_matches(' ');
            if entry(item).is_some() {
                self.inline = Some((column + rest.len() - item.len(), item));
                items.push(self.map(column + rest.len() - item.len(), depth + 1)?);
            } else {
                items.push(self.scalar(item, column)?);
            }
        }
        Some(Node { line: first, data: Data::List(items) })
    }

    /// A scalar on the line at hand. What follows must not stand deeper than what holds it: it would belong to it.
    fn scalar(&mut self, value: &'t str, column: usize) -> Option<Node> {
        let line = self.line();
        let (text, plain) = match value.bytes().next()? {
            b'\'' => (quoted(value, '\'')?, false),
            b'"' => (quoted(value, '"')?, false),
            b'|' => {
                let text = self.literal(value, column)?;
                // It stands where its text begins.
                return Some(Node { line: line + 1, data: Data::Scalar { text, plain: false } });
            }
            _ => (plain(value)?.to_owned(), true),
        };
        self.take();
        match self.peek() {
            Some((at, _)) if at > column => None,
            _ => Some(Node { line, data: Data::Scalar { text, plain } }),
        }
    }

    /// A literal block (`|`, `|-`).
    fn literal(&mut self, head: &str, column: usize) -> Option<String> {
        let strip = match head {
            "|" => false,
            "|-" => true,
            _ => return None,
        };
        self.take();
        let first = self.lines.get(self.at)?;
        let deep = first.len() - first.trim_start_matches(' ').len();
        if deep <= column || deep == first.len() {
            return None;
        }
        let mut text = String::new();
        while let Some(line) = self.lines.get(self.at) {
            let blank = line.trim_start_matches(' ').is_empty();
            let own = line.get(..deep).is_some_and(|margin| margin.bytes().all(|byte| byte == b' '));
            if blank && line.len() > deep {
                return None;
            }
            if !blank {
                if !own {
                    break;
                }
                text.push_str(line.get(deep..)?);
            }
            text.push('\n');
            self.at += 1;
        }
        text.truncate(text.trim_end_matches('\n').len());
        if !strip {
            text.push('\n');
        }
        match self.peek() {
            Some((at, _)) if at > column => None,
            _ => Some(text),
        }
    }
}

/// Key and value of an entry of a map; the value may be empty.
fn entry(text: &str) -> Option<(&str, &str)> {
    let end = text.find(": ").or_else(|| text.strip_suffix(':').map(str::len))?;
    let (key, value) = (text.get(..end)?, text.get(end + 1..)?);
    let usual = plain(key).is_some_and(|whole| whole.len() == key.len()) && key != "<<" && key.len() < 512;
    usual.then(|| (key, value.trim_start_matches(' ')))
}

/// A scalar without quotes, a comment behind it cut off; `None` where it could be something else.
fn plain(value: &str) -> Option<&str> {
    if value.starts_with(['-', '?', ':', ',', '[', ']', '{', '}', '#', '&', '*', '!', '|', '>', '\'', '"', '%', '@', '`', ' ']) {
        return None;
    }
    let value = value.split_once(" #").map_or(value, |(before, _)| before).trim_end_matches(' ');
    (!value.is_empty() && !value.contains(": ") && !value.ends_with(':')).then_some(value)
}

/// A scalar in quotes that ends on its line, with nothing or a comment behind it.
fn quoted(value: &str, quote: char) -> Option<String> {
    let inside = value.strip_prefix(quote)?;
    let mut text = String::with_capacity(inside.len());
    let mut rest = inside;
    loop {
        let (before, after) = rest.split_once(quote)?;
        if quote == '"' && before.contains('\\') {
            return None;
        }
        text.push_str(before);
        match after.strip_prefix('\'').filter(|_| quote == '\'') {
            Some(more) => {
                text.push('\'');
                rest = more;
            }
            None => return (after.is_empty() || after.starts_with(" #")).then_some(text),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

    use std::io::Read;
    use std::path::Path;

    use super::documents;
    use crate::yaml::parsed;

    /// `true`: read the plain way, and the same.
    fn same(text: &str) -> bool {
        let Some(plain) = documents(text) else { return false };
        assert_eq!((plain, None), parsed(text), "{text}");
        true
    }

    fn rules() -> Vec<String> {
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules");
        let mut texts = Vec::new();
        let mut folders = vec![own];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|end| end == "yml") {
                    texts.push(std::fs::read_to_string(path).unwrap());
                }
            }
        }
        texts.sort();
        texts
    }

    #[test]
    fn forms_are_read_as_the_general_parser_reads_them() {
        let plain = [
            "a: b\n",
            "# c\n---\na: b # c\n\nc:\n    - d\n    - e: 'it''s # no' # c\n      f: \"g\"\n    - h\nlast: |\n  one\n\n   two # no\n\n",
            "a:\n- b\n- c\nd: |-\n    x\n    # no\n  # c\ne: 1\n---\na: b\n",
            "a:   b c  \n\n  # deep\nb|re: C:\\x#y\n",
            "a:\n    b:\n        - c: d\n          e:\n              - f\n        -   g: h\n            i: j\n",
        ];
        for text in plain {
            assert!(same(text), "{text}");
        }
        let other = [
            "a:\n",
            "a: b\n  c\n",
            "a: 'b\n  c'\n",
            "a: [b]\n",
            "a: &x b\n",
            "a: b: c\n",
            "a: b\na: c\n",
            "- a\n",
            "a: >\n  b\n",
            "a: |\n  b",
        ];
        for text in other {
            assert!(!same(text), "{text}");
        }
    }

    #[test]
    fn rules_as_they_are_and_damaged() {
        let texts = rules();
        let plain = texts.iter().filter(|text| same(text)).count();
        assert!(plain * 2 > texts.len(), "{plain} of {}", texts.len());
        let pieces =
            [": ", " #", "\n", "- ", "'", "\"", "|", "  ", " ", "---\n", ":", "#", "a", "\n\n", "|-\n", "[", "&", "\t", "\u{e9}", "<<"];
        let mut state = 7_u64;
        let mut next = |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(state >> 33).unwrap() % below
        };
        let mut read = 0;
        for text in texts.iter().chain(&texts) {
            for _ in 0..40 {
                let mut chars: Vec<String> = text.chars().take(900).map(String::from).collect();
                for _ in 0..=next(3) {
                    let at = next(chars.len());
                    match next(3) {
                        0 => drop(chars.remove(at)),
                        1 => chars.insert(at, pieces[next(pieces.len())].to_owned()),
                        _ => chars[at] = pieces[next(pieces.len())].to_owned(),
                    }
                }
                read += usize::from(same(&(chars.concat() + "\n")));
            }
        }
        assert!(read > 100, "{read}");
    }

    #[test]
    fn public_rules() {
        let archive = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/rules/sigmahq.zip");
        let Ok(file) = std::fs::File::open(&archive) else {
            eprintln!("skipped: no public rules at {}", archive.display());
            return;
        };
        let mut archive = zip::ZipArchive::new(file).unwrap();
        let (mut all, mut plain) = (0, 0);
        for index in 0..archive.len() {
            let mut entry = archive.by_index(index).unwrap();
            if entry.name().is_ok_and(|name| name.ends_with(".yml")) {
                let mut text = String::new();
                entry.read_to_string(&mut text).unwrap();
                all += 1;
                plain += usize::from(same(&text));
            }
        }
        eprintln!("{plain} of {all} public rules are read the plain way");
        assert!(plain * 10 > all * 7, "{plain} of {all}");
    }
}
