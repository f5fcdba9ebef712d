//! SigmaHQ's archive as it is, and its regression data: every rule fires on its own sample.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use common::{event, fields, flat, records, routing, shared};
use konseki_detection::{Engine, Reference, RuleSet, Scratch, load_path};

fn rules() -> Option<RuleSet> {
    Some(load_path(&shared("rules/sigmahq.zip")?))
}

fn infos(folder: &Path, out: &mut Vec<PathBuf>) {
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            infos(&path, out);
        } else if path.file_name().is_some_and(|name| name == "info.yml") {
            out.push(path);
        }
    }
}

#[test]
fn nearly_every_rule_can_be_used() {
    let Some(rules) = rules() else { return };
    println!("{} rules, {} correlations", rules.rules.len(), rules.correlations.len());
    for unusable in &rules.unusable {
        println!("unusable: {}:{}: {}", unusable.file, unusable.line, unusable.reason);
    }
    for note in &rules.notes {
        println!("note: {}:{}: {}", note.file, note.line, note.reason);
    }
    for twice in &rules.duplicates {
        println!("twice: {} {}", twice.id, twice.file);
    }
    assert!(rules.rules.len() > 3_000);
    assert!(rules.unusable.len() * 100 < rules.rules.len());
    let engine = Engine::build(&rules, &routing());
    let mut unrouted: BTreeMap<String, usize> = BTreeMap::new();
    for rule in engine.unrouted() {
        let logsource = &rules.rules[*rule].meta.logsource;
        if logsource.is_windows() {
            *unrouted.entry(format!("{logsource:?}")).or_default() += 1;
        }
    }
    println!("windows rules without a place: {unrouted:#?}");
}

/// What an `info.yml` says: the rule's id, and how many records match.
fn expected(info: &Path) -> (String, Option<u64>) {
    let text = std::fs::read_to_string(info).unwrap();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let mut id = String::new();
    let mut count = None;
    for line in lines {
        let line = line.trim().trim_start_matches("- ");
        if let Some(value) = line.strip_prefix("id: ") {
            id = value.trim().to_owned();
        }
        if let Some(value) = line.strip_prefix("match_count: ") {
            count = value.trim().parse().ok();
        }
    }
    (id, count)
}

#[test]
fn rules_fire_on_their_own_samples_as_the_reference_does() {
    let Some(folder) = shared("evidence/sigma-regression-data/regression_data") else { return };
    let Some(rules) = rules() else { return };
    let routing = routing();
    let engine = Engine::build(&rules, &routing);
    let reference = Reference::new(&rules, &routing);
    let mut scratch = Scratch::default();
    let mut all = Vec::new();
    infos(&folder, &mut all);
    let (mut right, mut misses) = (0, Vec::new());
    for info in all {
        let (id, count) = expected(&info);
        let raw = info.with_file_name(format!("{id}.raw"));
        if raw.exists() {
            let mut found = false;
            for line in std::fs::read(&raw).unwrap().split(|byte| *byte == b'\n') {
                let event = event(&[], line);
                engine.matches(3, &event, &mut scratch, |hit| {
                    found |= rules.rules[hit.rule].meta.id == id;
                });
            }
            assert!(found, "{}", raw.display());
            right += 1;
            continue;
        }
        let sample = info.with_file_name(format!("{id}.json"));
        let name = info.parent().unwrap().file_name().unwrap().to_string_lossy().into_owned();
        if !sample.exists() {
            misses.push(format!("{name}: no .json sample"));
            continue;
        }
        let mut found = 0;
        for record in records(&sample) {
            let pairs = flat(&record);
            let fields = fields(&pairs);
            let event = event(&fields, b"");
            let mut hits = Vec::new();
            engine.matches(0, &event, &mut scratch, |hit| {
                assert!(hit.matched().count() > 0, "{}", rules.rules[hit.rule].meta.title);
                hits.push(hit.rule);
            });
            assert_eq!(hits, reference.matches(0, &event), "{name}");
            found += u64::from(hits.iter().any(|hit| rules.rules[*hit].meta.id == id));
        }
        match count {
            Some(count) if count == found => right += 1,
            None if found > 0 => right += 1,
            _ => misses.push(format!("{name}: {found} instead of {count:?}")),
        }
    }
    println!("{right} right");
    for miss in &misses {
        println!("miss: {miss}");
    }
    // Three of that sample's six records hold a file that the rule names; its info.yml counts one.
    misses.retain(|miss| !miss.starts_with("file_event_win_cred_dump_tools_dropped_files: 3 "));
    assert!(misses.is_empty(), "{misses:#?}");
}
