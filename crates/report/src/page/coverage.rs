//! The picture of evidence coverage: a row for each source, darker where it has more records, hatched where silent.

use std::fmt::Write as _;

use crate::case::{Case, Coverage};
use crate::escape::{html, shorten, visible};
use crate::time::{DAY, Zone, utc_seconds};
use crate::words::{Args, Lang, Words};

use super::markup::{Markup, words};
use super::svg::{hatches, num, open, rect, text};

/// Rows of the picture; further sources stand in the table.
pub const ROWS: usize = 40;
const TOP: f64 = 24.0;
/// Time drawn before and after the intrusion where records reach further.
const AROUND: i64 = 60 * DAY;

pub struct Layout {
    pub id: &'static str,
    width: f64,
    names: f64,
    cells: usize,
}

pub const WIDE: Layout = Layout { id: "cv", width: 1000.0, names: 270.0, cells: 240 };
pub const NARROW: Layout = Layout { id: "cn", width: 380.0, names: 0.0, cells: 120 };

/// `window`: first and last sign of the intrusion.
pub fn draw(case: &Case<'_>, window: Option<(i64, i64)>, layout: &Layout, markup: &Markup) -> String {
    let mut rows: Vec<&Coverage> = case.coverage.iter().filter(|c| c.first.is_some()).collect();
    // Hosts of the story first: they must not be the ones cut away.
    rows.sort_by_key(|row| case.chain.steps.iter().all(|step| step.host != row.host));
    rows.truncate(ROWS);
    let Some(range) = range(&rows, window) else { return String::new() };
    let left = if layout.names > 0.0 { layout.names } else { 4.0 };
    let right = layout.width - 6.0;
    let step = if layout.names > 0.0 { 20.0 } else { 32.0 };
    let height = TOP + rows.len() as f64 * step + 6.0;
    let x = |time: i64| left + ((time - range.0) as f64 / (range.1 - range.0).max(1) as f64).clamp(0.0, 1.0) * (right - left);
    let args = Args::from([("n".to_owned(), rows.len().to_string())]);
    let both = |key| format!("{} / {}", Words::get(Lang::En, key, &args), Words::get(Lang::Ja, key, &args));
    let mut out = open(layout.id, (layout.width, height), &both("page.coverage.title"), &both("page.coverage.desc"));
    out.push_str(&hatches(layout.id));
    for (index, row) in rows.iter().enumerate() {
        let y = TOP + index as f64 * step;
        let name = if row.host.is_empty() { visible(&row.source) } else { visible(&format!("{} · {}", row.host, row.source)) };
        let at = if layout.names > 0.0 { y + 13.5 } else { y + 12.0 };
        let label = shorten(&name, if layout.names > 0.0 { 38 } else { 50 });
        let _ = write!(out, "<g><title>{}</title>{}", html(&about(row, &name)), text("host", 2.0, at, &label));
        let bar = if layout.names > 0.0 { y + 3.0 } else { y + 16.0 };
        draw_row(&mut out, row, layout, &x, (bar, range));
        out.push_str("</g>");
    }
    axis(&mut out, range, &x, height, markup, layout);
    if let Some((from, to)) = window {
        out.push_str(&rect("window", (x(from) - 1.0, TOP - 2.0), ((x(to) - x(from)).max(2.0) + 2.0, height - TOP), ""));
    }
    out.push_str("</svg>");
    out
}

fn about(row: &Coverage, name: &str) -> String {
    let end = |time: Option<i64>| time.map(utc_seconds).unwrap_or_default();
    format!("{name}: {} – {}", end(row.first), end(row.last))
}

/// All records, cut to some time around the intrusion.
fn range(rows: &[&Coverage], window: Option<(i64, i64)>) -> Option<(i64, i64)> {
    let first = rows.iter().filter_map(|row| row.first).min()?;
    let last = rows.iter().filter_map(|row| row.last).max()?;
    let (from, to) = match window {
        Some((from, to)) => (first.max(from - AROUND).min(from), last.min(to + AROUND).max(to)),
        None => (first, last),
    };
    Some((from, to.max(from + 1)))
}

fn draw_row(out: &mut String, row: &Coverage, layout: &Layout, x: &dyn Fn(i64) -> f64, (y, range): (f64, (i64, i64))) {
    let (first, last) = (row.first.unwrap_or(range.0), row.last.unwrap_or(range.1));
    out.push_str(&rect("none", (x(range.0), y), (x(range.1) - x(range.0), 13.0), ""));
    if last >= range.0 && first <= range.1 {
        out.push_str(&rect("alive", (x(first), y), ((x(last) - x(first)).max(1.5), 13.0), ""));
    }
    let cells = cells(row, layout.cells, range);
    let most = cells.iter().copied().max().unwrap_or(0).max(1) as f64;
    let width = (x(range.1) - x(range.0)) / layout.cells as f64;
    let shade = |n: u64| if n == 0 { 0 } else { 1 + (3.0 * (n as f64).ln_1p() / most.ln_1p()) as usize };
    let mut at = 0;
    while at < cells.len() {
        let level = cells.get(at).map_or(0, |n| shade(*n));
        let run = cells.iter().skip(at).take_while(|n| shade(**n) == level).count().max(1);
        if level > 0 {
            let class = format!("s{}", level.min(4));
            out.push_str(&rect(&class, (x(range.0) + at as f64 * width, y), (run as f64 * width, 13.0), ""));
        }
        at += run;
    }
    for gap in row.gaps.iter().filter(|gap| gap.to > range.0 && gap.from < range.1) {
        let more = format!(" fill=\"url(#{}-partial)\"", layout.id);
        out.push_str(&rect("gap", (x(gap.from), y), ((x(gap.to) - x(gap.from)).max(2.0), 13.0), &more));
    }
}

/// Records per cell of the picture.
fn cells(row: &Coverage, count: usize, (from, to): (i64, i64)) -> Vec<u64> {
    let mut cells = vec![0u64; count];
    let span = i128::from((to - from).max(1));
    for (index, n) in row.buckets.iter().enumerate().filter(|(_, n)| **n > 0) {
        let start = row.start.saturating_add(row.width.saturating_mul(index as i64));
        if start.saturating_add(row.width) <= from || start > to {
            continue;
        }
        let cell = |time: i64| usize::try_from(i128::from(time.max(from) - from) * count as i128 / span).unwrap_or(0);
        // A bucket wider than a cell is spread over all it covers.
        let (a, b) = (cell(start), cell(start.saturating_add(row.width - 1).min(to)));
        for slot in cells.iter_mut().take(b + 1).skip(a.min(count - 1)) {
            *slot += n;
        }
    }
    cells
}

fn axis(out: &mut String, (from, to): (i64, i64), x: &dyn Fn(i64) -> f64, height: f64, markup: &Markup, layout: &Layout) {
    let zones = [("z0", Zone::utc()), ("z1", markup.zone.clone())];
    let two = markup.two_zones();
    let room = 86.0;
    let days = ((to - from) as f64 / DAY as f64 * room / (x(to) - x(from)).max(1.0)).ceil().max(1.0) as i64;
    let _ = layout;
    for (class, zone) in zones.iter().take(if two { 2 } else { 1 }) {
        let _ = write!(out, "<g class=\"{}\">", if two { class } else { "" });
        let date = |time| zone.parts(time, konseki_model::Fidelity::Minute).0;
        let mut time = zone.floor_to(from, DAY) + DAY;
        out.push_str(&text("tick date", x(from), 14.0, &date(from)));
        let mut last = x(from);
        while time <= to {
            if x(time) - last >= room && x(to) - x(time) >= room * 0.8 {
                let _ = write!(out, "<path class=\"grid\" d=\"M{} 4V{}\"/>", num(x(time)), num(height - 6.0));
                out.push_str(&text("tick date", x(time) + 3.0, 14.0, &date(time)));
                last = x(time);
            }
            time += days * DAY;
        }
        out.push_str("</g>");
    }
}

pub fn legend() -> String {
    let key = |class: &str, more: &str, label: &str| {
        let inner = rect(class, (2.0, 4.0), (22.0, 12.0), more);
        format!("<span><svg class=\"key\" viewBox=\"0 0 26 20\" aria-hidden=\"true\">{inner}</svg> {}</span>", words(label, &[]))
    };
    let shades: String =
        ["s1", "s2", "s3", "s4"].iter().enumerate().map(|(at, class)| rect(class, (1.0 + at as f64 * 6.0, 4.0), (6.0, 12.0), "")).collect();
    format!(
        "<svg class=\"defs\" aria-hidden=\"true\">{}</svg><ul class=\"legend\"><li><span><svg class=\"key\" viewBox=\"0 0 26 20\" aria-hidden=\"true\">{shades}</svg> {}</span> {} {}</li></ul>",
        hatches("cl"),
        words("page.coverage.records", &[]),
        key("gap", " fill=\"url(#cl-partial)\"", "page.coverage.silence"),
        key("window", "", "page.coverage.window")
    )
}
