//! Building blocks of pictures: numbers, texts in both languages, hatches. No style attributes: the policy forbids them.

use std::fmt::Write as _;

use crate::attack;
use crate::escape::html;

/// A number for a coordinate, one digit after the point.
pub fn num(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

/// One text in both languages at the same place; `en` and `ja` are plain text.
pub fn text_both(class: &str, x: f64, y: f64, (en, ja): (&str, &str)) -> String {
    if ja.is_empty() || en == ja {
        return text(class, x, y, en);
    }
    format!(
        "<text class=\"{class} en\" lang=\"en\" x=\"{0}\" y=\"{1}\">{2}</text><text class=\"{class} ja\" lang=\"ja\" x=\"{0}\" y=\"{1}\">{3}</text>",
        num(x),
        num(y),
        html(en),
        html(ja)
    )
}

pub fn text(class: &str, x: f64, y: f64, value: &str) -> String {
    format!("<text class=\"{class}\" x=\"{}\" y=\"{}\">{}</text>", num(x), num(y), html(value))
}

pub fn rect(class: &str, (x, y): (f64, f64), (width, height): (f64, f64), more: &str) -> String {
    format!(
        "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"{more}/>",
        num(x),
        num(y),
        num(width.max(0.0)),
        num(height)
    )
}

/// Hatches: grey for missing logs and one for each tactic, whose ids begin with `prefix`.
pub fn hatches(prefix: &str) -> String {
    let mut out = String::from("<defs>");
    let mut hatch = |id: &str, colour: &str, back: &str, gap: u32, width: &str| {
        // Writing into a String cannot fail.
        let _ = write!(
            out,
            "<pattern id=\"{prefix}-{id}\" width=\"{gap}\" height=\"{gap}\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><rect width=\"{gap}\" height=\"{gap}\" fill=\"{back}\"/><rect width=\"{width}\" height=\"{gap}\" fill=\"{colour}\"/></pattern>"
        );
    };
    hatch("nolog", "#b9c0c8", "#eceff2", 7, "2");
    hatch("partial", "#8a939d", "#ffffff", 5, "2");
    for tactic in attack::tactics() {
        hatch(tactic.short, tactic.colour, "#ffffff", 5, "2.4");
    }
    hatch("none", "#4a545e", "#ffffff", 5, "2.4");
    out.push_str("</defs>");
    out
}

/// The frame of a picture with its text alternative.
pub fn open(id: &str, (width, height): (f64, f64), title: &str, desc: &str) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" role=\"img\" aria-labelledby=\"{id}-t {id}-d\"><title id=\"{id}-t\">{}</title><desc id=\"{id}-d\">{}</desc>",
        num(width),
        num(height),
        html(title),
        html(desc)
    )
}
