//! Texts of problems in Japanese: other crates write them in English, `text/problems.toml` holds both.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

/// A text may hold another one, which holds another one.
const DEEPEST: u8 = 3;

#[derive(Deserialize)]
struct File {
    text: Vec<Pair>,
}

/// `{}` in English stands for anything, `{1}` in Japanese for the first of them.
#[derive(Debug, Deserialize)]
pub struct Pair {
    pub en: String,
    pub ja: String,
}

/// Every pair, in the order of the file.
pub fn all() -> &'static [Pair] {
    static ALL: OnceLock<Vec<Pair>> = OnceLock::new();
    // A file that does not parse is caught by the test of the words.
    ALL.get_or_init(|| toml::from_str::<File>(include_str!("../text/problems.toml")).map(|file| file.text).unwrap_or_default())
}

struct Catalogue {
    whole: BTreeMap<&'static str, &'static str>,
    /// Those with the most words of their own first: what fits two is meant by the closer one.
    holed: Vec<(Vec<&'static str>, &'static str)>,
}

fn catalogue() -> &'static Catalogue {
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    CATALOGUE.get_or_init(|| {
        let (holed, whole): (Vec<&Pair>, Vec<&Pair>) = all().iter().partition(|pair| pair.en.contains("{}"));
        let mut holed: Vec<_> = holed.into_iter().map(|pair| (pair.en.split("{}").collect::<Vec<_>>(), pair.ja.as_str())).collect();
        holed.sort_by_key(|(parts, _)| std::cmp::Reverse(parts.iter().map(|part| part.len()).sum::<usize>()));
        Catalogue { whole: whole.into_iter().map(|pair| (pair.en.as_str(), pair.ja.as_str())).collect(), holed }
    })
}

/// The Japanese of a text; `None` where there is none, so that the reader gets it as it was written.
pub fn japanese(text: &str) -> Option<String> {
    translate(text, DEEPEST)
}

fn translate(text: &str, left: u8) -> Option<String> {
    let catalogue = catalogue();
    if let Some(ja) = catalogue.whole.get(text) {
        return Some((*ja).to_owned());
    }
    let (holes, ja) = catalogue.holed.iter().find_map(|(parts, ja)| Some((fit(text, parts)?, ja)))?;
    let mut out = (*ja).to_owned();
    for (number, hole) in holes.iter().enumerate().rev() {
        let inner = left.checked_sub(1).and_then(|left| translate(hole, left)).unwrap_or_else(|| (*hole).to_owned());
        out = out.replace(&format!("{{{}}}", number + 1), &inner);
    }
    Some(out)
}

/// What stands between the parts.
fn fit<'t>(text: &'t str, parts: &[&str]) -> Option<Vec<&'t str>> {
    let (first, rest) = parts.split_first()?;
    let (last, middle) = rest.split_last()?;
    let mut text = text.strip_prefix(first)?.strip_suffix(last)?;
    let mut holes = Vec::new();
    for part in middle {
        let (hole, after) = text.split_once(part)?;
        holes.push(hole);
        text = after;
    }
    holes.push(text);
    Some(holes)
}
