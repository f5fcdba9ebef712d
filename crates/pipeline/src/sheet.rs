//! One piece while it is read: every event is matched and appended to columns in the same pass, everything is counted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use konseki_formats::text::longest_valid;
use konseki_model::evidence::Zone;
use konseki_model::{Because, Core, Entity, EntityKind, Event, Kind, Problem, Records, Sink};
use konseki_store::{EventWriter, Origin};

use crate::detect::{Detector, Match, Scratch};
use crate::journal::{Correlated, Hit, Outcome};

/// Places kept for one folded hit.
const PLACES: usize = 20;
const ENTITIES: usize = 16;
/// Longest excerpt, in bytes.
pub const EXCERPT: usize = 2048;
/// Different problems kept for one piece; further ones are counted in one line.
const PROBLEMS: usize = 200;
const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

/// Kinds whose events keep no excerpt: many, and their fields stand in the line as they are.
fn keeps_excerpt(kind: Kind) -> bool {
    !matches!(kind, Kind::Other | Kind::Flow | Kind::Dns | Kind::Heartbeat | Kind::ProcessSeen | Kind::FileSeen)
}

/// Pieces found inside a piece: name and bytes.
pub type Nested = Vec<(String, Vec<u8>)>;

/// The sink of one piece.
pub struct Sheet<'a> {
    pub outcome: Outcome,
    pub nested: Nested,
    /// The first error of writing events; reading goes on only to find the end.
    pub failed: Option<konseki_store::Error>,
    evidence: &'a str,
    source: &'static str,
    source_index: usize,
    /// Shared, not copied, by every event that names none.
    host: Arc<str>,
    said_host: Option<Arc<str>>,
    writer: &'a mut EventWriter,
    detector: &'a Detector,
    scratch: &'a mut Scratch,
    hits: BTreeMap<(String, String, String, String, i64), Hit>,
    hours: BTreeMap<String, BTreeMap<i64, u64>>,
    last_hour: Option<(String, i64, u64)>,
    problems: BTreeMap<(konseki_model::ProblemKind, String), Problem>,
    more_problems: u64,
}

impl<'a> Sheet<'a> {
    pub fn new(
        evidence: &'a str,
        source: &'static konseki_sources::Entry,
        source_index: usize,
        host: String,
        writer: &'a mut EventWriter,
        detector: &'a Detector,
        scratch: &'a mut Scratch,
    ) -> Self {
        let outcome = Outcome { source: source.id.to_owned(), ..Outcome::default() };
        Self {
            outcome,
            nested: Vec::new(),
            failed: None,
            evidence,
            source: source.id,
            source_index,
            host: host.into(),
            said_host: None,
            writer,
            detector,
            scratch,
            hits: BTreeMap::new(),
            hours: BTreeMap::new(),
            last_hour: None,
            problems: BTreeMap::new(),
            more_problems: 0,
        }
    }

    /// The finished outcome (without hash and size) and the pieces found inside.
    pub fn finish(mut self) -> (Outcome, Nested, Option<konseki_store::Error>) {
        self.flush_hour();
        self.outcome.host = self.said_host.as_ref().unwrap_or(&self.host).to_string();
        self.outcome.hits = std::mem::take(&mut self.hits).into_values().collect();
        self.outcome.hours = std::mem::take(&mut self.hours);
        let mut problems: Vec<Problem> = std::mem::take(&mut self.problems).into_values().collect();
        if self.more_problems > 0 {
            let mut more = Problem::new(konseki_model::ProblemKind::Bound, None, "further problems of this piece, not listed one by one");
            more.count = self.more_problems;
            problems.push(more);
        }
        self.outcome.problems = problems;
        (self.outcome, self.nested, self.failed)
    }

    fn flush_hour(&mut self) {
        if let Some((host, hour, count)) = self.last_hour.take() {
            *self.hours.entry(host).or_default().entry(hour).or_default() += count;
        }
    }

    fn count_time(&mut self, event: &Event<'_>, host: &str) {
        let Some(time) = event.time else { return };
        let at = (time.micros, time.fidelity);
        if self.outcome.first.is_none_or(|(first, _)| at.0 < first) {
            self.outcome.first = Some(at);
        }
        if self.outcome.last.is_none_or(|(last, _)| at.0 > last) {
            self.outcome.last = Some(at);
        }
        let hour = time.micros.div_euclid(HOUR);
        match &mut self.last_hour {
            Some((h, known, count)) if *known == hour && h == host => *count += 1,
            _ => {
                self.flush_hour();
                self.last_hour = Some((host.to_owned(), hour, 1));
            }
        }
    }
}

/// An excerpt of an event that stands at its place, and its encoding there when it is not UTF-8.
/// Text: the line, cut. Binary records: the longest value that stands in the record as UTF-16.
pub fn excerpt<'e>(event: &Event<'e>, values: &[(&str, &str)]) -> (&'e str, Option<&'static str>) {
    if event.raw.is_empty() {
        return ("", None);
    }
    if matches!(event.at, konseki_model::At::Record(_)) {
        let wanted = values.iter().filter_map(|(name, _)| event.field(name));
        let all = event.fields.iter().map(|field| field.value);
        // The longest first, so that the first one found is the one.
        let mut longest: Vec<&str> = wanted.chain(all.filter(|_| values.is_empty())).filter(|v| (1..=400).contains(&v.len())).collect();
        longest.sort_by_key(|value| std::cmp::Reverse(value.len()));
        let mut needle = Vec::new();
        let best = longest.into_iter().find(|value| {
            needle.clear();
            needle.extend(value.encode_utf16().flat_map(u16::to_le_bytes));
            memchr::memmem::find(event.raw, &needle).is_some()
        });
        let best = best.unwrap_or_default();
        if best.is_empty() && !values.is_empty() {
            return excerpt(event, &[]);
        }
        return (best, (!best.is_empty()).then_some("utf-16le"));
    }
    let text = longest_valid(event.raw);
    let mut end = text.len().min(EXCERPT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    (text.get(..end).unwrap_or_default(), None)
}

/// What a list of files or processes names, where it stands in the line as it is: a finding of a comparison rests on it,
/// and nothing else of such an event is written the same way in all formats.
fn name_in_line<'e>(event: &Event<'e>) -> &'e str {
    if !matches!((event.kind, event.at), (Kind::FileSeen | Kind::ProcessSeen, konseki_model::At::Line(_))) {
        return "";
    }
    let Core { object, command, .. } = event.core;
    // JSON writes a path's backslashes twice; its last part is written once.
    let last = object.rsplit(['/', '\\']).next().unwrap_or_default();
    let stands = |text: &&str| (4..=400).contains(&text.len()) && memchr::memmem::find(event.raw, text.as_bytes()).is_some();
    [object, command, last].into_iter().find(stands).unwrap_or_default()
}

fn entities(event: &Event<'_>, host: &str) -> BTreeSet<Entity> {
    let core = &event.core;
    let mut all = BTreeSet::new();
    let mut add = |kind, value: &str, role: &str| {
        if !value.is_empty() {
            all.insert(Entity::new(kind, value, role));
        }
    };
    add(EntityKind::Host, host, "where");
    add(EntityKind::User, core.user, "actor");
    add(EntityKind::Address, core.src, "from");
    add(EntityKind::Address, core.dst, "to");
    add(EntityKind::Session, core.session, "via");
    let object = match event.kind.as_str() {
        "vm.list-export" => None,
        kind if kind.starts_with("vm") => Some(EntityKind::Vm),
        kind if kind.starts_with("mail.") => Some(EntityKind::Message),
        kind if kind.starts_with("service.") => Some(EntityKind::Service),
        kind if kind.starts_with("file.") || kind.starts_with("integrity.") || kind == "autostart" => Some(EntityKind::File),
        kind if kind.starts_with("process.") => Some(EntityKind::Process),
        "web.request" | "http" => Some(EntityKind::Url),
        "dns" | "tls" => Some(EntityKind::Domain),
        kind if kind.starts_with("account.") || kind.starts_with("group.") => Some(EntityKind::User),
        _ => None,
    };
    if let Some(kind) = object {
        add(kind, core.object, "object");
    }
    all
}

impl Sheet<'_> {
    fn take_match(&mut self, event: &Event<'_>, host: &str, found: &Match) {
        let core = &event.core;
        let actor = if core.user.is_empty() { core.src } else { core.user };
        let micros = event.time.map(|time| time.micros);
        let day = micros.map_or(i64::MIN, |micros| micros.div_euclid(DAY));
        let key = (found.engine.to_owned(), found.rule.clone(), host.to_owned(), actor.to_owned(), day);
        let hit = self.hits.entry(key).or_insert_with(|| Hit {
            engine: found.engine.to_owned(),
            rule: found.rule.clone(),
            host: host.to_owned(),
            actor: actor.to_owned(),
            count: 0,
            first: micros,
            last: micros,
            fidelity: event.time.map_or("", |time| time.fidelity.as_str()).to_owned(),
            basis: event.time.map_or("", |time| time.basis.as_str()).to_owned(),
            because: Vec::new(),
            entities: BTreeSet::new(),
            args: found.args.clone(),
        });
        hit.count += 1;
        hit.first = hit.first.into_iter().chain(micros).min();
        hit.last = hit.last.into_iter().chain(micros).max();
        if hit.because.len() < PLACES {
            let values: Vec<(&str, &str)> = found.values.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            let (text, encoding) = excerpt(event, &values);
            hit.because.push(Because {
                evidence: self.evidence.to_owned(),
                path: String::new(),
                at: event.at,
                excerpt: text.to_owned(),
                encoding: encoding.map(str::to_owned),
            });
            for entity in entities(event, host) {
                if hit.entities.len() < ENTITIES {
                    hit.entities.insert(entity);
                }
            }
        }
    }
}

impl Sink for Sheet<'_> {
    fn event(&mut self, event: &Event<'_>) {
        if self.failed.is_some() {
            return;
        }
        let fallback = Arc::clone(self.said_host.as_ref().unwrap_or(&self.host));
        let host = if event.core.host.is_empty() { &*fallback } else { event.core.host };
        self.count_time(event, host);
        let (matches, correlated) = self.detector.event(self.source_index, event, self.scratch);
        for found in &matches {
            self.take_match(event, host, found);
        }
        let whole = keeps_excerpt(event.kind) || !correlated.is_empty();
        let (text, encoding) = if whole { excerpt(event, &[]) } else { (name_in_line(event), None) };
        if let (false, Some(time)) = (correlated.is_empty(), event.time) {
            let fields = self.detector.group_fields(event);
            self.outcome.correlated.push(Correlated {
                rules: correlated,
                micros: time.micros,
                at: event.at,
                host: host.to_owned(),
                excerpt: text.to_owned(),
                encoding: encoding.map(str::to_owned),
                fields,
            });
        }
        let origin = Origin { evidence: self.evidence, source: self.source, host, raw: text };
        if let Err(error) = self.writer.push(&origin, event) {
            self.failed = Some(error);
        }
    }

    fn problem(&mut self, problem: Problem) {
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

    fn records(&mut self, records: Records) {
        self.outcome.records.add(&records);
    }

    fn host(&mut self, host: &str) {
        if self.said_host.is_none() && !host.is_empty() {
            self.said_host = Some(host.into());
        }
    }

    fn zone(&mut self, zone: &str, basis: &str) {
        self.outcome.zone = Zone { name: zone.to_owned(), basis: basis.to_owned() };
    }

    fn nested(&mut self, name: &str, bytes: Vec<u8>) {
        self.nested.push((name.to_owned(), bytes));
    }
}
