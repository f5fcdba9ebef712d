//! An answer beside the truth: recall, agreement, precision, links, gaps, denials, scope, reading load.

pub mod actions;
mod denials;
mod index;
mod links;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use serde::Serialize;
use serde_json::Value;

use crate::truth::{Step, Truth};
use index::Index;

/// `right` of `all`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Ratio {
    pub right: u64,
    pub all: u64,
}

impl Ratio {
    pub fn count(&mut self, right: bool) {
        self.all += 1;
        self.right += u64::from(right);
    }

    /// 1 where there was nothing to get wrong.
    pub fn value(self) -> f64 {
        if self.all == 0 { 1.0 } else { self.right as f64 / self.all as f64 }
    }
}

/// Everything a comparison says. Names of what is missing or wrong stand beside every ratio.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Score {
    pub case: String,
    pub seed: u64,
    pub step_recall: Ratio,
    pub steps_missed: Vec<String>,
    /// Steps of which a finding of any level cites a line.
    pub step_recall_in_findings: Ratio,
    pub optional_recall: Ratio,
    pub must_cite: Ratio,
    pub techniques: Ratio,
    pub techniques_wrong: Vec<String>,
    pub tactics: Ratio,
    pub precision_high: Ratio,
    pub precision_critical: Ratio,
    /// Rule, title, trap of every wrong finding at high or critical.
    pub false_alarms: Vec<String>,
    pub chain_steps_wrong: Vec<String>,
    pub hidden_vms: Ratio,
    pub link_precision_exact: Ratio,
    pub link_precision_interval: Ratio,
    pub links_by_time: u64,
    pub links_wrong: Vec<String>,
    pub link_recall_exact: Ratio,
    pub link_recall_interval: Ratio,
    /// Links whose two ends the answer tells as one step.
    pub links_merged: u64,
    pub links_missed: Vec<String>,
    pub gap_recall: Ratio,
    pub gaps_missed: Vec<String>,
    /// Steps without any line left, of which a gap names a source.
    pub hidden_steps_admitted: Ratio,
    pub false_denials: Vec<String>,
    pub bytes_out: String,
    pub bytes_out_holds: bool,
    pub messages_confirmed: Ratio,
    pub messages_confirmed_wrong: u64,
    pub messages_possible: Ratio,
    pub messages_possible_wrong: u64,
    pub findings_by_level: BTreeMap<String, u64>,
    pub high_per_30_days: f64,
    pub lines_to_read: u64,
    pub lines_per_true_step: f64,
    pub rejected: u64,
    pub unrecognised: u64,
}

/// Reads an answer and its truth and compares them.
///
/// # Errors
/// When a file is missing or no JSON.
pub fn score(case: &Path, truth: &Path) -> io::Result<Score> {
    let truth: Truth = serde_json::from_slice(&std::fs::read(truth)?).map_err(io::Error::other)?;
    let results = case.join("results");
    let read = |name: &str| -> io::Result<Value> { serde_json::from_slice(&std::fs::read(results.join(name))?).map_err(io::Error::other) };
    let text = std::fs::read_to_string(results.join("findings.jsonl"))?;
    let findings: Vec<Value> = text
        .lines()
        .filter(|l| !l.trim().is_empty())
        .map(|l| serde_json::from_str(l).map_err(io::Error::other))
        .collect::<io::Result<_>>()?;
    Ok(compare(&truth, &findings, &read("chain.json")?, &read("intake.json")?))
}

/// An answer taken apart.
pub(crate) struct Answer<'a> {
    pub truth: &'a Truth,
    pub findings: &'a [Value],
    pub chain: &'a Value,
    /// Marks of each finding, by its id.
    pub marks: BTreeMap<String, BTreeSet<String>>,
    /// True steps of each step of the chain, by its id.
    pub steps: BTreeMap<String, BTreeSet<String>>,
    /// Findings that cite a line that must be cited.
    pub musts: BTreeSet<String>,
}

pub(crate) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or("")
}

pub(crate) fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn take_apart<'a>(truth: &'a Truth, findings: &'a [Value], chain: &'a Value) -> Answer<'a> {
    let index = Index::of(truth);
    let (mut marks, mut musts) = (BTreeMap::new(), BTreeSet::new());
    for finding in findings {
        let id = text(finding, "id").to_owned();
        let mut own = BTreeSet::new();
        for because in list(finding, "because") {
            let (found, must) = index.marks(because);
            own.extend(found);
            if must {
                musts.insert(id.clone());
            }
        }
        for vm in truth.hidden_vms.iter().filter(|vm| names(finding, &vm.name)) {
            let step = truth.steps.iter().find(|s| s.keys.iter().any(|k| k.kind == "vm" && k.value == vm.name) && s.id.contains("start"));
            own.insert(step.map_or("hidden-machine".to_owned(), |s| s.id.clone()));
        }
        marks.insert(id, own);
    }
    let mut steps = BTreeMap::new();
    for step in list(chain, "steps") {
        let ids = list(step, "findings").filter_map(Value::as_str);
        let all: BTreeSet<String> = ids.filter_map(|id| marks.get(id)).flatten().filter(|m| !m.starts_with("trap:")).cloned().collect();
        steps.insert(text(step, "id").to_owned(), all);
    }
    Answer { truth, findings, chain, marks, steps, musts }
}

/// Whether an entity of the finding is that machine.
fn names(finding: &Value, vm: &str) -> bool {
    list(finding, "entities").any(|e| text(e, "kind") == "vm" && text(e, "value") == vm)
}

/// Compares; the answer's files are taken as the contract has them.
pub fn compare(truth: &Truth, findings: &[Value], chain: &Value, intake: &Value) -> Score {
    let a = take_apart(truth, findings, chain);
    let mut s = Score { case: truth.case.clone(), seed: truth.seed, ..Score::default() };
    recall(&a, &mut s);
    precision(&a, &mut s);
    links::links(&a, &mut s);
    denials::gaps(&a, &mut s);
    denials::denials(&a, &mut s);
    scope(&a, &mut s);
    load(&a, &mut s, intake);
    s
}

fn recall(a: &Answer, s: &mut Score) {
    for step in a.truth.steps.iter().filter(|t| t.visible) {
        let told: Vec<&Value> =
            list(a.chain, "steps").filter(|c| a.steps.get(text(c, "id")).is_some_and(|m| m.contains(&step.id))).collect();
        let found = !told.is_empty();
        if !step.required {
            s.optional_recall.count(found);
            continue;
        }
        s.step_recall.count(found);
        s.step_recall_in_findings.count(a.marks.values().any(|m| m.contains(&step.id)));
        if !found {
            s.steps_missed.push(step.id.clone());
            continue;
        }
        s.must_cite.count(a.marks.iter().any(|(id, m)| m.contains(&step.id) && a.musts.contains(id)));
        s.tactics.count(told.iter().any(|c| text(c, "tactic") == step.tactic));
        techniques(step, &told, s);
    }
}

fn techniques(step: &Step, told: &[&Value], s: &mut Score) {
    if step.techniques.is_empty() {
        return;
    }
    let said: BTreeSet<&str> = told.iter().flat_map(|c| list(c, "techniques")).filter_map(Value::as_str).collect();
    let right = said.iter().any(|t| step.techniques.iter().any(|x| x == t));
    s.techniques.count(right);
    if !right {
        s.techniques_wrong.push(format!("{}: {}", step.id, said.into_iter().collect::<Vec<_>>().join(" ")));
    }
}

fn precision(a: &Answer, s: &mut Score) {
    let hidden: Vec<&str> = a.truth.hidden_vms.iter().map(|v| v.name.as_str()).collect();
    for finding in a.findings {
        let level = text(finding, "level");
        if level != "high" && level != "critical" {
            continue;
        }
        let marks = a.marks.get(text(finding, "id")).cloned().unwrap_or_default();
        let right = marks.iter().any(|m| !m.starts_with("trap:")) || hidden.iter().any(|vm| names(finding, vm));
        if level == "critical" {
            s.precision_critical.count(right)
        } else {
            s.precision_high.count(right)
        }
        if !right {
            let traps: Vec<&str> = marks.iter().map(String::as_str).collect();
            s.false_alarms
                .push(format!("{} {} {} {}", text(finding, "id"), level, text(finding, "rule"), traps.join(" ")).trim_end().to_owned());
        }
    }
    for step in list(a.chain, "steps") {
        if a.steps.get(text(step, "id")).is_none_or(BTreeSet::is_empty) {
            s.chain_steps_wrong.push(format!("{} {}", text(step, "id"), text(step, "title")));
        }
    }
    for vm in &a.truth.hidden_vms {
        s.hidden_vms.count(a.findings.iter().any(|f| names(f, &vm.name) && matches!(text(f, "level"), "high" | "critical")));
    }
}

fn scope(a: &Answer, s: &mut Score) {
    let (truth, scope) = (&a.truth.scope, a.chain.get("scope").cloned().unwrap_or_default());
    let low = scope.pointer("/bytes_out/at_least").and_then(Value::as_u64).unwrap_or(0);
    let high = scope.pointer("/bytes_out/at_most").and_then(Value::as_u64);
    let most = high.map_or("none".to_owned(), |h| h.to_string());
    s.bytes_out = format!("{low} to {most}, true {} to {}", truth.bytes_out_at_least, truth.bytes_out_at_most);
    s.bytes_out_holds = low <= truth.bytes_out_at_most && high.is_none_or(|h| h >= truth.bytes_out_at_least);
    let said = |key: &str| -> BTreeSet<String> {
        list(&scope, key).filter(|i| text(i, "kind") == "message").map(|i| text(i, "value").to_owned()).collect()
    };
    let messages =
        |items: &[(String, String)]| -> BTreeSet<String> { items.iter().filter(|(k, _)| k == "message").map(|(_, v)| v.clone()).collect() };
    let (confirmed, taken) = (said("confirmed"), messages(&truth.confirmed));
    s.messages_confirmed = Ratio { right: taken.intersection(&confirmed).count() as u64, all: taken.len() as u64 };
    s.messages_confirmed_wrong = confirmed.difference(&taken).count() as u64;
    // What is confirmed need not be told twice.
    let possible: BTreeSet<String> = said("cannot_exclude").into_iter().chain(said("accessed")).chain(confirmed).collect();
    let exposed = messages(&truth.cannot_exclude);
    s.messages_possible = Ratio { right: exposed.intersection(&possible).count() as u64, all: exposed.len() as u64 };
    s.messages_possible_wrong = possible.difference(&exposed).count() as u64;
}

fn load(a: &Answer, s: &mut Score, intake: &Value) {
    for finding in a.findings {
        let level = text(finding, "level");
        *s.findings_by_level.entry(level.to_owned()).or_default() += 1;
        if matches!(level, "medium" | "high" | "critical") {
            s.lines_to_read += list(finding, "because").count() as u64;
        }
    }
    s.lines_per_true_step = s.lines_to_read as f64 / (s.step_recall.right.max(1)) as f64;
    let day = |t: &str| t.parse::<jiff::Timestamp>().map_or(0, jiff::Timestamp::as_second);
    let days = (day(&a.truth.to) - day(&a.truth.from)) as f64 / 86_400.0;
    let high = s.findings_by_level.get("high").copied().unwrap_or(0);
    s.high_per_30_days = if days > 0.0 { high as f64 * 30.0 / days } else { 0.0 };
    s.rejected = list(intake, "evidence").filter_map(|e| e.pointer("/records/rejected").and_then(Value::as_u64)).sum();
    s.unrecognised = list(intake, "unrecognised").count() as u64;
}
