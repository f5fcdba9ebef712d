//! What is printed, in the reader's language. A reader that goes away (`| head`) is no fault.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::io::{self, Write};
use std::sync::OnceLock;

use serde::Deserialize;

use crate::args::Language;

#[derive(Deserialize)]
struct Both {
    en: String,
    ja: String,
}

fn words() -> &'static BTreeMap<String, Both> {
    static WORDS: OnceLock<BTreeMap<String, Both>> = OnceLock::new();
    WORDS.get_or_init(|| toml::from_str(include_str!("../text/cli.toml")).unwrap_or_default())
}

/// The sentence of that name, its `{0}`, `{1}`, … filled.
pub fn words_of(name: &str, language: Language, values: &[&dyn Display]) -> String {
    let mut text = match (words().get(name), language) {
        (Some(both), Language::Ja) => both.ja.clone(),
        (Some(both), Language::En) => both.en.clone(),
        (None, _) => name.to_owned(),
    };
    for (place, value) in values.iter().enumerate() {
        text = text.replace(&format!("{{{place}}}"), &value.to_string());
    }
    text
}

/// A line of results.
pub fn out(line: impl Display) {
    let _ = writeln!(io::stdout().lock(), "{line}");
}

/// A line about the run.
pub fn err(line: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::{words, words_of};
    use crate::args::Language;

    #[test]
    fn every_sentence_has_both_languages_and_the_same_blanks() {
        assert!(words().len() > 10);
        for (name, both) in words() {
            for blank in ["{0}", "{1}", "{2}"] {
                assert_eq!(both.en.contains(blank), both.ja.contains(blank), "{name} {blank}");
            }
            assert_ne!(both.en, both.ja, "{name}");
        }
        assert_eq!(words_of("rules_checked", Language::En, &[&3, &1]), "3 rules usable, 1 not");
    }
}
