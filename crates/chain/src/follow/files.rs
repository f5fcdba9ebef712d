//! Files that come to a box that nobody works on, once it is in the intruder's hands: by what their paths mean.

use konseki_model::{Because, By, Entity, EntityKind, Finding, Kind, Level, Record};

use super::Follow;
use super::presence::{Carrier, Presence};
use super::seeds::value;
use crate::compare::lean;
use crate::names::{host_key, is_public};

const HOUR: i64 = 3_600_000_000;
/// What is seen first is not what happened first: a channel opens after the files that make it.
const BEFORE: i64 = 24 * HOUR;
/// Files in an hour that make an installation, not a hand.
const MANY: u64 = 300;
const KEPT: usize = 40;
pub(super) const RULE: &str = "followed-file";
/// Hours between two runs of files.
const APART: i64 = 48;
/// How long after a shell was opened what is run there belongs to it.
const SHELL: i64 = 2 * HOUR;
const ROUTINE: usize = 50_000;
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
        if finding.level < Level::High && !self.calls_him(finding)
            || !self.joins.roles.contains_key(&key)
            || !finding.tactics.iter().any(|tactic| HIS.contains(&tactic.as_str()))
        {
            return;
        }
        if finding.techniques.iter().any(|technique| matches!(technique.as_str(), "T1059.004" | "T1505.003")) && !finding.engine.eq("chain")
        {
            self.ran.entry(key.clone()).or_default().push(time);
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

    /// It calls a place that something strong proves to be his.
    fn calls_him(&self, finding: &Finding) -> bool {
        let called = finding.entities.iter().filter(|e| e.kind == EntityKind::Address && e.role == "to");
        finding.engine == "chain" && called.into_iter().any(|e| is_public(&e.value) && self.addresses.contains_key(&e.value))
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
        // Renamed or removed later: it had come before.
        let written = record.field("macb").is_none_or(|marks| marks.contains(['m', 'b']));
        let fresh = !means || self.known.len() >= ROUTINE || self.known.insert((at, record.object.clone()));
        if !written && !fresh {
            return;
        }
        let hour = self.files.entry((at, time.div_euclid(HOUR))).or_default();
        hour.count += 1;
        if means && hour.records.len() < KEPT {
            hour.records.push(lean(record));
        }
    }

    pub(super) fn new_files(&mut self) {
        let mut last: Option<(usize, i64)> = None;
        for ((at, begins), hour) in std::mem::take(&mut self.files) {
            if hour.records.is_empty() {
                continue;
            }
            if last.is_some_and(|(box_, hours)| box_ != at || begins - hours > APART) {
                self.run += 1;
            }
            last = Some((at, begins));
            for record in hour.records.iter().filter(|_| hour.count <= MANY) {
                if let Some(meaning) = self.data.file(&record.object).cloned() {
                    self.lift(at, record, 0);
                    self.act(at, RULE, (&meaning.techniques, &meaning.tactic), record, 0);
                }
            }
        }
    }

    /// A shell of his opened on a box that nobody works on: new commands in the hours after are his.
    pub(super) fn by_command_on_box(&mut self, record: &Record, time: i64) {
        if !matches!(record.kind(), Kind::ProcessStart | Kind::ShellCommand) || self.ran.is_empty() || record.command.is_empty() {
            return;
        }
        let key = host_key(&record.host);
        let Some(opened) = self.ran.get(&key) else { return };
        let during = opened.iter().any(|at| (0..=SHELL).contains(&(time - at)));
        // What the box does by itself it does again and again.
        let command = (key.clone(), record.command.clone());
        if !during {
            if self.routine.len() < ROUTINE {
                self.routine.insert(command);
            }
            return;
        }
        let Some(at) = self.boxes.get(&key).copied().filter(|_| !self.routine.contains(&command)) else { return };
        let Some(meaning) = self.data.command(&record.command).cloned() else { return };
        if !self.lift(at, record, 0) {
            self.act(at, "followed-command", (&meaning.techniques, &meaning.tactic), record, 0);
        }
    }
}
