//! The executive page: one page for those who decide.

use konseki_model::Level;

use super::book::{number, plain, same, say};
use super::doc::{Block, Cell, Doc, Kind};
use super::facts::Facts;
use super::narrative;
use super::overview::{advice, bytes, grave, lead, organisation, unknowns};
use super::view::View;

/// Lines of advice and of unknowns that fit on the page.
const LINES_MAX: usize = 3;

pub fn write(view: &View<'_>, facts: &Facts<'_>) -> Doc {
    let org = organisation(view, facts);
    let mut doc = Doc::new("executive", say("exec.title", &[("org", org.clone())]));
    doc.para(lead(view, &org));
    doc.blocks.extend(narrative::at(view.claims, "executive"));
    let aware = facts.instant("aware");
    let dwell = view.answer.first.zip(aware).map(|(first, aware)| (aware - first).max(0) / 1_000_000);
    let rows: Vec<Vec<Cell>> = vec![
        row("exec.row.period", view.span_words()),
        row("exec.row.aware", aware.map_or_else(|| facts.blank("aware"), |at| view.clock.date(at))),
        row(
            "exec.row.dwell",
            dwell.map_or_else(|| plain("common.unknown"), |seconds| say("exec.dwell", &[("n", same(&seconds.to_string()))])),
        ),
        row("exec.row.systems", view.systems_words()),
        row("exec.row.data", bytes(view)),
        row("exec.row.findings", number(grave(view, Level::High))),
    ];
    doc.table(&["exec.head.question", "exec.head.answer"], rows);
    doc.blocks.push(Block::Figure("timeline".to_owned()));
    doc.h2("exec.h.decide");
    doc.list(advice(view).into_iter().take(LINES_MAX).collect());
    let all = unknowns(view);
    let left = all.len().saturating_sub(LINES_MAX);
    let mut shown: Vec<_> = all.into_iter().take(LINES_MAX).collect();
    if left > 0 {
        shown.push(say("exec.more-unknown", &[("n", number(left))]));
    }
    doc.boxed(Kind::Unknown, "exec.h.unknown", shown);
    doc.para(view.clock.note());
    doc
}

fn row(key: &str, answer: konseki_report::Both) -> Vec<Cell> {
    vec![plain(key).into(), answer.into()]
}
