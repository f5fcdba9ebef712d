//! A shift followed through time: constant, drifting, or stepping (a zone, daylight saving, a clock that was set).
//!
//! Anchors are taken in stretches of a week or more; each offers a few shifts; the way through them on which most anchors
//! agree wins, where staying is free and a step must pay for itself.

use super::judge::{Anchor, BIN, LAG, median, votes};
use super::{QUARTER, SECOND};

const WEEK: i64 = 7 * 24 * 3600 * SECOND;
/// Anchors a stretch has at least.
const STRETCH: usize = 8;
/// Shifts a stretch offers.
const OFFERS: usize = 24;
/// Agreeing anchors that a step costs.
const STEP: f64 = 3.0;
/// A crystal is not worse than this, in millionths.
const DRIFT: i64 = 150;
/// Drift is followed in steps of this.
const FINE: i64 = 5 * SECOND;
/// Anchors that a part needs.
const FIRM: usize = 4;
/// A row of anchors that says something whatever the number of all.
const LONG_RUN: usize = 24;
/// Parts of one clock at most; a drift is followed more coarsely before.
const PARTS: i64 = 200;

struct Stretch<'a> {
    anchors: &'a [Anchor],
    from: i64,
    to: i64,
}

/// Stretches of one mind: from that time on this shift. Never empty; the first begins at the beginning.
pub(super) struct Path {
    shifts: Vec<(i64, i64)>,
    /// Times at which the shift steps, not drifts.
    steps: Vec<i64>,
}

impl Path {
    pub fn shift(&self, time: i64) -> i64 {
        super::judge::shift_at(&self.shifts, time)
    }

    pub fn shifts(&self) -> Vec<i64> {
        let mut all: Vec<i64> = self.shifts.iter().map(|(_, shift)| *shift).collect();
        all.sort_unstable();
        all.dedup();
        all
    }
}

fn stretches(anchors: &[Anchor]) -> Vec<Stretch<'_>> {
    let mut out = Vec::new();
    let mut rest = anchors;
    while let Some(first) = rest.first() {
        let week = rest.partition_point(|anchor| anchor.time < first.time.saturating_add(WEEK));
        let mut count = week.max(STRETCH).min(rest.len());
        // What is too little for a stretch of its own goes with this one.
        if rest.len() - count < STRETCH {
            count = rest.len();
        }
        let (own, further) = rest.split_at(count);
        out.push(Stretch { anchors: own, from: first.time, to: own.last().map_or(first.time, |anchor| anchor.time) });
        rest = further;
    }
    out
}

fn count(anchors: &[Anchor], shift: i64) -> usize {
    anchors.iter().filter(|anchor| anchor.nearest(shift).is_some()).count()
}

/// The middle of the differences near a shift: where the clock is, if it is there.
fn settled(anchors: &[Anchor], shift: i64) -> i64 {
    let near: Vec<i64> = anchors.iter().filter_map(|anchor| anchor.nearest(shift)).collect();
    if near.is_empty() { shift } else { median(near) }
}

/// The strongest shifts of a stretch, apart from each other.
fn offers(stretch: &Stretch<'_>) -> Vec<i64> {
    let votes = votes(stretch.anchors.iter());
    let around = |bin: i64| votes.range(bin - 1..=bin + 1).map(|(_, count)| count).sum::<u64>();
    let mut ranked: Vec<(u64, i64)> = votes.keys().map(|bin| (around(*bin), *bin)).collect();
    ranked.sort_by_key(|(count, bin)| (std::cmp::Reverse(*count), bin.abs(), *bin));
    let mut out: Vec<i64> = Vec::new();
    for (_, bin) in ranked {
        let shift = settled(stretch.anchors, bin * BIN + BIN / 2);
        if out.iter().all(|known| (known - shift).abs() > LAG) {
            out.push(shift);
        }
        if out.len() == OFFERS {
            break;
        }
    }
    out
}

/// How far a clock can drift between the middles of two stretches, with room for what is not exact.
fn free(before: &Stretch<'_>, after: &Stretch<'_>) -> i64 {
    LAG / 3 + (after.from + after.to - before.from - before.to) / 2_000_000 * DRIFT
}

/// One shift a stretch on the way so far.
#[derive(Clone, Copy)]
struct Stand {
    shift: i64,
    score: f64,
    before: usize,
}

/// `None` where there is nothing to follow.
pub(super) fn path(anchors: &[Anchor]) -> Option<Path> {
    let stretches = stretches(anchors);
    let mut rows: Vec<Vec<Stand>> = Vec::new();
    for (at, stretch) in stretches.iter().enumerate() {
        let before = rows.last().map_or(&[][..], Vec::as_slice);
        let free = at.checked_sub(1).and_then(|at| stretches.get(at)).map_or(0, |last| free(last, stretch));
        let mut shifts = offers(stretch);
        shifts.extend(before.iter().map(|stand| stand.shift));
        shifts.sort_unstable();
        shifts.dedup();
        let stand = |shift: i64| {
            let cost = |last: i64| if (last - shift).abs() <= free { (last - shift).abs() as f64 / free.max(1) as f64 * 0.5 } else { STEP };
            let best = before
                .iter()
                .enumerate()
                .map(|(at, last)| (last.score - cost(last.shift), at))
                .max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)));
            let (score, before) = best.unwrap_or((0.0, 0));
            Stand { shift, score: score + count(stretch.anchors, shift) as f64, before }
        };
        let mut row: Vec<Stand> = shifts.into_iter().map(stand).collect();
        row.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.shift.abs().cmp(&b.shift.abs())).then(a.shift.cmp(&b.shift)));
        row.truncate(OFFERS * 2);
        rows.push(row);
    }
    let mut at = 0;
    let mut chosen = Vec::new();
    for row in rows.iter().rev() {
        let stand = row.get(at)?;
        chosen.push(stand.shift);
        at = stand.before;
    }
    chosen.reverse();
    (!chosen.is_empty()).then(|| joined(&stretches, &chosen))
}

/// The chosen shifts with the places of the steps between them, as exact as anchors tell.
fn joined(stretches: &[Stretch<'_>], chosen: &[i64]) -> Path {
    let mut path = Path { shifts: Vec::new(), steps: Vec::new() };
    let mut last: Option<(&Stretch<'_>, i64)> = None;
    for (stretch, shift) in stretches.iter().zip(chosen) {
        match last {
            None => path.shifts.push((i64::MIN, *shift)),
            Some((before, old)) if old != *shift => {
                let at = border(before, stretch, old, *shift);
                path.shifts.push((at, *shift));
                if (old - shift).abs() > free(before, stretch) {
                    path.steps.push(at);
                }
            }
            Some(_) => {}
        }
        last = Some((stretch, *shift));
    }
    path
}

/// Where the old shift ends to fit and the new one begins.
fn border(before: &Stretch<'_>, after: &Stretch<'_>, old: i64, new: i64) -> i64 {
    let both: Vec<&Anchor> = before.anchors.iter().chain(after.anchors).collect();
    let fits = |shift: i64| move |anchor: &&&Anchor| anchor.nearest(shift).is_some();
    let mut right = both.iter().filter(fits(new)).count();
    let (mut left, mut best, mut at) = (0, 0, 0);
    for (place, anchor) in both.iter().enumerate() {
        if left + right > best {
            (best, at) = (left + right, place);
        }
        left += usize::from(anchor.nearest(old).is_some());
        right -= usize::from(anchor.nearest(new).is_some());
    }
    let time = |place: usize| both.get(place).map(|anchor| anchor.time);
    let (Some(last), Some(first)) = (at.checked_sub(1).and_then(time), time(at)) else { return after.from };
    last + (first - last) / 2
}

/// Many anchors in a row of which none agrees, or a few that agree with each other on something else: what the clock did
/// there is not known.
pub(super) fn has_hole(anchors: &[Anchor], path: &Path) -> bool {
    let agrees = |anchor: &Anchor| anchor.nearest(path.shift(anchor.time)).is_some();
    let whole =
        stretches(anchors).iter().any(|stretch| stretch.anchors.len() > STRETCH + STRETCH / 2 && !stretch.anchors.iter().any(agrees));
    whole
        || anchors
            .chunk_by(|a, b| agrees(a) == agrees(b))
            .any(|run| run.first().is_some_and(|first| !agrees(first)) && is_own(run, anchors))
}

/// Does a run of anchors agree on a shift that hardly any other anchor has?
fn is_own(run: &[Anchor], all: &[Anchor]) -> bool {
    // Among thousands a few in a row agree by chance: a client that comes as regularly as another.
    if run.len() < FIRM || run.len() < LONG_RUN && run.len() * 50 < all.len() {
        return false;
    }
    let stretch = Stretch { anchors: run, from: 0, to: 0 };
    offers(&stretch).first().is_some_and(|shift| {
        let inside = count(run, *shift);
        let outside = count(all, *shift) - inside;
        inside >= FIRM && inside * 4 >= run.len() * 3 && outside * 3 <= all.len() - run.len()
    })
}

/// Zones are quarters of an hour; a small rest is the time between a connection and its log line, or the clock's own error.
fn zoned(shift: i64) -> i64 {
    let zone = (shift + QUARTER / 2).div_euclid(QUARTER) * QUARTER;
    if (shift - zone).abs() <= LAG / 3 { zone } else { shift }
}

/// Time between two steps.
struct Leg {
    from: i64,
    /// Of its first and last anchor, agreeing or not.
    first: i64,
    last: i64,
    /// Agreeing anchors: time and difference.
    near: Vec<(i64, i64)>,
}

/// The parts of a path: one for each time between steps, more where the clock drifts.
pub(super) fn parts(anchors: &[Anchor], path: &Path) -> Vec<(i64, i64)> {
    let mut legs: Vec<Leg> = Vec::new();
    for anchor in anchors {
        let time = anchor.time;
        let from = path.steps.iter().rev().find(|at| **at <= time).copied().unwrap_or(i64::MIN);
        if legs.last().is_none_or(|leg| leg.from != from) {
            legs.push(Leg { from, first: time, last: time, near: Vec::new() });
        }
        if let Some(leg) = legs.last_mut() {
            leg.last = time;
            leg.near.extend(anchor.nearest(path.shift(time)).map(|delta| (time, delta)));
        }
    }
    let mut out = Vec::new();
    for leg in legs.iter().filter(|leg| leg.near.len() >= FIRM) {
        leg.parts(path, &mut out);
    }
    if let Some(first) = out.first_mut() {
        first.0 = i64::MIN;
    }
    out
}

impl Leg {
    fn parts(&self, path: &Path, out: &mut Vec<(i64, i64)>) {
        let constant = zoned(median(self.near.iter().map(|(_, delta)| *delta).collect()));
        let slope = slope(&self.near);
        let at = |time: i64, base: i64| base + ((time - self.first) as f64 * slope) as i64;
        let base = median(self.near.iter().map(|(time, delta)| delta - at(*time, 0)).collect());
        let spread = |shift: &dyn Fn(i64) -> i64| median(self.near.iter().map(|(time, delta)| (delta - shift(*time)).abs()).collect());
        let whole = ((self.last - self.first) as f64 * slope).abs() as i64;
        let left = |shift: &dyn Fn(i64) -> i64| self.near.iter().filter(|(time, delta)| (delta - shift(*time)).abs() > LAG).count() * 8;
        // Neither: steps so small that they might have been a drift.
        if left(&|time| at(time, base)) > self.near.len() && left(&|_| constant) > self.near.len() {
            out.push((self.from, path.shift(self.first)));
            out.extend(path.shifts.iter().filter(|(from, _)| *from > self.first && *from <= self.last));
            return;
        }
        // A line only where it is far better than one shift.
        if whole < FINE * 2 || spread(&|time| at(time, base)) * 2 > spread(&|_| constant) {
            out.push((self.from, constant));
            return;
        }
        let steps = (whole / FINE).clamp(1, PARTS);
        let length = ((self.last - self.first) / steps).max(1);
        for step in 0..steps {
            let begins = if step == 0 { self.from } else { self.first + step * length };
            out.push((begins, at(self.first + step * length + length / 2, base)));
        }
    }
}

/// The middle of the slopes between the halves, pair by pair: a few wrong anchors do not turn it.
fn slope(near: &[(i64, i64)]) -> f64 {
    let half = near.len() / 2;
    let mut slopes: Vec<f64> = near
        .iter()
        .zip(near.iter().skip(half))
        .filter(|((early, _), (late, _))| late > early)
        .map(|((early, a), (late, b))| (b - a) as f64 / (late - early) as f64)
        .collect();
    slopes.sort_by(f64::total_cmp);
    slopes.get(slopes.len() / 2).copied().unwrap_or(0.0)
}
