//! What is kept by the hundred thousand while comparing: names once, places to cite without their spare room.

use std::sync::Arc;

use konseki_model::{At, Because, Record};
use rustc_hash::FxHashSet;

/// Texts that many records share, each held once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names(FxHashSet<Arc<str>>);

impl Names {
    pub fn one(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        let new: Arc<str> = Arc::from(text);
        self.0.insert(Arc::clone(&new));
        new
    }

    /// The place of a record.
    pub fn cite(&mut self, record: &Record) -> Cite {
        let (excerpt, wide) = crate::compare::quoted(record);
        Cite { evidence: self.one(&record.evidence), at: crate::compare::at(record), excerpt: Box::from(excerpt), wide }
    }
}

/// A [`Because`] at a third of its size.
#[derive(Clone, Debug)]
pub struct Cite {
    evidence: Arc<str>,
    at: At,
    excerpt: Box<str>,
    /// The excerpt stands there as UTF-16.
    wide: bool,
}

impl Cite {
    pub fn because(&self) -> Because {
        Because {
            evidence: self.evidence.as_ref().into(),
            path: String::new(),
            at: self.at,
            excerpt: self.excerpt.as_ref().into(),
            encoding: self.wide.then(|| "utf-16le".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_place_says_what_a_large_one_does() {
        let record = Record { evidence: "E1".into(), at: Some(At::Line(7)), raw: "a line".into(), ..Record::default() };
        let mut names = Names::default();
        assert_eq!(names.cite(&record).because(), crate::compare::because(&record));
        let event = Record { source: "windows/evtx".into(), at: Some(At::Record(3)), ..record };
        assert_eq!(names.cite(&event).because(), crate::compare::because(&event));
        assert!(Arc::ptr_eq(&names.one("E1"), &names.one("E1")));
    }
}
