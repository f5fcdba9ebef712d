//! What konseki's own comparisons need to be tested, and which rules show the log line behind them to other tools.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

/// One comparison of `data/comparisons.toml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Compared {
    /// Sources: every group is needed, one of a group is enough.
    pub needs: Vec<Vec<String>>,
    /// Rule files below `rules/`, without ending.
    pub rules: Vec<String>,
    /// Rules are made from the words that give a command its meaning.
    pub acts: bool,
}

/// All comparisons by the rule their findings name.
pub fn all() -> &'static BTreeMap<String, Compared> {
    static TABLE: OnceLock<BTreeMap<String, Compared>> = OnceLock::new();
    // A file that does not parse is caught by its test.
    TABLE.get_or_init(|| toml::from_str(include_str!("../../../data/comparisons.toml")).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_comparison_says_what_it_needs() {
        let parsed: Result<BTreeMap<String, Compared>, _> = toml::from_str(include_str!("../../../data/comparisons.toml"));
        assert!(parsed.is_ok(), "{:?}", parsed.err());
        let told: Vec<String> = konseki_report::Words::all()
            .filter_map(|(key, _)| key.strip_prefix("findings.").and_then(|key| key.strip_suffix(".title")).map(str::to_owned))
            // What a rule or a list found is no comparison.
            .filter(|key| !key.starts_with("generic") && !key.starts_with("indicator-"))
            .collect();
        assert!(told.len() > 40);
        for key in told {
            assert!(all().get(&key).is_some_and(|one| !one.needs.is_empty() && one.needs.iter().all(|group| !group.is_empty())), "{key}");
        }
    }
}
