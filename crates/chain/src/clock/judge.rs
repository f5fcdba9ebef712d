//! Is there a shift on which the anchors agree? It must hold far better than any other zone, day or season would by chance.

use std::collections::BTreeMap;

use super::trace::{self, Path};
use super::{Group, Offset, QUARTER, SECOND, tunnels};

pub(super) const HOUR: i64 = 3600 * SECOND;
const DAY: i64 = 24 * HOUR;
/// Zones lie within this of each other, with room for a clock that is off.
pub(super) const FAR: i64 = 27 * HOUR;
/// A clock that was never set.
const FARTHEST: i64 = 400 * DAY;
/// Width of the finest bin in which anchors are counted.
pub(super) const BIN: i64 = 30 * SECOND;
/// Anchors that are weighed.
const MOST: usize = 4000;
/// Events that must agree, and how many where the clock would be off by days.
const ENOUGH: u64 = 4;
const ENOUGH_FAR: u64 = 8;
/// A log line and the connection it speaks of: within this the clocks agree.
pub(super) const LAG: i64 = 90 * SECOND;

/// An event of the clock with the differences to what others saw, in order.
pub(super) struct Anchor {
    pub time: i64,
    pub deltas: Vec<i64>,
}

impl Anchor {
    /// The difference nearest to a shift, if within [`LAG`].
    pub fn nearest(&self, shift: i64) -> Option<i64> {
        let from = self.deltas.partition_point(|delta| *delta < shift - LAG);
        let near = self.deltas.iter().skip(from).take_while(|delta| **delta <= shift + LAG);
        near.copied().min_by_key(|delta| ((delta - shift).abs(), *delta))
    }
}

pub(super) fn offset(group: &Group, seen: &BTreeMap<String, Vec<i64>>, used: &BTreeMap<String, Vec<i64>>) -> Offset {
    let anchors = anchors(group, seen, FAR, "");
    by_connections(group, &anchors, ENOUGH)
        .or_else(|| by_connections(group, &self::anchors(group, seen, FAR, "desktop "), ENOUGH))
        .or_else(|| by_connections(group, &self::anchors(group, seen, FARTHEST, ""), ENOUGH_FAR))
        .or_else(|| tunnels::by_tunnels(group, used))
        .unwrap_or_else(|| Offset {
            clock: group.name.clone(),
            parts: Vec::new(),
            doubt: 0,
            anchors: anchors.len() as u64,
            agreeing: 0,
            by: "none".to_owned(),
        })
}

/// `sort`: how the keys that count begin.
fn anchors(group: &Group, seen: &BTreeMap<String, Vec<i64>>, far: i64, sort: &str) -> Vec<Anchor> {
    let mut out = Vec::new();
    for (key, times) in group.own.iter().filter(|(key, _)| key.starts_with(sort)) {
        let Some(others) = seen.get(key) else { continue };
        for time in times {
            let from = others.partition_point(|other| *other < time - far);
            let deltas: Vec<i64> = others.iter().skip(from).map(|other| other - time).take_while(|delta| *delta <= far).collect();
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

pub(super) fn median(mut values: Vec<i64>) -> i64 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}

/// How often differences fall into each bin; an event counts once for a bin.
pub(super) fn votes<'a>(anchors: impl Iterator<Item = &'a Anchor>) -> BTreeMap<i64, u64> {
    let mut votes: BTreeMap<i64, u64> = BTreeMap::new();
    for anchor in anchors {
        let mut bins: Vec<i64> = anchor.deltas.iter().map(|delta| delta.div_euclid(BIN)).collect();
        bins.dedup();
        for bin in bins {
            *votes.entry(bin).or_default() += 1;
        }
    }
    votes
}

fn by_connections(group: &Group, anchors: &[Anchor], enough: u64) -> Option<Offset> {
    let path = trace::path(anchors)?;
    let all = agreeing(anchors, &path, 0);
    let parts = trace::parts(anchors, &path);
    if parts.is_empty()
        || all < enough
        || all * 10 < anchors.len() as u64 * 3
        || all < chance(anchors, &path) * 2
        || trace::has_hole(anchors, &path)
    {
        return None;
    }
    let rest = |anchor: &Anchor| {
        let own = shift_at(&parts, anchor.time);
        anchor.nearest(own).map(|delta| delta - own)
    };
    let rests: Vec<i64> = anchors.iter().filter_map(rest).collect();
    Some(Offset {
        clock: group.name.clone(),
        parts,
        doubt: doubt(&rests),
        anchors: anchors.len() as u64,
        agreeing: rests.len() as u64,
        by: "connections".to_owned(),
    })
}

/// How far all but one in ten lie off, and as much as they scatter: a line comes after its connection, nobody knows how long.
fn doubt(rests: &[i64]) -> i64 {
    let most = |mut values: Vec<i64>| {
        values.sort_unstable();
        values.get(values.len() * 9 / 10).copied().unwrap_or(LAG)
    };
    let middle = median(rests.to_vec());
    let off = most(rests.iter().map(|rest| rest.abs()).collect());
    off + most(rests.iter().map(|rest| (rest - middle).abs()).collect()) + SECOND
}

/// The shift of a time by this clock.
pub(super) fn shift_at(parts: &[(i64, i64)], time: i64) -> i64 {
    parts.iter().rev().find(|(from, _)| *from <= time).map_or(0, |(_, shift)| *shift)
}

fn agreeing(anchors: &[Anchor], path: &Path, more: i64) -> u64 {
    anchors.iter().filter(|anchor| anchor.nearest(path.shift(anchor.time) + more).is_some()).count() as u64
}

/// The most that would agree with another zone, on another day, or with the best of all other differences.
fn chance(anchors: &[Anchor], path: &Path) -> u64 {
    let zones = (-104..=104_i64).map(|quarters| quarters * QUARTER);
    let days = (-400..=400_i64).map(|days| days * DAY);
    // An hour is what daylight saving makes of one clock.
    let own = |more: &i64| [0, -HOUR, HOUR].iter().all(|season| (more - season).abs() > LAG * 2);
    let habits = zones.chain(days).filter(own).map(|more| agreeing(anchors, path, more)).max().unwrap_or(0);
    let shifts = path.shifts();
    let near = |bin: i64| shifts.iter().flat_map(|s| [*s, s - HOUR, s + HOUR]).any(|s| (bin * BIN - s).abs() <= LAG * 2);
    let votes = votes(anchors.iter());
    let others = votes.iter().filter(|(bin, _)| !near(**bin)).map(|(_, count)| *count).max().unwrap_or(0);
    habits.max(others)
}
