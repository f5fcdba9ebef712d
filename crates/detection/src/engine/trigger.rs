//! Which atoms a rule waits for: it cannot match unless one of them has fired, and they should be rare.

use crate::fold::fold;
use crate::sigma::atom::{Expr, Test};
use crate::sigma::glob::Shape;

use super::program::Atoms;

/// How an atom gets its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// Fired or not is the answer.
    Decided,
    /// Without having fired it is false; else it has to be tested.
    Gated,
    /// Has to be tested.
    Open,
}

/// What a rule waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    Atom(u32),
    /// The field is there.
    Present(String),
}

/// The best set to wait for, with its score; `None` if the rule may match without anything.
pub(crate) struct Chooser<'a> {
    pub atoms: &'a mut Atoms,
    pub how: &'a dyn Fn(u32) -> How,
    /// Values that most events hold, as `joined` makes them.
    pub common: &'a str,
}

/// Values side by side, so that one search answers for all of them.
pub(crate) fn joined(common: &[String]) -> String {
    common.join("\0")
}

impl Chooser<'_> {
    pub fn best(&mut self, expr: &Expr, positive: bool) -> Option<(i32, Vec<Wait>)> {
        match (expr, positive) {
            (Expr::Not(inner), _) => self.best(inner, !positive),
            (Expr::All(items), true) | (Expr::Any(items), false) => items
                .iter()
                .filter_map(|item| self.best(item, positive))
                // The first of equals, so that the order written decides.
                .reduce(|a, b| if b.0 > a.0 { b } else { a }),
            (Expr::Any(items), true) | (Expr::All(items), false) => {
                let mut all = Vec::new();
                let mut score = i32::MAX;
                for item in items {
                    let (own, waits) = self.best(item, positive)?;
                    score = score.min(own);
                    all.extend(waits);
                }
                let many = (all.len().max(1)).ilog2() as i32;
                Some((score.saturating_sub(many * 3), all))
            }
            (Expr::Atom(atom), _) => {
                let present = || {
                    let field = atom.field.clone()?;
                    Some((PRESENT, vec![Wait::Present(field)]))
                };
                match (&atom.test, positive) {
                    (Test::Null | Test::Exists(false), true) => None,
                    (Test::Null | Test::Exists(false), false) => present(),
                    (_, false) => None,
                    _ => {
                        let number = self.atoms.number(atom);
                        if (self.how)(number) == How::Open {
                            return present();
                        }
                        let uses = self.atoms.uses.get(number as usize).copied().unwrap_or(1);
                        let score = rarity(&atom.test, self.common) - 6 * uses.max(1).ilog2() as i32;
                        Some((score, vec![Wait::Atom(number)]))
                    }
                }
            }
        }
    }
}

/// That a field is there says least.
const PRESENT: i32 = -1_000_000;
/// Said of a text that most events hold.
const COMMON: i32 = -400;

/// Longer texts are rarer; whole values are rarer than parts.
fn rarity(test: &Test, common: &str) -> i32 {
    let length = |text: &str| {
        let known = memchr::memmem::find(common.as_bytes(), fold(text).as_bytes()).is_some();
        text.len().min(24) as i32 * 4 + if known { COMMON } else { 0 }
    };
    match test {
        Test::Text(glob) => match glob.shape() {
            Shape::Exact(text) => length(text) + 8,
            Shape::Contains(text) | Shape::Starts(text) | Shape::Ends(text) => length(text),
            Shape::Present => PRESENT,
            Shape::Wild => glob.longest().map_or(PRESENT, length),
        },
        Test::Regex(_) => 20,
        _ => PRESENT,
    }
}
