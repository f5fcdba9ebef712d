//! Every sentence stands in both languages with the same holes; no Japanese stands in code.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::Path;

use konseki_model::Kind;
use konseki_report::holes::names;
use konseki_report::{Args, FILES, Lang, Words, attack, by_kind};

#[test]
fn files_parse_and_nothing_is_lost() {
    for (stem, text) in FILES {
        toml::from_str::<toml::Table>(text).unwrap_or_else(|error| panic!("{stem}: {error}"));
        assert!(Words::all().any(|(key, _)| key.starts_with(&format!("{stem}."))), "{stem} has no sentence");
    }
    let counted: usize = FILES.iter().map(|(_, text)| text.matches("{ en = ").count()).sum();
    assert_eq!(Words::all().count(), counted);
}

#[test]
fn both_languages_with_the_same_holes() {
    for (key, both) in Words::all() {
        assert!(!both.en.is_empty(), "{key}: English missing");
        let join = key == "page.unit.join";
        assert!(join || !both.ja.is_empty(), "{key}: Japanese missing");
        assert_eq!(names(&both.en), names(&both.ja), "{key}: holes differ");
    }
}

#[test]
fn formats_are_known_and_brackets_closed() {
    for (key, both) in Words::all() {
        for text in [&both.en, &both.ja] {
            assert_eq!(text.matches('{').count(), text.matches('}').count(), "{key}");
            assert_eq!(text.matches('[').count(), text.matches(']').count(), "{key}");
            for part in text.split('{').skip(1) {
                let hole = part.split('}').next().unwrap();
                if let Some((_, format)) = hole.split_once(':') {
                    assert!(["count", "bytes", "duration", "time"].contains(&format), "{key}: {format}");
                }
            }
        }
    }
}

#[test]
fn every_finding_has_title_why_and_disproof() {
    let rules: std::collections::BTreeSet<&str> = Words::all()
        .filter_map(|(key, _)| key.strip_prefix("findings."))
        .filter_map(|key| key.rsplit_once('.').map(|(rule, _)| rule))
        .collect();
    assert!(rules.len() >= 31);
    for rule in rules {
        for part in ["title", "why", "disproof"] {
            assert!(Words::has(&format!("findings.{rule}.{part}")), "{rule}.{part}");
        }
    }
}

#[test]
fn every_kind_has_a_sentence_with_the_same_holes() {
    for (_, name) in Kind::all() {
        let both = by_kind(name).unwrap_or_else(|| panic!("{name} has no sentence"));
        assert_eq!(names(&both.en), names(&both.ja), "{name}");
        assert!(!both.en.is_empty() && !both.ja.is_empty(), "{name}");
    }
}

#[test]
fn glossary_has_both() {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("text/glossary.toml")).unwrap();
    let table: toml::Table = toml::from_str(&text).unwrap();
    for term in table["term"].as_array().unwrap() {
        assert!(!term["term"].as_str().unwrap().is_empty() && !term["ja"].as_str().unwrap().is_empty());
    }
}

#[test]
fn names_of_techniques_and_tactics() {
    assert_eq!(attack::technique("T1564.006").unwrap().name, "Run Virtual Instance");
    assert_eq!(attack::full_name("T1021.004", false).unwrap(), "Remote Services: SSH");
    assert_eq!(attack::tactic("lateral-movement").unwrap().id, "TA0008");
    assert!(attack::technique("T9999").is_none());
    assert_eq!(attack::techniques().count(), 714);
    assert!(attack::techniques().filter(|t| !t.ja.is_empty()).count() >= 150);
    assert!(attack::tactics().iter().all(|t| !t.ja.is_empty() && t.code.len() == 2 && t.colour.len() == 7));
    let known = |id: &str| attack::tactics().iter().any(|tactic| tactic.id == id);
    assert!(attack::techniques().all(|t| t.tactics.split(',').all(known)));
    assert!(attack::NOTICE.contains(attack::DESIGNATION) && attack::NOTICE.contains("License"));
}

#[test]
fn no_japanese_in_code() {
    fn walk(dir: &Path) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                let hit = text.chars().find(|c| matches!(*c as u32, 0x3040..=0x30FF | 0x4E00..=0x9FFF));
                assert!(hit.is_none(), "{}: {hit:?}", path.display());
            }
        }
    }
    for dir in ["src", "tests", "examples"] {
        walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join(dir));
    }
}

#[test]
fn holes_optional_parts_plurals_and_formats() {
    let args = |list: &[(&str, &str)]| -> Args { list.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect() };
    let fill = |text: &str, list: &[(&str, &str)]| konseki_report::fill_args(Lang::En, text, &args(list));
    assert_eq!(fill("a[ on {host}][ by {user}] b", &[("host", "h")]), "a on h b");
    assert_eq!(fill("{n:count} {n|line|lines}", &[("n", "1")]), "1 line");
    assert_eq!(fill("{n:count} {n|line|lines}", &[("n", "12345")]), "12,345 lines");
    assert_eq!(fill("{x}", &[]), "(not known)");
    assert_eq!(fill("{b:bytes}", &[("b", "4509715660")]), "4.20 GiB (4,509,715,660 bytes)");
    assert_eq!(fill("{d:duration}", &[("d", "90061")]), "1 d 1 h");
    assert_eq!(fill("{t:time}", &[("t", "2024-01-05T09:00:00+09:00")]), "2024-01-05 00:00:00 UTC");
    assert_eq!(fill("{t:time} {b:bytes}", &[("t", "soon"), ("b", "many")]), "soon many");
    // What a value holds is never read as a sentence again.
    assert_eq!(fill("{a}", &[("a", "{b} [x {c}]")]), "{b} [x {c}]");
    assert_eq!(fill("{ no hole } [plain] {", &[]), "{ no hole } [plain] {");
    assert_eq!(Words::get(Lang::En, "no.such.key", &Args::new()), "no.such.key");
}
