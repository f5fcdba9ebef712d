//! Rewrites `crates/sources/src/list.rs` from the folders that hold a `source.toml`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Where the folders of the sources are.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/sources/src")
}

/// # Errors
/// A folder that cannot be read or the list that cannot be written.
pub fn rewrite() -> Result<(), String> {
    let ids = ids()?;
    let mut text = String::from("//! The list of sources. Written by `cargo xtask sources`; do not edit.\n\nuse crate::Entry;\n\n");
    for (family, folder) in &ids {
        let _ = writeln!(text, "#[path = \"{family}/{folder}/mod.rs\"]\nmod {family}_{folder};");
    }
    text.push_str("\npub static ENTRIES: &[Entry] = &[\n");
    for (family, folder) in &ids {
        let _ = writeln!(
            text,
            "    Entry {{\n        id: \"{family}/{folder}\",\n        source: &{family}_{folder}::SOURCE,\n        about: include_str!(\"{family}/{folder}/source.toml\"),\n        text: include_str!(\"{family}/{folder}/text.toml\"),\n    }},"
        );
    }
    text.push_str("];\n");
    fs::write(folder().join("list.rs"), text).map_err(|error| format!("list.rs: {error}"))
}

/// Family and name of every folder that holds a `source.toml`, sorted.
///
/// # Errors
/// A folder that cannot be read.
pub fn ids() -> Result<Vec<(String, String)>, String> {
    let mut ids = Vec::new();
    for family in folders(&folder())? {
        for name in folders(&folder().join(&family))? {
            if folder().join(&family).join(&name).join("source.toml").is_file() {
                ids.push((family.clone(), name));
            }
        }
    }
    ids.sort();
    Ok(ids)
}

fn folders(path: &Path) -> Result<Vec<String>, String> {
    let entries = fs::read_dir(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut names: Vec<String> =
        entries.flatten().filter(|entry| entry.path().is_dir()).filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    Ok(names)
}
