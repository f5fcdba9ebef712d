//! Texts with wildcards: parsing with Sigma's escapes, and matching.

use memchr::memmem;

use crate::fold::fold;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    Lit(String),
    /// `*`: any text, also none, also over line ends.
    Any,
    /// `?`: one character.
    One,
}

/// A text to compare a whole value with. Without case, its literals are folded.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Glob {
    pub parts: Vec<Part>,
    pub cased: bool,
}

/// What a glob amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape<'a> {
    Exact(&'a str),
    Contains(&'a str),
    Starts(&'a str),
    Ends(&'a str),
    /// Any value.
    Present,
    Wild,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) enum Anchor {
    #[default]
    Whole,
    Contains,
    Starts,
    Ends,
}

/// Splits at wildcards. `\*`, `\?` and `\\` stand for the character; any other backslash for itself.
pub(crate) fn parse(text: &str) -> Vec<Part> {
    if !text.is_empty() && !text.contains(['\\', '*', '?']) {
        return vec![Part::Lit(text.to_owned())];
    }
    let mut parts = Vec::new();
    let mut literal = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let wild = match c {
            '\\' => {
                match chars.peek() {
                    Some(&next @ ('*' | '?' | '\\')) => {
                        chars.next();
                        literal.push(next);
                    }
                    _ => literal.push('\\'),
                }
                continue;
            }
            '*' => Part::Any,
            '?' => Part::One,
            _ => {
                literal.push(c);
                continue;
            }
        };
        if !literal.is_empty() {
            parts.push(Part::Lit(std::mem::take(&mut literal)));
        }
        if !(wild == Part::Any && parts.last() == Some(&Part::Any)) {
            parts.push(wild);
        }
    }
    if !literal.is_empty() {
        parts.push(Part::Lit(literal));
    }
    parts
}

/// The text, where it has no wildcard.
pub(crate) fn plain(parts: &[Part]) -> Option<String> {
    match parts {
        [] => Some(String::new()),
        [Part::Lit(text)] => Some(text.clone()),
        _ => None,
    }
}

impl Glob {
    pub fn new(mut parts: Vec<Part>, anchor: Anchor, cased: bool) -> Self {
        if matches!(anchor, Anchor::Contains | Anchor::Ends) && parts.first() != Some(&Part::Any) {
            parts.insert(0, Part::Any);
        }
        if matches!(anchor, Anchor::Contains | Anchor::Starts) && parts.last() != Some(&Part::Any) {
            parts.push(Part::Any);
        }
        if !cased {
            for part in &mut parts {
                if let Part::Lit(text) = part {
                    *text = fold(text);
                }
            }
        }
        Self { parts, cased }
    }

    pub fn shape(&self) -> Shape<'_> {
        match self.parts.as_slice() {
            [] => Shape::Exact(""),
            [Part::Lit(text)] => Shape::Exact(text),
            [Part::Any] => Shape::Present,
            [Part::Any, Part::Lit(text), Part::Any] => Shape::Contains(text),
            [Part::Lit(text), Part::Any] => Shape::Starts(text),
            [Part::Any, Part::Lit(text)] => Shape::Ends(text),
            _ => Shape::Wild,
        }
    }

    /// The longest literal: a value without it cannot match.
    pub fn longest(&self) -> Option<&str> {
        self.parts
            .iter()
            .filter_map(|part| match part {
                Part::Lit(text) => Some(text.as_str()),
                _ => None,
            })
            .max_by_key(|text| text.len())
    }

    /// Whether the whole text fits; `text` is folded already unless the glob is cased.
    pub fn matches(&self, text: &[u8]) -> bool {
        let (mut at, mut part) = (0, 0);
        let mut star: Option<(usize, usize)> = None;
        loop {
            let rest = text.get(at..).unwrap_or_default();
            let step = match self.parts.get(part) {
                Some(Part::Any) => {
                    if part + 1 == self.parts.len() {
                        return true;
                    }
                    star = Some((part + 1, at));
                    Some(0)
                }
                Some(Part::One) => rest.first().map(|&lead| width(lead).min(rest.len())),
                Some(Part::Lit(text)) => rest.starts_with(text.as_bytes()).then_some(text.len()),
                None if rest.is_empty() => return true,
                None => None,
            };
            if let Some(step) = step {
                (at, part) = (at + step, part + 1);
                continue;
            }
            let Some((after, from)) = star else { return false };
            let Some(next) = self.retry(text, after, from) else { return false };
            star = Some((after, next));
            (at, part) = (next, after);
        }
    }

    /// The next place after `from` where the part behind a `*` may stand.
    fn retry(&self, text: &[u8], after: usize, from: usize) -> Option<usize> {
        let lead = *text.get(from)?;
        let next = from + width(lead);
        let rest = text.get(next..)?;
        match self.parts.get(after) {
            Some(Part::Lit(literal)) => memmem::find(rest, literal.as_bytes()).map(|found| next + found),
            _ => Some(next),
        }
    }
}

/// Bytes of the UTF-8 character that begins with `lead`.
fn width(lead: u8) -> usize {
    match lead {
        0xc0..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xff => 4,
        _ => 1,
    }
}
