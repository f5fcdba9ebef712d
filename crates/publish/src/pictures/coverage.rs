//! Evidence coverage: first to last record of each host's sources, known gaps, the time of the intrusion.

use konseki_model::Fidelity;
use konseki_report::Both;
use konseki_report::time::parse_rfc3339;

use super::Pen;
use super::canvas::{Anchor, Canvas, INK, LINE, QUIET, fit};
use super::spans::{self, Covered, Span};
use crate::words::book::{number, plain};
use crate::words::overview::reason;
use crate::words::view::short;

const WIDTH: f64 = 1000.0;
const NAMES: f64 = 300.0;
const TOP: f64 = 34.0;
const ROW: f64 = 19.0;
const ROWS_MAX: usize = 60;
const DAY: i64 = 86_400_000_000;

pub fn draw(pen: &Pen<'_>) -> Option<(Canvas, Vec<(&'static str, Both)>)> {
    let covered: Vec<Covered> = spans::covered(pen.view).into_iter().filter(|one| !one.spans.is_empty()).collect();
    let window = pen.view.span();
    let ends = covered.iter().flat_map(|one| one.spans.iter().copied()).chain(window);
    let (from, to) = ends.fold(None, |all: Option<Span>, (from, to)| Some(all.map_or((from, to), |(a, b)| (a.min(from), b.max(to)))))?;
    let (from, to) = range((from, to), window);
    let x = |at: i64| NAMES + (WIDTH - NAMES - 6.0) * ((at.clamp(from, to) - from) as f64 / ((to - from).max(1)) as f64);
    let mut canvas = pen.canvas("coverage", WIDTH);
    let mut y = TOP;
    for (index, one) in covered.iter().take(ROWS_MAX).enumerate() {
        row(pen, &mut canvas, one, (index, y), &x);
        y += ROW;
    }
    let left = covered.len().saturating_sub(ROWS_MAX);
    if left > 0 {
        canvas.text((6.0, y + 14.0), 12.0, Anchor::Start, QUIET, &pen.say("pictures.more", &[("n", number(left))]));
        y += ROW;
    }
    ticks(pen, &mut canvas, (from, to), y, &x);
    if let Some((first, last)) = window {
        let (x0, x1) = (x(first), x(last));
        canvas.rect(
            (x0, TOP - 4.0),
            ((x1 - x0).max(3.0), y - TOP + 6.0),
            " fill=\"none\" stroke=\"#8f1d1d\" stroke-width=\"1.6\" stroke-dasharray=\"6 3\"",
        );
        canvas.label(((x0 + x1) / 2.0, y + 17.0), 11.5, Anchor::Middle, &pen.plain("pictures.coverage.window"));
    }
    canvas.height = y + 26.0;
    Some((canvas, vec![("n", number(covered.len()))]))
}

/// The intrusion with as much room around it as it is long, at most what the evidence covers: a log of years must not
/// press the days that matter into a line.
fn range((from, to): Span, window: Option<Span>) -> Span {
    let Some((first, last)) = window else { return (from, to) };
    let room = (last - first).max(3 * DAY);
    (from.max(first - room), to.min(last + room))
}

fn row(pen: &Pen<'_>, canvas: &mut Canvas, one: &Covered, (index, y): (usize, f64), x: &dyn Fn(i64) -> f64) {
    if index % 2 == 1 {
        canvas.rect((0.0, y), (WIDTH, ROW), " fill=\"#f6f8fa\"");
    }
    let host = if one.host.is_empty() { pen.plain("pictures.no-host") } else { one.host.clone() };
    let name = format!("{host} · {}", one.source);
    canvas.group(&name, |canvas| canvas.text((6.0, y + 13.5), 11.5, Anchor::Start, INK, &fit(&name, 11.5, NAMES - 12.0)));
    for (from, to) in &one.spans {
        let (x0, x1) = (x(*from), x(*to));
        canvas.rect((x0, y + 4.0), ((x1 - x0).max(2.5), ROW - 8.0), " fill=\"#4d7eae\"");
    }
    for gap in pen.view.claims.chain.gaps.iter().filter(|gap| short(&gap.host) == short(&one.host) && gap.source == one.source) {
        let time = |text: &Option<String>| text.as_deref().and_then(parse_rfc3339);
        let Some((from, to)) = time(&gap.from).zip(time(&gap.to)) else { continue };
        let why = plain(&format!("common.gap.{}", reason(gap.why)));
        let hatch = canvas.hatch("partial");
        canvas.group(&pen.say("pictures.coverage.gap", &[("why", why)]), |canvas| {
            canvas.rect(
                (x(from), y + 3.0),
                ((x(to) - x(from)).max(2.5), ROW - 6.0),
                &format!("{hatch} stroke=\"#6b7680\" stroke-width=\"0.8\""),
            );
        });
    }
}

/// A line for each day, or for as many days as keep the labels apart.
fn ticks(pen: &Pen<'_>, canvas: &mut Canvas, (from, to): Span, bottom: f64, x: &dyn Fn(i64) -> f64) {
    let zone = &pen.view.clock.zone;
    let days = (to - from) / DAY + 1;
    let every = (days / 8).max(1) * DAY;
    let mut at = zone.floor_to(from, DAY) + DAY;
    let mut first = true;
    while at <= to {
        let date = zone.parts(at, Fidelity::Day).0;
        let label = if first { date.as_str() } else { date.get(5..).unwrap_or(&date) };
        canvas.line((x(at), TOP - 6.0), (x(at), bottom), &format!(" stroke=\"{LINE}\" stroke-width=\"0.8\""));
        let (place, anchor) = if x(at) > WIDTH - 24.0 { (WIDTH - 2.0, Anchor::End) } else { (x(at), Anchor::Middle) };
        canvas.text((place, 20.0), 11.5, anchor, QUIET, label);
        first = false;
        at += every;
    }
    canvas.line((0.0, TOP - 6.0), (WIDTH, TOP - 6.0), " stroke=\"#8d9aa7\"");
}
