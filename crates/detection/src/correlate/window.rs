//! Windows of time over the samples of one group.
//!
//! Where more samples can only help (bounds `gt`, `gte` on counts and sums; temporal), windows slide, and those
//! that hold and touch are one result. Else time is cut into windows that begin with a sample.

use rustc_hash::FxHashMap;

use super::MAX_EVENTS;
use super::sample::{Samples, Seen, Valued};
use crate::ruleset::Correlation;
use crate::sigma::atom::Expr;
use crate::sigma::correlation::Kind;

/// What was found in one group.
#[derive(Debug)]
pub(super) struct Found {
    pub start: i64,
    pub end: i64,
    pub count: u64,
    pub value: f64,
    /// At most `MAX_EVENTS`.
    pub events: Vec<Seen>,
}

/// `samples`: of one group, in order of time.
pub(super) fn find(correlation: &Correlation, samples: &[Valued], texts: &Samples) -> Vec<Found> {
    let block = &correlation.block;
    let valued = !matches!(block.kind, Kind::EventCount | Kind::Temporal | Kind::TemporalOrdered);
    let kept: Vec<Valued> = samples.iter().filter(|(_, value)| !valued || Samples::has_value(*value)).copied().collect();
    if block.kind == Kind::TemporalOrdered {
        return ordered(&kept, block.rules.len(), block.span);
    }
    let sliding = match block.kind {
        Kind::EventCount | Kind::ValueCount => block.condition.rising(),
        Kind::Temporal => block.condition.rising() && correlation.over.as_ref().is_none_or(rising),
        _ => false,
    };
    if sliding { slide(correlation, &kept) } else { cut(correlation, &kept, texts) }
}

/// No part of the condition asks that something is absent.
fn rising(expr: &Expr) -> bool {
    match expr {
        Expr::Not(_) => false,
        Expr::All(items) | Expr::Any(items) => items.iter().all(rising),
        Expr::Atom(_) => true,
    }
}

fn slide(correlation: &Correlation, samples: &[Valued]) -> Vec<Found> {
    let mut out: Vec<(usize, usize, f64)> = Vec::new();
    let mut window = Window::new(correlation);
    let mut from = 0;
    for (to, sample) in samples.iter().enumerate() {
        window.enter(sample);
        while let Some(oldest) = samples.get(from) {
            if sample.0.micros.saturating_sub(oldest.0.micros) <= correlation.block.span {
                break;
            }
            window.leave(oldest);
            from += 1;
        }
        let Some(value) = window.holds() else { continue };
        match out.last_mut() {
            Some((_, end, highest)) if *end >= from => {
                *end = to;
                *highest = highest.max(value);
            }
            _ => out.push((from, to, value)),
        }
    }
    out.into_iter().filter_map(|(from, to, value)| found(samples.get(from..=to)?, value)).collect()
}

fn cut(correlation: &Correlation, samples: &[Valued], texts: &Samples) -> Vec<Found> {
    let mut out = Vec::new();
    let mut rest = samples;
    while let Some(first) = rest.first() {
        let end = first.0.micros.saturating_add(correlation.block.span);
        let count = rest.partition_point(|sample| sample.0.micros <= end).max(1);
        let (window, later) = rest.split_at_checked(count).unwrap_or((rest, &[]));
        rest = later;
        let value = match correlation.block.kind {
            Kind::ValueSum | Kind::ValueAvg | Kind::Percentile(_) => numbers(correlation, window, texts),
            _ => {
                let mut state = Window::new(correlation);
                window.iter().for_each(|sample| state.enter(sample));
                state.holds()
            }
        };
        out.extend(value.and_then(|value| found(window, value)));
    }
    out
}

/// Sum, mean or percentile (nearest rank) of the numbers in a window, if the condition holds for it.
fn numbers(correlation: &Correlation, window: &[Valued], texts: &Samples) -> Option<f64> {
    let texts = window.iter().map(|(_, value)| texts.text(*value));
    let mut numbers: Vec<f64> = texts.filter_map(crate::sigma::atom::Number::parse).map(|number| number.value()).collect();
    if numbers.is_empty() {
        return None;
    }
    let sum: f64 = numbers.iter().sum();
    let value = match correlation.block.kind {
        Kind::ValueSum => sum,
        Kind::ValueAvg => sum / numbers.len() as f64,
        Kind::Percentile(percent) => {
            numbers.sort_by(f64::total_cmp);
            let rank = (f64::from(percent) / 100.0 * numbers.len() as f64).ceil() as usize;
            numbers.get(rank.saturating_sub(1)).copied()?
        }
        _ => return None,
    };
    correlation.block.condition.holds(value).then_some(value)
}

fn found(samples: &[Valued], value: f64) -> Option<Found> {
    Some(Found {
        start: samples.first()?.0.micros,
        end: samples.last()?.0.micros,
        count: samples.len() as u64,
        value,
        events: samples.iter().take(MAX_EVENTS).map(|sample| sample.0).collect(),
    })
}

/// What is counted of the samples in a window.
struct Window<'a> {
    correlation: &'a Correlation,
    events: u64,
    values: FxHashMap<u32, u32>,
}

impl<'a> Window<'a> {
    fn new(correlation: &'a Correlation) -> Self {
        Self { correlation, events: 0, values: FxHashMap::default() }
    }

    fn what(&self, sample: &Valued) -> Option<u32> {
        match self.correlation.block.kind {
            Kind::ValueCount => Some(sample.1),
            Kind::Temporal => Some(sample.0.place),
            _ => None,
        }
    }

    fn enter(&mut self, sample: &Valued) {
        self.events += 1;
        if let Some(what) = self.what(sample) {
            *self.values.entry(what).or_default() += 1;
        }
    }

    fn leave(&mut self, sample: &Valued) {
        self.events -= 1;
        if let Some(what) = self.what(sample)
            && let Some(count) = self.values.get_mut(&what)
        {
            *count -= 1;
            if *count == 0 {
                self.values.remove(&what);
            }
        }
    }

    /// The value, if the condition holds for it.
    fn holds(&self) -> Option<f64> {
        let block = &self.correlation.block;
        let distinct = self.values.len() as f64;
        match (block.kind, &self.correlation.over) {
            (Kind::Temporal, Some(expr)) => self.present(expr).then_some(distinct),
            (Kind::Temporal, None) if block.condition.bounds.is_empty() => (self.values.len() == block.rules.len()).then_some(distinct),
            (Kind::EventCount, _) => {
                let count = self.events as f64;
                block.condition.holds(count).then_some(count)
            }
            _ => block.condition.holds(distinct).then_some(distinct),
        }
    }

    /// A condition over names of rules.
    fn present(&self, expr: &Expr) -> bool {
        match expr {
            Expr::All(items) => items.iter().all(|item| self.present(item)),
            Expr::Any(items) => items.iter().any(|item| self.present(item)),
            Expr::Not(inner) => !self.present(inner),
            Expr::Atom(atom) => {
                let names = &self.correlation.block.rules;
                let place = names.iter().position(|name| Some(name) == atom.field.as_ref());
                place.is_some_and(|place| self.values.contains_key(&(place as u32)))
            }
        }
    }
}

/// The steps one after the other within the span. Each event is used for one result. Events of the same time
/// may stand in either order.
fn ordered(samples: &[Valued], steps: usize, span: i64) -> Vec<Found> {
    let mut out = Vec::new();
    // The chain that began last, for each number of steps done.
    let mut best: Vec<Option<Vec<Seen>>> = vec![None; steps + 1];
    let mut rest = samples;
    while let Some(first) = rest.first() {
        let same = rest.partition_point(|sample| sample.0.micros == first.0.micros).max(1);
        let (now, later) = rest.split_at_checked(same).unwrap_or((rest, &[]));
        rest = later;
        let mut now: Vec<Seen> = now.iter().map(|sample| sample.0).collect();
        now.sort_by_key(|seen| (seen.place, seen.tag));
        if now.iter().all(|seen| Some(seen.tag) == now.first().map(|first| first.tag)) {
            // One event that is a step more than once: the later step first, so that it is used once.
            now.reverse();
        }
        for seen in now {
            let place = seen.place as usize;
            let before = if place == 0 { Some(Vec::new()) } else { best.get(place).cloned().flatten() };
            let Some(mut chain) = before else { continue };
            if chain.last().is_some_and(|last: &Seen| last.tag == seen.tag) {
                continue;
            }
            chain.push(seen);
            let begun = chain.first().map_or(seen.micros, |first| first.micros);
            if seen.micros.saturating_sub(begun) > span {
                continue;
            }
            if place + 1 < steps {
                if let Some(slot) = best.get_mut(place + 1) {
                    *slot = Some(chain);
                }
                continue;
            }
            best.fill(None);
            out.push(Found {
                start: begun,
                end: seen.micros,
                count: chain.len() as u64,
                value: steps as f64,
                events: chain.into_iter().take(MAX_EVENTS).collect(),
            });
        }
    }
    out
}
