//! Sigma rules of the detection crate and indicator lists, as the pipeline asks them.

use std::collections::BTreeMap;

use konseki_detection::{CorrelationFields, Correlator, Indicators, LogSource, Routing, RuleMeta, RuleSet};
use konseki_model::finding::Words;
use konseki_model::{Because, Entity, EntityKind, Event, Finding, FindingKind, Level, Problem, ProblemKind};
use konseki_sources::Description;
use konseki_store::Corrections;

use crate::detect::{Match, RuleWords};
use crate::fold;
use crate::journal::{Correlated, Outcome};
use crate::views::RuleLine;

/// Room reused from event to event.
#[derive(Default)]
pub struct Scratch {
    rules: konseki_detection::Scratch,
    text: Vec<u8>,
}

/// Rules and lists of one run.
pub struct Engine {
    set: RuleSet,
    engine: konseki_detection::Engine,
    /// Rule id -> its index.
    ids: BTreeMap<String, usize>,
    /// Rules that correlations count.
    counted: Vec<bool>,
    /// What is kept of an event that a correlation counts.
    grouped: CorrelationFields,
    indicators: Indicators,
}

/// Do the lists hold hashes shorter than SHA-256?
pub fn wants_short_hashes(lists: &[(String, Vec<u8>)]) -> bool {
    let indicators = Indicators::load(lists);
    let hashes = indicators.all().iter().filter(|one| one.kind == konseki_detection::IndicatorKind::Hash);
    hashes.map(|one| one.value.len()).any(|length| length < 64)
}

/// What every source provides, in the order of the list; the fallback for plain text is last.
fn routing() -> Routing {
    let mut routing = Routing::default();
    for entry in konseki_sources::all().iter().chain([konseki_sources::plain()]) {
        let provides = Description::parse(entry.about).map(|about| about.logsource).unwrap_or_default();
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        routing.add(provides.iter().map(|one| LogSource::new(&text(&one.product), &text(&one.category), &text(&one.service))).collect());
    }
    routing
}

impl Engine {
    pub fn build(files: &[(String, Vec<u8>)], lists: &[(String, Vec<u8>)], threads: usize) -> (Self, Vec<(String, u64, String)>) {
        let set: RuleSet = konseki_detection::load_files(files, threads);
        let mut unusable: Vec<(String, u64, String)> =
            set.unusable.iter().map(|one| (one.file.clone(), u64::from(one.line), one.reason.clone())).collect();
        for twice in &set.duplicates {
            let reason = format!("the id {} stands in {} already; that one is used", twice.id, twice.first_file);
            unusable.push((twice.file.clone(), u64::from(twice.line), reason));
        }
        let ids = set.rules.iter().enumerate().map(|(index, rule)| (rule.meta.id.clone(), index)).collect();
        let indicators = Indicators::load(lists);
        unusable.extend(indicators.unusable.iter().map(|one| (one.file.clone(), u64::from(one.line), one.reason.clone())));
        let grouped = CorrelationFields::new(&set);
        let engine = konseki_detection::Engine::build(&set, &routing());
        let correlator = Correlator::new(&set);
        let counted = (0..set.rules.len()).map(|rule| correlator.wants(rule)).collect();
        (Self { set, engine, ids, counted, grouped, indicators }, unusable)
    }

    /// What fires on an event, and the rules among it that correlations count.
    pub fn event(&self, source: usize, event: &Event<'_>, scratch: &mut Scratch) -> (Vec<Match>, Vec<String>) {
        let (mut all, mut counted) = (Vec::new(), Vec::new());
        self.engine.matches(source, event, &mut scratch.rules, |hit| {
            let Some(rule) = self.set.rules.get(hit.rule) else { return };
            if self.counted.get(hit.rule).copied().unwrap_or(false) {
                counted.push(rule.meta.id.clone());
            }
            if rule.reports {
                let values = hit.matched().take(8).map(|one| (one.field.to_owned(), one.value.to_owned())).collect();
                all.push(Match { engine: "sigma", rule: rule.meta.id.clone(), values, args: BTreeMap::new() });
            }
        });
        // The first indicator tells; an event that holds several is one event.
        let mut first = None;
        self.indicators.matches(event, &mut scratch.text, |hit| {
            first.get_or_insert((hit.indicator, hit.field, hit.value));
        });
        if let Some((indicator, field, value)) = first {
            let values = vec![(field.to_owned(), value.to_owned())];
            all.push(Match { engine: "indicator", rule: "indicator-event".to_owned(), values, args: indicator_args(indicator) });
        }
        (all, counted)
    }

    pub fn group_fields(&self, event: &Event<'_>) -> Vec<(String, String)> {
        self.grouped.of(event)
    }

    /// What a list says of a file hash.
    pub fn hash(&self, hash: &str) -> Option<BTreeMap<String, String>> {
        self.indicators.hash(hash).next().map(indicator_args)
    }

    pub fn words(&self, engine: &str, rule: &str) -> RuleWords {
        if engine == "indicator" {
            return RuleWords {
                id: rule.to_owned(),
                title: String::new(),
                level: Level::High,
                techniques: Vec::new(),
                tactics: Vec::new(),
                why: String::new(),
                disproof: String::new(),
                ja: None,
            };
        }
        let correlation = || self.set.correlations.iter().map(|one| &one.meta).find(|meta| meta.id == rule);
        let meta = self.ids.get(rule).and_then(|index| self.set.rules.get(*index)).map(|rule| &rule.meta).or_else(correlation);
        let Some(meta) = meta else {
            return RuleWords {
                id: rule.to_owned(),
                title: rule.to_owned(),
                level: Level::Low,
                techniques: Vec::new(),
                tactics: Vec::new(),
                why: String::new(),
                disproof: String::new(),
                ja: None,
            };
        };
        words(meta)
    }

    /// Conclusions of correlations over all pieces, in the order of time whatever the order of reading.
    /// Times are those of corrected clocks. Beside the findings: what was beyond a bound, as problems.
    ///
    /// # Errors
    /// See [`Outcome::matched`].
    pub fn correlate<'a>(
        &self,
        outcomes: impl Iterator<Item = &'a Outcome>,
        corrections: &Corrections,
    ) -> std::io::Result<(Vec<Finding>, Vec<Problem>)> {
        let mut seen: Vec<(Correlated, String)> = Vec::new();
        for outcome in outcomes {
            let id = crate::evidence_id(&outcome.sha256);
            seen.extend(outcome.matched()?.correlated.into_iter().map(|one| (one, id.clone())));
        }
        let time = |one: &Correlated, id: &str| one.micros + corrections.shift(id, one.micros, one.offset);
        seen.sort_by_cached_key(|(one, id)| (time(one, id), id.clone(), one.at));
        let mut correlator = Correlator::new(&self.set);
        for (tag, (one, id)) in seen.iter().enumerate() {
            for rule in one.rules.iter().filter_map(|id| self.ids.get(id)) {
                correlator.push(*rule, time(one, id), tag as u64, &one.fields);
            }
        }
        let concluded = correlator.finish();
        let problems = self.beyond(&concluded);
        let mut findings = Vec::new();
        for conclusion in concluded.all {
            let Some(correlation) = self.set.correlations.get(conclusion.correlation).filter(|one| one.reports) else { continue };
            let events: Vec<&(Correlated, String)> =
                conclusion.tags.iter().filter_map(|tag| seen.get(usize::try_from(*tag).unwrap_or(usize::MAX))).collect();
            findings.push(finding(&correlation.meta, &conclusion, &events));
        }
        Ok((findings, problems))
    }

    /// What correlations did not look at.
    fn beyond(&self, concluded: &konseki_detection::Conclusions) -> Vec<Problem> {
        let problem = |count: u64, text: String| Problem { count, ..Problem::new(ProblemKind::Bound, None, text) };
        let name = |at: &usize| self.set.correlations.get(*at).map(|one| one.meta.title.clone()).unwrap_or_default();
        let mut out = Vec::new();
        if concluded.samples_dropped > 0 {
            out.push(problem(concluded.samples_dropped, "matches that no correlation looked at: more than fit".to_owned()));
        }
        let groups = concluded.groups_dropped.iter();
        out.extend(groups.map(|(at, count)| problem(*count, format!("correlation `{}`: groups beyond its bound", name(at)))));
        let ungrouped = concluded.ungrouped.iter();
        out.extend(
            ungrouped.map(|(at, count)| problem(*count, format!("correlation `{}`: matches without a field that it groups by", name(at)))),
        );
        out
    }

    pub fn len(&self) -> u64 {
        (self.set.rules.len() + self.set.correlations.len()) as u64
    }

    pub fn list(&self) -> Vec<RuleLine> {
        let rules = self.set.rules.iter().map(|rule| ("sigma", &rule.meta));
        let correlations = self.set.correlations.iter().map(|one| ("correlation", &one.meta));
        rules
            .chain(correlations)
            .map(|(engine, meta)| RuleLine {
                id: meta.id.clone(),
                level: meta.level.as_str().to_owned(),
                title: meta.title.clone(),
                title_ja: meta.ja.as_ref().map(|ja| ja.title.clone()).unwrap_or_default(),
                engine: engine.to_owned(),
                techniques: meta.techniques.clone(),
            })
            .collect()
    }
}

fn words(meta: &RuleMeta) -> RuleWords {
    let ja = meta.ja.as_ref().map(|ja| Words { title: ja.title.clone(), why: ja.description.clone(), disproof: String::new() });
    RuleWords {
        id: meta.id.clone(),
        title: meta.title.clone(),
        level: meta.level,
        techniques: meta.techniques.clone(),
        tactics: meta.tactics.clone(),
        why: meta.description.clone(),
        disproof: meta.falsepositives.join("; "),
        ja,
    }
}

/// A conclusion with the events it rests on.
fn finding(meta: &RuleMeta, conclusion: &konseki_detection::Conclusion, events: &[&(Correlated, String)]) -> Finding {
    let words = words(meta);
    let group: Vec<String> = conclusion.group.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let because: Vec<Because> = events
        .iter()
        .map(|(one, id)| Because {
            evidence: id.clone(),
            path: String::new(),
            at: one.at,
            excerpt: one.excerpt.clone(),
            encoding: one.encoding.clone(),
        })
        .collect();
    let start = conclusion.start.to_string();
    let mut hosts: Vec<&str> = events.iter().map(|(one, _)| one.host.as_str()).filter(|host| !host.is_empty()).collect();
    hosts.sort_unstable();
    hosts.dedup();
    Finding {
        id: fold::finding_id(&["correlation", &meta.id, &group.join("|"), &start]),
        rule: words.id,
        title: words.title,
        level: words.level,
        confidence: 0.6,
        kind: FindingKind::Inferred,
        time: fold::finding_time(Some(conclusion.start), Some(conclusion.end), "microsecond", "format"),
        techniques: words.techniques,
        tactics: words.tactics,
        entities: hosts.into_iter().map(|host| Entity::new(EntityKind::Host, host, "where")).collect(),
        because,
        count: conclusion.count,
        why: words.why,
        disproof: words.disproof,
        args: BTreeMap::from([("group".to_owned(), group.join(", "))]),
        ja: words.ja,
        engine: "correlation".to_owned(),
        micros: Some(conclusion.start),
    }
}

fn indicator_args(indicator: &konseki_detection::Indicator) -> BTreeMap<String, String> {
    // The list by its name: where it lay on the analyst's disk is no part of a result.
    let list = indicator.list.rsplit(['/', '\\']).next().unwrap_or_default();
    [("value", indicator.value.as_str()), ("list", list), ("comment", &indicator.comment)]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// A rule file against events that must match and events that must not. Each failure is a sentence.
pub fn test(name: &str, rule: &[u8], hit: &[u8], miss: &[u8]) -> Vec<String> {
    let index = |id: &str| konseki_sources::all().iter().position(|entry| entry.id == id);
    let failures = konseki_detection::test_rule(rule, hit, miss, &routing(), index);
    failures.into_iter().map(|one| format!("{name}: {} line {}: {}", one.file, one.line, one.reason)).collect()
}
