//! The summary that the terminal shows at the end of a run: understood in ten seconds, at most 25 lines.

use konseki_model::{Finding, Level};

use crate::answer::{Tier, answer, place, start};
use crate::case::Case;
use crate::escape::{escape_terminal, shorten};
use crate::time::utc_seconds;
use crate::words::{Args, Lang, Words, count, duration_in};

const TOP: usize = 4;
const STEPS: usize = 8;
const LINE: usize = 110;

fn args(list: &[(&str, String)]) -> Args {
    list.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect()
}

/// A sentence of the summary with its values made harmless for a terminal.
fn say(lang: Lang, key: &str, list: &[(&str, String)]) -> String {
    Words::get(lang, &format!("summary.{key}"), &args(list))
}

fn title(lang: Lang, en: &str, ja: &str) -> String {
    escape_terminal(&shorten(if lang == Lang::Ja && !ja.is_empty() { ja } else { en }, LINE))
}

fn when(micros: Option<i64>, lang: Lang) -> String {
    micros.map_or_else(
        || Words::plain(lang, "page.no-time").to_owned(),
        |micros| {
            let text = utc_seconds(micros);
            text.strip_suffix(" UTC").map_or(text.clone(), |text| format!("{text}Z"))
        },
    )
}

/// Plain text without colour; every value from evidence is escaped for a terminal.
pub fn summary_text(case: &Case<'_>, lang: Lang) -> String {
    let answer = answer(case);
    let mut lines = Vec::new();
    let tier = Words::plain(lang, &format!("page.tier.{}", answer.tier.as_str()));
    lines.push(say(lang, "answer", &[("tier", format!("{} — {tier}", escape_terminal(case.name)))]));
    if let (Some(first), Some(last)) = (answer.first, answer.last) {
        lines.push(format!(
            "  {}",
            say(
                lang,
                "when",
                &[
                    ("first", utc_seconds(first)),
                    ("last", utc_seconds(last)),
                    ("length", duration_in(lang, (last - first) as f64 / 1e6)),
                    ("hosts", answer.hosts.len().to_string()),
                    ("accounts", answer.accounts.len().to_string()),
                ]
            )
        ));
    }
    lines.push(levels(&answer.levels, lang));
    top(case, lang, &mut lines);
    steps(case, lang, &mut lines);
    if matches!(answer.tier, Tier::Confirmed | Tier::Suspicious) {
        lines.push(data(case, lang));
    }
    lines.extend(mail(case, lang));
    lines.push(gaps(case, lang));
    lines.push(say(lang, "read", &[("pieces", count(answer.pieces)), ("records", count(answer.records))]));
    let unread = answer.rejected + answer.problems + answer.unrecognised > 0;
    lines.push(if unread {
        let values =
            [("rejected", count(answer.rejected)), ("problems", count(answer.problems)), ("unrecognised", count(answer.unrecognised))];
        say(lang, "unread", &values)
    } else {
        say(lang, "all-read", &[])
    });
    if !case.rules.unusable.is_empty() {
        lines.push(say(lang, "rules", &[("n", case.rules.unusable.len().to_string())]));
    }
    lines.push(say(lang, "report", &[("path", format!("{}/report/index.html", escape_terminal(case.name)))]));
    lines.join("\n") + "\n"
}

fn levels(levels: &[crate::answer::LevelCount], lang: Lang) -> String {
    let shown: Vec<String> = levels
        .iter()
        .filter(|level| level.findings > 0)
        .map(|level| {
            let name = Words::plain(lang, &format!("page.level.{}", level.level.as_str()));
            format!("{name} {}", count(level.findings))
        })
        .collect();
    match shown.is_empty() {
        true => say(lang, "no-findings", &[]),
        false => say(lang, "levels", &[("counts", shown.join(", "))]),
    }
}

/// One line for each of the most serious findings, unless the steps tell them.
fn top(case: &Case<'_>, lang: Lang, lines: &mut Vec<String>) {
    let mut list: Vec<&Finding> = case.findings.iter().filter(|f| f.level >= Level::Medium).collect();
    list.sort_by_key(|f| (std::cmp::Reverse(f.level), start(f).unwrap_or(i64::MAX), f.id.as_str()));
    let mut seen = std::collections::BTreeSet::new();
    list.retain(|f| seen.insert((f.rule.as_str(), place(f))));
    if list.is_empty() {
        return;
    }
    lines.push(say(lang, "top", &[]));
    for f in list.into_iter().take(TOP) {
        let ja = f.ja.as_ref().map_or("", |ja| ja.title.as_str());
        let level = Words::plain(lang, &format!("page.level.{}", f.level.as_str()));
        lines.push(format!("  {}  [{level}] {}{}", when(start(f), lang), title(lang, &f.title, ja), host(place(f), &f.title)));
    }
}

/// The host, where the title does not name it.
fn host(host: &str, title: &str) -> String {
    if host.is_empty() || title.contains(host) { String::new() } else { format!("  @{}", escape_terminal(host)) }
}

fn steps(case: &Case<'_>, lang: Lang, lines: &mut Vec<String>) {
    let steps = &case.chain.steps;
    if steps.is_empty() {
        return;
    }
    lines.push(say(lang, "steps", &[]));
    for step in steps.iter().take(STEPS) {
        let micros = step.micros.or_else(|| step.time.start.as_deref().and_then(crate::time::parse_rfc3339));
        let text = title(lang, &step.title, &step.title_ja);
        lines.push(format!("  {}  {} {text}{}", when(micros, lang), step.id, host(&step.host, &step.title)));
    }
    if steps.len() > STEPS {
        lines.push(format!("  {}", say(lang, "steps-more", &[("n", (steps.len() - STEPS).to_string())])));
    }
}

fn data(case: &Case<'_>, lang: Lang) -> String {
    let bounds = &case.chain.scope.bytes_out;
    let key = crate::page::bytes_key(bounds.at_least, bounds.at_most);
    let values = args(&[("least", bounds.at_least.to_string()), ("most", bounds.at_most.unwrap_or(0).to_string())]);
    say(lang, "data", &[("bytes", Words::get(lang, key, &values))])
}

/// One line for all mail systems that were in the intruder's hands.
fn mail(case: &Case<'_>, lang: Lang) -> Option<String> {
    let mail = &case.chain.scope.mail;
    let first = mail.first()?;
    let values = [
        ("host", escape_terminal(&first.host)),
        ("more", if mail.len() > 1 { (mail.len() - 1).to_string() } else { String::new() }),
        ("least", count(mail.iter().map(|one| one.at_least).sum())),
        ("most", count(mail.iter().map(|one| one.at_most).sum())),
    ];
    Some(say(lang, "mail", &values))
}

fn gaps(case: &Case<'_>, lang: Lang) -> String {
    let gaps = &case.chain.gaps;
    let first = gaps.iter().find(|gap| gap.step.is_some()).or(gaps.first());
    match first {
        Some(gap) => say(lang, "gaps", &[("n", gaps.len().to_string()), ("first", title(lang, &gap.what, &gap.what_ja))]),
        None => say(lang, "no-gaps", &[]),
    }
}
