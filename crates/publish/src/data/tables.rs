//! Tables for spreadsheets: findings, steps, gaps, scope. UTF-8 with BOM; no cell can act as a formula.

use std::collections::BTreeMap;

use konseki_report::csv_field;

use super::view::{View, kind_word, places};
use crate::{Error, File};

fn table(path: &str, rows: &[Vec<String>]) -> File {
    let mut text = String::from("\u{feff}");
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| csv_field(cell)).collect();
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    File::new(path, text)
}

fn head(columns: &str) -> Vec<String> {
    columns.split(',').map(str::to_owned).collect()
}

/// # Errors
/// None yet; the same face as its neighbours.
pub fn files(view: &View<'_>) -> Result<Vec<File>, Error> {
    let chain = &view.told.chain;
    let mut findings =
        vec![head("id,start_utc,end_utc,level,kind,confidence,rule,title_en,title_ja,techniques,tactics,count,entities,evidence")];
    for one in &view.told.findings {
        let entities: Vec<String> = one.entities.iter().map(|e| format!("{}={}", e.role, e.value)).collect();
        let ja = one.ja.as_ref().map(|ja| ja.title.clone()).unwrap_or_default();
        findings.push(vec![
            one.id.clone(),
            one.time.start.clone().unwrap_or_default(),
            one.time.end.clone().unwrap_or_default(),
            one.level.as_str().to_owned(),
            kind_word(one.kind).to_owned(),
            format!("{:.2}", one.confidence),
            one.rule.clone(),
            one.title.clone(),
            ja,
            one.techniques.join(" "),
            one.tactics.join(" "),
            one.count.to_string(),
            entities.join("; "),
            places(one).collect::<Vec<_>>().join("; "),
        ]);
    }
    // The number of the phase that the deep dive tells it in.
    let told = crate::words::view::View::new(view.told, view.request);
    let phases: BTreeMap<&str, usize> =
        told.phases().iter().zip(1..).flat_map(|(phase, n)| phase.steps.iter().map(move |at| (at.step.id.as_str(), n))).collect();
    let mut steps = vec![head("id,start_utc,end_utc,tactic,techniques,host,actor,title_en,title_ja,confidence,findings,phase")];
    for one in &chain.steps {
        steps.push(vec![
            one.id.clone(),
            one.time.start.clone().unwrap_or_default(),
            one.time.end.clone().unwrap_or_default(),
            one.tactic.clone(),
            one.techniques.join(" "),
            one.host.clone(),
            one.actor.clone(),
            one.title.clone(),
            one.title_ja.clone(),
            format!("{:.2}", one.confidence),
            one.findings.join(" "),
            phases.get(one.id.as_str()).map(ToString::to_string).unwrap_or_default(),
        ]);
    }
    let mut gaps = vec![head("id,source,host,from_utc,to_utc,what_en,what_ja,collect_en,collect_ja,step")];
    for one in &chain.gaps {
        gaps.push(vec![
            one.id.clone(),
            one.source.clone(),
            one.host.clone(),
            one.from.clone().unwrap_or_default(),
            one.to.clone().unwrap_or_default(),
            one.what.clone(),
            one.what_ja.clone(),
            one.collect.clone(),
            one.collect_ja.clone(),
            one.step.clone().unwrap_or_default(),
        ]);
    }
    let mut out = vec![table("data/findings.csv", &findings), table("data/timeline.csv", &steps), table("data/gaps.csv", &gaps)];
    let scope = &chain.scope;
    let mut persons = vec![head("tier,kind,value,why_en,why_ja,evidence")];
    for (tier, items) in [("confirmed", &scope.confirmed), ("accessed", &scope.accessed), ("cannot-exclude", &scope.cannot_exclude)] {
        for item in items.iter().filter(|item| matches!(item.kind.as_str(), "message" | "user")) {
            let at: Vec<String> = item.because.iter().map(|b| format!("{}#{} {}", b.evidence, b.at.unit(), b.at.number())).collect();
            persons.push(vec![
                tier.to_owned(),
                item.kind.clone(),
                item.value.clone(),
                item.why.clone(),
                item.why_ja.clone(),
                at.join("; "),
            ]);
        }
    }
    if persons.len() > 1 {
        out.push(table("data/persons.csv", &persons));
    }
    Ok(out)
}
