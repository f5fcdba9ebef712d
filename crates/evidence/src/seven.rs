//! 7z archives, by the `sevenz-rust2` crate: block by block, so that damage costs one block.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

use konseki_model::{Problem, ProblemKind};
use sevenz_rust2::{Archive, ArchiveEntry, BlockDecoder, Error as SevenError, Password};

use crate::bounds::{Basis, Metered};
use crate::entry::{Accounts, Body, ContainerKind, Entry, Link};
use crate::flow::{self, Flow, Keep, Meta};
use crate::hash::Hashed;
use crate::name::{self, Names, Style};
use crate::notes::{Notes, Tolerant, undecodable};
use crate::options::Error;

/// Decoded bytes that decide whether a password is right.
const PROBE: u64 = 1 << 20;

struct Seven<'a> {
    meta: &'a Meta,
    names: Names,
    members: u64,
    unread: bool,
}

/// Opens it; false when it cannot be opened at all (nothing was emitted then, the problem is noted).
pub(crate) fn open(flow: &mut Flow, meta: &Meta, body: &Body, hashed: Hashed) -> Result<bool, Error> {
    let memory = usize::try_from(flow.options.limits.decoder_memory >> 10).unwrap_or(usize::MAX);
    let (archive, password) = match unlock(flow, body, memory) {
        Ok(opened) => opened,
        Err(problem) => {
            meta.notes.push(problem);
            return Ok(false);
        }
    };
    let mut seven = Seven { meta, names: Names::default(), members: 0, unread: false };
    for block in 0..archive.blocks.len() {
        seven.block(flow, &archive, block, &password, body, memory)?;
    }
    seven.empty(flow, &archive)?;
    let accounts = if seven.unread {
        // A block is one stream: what part of it was read cannot be told in stored bytes.
        Accounts { unread: hashed.size, ..Accounts::default() }
    } else {
        Accounts { members: hashed.size, ..Accounts::default() }
    };
    let entry = flow::container(meta, hashed, ContainerKind::SevenZip, seven.members, accounts);
    flow.emit(Entry::Container(entry));
    Ok(true)
}

/// The archive's directory and the password that opens it.
fn unlock(flow: &Flow, body: &Body, memory: usize) -> Result<(Archive, Password), Problem> {
    let given = flow.options.passwords.iter().map(|p| Password::from(p.as_str()));
    let mut problem = None;
    for password in std::iter::once(Password::empty()).chain(given) {
        match guarded(|| try_password(body, &password, memory)) {
            Ok(archive) => return Ok((archive, password)),
            Err(error) => {
                let new = explain(&error);
                // A wrong password looks like damage: the first word counts.
                problem.get_or_insert(new);
            }
        }
    }
    Err(problem.unwrap_or_else(|| Problem::new(ProblemKind::Malformed, None, "no 7z archive")))
}

fn try_password(body: &Body, password: &Password, memory: usize) -> Result<Archive, SevenError> {
    let mut reader = body.open()?;
    let archive = Archive::read_with_memory_limit(&mut reader, password, memory)?;
    let block = (0..archive.files.len()).find(|&i| archive.is_file_encrypted(i));
    let Some(block) = block.and_then(|i| *archive.stream_map.file_block_index.get(i)?) else {
        return Ok(archive);
    };
    if password.is_empty() {
        return Err(SevenError::PasswordRequired);
    }
    let decoder = BlockDecoder::new_with_memory_limit(1, memory, block, &archive, password, &mut reader);
    decoder.for_each_entries(&mut |entry, data| {
        std::io::copy(&mut std::io::Read::take(&mut *data, PROBE), &mut std::io::sink())?;
        Ok(entry.size() == 0)
    })?;
    Ok(archive)
}

/// The decoder reads hostile bytes: a panic there is one bad archive.
fn guarded<T>(job: impl FnOnce() -> Result<T, SevenError>) -> Result<T, SevenError> {
    catch_unwind(AssertUnwindSafe(job)).unwrap_or_else(|_| Err(SevenError::Other("the decoder gave up".into())))
}

fn explain(error: &SevenError) -> Problem {
    let (kind, text) = match error {
        SevenError::PasswordRequired | SevenError::MaybeBadPassword(_) => {
            (ProblemKind::Encrypted, "encrypted 7z; give its password".to_owned())
        }
        SevenError::MaxMemLimited { .. } => (ProblemKind::Bound, "the 7z decoder asks for more memory than allowed".to_owned()),
        SevenError::UnsupportedCompressionMethod(_)
        | SevenError::Unsupported(_)
        | SevenError::ExternalUnsupported
        | SevenError::UnsupportedVersion { .. } => (ProblemKind::Unsupported, "7z method not supported".to_owned()),
        SevenError::ChecksumVerificationFailed | SevenError::NextHeaderCrcMismatch => {
            (ProblemKind::Checksum, "a checksum of the 7z archive does not agree".to_owned())
        }
        SevenError::Io(error, _) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            (ProblemKind::Truncated, "the 7z archive ends early".to_owned())
        }
        other => (ProblemKind::Malformed, format!("7z archive damaged ({})", name::one_line(&other.to_string()))),
    };
    Problem::new(kind, None, text)
}

impl Seven<'_> {
    fn block(
        &mut self,
        flow: &mut Flow,
        archive: &Archive,
        block: usize,
        password: &Password,
        body: &Body,
        memory: usize,
    ) -> Result<(), Error> {
        let Ok(mut reader) = body.open() else { return Ok(()) };
        let stored = body.size();
        let state = RefCell::new((self, flow, None::<Error>, 0usize));
        let decoder = BlockDecoder::new_with_memory_limit(1, memory, block, archive, password, &mut reader);
        let entries = decoder.entry_count();
        let done = guarded(|| {
            decoder.for_each_entries(&mut |entry, data| {
                let mut state = state.borrow_mut();
                let (seven, flow, fatal, seen) = &mut *state;
                *seen += 1;
                match seven.member(flow, entry, data, stored) {
                    Ok(goes_on) => Ok(goes_on),
                    Err(error) => {
                        *fatal = Some(error);
                        Ok(false)
                    }
                }
            })
        });
        let (seven, flow, fatal, seen) = state.into_inner();
        if let Some(error) = fatal {
            return Err(error);
        }
        if let Err(error) = done {
            seven.unread = true;
            seven.meta.notes.push(explain(&error));
        }
        let files = archive.stream_map.block_first_file_index.get(block).copied().unwrap_or(0);
        for entry in archive.files.iter().skip(files + seen).take(entries.saturating_sub(seen)) {
            if !entry.is_directory() {
                seven.refuse(flow, entry, "not read: what stands before it in the same block could not be read");
            }
        }
        Ok(())
    }

    /// One member; false when the rest of the block cannot be read.
    fn member(&mut self, flow: &mut Flow, entry: &ArchiveEntry, data: &mut dyn std::io::Read, stored: u64) -> Result<bool, Error> {
        if entry.is_directory() || entry.is_anti_item() {
            flow.totals.folders += u64::from(entry.is_directory());
            return Ok(true);
        }
        if !flow.budget.member() || flow.budget.exhausted().is_some() {
            self.refuse(flow, entry, "not read: a bound of this input was met");
            return Ok(false);
        }
        let notes = Notes::default();
        let (path, raw_name) = self.path(entry, Some(&notes));
        self.members += 1;
        // p7zip keeps the Unix mode in the upper half when bit 15 is set.
        let attributes = entry.windows_attributes();
        let link = attributes & 0x8000 != 0 && (attributes >> 16) & 0o170_000 == 0o120_000;
        if link {
            let mut raw_target = Vec::new();
            let _ = std::io::Read::read_to_end(&mut std::io::Read::take(data, 4096), &mut raw_target);
            let target = name::shown(&raw_target);
            flow.emit(Entry::Link(Link { path, target, raw_target, hard: false, raw_name }));
            return Ok(true);
        }
        let modified = entry.has_last_modified_date.then(|| filetime(u64::from(entry.last_modified_date()))).flatten();
        let meta = Meta { path, raw_name, modified, depth: self.meta.below(), notes: notes.clone(), ..Meta::default() };
        let tolerant = Tolerant::new(data, notes.clone(), undecodable);
        let mut metered = Metered::new(tolerant, flow.budget.clone(), Basis::Fixed(stored), notes);
        flow.stream(meta, &mut metered, Keep::Member)?;
        self.unread |= metered.stopped();
        Ok(!metered.stopped())
    }

    fn path(&mut self, entry: &ArchiveEntry, notes: Option<&Notes>) -> (String, Option<Vec<u8>>) {
        let raw = entry.name().as_bytes();
        let clean = name::clean(raw, Style::Seven);
        if let (Some(why), Some(notes)) = (clean.problem, notes) {
            notes.add(ProblemKind::UnsafeName, None, why);
        }
        let path = format!("{}!/{}", self.meta.path, self.names.claim(clean.display));
        let raw_name = (!path.as_bytes().ends_with(raw)).then(|| raw.to_vec());
        (path, raw_name)
    }

    fn refuse(&mut self, flow: &mut Flow, entry: &ArchiveEntry, text: &str) {
        let (path, raw_name) = self.path(entry, None);
        self.members += 1;
        self.unread = true;
        flow.refuse(path, raw_name, 0, Problem::new(ProblemKind::Bound, None, text).bytes(entry.size()));
    }

    /// Files without data belong to no block.
    fn empty(&mut self, flow: &mut Flow, archive: &Archive) -> Result<(), Error> {
        for (index, entry) in archive.files.iter().enumerate() {
            if matches!(archive.stream_map.file_block_index.get(index), Some(None)) {
                self.member(flow, entry, &mut std::io::empty(), 0)?;
            }
        }
        Ok(())
    }
}

/// FILETIME in microseconds since 1970.
fn filetime(ticks: u64) -> Option<i64> {
    i64::try_from(ticks).ok().map(|ticks| ticks / 10 - 11_644_473_600_000_000)
}
