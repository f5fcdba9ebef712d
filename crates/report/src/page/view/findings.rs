//! Findings as the page shows them: by level and time, cut to what a page can hold, and the techniques in them.

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::{Because, Entity, Finding, Level};
use serde::Serialize;

use crate::answer::{end, place, start};
use crate::attack;
use crate::case::Case;
use crate::time::fidelity;

use super::super::markup::anchor;
use super::super::timeline::kind_name;
use super::{FINDINGS_MAX, LINES_MAX, PER_RULE_MAX, head};

#[derive(Serialize)]
pub struct FindingView<'a> {
    pub id: &'a str,
    pub anchor: String,
    pub rule: &'a str,
    pub engine: &'a str,
    pub title: &'a str,
    pub title_ja: &'a str,
    pub why: &'a str,
    pub why_ja: &'a str,
    pub disproof: &'a str,
    pub disproof_ja: &'a str,
    pub level: Level,
    pub kind: &'static str,
    pub confidence: f64,
    pub micros: Option<i64>,
    pub end: Option<i64>,
    pub fidelity: &'static str,
    pub basis: &'a str,
    pub place: &'a str,
    pub count: u64,
    pub techniques: &'a [String],
    pub entities: &'a [Entity],
    pub because: &'a [Because],
    pub because_left: u64,
}

#[derive(Serialize)]
pub struct LevelView<'a> {
    pub level: Level,
    pub count: u64,
    pub left: u64,
    pub open: bool,
    pub findings: Vec<FindingView<'a>>,
}

#[derive(Serialize)]
pub struct TechniqueView {
    pub id: String,
    pub tactics: Vec<&'static str>,
    pub findings: u64,
    pub steps: Vec<String>,
}

/// The most serious findings, one for each rule and host.
pub fn top<'a>(case: &Case<'a>) -> Vec<FindingView<'a>> {
    let mut seen = BTreeSet::new();
    sorted(case.findings)
        .into_iter()
        .filter(|f| f.level >= Level::Medium)
        .filter(|f| seen.insert((f.rule.as_str(), place(f))))
        .take(6)
        .map(finding)
        .collect()
}

/// By level from the highest, then by time; without time last.
pub fn sorted(findings: &[Finding]) -> Vec<&Finding> {
    let mut list: Vec<&Finding> = findings.iter().collect();
    list.sort_by_key(|f| (std::cmp::Reverse(f.level), start(f).unwrap_or(i64::MAX), f.id.as_str()));
    list
}

pub fn levels(findings: &[Finding]) -> (Vec<LevelView<'_>>, u64) {
    let mut per_rule: BTreeMap<(&str, Level), usize> = BTreeMap::new();
    let mut shown = 0usize;
    let mut views: Vec<LevelView<'_>> = Vec::new();
    for f in sorted(findings) {
        if views.last().is_none_or(|view| view.level != f.level) {
            let open = f.level >= Level::High;
            views.push(LevelView { level: f.level, count: 0, left: 0, open, findings: Vec::new() });
        }
        let Some(view) = views.last_mut() else { continue };
        view.count += 1;
        let of_rule = per_rule.entry((f.rule.as_str(), f.level)).or_default();
        *of_rule += 1;
        if *of_rule > PER_RULE_MAX || shown >= FINDINGS_MAX {
            view.left += 1;
        } else {
            shown += 1;
            view.findings.push(finding(f));
        }
    }
    (views, shown as u64)
}

pub fn finding(f: &Finding) -> FindingView<'_> {
    let ja = |pick: fn(&konseki_model::finding::Words) -> &String| f.ja.as_ref().map_or("", |ja| pick(ja).as_str());
    let because = head(&f.because, LINES_MAX);
    FindingView {
        id: &f.id,
        anchor: anchor(&f.id),
        rule: &f.rule,
        engine: &f.engine,
        title: &f.title,
        title_ja: ja(|w| &w.title),
        why: &f.why,
        why_ja: ja(|w| &w.why),
        disproof: &f.disproof,
        disproof_ja: ja(|w| &w.disproof),
        level: f.level,
        kind: kind_name(f.kind),
        confidence: f.confidence,
        micros: start(f),
        end: end(f),
        fidelity: fidelity(&f.time.fidelity).as_str(),
        basis: &f.time.basis,
        place: place(f),
        count: f.count,
        techniques: &f.techniques,
        entities: head(&f.entities, 12),
        because,
        because_left: f.count.max(f.because.len() as u64).saturating_sub(because.len() as u64),
    }
}

pub fn techniques(case: &Case<'_>) -> Vec<TechniqueView> {
    let mut rows: BTreeMap<&str, TechniqueView> = BTreeMap::new();
    fn row<'m, 'i>(rows: &'m mut BTreeMap<&'i str, TechniqueView>, id: &'i str) -> &'m mut TechniqueView {
        rows.entry(id).or_insert_with(|| TechniqueView {
            id: id.to_owned(),
            tactics: attack::technique(id)
                .into_iter()
                .flat_map(|t| t.tactics.split(','))
                .filter_map(attack::tactic)
                .map(|tactic| tactic.short)
                .collect(),
            findings: 0,
            steps: Vec::new(),
        })
    }
    for f in case.findings {
        f.techniques.iter().for_each(|id| row(&mut rows, id).findings += 1);
    }
    for step in &case.chain.steps {
        step.techniques.iter().for_each(|id| row(&mut rows, id).steps.push(step.id.clone()));
    }
    let mut list: Vec<TechniqueView> = rows.into_values().collect();
    let order = |row: &TechniqueView| row.tactics.iter().map(|t| attack::tactic_order(t)).min().unwrap_or(usize::MAX);
    list.sort_by(|a, b| order(a).cmp(&order(b)).then_with(|| a.id.cmp(&b.id)));
    list
}
