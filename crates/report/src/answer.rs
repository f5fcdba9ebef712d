//! The answer at the top: what happened, when, where, who, and how sure. Thresholds are in `data/answer.toml`.

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::{Accounts, Entity, EntityKind, Finding, Level, Verdict};
use serde::{Deserialize, Serialize};

use crate::case::Case;
use crate::time::parse_rfc3339;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    Confirmed,
    Suspicious,
    Nothing,
    /// Nothing could be read, so nothing can be said.
    Unread,
}

impl Tier {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Suspicious => "suspicious",
            Self::Nothing => "nothing",
            Self::Unread => "unread",
        }
    }
}

#[derive(Deserialize)]
struct Thresholds {
    confirmed: Confirmed,
    suspicious: Suspicious,
}

#[derive(Deserialize)]
struct Confirmed {
    step_confidence: f64,
    finding_level: Level,
    tactics: usize,
}

#[derive(Deserialize)]
struct Suspicious {
    finding_level: Level,
}

/// Numbers of one level, from the highest level down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LevelCount {
    pub level: Level,
    pub findings: u64,
}

#[derive(Clone, Debug, Serialize)]
pub struct Answer {
    pub tier: Tier,
    /// Microseconds UTC of the first and last sign, from steps or else from findings that count.
    pub first: Option<i64>,
    pub last: Option<i64>,
    pub hosts: Vec<String>,
    pub accounts: Vec<String>,
    pub addresses: Vec<String>,
    pub levels: Vec<LevelCount>,
    /// Pieces of evidence read, records in them, records that no event came of, problems.
    pub pieces: u64,
    pub records: u64,
    pub rejected: u64,
    pub problems: u64,
    pub unrecognised: u64,
}

/// Start of a finding in microseconds.
pub(crate) fn start(finding: &Finding) -> Option<i64> {
    finding.micros.or_else(|| finding.time.start.as_deref().and_then(parse_rfc3339))
}

pub(crate) fn end(finding: &Finding) -> Option<i64> {
    finding.time.end.as_deref().and_then(parse_rfc3339).or_else(|| start(finding))
}

/// The host a finding happened on: the entity with role `where`, or the first host.
pub(crate) fn place(finding: &Finding) -> &str {
    let hosts = || finding.entities.iter().filter(|entity| entity.kind == EntityKind::Host);
    hosts().find(|entity| entity.role == "where").or_else(|| hosts().next()).map_or("", |entity| &entity.value)
}

/// Looks at the case and says what it amounts to.
pub fn answer(case: &Case<'_>) -> Answer {
    let tier = tier(case);
    let counted = counted_findings(case, tier);
    let times = times(case, &counted);
    let mut records = konseki_model::Records::default();
    for piece in case.intake {
        records.add(&piece.records);
    }
    Answer {
        tier,
        first: times.iter().map(|(from, _)| *from).min(),
        last: times.iter().map(|(_, to)| *to).max(),
        hosts: hosts(case, &counted),
        accounts: accounts(case, &counted),
        addresses: addresses(&counted),
        levels: levels(case.findings),
        pieces: case.intake.len() as u64,
        records: records.read,
        rejected: records.rejected,
        problems: case.intake.iter().flat_map(|piece| &piece.problems).map(|problem| problem.count).sum(),
        unrecognised: case.unrecognised.len() as u64,
    }
}

/// Where the intruder's end was: of what a host of the case calls, the far end; of all else, where it came from.
fn addresses(counted: &[&Finding]) -> Vec<String> {
    const CALLS: &[&str] = &["command-and-control", "exfiltration"];
    let calls = |finding: &&&Finding| {
        finding.engine == "chain"
            && (finding.rule == "mail-answered-by-call" || finding.tactics.iter().any(|tactic| CALLS.contains(&tactic.as_str())))
            && finding.entities.iter().any(|e| e.kind == EntityKind::Address && e.role == "to")
    };
    let (out, into): (Vec<&Finding>, Vec<&Finding>) = counted.iter().partition(calls);
    let mut all = values(&out, EntityKind::Address, |entity| entity.role == "to");
    all.extend(values(&into, EntityKind::Address, |entity| entity.role == "from" || entity.role == "actor"));
    let mut seen = BTreeSet::new();
    all.retain(|address| seen.insert(address.clone()));
    all
}

fn tier(case: &Case<'_>) -> Tier {
    // The file is ours and tested; without it nothing is called confirmed.
    let Ok(limits) = toml::from_str::<Thresholds>(include_str!("../data/answer.toml")) else {
        return Tier::Suspicious;
    };
    let by_id: BTreeMap<&str, &Finding> = case.findings.iter().map(|f| (f.id.as_str(), f)).collect();
    let strong = |id: &String| by_id.get(id.as_str()).is_some_and(|f| f.level >= limits.confirmed.finding_level);
    let tactics: BTreeSet<&str> = case
        .chain
        .steps
        .iter()
        .filter(|step| step.confidence >= limits.confirmed.step_confidence && step.findings.iter().any(strong))
        .map(|step| step.tactic.as_str())
        .collect();
    let false_alarm = case.chain.hypotheses.iter().any(|h| h.id == "false-alarm" && h.verdict == Verdict::Supported);
    if tactics.len() >= limits.confirmed.tactics && !false_alarm {
        Tier::Confirmed
    } else if case.findings.iter().any(|f| f.level >= limits.suspicious.finding_level) {
        Tier::Suspicious
    } else if case.intake.iter().all(|piece| piece.records.events == 0) {
        Tier::Unread
    } else {
        Tier::Nothing
    }
}

/// Findings that the answer rests on: those in steps, else those of the levels that made the tier.
fn counted_findings<'a>(case: &Case<'a>, tier: Tier) -> Vec<&'a Finding> {
    let in_steps: BTreeSet<&str> = case.chain.steps.iter().flat_map(|step| step.findings.iter().map(String::as_str)).collect();
    let floor = match tier {
        Tier::Confirmed => Level::Critical,
        Tier::Suspicious => case.findings.iter().map(|f| f.level).max().unwrap_or(Level::Critical).min(Level::High),
        Tier::Nothing | Tier::Unread => return Vec::new(),
    };
    let use_steps = !in_steps.is_empty();
    case.findings.iter().filter(|f| if use_steps { in_steps.contains(f.id.as_str()) } else { f.level >= floor }).collect()
}

fn times(case: &Case<'_>, counted: &[&Finding]) -> Vec<(i64, i64)> {
    let steps: Vec<(i64, i64)> = case
        .chain
        .steps
        .iter()
        .filter_map(|step| {
            let from = step.micros.or_else(|| step.time.start.as_deref().and_then(parse_rfc3339))?;
            let to = step.end_micros.or_else(|| step.time.end.as_deref().and_then(parse_rfc3339));
            Some((from, to.unwrap_or(from)))
        })
        .collect();
    if !steps.is_empty() {
        return steps;
    }
    counted.iter().filter_map(|f| Some((start(f)?, end(f)?))).collect()
}

fn hosts(case: &Case<'_>, counted: &[&Finding]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let places = case.chain.steps.iter().map(|step| step.host.as_str()).chain(counted.iter().map(|f| place(f)));
    places.filter(|host| !host.is_empty() && !only_watched(case, host) && seen.insert(host.to_lowercase())).map(str::to_owned).collect()
}

/// A sensor that recorded the intrusion and is not in its scope.
fn only_watched(case: &Case<'_>, host: &str) -> bool {
    let mut own = case.coverage.iter().filter(|row| row.host.eq_ignore_ascii_case(host)).peekable();
    let reached = || case.chain.scope.accessed.iter().any(|item| item.kind == "host" && item.value.eq_ignore_ascii_case(host));
    own.peek().is_some() && own.all(|row| row.source.starts_with("network/")) && !reached()
}

/// One entry for each account, `CORP\hanako (hanako)` where the evidence spells it in several ways.
fn accounts(case: &Case<'_>, counted: &[&Finding]) -> Vec<String> {
    let users = |finding: &'_ Finding| -> Vec<String> {
        let own = finding.entities.iter().filter(|entity| entity.kind == EntityKind::User);
        own.map(|entity| entity.value.clone()).collect()
    };
    let all: Vec<String> = case.findings.iter().flat_map(users).collect();
    let named = values(counted, EntityKind::User, |entity| entity.role != "object");
    let groups = Accounts::new(all.iter().map(String::as_str)).group(named.iter().map(String::as_str));
    let one = |group: Vec<String>| match group.split_first() {
        Some((first, others)) if !others.is_empty() => format!("{first} ({})", others.join(", ")),
        _ => group.concat(),
    };
    groups.into_iter().map(one).collect()
}

/// Values in the order in which the findings name them, once each.
fn values(counted: &[&Finding], kind: EntityKind, wanted: fn(&Entity) -> bool) -> Vec<String> {
    let mut seen = BTreeSet::new();
    counted
        .iter()
        .flat_map(|f| &f.entities)
        .filter(|entity| entity.kind == kind && wanted(entity))
        .filter(|entity| !entity.value.is_empty() && seen.insert(entity.value.to_lowercase()))
        .map(|entity| entity.value.clone())
        .collect()
}

fn levels(findings: &[Finding]) -> Vec<LevelCount> {
    [Level::Critical, Level::High, Level::Medium, Level::Low, Level::Informational]
        .into_iter()
        .map(|level| LevelCount { level, findings: findings.iter().filter(|f| f.level == level).count() as u64 })
        .collect()
}
