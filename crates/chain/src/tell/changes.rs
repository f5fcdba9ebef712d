//! What changed between two tellings of one case: steps that came, went or moved, and whether the start lies earlier now.

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::{Chain, GapWhy, Step, Verdict};
use serde::Serialize;

/// One difference. `what`: `start-earlier`, `start-later`, `step-added`, `step-gone`, `step-moved`, `step-firmer`,
/// `step-weaker`, `gap-closed`, `gap-opened`, `hypothesis`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Change {
    pub what: String,
    /// The step's title, the gap's source, the id of the hypothesis.
    pub of: String,
    /// The title in Japanese, where it has one.
    pub of_ja: String,
    pub host: String,
    pub before: String,
    pub after: String,
}

fn key(step: &Step) -> (String, String, Vec<String>, String) {
    let day = step.time.start.as_deref().and_then(|time| time.get(..10)).unwrap_or_default();
    (step.host.clone(), step.tactic.clone(), step.techniques.clone(), day.to_owned())
}

fn start(step: &Step) -> String {
    step.time.start.clone().unwrap_or_default()
}

/// A reason as a key of words.
fn why(why: GapWhy) -> &'static str {
    match why {
        GapWhy::NotCollected => "not-collected",
        GapWhy::Rotated => "rotated",
        GapWhy::Silent => "silent",
        GapWhy::LogCleared => "log-cleared",
        GapWhy::NotLogged => "not-logged-by-default",
        GapWhy::Tampered => "tampered",
        GapWhy::Unreadable => "unreadable",
        GapWhy::ClockUnknown => "clock-unknown",
    }
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Supported => "supported",
        Verdict::Contradicted => "contradicted",
        Verdict::Untestable => "untestable",
    }
}

/// From the earlier telling to the later one, in a fixed order.
pub fn changes(before: &Chain, after: &Chain) -> Vec<Change> {
    let mut out = Vec::new();
    let change = |what: &str, of: &str, host: &str, a: &str, b: &str| Change {
        what: what.to_owned(),
        of: of.to_owned(),
        of_ja: String::new(),
        host: host.to_owned(),
        before: a.to_owned(),
        after: b.to_owned(),
    };
    let first = |chain: &Chain| chain.steps.iter().filter(|step| step.time.start.is_some()).map(start).min();
    match (first(before), first(after)) {
        (Some(a), Some(b)) if b < a => out.push(change("start-earlier", "", "", &a, &b)),
        (Some(a), Some(b)) if b > a => out.push(change("start-later", "", "", &a, &b)),
        _ => {}
    }
    let index = |chain: &'_ Chain| -> BTreeMap<_, Step> { chain.steps.iter().map(|step| (key(step), step.clone())).collect() };
    let (old, new) = (index(before), index(after));
    let of_step =
        |what: &str, step: &Step, a: &str, b: &str| Change { of_ja: step.title_ja.clone(), ..change(what, &step.title, &step.host, a, b) };
    for (key, step) in &new {
        match old.get(key) {
            None => out.push(of_step("step-added", step, "", &start(step))),
            Some(known) if start(known) != start(step) => out.push(of_step("step-moved", step, &start(known), &start(step))),
            Some(known) if (known.confidence - step.confidence).abs() >= 0.05 => {
                let what = if step.confidence > known.confidence { "step-firmer" } else { "step-weaker" };
                out.push(of_step(what, step, &format!("{:.2}", known.confidence), &format!("{:.2}", step.confidence)));
            }
            Some(_) => {}
        }
    }
    for (_, step) in old.iter().filter(|(key, _)| !new.contains_key(*key)) {
        out.push(of_step("step-gone", step, &start(step), ""));
    }
    let gaps = |chain: &Chain| -> BTreeSet<(String, String, String)> {
        chain.gaps.iter().map(|gap| (gap.source.clone(), gap.host.clone(), why(gap.why).to_owned())).collect()
    };
    let (old, new) = (gaps(before), gaps(after));
    out.extend(old.difference(&new).map(|(source, host, why)| change("gap-closed", source, host, why, "")));
    out.extend(new.difference(&old).map(|(source, host, why)| change("gap-opened", source, host, "", why)));
    for hypothesis in &after.hypotheses {
        let was = before.hypotheses.iter().find(|h| h.id == hypothesis.id).filter(|h| h.verdict != hypothesis.verdict);
        if let Some(was) = was {
            out.push(change("hypothesis", &hypothesis.id, "", verdict(was.verdict), verdict(hypothesis.verdict)));
        }
    }
    out
}
