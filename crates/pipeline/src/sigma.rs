//! Sigma rules of the detection crate and indicator lists, as the pipeline asks them.

use std::collections::BTreeMap;

use konseki_detection::{LogSource, Routing, RuleSet, Simple};
use konseki_model::finding::Words;
use konseki_model::{At, Event, Field, Finding, Kind, Level};
use konseki_sources::Description;

use crate::detect::{Match, RuleWords};
use crate::indicators::Indicators;
use crate::journal::Outcome;
use crate::views::RuleLine;

/// Room reused from event to event.
#[derive(Default)]
pub struct Scratch {}

/// Rules and lists of one run.
pub struct Engine {
    rules: Simple,
    /// Rule id -> its index.
    ids: BTreeMap<String, usize>,
    indicators: Indicators,
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
    pub fn build(files: &[(String, Vec<u8>)], lists: &[(String, Vec<u8>)]) -> (Self, Vec<(String, u64, String)>) {
        let set: RuleSet = konseki_detection::load_files(files);
        let mut unusable: Vec<(String, u64, String)> =
            set.unusable.iter().map(|one| (one.file.clone(), u64::from(one.line), one.reason.clone())).collect();
        for correlation in &set.correlations {
            let reason = "correlation: read and checked, not evaluated by this version".to_owned();
            unusable.push((correlation.meta.file.clone(), u64::from(correlation.meta.line), reason));
        }
        for twice in &set.duplicates {
            let reason = format!("the id {} stands in {} already; that one is used", twice.id, twice.first_file);
            unusable.push((twice.file.clone(), u64::from(twice.line), reason));
        }
        let ids = set.rules.iter().enumerate().map(|(index, rule)| (rule.meta.id.clone(), index)).collect();
        let (indicators, bad) = Indicators::load(lists);
        unusable.extend(bad);
        (Self { rules: Simple::build(set, &routing()), ids, indicators }, unusable)
    }

    pub fn event(&self, source: usize, event: &Event<'_>, _scratch: &mut Scratch) -> (Vec<Match>, Vec<String>) {
        let mut all = Vec::new();
        for fired in self.rules.event(source, event) {
            let Some(rule) = self.rules.rule(fired.rule).filter(|rule| rule.reports) else { continue };
            all.push(Match { engine: "sigma", rule: rule.meta.id.clone(), values: fired.values, args: BTreeMap::new() });
        }
        if let Some((field, value, list, comment)) = self.indicators.event(event) {
            let args = BTreeMap::from([("value".to_owned(), value), ("list".to_owned(), list), ("comment".to_owned(), comment)]);
            let values = event.field(&field).map(|text| vec![(field.clone(), text.to_owned())]).unwrap_or_default();
            all.push(Match { engine: "indicator", rule: "indicator-event".to_owned(), values, args });
        }
        (all, Vec::new())
    }

    pub fn group_fields(&self, _event: &Event<'_>) -> Vec<(String, String)> {
        Vec::new()
    }

    /// The list and comment of a file hash.
    pub fn hash(&self, hash: &str) -> Option<(String, String)> {
        self.indicators.hash(hash)
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
        let meta = self.ids.get(rule).and_then(|index| self.rules.rule(*index)).map(|rule| &rule.meta);
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

    pub fn correlate<'a>(&self, _outcomes: impl Iterator<Item = &'a Outcome>) -> Vec<Finding> {
        Vec::new()
    }

    pub fn len(&self) -> u64 {
        self.rules.rules().rules.len() as u64
    }

    pub fn list(&self) -> Vec<RuleLine> {
        let rules = self.rules.rules().rules.iter().map(|rule| &rule.meta);
        rules
            .map(|meta| RuleLine {
                id: meta.id.clone(),
                level: meta.level.as_str().to_owned(),
                title: meta.title.clone(),
                title_ja: meta.ja.as_ref().map(|ja| ja.title.clone()).unwrap_or_default(),
                engine: "sigma".to_owned(),
                techniques: meta.techniques.clone(),
            })
            .collect()
    }
}

/// A rule file against events that must match and events that must not. Each failure is a sentence.
pub fn test(name: &str, rule: &[u8], hit: &[u8], miss: &[u8]) -> Vec<String> {
    let set = konseki_detection::load_files(&[(name.to_owned(), rule.to_vec())]);
    let mut failures: Vec<String> = set.unusable.iter().map(|one| format!("{name}:{}: {}", one.line, one.reason)).collect();
    let engine = Simple::build(set, &routing());
    for (bytes, wanted) in [(hit, true), (miss, false)] {
        let text = String::from_utf8_lossy(bytes);
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            match sample(&engine, line) {
                Err(why) => failures.push(format!("{name}: sample line {}: {why}", number + 1)),
                Ok(fired) if fired == wanted => {}
                Ok(true) => failures.push(format!("{name}: fires on line {} of the samples that must not match", number + 1)),
                Ok(false) => failures.push(format!("{name}: does not fire on line {} of the samples that must match", number + 1)),
            }
        }
    }
    failures
}

fn sample(engine: &Simple, line: &str) -> Result<bool, String> {
    let object: BTreeMap<String, serde_json::Value> = serde_json::from_str(line).map_err(|error| error.to_string())?;
    let pairs: Vec<(String, String)> =
        object.into_iter().map(|(name, value)| (name, value.as_str().map_or_else(|| value.to_string(), str::to_owned))).collect();
    let source = pairs.iter().find(|(name, _)| name == "_source").map(|(_, id)| id.clone()).unwrap_or_default();
    let all = konseki_sources::all();
    let index = all.iter().position(|entry| entry.id == source).ok_or_else(|| format!("no source `{source}`"))?;
    let fields: Vec<Field<'_>> = pairs.iter().filter(|(name, _)| name != "_source").map(|(n, v)| Field::new(n, v)).collect();
    let event = Event {
        at: At::Line(1),
        time: None,
        kind: Kind::Other,
        core: konseki_model::Core::default(),
        fields: &fields,
        raw: line.as_bytes(),
    };
    Ok(!engine.event(index, &event).is_empty())
}
