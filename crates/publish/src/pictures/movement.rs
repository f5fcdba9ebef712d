//! The lateral-movement map: hosts in the order in which they were reached, links with what proves them and when.

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::{By, EntityKind, Fidelity};
use konseki_report::Both;

use super::Pen;
use super::canvas::{Anchor, Canvas, INK, QUIET, fit, fit_host, num};
use crate::words::book::{number, plain};
use crate::words::indicators::outside;
use crate::words::view::{At, View, short};

const WIDTH: f64 = 1000.0;
const BOX: (f64, f64) = (150.0, 46.0);
const TOP: f64 = 20.0;
const GAP: f64 = 34.0;
/// Addresses outside shown on each side; the rest is counted.
const OUTSIDE_MAX: usize = 4;

#[derive(Clone, Debug)]
struct Node {
    /// What the boxes are told apart by.
    key: String,
    name: String,
    below: String,
    outside: bool,
    column: usize,
    y: f64,
}

#[derive(Clone, Debug)]
struct Edge {
    from: String,
    to: String,
    by: By,
    when: Option<i64>,
    fidelity: Fidelity,
    count: usize,
}

pub fn draw(pen: &Pen<'_>) -> Option<(Canvas, Vec<(&'static str, Both)>)> {
    let view = pen.view;
    let mut edges = inner(view);
    edges.extend(outer(view));
    if edges.is_empty() {
        return None;
    }
    let mut nodes = nodes(pen, &edges);
    let columns = nodes.iter().map(|node| node.column).max().unwrap_or(0) + 1;
    let height = place(&mut nodes, columns);
    let mut canvas = pen.canvas("movement", WIDTH);
    let x = |column: usize| if columns < 2 { 10.0 } else { 10.0 + column as f64 * (WIDTH - 20.0 - BOX.0) / (columns - 1) as f64 };
    let at: BTreeMap<&str, (f64, f64)> = nodes.iter().map(|node| (node.key.as_str(), (x(node.column), node.y))).collect();
    let step = if columns < 2 { WIDTH } else { x(1) - x(0) };
    let below = height + 14.0;
    let lines: Vec<(&Edge, [(f64, f64); 4])> = edges.iter().filter_map(|edge| Some((edge, curve(edge, &at, (step, below))?))).collect();
    for (edge, curve) in &lines {
        line(&mut canvas, edge, *curve);
    }
    for node in &nodes {
        box_of(&mut canvas, node, x(node.column));
    }
    let mut taken: Vec<(f64, f64, f64)> = Vec::new();
    for (edge, curve) in &lines {
        words(pen, &mut canvas, edge, *curve, &mut taken);
    }
    canvas.height = legend(pen, &mut canvas, height + 44.0);
    let hosts = nodes.iter().filter(|node| !node.outside).count();
    Some((canvas, vec![("n", number(hosts)), ("edges", number(edges.len()))]))
}

/// For each pair of hosts the strongest link that leads to a step which entered or moved, or to the host's first step.
fn inner(view: &View<'_>) -> Vec<Edge> {
    let steps: BTreeMap<&str, &At<'_>> = view.steps.iter().map(|at| (at.step.id.as_str(), at)).collect();
    let mut first: BTreeSet<&str> = BTreeSet::new();
    let mut hosts = BTreeSet::new();
    for at in &view.steps {
        if !view.only_observed(at.step) && hosts.insert(short(&at.step.host)) {
            first.insert(&at.step.id);
        }
    }
    let mut best: BTreeMap<(String, String), Edge> = BTreeMap::new();
    for link in &view.claims.chain.links {
        let (Some(a), Some(b)) = (steps.get(link.from.as_str()), steps.get(link.to.as_str())) else { continue };
        let (from, to) = (short(&a.step.host), short(&b.step.host));
        let moved = b.step.tactic == "lateral-movement" || b.step.tactic == "initial-access" || first.contains(link.to.as_str());
        if from == to || from.is_empty() || to.is_empty() || !moved || view.only_observed(b.step) || view.only_observed(a.step) {
            continue;
        }
        let fidelity = konseki_report::time::fidelity(&b.step.time.fidelity);
        let new = Edge { from: from.clone(), to: to.clone(), by: link.by, when: b.from, fidelity, count: 1 };
        best.entry((from, to))
            .and_modify(|edge| {
                edge.count += 1;
                if new.by < edge.by || (new.by == edge.by && new.when < edge.when) {
                    (edge.by, edge.when, edge.fidelity) = (new.by, new.when, new.fidelity);
                }
            })
            .or_insert(new);
    }
    // Nearness alone says nothing where something better leads to the same host.
    let proved: BTreeSet<String> = best.values().filter(|edge| edge.by != By::Time).map(|edge| edge.to.clone()).collect();
    best.into_values().filter(|edge| edge.by != By::Time || !proved.contains(&edge.to)).collect()
}

/// From addresses outside to the hosts that were entered, and from hosts to addresses that data or commands went to.
fn outer(view: &View<'_>) -> Vec<Edge> {
    let mut found: BTreeMap<(String, String), Edge> = BTreeMap::new();
    for at in view.steps.iter().filter(|at| !at.step.host.is_empty()) {
        let host = short(&at.step.host);
        let sent = matches!(at.step.tactic.as_str(), "exfiltration" | "command-and-control");
        let came = at.step.tactic == "initial-access";
        for entity in view.findings_of(at.step).flat_map(|finding| &finding.entities) {
            if entity.kind != EntityKind::Address || !outside(&entity.value) {
                continue;
            }
            let pair = match entity.role.as_str() {
                "from" if came => (format!("< {}", entity.value), host.clone()),
                "to" if sent => (host.clone(), format!("> {}", entity.value)),
                _ => continue,
            };
            let fidelity = konseki_report::time::fidelity(&at.step.time.fidelity);
            let edge = Edge { from: pair.0.clone(), to: pair.1.clone(), by: By::Exact, when: at.from, fidelity, count: 0 };
            found.entry(pair).or_insert(edge).count += 1;
        }
    }
    found.into_values().collect()
}

/// Boxes with their columns: outside, hosts by the number of moves that lead to them, outside again.
fn nodes(pen: &Pen<'_>, edges: &[Edge]) -> Vec<Node> {
    let view = pen.view;
    let mut order: Vec<(Option<i64>, String)> = Vec::new();
    for at in &view.steps {
        let key = short(&at.step.host);
        let used = edges.iter().any(|edge| edge.from == key || edge.to == key);
        if used && !order.iter().any(|(_, host)| *host == key) {
            order.push((at.from, key));
        }
    }
    let depth = depths(&order, edges);
    let deepest = depth.values().copied().max().unwrap_or(0);
    let node = |key: &str, name: String, below: String, outside: bool, column: usize| Node {
        key: key.to_owned(),
        name,
        below,
        outside,
        column,
        y: 0.0,
    };
    let mut list: Vec<Node> = Vec::new();
    let side = |prefix: char, column: usize, list: &mut Vec<Node>| {
        let mut seen = BTreeSet::new();
        // In the order of the hosts at the other end, so that fewer lines cross.
        let rank = |key: &str| order.iter().position(|(_, host)| host == key).unwrap_or(usize::MAX);
        let mut ends: Vec<(usize, &String)> = edges
            .iter()
            .flat_map(|edge| [(rank(&edge.to), &edge.from), (rank(&edge.from), &edge.to)])
            .filter(|(_, key)| key.starts_with(prefix))
            .collect();
        ends.sort();
        for (_, key) in ends {
            if seen.insert(key) && seen.len() <= OUTSIDE_MAX {
                list.push(node(key, konseki_report::defang(key.get(2..).unwrap_or_default()), pen.plain("pictures.outside"), true, column));
            }
        }
    };
    side('<', 0, &mut list);
    for (_, key) in &order {
        let shown = view.steps.iter().find(|at| short(&at.step.host) == *key).map_or(key.as_str(), |at| at.step.host.as_str());
        let kind = plain(&format!("common.system.{}", view.system_of(shown))).in_lang(pen.lang).to_owned();
        list.push(node(key, shown.to_owned(), kind, false, depth.get(key).copied().unwrap_or(0) + 1));
    }
    side('>', deepest + 2, &mut list);
    list
}

/// How many moves lead to each host, by the earliest one; more than three are drawn as three.
fn depths(order: &[(Option<i64>, String)], edges: &[Edge]) -> BTreeMap<String, usize> {
    let mut depth: BTreeMap<String, usize> = BTreeMap::new();
    for (_, host) in order {
        let into = edges.iter().filter(|edge| edge.to == *host && !edge.from.starts_with('<')).min_by_key(|edge| edge.when);
        let before = into.and_then(|edge| depth.get(&edge.from)).map_or(0, |n| n + 1);
        depth.insert(host.clone(), before.min(3));
    }
    depth
}

/// Rows within each column, each column in the middle; returns the height.
fn place(nodes: &mut [Node], columns: usize) -> f64 {
    let count = |column: usize, nodes: &[Node]| nodes.iter().filter(|node| node.column == column).count();
    let most = (0..columns).map(|column| count(column, nodes)).max().unwrap_or(1);
    let height = TOP + most as f64 * (BOX.1 + GAP);
    for column in 0..columns {
        let n = count(column, nodes) as f64;
        let room = (height - TOP) / n.max(1.0);
        for (row, node) in nodes.iter_mut().filter(|node| node.column == column).enumerate() {
            // Columns beside each other are shifted, so that lines do not run through boxes.
            let shift = if column % 2 == 1 && n < most as f64 { 8.0 } else { 0.0 };
            node.y = TOP + room * (row as f64 + 0.5) - BOX.1 / 2.0 + shift;
        }
    }
    height
}

/// Both ends of a line and its bend. A line over more than one column runs below all boxes (`bottom`).
fn curve(edge: &Edge, at: &BTreeMap<&str, (f64, f64)>, (step, bottom): (f64, f64)) -> Option<[(f64, f64); 4]> {
    let (a, b) = (*at.get(edge.from.as_str())?, *at.get(edge.to.as_str())?);
    let middle = |p: (f64, f64)| p.1 + BOX.1 / 2.0;
    if b.0 > a.0 {
        let (x0, x1) = (a.0 + BOX.0, b.0);
        if b.0 - a.0 > step * 1.5 {
            // A cubic reaches three quarters of the way to its handles.
            let low = |y: f64| y + (bottom - y) / 0.75;
            let deepest = low(middle(a)).max(low(middle(b)));
            return Some([(x0, middle(a)), (x0 + 30.0, deepest), (x1 - 30.0, deepest), (x1, middle(b))]);
        }
        let bend = ((x1 - x0) / 2.0).max(20.0);
        return Some([(x0, middle(a)), (x0 + bend, middle(a)), (x1 - bend, middle(b)), (x1, middle(b))]);
    }
    if (b.0 - a.0).abs() < 1.0 {
        // Within a column: around the right side.
        let (x, out) = (a.0 + BOX.0, 52.0 + (b.1 - a.1).abs() / (BOX.1 + GAP) * 13.0);
        let down = if b.1 > a.1 { 8.0 } else { -8.0 };
        return Some([(x, middle(a) + down), (x + out, middle(a) + down), (x + out, middle(b) - down), (x, middle(b) - down)]);
    }
    // Backwards: from the left side to the right side of the earlier column.
    Some([(a.0, middle(a) + 10.0), (a.0 - 40.0, middle(a) + 24.0), (b.0 + BOX.0 + 40.0, middle(b) + 24.0), (b.0 + BOX.0, middle(b) + 10.0)])
}

fn line(canvas: &mut Canvas, edge: &Edge, [p0, p1, p2, p3]: [(f64, f64); 4]) {
    let dash = match edge.by {
        By::Exact => "",
        By::Interval => " stroke-dasharray=\"7 4\"",
        By::Time => " stroke-dasharray=\"1.5 4\"",
    };
    let d = format!("M{} {}C{} {} {} {} {} {}", num(p0.0), num(p0.1), num(p1.0), num(p1.1), num(p2.0), num(p2.1), num(p3.0), num(p3.1));
    canvas.path(&d, &format!(" stroke=\"{INK}\" stroke-width=\"1.4\"{dash}"));
    canvas.arrow_head(p3, (p3.0 - p2.0, p3.1 - p2.1));
}

/// When, and how often, in the middle of the line; moved up or down until it covers no other label.
fn words(pen: &Pen<'_>, canvas: &mut Canvas, edge: &Edge, [p0, p1, p2, p3]: [(f64, f64); 4], taken: &mut Vec<(f64, f64, f64)>) {
    let fidelity = if pen.view.clock.days { Fidelity::Day } else { edge.fidelity.max(Fidelity::Minute) };
    let zone = &pen.view.clock.zone;
    let (date, time) = edge.when.map_or((pen.plain("common.no-time"), String::new()), |at| {
        let (date, time, _) = zone.parts(at, fidelity);
        (date.get(5..).unwrap_or(&date).to_owned(), time)
    });
    let count = if edge.count > 1 { format!(" ×{}", edge.count) } else { String::new() };
    let text = format!("{} {time}{count}", date).trim().to_owned();
    let width = super::canvas::width_of(&text) * 10.5;
    let spot = |t: f64| {
        let u = 1.0 - t;
        let mix = |a: f64, b: f64, c: f64, d: f64| u * u * u * a + 3.0 * u * u * t * b + 3.0 * u * t * t * c + t * t * t * d;
        (mix(p0.0, p1.0, p2.0, p3.0), mix(p0.1, p1.1, p2.1, p3.1) + 3.5)
    };
    let free = |(x, y): (f64, f64)| !taken.iter().any(|(tx, ty, tw)| (x - tx).abs() < (width + tw) / 2.0 + 4.0 && (y - ty).abs() < 14.0);
    let places = [0.5, 0.62, 0.38, 0.72, 0.28, 0.8, 0.2];
    // On a level line the label stands above it, for the line to be seen.
    let lift = if (p0.1 - p3.1).abs() < 6.0 { 9.0 } else { 0.0 };
    let place = places.into_iter().map(spot).find(|place| free(*place)).unwrap_or_else(|| spot(0.5));
    taken.push((place.0, place.1, width));
    canvas.label((place.0, place.1 - lift), 10.5, Anchor::Middle, &text);
}

fn box_of(canvas: &mut Canvas, node: &Node, x: f64) {
    let style = if node.outside {
        " rx=\"23\" fill=\"#fff\" stroke=\"#1c2630\" stroke-dasharray=\"5 3\""
    } else {
        " rx=\"4\" fill=\"#eef2f6\" stroke=\"#1c2630\""
    };
    canvas.group(&node.name, |canvas| {
        canvas.rect((x, node.y), BOX, style);
        let room = BOX.0 - 16.0;
        canvas.text((x + BOX.0 / 2.0, node.y + 19.0), 12.5, Anchor::Middle, INK, &fit_host(&node.name, 12.5, room));
        canvas.text((x + BOX.0 / 2.0, node.y + 35.0), 10.5, Anchor::Middle, QUIET, &fit(&node.below, 10.5, room));
    });
}

fn legend(pen: &Pen<'_>, canvas: &mut Canvas, y: f64) -> f64 {
    let mut x = 10.0;
    for (key, dash) in [("exact", ""), ("interval", " stroke-dasharray=\"7 4\""), ("time", " stroke-dasharray=\"1.5 4\"")] {
        let name = pen.plain(&format!("pictures.{key}"));
        canvas.line((x, y), (x + 40.0, y), &format!(" stroke=\"{INK}\" stroke-width=\"1.4\"{dash}"));
        canvas.text((x + 48.0, y + 4.0), 12.0, Anchor::Start, INK, &name);
        x += 48.0 + super::canvas::width_of(&name) * 12.0 + 28.0;
    }
    y + 16.0
}
