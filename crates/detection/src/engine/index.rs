//! All texts that rules ask of one field, found in one pass over its value.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::grams::Grams;
use super::trie::Trie;

/// How a literal must stand in the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    Whole,
    Start,
    End,
    Anywhere,
}

/// Collects literals and the atoms that each of them fires.
#[derive(Debug, Default)]
pub(crate) struct IndexBuilder {
    literals: BTreeMap<(Place, Vec<u8>), Vec<u32>>,
}

impl IndexBuilder {
    /// `literal`: folded, not empty except for `Whole`.
    pub fn add(&mut self, place: Place, literal: &str, atom: u32) {
        self.literals.entry((place, literal.as_bytes().to_vec())).or_default().push(atom);
    }

    /// `common`: values that most events hold.
    pub fn build(self, common: &[String]) -> FieldIndex {
        let mut index = FieldIndex::default();
        let (mut starts, mut ends, mut inner) = (Vec::new(), Vec::new(), Vec::new());
        for ((place, mut literal), atoms) in self.literals {
            let list = index.lists.len() as u32;
            let from = index.atoms.len() as u32;
            index.atoms.extend(&atoms);
            index.lists.push((from, index.atoms.len() as u32));
            match place {
                Place::Whole => {
                    index.lengths |= 1 << literal.len().min(63);
                    index.whole.insert(literal.into_boxed_slice(), list);
                }
                Place::Start => starts.push((literal, list)),
                Place::End => {
                    literal.reverse();
                    ends.push((literal, list));
                }
                Place::Anywhere => {
                    if inner.is_empty() {
                        index.first_inner = list;
                    }
                    inner.push(literal);
                }
            }
        }
        ends.sort();
        index.starts = Trie::new(&starts);
        index.ends = Trie::new(&ends);
        index.inner = (!inner.is_empty()).then(|| Grams::new(&inner, common));
        index
    }
}

#[derive(Debug, Default)]
pub(crate) struct FieldIndex {
    whole: FxHashMap<Box<[u8]>, u32>,
    /// Bit n: some whole value is n bytes long (63: or longer).
    lengths: u64,
    starts: Trie,
    ends: Trie,
    inner: Option<Grams>,
    /// The list of the first text of `inner`; the others follow.
    first_inner: u32,
    /// Ranges of `atoms` that a literal fires.
    lists: Vec<(u32, u32)>,
    atoms: Vec<u32>,
}

impl FieldIndex {
    /// Nothing to search: the value need not be folded.
    pub fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }

    fn list(&self, list: u32) -> &[u32] {
        let range = self.lists.get(list as usize).copied().unwrap_or_default();
        self.atoms.get(range.0 as usize..range.1 as usize).unwrap_or_default()
    }

    /// Calls `fire` with the atoms of every literal in the value (some more than once).
    pub fn scan(&self, value: &[u8], mut fire: impl FnMut(&[u32])) {
        if self.lengths >> value.len().min(63) & 1 == 1
            && let Some(list) = self.whole.get(value)
        {
            fire(self.list(*list));
        }
        if !self.ends.is_empty() {
            self.ends.walk(value.iter().rev().copied(), |list| fire(self.list(list)));
        }
        if !self.starts.is_empty() {
            self.starts.walk(value.iter().copied(), |list| fire(self.list(list)));
        }
        if let Some(inner) = &self.inner {
            inner.scan(value, &mut |text| fire(self.list(self.first_inner + text)));
        }
    }
}
