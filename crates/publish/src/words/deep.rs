//! The technical deep dive: one section for each dated phase, then proof, indicators, what is not known, and the evidence.

use std::collections::BTreeSet;

use konseki_model::{At as Place, Because, By, Fidelity};
use konseki_report::{Both, attack};

use super::book::{join, number, plain, same, say};
use super::doc::{Block, Cell, Doc, Kind, Line, code};
use super::facts::Facts;
use super::overview::{bytes, lead, organisation, phase_words, reason, unknowns};
use super::view::{At, Phase, View, bilingual};
use super::{indicators, narrative};
use crate::malware;

/// Lines of evidence shown for each step; the rest is counted.
const LINES_MAX: usize = 2;
const WIDE_MAX: usize = 600;

pub fn write(view: &View<'_>, facts: &Facts<'_>) -> Doc {
    let org = organisation(view, facts);
    let mut doc = Doc::new("deep-dive", say("deep.title", &[("org", org.clone())]));
    doc.para(lead(view, &org));
    doc.blocks.extend(narrative::at(view.claims, "deep-dive"));
    doc.h2("deep.h.how");
    doc.list(vec![times(view), plain("deep.how.confidence"), plain("deep.how.lines"), plain("deep.how.unknown")]);
    doc.h2("deep.h.pictures");
    for name in ["timeline", "movement", "attack-graph", "heat"] {
        doc.blocks.push(Block::Figure(name.to_owned()));
    }
    for (index, phase) in view.phases().iter().enumerate() {
        section(view, &mut doc, index + 1, phase);
    }
    proof(view, &mut doc);
    doc.h2("deep.h.data");
    doc.para(bytes(view));
    doc.blocks.push(Block::Figure("bytes".to_owned()));
    if !view.claims.inventory.is_empty() {
        doc.h2("deep.h.inventory");
        doc.blocks.push(Block::Figure("inventory".to_owned()));
    }
    malware_table(view, &mut doc);
    indicator_table(view, &mut doc);
    not_known(view, &mut doc);
    evidence(view, &mut doc);
    doc
}

fn malware_table(view: &View<'_>, doc: &mut Doc) {
    let all = malware::all(view.claims);
    if all.is_empty() {
        return;
    }
    doc.h2("deep.h.malware");
    doc.p("deep.malware", &[]);
    let moment = |at: Option<i64>| at.map_or_else(|| plain("common.unknown"), |at| view.clock.moment(at, Fidelity::Second));
    let row = |one: &malware::Malware| {
        let steps: Vec<&str> = one.steps(&view.claims.chain.steps).map(|step| step.id.as_str()).collect();
        vec![
            one.name.clone().into(),
            code(&one.types.join(", ")),
            moment(one.first).into(),
            moment(one.last).into(),
            same(&steps.join(", ")).into(),
        ]
    };
    doc.table(
        &["deep.head.malware", "common.head.kind", "deep.head.first", "deep.head.last", "common.head.steps"],
        all.iter().map(row).collect(),
    );
}

fn times(view: &View<'_>) -> Both {
    let key = if view.reach.days { "common.day-note" } else { "common.utc-note" };
    say(key, &[("zone", same(&view.clock.zone.name))])
}

fn section(view: &View<'_>, doc: &mut Doc, number_of: usize, phase: &Phase<'_>) {
    let when = phase.span.map_or_else(|| plain("common.no-time"), |(from, to)| view.clock.span(from, to));
    doc.blocks.push(Block::Heading(2, say("deep.phase-title", &[("n", number(number_of)), ("when", when)])));
    doc.para(phase_words(view, phase));
    doc.blocks.extend(narrative::at(view.claims, &format!("deep-dive.phase-{number_of}")));
    let rows = phase.steps.iter().map(|at| step_row(view, at)).collect();
    doc.table(&["common.head.id", "common.head.when", "common.head.what", "common.head.where", "deep.head.confidence"], rows);
    doc.h3("deep.h.techniques");
    techniques(&phase.steps, doc);
    doc.h3("deep.h.evidence");
    if view.reach.raw {
        let mut lines = Vec::new();
        let left: usize = phase.steps.iter().map(|at| step_lines(view, at, &mut lines)).sum();
        doc.blocks.push(Block::Lines(lines));
        if left > 0 {
            doc.p("deep.more-lines", &[("n", number(left))]);
        }
    } else {
        line_counts(view, doc, phase);
    }
}

/// How many lines of which sources, where the lines themselves are not for this audience.
fn line_counts(view: &View<'_>, doc: &mut Doc, phase: &Phase<'_>) {
    let mut seen = BTreeSet::new();
    let mut counts: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    for because in phase.steps.iter().flat_map(|at| view.findings_of(at.step)).flat_map(|finding| &finding.because) {
        if let Some(piece) = view.piece(&because.evidence).filter(|_| seen.insert((&because.evidence, because.at))) {
            *counts.entry(&piece.source).or_default() += 1;
        }
    }
    doc.p("deep.lines-held-back", &[]);
    let line = |(source, n): (&str, usize)| say("deep.lines-of", &[("source", same(source)), ("n", number(n))]);
    doc.list(counts.into_iter().map(line).collect());
}

fn step_row(view: &View<'_>, at: &At<'_>) -> Vec<Cell> {
    let step = at.step;
    let fidelity = konseki_report::time::fidelity(&step.time.fidelity);
    let when = at.from.map_or_else(|| plain("common.no-time"), |from| view.clock.moment(from, fidelity.max(Fidelity::Second)));
    let place = match (step.host.as_str(), step.actor.as_str()) {
        ("", actor) | (actor, "") => same(actor),
        (host, actor) => say("deep.place", &[("host", same(host)), ("actor", same(actor))]),
    };
    vec![
        same(&step.id).into(),
        when.into(),
        bilingual(&step.title, &step.title_ja).into(),
        place.into(),
        confidence(step.confidence).into(),
    ]
}

pub fn confidence(value: f64) -> Both {
    let key = if value >= 0.85 {
        "sure"
    } else if value >= 0.6 {
        "likely"
    } else {
        "weak"
    };
    plain(&format!("common.confidence.{key}"))
}

/// Tactic, id and name of each technique, with the steps that show it.
pub fn techniques(steps: &[At<'_>], doc: &mut Doc) {
    let mut rows: std::collections::BTreeMap<(usize, String), Vec<&str>> = std::collections::BTreeMap::new();
    for at in steps {
        let order = attack::tactic_order(&at.step.tactic);
        // A tactic without a technique is told too.
        let ids = if at.step.techniques.is_empty() { vec![String::new()] } else { at.step.techniques.clone() };
        for id in ids {
            rows.entry((order, id)).or_default().push(&at.step.id);
        }
    }
    let row = |((order, id), steps): ((usize, String), Vec<&str>)| -> Vec<Cell> {
        let tactic = attack::tactics().get(order).map_or_else(|| plain("common.unknown"), |tactic| bilingual(tactic.name, tactic.ja));
        vec![tactic.into(), code(&id), technique_name(&id).into(), same(&steps.join(", ")).into()]
    };
    let rows = rows.into_iter().map(row).collect();
    doc.table(&["common.head.tactic", "common.head.id", "common.head.technique", "common.head.steps"], rows);
}

/// English name; in Japanese the English name with our gloss behind it, as Japanese vendors write it.
pub fn technique_name(id: &str) -> Both {
    let en = attack::full_name(id, false).unwrap_or_default();
    let gloss = attack::technique(id).map_or("", |technique| technique.ja);
    let ja = if gloss.is_empty() || en == gloss { en.clone() } else { say("deep.gloss", &[("en", same(&en)), ("ja", same(gloss))]).ja };
    Both { en, ja }
}

/// Lines of the step's findings; returns how many more there are.
fn step_lines(view: &View<'_>, at: &At<'_>, lines: &mut Vec<Line>) -> usize {
    let mut seen = BTreeSet::new();
    let because: Vec<&Because> = view
        .findings_of(at.step)
        .flat_map(|finding| &finding.because)
        .filter(|because| seen.insert((&because.evidence, because.at, &because.excerpt)))
        .collect();
    for because in because.iter().take(LINES_MAX) {
        let text = konseki_report::shorten(&because.excerpt, WIDE_MAX);
        lines.push(Line { at: format!("{} · {}", at.step.id, place(because)), text });
    }
    because.len().saturating_sub(LINES_MAX)
}

/// `E0123456789ab hostd.log, line 14`: id, path and place.
pub fn place(because: &Because) -> String {
    let at = match because.at {
        Place::Line(n) => format!("line {n}"),
        Place::Record(n) => format!("record {n}"),
        Place::Offset(n) => format!("offset {n}"),
    };
    if because.path.is_empty() { format!("{}, {at}", because.evidence) } else { format!("{} {}, {at}", because.evidence, because.path) }
}

/// For each step the strongest link that leads to it.
fn proof(view: &View<'_>, doc: &mut Doc) {
    let links = &view.claims.chain.links;
    doc.h2("deep.h.proof");
    doc.p("deep.proof", &[("n", number(links.len()))]);
    let mut rows = Vec::new();
    for at in &view.steps {
        let leading = links.iter().filter(|link| link.to == at.step.id);
        let Some(best) = leading.clone().min_by_key(|link| (link.by, link.alternatives)) else { continue };
        let values: Vec<&str> = best.entities.iter().map(|entity| entity.value.as_str()).take(3).collect();
        let by = match best.by {
            By::Exact => "exact",
            By::Interval => "interval",
            By::Time => "time",
        };
        rows.push(vec![
            same(&format!("{} → {}", best.from, best.to)).into(),
            plain(&format!("common.by.{by}")).into(),
            code(&values.join(", ")),
            same(&best.alternatives.to_string()).into(),
            number(leading.count().saturating_sub(1)).into(),
        ]);
    }
    doc.table(&["common.head.steps", "deep.head.by", "deep.head.key", "deep.head.alternatives", "deep.head.others"], rows);
}

fn indicator_table(view: &View<'_>, doc: &mut Doc) {
    doc.h2("deep.h.indicators");
    let list = indicators::all(view);
    if list.is_empty() {
        doc.p("deep.no-indicators", &[]);
        return;
    }
    doc.p("deep.indicators", &[]);
    let row = |one: &indicators::Indicator| -> Vec<Cell> {
        let when = |micros: Option<i64>| micros.map_or_else(|| plain("common.no-time"), |at| view.clock.moment(at, Fidelity::Second));
        vec![
            plain(&format!("common.kind.{}", one.kind)).into(),
            code(&one.shown),
            when(one.first).into(),
            when(one.last).into(),
            same(&one.steps.join(", ")).into(),
        ]
    };
    let rows = list.iter().map(row).collect();
    doc.table(&["common.head.kind", "common.head.value", "deep.head.first", "deep.head.last", "common.head.steps"], rows);
}

fn not_known(view: &View<'_>, doc: &mut Doc) {
    doc.h2("deep.h.unknown");
    doc.boxed(Kind::Unknown, "overview.unknown-title", unknowns(view));
    let rows = view.claims.chain.gaps.iter().map(|gap| {
        let span = |time: &Option<String>| view.clock.written(time.as_deref(), "second");
        vec![
            Cell::from(bilingual(&gap.what, &gap.what_ja)),
            plain(&format!("common.gap.{}", reason(gap.why))).into(),
            match (span(&gap.from), span(&gap.to)) {
                (from, to) if from == to => from.into(),
                (from, to) => say("common.span", &[("from", from), ("to", to)]).into(),
            },
            bilingual(&gap.collect, &gap.collect_ja).into(),
        ]
    });
    doc.table(&["common.head.what", "common.head.why", "common.head.when", "common.head.collect"], rows.collect());
    doc.h3("deep.h.hypotheses");
    let rows = view.claims.chain.hypotheses.iter().map(|hypothesis| {
        let verdict = serde_json::to_value(hypothesis.verdict).ok();
        let verdict = verdict.as_ref().and_then(serde_json::Value::as_str).unwrap_or("untestable");
        vec![
            Cell::from(bilingual(&hypothesis.title, &hypothesis.title_ja)),
            plain(&format!("common.verdict.{verdict}")).into(),
            say("deep.for-against", &[("for", number(hypothesis.for_.len())), ("against", number(hypothesis.against.len()))]).into(),
            bilingual(&hypothesis.would_decide, &hypothesis.would_decide_ja).into(),
        ]
    });
    doc.table(&["deep.head.hypothesis", "deep.head.verdict", "deep.head.weight", "deep.head.decide"], rows.collect());
}

/// The zone of a source's times in words.
fn clock(name: &str) -> Both {
    match name {
        "as written" => plain("common.clock.as-written"),
        "offset of the syslog head" => plain("common.clock.head"),
        name => same(name),
    }
}

/// What was read, by host and source, with the clock of each: zone, basis; synchronisation is not in the evidence.
fn evidence(view: &View<'_>, doc: &mut Doc) {
    doc.h2("deep.h.evidence-list");
    doc.blocks.push(Block::Figure("coverage".to_owned()));
    let mut groups: std::collections::BTreeMap<(&str, &str), Vec<&konseki_model::Intake>> = std::collections::BTreeMap::new();
    for piece in &view.claims.intake {
        groups.entry((&piece.host, &piece.source)).or_default().push(piece);
    }
    let row = |((host, source), pieces): ((&str, &str), Vec<&konseki_model::Intake>)| -> Vec<Cell> {
        let first = pieces.iter().filter_map(|piece| piece.first.as_deref()).min();
        let last = pieces.iter().filter_map(|piece| piece.last.as_deref()).max();
        let records: u64 = pieces.iter().map(|piece| piece.records.events).sum();
        let zones: BTreeSet<&str> = pieces.iter().map(|piece| piece.zone.name.as_str()).filter(|name| !name.is_empty()).collect();
        let zones: Vec<Both> = zones.into_iter().map(clock).collect();
        vec![
            same(host).into(),
            code(source),
            number(pieces.len()).into(),
            same(&konseki_report::count(records)).into(),
            view.clock.written(first, "second").into(),
            view.clock.written(last, "second").into(),
            if zones.is_empty() { plain("common.unknown") } else { join(&zones) }.into(),
        ]
    };
    let rows = groups.into_iter().map(row).collect();
    let head = [
        "common.head.host",
        "common.head.source",
        "deep.head.pieces",
        "deep.head.events",
        "deep.head.first",
        "deep.head.last",
        "deep.head.zone",
    ];
    doc.table(&head, rows);
    doc.p("deep.clock-note", &[]);
}
