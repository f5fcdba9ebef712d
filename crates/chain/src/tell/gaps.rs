//! What could not be seen: sources that a host of the story should have, logs that begin too late or fall silent, cleared
//! and unreadable logs, and what a product does not log by itself. Whether something happened there is not said.

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::time::rfc3339;
use konseki_model::{Fidelity, Finding, Gap, GapWhy, Level, Step};
use serde::Deserialize;

use super::{Coverage, DAY, HOUR, place};
use crate::names::host_key;

#[derive(Default, Deserialize)]
struct Expectations {
    #[serde(default)]
    role: Vec<Role>,
    /// Sources of the network, which no host has: asked for where no like source was collected at all.
    #[serde(default)]
    network: Vec<Expected>,
    /// Sources that no host must have: what they would show where they are.
    #[serde(default)]
    also: Vec<Expected>,
    /// What a product does not record by itself.
    #[serde(default)]
    unlogged: Vec<Unlogged>,
    /// Techniques that clear a log.
    #[serde(default)]
    cleared: Vec<Clears>,
    /// Sources whose first record has a meaning: logs that lose their oldest lines.
    #[serde(default)]
    logs: Vec<String>,
    /// Sources that stand at the border, where an intruder comes in.
    #[serde(default)]
    entry: Vec<String>,
}

/// Which sources a kind of host has, known by any of the sources that were collected from it.
#[derive(Deserialize)]
struct Role {
    known_by: Vec<String>,
    sources: Vec<Expected>,
}

#[derive(Deserialize)]
struct Expected {
    id: String,
    /// Technique ids that it would show; a parent stands for its children.
    shows: Vec<String>,
    /// Told only where a step of the story would be shown there, or something else of that product was collected.
    #[serde(default)]
    asked: bool,
    /// Any of these in its place is as good.
    #[serde(default)]
    or: Vec<String>,
    /// Sources of the systems whose orders it carries out, and techniques of such orders.
    #[serde(default)]
    ordered_by: Vec<String>,
    #[serde(default)]
    ordered: Vec<String>,
    /// Techniques that say that a step went another way, which leaves nothing there.
    #[serde(default)]
    unless: Vec<String>,
    /// Where a log server keeps a copy of it among others: it counts where a finding on that host stands in the copy.
    #[serde(default)]
    copy: Vec<String>,
}

impl Expected {
    fn would_show(&self, step: &Step) -> bool {
        of(step, &self.shows) && !of(step, &self.unless)
    }
}

/// One of these techniques; a parent stands for its children.
fn is_one_of(technique: &str, ids: &[String]) -> bool {
    ids.iter().any(|id| id == technique || technique.split('.').next() == Some(id))
}

fn of(step: &Step, ids: &[String]) -> bool {
    step.techniques.iter().any(|technique| is_one_of(technique, ids))
}

impl Expectations {
    /// The step is an order to such hosts, given on a system with these sources.
    fn orders(&self, source: &str, step: &Step, sources: &BTreeSet<&str>) -> bool {
        let all = self.role.iter().flat_map(|role| &role.sources);
        all.filter(|one| one.id == source && of(step, &one.ordered))
            .any(|one| sources.iter().any(|source| one.ordered_by.iter().any(|head| source.starts_with(head.as_str()))))
    }

    /// The source keeps what it writes for a time only, and would have shown such a step.
    fn could_show(&self, source: &str, step: &Step) -> bool {
        let is = |one: &&Expected| one.id == source || one.or.iter().any(|other| other == source);
        let all = self.role.iter().flat_map(|role| &role.sources).chain(&self.network).chain(&self.also);
        self.logs.iter().any(|log| log == source) && all.filter(is).any(|one| one.would_show(step))
    }
}

#[derive(Deserialize)]
struct Unlogged {
    source: String,
    technique: String,
}

/// `source`: the log it clears where the finding names none.
#[derive(Deserialize)]
struct Clears {
    technique: String,
    #[serde(default)]
    source: String,
}

/// Gaps of one reason that are told; a case that has more of them has one cause for all.
const MOST: usize = 60;

/// (host, source) -> techniques of findings that are cited from there.
type Cited<'f> = BTreeMap<(String, &'f str), BTreeSet<&'f str>>;

fn cited<'f>(findings: &'f [Finding], sources: &'f BTreeMap<String, String>) -> Cited<'f> {
    let mut cited = Cited::new();
    for finding in findings {
        let host = place(finding).map(host_key).unwrap_or_default();
        for source in finding.because.iter().filter_map(|because| sources.get(&because.evidence)) {
            let known = cited.entry((host.clone(), source.as_str())).or_default();
            known.extend(finding.techniques.iter().map(String::as_str));
        }
    }
    cited
}

/// `sources`: piece of evidence -> the source that read it.
pub(super) fn gaps(steps: &[Step], findings: &[Finding], coverage: &[Coverage], sources: &BTreeMap<String, String>) -> Vec<Gap> {
    let expected: Expectations = toml::from_str(include_str!("../../data/expect.toml")).unwrap_or_default();
    let window = (steps.iter().filter_map(|step| step.micros).min(), steps.iter().filter_map(|step| step.micros).max());
    let mut gaps = Vec::new();
    missing(&expected, (steps, &cited(findings, sources)), coverage, window, &mut gaps);
    rotated(&expected, steps, coverage, &mut gaps);
    unseen(&expected, steps, coverage, &mut gaps);
    silent(steps, coverage, window, &mut gaps);
    cleared(&expected, findings, coverage, &mut gaps);
    for one in coverage.iter().filter(|one| one.unreadable > 0 && one.first.is_none()) {
        gaps.push(gap(GapWhy::Unreadable, &one.host, &one.source, "", (None, None), None));
    }
    // Text of no known source places nothing in the story.
    for one in coverage.iter().filter(|one| one.unsure && !steps.is_empty() && one.source != "text/plain") {
        gaps.push(gap(GapWhy::ClockUnknown, &one.host, &one.source, "", (text(one.first), text(one.last)), None));
    }
    for one in &expected.unlogged {
        for step in steps.iter().filter(|step| step.techniques.contains(&one.technique)).take(1) {
            let at = step.micros;
            let key = format!("not-logged-{}", one.technique.to_lowercase());
            gaps.push(gap(GapWhy::NotLogged, &step.host, &one.source, &key, (text(at), text(at)), Some(step)));
        }
    }
    let mut seen = BTreeSet::new();
    gaps.retain(|gap| seen.insert((gap.source.clone(), host_key(&gap.host), gap.why, gap.from.clone())));
    let mut counts: BTreeMap<GapWhy, usize> = BTreeMap::new();
    gaps.retain(|gap| {
        let count = counts.entry(gap.why).or_default();
        *count += 1;
        *count <= MOST
    });
    for (index, gap) in gaps.iter_mut().enumerate() {
        gap.id = format!("G{:02}", index + 1);
    }
    gaps
}

fn text(micros: Option<i64>) -> Option<String> {
    micros.map(|micros| rfc3339(micros, Fidelity::Second))
}

/// `vmware/esxi_getallvms` stands for `vmware/esxi_`, and a form of Windows events for the other.
fn has(sources: &BTreeSet<&str>, expected: &Expected) -> bool {
    sources.contains(expected.id.as_str()) || expected.or.iter().any(|other| sources.contains(other.as_str()))
}

fn shown<'s>(steps: &'s [Step], host: Option<&str>, expected: &Expected) -> Option<&'s Step> {
    steps.iter().find(|step| host.is_none_or(|host| host_key(&step.host) == host) && expected.would_show(step))
}

/// A copy of the log holds what it would show of this host.
fn copied(one: &Expected, host: &str, cited: &Cited<'_>) -> bool {
    let copies = one.copy.iter().filter_map(|copy| cited.get(&(host.to_owned(), copy.as_str())));
    copies.flatten().any(|technique| is_one_of(technique, &one.shows))
}

fn missing(
    expected: &Expectations,
    (steps, cited): (&[Step], &Cited<'_>),
    coverage: &[Coverage],
    window: (Option<i64>, Option<i64>),
    gaps: &mut Vec<Gap>,
) {
    let mut have: BTreeMap<String, (String, BTreeSet<&str>)> = BTreeMap::new();
    let mut all: BTreeSet<&str> = BTreeSet::new();
    for one in coverage {
        all.insert(&one.source);
        if !one.host.is_empty() {
            have.entry(host_key(&one.host)).or_insert_with(|| (one.host.clone(), BTreeSet::new())).1.insert(&one.source);
        }
    }
    // A host that the story names and nothing was collected from.
    for step in steps.iter().filter(|step| !step.host.is_empty() && crate::names::ip(&step.host).is_none()) {
        have.entry(host_key(&step.host)).or_insert_with(|| (step.host.clone(), BTreeSet::new()));
    }
    let range = (text(window.0), text(window.1));
    for (key, (host, sources)) in &have {
        let fits = |role: &&Role| sources.iter().any(|source| role.known_by.iter().any(|head| source.starts_with(head.as_str())));
        for role in expected.role.iter().filter(fits) {
            for one in role.sources.iter().filter(|one| !has(sources, one) && !copied(one, key, cited)) {
                gaps.push(gap(GapWhy::NotCollected, host, &one.id, "", range.clone(), shown(steps, Some(key), one)));
            }
        }
    }
    let spoken = |one: &Expected| {
        let product = all.iter().any(|source| source.split('/').next() == one.id.split('/').next());
        !one.asked || product || shown(steps, None, one).is_some()
    };
    for one in expected.network.iter().filter(|one| !has(&all, one) && spoken(one)) {
        gaps.push(gap(GapWhy::NotCollected, "", &one.id, "", range.clone(), shown(steps, None, one)));
    }
}

/// A log begins after a step that it would have shown: what came before was rotated away, or was not collected.
fn rotated(expected: &Expectations, steps: &[Step], coverage: &[Coverage], gaps: &mut Vec<Gap>) {
    let keys: Vec<String> = steps.iter().map(|step| host_key(&step.host)).collect();
    let mut having: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut sources: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for one in coverage {
        having.entry(&one.source).or_default().insert(host_key(&one.host));
        sources.entry(host_key(&one.host)).or_default().insert(&one.source);
    }
    for one in coverage {
        let Some(first) = one.first else { continue };
        let key = host_key(&one.host);
        let early = |step: &Step, by: i64| step.micros.is_some_and(|at| at + by < first);
        let before = |step: &Step, by: i64| early(step, by) && expected.could_show(&one.source, step);
        let mut all = steps.iter().zip(&keys);
        let own = all.find(|(step, host)| !key.is_empty() && **host == key && before(step, HOUR)).map(|(step, _)| step);
        // Where the like of it happened long before the log begins, on a host that has such a log or before a sensor, its
        // own part may have been lost.
        let sensor = one.source.starts_with(super::sensor::WATCHES);
        let alike = |host: &String| sensor || having.get(one.source.as_str()).is_some_and(|hosts| hosts.contains(host));
        let elsewhere = || steps.iter().zip(&keys).find(|(step, host)| alike(host) && before(step, DAY)).map(|(step, _)| step);
        // What was ordered of a host, it wrote down, too.
        let ordered = || {
            let order = |step: &Step, host: &String| sources.get(host).is_some_and(|sources| expected.orders(&one.source, step, sources));
            steps.iter().zip(&keys).find(|(step, host)| early(step, HOUR) && order(step, host)).map(|(step, _)| step)
        };
        if let Some(step) = own.or_else(elsewhere).or_else(ordered) {
            gaps.push(gap(GapWhy::Rotated, &one.host, &one.source, "", (text(step.micros), text(Some(first))), own));
        }
    }
}

/// How he came in is not among the steps: it lies before the first line of the logs at the border, or in none of them.
fn unseen(expected: &Expectations, steps: &[Step], coverage: &[Coverage], gaps: &mut Vec<Gap>) {
    if steps.is_empty() || steps.iter().any(|step| step.tactic == "initial-access") {
        return;
    }
    for one in coverage.iter().filter(|one| expected.entry.contains(&one.source)) {
        if let Some(first) = one.first {
            gaps.push(gap(GapWhy::Rotated, &one.host, &one.source, "", (None, text(Some(first))), None));
        }
    }
}

/// A source that wrote in nearly every bucket, and then in none for much longer than it ever did.
fn silent(steps: &[Step], coverage: &[Coverage], window: (Option<i64>, Option<i64>), gaps: &mut Vec<Gap>) {
    let (Some(from), Some(to)) = window else { return };
    for one in coverage.iter().filter(|one| one.width > 0 && one.buckets.len() >= 48) {
        let written = one.buckets.iter().filter(|count| **count > 0).count();
        if written * 10 < one.buckets.len() * 7 {
            continue;
        }
        let least = (6 * HOUR / one.width).max(1) as usize;
        let mut runs = Vec::new();
        let mut start = None;
        for (at, count) in one.buckets.iter().chain([&1]).enumerate() {
            match (*count, start) {
                (0, None) => start = Some(at),
                (0, Some(_)) | (_, None) => {}
                (_, Some(begin)) => {
                    runs.push((at - begin, begin));
                    start = None;
                }
            }
        }
        runs.sort_unstable_by(|a, b| b.cmp(a));
        // Nights and weekends are as long as each other; a silence that stands alone is longer than all of them.
        let usual = runs.get(1).map_or(1, |run| run.0);
        let Some((length, begin)) = runs.first().copied().filter(|(length, _)| *length >= least && *length >= usual * 2) else { continue };
        let (a, b) = (one.start + begin as i64 * one.width, one.start + (begin + length) as i64 * one.width);
        if b < from - DAY || a > to + DAY {
            continue;
        }
        let hides = steps
            .iter()
            .find(|step| host_key(&step.host) == host_key(&one.host) && step.micros.is_some_and(|at| (a - HOUR..=b + HOUR).contains(&at)));
        gaps.push(gap(GapWhy::Silent, &one.host, &one.source, "", (text(Some(a)), text(Some(b))), hides));
    }
}

/// What a copy made before still holds is not lost.
fn kept_until(coverage: &[Coverage], host: &str, source: &str, at: Option<i64>) -> Option<String> {
    let family = source.split('/').next().filter(|family| !family.is_empty())?;
    let at = at?;
    let own = coverage.iter().filter(|one| host_key(&one.host) == host_key(host) && one.source.split('/').next() == Some(family));
    let last = |one: &Coverage| {
        let (now, buckets) = (usize::try_from((at - one.start).checked_div(one.width)?).ok()?, &one.buckets);
        let written = buckets.iter().take(now).rposition(|count| *count > 0)?;
        Some(one.start + (written as i64 + 1) * one.width)
    };
    text(own.filter_map(|one| one.last.filter(|last| *last < at).or_else(|| last(one))).max())
}

fn cleared(expected: &Expectations, findings: &[Finding], coverage: &[Coverage], gaps: &mut Vec<Gap>) {
    for finding in findings.iter().filter(|finding| finding.level >= Level::Low) {
        let Some(clears) = expected.cleared.iter().find(|clears| finding.techniques.contains(&clears.technique)) else { continue };
        let log = super::entity(finding, konseki_model::EntityKind::Service);
        let path = finding.because.first().map(|because| because.path.as_str());
        let names = [finding.args.get("source").map(String::as_str), log, Some(clears.source.as_str()), path];
        let source = names.into_iter().flatten().find(|name| !name.is_empty()).unwrap_or_default();
        let host = place(finding).unwrap_or_default();
        let from = kept_until(coverage, host, source, finding.micros);
        gaps.push(gap(GapWhy::LogCleared, host, source, "", (from, finding.time.start.clone()), None));
    }
}

fn gap(why: GapWhy, host: &str, source: &str, key: &str, (from, to): (Option<String>, Option<String>), step: Option<&Step>) -> Gap {
    let mut args = BTreeMap::from([("source".to_owned(), source.to_owned()), ("host".to_owned(), host.to_owned())]);
    for (name, value) in [("from", &from), ("to", &to)] {
        args.extend(value.iter().map(|value| (name.to_owned(), value.clone())));
    }
    Gap {
        id: String::new(),
        what: String::new(),
        source: source.to_owned(),
        host: host.to_owned(),
        from,
        to,
        why,
        collect: String::new(),
        what_ja: String::new(),
        collect_ja: String::new(),
        step: step.map(|step| step.id.clone()),
        key: key.to_owned(),
        args,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_log_that_may_begin_too_late_shows_something() {
        let expected: Expectations = toml::from_str(include_str!("../../data/expect.toml")).unwrap();
        let all = || expected.role.iter().flat_map(|role| &role.sources).chain(&expected.network).chain(&expected.also);
        assert!(expected.logs.len() > 20);
        for log in &expected.logs {
            let mut own = all().filter(|one| &one.id == log || one.or.contains(log));
            assert!(own.any(|one| !one.shows.is_empty()), "{log} shows nothing");
        }
        assert!(expected.entry.iter().all(|entry| expected.logs.contains(entry)));
    }
}
