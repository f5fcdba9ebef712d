//! The sentences of the package from `text/*.toml`, filled in both languages by one code path.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use konseki_report::{Args, Both, Lang, fill_args};

/// File stem and text; keys begin with the stem.
pub const FILES: &[(&str, &str)] = &[
    ("advice", include_str!("../../text/advice.toml")),
    ("common", include_str!("../../text/common.toml")),
    ("deep", include_str!("../../text/deep.toml")),
    ("duty", include_str!("../../text/duty.toml")),
    ("exec", include_str!("../../text/exec.toml")),
    ("faq", include_str!("../../text/faq.toml")),
    ("hunt", include_str!("../../text/hunt.toml")),
    ("overview", include_str!("../../text/overview.toml")),
    ("pictures", include_str!("../../text/pictures.toml")),
    ("press", include_str!("../../text/press.toml")),
];

fn book() -> &'static BTreeMap<String, Both> {
    static BOOK: OnceLock<BTreeMap<String, Both>> = OnceLock::new();
    BOOK.get_or_init(|| {
        let mut book = BTreeMap::new();
        for (stem, text) in FILES {
            // A file that does not parse is caught by the test of the words.
            if let Ok(table) = toml::from_str::<toml::Table>(text) {
                collect(stem, &table, &mut book);
            }
        }
        book
    })
}

/// A table with `en` or `ja` is a sentence; other tables are folders of them.
fn collect(prefix: &str, table: &toml::Table, book: &mut BTreeMap<String, Both>) {
    let text = |key: &str| table.get(key).and_then(toml::Value::as_str).unwrap_or_default().trim().to_owned();
    if table.get("en").or(table.get("ja")).is_some_and(toml::Value::is_str) {
        book.insert(prefix.to_owned(), Both { en: text("en"), ja: text("ja") });
        return;
    }
    for (key, value) in table {
        if let Some(inner) = value.as_table() {
            collect(&format!("{prefix}.{key}"), inner, book);
        }
    }
}

/// Every key with its sentence, in order.
pub fn all() -> impl Iterator<Item = (&'static str, &'static Both)> {
    book().iter().map(|(key, both)| (key.as_str(), both))
}

pub fn has(key: &str) -> bool {
    book().contains_key(key)
}

/// The sentence in both languages with its holes filled. A key that does not exist is returned as it is, so that the
/// reader sees that something is missing.
pub fn say(key: &str, args: &[(&str, Both)]) -> Both {
    let Some(raw) = book().get(key) else { return same(key) };
    let filled = |lang: Lang| {
        let args: Args = args.iter().map(|(name, value)| ((*name).to_owned(), value.in_lang(lang).to_owned())).collect();
        fill_args(lang, raw.in_lang(lang), &args)
    };
    Both { en: filled(Lang::En), ja: filled(Lang::Ja) }
}

/// A sentence without holes.
pub fn plain(key: &str) -> Both {
    say(key, &[])
}

/// A value that is written the same in both languages: an id, a name of the evidence, a time.
pub fn same(text: &str) -> Both {
    Both { en: text.to_owned(), ja: text.to_owned() }
}

pub fn number(n: usize) -> Both {
    same(&n.to_string())
}

/// Several parts as one list within a sentence.
pub fn join(parts: &[Both]) -> Both {
    let all = |lang: Lang, between: &str, last: &str| {
        let texts: Vec<&str> = parts.iter().map(|part| part.in_lang(lang)).collect();
        match texts.split_last() {
            Some((end, head)) if !head.is_empty() => format!("{}{last}{end}", head.join(between)),
            Some((end, _)) => (*end).to_owned(),
            None => String::new(),
        }
    };
    let (comma, last) = (plain("common.join.comma"), plain("common.join.and"));
    // Blanks at the ends of a sentence are trimmed when the file is read, so they are added here.
    Both { en: all(Lang::En, &format!("{} ", comma.en), &format!(" {} ", last.en)), ja: all(Lang::Ja, &comma.ja, &last.ja) }
}

/// Whole sentences as one list: they hold commas of their own.
pub fn quoted(parts: &[Both]) -> Both {
    let quote = |part: &Both| say("common.join.quote", &[("what", part.clone())]);
    let (en, ja): (Vec<String>, Vec<String>) = parts.iter().map(quote).map(|both| (both.en, both.ja)).unzip();
    Both { en: en.join("; "), ja: ja.join("") }
}

/// Paragraphs put behind each other in one.
pub fn concat(parts: &[Both]) -> Both {
    let texts = |lang: Lang, between: &str| {
        let texts: Vec<&str> = parts.iter().map(|part| part.in_lang(lang)).filter(|text| !text.is_empty()).collect();
        texts.join(between)
    };
    Both { en: texts(Lang::En, " "), ja: texts(Lang::Ja, "") }
}
