//! What is known better of clocks than when events were read: shifts of whole pieces, and zones of times that say none.

use std::collections::BTreeMap;

use konseki_model::time::Offset;
use konseki_model::{Basis, Stamp};

const SECOND: i64 = 1_000_000;

/// How far a clock was off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Correction {
    pub evidence: String,
    /// Microseconds to add.
    pub micros: i64,
    /// Only for times from this one on (microseconds). Several parts of one piece: later ones first.
    pub from: Option<i64>,
    /// Only for times whose zone their record does not say; `from` and `micros` then count from the time as written, as if
    /// it were UTC. Who says the zone.
    pub zone: Option<Basis>,
}

impl Correction {
    /// The microseconds to add to a time of its piece, if it is meant.
    fn shift(&self, micros: i64, offset: Option<Offset>) -> Option<i64> {
        let to_written = match (self.zone, offset) {
            (None, _) => 0,
            (Some(_), Some(Offset::Taken(seconds))) => i64::from(seconds) * SECOND,
            (Some(_), _) => return None,
        };
        let holds = self.from.is_none_or(|from| micros.saturating_add(to_written) >= from);
        holds.then_some(self.micros.saturating_add(to_written))
    }
}

/// All corrections of a case, by piece of evidence. For one time the first that fits is taken.
#[derive(Clone, Debug, Default)]
pub struct Corrections {
    by_piece: BTreeMap<String, Vec<Correction>>,
}

impl Corrections {
    pub fn push(&mut self, correction: Correction) {
        self.by_piece.entry(correction.evidence.clone()).or_default().push(correction);
    }

    pub fn is_empty(&self) -> bool {
        self.by_piece.is_empty()
    }

    /// Is anything known of this piece?
    pub fn names(&self, evidence: &str) -> bool {
        self.by_piece.contains_key(evidence)
    }

    /// Microseconds to add to a time of a piece.
    pub fn shift(&self, evidence: &str, micros: i64, offset: Option<Offset>) -> i64 {
        let all = self.by_piece.get(evidence).into_iter().flatten();
        all.filter_map(|one| one.shift(micros, offset)).next().unwrap_or(0)
    }

    /// Who says the zone of a piece's times that say none.
    pub fn zone(&self, evidence: &str) -> Option<Basis> {
        self.by_piece.get(evidence)?.iter().find_map(|one| one.zone)
    }

    /// A time of a piece as it is known now.
    pub fn stamp(&self, evidence: &str, stamp: Stamp) -> Stamp {
        let micros = stamp.micros + self.shift(evidence, stamp.micros, stamp.offset);
        let basis = match (stamp.offset, self.zone(evidence)) {
            (Some(Offset::Taken(_)), Some(who)) => stamp.basis.told_by(who),
            _ => stamp.basis,
        };
        Stamp { micros, basis, ..stamp }
    }

    /// The microseconds to add, and the basis, as SQL over `time`, `evidence`, `zone_taken` and `basis`.
    pub(crate) fn sql(&self) -> (String, String) {
        let time = "CAST(arrow_cast(\"time\", 'Int64') AS BIGINT)";
        let written = format!("CAST(\"zone_taken\" AS BIGINT) * {SECOND}");
        let (mut shifts, mut bases) = (String::new(), String::new());
        for (evidence, all) in &self.by_piece {
            let name = evidence.replace('\'', "''");
            let parts = all.iter().map(|one| match (one.zone, one.from) {
                (None, None) => format!("WHEN TRUE THEN {}", one.micros),
                (None, Some(from)) => format!("WHEN {time} >= {from} THEN {}", one.micros),
                (Some(_), None) => format!("WHEN \"zone_taken\" IS NOT NULL THEN {written} + {}", one.micros),
                (Some(_), Some(from)) => format!("WHEN {time} + {written} >= {from} THEN {written} + {}", one.micros),
            });
            shifts += &format!(" WHEN evidence = '{name}' THEN CASE {} ELSE 0 END", parts.collect::<Vec<_>>().join(" "));
            if let Some(who) = self.zone(evidence) {
                let told = [Basis::YearInferred, Basis::YearAssumed, who];
                let [inferred, assumed, who] = told.map(Basis::as_str);
                bases += &format!(
                    " WHEN evidence = '{name}' AND \"zone_taken\" IS NOT NULL THEN CASE WHEN basis IN ('{inferred}', '{assumed}') \
                     THEN '{inferred}' ELSE '{who}' END"
                );
            }
        }
        let moved = if shifts.is_empty() { time.to_owned() } else { format!("{time} + CASE{shifts} ELSE 0 END") };
        let basis = if bases.is_empty() { "\"basis\"".to_owned() } else { format!("CASE{bases} ELSE \"basis\" END") };
        (moved, basis)
    }
}

impl Extend<Correction> for Corrections {
    fn extend<T: IntoIterator<Item = Correction>>(&mut self, more: T) {
        more.into_iter().for_each(|one| self.push(one));
    }
}

impl FromIterator<Correction> for Corrections {
    fn from_iter<T: IntoIterator<Item = Correction>>(all: T) -> Self {
        let mut out = Self::default();
        out.extend(all);
        out
    }
}
