//! What a thread keeps between events, so that matching allocates nothing.

use konseki_model::Event;

use super::view;
use crate::fold::{fold_bytes_into, fold_into};

/// One per thread; any engine may use it.
#[derive(Debug, Default)]
pub struct Scratch {
    pub(super) texts: Texts,
    pub(super) marks: Marks,
    /// (field id, place) of every value that some rule may ask for.
    pub(super) visible: Vec<(u32, u32)>,
    /// The same under other names, for a group that renames fields.
    pub(super) renamed: Vec<(u32, u32)>,
    /// Groups to run: (group, rename).
    pub(super) todo: Vec<(u32, u32)>,
    pub(super) hits: Vec<(u32, u32, u32)>,
    /// Places of the values that made the hits.
    pub(super) places: Vec<u32>,
    pub(super) lower: String,
}

/// Values without case, folded when first asked for.
#[derive(Debug, Default)]
pub(super) struct Texts {
    bytes: Vec<u8>,
    ranges: Vec<(u32, u32)>,
}

impl Texts {
    pub fn begin(&mut self, places: usize) {
        self.bytes.clear();
        self.ranges.clear();
        self.ranges.resize(places, (u32::MAX, 0));
    }

    pub fn folded(&mut self, event: &Event<'_>, place: u32) -> &[u8] {
        let place = place as usize;
        let known = self.ranges.get(place).copied().unwrap_or((u32::MAX, 0));
        if known.0 != u32::MAX {
            return self.bytes.get(known.0 as usize..known.1 as usize).unwrap_or_default();
        }
        let start = self.bytes.len();
        match view::at(event, place) {
            Some((_, value)) => fold_into(value, &mut self.bytes),
            None => fold_bytes_into(event.raw, &mut self.bytes),
        }
        let end = self.bytes.len();
        if let Some(range) = self.ranges.get_mut(place) {
            *range = (start as u32, end as u32);
        }
        // No text holds this byte, so nothing is found across two values.
        self.bytes.push(0xff);
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// Two values without case.
    pub fn two(&mut self, event: &Event<'_>, one: u32, other: u32) -> (&[u8], &[u8]) {
        self.folded(event, one);
        self.folded(event, other);
        let range = |place: u32| self.ranges.get(place as usize).copied().unwrap_or_default();
        let text = |(from, to): (u32, u32)| self.bytes.get(from as usize..to as usize).unwrap_or_default();
        (text(range(one)), text(range(other)))
    }

    /// Everything that has been folded, value by value.
    pub fn all(&self) -> &[u8] {
        &self.bytes
    }
}

/// What one group of rules knows about one event; cleared by counting up.
#[derive(Debug, Default)]
pub(super) struct Marks {
    now: u32,
    fired: Vec<u32>,
    /// Twice the time of the answer, plus the answer.
    memo: Vec<u32>,
    picked: Vec<u32>,
    pub candidates: Vec<u32>,
}

impl Marks {
    pub fn begin(&mut self, atoms: usize, rules: usize) {
        self.now += 1;
        if self.now >= u32::MAX / 2 {
            self.now = 1;
            self.fired.fill(0);
            self.memo.fill(0);
            self.picked.fill(0);
        }
        for (list, size) in [(&mut self.fired, atoms), (&mut self.memo, atoms), (&mut self.picked, rules)] {
            if list.len() < size {
                list.resize(size, 0);
            }
        }
        self.candidates.clear();
    }

    /// Marks an atom; `true` the first time.
    pub fn fire(&mut self, atom: u32) -> bool {
        match self.fired.get_mut(atom as usize) {
            Some(mark) if *mark != self.now => {
                *mark = self.now;
                true
            }
            _ => false,
        }
    }

    pub fn fired(&self, atom: u32) -> bool {
        self.fired.get(atom as usize) == Some(&self.now)
    }

    pub fn pick(&mut self, rule: u32) {
        if let Some(mark) = self.picked.get_mut(rule as usize)
            && *mark != self.now
        {
            *mark = self.now;
            self.candidates.push(rule);
        }
    }

    pub fn remembered(&self, atom: u32) -> Option<bool> {
        let memo = self.memo.get(atom as usize)?;
        (memo / 2 == self.now).then_some(memo % 2 == 1)
    }

    pub fn remember(&mut self, atom: u32, answer: bool) {
        if let Some(memo) = self.memo.get_mut(atom as usize) {
            *memo = self.now * 2 + u32::from(answer);
        }
    }
}
