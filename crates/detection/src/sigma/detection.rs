//! The `detection` block of a rule: selections and condition become one expression.

use super::atom::Expr;
use super::condition::{self, Selections};
use super::value::Placeholders;
use super::{Refused, modifier};
use crate::yaml::{Data, Node};

/// The expression of a `detection` (or `filter`) block. `skip`: keys that are neither selection nor condition.
pub(crate) fn block(node: &Node, lists: &Placeholders, skip: &[&str]) -> Result<Expr, Refused> {
    if node.entries().is_empty() {
        return Err(Refused::new(node.line, "the detection is empty"));
    }
    let mut selections = Selections::new();
    let mut conditions = None;
    for entry in node.entries() {
        if entry.key == "condition" {
            conditions = Some(entry);
        } else if entry.key == "timeframe" || skip.contains(&entry.key.as_str()) {
            continue;
        } else {
            let expr = selection(&entry.value, entry.line, &entry.key, lists)?;
            selections.insert(entry.key.clone(), expr);
        }
    }
    let entry = conditions.ok_or_else(|| Refused::new(node.line, "there is no condition"))?;
    let mut items = Vec::new();
    for text in entry.value.texts() {
        items.push(condition::parse(&text, &selections).map_err(|reason| Refused::new(entry.line, reason))?);
    }
    Expr::any(items).ok_or_else(|| Refused::new(entry.line, "the condition is empty"))
}

fn selection(node: &Node, line: u32, name: &str, lists: &Placeholders) -> Result<Expr, Refused> {
    let empty = || Refused::new(line, format!("selection `{name}` is empty"));
    match &node.data {
        Data::Map(_) => map(node, lists)?.ok_or_else(empty),
        Data::Scalar { .. } => modifier::entry("", line, node, lists),
        Data::List(items) => {
            let mut any = Vec::with_capacity(items.len());
            for item in items {
                any.push(match &item.data {
                    Data::Map(_) => map(item, lists)?.ok_or_else(empty)?,
                    Data::Scalar { .. } => modifier::entry("", item.line, item, lists)?,
                    Data::List(_) => {
                        return Err(Refused::new(item.line, format!("selection `{name}` holds a list in a list")));
                    }
                });
            }
            Expr::any(any).ok_or_else(empty)
        }
    }
}

fn map(node: &Node, lists: &Placeholders) -> Result<Option<Expr>, Refused> {
    let mut all = Vec::with_capacity(node.entries().len());
    for entry in node.entries() {
        all.push(modifier::entry(&entry.key, entry.line, &entry.value, lists)?);
    }
    Ok(Expr::all(all))
}
