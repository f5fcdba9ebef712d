//! When each host and source has records, and where records are missing: from the coverage, else from the intake.

use std::collections::BTreeMap;

use konseki_report::time::parse_rfc3339;

use crate::words::view::{View, short};

/// From and to, microseconds UTC.
pub type Span = (i64, i64);

/// Times with records of a host's source.
#[derive(Clone, Debug, Default)]
pub struct Covered {
    pub host: String,
    pub source: String,
    pub spans: Vec<Span>,
}

/// By host and source.
pub fn covered(view: &View<'_>) -> Vec<Covered> {
    if view.claims.coverage.is_empty() {
        return from_intake(view);
    }
    let one = |coverage: &konseki_report::Coverage| {
        let whole = coverage.first.zip(coverage.last);
        let gaps: Vec<Span> = coverage.gaps.iter().map(|gap| (gap.from, gap.to)).collect();
        let spans = whole.map(|whole| without(whole, &gaps)).unwrap_or_default();
        Covered { host: coverage.host.clone(), source: coverage.source.clone(), spans }
    };
    let mut list: Vec<Covered> = view.claims.coverage.iter().map(one).filter(|covered| !covered.spans.is_empty()).collect();
    list.sort_by(|a, b| (&a.host, &a.source).cmp(&(&b.host, &b.source)));
    list
}

fn from_intake(view: &View<'_>) -> Vec<Covered> {
    let mut groups: BTreeMap<(&str, &str), Vec<Span>> = BTreeMap::new();
    for piece in &view.claims.intake {
        let time = |text: &Option<String>| text.as_deref().and_then(parse_rfc3339);
        if let Some(span) = time(&piece.first).zip(time(&piece.last)) {
            groups.entry((&piece.host, &piece.source)).or_default().push(span);
        }
    }
    groups
        .into_iter()
        .map(|((host, source), spans)| Covered { host: host.to_owned(), source: source.to_owned(), spans: merge(spans) })
        .collect()
}

/// Overlapping times put together.
pub fn merge(mut spans: Vec<Span>) -> Vec<Span> {
    spans.sort_unstable();
    let mut out: Vec<Span> = Vec::new();
    for (from, to) in spans {
        match out.last_mut() {
            Some(last) if from <= last.1 => last.1 = last.1.max(to),
            _ => out.push((from, to)),
        }
    }
    out
}

/// The parts of the whole that none of the spans covers.
pub fn without((start, end): Span, spans: &[Span]) -> Vec<Span> {
    let mut holes = Vec::new();
    let mut at = start;
    for (from, to) in merge(spans.to_vec()) {
        if from > at {
            holes.push((at, from.min(end)));
        }
        at = at.max(to);
    }
    if at < end {
        holes.push((at, end));
    }
    holes.retain(|(from, to)| from < to);
    holes
}

/// Times with records of any source of that host.
pub fn of_host(all: &[Covered], host: &str) -> Vec<Span> {
    merge(all.iter().filter(|covered| short(&covered.host) == short(host)).flat_map(|covered| covered.spans.clone()).collect())
}

/// Times of the pieces in which a host that only observed is cited: a firewall that sends its log elsewhere.
pub fn of_observer(view: &View<'_>, host: &str) -> Vec<Span> {
    let steps = view.steps.iter().filter(|at| short(&at.step.host) == short(host) && view.only_observed(at.step));
    let findings = steps.flat_map(|at| view.findings_of(at.step));
    let pieces = findings.flat_map(|finding| &finding.because).filter_map(|because| view.piece(&because.evidence));
    let time = |text: &Option<String>| text.as_deref().and_then(parse_rfc3339);
    merge(pieces.filter_map(|piece| time(&piece.first).zip(time(&piece.last))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_are_what_is_left() {
        assert_eq!(merge(vec![(5, 8), (0, 2), (1, 3)]), vec![(0, 3), (5, 8)]);
        assert_eq!(without((0, 10), &[(2, 3), (5, 20)]), vec![(0, 2), (3, 5)]);
        assert_eq!(without((0, 10), &[]), vec![(0, 10)]);
    }
}
