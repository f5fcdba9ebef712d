//! A finding: what a rule, a comparison or a list says about events, with the bytes it rests on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::event::At;
use crate::evidence::EvidenceId;

/// Sigma's levels, in rising order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    Informational,
    Low,
    Medium,
    High,
    Critical,
}

impl Level {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "informational" => Some(Self::Informational),
            "low" => Some(Self::Low),
            "medium" => Some(Self::Medium),
            "high" => Some(Self::High),
            "critical" => Some(Self::Critical),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FindingKind {
    /// A record says so.
    Observed,
    /// A comparison says so.
    Inferred,
    /// Something that should be there is not, and the source was alive.
    Absent,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EntityKind {
    Host,
    Address,
    Domain,
    Url,
    User,
    Session,
    Process,
    File,
    Hash,
    Vm,
    Datastore,
    Service,
    Message,
}

/// A thing of the case, as the evidence writes it. `role`: `actor`, `from`, `to`, `where`, `object`, `via`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Entity {
    pub kind: EntityKind,
    pub value: String,
    pub role: String,
}

impl Entity {
    pub fn new(kind: EntityKind, value: impl Into<String>, role: impl Into<String>) -> Self {
        Self { kind, value: value.into(), role: role.into() }
    }
}

/// The bytes that something rests on. `excerpt` stands byte for byte at `at` of the piece with that id;
/// `encoding` says how its characters are bytes there when that is not UTF-8 (`utf-16le`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Because {
    pub evidence: EvidenceId,
    #[serde(default)]
    pub path: String,
    pub at: At,
    #[serde(default)]
    pub excerpt: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub encoding: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingTime {
    /// RFC 3339 UTC; `None` where the evidence has no readable time.
    pub start: Option<String>,
    pub end: Option<String>,
    pub fidelity: String,
    pub basis: String,
}

/// A line of `results/findings.jsonl`. Sentences are filled in by `report` from data files, by `rule` and `args`,
/// or come from the rule itself (Sigma).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    pub id: String,
    pub rule: String,
    pub title: String,
    pub level: Level,
    /// 0 to 1.
    pub confidence: f64,
    pub kind: FindingKind,
    pub time: FindingTime,
    /// ATT&CK technique ids, sorted.
    pub techniques: Vec<String>,
    /// ATT&CK tactic short names (`initial-access`), sorted; empty where the rule names none.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub tactics: Vec<String>,
    pub entities: Vec<Entity>,
    /// Never empty. At most 20 are kept; `count` says how many there were.
    pub because: Vec<Because>,
    pub count: u64,
    pub why: String,
    pub disproof: String,
    /// What fills the holes of the sentences.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub args: BTreeMap<String, String>,
    /// Title, why and disproof in Japanese.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ja: Option<Words>,
    /// Which engine said it: `sigma`, `correlation`, `yara`, `indicator`, `chain`, or another tool's name.
    #[serde(default)]
    pub engine: String,
    /// Microseconds UTC of the first event, for ordering; not written.
    #[serde(skip)]
    pub micros: Option<i64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    pub title: String,
    pub why: String,
    pub disproof: String,
}
