//! Files that come to a box that nobody works on, once it is in the intruder's hands: by what their paths mean.

use konseki_model::{Because, By, Entity, EntityKind, Finding, Kind, Level, Record};

use super::Follow;
use super::presence::{Carrier, Presence};
use super::seeds::value;
use crate::compare::lean;
use crate::names::host_key;

const HOUR: i64 = 3_600_000_000;
/// What is seen first is not what happened first: a channel opens after the files that make it.
const BEFORE: i64 = 24 * HOUR;
/// Files in an hour that make an installation, not a hand.
const MANY: u64 = 300;
const KEPT: usize = 40;
const HOURS: usize = 20_000;

/// What came to a box in an hour.
#[derive(Default)]
pub(super) struct Hour {
    count: u64,
    records: Vec<Record>,
}

impl Follow<'_> {
    /// A box that runs someone else's code, or that calls where it should not.
    pub(super) fn on_box(&mut self, finding: &Finding, origin: &Because) {
        const HIS: &[&str] = &["initial-access", "execution", "persistence", "command-and-control", "exfiltration"];
        let (Some(name), Some(time)) = (value(finding, EntityKind::Host, "where"), finding.micros) else { return };
        let key = host_key(name);
        if finding.level < Level::High
            || !self.joins.roles.contains_key(&key)
            || !finding.tactics.iter().any(|tactic| HIS.contains(&tactic.as_str()))
        {
            return;
        }
        let from = time - BEFORE;
        if let Some(known) = self.boxes.get(&key).and_then(|at| self.all.get_mut(*at)) {
            known.from = known.from.min(from);
            return;
        }
        self.add(Presence {
            carrier: Carrier::Files(key),
            from,
            to: i64::MAX,
            origin: origin.clone(),
            entity: Entity::new(EntityKind::Host, name, "where"),
            by: By::Interval,
            alternatives: 0,
            own: false,
            user: None,
            weak: false,
        });
    }

    pub(super) fn by_box(&mut self, record: &Record, time: i64) {
        if !matches!(record.kind(), Kind::FileCreate | Kind::FileSeen | Kind::FileChange) || self.boxes.is_empty() {
            return;
        }
        // Being read leaves a time too.
        if record.field("macb").is_some_and(|marks| !marks.contains(['m', 'b', 'c'])) {
            return;
        }
        let Some(at) = self.boxes.get(&host_key(&record.host)).copied() else { return };
        if !self.all.get(at).is_some_and(|presence| presence.holds(time)) || self.files.len() >= HOURS {
            return;
        }
        let means = self.data.file(&record.object).is_some();
        let hour = self.files.entry((at, time.div_euclid(HOUR))).or_default();
        hour.count += 1;
        if means && hour.records.len() < KEPT {
            hour.records.push(lean(record));
        }
    }

    pub(super) fn new_files(&mut self) {
        for ((at, _), hour) in std::mem::take(&mut self.files) {
            for record in hour.records.iter().filter(|_| hour.count <= MANY) {
                if let Some(meaning) = self.data.file(&record.object).cloned() {
                    self.lift(at, record, 0);
                    self.act(at, "followed-file", (&meaning.techniques, &meaning.tactic), record, 0);
                }
            }
        }
    }
}
