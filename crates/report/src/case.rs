//! What a report is made of: everything the stages found, handed over by the pipeline.

use std::collections::BTreeMap;

use konseki_model::other::Others;
use konseki_model::{Chain, Finding, GapWhy, Intake, Level, Unrecognised};
use serde::{Deserialize, Serialize};

/// Traffic Light Protocol 2.0 label of the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tlp {
    Clear,
    Green,
    Amber,
    #[default]
    AmberStrict,
    Red,
}

impl Tlp {
    pub fn label(self) -> &'static str {
        match self {
            Self::Clear => "TLP:CLEAR",
            Self::Green => "TLP:GREEN",
            Self::Amber => "TLP:AMBER",
            Self::AmberStrict => "TLP:AMBER+STRICT",
            Self::Red => "TLP:RED",
        }
    }

    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Green => "green",
            Self::Amber | Self::AmberStrict => "amber",
            Self::Red => "red",
        }
    }
}

/// The case as the report sees it. Findings are expected with their sentences filled in (`fill`).
#[derive(Clone, Debug)]
pub struct Case<'a> {
    pub name: &'a str,
    pub tlp: Tlp,
    /// IANA name or fixed offset of the second time zone; `UTC` shows one zone only.
    pub zone: &'a str,
    pub findings: &'a [Finding],
    pub chain: &'a Chain,
    pub intake: &'a [Intake],
    pub unrecognised: &'a [Unrecognised],
    pub rules: Rules,
    pub inventory: &'a [Inventory],
    pub coverage: &'a [Coverage],
    /// Program, rules, ATT&CK and whatever else has a version.
    pub versions: &'a BTreeMap<String, String>,
    /// Lists that a hidden machine was looked for in, and the hosts each was collected from.
    pub lists: &'a BTreeMap<String, Vec<String>>,
    /// Clocks of which nothing says the zone, and what comparing them with the others gave.
    pub clocks: &'a [Clock],
    /// What other tools said of the same systems.
    pub others: &'a Others,
}

/// A clock whose zone was only assumed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Clock {
    /// Host, or source where no host is known.
    pub host: String,
    /// The zone that was assumed.
    pub assumed: String,
    /// From when on (microseconds UTC; `None`: from the beginning) how many microseconds its times were moved by.
    /// Empty where nothing could be compared: its times stand as assumed.
    pub parts: Vec<(Option<i64>, i64)>,
    /// Microseconds within which half of the compared events agree.
    pub doubt: i64,
    /// Events that another source could have seen, and those that agree.
    pub anchors: u64,
    pub agreeing: u64,
    /// What was compared: `connections`, `tunnels` or `none`.
    pub by: String,
    /// How many pieces of evidence it wrote.
    pub pieces: u64,
}

/// The rules of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rules {
    /// How many could be used.
    pub usable: u64,
    pub fired: Vec<RuleFired>,
    pub unusable: Vec<RuleUnusable>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuleFired {
    pub rule: String,
    pub title: String,
    #[serde(default)]
    pub title_ja: String,
    pub level: Level,
    pub engine: String,
    /// Events that matched.
    pub count: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RuleUnusable {
    pub file: String,
    pub line: Option<u64>,
    pub reason: String,
}

/// A virtual machine in all lists of the case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inventory {
    pub vm: String,
    pub uuid: String,
    pub vmx: String,
    /// List (`running`, `registered`, `on-disk`, `boot-script`, `log`) to the hosts whose list holds the machine.
    pub lists: BTreeMap<String, Vec<String>>,
    pub verdict: InventoryVerdict,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InventoryVerdict {
    /// Runs or ran, registered nowhere.
    Hidden,
    /// A list that would decide is missing.
    CannotTell,
    /// On disk only: left over, or powered off and unregistered.
    Orphaned,
    /// Registered.
    Known,
}

/// When a source of a host has records.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    pub host: String,
    pub source: String,
    /// Microseconds UTC of the first and last record.
    pub first: Option<i64>,
    pub last: Option<i64>,
    /// Records per bucket, from `start` on.
    pub buckets: Vec<u64>,
    /// Microseconds UTC of the first bucket and its width.
    pub start: i64,
    pub width: i64,
    /// Times without records where some were expected.
    pub gaps: Vec<CoverageGap>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CoverageGap {
    pub from: i64,
    pub to: i64,
    pub why: GapWhy,
}
