//! What other tools said of the same systems, held against what konseki found.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::finding::Because;

/// What an opinion is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum About {
    /// A machine that runs unregistered.
    Machine,
    /// A pair of hosts that calls in a rhythm.
    Beacon,
    /// A rule's hits on one host.
    Rule,
}

/// Who says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    OnlyTheirs,
    OnlyOurs,
    Both,
}

/// One thing that another tool or konseki says, and whether the other says it too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Opinion {
    pub verdict: Verdict,
    pub about: About,
    pub tool: String,
    /// Machine, `source → destination`, or title of a rule.
    pub name: String,
    pub host: String,
    /// In Sigma's words where the tool gives one.
    pub level: String,
    /// How often it said so.
    pub count: u64,
    /// RFC 3339 UTC.
    pub first: Option<String>,
    pub last: Option<String>,
    /// Places in the tool's output.
    pub because: Vec<Because>,
    /// Findings of konseki that say the same, or that the tool does not.
    pub findings: Vec<String>,
    /// Why they differ, as a key of the words; empty where they do not.
    pub why: String,
    /// Holes of `why`.
    pub args: BTreeMap<String, String>,
}

/// A tool's output in the evidence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtherTool {
    pub tool: String,
    /// What it says in all, and how much of it was compared: hits of lower levels and what is beyond a bound are not.
    pub said: u64,
    pub compared: u64,
}

/// All of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Others {
    pub tools: Vec<OtherTool>,
    pub opinions: Vec<Opinion>,
}
