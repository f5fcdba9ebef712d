//! Outcomes become the case's results: intake, findings, chain, summary, report, manifest. Sorted, no clock, no order of threads.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use konseki_model::evidence::Zone;
use konseki_model::time::rfc3339;
use konseki_model::{Fidelity, Finding, Intake, Level, Problem, Unrecognised};
use konseki_store::{Corrections, Ordered};
use serde_json::json;

use crate::detect::Detector;
use crate::journal::{Journal, Outcome, Place};
use crate::run::{Case, FORMAT, Request, Summary, write};
use crate::settings::Settings;
use crate::{Error, VERSION, clocks, evidence_id, fold, revise, story, zones};

/// Evidence as results list it, and what it says of times.
pub(crate) struct Listed {
    pub intake: Vec<Intake>,
    pub unrecognised: Vec<Unrecognised>,
    /// Containers, links and refusals, for the accounts.
    pub others: Vec<Place>,
    pub paths: BTreeMap<String, String>,
    pub corrections: Corrections,
}

pub(crate) fn assemble(
    case: &Case,
    journal: &Journal,
    detector: &Detector,
    settings: &Settings,
    threads: usize,
) -> Result<(Summary, String), Error> {
    let mut listed = list(journal, settings);
    let clocks = clocks::settle(case, &mut listed, threads)?;
    let outcomes = || journal.outcomes.values();
    let internal = |error: std::io::Error| Error::Internal(error.to_string());
    let mut findings = fold::findings(outcomes(), detector, &listed.corrections).map_err(internal)?;
    let (correlated, mut beyond) = detector.correlate(outcomes(), &listed.corrections).map_err(internal)?;
    findings.extend(correlated);
    let events = Ordered::new(&case.path("events"), Some(&case.path("work/spill")), &listed.corrections, threads);
    let mut told = story::tell(&events, journal, &listed, settings, detector, &mut findings)?;
    for finding in &mut findings {
        finish(finding, &listed.paths);
    }
    sort(&mut findings);
    let mut chain = told.chain;
    konseki_report::fill_chain(&mut chain, &findings);
    paths_of_chain(&mut chain, &listed.paths);
    told.others.opinions.iter_mut().for_each(|one| name_places(&mut one.because, &listed.paths));

    let unread = unread(&listed);
    let mut lines = String::new();
    for finding in &findings {
        lines.push_str(&serde_json::to_string(finding).map_err(|error| Error::Internal(error.to_string()))?);
        lines.push('\n');
    }
    beyond.extend(told.beyond);
    let intake = IntakeFile { evidence: &listed.intake, unrecognised: &listed.unrecognised, containers: &listed.others, problems: &beyond };
    let mut summary_json = summary(&listed, &findings, &chain, detector, unread);
    if let Some(map) = summary_json.as_object_mut() {
        map.insert("clocks".to_owned(), clocks.iter().map(clocks::row).collect());
        map.insert("beyond_bounds".to_owned(), beyond.iter().map(|problem| problem.count).sum::<u64>().into());
    }
    // The largest of the results goes to the disk as it is made.
    let path = case.path("results/intake.json");
    konseki_evidence::atomic::write_with(&path, |out| {
        serde_json::to_writer_pretty(&mut *out, &intake)?;
        out.write_all(b"\n")
    })
    .map_err(|error| Error::Case(format!("{}: {error}", path.display())))?;
    write(&case.path("results/findings.jsonl"), lines.as_bytes())?;
    let revised = revise::revise(case, revise::before(case).as_ref(), &chain)?;
    write(
        &case.path("results/chain.json"),
        pretty(&serde_json::to_value(&chain).map_err(|e| Error::Internal(e.to_string()))?)?.as_bytes(),
    )?;
    write(&case.path("results/summary.json"), pretty(&summary_json)?.as_bytes())?;
    others(case, &told.others)?;
    write(&case.path("work/format"), FORMAT.to_string().as_bytes())?;

    let versions = versions(detector);
    let fired = detector.report(&findings);
    let kept = crate::publish::Kept::of(&fired, &told.inventory, &told.coverage, &versions);
    write(&case.path(crate::publish::KEPT), pretty(&kept)?.as_bytes())?;
    let name = if settings.name.is_empty() { "case" } else { &settings.name };
    let zone = if settings.zone.is_empty() { "UTC" } else { &settings.zone };
    let shown: Vec<konseki_report::Clock> = clocks.iter().map(clocks::shown).collect();
    let page = konseki_report::Case {
        name,
        tlp: konseki_report::Tlp::default(),
        zone,
        findings: &findings,
        chain: &chain,
        intake: &listed.intake,
        unrecognised: &listed.unrecognised,
        rules: fired,
        inventory: &told.inventory,
        coverage: &told.coverage,
        versions: &versions,
        lists: &told.lists,
        clocks: &shown,
        others: &told.others,
    };
    write(&case.path("report/index.html"), konseki_report::render(&page).as_bytes())?;
    let manifest = manifest(case)?;
    write(&case.path("work/manifest.sha256"), manifest.as_bytes())?;
    let summary = Summary {
        findings: findings.len() as u64,
        highest: findings.iter().map(|finding| finding.level).max(),
        unread,
        events: listed.intake.iter().map(|piece| piece.records.events).sum(),
        text_en: konseki_report::summary_text(&page, konseki_report::Lang::En) + &revised.en,
        text_ja: konseki_report::summary_text(&page, konseki_report::Lang::Ja) + &revised.ja,
        report: case.path("report/index.html"),
        json: summary_json,
    };
    Ok((summary, manifest))
}

#[derive(serde::Serialize)]
struct IntakeFile<'a> {
    evidence: &'a [Intake],
    unrecognised: &'a [Unrecognised],
    containers: &'a [Place],
    problems: &'a [Problem],
}

/// Only where another tool's output is in the evidence.
fn others(case: &Case, others: &konseki_model::other::Others) -> Result<(), Error> {
    if others.tools.is_empty() {
        return Ok(());
    }
    write(&case.path("results/others.json"), pretty(others)?.as_bytes())
}

/// JSON as results hold it.
pub(crate) fn pretty<T: serde::Serialize>(value: &T) -> Result<String, Error> {
    serde_json::to_string_pretty(value).map(|text| text + "\n").map_err(|error| Error::Internal(error.to_string()))
}

/// Pieces with their paths; the same bytes at several places are one piece with further paths.
pub(crate) fn list(journal: &Journal, settings: &Settings) -> Listed {
    let mut places: BTreeMap<&str, Vec<&Place>> = BTreeMap::new();
    let mut others = Vec::new();
    for place in &journal.places {
        if place.what == "piece" {
            places.entry(&place.sha256).or_default().push(place);
        } else {
            others.push(place.clone());
        }
    }
    let mut listed =
        Listed { intake: Vec::new(), unrecognised: Vec::new(), others, paths: BTreeMap::new(), corrections: Corrections::default() };
    let stated = zones::Stated::of(journal.outcomes.values());
    for (sha256, found) in places {
        let Some(first) = found.first() else { continue };
        let Some(outcome) = journal.outcomes.get(sha256) else { continue };
        let mut problems: Vec<Problem> = outcome.problems.clone();
        problems.extend(found.iter().flat_map(|place| place.problems.iter().cloned()));
        problems.sort();
        problems.dedup();
        let id = evidence_id(sha256);
        listed.paths.insert(id.clone(), first.path.clone());
        let zone = zones::set(&id, first, outcome, settings, &stated, &mut listed.corrections);
        if outcome.source.is_empty() && problems.is_empty() {
            for place in &found {
                listed.unrecognised.push(Unrecognised {
                    path: place.path.clone(),
                    bytes: outcome.bytes,
                    sha256: sha256.to_owned(),
                    why: outcome.why.clone(),
                });
            }
            continue;
        }
        let intake = intake(id, outcome, &found, problems, &listed.corrections);
        listed.intake.push(Intake { zone: zone.unwrap_or(intake.zone), ..intake });
    }
    listed.intake.sort_by(|a, b| a.path.cmp(&b.path).then(a.id.cmp(&b.id)));
    listed.unrecognised.sort();
    listed
}

fn intake(id: String, outcome: &Outcome, found: &[&Place], problems: Vec<Problem>, corrections: &Corrections) -> Intake {
    let moved = |offset, (micros, fidelity): (i64, Fidelity)| (micros + corrections.shift(&id, micros, offset), fidelity);
    let first = outcome.spans.iter().map(|span| moved(span.offset, span.first)).min();
    let last = outcome.spans.iter().map(|span| moved(span.offset, span.last)).max();
    let time = |at: Option<(i64, Fidelity)>| at.map(|(micros, fidelity)| rfc3339(micros, fidelity));
    let mut paths = found.iter().map(|place| place.path.clone());
    Intake {
        id: id.clone(),
        path: paths.next().unwrap_or_default(),
        also: paths.collect(),
        sha256: outcome.sha256.clone(),
        bytes: outcome.bytes,
        source: if outcome.source.is_empty() { "none".to_owned() } else { outcome.source.clone() },
        host: outcome.host.clone(),
        zone: Zone { name: outcome.zone.name.clone(), basis: outcome.zone.basis.clone() },
        records: outcome.records,
        first: time(first),
        last: time(last),
        problems,
    }
}

/// Parts that could not be read: pieces, containers and refusals with a problem that cost bytes or records.
fn unread(listed: &Listed) -> u64 {
    use konseki_model::ProblemKind as P;
    let costs =
        |problem: &Problem| matches!(problem.kind, P::Truncated | P::Bound | P::Encrypted | P::Unsupported | P::Unreadable | P::Changed);
    let pieces = listed.intake.iter().filter(|piece| piece.records.rejected > 0 || piece.problems.iter().any(costs)).count();
    let others = listed.others.iter().filter(|place| place.problems.iter().any(costs)).count();
    (pieces + others) as u64
}

fn name_places(because: &mut [konseki_model::Because], paths: &BTreeMap<String, String>) {
    for one in because.iter_mut().filter(|one| one.path.is_empty()) {
        one.path = paths.get(&one.evidence).cloned().unwrap_or_default();
    }
}

/// Paths of the pieces that a finding names, and its sentences.
fn finish(finding: &mut Finding, paths: &BTreeMap<String, String>) {
    name_places(&mut finding.because, paths);
    finding.because.sort_by(|a, b| (&a.path, a.at).cmp(&(&b.path, b.at)));
    konseki_report::fill(finding);
}

/// By level, then time, then id: the order a reader wants.
fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| b.level.cmp(&a.level).then(a.micros.cmp(&b.micros)).then(a.id.cmp(&b.id)));
}

fn paths_of_chain(chain: &mut konseki_model::Chain, paths: &BTreeMap<String, String>) {
    let fill = |because: &mut Vec<konseki_model::Because>| name_places(because, paths);
    chain.links.iter_mut().for_each(|link| fill(&mut link.because));
    for tier in [&mut chain.scope.confirmed, &mut chain.scope.accessed, &mut chain.scope.cannot_exclude] {
        tier.iter_mut().for_each(|item| fill(&mut item.because));
    }
}

fn versions(detector: &Detector) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("konseki".to_owned(), VERSION.to_owned()),
        ("rules".to_owned(), detector.hash().to_owned()),
        ("attack".to_owned(), "18.1".to_owned()),
    ])
}

fn summary(listed: &Listed, findings: &[Finding], chain: &konseki_model::Chain, detector: &Detector, unread: u64) -> serde_json::Value {
    let mut levels: BTreeMap<&str, u64> = BTreeMap::new();
    for level in [Level::Informational, Level::Low, Level::Medium, Level::High, Level::Critical] {
        levels.insert(level.as_str(), findings.iter().filter(|finding| finding.level == level).count() as u64);
    }
    let mut sources: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    let mut records = konseki_model::Records::default();
    for piece in &listed.intake {
        let entry = sources.entry(&piece.source).or_default();
        entry.0 += 1;
        entry.1 += piece.records.events;
        records.add(&piece.records);
    }
    let sources: BTreeMap<_, _> =
        sources.into_iter().map(|(id, (pieces, events))| (id, json!({"pieces": pieces, "events": events}))).collect();
    let hosts: BTreeSet<&str> = listed.intake.iter().map(|piece| piece.host.as_str()).filter(|host| !host.is_empty()).collect();
    let problems: u64 = listed.intake.iter().flat_map(|piece| &piece.problems).map(|problem| problem.count).sum();
    json!({
        "pieces": listed.intake.len(),
        "unrecognised": listed.unrecognised.len(),
        "containers": listed.others.iter().filter(|place| place.what.starts_with("container")).count(),
        "bytes": listed.intake.iter().map(|piece| piece.bytes).sum::<u64>() + listed.unrecognised.iter().map(|piece| piece.bytes).sum::<u64>(),
        "records": records,
        "balanced": listed.intake.iter().all(|piece| piece.records.balances()),
        "problems": problems,
        "parts_unread": unread,
        "findings": levels,
        "steps": chain.steps.len(),
        "links": chain.links.len(),
        "gaps": chain.gaps.len(),
        "first": listed.intake.iter().filter_map(|piece| piece.first.as_deref()).min(),
        "last": listed.intake.iter().filter_map(|piece| piece.last.as_deref()).max(),
        "hosts": hosts,
        "sources": sources,
        "rules": {"usable": detector.usable(), "unusable": detector.unusable().len(), "hash": detector.hash()},
        "versions": versions(detector),
    })
}

/// Hashes of everything under results, report and events, as `sha256sum -c` reads them.
fn manifest(case: &Case) -> Result<String, Error> {
    let mut names = Vec::new();
    for folder in ["results", "report", "events"] {
        collect(&case.path(folder), &mut names);
    }
    names.push(case.path(crate::publish::KEPT));
    let mut lines = BTreeMap::new();
    for path in names {
        let (hash, _) = konseki_evidence::digest(&path).map_err(|error| Error::Case(format!("{}: {error}", path.display())))?;
        let name = path.strip_prefix(&case.root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        lines.insert(name, crate::hex(&hash));
    }
    Ok(lines.iter().map(|(name, hash)| format!("{hash}  {name}\n")).collect())
}

fn collect(folder: &std::path::Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, out);
        } else {
            out.push(path);
        }
    }
}

/// What this run did, in the custody log: every file taken in, and the report.
pub(crate) fn custody(
    case: &Case,
    request: &Request,
    inputs: &[PathBuf],
    journal: &Journal,
    detector: &Detector,
    manifest: &str,
) -> Result<(), Error> {
    use konseki_evidence::custody::{Action, Custody, Draft, records};
    let path = case.path("custody.jsonl");
    let broken = |error: konseki_evidence::custody::CustodyError| Error::Case(error.to_string());
    let known: BTreeSet<(String, String)> = if path.is_file() {
        let all = records(&path).map_err(broken)?;
        all.into_iter()
            .filter(|record| record.draft.action == Action::Ingest)
            .map(|record| (record.draft.path, record.draft.object_sha256))
            .collect()
    } else {
        BTreeSet::new()
    };
    let draft = |action, path: &str, sha256: &str, note: String| Draft {
        utc: request.now.clone(),
        actor: request.actor.clone(),
        action,
        object_sha256: sha256.to_owned(),
        path: path.to_owned(),
        tool: "konseki".to_owned(),
        tool_version: VERSION.to_owned(),
        args: request.arguments.clone(),
        note,
    };
    let mut drafts = Vec::new();
    for place in journal.places.iter().filter(|place| !place.path.contains("!/") && !place.sha256.is_empty()) {
        let real = real_path(inputs, &place.path).unwrap_or_else(|| place.path.clone());
        if !known.contains(&(real.clone(), place.sha256.clone())) {
            drafts.push(draft(Action::Ingest, &real, &place.sha256, String::new()));
        }
    }
    let rules = format!("rules {}", detector.hash());
    drafts.push(draft(Action::Report, "work/manifest.sha256", &crate::sha256(manifest.as_bytes()), rules));
    Custody::open(&path).map_err(broken)?.append(&drafts).map_err(broken)
}

/// The path on disk of a root's display path (`input name/rest`).
fn real_path(inputs: &[PathBuf], display: &str) -> Option<String> {
    let (name, rest) = display.split_once('/').unwrap_or((display, ""));
    let input = inputs.iter().find(|input| input.file_name().is_some_and(|n| n.to_string_lossy() == name))?;
    let path = if rest.is_empty() { input.clone() } else { input.join(rest) };
    Some(path.display().to_string())
}
