//! What each audience may not see, and which names are nobody's: the data files under `policy/`, parsed once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde::Deserialize;

use crate::Audience;

/// The rules for one audience.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    pub withhold: BTreeSet<Class>,
    pub retell: bool,
    pub excerpts: bool,
    pub places: bool,
    pub custody: bool,
    pub facts: Vec<String>,
}

/// What a name stands for; pseudonyms begin with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    Address,
    Host,
    User,
    Mailbox,
    Message,
    Session,
    Vm,
    Datastore,
    File,
    Domain,
    /// Anything that no list knows.
    Value,
    /// From `withhold` of `case.toml`: no audience may see it.
    Text,
}

impl Class {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Host => "host",
            Self::User => "account",
            Self::Mailbox => "mailbox",
            Self::Message => "message",
            Self::Session => "session",
            Self::Vm => "vm",
            Self::Datastore => "datastore",
            Self::File => "file",
            Self::Domain => "domain",
            Self::Value => "value",
            Self::Text => "withheld",
        }
    }
}

impl Policy {
    /// An audience without rules sees nothing.
    pub fn of(audience: Audience) -> &'static Self {
        static TABLE: OnceLock<BTreeMap<String, Policy>> = OnceLock::new();
        static NOTHING: OnceLock<Policy> = OnceLock::new();
        let table = TABLE.get_or_init(|| toml::from_str(include_str!("../../policy/audiences.toml")).unwrap_or_default());
        table.get(audience.as_str()).unwrap_or_else(|| NOTHING.get_or_init(Self::nothing))
    }

    fn nothing() -> Self {
        use Class as C;
        let withhold =
            [C::Address, C::Host, C::User, C::Mailbox, C::Message, C::Session, C::Vm, C::Datastore, C::File, C::Domain, C::Value];
        Self { withhold: withhold.into(), retell: true, ..Self::default() }
    }

    pub fn withholds(&self, class: Class) -> bool {
        class == Class::Text || self.withhold.contains(&class)
    }

    /// May this key of `[facts]` be told?
    pub fn tells(&self, key: &str) -> bool {
        let stem = key.strip_suffix("_en").or_else(|| key.strip_suffix("_ja")).unwrap_or(key);
        self.facts.iter().any(|allowed| allowed == "*" || allowed == key || allowed == stem)
    }
}

/// Lists of `policy/names.toml`, in lower case.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Lists {
    pub well_known: BTreeSet<String>,
    pub internal_suffixes: Vec<String>,
    pub open_paths: Vec<String>,
    pub owner_after: BTreeSet<String>,
    pub owner_open: BTreeSet<String>,
    pub command_words: BTreeSet<String>,
    pub arguments: BTreeMap<String, Class>,
}

pub fn lists() -> &'static Lists {
    static LISTS: OnceLock<Lists> = OnceLock::new();
    LISTS.get_or_init(|| toml::from_str(include_str!("../../policy/names.toml")).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_parse_and_everyone_has_one() {
        let table: BTreeMap<String, Policy> = toml::from_str(include_str!("../../policy/audiences.toml")).unwrap();
        for audience in Audience::ALL {
            assert!(table.contains_key(audience.as_str()), "{}", audience.as_str());
        }
        let lists: Lists = toml::from_str(include_str!("../../policy/names.toml")).unwrap();
        assert!(lists.well_known.contains("root") && lists.arguments.contains_key("host"));
        assert!(lists.well_known.iter().chain(&lists.command_words).all(|word| *word == word.to_lowercase()));
    }
}
