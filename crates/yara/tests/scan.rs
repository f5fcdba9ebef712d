//! Rules compile file by file, hits name their strings and places, blocks miss nothing at borders.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::Path;

use konseki_yara::RuleSet;

const RULE: &str =
    r#"rule inert_marker : demo { meta: description = "made-up marker" strings: $a = "KONSEKI-INERT-MARKER" condition: $a }"#;

#[test]
fn a_bad_file_costs_itself_alone() {
    let files = vec![
        ("good.yar".to_owned(), RULE.as_bytes().to_vec()),
        ("bad.yar".to_owned(), b"rule broken {\n condition: $none }".to_vec()),
        ("inc.yar".to_owned(), b"include \"/etc/passwd\"".to_vec()),
    ];
    let (rules, unusable) = RuleSet::compile(&files);
    assert_eq!(rules.len(), 1);
    assert_eq!(unusable.iter().map(|u| u.file.as_str()).collect::<Vec<_>>(), ["bad.yar", "inc.yar"]);
    let hits = rules.scan("x/shell.jsp", b"....KONSEKI-INERT-MARKER..").unwrap();
    assert_eq!(hits[0].rule, "inert_marker");
    assert_eq!(hits[0].strings, [(4, "$a".to_owned(), b"KONSEKI-INERT-MARKER".to_vec())]);
    assert!(rules.scan("y", b"nothing").unwrap().is_empty());
}

#[test]
fn a_string_across_a_block_border_is_found_at_its_offset() {
    let (rules, _) = RuleSet::compile(&[("a.yar".to_owned(), RULE.as_bytes().to_vec())]);
    let place = (8 << 20) - 7;
    let mut bytes = vec![b'.'; 20 << 20];
    bytes[place..place + 20].copy_from_slice(b"KONSEKI-INERT-MARKER");
    let hits = rules.scan_stream("big", &mut bytes.as_slice()).unwrap();
    assert_eq!(hits.len(), 1);
    assert_eq!(hits[0].strings[0].0, place as u64);
}

#[test]
fn public_rule_sets_compile() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/rules");
    if !root.is_dir() {
        eprintln!("skipped: public rules are not here");
        return;
    }
    let mut files = Vec::new();
    let mut folders = vec![root];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "yar") {
                files.push((path.display().to_string(), std::fs::read(&path).unwrap()));
            }
        }
    }
    let (rules, unusable) = RuleSet::compile(&files);
    println!("{} files, {} rules, unusable: {unusable:?}", files.len(), rules.len());
    assert!(unusable.is_empty() && rules.len() > 100);
}

/// Every rule that ships stands alone in a file, says itself in two languages, hits its sample and not the innocent one.
#[test]
fn shipped_rules_hit_their_samples_and_nothing_else() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules/yara");
    let mut paths: Vec<_> = std::fs::read_dir(&folder).unwrap().flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "yar"));
    paths.sort();
    assert!(paths.len() >= 10);
    let files: Vec<(String, Vec<u8>)> = paths.iter().map(|path| (path.display().to_string(), std::fs::read(path).unwrap())).collect();
    let (rules, unusable) = RuleSet::compile(&files);
    assert_eq!(unusable, []);
    for path in &paths {
        let name = format!("konseki_{}", path.file_stem().unwrap().to_str().unwrap());
        let about = rules.about(&name).unwrap_or_else(|| panic!("{name}: a rule is named as its file"));
        for key in ["title", "title_ja", "description", "description_ja", "falsepositives", "falsepositives_ja", "level", "attack"] {
            assert!(about.meta.contains_key(key), "{name}: no {key}");
        }
        let hits = |ending: &str| -> Vec<String> {
            let sample = path.with_extension(ending);
            let bytes = std::fs::read(&sample).unwrap_or_else(|error| panic!("{}: {error}", sample.display()));
            rules.scan("sample", &bytes).unwrap().into_iter().map(|hit| hit.rule).collect()
        };
        assert!(hits("match.bin").contains(&name), "{name} misses its sample: {:?}", hits("match.bin"));
        assert!(hits("nomatch.bin").is_empty(), "{name}: the innocent sample hits {:?}", hits("nomatch.bin"));
    }
}
