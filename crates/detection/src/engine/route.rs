//! Which groups of rules an event is put before.

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::Event;
use rustc_hash::FxHashMap;

use super::group::Names;
use super::scratch::Scratch;
use crate::logsource::{LogSource, Routing};
use crate::ruleset::Rule;
use crate::sigma::atom::{Expr, Test};
use crate::sigma::glob::{Anchor, Glob, Part, Shape};
use crate::windows::{Target, Windows};

/// A rule that asks for more event ids than this is put before all events of its channel.
const MAX_IDS: usize = 16;
pub(super) const NO_RENAME: u32 = u32::MAX;

type Conditions = BTreeMap<String, Vec<String>>;

/// What the rules of a group have in common: log source, event id, and what the category adds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    logsource: LogSource,
    id: Option<String>,
    conditions: Conditions,
}

/// Other names that a group sees fields under.
#[derive(Debug, Default)]
pub(super) struct Rename {
    /// (the event's field, the rule's field)
    pairs: Vec<(u32, u32)>,
}

#[derive(Debug, Default)]
pub(super) struct Routes {
    sources: Vec<Source>,
    channels: FxHashMap<String, ByIds>,
    anywhere: ByIds,
    pub renames: Vec<Rename>,
}

#[derive(Debug, Default)]
struct Source {
    groups: Vec<u32>,
    windows: bool,
}

#[derive(Debug, Default)]
struct ByIds {
    all: Vec<(u32, u32)>,
    ids: FxHashMap<String, Vec<(u32, u32)>>,
}

/// Conditions of one group, each with the number of its rule.
pub(super) type Members = Vec<(u32, Expr)>;

/// Puts rules into groups and groups before events.
#[derive(Debug)]
pub(super) struct Planner<'a> {
    windows: &'a Windows,
    routing: &'a Routing,
    groups: BTreeMap<Key, (Members, Vec<Target>)>,
    pub unrouted: Vec<usize>,
}

impl<'a> Planner<'a> {
    pub fn new(windows: &'a Windows, routing: &'a Routing) -> Self {
        Self { windows, routing, groups: BTreeMap::new(), unrouted: Vec::new() }
    }

    pub fn add(&mut self, number: usize, rule: &Rule) {
        let logsource = &rule.meta.logsource;
        let mut routed = self.fixed(logsource);
        if routed {
            self.member(logsource, None, &Conditions::new(), number, &rule.expr);
        }
        if self.routing.sources.iter().flatten().any(dynamic) {
            let targets = self.windows.targets(logsource);
            routed |= !targets.is_empty();
            for target in targets {
                self.target(number, rule, target);
            }
        }
        if !routed {
            self.unrouted.push(number);
        }
    }

    /// Whether some source provides the log source by itself.
    fn fixed(&self, logsource: &LogSource) -> bool {
        let given = self.routing.sources.iter().flatten().filter(|given| !dynamic(given));
        given.into_iter().any(|given| given.provides(logsource))
    }

    fn target(&mut self, number: usize, rule: &Rule, target: Target) {
        let windows = rule.meta.logsource.is_windows();
        let ids = ids(&rule.expr).filter(|ids| windows && ids.len() <= MAX_IDS);
        let keys: Vec<Option<String>> = match ids {
            None => vec![None],
            Some(ids) => ids.into_iter().filter(|id| target.fits(target.channel.as_deref(), Some(id))).map(Some).collect(),
        };
        for id in keys {
            let conditions = target.conditions.clone();
            let expr = narrowed(&rule.expr, &conditions);
            let logsource = &rule.meta.logsource;
            let targets = self.member(logsource, id, &conditions, number, &expr);
            if !targets.contains(&target) {
                targets.push(target.clone());
            }
        }
    }

    fn member(
        &mut self,
        logsource: &LogSource,
        id: Option<String>,
        conditions: &Conditions,
        number: usize,
        expr: &Expr,
    ) -> &mut Vec<Target> {
        let conditions = conditions.clone();
        let key = Key { logsource: logsource.clone(), id, conditions };
        let (members, targets) = self.groups.entry(key).or_default();
        // Two targets of one category share their group.
        if members.last().map(|last| last.0) != Some(number as u32) {
            members.push((number as u32, expr.clone()));
        }
        targets
    }

    pub fn finish(self, names: &Names) -> (Vec<Members>, Routes, Vec<usize>) {
        let mut routes = Routes::default();
        let mut out = Vec::with_capacity(self.groups.len());
        for given in &self.routing.sources {
            let windows = given.iter().any(dynamic);
            routes.sources.push(Source { groups: Vec::new(), windows });
        }
        for (key, (members, targets)) in self.groups {
            let group = out.len() as u32;
            out.push(members);
            for target in &targets {
                routes.enter(group, &key, target, names);
            }
            if key.id.is_some() || !key.conditions.is_empty() {
                continue;
            }
            for (source, given) in routes.sources.iter_mut().zip(&self.routing.sources) {
                let mut given = given.iter().filter(|given| !dynamic(given));
                if given.any(|given| given.provides(&key.logsource)) {
                    source.groups.push(group);
                }
            }
        }
        (out, routes, self.unrouted)
    }
}

impl Routes {
    fn enter(&mut self, group: u32, key: &Key, target: &Target, names: &Names) {
        let rename = self.rename(target, names);
        let by_ids = match &target.channel {
            None => &mut self.anywhere,
            Some(channel) => self.channels.entry(channel.clone()).or_default(),
        };
        match (&key.id, &target.ids) {
            (Some(id), _) => by_ids.ids.entry(id.clone()).or_default().push((group, rename)),
            (None, Some(ids)) => {
                for id in ids {
                    by_ids.ids.entry(id.to_string()).or_default().push((group, rename));
                }
            }
            (None, None) => by_ids.all.push((group, rename)),
        }
    }

    fn rename(&mut self, target: &Target, names: &Names) -> u32 {
        let pairs: Vec<(u32, u32)> =
            target.rename.iter().filter_map(|(from, to)| Some((*names.get(from.as_str())?, *names.get(to.as_str())?))).collect();
        if pairs.is_empty() {
            return NO_RENAME;
        }
        if let Some(known) = self.renames.iter().position(|rename| rename.pairs == pairs) {
            return known as u32;
        }
        self.renames.push(Rename { pairs });
        (self.renames.len() - 1) as u32
    }

    /// Whether the source's events are routed by channel and event id.
    pub fn is_windows(&self, source: usize) -> bool {
        self.sources.get(source).is_some_and(|source| source.windows)
    }

    /// Fills `scratch.todo` with the groups for this event.
    pub fn pick(&self, source: usize, event: &Event<'_>, scratch: &mut Scratch) {
        let Scratch { todo, lower, .. } = scratch;
        todo.clear();
        let Some(source) = self.sources.get(source) else { return };
        todo.extend(source.groups.iter().map(|group| (*group, NO_RENAME)));
        if !source.windows {
            return;
        }
        lower.clear();
        lower.push_str(event.field("Channel").unwrap_or_default());
        lower.make_ascii_lowercase();
        let own = self.channels.get(lower.as_str());
        let lists = [Some(&self.anywhere), own];
        let mut ids = 0;
        for by_ids in lists.into_iter().flatten() {
            todo.extend(&by_ids.all);
            ids = 0;
            for field in event.fields.iter().filter(|field| field.name == "EventID") {
                ids += 1;
                todo.extend(by_ids.ids.get(field.value).into_iter().flatten());
            }
        }
        if ids > 1 || !source.groups.is_empty() {
            todo.sort_unstable();
            todo.dedup();
        }
    }
}

impl Rename {
    /// The values under the names that the group sees.
    pub fn apply(&self, visible: &[(u32, u32)], out: &mut Vec<(u32, u32)>) {
        out.clear();
        for (field, place) in visible {
            if !self.pairs.iter().any(|(_, to)| to == field) {
                out.push((*field, *place));
            }
            for (_, to) in self.pairs.iter().filter(|(from, _)| from == field) {
                out.push((*to, *place));
            }
        }
    }
}

/// A source of Windows events says nothing of service or category: each event does.
pub(crate) fn dynamic(given: &LogSource) -> bool {
    given.is_windows() && given.category.is_none() && given.service.is_none()
}

/// The condition with what the category adds.
pub(crate) fn narrowed(expr: &Expr, conditions: &Conditions) -> Expr {
    let mut all = Vec::new();
    for (field, values) in conditions {
        let values = values.iter().map(|value| {
            let parts = vec![Part::Lit(value.clone())];
            Expr::atom(Some(field), Test::Text(Glob::new(parts, Anchor::Whole, false)))
        });
        all.extend(Expr::any(values.collect()));
    }
    all.push(expr.clone());
    Expr::all(all).unwrap_or_else(|| expr.clone())
}

/// Event ids of which the rule needs one; `None` if it may match any.
fn ids(expr: &Expr) -> Option<BTreeSet<String>> {
    match expr {
        Expr::Atom(atom) if atom.field.as_deref() == Some("EventID") => match &atom.test {
            Test::Text(glob) => match glob.shape() {
                Shape::Exact(id) if !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit()) => Some(BTreeSet::from([id.to_owned()])),
                _ => None,
            },
            _ => None,
        },
        Expr::All(items) => items.iter().filter_map(ids).min_by_key(BTreeSet::len),
        Expr::Any(items) => {
            let mut all = BTreeSet::new();
            for item in items {
                all.extend(ids(item)?);
            }
            Some(all)
        }
        Expr::Atom(_) | Expr::Not(_) => None,
    }
}
