//! Puts sentences into findings, steps, gaps, scope and hypotheses by the keys and arguments that chain gave them.

use konseki_model::{Chain, EntityKind, Finding, Gap, Hypothesis, ScopeItem, Step};

use crate::words::{Args, Lang, Words};

fn set_if_empty(slot: &mut String, value: String) {
    if slot.is_empty() {
        *slot = value;
    }
}

/// Title, why and disproof of a finding, where its rule did not bring its own, and the same in Japanese.
/// Findings of an unknown rule get a sentence of their engine.
pub fn fill(finding: &mut Finding) {
    let prefix = prefix(finding);
    let args = finding_args(finding);
    let mut ja = finding.ja.take().unwrap_or_default();
    let sentence = |lang, part: &str, args: &Args| Words::get(lang, &format!("{prefix}.{part}"), args);

    set_if_empty(&mut finding.title, sentence(Lang::En, "title", &args));
    // A title that came with the rule is English; the generic Japanese title would say less than it does.
    let own_title = !Words::has(&format!("findings.{}.title", finding.rule)) && !prefix.ends_with("chain");
    let ja_title = if own_title { finding.title.clone() } else { sentence(Lang::Ja, "title", &args) };
    set_if_empty(&mut ja.title, ja_title);

    let with_title = |title: &str| {
        let mut args = args.clone();
        args.insert("title".to_owned(), title.to_owned());
        args
    };
    set_if_empty(&mut finding.why, sentence(Lang::En, "why", &with_title(&finding.title)));
    set_if_empty(&mut ja.why, sentence(Lang::Ja, "why", &with_title(&ja.title)));
    set_if_empty(&mut finding.disproof, sentence(Lang::En, "disproof", &args));
    set_if_empty(&mut ja.disproof, sentence(Lang::Ja, "disproof", &args));
    finding.ja = Some(ja);
}

fn prefix(finding: &Finding) -> String {
    let own = format!("findings.{}", finding.rule);
    if Words::has(&format!("{own}.title")) {
        return own;
    }
    match finding.engine.as_str() {
        engine @ ("sigma" | "correlation" | "yara" | "indicator" | "chain") => format!("findings.generic.{engine}"),
        "" => "findings.generic.chain".to_owned(),
        _ => "findings.generic.foreign".to_owned(),
    }
}

/// The finding's own arguments, and what every finding has: rule, engine, count, host, object.
fn finding_args(finding: &Finding) -> Args {
    let mut args = finding.args.clone();
    let mut add = |key: &str, value: String| {
        args.entry(key.to_owned()).or_insert(value);
    };
    add("rule", finding.rule.clone());
    add("engine", finding.engine.clone());
    add("count", finding.count.to_string());
    add("host", crate::answer::place(finding).to_owned());
    for (key, kind) in [("file", EntityKind::File), ("vm", EntityKind::Vm), ("user", EntityKind::User)] {
        let value = finding.entities.iter().find(|entity| entity.kind == kind);
        add(key, value.map_or_else(String::new, |entity| entity.value.clone()));
    }
    let object = finding.entities.iter().find(|entity| entity.role == "object");
    add("object", object.map_or_else(String::new, |entity| entity.value.clone()));
    let value = object.or_else(|| finding.entities.first()).map_or_else(String::new, |entity| entity.value.clone());
    add("value", value);
    let details: Vec<String> = finding.args.iter().map(|(key, value)| format!("{key} = {value}")).collect();
    add("details", details.join(", "));
    args
}

/// Sentences of the whole story.
pub fn fill_chain(chain: &mut Chain, findings: &[Finding]) {
    chain.steps.iter_mut().for_each(|step| fill_step(step, findings));
    chain.gaps.iter_mut().for_each(fill_gap);
    let scope = &mut chain.scope;
    for items in [&mut scope.confirmed, &mut scope.accessed, &mut scope.cannot_exclude] {
        items.iter_mut().for_each(fill_scope_item);
    }
    chain.hypotheses.iter_mut().for_each(fill_hypothesis);
}

/// The step's own sentence, else that of its tactic with the title of its most serious finding.
pub fn fill_step(step: &mut Step, findings: &[Finding]) {
    let mut args = step.args.clone();
    args.entry("host".to_owned()).or_insert_with(|| step.host.clone());
    args.entry("actor".to_owned()).or_insert_with(|| step.actor.clone());
    let keys = [format!("steps.{}", step.key), format!("steps.tactic.{}", step.tactic), "steps.generic.title".to_owned()];
    let Some(key) = keys.into_iter().find(|key| Words::has(key)) else { return };
    let main = findings.iter().filter(|f| step.findings.contains(&f.id)).max_by(|a, b| {
        // The first of the most serious ones.
        a.level.cmp(&b.level).then_with(|| b.id.cmp(&a.id))
    });
    let with = |what: Option<String>| {
        let mut args = args.clone();
        if let Some(what) = what {
            args.entry("what".to_owned()).or_insert(what);
        }
        args
    };
    let ja_title = |f: &Finding| f.ja.as_ref().map(|ja| ja.title.clone()).filter(|title| !title.is_empty());
    set_if_empty(&mut step.title, Words::get(Lang::En, &key, &with(main.map(|f| f.title.clone()))));
    let what_ja = main.map(|f| ja_title(f).unwrap_or_else(|| f.title.clone()));
    set_if_empty(&mut step.title_ja, Words::get(Lang::Ja, &key, &with(what_ja)));
}

/// A gap's sentence and what to collect: by its key, else by its reason.
pub fn fill_gap(gap: &mut Gap) {
    let args = |lang| gap_args(gap, lang);
    let reason = reason(gap);
    let pick = |part: &str| {
        [format!("gaps.{}.{part}", gap.key), format!("gaps.{reason}.{part}"), format!("gaps.generic.{part}")]
            .into_iter()
            .find(|key| Words::has(key))
            .unwrap_or_default()
    };
    let (what, collect) = (pick("what"), pick("collect"));
    let (en, ja) = (args(Lang::En), args(Lang::Ja));
    set_if_empty(&mut gap.what, Words::get(Lang::En, &what, &en));
    set_if_empty(&mut gap.what_ja, Words::get(Lang::Ja, &what, &ja));
    set_if_empty(&mut gap.collect, Words::get(Lang::En, &collect, &en));
    set_if_empty(&mut gap.collect_ja, Words::get(Lang::Ja, &collect, &ja));
}

/// The log is called by its name in that language; a log that is no source of ours (a channel, a path) keeps its own.
fn gap_args(gap: &Gap, lang: Lang) -> Args {
    let mut args = gap.args.clone();
    let named = |part: &str| Words::raw(&format!("names.{}.{part}", gap.source)).map(|both| both.in_lang(lang).to_owned());
    args.insert("source".to_owned(), named("name").unwrap_or_else(|| gap.source.clone()));
    let mut add = |key: &str, value: &str| {
        args.entry(key.to_owned()).or_insert_with(|| value.to_owned());
    };
    add("how", &named("collect").unwrap_or_default());
    add("host", &gap.host);
    add("from", gap.from.as_deref().unwrap_or_default());
    add("to", gap.to.as_deref().unwrap_or_default());
    args
}

/// Reason of a gap as a key: `not-collected`.
pub(crate) fn reason(gap: &Gap) -> String {
    reason_key(gap.why)
}

pub(crate) fn reason_key(why: konseki_model::GapWhy) -> String {
    let written = serde_json::to_value(why).ok();
    written.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default().replace(' ', "-")
}

pub fn fill_scope_item(item: &mut ScopeItem) {
    let own = format!("scope.{}.why", item.key);
    let key = if Words::has(&own) { own } else { "scope.generic.why".to_owned() };
    set_if_empty(&mut item.why, Words::get(Lang::En, &key, &item.args));
    set_if_empty(&mut item.why_ja, Words::get(Lang::Ja, &key, &item.args));
}

/// A hypothesis brings its key as id, or as title.
pub fn fill_hypothesis(hypothesis: &mut Hypothesis) {
    let known = [&hypothesis.title, &hypothesis.id]
        .into_iter()
        .map(|key| format!("hypotheses.{key}"))
        .find(|key| Words::has(&format!("{key}.title")));
    let args = Args::from([("title".to_owned(), hypothesis.title.clone())]);
    let key = known.clone().unwrap_or_else(|| "hypotheses.generic".to_owned());
    if known.is_some() {
        hypothesis.title = Words::get(Lang::En, &format!("{key}.title"), &args);
    }
    let would = format!("{key}.would-decide");
    set_if_empty(&mut hypothesis.title_ja, Words::get(Lang::Ja, &format!("{key}.title"), &args));
    set_if_empty(&mut hypothesis.would_decide, Words::get(Lang::En, &would, &args));
    set_if_empty(&mut hypothesis.would_decide_ja, Words::get(Lang::Ja, &would, &args));
}
