//! What the templates show: the case cut to what a page can hold, with what was left out counted.

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::{Because, Chain, Entity, Finding, Intake, Level, Link, Records, ScopeItem, Step};
use serde::Serialize;

use crate::answer::{Answer, Tier, answer, end, place, start};
use crate::attack;
use crate::case::{Case, InventoryVerdict};
use crate::fill::{reason, reason_key};
use crate::time::{fidelity, parse_rfc3339};

use super::coverage;
use super::markup::{Arg, Markup, anchor, words};
use super::timeline::{Mark, Timeline, marks, timeline};

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
struct FindingView<'a> {
    id: &'a str,
    anchor: String,
    rule: &'a str,
    engine: &'a str,
    title: &'a str,
    title_ja: &'a str,
    why: &'a str,
    why_ja: &'a str,
    disproof: &'a str,
    disproof_ja: &'a str,
    level: Level,
    kind: &'static str,
    confidence: f64,
    micros: Option<i64>,
    end: Option<i64>,
    fidelity: &'static str,
    basis: &'a str,
    place: &'a str,
    count: u64,
    techniques: &'a [String],
    entities: &'a [Entity],
    because: &'a [Because],
    because_left: u64,
}

#[derive(Serialize)]
struct LevelView<'a> {
    level: Level,
    count: u64,
    left: u64,
    open: bool,
    findings: Vec<FindingView<'a>>,
}

#[derive(Serialize)]
struct StepView<'a> {
    id: &'a str,
    anchor: String,
    tactic: &'a str,
    techniques: &'a [String],
    title: &'a str,
    title_ja: &'a str,
    micros: Option<i64>,
    end: Option<i64>,
    fidelity: &'static str,
    host: &'a str,
    actor: &'a str,
    confidence: f64,
    findings: &'a [String],
    links: Vec<&'a Link>,
    because: Vec<&'a Because>,
}

#[derive(Serialize)]
struct TechniqueView {
    id: String,
    tactics: Vec<&'static str>,
    findings: u64,
    steps: Vec<String>,
}

#[derive(Serialize)]
struct Cell<'a> {
    hosts: &'a [String],
    /// Whether that list was collected anywhere, so that absence means something.
    collected: bool,
}

#[derive(Serialize)]
struct MachineView<'a> {
    vm: &'a str,
    uuid: &'a str,
    vmx: &'a str,
    verdict: InventoryVerdict,
    cells: Vec<Cell<'a>>,
}

#[derive(Serialize)]
struct ScopeView<'a> {
    key: &'static str,
    count: u64,
    left: u64,
    items: &'a [ScopeItem],
}

#[derive(Serialize)]
struct Window<'a> {
    from: Option<i64>,
    to: Option<i64>,
    why: &'a str,
}

#[derive(Serialize)]
struct GapView<'a> {
    id: &'a str,
    anchor: String,
    what: &'a str,
    what_ja: &'a str,
    source: &'a str,
    host: &'a str,
    step: Option<&'a str>,
    reason: String,
    from: Option<i64>,
    to: Option<i64>,
    collect: &'a str,
    collect_ja: &'a str,
}

#[derive(Serialize)]
struct SilenceView {
    from: i64,
    to: i64,
    reason: String,
}

#[derive(Serialize)]
struct CoverageView<'a> {
    host: &'a str,
    source: &'a str,
    first: Option<i64>,
    last: Option<i64>,
    records: u64,
    gaps: Vec<SilenceView>,
}

#[derive(Serialize)]
struct EvidenceView<'a> {
    id: &'a str,
    anchor: String,
    path: &'a str,
    also: &'a [String],
    sha256: &'a str,
    source: &'a str,
    host: &'a str,
    zone: &'a str,
    basis: &'a str,
    bytes: u64,
    records: &'a Records,
    balances: bool,
    first: Option<i64>,
    last: Option<i64>,
}

#[derive(Serialize)]
struct PlaceView {
    unit: &'static str,
    number: u64,
}

#[derive(Serialize)]
struct ProblemView<'a> {
    kind: &'static str,
    path: &'a str,
    at: Option<PlaceView>,
    count: u64,
    bytes: Option<u64>,
    text: &'a str,
}

#[derive(Serialize)]
struct Sum {
    kind: &'static str,
    count: u64,
}

#[derive(Serialize)]
struct RulesView<'a> {
    usable: u64,
    fired: &'a [crate::case::RuleFired],
    fired_total: u64,
    fired_left: u64,
    unusable: &'a [crate::case::RuleUnusable],
    unusable_total: u64,
    unusable_left: u64,
}

/// One thing that is not known, as HTML, and the gap it stands for.
#[derive(Serialize)]
struct Unknown {
    #[serde(serialize_with = "as_safe")]
    text: String,
    anchor: String,
}

fn as_safe<S: serde::Serializer>(markup: &str, serializer: S) -> Result<S::Ok, S::Error> {
    minijinja::value::Value::from_safe_string(markup.to_owned()).serialize(serializer)
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
    window: Window<'a>,
    scope: Vec<ScopeView<'a>>,
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
        window: Window {
            from: chain.scope.window.from.as_deref().and_then(parse_rfc3339),
            to: chain.scope.window.to.as_deref().and_then(parse_rfc3339),
            why: &chain.scope.window.why,
        },
        scope: scope(chain),
        gaps: chain.gaps.iter().take(ROWS_MAX).map(gap).collect(),
        gaps_left: left(chain.gaps.len(), ROWS_MAX),
        hypotheses: &chain.hypotheses,
        coverage: case.coverage.iter().take(ROWS_MAX).map(coverage_row).collect(),
        coverage_left: with_time.saturating_sub(coverage::ROWS),
        coverage_wide: coverage::draw(case, window_micros, &coverage::WIDE, markup),
        coverage_narrow: coverage::draw(case, window_micros, &coverage::NARROW, markup),
        coverage_legend: coverage::legend(),
        evidence: case.intake.iter().take(EVIDENCE_MAX).map(evidence).collect(),
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
        ("scope", None),
        ("gaps", Some(chain.gaps.len())),
        ("hypotheses", Some(chain.hypotheses.len())),
        ("coverage", None),
        ("evidence", Some(case.intake.len())),
        ("problems", Some(problems)),
        ("rules", Some(case.rules.fired.len())),
        ("verify", None),
    ];
    let has = |id: &str| match id {
        "techniques" => case.findings.iter().any(|f| !f.techniques.is_empty()),
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
        ("begin".to_owned(), Arg::Html(super::markup::both(title, ja))),
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
    super::markup::words_with(key, &args)
}

pub(crate) fn bytes_key(least: u64, most: Option<u64>) -> &'static str {
    match (least, most) {
        (0, None | Some(0)) => "page.bytes.unknown",
        (_, None) => "page.bytes.least",
        (0, Some(_)) => "page.bytes.most",
        (_, Some(_)) => "page.bytes.between",
    }
}

/// The most serious findings, one for each rule and host.
fn top<'a>(case: &Case<'a>) -> Vec<FindingView<'a>> {
    let mut seen = BTreeSet::new();
    sorted(case.findings)
        .into_iter()
        .filter(|f| f.level >= Level::Medium)
        .filter(|f| seen.insert((f.rule.as_str(), place(f))))
        .take(6)
        .map(finding)
        .collect()
}

fn unknowns(case: &Case<'_>) -> (Vec<Unknown>, usize) {
    let mut list = Vec::new();
    let plain = |text: String| Unknown { text, anchor: String::new() };
    let chain = case.chain;
    if !chain.steps.is_empty() && chain.scope.bytes_out.at_most.is_none() {
        list.push(plain(words("page.unknown-list.bytes", &[])));
    }
    for hypothesis in chain.hypotheses.iter().filter(|h| h.verdict == konseki_model::Verdict::Untestable).take(2) {
        let title = super::markup::both(&hypothesis.title, &hypothesis.title_ja);
        list.push(plain(words("page.unknown-list.hypothesis", &[("title".to_owned(), Arg::Html(title))])));
    }
    let assumed = case.intake.iter().filter(|piece| piece.zone.basis == "assumed" && piece.first.is_some()).count();
    if assumed > 0 {
        list.push(plain(super::markup::words_with("page.unknown-list.clock", &[("n", assumed.to_string())])));
    }
    // Gaps that hide a step come first.
    let mut gaps: Vec<&konseki_model::Gap> = chain.gaps.iter().collect();
    gaps.sort_by_key(|gap| gap.step.is_none());
    let mut told = BTreeSet::new();
    gaps.retain(|gap| told.insert((gap.what.as_str(), gap.host.as_str())));
    let room = UNKNOWNS_MAX.saturating_sub(list.len());
    let more = gaps.len().saturating_sub(room);
    list.extend(
        gaps.into_iter()
            .take(room)
            .map(|gap| Unknown { text: super::markup::both(&gap.what, &gap.what_ja), anchor: anchor(&gap.id) }),
    );
    (list, more)
}

/// By level from the highest, then by time; without time last.
fn sorted(findings: &[Finding]) -> Vec<&Finding> {
    let mut list: Vec<&Finding> = findings.iter().collect();
    list.sort_by_key(|f| (std::cmp::Reverse(f.level), start(f).unwrap_or(i64::MAX), f.id.as_str()));
    list
}

fn levels(findings: &[Finding]) -> (Vec<LevelView<'_>>, u64) {
    let mut per_rule: BTreeMap<(&str, Level), usize> = BTreeMap::new();
    let mut shown = 0usize;
    let mut views: Vec<LevelView<'_>> = Vec::new();
    for f in sorted(findings) {
        if views.last().is_none_or(|view| view.level != f.level) {
            let open = f.level >= Level::High;
            views.push(LevelView { level: f.level, count: 0, left: 0, open, findings: Vec::new() });
        }
        let Some(view) = views.last_mut() else { continue };
        view.count += 1;
        let of_rule = per_rule.entry((f.rule.as_str(), f.level)).or_default();
        *of_rule += 1;
        if *of_rule > PER_RULE_MAX || shown >= FINDINGS_MAX {
            view.left += 1;
        } else {
            shown += 1;
            view.findings.push(finding(f));
        }
    }
    (views, shown as u64)
}

fn finding(f: &Finding) -> FindingView<'_> {
    let ja = |pick: fn(&konseki_model::finding::Words) -> &String| f.ja.as_ref().map_or("", |ja| pick(ja).as_str());
    let because = head(&f.because, LINES_MAX);
    FindingView {
        id: &f.id,
        anchor: anchor(&f.id),
        rule: &f.rule,
        engine: &f.engine,
        title: &f.title,
        title_ja: ja(|w| &w.title),
        why: &f.why,
        why_ja: ja(|w| &w.why),
        disproof: &f.disproof,
        disproof_ja: ja(|w| &w.disproof),
        level: f.level,
        kind: super::timeline::kind_name(f.kind),
        confidence: f.confidence,
        micros: start(f),
        end: end(f),
        fidelity: fidelity(&f.time.fidelity).as_str(),
        basis: &f.time.basis,
        place: place(f),
        count: f.count,
        techniques: &f.techniques,
        entities: head(&f.entities, 12),
        because,
        because_left: f.count.max(f.because.len() as u64).saturating_sub(because.len() as u64),
    }
}

fn steps<'a>(case: &Case<'a>) -> Vec<StepView<'a>> {
    let by_id: BTreeMap<&str, &'a Finding> = case.findings.iter().map(|f| (f.id.as_str(), f)).collect();
    let chain: &'a Chain = case.chain;
    chain.steps.iter().map(|step| step_view(step, chain, &by_id)).collect()
}

fn step_view<'a>(step: &'a Step, chain: &'a Chain, by_id: &BTreeMap<&str, &'a Finding>) -> StepView<'a> {
    let findings = step.findings.iter().filter_map(|id| by_id.get(id.as_str()));
    StepView {
        id: &step.id,
        anchor: anchor(&step.id),
        tactic: &step.tactic,
        techniques: &step.techniques,
        title: &step.title,
        title_ja: &step.title_ja,
        micros: step.micros.or_else(|| step.time.start.as_deref().and_then(parse_rfc3339)),
        end: step.end_micros.or_else(|| step.time.end.as_deref().and_then(parse_rfc3339)),
        fidelity: fidelity(&step.time.fidelity).as_str(),
        host: &step.host,
        actor: &step.actor,
        confidence: step.confidence,
        findings: &step.findings,
        links: chain.links.iter().filter(|link| link.to == step.id).take(8).collect(),
        because: findings.flat_map(|f| f.because.iter().take(3)).take(LINES_MAX).collect(),
    }
}

fn techniques(case: &Case<'_>) -> Vec<TechniqueView> {
    let mut rows: BTreeMap<&str, TechniqueView> = BTreeMap::new();
    fn row<'m, 'i>(rows: &'m mut BTreeMap<&'i str, TechniqueView>, id: &'i str) -> &'m mut TechniqueView {
        rows.entry(id).or_insert_with(|| TechniqueView {
            id: id.to_owned(),
            tactics: attack::technique(id)
                .into_iter()
                .flat_map(|t| t.tactics.split(','))
                .filter_map(attack::tactic)
                .map(|tactic| tactic.short)
                .collect(),
            findings: 0,
            steps: Vec::new(),
        })
    }
    for f in case.findings {
        f.techniques.iter().for_each(|id| row(&mut rows, id).findings += 1);
    }
    for step in &case.chain.steps {
        step.techniques.iter().for_each(|id| row(&mut rows, id).steps.push(step.id.clone()));
    }
    let mut list: Vec<TechniqueView> = rows.into_values().collect();
    let order = |row: &TechniqueView| row.tactics.iter().map(|t| attack::tactic_order(t)).min().unwrap_or(usize::MAX);
    list.sort_by(|a, b| order(a).cmp(&order(b)).then_with(|| a.id.cmp(&b.id)));
    list
}

fn list_names<'a>(case: &Case<'a>) -> Vec<&'a str> {
    let lists: &'a BTreeMap<String, Vec<String>> = case.lists;
    let of_machines = case.inventory.iter().flat_map(|machine| machine.lists.keys());
    let names: BTreeSet<&'a str> = lists.keys().chain(of_machines).map(String::as_str).collect();
    let order = ["running", "registered", "on-disk", "boot-script", "log"];
    let mut names: Vec<&str> = names.into_iter().collect();
    names.sort_by_key(|name| (order.iter().position(|known| known == name).unwrap_or(order.len()), *name));
    names
}

fn machines<'a>(case: &Case<'a>) -> Vec<MachineView<'a>> {
    let names = list_names(case);
    let inventory: &'a [crate::case::Inventory] = case.inventory;
    let mut list: Vec<&'a crate::case::Inventory> = inventory.iter().collect();
    list.sort_by(|a, b| (a.verdict, &a.vm, &a.vmx).cmp(&(b.verdict, &b.vm, &b.vmx)));
    let hosts = |machine: &'a crate::case::Inventory, name: &str| machine.lists.get(name).map_or(&[][..], Vec::as_slice);
    list.into_iter()
        .take(ROWS_MAX)
        .map(|machine| MachineView {
            vm: &machine.vm,
            uuid: &machine.uuid,
            vmx: &machine.vmx,
            verdict: machine.verdict,
            cells: names
                .iter()
                .map(|name| Cell {
                    hosts: hosts(machine, name),
                    collected: case.lists.get(*name).is_some_and(|hosts| !hosts.is_empty()),
                })
                .collect(),
        })
        .collect()
}

fn scope(chain: &Chain) -> Vec<ScopeView<'_>> {
    let scope = &chain.scope;
    [("confirmed", &scope.confirmed), ("accessed", &scope.accessed), ("cannot-exclude", &scope.cannot_exclude)]
        .into_iter()
        .map(|(key, items)| ScopeView {
            key,
            count: items.len() as u64,
            left: left(items.len(), ROWS_MAX),
            items: head(items, ROWS_MAX),
        })
        .collect()
}

fn gap(gap: &konseki_model::Gap) -> GapView<'_> {
    GapView {
        id: &gap.id,
        anchor: anchor(&gap.id),
        what: &gap.what,
        what_ja: &gap.what_ja,
        source: &gap.source,
        host: &gap.host,
        step: gap.step.as_deref(),
        reason: reason(gap),
        from: gap.from.as_deref().and_then(parse_rfc3339),
        to: gap.to.as_deref().and_then(parse_rfc3339),
        collect: &gap.collect,
        collect_ja: &gap.collect_ja,
    }
}

fn coverage_row(row: &crate::case::Coverage) -> CoverageView<'_> {
    CoverageView {
        host: &row.host,
        source: &row.source,
        first: row.first,
        last: row.last,
        records: row.buckets.iter().sum(),
        gaps: row
            .gaps
            .iter()
            .map(|gap| SilenceView { from: gap.from, to: gap.to, reason: reason_key(gap.why) })
            .collect(),
    }
}

fn evidence(piece: &Intake) -> EvidenceView<'_> {
    EvidenceView {
        id: &piece.id,
        anchor: anchor(&piece.id),
        path: &piece.path,
        also: head(&piece.also, 10),
        sha256: &piece.sha256,
        source: &piece.source,
        host: &piece.host,
        zone: &piece.zone.name,
        basis: &piece.zone.basis,
        bytes: piece.bytes,
        records: &piece.records,
        balances: piece.records.balances(),
        first: piece.first.as_deref().and_then(parse_rfc3339),
        last: piece.last.as_deref().and_then(parse_rfc3339),
    }
}

fn problems(intake: &[Intake]) -> (Vec<ProblemView<'_>>, Vec<Sum>) {
    let mut sums: BTreeMap<&'static str, u64> = BTreeMap::new();
    let mut list = Vec::new();
    for piece in intake {
        for problem in &piece.problems {
            let kind = problem.kind.as_str();
            *sums.entry(kind).or_default() += problem.count;
            list.push(ProblemView {
                kind,
                path: &piece.path,
                at: problem.at.map(|at| PlaceView { unit: at.unit(), number: at.number() }),
                count: problem.count,
                bytes: problem.bytes,
                text: &problem.text,
            });
        }
    }
    (list, sums.into_iter().map(|(kind, count)| Sum { kind, count }).collect())
}

fn rules<'a>(case: &'a Case<'a>) -> RulesView<'a> {
    let rules = &case.rules;
    RulesView {
        usable: rules.usable,
        fired: head(&rules.fired, ROWS_MAX),
        fired_total: rules.fired.len() as u64,
        fired_left: left(rules.fired.len(), ROWS_MAX),
        unusable: head(&rules.unusable, ROWS_MAX),
        unusable_total: rules.unusable.len() as u64,
        unusable_left: left(rules.unusable.len(), ROWS_MAX),
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
