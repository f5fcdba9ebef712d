//! Hits of pieces become findings of the case: folded by rule, host, actor and day, with ids that never change.

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::time::{Offset, rfc3339};
use konseki_model::{Basis, Entity, EntityKind, Fidelity, Finding, FindingKind, FindingTime, Level};
use konseki_store::Corrections;

use crate::detect::{Detector, RuleWords};
use crate::journal::{Hit, Outcome};
use crate::tally::PLACES;

const DAY: i64 = 86_400_000_000;

/// All findings of rules, YARA and indicators, by the clocks as they are known now; sorted by id.
///
/// # Errors
/// See [`Outcome::matched`].
pub fn findings<'a>(
    outcomes: impl Iterator<Item = &'a Outcome>,
    detector: &Detector,
    corrections: &Corrections,
) -> std::io::Result<Vec<Finding>> {
    let mut folded: BTreeMap<(String, String, String, String, i64), Hit> = BTreeMap::new();
    for outcome in outcomes {
        let id = crate::evidence_id(&outcome.sha256);
        for hit in outcome.matched()?.hits.into_iter().map(|hit| moved(hit, &id, corrections)) {
            // Hosts are named late by some pieces; hits then carry what the piece said at its end.
            let host = if hit.host.is_empty() { outcome.host.clone() } else { hit.host.clone() };
            let day = hit.first.map_or(i64::MIN, |micros| micros.div_euclid(DAY));
            let key = (hit.engine.clone(), hit.rule.clone(), host.clone(), hit.actor.clone(), day);
            match folded.get_mut(&key) {
                None => {
                    folded.insert(key, Hit { host, ..hit });
                }
                Some(known) => merge(known, hit),
            }
        }
    }
    let mut all: Vec<Finding> = folded.into_values().map(|hit| finding(&hit, detector.words(&hit.engine, &hit.rule))).collect();
    all.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(all)
}

fn moved(hit: Hit, evidence: &str, corrections: &Corrections) -> Hit {
    let shift = |micros: i64| micros + corrections.shift(evidence, micros, hit.offset);
    let who = corrections.zone(evidence).filter(|_| matches!(hit.offset, Some(Offset::Taken(_))));
    let basis = who.zip(Basis::parse(&hit.basis)).map_or(hit.basis.as_str(), |(who, basis)| basis.told_by(who).as_str());
    Hit { first: hit.first.map(shift), last: hit.last.map(shift), basis: basis.to_owned(), ..hit }
}

fn merge(known: &mut Hit, hit: Hit) {
    known.count += hit.count;
    known.first = known.first.into_iter().chain(hit.first).min();
    known.last = known.last.into_iter().chain(hit.last).max();
    known.because.extend(hit.because);
    known.because.sort();
    known.because.dedup();
    known.because.truncate(PLACES);
    known.entities.extend(hit.entities);
    for (name, value) in hit.args {
        known.args.entry(name).or_insert(value);
    }
}

/// A time as findings hold it.
pub fn finding_time(first: Option<i64>, last: Option<i64>, fidelity: &str, basis: &str) -> FindingTime {
    let fine = Fidelity::parse(fidelity).unwrap_or(Fidelity::Second);
    FindingTime {
        start: first.map(|micros| rfc3339(micros, fine)),
        end: last.map(|micros| rfc3339(micros, fine)),
        fidelity: fidelity.to_owned(),
        basis: basis.to_owned(),
    }
}

/// `F` and 12 digits of a hash over what makes the finding itself.
pub fn finding_id(parts: &[&str]) -> String {
    let hash = crate::sha256(parts.join("\u{1f}").as_bytes());
    format!("F{}", hash.get(..12).unwrap_or(&hash))
}

fn finding(hit: &Hit, words: RuleWords) -> Finding {
    let place = hit.because.first().map(|b| format!("{}:{}:{}", b.evidence, b.at.unit(), b.at.number())).unwrap_or_default();
    let id = finding_id(&[&hit.engine, &hit.rule, &hit.host, &hit.actor, &place]);
    let mut entities: BTreeSet<_> = hit.entities.clone();
    // A rule over bytes knows the file only; whose it is stands with the piece.
    if hit.engine == "yara" && !hit.host.is_empty() && !entities.iter().any(|e| e.kind == EntityKind::Host) {
        entities.insert(Entity::new(EntityKind::Host, hit.host.clone(), "where"));
    }
    while entities.len() > 24 {
        entities.pop_last();
    }
    Finding {
        id,
        rule: words.id,
        title: words.title,
        level: words.level,
        confidence: confidence(words.level, &hit.engine),
        kind: FindingKind::Observed,
        time: finding_time(hit.first, hit.last, &hit.fidelity, &hit.basis),
        techniques: words.techniques,
        tactics: words.tactics,
        entities: entities.into_iter().collect(),
        because: hit.because.clone(),
        count: hit.count,
        why: words.why,
        disproof: words.disproof,
        args: hit.args.clone(),
        ja: words.ja,
        engine: hit.engine.clone(),
        micros: hit.first,
    }
}

/// A rule's level is its author's judgement of how often it is right.
fn confidence(level: Level, engine: &str) -> f64 {
    let base = match level {
        Level::Critical => 0.9,
        Level::High => 0.8,
        Level::Medium => 0.6,
        Level::Low => 0.4,
        Level::Informational => 0.2,
    };
    if engine == "indicator" { 0.7 } else { base }
}
