//! Names in correlations become indexes; missing names and circles are named, the rest is put in order.

use std::collections::BTreeMap;

use crate::ruleset::{Correlation, Input, RuleSet, Unusable};

/// Resolves what each correlation stands on, drops those that cannot stand, and sorts the rest so that each
/// comes behind its inputs.
pub(crate) fn order(set: &mut RuleSet) {
    let names = names(set);
    let mut correlations: Vec<Option<Correlation>> = std::mem::take(&mut set.correlations).into_iter().map(Some).collect();
    for slot in &mut correlations {
        let Some(correlation) = slot else { continue };
        let missing = resolve(correlation, &names);
        if let Some(name) = missing {
            refuse(set, correlation, format!("rule `{name}` is not there or cannot be used"));
            *slot = None;
        }
    }
    let placed = sort(set, &mut correlations);
    set.correlations = placed;
    mark_silent(set);
}

fn names(set: &RuleSet) -> BTreeMap<String, Input> {
    let mut names = BTreeMap::new();
    let rules = set.rules.iter().map(|rule| &rule.meta).enumerate();
    let rules = rules.map(|(index, meta)| (meta, Input::Rule(index)));
    let others = set.correlations.iter().map(|rule| &rule.meta).enumerate();
    let others = others.map(|(index, meta)| (meta, Input::Correlation(index)));
    for (meta, input) in rules.chain(others) {
        names.entry(meta.id.clone()).or_insert(input);
        if let Some(name) = &meta.name {
            names.entry(name.clone()).or_insert(input);
        }
    }
    names
}

/// Fills `inputs`; the first name that leads nowhere.
fn resolve(correlation: &mut Correlation, names: &BTreeMap<String, Input>) -> Option<String> {
    let mut inputs = Vec::with_capacity(correlation.block.rules.len());
    for name in &correlation.block.rules {
        match names.get(name).or_else(|| names.get(&name.to_lowercase())) {
            Some(input) => inputs.push(*input),
            None => return Some(name.clone()),
        }
    }
    correlation.inputs = inputs;
    None
}

fn refuse(set: &mut RuleSet, correlation: &Correlation, reason: String) {
    let (file, line) = (correlation.meta.file.clone(), correlation.meta.line);
    set.unusable.push(Unusable { file, line, reason });
}

/// Takes correlations whose inputs are placed until none is left; what remains hangs on a circle or on a
/// correlation that was dropped.
fn sort(set: &mut RuleSet, slots: &mut [Option<Correlation>]) -> Vec<Correlation> {
    let mut users: Vec<Vec<usize>> = vec![Vec::new(); slots.len()];
    let mut waits = vec![0_usize; slots.len()];
    for (index, slot) in slots.iter().enumerate() {
        for input in slot.iter().flat_map(|correlation| &correlation.inputs) {
            if let Input::Correlation(on) = input {
                if let Some(list) = users.get_mut(*on) {
                    list.push(index);
                }
                if let Some(wait) = waits.get_mut(index) {
                    *wait += 1;
                }
            }
        }
    }
    let mut ready: std::collections::VecDeque<usize> =
        (0..slots.len()).filter(|i| waits.get(*i) == Some(&0) && slots.get(*i).is_some_and(Option::is_some)).collect();
    let mut placed = Vec::new();
    let mut moved: BTreeMap<usize, usize> = BTreeMap::new();
    while let Some(index) = ready.pop_front() {
        if let Some(correlation) = slots.get_mut(index).and_then(Option::take) {
            moved.insert(index, placed.len());
            placed.push(correlation);
        }
        for user in users.get(index).into_iter().flatten() {
            if let Some(wait) = waits.get_mut(*user) {
                *wait -= 1;
                if *wait == 0 {
                    ready.push_back(*user);
                }
            }
        }
    }
    name_the_rest(set, slots);
    for correlation in &mut placed {
        for input in &mut correlation.inputs {
            if let Input::Correlation(on) = input {
                *on = moved.get(on).copied().unwrap_or(usize::MAX);
            }
        }
    }
    placed
}

fn name_the_rest(set: &mut RuleSet, slots: &mut [Option<Correlation>]) {
    // Every slot that is still there waits for another that is still there (a circle) or was dropped.
    let left: Vec<bool> = slots.iter().map(Option::is_some).collect();
    let titles: Vec<String> = slots.iter().map(|slot| slot.as_ref().map(|c| c.meta.id.clone()).unwrap_or_default()).collect();
    for slot in slots.iter_mut() {
        let Some(correlation) = slot.take() else { continue };
        let waiting = correlation.inputs.iter().find_map(|input| match input {
            Input::Correlation(on) if left.get(*on) == Some(&true) => titles.get(*on),
            _ => None,
        });
        let reason = match waiting {
            Some(id) => format!("it stands in a circle of correlations, through `{id}`, or upon one"),
            None => "it names a correlation that cannot be used".to_owned(),
        };
        refuse(set, &correlation, reason);
    }
}

/// Rules that a correlation names do not report on their own unless it asks for that.
fn mark_silent(set: &mut RuleSet) {
    let RuleSet { rules, correlations, .. } = set;
    let mut silent: Vec<Input> = Vec::new();
    let mut loud: Vec<Input> = Vec::new();
    for correlation in correlations.iter() {
        let list = if correlation.block.generate { &mut loud } else { &mut silent };
        list.extend(&correlation.inputs);
    }
    loud.sort_unstable();
    for input in silent {
        if loud.binary_search(&input).is_ok() {
            continue;
        }
        match input {
            Input::Rule(index) => {
                if let Some(rule) = rules.get_mut(index) {
                    rule.reports = false;
                }
            }
            Input::Correlation(index) => {
                if let Some(correlation) = correlations.get_mut(index) {
                    correlation.reports = false;
                }
            }
        }
    }
}
