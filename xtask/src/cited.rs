//! Sources that other crates name: every name in their data and code must be one of a folder, or the head of some.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{root, sources};

/// Keys of a data file whose values may be the head of an id and stand for all of them.
const HEADS: &[&str] = &["known_by", "shown_by", "ordered_by"];

fn files(folder: &Path, ending: &str, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, ending, out);
        } else if path.extension().is_some_and(|own| own == ending) {
            out.push(path);
        }
    }
    out.sort();
}

fn known() -> (BTreeSet<String>, BTreeSet<String>) {
    let ids = sources::ids().unwrap();
    (ids.iter().map(|(family, _)| family.clone()).collect(), ids.iter().map(|(family, name)| format!("{family}/{name}")).collect())
}

/// `family/name` with a family of ours and nothing but the letters of an id behind it.
fn is_cited(text: &str, families: &BTreeSet<String>) -> bool {
    let letters = |name: &str| name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    text.split_once('/').is_some_and(|(family, name)| families.contains(family) && letters(name))
}

fn walk(value: &toml::Value, key: &str, see: &mut dyn FnMut(&str, &str)) {
    match value {
        toml::Value::String(text) => see(key, text),
        toml::Value::Array(list) => list.iter().for_each(|one| walk(one, key, see)),
        toml::Value::Table(table) => {
            for (key, value) in table {
                see("", key);
                walk(value, key, see);
            }
        }
        _ => {}
    }
}

#[test]
fn every_source_that_data_names_exists() {
    let (families, ids) = known();
    let (mut cited, mut wrong) = (0, Vec::new());
    let mut data = Vec::new();
    for folder in ["chain/data", "report/data", "report/text"] {
        files(&root().join("crates").join(folder), "toml", &mut data);
    }
    for path in &data {
        let table: toml::Value = toml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        walk(&table, "", &mut |key, text| {
            if is_cited(text, &families) {
                cited += 1;
                let head = HEADS.contains(&key) && ids.iter().any(|id| id.starts_with(text));
                if !head && !ids.contains(text) {
                    wrong.push(format!("{}: {text}", path.display()));
                }
            }
        });
    }
    assert!(cited > 50, "only {cited} names were found");
    assert!(wrong.is_empty(), "no such source:\n{}", wrong.join("\n"));
}

#[test]
fn every_source_that_code_names_exists() {
    let (families, ids) = known();
    let (mut cited, mut wrong) = (0, Vec::new());
    let mut code = Vec::new();
    for folder in ["chain/src", "report/src", "pipeline/src"] {
        files(&root().join("crates").join(folder), "rs", &mut code);
    }
    for path in &code {
        for text in fs::read_to_string(path).unwrap().split('"').filter(|text| is_cited(text, &families)) {
            cited += 1;
            // Code asks for a family or for sources that begin alike.
            if !ids.iter().any(|id| id.starts_with(text)) {
                wrong.push(format!("{}: {text}", path.display()));
            }
        }
    }
    assert!(cited > 20, "only {cited} names were found");
    assert!(wrong.is_empty(), "no such source:\n{}", wrong.join("\n"));
}
