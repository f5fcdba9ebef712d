//! `replay`: the detections of a package over somebody else's evidence, step by step: seen, not seen, could not be seen.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use konseki_detection::LogSource;
use konseki_model::{Finding, Intake};
use konseki_report::{Lang, Words};
use konseki_sources::Description;
use serde::{Deserialize, Serialize};

use crate::{Error, Progress, Request, investigate};

/// Whether a step of the package is in the evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seen {
    Seen,
    /// A source that would have shown it was there and read.
    NotSeen,
    /// No source that could show it was in the evidence.
    NoSource,
    /// The package brings no detection for it.
    NoDetection,
}

/// The word for people.
pub fn seen_word(seen: Seen, japanese: bool) -> &'static str {
    let key = match seen {
        Seen::Seen => "seen",
        Seen::NotSeen => "not-seen",
        Seen::NoSource => "no-source",
        Seen::NoDetection => "no-detection",
    };
    Words::plain(if japanese { Lang::Ja } else { Lang::En }, &format!("summary.replay.{key}"))
}

/// One step of the package and what became of it.
#[derive(Clone, Debug, Serialize)]
pub struct StepSeen {
    pub step: String,
    pub seen: Seen,
    pub title_en: String,
    pub title_ja: String,
    /// Where, at most three: path and line.
    pub places: Vec<String>,
    /// Sources that would show it.
    pub wanted: Vec<String>,
}

impl StepSeen {
    pub fn title(&self, japanese: bool) -> &str {
        if japanese && !self.title_ja.is_empty() { &self.title_ja } else { &self.title_en }
    }
}

#[derive(Clone, Debug, Default, Serialize)]
pub struct Replayed {
    pub steps: Vec<StepSeen>,
}

/// `detections/steps.json` of a package.
#[derive(Debug, Deserialize)]
struct Plan {
    steps: Vec<Planned>,
}

#[derive(Debug, Deserialize)]
struct Planned {
    id: String,
    title: String,
    #[serde(default)]
    title_ja: String,
    rules: Vec<PlannedRule>,
}

#[derive(Debug, Deserialize)]
struct PlannedRule {
    id: String,
    logsource: LogSource,
}

/// A folder that goes when the run ends, whatever happens.
struct Temporary(PathBuf);
impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Runs the detections of `package` over `evidence` in a case of their own that is removed afterwards.
///
/// # Errors
/// The package holds no detections; see [`investigate`].
pub fn replay(package: &Path, evidence: &[PathBuf], threads: usize, now: &str, progress: &dyn Progress) -> Result<Replayed, Error> {
    let folder = package.join("detections");
    let text = fs::read_to_string(folder.join("steps.json"))
        .map_err(|error| Error::Usage(format!("{}: {error}; is this the folder that `publish` wrote?", package.display())))?;
    let plan: Plan = serde_json::from_str(&text).map_err(|error| Error::Usage(format!("steps.json: {error}")))?;
    let place = std::env::temp_dir().join(format!(
        "konseki-replay-{}-{}",
        std::process::id(),
        crate::sha256(now.as_bytes()).get(..8).unwrap_or_default()
    ));
    fs::create_dir(&place).map_err(|error| Error::Case(format!("{}: {error}", place.display())))?;
    let temporary = Temporary(place);
    let request = Request {
        inputs: evidence.to_vec(),
        case: temporary.0.join("case"),
        rules: Some(folder.join("sigma")).filter(|rules| rules.is_dir()).into_iter().collect(),
        no_builtin: true,
        threads,
        now: now.to_owned(),
        actor: "replay".to_owned(),
        ..Request::default()
    };
    investigate(&request, progress)?;
    judge(&plan, &request.case)
}

#[derive(Deserialize)]
struct Entries {
    evidence: Vec<Intake>,
}

fn judge(plan: &Plan, case: &Path) -> Result<Replayed, Error> {
    let read = |name: &str| fs::read_to_string(case.join(name)).map_err(|error| Error::Case(format!("{name}: {error}")));
    let broken = |error: serde_json::Error| Error::Internal(error.to_string());
    let findings: Vec<Finding> =
        read("results/findings.jsonl")?.lines().map(serde_json::from_str).collect::<Result<_, _>>().map_err(broken)?;
    let intake: Entries = serde_json::from_str(&read("results/intake.json")?).map_err(broken)?;
    let alive: BTreeSet<&str> =
        intake.evidence.iter().filter(|piece| piece.records.events > 0).map(|piece| piece.source.as_str()).collect();
    let provided = provided();
    let mut replayed = Replayed::default();
    for step in &plan.steps {
        let hits = findings.iter().filter(|finding| step.rules.iter().any(|rule| rule.id == finding.rule));
        let places: Vec<String> = hits.flat_map(|finding| &finding.because).map(place).take(3).collect();
        let mut wanted = BTreeSet::new();
        for rule in &step.rules {
            wanted.extend(provided.iter().filter(|(_, gives)| gives.iter().any(|one| one.provides(&rule.logsource))).map(|(id, _)| *id));
        }
        let seen = match () {
            () if !places.is_empty() => Seen::Seen,
            () if step.rules.is_empty() => Seen::NoDetection,
            () if wanted.iter().any(|id| alive.contains(id)) => Seen::NotSeen,
            () => Seen::NoSource,
        };
        replayed.steps.push(StepSeen {
            step: step.id.clone(),
            seen,
            title_en: step.title.clone(),
            title_ja: step.title_ja.clone(),
            places,
            wanted: wanted.into_iter().map(str::to_owned).collect(),
        });
    }
    Ok(replayed)
}

fn place(because: &konseki_model::Because) -> String {
    format!("{}, {} {}", because.path, because.at.unit(), because.at.number())
}

/// Log sources that each source gives.
fn provided() -> BTreeMap<&'static str, Vec<LogSource>> {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let gives = |about: &str| -> Vec<LogSource> {
        let given = Description::parse(about).map(|about| about.logsource).unwrap_or_default();
        given.iter().map(|one| LogSource::new(&text(&one.product), &text(&one.category), &text(&one.service))).collect()
    };
    konseki_sources::all().iter().map(|entry| (entry.id, gives(entry.about))).collect()
}
