//! What several tests of whole cases ask.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Every result and the report, by name.
pub fn results(case: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for folder in ["results", "report"] {
        for entry in fs::read_dir(case.join(folder)).unwrap().flatten() {
            all.insert(format!("{folder}/{}", entry.file_name().to_string_lossy()), fs::read(entry.path()).unwrap());
        }
    }
    all
}
