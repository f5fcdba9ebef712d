//! Draws the timeline as SVG.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use konseki_model::By;

use crate::attack;
use crate::case::{Case, Coverage};
use crate::escape::{html, shorten, visible};
use crate::time::{Zone, utc_seconds};
use crate::words::{Args, Lang, Words};

use super::super::markup::{Markup, attribute, words};
use super::super::svg::{hatches, num, open, rect, text, text_both};
use super::axis::Axis;
use super::marks::Mark;

/// Sizes of one layout.
pub struct Layout {
    id: &'static str,
    width: f64,
    /// Width of the column of names; 0 puts names above their lanes.
    names: f64,
    row: f64,
    /// Room between ticks.
    room: f64,
}

pub const WIDE: Layout = Layout { id: "tl", width: 1000.0, names: 150.0, row: 32.0, room: 62.0 };
pub const NARROW: Layout = Layout { id: "tn", width: 380.0, names: 0.0, row: 30.0, room: 58.0 };

const TOP: f64 = 40.0;
const ROWS_MAX: usize = 6;

pub struct Picture<'a> {
    pub case: &'a Case<'a>,
    pub marks: &'a [Mark],
    pub lanes: &'a [String],
    pub markup: &'a Markup,
}

/// A mark with its place, or several findings that fall on one place.
struct Placed<'a> {
    mark: &'a Mark,
    x: f64,
    y: f64,
    more: usize,
}

struct Lane<'a> {
    host: &'a str,
    y: f64,
    height: f64,
    placed: Vec<Placed<'a>>,
}

impl Picture<'_> {
    pub fn draw(&self, layout: &Layout) -> String {
        // Ends of long marks need no room of their own, only the very last one.
        let ends = self.marks.iter().map(|mark| mark.to).max();
        let instants: Vec<i64> = self.marks.iter().map(|mark| mark.from).chain(ends).collect();
        let left = if layout.names > 0.0 { layout.names } else { 4.0 };
        let axis = Axis::new(&instants, left, layout.width - 6.0);
        let lanes = self.place(layout, &axis);
        let height = lanes.last().map_or(TOP, |lane| lane.y + lane.height) + 6.0;
        let (title, desc) = self.alternative();
        let mut out = open(layout.id, (layout.width, height), &title, &desc);
        out.push_str(&hatches(layout.id));
        self.draw_lanes(&mut out, layout, &axis, &lanes);
        self.draw_axis(&mut out, layout, &axis, height);
        self.draw_links(&mut out, &lanes);
        for lane in &lanes {
            lane.placed.iter().for_each(|placed| draw_mark(&mut out, layout, &axis, placed));
        }
        out.push_str("</svg>");
        out
    }

    fn alternative(&self) -> (String, String) {
        let first = self.marks.iter().map(|mark| mark.from).min().unwrap_or_default();
        let last = self.marks.iter().map(|mark| mark.to).max().unwrap_or_default();
        let args = Args::from([
            ("n".to_owned(), self.marks.len().to_string()),
            ("lanes".to_owned(), self.lanes.len().to_string()),
            ("first".to_owned(), utc_seconds(first)),
            ("last".to_owned(), utc_seconds(last)),
        ]);
        let both = |key| format!("{} / {}", Words::get(Lang::En, key, &args), Words::get(Lang::Ja, key, &args));
        (both("page.timeline.title"), both("page.timeline.desc"))
    }

    /// Lanes with their marks in as many rows as it takes for none to cover another.
    fn place(&self, layout: &Layout, axis: &Axis) -> Vec<Lane<'_>> {
        let last = self.lanes.len().saturating_sub(1);
        let mut y = TOP;
        let mut lanes = Vec::new();
        for (index, host) in self.lanes.iter().enumerate() {
            let head = if layout.names > 0.0 { 6.0 } else { 18.0 };
            let own = self.marks.iter().filter(|mark| mark.host == *host || (index == last && !self.lanes.contains(&mark.host)));
            let (placed, rows) = rows(own, axis, y + head, layout.row);
            let height = head + rows.max(1) as f64 * layout.row + 4.0;
            lanes.push(Lane { host, y, height, placed });
            y += height;
        }
        lanes
    }

    fn draw_lanes(&self, out: &mut String, layout: &Layout, axis: &Axis, lanes: &[Lane<'_>]) {
        let left = axis.segments.first().map_or(0.0, |s| s.x0);
        let right = axis.segments.last().map_or(layout.width, |s| s.x1);
        for (index, lane) in lanes.iter().enumerate() {
            let class = if index % 2 == 0 { "lane" } else { "lane odd" };
            out.push_str(&rect(class, (0.0, lane.y), (layout.width, lane.height), ""));
            self.draw_bands(out, layout, axis, lane);
        }
        for segment in axis.segments.iter().filter(|segment| segment.folded) {
            let bottom = lanes.last().map_or(TOP, |lane| lane.y + lane.height);
            fold(out, segment, bottom);
        }
        for lane in lanes {
            let name = if lane.host.is_empty() { attribute("page.timeline.nohost") } else { visible(lane.host) };
            let short = shorten(&name, if layout.names > 0.0 { 20 } else { 44 });
            let at = if layout.names > 0.0 { lane.y + lane.height / 2.0 + 4.0 } else { lane.y + 13.0 };
            let _ = write!(out, "<g><title>{}</title>{}</g>", html(&name), text("host", 6.0, at, &short));
        }
        let _ = write!(out, "<path class=\"frame\" d=\"M{} {TOP}H{}\"/>", num(left), num(right));
    }

    /// Hatched where no source of the host has records; a strip below where only one of several is silent.
    fn draw_bands(&self, out: &mut String, layout: &Layout, axis: &Axis, lane: &Lane<'_>) {
        let own: Vec<&Coverage> = self.case.coverage.iter().filter(|c| c.host == lane.host).collect();
        let range = axis.range();
        for (from, to) in uncovered(&own, range) {
            let (x0, x1) = (axis.x(from), axis.x(to));
            let more = format!(" fill=\"url(#{}-nolog)\"", layout.id);
            out.push_str(&rect("nolog", (x0, lane.y), (x1 - x0, lane.height), &more));
        }
        for gap in own.iter().flat_map(|c| &c.gaps).filter(|gap| gap.to > range.0 && gap.from < range.1) {
            let (x0, x1) = (axis.x(gap.from), axis.x(gap.to));
            let more = format!(" fill=\"url(#{}-partial)\"", layout.id);
            out.push_str(&rect("partial", (x0, lane.y + lane.height - 5.0), ((x1 - x0).max(2.0), 5.0), &more));
        }
    }

    fn draw_axis(&self, out: &mut String, layout: &Layout, axis: &Axis, height: f64) {
        let zones = [("z0", Zone::utc()), ("z1", self.markup.zone.clone())];
        let two = self.markup.two_zones();
        for (class, zone) in zones.iter().take(if two { 2 } else { 1 }) {
            let class = if two { *class } else { "" };
            let _ = write!(out, "<g class=\"{class}\">");
            for tick in axis.ticks(zone, layout.room) {
                let (y, style) = if tick.date { (15.0, "tick date") } else { (31.0, "tick") };
                let from = if tick.date { 4.0 } else { 33.0 };
                if !tick.date || tick.label.is_empty() {
                    let _ = write!(out, "<path class=\"grid\" d=\"M{} {from}V{}\"/>", num(tick.x), num(height - 6.0));
                }
                out.push_str(&text(style, tick.x + if tick.date { 0.0 } else { -15.0 }, y, &tick.label));
            }
            out.push_str("</g>");
        }
    }

    fn draw_links(&self, out: &mut String, lanes: &[Lane<'_>]) {
        let places: BTreeMap<&str, (f64, f64)> = lanes
            .iter()
            .flat_map(|lane| &lane.placed)
            .filter_map(|placed| Some((placed.mark.step.as_deref()?, (placed.x, placed.y))))
            .collect();
        for link in self.case.chain.links.iter().take(120) {
            let (Some((x0, y0)), Some((x1, y1))) = (places.get(link.from.as_str()), places.get(link.to.as_str())) else {
                continue;
            };
            let class = match link.by {
                By::Exact => "exact",
                By::Interval => "interval",
                By::Time => "time",
            };
            let bend = (x0 + x1) / 2.0;
            let _ = write!(
                out,
                "<path class=\"edge {class}\" d=\"M{} {}C{b} {} {b} {} {} {}\"/>",
                num(*x0),
                num(*y0),
                num(*y0),
                num(*y1),
                num(*x1),
                num(*y1),
                b = num(bend)
            );
        }
    }
}

/// Rows by the first that is free; findings without room are counted on the mark before them.
fn rows<'a>(marks: impl Iterator<Item = &'a Mark>, axis: &Axis, top: f64, row: f64) -> (Vec<Placed<'a>>, usize) {
    let mut ends: Vec<f64> = Vec::new();
    let mut placed: Vec<Placed<'a>> = Vec::new();
    for mark in marks {
        let x = axis.x(mark.from) + 9.0;
        let wide = if mark.step.is_some() { 27.0 } else { 17.0 };
        let free = ends.iter().position(|end| x - wide / 2.0 >= *end);
        let limit = if mark.step.is_some() { usize::MAX } else { ROWS_MAX };
        match free {
            Some(index) => {
                if let Some(end) = ends.get_mut(index) {
                    *end = x + wide / 2.0;
                }
                placed.push(Placed { mark, x, y: top + (index as f64 + 0.62) * row, more: 0 });
            }
            None if ends.len() < limit => {
                placed.push(Placed { mark, x, y: top + (ends.len() as f64 + 0.62) * row, more: 0 });
                ends.push(x + wide / 2.0);
            }
            None => {
                if let Some(before) = placed.iter_mut().rev().find(|p| p.mark.step.is_none()) {
                    before.more += 1;
                }
            }
        }
    }
    (placed, ends.len())
}

/// Times of the range that no interval of records covers.
fn uncovered(own: &[&Coverage], (start, end): (i64, i64)) -> Vec<(i64, i64)> {
    let mut covered: Vec<(i64, i64)> = own.iter().flat_map(|c| alive(c)).collect();
    covered.sort_unstable();
    let mut holes = Vec::new();
    let mut at = start;
    for (from, to) in covered {
        if from > at && from > start {
            holes.push((at, from.min(end)));
        }
        at = at.max(to);
        if at >= end {
            break;
        }
    }
    if at < end {
        holes.push((at, end));
    }
    holes.retain(|(from, to)| to > from);
    holes
}

/// First to last record without the silences between.
fn alive(coverage: &Coverage) -> Vec<(i64, i64)> {
    let (Some(first), Some(last)) = (coverage.first, coverage.last) else { return Vec::new() };
    let mut gaps: Vec<(i64, i64)> = coverage.gaps.iter().map(|gap| (gap.from, gap.to)).collect();
    gaps.sort_unstable();
    let mut parts = Vec::new();
    let mut at = first;
    for (from, to) in gaps {
        if from > at {
            parts.push((at, from.min(last)));
        }
        at = at.max(to);
    }
    if at < last {
        parts.push((at, last));
    }
    parts
}

fn fold(out: &mut String, segment: &super::axis::Segment, bottom: f64) {
    let middle = (segment.x0 + segment.x1) / 2.0;
    let seconds = (segment.to - segment.from) as f64 / 1e6;
    let rough = |lang| crate::words::duration_parts(lang, seconds, 1);
    out.push_str(&rect("fold", (segment.x0, TOP), (segment.x1 - segment.x0, bottom - TOP), ""));
    let mut y = TOP;
    let mut path = format!("M{} {y}", num(middle - 3.0));
    let mut side = 3.0;
    while y < bottom {
        y += 8.0;
        let _ = write!(path, "L{} {}", num(middle + side), num(y.min(bottom)));
        side = -side;
    }
    let _ = write!(out, "<path class=\"zigzag\" d=\"{path}\"/>");
    out.push_str(&text_both("folded", middle, 31.0, (&rough(Lang::En), &rough(Lang::Ja))));
}

fn draw_mark(out: &mut String, layout: &Layout, axis: &Axis, placed: &Placed<'_>) {
    let mark = placed.mark;
    let tactic = attack::tactic(&mark.tactic);
    let colour = tactic.map_or("#4a545e", |t| t.colour);
    let code = tactic.map_or("?", |t| t.code);
    let end = axis.x(mark.to.max(mark.from.saturating_add(mark.doubt.micros()))) + 9.0;
    let title = match mark.title_ja.as_str() {
        "" => format!("{} · {} · {}", mark.id, utc_seconds(mark.from), mark.title),
        ja => format!("{} · {} · {} / {ja}", mark.id, utc_seconds(mark.from), mark.title),
    };
    let _ = write!(out, "<a href=\"#{}\" class=\"m\"><title>{}</title>", mark.anchor, html(&title));
    if end - placed.x > 3.0 {
        out.push_str(&rect("span", (placed.x, placed.y - 3.5), (end - placed.x, 7.0), &format!(" fill=\"{colour}\"")));
    }
    let radius = if mark.step.is_some() { 9.0 } else { 6.0 };
    let hatch = tactic.map_or("none", |t| t.short);
    let fill = match mark.kind {
        "inferred" => format!("url(#{}-{hatch})", layout.id),
        "absent" => "#ffffff".to_owned(),
        _ => colour.to_owned(),
    };
    let dash = if mark.kind == "absent" { " stroke-dasharray=\"3 2\"" } else { "" };
    out.push_str(&shape(mark.family, (placed.x, placed.y), radius, &format!(" fill=\"{fill}\" stroke=\"{colour}\"{dash}")));
    if mark.step.is_some() {
        let class = if mark.kind == "observed" { "code" } else { "code dark" };
        out.push_str(&text(class, placed.x, placed.y + 3.2, code));
        out.push_str(&text("num", placed.x, placed.y - 11.5, &mark.id));
    } else if placed.more > 0 {
        out.push_str(&text("num", placed.x, placed.y - 8.5, &format!("+{}", placed.more)));
    }
    out.push_str("</a>");
}

/// The outline of a family of evidence around a point.
pub fn shape(family: &str, (x, y): (f64, f64), r: f64, more: &str) -> String {
    let points = |list: &[(f64, f64)]| {
        let points: Vec<String> = list.iter().map(|(dx, dy)| format!("{},{}", num(x + dx * r), num(y + dy * r))).collect();
        format!("<polygon class=\"sh\" points=\"{}\"{more}/>", points.join(" "))
    };
    match family {
        "windows" => points(&[(-0.95, -0.95), (0.95, -0.95), (0.95, 0.95), (-0.95, 0.95)]),
        "vmware" => points(&[(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)]),
        "network" => points(&[(0.0, -1.3), (1.25, 0.95), (-1.25, 0.95)]),
        "mail" => points(&[(-1.2, -0.8), (1.2, -0.8), (1.2, 0.8), (-1.2, 0.8)]),
        "other" => points(&[(-0.6, -1.05), (0.6, -1.05), (1.2, 0.0), (0.6, 1.05), (-0.6, 1.05), (-1.2, 0.0)]),
        _ => format!("<circle class=\"sh\" cx=\"{}\" cy=\"{}\" r=\"{}\"{more}/>", num(x), num(y), num(r)),
    }
}

/// What colours, shapes and hatches mean, as HTML with small pictures.
pub fn legend(marks: &[Mark]) -> String {
    let icon = |inner: &str| format!("<svg class=\"key\" viewBox=\"0 0 26 20\" aria-hidden=\"true\">{inner}</svg>");
    // The pattern of a picture that is not shown does not paint: the legend has its own.
    let mut out = format!("<svg class=\"defs\" aria-hidden=\"true\">{}</svg><ul class=\"legend\">", hatches("lg"));
    let mut row = |label: &str, items: Vec<String>| {
        let label = words(label, &[]);
        let _ = write!(out, "<li><i>{label}</i> {}</li>", items.join(" "));
    };
    let tactics = attack::tactics().iter().filter(|t| marks.iter().any(|mark| mark.tactic == t.short));
    row("page.legend.tactic", tactics.map(|t| super::super::markup::tactic(t.short)).collect());
    let families = ["appliance", "windows", "vmware", "network", "mail", "other"];
    let seen = families.iter().filter(|family| marks.iter().any(|mark| mark.family == **family));
    row(
        "page.legend.shape",
        seen.map(|family| {
            let name = words(&format!("page.family.{family}"), &[]);
            format!("<span>{} {name}</span>", icon(&shape(family, (13.0, 10.0), 6.5, " fill=\"#5b6670\" stroke=\"#5b6670\"")))
        })
        .collect(),
    );
    row("page.legend.fill", vec![words("page.legend.width", &[])]);
    let swatch = |id: &str, label: &str| {
        let fill = format!(" fill=\"url(#lg-{id})\"");
        format!("<span>{} {}</span>", icon(&rect("nolog", (2.0, 3.0), (22.0, 14.0), &fill)), words(label, &[]))
    };
    let edge = |class: &str| {
        let label = words(&format!("page.legend.link-{class}"), &[]);
        format!("<span>{} {label}</span>", icon(&format!("<path class=\"edge {class}\" d=\"M1 10H25\"/>")))
    };
    row(
        "page.timeline.links",
        vec![edge("exact"), edge("interval"), edge("time"), swatch("nolog", "page.legend.nolog"), swatch("partial", "page.legend.partial")],
    );
    out.push_str("</ul>");
    out
}
