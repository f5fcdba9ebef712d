//! The engine with its rules and room to work in one hand, for callers that keep no `Scratch` of their own.

use std::sync::Mutex;

use konseki_model::Event;

use crate::engine::{Engine, Scratch};
use crate::logsource::Routing;
use crate::ruleset::{Rule, RuleSet};

/// Values kept of one hit.
const MAX_VALUES: usize = 8;

/// A rule that fired: its index in [`RuleSet::rules`] and the fields that made it.
pub struct Fired {
    pub rule: usize,
    pub values: Vec<(String, String)>,
}

/// All rules, compiled for the sources of a routing. Threads may share it.
pub struct Simple {
    set: RuleSet,
    engine: Engine,
    /// Room of threads that are not matching just now.
    rooms: Mutex<Vec<Scratch>>,
}

impl Simple {
    pub fn build(set: RuleSet, routing: &Routing) -> Self {
        let engine = Engine::build(&set, routing);
        Self { set, engine, rooms: Mutex::new(Vec::new()) }
    }

    pub fn rules(&self) -> &RuleSet {
        &self.set
    }

    pub fn rule(&self, index: usize) -> Option<&Rule> {
        self.set.rules.get(index)
    }

    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Every rule that fires on the event, by index.
    pub fn event(&self, source: usize, event: &Event<'_>) -> Vec<Fired> {
        let room = self.rooms.lock().ok().and_then(|mut rooms| rooms.pop());
        let mut scratch = room.unwrap_or_default();
        let mut fired = Vec::new();
        self.engine.matches(source, event, &mut scratch, |hit| {
            let values = hit.matched().filter(|value| !value.field.is_empty()).take(MAX_VALUES);
            let values = values.map(|value| (value.field.to_owned(), value.value.to_owned()));
            fired.push(Fired { rule: hit.rule, values: values.collect() });
        });
        if let Ok(mut rooms) = self.rooms.lock() {
            rooms.push(scratch);
        }
        fired
    }
}
