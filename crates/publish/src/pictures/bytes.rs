//! Bytes out by day beyond what is usual, by host, with the bounds of the whole.

use std::collections::BTreeMap;

use konseki_report::{Both, short_bytes};

use super::Pen;
use super::canvas::{Anchor, Canvas, INK, LINE, QUIET, fit};
use crate::words::book::{plain, same, say};

const WIDTH: f64 = 1000.0;
const NAMES: f64 = 290.0;
const ROW: f64 = 30.0;
const ROWS_MAX: usize = 40;
const RULE: &str = "bytes-out-above-baseline";

pub fn draw(pen: &Pen<'_>) -> Option<(Canvas, Vec<(&'static str, Both)>)> {
    let view = pen.view;
    let (least, most) = view.bytes_out();
    let days = days(pen);
    if days.is_empty() && least == 0 {
        return None;
    }
    let top = days.values().copied().chain([least, most.unwrap_or(0)]).max().unwrap_or(1).max(1);
    let scale = |bytes: u64| (WIDTH - NAMES - 150.0) * (bytes as f64 / top as f64);
    let mut canvas = pen.canvas("bytes", WIDTH);
    let mut y = 10.0;
    for ((day, host), bytes) in days.iter().take(ROWS_MAX) {
        let name = format!("{day}  {host}");
        canvas.group(&name, |canvas| canvas.text((6.0, y + 17.0), 12.5, Anchor::Start, INK, &fit(&name, 12.5, NAMES - 14.0)));
        canvas.rect((NAMES, y + 4.0), (scale(*bytes).max(1.0), 18.0), " fill=\"#1f4e79\"");
        canvas.text((NAMES + scale(*bytes) + 8.0, y + 17.5), 12.0, Anchor::Start, INK, &amount(*bytes));
        y += ROW;
    }
    let left = days.len().saturating_sub(ROWS_MAX);
    if left > 0 {
        canvas.text((6.0, y + 16.0), 12.0, Anchor::Start, QUIET, &pen.say("pictures.more", &[("n", crate::words::book::number(left))]));
        y += ROW;
    }
    canvas.line((0.0, y + 4.0), (WIDTH, y + 4.0), &format!(" stroke=\"{LINE}\""));
    whole(pen, &mut canvas, y + 10.0, (scale(least), most.map(scale)));
    canvas.height = y + 62.0;
    let words = |bytes: u64| say("common.bytes", &[("n", same(&bytes.to_string()))]);
    let upper = most.map_or_else(|| plain("pictures.bytes.unbounded"), words);
    Some((canvas, vec![("least", words(least)), ("most", upper)]))
}

/// Bytes by day and host, as the findings of the comparison say.
fn days(pen: &Pen<'_>) -> BTreeMap<(String, String), u64> {
    let mut days: BTreeMap<(String, String), u64> = BTreeMap::new();
    for finding in pen.view.claims.findings.iter().filter(|finding| finding.rule == RULE) {
        let arg = |key: &str| finding.args.get(key).cloned().unwrap_or_default();
        let bytes = arg("bytes").parse::<u64>().unwrap_or(0);
        *days.entry((arg("day"), arg("host"))).or_default() += bytes;
    }
    days
}

fn amount(bytes: u64) -> String {
    short_bytes(bytes).unwrap_or_else(|| format!("{bytes} B"))
}

/// The whole: filled up to the lower bound, hatched up to the upper one.
fn whole(pen: &Pen<'_>, canvas: &mut Canvas, y: f64, (least, most): (f64, Option<f64>)) {
    let (lower, upper) = pen.view.bytes_out();
    canvas.text((6.0, y + 20.0), 12.5, Anchor::Start, INK, &pen.plain("pictures.bytes.total"));
    canvas.rect((NAMES, y + 6.0), (least.max(1.0), 18.0), " fill=\"#4d7eae\" stroke=\"#1c2630\"");
    let end = most.unwrap_or(least + 60.0);
    let hatch = canvas.hatch("weak");
    canvas.rect((NAMES + least, y + 6.0), (end - least, 18.0), &format!("{hatch} stroke=\"#1c2630\" stroke-dasharray=\"4 3\""));
    let low = pen.say("pictures.bytes.least", &[("n", same(&amount(lower)))]);
    let high =
        upper.map_or_else(|| pen.plain("pictures.bytes.unbounded"), |upper| pen.say("pictures.bytes.most", &[("n", same(&amount(upper)))]));
    canvas.text((NAMES, y + 40.0), 12.0, Anchor::Start, INK, &format!("{low} – {high}"));
}
