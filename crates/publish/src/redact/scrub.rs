//! Replaces withheld names by pseudonyms: in texts by name, in single values also whatever no list allows.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::check::{Ours, Search};
use super::names::{Name, Names, is_path, members};
use super::policy::{Class, Policy, lists};
use super::{address, attacker};
use crate::{Claims, Error};

/// Everything needed to replace names for one audience, and the record of what was replaced.
pub struct Scrubber {
    pub policy: &'static Policy,
    names: Names,
    theirs: BTreeSet<String>,
    needles: Vec<Name>,
    /// Those that tell within a longer word, too.
    within: Vec<bool>,
    finder: AhoCorasick,
    /// What the analyst withholds, in disguises that a plain search does not see.
    hidden: Option<Search>,
    key: Vec<u8>,
    book: RefCell<Book>,
}

/// Pseudonyms that were given, by class and canonical name.
#[derive(Clone, Debug, Default)]
pub struct Book {
    pub given: BTreeMap<(Class, String), String>,
    used: BTreeSet<String>,
    /// Spelling, pseudonym, how often.
    pub replaced: BTreeMap<(Class, String), (String, u64)>,
    /// Paths and names that are told: a part of one is no secret when it turns up alone.
    pub open: BTreeSet<String>,
}

/// Keyed hash in hexadecimal.
pub fn keyed(key: &[u8], what: &str) -> String {
    // HMAC takes keys of any length; the error cannot be.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
    mac.update(what.as_bytes());
    crate::hex(&mac.finalize().into_bytes())
}

impl Scrubber {
    /// # Errors
    /// There are more names than a search over them can hold.
    pub fn new(claims: &Claims, policy: &'static Policy, key: &[u8], ours: &Ours) -> Result<Self, Error> {
        let names = Names::collect(claims, policy);
        let needles: Vec<Name> = names.by.values().filter(|name| policy.withholds(name.class)).cloned().collect();
        let finder = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .build(needles.iter().map(|name| name.spelled.as_bytes()))
            .map_err(|error| Error::Internal(error.to_string()))?;
        let texts: Vec<(Class, String)> =
            needles.iter().filter(|name| name.class == Class::Text).map(|name| (name.class, name.spelled.clone())).collect();
        let hidden = if texts.is_empty() { None } else { Some(Search::new(texts, ours)?) };
        let mut theirs = attacker::values(claims);
        let within: Vec<bool> = needles.iter().map(|name| ours.tells_within(name.class, &name.spelled)).collect();
        theirs.retain(|value| !needles.iter().zip(&within).any(|(name, within)| imitates(value, name, *within)));
        Ok(Self { policy, names, theirs, needles, within, finder, hidden, key: key.to_vec(), book: RefCell::default() })
    }

    /// What was replaced so far, with every name that must not be found.
    pub fn finish(self) -> (Vec<Name>, Book) {
        (self.needles, self.book.into_inner())
    }

    /// Is it the intruder's?
    pub fn is_theirs(&self, value: &str) -> bool {
        let text = address::parse(value).map_or_else(|| value.to_lowercase(), |ip| ip.to_string());
        self.theirs.contains(&text)
    }

    /// An id that cannot be computed by a reader who guesses what it was made from.
    pub fn id(&self, id: &str) -> String {
        if !self.policy.retell || id.is_empty() {
            return id.to_owned();
        }
        let (mark, _) = id.split_at_checked(1).unwrap_or(("", id));
        format!("{mark}{}", keyed(&self.key, &format!("id|{id}")).get(..12).unwrap_or_default())
    }

    fn pseudonym(&self, class: Class, canonical: &str, spelled: &str) -> String {
        let mut book = self.book.borrow_mut();
        let slot = (class, canonical.to_owned());
        let known = book.given.get(&slot).cloned();
        let name = known.unwrap_or_else(|| {
            let digits = keyed(&self.key, &format!("{}|{canonical}", class.as_str()));
            let choose = |length: usize| format!("{}-{}", class.as_str(), digits.get(..length).unwrap_or(&digits));
            // A pseudonym that spells a name of the case by chance would be taken for it.
            let named = |name: &String| name.rsplit('-').next().is_some_and(|digits| self.names.by.contains_key(digits));
            let free = |name: &String| !book.used.contains(name) && !named(name);
            let name = [4, 8, 64].into_iter().map(choose).find(free).unwrap_or_else(|| choose(64));
            book.used.insert(name.clone());
            book.given.insert(slot, name.clone());
            name
        });
        let entry = book.replaced.entry((class, spelled.to_owned())).or_insert_with(|| (name.clone(), 0));
        entry.1 += 1;
        name
    }

    /// A text in which withheld names are replaced; everything else stays.
    pub fn text(&self, text: &str) -> String {
        let mut cuts: Vec<(Range<usize>, String)> = Vec::new();
        for (range, name) in self.found(text) {
            let spelled = text.get(range.clone()).unwrap_or_default();
            // A longer word that holds a name is withheld whole: what is left of it could tell the name.
            let longer = spelled.len() != name.spelled.len();
            let canonical = if longer { spelled.to_lowercase() } else { name.canonical.clone() };
            cuts.push((range, self.pseudonym(name.class, &canonical, spelled)));
        }
        if self.policy.withholds(Class::Mailbox) {
            for range in address::mailboxes(text) {
                let word = text.get(range.clone()).unwrap_or_default();
                if !lists().well_known.contains(&word.to_lowercase()) {
                    cuts.push((range, self.pseudonym(Class::Mailbox, &word.to_lowercase(), word)));
                }
            }
        }
        if self.policy.withholds(Class::Address) {
            for (range, ip) in address::find(text) {
                let value = ip.to_string();
                if !self.theirs.contains(&value) && !lists().well_known.contains(&value) {
                    let word = text.get(range.clone()).unwrap_or_default();
                    cuts.push((range, self.pseudonym(Class::Address, &value, word)));
                }
            }
        }
        let told = splice(text, cuts);
        // A line that holds a withheld text in code or in pieces is not told at all.
        if self.hidden.as_ref().is_some_and(|hidden| hidden.holds(&told)) {
            return self.pseudonym(Class::Text, &text.to_lowercase(), text);
        }
        told
    }

    fn found<'a>(&'a self, text: &str) -> Vec<(Range<usize>, &'a Name)> {
        let place = |hit: aho_corasick::Match| {
            let name = self.needles.get(hit.pattern().as_usize())?;
            if stands_alone(text, &hit.range()) {
                return Some((hit.range(), name));
            }
            let word = word_around(text, &hit.range());
            let known = self.names.by.get(&text.get(word.clone())?.to_lowercase());
            // A longer name of the case is found itself.
            let itself = known.is_some_and(|known| self.policy.withholds(known.class));
            (!itself && self.within.get(hit.pattern().as_usize()).copied().unwrap_or_default()).then_some((word, name))
        };
        self.finder.find_overlapping_iter(text).filter_map(place).collect()
    }

    /// Made-up samples may hold a name of the case by chance. Other addresses and mailboxes in them are nobody's, and numbers are
    /// what their rules need. Called last, when all that is withheld is known.
    pub fn samples<'t>(&self, texts: impl Iterator<Item = &'t mut String>) -> Result<(), Error> {
        let names = self.needles.iter().map(|name| (name.class, name.canonical.clone(), name.spelled.clone()));
        let book: Vec<(Class, String)> = self.book.borrow().replaced.keys().cloned().collect();
        let replaced = book.into_iter().map(|(class, spelled)| (class, spelled.to_lowercase(), spelled));
        let sought = |(class, _, spelled): &(Class, String, String)| {
            let name = !matches!(class, Class::Value | Class::File) && spelled.chars().count() >= 3;
            *class == Class::Text || (name && !spelled.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let sought: Vec<(Class, String, String)> = names.chain(replaced).filter(sought).collect();
        let finder = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(sought.iter().map(|(_, _, spelled)| spelled.as_bytes()))
            .map_err(|error| Error::Internal(error.to_string()))?;
        for text in texts {
            let hits = finder.find_overlapping_iter(text.as_str()).filter(|hit| stands_alone(text, &hit.range()));
            let cuts = hits.filter_map(|hit| {
                let (class, canonical, _) = sought.get(hit.pattern().as_usize())?;
                Some((hit.range(), self.pseudonym(*class, canonical, text.get(hit.range()).unwrap_or_default())))
            });
            *text = splice(text, cuts.collect());
        }
        Ok(())
    }

    /// A value of that class: a name, an address, a path, or a list of them.
    pub fn value(&self, class: Class, value: &str) -> String {
        if value.is_empty() || !self.policy.retell {
            return self.text(value);
        }
        if value.contains(", ") && members(value).count() > 1 && !matches!(class, Class::Value | Class::File) {
            return members(value).map(|part| self.single(class, part)).collect::<Vec<_>>().join(", ");
        }
        self.single(class, value)
    }

    fn single(&self, class: Class, value: &str) -> String {
        let lower = value.to_lowercase();
        if let Some(name) = self.names.by.get(&lower) {
            let held = self.policy.withholds(name.class);
            return if held { self.pseudonym(name.class, &name.canonical, value) } else { self.told(value) };
        }
        if lists().well_known.contains(&lower) || lists().command_words.contains(&lower) || self.is_theirs(value) {
            return value.to_owned();
        }
        if let Some(ip) = address::parse(value) {
            let held = self.policy.withholds(Class::Address);
            return if held { self.pseudonym(Class::Address, &ip.to_string(), value) } else { value.to_owned() };
        }
        if is_path(value) {
            return self.path(value);
        }
        match class {
            Class::Value | Class::File => self.words(value),
            _ if self.policy.withholds(class) => self.pseudonym(class, &lower, value),
            _ => self.told(value),
        }
    }

    /// A value that this audience may know.
    fn told(&self, value: &str) -> String {
        let told = self.text(value);
        self.book.borrow_mut().open.insert(told.to_lowercase());
        told
    }

    /// A path: open ones with the names in them replaced, others whole.
    pub fn path(&self, path: &str) -> String {
        if !self.policy.withholds(Class::File) {
            return self.told(path);
        }
        let lower = path.to_lowercase();
        let open = lists().open_paths.iter().any(|open| lower.starts_with(open.as_str()));
        if !open {
            return self.pseudonym(Class::File, &lower, path) + &ending(path);
        }
        let (path, query) = path.split_once('?').map_or((path, ""), |(path, _)| (path, "?…"));
        let mut out = String::new();
        let mut before = String::new();
        for part in path.split_inclusive(['/', '\\']) {
            let name = part.trim_end_matches(['/', '\\']);
            let mark = part.get(name.len()..).unwrap_or_default();
            let owned = lists().owner_after.contains(&before) && !lists().owner_open.contains(&name.to_lowercase()) && !name.is_empty();
            let class = if before == "volumes" { Class::Datastore } else { Class::User };
            out.push_str(&if owned { self.pseudonym(class, &name.to_lowercase(), name) } else { self.text(name) });
            out.push_str(mark);
            before = name.to_lowercase();
        }
        self.book.borrow_mut().open.insert(out.to_lowercase());
        out + query
    }

    /// A command or free value, judged word by word: what no list allows is replaced.
    pub fn words(&self, value: &str) -> String {
        let is_break = |c: char| c.is_whitespace() || ",;\"'()<>=|".contains(c);
        let mut out = String::new();
        let mut at = 0;
        for run in address::runs(value, |c| !is_break(c)) {
            out.push_str(value.get(at..run.start).unwrap_or_default());
            out.push_str(&self.word(value.get(run.clone()).unwrap_or_default()));
            at = run.end;
        }
        out.push_str(value.get(at..).unwrap_or_default());
        out
    }

    fn word(&self, word: &str) -> String {
        let lower = word.to_lowercase();
        let number = word.chars().all(|c| c.is_ascii_digit() || ".:+-TZ/%".contains(c)) && address::parse(word).is_none();
        let option =
            word.strip_prefix('-').is_some_and(|rest| rest.len() <= 12 && rest.chars().all(|c| c.is_ascii_alphabetic() || c == '-'));
        if option {
            return self.text(word);
        }
        if number || lists().command_words.contains(&lower) || konseki_report::attack::technique(word).is_some() {
            return word.to_owned();
        }
        if is_path(word) || self.names.by.contains_key(&lower) || lists().well_known.contains(&lower) || self.is_theirs(word) {
            return self.single(Class::Domain, word);
        }
        if address::parse(word).is_some() {
            return self.single(Class::Address, word);
        }
        if self.policy.withholds(Class::Value) { self.pseudonym(Class::Value, &lower, word) } else { self.text(word) }
    }
}

/// An intruder's domain that bears a name of the case tells whom it was made for: it is withheld as that name is.
fn imitates(value: &str, name: &Name, within: bool) -> bool {
    let spelled = name.spelled.to_lowercase();
    let telling = match name.class {
        Class::Domain | Class::Text => spelled.chars().count() >= 3,
        Class::Host | Class::User => spelled.len() >= 5 || spelled.bytes().any(|byte| byte.is_ascii_digit()),
        _ => false,
    };
    let mut places = value.match_indices(&spelled);
    telling && value.len() > spelled.len() && places.any(|(at, found)| within || stands_alone(value, &(at..at + found.len())))
}

fn ending(path: &str) -> String {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let plain = (1..=5).contains(&ending.len()) && ending.bytes().all(|b| b.is_ascii_alphanumeric());
    if plain { format!(".{}", ending.to_lowercase()) } else { String::new() }
}

/// Not a part of a longer word: `esx1` does not stand in `esx12`.
pub fn stands_alone(text: &str, range: &Range<usize>) -> bool {
    let word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    let inside = text.get(range.clone()).unwrap_or_default();
    let before = word(text.get(..range.start).and_then(|t| t.chars().next_back())) && word(inside.chars().next());
    let after = word(text.get(range.end..).and_then(|t| t.chars().next())) && word(inside.chars().next_back());
    !before && !after
}

/// The letters and digits around a place.
fn word_around(text: &str, range: &Range<usize>) -> Range<usize> {
    let part = |byte: &&u8| byte.is_ascii_alphanumeric();
    let before = text.as_bytes().get(..range.start).unwrap_or_default().iter().rev().take_while(part).count();
    let after = text.as_bytes().get(range.end..).unwrap_or_default().iter().take_while(part).count();
    range.start - before..range.end + after
}

/// Leftmost and longest cuts are made.
fn splice(text: &str, mut cuts: Vec<(Range<usize>, String)>) -> String {
    cuts.sort_by(|a, b| a.0.start.cmp(&b.0.start).then(b.0.end.cmp(&a.0.end)));
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (range, with) in cuts {
        if range.start >= at {
            out.push_str(text.get(at..range.start).unwrap_or_default());
            out.push_str(&with);
            at = range.end;
        }
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}
