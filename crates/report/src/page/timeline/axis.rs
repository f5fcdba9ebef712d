//! The time axis: linear where something happens, folded where nothing does.

use crate::time::{DAY, HOUR, Zone};

/// Width of a folded quiet time, in units of the picture.
const FOLD: f64 = 34.0;
/// Folds that a picture of that width has room for.
fn folds_max(width: f64) -> usize {
    if width < 500.0 { 3 } else { 7 }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Segment {
    pub from: i64,
    pub to: i64,
    pub x0: f64,
    pub x1: f64,
    pub folded: bool,
}

#[derive(Clone, Debug, Default)]
pub struct Axis {
    pub segments: Vec<Segment>,
}

/// A tick: place, text, and whether it is a date.
#[derive(Clone, Debug, PartialEq)]
pub struct Tick {
    pub x: f64,
    pub label: String,
    pub date: bool,
}

impl Axis {
    /// From all instants that have a mark. `left` and `right` are the ends in units of the picture.
    pub fn new(instants: &[i64], left: f64, right: f64) -> Self {
        let mut points = instants.to_vec();
        points.sort_unstable();
        points.dedup();
        let (Some(&first), Some(&last)) = (points.first(), points.last()) else { return Self::default() };
        let quiet = quiet(&points, folds_max(right - left));
        let active = (last - first) - quiet.iter().map(|(from, to)| to - from).sum::<i64>();
        let pad = (active / 25).max(5 * 60_000_000);
        let mut busy = Vec::new();
        let mut from = first - pad;
        for (start, end) in quiet {
            let pad = pad.min((end - start) / 3);
            busy.push((from, start + pad));
            from = end - pad;
        }
        busy.push((from, last + pad));
        Self { segments: layout(&busy, left, right) }
    }

    /// Place of an instant; those outside are put at the ends.
    pub fn x(&self, time: i64) -> f64 {
        for segment in &self.segments {
            if time <= segment.to {
                let share = (time - segment.from) as f64 / (segment.to - segment.from).max(1) as f64;
                return segment.x0 + share.clamp(0.0, 1.0) * (segment.x1 - segment.x0);
            }
        }
        self.segments.last().map_or(0.0, |segment| segment.x1)
    }

    pub fn range(&self) -> (i64, i64) {
        (self.segments.first().map_or(0, |s| s.from), self.segments.last().map_or(0, |s| s.to))
    }

    /// Ticks in that zone, at least `room` apart.
    pub fn ticks(&self, zone: &Zone, room: f64) -> Vec<Tick> {
        self.segments.iter().filter(|segment| !segment.folded).flat_map(|segment| ticks(segment, zone, room)).collect()
    }
}

/// The longest times without an instant, each long against what remains; in order.
fn quiet(points: &[i64], most: usize) -> Vec<(i64, i64)> {
    let mut gaps: Vec<(i64, i64)> = points.windows(2).filter_map(|pair| Some((*pair.first()?, *pair.get(1)?))).collect();
    gaps.sort_by_key(|(from, to)| (std::cmp::Reverse(to - from), *from));
    let mut left = points.last().unwrap_or(&0) - points.first().unwrap_or(&0);
    let mut folded = Vec::new();
    for (from, to) in gaps {
        let length = to - from;
        if folded.len() == most || length < HOUR || length * 6 < left {
            break;
        }
        left -= length;
        folded.push((from, to));
    }
    folded.sort_unstable();
    folded
}

fn layout(busy: &[(i64, i64)], left: f64, right: f64) -> Vec<Segment> {
    let folds = busy.len().saturating_sub(1) as f64 * FOLD;
    let least = 46.0;
    let spare = (right - left - folds - least * busy.len() as f64).max(0.0);
    let total: i64 = busy.iter().map(|(from, to)| to - from).sum();
    let mut segments: Vec<Segment> = Vec::new();
    let mut x = left;
    for (from, to) in busy {
        if let Some(before) = segments.last().copied() {
            segments.push(Segment { from: before.to, to: *from, x0: x, x1: x + FOLD, folded: true });
            x += FOLD;
        }
        let width = least + spare * (to - from) as f64 / total.max(1) as f64;
        segments.push(Segment { from: *from, to: *to, x0: x, x1: x + width, folded: false });
        x += width;
    }
    segments
}

/// Steps that a clock or calendar has.
const STEPS: &[i64] = &[
    HOUR / 60,
    HOUR / 12,
    HOUR / 4,
    HOUR / 2,
    HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    5 * DAY,
    10 * DAY,
    30 * DAY,
    90 * DAY,
    365 * DAY,
];

fn ticks(segment: &Segment, zone: &Zone, room: f64) -> Vec<Tick> {
    let span = (segment.to - segment.from).max(1);
    let width = segment.x1 - segment.x0;
    let step = STEPS.iter().copied().find(|step| width * *step as f64 / span as f64 >= room).unwrap_or(365 * DAY);
    let at = |time: i64| segment.x0 + (time - segment.from) as f64 / span as f64 * width;
    let mut ticks = Vec::new();
    let mut day = i64::MIN;
    let mut time = zone.floor_to(segment.from, step) + step;
    let date = |micros| zone.parts(micros, konseki_model::Fidelity::Minute).0;
    // The date at the left end of each stretch, so that none is without one.
    ticks.push(Tick { x: segment.x0 + 2.0, label: date(segment.from), date: true });
    let mut last_date_x = segment.x0;
    while time <= segment.to && ticks.len() < 60 {
        let x = at(time);
        // Near the ends of a stretch stands the length of the fold.
        if step < DAY && x - segment.x0 >= 16.0 && segment.x1 - x >= 18.0 {
            let clock = zone.parts(time, konseki_model::Fidelity::Minute).1;
            ticks.push(Tick { x, label: clock, date: false });
        }
        let midnight = zone.floor_to(time, DAY);
        let fresh = midnight != day && midnight > segment.from && (step >= DAY || midnight == time);
        if fresh && x - last_date_x >= 74.0 && segment.x1 - x >= 30.0 {
            ticks.push(Tick { x, label: date(time), date: true });
            last_date_x = x;
        }
        day = midnight;
        time = zone.floor_to(time + step + step / 2, step);
    }
    ticks
}
