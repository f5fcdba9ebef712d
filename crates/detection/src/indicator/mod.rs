//! Lists of indicators: addresses, domains, URLs, mail addresses and hashes, found as whole words.

mod boundary;
mod csv_list;
mod stix;
mod value;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use aho_corasick::automaton::OverlappingState;
use aho_corasick::{AhoCorasick, Input, MatchKind};
use konseki_model::Event;
use serde::Serialize;

use crate::fold::{fold_bytes_into, fold_into};
use crate::ruleset::Unusable;
pub use value::IndicatorKind;

/// Indicators of all lists together.
const MAX_INDICATORS: usize = 2_000_000;
/// Bytes of one list.
const MAX_FILE: usize = 256 << 20;
/// Remarks kept for one list; the last one says how many there were.
const MAX_REMARKS: usize = 50;

/// One entry of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Indicator {
    pub kind: IndicatorKind,
    /// Refanged and folded: `evil.example`.
    pub value: String,
    /// The list's file name, as given.
    pub list: String,
    /// 1-based line of a CSV list; 1-based number of the object of a STIX bundle.
    pub line: u32,
    /// What the list says of it.
    pub comment: String,
}

/// An indicator that an event holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IndicatorHit<'i, 'e> {
    pub indicator: &'i Indicator,
    /// Empty for the raw record.
    pub field: &'e str,
    /// The whole value it stands in; empty where the raw record is not UTF-8.
    pub value: &'e str,
    /// The event holds a name below the domain on the list.
    pub below: bool,
}

/// All lists, in one search.
#[derive(Debug, Default)]
pub struct Indicators {
    all: Vec<Indicator>,
    /// Value -> its entries; one list after the other.
    by_value: BTreeMap<String, Vec<u32>>,
    /// Patterns in the order of `by_value`.
    search: Option<AhoCorasick>,
    order: Vec<Vec<u32>>,
    /// What could not be taken, by list and line.
    pub unusable: Vec<Unusable>,
}

/// Where lists put their entries.
pub(super) struct Intake<'a> {
    all: &'a mut Vec<Indicator>,
    unusable: &'a mut Vec<Unusable>,
    list: &'a str,
    refused: u64,
}

impl Intake<'_> {
    fn add(&mut self, kind: IndicatorKind, value: String, line: u32, comment: &str) {
        if self.all.len() >= MAX_INDICATORS {
            return self.refuse(line, "there are more than two million indicators");
        }
        let comment = comment.chars().take(300).collect();
        let list = self.list.to_owned();
        self.all.push(Indicator { kind, value, list, line, comment });
    }

    fn refuse(&mut self, line: u32, reason: impl Into<String>) {
        self.refused += 1;
        if self.refused <= MAX_REMARKS as u64 {
            let file = self.list.to_owned();
            self.unusable.push(Unusable { file, line, reason: reason.into() });
        }
    }
}

impl Indicators {
    /// Reads lists given as (file, bytes): STIX 2.1 bundles and patterns, CSV, or one value a line.
    pub fn load<P: AsRef<str>, B: AsRef<[u8]>>(lists: &[(P, B)]) -> Self {
        let mut made = Self::default();
        for (file, bytes) in lists {
            let (file, bytes) = (file.as_ref(), bytes.as_ref());
            let before = made.all.len();
            let mut intake = Intake { all: &mut made.all, unusable: &mut made.unusable, list: file, refused: 0 };
            if bytes.len() > MAX_FILE {
                intake.refuse(1, "the list is larger than 256 MiB");
            } else if bytes.trim_ascii_start().first() == Some(&b'{') {
                stix::read(bytes, &mut intake);
            } else {
                csv_list::read(bytes, &mut intake);
            }
            let more = intake.refused.saturating_sub(MAX_REMARKS as u64);
            if more > 0 {
                let reason = format!("and {more} more entries that cannot be used");
                made.unusable.push(Unusable { file: file.to_owned(), line: 1, reason });
            }
            if made.all.len() == before {
                let reason = "there is no indicator in this list".to_owned();
                made.unusable.push(Unusable { file: file.to_owned(), line: 1, reason });
            }
        }
        made.compile();
        made
    }

    fn compile(&mut self) {
        for (number, indicator) in self.all.iter().enumerate() {
            self.by_value.entry(indicator.value.clone()).or_default().push(number as u32);
        }
        self.order = self.by_value.values().cloned().collect();
        let values: Vec<&str> = self.by_value.keys().map(String::as_str).collect();
        if values.is_empty() {
            return;
        }
        match AhoCorasick::builder().match_kind(MatchKind::Standard).build(&values) {
            Ok(search) => self.search = Some(search),
            Err(error) => {
                let reason = format!("the lists cannot be searched together: {error}");
                self.unusable.push(Unusable { file: String::new(), line: 0, reason });
            }
        }
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub fn all(&self) -> &[Indicator] {
        &self.all
    }

    /// The entries for a file's hash (MD5, SHA-1 or SHA-256 in hexadecimal).
    pub fn hash(&self, hash: &str) -> impl Iterator<Item = &Indicator> {
        let numbers = self.by_value.get(&hash.to_ascii_lowercase()).into_iter().flatten();
        numbers.filter_map(|number| self.all.get(*number as usize)).filter(|indicator| indicator.kind == IndicatorKind::Hash)
    }

    /// Calls `hit` for every indicator in the event's native fields (the raw record, if it has none), once for
    /// each value that holds it. `room`: reused between events.
    pub fn matches<'i, 'e>(&'i self, event: &Event<'e>, room: &mut Vec<u8>, mut hit: impl FnMut(IndicatorHit<'i, 'e>)) {
        let Some(search) = &self.search else { return };
        for field in event.fields {
            room.clear();
            fold_into(field.value, room);
            self.scan(search, room, |indicator, below| {
                let (field, value) = (field.name, field.value);
                hit(IndicatorHit { indicator, field, value, below });
            });
        }
        if event.fields.is_empty() {
            room.clear();
            fold_bytes_into(event.raw, room);
            let value = std::str::from_utf8(event.raw).unwrap_or_default();
            self.scan(search, room, |indicator, below| {
                hit(IndicatorHit { indicator, field: "", value, below });
            });
        }
    }

    fn scan<'i>(&'i self, search: &AhoCorasick, text: &[u8], mut hit: impl FnMut(&'i Indicator, bool)) {
        let mut state = OverlappingState::start();
        let mut seen: Vec<u32> = Vec::new();
        loop {
            search.find_overlapping(Input::new(text), &mut state);
            let Some(found) = state.get_match() else { return };
            let numbers = self.order.get(found.pattern().as_usize()).into_iter().flatten();
            for number in numbers {
                let Some(indicator) = self.all.get(*number as usize) else { continue };
                let below = boundary::fits(indicator.kind, text, found.start(), found.end());
                let Some(below) = below else { continue };
                if !seen.contains(number) {
                    seen.push(*number);
                    hit(indicator, below);
                }
            }
        }
    }
}
