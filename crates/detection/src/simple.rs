//! The plain way: every rule of the event's log source is evaluated as the tree it is. Simple enough to be believed.

use std::collections::BTreeMap;

use konseki_model::Event;

use crate::fold::fold;
use crate::logsource::Routing;
use crate::ruleset::{Rule, RuleSet};
use crate::sigma::atom::{Atom, Expr, Test};
use crate::windows::{Target, Windows};

/// A rule that fired: its index in [`RuleSet::rules`] and the fields that made it.
pub struct Fired {
    pub rule: usize,
    pub values: Vec<(String, String)>,
}

/// All rules, by the sources that can have their events.
pub struct Simple {
    set: RuleSet,
    /// Rules of each source that is not Windows.
    plain: Vec<Vec<usize>>,
    /// Is that source one of Windows events?
    windows: Vec<bool>,
    /// By channel in lower case: rule and what it asks of channel, id and fields.
    channels: BTreeMap<String, Vec<(usize, Target)>>,
    /// Windows rules that name no channel.
    any: Vec<(usize, Target)>,
}

impl Simple {
    pub fn build(set: RuleSet, routing: &Routing) -> Self {
        let table = Windows::builtin();
        let mut built = Self {
            plain: vec![Vec::new(); routing.sources.len()],
            windows: routing.sources.iter().map(|all| all.iter().any(crate::LogSource::is_windows)).collect(),
            channels: BTreeMap::new(),
            any: Vec::new(),
            set,
        };
        for (index, rule) in built.set.rules.iter().enumerate() {
            for (source, provides) in routing.sources.iter().enumerate() {
                if provides.iter().any(|one| one.provides(&rule.meta.logsource)) {
                    if let Some(list) = built.plain.get_mut(source) {
                        list.push(index);
                    }
                }
            }
            for target in table.targets(&rule.meta.logsource) {
                match target.channel.clone() {
                    Some(channel) => built.channels.entry(channel).or_default().push((index, target)),
                    None => built.any.push((index, target)),
                }
            }
        }
        built
    }

    pub fn rules(&self) -> &RuleSet {
        &self.set
    }

    pub fn rule(&self, index: usize) -> Option<&Rule> {
        self.set.rules.get(index)
    }

    /// Every rule that fires on the event, by index.
    pub fn event(&self, source: usize, event: &Event<'_>) -> Vec<Fired> {
        let mut fired = Vec::new();
        let mut view = View { event, folded: Vec::new(), rename: None };
        if self.windows.get(source).copied().unwrap_or(false) {
            let channel = event.field("Channel").map(str::to_lowercase);
            let id = event.field("EventID");
            let own = channel.as_deref().and_then(|channel| self.channels.get(channel));
            for (rule, target) in own.into_iter().flatten().chain(&self.any) {
                if !target.fits(channel.as_deref(), id) || !conditions(target, event) {
                    continue;
                }
                view.rename = (!target.rename.is_empty()).then_some(&target.rename);
                self.ask(*rule, &view.ready(), &mut fired);
            }
            fired.sort_by_key(|one: &Fired| one.rule);
            fired.dedup_by_key(|one| one.rule);
        } else {
            for rule in self.plain.get(source).into_iter().flatten() {
                self.ask(*rule, &view.ready(), &mut fired);
            }
        }
        fired
    }

    fn ask(&self, rule: usize, view: &View<'_, '_>, fired: &mut Vec<Fired>) {
        let Some(found) = self.set.rules.get(rule) else { return };
        if holds(&found.expr, view) {
            let mut values = Vec::new();
            found.expr.each(&mut |atom| {
                if let Some(field) = &atom.field
                    && atom_holds(atom, view)
                {
                    let native = view.name(field);
                    values.extend(view.event.field(native).map(|value| (native.to_owned(), value.to_owned())));
                }
            });
            values.dedup();
            values.truncate(8);
            fired.push(Fired { rule, values });
        }
    }
}

fn conditions(target: &Target, event: &Event<'_>) -> bool {
    target
        .conditions
        .iter()
        .all(|(field, values)| event.field(field).is_some_and(|value| values.iter().any(|one| one.eq_ignore_ascii_case(value))))
}

/// An event with its values folded once.
struct View<'v, 'e> {
    event: &'v Event<'e>,
    folded: Vec<String>,
    /// The event's field -> the rule's name for it.
    rename: Option<&'v BTreeMap<String, String>>,
}

impl View<'_, '_> {
    fn ready(&mut self) -> &Self {
        if self.folded.len() != self.event.fields.len() {
            self.folded = self.event.fields.iter().map(|field| fold(field.value)).collect();
        }
        self
    }

    fn name<'n>(&'n self, field: &'n str) -> &'n str {
        self.rename.and_then(|names| names.iter().find(|(_, ours)| *ours == field)).map_or(field, |(native, _)| native.as_str())
    }

    /// Values of a field as written and folded; a name may repeat.
    fn values<'n>(&'n self, field: &'n str) -> impl Iterator<Item = (&'n str, &'n str)> {
        let name = self.name(field);
        let pairs = self.event.fields.iter().zip(&self.folded);
        pairs.filter(move |(one, _)| one.name == name).map(|(one, folded)| (one.value, folded.as_str()))
    }
}

fn holds(expr: &Expr, view: &View<'_, '_>) -> bool {
    match expr {
        Expr::All(items) => items.iter().all(|item| holds(item, view)),
        Expr::Any(items) => items.iter().any(|item| holds(item, view)),
        Expr::Not(inner) => !holds(inner, view),
        Expr::Atom(atom) => atom_holds(atom, view),
    }
}

fn atom_holds(atom: &Atom, view: &View<'_, '_>) -> bool {
    let Some(field) = atom.field.as_deref() else {
        // A keyword is asked of every value, and of the record as it stands.
        let values = view.event.fields.iter().zip(&view.folded).any(|(one, folded)| value_holds(&atom.test, one.value, folded, view));
        return values || String::from_utf8(view.event.raw.to_vec()).is_ok_and(|raw| value_holds(&atom.test, &raw, &fold(&raw), view));
    };
    match &atom.test {
        Test::Exists(wanted) => view.values(field).next().is_some() == *wanted,
        Test::Null => view.values(field).all(|(value, _)| value.is_empty()),
        test => view.values(field).any(|(value, folded)| value_holds(test, value, folded, view)),
    }
}

fn value_holds(test: &Test, value: &str, folded: &str, view: &View<'_, '_>) -> bool {
    match test {
        Test::Text(glob) => glob.matches(if glob.cased { value } else { folded }.as_bytes()),
        Test::Regex(pattern) => pattern.regex.is_match(value),
        Test::Cidr(network) => network.holds(value),
        Test::Number(op, bound) => crate::sigma::atom::Number::parse(value).is_some_and(|number| op.holds(number.value(), bound.value())),
        Test::Exists(_) | Test::Null => false,
        Test::Other { field, contains, starts, ends, cased } => {
            let pick = if *cased { value } else { folded };
            view.values(field).any(|(other, other_folded)| {
                let other = if *cased { other } else { other_folded };
                match (contains, starts, ends) {
                    (true, ..) => pick.contains(other),
                    (_, true, _) => pick.starts_with(other),
                    (_, _, true) => pick.ends_with(other),
                    _ => pick == other,
                }
            })
        }
    }
}
