//! What a piece gave, beside its events: hits folded, problems counted, hours; and how parts of a piece are put together.

use std::collections::BTreeMap;
use std::sync::Arc;

use konseki_model::time::Offset;
use konseki_model::{Event, Problem, ProblemKind};

use crate::journal::{Hit, Outcome, Span};

/// Places kept for one folded hit.
pub const PLACES: usize = 20;
pub const ENTITIES: usize = 16;
/// Different problems kept for one piece; further ones are counted in one line.
const PROBLEMS: usize = 200;
const HOUR: i64 = 3_600_000_000;

/// Pieces found inside a piece: name and bytes.
pub type Nested = Vec<(String, Vec<u8>)>;

/// Engine, rule, host, actor, day, offset.
type Key = (String, String, String, String, i64, Option<Offset>);

/// Counted so far. `outcome` is whole only after `finish`.
#[derive(Default)]
pub struct Tally {
    pub outcome: Outcome,
    pub nested: Nested,
    /// The first error of writing events; reading goes on only to find the end.
    pub failed: Option<konseki_store::Error>,
    pub said_host: Option<Arc<str>>,
    pub hits: BTreeMap<Key, Hit>,
    spans: BTreeMap<Option<Offset>, Span>,
    last_hour: Option<(Option<Offset>, String, i64, u64)>,
    problems: BTreeMap<(ProblemKind, String), Problem>,
    more_problems: u64,
}

impl Tally {
    /// The finished outcome (without hash and size) and the pieces found inside.
    pub fn finish(mut self, source: &str, host: &str) -> (Outcome, Nested, Option<konseki_store::Error>) {
        self.flush_hour();
        self.outcome.source = source.to_owned();
        self.outcome.host = self.said_host.as_deref().unwrap_or(host).to_owned();
        self.outcome.hits = self.hits.into_values().collect();
        self.outcome.spans = self.spans.into_values().collect();
        let mut problems: Vec<Problem> = self.problems.into_values().collect();
        if self.more_problems > 0 {
            let mut more = Problem::new(ProblemKind::Bound, None, "further problems of this piece, not listed one by one");
            more.count = self.more_problems;
            problems.push(more);
        }
        self.outcome.problems = problems;
        (self.outcome, self.nested, self.failed)
    }

    fn flush_hour(&mut self) {
        if let Some((offset, host, hour, count)) = self.last_hour.take()
            && let Some(span) = self.spans.get_mut(&offset)
        {
            *span.hours.entry(host).or_default().entry(hour).or_default() += count;
        }
    }

    /// Counts an event in its hour.
    pub fn time(&mut self, event: &Event<'_>, host: &str) {
        let Some(time) = event.time else { return };
        let at = (time.micros, time.fidelity);
        let new = || Span { offset: time.offset, first: at, last: at, hours: BTreeMap::new() };
        let span = self.spans.entry(time.offset).or_insert_with(new);
        if at.0 < span.first.0 {
            span.first = at;
        }
        if at.0 > span.last.0 {
            span.last = at;
        }
        let hour = time.micros.div_euclid(HOUR);
        match &mut self.last_hour {
            Some((o, h, known, count)) if *known == hour && h == host && *o == time.offset => *count += 1,
            _ => {
                self.flush_hour();
                self.last_hour = Some((time.offset, host.to_owned(), hour, 1));
            }
        }
    }

    /// Counts a problem; of equal ones the first place is kept.
    pub fn problem(&mut self, problem: Problem) {
        let key = (problem.kind, problem.text.clone());
        if let Some(known) = self.problems.get_mut(&key) {
            known.count += problem.count;
            if let Some(bytes) = problem.bytes {
                *known.bytes.get_or_insert(0) += bytes;
            }
        } else if self.problems.len() < PROBLEMS {
            self.problems.insert(key, problem);
        } else {
            self.more_problems += problem.count;
        }
    }

    /// Takes what a later part gave.
    pub fn join(&mut self, mut later: Self) {
        later.flush_hour();
        self.flush_hour();
        let (own, theirs) = (&mut self.outcome, later.outcome);
        own.records.add(&theirs.records);
        own.correlated.extend(theirs.correlated);
        if !theirs.zone.name.is_empty() {
            own.zone = theirs.zone;
        }
        self.nested.extend(later.nested);
        self.failed = self.failed.take().or(later.failed);
        self.said_host = self.said_host.take().or(later.said_host);
        for (offset, span) in later.spans {
            match self.spans.get_mut(&offset) {
                Some(known) => join(known, span),
                None => drop(self.spans.insert(offset, span)),
            }
        }
        for problem in later.problems.into_values() {
            self.problem(problem);
        }
        self.more_problems += later.more_problems;
        for (key, hit) in later.hits {
            match self.hits.get_mut(&key) {
                Some(known) => merge(known, hit),
                None => drop(self.hits.insert(key, hit)),
            }
        }
    }
}

/// Takes a later stretch of the same offset.
fn join(known: &mut Span, later: Span) {
    if later.first.0 < known.first.0 {
        known.first = later.first;
    }
    if later.last.0 > known.last.0 {
        known.last = later.last;
    }
    for (host, hours) in later.hours {
        let known = known.hours.entry(host).or_default();
        hours.into_iter().for_each(|(hour, count)| *known.entry(hour).or_default() += count);
    }
}

/// As if the later events had been counted where the earlier were.
fn merge(known: &mut Hit, later: Hit) {
    known.count += later.count;
    known.first = known.first.into_iter().chain(later.first).min();
    known.last = known.last.into_iter().chain(later.last).max();
    let room = PLACES.saturating_sub(known.because.len());
    if room > 0 {
        for entity in later.entities {
            if known.entities.len() < ENTITIES {
                known.entities.insert(entity);
            }
        }
    }
    known.because.extend(later.because.into_iter().take(room));
}
