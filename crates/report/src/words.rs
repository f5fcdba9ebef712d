//! Every sentence of the report from `text/*.toml`, English and Japanese side by side.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::holes::{self, Fill};
use crate::time::parse_rfc3339;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lang {
    En,
    Ja,
}

impl Lang {
    pub const ALL: [Self; 2] = [Self::En, Self::Ja];

    /// BCP 47 tag.
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Ja => "ja",
        }
    }

    pub fn parse(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lang| lang.tag() == tag)
    }
}

/// What fills the holes of a sentence.
pub type Args = BTreeMap<String, String>;

/// File stem and text; keys begin with the stem.
pub const FILES: &[(&str, &str)] = &[
    ("changes", include_str!("../text/changes.toml")),
    ("findings", include_str!("../text/findings.toml")),
    ("gaps", include_str!("../text/gaps.toml")),
    ("hypotheses", include_str!("../text/hypotheses.toml")),
    ("names", include_str!("../text/names.toml")),
    ("page", include_str!("../text/page.toml")),
    ("scope", include_str!("../text/scope.toml")),
    ("sources", include_str!("../text/sources.toml")),
    ("steps", include_str!("../text/steps.toml")),
    ("summary", include_str!("../text/summary.toml")),
];

/// A sentence in both languages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Both {
    pub en: String,
    pub ja: String,
}

impl Both {
    pub fn in_lang(&self, lang: Lang) -> &str {
        match lang {
            Lang::En => &self.en,
            Lang::Ja => &self.ja,
        }
    }
}

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

/// A table with `en` and `ja` is a sentence; other tables are folders of them.
fn collect(prefix: &str, table: &toml::Table, book: &mut BTreeMap<String, Both>) {
    let text = |key: &str| table.get(key).and_then(toml::Value::as_str).unwrap_or_default().to_owned();
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

/// The words of the report.
pub struct Words;

impl Words {
    /// The sentence in that language with its holes filled. A key that does not exist is returned as it is, so that
    /// the reader sees that something is missing.
    pub fn get(lang: Lang, key: &str, args: &Args) -> String {
        match Self::raw(key) {
            Some(both) => fill_args(lang, both.in_lang(lang), args),
            None => key.to_owned(),
        }
    }

    /// A sentence without holes; `?` where there is none.
    pub fn plain(lang: Lang, key: &str) -> &'static str {
        Self::raw(key).map_or("?", |both| both.in_lang(lang))
    }

    pub fn raw(key: &str) -> Option<&'static Both> {
        book().get(key)
    }

    pub fn has(key: &str) -> bool {
        book().contains_key(key)
    }

    /// Every key with its sentence, in order.
    pub fn all() -> impl Iterator<Item = (&'static str, &'static Both)> {
        book().iter().map(|(key, both)| (key.as_str(), both))
    }
}

struct FromArgs<'a> {
    lang: Lang,
    args: &'a Args,
}

impl Fill for FromArgs<'_> {
    fn value(&self, name: &str) -> Option<String> {
        self.args.get(name).cloned()
    }

    fn show(&self, value: &str, _name: &str, format: &str) -> String {
        format_value(self.lang, value, format)
    }

    fn missing(&self) -> String {
        Words::plain(self.lang, "page.unknown").to_owned()
    }
}

/// Fills a sentence that is not in the book (a source's own, an analyst's).
pub fn fill_args(lang: Lang, text: &str, args: &Args) -> String {
    holes::fill(text, &FromArgs { lang, args })
}

/// `count`, `bytes`, `duration` (seconds), `time` (RFC 3339). A value that is not of that form is shown as it is.
pub fn format_value(lang: Lang, value: &str, format: &str) -> String {
    let formatted = match format {
        "count" => value.parse().ok().map(count),
        "bytes" => value.parse().ok().map(|bytes| bytes_in(lang, bytes)),
        "duration" => value.parse::<f64>().ok().map(|seconds| duration_in(lang, seconds)),
        "time" => parse_rfc3339(value).map(crate::time::utc_seconds),
        _ => None,
    };
    formatted.unwrap_or_else(|| value.to_owned())
}

/// `1234567` as `1,234,567`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, c) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// `4.2 GiB (4,509,715,660 bytes)`; plain bytes below 1 KiB.
pub fn bytes_in(lang: Lang, bytes: u64) -> String {
    let args = |short: &str| Args::from([("n".to_owned(), count(bytes)), ("short".to_owned(), short.to_owned())]);
    match short_bytes(bytes) {
        None => Words::get(lang, "page.unit.bytes", &args("")),
        Some(short) => Words::get(lang, "page.unit.bytes-short", &args(&short)),
    }
}

/// Three significant digits with a binary unit, from 1 KiB on.
pub fn short_bytes(bytes: u64) -> Option<String> {
    let mut unit = None;
    let mut value = bytes as f64;
    for name in ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"] {
        if value < 1024.0 {
            break;
        }
        value /= 1024.0;
        unit = Some(name);
    }
    let digits = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    unit.map(|unit| format!("{value:.digits$} {unit}"))
}

/// The two largest units: `3 d 4 h`, `5 min`, `0.5 s`.
pub fn duration_in(lang: Lang, seconds: f64) -> String {
    duration_parts(lang, seconds, 2)
}

/// At most that many units, from the largest on.
pub fn duration_parts(lang: Lang, seconds: f64, units: usize) -> String {
    let unit = |key: &str, n: String| Words::get(lang, &format!("page.unit.{key}"), &Args::from([("n".to_owned(), n)]));
    if !seconds.is_finite() || seconds < 0.0 {
        return seconds.to_string();
    }
    if seconds < 10.0 && seconds.fract() > 0.0 {
        return unit("second", format!("{seconds:.1}"));
    }
    let total = seconds.round() as u64;
    let parts = [("day", total / 86_400), ("hour", total / 3600 % 24), ("minute", total / 60 % 60), ("second", total % 60)];
    let first = parts.iter().position(|(_, n)| *n > 0).unwrap_or(3);
    let shown: Vec<String> = parts
        .iter()
        .skip(first)
        .take(units)
        .enumerate()
        .filter(|(index, (_, n))| *index == 0 || *n > 0)
        .map(|(_, (key, n))| unit(key, count(*n)))
        .collect();
    shown.join(Words::plain(lang, "page.unit.join"))
}
