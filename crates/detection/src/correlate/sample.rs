//! Samples in little memory: texts are kept once, the earliest samples win where there are too many.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::fold::fold;

/// Between the values of a group.
pub(super) const SEPARATOR: char = '\u{1f}';
/// Characters kept of one value.
pub(super) const MAX_VALUE: usize = 512;

const NO_TEXT: u32 = u32::MAX;

/// One event, or one conclusion, as a correlation sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Seen {
    pub micros: i64,
    pub tag: u64,
    /// Place of its rule among the inputs.
    pub place: u32,
    /// Index of the conclusion, if it is one.
    pub hit: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Sample {
    seen: Seen,
    correlation: u32,
    key: u32,
    value: u32,
}

#[derive(Debug, Default)]
pub(super) struct Samples {
    all: Vec<Sample>,
    /// Conclusions that feed other correlations: few, and met while concluding.
    chained: BTreeMap<u32, Vec<Sample>>,
    texts: Vec<Box<str>>,
    numbers: FxHashMap<Box<str>, u32>,
    limit: usize,
    pub dropped: u64,
}

/// A sample with the number of its value.
pub(super) type Valued = (Seen, u32);

impl Samples {
    pub fn new(limit: usize) -> Self {
        Self { limit: limit.max(1), ..Self::default() }
    }

    pub fn push(&mut self, correlation: u32, seen: Seen, key: &str, value: Option<&str>) {
        let key = self.number(key);
        let value = value.map_or(NO_TEXT, |value| self.number(value));
        let sample = Sample { seen, correlation, key, value };
        if seen.hit.is_some() {
            let list = self.chained.entry(correlation).or_default();
            if list.len() < self.limit {
                list.push(sample);
            } else {
                self.dropped += 1;
            }
            return;
        }
        self.all.push(sample);
        if self.all.len() >= self.limit.saturating_mul(2) {
            self.cut();
        }
    }

    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = self.texts.len() as u32;
        self.texts.push(text.into());
        self.numbers.insert(text.into(), number);
        number
    }

    /// Keeps the earliest. Which they are does not depend on the order in which they came: what they say is
    /// compared, never the number of a text.
    pub fn cut(&mut self) {
        if self.all.len() <= self.limit {
            return;
        }
        let by = |a: &Sample, b: &Sample| (a.seen, a.correlation).cmp(&(b.seen, b.correlation));
        self.all.sort_by(by);
        self.dropped += (self.all.len() - self.limit) as u64;
        self.all.truncate(self.limit);
        self.forget();
    }

    /// Sorts for `groups`, once all samples are there.
    pub fn arrange(&mut self) {
        self.cut();
        self.all.sort_by_key(|sample| (sample.correlation, sample.seen));
    }

    /// Drops texts that no sample names.
    fn forget(&mut self) {
        let old = std::mem::take(&mut self.texts);
        self.numbers.clear();
        let mut all = std::mem::take(&mut self.all);
        for sample in &mut all {
            for number in [&mut sample.key, &mut sample.value] {
                if let Some(text) = old.get(*number as usize) {
                    *number = self.number(text);
                }
            }
        }
        self.all = all;
    }

    /// After `arrange`: the samples of a correlation by group (its values as first written), each in order of time; and how many
    /// groups there were beyond the bound.
    pub fn groups(&self, correlation: u32, limit: usize) -> (Vec<(String, Vec<Valued>)>, u64) {
        let from = self.all.partition_point(|sample| sample.correlation < correlation);
        let to = self.all.partition_point(|sample| sample.correlation <= correlation);
        let own = self.all.get(from..to).unwrap_or_default().iter();
        let mut own: Vec<&Sample> = own.chain(self.chained.get(&correlation).into_iter().flatten()).collect();
        own.sort_by_key(|sample| sample.seen);
        let mut places: FxHashMap<String, usize> = FxHashMap::default();
        let mut refused: std::collections::BTreeSet<String> = std::collections::BTreeSet::new();
        let mut groups: Vec<(String, Vec<Valued>)> = Vec::new();
        for sample in own {
            let written = self.text(sample.key);
            let folded = fold(written);
            let place = match places.get(&folded) {
                Some(place) => *place,
                None if groups.len() >= limit => {
                    refused.insert(folded);
                    continue;
                }
                None => {
                    places.insert(folded, groups.len());
                    groups.push((written.to_owned(), Vec::new()));
                    groups.len() - 1
                }
            };
            if let Some((_, list)) = groups.get_mut(place) {
                list.push((sample.seen, sample.value));
            }
        }
        (groups, refused.len() as u64)
    }

    pub fn text(&self, number: u32) -> &str {
        self.texts.get(number as usize).map_or("", |text| text)
    }

    /// Whether the sample has the value that is counted.
    pub fn has_value(number: u32) -> bool {
        number != NO_TEXT
    }
}
