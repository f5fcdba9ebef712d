//! Texts that an expression cannot match without: what its search is kept behind.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::literal::{ExtractKind, Extractor};
use regex_syntax::hir::{Class, Hir, HirKind};

use crate::fold::{fold, fold_char};

/// More alternatives than this are no filter.
const MAX_LITERALS: usize = 64;
/// Shorter texts stand everywhere,
const MIN_LENGTH: usize = 2;
/// but for these.
const RARE: [char; 10] = ['`', '{', '}', '^', '+', '<', '>', '|', ';', '~'];

/// What an expression cannot match without.
#[derive(Debug, Default)]
pub(crate) struct Needs {
    /// Folded literals of which every matching text holds at least one; `None` if there are none worth it.
    pub literals: Option<Vec<String>>,
    /// Bytes of the shortest match.
    pub length: usize,
}

pub(crate) fn needs(source: &str) -> Needs {
    let Ok(hir) = ParserBuilder::new().nest_limit(64).build().parse(source) else { return Needs::default() };
    let length = hir.properties().minimum_len().unwrap_or(0);
    let sets = [of(&hir), end(&hir, ExtractKind::Prefix), end(&hir, ExtractKind::Suffix)];
    let worth = sets.into_iter().flatten().filter(|set| set.iter().all(|text| text.len() >= MIN_LENGTH || text.starts_with(RARE)));
    // The first of equals.
    let literals = worth.reduce(|a, b| if (shortest(&b), a.len()) > (shortest(&a), b.len()) { b } else { a });
    Needs { literals, length }
}

/// Texts that every match begins (or ends) with one of.
fn end(hir: &Hir, kind: ExtractKind) -> Option<Vec<String>> {
    let mut extractor = Extractor::new();
    extractor.kind(kind).limit_total(MAX_LITERALS).limit_class(8);
    let found = extractor.extract(hir);
    let texts = found.literals()?.iter().map(|literal| std::str::from_utf8(literal.as_bytes()).ok().map(fold));
    let mut texts: Vec<String> = texts.collect::<Option<_>>()?;
    texts.sort();
    texts.dedup();
    (!texts.is_empty() && shortest(&texts) > 0).then_some(texts)
}

fn shortest(set: &[String]) -> usize {
    set.iter().map(String::len).min().unwrap_or(0)
}

fn of(hir: &Hir) -> Option<Vec<String>> {
    if let Some(text) = exact(hir) {
        return (!text.is_empty()).then(|| vec![text]);
    }
    match hir.kind() {
        HirKind::Capture(capture) => of(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => of(&repetition.sub),
        HirKind::Concat(items) => concat(items),
        HirKind::Alternation(items) => {
            let mut all = Vec::new();
            for item in items {
                all.extend(of(item)?);
            }
            all.sort();
            all.dedup();
            (all.len() <= MAX_LITERALS).then_some(all)
        }
        _ => None,
    }
}

fn concat(items: &[Hir]) -> Option<Vec<String>> {
    let mut best: Option<Vec<String>> = None;
    let mut run = String::new();
    let mut offer = |set: Vec<String>| {
        let better = best.as_ref().is_none_or(|old| (shortest(&set), old.len()) > (shortest(old), set.len()));
        if better {
            best = Some(set);
        }
    };
    for item in items {
        if let Some(text) = exact(item) {
            run.push_str(&text);
            continue;
        }
        if !run.is_empty() {
            offer(vec![std::mem::take(&mut run)]);
        }
        if let Some(set) = of(item) {
            offer(set);
        }
    }
    if !run.is_empty() {
        offer(vec![run]);
    }
    best
}

/// The one folded text that it matches, if it is one.
fn exact(hir: &Hir) -> Option<String> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Some(String::new()),
        HirKind::Literal(literal) => Some(std::str::from_utf8(&literal.0).ok()?.chars().map(fold_char).collect()),
        HirKind::Class(Class::Unicode(class)) => {
            let mut chars = class.iter().flat_map(|range| range.start()..=range.end()).take(5);
            let first = fold_char(chars.next()?);
            let mut count = 1;
            for c in chars {
                count += 1;
                if fold_char(c) != first || count > 4 {
                    return None;
                }
            }
            Some(first.to_string())
        }
        HirKind::Capture(capture) => exact(&capture.sub),
        HirKind::Concat(items) => items.iter().map(exact).collect(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::needs;

    fn set(source: &str) -> Vec<String> {
        needs(source).literals.unwrap_or_default()
    }

    #[test]
    fn finds_what_must_be_there() {
        assert_eq!(set(r"(?i)\.EXE\s+WerFault\d"), ["werfault"]);
        assert_eq!(set(r"cmd.{0,5}(?:/c|/r).+powershell.+"), ["powershell"]);
        assert_eq!(set(r"\\mypipe-(?:f|h)[0-9a-f]{2}"), [r"\mypipe-f", r"\mypipe-h"]);
        assert_eq!(set(r"(alpha|beta)\d"), ["alpha", "beta"]);
        assert!(set(r"[a-z]+\d?").is_empty());
        assert!(set(r"(alpha|\d+)").is_empty());
        assert_eq!(set(r"\w+`\w"), ["`"]);
        assert_eq!(set(r"\\[a-z]{1,9}\.[ '`]"), [". ", ".'", ".`"]);
        assert_eq!((needs(".{1000,}").length, needs(r"\s[0-9]{4}").length), (1000, 5));
    }
}
