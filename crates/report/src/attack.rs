//! Names of ATT&CK techniques and tactics in English and Japanese, from `data/attack/` (see its NOTICE).

use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The designation that MITRE's licence asks for wherever its data is shown.
pub const DESIGNATION: &str =
    "© 2025 The MITRE Corporation. This work is reproduced and distributed with the permission of The MITRE Corporation.";

/// Licence and origin of the tables, to be shipped with every copy.
pub const NOTICE: &str = include_str!("../data/attack/NOTICE");

/// A technique of Enterprise ATT&CK.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Technique {
    pub id: &'static str,
    pub name: &'static str,
    /// Tactic ids, comma between.
    pub tactics: &'static str,
    /// First of the releases 18.1 (`18`) and 19.1 (`19`) that has this id.
    pub since: &'static str,
    /// Our gloss; empty where there is none.
    pub ja: &'static str,
}

/// A tactic. Stealth and Defense Evasion share an id: release 19 renamed one to the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tactic {
    pub id: &'static str,
    /// `initial-access`.
    pub short: &'static str,
    pub name: &'static str,
    pub since: &'static str,
    pub ja: &'static str,
    /// Two letters for pictures, so that they can be read without colour.
    pub code: &'static str,
    /// `#rrggbb`, dark enough for white letters.
    pub colour: &'static str,
}

fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(|line| line.split('\t').collect())
}

fn table() -> &'static BTreeMap<&'static str, Technique> {
    static TABLE: OnceLock<BTreeMap<&'static str, Technique>> = OnceLock::new();
    TABLE.get_or_init(|| {
        rows(include_str!("../data/attack/techniques.tsv"))
            .filter_map(|row| match row.as_slice() {
                [id, name, tactics, since, ja] => Some((*id, Technique { id, name, tactics, since, ja })),
                _ => None,
            })
            .collect()
    })
}

/// The technique of that id (`T1021.001`); `None` for an id outside both releases.
pub fn technique(id: &str) -> Option<&'static Technique> {
    table().get(id)
}

/// Every technique, by id.
pub fn techniques() -> impl Iterator<Item = &'static Technique> {
    table().values()
}

/// Every tactic in the order of the matrix.
pub fn tactics() -> &'static [Tactic] {
    static TABLE: OnceLock<Vec<Tactic>> = OnceLock::new();
    TABLE.get_or_init(|| {
        rows(include_str!("../data/attack/tactics.tsv"))
            .filter_map(|row| match row.as_slice() {
                [id, short, name, since, ja, code, colour] => Some(Tactic { id, short, name, since, ja, code, colour }),
                _ => None,
            })
            .collect()
    })
}

/// The tactic of that short name (`lateral-movement`) or id (`TA0008`).
pub fn tactic(name: &str) -> Option<&'static Tactic> {
    tactics().iter().find(|tactic| tactic.short == name || tactic.id == name)
}

/// Place in the matrix, for sorting; unknown ones last.
pub fn tactic_order(name: &str) -> usize {
    tactics().iter().position(|tactic| tactic.short == name).unwrap_or(usize::MAX)
}

/// Name with the parent's in front for a sub-technique: `Remote Services: SSH`.
pub fn full_name(id: &str, japanese: bool) -> Option<String> {
    let own = technique(id)?;
    let pick = |t: &'static Technique| if japanese && !t.ja.is_empty() { t.ja } else { t.name };
    let parent = id.split_once('.').and_then(|(parent, _)| technique(parent));
    Some(match parent {
        Some(parent) if !japanese => format!("{}: {}", parent.name, own.name),
        _ => pick(own).to_owned(),
    })
}
