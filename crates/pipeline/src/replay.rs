//! `replay`: the detections of a package and konseki's own comparisons over somebody else's evidence, step by step: seen,
//! only resembled, not seen, could not be tested.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use konseki_detection::LogSource;
use konseki_model::{Chain, Finding, Intake, Level, Unrecognised};
use konseki_report::{Lang, Words};
use konseki_sources::Description;
use serde::{Deserialize, Serialize};

use crate::{Error, Progress, Request, investigate};

/// Whether a step of the package is in the evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seen {
    /// What proves the step here is proved there.
    Seen,
    /// Something that such a step leaves is there, but everyday work leaves it, too.
    Resembles,
    /// A source that would have shown it was there and read.
    NotSeen,
    /// Cannot be tested: no source that could show it was in the evidence.
    NoSource,
    /// The package brings nothing that would show it.
    NoDetection,
}

/// The word for people.
pub fn seen_word(seen: Seen, japanese: bool) -> &'static str {
    let key = match seen {
        Seen::Seen => "seen",
        Seen::Resembles => "resembles",
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
    /// What matched: rules, comparisons and indicators by their ids.
    pub by: Vec<String>,
    /// Sources that would show it; where it cannot be tested, those that are missing. `a / b`: one of them is enough.
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

/// One detection of a step. Packages of older versions bring Sigma rules alone.
#[derive(Debug, Deserialize)]
struct PlannedRule {
    id: String,
    /// `sigma`, `yara`, `comparison`, `indicator`.
    #[serde(default)]
    engine: String,
    #[serde(default)]
    logsource: LogSource,
    /// Sources: every group is needed, one of a group is enough.
    #[serde(default)]
    needs: Vec<Vec<String>>,
    /// A comparison tells several acts; the step was one with these.
    #[serde(default)]
    techniques: Vec<String>,
    /// Made a finding of the step; otherwise it only shows where to look.
    #[serde(default = "yes")]
    proves: bool,
}

fn yes() -> bool {
    true
}

impl PlannedRule {
    fn matches(&self, finding: &Finding) -> bool {
        match self.engine.as_str() {
            "comparison" => {
                let same = self.techniques.is_empty() || finding.techniques.iter().any(|id| self.techniques.contains(id));
                finding.engine == "chain" && finding.rule == self.id && same
            }
            "indicator" => finding.engine == "indicator" && finding.args.get("value").is_some_and(|value| *value == self.id),
            _ => finding.engine != "chain" && finding.rule == self.id,
        }
    }

    /// Groups of sources, as `needs`.
    fn groups(&self, provided: &BTreeMap<&'static str, Vec<LogSource>>) -> Vec<Vec<String>> {
        if !self.needs.is_empty() {
            return self.needs.clone();
        }
        let gives = provided.iter().filter(|(_, gives)| gives.iter().any(|one| one.provides(&self.logsource)));
        vec![gives.map(|(id, _)| (*id).to_owned()).collect()]
    }
}

/// A folder that goes when the run ends, whatever happens.
struct Temporary(PathBuf);
impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Investigates `evidence` with the detections of `package` in a case of its own that is removed afterwards, and asks for each
/// step of the package whether what proves it there is found here. A match counts as a proof where it is of high level or
/// behind a step of the evidence's own story; what administrators do every day only resembles a step.
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
        // Beside the rules that konseki brings: comparisons begin at what those find.
        rules: ["sigma", "yara", "indicators.csv"].map(|name| folder.join(name)).into_iter().filter(|path| path.exists()).collect(),
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
    #[serde(default)]
    unrecognised: Vec<Unrecognised>,
}

/// What the evidence gave.
struct There {
    findings: Vec<Finding>,
    /// Findings behind steps.
    told: BTreeSet<String>,
    /// Sources with events; `files` where there are files that no source reads.
    alive: BTreeSet<String>,
}

fn there(case: &Path) -> Result<There, Error> {
    let read = |name: &str| fs::read_to_string(case.join(name)).map_err(|error| Error::Case(format!("{name}: {error}")));
    let broken = |error: serde_json::Error| Error::Internal(error.to_string());
    let findings = read("results/findings.jsonl")?.lines().map(serde_json::from_str).collect::<Result<_, _>>().map_err(broken)?;
    let intake: Entries = serde_json::from_str(&read("results/intake.json")?).map_err(broken)?;
    let chain: Chain = serde_json::from_str(&read("results/chain.json")?).map_err(broken)?;
    let mut alive: BTreeSet<String> =
        intake.evidence.iter().filter(|piece| piece.records.events > 0).map(|piece| piece.source.clone()).collect();
    if !intake.unrecognised.is_empty() {
        alive.insert("files".to_owned());
    }
    Ok(There { findings, told: chain.steps.into_iter().flat_map(|step| step.findings).collect(), alive })
}

fn judge(plan: &Plan, case: &Path) -> Result<Replayed, Error> {
    let there = there(case)?;
    let provided = provided();
    Ok(Replayed { steps: plan.steps.iter().map(|step| judge_step(step, &there, &provided)).collect() })
}

fn judge_step(step: &Planned, there: &There, provided: &BTreeMap<&'static str, Vec<LogSource>>) -> StepSeen {
    let proof = |finding: &Finding| finding.level >= Level::High || there.told.contains(&finding.id);
    let hits = |wanted: &dyn Fn(&PlannedRule, &Finding) -> bool| -> Vec<(&str, &Finding)> {
        let of =
            |rule| there.findings.iter().filter(move |finding| PlannedRule::matches(rule, finding)).map(move |finding| (rule, finding));
        let all = step.rules.iter().flat_map(of).filter(|(rule, finding)| wanted(rule, finding));
        all.map(|(rule, finding)| (rule.id.as_str(), finding)).collect()
    };
    let proofs = hits(&|rule, finding| rule.proves && proof(finding));
    let traces = hits(&|rule, finding| rule.proves && !proof(finding));
    let hints = hits(&|rule, _| !rule.proves);
    let (testable, wanted) = sources(step, there, provided);
    let (seen, shown) = match () {
        () if !proofs.is_empty() => (Seen::Seen, proofs),
        () if !traces.is_empty() => (Seen::Resembles, traces),
        () if step.rules.is_empty() => (Seen::NoDetection, Vec::new()),
        // What would prove it could be asked, and it did not answer: everyday hints change nothing.
        () if testable => (Seen::NotSeen, Vec::new()),
        () if !hints.is_empty() => (Seen::Resembles, hints),
        () => (Seen::NoSource, Vec::new()),
    };
    let places = shown.iter().flat_map(|(_, finding)| &finding.because).map(place).take(3).collect();
    let by: BTreeSet<String> = shown.iter().map(|(id, _)| (*id).to_owned()).collect();
    StepSeen {
        step: step.id.clone(),
        seen,
        title_en: step.title.clone(),
        title_ja: step.title_ja.clone(),
        places,
        by: by.into_iter().collect(),
        wanted,
    }
}

/// Whether one of the detections that prove the step has all it needs; its sources, else those that the nearest one lacks.
fn sources(step: &Planned, there: &There, provided: &BTreeMap<&'static str, Vec<LogSource>>) -> (bool, Vec<String>) {
    let lacks = |groups: &[Vec<String>]| -> Vec<String> {
        groups.iter().filter(|group| !group.iter().any(|id| there.alive.contains(id))).map(|group| group.join(" / ")).collect()
    };
    let all = step.rules.iter().filter(|rule| rule.proves).map(|rule| rule.groups(provided)).map(|groups| (lacks(&groups), groups));
    let Some((lacking, groups)) = all.min_by_key(|(lacking, _)| lacking.len()) else { return (false, Vec::new()) };
    if lacking.is_empty() { (true, groups.iter().map(|group| group.join(" / ")).collect()) } else { (false, lacking) }
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
