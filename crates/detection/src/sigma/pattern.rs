//! Regular expressions of rules: judged when the rule is read, compiled when an event first asks.
//!
//! Most rules are asked about no event of a case, and compiling an expression costs some hundred times what judging it does.

use std::hash::{Hash, Hasher};
use std::sync::OnceLock;

use regex::{Regex, RegexBuilder};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind};

/// Bytes that one compiled expression may take.
const SIZE: usize = 4 << 20;
/// Groups within each other.
const NEST: u32 = 64;
/// Up to this many states, counted generously, an expression is far within [`SIZE`] and may be compiled later.
const SMALL: usize = 10_000;
/// States that one range of characters takes at most: UTF-8 of several lengths.
const RANGE: usize = 12;

/// An expression that can be used; equal where the text is.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    /// With its flags.
    pub source: String,
    /// `None` inside: it could not be compiled, which [`Pattern::new`] rules out.
    regex: OnceLock<Option<Regex>>,
}

impl Pattern {
    /// `flags`: ignore case, lines, dot matches line ends.
    ///
    /// # Errors
    /// No expression, one that linear time cannot match, or one too large.
    pub fn new(text: &str, flags: (bool, bool, bool)) -> Result<Self, String> {
        if text.is_empty() {
            return Err("an empty expression matches everything".into());
        }
        for look in ["(?=", "(?!", "(?<=", "(?<!"] {
            if text.contains(look) {
                return Err(format!("lookaround `{look}` cannot be matched in linear time; split it into a second selection with `not`"));
            }
        }
        let (i, m, s) = flags;
        let mut parser = ParserBuilder::new();
        parser.case_insensitive(i).multi_line(m).dot_matches_new_line(s).nest_limit(NEST);
        let regex = OnceLock::new();
        if !parser.build().parse(text).is_ok_and(|hir| states(&hir) <= SMALL) {
            let mut builder = RegexBuilder::new(text);
            builder.case_insensitive(i).multi_line(m).dot_matches_new_line(s);
            let made = bounded(&mut builder).map_err(|error| short(&error))?;
            regex.get_or_init(|| Some(made));
        }
        let flags: String = [(i, 'i'), (m, 'm'), (s, 's')].into_iter().filter(|(on, _)| *on).map(|(_, letter)| letter).collect();
        let source = if flags.is_empty() { text.to_owned() } else { format!("(?{flags}){text}") };
        Ok(Self { source, regex })
    }

    pub fn is_match(&self, text: &str) -> bool {
        self.compiled().is_some_and(|regex| regex.is_match(text))
    }

    fn compiled(&self) -> Option<&Regex> {
        self.regex.get_or_init(|| bounded(&mut RegexBuilder::new(&self.source)).ok()).as_ref()
    }
}

fn bounded(builder: &mut RegexBuilder) -> Result<Regex, regex::Error> {
    builder.size_limit(SIZE).nest_limit(NEST).build()
}

/// States of the compiled expression, rather too many than too few.
fn states(hir: &Hir) -> usize {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => 1,
        HirKind::Literal(literal) => literal.0.len(),
        HirKind::Class(Class::Unicode(class)) => class.ranges().len().saturating_mul(RANGE),
        HirKind::Class(Class::Bytes(class)) => class.ranges().len(),
        HirKind::Capture(capture) => states(&capture.sub).saturating_add(2),
        HirKind::Repetition(repetition) => {
            let times = repetition.max.unwrap_or(repetition.min).max(repetition.min).saturating_add(1);
            states(&repetition.sub).saturating_add(1).saturating_mul(usize::try_from(times).unwrap_or(usize::MAX))
        }
        HirKind::Concat(items) | HirKind::Alternation(items) => {
            items.iter().fold(2, |sum, item| states(item).saturating_add(1).saturating_add(sum))
        }
    }
}

fn short(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    let last = last.trim_start_matches("error:").trim();
    format!("the expression cannot be used: {last}")
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

impl Eq for Pattern {}

impl Hash for Pattern {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.source.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::{Pattern, SIZE};
    use regex::RegexBuilder;

    #[test]
    fn what_is_compiled_later_can_be_compiled() {
        let mut sources: Vec<String> = [r"\w", r"\W", r".", r"\s", r"(?i)\p{L}", r"[a-z]", r"\d", r"\S", "(?i)k", r"\pN", "a|bc", "(?s)."]
            .into_iter()
            .flat_map(|part| (0..14).map(move |power| format!("(?:{part}x?){{{}}}", 1 << power)))
            .collect();
        sources.extend((0..12).map(|power| format!("(?:{})+", "[a-c\u{e9}]|z".repeat(1 << power))));
        for source in &sources {
            let whole = RegexBuilder::new(source).size_limit(SIZE).nest_limit(64).build();
            match Pattern::new(source, (false, false, false)) {
                Ok(pattern) => assert!(pattern.compiled().is_some() && whole.is_ok(), "{source}"),
                Err(_) => assert!(whole.is_err(), "{source}"),
            }
        }
    }
}
