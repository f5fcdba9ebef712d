//! What only people know (`facts` of the case): put into sentences, or an honest place to fill that is listed at the end.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::OnceLock;

use konseki_report::Both;
use serde::Deserialize;

use super::book::{plain, say};
use crate::Claims;

#[derive(Clone, Debug, Deserialize)]
pub struct Known {
    pub key: String,
    pub en: String,
    pub ja: String,
}

#[derive(Deserialize)]
struct File {
    fact: Vec<Known>,
}

/// Every fact that the words ask for, in the order of the file.
pub fn known() -> &'static [Known] {
    static KNOWN: OnceLock<Vec<Known>> = OnceLock::new();
    // A file that does not parse is caught by its test.
    KNOWN.get_or_init(|| toml::from_str::<File>(include_str!("../../data/facts.toml")).map(|file| file.fact).unwrap_or_default())
}

/// Facts of a case as one document asks for them; remembers what was missing.
pub struct Facts<'a> {
    claims: &'a Claims,
    missing: RefCell<BTreeSet<String>>,
    /// Given, but no instant with offset.
    unreadable: RefCell<BTreeSet<String>>,
}

impl<'a> Facts<'a> {
    pub fn new(claims: &'a Claims) -> Self {
        Self { claims, missing: RefCell::default(), unreadable: RefCell::default() }
    }

    /// The text of the fact, where the analyst gave it: `KEY`, or `KEY_en` and `KEY_ja`.
    pub fn given(&self, key: &str) -> Option<Both> {
        let own = |key: &str| self.claims.facts.get(key).map(|text| text.trim()).filter(|text| !text.is_empty());
        let pick = |tag: &str| own(&format!("{key}_{tag}")).or_else(|| own(key)).map(bare);
        match (pick("en"), pick("ja")) {
            (Some(en), Some(ja)) => Some(Both { en, ja }),
            (Some(one), None) | (None, Some(one)) => Some(Both { en: one.clone(), ja: one }),
            (None, None) => None,
        }
    }

    /// The text, or a place to fill in.
    pub fn get(&self, key: &str) -> Both {
        self.given(key).unwrap_or_else(|| self.blank(key))
    }

    /// A place to fill in, listed as missing.
    pub fn blank(&self, key: &str) -> Both {
        self.missing.borrow_mut().insert(key.to_owned());
        say("common.blank", &[("what", label(key)), ("open", plain("common.open")), ("close", plain("common.close"))])
    }

    /// An instant that the analyst gave, in microseconds UTC.
    pub fn instant(&self, key: &str) -> Option<i64> {
        let text = self.claims.facts.get(key).map(|text| text.trim()).filter(|text| !text.is_empty())?;
        let read = konseki_report::time::parse_rfc3339(text);
        if read.is_none() {
            self.unreadable.borrow_mut().insert(key.to_owned());
        }
        read
    }

    /// What was asked for and not given, in the order of the list of facts.
    pub fn to_fill(&self) -> Vec<Both> {
        let (missing, unreadable) = (self.missing.borrow(), self.unreadable.borrow());
        let line = |fact: &Known| {
            let sentence = if unreadable.contains(&fact.key) { "unreadable" } else { "item" };
            let args = [("what", label(&fact.key)), ("key", super::book::same(&fact.key))];
            say(&format!("common.to-fill.{sentence}"), &args)
        };
        known().iter().filter(|fact| missing.contains(&fact.key) || unreadable.contains(&fact.key)).map(line).collect()
    }
}

/// Web addresses without their scheme: they are ours, and would be written as dead ones otherwise.
fn bare(text: &str) -> String {
    text.replace("https://", "").replace("http://", "")
}

pub fn label(key: &str) -> Both {
    let found = known().iter().find(|fact| fact.key == key);
    found.map_or_else(|| super::book::same(key), |fact| Both { en: fact.en.clone(), ja: fact.ja.clone() })
}
