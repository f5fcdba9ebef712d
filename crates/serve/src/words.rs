//! The words of the page: `text/words.toml`, English and Japanese side by side.

use serde_json::{Map, Value, json};

pub const TEXT: &str = include_str!("../text/words.toml");

/// All of them as one object, key to `{en, ja}`.
///
/// # Errors
/// A key without one of the two languages.
pub fn json() -> Result<String, String> {
    let table: toml::Table = toml::from_str(TEXT).map_err(|error| format!("text/words.toml: {error}"))?;
    let mut all = Map::new();
    for (key, both) in &table {
        let word = |language: &str| {
            let word = both.get(language).and_then(toml::Value::as_str).filter(|word| !word.is_empty());
            word.ok_or_else(|| format!("text/words.toml: {key}: {language} is missing"))
        };
        all.insert(key.clone(), json!({ "en": word("en")?, "ja": word("ja")? }));
    }
    Ok(Value::Object(all).to_string())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Values of `before` up to `after` in a text.
    fn between<'t>(text: &'t str, before: &str, after: char) -> BTreeSet<&'t str> {
        text.split(before).skip(1).filter_map(|part| part.split(after).next()).collect()
    }

    #[test]
    fn every_word_is_used_and_every_used_word_is_there() {
        let table: toml::Table = toml::from_str(TEXT).unwrap();
        json().unwrap();
        let html = include_str!("../page/index.html");
        let scripts = [include_str!("../page/app.js"), include_str!("../page/draw.js")].concat();
        let mut used = between(html, "data-word=\"", '"');
        used.extend(between(html, "data-label=\"", '"'));
        used.extend(between(html, "data-hint=\"", '"'));
        // Those that end in `-` are completed from data and stand below.
        used.extend(between(&scripts, "word(\"", '"').into_iter().filter(|key| !key.ends_with('-')));
        used.extend(["level-critical", "level-high", "level-medium", "level-low", "level-informational"]);
        used.extend(["unit-line", "unit-record", "unit-offset"]);
        used.extend(["kind-observed", "kind-inferred", "kind-absent"]);
        let known: BTreeSet<&str> = table.keys().map(String::as_str).collect();
        assert_eq!(known, used);
        for (key, both) in &table {
            let holes = |language: &str| between(both[language].as_str().unwrap(), "{", '}');
            assert_eq!(holes("en"), holes("ja"), "{key}");
        }
    }

    #[test]
    fn the_page_makes_no_markup_of_text() {
        for text in [include_str!("../page/app.js"), include_str!("../page/draw.js")] {
            for way in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(", "DOMParser"] {
                assert!(!text.contains(way), "{way}");
            }
        }
        let html = include_str!("../page/index.html");
        assert!(!html.contains("style=\"") && !html.contains("onclick") && !html.contains("<script>"));
    }
}
