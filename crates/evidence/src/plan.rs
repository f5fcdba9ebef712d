//! Lists what stands on disk: every file under the inputs, in a fixed order, before anything is opened.

use std::collections::BTreeMap;
use std::fs::{self, FileType};
use std::io;
use std::path::{Path, PathBuf};

use konseki_model::{Problem, ProblemKind};

use crate::fragments;
use crate::name::{self, Names, Style};
use crate::options::{Error, Options};

/// One thing on disk.
#[derive(Clone, Debug)]
pub struct Root {
    /// Display path, beginning with the input's name.
    pub path: String,
    /// Where it really is; used to open it and for nothing else.
    pub real: PathBuf,
    pub raw_name: Option<Vec<u8>>,
    /// The name is not one to be trusted.
    pub name_problem: Option<Problem>,
    pub kind: RootKind,
    /// The other fragments, where it is the first of a file that was cut.
    pub more: Vec<Root>,
}

impl Root {
    /// Bytes as listed, of all fragments.
    pub fn size(&self) -> u64 {
        let own = if let RootKind::File { size, .. } = self.kind { size } else { 0 };
        own + self.more.iter().map(Self::size).sum::<u64>()
    }
}

#[derive(Clone, Debug)]
pub enum RootKind {
    /// A regular file: size and last change (microseconds UTC) when listed.
    File { size: u64, modified: Option<i64> },
    /// A symbolic link; its target as written.
    Link { target: Vec<u8> },
    /// Not read: device, socket, FIFO, or a folder that cannot be listed.
    Refused(Problem),
}

#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Sorted by display path.
    pub roots: Vec<Root>,
    pub folders: u64,
}

/// Lists the inputs. The order in which they are given does not matter; an input inside another one is listed once.
/// An input that is itself a symbolic link is resolved, since the user named it; links inside folders never are.
///
/// # Errors
/// An input that does not exist, or a case folder inside evidence or the other way round.
pub fn plan(inputs: &[PathBuf], options: &Options) -> Result<Plan, Error> {
    let mut real = BTreeMap::new();
    for input in inputs {
        let path = fs::canonicalize(input).map_err(|source| Error::NoInput { path: input.clone(), source })?;
        apart(&path, options)?;
        let name = input.file_name().or_else(|| path.file_name()).map(raw_bytes).unwrap_or_default();
        // Of two names for one place the smaller, so that the order of arguments does not show.
        real.entry(path).and_modify(|known: &mut Vec<u8>| *known = name.clone().min(known.clone())).or_insert(name);
    }
    let mut plan = Plan::default();
    let names = Names::default();
    let mut last: Option<&PathBuf> = None;
    for (path, raw) in &real {
        if last.is_some_and(|outer| path.starts_with(outer)) {
            continue;
        }
        last = Some(path);
        let clean = name::clean(raw, Style::Disk);
        let display = names.claim(clean.display);
        list(path, display, raw, &mut plan)?;
    }
    plan.roots.sort_by(|a, b| a.path.as_bytes().cmp(b.path.as_bytes()).then(a.real.cmp(&b.real)));
    gather(&mut plan.roots);
    Ok(plan)
}

/// Fragments of one file join the first of them: they are read together.
fn gather(roots: &mut Vec<Root>) {
    let mut first: BTreeMap<String, usize> = BTreeMap::new();
    let mut out: Vec<Root> = Vec::with_capacity(roots.len());
    for root in roots.drain(..) {
        let whole = fragments::of(&root.path).filter(|_| matches!(root.kind, RootKind::File { .. })).map(|(whole, _)| whole.to_owned());
        match whole.as_ref().and_then(|whole| first.get(whole)).and_then(|at| out.get_mut(*at)) {
            Some(head) => head.more.push(root),
            None => {
                first.extend(whole.map(|whole| (whole, out.len())));
                out.push(root);
            }
        }
    }
    *roots = out;
}

/// Case and evidence never contain each other: results would become evidence.
fn apart(input: &Path, options: &Options) -> Result<(), Error> {
    for folder in options.case.iter().chain([&options.spool]) {
        let Some(case) = nearest(folder) else { continue };
        let input = input.to_path_buf();
        if case.starts_with(&input) {
            return Err(Error::CaseInsideEvidence { case, input });
        }
        if folder.exists() && input.starts_with(&case) {
            return Err(Error::EvidenceInsideCase { case, input });
        }
    }
    Ok(())
}

/// The folder without links, even where its last parts do not exist yet.
fn nearest(folder: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(folder).ok()?;
    for ancestor in absolute.ancestors() {
        if let Ok(real) = fs::canonicalize(ancestor) {
            let rest = absolute.strip_prefix(ancestor).ok()?;
            return Some(real.join(rest));
        }
    }
    None
}

fn list(path: &Path, display: String, raw: &[u8], plan: &mut Plan) -> Result<(), Error> {
    let meta = fs::symlink_metadata(path).map_err(|source| Error::NoInput { path: path.to_path_buf(), source })?;
    let mut folders = Vec::new();
    add(path.to_path_buf(), display, raw, &meta, plan, &mut folders);
    while let Some((folder, display)) = folders.pop() {
        if let Err(error) = list_folder(&folder, &display, plan, &mut folders) {
            plan.roots.push(refused(folder, display, None, &error));
        }
    }
    Ok(())
}

fn list_folder(folder: &Path, display: &str, plan: &mut Plan, folders: &mut Vec<(PathBuf, String)>) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    plan.folders += 1;
    entries.sort_by_key(fs::DirEntry::file_name);
    let names = Names::default();
    for entry in entries {
        let raw = raw_bytes(&entry.file_name());
        let display = format!("{display}/{}", names.claim(name::clean(&raw, Style::Disk).display));
        match fs::symlink_metadata(entry.path()) {
            Ok(meta) => add(entry.path(), display, &raw, &meta, plan, folders),
            Err(error) => plan.roots.push(refused(entry.path(), display, Some(raw), &error)),
        }
    }
    Ok(())
}

fn refused(real: PathBuf, path: String, raw_name: Option<Vec<u8>>, error: &io::Error) -> Root {
    let text = format!("cannot be read ({}); run with the rights to read it", error.kind());
    let kind = RootKind::Refused(Problem::new(ProblemKind::Unreadable, None, text));
    Root { path, real, raw_name, name_problem: None, kind, more: Vec::new() }
}

fn add(real: PathBuf, path: String, raw: &[u8], meta: &fs::Metadata, plan: &mut Plan, folders: &mut Vec<(PathBuf, String)>) {
    let kind = if meta.is_dir() {
        folders.push((real, path));
        return;
    } else if meta.is_file() {
        RootKind::File { size: meta.len(), modified: crate::open::modified(meta) }
    } else if meta.is_symlink() {
        let target = fs::read_link(&real).map(|t| raw_bytes(t.as_os_str())).unwrap_or_default();
        RootKind::Link { target }
    } else {
        let text = format!("{} is not opened", special(meta.file_type()));
        RootKind::Refused(Problem::new(ProblemKind::Unsupported, None, text))
    };
    let clean = name::clean(raw, Style::Disk);
    let name_problem = clean.problem.map(|why| Problem::new(ProblemKind::UnsafeName, None, why));
    let raw_name = (!path.as_bytes().ends_with(raw)).then(|| raw.to_vec());
    plan.roots.push(Root { path, real, raw_name, name_problem, kind, more: Vec::new() });
}

#[cfg(unix)]
fn special(kind: FileType) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    if kind.is_fifo() {
        "a FIFO"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

#[cfg(not(unix))]
fn special(_kind: FileType) -> &'static str {
    "a special file"
}

#[cfg(unix)]
fn raw_bytes(name: &std::ffi::OsStr) -> Vec<u8> {
    use std::os::unix::ffi::OsStrExt;
    name.as_bytes().to_vec()
}

#[cfg(not(unix))]
fn raw_bytes(name: &std::ffi::OsStr) -> Vec<u8> {
    name.to_string_lossy().into_owned().into_bytes()
}
