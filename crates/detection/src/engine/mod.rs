//! All rules over an event in one pass: route, scan each value once, verify the few rules that could match.

mod grams;
mod group;
mod index;
mod late;
mod literal;
mod program;
mod route;
mod run;
mod scratch;
mod test;
mod trie;
mod trigger;
pub(crate) mod view;

use konseki_model::Event;

use crate::logsource::Routing;
use crate::ruleset::RuleSet;
use crate::windows::Windows;
use group::Names;
use late::Late;
use route::{NO_RENAME, Planner, Routes};
use run::Run;

pub(crate) use route::{dynamic, narrowed};
pub use scratch::Scratch;
pub(crate) use test::{other as other_test, value as value_test};

/// Rules compiled for the sources of a routing. Shared by threads; each brings its own `Scratch`.
#[derive(Debug)]
pub struct Engine {
    names: Names,
    groups: Vec<Late>,
    /// Values that most events hold.
    common: Vec<String>,
    routes: Routes,
    /// Ids of `view::CORE` names that rules use: (field id, index).
    core: Vec<(u32, u32)>,
    positional: String,
    /// The id of `positional`, if a rule uses it.
    positional_id: Option<u32>,
    unrouted: Vec<usize>,
}

/// A rule that matched an event.
#[derive(Clone, Copy, Debug)]
pub struct Hit<'h, 'e> {
    /// Index into `RuleSet::rules`.
    pub rule: usize,
    event: &'h Event<'e>,
    places: &'h [u32],
}

/// A value that made a rule match. `field` is empty for the raw record, whose `value` is empty where it is
/// not UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Matched<'e> {
    pub field: &'e str,
    pub value: &'e str,
}

impl<'e> Hit<'_, 'e> {
    /// The values that made it match, each once, in the order of the condition. Empty where only absent
    /// fields did.
    pub fn matched(&self) -> impl Iterator<Item = Matched<'e>> + '_ {
        self.places.iter().map(|place| match view::at(self.event, *place as usize) {
            Some((field, value)) => Matched { field, value },
            None => {
                let value = std::str::from_utf8(self.event.raw).unwrap_or_default();
                Matched { field: "", value }
            }
        })
    }
}

impl Engine {
    /// Routes all rules for the sources of `routing`. What one kind of event is asked is compiled when the first one comes.
    pub fn build(rules: &RuleSet, routing: &Routing) -> Self {
        let windows = Windows::builtin();
        let mut planner = Planner::new(&windows, routing);
        for (number, rule) in rules.rules.iter().enumerate() {
            planner.add(number, rule);
        }
        let names = names(rules, &windows);
        let (members, routes, unrouted) = planner.finish(&names);
        let groups = members.into_iter().map(Late::new).collect();
        let core = view::CORE.iter().enumerate();
        let core = core.filter_map(|(at, name)| Some((*names.get(*name)?, at as u32))).collect();
        let positional_id = names.get(windows.positional.as_str()).copied();
        let Windows { positional, common, .. } = windows;
        Self { names, groups, common, routes, core, positional, positional_id, unrouted }
    }

    /// Rules (indexes into `RuleSet::rules`) whose log source no source provides: they never match here.
    pub fn unrouted(&self) -> &[usize] {
        &self.unrouted
    }

    /// Calls `hit` for every rule that matches the event, in the order of the rules, each once.
    /// `source`: the index that `Routing::add` gave.
    pub fn matches<'e>(&self, source: usize, event: &Event<'e>, scratch: &mut Scratch, mut hit: impl FnMut(Hit<'_, 'e>)) {
        self.routes.pick(source, event, scratch);
        scratch.hits.clear();
        if scratch.todo.is_empty() {
            return;
        }
        scratch.places.clear();
        self.resolve(source, event, scratch);
        for at in 0..scratch.todo.len() {
            let Some((group, rename)) = scratch.todo.get(at).copied() else { break };
            self.run(group, rename, event, scratch);
        }
        if scratch.hits.is_empty() {
            return;
        }
        scratch.hits.sort_unstable();
        scratch.hits.dedup_by_key(|hit| hit.0);
        for (rule, from, to) in &scratch.hits {
            let places = scratch.places.get(*from as usize..*to as usize).unwrap_or_default();
            hit(Hit { rule: *rule as usize, event, places });
        }
    }

    /// Fills `scratch.visible`.
    fn resolve(&self, source: usize, event: &Event<'_>, scratch: &mut Scratch) {
        let positional = self.positional_id.filter(|_| self.routes.is_windows(source));
        scratch.texts.begin(view::raw_place(event) + 1);
        scratch.visible.clear();
        for (place, field) in event.fields.iter().enumerate() {
            if let Some(id) = self.names.get(field.name) {
                scratch.visible.push((*id, place as u32));
            }
            if let Some(id) = positional
                && field.name.starts_with(self.positional.as_str())
                && view::is_positional(field.name, &self.positional)
            {
                scratch.visible.push((id, place as u32));
            }
        }
        for (id, index) in &self.core {
            if !view::core(event, *index as usize).is_empty() {
                scratch.visible.push((*id, event.fields.len() as u32 + index));
            }
        }
    }

    fn run(&self, group: u32, rename: u32, event: &Event<'_>, scratch: &mut Scratch) {
        let Some(group) = self.groups.get(group as usize) else { return };
        let group = group.get(&self.names, &self.common);
        let Scratch { texts, marks, visible, renamed, hits, places, .. } = scratch;
        let mut seen: &[(u32, u32)] = visible;
        if rename != NO_RENAME
            && let Some(rename) = self.routes.renames.get(rename as usize)
        {
            rename.apply(visible, renamed);
            seen = renamed;
        }
        let mut run = Run { group, event, visible: seen, texts, marks };
        run.scan();
        for at in 0..run.marks.candidates.len() {
            let local = run.marks.candidates.get(at).copied().unwrap_or_default();
            let Some((rule, root)) = group.rules.get(local as usize).copied() else { continue };
            if run.verify(root) {
                let from = places.len() as u32;
                run.explain(root, places);
                hits.push((rule, from, places.len() as u32));
            }
        }
    }
}

/// Numbers every field name that a rule, or the table of Windows events, uses.
fn names(rules: &RuleSet, windows: &Windows) -> Names {
    let mut names = Names::default();
    let mut add = |name: &str| {
        if !names.contains_key(name) {
            names.insert(name.into(), names.len() as u32);
        }
    };
    for rule in &rules.rules {
        rule.expr.each(&mut |atom| {
            atom.field.iter().for_each(|name| add(name));
            if let crate::sigma::atom::Test::Other { field, .. } = &atom.test {
                add(field);
            }
        });
    }
    windows.fields().for_each(add);
    names
}
