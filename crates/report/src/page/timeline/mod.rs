//! The swimlane timeline: lane = host, colour and letters = tactic, shape = kind of evidence, hatched = inferred,
//! grey bands = no logs, width = length and doubt.

mod axis;
mod draw;
mod marks;

use crate::case::Case;

use super::markup::Markup;

pub use marks::{Mark, kind_name, marks};

/// The picture in two widths and what it could not hold.
#[derive(Debug, serde::Serialize)]
pub struct Timeline {
    pub wide: String,
    pub narrow: String,
    pub legend: String,
    pub lanes_more: usize,
    pub left_out: usize,
}

/// Lanes that a picture may have; further hosts share the last.
const LANES: usize = 14;

pub fn timeline(case: &Case<'_>, marks: &[Mark], markup: &Markup) -> Option<Timeline> {
    if marks.is_empty() {
        return None;
    }
    let (lanes, lanes_more) = marks::lanes(marks, LANES);
    let drawn = marks.iter().filter(|mark| mark.step.is_none()).map(|mark| mark.count).sum::<usize>();
    let in_steps: std::collections::BTreeSet<&str> =
        case.chain.steps.iter().flat_map(|step| step.findings.iter().map(String::as_str)).collect();
    let outside = case.findings.iter().filter(|f| !in_steps.contains(f.id.as_str())).count();
    let picture = draw::Picture { case, marks, lanes: &lanes, markup };
    Some(Timeline {
        wide: picture.draw(&draw::WIDE),
        narrow: picture.draw(&draw::NARROW),
        legend: draw::legend(marks),
        lanes_more,
        left_out: outside.saturating_sub(drawn),
    })
}
