//! Sigma rules, correlations and indicators of the detection crate, as the pipeline asks them.

use konseki_model::{Event, Finding, Level};

use crate::detect::{Match, RuleWords};
use crate::journal::Outcome;
use crate::views::RuleLine;

#[derive(Default)]
pub struct Scratch {}

pub struct Engine {}

impl Engine {
    pub fn build(_files: &[(String, Vec<u8>)], _lists: &[(String, Vec<u8>)]) -> (Self, Vec<(String, u64, String)>) {
        (Self {}, Vec::new())
    }
    pub fn event(&self, _source: usize, _event: &Event<'_>, _scratch: &mut Scratch) -> (Vec<Match>, Vec<String>) {
        (Vec::new(), Vec::new())
    }
    pub fn group_fields(&self, _event: &Event<'_>) -> Vec<(String, String)> {
        Vec::new()
    }
    pub fn hash(&self, _hash: &str) -> Option<(String, String)> {
        None
    }
    pub fn words(&self, _engine: &str, rule: &str) -> RuleWords {
        RuleWords {
            id: rule.to_owned(),
            title: String::new(),
            level: Level::Low,
            techniques: Vec::new(),
            tactics: Vec::new(),
            why: String::new(),
            disproof: String::new(),
            ja: None,
        }
    }
    pub fn correlate<'a>(&self, _outcomes: impl Iterator<Item = &'a Outcome>) -> Vec<Finding> {
        Vec::new()
    }
    pub fn len(&self) -> u64 {
        0
    }
    pub fn list(&self) -> Vec<RuleLine> {
        Vec::new()
    }
}

pub fn test(_name: &str, _rule: &[u8], _hit: &[u8], _miss: &[u8]) -> Vec<String> {
    Vec::new()
}
