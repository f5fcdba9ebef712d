//! Tar archives, read from front to back: whatever stands between headers is kept, a wrong header ends nothing.

pub(crate) mod header;
mod pax;
mod sparse;
mod stream;

use std::io::Read;

use konseki_model::{At, Problem, ProblemKind};

use crate::bounds::{Basis, Metered};
use crate::entry::{Accounts, ContainerKind, Entry, Link};
use crate::flow::{self, Flow, Keep, Meta};
use crate::hash::Hashing;
use crate::name::{self, Names, Style};
use crate::options::Error;
use header::Header;
use pax::Extended;
use sparse::{Holes, Sparse};
use stream::{Junk, Next, Payload, TarStream};

/// Longest name or extended header that is read (a tar made to exhaust memory claims gigabytes).
const LONGEST: u64 = 1 << 20;

struct Tar<'a> {
    meta: &'a Meta,
    names: Names,
    members: u64,
    accounts: Accounts,
    gaps: u64,
    /// From extended headers, for the next member; and for all of them.
    next: Extended,
    global: Extended,
}

pub(crate) fn open(flow: &mut Flow, meta: &Meta, reader: &mut dyn Read) -> Result<(), Error> {
    // Nobody lists the weak hashes of a tar that only exists inside a compressed stream.
    let weak = if meta.flat.is_some() { 0 } else { flow.weak_limit() };
    let mut raw = Hashing::new(reader, weak);
    let mut stream = TarStream::new(&mut raw);
    let mut tar = Tar {
        meta,
        names: meta.names(),
        members: 0,
        accounts: Accounts::default(),
        gaps: 0,
        next: Extended::default(),
        global: Extended::default(),
    };
    let bound = tar.members(flow, &mut stream)?;
    tar.accounts.structure += stream.structure();
    let rest = raw.drain();
    let hashed = raw.finish();
    if let Some(why) = bound.filter(|_| rest > 0) {
        let at = Some(At::Offset(hashed.size - rest));
        let text = format!("the rest of the archive was not read: {why}");
        meta.notes.push(Problem::new(ProblemKind::Bound, at, text).bytes(rest));
    }
    let entry = flow::container(meta, hashed, ContainerKind::Tar, tar.members, tar.accounts);
    flow.emit(Entry::Container(entry));
    Ok(())
}

impl Tar<'_> {
    /// Reads all members; the bound that ended it, if one did.
    fn members(&mut self, flow: &mut Flow, stream: &mut TarStream) -> Result<Option<String>, Error> {
        let mut ended = false;
        loop {
            if let Some(why) = flow.budget.exhausted() {
                return Ok(Some(why));
            }
            let at = stream.offset();
            match stream.advance() {
                Next::End => {
                    if !ended && !self.meta.notes.has(ProblemKind::Truncated) {
                        let text = "the archive has no end mark; it may have been cut off here";
                        self.meta.notes.add(ProblemKind::Truncated, Some(at), text);
                    }
                    return Ok(None);
                }
                Next::Zeros => ended = true,
                Next::Partial(bytes) => {
                    let text = "the archive ends inside a header";
                    let problem = Problem::new(ProblemKind::Truncated, Some(At::Offset(at)), text);
                    self.meta.notes.push(problem.bytes(bytes));
                    self.accounts.unread += bytes;
                }
                Next::Junk => self.junk(flow, stream)?,
                Next::Header(header) => {
                    ended = false;
                    self.entry(flow, stream, *header, at)?;
                }
            }
        }
    }

    fn entry(&mut self, flow: &mut Flow, stream: &mut TarStream, header: Header, at: u64) -> Result<(), Error> {
        let notes = &self.meta.notes;
        if !header.sound {
            notes.add(ProblemKind::Checksum, Some(at), "the checksum of a header does not agree; its member is kept");
        }
        let Some(size) = header.size else {
            notes.add(ProblemKind::Malformed, Some(at), "a header claims a size that is no size; taken as 0");
            return self.member(flow, stream, Header { size: Some(0), ..header }, at);
        };
        match header.kind {
            b'L' => self.next.path = self.long(stream, size, at),
            b'K' => self.next.link = self.long(stream, size, at),
            b'x' | b'X' | b'g' => {
                let bytes = self.text(stream, size, at).unwrap_or_default();
                let target = if header.kind == b'g' { &mut self.global } else { &mut self.next };
                if !target.read(&bytes) {
                    notes.add(ProblemKind::Malformed, Some(at), "an extended header follows no form; what could be read of it is used");
                }
            }
            _ => return self.member(flow, stream, header, at),
        }
        Ok(())
    }

    /// A GNU long name: ends at the first zero byte.
    fn long(&self, stream: &mut TarStream, size: u64, at: u64) -> Option<Vec<u8>> {
        let mut bytes = self.text(stream, size, at)?;
        bytes.truncate(memchr::memchr(0, &bytes).unwrap_or(bytes.len()));
        Some(bytes)
    }

    fn text(&self, stream: &mut TarStream, size: u64, at: u64) -> Option<Vec<u8>> {
        let notes = &self.meta.notes;
        let mut bytes = Vec::new();
        let mut payload = Payload::new(stream, size, notes.clone());
        let _ = (&mut payload).take(LONGEST).read_to_end(&mut bytes);
        let skipped = payload.skip();
        stream.padding(size);
        stream.add_structure(bytes.len() as u64 + skipped);
        if skipped > 0 {
            let text = format!("a name or extended header of more than {LONGEST} bytes is not used");
            notes.push(Problem::new(ProblemKind::Bound, Some(At::Offset(at)), text));
            return None;
        }
        Some(bytes)
    }

    fn member(&mut self, flow: &mut Flow, stream: &mut TarStream, header: Header, at: u64) -> Result<(), Error> {
        let next = std::mem::take(&mut self.next);
        if !flow.budget.member() {
            return Ok(());
        }
        let raw = next.sparse_name.clone().or(next.path.clone()).or(self.global.path.clone()).unwrap_or(header.name);
        let mut kind = header.kind;
        if raw.ends_with(b"/") && matches!(kind, 0 | b'0') && header.size == Some(0) {
            kind = b'5';
        }
        if kind == b'5' {
            flow.totals.folders += 1;
            return Ok(());
        }
        let clean = name::clean(&raw, Style::Tar);
        let path = format!("{}{}", self.meta.prefix(), self.names.claim(clean.display.clone()));
        let raw_name = (clean.differs || !path.as_bytes().ends_with(&raw)).then_some(raw);
        self.members += 1;
        let mut meta = Meta { path, raw_name, depth: self.meta.below(), ..Meta::default() };
        meta.modified = next.mtime.or(header.mtime.and_then(|s| s.checked_mul(1_000_000)));
        if let Some(why) = clean.problem {
            meta.notes.add(ProblemKind::UnsafeName, Some(at), why);
        }
        match kind {
            b'1' | b'2' => {
                let raw_target = next.link.or(self.global.link.clone()).unwrap_or(header.link);
                let target = name::shown(&raw_target);
                let Meta { path, raw_name, .. } = meta;
                flow.emit(Entry::Link(Link { path, target, raw_target, hard: kind == b'1', raw_name }));
                Ok(())
            }
            b'3' | b'4' | b'6' => {
                let text = "a device or FIFO inside an archive is not made and not opened";
                let problem = Problem::new(ProblemKind::Unsupported, Some(At::Offset(at)), text);
                flow.refuse(meta.path, meta.raw_name, 0, problem);
                Ok(())
            }
            _ => {
                let size = effective_size(&next, header.size, &meta, at);
                let old = header.sparse.map(|old| stream.old_sparse(old));
                let sparse = old.or(next.sparse());
                self.data(flow, stream, meta, size, sparse, next.map_in_data())
            }
        }
    }

    fn data(
        &mut self,
        flow: &mut Flow,
        stream: &mut TarStream,
        meta: Meta,
        size: u64,
        sparse: Option<Sparse>,
        map_in_data: bool,
    ) -> Result<(), Error> {
        let before = stream.offset();
        let mut payload = Payload::new(stream, size, meta.notes.clone());
        match sparse {
            None => flow.stream(meta, &mut payload, Keep::Member)?,
            Some(mut sparse) => {
                let map = if map_in_data { sparse.read_map(&mut payload, LONGEST) } else { Some(0) };
                let stored = size.saturating_sub(map.unwrap_or(0));
                if map.is_some() && sparse.sound() && affordable(flow, sparse.real, stored) {
                    let (budget, notes) = (flow.budget.clone(), meta.notes.clone());
                    let holes = Holes::new(&mut payload, sparse);
                    let mut metered = Metered::new(holes, budget, Basis::Fixed(stored), notes);
                    flow.stream(meta, &mut metered, Keep::Member)?
                } else {
                    let text = format!("a file with holes, {} bytes by its header; kept without the holes", sparse.real);
                    meta.notes.add(ProblemKind::Bound, None, text);
                    flow.stream(meta, &mut payload, Keep::Member)?
                }
            }
        };
        // Data that the consumer did not take (a bound, or a map that covers less than is stored).
        let skipped = payload.skip();
        self.accounts.unread += skipped;
        self.accounts.members += stream.offset() - before - skipped;
        stream.padding(size);
        Ok(())
    }

    /// Blocks that are no header: kept as a piece, reading goes on at the next header.
    fn junk(&mut self, flow: &mut Flow, stream: &mut TarStream) -> Result<(), Error> {
        let at = stream.offset();
        self.gaps += 1;
        let mut junk = Junk::new(stream);
        if self.gaps <= flow.options.limits.unclaimed {
            let text = "bytes between headers that are no header; kept as pieces of their own";
            self.meta.notes.add(ProblemKind::Malformed, Some(at), text);
            flow.stream(self.meta.unclaimed(&self.names, at), &mut junk, Keep::Member)?;
            self.members += 1;
            self.accounts.unclaimed += junk.finish();
        } else {
            let bytes = junk.finish();
            let text = "further bytes between headers that are no header, not kept";
            self.meta.notes.push(Problem::new(ProblemKind::Bound, Some(At::Offset(at)), text).bytes(bytes));
            self.accounts.unread += bytes;
        }
        Ok(())
    }
}

/// The extended header's size counts before the plain one.
fn effective_size(next: &Extended, plain: Option<u64>, meta: &Meta, at: u64) -> u64 {
    match next.size {
        Some(Some(size)) => return size,
        Some(None) => {
            let text = "the extended header claims a size that is no size";
            meta.notes.add(ProblemKind::Malformed, Some(at), text);
        }
        None => {}
    }
    plain.unwrap_or(0)
}

/// Holes cost nothing in the archive and everything on disk: the ratio bound applies.
fn affordable(flow: &Flow, real: u64, stored: u64) -> bool {
    let limits = flow.budget.limits();
    real <= limits.ratio_free || real <= stored.max(1).saturating_mul(limits.ratio)
}
