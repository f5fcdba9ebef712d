//! Rules from disk: folders, single files, and archives read in memory, entry by entry, within bounds.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Cursor, Read, Seek};
use std::path::Path;

use crate::ruleset::{Loader, MAX_FILE, RuleSet};

/// Entries of one archive, or files below one folder.
const MAX_FILES: usize = 200_000;
/// Bytes of rules altogether, unpacked.
const MAX_TOTAL: u64 = 1 << 30;
/// Folders within each other.
const MAX_DEPTH: usize = 32;

/// Loads rules from files, folders and `.zip` archives. What cannot be read is named in `RuleSet::unusable`.
/// Only rules are read from disk here; evidence never is.
pub fn load_paths<P: AsRef<Path>>(paths: &[P], placeholders: &BTreeMap<String, Vec<String>>) -> RuleSet {
    let mut walk = Walk { loader: Loader::new(placeholders), files: 0, total: 0 };
    for path in paths {
        walk.path(path.as_ref(), 0, true);
    }
    walk.loader.finish()
}

/// Loads one file, folder or archive.
pub fn load_path(path: &Path) -> RuleSet {
    load_paths(&[path], &BTreeMap::new())
}

/// Loads an archive that is in memory already; its entries are named `name!/entry`.
pub fn load_zip(name: &str, bytes: &[u8]) -> RuleSet {
    let placeholders = BTreeMap::new();
    let mut walk = Walk { loader: Loader::new(&placeholders), files: 0, total: 0 };
    walk.zip(name, Cursor::new(bytes));
    walk.loader.finish()
}

/// Loads files that are in memory already, given as (name, bytes); `.zip` archives among them are opened.
pub fn load_files(files: &[(String, Vec<u8>)]) -> RuleSet {
    let placeholders = BTreeMap::new();
    let mut walk = Walk { loader: Loader::new(&placeholders), files: 0, total: 0 };
    for (name, bytes) in files {
        if name.to_ascii_lowercase().ends_with(".zip") {
            walk.zip(name, Cursor::new(bytes));
        } else if walk.room(name) {
            walk.total += bytes.len() as u64;
            walk.loader.file(name, bytes);
        }
    }
    walk.loader.finish()
}

struct Walk<'p> {
    loader: Loader<'p>,
    files: usize,
    total: u64,
}

impl Walk<'_> {
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
            Ok(read) => {
                self.total += read as u64;
                self.loader.file(name, &bytes);
            }
            Err(error) => self.loader.refuse(name, 1, error.to_string()),
        }
    }

    fn zip(&mut self, name: &str, reader: impl Read + Seek) {
        let mut archive = match zip::ZipArchive::new(reader) {
            Ok(archive) => archive,
            Err(error) => return self.loader.refuse(name, 1, error.to_string()),
        };
        let mut bytes = Vec::new();
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
            bytes.clear();
            match entry.take(MAX_FILE as u64 + 1).read_to_end(&mut bytes) {
                Ok(read) => {
                    self.total += read as u64;
                    self.loader.file(&full, &bytes);
                }
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
