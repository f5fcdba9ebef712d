//! The words of a YARA rule, from what its `meta` section says; public rule sets have habits of their own.

use std::sync::OnceLock;

use konseki_model::finding::Words;
use konseki_model::{At, Level};
use konseki_yara::{About, RuleSet, Unusable};

use crate::detect::RuleWords;

/// Rule files, compiled when they are first asked for: much evidence holds nothing that is scanned.
pub struct Set {
    files: Vec<(String, Vec<u8>)>,
    compiled: OnceLock<(RuleSet, Vec<Unusable>)>,
}

impl Set {
    pub fn new(files: Vec<(String, Vec<u8>)>) -> Self {
        Self { files, compiled: OnceLock::new() }
    }

    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    fn whole(&self) -> &(RuleSet, Vec<Unusable>) {
        self.compiled.get_or_init(|| RuleSet::compile(&self.files))
    }

    pub fn get(&self) -> &RuleSet {
        &self.whole().0
    }

    pub fn unusable(&self) -> &[Unusable] {
        &self.whole().1
    }

    /// Number of rules that can be used. While nothing is compiled: of those declared, which in our own files is the same.
    pub fn count(&self) -> usize {
        let declared = || self.files.iter().map(|(_, text)| declared(text)).sum();
        self.compiled.get().map_or_else(declared, |(rules, _)| rules.len())
    }
}

/// Rules that a file written as ours are declares: each on a line of its own.
fn declared(text: &[u8]) -> usize {
    text.split(|byte| *byte == b'\n').filter(|line| line.starts_with(b"rule ")).count()
}

/// `level` or, as signature-base has it, `score` (0 to 100); ATT&CK ids from `attack`, `mitre_att`, `mitre_attack` or tags.
pub fn words(rule: &str, about: Option<&About>) -> RuleWords {
    let empty = About::default();
    let about = about.unwrap_or(&empty);
    let text = |name: &str| about.meta.get(name).cloned().unwrap_or_default();
    let title = text("title");
    let level = Level::parse(&text("level")).or_else(|| text("score").parse().ok().map(of_score)).unwrap_or(Level::High);
    let ids = ["attack", "mitre_att", "mitre_attack"].map(text).join(" ");
    let mut techniques: Vec<String> = ids
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '.'))
        .chain(about.tags.iter().map(String::as_str))
        .filter(|id| is_technique(id))
        .map(str::to_owned)
        .collect();
    techniques.sort();
    techniques.dedup();
    let ja = about.meta.get("title_ja").map(|title| Words {
        title: title.clone(),
        why: text("description_ja"),
        disproof: text("falsepositives_ja"),
    });
    RuleWords {
        id: rule.to_owned(),
        title: if title.is_empty() { format!("YARA: {rule}") } else { title },
        level,
        techniques,
        tactics: Vec::new(),
        why: text("description"),
        disproof: text("falsepositives"),
        ja,
    }
}

fn of_score(score: u64) -> Level {
    match score {
        0..40 => Level::Low,
        40..70 => Level::Medium,
        70..90 => Level::High,
        _ => Level::Critical,
    }
}

/// Where a string stands, as a person would look it up: the line in a text, else the offset. A line's excerpt ends with it.
pub fn place<'a>(whole: &[u8], offset: u64, text: &'a str) -> (At, &'a str) {
    let before = usize::try_from(offset).ok().and_then(|offset| whole.get(..offset));
    let head = whole.get(..whole.len().min(4096)).unwrap_or_default();
    match before {
        Some(before) if !whole.is_empty() && !head.contains(&0) && std::str::from_utf8(whole).is_ok() => {
            let line = memchr::memchr_iter(b'\n', before).count() as u64 + 1;
            (At::Line(line), text.lines().next().unwrap_or_default())
        }
        _ => (At::Offset(offset), text),
    }
}

/// A rule file against the bytes beside it that must match and that must not; what went wrong.
pub fn test(name: &str, rule: &[u8], hit: &[u8], miss: &[u8]) -> Vec<String> {
    let (rules, unusable) = RuleSet::compile(&[(name.to_owned(), rule.to_vec())]);
    if let Some(bad) = unusable.first() {
        return vec![format!("{name}:{}: {}", bad.line, bad.reason)];
    }
    let found = |bytes: &[u8]| rules.scan("sample", bytes).map(|hits| hits.into_iter().map(|hit| hit.rule).collect::<Vec<_>>());
    let mut wrong = Vec::new();
    match found(hit) {
        Ok(hits) if hits.is_empty() => wrong.push(format!("{name}: does not match its sample NAME.match.bin")),
        Ok(_) => {}
        Err(why) => wrong.push(format!("{name}: {why}")),
    }
    match found(miss) {
        Ok(hits) if hits.is_empty() => {}
        Ok(hits) => wrong.push(format!("{name}: NAME.nomatch.bin matches {}", hits.join(", "))),
        Err(why) => wrong.push(format!("{name}: {why}")),
    }
    wrong
}

/// `T1505` or `T1505.003`.
fn is_technique(id: &str) -> bool {
    let digits = |text: &str, n: usize| text.len() == n && text.bytes().all(|b| b.is_ascii_digit());
    id.strip_prefix('T').is_some_and(|rest| match rest.split_once('.') {
        None => digits(rest, 4),
        Some((head, tail)) => digits(head, 4) && digits(tail, 3),
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn our_own_rules_are_counted_without_compiling_them() {
        let set = Set::new(crate::builtin::below("yara/", ".yar"));
        let counted = set.count();
        assert!(counted > 10, "{counted}");
        assert_eq!((set.unusable(), set.get().len()), (&[][..], counted));
    }

    #[test]
    fn a_place_in_text_is_a_line_and_in_bytes_an_offset() {
        assert_eq!(place(b"one\ntwo mark\nmore", 8, "mark\nmore"), (At::Line(2), "mark"));
        assert_eq!(place(b"\0\0\n mark", 4, "mark"), (At::Offset(4), "mark"));
        assert_eq!(place(b"", 4, "mark"), (At::Offset(4), "mark"));
    }

    #[test]
    fn own_words_are_taken_and_public_habits_understood() {
        let meta = |pairs: &[(&str, &str)]| About {
            tags: vec!["T1059".to_owned(), "APT".to_owned()],
            meta: pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<BTreeMap<_, _>>(),
        };
        let own = words("x", Some(&meta(&[("title", "A"), ("level", "critical"), ("attack", "T1505.003, T1059")])));
        assert_eq!((own.title.as_str(), own.level), ("A", Level::Critical));
        assert_eq!(own.techniques, ["T1059", "T1505.003"]);
        let public = words("y", Some(&meta(&[("score", "65"), ("description", "d")])));
        assert_eq!((public.title.as_str(), public.level, public.why.as_str()), ("YARA: y", Level::Medium, "d"));
        assert_eq!(words("z", None).level, Level::High);
    }
}
