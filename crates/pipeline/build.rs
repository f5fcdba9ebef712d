//! Packs the `rules/` folder into the program, so that it works with nothing beside it.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            files(&path, out);
        } else if path.extension().is_some_and(|e| ["yml", "yar", "csv", "toml", "jsonl"].iter().any(|x| e == *x)) {
            out.push(path);
        }
    }
}

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules");
    println!("cargo:rerun-if-changed={}", root.display());
    let mut found = Vec::new();
    files(&root, &mut found);
    let mut text = String::from("pub static FILES: &[(&str, &[u8])] = &[\n");
    for path in found {
        let name = path.strip_prefix(&root).unwrap_or(&path).display().to_string();
        let _ = writeln!(text, "    ({name:?}, include_bytes!({:?})),", path.display().to_string());
    }
    text.push_str("];\n");
    let out = std::env::var_os("OUT_DIR").unwrap_or_default();
    if let Err(error) = std::fs::write(Path::new(&out).join("rules.rs"), text) {
        println!("cargo:error=rules cannot be packed: {error}");
    }
}
