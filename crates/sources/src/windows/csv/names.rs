//! The names of `names.toml`: columns, providers, channels, and labels of messages.

use std::collections::BTreeMap;
use std::sync::OnceLock;

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
pub struct Names {
    columns: BTreeMap<String, Vec<String>>,
    providers: BTreeMap<String, Vec<String>>,
    channels: BTreeMap<String, Vec<String>>,
    sections: BTreeMap<String, Vec<String>>,
    label: Vec<Label>,
}

impl Names {
    /// The names shipped with this source. A fault in them is found by a test; here it leaves no names.
    pub fn shipped() -> &'static Self {
        static NAMES: OnceLock<Names> = OnceLock::new();
        NAMES.get_or_init(|| {
            toml::from_str(include_str!("names.toml")).unwrap_or_else(|_| Self {
                columns: BTreeMap::new(),
                providers: BTreeMap::new(),
                channels: BTreeMap::new(),
                sections: BTreeMap::new(),
                label: Vec::new(),
            })
        })
    }

    /// The event log's name of a column, or its own where it has none.
    pub fn column<'a>(&'a self, name: &'a str) -> &'a str {
        key(&self.columns, name).unwrap_or(name)
    }

    pub fn provider<'a>(&'a self, name: &'a str) -> &'a str {
        key(&self.providers, name).unwrap_or(name)
    }

    /// The channel a provider writes to.
    pub fn channel(&self, provider: &str) -> Option<&str> {
        key(&self.channels, provider)
    }

    pub fn section(&self, heading: &str) -> Option<&str> {
        key(&self.sections, heading)
    }

    /// The field of a label below a section of an event's message.
    pub fn field(&self, event: &str, section: &str, label: &str) -> Option<&str> {
        let fits = |row: &&Label| {
            (row.section.is_empty() || row.section == section)
                && (row.events.is_empty() || row.events.iter().any(|one| one == event))
                && row.names.iter().any(|name| name == label)
        };
        self.label.iter().find(fits).map(|row| row.field.as_str())
    }

    /// Is it a label of any event?
    pub fn is_label(&self, label: &str) -> bool {
        self.label.iter().any(|row| row.names.iter().any(|name| name == label))
    }
}

fn key<'a>(table: &'a BTreeMap<String, Vec<String>>, name: &str) -> Option<&'a str> {
    table.iter().find(|(_, names)| names.iter().any(|one| one == name)).map(|(key, _)| key.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_names_parse() {
        let names: Names = toml::from_str(include_str!("names.toml")).unwrap();
        assert_eq!(names.column("Id"), "EventID");
        assert_eq!(names.field("4624", "target", "Account Name"), Some("TargetUserName"));
        assert_eq!(names.field("4720", "target", "Security ID"), Some("TargetSid"));
        assert_eq!(names.field("1149", "", "Domain"), Some("Param2"));
        assert_eq!(names.channel("Service Control Manager"), Some("System"));
    }
}
