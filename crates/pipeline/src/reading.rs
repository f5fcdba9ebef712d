//! From inputs to outcomes: one thread finds and hashes, workers read, packs are committed one by one.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex};

use konseki_evidence::{Body, Entry, Found, Options};
use konseki_model::evidence::Zone;
use konseki_model::time::Offset;
use konseki_model::{Basis, Hints, Piece, Problem, ProblemKind};
use konseki_sources::{Description, Reading};
use konseki_store::EventWriter;

use crate::detect::{Bytes, Rules, Scratch};
use crate::journal::{Journal, Outcome, Place};
use crate::settings::Settings;
use crate::sheet::{Sheet, Whose};
use crate::tally::Tally;
use crate::{Error, Progress, apart, hex};

/// Bytes of pieces in memory between the finder and the workers.
const IN_FLIGHT: u64 = 96 << 20;
/// A pack is closed at this many events, or bytes of evidence.
const PACK_ROWS: u64 = 400_000;
const PACK_BYTES: u64 = 256 << 20;
/// Packs (one per source) that one worker holds open.
const OPEN_PACKS: usize = 6;
const HEAD: usize = 64 * 1024;

/// A piece on its way to a worker.
struct Job {
    path: String,
    sha256: String,
    size: u64,
    modified: Option<i64>,
    zone_offset: Option<i32>,
    body: Body,
    hashes: Vec<String>,
    depth: u32,
}

impl Job {
    fn bytes<'a>(&'a self, id: &'a str, source: &'a str) -> Bytes<'a> {
        Bytes { path: &self.path, id, hashes: &self.hashes, size: self.size, source }
    }
}

/// Bytes that may be in memory at once.
struct Budget {
    used: Mutex<u64>,
    freed: Condvar,
}

impl Budget {
    fn take(&self, bytes: u64) {
        let Ok(mut used) = self.used.lock() else { return };
        while *used > 0 && *used + bytes > IN_FLIGHT {
            match self.freed.wait(used) {
                Ok(guard) => used = guard,
                Err(_) => return,
            }
        }
        *used += bytes;
    }

    fn give(&self, bytes: u64) {
        if let Ok(mut used) = self.used.lock() {
            *used = used.saturating_sub(bytes);
        }
        self.freed.notify_all();
    }
}

/// What all workers share.
struct Shared<'a> {
    journal: Mutex<Journal>,
    seen: Mutex<HashSet<String>>,
    failed: Mutex<Option<Error>>,
    stop: AtomicBool,
    events: AtomicU64,
    budget: Budget,
    hands: apart::Hands,
    folder: PathBuf,
    /// Ready when the first worker has begun.
    rules: &'a Rules,
    settings: &'a Settings,
    /// More than one thread: packs are encoded beside reading.
    beside: bool,
    about: Vec<Arc<Description>>,
    progress: &'a dyn Progress,
}

impl Shared<'_> {
    fn fail(&self, error: Error) {
        self.stop.store(true, Ordering::SeqCst);
        if let Ok(mut failed) = self.failed.lock() {
            failed.get_or_insert(error);
        }
        self.budget.freed.notify_all();
    }

    fn place(&self, place: Place) {
        let result = self.journal.lock().map(|mut journal| journal.place(place));
        if let Ok(Err(error)) = result {
            self.fail(Error::Folder(format!("the journal cannot be written: {error}")));
        }
    }
}

/// What reading needs beside inputs and journal.
pub struct Means<'a> {
    pub options: &'a Options,
    /// `events/` of the case.
    pub folder: PathBuf,
    pub rules: &'a Rules,
    pub settings: &'a Settings,
    pub threads: usize,
    pub progress: &'a dyn Progress,
}

/// Reads all inputs into `events/` and the journal. Pieces that the journal knows are not read again.
///
/// # Errors
/// Inputs that do not exist, a case that cannot be written.
pub fn read_all(inputs: &[PathBuf], journal: Journal, means: Means<'_>) -> Result<Journal, Error> {
    let Means { options, folder, rules, settings, threads, progress } = means;
    let seen = journal.outcomes.keys().cloned().collect();
    let mut about = Vec::new();
    for entry in konseki_sources::all().iter().chain([konseki_sources::plain()]) {
        about.push(Arc::new(Description::parse(entry.about).map_err(|why| Error::Internal(format!("{}: {why}", entry.id)))?));
    }
    let shared = Shared {
        journal: Mutex::new(journal),
        seen: Mutex::new(seen),
        failed: Mutex::new(None),
        stop: AtomicBool::new(false),
        events: AtomicU64::new(0),
        budget: Budget { used: Mutex::new(0), freed: Condvar::new() },
        hands: apart::Hands::default(),
        folder,
        rules,
        settings,
        beside: threads > 1,
        about,
        progress,
    };
    let (send, receive) = sync_channel::<Job>(64);
    let receive = Mutex::new(receive);
    std::thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| Worker::new(&shared).run(&receive));
        }
        let found = find(inputs, options, &shared, &send);
        drop(send);
        if let Err(error) = found {
            shared.fail(error);
        }
    });
    if let Ok(Some(error)) = shared.failed.into_inner() {
        return Err(error);
    }
    let journal = shared.journal.into_inner().map_err(|_| Error::Internal("a worker stopped in the middle".to_owned()))?;
    journal.sync().map_err(|error| Error::Folder(error.to_string()))?;
    Ok(journal)
}

fn find(inputs: &[PathBuf], options: &Options, shared: &Shared<'_>, send: &SyncSender<Job>) -> Result<(), Error> {
    let plan = konseki_evidence::plan(inputs, options).map_err(|error| Error::Usage(error.to_string()))?;
    let total: u64 = plan.roots.iter().map(konseki_evidence::Root::size).sum();
    shared.progress.total(plan.roots.len() as u64, total);
    for root in &plan.roots {
        if shared.stop.load(Ordering::SeqCst) {
            break;
        }
        shared.progress.file(&root.path);
        let totals = konseki_evidence::read(root, options, &mut |entry| take_entry(entry, shared, send))
            .map_err(|error| Error::Folder(error.to_string()))?;
        shared.progress.bytes(totals.bytes);
    }
    Ok(())
}

fn take_entry(entry: Entry, shared: &Shared<'_>, send: &SyncSender<Job>) {
    match entry {
        Entry::Piece(found) => take_piece(found, shared, send),
        Entry::Container(c) => shared.place(Place {
            host: None,
            path: c.path,
            sha256: hex(&c.sha256),
            bytes: c.size,
            what: format!("container:{}", c.kind.as_str()),
            problems: c.problems,
        }),
        Entry::Link(link) => shared.place(Place {
            host: None,
            path: link.path,
            sha256: String::new(),
            bytes: 0,
            what: format!("link to {}", link.target),
            problems: Vec::new(),
        }),
        Entry::Refused(refused) => shared.place(Place {
            host: None,
            path: refused.path,
            sha256: String::new(),
            bytes: refused.bytes,
            what: "refused".to_owned(),
            problems: vec![refused.problem],
        }),
    }
}

fn take_piece(found: Found, shared: &Shared<'_>, send: &SyncSender<Job>) {
    let sha256 = hex(&found.sha256);
    shared.place(Place {
        host: host_of(&found.path, shared.settings),
        path: found.path.clone(),
        sha256: sha256.clone(),
        bytes: found.size,
        what: "piece".to_owned(),
        problems: found.problems.clone(),
    });
    let fresh = shared.seen.lock().is_ok_and(|mut seen| seen.insert(sha256.clone()));
    if !fresh || shared.stop.load(Ordering::SeqCst) {
        return;
    }
    let hashes = found.md5.iter().map(|h| hex(h)).chain(found.sha1.iter().map(|h| hex(h))).chain([sha256.clone()]).collect();
    let in_memory = found.body.memory().map_or(0, |bytes| bytes.len() as u64);
    shared.budget.take(in_memory);
    let job = Job {
        path: found.path,
        sha256,
        size: found.size,
        modified: found.modified.filter(|_| !found.modified_local),
        zone_offset: found.zip_zone_offset,
        body: found.body,
        hashes,
        depth: 0,
    };
    // A closed channel means that every worker has stopped; the reason is in `failed`.
    let _ = send.send(job);
}

pub(crate) fn host_of(path: &str, settings: &Settings) -> Option<String> {
    settings.host_of(path).or_else(|| konseki_sources::host::of_path(path))
}

/// A pack being filled: one Parquet file of one source.
struct Pack {
    file: String,
    writer: EventWriter,
    rows: u64,
    bytes: u64,
    outcomes: Vec<Outcome>,
    used: u64,
}

struct Worker<'a> {
    shared: &'a Shared<'a>,
    packs: BTreeMap<&'static str, Pack>,
    /// Outcomes without events.
    bare: Vec<Outcome>,
    scratch: Scratch,
    clock: u64,
}

impl<'a> Worker<'a> {
    fn new(shared: &'a Shared<'a>) -> Self {
        Self { shared, packs: BTreeMap::new(), bare: Vec::new(), scratch: Scratch::default(), clock: 0 }
    }

    fn run(mut self, receive: &Mutex<Receiver<Job>>) {
        // Rules load while the first pieces are found and hashed.
        self.shared.rules.get();
        loop {
            self.shared.hands.free();
            let job = match receive.lock() {
                Ok(receive) => receive.recv(),
                Err(_) => break,
            };
            // With nothing left to come it stays free for others.
            let Ok(job) = job else { break };
            self.shared.hands.busy();
            let in_memory = job.body.memory().map_or(0, |bytes| bytes.len() as u64);
            if !self.shared.stop.load(Ordering::SeqCst)
                && let Err(error) = self.piece(job)
            {
                self.shared.fail(error);
            }
            self.shared.budget.give(in_memory);
        }
        if !self.shared.stop.load(Ordering::SeqCst)
            && let Err(error) = self.close_all()
        {
            self.shared.fail(error);
        }
    }

    fn piece(&mut self, job: Job) -> Result<(), Error> {
        let mut reader = match job.body.open() {
            Ok(reader) => reader,
            Err(error) => return self.unreadable(&job, &error.to_string()),
        };
        let mut head = vec![0; HEAD.min(usize::try_from(job.size).unwrap_or(HEAD))];
        let mut filled = 0;
        while filled < head.len() {
            match std::io::Read::read(&mut reader, head.get_mut(filled..).unwrap_or_default()) {
                Ok(0) => break,
                Ok(got) => filled += got,
                Err(error) => return self.unreadable(&job, &error.to_string()),
            }
        }
        head.truncate(filled);
        let piece = Piece { path: &job.path, head: &head, size: job.size };
        let found = konseki_sources::recognise(&piece);
        let plain = konseki_sources::plain();
        let entry = match found.first() {
            Some(entry) => *entry,
            None if plain.source.recognise(&piece) => plain,
            None => {
                let outcome = Outcome { why: konseki_sources::sniff::why(&head, job.size).to_owned(), ..Outcome::default() };
                return self.bare(&job, outcome, &mut reader);
            }
        };
        let index = konseki_sources::all().iter().position(|e| e.id == entry.id).unwrap_or(konseki_sources::all().len());
        let Some(about) = self.shared.about.get(index).cloned() else { return Ok(()) };
        let host = host_of(&job.path, self.shared.settings);
        let zone = job.zone_offset.map(|offset| (crate::zones::name(offset), Basis::ZipFields));
        let hints = Hints { zone, host: host.clone(), modified: job.modified };
        let id = crate::evidence_id(&job.sha256);
        let shared = self.shared;
        self.clock += 1;
        let clock = self.clock;
        self.make_room(entry.id)?;
        let pack = match self.packs.entry(entry.id) {
            std::collections::btree_map::Entry::Occupied(open) => open.into_mut(),
            std::collections::btree_map::Entry::Vacant(slot) => {
                let file = format!("{}/{id}.parquet", entry.id);
                let writer = EventWriter::create(&shared.folder.join(&file), shared.beside)?;
                slot.insert(Pack { file, writer, rows: 0, bytes: 0, outcomes: Vec::new(), used: clock })
            }
        };
        pack.used = clock;
        let whose = Whose { evidence: &id, source: entry, index, host: host.unwrap_or_default().into() };
        let mut input = Seekable(reader);
        let reading = Reading { piece, hints: &hints, about: &about };
        let tally = tally(&mut input, &reading, &whose, &mut pack.writer, shared, &mut self.scratch);
        let (mut outcome, nested, failed) = tally.finish(entry.id, &whose.host);
        if let Some(error) = failed {
            return Err(error.into());
        }
        outcome.problems.extend(job.body.changed());
        if outcome.zone.name.is_empty() {
            outcome.zone = unsaid(&outcome, &about);
        }
        let others: BTreeSet<&str> = found.iter().skip(1).map(|entry| entry.id).collect();
        if !others.is_empty() {
            let text = format!("more than one source recognises this piece; also: {}", others.into_iter().collect::<Vec<_>>().join(", "));
            outcome.problems.push(Problem::new(ProblemKind::Malformed, None, text));
        }
        shared.events.fetch_add(outcome.records.events, Ordering::Relaxed);
        shared.progress.events(outcome.records.events);
        let mut input = input.0;
        shared.rules.get().bytes(&job.bytes(&id, entry.id), &mut input, &mut outcome);
        outcome.sha256.clone_from(&job.sha256);
        outcome.bytes = job.size;
        outcome.nested = nested.iter().map(|(name, bytes)| (name.clone(), crate::sha256(bytes))).collect();
        pack.rows += outcome.records.events;
        pack.bytes += job.size;
        pack.outcomes.push(outcome);
        if pack.rows >= PACK_ROWS || pack.bytes >= PACK_BYTES {
            self.close(entry.id)?;
        }
        for (name, bytes) in nested {
            self.nested(&job, &name, bytes)?;
        }
        Ok(())
    }

    fn nested(&mut self, parent: &Job, name: &str, bytes: Vec<u8>) -> Result<(), Error> {
        let path = format!("{}!/{}", parent.path, konseki_evidence::display_name(name.as_bytes()).trim_start_matches('/'));
        let sha256 = crate::sha256(&bytes);
        let size = bytes.len() as u64;
        self.shared.place(Place {
            host: host_of(&path, self.shared.settings),
            path: path.clone(),
            sha256: sha256.clone(),
            bytes: size,
            what: "piece".to_owned(),
            problems: Vec::new(),
        });
        let fresh = self.shared.seen.lock().is_ok_and(|mut seen| seen.insert(sha256.clone()));
        if !fresh || parent.depth >= 4 {
            return Ok(());
        }
        let body = Body::Memory(bytes.into());
        self.piece(Job {
            path,
            hashes: vec![sha256.clone()],
            sha256,
            size,
            modified: parent.modified,
            zone_offset: parent.zone_offset,
            body,
            depth: parent.depth + 1,
        })
    }

    fn bare(&mut self, job: &Job, mut outcome: Outcome, reader: &mut dyn konseki_evidence::ReadSeek) -> Result<(), Error> {
        let id = crate::evidence_id(&job.sha256);
        self.shared.rules.get().bytes(&job.bytes(&id, ""), reader, &mut outcome);
        outcome.sha256.clone_from(&job.sha256);
        outcome.bytes = job.size;
        outcome.host = host_of(&job.path, self.shared.settings).unwrap_or_default();
        self.bare.push(outcome);
        if self.bare.len() >= 256 {
            self.commit_bare()?;
        }
        Ok(())
    }

    fn unreadable(&mut self, job: &Job, why: &str) -> Result<(), Error> {
        let problem = Problem::new(ProblemKind::Unreadable, None, format!("cannot be read: {why}")).bytes(job.size);
        let outcome = Outcome {
            why: "it could not be read".to_owned(),
            problems: vec![problem],
            sha256: job.sha256.clone(),
            bytes: job.size,
            ..Outcome::default()
        };
        self.bare.push(outcome);
        Ok(())
    }

    /// Closes the pack that was used longest ago when too many are open.
    fn make_room(&mut self, wanted: &'static str) -> Result<(), Error> {
        if self.packs.contains_key(wanted) || self.packs.len() < OPEN_PACKS {
            return Ok(());
        }
        let oldest = self.packs.iter().min_by_key(|(_, pack)| pack.used).map(|(id, _)| *id);
        oldest.map_or(Ok(()), |id| self.close(id))
    }

    fn close(&mut self, id: &'static str) -> Result<(), Error> {
        let Some(pack) = self.packs.remove(id) else { return Ok(()) };
        pack.writer.finish()?;
        let mut journal = self.shared.journal.lock().map_err(|_| Error::Internal("journal".to_owned()))?;
        journal.pack(Some(pack.file), pack.outcomes).map_err(|error| Error::Folder(error.to_string()))
    }

    fn commit_bare(&mut self) -> Result<(), Error> {
        if self.bare.is_empty() {
            return Ok(());
        }
        let outcomes = std::mem::take(&mut self.bare);
        let mut journal = self.shared.journal.lock().map_err(|_| Error::Internal("journal".to_owned()))?;
        journal.pack(None, outcomes).map_err(|error| Error::Folder(error.to_string()))
    }

    fn close_all(&mut self) -> Result<(), Error> {
        let ids: Vec<&'static str> = self.packs.keys().copied().collect();
        for id in ids {
            self.close(id)?;
        }
        self.commit_bare()
    }
}

/// The zone of a piece whose source said nothing of it.
fn unsaid(outcome: &Outcome, about: &Description) -> Zone {
    let (name, basis) = match outcome.spans.first().map(|span| span.offset) {
        None | Some(Some(Offset::Taken(_))) => (about.clock.zone.as_str(), about.clock.basis.as_str()),
        Some(None) => ("UTC", Basis::Format.as_str()),
        Some(Some(Offset::Said(_))) => ("as written", Basis::Written.as_str()),
    };
    Zone { name: name.to_owned(), basis: basis.to_owned() }
}

/// Reads a piece, in parts where it is large and can be cut.
fn tally(
    input: &mut Seekable,
    reading: &Reading<'_>,
    whose: &Whose<'_>,
    writer: &mut EventWriter,
    shared: &Shared<'_>,
    scratch: &mut Scratch,
) -> Tally {
    if reading.piece.size >= apart::LARGE
        && let Some(parts) = whose.source.source.parts(input, reading)
    {
        return apart::read(&*parts, whose, writer, shared.rules.get(), scratch, &shared.hands);
    }
    let mut sheet = Sheet::new(whose, writer, shared.rules.get(), scratch);
    whose.source.source.read(input, reading, &mut sheet);
    sheet.tally
}

/// A boxed reader as the input of a source.
struct Seekable(Box<dyn konseki_evidence::ReadSeek + Send>);

impl std::io::Read for Seekable {
    fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(room)
    }
}

impl std::io::Seek for Seekable {
    fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
        self.0.seek(to)
    }
}
