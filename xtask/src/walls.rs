//! House rules that are checked: who may use whom, first lines, no words for people in code.

use std::fs;
use std::path::{Path, PathBuf};

use crate::root;

/// Which of our crates a crate may use. A new edge is a decision: change ARCHITECTURE.md first.
const WALLS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("formats", &[]),
    ("evidence", &["model"]),
    ("sources", &["formats", "model"]),
    ("detection", &["model"]),
    ("yara", &["model"]),
    ("store", &["model"]),
    ("chain", &["model"]),
    ("report", &["model"]),
    ("publish", &["model", "report"]),
    ("pipeline", &["publish", "model", "formats", "evidence", "sources", "detection", "yara", "store", "chain", "report"]),
    ("serve", &["pipeline"]),
    ("cli", &["pipeline", "serve"]),
    ("lab", &["formats"]),
];

/// # Errors
/// Every rule that is broken, with its place.
pub fn check() -> Result<(), String> {
    let mut broken = Vec::new();
    manifests(&mut broken)?;
    let mut files = Vec::new();
    collect(&root().join("crates"), &mut files);
    collect(&root().join("xtask"), &mut files);
    for file in files {
        let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let name = file.display();
        if !text.starts_with("//! ") {
            broken.push(format!("{name}: the first line must say what the file owns (`//! `)"));
        }
        if let Some((number, _)) = text.lines().enumerate().find(|(_, line)| line.chars().any(is_japanese)) {
            broken.push(format!("{name}:{}: words for people belong into data files, in both languages", number + 1));
        }
    }
    if broken.is_empty() { Ok(()) } else { Err(broken.join("\n")) }
}

fn is_japanese(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}')
}

fn manifests(broken: &mut Vec<String>) -> Result<(), String> {
    for (name, allowed) in WALLS {
        let path = root().join("crates").join(name).join("Cargo.toml");
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let manifest: toml::Table = toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        let used = manifest.get("dependencies").and_then(|table| table.as_table());
        for dependency in used.into_iter().flat_map(|table| table.keys()) {
            if let Some(ours) = dependency.strip_prefix("konseki-")
                && !allowed.contains(&ours)
            {
                broken.push(format!("{}: `{name}` may not use `{ours}`", path.display()));
            }
        }
    }
    let known: Vec<&str> = WALLS.iter().map(|(name, _)| *name).collect();
    for entry in fs::read_dir(root().join("crates")).map_err(|error| error.to_string())?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !known.contains(&name.as_str()) {
            broken.push(format!("crates/{name}: not in the table of walls"));
        }
    }
    Ok(())
}

fn collect(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, out);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            out.push(path);
        }
    }
    out.sort();
}
