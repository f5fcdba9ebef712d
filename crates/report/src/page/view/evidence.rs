//! Evidence, coverage, machines, problems and rules, as the page shows them.

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::{Intake, Records};
use serde::Serialize;

use crate::case::{Case, InventoryVerdict};
use crate::fill::reason_key;
use crate::time::parse_rfc3339;
use crate::words::Words;

use super::super::markup::anchor;
use super::{ROWS_MAX, head, left};

#[derive(Serialize)]
pub struct Cell<'a> {
    pub hosts: &'a [String],
    /// Whether that list was collected anywhere, so that absence means something.
    pub collected: bool,
}

#[derive(Serialize)]
pub struct MachineView<'a> {
    pub vm: &'a str,
    pub uuid: &'a str,
    pub vmx: &'a str,
    pub verdict: InventoryVerdict,
    pub cells: Vec<Cell<'a>>,
}

#[derive(Serialize)]
pub struct SilenceView {
    pub from: i64,
    pub to: i64,
    pub reason: String,
}

#[derive(Serialize)]
pub struct CoverageView<'a> {
    pub host: &'a str,
    pub source: &'a str,
    pub first: Option<i64>,
    pub last: Option<i64>,
    pub records: u64,
    pub gaps: Vec<SilenceView>,
}

#[derive(Serialize)]
pub struct EvidenceView<'a> {
    pub id: &'a str,
    pub anchor: String,
    pub path: &'a str,
    pub also: &'a [String],
    pub sha256: &'a str,
    pub source: &'a str,
    pub host: &'a str,
    pub zone: &'a str,
    pub basis: &'a str,
    pub bytes: u64,
    pub records: &'a Records,
    pub balances: bool,
    pub first: Option<i64>,
    pub last: Option<i64>,
}

#[derive(Serialize)]
pub struct PlaceView {
    pub unit: &'static str,
    pub number: u64,
}

#[derive(Serialize)]
pub struct ClockView<'a> {
    pub host: &'a str,
    /// Name of the source in both languages, where no host is known.
    pub name: Option<(&'static str, &'static str)>,
    pub assumed: &'a str,
    /// `found`, `as-assumed`, or `unknown`.
    pub state: &'static str,
    pub parts: Vec<ClockPart>,
    pub doubt: i64,
    pub anchors: u64,
    pub agreeing: u64,
    pub by: &'a str,
    pub pieces: u64,
}

#[derive(Serialize)]
pub struct ClockPart {
    pub from: Option<i64>,
    /// The clock's times were moved to later ones.
    pub later: bool,
    pub by: i64,
}

#[derive(Serialize)]
pub struct ProblemView<'a> {
    pub kind: &'static str,
    pub path: &'a str,
    pub at: Option<PlaceView>,
    pub count: u64,
    pub bytes: Option<u64>,
    pub text: &'a str,
}

#[derive(Serialize)]
pub struct Sum {
    pub kind: &'static str,
    pub count: u64,
}

#[derive(Serialize)]
pub struct RulesView<'a> {
    pub usable: u64,
    pub fired: &'a [crate::case::RuleFired],
    pub fired_total: u64,
    pub fired_left: u64,
    pub unusable: &'a [crate::case::RuleUnusable],
    pub unusable_total: u64,
    pub unusable_left: u64,
}

pub fn list_names<'a>(case: &Case<'a>) -> Vec<&'a str> {
    let lists: &'a BTreeMap<String, Vec<String>> = case.lists;
    let of_machines = case.inventory.iter().flat_map(|machine| machine.lists.keys());
    let names: BTreeSet<&'a str> = lists.keys().chain(of_machines).map(String::as_str).collect();
    let order = ["running", "registered", "on-disk", "boot-script", "log"];
    let mut names: Vec<&str> = names.into_iter().collect();
    names.sort_by_key(|name| (order.iter().position(|known| known == name).unwrap_or(order.len()), *name));
    names
}

pub fn machines<'a>(case: &Case<'a>) -> Vec<MachineView<'a>> {
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
                .map(|name| Cell { hosts: hosts(machine, name), collected: case.lists.get(*name).is_some_and(|hosts| !hosts.is_empty()) })
                .collect(),
        })
        .collect()
}

pub fn coverage_row(row: &crate::case::Coverage) -> CoverageView<'_> {
    CoverageView {
        host: &row.host,
        source: &row.source,
        first: row.first,
        last: row.last,
        records: row.buckets.iter().sum(),
        gaps: row.gaps.iter().map(|gap| SilenceView { from: gap.from, to: gap.to, reason: reason_key(gap.why) }).collect(),
    }
}

pub fn evidence(piece: &Intake) -> EvidenceView<'_> {
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

/// What is not known comes first.
pub fn clocks<'a>(case: &Case<'a>) -> Vec<ClockView<'a>> {
    let mut list: Vec<ClockView<'a>> = case.clocks.iter().map(clock).collect();
    list.sort_by_key(|clock| (clock.state != "unknown", clock.state != "found", clock.host));
    list
}

fn clock(clock: &crate::case::Clock) -> ClockView<'_> {
    let name = Words::raw(&format!("names.{}.name", clock.host));
    ClockView {
        host: &clock.host,
        name: name.map(|both| (both.en.as_str(), both.ja.as_str())),
        assumed: &clock.assumed,
        state: match clock.parts.iter().any(|(_, shift)| *shift != 0) {
            true => "found",
            false if clock.parts.is_empty() => "unknown",
            false => "as-assumed",
        },
        parts: clock
            .parts
            .iter()
            .map(|(from, shift)| ClockPart { from: *from, later: *shift > 0, by: i64::try_from(shift.unsigned_abs()).unwrap_or(i64::MAX) })
            .collect(),
        doubt: clock.doubt,
        anchors: clock.anchors,
        agreeing: clock.agreeing,
        by: &clock.by,
        pieces: clock.pieces,
    }
}

pub fn problems(intake: &[Intake]) -> (Vec<ProblemView<'_>>, Vec<Sum>) {
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

pub fn rules<'a>(case: &'a Case<'a>) -> RulesView<'a> {
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
