//! From findings to the story: steps in order of time, links that a shared key proves, gaps, scope, hypotheses.

mod gaps;

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::chain::{Bounds, Window};
use konseki_model::{
    Because, By, Chain, Entity, EntityKind, Finding, FindingTime, Hypothesis, Level, Link, Scope, ScopeItem, Step, Verdict,
};

use crate::compare::Joins;

/// What was collected of a host from one source.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    pub host: String,
    pub source: String,
    /// Microseconds UTC.
    pub first: Option<i64>,
    pub last: Option<i64>,
}

const DAY: i64 = 86_400_000_000;
/// Steps that one story holds; a case with more is told by its findings.
const STEPS: usize = 400;

/// The story of a case. Findings must have their ids.
pub fn tell(findings: &[Finding], joins: &Joins, coverage: &[Coverage]) -> Chain {
    let chosen = choose(findings);
    let mut steps = steps(&chosen);
    steps.sort_by(|a, b| (a.micros.is_none(), a.micros, &a.host, &a.tactic).cmp(&(b.micros.is_none(), b.micros, &b.host, &b.tactic)));
    steps.truncate(STEPS);
    for (index, step) in steps.iter_mut().enumerate() {
        step.id = format!("S{:02}", index + 1);
    }
    let links = links(&steps, findings, joins);
    let gaps = gaps::gaps(&steps, findings, coverage);
    Chain { scope: scope(&steps, &chosen), hypotheses: hypotheses(findings), steps, links, gaps, attack_version: "18.1".to_owned() }
}

/// High and critical findings, and those of medium level that share a host and a day with one of these.
fn choose(findings: &[Finding]) -> Vec<&Finding> {
    let strong: Vec<&Finding> = findings.iter().filter(|finding| finding.level >= Level::High).collect();
    let near: BTreeSet<(&str, i64)> = strong
        .iter()
        .flat_map(|finding| {
            let day = finding.micros.map(|micros| micros.div_euclid(DAY));
            place(finding).into_iter().zip(day).flat_map(|(host, day)| [(host, day - 1), (host, day), (host, day + 1)])
        })
        .collect();
    findings
        .iter()
        .filter(|finding| {
            finding.level >= Level::High
                || finding.level == Level::Medium
                    && finding.micros.zip(place(finding)).is_some_and(|(micros, host)| near.contains(&(host, micros.div_euclid(DAY))))
        })
        .collect()
}

fn place(finding: &Finding) -> Option<&str> {
    entity(finding, EntityKind::Host)
}

fn entity(finding: &Finding, kind: EntityKind) -> Option<&str> {
    finding.entities.iter().find(|entity| entity.kind == kind).map(|entity| entity.value.as_str())
}

/// In the order in which an intrusion goes on; used where a finding names several tactics.
const TACTICS: &[&str] = &[
    "initial-access",
    "execution",
    "persistence",
    "privilege-escalation",
    "lateral-movement",
    "credential-access",
    "discovery",
    "collection",
    "command-and-control",
    "exfiltration",
    "impact",
    "defense-evasion",
    "reconnaissance",
    "resource-development",
];

fn tactic(finding: &Finding) -> String {
    let first = TACTICS.iter().find(|tactic| finding.tactics.iter().any(|own| own == *tactic));
    first.map_or_else(|| if finding.engine == "yara" { "persistence".to_owned() } else { String::new() }, |tactic| (*tactic).to_owned())
}

/// One step is one tactic on one host on one day.
fn steps(chosen: &[&Finding]) -> Vec<Step> {
    let mut groups: BTreeMap<(String, String, Option<i64>), Vec<&Finding>> = BTreeMap::new();
    for finding in chosen {
        let host = place(finding).unwrap_or_default().to_owned();
        groups.entry((host, tactic(finding), finding.micros.map(|micros| micros.div_euclid(DAY)))).or_default().push(finding);
    }
    groups
        .into_iter()
        .map(|((host, tactic, _), group)| {
            let worst = group.iter().max_by(|a, b| a.level.cmp(&b.level).then(b.micros.cmp(&a.micros)));
            let first = group.iter().filter(|finding| finding.micros.is_some()).min_by_key(|finding| finding.micros);
            let last = group.iter().filter_map(|finding| finding.time.end.clone()).max();
            let techniques: BTreeSet<String> = group.iter().flat_map(|finding| finding.techniques.iter().cloned()).collect();
            // Independent findings of one step strengthen it.
            let doubt: f64 = group.iter().map(|finding| 1.0 - finding.confidence.clamp(0.0, 0.99)).product();
            Step {
                id: String::new(),
                tactic,
                techniques: techniques.into_iter().collect(),
                title: worst.map(|finding| finding.title.clone()).unwrap_or_default(),
                title_ja: worst.and_then(|finding| finding.ja.as_ref()).map(|ja| ja.title.clone()).unwrap_or_default(),
                time: FindingTime {
                    start: first.and_then(|finding| finding.time.start.clone()),
                    end: last,
                    fidelity: first.map(|finding| finding.time.fidelity.clone()).unwrap_or_default(),
                    basis: first.map(|finding| finding.time.basis.clone()).unwrap_or_default(),
                },
                host,
                actor: group.iter().find_map(|finding| entity(finding, EntityKind::User)).unwrap_or_default().to_owned(),
                findings: group.iter().map(|finding| finding.id.clone()).collect(),
                confidence: ((1.0 - doubt) * 100.0).round() / 100.0,
                key: String::new(),
                args: BTreeMap::new(),
                micros: first.and_then(|finding| finding.micros),
                end_micros: None,
            }
        })
        .collect()
}

/// Keys that prove: a session id of some length, a machine's name, an address that a tunnel gave.
fn links(steps: &[Step], findings: &[Finding], joins: &Joins) -> Vec<Link> {
    let by_id: BTreeMap<&str, &Finding> = findings.iter().map(|finding| (finding.id.as_str(), finding)).collect();
    let of = |step: &Step| -> Vec<&Finding> { step.findings.iter().filter_map(|id| by_id.get(id.as_str()).copied()).collect() };
    let mut links = Vec::new();
    for (index, from) in steps.iter().enumerate() {
        for to in steps.iter().skip(index + 1) {
            if let Some(link) = exact(from, to, &of(from), &of(to)).or_else(|| interval(from, to, &of(from), &of(to), joins)) {
                links.push(link);
            }
        }
    }
    // Each step is reached from the latest step that proves it, by the strongest key.
    let mut best: BTreeMap<(String, By), Link> = BTreeMap::new();
    for link in links {
        best.insert((link.to.clone(), link.by), link);
    }
    let mut out: Vec<Link> = best.into_values().collect();
    out.sort_by(|a, b| (&a.from, &a.to, a.by).cmp(&(&b.from, &b.to, b.by)));
    out
}

fn exact(from: &Step, to: &Step, a: &[&Finding], b: &[&Finding]) -> Option<Link> {
    for one in a {
        for other in b {
            for entity in &one.entities {
                let key = match entity.kind {
                    EntityKind::Session => entity.value.len() >= 6 && !entity.value.starts_with("0x"),
                    EntityKind::Vm => true,
                    _ => false,
                };
                if key && other.entities.iter().any(|e| e.kind == entity.kind && e.value == entity.value) {
                    return Some(Link {
                        from: from.id.clone(),
                        to: to.id.clone(),
                        by: By::Exact,
                        entities: vec![entity.clone()],
                        because: both(one, other),
                        alternatives: 0,
                    });
                }
            }
        }
    }
    None
}

/// The later step comes from an address that a tunnel of the earlier step's session gave, while it stood; or from the
/// address of the appliance that the earlier step is on.
fn interval(from: &Step, to: &Step, a: &[&Finding], b: &[&Finding], joins: &Joins) -> Option<Link> {
    for other in b {
        let Some(src) = other.entities.iter().find(|e| e.kind == EntityKind::Address && e.role == "from") else { continue };
        if joins.appliances.contains(&src.value)
            && from.host != to.host
            && a.iter().any(|one| one.rule.starts_with("vpn-") || is_entry(one))
        {
            return Some(link(from, to, src.clone(), both(a.first()?, other), 0));
        }
        let Some(time) = other.micros else { continue };
        let held: Vec<_> = joins
            .tunnels
            .iter()
            .filter(|tunnel| tunnel.assigned == src.value && tunnel.from <= time && tunnel.to.is_none_or(|to| time <= to))
            .collect();
        for tunnel in &held {
            let session = |one: &&&Finding| one.entities.iter().any(|e| e.kind == EntityKind::Session && e.value == tunnel.session);
            if let Some(one) = a.iter().find(session) {
                let mut places = both(one, other);
                places.push(tunnel.because.clone());
                return Some(link(from, to, src.clone(), places, held.len() as u64 - 1));
            }
        }
    }
    None
}

fn is_entry(finding: &Finding) -> bool {
    finding.techniques.iter().any(|technique| technique == "T1190")
}

fn link(from: &Step, to: &Step, entity: Entity, because: Vec<Because>, alternatives: u64) -> Link {
    Link { from: from.id.clone(), to: to.id.clone(), by: By::Interval, entities: vec![entity], because, alternatives }
}

fn both(one: &Finding, other: &Finding) -> Vec<Because> {
    one.because.iter().take(1).chain(other.because.iter().take(1)).cloned().collect()
}

fn scope(steps: &[Step], chosen: &[&Finding]) -> Scope {
    let window = Window {
        from: steps.iter().filter_map(|step| step.time.start.clone()).min(),
        to: steps.iter().filter_map(|step| step.time.end.clone()).max(),
        why: "first and last time of the steps of the chain".to_owned(),
    };
    let mut scope = Scope { window, bytes_out: Bounds { at_least: 0, at_most: None }, ..Scope::default() };
    let mut seen = BTreeSet::new();
    for finding in chosen.iter().filter(|finding| finding.level >= Level::High) {
        for entity in &finding.entities {
            let (kind, key) = match (entity.kind, entity.role.as_str()) {
                (EntityKind::Host, "where") => ("host", "host-reached"),
                (EntityKind::User, "actor") => ("user", "account-used"),
                (EntityKind::Vm, _) => ("vm", "host-reached"),
                _ => continue,
            };
            if entity.value.is_empty() || !seen.insert((kind, entity.value.clone())) {
                continue;
            }
            scope.accessed.push(ScopeItem {
                kind: kind.to_owned(),
                value: entity.value.clone(),
                because: finding.because.iter().take(2).cloned().collect(),
                why: String::new(),
                why_ja: String::new(),
                key: key.to_owned(),
                args: BTreeMap::from([("value".to_owned(), entity.value.clone()), ("what".to_owned(), finding.title.clone())]),
            });
        }
    }
    scope.accessed.sort_by(|a, b| (&a.kind, &a.value).cmp(&(&b.kind, &b.value)));
    scope
}

/// What each explanation predicts, and what of it was found.
fn hypotheses(findings: &[Finding]) -> Vec<Hypothesis> {
    let strong = |test: &dyn Fn(&Finding) -> bool| -> Vec<String> {
        findings.iter().filter(|finding| finding.level >= Level::High && test(finding)).map(|finding| finding.id.clone()).take(20).collect()
    };
    let exploit = strong(&|finding| is_entry(finding));
    let hijack = strong(&|finding| finding.rule == "vpn-session-second-address");
    let confirmed = strong(&|finding| finding.confidence >= 0.8);
    let one = |id: &str, for_: Vec<String>, against: Vec<String>| {
        let verdict = match (for_.is_empty(), against.is_empty()) {
            (false, _) => Verdict::Supported,
            (true, false) => Verdict::Contradicted,
            (true, true) => Verdict::Untestable,
        };
        Hypothesis {
            id: id.to_owned(),
            title: String::new(),
            verdict,
            for_,
            against,
            would_decide: String::new(),
            title_ja: String::new(),
            would_decide_ja: String::new(),
        }
    };
    vec![
        one("entry-vpn-exploit", exploit, Vec::new()),
        one("entry-session-hijack", hijack, Vec::new()),
        one("entry-stolen-password", Vec::new(), Vec::new()),
        one("insider", Vec::new(), Vec::new()),
        one("false-alarm", Vec::new(), confirmed),
    ]
}
