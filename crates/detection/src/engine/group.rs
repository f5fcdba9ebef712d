//! Rules that are asked about the same events, compiled together.

use std::collections::BTreeMap;
use std::sync::Arc;

use memchr::memmem::Finder;
use rustc_hash::FxHashMap;

use super::index::{FieldIndex, IndexBuilder, Place};
use super::literal;
use super::program::{Atoms, Program};
use super::trigger::{Chooser, How, Wait, joined};
use crate::fold::fold;
use crate::sigma::atom::{Atom, Expr, Test};
use crate::sigma::glob::Shape;

/// The id of no field, and of all of them (keywords).
pub(super) const NO_FIELD: u32 = u32::MAX;
pub(super) const KEYWORD: u32 = u32::MAX - 1;
const NO_SLOT: u16 = u16::MAX;

/// Field names of all rules, numbered.
pub(super) type Names = FxHashMap<Box<str>, u32>;

#[derive(Debug)]
pub(super) struct Known {
    pub field: u32,
    /// The second field of a `fieldref`.
    pub other: u32,
    pub how: How,
    /// Shorter values do not pass.
    pub length: usize,
    pub atom: Arc<Atom>,
    /// For a text that is searched without case and not by the index.
    pub finder: Option<Finder<'static>>,
}

#[derive(Debug, Default)]
pub(super) struct Group {
    /// (rule, root of its condition)
    pub rules: Vec<(u32, u32)>,
    pub program: Program,
    pub atoms: Vec<Known>,
    slots: Vec<u16>,
    fields: Vec<FieldIndex>,
    /// By slot: the atom that fires when the field is there, or `NO_FIELD`.
    present: Vec<u32>,
    pub keywords: Option<FieldIndex>,
    /// Rules to verify for every event.
    pub always: Vec<u32>,
    /// By atom: the rules that wait for it, as a range of `waiting`.
    ranges: Vec<(u32, u32)>,
    waiting: Vec<u32>,
}

impl Group {
    pub fn slot(&self, field: u32) -> Option<(&FieldIndex, u32)> {
        let slot = self.slots.get(field as usize).copied().filter(|slot| *slot != NO_SLOT)?;
        let index = self.fields.get(slot as usize)?;
        Some((index, self.present.get(slot as usize).copied().unwrap_or(NO_FIELD)))
    }

    /// The rules that wait for the atom.
    pub fn waiting(&self, atom: u32) -> &[u32] {
        let range = self.ranges.get(atom as usize).copied().unwrap_or_default();
        self.waiting.get(range.0 as usize..range.1 as usize).unwrap_or_default()
    }

    /// Compiles conditions, each with the number of its rule.
    /// `common`: values that most events hold.
    pub fn build(rules: &[(u32, Expr)], names: &Names, common: &[String]) -> Self {
        let mut group = Self::default();
        let mut atoms = Atoms::default();
        for (rule, expr) in rules {
            let root = group.program.add(expr, &mut atoms);
            group.rules.push((*rule, root));
        }
        let literals: Vec<Literals> = atoms.list.iter().map(|atom| Literals::of(&atom.test)).collect();
        let mut wanted = vec![false; atoms.list.len()];
        let present = group.wait(rules, &mut atoms, &literals, &mut wanted, common);
        for (_, expr) in rules {
            want_lists(expr, true, &mut atoms, &mut wanted);
        }
        let mut builders: BTreeMap<u32, IndexBuilder> = BTreeMap::new();
        let mut how = Vec::with_capacity(atoms.list.len());
        for (number, (atom, literals)) in atoms.list.iter().zip(literals).enumerate() {
            let builder = builders.entry(field(atom.field.as_deref(), names)).or_default();
            if wanted.get(number) == Some(&true) {
                // Keywords are searched in all values at once, wherever they must stand in one of them.
                let keyword = atom.field.is_none();
                let decided = literals.how == How::Decided;
                how.push((if keyword && decided { How::Gated } else { literals.how }, literals.length));
                for literal in literals.texts {
                    let place = if keyword { Place::Anywhere } else { literals.place };
                    builder.add(place, &literal, number as u32);
                }
            } else {
                how.push((How::Open, literals.length));
            }
        }
        group.finish(&atoms, &how, builders, &present, (names, common));
        group
    }

    /// Chooses what each rule waits for. Returns the atoms that stand for "the field is there".
    fn wait(
        &mut self,
        rules: &[(u32, Expr)],
        atoms: &mut Atoms,
        literals: &[Literals],
        wanted: &mut [bool],
        common: &[String],
    ) -> Vec<(String, u32)> {
        let mut posts: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        let mut present: BTreeMap<String, u32> = BTreeMap::new();
        let mut next = atoms.list.len() as u32;
        let common = joined(common);
        let lookup = |number: u32| literals.get(number as usize).map_or(How::Open, |literals| literals.how);
        for (local, (_, expr)) in rules.iter().enumerate() {
            let mut chooser = Chooser { atoms, how: &lookup, common: &common };
            let Some((_, waits)) = chooser.best(expr, true) else {
                self.always.push(local as u32);
                continue;
            };
            for wait in waits {
                let atom = match wait {
                    Wait::Atom(number) => {
                        if let Some(wanted) = wanted.get_mut(number as usize) {
                            *wanted = true;
                        }
                        number
                    }
                    Wait::Present(field) => *present.entry(field).or_insert_with(|| {
                        next += 1;
                        next - 1
                    }),
                };
                posts.entry(atom).or_default().push(local as u32);
            }
        }
        self.ranges = vec![(0, 0); next as usize];
        for (atom, mut locals) in posts {
            locals.dedup();
            let from = self.waiting.len() as u32;
            self.waiting.extend(&locals);
            if let Some(range) = self.ranges.get_mut(atom as usize) {
                *range = (from, self.waiting.len() as u32);
            }
        }
        present.into_iter().collect()
    }

    fn finish(
        &mut self,
        atoms: &Atoms,
        how: &[(How, usize)],
        mut builders: BTreeMap<u32, IndexBuilder>,
        present: &[(String, u32)],
        (names, common): (&Names, &[String]),
    ) {
        for (atom, (how, length)) in atoms.list.iter().zip(how) {
            let other = match &atom.test {
                Test::Other { field: other, .. } => field(Some(other), names),
                _ => NO_FIELD,
            };
            let field = field(atom.field.as_deref(), names);
            let finder = finder(&atom.test).filter(|_| *how != How::Decided);
            self.atoms.push(Known { field, other, how: *how, length: *length, atom: Arc::clone(atom), finder });
        }
        let keywords = builders.remove(&KEYWORD).map(|builder| builder.build(common));
        self.keywords = keywords;
        self.slots = vec![NO_SLOT; names.len()];
        for (field, builder) in builders {
            let slot = self.fields.len() as u16;
            self.fields.push(builder.build(common));
            self.present.push(NO_FIELD);
            if let Some(place) = self.slots.get_mut(field as usize) {
                *place = slot;
            }
        }
        for (name, atom) in present {
            let slot = self.slots.get(field(Some(name), names) as usize).copied();
            if let Some(place) = slot.and_then(|slot| self.present.get_mut(slot as usize)) {
                *place = *atom;
            }
        }
    }

    /// Atoms and the marks for fields that are there.
    pub fn marks(&self) -> usize {
        self.ranges.len()
    }
}

pub(super) fn field(name: Option<&str>, names: &Names) -> u32 {
    match name {
        None => KEYWORD,
        Some(name) => names.get(name).copied().unwrap_or(NO_FIELD),
    }
}

fn finder(test: &Test) -> Option<Finder<'static>> {
    let Test::Text(glob) = test else { return None };
    match glob.shape() {
        Shape::Contains(text) if !glob.cased => Some(Finder::new(text).into_owned()),
        _ => None,
    }
}

/// A list longer than this is searched with all others rather than item by item.
const LONG_LIST: usize = 8;

/// Wants the atoms of long lists: asked one by one they would cost more than the pass they save.
fn want_lists(expr: &Expr, positive: bool, atoms: &mut Atoms, wanted: &mut [bool]) {
    match expr {
        Expr::Not(inner) => want_lists(inner, !positive, atoms, wanted),
        Expr::All(items) | Expr::Any(items) => {
            // What stands behind `not` is asked rarely: only once all the rest holds.
            let long = positive && matches!(expr, Expr::Any(_)) && items.len() > LONG_LIST;
            for item in items {
                match item {
                    Expr::Atom(atom) if long => {
                        let number = atoms.number(atom);
                        if let Some(wanted) = wanted.get_mut(number as usize) {
                            *wanted = true;
                        }
                    }
                    other => want_lists(other, positive, atoms, wanted),
                }
            }
        }
        Expr::Atom(_) => {}
    }
}

/// The literals of a test, where the index can find them.
struct Literals {
    how: How,
    place: Place,
    texts: Vec<String>,
    /// Shorter values do not pass.
    length: usize,
}

impl Literals {
    fn of(test: &Test) -> Self {
        match test {
            Test::Text(glob) => {
                let (place, literal) = match glob.shape() {
                    Shape::Exact(text) => (Place::Whole, text),
                    Shape::Starts(text) => (Place::Start, text),
                    Shape::Ends(text) => (Place::End, text),
                    Shape::Contains(text) => (Place::Anywhere, text),
                    Shape::Wild if glob.longest().is_some() => (Place::Anywhere, glob.longest().unwrap_or_default()),
                    Shape::Wild | Shape::Present => return Self::none(),
                };
                let decided = !glob.cased && glob.shape() != Shape::Wild;
                let how = if decided { How::Decided } else { How::Gated };
                let text = if glob.cased { fold(literal) } else { literal.to_owned() };
                Self { how, place, texts: vec![text], length: 0 }
            }
            Test::Regex(pattern) => {
                let needs = literal::needs(&pattern.source);
                let how = if needs.literals.is_some() { How::Gated } else { How::Open };
                Self { how, place: Place::Anywhere, texts: needs.literals.unwrap_or_default(), length: needs.length }
            }
            _ => Self::none(),
        }
    }

    fn none() -> Self {
        Self { how: How::Open, place: Place::Anywhere, texts: Vec::new(), length: 0 }
    }
}
