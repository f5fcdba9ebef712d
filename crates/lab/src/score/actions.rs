//! The public record's dated actions side by side with the steps of an answer: each matched, or why not.

use std::fmt::Write;
use std::io;
use std::path::Path;

use serde_json::Value;

use crate::score::{Answer, list, take_apart, text};
use crate::truth::Truth;

/// An action of MITRE's own Attack Flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// `2024-01-04`; times of day are placeholders there.
    pub day: String,
    pub name: String,
    /// Empty where the record names none.
    pub technique: String,
    pub description: String,
}

/// Actions of an Attack Flow Builder file (`.afb`, schema `attack_flow_v2`), in its order.
pub fn flow(afb: &Value) -> Vec<Action> {
    let actions = list(afb, "objects").filter(|object| text(object, "id") == "action");
    actions
        .map(|object| {
            let property =
                |name: &str| list(object, "properties").find(|p| p.get(0).and_then(Value::as_str) == Some(name)).and_then(|p| p.get(1));
            let word = |name: &str| property(name).and_then(Value::as_str).unwrap_or("").to_owned();
            let ttp = property("ttp").and_then(Value::as_array).into_iter().flatten();
            let technique =
                ttp.filter(|p| p.get(0).and_then(Value::as_str) == Some("technique")).find_map(|p| p.get(1).and_then(Value::as_str));
            Action {
                day: word("execution_start").chars().take(10).collect(),
                name: word("name"),
                technique: technique.unwrap_or("").to_owned(),
                description: word("description"),
            }
        })
        .collect()
}

/// For each action the true step of the generated case that stands for it; each row of the case is used once.
pub fn pair(actions: &[Action], truth: &Truth) -> Vec<Option<String>> {
    let mut rows: Vec<&[String; 4]> = truth.actions.iter().collect();
    actions
        .iter()
        .map(|action| {
            let at = rows
                .iter()
                .position(|[_, day, name, technique]| *day == action.day && *name == action.name && *technique == action.technique)?;
            Some(rows.remove(at)[0].clone())
        })
        .collect()
}

/// Why an answer need not name a technique that the public record names, by technique and true step.
const EXPLAINED: &str = include_str!("../../data/nerve-explained.tsv");

fn explained(technique: &str, step: &str) -> Option<&'static str> {
    let rows = EXPLAINED.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    rows.filter_map(|row| <[&str; 3]>::try_from(row).ok())
        .find(|[id, of, _]| *id == technique && (*of == step || *of == "*"))
        .map(|[.., why]| why)
}

fn same(ours: &str, theirs: &str) -> bool {
    ours == theirs || ours.split('.').next() == Some(theirs) || theirs.split('.').next() == Some(ours)
}

/// One row: steps that tell it, and how the two records agree; whether it is matched or explained.
fn row(answer: &Answer, action: &Action, step: Option<&str>) -> (String, String, bool) {
    let Some(step) = step else { return (String::new(), "not in the generated case".to_owned(), false) };
    let mut told: Vec<&Value> =
        list(answer.chain, "steps").filter(|one| answer.steps.get(text(one, "id")).is_some_and(|marks| marks.contains(step))).collect();
    let names = |one: &Value| list(one, "techniques").filter_map(Value::as_str).any(|ours| same(ours, &action.technique));
    told.sort_by_key(|one| !names(one));
    let steps: Vec<String> = told
        .iter()
        .take(2)
        .map(|one| {
            let ids: Vec<&str> = list(one, "techniques").filter_map(Value::as_str).collect();
            format!("{} {} ({})", text(one, "id"), text(one, "title").replace('|', "/"), ids.join(", "))
        })
        .collect();
    let (how, right) = match told.first() {
        None => (explained(&action.technique, step).unwrap_or("not told").to_owned(), explained(&action.technique, step).is_some()),
        Some(_) if action.technique.is_empty() => ("matched; the record names no technique".to_owned(), true),
        Some(one) if names(one) => ("matched, same technique".to_owned(), true),
        Some(_) => match explained(&action.technique, step) {
            Some(why) => (format!("matched; {why}"), true),
            None => ("matched, another technique".to_owned(), false),
        },
    };
    (steps.join("<br>"), how, right)
}

/// A Markdown table of all actions, and how many are matched or explained.
///
/// # Errors
/// When a file is missing or no JSON.
pub fn table(case: &Path, truth: &Path, afb: &Path) -> io::Result<(String, usize, usize)> {
    let read = |path: &Path| -> io::Result<Value> { serde_json::from_slice(&std::fs::read(path)?).map_err(io::Error::other) };
    let truth: Truth = serde_json::from_slice(&std::fs::read(truth)?).map_err(io::Error::other)?;
    let chain = read(&case.join("results/chain.json"))?;
    let findings = std::fs::read_to_string(case.join("results/findings.jsonl"))?;
    let findings: Vec<Value> = findings.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let answer = take_apart(&truth, &findings, &chain);
    let actions = flow(&read(afb)?);
    let mut out = String::from("| # | day | MITRE's action | technique | konseki's step | result |\n|---|---|---|---|---|---|\n");
    let mut good = 0;
    for (n, (action, step)) in actions.iter().zip(pair(&actions, &truth)).enumerate() {
        let (steps, how, right) = row(&answer, action, step.as_deref());
        good += usize::from(right);
        let description = action.description.replace('|', "/").replace('\n', " ");
        let _ = writeln!(
            out,
            "| {} | {} | {}: {description} | {} | {steps} | {how} |",
            n + 1,
            action.day,
            action.name,
            if action.technique.is_empty() { "-" } else { &action.technique }
        );
    }
    let all = actions.len();
    let _ = writeln!(out, "\n{good} of {all} matched or explained.");
    Ok((out, good, all))
}
