//! Sentences with holes: `{name}`, `{name:format}`, `{name|one|many}`, and `[optional parts]` that vanish when a hole
//! in them has nothing to say.

use std::collections::BTreeSet;

/// A part of a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    Text(&'a str),
    Hole {
        name: &'a str,
        format: &'a str,
    },
    /// One word or the other by the number in the hole.
    Plural {
        name: &'a str,
        one: &'a str,
        many: &'a str,
    },
    Optional(Vec<Piece<'a>>),
}

/// Splits a sentence. What is no well-formed hole stays text; brackets without a hole stay text too.
pub fn parse(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '[']) {
        let (head, tail) = rest.split_at(at);
        push_text(&mut pieces, head);
        let (piece, after) = match tail.strip_prefix('{') {
            Some(inner) => hole(inner).unwrap_or((Piece::Text("{"), inner)),
            None => optional(tail),
        };
        pieces.push(piece);
        rest = after;
    }
    push_text(&mut pieces, rest);
    pieces
}

fn push_text<'a>(pieces: &mut Vec<Piece<'a>>, text: &'a str) {
    if !text.is_empty() {
        pieces.push(Piece::Text(text));
    }
}

fn hole(inner: &str) -> Option<(Piece<'_>, &str)> {
    let (body, after) = inner.split_once('}')?;
    if let Some((name, words)) = body.split_once('|') {
        let (one, many) = words.split_once('|')?;
        return is_name(name).then_some((Piece::Plural { name, one, many }, after));
    }
    let (name, format) = body.split_once(':').unwrap_or((body, ""));
    is_name(name).then_some((Piece::Hole { name, format }, after))
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c))
}

/// `tail` begins with `[`.
fn optional(tail: &str) -> (Piece<'_>, &str) {
    let inner = tail.strip_prefix('[').unwrap_or(tail);
    match inner.split_once(']') {
        Some((body, after)) if body.contains('{') && !body.contains('[') => (Piece::Optional(parse(body)), after),
        _ => (Piece::Text("["), inner),
    }
}

/// The names of all holes, for the test that both languages have the same.
pub fn names(text: &str) -> BTreeSet<String> {
    fn collect(pieces: &[Piece<'_>], into: &mut BTreeSet<String>) {
        for piece in pieces {
            match piece {
                Piece::Text(_) => {}
                Piece::Hole { name, .. } | Piece::Plural { name, .. } => {
                    into.insert((*name).to_owned());
                }
                Piece::Optional(inner) => collect(inner, into),
            }
        }
    }
    let mut into = BTreeSet::new();
    collect(&parse(text), &mut into);
    into
}

/// How a sentence is put together: where values come from, how they are formatted, how both are escaped.
pub trait Fill {
    /// The raw value; `None` or empty where there is none.
    fn value(&self, name: &str) -> Option<String>;
    /// The value as it is shown.
    fn show(&self, value: &str, name: &str, format: &str) -> String;
    /// What stands in a hole without value.
    fn missing(&self) -> String;
    /// Our own words between the holes.
    fn text(&self, text: &str) -> String {
        text.to_owned()
    }
}

pub fn fill(text: &str, how: &dyn Fill) -> String {
    let mut out = String::with_capacity(text.len() + 32);
    fill_pieces(&parse(text), how, &mut out);
    out
}

fn given(how: &dyn Fill, name: &str) -> Option<String> {
    how.value(name).filter(|value| !value.is_empty())
}

fn fill_pieces(pieces: &[Piece<'_>], how: &dyn Fill, out: &mut String) {
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.push_str(&how.text(text)),
            Piece::Hole { name, format } => match given(how, name) {
                Some(value) => out.push_str(&how.show(&value, name, format)),
                None => out.push_str(&how.missing()),
            },
            Piece::Plural { name, one, many } => {
                let single = given(how, name).is_some_and(|value| value.trim() == "1");
                out.push_str(&how.text(if single { one } else { many }));
            }
            Piece::Optional(inner) => {
                let said = inner.iter().all(|piece| match piece {
                    Piece::Hole { name, .. } => given(how, name).is_some(),
                    _ => true,
                });
                if said {
                    fill_pieces(inner, how, out);
                }
            }
        }
    }
}
