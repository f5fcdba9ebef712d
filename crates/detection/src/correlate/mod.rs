//! Correlation: what rules found is counted and ordered in windows of time.
//!
//! Samples come in any order, from any piece of evidence; nothing is concluded before all are there. So the
//! result depends on the samples only, not on threads or the order of files.

pub(crate) mod resolve;
mod sample;
mod window;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::Event;

use crate::engine::view;
use crate::fold::fold;
use crate::ruleset::{Correlation, Input, RuleSet};
use sample::{Samples, Seen};

/// Samples kept for all correlations together; of more, the earliest.
pub const MAX_SAMPLES: usize = 1_000_000;
/// Groups of one correlation; of more, those that begin first.
pub const MAX_GROUPS: usize = 1_000_000;
/// Events named by one result.
pub const MAX_EVENTS: usize = 20;

/// Takes what rules found and concludes.
#[derive(Debug)]
pub struct Correlator<'a> {
    rules: &'a RuleSet,
    /// Rule -> (correlation, place among its inputs).
    users: BTreeMap<usize, Vec<(u32, u32)>>,
    fields: CorrelationFields,
    samples: Samples,
    ungrouped: BTreeMap<usize, u64>,
    limits: Limits,
}

/// Bounds, so that a case of any size fits.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub samples: usize,
    pub groups: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { samples: MAX_SAMPLES, groups: MAX_GROUPS }
    }
}

/// One conclusion: a correlation, the group it was drawn for, and what it rests on.
#[derive(Clone, Debug, PartialEq)]
pub struct Conclusion {
    /// Index into `RuleSet::correlations`.
    pub correlation: usize,
    /// (group-by name, value as first written), in the order of the rule.
    pub group: Vec<(String, String)>,
    /// Microseconds UTC of the first and last event.
    pub start: i64,
    pub end: i64,
    /// Events in it.
    pub count: u64,
    /// What the condition was asked of, at its highest (events, distinct values, rules, a sum).
    pub value: f64,
    /// What the caller gave with the events, in order of time, at most `MAX_EVENTS`.
    pub tags: Vec<u64>,
}

/// Everything concluded, and what was not looked at.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Conclusions {
    /// In the order of the correlations, then of time.
    pub all: Vec<Conclusion>,
    /// Samples that were beyond the bound.
    pub samples_dropped: u64,
    /// Correlation -> groups that were beyond the bound: "correlation truncated at N groups".
    pub groups_dropped: BTreeMap<usize, u64>,
    /// Correlation -> events without a field that it groups by.
    pub ungrouped: BTreeMap<usize, u64>,
}

/// The fields that correlations group by or count: what has to be kept of an event that a rule found.
#[derive(Clone, Debug, Default)]
pub struct CorrelationFields {
    names: BTreeSet<String>,
}

impl CorrelationFields {
    pub fn new(rules: &RuleSet) -> Self {
        let mut names = BTreeSet::new();
        for block in rules.correlations.iter().map(|correlation| &correlation.block) {
            names.extend(block.group_by.iter().chain(&block.condition.fields).cloned());
            names.extend(block.aliases.values().flat_map(|by_rule| by_rule.values().cloned()));
        }
        Self { names }
    }

    /// The values of an event that correlations group by or count: native fields of that name, and the typed
    /// core by its names (`host`, `user`, `src`, … or `core.host`, …) where no native field has the name.
    pub fn of<'e>(&self, event: &Event<'e>) -> Vec<(String, String)> {
        let value = |name: &str| -> Option<&'e str> {
            event.field(name).or_else(|| {
                let at = view::CORE.iter().position(|core| *core == name || core.strip_prefix("core.") == Some(name))?;
                Some(view::core(event, at)).filter(|value| !value.is_empty())
            })
        };
        let names = self.names.iter();
        names.filter_map(|name| Some((name.clone(), value(name)?.to_owned()))).collect()
    }
}

impl<'a> Correlator<'a> {
    pub fn new(rules: &'a RuleSet) -> Self {
        Self::with_limits(rules, Limits::default())
    }

    pub fn with_limits(rules: &'a RuleSet, limits: Limits) -> Self {
        let mut users: BTreeMap<usize, Vec<(u32, u32)>> = BTreeMap::new();
        let fields = CorrelationFields::new(rules);
        for (number, correlation) in rules.correlations.iter().enumerate() {
            for (place, input) in correlation.inputs.iter().enumerate() {
                if let Input::Rule(rule) = input {
                    users.entry(*rule).or_default().push((number as u32, place as u32));
                }
            }
        }
        let samples = Samples::new(limits.samples);
        Self { rules, users, fields, samples, ungrouped: BTreeMap::new(), limits }
    }

    /// Whether a correlation counts what this rule finds.
    pub fn wants(&self, rule: usize) -> bool {
        self.users.contains_key(&rule)
    }

    /// As `CorrelationFields::of`.
    pub fn fields(&self, event: &Event<'_>) -> Vec<(String, String)> {
        self.fields.of(event)
    }

    /// Takes one event that a rule found. `tag`: how the caller knows the event again; among events of the same
    /// time the smaller one counts as earlier, so it must not depend on threads. `fields`: from `fields`.
    pub fn push(&mut self, rule: usize, micros: i64, tag: u64, fields: &[(String, String)]) {
        let value = |name: &str| fields.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
        let Some(users) = self.users.get(&rule) else { return };
        for (number, place) in users {
            let Some(correlation) = self.rules.correlations.get(*number as usize) else { continue };
            let meta = self.rules.rules.get(rule).map(|rule| &rule.meta);
            let names = meta.map(|meta| (meta.id.as_str(), meta.name.as_deref()));
            let Some(key) = key(correlation, names.unwrap_or_default(), &value) else {
                *self.ungrouped.entry(*number as usize).or_default() += 1;
                continue;
            };
            let counted = counted(correlation, &value);
            let seen = Seen { micros, tag, place: *place, hit: None };
            self.samples.push(*number, seen, &key, counted.as_deref());
        }
    }

    /// Concludes, in the order of the correlations.
    pub fn finish(mut self) -> Conclusions {
        let mut out = Conclusions { ungrouped: self.ungrouped, ..Conclusions::default() };
        self.samples.arrange();
        let chained = chained(self.rules);
        for (number, correlation) in self.rules.correlations.iter().enumerate() {
            let (groups, dropped) = self.samples.groups(number as u32, self.limits.groups);
            if dropped > 0 {
                out.groups_dropped.insert(number, dropped);
            }
            let first = out.all.len();
            for (key, seen) in groups {
                let values: Vec<&str> = key.split(sample::SEPARATOR).collect();
                let names = correlation.block.group_by.iter().cloned();
                let group: Vec<(String, String)> = names.zip(values.iter().map(|value| (*value).to_owned())).collect();
                for found in window::find(correlation, &seen, &self.samples) {
                    let tags = tags(&found.events, &out.all);
                    out.all.push(Conclusion {
                        correlation: number,
                        group: group.clone(),
                        start: found.start,
                        end: found.end,
                        count: found.count,
                        value: found.value,
                        tags,
                    });
                }
            }
            let from = out.all.get_mut(first..).unwrap_or_default();
            from.sort_by(|a, b| (a.start, a.end, &a.group).cmp(&(b.start, b.end, &b.group)));
            for (user, place) in chained.get(&number).into_iter().flatten() {
                for (at, conclusion) in out.all.iter().enumerate().skip(first) {
                    let dropped = feed(&mut self.samples, self.rules, (*user, *place), at, conclusion);
                    *out.ungrouped.entry(*user).or_default() += dropped;
                }
            }
        }
        out.ungrouped.retain(|_, count| *count > 0);
        out.samples_dropped = self.samples.dropped;
        out
    }
}

/// Correlation -> (correlation that stands on it, place among its inputs).
fn chained(rules: &RuleSet) -> BTreeMap<usize, Vec<(usize, u32)>> {
    let mut chained: BTreeMap<usize, Vec<(usize, u32)>> = BTreeMap::new();
    for (number, correlation) in rules.correlations.iter().enumerate() {
        for (place, input) in correlation.inputs.iter().enumerate() {
            if let Input::Correlation(on) = input {
                chained.entry(*on).or_default().push((number, place as u32));
            }
        }
    }
    chained
}

/// Puts a conclusion before a correlation that stands on it; 1 if a field to group by is missing.
fn feed(samples: &mut Samples, rules: &RuleSet, (user, place): (usize, u32), at: usize, conclusion: &Conclusion) -> u64 {
    let Some(correlation) = rules.correlations.get(user) else { return 0 };
    let meta = rules.correlations.get(conclusion.correlation).map(|on| &on.meta);
    let names = meta.map(|meta| (meta.id.as_str(), meta.name.as_deref())).unwrap_or_default();
    let value = |name: &str| conclusion.group.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
    let Some(key) = key(correlation, names, &value) else { return 1 };
    let counted = counted(correlation, &value);
    let tag = conclusion.tags.first().copied().unwrap_or_default();
    let seen = Seen { micros: conclusion.end, tag, place, hit: Some(at) };
    samples.push(user as u32, seen, &key, counted.as_deref());
    0
}

/// The values to group by, joined; `None` if one is missing.
fn key<'v>(correlation: &Correlation, (id, name): (&str, Option<&str>), value: &impl Fn(&str) -> Option<&'v str>) -> Option<String> {
    let mut key = String::new();
    for (at, field) in correlation.block.group_by.iter().enumerate() {
        if at > 0 {
            key.push(sample::SEPARATOR);
        }
        let by_rule = correlation.block.aliases.get(field);
        let own = by_rule.and_then(|by| {
            let known = by.iter().find(|(rule, _)| rule.eq_ignore_ascii_case(id) || Some(rule.as_str()) == name);
            known.map(|(_, field)| field.as_str())
        });
        let found = match own {
            // A conclusion has the alias for a name already.
            Some(own) => value(own).or_else(|| value(field)),
            None => value(field),
        }?;
        key.extend(found.chars().filter(|c| *c != sample::SEPARATOR).take(sample::MAX_VALUE));
    }
    Some(key)
}

/// The value that is counted or summed.
fn counted<'v>(correlation: &Correlation, value: &impl Fn(&str) -> Option<&'v str>) -> Option<String> {
    let fields = &correlation.block.condition.fields;
    if fields.is_empty() {
        return None;
    }
    let mut out = String::new();
    for field in fields {
        out.push_str(value(field)?);
        out.push(sample::SEPARATOR);
    }
    out.pop();
    Some(fold(&out).chars().take(sample::MAX_VALUE).collect())
}

fn tags(events: &[Seen], hits: &[Conclusion]) -> Vec<u64> {
    let mut out = Vec::new();
    for seen in events {
        match seen.hit.and_then(|hit| hits.get(hit)) {
            Some(hit) => out.extend(&hit.tags),
            None => out.push(seen.tag),
        }
        if out.len() >= MAX_EVENTS {
            break;
        }
    }
    out.truncate(MAX_EVENTS);
    out
}
