//! What really happened: steps, links, hidden machines, gaps, scope and traps of a generated case.

use serde::{Deserialize, Serialize};

/// A line that a step left, at its place under the evidence folder (archive members after `!/`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Line {
    pub path: String,
    /// Line number from 1, or the record number of a `.evtx`.
    pub at: u64,
    pub text: String,
}

/// A value that events of a step carry and that may join it to another step carrying it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    pub kind: String,
    pub value: String,
    /// `exact` or `interval`.
    pub by: String,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Step {
    pub id: String,
    pub from: String,
    pub to: String,
    pub host: String,
    pub tactic: String,
    /// Any of them is a right answer; empty where the public record names none.
    pub techniques: Vec<String>,
    pub description: String,
    /// A complete answer has it.
    pub required: bool,
    /// Some line of it is in the evidence.
    pub visible: bool,
    /// Sources that would show it.
    pub sources: Vec<String>,
    pub keys: Vec<Key>,
    /// At least one of these is cited by a right answer.
    pub must_cite: Vec<Line>,
    /// Every line it left.
    pub lines: Vec<Line>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Link {
    pub from: String,
    pub to: String,
    pub by: String,
    pub keys: Vec<Key>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct HiddenVm {
    pub name: String,
    pub host: String,
    pub uuid: String,
    pub path: String,
    pub running: bool,
}

/// A gap that the answer has to admit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Gap {
    pub source: String,
    pub host: String,
    /// Words of the contract: `not collected`, `rotated`, `log cleared`, …
    pub why: String,
    /// Steps that left lines there.
    pub hides: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Scope {
    pub bytes_out_at_least: u64,
    pub bytes_out_at_most: u64,
    pub window_from: String,
    pub window_to: String,
    /// Things taken for certain: `kind`, `value`.
    pub confirmed: Vec<(String, String)>,
    pub accessed: Vec<(String, String)>,
    /// Things that cannot be excluded.
    pub cannot_exclude: Vec<(String, String)>,
}

/// Innocent life that looks guilty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trap {
    pub id: String,
    pub description: String,
    pub lines: Vec<Line>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    pub case: String,
    pub seed: u64,
    pub from: String,
    pub to: String,
    /// Whether anything happened at all.
    pub intrusion: bool,
    /// How they came in: `vpn-exploit`, `stolen-password`, `insider`, `mail-gateway`, `unseen`, `none`.
    pub entry: String,
    /// Zones of the boxes that write local time.
    pub zones: Vec<(String, String)>,
    /// Clock error per host, microseconds to subtract from what it wrote.
    pub skew: Vec<(String, i64)>,
    pub faults: Vec<String>,
    pub lines_written: u64,
    pub steps: Vec<Step>,
    pub links: Vec<Link>,
    pub hidden_vms: Vec<HiddenVm>,
    pub gaps: Vec<Gap>,
    pub scope: Scope,
    pub traps: Vec<Trap>,
    /// The public record's dated actions: step, day, name, technique (may be empty).
    #[serde(default)]
    pub actions: Vec<[String; 4]>,
}
