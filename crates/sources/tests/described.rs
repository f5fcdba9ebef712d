//! What `konseki sources` and docs/sources say of a source is there for each, in both languages: where it lies, how to collect
//! it (an exact command or menu), how long it is kept, what it can show and what not.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use konseki_sources::{Description, all, plain};

fn is_japanese(text: &str) -> bool {
    text.chars().any(|c| matches!(c, '\u{3041}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}'))
}

#[test]
fn nothing_is_left_empty_in_either_language() {
    let mut wrong = Vec::new();
    for entry in all().iter().chain([plain()]) {
        let about = Description::parse(entry.about).unwrap();
        for (name, both) in [
            ("title", &about.title),
            ("collect", &about.collect),
            ("keep", &about.keep),
            ("shows", &about.shows),
            ("cannot", &about.cannot),
        ] {
            if both.en.trim().len() < 4 || is_japanese(&both.en) {
                wrong.push(format!("{}: {name}.en: {:?}", entry.id, both.en));
            }
            if !is_japanese(&both.ja) {
                wrong.push(format!("{}: {name}.ja: {:?}", entry.id, both.ja));
            }
        }
        // Text that no source knows lies anywhere.
        let anywhere = entry.id == plain().id;
        if !anywhere
            && (about.product.trim().is_empty() || about.place.is_empty() || about.place.iter().any(|place| place.trim().is_empty()))
        {
            wrong.push(format!("{}: product or where", entry.id));
        }
        if about.clock.zone.is_empty() || !["format", "assumed"].contains(&about.clock.basis.as_str()) {
            wrong.push(format!("{}: clock", entry.id));
        }
    }
    assert!(wrong.is_empty(), "{} left:\n{}", wrong.len(), wrong.join("\n"));
}

/// A command or a path stands in backticks, a menu has its steps; the fallback for any text has neither.
#[test]
fn collecting_is_told_exactly() {
    let exact = |text: &str| text.matches('`').count() >= 2 || text.contains(" > ") || text.contains("\u{ff1e}");
    let mut wrong = Vec::new();
    for entry in all() {
        let about = Description::parse(entry.about).unwrap();
        for (language, text) in [("en", &about.collect.en), ("ja", &about.collect.ja)] {
            if !exact(text) {
                wrong.push(format!("{} {language}: {text}", entry.id));
            }
        }
    }
    assert!(wrong.is_empty(), "{} told in general only:\n{}", wrong.len(), wrong.join("\n"));
}
