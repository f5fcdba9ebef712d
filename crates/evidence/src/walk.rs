//! From the inputs to entries: every file on disk in order, each opened once.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use konseki_model::{At, Problem, ProblemKind};

use crate::entry::{Entry, Found, Link, Totals};
use crate::flow::{Flow, Keep, Meta};
use crate::fragments;
use crate::hash::Hasher;
use crate::name;
use crate::notes::{Notes, unreadable};
use crate::open::{self, Identity};
use crate::options::{Error, Options};
use crate::plan::{Root, RootKind, plan};

/// Takes in all inputs. The set of entries does not depend on the order of the inputs.
///
/// # Errors
/// See [`Error`]; nothing that evidence holds is an error.
pub fn walk(inputs: &[PathBuf], options: &Options, visit: &mut dyn FnMut(Entry)) -> Result<Totals, Error> {
    let plan = plan(inputs, options)?;
    let mut totals = Totals { folders: plan.folders, ..Totals::default() };
    for root in &plan.roots {
        totals.add(&read(root, options, visit)?);
    }
    Ok(totals)
}

/// Takes one file on disk apart. Independent of every other root: several may be read at once.
///
/// # Errors
/// Only when a large member cannot be spooled.
pub fn read(root: &Root, options: &Options, visit: &mut dyn FnMut(Entry)) -> Result<Totals, Error> {
    let mut flow = Flow::new(options, root.size(), visit);
    for root in std::iter::once(root).chain(&root.more) {
        file(root, &mut flow)?;
        flow.totals.files += 1;
    }
    fragments::join(&mut flow)?;
    Ok(Totals { expanded: flow.budget.expanded(), ..flow.totals })
}

fn file(root: &Root, flow: &mut Flow) -> Result<(), Error> {
    let (path, raw_name) = (root.path.clone(), root.raw_name.clone());
    let size = match &root.kind {
        RootKind::File { size, .. } => *size,
        RootKind::Link { target } => {
            let shown = name::shown(target);
            let link = Link { path, target: shown, raw_target: target.clone(), hard: false, raw_name };
            flow.emit(Entry::Link(link));
            return Ok(());
        }
        RootKind::Refused(problem) => {
            flow.refuse(path, raw_name, 0, problem.clone());
            return Ok(());
        }
    };
    let (file, identity) = match open::open(&root.real) {
        Ok(opened) => opened,
        Err(error) => {
            let problem = Problem::new(ProblemKind::Unreadable, None, refusal(&error));
            flow.refuse(path, raw_name, size, problem);
            flow.totals.bytes += size;
            return Ok(());
        }
    };
    let meta = Meta { path, raw_name, modified: identity.modified, ..Meta::default() };
    root.name_problem.iter().for_each(|problem| meta.notes.push(problem.clone()));
    let mut reader = DiskReader { file, identity, read: 0, notes: meta.notes.clone(), over: false };
    flow.stream(meta, &mut reader, Keep::Disk(root.real.clone(), identity))?;
    flow.totals.bytes += identity.size;
    Ok(())
}

/// Hands out again the pieces with these paths, reading only the files on disk that hold them.
///
/// # Errors
/// As [`walk`].
pub fn recall(inputs: &[PathBuf], options: &Options, paths: &BTreeSet<String>, visit: &mut dyn FnMut(Found)) -> Result<(), Error> {
    let plan = plan(inputs, options)?;
    for root in &plan.roots {
        // A run of fragments after a missing one stands under its own first.
        let asked = std::iter::once(root).chain(&root.more).any(|root| {
            let inside = format!("{}!/", root.path);
            paths.contains(&root.path) || paths.range(inside.clone()..).next().is_some_and(|path| path.starts_with(&inside))
        });
        if asked {
            read(root, options, &mut |entry| match entry {
                Entry::Piece(found) if paths.contains(&found.path) => visit(found),
                _ => {}
            })?;
        }
    }
    Ok(())
}

/// SHA-256 and size of a file on disk, evidence or result, opened read-only and without following a link.
///
/// # Errors
/// What the operating system says.
pub fn digest(path: &Path) -> io::Result<([u8; 32], u64)> {
    let (mut file, _) = open::open(path)?;
    let mut hasher = Hasher::new(0);
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => hasher.update(buffer.get(..n).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let hashed = hasher.finish();
    Ok((hashed.sha256, hashed.size))
}

fn refusal(error: &io::Error) -> String {
    let hint = match error.kind() {
        io::ErrorKind::PermissionDenied => "run with the rights to read it",
        io::ErrorKind::NotFound => "it was there when the folder was listed",
        _ => "collect it again",
    };
    format!("cannot be opened ({}); {hint}", error.kind())
}

/// Reads a file of evidence up to the size it had when opened; failures and changes become notes.
struct DiskReader {
    file: File,
    identity: Identity,
    read: u64,
    notes: Notes,
    over: bool,
}

impl DiskReader {
    fn finish(&mut self) {
        self.over = true;
        let left = self.identity.size.saturating_sub(self.read);
        let now = self.file.metadata().ok().map(|meta| Identity::of(&meta));
        if now != Some(self.identity) {
            let mut problem = open::changed("while it was read");
            if left > 0 {
                problem = problem.bytes(left);
                problem.at = Some(At::Offset(self.read));
            }
            self.notes.push(problem);
        }
    }
}

impl Read for DiskReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while !self.over && !buf.is_empty() {
            let left = usize::try_from(self.identity.size - self.read).unwrap_or(usize::MAX);
            let cut = buf.len().min(left);
            match self.file.read(buf.get_mut(..cut).unwrap_or_default()) {
                Ok(0) => self.finish(),
                Ok(n) => {
                    self.read += n as u64;
                    return Ok(n);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let left = self.identity.size - self.read;
                    self.notes.push(unreadable(&error, self.read).bytes(left));
                    self.over = true;
                }
            }
        }
        Ok(0)
    }
}
