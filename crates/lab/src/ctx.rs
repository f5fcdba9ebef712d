//! The case being written: world, store, truth and the counters that lines need.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::rng::Rng;
use crate::store::{Mark, Roll, Store};
use crate::truth::{Key, Link, Step, Truth};
use crate::when::T;
use crate::world::World;

/// How far a case is stretched in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    Full,
    /// Everything within a week, for the case that ships.
    Week,
}

#[derive(Clone, Debug)]
pub struct Options {
    pub case: String,
    pub seed: u64,
    /// Days of benign life; `None`: the case's own.
    pub days: Option<u32>,
    /// Benign events relative to a small office.
    pub scale: f64,
    pub faults: Vec<String>,
    pub evtx: bool,
    pub pace: Pace,
}

pub struct Lab {
    pub w: Arc<World>,
    pub out: Store,
    pub rng: Rng,
    pub truth: Truth,
    pub opt: Options,
    pub start: T,
    pub end: T,
    pub bytes_out: u64,
    /// Logon ids, one counter over all hosts.
    pub logon: u64,
    pub steps: BTreeMap<&'static str, Step>,
    pub traps: BTreeMap<&'static str, &'static str>,
    /// Machines that a plot registered in the open.
    pub extra_registered: Vec<(usize, crate::world::Vm)>,
}

impl Lab {
    pub fn line(&mut self, path: &str, source: &'static str, host: &str, at: T, text: String, mark: Mark) {
        let id = self.out.open(path, source, host, Roll::None);
        self.out.push(id, at, text, mark);
    }

    /// Declares a step; its lines are those marked with its id.
    pub fn step(&mut self, id: &'static str, host: &str, tactic: &str, techniques: &[&str], description: &str) {
        let step = Step {
            id: id.to_owned(),
            host: host.to_owned(),
            tactic: tactic.to_owned(),
            techniques: techniques.iter().map(|t| (*t).to_owned()).collect(),
            description: description.to_owned(),
            required: true,
            ..Step::default()
        };
        self.steps.insert(id, step);
    }

    pub fn optional(&mut self, id: &'static str) {
        if let Some(step) = self.steps.get_mut(id) {
            step.required = false;
        }
    }

    pub fn trap(&mut self, id: &'static str, description: &'static str) {
        self.traps.insert(id, description);
    }

    pub fn key(&mut self, id: &'static str, by: &str, kind: &str, value: &str) {
        let key = Key { kind: kind.to_owned(), value: value.to_owned(), by: by.to_owned() };
        if let Some(step) = self.steps.get_mut(id)
            && !step.keys.contains(&key)
        {
            step.keys.push(key);
        }
    }

    /// A link that a complete answer holds; the keys are put on both ends as well.
    pub fn link(&mut self, from: &'static str, to: &'static str, by: &str, kind: &str, value: &str) {
        self.key(from, by, kind, value);
        self.key(to, by, kind, value);
        let key = Key { kind: kind.to_owned(), value: value.to_owned(), by: by.to_owned() };
        self.truth.links.push(Link { from: from.to_owned(), to: to.to_owned(), by: by.to_owned(), keys: vec![key] });
    }

    pub fn next_logon(&mut self) -> String {
        self.logon += 0x1a3 + self.rng.below(0x2f00);
        format!("0x{:x}", self.logon)
    }

    /// A client port.
    pub fn port(&mut self) -> u64 {
        49152 + self.rng.below(16000)
    }

    /// `l3wrhr4o-cbf-h5:70001034-60`, as the vSphere client makes them.
    pub fn op_id(&mut self) -> String {
        let (a, b, c, d) = (self.rng.letters(4), self.rng.hex(4), 70_000_000 + self.rng.below(99_999), self.rng.hex(2));
        format!("{a}{b}-{}-auto-{}-h5:{c}-{d}", self.rng.below(90_000), self.rng.hex(3))
    }
}
