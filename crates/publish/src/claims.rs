//! What a package is written from: the results of a case, owned, so that redaction can change them once for every writer.

use std::collections::BTreeMap;

use konseki_model::{Chain, Finding, Intake, Unrecognised};
use konseki_report::{Coverage, Inventory, Rules, Tlp};

use crate::malware::Named;

/// The claims of a case. Writers see only a redacted copy.
#[derive(Clone, Debug, Default)]
pub struct Claims {
    pub name: String,
    pub tlp: Tlp,
    /// IANA name of the victim's zone, `UTC` when unset.
    pub zone: String,
    /// Sentences filled in.
    pub findings: Vec<Finding>,
    pub chain: Chain,
    pub intake: Vec<Intake>,
    pub unrecognised: Vec<Unrecognised>,
    pub rules: Rules,
    pub inventory: Vec<Inventory>,
    pub coverage: Vec<Coverage>,
    pub versions: BTreeMap<String, String>,
    pub narrative: Narrative,
    /// Texts that no package may hold, from `case.toml`.
    pub withhold: Vec<String>,
    /// Lines of the custody log, as they stand.
    pub custody: Vec<String>,
    /// What the analyst said of the organisation and the incident in `case.toml` (`organisation`, `contact`, `aware`, …).
    pub facts: BTreeMap<String, String>,
    /// Addresses and names that the analyst says are the organisation's own.
    pub own: Vec<String>,
    /// Malware that the analyst named in `case.toml`.
    pub malware: Vec<Named>,
    /// Rules that konseki brings, by id: their words are ours, not evidence.
    pub book: BTreeMap<String, OwnRule>,
    /// The same rules and those for hunting, by path below `rules/` without ending: packages carry what fits a step.
    pub shelf: BTreeMap<String, OwnRule>,
    /// Words that give a command its meaning: ours, not evidence.
    pub acts: Vec<Act>,
}

/// What gives a command line its meaning: any of the lists whose words all stand in it, in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Act {
    pub any: Vec<Vec<String>>,
    pub not: Vec<String>,
    pub techniques: Vec<String>,
    pub tactic: String,
}

/// A rule that konseki brings, with the samples beside it.
#[derive(Clone, Debug, Default)]
pub struct OwnRule {
    /// Path below `rules/`; `.yml` for Sigma, `.yar` for YARA.
    pub file: String,
    pub id: String,
    /// The rule as it stands.
    pub yaml: String,
    /// Events that must match, one JSON object a line; made up, so they may be told to anyone.
    pub matches: String,
    /// Events that must not match.
    pub nomatches: String,
    pub title: String,
    pub why: String,
    pub disproof: String,
    pub title_ja: String,
    pub why_ja: String,
}

impl OwnRule {
    pub fn is_yara(&self) -> bool {
        self.file.ends_with(".yar")
    }
}

/// The analyst's own sentences: `narrative/NAME.LANG.md` of the case, by name and language tag.
#[derive(Clone, Debug, Default)]
pub struct Narrative {
    pub texts: BTreeMap<(String, String), String>,
}
