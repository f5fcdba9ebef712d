//! Log sources: what a rule asks for, what a source provides.

use serde::{Deserialize, Serialize};

/// A Sigma log source, lower case. As a rule's: an absent key asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LogSource {
    #[serde(default)]
    pub product: Option<String>,
    #[serde(default)]
    pub category: Option<String>,
    #[serde(default)]
    pub service: Option<String>,
}

impl LogSource {
    /// Empty texts mean absent.
    pub fn new(product: &str, category: &str, service: &str) -> Self {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_lowercase());
        Self { product: some(product), category: some(category), service: some(service) }
    }

    /// Whether a source that provides `self` has the events that `rule` asks for.
    pub fn provides(&self, rule: &Self) -> bool {
        let fits = |asked: &Option<String>, given: &Option<String>| match (asked, given) {
            (None, _) => true,
            (Some(asked), Some(given)) => asked.eq_ignore_ascii_case(given),
            (Some(_), None) => false,
        };
        fits(&rule.product, &self.product) && fits(&rule.category, &self.category) && fits(&rule.service, &self.service)
    }

    /// A source of Windows events, routed event by event by channel and event id.
    pub fn is_windows(&self) -> bool {
        self.product.as_deref().is_some_and(|product| product.eq_ignore_ascii_case("windows"))
    }
}

/// The log sources that each source provides, by the source's index.
#[derive(Clone, Debug, Default)]
pub struct Routing {
    pub sources: Vec<Vec<LogSource>>,
}

impl Routing {
    /// Adds a source and returns its index.
    pub fn add(&mut self, provides: Vec<LogSource>) -> usize {
        self.sources.push(provides);
        self.sources.len() - 1
    }
}
