//! `Field|modifier|…: values` becomes atoms joined by or, and, not.

use super::Refused;
use super::atom::{Cidr, Expr, Number, Op, Test};
use super::glob::{self, Anchor, Glob, Part};
use super::pattern::Pattern;
use super::value::{self, Placeholders};
use crate::yaml::{Data, Node};

/// What stands behind the field's name.
#[derive(Debug, Default)]
struct Spec {
    anchor: Anchor,
    cased: bool,
    all: bool,
    neq: bool,
    windash: bool,
    expand: bool,
    regex: bool,
    flags: (bool, bool, bool),
    cidr: bool,
    exists: bool,
    fieldref: bool,
    compare: Option<Op>,
    encodings: Vec<Encoding>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    Utf16 { big: bool, mark: bool },
    Base64,
    Base64Offset,
}

/// The expression of one entry of a selection. `key`: `Field|modifier`, `|modifier` or empty for keywords.
pub(crate) fn entry(key: &str, line: u32, node: &Node, lists: &Placeholders) -> Result<Expr, Refused> {
    let mut names = key.split('|');
    let field = names.next().filter(|name| !name.is_empty());
    let spec = spec(names).map_err(|reason| Refused::new(line, format!("`{key}`: {reason}")))?;
    let one = std::slice::from_ref(node);
    let values = match &node.data {
        Data::List(items) => items.as_slice(),
        _ => one,
    };
    if values.is_empty() {
        return Err(Refused::new(line, format!("`{key}` has no values")));
    }
    let mut items = Vec::with_capacity(values.len());
    for node in values {
        let made = test(&spec, field, node, lists);
        items.push(made.map_err(|reason| Refused::new(node.line.max(line), format!("`{key}`: {reason}")))?);
    }
    let joined = if spec.all { Expr::all(items) } else { Expr::any(items) };
    let joined = joined.ok_or_else(|| Refused::new(line, format!("`{key}` has no values")))?;
    Ok(if spec.neq { joined.not() } else { joined })
}

fn spec<'a>(names: impl Iterator<Item = &'a str>) -> Result<Spec, String> {
    let mut spec = Spec::default();
    for name in names {
        match name {
            "contains" => anchor(&mut spec, Anchor::Contains)?,
            "startswith" => anchor(&mut spec, Anchor::Starts)?,
            "endswith" => anchor(&mut spec, Anchor::Ends)?,
            "all" => spec.all = true,
            "cased" => spec.cased = true,
            "neq" => spec.neq = true,
            "re" => spec.regex = true,
            "i" | "ignorecase" => spec.flags.0 = true,
            "m" | "multiline" => spec.flags.1 = true,
            "s" | "dotall" => spec.flags.2 = true,
            "windash" => spec.windash = true,
            "expand" => spec.expand = true,
            "cidr" => spec.cidr = true,
            "exists" => spec.exists = true,
            "fieldref" => spec.fieldref = true,
            "lt" => compare(&mut spec, Op::Lt)?,
            "lte" => compare(&mut spec, Op::Lte)?,
            "gt" => compare(&mut spec, Op::Gt)?,
            "gte" => compare(&mut spec, Op::Gte)?,
            "wide" | "utf16le" => encode(&mut spec, false, false),
            "utf16be" => encode(&mut spec, true, false),
            "utf16" => encode(&mut spec, false, true),
            "base64" => spec.encodings.push(Encoding::Base64),
            "base64offset" => spec.encodings.push(Encoding::Base64Offset),
            _ => return Err(format!("modifier `{name}` is not known")),
        }
    }
    agree(spec)
}

fn anchor(spec: &mut Spec, anchor: Anchor) -> Result<(), String> {
    if spec.anchor != Anchor::Whole {
        return Err("two of contains, startswith, endswith".into());
    }
    spec.anchor = anchor;
    Ok(())
}

fn compare(spec: &mut Spec, op: Op) -> Result<(), String> {
    if spec.compare.replace(op).is_some() {
        return Err("two of lt, lte, gt, gte".into());
    }
    Ok(())
}

fn encode(spec: &mut Spec, big: bool, mark: bool) {
    spec.encodings.push(Encoding::Utf16 { big, mark });
}

/// Refuses modifiers that cannot go together.
fn agree(spec: Spec) -> Result<Spec, String> {
    let kinds = [spec.regex, spec.cidr, spec.exists, spec.fieldref, spec.compare.is_some(), !spec.encodings.is_empty()];
    let alone = kinds.iter().filter(|kind| **kind).count();
    let anchored = spec.anchor != Anchor::Whole;
    let texts = spec.fieldref || !spec.encodings.is_empty();
    let flagged = spec.flags.0 || spec.flags.1 || spec.flags.2;
    if alone > 1 || (alone == 1 && !texts && anchored) || (flagged && !spec.regex) {
        return Err("modifiers do not go together".into());
    }
    if (spec.regex || spec.cidr || spec.exists || spec.compare.is_some()) && spec.windash {
        return Err("modifiers do not go together".into());
    }
    Ok(spec)
}

fn test(spec: &Spec, field: Option<&str>, node: &Node, lists: &Placeholders) -> Result<Expr, String> {
    if node.is_null() {
        return null(spec, field);
    }
    let Data::Scalar { text, .. } = &node.data else {
        return Err("a value is neither text nor number".into());
    };
    let made = if spec.regex {
        Test::Regex(Pattern::new(text, spec.flags)?)
    } else if spec.cidr {
        Test::Cidr(Cidr::parse(text).ok_or_else(|| format!("`{text}` is no network"))?)
    } else if spec.exists {
        Test::Exists(boolean(text)?)
    } else if let Some(op) = spec.compare {
        let number = Number::parse(text).ok_or_else(|| format!("`{text}` is no number"))?;
        Test::Number(op, number)
    } else if spec.fieldref {
        other(spec, text)
    } else {
        return texts(spec, field, text, lists);
    };
    let fielded = matches!(made, Test::Exists(_) | Test::Number(..) | Test::Other { .. });
    if field.is_none() && fielded {
        return Err("this modifier needs a field".into());
    }
    Ok(Expr::atom(field, made))
}

fn null(spec: &Spec, field: Option<&str>) -> Result<Expr, String> {
    let plain = !(spec.regex || spec.cidr || spec.exists || spec.fieldref) && spec.compare.is_none() && spec.encodings.is_empty();
    if field.is_none() || !plain {
        return Err("null is no value here".into());
    }
    Ok(Expr::atom(field, Test::Null))
}

fn boolean(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" => Ok(true),
        "false" | "no" => Ok(false),
        _ => Err(format!("`{text}` is neither true nor false")),
    }
}

fn other(spec: &Spec, text: &str) -> Test {
    Test::Other {
        field: text.to_owned(),
        contains: spec.anchor == Anchor::Contains,
        starts: spec.anchor == Anchor::Starts,
        ends: spec.anchor == Anchor::Ends,
        cased: spec.cased,
    }
}

fn texts(spec: &Spec, field: Option<&str>, text: &str, lists: &Placeholders) -> Result<Expr, String> {
    let mut values = vec![text.to_owned()];
    if spec.expand {
        values = value::expand(text, lists)?;
    }
    if spec.windash {
        let mut out = Vec::new();
        for text in &values {
            out.extend(value::windash(text)?);
        }
        values = out;
    }
    let anchor = if field.is_none() && spec.anchor == Anchor::Whole { Anchor::Contains } else { spec.anchor };
    let mut items = Vec::with_capacity(values.len());
    for text in &values {
        let variants = if spec.encodings.is_empty() { vec![glob::parse(text)] } else { encoded(spec, text)? };
        for parts in variants {
            items.push(Expr::atom(field, Test::Text(Glob::new(parts, anchor, spec.cased))));
        }
    }
    Expr::any(items).ok_or_else(|| "no value".to_owned())
}

fn encoded(spec: &Spec, text: &str) -> Result<Vec<Vec<Part>>, String> {
    let plain = glob::plain(&glob::parse(text));
    let text = plain.ok_or("a wildcard cannot be encoded")?;
    let mut values = vec![text.into_bytes()];
    for encoding in &spec.encodings {
        let mut out = Vec::new();
        for bytes in &values {
            match encoding {
                Encoding::Utf16 { big, mark } => {
                    let text = std::str::from_utf8(bytes).map_err(|_| "encoded twice")?;
                    out.push(value::utf16(text, *big, *mark));
                }
                Encoding::Base64 => out.push(value::base64(bytes).into_bytes()),
                Encoding::Base64Offset => {
                    out.extend(value::base64_offsets(bytes).into_iter().map(String::into_bytes));
                }
            }
        }
        values = out;
    }
    let mut parts = Vec::new();
    for bytes in values {
        let text = String::from_utf8(bytes).map_err(|_| "the encoded bytes are no text; add base64 or base64offset")?;
        if text.is_empty() {
            return Err("too short to be encoded".into());
        }
        parts.push(vec![Part::Lit(text)]);
    }
    Ok(parts)
}
