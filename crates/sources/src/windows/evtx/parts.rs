//! A log in parts: some chunks each. Chunks lean on nothing; what is said of the whole log is put together in order.

use std::collections::BTreeMap;
use std::io::SeekFrom;
use std::sync::{Mutex, MutexGuard, PoisonError};

use konseki_formats::evtx::{Chunk, Chunks, Counts, Decoder, TroubleKind};
use konseki_model::{At, Basis, Problem, ProblemKind, Records, Sink};

use super::ids::{Ids, Seen};
use super::{Pass, header, problem};
use crate::mapper::Scratch;
use crate::{Input, Part, Parts, Reading};

/// Bytes of a part, before the chunk that reaches them.
const PART: usize = 2 << 20;
/// Room for the chunk that reaches them.
const MARGIN: usize = 64 << 10;
/// Computers told apart in one log (forwarded events hold many).
const COMPUTERS: usize = 1024;

/// One reading of one log.
pub(super) struct Log<'r> {
    reading: &'r Reading<'r>,
    /// It cannot even be read from its start.
    shut: bool,
    cutter: Mutex<Cutter<'r>>,
    joined: Mutex<Joined>,
}

struct Cutter<'r> {
    chunks: Chunks<&'r mut dyn Input>,
    next: usize,
    failed: Option<Problem>,
}

/// What one part says of the log.
#[derive(Default)]
pub(super) struct Notes {
    pub ids: Seen,
    computers: Vec<(String, u64)>,
    counts: Counts,
}

/// What all parts so far say; parts that came before their turn wait.
#[derive(Default)]
struct Joined {
    next: usize,
    waiting: BTreeMap<usize, Notes>,
    ids: Ids,
    computers: BTreeMap<String, u64>,
    counts: Counts,
}

/// A thread that panicked left whole notes: each is put in by one move.
fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'r> Log<'r> {
    pub fn new(input: &'r mut dyn Input, reading: &'r Reading<'r>) -> Self {
        let text = "the evidence cannot be read from its start";
        let shut = input.seek(SeekFrom::Start(0)).is_err();
        let failed = shut.then(|| Problem::new(ProblemKind::Unreadable, None, text));
        let cutter = Mutex::new(Cutter { chunks: Chunks::new(input), next: 0, failed });
        Self { reading, shut, cutter, joined: Mutex::default() }
    }
}

impl Parts for Log<'_> {
    fn cut(&self) -> Option<Part> {
        let mut cutter = held(&self.cutter);
        let room = usize::try_from(self.reading.piece.size).unwrap_or(PART).min(PART) + MARGIN;
        let mut part = Part { number: cutter.next, bytes: Vec::with_capacity(room), stretches: Vec::new() };
        while part.bytes.len() < PART && cutter.failed.is_none() {
            let error = match cutter.chunks.next_chunk() {
                Ok(None) => break,
                Ok(Some(chunk)) => {
                    part.bytes.extend_from_slice(chunk.bytes);
                    part.stretches.push((chunk.offset, part.bytes.len()));
                    continue;
                }
                Err(error) => error,
            };
            let at = Some(At::Offset(cutter.chunks.offset()));
            cutter.failed = Some(Problem::new(ProblemKind::Unreadable, at, format!("reading stopped: {error}")));
        }
        cutter.next += 1;
        (!part.stretches.is_empty()).then_some(part)
    }

    fn read(&self, part: &Part, sink: &mut dyn Sink) {
        let mut pass = Pass { reading: self.reading, notes: Notes::default(), fields: Vec::new(), scratch: Scratch::default() };
        let mut decoder = Decoder::new();
        let mut from = 0;
        for (offset, to) in &part.stretches {
            let chunk = Chunk { offset: *offset, bytes: part.bytes.get(from..*to).unwrap_or_default() };
            from = *to;
            // Troubles of a chunk follow its events, so that both can use the sink.
            let mut troubles = Vec::new();
            let got = decoder.chunk(&chunk, &mut |record| pass.event(&record, sink), &mut |trouble| troubles.push(trouble));
            pass.notes.counts.add(&got);
            for trouble in &troubles {
                if let (TroubleKind::Content(_), Some(record)) = (trouble.kind, trouble.record) {
                    pass.notes.ids.lose(record);
                }
                sink.problem(problem(trouble));
            }
        }
        held(&self.joined).put(part.number, pass.notes);
    }

    fn end(&self, sink: &mut dyn Sink) {
        let cutter = held(&self.cutter);
        let mut joined = held(&self.joined);
        cutter.failed.iter().for_each(|problem| sink.problem(problem.clone()));
        if self.shut {
            return;
        }
        header(cutter.chunks.headers(), cutter.chunks.found(), sink);
        joined.ids.report(sink);
        if let Some(host) = joined.host() {
            sink.host(host);
        }
        sink.zone("UTC", Basis::Format.as_str());
        let counts = &joined.counts;
        sink.records(Records { read: counts.framed, events: counts.given, rejected: counts.lost, ..Records::default() });
    }
}

impl Notes {
    pub fn count(&mut self, computer: &str) {
        if computer.is_empty() {
            return;
        }
        if let Some((_, count)) = self.computers.iter_mut().rev().find(|(name, _)| name == computer) {
            *count += 1;
        } else if self.computers.len() < COMPUTERS {
            self.computers.push((computer.to_owned(), 1));
        }
    }
}

impl Joined {
    fn put(&mut self, number: usize, notes: Notes) {
        self.waiting.insert(number, notes);
        while let Some(notes) = self.waiting.remove(&self.next) {
            self.next += 1;
            self.ids.take(notes.ids);
            self.counts.add(&notes.counts);
            for (computer, count) in notes.computers {
                if let Some(known) = self.computers.get_mut(&computer) {
                    *known += count;
                } else if self.computers.len() < COMPUTERS {
                    self.computers.insert(computer, count);
                }
            }
        }
    }

    /// The computer with most records; a log can begin under the name from before the machine was named.
    fn host(&self) -> Option<&str> {
        self.computers.iter().max_by_key(|(name, count)| (**count, std::cmp::Reverse(*name))).map(|(name, _)| name.as_str())
    }
}
