//! A plain evaluator: every rule, one after the other, as it is written. The engine must agree with it.

use std::collections::BTreeMap;

use konseki_model::Event;

use crate::engine::{dynamic, narrowed, other_test, value_test, view};
use crate::fold::fold;
use crate::logsource::{LogSource, Routing};
use crate::ruleset::RuleSet;
use crate::sigma::atom::{Atom, Expr, Test};
use crate::sigma::glob::{Glob, Part};
use crate::windows::Windows;

/// Evaluates rules without any index; slow and simple.
pub struct Reference<'a> {
    rules: &'a RuleSet,
    routing: &'a Routing,
    windows: Windows,
}

type Rename = BTreeMap<String, String>;

impl<'a> Reference<'a> {
    pub fn new(rules: &'a RuleSet, routing: &'a Routing) -> Self {
        Self { rules, routing, windows: Windows::builtin() }
    }

    /// Indexes of the rules that match, in order.
    pub fn matches(&self, source: usize, event: &Event<'_>) -> Vec<usize> {
        let Some(given) = self.routing.sources.get(source) else { return Vec::new() };
        let rules = self.rules.rules.iter().enumerate();
        rules.filter(|(_, rule)| self.rule(given, &rule.meta.logsource, &rule.expr, event)).map(|(index, _)| index).collect()
    }

    fn rule(&self, given: &[LogSource], asked: &LogSource, expr: &Expr, event: &Event<'_>) -> bool {
        let windows = given.iter().any(dynamic);
        let mut view = View { event, rename: &Rename::new(), positional: None };
        if windows {
            view.positional = Some(&self.windows.positional);
        }
        if given.iter().any(|given| !dynamic(given) && given.provides(asked)) && view.expr(expr) {
            return true;
        }
        if !windows {
            return false;
        }
        let channel = event.field("Channel").map(str::to_lowercase);
        let ids = event.fields.iter().filter(|field| field.name == "EventID");
        let ids: Vec<&str> = ids.map(|field| field.value).collect();
        self.windows.targets(asked).iter().any(|target| {
            let fits = target.fits(channel.as_deref(), None) || ids.iter().any(|id| target.fits(channel.as_deref(), Some(id)));
            let view = View { event, rename: &target.rename, positional: view.positional };
            fits && view.expr(&narrowed(expr, &target.conditions))
        })
    }
}

struct View<'v, 'e> {
    event: &'v Event<'e>,
    rename: &'v Rename,
    positional: Option<&'v str>,
}

impl<'e> View<'_, 'e> {
    fn expr(&self, expr: &Expr) -> bool {
        match expr {
            Expr::All(items) => items.iter().all(|item| self.expr(item)),
            Expr::Any(items) => items.iter().any(|item| self.expr(item)),
            Expr::Not(inner) => !self.expr(inner),
            Expr::Atom(atom) => self.atom(atom),
        }
    }

    fn atom(&self, atom: &Atom) -> bool {
        let Some(field) = &atom.field else { return self.keyword(&atom.test) };
        let values = self.values(field);
        match &atom.test {
            Test::Exists(wanted) => values.is_empty() != *wanted,
            Test::Null => values.is_empty() || values.iter().any(|value| value.is_empty()),
            Test::Other { field, contains, starts, ends, cased } => {
                let case = |text: &str| if *cased { text.to_owned() } else { fold(text) };
                let others = self.values(field);
                values.iter().any(|own| {
                    others.iter().any(|other| {
                        let (own, other) = (case(own), case(other));
                        other_test(own.as_bytes(), other.as_bytes(), *contains, *starts, *ends)
                    })
                })
            }
            test => values.iter().any(|value| holds(test, value)),
        }
    }

    fn keyword(&self, test: &Test) -> bool {
        let raw = view::raw_text(self.event).map(String::from_utf8_lossy);
        self.event.fields.iter().any(|field| holds(test, field.value)) || raw.is_some_and(|raw| holds(test, &raw))
    }

    /// Every value that the rule sees under that name.
    fn values(&self, name: &str) -> Vec<&'e str> {
        let mut out = Vec::new();
        for field in self.event.fields {
            let mut names = vec![field.name];
            if let Some(base) = self.positional
                && view::is_positional(field.name, base)
            {
                names.push(base);
            }
            for own in names {
                let hidden = self.rename.values().any(|to| to == own);
                let renamed = self.rename.get(own).is_some_and(|to| to == name);
                if renamed || (own == name && !hidden) {
                    out.push(field.value);
                }
            }
        }
        for (index, core) in view::CORE.iter().enumerate() {
            let value = view::core(self.event, index);
            if *core == name && !value.is_empty() {
                out.push(value);
            }
        }
        out
    }
}

fn holds(test: &Test, value: &str) -> bool {
    match test {
        Test::Text(glob) => text(glob, value),
        other => value_test(other, value, &[]),
    }
}

/// Wildcards by the table of what fits up to where.
fn text(glob: &Glob, value: &str) -> bool {
    let value: Vec<char> = if glob.cased { value.to_owned() } else { fold(value) }.chars().collect();
    let mut fits = vec![false; value.len() + 1];
    if let Some(first) = fits.first_mut() {
        *first = true;
    }
    let mut pattern = Vec::new();
    for part in &glob.parts {
        match part {
            Part::Lit(text) => pattern.extend(text.chars().map(Some)),
            Part::One => pattern.push(None),
            Part::Any => {
                step(&value, &mut fits, &pattern);
                pattern.clear();
                let mut reached = false;
                for fit in &mut fits {
                    reached |= *fit;
                    *fit = reached;
                }
            }
        }
    }
    step(&value, &mut fits, &pattern);
    fits.last().copied().unwrap_or(false)
}

/// `None`: any one character.
fn step(value: &[char], fits: &mut [bool], pattern: &[Option<char>]) {
    for wanted in pattern {
        let before = fits.to_vec();
        for (at, fit) in fits.iter_mut().enumerate() {
            let last = at.checked_sub(1);
            let c = last.and_then(|last| value.get(last));
            let was = last.and_then(|last| before.get(last)).copied().unwrap_or(false);
            *fit = was && wanted.is_none_or(|wanted| c == Some(&wanted));
        }
    }
}
