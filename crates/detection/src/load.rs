//! Rules from disk: folders, single files, and archives read in memory, entry by entry, within bounds.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Cursor, Read, Seek};
use std::path::Path;
use std::thread::Builder;

use crate::ruleset::{Loader, MAX_FILE, Parsed, RuleSet};
use crate::sigma::value::Placeholders;

/// Entries of one archive, or files below one folder.
const MAX_FILES: usize = 200_000;
/// Bytes of rules altogether, unpacked.
const MAX_TOTAL: u64 = 1 << 30;
/// Bytes of files gathered before they are read together.
const BATCH: usize = 16 << 20;
/// Folders within each other.
const MAX_DEPTH: usize = 32;

/// Loads rules from files, folders and `.zip` archives. What cannot be read is named in `RuleSet::unusable`.
/// Only rules are read from disk here; evidence never is.
pub fn load_paths<P: AsRef<Path>>(paths: &[P], placeholders: &BTreeMap<String, Vec<String>>) -> RuleSet {
    let mut walk = Walk::new(placeholders, 1);
    for path in paths {
        walk.path(path.as_ref(), 0, true);
    }
    walk.finish()
}

/// Loads one file, folder or archive.
pub fn load_path(path: &Path) -> RuleSet {
    load_paths(&[path], &BTreeMap::new())
}

/// Loads an archive that is in memory already; its entries are named `name!/entry`.
pub fn load_zip(name: &str, bytes: &[u8]) -> RuleSet {
    let placeholders = BTreeMap::new();
    let mut walk = Walk::new(&placeholders, 1);
    walk.zip(name, Cursor::new(bytes));
    walk.finish()
}

/// Loads files that are in memory already, given as (name, bytes); `.zip` archives among them are opened.
/// `threads`: how many read rules; the set is the same for any number.
pub fn load_files(files: &[(String, Vec<u8>)], threads: usize) -> RuleSet {
    let placeholders = BTreeMap::new();
    let mut walk = Walk::new(&placeholders, threads);
    for (name, bytes) in files {
        if name.to_ascii_lowercase().ends_with(".zip") {
            walk.zip(name, Cursor::new(bytes));
        } else if walk.room(name) {
            walk.file(name.clone(), bytes.clone());
        }
    }
    walk.finish()
}

struct Walk<'p> {
    loader: Loader,
    placeholders: &'p Placeholders,
    threads: usize,
    files: usize,
    total: u64,
    /// Files to be read, and their bytes.
    batch: Vec<(String, Vec<u8>)>,
    weight: usize,
}

impl<'p> Walk<'p> {
    fn new(placeholders: &'p Placeholders, threads: usize) -> Self {
        let threads = threads.max(1);
        Self { loader: Loader::default(), placeholders, threads, files: 0, total: 0, batch: Vec::new(), weight: 0 }
    }

    fn file(&mut self, name: String, bytes: Vec<u8>) {
        self.total += bytes.len() as u64;
        self.weight += bytes.len();
        self.batch.push((name, bytes));
        if self.weight >= BATCH {
            self.read_batch();
        }
    }

    /// Reads the files gathered, on several threads, and takes them in their order.
    fn read_batch(&mut self) {
        let (batch, placeholders) = (std::mem::take(&mut self.batch), self.placeholders);
        self.weight = 0;
        let parse = |files: &[(String, Vec<u8>)]| -> Vec<Parsed> {
            files.iter().map(|(name, bytes)| Parsed::file(name, bytes, placeholders)).collect()
        };
        let mut shares = batch.chunks(batch.len().div_ceil(self.threads).max(1));
        let Some(own) = shares.next() else { return };
        std::thread::scope(|scope| {
            let others: Vec<_> = shares.map(|share| (share, Builder::new().spawn_scoped(scope, || parse(share)))).collect();
            parse(own).into_iter().for_each(|parsed| self.loader.take(parsed));
            for (share, thread) in others {
                // Without a thread to be had, or after one that fell, the share is read here.
                let parsed = thread.ok().and_then(|thread| thread.join().ok()).unwrap_or_else(|| parse(share));
                parsed.into_iter().for_each(|parsed| self.loader.take(parsed));
            }
        });
    }

    fn finish(mut self) -> RuleSet {
        self.read_batch();
        self.loader.finish()
    }

    fn path(&mut self, path: &Path, depth: usize, named: bool) {
        let name = path.to_string_lossy().into_owned();
        if path.is_dir() {
            return self.folder(path, &name, depth);
        }
        let lower = name.to_ascii_lowercase();
        if lower.ends_with(".zip") {
            match File::open(path) {
                Ok(file) => self.zip(&name, file),
                Err(error) => self.loader.refuse(&name, 1, error.to_string()),
            }
        } else if named || is_yaml(&lower) {
            self.read(path, &name);
        }
    }

    fn folder(&mut self, path: &Path, name: &str, depth: usize) {
        if depth > MAX_DEPTH {
            return self.loader.refuse(name, 1, "folders are nested too deeply");
        }
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) => return self.loader.refuse(name, 1, error.to_string()),
        };
        let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        paths.sort();
        for path in paths {
            // A link could lead in circles or out of the folder.
            if !path.is_symlink() {
                self.path(&path, depth + 1, false);
            }
        }
    }

    fn read(&mut self, path: &Path, name: &str) {
        if !self.room(name) {
            return;
        }
        let mut bytes = Vec::new();
        let result = File::open(path).and_then(|file| file.take(MAX_FILE as u64 + 1).read_to_end(&mut bytes));
        match result {
            Ok(_) => self.file(name.to_owned(), bytes),
            Err(error) => self.loader.refuse(name, 1, error.to_string()),
        }
    }

    fn zip(&mut self, name: &str, reader: impl Read + Seek) {
        let mut archive = match zip::ZipArchive::new(reader) {
            Ok(archive) => archive,
            Err(error) => return self.loader.refuse(name, 1, error.to_string()),
        };
        for index in 0..archive.len() {
            let entry = match archive.by_index(index) {
                Ok(entry) => entry,
                Err(error) => {
                    self.loader.refuse(name, 1, format!("entry {index}: {error}"));
                    continue;
                }
            };
            let inner = entry.name().map(|name| name.into_owned()).unwrap_or_default();
            if !entry.is_file() || !is_yaml(&inner.to_ascii_lowercase()) {
                continue;
            }
            let full = format!("{name}!/{inner}");
            if !self.room(&full) {
                return;
            }
            // Room for all of it and some more: the end is met without asking for a few bytes at a time.
            let mut bytes = Vec::with_capacity(usize::try_from(entry.size()).unwrap_or(0).min(1 << 20) + 64);
            match entry.take(MAX_FILE as u64 + 1).read_to_end(&mut bytes) {
                Ok(_) => self.file(full, bytes),
                Err(error) => self.loader.refuse(&full, 1, error.to_string()),
            }
        }
    }

    fn room(&mut self, name: &str) -> bool {
        self.files += 1;
        let within = self.files <= MAX_FILES && self.total <= MAX_TOTAL;
        if !within {
            self.loader.refuse(name, 1, "too many rule files; this one and the rest are not read");
        }
        within
    }
}

fn is_yaml(lower: &str) -> bool {
    lower.ends_with(".yml") || lower.ends_with(".yaml")
}
