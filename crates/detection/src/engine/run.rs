//! One group of rules over one event: scan, pick candidates, verify.

use konseki_model::Event;

use super::group::{Group, KEYWORD, Known, NO_FIELD};
use super::program::Node;
use super::scratch::{Marks, Texts};
use super::trigger::How;
use super::{test, view};
use crate::sigma::atom::Test;

/// Values kept to explain one hit.
const MAX_PLACES: usize = 32;

pub(super) struct Run<'r, 'e> {
    pub group: &'r Group,
    pub event: &'r Event<'e>,
    /// (field id, place)
    pub visible: &'r [(u32, u32)],
    pub texts: &'r mut Texts,
    pub marks: &'r mut Marks,
}

impl Run<'_, '_> {
    /// Scans the event and calls `hit` with each rule that matches (its number and its root).
    pub fn scan(&mut self) {
        let group = self.group;
        self.marks.begin(group.marks(), group.rules.len());
        for (field, place) in self.visible {
            let Some((index, present)) = group.slot(*field) else { continue };
            if present != NO_FIELD {
                fire(self.marks, group, &[present]);
            }
            if !index.is_empty() {
                let value = self.texts.folded(self.event, *place);
                index.scan(value, |atoms| fire(self.marks, group, atoms));
            }
        }
        if let Some(index) = group.keywords.as_ref().filter(|index| !index.is_empty()) {
            // One search over all values together. What fires is tested again: values of the core may be among
            // them, which keywords do not ask.
            for place in keyword_places(self.event) {
                self.texts.folded(self.event, place);
            }
            index.scan(self.texts.all(), |atoms| fire(self.marks, group, atoms));
        }
        for rule in &group.always {
            self.marks.pick(*rule);
        }
    }

    /// Whether the rule's condition holds.
    pub fn verify(&mut self, root: u32) -> bool {
        let group = self.group;
        group.program.eval(root, &mut |atom| self.atom(atom))
    }

    fn atom(&mut self, number: u32) -> bool {
        let Some(known) = self.group.atoms.get(number as usize) else { return false };
        match known.how {
            How::Decided => self.marks.fired(number),
            How::Gated if !self.marks.fired(number) => false,
            _ => {
                if let Some(answer) = self.marks.remembered(number) {
                    return answer;
                }
                let answer = self.ask(known);
                self.marks.remember(number, answer);
                answer
            }
        }
    }

    fn ask(&mut self, known: &Known) -> bool {
        match &known.atom.test {
            Test::Exists(wanted) => self.values(known.field).next().is_some() == *wanted,
            Test::Null => {
                let event = self.event;
                let mut values = self.values(known.field).peekable();
                values.peek().is_none() || values.any(|place| view::at(event, place as usize).is_none_or(|(_, value)| value.is_empty()))
            }
            _ if known.field == KEYWORD => keyword_places(self.event).any(|place| self.holds(known, place)),
            _ => {
                let visible = self.visible;
                visible.iter().any(|(field, place)| *field == known.field && self.holds(known, *place))
            }
        }
    }

    fn values(&self, field: u32) -> impl Iterator<Item = u32> {
        self.visible.iter().filter(move |value| value.0 == field).map(|value| value.1)
    }

    /// Whether the value at `place` passes the test.
    fn holds(&mut self, known: &Known, place: u32) -> bool {
        if let Test::Other { contains, starts, ends, cased, .. } = known.atom.test {
            let event = self.event;
            let theirs = self.visible.iter().filter(|value| value.0 == known.other).map(|value| value.1);
            return theirs.into_iter().any(|other| {
                let raw = |place: u32| view::at(event, place as usize).map_or("", |(_, value)| value).as_bytes();
                let (own, theirs) = if cased { (raw(place), raw(other)) } else { self.texts.two(event, place, other) };
                test::other(own, theirs, contains, starts, ends)
            });
        }
        if known.length > 0 && view::at(self.event, place as usize).is_some_and(|(_, value)| value.len() < known.length) {
            return false;
        }
        let folded = self.texts.folded(self.event, place);
        if let Some(finder) = &known.finder {
            return finder.find(folded).is_some();
        }
        match view::at(self.event, place as usize) {
            Some((_, value)) => test::value(&known.atom.test, value, folded),
            None => {
                let raw = String::from_utf8_lossy(self.event.raw);
                test::value(&known.atom.test, &raw, folded)
            }
        }
    }

    /// Appends the places of the values that make the condition true, in the order of the condition.
    pub fn explain(&mut self, root: u32, places: &mut Vec<u32>) {
        let start = places.len();
        self.collect(root, start, places);
    }

    fn collect(&mut self, node: u32, start: usize, places: &mut Vec<u32>) {
        let group = self.group;
        match group.program.node(node) {
            Some(Node::All(from, count) | Node::Any(from, count)) => {
                for child in group.program.children(from, count) {
                    if places.len() - start < MAX_PLACES && self.verify(*child) {
                        self.collect(*child, start, places);
                    }
                }
            }
            Some(Node::Atom(number)) => {
                let Some(known) = group.atoms.get(number as usize) else { return };
                if known.field == KEYWORD {
                    keyword_places(self.event).for_each(|place| self.keep(known, place, start, places));
                } else {
                    let own = self.visible.iter().filter(|value| value.0 == known.field);
                    own.for_each(|(_, place)| self.keep(known, *place, start, places));
                }
            }
            Some(Node::Not(_)) | None => {}
        }
    }

    /// Appends the place, if its value passes and is not among `places[start..]`.
    fn keep(&mut self, known: &Known, place: u32, start: usize, places: &mut Vec<u32>) {
        let seen = places.get(start..).unwrap_or_default().contains(&place);
        let any = matches!(known.atom.test, Test::Exists(_) | Test::Null);
        if !seen && (any || self.holds(known, place)) {
            places.push(place);
        }
    }
}

fn fire(marks: &mut Marks, group: &Group, atoms: &[u32]) {
    for atom in atoms {
        if marks.fire(*atom) {
            for rule in group.waiting(*atom) {
                marks.pick(*rule);
            }
        }
    }
}

/// Every native field and the raw record.
fn keyword_places(event: &Event<'_>) -> impl Iterator<Item = u32> + use<> {
    let raw = (!event.raw.is_empty()).then(|| view::raw_place(event) as u32);
    (0..event.fields.len() as u32).chain(raw)
}
