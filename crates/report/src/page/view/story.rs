//! Steps, scope, gaps and what is not known, as the page shows them.

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::{Because, Chain, Finding, Link, ScopeItem, Step};
use serde::Serialize;

use crate::case::Case;
use crate::fill::reason;
use crate::time::{fidelity, parse_rfc3339};

use super::super::markup::{Arg, anchor, both, words, words_with};
use super::{LINES_MAX, ROWS_MAX, UNKNOWNS_MAX, head, left};

#[derive(Serialize)]
pub struct StepView<'a> {
    pub id: &'a str,
    pub anchor: String,
    pub tactic: &'a str,
    pub techniques: &'a [String],
    pub title: &'a str,
    pub title_ja: &'a str,
    pub micros: Option<i64>,
    pub end: Option<i64>,
    pub fidelity: &'static str,
    pub host: &'a str,
    pub actor: &'a str,
    pub confidence: f64,
    pub findings: &'a [String],
    pub links: Vec<&'a Link>,
    pub because: Vec<&'a Because>,
}

#[derive(Serialize)]
pub struct ScopeView<'a> {
    pub key: &'static str,
    pub count: u64,
    pub left: u64,
    pub items: &'a [ScopeItem],
}

#[derive(Serialize)]
pub struct Window<'a> {
    pub from: Option<i64>,
    pub to: Option<i64>,
    pub why: &'a str,
}

#[derive(Serialize)]
pub struct GapView<'a> {
    pub id: &'a str,
    pub anchor: String,
    pub what: &'a str,
    pub what_ja: &'a str,
    pub source: &'a str,
    pub host: &'a str,
    pub step: Option<&'a str>,
    pub reason: String,
    pub from: Option<i64>,
    pub to: Option<i64>,
    pub collect: &'a str,
    pub collect_ja: &'a str,
}

/// One thing that is not known, as HTML, and the gap it stands for.
#[derive(Serialize)]
pub struct Unknown {
    #[serde(serialize_with = "as_safe")]
    pub text: String,
    pub anchor: String,
}

pub fn as_safe<S: serde::Serializer>(markup: &str, serializer: S) -> Result<S::Ok, S::Error> {
    minijinja::value::Value::from_safe_string(markup.to_owned()).serialize(serializer)
}

pub fn unknowns(case: &Case<'_>) -> (Vec<Unknown>, usize) {
    let mut list = Vec::new();
    let plain = |text: String| Unknown { text, anchor: String::new() };
    let chain = case.chain;
    if !chain.steps.is_empty() && chain.scope.bytes_out.at_most.is_none() {
        list.push(plain(words("page.unknown-list.bytes", &[])));
    }
    // Where one way in is supported, the others that nothing speaks for are no open question.
    let entry = |h: &konseki_model::Hypothesis| h.id.starts_with("entry-");
    let entered = chain.hypotheses.iter().any(|h| entry(h) && h.verdict == konseki_model::Verdict::Supported);
    let open = |h: &&konseki_model::Hypothesis| h.verdict == konseki_model::Verdict::Untestable && !(entered && entry(h));
    for hypothesis in chain.hypotheses.iter().filter(open).take(2) {
        let title = both(&hypothesis.title, &hypothesis.title_ja);
        list.push(plain(words("page.unknown-list.hypothesis", &[("title".to_owned(), Arg::Html(title))])));
    }
    let assumed = case.intake.iter().filter(|piece| piece.zone.basis == "assumed" && piece.first.is_some()).count();
    if assumed > 0 {
        list.push(plain(words_with("page.unknown-list.clock", &[("n", assumed.to_string())])));
    }
    // Gaps that hide a step come first.
    let mut gaps: Vec<&konseki_model::Gap> = chain.gaps.iter().collect();
    gaps.sort_by_key(|gap| gap.step.is_none());
    let mut told = BTreeSet::new();
    gaps.retain(|gap| told.insert((gap.what.as_str(), gap.host.as_str())));
    let room = UNKNOWNS_MAX.saturating_sub(list.len());
    let more = gaps.len().saturating_sub(room);
    list.extend(gaps.into_iter().take(room).map(|gap| Unknown { text: both(&gap.what, &gap.what_ja), anchor: anchor(&gap.id) }));
    (list, more)
}

pub fn steps<'a>(case: &Case<'a>) -> Vec<StepView<'a>> {
    let by_id: BTreeMap<&str, &'a Finding> = case.findings.iter().map(|f| (f.id.as_str(), f)).collect();
    let chain: &'a Chain = case.chain;
    chain.steps.iter().map(|step| step_view(step, chain, &by_id)).collect()
}

pub fn step_view<'a>(step: &'a Step, chain: &'a Chain, by_id: &BTreeMap<&str, &'a Finding>) -> StepView<'a> {
    let findings = step.findings.iter().filter_map(|id| by_id.get(id.as_str()));
    StepView {
        id: &step.id,
        anchor: anchor(&step.id),
        tactic: &step.tactic,
        techniques: &step.techniques,
        title: &step.title,
        title_ja: &step.title_ja,
        micros: step.micros.or_else(|| step.time.start.as_deref().and_then(parse_rfc3339)),
        end: step.end_micros.or_else(|| step.time.end.as_deref().and_then(parse_rfc3339)),
        fidelity: fidelity(&step.time.fidelity).as_str(),
        host: &step.host,
        actor: &step.actor,
        confidence: step.confidence,
        findings: &step.findings,
        links: chain.links.iter().filter(|link| link.to == step.id).take(8).collect(),
        because: findings.flat_map(|f| f.because.iter().take(3)).take(LINES_MAX).collect(),
    }
}

pub fn scope(chain: &Chain) -> Vec<ScopeView<'_>> {
    let scope = &chain.scope;
    [("confirmed", &scope.confirmed), ("accessed", &scope.accessed), ("cannot-exclude", &scope.cannot_exclude)]
        .into_iter()
        .map(|(key, items)| ScopeView { key, count: items.len() as u64, left: left(items.len(), ROWS_MAX), items: head(items, ROWS_MAX) })
        .collect()
}

/// Mail of a system that was in the intruder's hands, in three tiers of numbers.
#[derive(Serialize)]
pub struct MailView<'a> {
    pub host: &'a str,
    pub compromised: Option<i64>,
    pub last_contact: Option<i64>,
    pub from: Option<i64>,
    pub to: Option<i64>,
    /// Surely taken; all that lay there; those of them that cannot be excluded; those not listed one by one.
    pub at_least: u64,
    pub at_most: u64,
    pub between: u64,
    pub not_listed: u64,
    pub keep_days: Option<u32>,
}

pub fn mail(chain: &Chain) -> Vec<MailView<'_>> {
    let time = |text: &Option<String>| text.as_deref().and_then(parse_rfc3339);
    chain
        .scope
        .mail
        .iter()
        .map(|mail| MailView {
            host: &mail.host,
            compromised: time(&mail.compromised),
            last_contact: time(&mail.last_contact),
            from: time(&mail.from),
            to: time(&mail.to),
            at_least: mail.at_least,
            at_most: mail.at_most,
            between: mail.at_most.saturating_sub(mail.at_least),
            not_listed: mail.not_listed,
            keep_days: mail.keep_days,
        })
        .collect()
}

pub fn gap(gap: &konseki_model::Gap) -> GapView<'_> {
    GapView {
        id: &gap.id,
        anchor: anchor(&gap.id),
        what: &gap.what,
        what_ja: &gap.what_ja,
        source: &gap.source,
        host: &gap.host,
        step: gap.step.as_deref(),
        reason: reason(gap),
        from: gap.from.as_deref().and_then(parse_rfc3339),
        to: gap.to.as_deref().and_then(parse_rfc3339),
        collect: &gap.collect,
        collect_ja: &gap.collect_ja,
    }
}
