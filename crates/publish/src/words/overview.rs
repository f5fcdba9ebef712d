//! The overview for leaders: what happened, what was reached, the response by heading, what to do, what is not known.

use konseki_model::{Level, Verdict};
use konseki_report::Both;

use super::book::{has, join, number, plain, quoted, same, say};
use super::doc::{Block, Cell, Doc, Kind};
use super::facts::Facts;
use super::narrative;
use super::view::{Phase, View, bilingual};

const HEADINGS: [&str; 6] = ["containment", "governance", "analysis", "remediation", "communication", "monitoring"];

pub fn write(view: &View<'_>, facts: &Facts<'_>) -> Doc {
    let org = organisation(view, facts);
    let mut doc = Doc::new("overview", say("overview.title", &[("org", org.clone())]));
    doc.para(lead(view, &org));
    doc.blocks.extend(narrative::at(view.claims, "overview"));
    if view.confirmed() {
        doc.h2("overview.h.happened");
        doc.list(view.phases().iter().map(|phase| phase_words(view, phase)).collect());
        doc.blocks.push(Block::Figure("timeline".to_owned()));
        doc.h2("overview.h.reached");
        reached(view, &mut doc);
        doc.h2("overview.h.techniques");
        super::deep::techniques(&view.steps, &mut doc);
    }
    doc.h2("overview.h.response");
    doc.p("overview.response-note", &[]);
    for heading in HEADINGS {
        doc.h3(&format!("overview.response.{heading}"));
        let own = narrative::at(view.claims, &format!("overview.{heading}"));
        let given = facts.given(&format!("response_{heading}"));
        if given.is_some() || own.is_none() {
            doc.para(given.unwrap_or_else(|| facts.blank(&format!("response_{heading}"))));
        }
        doc.blocks.extend(own);
    }
    doc.h2("overview.h.todo");
    doc.p("overview.todo-note", &[]);
    doc.list(advice(view));
    // What only the organisation can say, where it says it.
    for (head, key) in [("overview.h.next", "next_steps"), ("overview.h.call", "call")] {
        if let Some(text) = facts.given(key) {
            doc.h2(head);
            doc.para(text);
        }
    }
    doc.h2("overview.h.unknown");
    doc.blocks.push(Block::Figure("coverage".to_owned()));
    doc.boxed(Kind::Unknown, "overview.unknown-title", unknowns(view));
    doc.para(view.clock.note());
    doc
}

/// The organisation's name where the audience may know it.
pub fn organisation(view: &View<'_>, facts: &Facts<'_>) -> Both {
    if view.reach.names { facts.get("organisation") } else { plain("common.an-organisation") }
}

/// The answer in one paragraph.
pub fn lead(view: &View<'_>, org: &Both) -> Both {
    let key = format!("overview.lead.{}", view.answer.tier.as_str());
    let steps = view.steps.len();
    let args = [("org", org.clone()), ("span", view.span_words()), ("steps", number(steps)), ("systems", view.systems_words())];
    let mut parts = vec![say(&key, &args)];
    let entries = view.entries();
    if view.confirmed() && !entries.is_empty() {
        parts.push(say("overview.entry", &[("entry", quoted(&entries))]));
    }
    super::book::concat(&parts)
}

/// A phase in one sentence: when, which tactics, on what kinds of systems.
pub fn phase_words(view: &View<'_>, phase: &Phase<'_>) -> Both {
    let acts: Vec<Both> = view.tactics(&phase.steps).iter().map(|tactic| plain(&format!("overview.act.{}", tactic.short))).collect();
    let mut kinds: Vec<String> = Vec::new();
    for at in &phase.steps {
        let kind = view.system_of(&at.step.host);
        if !at.step.host.is_empty() && !view.only_observed(at.step) && !kinds.contains(&kind) {
            kinds.push(kind);
        }
    }
    let places: Vec<Both> = kinds.iter().map(|kind| plain(&format!("press.system.{kind}"))).collect();
    let when = phase.span.map_or_else(|| plain("overview.undated"), |(from, to)| view.clock.span(from, to));
    say("overview.phase", &[("when", when), ("acts", join(&acts)), ("places", join(&places)), ("n", number(phase.steps.len()))])
}

fn reached(view: &View<'_>, doc: &mut Doc) {
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for (kind, n) in view.systems_reached() {
        rows.push(vec![plain(&format!("common.system.{kind}")).into(), number(n).into()]);
    }
    for kind in ["user", "vm", "file", "message", "datastore"] {
        let n = view.reached(kind);
        if n > 0 {
            rows.push(vec![plain(&format!("common.kind.{kind}")).into(), number(n).into()]);
        }
    }
    doc.table(&["common.head.kind", "common.head.count"], rows);
    doc.para(bytes(view));
    let n = |n: u64| same(&konseki_report::count(n));
    for mail in &view.claims.chain.scope.mail {
        let args = [("host", same(&mail.host)), ("least", n(mail.at_least)), ("most", n(mail.at_most))];
        doc.para(say("overview.mail", &args));
    }
    if !view.claims.inventory.is_empty() {
        doc.blocks.push(Block::Figure("inventory".to_owned()));
    }
}

/// How much left, with its bounds.
pub fn bytes(view: &View<'_>) -> Both {
    let (least, most) = view.bytes_out();
    let n = |bytes: u64| say("common.bytes", &[("n", same(&bytes.to_string()))]);
    match (least, most) {
        (0, None | Some(0)) => plain("overview.bytes.none"),
        (least, Some(most)) if most > least => say("overview.bytes.between", &[("least", n(least)), ("most", n(most))]),
        (least, Some(_)) => say("overview.bytes.exact", &[("least", n(least))]),
        (least, None) => say("overview.bytes.at-least", &[("least", n(least))]),
    }
}

/// What to do, by what was seen: one line of advice for each tactic, and what is always right.
pub fn advice(view: &View<'_>) -> Vec<Both> {
    let tactics = view.tactics(&view.steps);
    let own = tactics.iter().map(|tactic| format!("advice.tactic.{}", tactic.short)).filter(|key| has(key));
    let always = ["advice.always.collect", "advice.always.keep"].into_iter().map(str::to_owned);
    own.chain(always).map(|key| plain(&key)).collect()
}

/// What is not known: hypotheses that cannot be tested, gaps by reason, what cannot be excluded, undated steps, unread parts.
pub fn unknowns(view: &View<'_>) -> Vec<Both> {
    let chain = &view.claims.chain;
    let mut list = Vec::new();
    for hypothesis in chain.hypotheses.iter().filter(|h| h.verdict == Verdict::Untestable) {
        let (title, decide) =
            (bilingual(&hypothesis.title, &hypothesis.title_ja), bilingual(&hypothesis.would_decide, &hypothesis.would_decide_ja));
        list.push(say("overview.unknown.hypothesis", &[("title", title), ("decide", decide)]));
    }
    let mut reasons: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    for gap in &chain.gaps {
        *reasons.entry(reason(gap.why)).or_default() += 1;
    }
    for (reason, n) in reasons {
        list.push(say("overview.unknown.gap", &[("n", number(n)), ("why", plain(&format!("common.gap.{reason}")))]));
    }
    if !chain.scope.cannot_exclude.is_empty() {
        list.push(say("overview.unknown.exclude", &[("n", number(chain.scope.cannot_exclude.len()))]));
    }
    let undated = view.steps.iter().filter(|at| at.from.is_none()).count();
    if undated > 0 {
        list.push(say("overview.unknown.undated", &[("n", number(undated))]));
    }
    let (rejected, unread) = (view.answer.rejected, view.answer.unrecognised);
    for (key, n) in [("records", rejected.to_string()), ("files", unread.to_string())].into_iter().filter(|(_, n)| n != "0") {
        list.push(say(&format!("overview.unknown.{key}"), &[("n", same(&n))]));
    }
    list.push(plain("overview.unknown.who"));
    list
}

/// A reason of a gap as a key: `not-collected`.
pub fn reason(why: konseki_model::GapWhy) -> String {
    let written = serde_json::to_value(why).ok();
    written.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default().replace(' ', "-")
}

/// Findings of that level or higher.
pub fn grave(view: &View<'_>, level: Level) -> usize {
    view.claims.findings.iter().filter(|finding| finding.level >= level).count()
}
