//! The story of a case: events of interest go to `chain` in order of time, its findings and steps come back.

use std::collections::BTreeMap;

use konseki_model::{Chain, Finding};
use konseki_report::{Coverage, Inventory};
use konseki_store::Events;

use crate::Error;
use crate::assemble::Listed;
use crate::detect::Detector;
use crate::journal::Journal;
use crate::settings::Settings;

/// What is told.
#[derive(Default)]
pub struct Told {
    pub chain: Chain,
    pub inventory: Vec<Inventory>,
    pub coverage: Vec<Coverage>,
    pub lists: BTreeMap<String, Vec<String>>,
    /// Further result files: name and text.
    pub files: Vec<(String, String)>,
}

const HOUR: i64 = 3_600_000_000;

/// # Errors
/// The event store cannot be read.
pub fn tell(
    _events: &Events,
    journal: &Journal,
    listed: &Listed,
    _settings: &Settings,
    _findings: &mut Vec<Finding>,
    _detector: &Detector,
) -> Result<Told, Error> {
    Ok(Told { coverage: coverage(journal, listed), ..Told::default() })
}

/// Records per hour (per day where a source spans more than 60 days) of each host and source.
fn coverage(journal: &Journal, listed: &Listed) -> Vec<Coverage> {
    let mut all: BTreeMap<(String, String), BTreeMap<i64, u64>> = BTreeMap::new();
    for piece in &listed.intake {
        let Some(outcome) = journal.outcomes.get(&piece.sha256) else { continue };
        for (host, hours) in &outcome.hours {
            let host = if host.is_empty() { &piece.host } else { host };
            let entry = all.entry((host.clone(), piece.source.clone())).or_default();
            for (hour, count) in hours {
                *entry.entry(*hour).or_default() += count;
            }
        }
    }
    let mut rows = Vec::new();
    for ((host, source), hours) in all {
        let (Some(first), Some(last)) = (hours.keys().next().copied(), hours.keys().last().copied()) else { continue };
        let span = last - first + 1;
        let step = if span <= 24 * 60 { 1 } else { 24 };
        let start = first.div_euclid(step) * step;
        // A single stray time must not make a row of millions of buckets.
        let length = usize::try_from((last - start) / step + 1).unwrap_or(0).min(4000);
        let mut buckets = vec![0; length];
        for (hour, count) in &hours {
            if let Some(bucket) = usize::try_from((hour - start) / step).ok().and_then(|index| buckets.get_mut(index)) {
                *bucket += count;
            }
        }
        rows.push(Coverage {
            host,
            source,
            first: Some(first * HOUR),
            last: Some((last + 1) * HOUR - 1),
            buckets,
            start: start * HOUR,
            width: step * HOUR,
            gaps: Vec::new(),
        });
    }
    rows
}
