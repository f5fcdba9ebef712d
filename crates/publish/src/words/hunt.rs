//! The hunting annex: for each technique of the case how to find it elsewhere, where it lies, queries, rules, mitigations.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use konseki_model::Finding;
use konseki_report::{Both, Words, attack};
use serde::Deserialize;

use super::book::{has, join, plain, same, say};
use super::deep::technique_name;
use super::doc::{Block, Doc};
use super::view::{View, bilingual};
use crate::data::{HIDDEN, SCRIPT_PATH};

/// Commands and queries of one technique.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Hunt {
    pub command: Vec<String>,
    pub query: Vec<String>,
}

/// `data/hunt.toml`, by technique id.
pub fn hunts() -> &'static BTreeMap<String, Hunt> {
    static TABLE: OnceLock<BTreeMap<String, Hunt>> = OnceLock::new();
    // A file that does not parse is caught by its test.
    TABLE.get_or_init(|| toml::from_str(include_str!("../../data/hunt.toml")).unwrap_or_default())
}

fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(|line| line.split('\t').collect())
}

/// Mitigations that ATT&CK relates to the technique: id, name, our Japanese name.
pub fn mitigations(id: &str) -> Vec<(&'static str, &'static str, &'static str)> {
    type Names = BTreeMap<&'static str, (&'static str, &'static str, &'static str)>;
    static NAMES: OnceLock<Names> = OnceLock::new();
    static OF: OnceLock<BTreeMap<&'static str, &'static str>> = OnceLock::new();
    let names = NAMES.get_or_init(|| {
        let row = |row: Vec<&'static str>| match row.as_slice() {
            [id, en, ja] => Some((*id, (*id, *en, *ja))),
            _ => None,
        };
        rows(include_str!("../../data/mitigations.tsv")).filter_map(row).collect()
    });
    let of = OF.get_or_init(|| {
        let row = |row: Vec<&'static str>| match row.as_slice() {
            [id, list] => Some((*id, *list)),
            _ => None,
        };
        rows(include_str!("../../data/technique-mitigations.tsv")).filter_map(row).collect()
    });
    of.get(id).into_iter().flat_map(|list| list.split(',')).filter_map(|id| names.get(id).copied()).collect()
}

/// A technique of the case with the steps and findings that show it.
#[derive(Default)]
struct Seen<'a> {
    steps: Vec<&'a str>,
    findings: BTreeMap<&'a str, &'a Finding>,
}

pub fn write(view: &View<'_>) -> Doc {
    let mut doc = Doc::new("hunting", plain("hunt.title"));
    doc.p("hunt.intro", &[]);
    doc.blocks.extend(super::narrative::at(view.claims, "hunting"));
    let mut seen: BTreeMap<(usize, &str), Seen<'_>> = BTreeMap::new();
    for at in &view.steps {
        for id in &at.step.techniques {
            let one = seen.entry((first_tactic(id), id)).or_default();
            one.steps.push(&at.step.id);
            let own = view.findings_of(at.step).filter(|finding| finding.techniques.contains(id));
            one.findings.extend(own.map(|finding| (finding.id.as_str(), finding)));
        }
    }
    for ((_, id), one) in &seen {
        technique(view, &mut doc, id, one);
    }
    doc
}

/// Place of the technique's first tactic in the matrix.
fn first_tactic(id: &str) -> usize {
    let tactics = attack::technique(id).map_or("", |technique| technique.tactics);
    let order = |tactic: &str| attack::tactics().iter().position(|one| one.id == tactic);
    tactics.split(',').filter_map(order).min().unwrap_or(usize::MAX)
}

fn technique(view: &View<'_>, doc: &mut Doc, id: &str, seen: &Seen<'_>) {
    let name = technique_name(id);
    doc.blocks.push(Block::Heading(2, Both { en: format!("{id} {}", name.en), ja: format!("{id} {}", name.ja) }));
    doc.p("hunt.steps", &[("steps", same(&seen.steps.join(", ")))]);
    // A sub-technique without advice of its own is found like its parent.
    let parent = id.split_once('.').map_or(id, |(parent, _)| parent);
    let known = [id, parent].into_iter().find(|id| has(&format!("hunt.t.{id}.how")));
    doc.h3("hunt.h.how");
    match known {
        Some(id) => doc.para(plain(&format!("hunt.t.{id}.how"))),
        None => doc.para(plain("hunt.generic-how")),
    }
    doc.h3("hunt.h.where");
    if let Some(id) = known {
        doc.para(plain(&format!("hunt.t.{id}.where")));
    }
    let pieces = seen.findings.values().flat_map(|finding| &finding.because).filter_map(|because| view.piece(&because.evidence));
    let sources: BTreeSet<&str> = pieces.map(|piece| piece.source.as_str()).collect();
    if !sources.is_empty() {
        let sources: Vec<Both> = sources.into_iter().map(same).collect();
        doc.p("hunt.sources", &[("sources", join(&sources))]);
    }
    if let Some(hunt) = [id, parent].into_iter().find_map(|id| hunts().get(id)) {
        code(doc, "hunt.h.commands", &hunt.command);
        code(doc, "hunt.h.query", &hunt.query);
    }
    if id == HIDDEN {
        doc.p("hunt.script", &[("file", same(SCRIPT_PATH))]);
    }
    rules(doc, seen);
    doc.h3("hunt.h.mitigations");
    let list = mitigations(id);
    if list.is_empty() {
        doc.p("hunt.none", &[]);
    }
    let line = |(id, en, ja): (&str, &str, &str)| {
        let gloss = say("deep.gloss", &[("en", same(en)), ("ja", same(ja))]);
        Both { en: format!("{id} {en}"), ja: format!("{id} {}", gloss.ja) }
    };
    doc.list(list.into_iter().map(line).collect());
}

fn code(doc: &mut Doc, head: &str, lines: &[String]) {
    if !lines.is_empty() {
        doc.h3(head);
        doc.blocks.push(Block::Code(lines.join("\n")));
    }
}

/// Rules and comparisons by what the finding says of them.
fn rules(doc: &mut Doc, seen: &Seen<'_>) {
    let mut named: BTreeMap<&str, Both> = BTreeMap::new();
    for finding in seen.findings.values() {
        // The title of a comparison holds names of this case: to others it is told without them.
        let title = if finding.engine == "chain" {
            outline(&finding.rule)
        } else {
            bilingual(&finding.title, finding.ja.as_ref().map_or("", |ja| ja.title.as_str()))
        };
        named.entry(&finding.rule).or_insert(title);
    }
    if named.is_empty() {
        return;
    }
    doc.h3("hunt.h.rules");
    let line = |(rule, title): (&str, Both)| {
        if title.en == rule { title } else { say("hunt.rule", &[("title", title), ("rule", same(rule))]) }
    };
    doc.list(named.into_iter().map(line).collect());
}

/// What a comparison finds, without the names that a case puts into it.
fn outline(rule: &str) -> Both {
    match Words::raw(&format!("findings.{rule}.title")) {
        Some(raw) => Both { en: without_holes(&raw.en), ja: without_holes(&raw.ja) },
        None => same(rule),
    }
}

/// Parts that may be left out are; a name that cannot is three dots.
fn without_holes(raw: &str) -> String {
    let (mut out, mut depth, mut hole) = (String::new(), 0_usize, false);
    for c in raw.chars() {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            '{' if depth == 0 => {
                hole = true;
                out.push('\u{2026}');
            }
            '}' => hole = false,
            c if depth == 0 && !hole => out.push(c),
            _ => {}
        }
    }
    let words: Vec<&str> = out.split_whitespace().collect();
    words.join(" ").trim_end_matches([':', ' ', ',']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comparison_is_told_without_the_names_of_a_case() {
        let titles = Words::all().filter(|(key, _)| key.starts_with("findings.") && key.ends_with(".title") && !key.contains("generic"));
        let mut n = 0;
        for (key, both) in titles {
            for text in [&both.en, &both.ja] {
                let told = without_holes(text);
                assert!(told.chars().count() > 3 && !told.contains(['{', '}', '[', ']', '|']), "{key}: {told}");
            }
            n += 1;
        }
        assert!(n > 50, "{n}");
        assert_eq!(without_holes("Command in the session[ on {host}][: {command}]"), "Command in the session");
        assert_eq!(
            without_holes("SSH session[ of {user}] on {host} from what was held[: {src}]"),
            "SSH session on \u{2026} from what was held"
        );
        assert_eq!(without_holes("A second log names the client, {src}"), "A second log names the client, \u{2026}");
    }

    #[test]
    fn every_technique_with_commands_has_words() {
        let file: BTreeMap<String, Hunt> = toml::from_str(include_str!("../../data/hunt.toml")).unwrap();
        for id in file.keys() {
            assert!(has(&format!("hunt.t.{id}.how")) && has(&format!("hunt.t.{id}.where")), "{id}");
        }
    }
}
