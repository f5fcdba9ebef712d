//! The swimlane timeline: a lane for each host, a column for each phase, a box for each step, grey where no logs are.

use std::collections::BTreeMap;

use konseki_model::Fidelity;
use konseki_report::{Both, attack};

use super::Pen;
use super::canvas::{Anchor, Canvas, INK, LINE, QUIET, fit, fit_host, width_of};
use super::spans::{self, Covered, Span};
use crate::words::book::{number, same};
use crate::words::view::{At, Phase, short};

const WIDTH: f64 = 1000.0;
const NAMES: f64 = 150.0;
const TOP: f64 = 44.0;
const BOX: (f64, f64) = (24.0, 17.0);
const ROW: f64 = 21.0;
const ROWS_MAX: usize = 10;

/// A column of the picture: a phase with its place.
struct Column<'a> {
    phase: Phase<'a>,
    x0: f64,
    x1: f64,
    /// What the column shows: the phase's first to last step with some room.
    span: Option<Span>,
}

impl Column<'_> {
    fn x(&self, micros: i64) -> f64 {
        let Some((from, to)) = self.span else { return self.x0 };
        let share = (micros - from) as f64 / ((to - from).max(1)) as f64;
        self.x0 + 4.0 + share.clamp(0.0, 1.0) * (self.x1 - self.x0 - BOX.0 - 8.0)
    }
}

pub fn draw(pen: &Pen<'_>) -> Option<(Canvas, Vec<(&'static str, Both)>)> {
    let view = pen.view;
    if view.steps.is_empty() {
        return None;
    }
    let columns = columns(view.phases());
    let lanes = lanes(&view.steps);
    let covered = spans::covered(view);
    let mut canvas = pen.canvas("timeline", WIDTH);
    let mut y = TOP;
    for (index, host) in lanes.iter().enumerate() {
        y += lane(pen, &mut canvas, &columns, &covered, (host, index, y));
    }
    heads(pen, &mut canvas, &columns, y);
    canvas.height = legend(pen, &mut canvas, y + 14.0);
    let args = vec![
        ("n", number(view.steps.len())),
        ("lanes", number(lanes.len())),
        ("span", view.span_words()),
        ("zone", same(&view.clock.zone.name)),
    ];
    Some((canvas, args))
}

/// Hosts in the order of their first step; both names of a machine are one.
fn lanes(steps: &[At<'_>]) -> Vec<String> {
    let mut list: Vec<String> = Vec::new();
    for at in steps {
        if !list.iter().any(|host| short(host) == short(&at.step.host)) {
            list.push(at.step.host.clone());
        }
    }
    list
}

/// Columns share the width by how many steps they hold, none narrower than two boxes.
fn columns(phases: Vec<Phase<'_>>) -> Vec<Column<'_>> {
    let weight = |phase: &Phase<'_>| (phase.steps.len() as f64).sqrt().max(2.3);
    let all: f64 = phases.iter().map(weight).sum();
    let unit = (WIDTH - NAMES - 6.0) / all.max(1.0);
    let mut x = NAMES;
    let column =
        |phase: Phase<'_>| -> (f64, Option<Span>) { (weight(&phase) * unit, phase.span.map(|(from, to)| (from, to.max(from + 1)))) };
    phases
        .into_iter()
        .map(|phase| {
            let (width, span) = column(phase.clone());
            let x0 = x;
            x += width;
            Column { phase, x0, x1: x, span }
        })
        .collect()
}

/// Draws one lane; returns its height.
fn lane(pen: &Pen<'_>, canvas: &mut Canvas, columns: &[Column<'_>], covered: &[Covered], (host, index, y): (&String, usize, f64)) -> f64 {
    let mut placed: Vec<(f64, usize, At<'_>)> = Vec::new();
    let mut left = 0;
    let mut rows = 1;
    for column in columns {
        let own: Vec<At<'_>> = column.phase.steps.iter().filter(|at| short(&at.step.host) == short(host)).copied().collect();
        let mut ends: Vec<f64> = Vec::new();
        for (slot, at) in own.iter().enumerate() {
            let x = position(pen, column, at, slot);
            let row = ends.iter().position(|end| *end <= x).unwrap_or(ends.len());
            if row >= ROWS_MAX {
                left += 1;
                continue;
            }
            if row == ends.len() {
                ends.push(0.0);
            }
            if let Some(end) = ends.get_mut(row) {
                *end = x + BOX.0 + 2.0;
            }
            placed.push((x, row, *at));
        }
        rows = rows.max(ends.len());
    }
    let height = rows as f64 * ROW + 12.0;
    canvas.rect((0.0, y), (WIDTH, height), if index % 2 == 0 { " fill=\"#fff\"" } else { " fill=\"#f6f8fa\"" });
    let alive = spans::merge([spans::of_host(covered, host), spans::of_observer(pen.view, host)].concat());
    bands(canvas, columns, &alive, (y, height));
    let name = if host.is_empty() { pen.plain("pictures.no-host") } else { fit_host(host, 13.0, NAMES - 12.0) };
    canvas.group(host, |canvas| canvas.text((6.0, y + height / 2.0 + 4.5), 13.0, Anchor::Start, INK, &name));
    for (x, row, at) in placed {
        mark(pen, canvas, (x, y + 6.0 + row as f64 * ROW), &at);
    }
    if left > 0 {
        canvas.text((WIDTH - 4.0, y + height - 4.0), 11.0, Anchor::End, QUIET, &pen.say("pictures.more", &[("n", number(left))]));
    }
    height
}

/// By time within the column; by order alone where the audience gets days only, or no time is known.
fn position(pen: &Pen<'_>, column: &Column<'_>, at: &At<'_>, slot: usize) -> f64 {
    let room = ((column.x1 - column.x0 - 4.0) / (BOX.0 + 2.0)).floor().max(1.0) as usize;
    match at.from {
        Some(from) if !pen.view.clock.days => column.x(from),
        _ => column.x0 + 4.0 + (slot % room) as f64 * (BOX.0 + 2.0),
    }
}

/// Hatched where no source of the host has records.
fn bands(canvas: &mut Canvas, columns: &[Column<'_>], covered: &[Span], (y, height): (f64, f64)) {
    for column in columns {
        let Some(span) = column.span else { continue };
        for (from, to) in spans::without(span, covered) {
            // A hole over the whole column fills it to its edges.
            let x0 = if from <= span.0 { column.x0 } else { column.x(from) };
            let x1 = if to >= span.1 { column.x1 } else { column.x(to) };
            let fill = canvas.hatch("nolog");
            canvas.rect((x0, y), (x1 - x0, height), &fill);
        }
    }
}

/// A box with the two letters of the tactic; dashed where the confidence is low.
fn mark(pen: &Pen<'_>, canvas: &mut Canvas, (x, y): (f64, f64), at: &At<'_>) {
    let step = at.step;
    let tactic = attack::tactic(&step.tactic);
    let (code, colour) = tactic.map_or(("?", "#4a545e"), |tactic| (tactic.code, tactic.colour));
    let sure = step.confidence >= 0.6;
    let title = if step.title_ja.is_empty() || pen.lang == konseki_report::Lang::En { &step.title } else { &step.title_ja };
    let fidelity = konseki_report::time::fidelity(&step.time.fidelity).max(Fidelity::Second);
    let when =
        at.from.map_or_else(|| pen.plain("common.no-time"), |from| pen.view.clock.moment(from, fidelity).in_lang(pen.lang).to_owned());
    canvas.group(&format!("{} {when} {title}", step.id), |canvas| {
        let style = if sure {
            format!(" rx=\"3\" fill=\"{colour}\" stroke=\"{colour}\"")
        } else {
            format!(" rx=\"3\" fill=\"#fff\" stroke=\"{colour}\" stroke-width=\"1.5\" stroke-dasharray=\"3 2\"")
        };
        canvas.rect((x, y), BOX, &style);
        let ink = if sure { "#fff" } else { colour };
        canvas.text((x + BOX.0 / 2.0, y + 12.6), 11.5, Anchor::Middle, ink, code);
    });
}

fn heads(pen: &Pen<'_>, canvas: &mut Canvas, columns: &[Column<'_>], bottom: f64) {
    for (index, column) in columns.iter().enumerate() {
        let width = column.x1 - column.x0;
        let title = match column.phase.span {
            Some((from, to)) => {
                let day = |at: i64| pen.view.clock.zone.parts(at, Fidelity::Day).0;
                let (first, last) = (day(from), day(to));
                if first == last { first } else { format!("{first} – {}", last.get(5..).unwrap_or(&last)) }
            }
            None => pen.plain("common.no-time"),
        };
        // The year is told once where columns are narrow.
        let short = if index > 0 && width_of(&title) * 12.0 > width { title.get(5..).unwrap_or(&title).to_owned() } else { title.clone() };
        canvas.group(&title, |canvas| canvas.text((column.x0 + 4.0, 18.0), 12.0, Anchor::Start, INK, &fit(&short, 12.0, width - 4.0)));
        let steps = pen.say("pictures.steps", &[("n", number(column.phase.steps.len()))]);
        canvas.text((column.x0 + 4.0, 34.0), 11.0, Anchor::Start, QUIET, &fit(&steps, 11.0, width - 4.0));
        let dash = if column.span.is_none() { " stroke-dasharray=\"4 3\"" } else { "" };
        canvas.line((column.x0, 6.0), (column.x0, bottom), &format!(" stroke=\"{LINE}\"{dash}"));
    }
    canvas.line((0.0, TOP), (WIDTH, TOP), " stroke=\"#8d9aa7\"");
    canvas.line((0.0, bottom), (WIDTH, bottom), " stroke=\"#8d9aa7\"");
}

/// Tactics seen, no logs, low confidence; returns the height of the picture.
fn legend(pen: &Pen<'_>, canvas: &mut Canvas, top: f64) -> f64 {
    let mut seen: BTreeMap<usize, &attack::Tactic> = BTreeMap::new();
    for at in &pen.view.steps {
        if let Some(tactic) = attack::tactic(&at.step.tactic) {
            seen.insert(attack::tactic_order(tactic.short), tactic);
        }
    }
    let (mut x, mut y) = (6.0, top);
    let mut place = |width: f64| {
        if x + width > WIDTH {
            (x, y) = (6.0, y + 24.0);
        }
        let at = (x, y);
        x += width;
        at
    };
    for tactic in seen.into_values() {
        let name = pen.tactic(tactic);
        let (x, y) = place(BOX.0 + 24.0 + width_of(&name) * 12.0);
        canvas.rect((x, y), BOX, &format!(" rx=\"3\" fill=\"{}\"", tactic.colour));
        canvas.text((x + BOX.0 / 2.0, y + 12.6), 11.5, Anchor::Middle, "#fff", tactic.code);
        canvas.text((x + BOX.0 + 6.0, y + 13.0), 12.0, Anchor::Start, INK, &name);
    }
    for (key, style) in [
        ("pictures.nolog", canvas.hatch("nolog")),
        ("pictures.weak", " rx=\"3\" fill=\"#fff\" stroke=\"#4a545e\" stroke-width=\"1.5\" stroke-dasharray=\"3 2\"".to_owned()),
    ] {
        let name = pen.plain(key);
        let (x, y) = place(BOX.0 + 24.0 + width_of(&name) * 12.0);
        canvas.rect((x, y), BOX, &style);
        canvas.text((x + BOX.0 + 6.0, y + 13.0), 12.0, Anchor::Start, INK, &name);
    }
    y + 28.0
}
