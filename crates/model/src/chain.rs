//! The story: steps, links that prove them, gaps, scope and hypotheses, as `results/chain.json` holds them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::finding::{Because, Entity, FindingTime};

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Chain {
    pub steps: Vec<Step>,
    pub links: Vec<Link>,
    pub gaps: Vec<Gap>,
    pub scope: Scope,
    pub hypotheses: Vec<Hypothesis>,
    /// ATT&CK release that technique ids and tactic names are taken from.
    #[serde(default)]
    pub attack_version: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// `S01`, in order of time.
    pub id: String,
    /// ATT&CK tactic short name.
    pub tactic: String,
    pub techniques: Vec<String>,
    pub title: String,
    #[serde(default)]
    pub title_ja: String,
    pub time: FindingTime,
    pub host: String,
    pub actor: String,
    pub findings: Vec<String>,
    pub confidence: f64,
    /// Words: key of the sentence and what fills its holes.
    #[serde(default)]
    pub key: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub args: BTreeMap<String, String>,
    #[serde(skip)]
    pub micros: Option<i64>,
    #[serde(skip)]
    pub end_micros: Option<i64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// A shared key: opID, LogonId, session id.
    Exact,
    /// An address or account held during that time.
    Interval,
    /// Nearness alone.
    Time,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Link {
    pub from: String,
    pub to: String,
    pub by: By,
    pub entities: Vec<Entity>,
    /// Both raw lines.
    pub because: Vec<Because>,
    /// How many other candidates fit as well; none is chosen among them.
    pub alternatives: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum GapWhy {
    #[serde(rename = "not collected")]
    NotCollected,
    #[serde(rename = "rotated")]
    Rotated,
    #[serde(rename = "silent")]
    Silent,
    #[serde(rename = "log cleared")]
    LogCleared,
    #[serde(rename = "not logged by default")]
    NotLogged,
    #[serde(rename = "tampered")]
    Tampered,
    #[serde(rename = "unreadable")]
    Unreadable,
    #[serde(rename = "clock unknown")]
    ClockUnknown,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gap {
    pub id: String,
    pub what: String,
    pub source: String,
    pub host: String,
    pub from: Option<String>,
    pub to: Option<String>,
    pub why: GapWhy,
    pub collect: String,
    #[serde(default)]
    pub what_ja: String,
    #[serde(default)]
    pub collect_ja: String,
    /// The step that this gap hides, where one is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub step: Option<String>,
    #[serde(default)]
    pub key: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub args: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Scope {
    pub window: Window,
    pub bytes_out: Bounds,
    pub confirmed: Vec<ScopeItem>,
    pub accessed: Vec<ScopeItem>,
    pub cannot_exclude: Vec<ScopeItem>,
    /// Mail of each gateway or server that was in the intruder's hands.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub mail: Vec<MailScope>,
}

/// Which messages lay on a mail system while it was in the intruder's hands: numbers between which the truth lies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailScope {
    pub host: String,
    /// First sign of the intruder on the system, and his last contact with it; without an end nothing bounds the window.
    pub compromised: Option<String>,
    pub last_contact: Option<String>,
    /// The oldest message that lay there then, and the newest.
    pub from: Option<String>,
    pub to: Option<String>,
    /// Messages that surely were taken, and all that lay there.
    pub at_least: u64,
    pub at_most: u64,
    /// Messages of `at_most` that are not listed one by one.
    pub not_listed: u64,
    /// Days that the system keeps messages, where the analyst set it; without it every earlier message counts as still there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub keep_days: Option<u32>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Window {
    pub from: Option<String>,
    pub to: Option<String>,
    pub why: String,
}

/// Bytes; `at_most` is `None` where nothing bounds it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds {
    pub at_least: u64,
    pub at_most: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScopeItem {
    /// `message`, `host`, `user`, `vm`, `file`, `datastore`.
    pub kind: String,
    pub value: String,
    pub because: Vec<Because>,
    pub why: String,
    #[serde(default)]
    pub why_ja: String,
    #[serde(default)]
    pub key: String,
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub args: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    Supported,
    Contradicted,
    Untestable,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hypothesis {
    pub id: String,
    pub title: String,
    pub verdict: Verdict,
    #[serde(rename = "for")]
    pub for_: Vec<String>,
    pub against: Vec<String>,
    pub would_decide: String,
    #[serde(default)]
    pub title_ja: String,
    #[serde(default)]
    pub would_decide_ja: String,
}
