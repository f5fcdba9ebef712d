//! The shift on which anchors agree: votes of events, one each; daylight saving as parts of an hour's difference.

use std::collections::BTreeMap;

use super::{Group, Offset, QUARTER, SECOND};

const HOUR: i64 = 3600 * SECOND;
const WEEK: i64 = 7 * 24 * HOUR;
/// Zones lie within this of each other, with room for a clock that is off.
const FAR: i64 = 27 * HOUR;
/// Width of the finest bin in which anchors are counted.
const BIN: i64 = 30 * SECOND;
/// Anchors that are weighed.
const MOST: usize = 4000;
/// Events that must agree.
const ENOUGH: u64 = 4;
/// A log line and the connection it speaks of: within this the clocks agree.
const LAG: i64 = 90 * SECOND;

/// An event of the clock with the differences to what others saw.
struct Anchor {
    time: i64,
    deltas: Vec<i64>,
}

pub(super) fn offset(group: &Group, seen: &BTreeMap<String, Vec<i64>>, used: &BTreeMap<String, Vec<i64>>) -> Offset {
    let anchors = anchors(group, seen);
    by_connections(group, &anchors).or_else(|| by_tunnels(group, used)).unwrap_or_else(|| Offset {
        clock: group.name.clone(),
        parts: Vec::new(),
        doubt: 0,
        anchors: anchors.len() as u64,
        agreeing: 0,
        by: "none".to_owned(),
    })
}

fn anchors(group: &Group, seen: &BTreeMap<String, Vec<i64>>) -> Vec<Anchor> {
    let mut out = Vec::new();
    for (key, times) in &group.own {
        let Some(others) = seen.get(key) else { continue };
        for time in times {
            let from = others.partition_point(|other| *other < time - FAR);
            let deltas: Vec<i64> = others.iter().skip(from).map(|other| other - time).take_while(|delta| *delta <= FAR).collect();
            if !deltas.is_empty() {
                out.push(Anchor { time: *time, deltas });
            }
        }
    }
    out.sort_by_key(|anchor| anchor.time);
    // A sample over the whole time says the same.
    let every = out.len().div_ceil(MOST).max(1);
    out.into_iter().step_by(every).collect()
}

fn nearest(anchor: &Anchor, shift: i64) -> Option<i64> {
    anchor.deltas.iter().copied().filter(|delta| (delta - shift).abs() <= LAG).min_by_key(|delta| ((delta - shift).abs(), *delta))
}

fn agreeing(anchors: &[Anchor], shift: i64) -> u64 {
    anchors.iter().filter(|anchor| nearest(anchor, shift).is_some()).count() as u64
}

fn median(mut values: Vec<i64>) -> i64 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}

/// The peak of all differences; each event counts once for a bin.
fn peak(anchors: &[Anchor]) -> Option<i64> {
    let mut votes: BTreeMap<i64, u64> = BTreeMap::new();
    for anchor in anchors {
        let mut bins: Vec<i64> = anchor.deltas.iter().map(|delta| delta.div_euclid(BIN)).collect();
        bins.dedup();
        for bin in bins {
            *votes.entry(bin).or_default() += 1;
        }
    }
    let around = |bin: i64| votes.range(bin - 1..=bin + 1).map(|(_, count)| count).sum::<u64>();
    let best = votes.keys().copied().max_by_key(|bin| (around(*bin), std::cmp::Reverse(bin.abs())))?;
    let near = |delta: &i64| (delta.div_euclid(BIN) - best).abs() <= 1;
    Some(median(anchors.iter().flat_map(|anchor| anchor.deltas.iter().copied().filter(near)).collect()))
}

/// An hour more or less: what daylight saving makes of one clock.
fn seasons(shift: i64) -> [i64; 3] {
    [shift, shift - HOUR, shift + HOUR]
}

fn by_connections(group: &Group, anchors: &[Anchor]) -> Option<Offset> {
    let raw = peak(anchors)?;
    // Zones are quarters of an hour; a small rest is the time between a connection and its log line, or the clock's own error.
    let zone = (raw + QUARTER / 2).div_euclid(QUARTER) * QUARTER;
    let shift = if (raw - zone).abs() <= LAG / 3 { zone } else { raw };
    let all = agreeing(anchors, shift);
    let any = anchors.iter().filter(|anchor| seasons(shift).iter().any(|s| nearest(anchor, *s).is_some())).count() as u64;
    // How much would agree with another zone by chance?
    let chance = (-104..=104_i64)
        .map(|quarters| shift + quarters * QUARTER)
        .filter(|other| seasons(shift).iter().all(|own| (other - own).abs() > LAG * 2))
        .map(|other| agreeing(anchors, other))
        .max()
        .unwrap_or(0);
    if all < ENOUGH || any * 10 < anchors.len() as u64 * 3 || all < chance * 2 {
        return None;
    }
    let parts = parts(anchors, shift);
    let rest = |anchor: &Anchor| {
        let own = parts.iter().rev().find(|(from, _)| *from <= anchor.time).map_or(shift, |(_, shift)| *shift);
        nearest(anchor, own).map(|delta| (delta - own).abs())
    };
    let rests: Vec<i64> = anchors.iter().filter_map(rest).collect();
    let agreeing = rests.len() as u64;
    Some(Offset {
        clock: group.name.clone(),
        parts,
        doubt: median(rests).max(SECOND),
        anchors: anchors.len() as u64,
        agreeing,
        by: "connections".to_owned(),
    })
}

/// Weeks in which an hour more or less fits far better are a part of their own.
fn parts(anchors: &[Anchor], shift: i64) -> Vec<(i64, i64)> {
    let mut weeks: BTreeMap<i64, Vec<&Anchor>> = BTreeMap::new();
    for anchor in anchors {
        weeks.entry(anchor.time.div_euclid(WEEK)).or_default().push(anchor);
    }
    // (time, which season fits this event)
    let mut fits: Vec<(i64, i64)> = Vec::new();
    for week in weeks.values() {
        let count = |s: i64| week.iter().filter(|anchor| nearest(anchor, s).is_some()).count();
        let best = seasons(shift).into_iter().max_by_key(|s| (count(*s), *s == shift)).unwrap_or(shift);
        let firm = count(best) >= 3 && count(best) > count(shift) * 2;
        let own = if firm { best } else { shift };
        if count(own) > 0 || firm {
            fits.extend(week.iter().filter(|anchor| nearest(anchor, own).is_some()).map(|anchor| (anchor.time, own)));
        }
    }
    let mut out: Vec<(i64, i64)> = Vec::new();
    let mut before = i64::MIN;
    for (time, own) in fits {
        match out.last() {
            None => out.push((i64::MIN, own)),
            // The change lies between the last event of one part and the first of the next.
            Some((_, last)) if *last != own => out.push((before + (time - before) / 2, own)),
            Some(_) => {}
        }
        before = time;
    }
    out
}

/// Visits from addresses that tunnels gave must lie within the tunnels; whole hours only, and only one may fit.
fn by_tunnels(group: &Group, used: &BTreeMap<String, Vec<i64>>) -> Option<Offset> {
    let mut given: BTreeMap<&str, Vec<(i64, i64)>> = BTreeMap::new();
    for (address, from, to) in group.tunnels.values() {
        if let Some(to) = to {
            given.entry(address).or_default().push((*from, *to));
        }
    }
    let visits: Vec<(&Vec<(i64, i64)>, i64)> = given
        .iter()
        .filter_map(|(address, held)| Some((held, used.get(*address)?)))
        .flat_map(|(held, times)| times.iter().map(move |time| (held, *time)))
        .filter(|(held, time)| held.iter().any(|(from, to)| (from - FAR..=to + FAR).contains(time)))
        .collect();
    let within = |shift: i64| {
        let inside = |(held, time): &&(&Vec<(i64, i64)>, i64)| held.iter().any(|(from, to)| (from + shift..=to + shift).contains(time));
        visits.iter().filter(inside).count()
    };
    let mut hours: Vec<(usize, i64)> = (-26..=26_i64).map(|hour| (within(hour * HOUR), hour)).collect();
    hours.sort_by_key(|(count, hour)| (std::cmp::Reverse(*count), hour.abs()));
    let ([(best, hour), (second, _), ..], true) = (hours.as_slice(), visits.len() >= 12) else { return None };
    if best * 10 < visits.len() * 9 || (best - second) * 20 < visits.len() {
        return None;
    }
    Some(Offset {
        clock: group.name.clone(),
        parts: vec![(i64::MIN, hour * HOUR)],
        doubt: HOUR / 2,
        anchors: visits.len() as u64,
        agreeing: *best as u64,
        by: "tunnels".to_owned(),
    })
}
