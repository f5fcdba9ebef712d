//! The duties as a document and as JSON: due times in UTC, local and Japanese time, evidence for the trigger, what is filled.

use konseki_model::{Fidelity, Verdict};
use konseki_report::Both;
use konseki_report::time::Zone;
use serde_json::{Value, json};

use super::{Due, Item, compute};
use crate::words::book::{concat, number, plain, quoted, same, say};
use crate::words::doc::{Block, Cell, Doc, Kind};
use crate::words::facts::{Facts, label};
use crate::words::indicators;
use crate::words::overview::{bytes, lead, organisation, unknowns};
use crate::words::view::View;

/// The page of duties.
pub fn document(view: &View<'_>, facts: &Facts<'_>) -> Doc {
    let org = organisation(view, facts);
    let mut doc = Doc::new("duties", say("duty.title", &[("org", org)]));
    doc.boxed(
        Kind::Notice,
        "duty.advice-title",
        vec![say("duty.advice", &[("who", facts.get("trigger_decided_by"))]), plain("duty.checked-note")],
    );
    let all = compute(view.claims, view.request.now);
    doc.h2("duty.h.instants");
    instants(view, facts, &mut doc);
    doc.h2("duty.h.due");
    if let Some(now) = view.request.now {
        doc.p("duty.now", &[("now", same(&utc(now)))]);
    }
    doc.table(
        &["duty.head.duty", "duty.head.trigger", "duty.head.utc", "duty.head.local", "duty.head.jst", "duty.head.left", "duty.head.status"],
        all.iter().map(|due| row(view, due)).collect(),
    );
    doc.h2("duty.h.rules");
    for due in &all {
        rule(view, facts, &mut doc, due);
    }
    doc
}

fn utc(micros: i64) -> String {
    Zone::utc().show(micros, Fidelity::Second)
}

/// Named instants side by side: what the evidence shows first, and what people say of when they knew.
fn instants(view: &View<'_>, facts: &Facts<'_>, doc: &mut Doc) {
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    let at = |micros: Option<i64>| micros.map_or_else(|| plain("common.unknown"), |at| view.clock.moment(at, Fidelity::Second));
    let first = view.steps.iter().find(|step| step.from == view.answer.first);
    let evidence = first.map_or_else(|| plain("common.unknown"), |step| same(&step.step.id));
    rows.push(vec![plain("duty.first-sign").into(), at(view.answer.first).into(), evidence.into()]);
    let mut seen = std::collections::BTreeSet::new();
    for rule in super::rules().iter().filter(|rule| seen.insert(&rule.trigger)) {
        let instant = facts.instant(&rule.trigger);
        let when = match instant {
            Some(_) => at(instant),
            None if rule.trigger == "aware" => facts.blank("aware"),
            None => plain("duty.not-set"),
        };
        let basis = match (instant, rule.trigger.as_str()) {
            (Some(_), "aware") => facts.get("aware_by"),
            (Some(_), _) => plain("duty.set-by-person"),
            _ => plain("common.none"),
        };
        rows.push(vec![label(&rule.trigger).into(), when.into(), basis.into()]);
    }
    doc.table(&["duty.head.instant", "common.head.when", "duty.head.basis"], rows);
    doc.p("duty.aware-note", &[]);
}

fn row(view: &View<'_>, due: &Due) -> Vec<Cell> {
    let show = |zone: &Zone| due.due.map_or_else(|| plain("duty.no-due"), |at| same(&zone.show(at, Fidelity::Second)));
    let left = match (due.remaining, due.due) {
        (Some(left), _) if left >= 0 => say("duty.left", &[("n", same(&(left / 1_000_000).to_string()))]),
        (Some(late), _) => say("duty.late", &[("n", same(&(-late / 1_000_000).to_string()))]),
        (None, Some(_)) => plain("duty.no-clock"),
        (None, None) => plain("common.none"),
    };
    let trigger = match (due.trigger, due.projected) {
        (Some(at), true) => say("duty.projected", &[("at", same(&utc(at)))]),
        (Some(at), false) => same(&utc(at)),
        (None, _) => plain("duty.not-set"),
    };
    vec![
        due.rule.name.both().into(),
        trigger.into(),
        show(&Zone::utc()).into(),
        show(&view.clock.zone).into(),
        show(&Zone::new("Asia/Tokyo")).into(),
        left.into(),
        plain(&format!("duty.status.{}", due.rule.status)).into(),
    ]
}

fn rule(view: &View<'_>, facts: &Facts<'_>, doc: &mut Doc, due: &Due) {
    let rule = due.rule;
    doc.blocks.push(Block::Heading(3, rule.name.both()));
    let mut lines = vec![
        say("duty.applies", &[("text", rule.applies.both())]),
        say("duty.counted", &[("how", counted(due)), ("trigger", label(&rule.trigger))]),
    ];
    if let Some(opens) = due.opens {
        lines.push(say("duty.opens", &[("at", same(&Zone::new(&rule.zone).show(opens, Fidelity::Minute)))]));
    }
    if due.beyond {
        lines.push(plain("duty.beyond"));
    }
    let basis = plain(&format!("duty.basis.{}", rule.basis));
    lines.push(say("duty.source", &[("source", rule.article.both()), ("checked", same(&rule.checked)), ("basis", basis)]));
    if !rule.words_in.is_empty() {
        lines.push(say(&format!("duty.words.{}", rule.words_in), &[("words", rule.words.both())]));
    }
    doc.list(lines);
    let rows: Vec<Vec<Cell>> = rule
        .item
        .iter()
        .enumerate()
        .map(|(index, item)| {
            let asked = Both { en: item.en.clone(), ja: item.ja.clone() };
            let filled = filled(view, facts, item).unwrap_or_else(|| blank(facts, item));
            vec![number(index + 1).into(), asked.into(), filled.into()]
        })
        .collect();
    doc.table(&["duty.head.n", "duty.head.item", "duty.head.filled"], rows);
}

fn counted(due: &Due) -> Both {
    let rule = due.rule;
    let unit = match rule.unit {
        super::Unit::Hours => "hours",
        super::Unit::Days => "days",
        super::Unit::BusinessDays => "business-days",
        super::Unit::Months => "months",
        super::Unit::None => return plain("duty.unit.none"),
    };
    let mut parts = vec![say(&format!("duty.unit.{unit}"), &[("n", same(&rule.amount.to_string()))])];
    if rule.unit == super::Unit::Days && rule.count_from == 1 {
        parts.push(plain("duty.first-day"));
    }
    if rule.roll == "next-open" {
        parts.push(plain("duty.rolls"));
    }
    concat(&parts)
}

/// What the case can say for that item; `None` where a person has to.
fn filled(view: &View<'_>, facts: &Facts<'_>, item: &Item) -> Option<Both> {
    match item.from.split_once(':')? {
        ("fact", key) => facts.given(key),
        ("case", "outline") => Some(concat(&[lead(view, &organisation(view, facts)), bytes(view)])),
        ("case", "cause") => {
            let entries = view.entries();
            (!entries.is_empty()).then(|| say("duty.cause", &[("entry", quoted(&entries))]))
        }
        ("case", "unknown") => Some(concat(&unknowns(view))),
        ("case", "malicious") => {
            let alarm = view.hypothesis("false-alarm").is_some_and(|h| h.verdict == Verdict::Supported);
            (view.confirmed() && !alarm).then(|| plain("duty.malicious"))
        }
        ("case", "indicators") => {
            let n = indicators::all(view).len();
            (n > 0).then(|| say("duty.indicators", &[("n", number(n))]))
        }
        _ => None,
    }
}

fn blank(facts: &Facts<'_>, item: &Item) -> Both {
    match item.from.split_once(':') {
        Some(("fact", key)) => facts.blank(key),
        _ => plain("duty.not-shown"),
    }
}

/// The same for programs.
pub fn value(view: &View<'_>, all: &[Due]) -> Value {
    let facts = Facts::new(view.claims);
    let rfc = |micros: Option<i64>| micros.map(|at| konseki_model::time::rfc3339(at, Fidelity::Second));
    let shown = |micros: Option<i64>, zone: &Zone| micros.map(|at| zone.show(at, Fidelity::Second));
    let entry = |due: &Due| {
        let items: Vec<Value> = due
            .rule
            .item
            .iter()
            .map(|item| {
                let filled = filled(view, &facts, item);
                json!({"en": item.en, "ja": item.ja, "from": item.from, "filled": filled.map(|both| json!({"en": both.en, "ja": both.ja}))})
            })
            .collect();
        json!({
            "id": due.rule.id, "name": {"en": due.rule.name.en, "ja": due.rule.name.ja}, "status": due.rule.status,
            "trigger": due.rule.trigger, "triggered": rfc(due.trigger), "projected": due.projected,
            "opens": rfc(due.opens), "due": rfc(due.due), "last_day": due.day.map(|day| day.to_string()),
            "local": shown(due.due, &view.clock.zone), "jst": shown(due.due, &Zone::new("Asia/Tokyo")),
            "remaining_seconds": due.remaining.map(|left| left.div_euclid(1_000_000)), "holidays_unknown": due.beyond,
            "article": {"en": due.rule.article.en, "ja": due.rule.article.ja},
            "words": {"en": due.rule.words.en, "ja": due.rule.words.ja, "in": due.rule.words_in}, "checked": due.rule.checked, "basis": due.rule.basis, "items": items,
        })
    };
    json!({
        "legal_advice": false, "zone": view.clock.zone.name, "now": rfc(view.request.now),
        "first_sign": rfc(view.answer.first), "duties": all.iter().map(entry).collect::<Vec<_>>(),
    })
}
