//! The flow of one input file: a stream becomes a piece, or a container whose members flow in turn.

use std::collections::btree_map;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

use konseki_model::{Problem, ProblemKind};

use crate::bounds::Budget;
use crate::entry::{Accounts, Body, Container, ContainerKind, Entry, Found, Refused, Totals};
use crate::fragments::{self, Fragment, Fragments};
use crate::hash::{Hashed, Hasher};
use crate::kind::{self, HEAD};
use crate::name::Names;
use crate::notes::Notes;
use crate::open::{DiskFile, Identity};
use crate::options::{Error, Options};
use crate::spool::Spool;
use crate::{seven, single, tar, zip};

/// Levels that are opened at most.
const DEEPEST: u32 = 32;

/// What is known of a stream before it is read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Meta {
    pub path: String,
    /// Where members go if this is a tar.
    pub flat: Option<Flat>,
    pub raw_name: Option<Vec<u8>>,
    pub modified: Option<i64>,
    pub modified_local: bool,
    pub zone_offset: Option<i32>,
    /// Containers around it.
    pub depth: u32,
    /// Problems of this stream, shared with its readers.
    pub notes: Notes,
    /// No entry when not a byte comes out and something was noted.
    pub skip_empty: bool,
}

/// The level of the compressed stream around a tar: its members join it, so that `x.tgz!/file` needs no level
/// between.
#[derive(Clone, Debug)]
pub(crate) struct Flat {
    pub prefix: String,
    pub names: Names,
}

impl Meta {
    /// What stands before the names of its members.
    pub fn prefix(&self) -> String {
        self.flat.as_ref().map_or_else(|| format!("{}!/", self.path), |flat| flat.prefix.clone())
    }

    /// Names given out at the level of its members.
    pub fn names(&self) -> Names {
        self.flat.as_ref().map(|flat| flat.names.clone()).unwrap_or_default()
    }

    /// For bytes of this container that belong to no member.
    pub fn unclaimed(&self, names: &Names, at: u64) -> Meta {
        let path = format!("{}{}", self.prefix(), names.claim(format!("~unclaimed-{at}")));
        Meta { path, depth: self.below(), ..Meta::default() }
    }

    /// Depth of its members.
    pub fn below(&self) -> u32 {
        if self.flat.is_some() { self.depth } else { self.depth + 1 }
    }
}

/// How bytes beyond memory are kept.
pub(crate) enum Keep {
    Member,
    /// They are on disk already.
    Disk(PathBuf, Identity),
}

pub(crate) struct Flow<'a> {
    pub options: &'a Options,
    pub budget: Budget,
    pub totals: Totals,
    /// Parts of files that wait for the rest, and how many of their bytes are in memory.
    pub fragments: Fragments,
    waiting: u64,
    spool: Arc<Spool>,
    visit: &'a mut dyn FnMut(Entry),
}

impl<'a> Flow<'a> {
    pub fn new(options: &'a Options, root: u64, visit: &'a mut dyn FnMut(Entry)) -> Self {
        let budget = Budget::new(options.limits, root);
        let spool = Spool::new(options.spool.clone());
        Self { options, budget, totals: Totals::default(), fragments: Fragments::new(), waiting: 0, spool, visit }
    }

    pub fn emit(&mut self, entry: Entry) {
        self.totals.count(&entry);
        (self.visit)(entry);
    }

    /// Each level is a few stack frames: whatever the user sets, the stack holds.
    fn depth(&self) -> u32 {
        self.options.limits.depth.min(DEEPEST)
    }

    pub fn weak_limit(&self) -> u64 {
        if self.options.extra_hashes { self.options.limits.extra_hashes } else { 0 }
    }

    /// Reads a stream to its end. False when nothing was emitted (see [`Meta::skip_empty`]).
    pub fn stream(&mut self, meta: Meta, reader: &mut dyn Read, keep: Keep) -> Result<bool, Error> {
        if let Some((whole, number)) = fragments::of(&meta.path).filter(|_| meta.depth < self.depth()) {
            let whole = whole.to_owned();
            return self.hold((whole, number), meta, reader, keep);
        }
        let mut head = match &keep {
            Keep::Disk(_, identity) => Vec::with_capacity(usize::try_from(identity.size + 1).unwrap_or(HEAD).min(HEAD)),
            Keep::Member => Vec::new(),
        };
        // Readers end instead of failing; what went wrong is in the notes.
        let _ = (&mut *reader).take(HEAD as u64).read_to_end(&mut head);
        if head.is_empty() && meta.skip_empty && !meta.notes.is_empty() {
            return Ok(false);
        }
        let kind = self.container(&meta, &head);
        if let Some(kind) = kind.filter(|kind| kind.streams()) {
            self.open_stream(kind, meta, &mut head.as_slice().chain(reader))?;
            return Ok(true);
        }
        if kind.is_none() && !head.is_empty() && !meta.notes.has(ProblemKind::Bound) && kind::named_archive(&meta.path) {
            let text = "named like an archive, but the content is none; taken as it is";
            meta.notes.add(ProblemKind::Malformed, Some(0), text);
        }
        let (body, hashed) = self.store(head, reader, keep)?;
        self.settle(meta, body, hashed, kind)?;
        Ok(true)
    }

    /// Keeps one part of a file for [`fragments::join`], of all parts together no more in memory than of one member.
    fn hold(&mut self, (whole, number): (String, u32), meta: Meta, reader: &mut dyn Read, keep: Keep) -> Result<bool, Error> {
        let (mut body, hashed) = self.store(Vec::new(), reader, keep)?;
        if let Body::Memory(bytes) = &body {
            if self.waiting + hashed.size > self.options.limits.memory_member {
                body = Body::Spooled(Arc::new(self.spool.take(bytes, &mut std::io::empty(), &mut Hasher::new(0))?));
            } else {
                self.waiting += hashed.size;
            }
        }
        match self.fragments.entry(whole).or_default().entry(number) {
            btree_map::Entry::Vacant(slot) => {
                slot.insert(Fragment { meta, body, hashed });
            }
            // `.FRAG-1` beside `.FRAG-00001`: one of them is something else.
            btree_map::Entry::Occupied(_) => self.emit(Entry::Piece(piece(meta, body, hashed))),
        }
        Ok(true)
    }

    /// The same for bytes that are kept and hashed already.
    pub fn again(&mut self, meta: Meta, body: Body, hashed: Hashed) -> Result<(), Error> {
        let mut head = Vec::new();
        if let Ok(reader) = body.open() {
            let _ = reader.take(HEAD as u64).read_to_end(&mut head);
        }
        let kind = self.container(&meta, &head);
        match (kind.filter(|kind| kind.streams()), body.open()) {
            (Some(kind), Ok(mut reader)) => self.open_stream(kind, meta, &mut reader),
            _ => self.settle(meta, body, hashed, kind),
        }
    }

    /// What to open here, if anything: bounds of depth and budget are noted when they forbid it.
    fn container(&self, meta: &Meta, head: &[u8]) -> Option<ContainerKind> {
        let kind = kind::recognise(head)?;
        if meta.flat.is_some() && kind == ContainerKind::Tar {
            return Some(kind);
        }
        let limit = self.depth();
        if meta.depth >= limit {
            let text = format!("a {} inside {limit} other containers, not opened; raise the depth to open it", kind.as_str());
            meta.notes.add(ProblemKind::Bound, None, text);
            return None;
        }
        if let Some(why) = self.budget.exhausted() {
            meta.notes.add(ProblemKind::Bound, None, format!("a {}, not opened: {why}", kind.as_str()));
            return None;
        }
        Some(kind)
    }

    fn open_stream(&mut self, kind: ContainerKind, meta: Meta, reader: &mut dyn Read) -> Result<(), Error> {
        match kind {
            ContainerKind::Tar => tar::open(self, &meta, reader),
            _ => single::open(self, kind, &meta, reader),
        }
    }

    /// Keeps and hashes `head` and the rest of the reader.
    pub fn store(&mut self, mut head: Vec<u8>, reader: &mut dyn Read, keep: Keep) -> Result<(Body, Hashed), Error> {
        let memory = self.options.limits.memory_member;
        let room = (memory + 1).saturating_sub(head.len() as u64);
        let _ = (&mut *reader).take(room).read_to_end(&mut head);
        let mut hasher = Hasher::new(self.weak_limit());
        if head.len() as u64 <= memory {
            hasher.update(&head);
            return Ok((Body::Memory(head.into()), hasher.finish()));
        }
        match keep {
            Keep::Member => {
                let file = self.spool.take(&head, reader, &mut hasher)?;
                Ok((Body::Spooled(Arc::new(file)), hasher.finish()))
            }
            Keep::Disk(path, identity) => {
                hasher.update(&head);
                hash_rest(reader, &mut head, &mut hasher);
                let hashed = hasher.finish();
                Ok((Body::File(Arc::new(DiskFile::new(path, identity, hashed.size))), hashed))
            }
        }
    }

    /// Bytes that can be sought in: a ZIP or 7z is opened, everything else is a piece.
    fn settle(&mut self, mut meta: Meta, body: Body, hashed: Hashed, kind: Option<ContainerKind>) -> Result<(), Error> {
        // Only a tar joins the level of the stream around it.
        meta.flat = None;
        let tried = match kind {
            Some(ContainerKind::SevenZip) => seven::open(self, &meta, &body, hashed)?,
            Some(_) => zip::open(self, &meta, &body, hashed)?,
            None if self.may_hide_zip(&meta, &body) => zip::open(self, &meta, &body, hashed)?,
            None => false,
        };
        if !tried {
            self.emit(Entry::Piece(piece(meta, body, hashed)));
        }
        Ok(())
    }

    /// A ZIP with something in front (a program, a script) is found by its end.
    fn may_hide_zip(&self, meta: &Meta, body: &Body) -> bool {
        meta.depth < self.depth() && self.budget.exhausted().is_none() && zip::ends(body)
    }

    pub fn refuse(&mut self, path: String, raw_name: Option<Vec<u8>>, bytes: u64, problem: Problem) {
        let problem = if problem.bytes.is_some() { problem } else { problem.bytes(bytes) };
        self.emit(Entry::Refused(Refused { path, bytes, problem, raw_name }));
    }
}

fn hash_rest(reader: &mut dyn Read, buffer: &mut Vec<u8>, hasher: &mut Hasher) {
    buffer.resize(1 << 20, 0);
    while let Ok(n) = reader.read(buffer) {
        match buffer.get(..n) {
            Some(chunk) if n > 0 => hasher.update(chunk),
            _ => break,
        }
    }
}

fn piece(meta: Meta, body: Body, hashed: Hashed) -> Found {
    Found {
        path: meta.path,
        sha256: hashed.sha256,
        md5: hashed.md5,
        sha1: hashed.sha1,
        size: hashed.size,
        modified: meta.modified,
        modified_local: meta.modified_local,
        zip_zone_offset: meta.zone_offset,
        body,
        problems: meta.notes.take(),
        raw_name: meta.raw_name,
    }
}

/// The entry of a container that was read; bytes that no term holds are unread.
pub(crate) fn container(meta: &Meta, hashed: Hashed, kind: ContainerKind, members: u64, mut accounts: Accounts) -> Container {
    accounts.unread += hashed.size.saturating_sub(accounts.sum());
    Container {
        path: meta.path.clone(),
        sha256: hashed.sha256,
        md5: hashed.md5,
        sha1: hashed.sha1,
        size: hashed.size,
        kind,
        members,
        accounts,
        modified: meta.modified,
        raw_name: meta.raw_name.clone(),
        zip_zone: Vec::new(),
        problems: meta.notes.take(),
    }
}
