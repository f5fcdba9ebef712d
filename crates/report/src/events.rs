//! Sentences for events: a source's own (`text.toml`), else one by kind (`text/kinds.toml`).

use std::collections::BTreeMap;
use std::sync::OnceLock;

use konseki_model::Record;

use crate::holes::{self, Fill};
use crate::words::{Both, Lang, Words, format_value};

/// One entry of a `[[text]]` list.
#[derive(Clone, Debug, Default)]
struct Sentence {
    /// Kind it is for; empty for any.
    kind: String,
    /// Native or core field to the values that it may have (`*` for any, but present).
    when: Vec<(String, Vec<String>)>,
    words: Both,
}

/// The sentences of all sources.
#[derive(Clone, Debug, Default)]
pub struct EventWords {
    sources: BTreeMap<String, Vec<Sentence>>,
}

impl EventWords {
    /// From the id and the text of `text.toml` of each source: `[[text]]` with `kind`, `when` (a table of fields),
    /// `en`, `ja`; the first entry that fits an event is its sentence. Entries that cannot be read are left out, and
    /// the kind's sentence is used.
    pub fn new(texts: &[(&str, &str)]) -> Self {
        let sources = texts.iter().map(|(id, text)| ((*id).to_owned(), sentences(text))).collect();
        Self { sources }
    }

    /// One sentence in that language, holes filled from core columns (by name) and native fields.
    pub fn sentence(&self, lang: Lang, record: &Record) -> String {
        let own = self.sources.get(&record.source).into_iter().flatten().find(|sentence| sentence.fits(record));
        let words = own.map(|sentence| &sentence.words).or_else(|| by_kind(record.kind().as_str()));
        let text = words.map_or("", |words| words.in_lang(lang));
        let shown = holes::fill(text, &FromRecord { lang, record });
        if shown.trim().is_empty() { default_text(record) } else { shown }
    }
}

impl Sentence {
    fn fits(&self, record: &Record) -> bool {
        (self.kind.is_empty() || self.kind == record.kind().as_str())
            && self
                .when
                .iter()
                .all(|(name, wanted)| value(record, name).is_some_and(|is| wanted.iter().any(|want| want == "*" || *want == is)))
    }
}

fn sentences(text: &str) -> Vec<Sentence> {
    let Ok(table) = toml::from_str::<toml::Table>(text) else { return Vec::new() };
    let list = table.get("text").and_then(toml::Value::as_array);
    list.into_iter().flatten().filter_map(toml::Value::as_table).map(sentence).collect()
}

fn sentence(entry: &toml::Table) -> Sentence {
    let text = |key: &str| entry.get(key).and_then(toml::Value::as_str).unwrap_or_default().to_owned();
    let conditions = entry.get("when").and_then(toml::Value::as_table);
    let when = conditions.into_iter().flatten().map(|(name, wanted)| (name.clone(), wanted_values(wanted))).collect();
    Sentence { kind: text("kind"), when, words: Both { en: text("en"), ja: text("ja") } }
}

fn wanted_values(value: &toml::Value) -> Vec<String> {
    match value {
        toml::Value::String(text) => vec![text.clone()],
        toml::Value::Array(list) => list.iter().flat_map(wanted_values).collect(),
        toml::Value::Integer(number) => vec![number.to_string()],
        toml::Value::Boolean(yes) => vec![yes.to_string()],
        _ => Vec::new(),
    }
}

fn kinds() -> &'static BTreeMap<String, Both> {
    static KINDS: OnceLock<BTreeMap<String, Both>> = OnceLock::new();
    KINDS.get_or_init(|| {
        let table = toml::from_str::<toml::Table>(include_str!("../text/kinds.toml")).unwrap_or_default();
        let text = |entry: &toml::Value, key: &str| entry.get(key).and_then(toml::Value::as_str).unwrap_or_default().to_owned();
        table.iter().map(|(kind, entry)| (kind.clone(), Both { en: text(entry, "en"), ja: text(entry, "ja") })).collect()
    })
}

/// The sentence of a kind.
pub fn by_kind(kind: &str) -> Option<&'static Both> {
    kinds().get(kind)
}

struct FromRecord<'a> {
    lang: Lang,
    record: &'a Record,
}

impl Fill for FromRecord<'_> {
    fn value(&self, name: &str) -> Option<String> {
        value(self.record, name)
    }

    fn show(&self, value: &str, _name: &str, format: &str) -> String {
        format_value(self.lang, value, format)
    }

    fn missing(&self) -> String {
        Words::plain(self.lang, "page.unknown").to_owned()
    }
}

/// A core column by its name, else the native field of that name. Native names that equal a core column's mean the
/// core column: it holds the same thing for every source.
fn value(record: &Record, name: &str) -> Option<String> {
    let number = |n: Option<u64>| n.map(|n| n.to_string());
    let core = match name {
        "host" => record.host.clone(),
        "user" => record.user.clone(),
        "src" => record.src.clone(),
        "dst" => record.dst.clone(),
        "session" => record.session.clone(),
        "object" => record.object.clone(),
        "target" => record.target.clone(),
        "command" => record.command.clone(),
        "outcome" => record.outcome.clone(),
        "assigned" => record.assigned.clone(),
        "agent" => record.agent.clone(),
        "src_port" => number(record.src_port.map(u64::from)).unwrap_or_default(),
        "dst_port" => number(record.dst_port.map(u64::from)).unwrap_or_default(),
        "bytes_out" => number(record.bytes_out).unwrap_or_default(),
        "bytes_in" => number(record.bytes_in).unwrap_or_default(),
        "duration" => record.duration.map(|micros| (micros as f64 / 1e6).to_string()).unwrap_or_default(),
        "source" => record.source.clone(),
        _ => String::new(),
    };
    Some(core).filter(|text| !text.is_empty()).or_else(|| record.field(name).map(str::to_owned))
}

/// The first native fields as `name=value`, where no sentence says anything.
fn default_text(record: &Record) -> String {
    let fields: Vec<String> = record.fields.iter().take(6).map(|(name, value)| format!("{name}={value}")).collect();
    fields.join(" ")
}
