//! The rules that konseki brings, as packages tell and carry them.

use std::collections::BTreeMap;

use konseki_publish::{Act, OwnRule};

use crate::{builtin, yara};

/// Rules that make findings, by the name that findings give them.
pub fn book() -> BTreeMap<String, OwnRule> {
    all(&["sigma/", "correlation/", "yara/"]).into_iter().map(|own| (own.id.clone(), own)).collect()
}

/// All rules, those for hunting too, by path below `rules/` without ending.
pub fn shelf() -> BTreeMap<String, OwnRule> {
    let stem = |own: &OwnRule| own.file.rsplit_once('.').map_or(own.file.as_str(), |(stem, _)| stem).to_owned();
    all(&["sigma/", "hunt/"]).into_iter().map(|own| (stem(&own), own)).collect()
}

/// What gives command lines their meaning.
pub fn acts() -> Vec<Act> {
    let all = konseki_chain::command_meanings().into_iter();
    all.map(|one| Act { any: one.any, not: one.not, techniques: one.techniques, tactic: one.tactic }).collect()
}

fn all(folders: &[&str]) -> Vec<OwnRule> {
    let mut out = Vec::new();
    for folder in folders {
        let samples: BTreeMap<String, Vec<u8>> = builtin::below(folder, ".jsonl").into_iter().collect();
        for (name, bytes) in builtin::below(folder, ".yml") {
            sigma(&name, &bytes, &samples, &mut out);
        }
        for file in builtin::below(folder, ".yar") {
            yara_rules(&file, &mut out);
        }
    }
    out
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn sigma(name: &str, bytes: &[u8], samples: &BTreeMap<String, Vec<u8>>, out: &mut Vec<OwnRule>) {
    let set = konseki_detection::RuleSet::load(&[(name, bytes)]);
    let beside = |ending: &str| samples.get(&name.replace(".yml", ending)).map(|bytes| text(bytes)).unwrap_or_default();
    let metas = set.rules.iter().map(|rule| &rule.meta).chain(set.correlations.iter().map(|one| &one.meta));
    for meta in metas {
        let ja = meta.ja.clone().unwrap_or_default();
        out.push(OwnRule {
            file: name.trim_start_matches("konseki:").to_owned(),
            id: meta.id.clone(),
            yaml: text(bytes),
            matches: beside(".match.jsonl"),
            nomatches: beside(".nomatch.jsonl"),
            title: meta.title.clone(),
            why: meta.description.clone(),
            disproof: meta.falsepositives.join("; "),
            title_ja: ja.title,
            why_ja: ja.description,
        });
    }
}

fn yara_rules(file: &(String, Vec<u8>), out: &mut Vec<OwnRule>) {
    let (set, _) = konseki_yara::RuleSet::compile(std::slice::from_ref(file));
    for name in set.names() {
        let words = yara::words(name, set.about(name));
        let ja = words.ja.unwrap_or_default();
        out.push(OwnRule {
            file: file.0.trim_start_matches("konseki:").to_owned(),
            id: name.to_owned(),
            yaml: text(&file.1),
            title: words.title,
            why: words.why,
            disproof: words.disproof,
            title_ja: ja.title,
            why_ja: ja.why,
            ..OwnRule::default()
        });
    }
}
