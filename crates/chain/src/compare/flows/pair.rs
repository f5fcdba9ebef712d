//! Counters of one pair: when it was called, how regularly, how long, how much.

use konseki_model::{Because, Record, Stamp};

use super::{DAY, HOUR};
use crate::small::{Cite, Names};

use super::running::Running;

/// Steps of the scale of gaps between calls: a fifth of an octave from one second up to ten days.
const STEPS: usize = 100;
/// Flows kept to cite: the first ones, and the largest.
const FIRST: usize = 4;
const LARGEST: usize = 6;

#[derive(Default)]
pub(crate) struct Pair {
    pub count: u64,
    pub first: i64,
    pub last: i64,
    pub stamp: Option<Stamp>,
    pub end: Option<Stamp>,
    pub bytes_out: u64,
    pub bytes_in: u64,
    /// Gaps between calls on the scale, and their microseconds in all.
    gaps: Vec<u32>,
    spans: Vec<i64>,
    /// Bytes out on a scale of octaves.
    sizes: Vec<u32>,
    /// Bytes out per day, in order of days.
    pub days: Vec<(i64, u64)>,
    /// Connections of half an hour and more that carried hardly anything, their time and bytes in all.
    pub long: u64,
    pub long_micros: i64,
    pub long_bytes: u64,
    early: Vec<Cite>,
    /// When those of the first that sent much began.
    opening: Vec<Stamp>,
    large: Vec<(u64, Stamp, Cite)>,
    slow: Vec<Cite>,
    pub unanswered: u64,
    running: Running,
}

fn step(gap: i64) -> usize {
    let seconds = (gap as f64 / 1_000_000.0).max(1.0);
    ((seconds.log2() * 5.0) as usize).min(STEPS - 1)
}

/// The place of a step on a scale that grows.
fn slot<T: Clone + Default>(scale: &mut Vec<T>, at: usize) -> Option<&mut T> {
    if scale.len() <= at {
        scale.resize(at + 1, T::default());
    }
    scale.get_mut(at)
}

fn count(scale: &mut Vec<u32>, at: usize) {
    if let Some(slot) = slot(scale, at) {
        *slot += 1;
    }
}

impl Pair {
    /// Gives the bytes out that were not told before.
    pub fn add(&mut self, record: &Record, time: i64, names: &mut Names) -> u64 {
        let told = self.running.told(record);
        let (out, back) = (told.out, told.back);
        if told.again {
            self.more(record, time, (out, back), true, names);
            return out;
        }
        if self.count == 0 {
            (self.first, self.stamp) = (time, record.time);
        } else {
            let gap = time - self.last;
            count(&mut self.gaps, step(gap));
            if let Some(span) = slot(&mut self.spans, step(gap)) {
                *span = span.saturating_add(gap);
            }
        }
        self.last = time;
        self.count += 1;
        if out > 0 {
            count(&mut self.sizes, out.ilog2() as usize);
        }
        if record.duration.is_some_and(|length| length >= HOUR / 2) && out + back < 100_000 {
            self.long += 1;
            self.long_micros += record.duration.unwrap_or(0);
            self.long_bytes += out + back;
            if self.slow.len() < LARGEST {
                self.slow.push(names.cite(record));
            }
        }
        if matches!(record.outcome.as_str(), "S0" | "REJ" | "RSTOS0" | "RSTRH" | "deny" | "drop" | "reset-both") {
            self.unanswered += 1;
        }
        let early = self.early.len() < FIRST;
        if early {
            self.early.push(names.cite(record));
            self.opening.extend(record.time.filter(|_| out >= 100_000));
        }
        self.more(record, time, (out, back), !early, names);
        out
    }

    /// Bytes of a connection, told at its end or while it lasts.
    fn more(&mut self, record: &Record, time: i64, (out, back): (u64, u64), cite: bool, names: &mut Names) {
        self.end = record.time;
        self.bytes_out += out;
        self.bytes_in += back;
        let day = time.div_euclid(DAY);
        match self.days.last_mut().filter(|(last, _)| *last == day) {
            Some((_, bytes)) => *bytes += out,
            None => self.days.push((day, out)),
        }
        if let Some(time) = record.time.filter(|_| cite && out >= 100_000) {
            let least = self.large.last().map_or(0, |(bytes, ..)| *bytes);
            if self.large.len() < LARGEST || out > least {
                self.large.push((out, time, names.cite(record)));
                self.large.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
                self.large.truncate(LARGEST);
            }
        }
    }

    /// Half of all gaps lie near each other: their mean in microseconds, and their share of all gaps.
    pub fn rhythm(&self) -> Option<(i64, f64)> {
        let total: u32 = self.gaps.iter().sum();
        if total < 8 {
            return None;
        }
        // Retries within a few seconds belong to one call.
        let (mut best, mut at) = (0, 0);
        for middle in 10..STEPS {
            let near: u32 = self.gaps.iter().skip(middle - 2).take(5).sum();
            if near > best {
                (best, at) = (near, middle);
            }
        }
        let counted: u32 = self.gaps.iter().skip(8).sum();
        let span: i64 = self.spans.iter().skip(at.saturating_sub(2)).take(5).sum();
        let period = span / i64::from(best.max(1));
        (counted > 0).then(|| (period, f64::from(best) / f64::from(counted)))
    }

    /// Share of connections whose bytes out lie in two neighbouring octaves.
    pub fn likeness(&self) -> f64 {
        let total: u32 = self.sizes.iter().sum();
        let near = (0..self.sizes.len()).map(|at| self.sizes.iter().skip(at).take(2).sum::<u32>()).max().unwrap_or(0);
        if total == 0 { 0.0 } else { f64::from(near) / f64::from(total) }
    }

    /// Calls that a program makes: many, over hours, in a rhythm that jitter does not hide, alike in size.
    pub fn is_beacon(&self) -> Option<i64> {
        let (period, share) = self.rhythm()?;
        let lasting = self.last - self.first >= 6 * HOUR;
        (self.count >= 20 && lasting && period <= 6 * HOUR && share >= 0.6 && self.likeness() >= 0.7).then_some(period)
    }

    pub fn cited(&self) -> Vec<Because> {
        self.early.iter().chain(self.large.iter().map(|(_, _, place)| place)).map(Cite::because).collect()
    }

    pub fn cited_slow(&self) -> Vec<Because> {
        self.slow.iter().map(Cite::because).collect()
    }

    /// The largest flows, or the first where none is large.
    pub fn cited_large(&self) -> Vec<Because> {
        let mut all: Vec<Because> = self.large.iter().map(|(_, _, place)| place.because()).collect();
        all.extend(self.early.iter().take(if all.is_empty() { FIRST } else { 2 }).map(Cite::because));
        all
    }

    /// Start of the largest flow of a day, where it is kept.
    pub fn start_of(&self, day: i64) -> Option<Stamp> {
        self.large
            .iter()
            .map(|(_, time, _)| *time)
            .chain(self.opening.iter().copied())
            .filter(|time| time.micros.div_euclid(DAY) == day)
            .min()
            .or(self.stamp)
    }
}
