//! Windows log sources: which channels and event ids a rule's service and category stand for.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::logsource::LogSource;

/// The table as it stands in `data/windows.toml`.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Windows {
    /// Field that `Data_1`, `Data_2`, … answer to.
    pub positional: String,
    /// Values that most events hold, lower case: rules wait for something rarer.
    pub common: Vec<String>,
    services: BTreeMap<String, Vec<String>>,
    category: Vec<Category>,
}

#[derive(Debug, Deserialize)]
struct Category {
    names: Vec<String>,
    channel: String,
    ids: Vec<u32>,
    #[serde(default)]
    rename: BTreeMap<String, String>,
    #[serde(default, rename = "where")]
    conditions: BTreeMap<String, Vec<String>>,
}

/// Events that a rule is asked about. `None`: any.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Target {
    /// Lower case.
    pub channel: Option<String>,
    pub ids: Option<Vec<u32>>,
    /// The event's field -> the rule's field.
    pub rename: BTreeMap<String, String>,
    /// The event must hold one of these values too.
    pub conditions: BTreeMap<String, Vec<String>>,
}

impl Windows {
    /// The table that is built in. Empty only if the file could not be read, which a test excludes.
    pub fn builtin() -> Self {
        toml::from_str(include_str!("../data/windows.toml")).unwrap_or_default()
    }

    /// Every field that the table names.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        let renames = self.category.iter().flat_map(|entry| &entry.rename);
        let wheres = self.category.iter().flat_map(|entry| entry.conditions.keys());
        renames.flat_map(|(from, to)| [from.as_str(), to.as_str()]).chain(wheres.map(String::as_str))
    }

    /// What a rule's log source stands for among Windows events; empty where it stands for none.
    pub fn targets(&self, rule: &LogSource) -> Vec<Target> {
        if rule.product.is_some() && !rule.is_windows() {
            return Vec::new();
        }
        let channels = rule.service.as_ref().map(|service| {
            let channels = self.services.get(&service.to_lowercase());
            channels.into_iter().flatten().map(|name| name.to_lowercase()).collect::<Vec<_>>()
        });
        let Some(category) = &rule.category else {
            return match channels {
                None => vec![Target::default()],
                Some(channels) => channels.into_iter().map(Target::channel).collect(),
            };
        };
        let entries = self.category.iter().filter(|entry| entry.names.contains(category));
        entries
            .map(Category::target)
            .filter(|target| match (&channels, &target.channel) {
                (Some(channels), Some(channel)) => channels.contains(channel),
                _ => true,
            })
            .collect()
    }
}

impl Target {
    fn channel(name: String) -> Self {
        Self { channel: Some(name), ..Self::default() }
    }

    /// Whether an event of that channel (lower case) and event id is meant.
    pub fn fits(&self, channel: Option<&str>, id: Option<&str>) -> bool {
        let channel_fits = self.channel.as_deref().is_none_or(|own| channel == Some(own));
        channel_fits && self.ids.as_ref().is_none_or(|ids| id.is_some_and(|text| ids.iter().any(|own| own.to_string() == text)))
    }
}

impl Category {
    fn target(&self) -> Target {
        Target {
            channel: Some(self.channel.to_lowercase()),
            ids: Some(self.ids.clone()),
            rename: self.rename.clone(),
            conditions: self.conditions.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_its_table() {
        let windows = Windows::builtin();
        assert_eq!(windows.positional, "Data");
        assert_eq!(windows.targets(&LogSource::new("windows", "process_creation", "")).len(), 2);
        let sysmon = windows.targets(&LogSource::new("windows", "process_creation", "sysmon"));
        assert_eq!(sysmon.len(), 1);
        assert_eq!(windows.targets(&LogSource::new("windows", "", "applocker")).len(), 4);
        assert_eq!(windows.targets(&LogSource::new("windows", "", "")), vec![Target::default()]);
        assert!(windows.targets(&LogSource::new("linux", "process_creation", "")).is_empty());
        assert!(windows.targets(&LogSource::new("windows", "", "nowhere")).is_empty());
    }
}
