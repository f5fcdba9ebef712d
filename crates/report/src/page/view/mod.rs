//! What the templates show: the case cut to what a page can hold, with what was left out counted.

mod evidence;
mod findings;
mod others;
mod story;

use std::collections::BTreeMap;

use konseki_model::{Chain, Link};
use serde::Serialize;

use crate::answer::{Answer, Tier, answer, place, start};
use crate::case::Case;
use crate::time::{fidelity, parse_rfc3339};

use super::coverage;
use super::markup::{Arg, Markup, both, words, words_with};
use super::timeline::{Mark, Timeline, marks, timeline};
use evidence::{
    ClockView, CoverageView, EvidenceView, MachineView, ProblemView, RulesView, Sum, clocks, coverage_row, list_names, machines, problems,
    rules,
};
use findings::{FindingView, LevelView, TechniqueView, levels, techniques, top};
use others::{OthersView, others};
use story::{GapView, MailView, ScopeView, StepView, Unknown, Window, as_safe, gap, mail, scope, steps, unknowns};

/// Findings with details on the page, in all and of one rule and level, and lines of each.
const FINDINGS_MAX: usize = 2_000;
const PER_RULE_MAX: usize = 100;
const LINES_MAX: usize = 6;
/// Rows of the long tables.
const EVIDENCE_MAX: usize = 3_000;
const ROWS_MAX: usize = 1_000;
const UNKNOWNS_MAX: usize = 6;

#[derive(Serialize)]
struct Section {
    id: &'static str,
    n: Option<u64>,
}

#[derive(Serialize)]
pub struct View<'a> {
    name: &'a str,
    tlp: &'static str,
    tlp_class: &'static str,
    zone: &'a str,
    two_zones: bool,
    sections: Vec<Section>,
    answer: Answer,
    #[serde(serialize_with = "as_safe")]
    lead: String,
    first_fidelity: &'static str,
    last_fidelity: &'static str,
    #[serde(serialize_with = "as_safe")]
    bytes_out: String,
    top: Vec<FindingView<'a>>,
    unknowns: Vec<Unknown>,
    unknowns_more: usize,
    timeline: Option<Timeline>,
    marks: Vec<Mark>,
    steps: Vec<StepView<'a>>,
    links: &'a [Link],
    levels: Vec<LevelView<'a>>,
    findings_shown: u64,
    findings_left: u64,
    techniques: Vec<TechniqueView>,
    attack_version: &'a str,
    lists: &'a BTreeMap<String, Vec<String>>,
    list_names: Vec<&'a str>,
    inventory: Vec<MachineView<'a>>,
    inventory_left: u64,
    others: OthersView<'a>,
    window: Window<'a>,
    scope: Vec<ScopeView<'a>>,
    mail: Vec<MailView<'a>>,
    clocks: Vec<ClockView<'a>>,
    clocks_left: u64,
    gaps: Vec<GapView<'a>>,
    gaps_left: u64,
    hypotheses: &'a [konseki_model::Hypothesis],
    coverage: Vec<CoverageView<'a>>,
    coverage_left: usize,
    coverage_wide: String,
    coverage_narrow: String,
    coverage_legend: String,
    evidence: Vec<EvidenceView<'a>>,
    evidence_total: u64,
    evidence_left: u64,
    unrecognised: &'a [konseki_model::Unrecognised],
    unrecognised_total: u64,
    unrecognised_left: u64,
    problems: Vec<ProblemView<'a>>,
    problems_left: u64,
    problem_sums: Vec<Sum>,
    rules: RulesView<'a>,
    versions: &'a BTreeMap<String, String>,
}

pub fn view<'a>(case: &'a Case<'a>, markup: &Markup) -> View<'a> {
    let answer = answer(case);
    let chain = case.chain;
    let marks = marks(case);
    let (levels, shown) = levels(case.findings);
    let window_micros = answer.first.zip(answer.last);
    let (unknowns, unknowns_more) = unknowns(case);
    let (problems, problem_sums) = problems(case.intake);
    let problems_total = problems.len();
    let with_time = case.coverage.iter().filter(|c| c.first.is_some()).count();
    let (first_fidelity, last_fidelity) = ends(case, &answer);
    View {
        name: case.name,
        tlp: case.tlp.label(),
        tlp_class: case.tlp.class(),
        zone: case.zone,
        two_zones: markup.two_zones(),
        sections: sections(case, problems_total),
        lead: lead(case, &answer, markup, (first_fidelity, last_fidelity)),
        first_fidelity,
        last_fidelity,
        bytes_out: bytes_out(chain),
        top: top(case),
        unknowns,
        unknowns_more,
        timeline: timeline(case, &marks, markup),
        marks: marks.into_iter().take(ROWS_MAX).collect(),
        steps: steps(case),
        links: head(&chain.links, ROWS_MAX),
        findings_shown: shown,
        findings_left: case.findings.len() as u64 - shown,
        levels,
        techniques: techniques(case),
        attack_version: &chain.attack_version,
        lists: case.lists,
        list_names: list_names(case),
        inventory: machines(case),
        inventory_left: left(case.inventory.len(), ROWS_MAX),
        others: others(case),
        window: Window {
            from: chain.scope.window.from.as_deref().and_then(parse_rfc3339),
            to: chain.scope.window.to.as_deref().and_then(parse_rfc3339),
            why: &chain.scope.window.why,
        },
        scope: scope(chain),
        mail: mail(chain),
        clocks: clocks(case).into_iter().take(ROWS_MAX).collect(),
        clocks_left: left(case.clocks.len(), ROWS_MAX),
        gaps: chain.gaps.iter().take(ROWS_MAX).map(gap).collect(),
        gaps_left: left(chain.gaps.len(), ROWS_MAX),
        hypotheses: &chain.hypotheses,
        coverage: case.coverage.iter().take(ROWS_MAX).map(coverage_row).collect(),
        coverage_left: with_time.saturating_sub(coverage::ROWS),
        coverage_wide: coverage::draw(case, window_micros, &coverage::WIDE, markup),
        coverage_narrow: coverage::draw(case, window_micros, &coverage::NARROW, markup),
        coverage_legend: coverage::legend(),
        evidence: case.intake.iter().take(EVIDENCE_MAX).map(evidence::evidence).collect(),
        evidence_total: case.intake.len() as u64,
        evidence_left: left(case.intake.len(), EVIDENCE_MAX),
        unrecognised: head(case.unrecognised, ROWS_MAX),
        unrecognised_total: case.unrecognised.len() as u64,
        unrecognised_left: left(case.unrecognised.len(), ROWS_MAX),
        problems: problems.into_iter().take(ROWS_MAX).collect(),
        problems_left: left(problems_total, ROWS_MAX),
        problem_sums,
        rules: rules(case),
        versions: case.versions,
        answer,
    }
}

fn head<T>(list: &[T], max: usize) -> &[T] {
    list.get(..max).unwrap_or(list)
}

fn left(total: usize, max: usize) -> u64 {
    total.saturating_sub(max) as u64
}

fn sections(case: &Case<'_>, problems: usize) -> Vec<Section> {
    let chain = case.chain;
    let all = [
        ("answer", None),
        ("timeline", None),
        ("chain", Some(chain.steps.len())),
        ("findings", Some(case.findings.len())),
        ("techniques", None),
        ("inventory", Some(case.inventory.len())),
        ("others", Some(case.others.opinions.len())),
        ("scope", None),
        ("gaps", Some(chain.gaps.len())),
        ("hypotheses", Some(chain.hypotheses.len())),
        ("coverage", None),
        ("clocks", Some(case.clocks.len())),
        ("evidence", Some(case.intake.len())),
        ("problems", Some(problems)),
        ("rules", Some(case.rules.fired.len())),
        ("verify", None),
    ];
    let has = |id: &str| match id {
        "techniques" => case.findings.iter().any(|f| !f.techniques.is_empty()),
        "others" => !case.others.tools.is_empty(),
        "clocks" => !case.clocks.is_empty(),
        "inventory" => !case.inventory.is_empty() || !case.lists.is_empty(),
        _ => true,
    };
    all.into_iter().filter(|(id, _)| has(id)).map(|(id, n)| Section { id, n: n.map(|n| n as u64) }).collect()
}

/// Fidelities of the first and last sign.
fn ends(case: &Case<'_>, answer: &Answer) -> (&'static str, &'static str) {
    let times = case.chain.steps.iter().map(|s| &s.time).chain(case.findings.iter().map(|f| &f.time));
    let pick = |wanted: Option<i64>| {
        times
            .clone()
            .find(|time| [&time.start, &time.end].into_iter().flatten().any(|t| parse_rfc3339(t) == wanted))
            .map_or("second", |time| fidelity(&time.fidelity).as_str())
    };
    (pick(answer.first), pick(answer.last))
}

fn lead(case: &Case<'_>, answer: &Answer, markup: &Markup, (first, last): (&str, &str)) -> String {
    let time = |micros: Option<i64>, name: &str| match micros {
        Some(micros) => Arg::Html(markup.time(micros, fidelity(name))),
        None => Arg::Html(words("page.unknown", &[])),
    };
    let number = |n: u64| Arg::Text(crate::words::count(n));
    let begin_step = case.chain.steps.first();
    let worst = case.findings.iter().max_by_key(|f| (f.level, std::cmp::Reverse(start(f))));
    let (title, ja, host) = match (begin_step, worst) {
        (Some(step), _) => (step.title.as_str(), step.title_ja.as_str(), step.host.as_str()),
        (None, Some(f)) => (f.title.as_str(), f.ja.as_ref().map_or("", |ja| ja.title.as_str()), place(f)),
        (None, None) => ("", "", ""),
    };
    let host = if title.contains(host) { "" } else { host };
    let args = vec![
        ("first".to_owned(), time(answer.first, first)),
        ("last".to_owned(), time(answer.last, last)),
        ("steps".to_owned(), number(case.chain.steps.len() as u64)),
        ("hosts".to_owned(), number(answer.hosts.len() as u64)),
        ("begin".to_owned(), Arg::Html(both(title, ja))),
        ("host".to_owned(), Arg::Text(host.to_owned())),
        ("records".to_owned(), number(answer.records)),
        ("pieces".to_owned(), number(answer.pieces)),
    ];
    let key = match answer.tier {
        Tier::Confirmed => "page.lead.confirmed-steps",
        Tier::Suspicious => "page.lead.suspicious",
        Tier::Nothing | Tier::Unread => "page.lead.nothing",
    };
    words(key, &args)
}

/// The bounds of the volume taken out, as the evidence gives them.
fn bytes_out(chain: &Chain) -> String {
    let bounds = &chain.scope.bytes_out;
    let key = bytes_key(bounds.at_least, bounds.at_most);
    let args = [("least", bounds.at_least.to_string()), ("most", bounds.at_most.unwrap_or(0).to_string())];
    words_with(key, &args)
}

pub(crate) fn bytes_key(least: u64, most: Option<u64>) -> &'static str {
    match (least, most) {
        (0, None | Some(0)) => "page.bytes.unknown",
        (_, None) => "page.bytes.least",
        (0, Some(_)) => "page.bytes.most",
        (_, Some(_)) => "page.bytes.between",
    }
}

/// Private and other addresses that never leave a network, which need no defanging.
pub fn is_internal(address: &str) -> bool {
    use std::net::IpAddr;
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_unspecified(),
        Ok(IpAddr::V6(ip)) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
        Err(_) => false,
    }
}
