//! The names of `names.toml`: columns, providers, channels, and labels of messages.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use rustc_hash::FxHashMap;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Label {
    field: String,
    #[serde(default)]
    section: String,
    #[serde(default)]
    events: Vec<String>,
    names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    zones: BTreeMap<String, String>,
    columns: BTreeMap<String, Vec<String>>,
    providers: BTreeMap<String, Vec<String>>,
    channels: BTreeMap<String, Vec<String>>,
    sections: BTreeMap<String, Vec<String>>,
    label: Vec<Label>,
}

/// The same, by the names that are looked up for every cell and line.
#[derive(Default)]
pub struct Names {
    columns: FxHashMap<String, String>,
    providers: FxHashMap<String, String>,
    channels: FxHashMap<String, String>,
    sections: FxHashMap<String, String>,
    zones: BTreeMap<String, String>,
    label: Vec<Label>,
    /// Name of a label -> its rows, in order.
    labels: FxHashMap<String, Vec<usize>>,
}

impl Names {
    /// The names shipped with this source. A fault in them is found by a test; here it leaves no names.
    pub fn shipped() -> &'static Self {
        static NAMES: OnceLock<Names> = OnceLock::new();
        NAMES.get_or_init(|| Self::parse(include_str!("names.toml")).unwrap_or_default())
    }

    fn parse(text: &str) -> Result<Self, toml::de::Error> {
        let written: Written = toml::from_str(text)?;
        let mut labels: FxHashMap<String, Vec<usize>> = FxHashMap::default();
        for (at, name) in written.label.iter().enumerate().flat_map(|(at, row)| row.names.iter().map(move |name| (at, name))) {
            labels.entry(name.clone()).or_default().push(at);
        }
        Ok(Self {
            columns: turned(written.columns),
            providers: turned(written.providers),
            channels: turned(written.channels),
            sections: turned(written.sections),
            zones: written.zones,
            label: written.label,
            labels,
        })
    }

    /// The event log's name of a column, or its own where it has none.
    pub fn column<'a>(&'a self, name: &'a str) -> &'a str {
        self.columns.get(name).map_or(name, String::as_str)
    }

    /// The zone in which machines of this language most likely stand.
    pub fn zone(&self, column: &str) -> Option<&str> {
        self.zones.get(column).map(String::as_str)
    }

    pub fn provider<'a>(&'a self, name: &'a str) -> &'a str {
        self.providers.get(name).map_or(name, String::as_str)
    }

    /// The channel a provider writes to.
    pub fn channel(&self, provider: &str) -> Option<&str> {
        self.channels.get(provider).map(String::as_str)
    }

    pub fn section(&self, heading: &str) -> Option<&str> {
        self.sections.get(heading).map(String::as_str)
    }

    /// The field of a label below a section of an event's message.
    pub fn field(&self, event: &str, section: &str, label: &str) -> Option<&str> {
        let fits = |row: &&Label| {
            (row.section.is_empty() || row.section == section) && (row.events.is_empty() || row.events.iter().any(|one| one == event))
        };
        let rows = self.labels.get(label)?.iter().filter_map(|at| self.label.get(*at));
        rows.filter(|row| fits(row)).map(|row| row.field.as_str()).next()
    }

    /// Is it a label of any event?
    pub fn is_label(&self, label: &str) -> bool {
        self.labels.contains_key(label)
    }
}

/// Of a name in two lists the first counts.
fn turned(table: BTreeMap<String, Vec<String>>) -> FxHashMap<String, String> {
    let mut out = FxHashMap::default();
    for (key, names) in table {
        for name in names {
            out.entry(name).or_insert_with(|| key.clone());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_names_parse() {
        let names = Names::parse(include_str!("names.toml")).unwrap();
        assert_eq!(names.column("Id"), "EventID");
        assert_eq!(names.field("4624", "target", "Account Name"), Some("TargetUserName"));
        assert_eq!(names.field("4720", "target", "Security ID"), Some("TargetSid"));
        assert_eq!(names.field("1149", "", "Domain"), Some("Param2"));
        assert_eq!(names.channel("Service Control Manager"), Some("System"));
    }
}
