//! What changed between two tellings, as lines of the terminal.

use crate::escape::{escape_terminal, shorten};
use crate::words::{Args, Lang, Words};

/// Lines that are shown; the file holds all.
const SHOWN: usize = 12;
const LINE: usize = 110;

/// One difference, as chain names it; times as results write them, reasons and verdicts as keys.
#[derive(Clone, Debug, Default)]
pub struct Change {
    pub what: String,
    pub of: String,
    pub of_ja: String,
    pub host: String,
    pub before: String,
    pub after: String,
}

/// A text of a few lines, each ending in a line feed; empty where nothing changed. `file` holds all changes.
pub fn changes_text(changes: &[Change], file: &str, lang: Lang) -> String {
    if changes.is_empty() {
        return String::new();
    }
    let mut lines = vec![Words::plain(lang, "changes.head").to_owned()];
    for change in changes.iter().take(SHOWN) {
        lines.push(format!("  {}", escape_terminal(&shorten(&line(change, lang), LINE))));
    }
    if changes.len() > SHOWN {
        let args = Args::from([("n".to_owned(), (changes.len() - SHOWN).to_string()), ("file".to_owned(), file.to_owned())]);
        lines.push(format!("  {}", Words::get(lang, "changes.more", &args)));
    }
    lines.join("\n") + "\n"
}

fn line(change: &Change, lang: Lang) -> String {
    let of = match (change.what.as_str(), lang) {
        ("hypothesis", _) => Words::plain(lang, &format!("hypotheses.{}.title", change.of)).to_owned(),
        (_, Lang::Ja) if !change.of_ja.is_empty() => change.of_ja.clone(),
        _ => change.of.clone(),
    };
    let named = |value: &str| {
        let group = match change.what.as_str() {
            "hypothesis" => "page.verdict",
            "gap-closed" | "gap-opened" => "gaps.why",
            _ => return value.to_owned(),
        };
        let key = format!("{group}.{value}");
        if Words::has(&key) { Words::plain(lang, &key).to_owned() } else { value.to_owned() }
    };
    let all = [("of", of), ("host", change.host.clone()), ("before", named(&change.before)), ("after", named(&change.after))];
    let args: Args = all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Words::get(lang, &format!("changes.{}", change.what), &args)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_has_words_in_both_languages() {
        let all = "start-earlier start-later step-added step-gone step-moved step-firmer step-weaker gap-closed gap-opened hypothesis";
        for what in all.split(' ') {
            let gap = what.starts_with("gap");
            let change = Change {
                what: what.to_owned(),
                of: if what == "hypothesis" { "entry-vpn-exploit" } else { "A step" }.to_owned(),
                host: "esx01".to_owned(),
                before: if gap {
                    "silent"
                } else if what == "hypothesis" {
                    "untestable"
                } else {
                    "2024-01-05T00:00:00Z"
                }
                .to_owned(),
                after: if gap {
                    "rotated"
                } else if what == "hypothesis" {
                    "supported"
                } else {
                    "2023-12-31T00:00:00Z"
                }
                .to_owned(),
                ..Change::default()
            };
            for lang in [Lang::En, Lang::Ja] {
                let text = changes_text(std::slice::from_ref(&change), "work/changes.json", lang);
                assert_eq!(text.lines().count(), 2, "{text}");
                assert!(!text.contains('{') && !text.contains("changes."), "{text}");
            }
        }
        assert!(changes_text(&[], "f", Lang::En).is_empty());
    }
}
