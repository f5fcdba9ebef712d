//! Event lines of a syslog: heads taken off, parts of one event joined, lines of other services kept.

use std::collections::BTreeMap;

use konseki_formats::vcenter::{self, EventLine};
use konseki_formats::{relay, time};
use konseki_model::{At, Event, Problem, ProblemKind, Sink};
use rustc_hash::FxHashMap;

use crate::clock::Clock;
use crate::linux_words::{self, Said};
use crate::mapper::Scratch;
use crate::read::{self, Text, Verdict};
use crate::row::Row;
use crate::vcenter as shared;
use crate::{Input, Reading};

/// Events whose parts are waited for at one time.
const WAITING: usize = 512;
/// Clones whose new name is remembered until they end.
const CLONES: usize = 10_000;

pub fn read(input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
    let mut state = State {
        clock: Clock::new(reading),
        scratch: Scratch::default(),
        waiting: BTreeMap::new(),
        clones: FxHashMap::default(),
        host_said: false,
    };
    read::records(input, reading, sink, starts, |line, sink| state.one(line, reading, sink));
    while let Some((_, parts)) = state.waiting.pop_first() {
        state.give(&parts, reading, sink);
    }
    state.clock.report(sink);
}

fn starts(line: &[u8]) -> bool {
    line.starts_with(b"Event [") || time::any(line).is_some() || memchr::memmem::find(line, b" Event [").is_some()
}

/// An event of which not every part was seen yet.
struct Parts {
    at: u64,
    last: u64,
    /// The lines as they stand, while they follow each other.
    raw: Vec<u8>,
    adjacent: bool,
    host: String,
    first: String,
    texts: BTreeMap<u32, String>,
    count: u32,
}

struct State {
    clock: Clock,
    scratch: Scratch,
    waiting: BTreeMap<(String, String), Parts>,
    /// Chain of a clone -> name of the new machine, which its end does not say.
    clones: FxHashMap<String, String>,
    host_said: bool,
}

impl State {
    fn one(&mut self, line: &Text<'_>, reading: &Reading<'_>, sink: &mut dyn Sink) -> Verdict {
        let Some(event) = vcenter::event(line.text) else { return self.foreign(line, reading, sink) };
        let host = relay::split(line.text.get(..event.start).unwrap_or_default()).map_or("", |head| head.host);
        let host = if host.is_empty() { relay::head(line.text.get(..event.start).unwrap_or_default()).host } else { host };
        if event.parts <= 1 {
            self.push(&event, event.message, host, line.number, line.bytes, reading, sink);
            return Verdict::Event;
        }
        self.part(&event, host, line, reading, sink)
    }

    fn part(&mut self, event: &EventLine<'_>, host: &str, line: &Text<'_>, reading: &Reading<'_>, sink: &mut dyn Sink) -> Verdict {
        let key = (host.to_owned(), event.key.to_owned());
        let mut verdict = Verdict::Continuation;
        if !self.waiting.contains_key(&key) {
            if self.waiting.len() >= WAITING {
                let oldest = self.waiting.iter().min_by_key(|(_, parts)| parts.at).map(|(key, _)| key.clone());
                if let Some(parts) = oldest.and_then(|key| self.waiting.remove(&key)) {
                    self.give(&parts, reading, sink);
                }
            }
            verdict = Verdict::Event;
            let parts = Parts {
                at: line.number,
                last: line.number,
                raw: Vec::new(),
                adjacent: true,
                host: host.to_owned(),
                first: String::new(),
                texts: BTreeMap::new(),
                count: event.parts.min(1000),
            };
            self.waiting.insert(key.clone(), parts);
        }
        let Some(parts) = self.waiting.get_mut(&key) else { return verdict };
        if !event.kind.is_empty() && (parts.first.is_empty() || event.part == 1) {
            parts.first = line.text.to_owned();
        }
        parts.texts.entry(event.part).or_insert_with(|| event.message.to_owned());
        parts.adjacent &= line.number <= parts.last + 1;
        parts.last = line.number;
        if parts.adjacent && parts.raw.len() < 256 * 1024 {
            if !parts.raw.is_empty() {
                parts.raw.push(b'\n');
            }
            parts.raw.extend_from_slice(line.bytes);
        }
        let complete = parts.texts.len() as u32 >= parts.count;
        if let Some(parts) = complete.then(|| self.waiting.remove(&key)).flatten() {
            self.give(&parts, reading, sink);
        }
        verdict
    }

    fn give(&mut self, parts: &Parts, reading: &Reading<'_>, sink: &mut dyn Sink) {
        if (parts.texts.len() as u32) < parts.count {
            let text = "an event of several lines lacks some of them: it is kept as far as it is here";
            sink.problem(Problem::new(ProblemKind::Truncated, Some(At::Line(parts.at)), text));
        }
        let message: String = parts.texts.values().map(String::as_str).collect::<Vec<_>>().join("");
        let event = vcenter::event(&parts.first).unwrap_or_default();
        self.push(&event, &message, &parts.host, parts.at, &parts.raw, reading, sink);
    }

    #[allow(clippy::too_many_arguments)]
    fn push(&mut self, event: &EventLine<'_>, message: &str, host: &str, at: u64, raw: &[u8], reading: &Reading<'_>, sink: &mut dyn Sink) {
        let time = time::iso(event.time.as_bytes()).and_then(|(written, _)| self.clock.stamp(&written));
        let mut row = Row::default();
        shared::event_fields(event, message, &mut row);
        match row.get("action") {
            "cloning" if self.clones.len() < CLONES && !event.chain.is_empty() => {
                self.clones.insert(event.chain.to_owned(), row.get("vm").to_owned());
            }
            "cloned" => {
                if let Some(vm) = self.clones.get(event.chain) {
                    row.push_some("vm", vm);
                }
            }
            _ => {}
        }
        let (kind, mut core) = reading.about.mapper.apply(row.fields(), &mut self.scratch);
        core.host = if host.is_empty() { reading.hints.host.as_deref().unwrap_or_default() } else { host };
        if shared::is_loopback(core.src) {
            core.src = "";
        }
        if !self.host_said && !host.is_empty() {
            sink.host(host);
            self.host_said = true;
        }
        sink.event(&Event { at: At::Line(at), time, kind, core, fields: row.fields(), raw });
    }

    /// A line of another service that the appliance forwards to the same place.
    fn foreign(&mut self, line: &Text<'_>, reading: &Reading<'_>, sink: &mut dyn Sink) -> Verdict {
        let Some((written, _)) = time::any(line.bytes) else { return Verdict::Rejected };
        let time = self.clock.stamp(&written);
        let head = relay::split(line.text);
        let message = head.and_then(|head| line.text.get(head.used..)).unwrap_or(line.text);
        let json = message.find('{').and_then(|at| message.get(at..)).filter(|_| message.contains("com.vmware.sso."));
        let json = json.and_then(shared::audit_object);
        let mut row = Row::default();
        row.push_some("level", level(message));
        row.push_some("process", head.map_or("", |head| head.tag));
        row.push("message", message);
        if let Some(json) = &json {
            for key in ["user", "client", "description", "type"] {
                row.push_some(key, json.get(key).and_then(serde_json::Value::as_str).unwrap_or_default());
            }
        } else {
            let tag = head.map_or("", |head| head.tag);
            let mut said = Vec::new();
            if tag == "sshd" {
                linux_words::cut(&Said { process: tag, message }, &mut said);
            }
            said.iter().for_each(|field| row.push(field.name, field.value));
            let _ = !said.is_empty() || shared::authorization(message, &mut row) || shared::sudo(message, &mut row);
        }
        let (kind, mut core) = reading.about.mapper.apply(row.fields(), &mut self.scratch);
        core.host = head.map_or("", |head| head.host);
        sink.event(&Event { at: line.at(), time, kind, core, fields: row.fields(), raw: line.bytes });
        Verdict::Event
    }
}

/// `[2023-05-11T13:05:44.744Z] [INFO ] thread class text`: the level that a Java service writes behind its time.
fn level(text: &str) -> &str {
    let mut words = text.split_whitespace().take(4).map(|word| word.trim_matches(['[', ']']));
    words.find(|word| ["INFO", "WARN", "ERROR", "DEBUG", "TRACE", "FATAL"].contains(word)).unwrap_or_default()
}
