//! The case that ships is what the generator makes, byte for byte, and small.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut stack = vec![dir.to_path_buf()];
    while let Some(here) = stack.pop() {
        for entry in std::fs::read_dir(&here).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                stack.push(path);
            } else {
                found.insert(path.strip_prefix(dir).unwrap().to_path_buf(), std::fs::read(&path).unwrap());
            }
        }
    }
    found
}

#[test]
fn shipped_case_is_what_the_generator_makes() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases/nerve-small");
    let made = tempfile::tempdir().unwrap();
    lab::make::ship(made.path()).unwrap();
    let (new, old) = (files(made.path()), files(&shipped));
    let names: Vec<_> = new.keys().collect();
    let there: Vec<_> = old.keys().filter(|p| *p == Path::new("truth.json") || p.starts_with("evidence")).collect();
    assert_eq!(names, there, "rewrite with: cargo run -p lab -- nerve-small --out cases/nerve-small");
    for (path, bytes) in &new {
        assert!(bytes == &old[path], "{} differs: cargo run -p lab -- nerve-small --out cases/nerve-small", path.display());
    }
    let size: usize = old.values().map(Vec::len).sum();
    assert!(size <= 2 << 20, "{size} bytes");
}
