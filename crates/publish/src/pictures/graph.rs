//! The attack graph: phases down, tactics across, techniques in the boxes, the strongest link between boxes.

use std::collections::{BTreeMap, BTreeSet};

use konseki_report::{Both, attack};

use super::Pen;
use super::canvas::{Anchor, Canvas, INK, LINE, QUIET, fit, num};
use crate::words::book::{number, plain};
use crate::words::view::At;

const WIDTH: f64 = 1000.0;
const NAMES: f64 = 92.0;
const TOP: f64 = 46.0;
const TECHNIQUE: f64 = 14.0;

/// A box: the steps of one phase in one tactic.
struct Cell<'a> {
    steps: Vec<&'a At<'a>>,
    techniques: BTreeSet<&'a str>,
    /// Left, top, width, height.
    at: (f64, f64, f64, f64),
}

type Key = (usize, usize);

pub fn draw(pen: &Pen<'_>) -> Option<(Canvas, Vec<(&'static str, Both)>)> {
    let view = pen.view;
    let phases = view.phases();
    let tactics = view.tactics(&view.steps);
    if tactics.is_empty() {
        return None;
    }
    let mut canvas = pen.canvas("attack-graph", WIDTH);
    let column = (WIDTH - NAMES) / tactics.len() as f64;
    let mut cells: BTreeMap<Key, Cell<'_>> = BTreeMap::new();
    let mut y = TOP;
    for (row, phase) in phases.iter().enumerate() {
        let mut most = 1;
        for (index, tactic) in tactics.iter().enumerate() {
            let steps: Vec<&At<'_>> = phase.steps.iter().filter(|at| at.step.tactic == tactic.short).collect();
            if steps.is_empty() {
                continue;
            }
            let techniques: BTreeSet<&str> = steps.iter().flat_map(|at| at.step.techniques.iter().map(String::as_str)).collect();
            most = most.max(techniques.len());
            let height = techniques.len().max(1) as f64 * TECHNIQUE + 24.0;
            let x = NAMES + index as f64 * column + 5.0;
            cells.insert((row, index), Cell { steps, techniques, at: (x, y + 6.0, column - 12.0, height) });
        }
        let height = most as f64 * TECHNIQUE + 44.0;
        row_head(pen, &mut canvas, phase.span, (y, height));
        y += height;
    }
    heads(pen, &mut canvas, &tactics, column, y);
    arrows(pen, &mut canvas, &cells);
    for ((_, index), cell) in &cells {
        let colour = tactics.get(*index).map_or("#4a545e", |tactic| tactic.colour);
        draw_cell(pen, &mut canvas, cell, colour);
    }
    canvas.height = y + 8.0;
    let techniques: BTreeSet<&str> = cells.values().flat_map(|cell| cell.techniques.iter().copied()).collect();
    Some((canvas, vec![("n", number(techniques.len())), ("tactics", number(tactics.len()))]))
}

fn row_head(pen: &Pen<'_>, canvas: &mut Canvas, span: Option<(i64, i64)>, (y, height): (f64, f64)) {
    let clock = &pen.view.clock;
    let lines = match span {
        Some((from, to)) => {
            let day = |at| clock.zone.parts(at, konseki_model::Fidelity::Day).0;
            let (first, last) = (day(from), day(to));
            if first == last { vec![first] } else { vec![first, format!("– {last}")] }
        }
        None => vec![plain("common.no-time").in_lang(pen.lang).to_owned()],
    };
    for (index, line) in lines.iter().enumerate() {
        canvas.text((4.0, y + 22.0 + index as f64 * 15.0), 11.5, Anchor::Start, INK, &fit(line, 11.5, NAMES - 8.0));
    }
    canvas.line((0.0, y + height), (WIDTH, y + height), &format!(" stroke=\"{LINE}\""));
}

fn heads(pen: &Pen<'_>, canvas: &mut Canvas, tactics: &[&attack::Tactic], column: f64, bottom: f64) {
    for (index, tactic) in tactics.iter().enumerate() {
        let x = NAMES + index as f64 * column;
        canvas.line((x, 4.0), (x, bottom), &format!(" stroke=\"{LINE}\""));
        let name = pen.tactic(tactic);
        canvas.group(&name, |canvas| {
            canvas.rect((x + 5.0, 6.0), (24.0, 16.0), &format!(" rx=\"3\" fill=\"{}\"", tactic.colour));
            canvas.text((x + 17.0, 18.0), 11.0, Anchor::Middle, "#fff", tactic.code);
            canvas.text((x + 5.0, 38.0), 11.0, Anchor::Start, INK, &fit(&name, 11.0, column - 8.0));
        });
    }
    canvas.line((0.0, TOP), (WIDTH, TOP), " stroke=\"#8d9aa7\"");
}

fn draw_cell(pen: &Pen<'_>, canvas: &mut Canvas, cell: &Cell<'_>, colour: &str) {
    let (x, y, width, height) = cell.at;
    let ids: Vec<&str> = cell.steps.iter().map(|at| at.step.id.as_str()).collect();
    canvas.group(&ids.join(", "), |canvas| {
        canvas.rect((x, y), (width, height), &format!(" rx=\"4\" fill=\"#fff\" stroke=\"{colour}\" stroke-width=\"1.6\""));
        canvas.rect((x, y), (5.0, height), &format!(" fill=\"{colour}\""));
        let steps = pen.say("pictures.steps", &[("n", number(cell.steps.len()))]);
        canvas.text((x + 10.0, y + 14.0), 10.5, Anchor::Start, QUIET, &fit(&steps, 10.5, width - 12.0));
        for (index, id) in cell.techniques.iter().enumerate() {
            canvas.text((x + 10.0, y + 29.0 + index as f64 * TECHNIQUE), 11.5, Anchor::Start, INK, &fit(id, 11.5, width - 12.0));
        }
    });
}

/// For each box the strongest link from another box to one of its steps.
fn arrows(pen: &Pen<'_>, canvas: &mut Canvas, cells: &BTreeMap<Key, Cell<'_>>) {
    let place: BTreeMap<&str, Key> = cells.iter().flat_map(|(key, cell)| cell.steps.iter().map(|at| (at.step.id.as_str(), *key))).collect();
    for (key, cell) in cells {
        let into = pen.view.claims.chain.links.iter().filter(|link| place.get(link.to.as_str()) == Some(key));
        let from =
            into.filter_map(|link| Some((link.by, *place.get(link.from.as_str())?))).filter(|(_, from)| from != key && from.0 <= key.0);
        let Some((by, from)) = from.min_by_key(|(by, from)| (*by, key.0 - from.0, from.1.abs_diff(key.1))) else { continue };
        let Some(before) = cells.get(&from) else { continue };
        let dash = match by {
            konseki_model::By::Exact => "",
            konseki_model::By::Interval => " stroke-dasharray=\"6 3\"",
            konseki_model::By::Time => " stroke-dasharray=\"1.5 3.5\"",
        };
        let (a, b) = (before.at, cell.at);
        let (p0, p3, bend) = if from.0 == key.0 {
            // Beside each other: from side to side.
            let right = key.1 > from.1;
            let (x0, x1) = if right { (a.0 + a.2, b.0) } else { (a.0, b.0 + b.2) };
            ((x0, a.1 + 10.0), (x1, b.1 + 10.0), ((x1 - x0) / 2.0, 0.0))
        } else {
            ((a.0 + a.2 / 2.0, a.1 + a.3), (b.0 + b.2 / 2.0, b.1), (0.0, ((b.1 - a.1 - a.3) / 2.0).max(10.0)))
        };
        let (p1, p2) = ((p0.0 + bend.0, p0.1 + bend.1), (p3.0 - bend.0, p3.1 - bend.1));
        let d = format!("M{} {}C{} {} {} {} {} {}", num(p0.0), num(p0.1), num(p1.0), num(p1.1), num(p2.0), num(p2.1), num(p3.0), num(p3.1));
        canvas.path(&d, &format!(" stroke=\"#4a545e\" stroke-width=\"1.2\"{dash}"));
        canvas.arrow_head(p3, (p3.0 - p2.0, p3.1 - p2.1));
    }
}
