//! Sentences of the data formats, from `text/data.toml`.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use konseki_report::{Args, Lang, fill_args};

fn book() -> &'static BTreeMap<String, BTreeMap<String, String>> {
    static BOOK: OnceLock<BTreeMap<String, BTreeMap<String, String>>> = OnceLock::new();
    BOOK.get_or_init(|| toml::from_str(include_str!("../text/data.toml")).unwrap_or_default())
}

/// A sentence without holes.
pub fn text(lang: Lang, key: &str) -> String {
    fill(lang, key, &[])
}

/// A sentence with its holes filled; the key where there is none.
pub fn fill(lang: Lang, key: &str, values: &[(&str, String)]) -> String {
    let args: Args = values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let raw = book().get(key).and_then(|both| both.get(lang.tag()));
    raw.map_or_else(|| key.to_owned(), |raw| fill_args(lang, raw.trim_start_matches('\n'), &args))
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_sentence_is_there_in_both_languages_with_the_same_holes() {
        let book: toml::Table = toml::from_str(include_str!("../text/data.toml")).unwrap();
        for (key, both) in &book {
            let holes = |lang: &str| {
                let text = both[lang].as_str().unwrap();
                let mut holes: Vec<&str> = text.split('{').skip(1).map(|rest| rest.split(['}', '|', ':']).next().unwrap()).collect();
                holes.sort_unstable();
                holes.dedup();
                holes.into_iter().map(str::to_owned).collect::<Vec<_>>()
            };
            assert_eq!(holes("en"), holes("ja"), "{key}");
        }
    }
}
