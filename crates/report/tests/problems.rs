//! Every text of a problem that the crates write has its Japanese, whatever stands in its holes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::path::{Path, PathBuf};

use konseki_report::problems::{all, japanese};

#[test]
fn texts_hold_texts() {
    let told: std::collections::BTreeMap<String, String> = toml::from_str(include_str!("problems.toml")).unwrap();
    // Of two that fit the closer one is taken.
    for (text, expected) in told {
        assert_eq!(japanese(&text).unwrap(), expected);
    }
    assert_eq!(japanese("what nobody wrote"), None);
}

#[test]
fn holes_are_the_same_in_both() {
    let mut seen = std::collections::BTreeSet::new();
    for pair in all() {
        assert!(seen.insert(&pair.en), "twice: {}", pair.en);
        let holes = pair.en.matches("{}").count();
        for number in 1..=holes {
            assert!(pair.ja.contains(&format!("{{{number}}}")), "{}: hole {number} is lost", pair.en);
        }
        assert!(!pair.ja.contains(&format!("{{{}}}", holes + 1)), "{}", pair.en);
        assert!(!pair.ja.is_ascii(), "{}", pair.en);
    }
    assert!(seen.len() > 100);
}

fn sources(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|end| end == "rs") && !path.ends_with("tests.rs") {
            out.push(path);
        }
    }
}

/// String literals that stand after one of these, before the statement ends.
const BEFORE: &[&str] =
    &["Problem::new(", "notes.add(", "note(ProblemKind", "let text = ", "let why = ", "let what = ", "beyond.push((", "=> f.write_str("];

fn literals(code: &str) -> Vec<String> {
    let mut out = Vec::new();
    for mark in BEFORE {
        for (at, _) in code.match_indices(mark) {
            let statement = &code[at + mark.len()..];
            let statement = &statement[..statement.find(";\n").unwrap_or(statement.len()).min(600)];
            let mut parts = statement.split('"');
            parts.next();
            while let (Some(literal), Some(_)) = (parts.next(), parts.next()) {
                out.push(literal.to_owned());
            }
        }
    }
    out
}

/// A sentence with its holes filled by what stands for nothing else.
fn filled(literal: &str) -> String {
    let mut out = String::new();
    let mut rest = literal;
    while let Some((before, hole)) = rest.split_once('{') {
        let Some((_, after)) = hole.split_once('}') else { break };
        out.push_str(before);
        out.push_str("X7");
        rest = after;
    }
    out + rest
}

#[test]
fn every_text_of_the_code_is_known() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for name in ["evidence", "formats/src/evtx", "sources", "pipeline", "chain"] {
        sources(&if name.contains('/') { root.join(name) } else { root.join(name).join("src") }, &mut files);
    }
    let (mut found, mut unknown) = (0, Vec::new());
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]\nmod").next().unwrap();
        if !["Problem::new", "notes.add", "TroubleKind", "beyond.push"].iter().any(|mark| code.contains(mark)) {
            continue;
        }
        for literal in literals(code).iter().filter(|literal| literal.matches(' ').count() >= 3 && !literal.contains("{}: {}")) {
            found += 1;
            if japanese(&filled(literal)).is_none() {
                unknown.push(format!("{}: {literal}", file.display()));
            }
        }
    }
    assert!(found > 100, "only {found}");
    assert!(unknown.is_empty(), "no Japanese in text/problems.toml for:\n{}", unknown.join("\n"));
}
