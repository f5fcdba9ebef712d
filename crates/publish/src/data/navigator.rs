//! ATT&CK Navigator layer 4.5, one for each release of ATT&CK: a later release renamed tactics and ids.

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::FindingKind;
use konseki_report::attack;
use serde_json::{Value, json};

use super::view::{View, places};
use crate::words_of_data as say;

const COLOURS: [(&str, &str); 3] = [("observed", "#c0504d"), ("inferred", "#e5a663"), ("absent", "#b8b8b8")];

#[derive(Default)]
struct Seen {
    observed: bool,
    inferred: bool,
    findings: BTreeSet<String>,
    places: BTreeSet<String>,
    count: u64,
}

pub fn layer(view: &View<'_>, version: &str) -> Value {
    let lang = view.lang();
    let mut all: BTreeMap<&str, Seen> = BTreeMap::new();
    for finding in view.telling() {
        for id in finding.techniques.iter().filter(|id| attack::technique(id).is_some_and(|t| version != "18" || t.since == "18")) {
            let seen = all.entry(id).or_default();
            seen.observed |= finding.kind == FindingKind::Observed;
            seen.inferred |= finding.kind == FindingKind::Inferred;
            seen.findings.insert(finding.id.clone());
            seen.places.extend(places(finding).take(2));
            seen.count += 1;
        }
    }
    let techniques: Vec<Value> = all
        .iter()
        .map(|(id, seen)| {
            let kind = if seen.observed { 0 } else { usize::from(seen.inferred) + usize::from(!seen.inferred) * 2 };
            let (word, colour) = COLOURS.get(kind).copied().unwrap_or(("observed", "#c0504d"));
            let found: Vec<&String> = seen.findings.iter().take(20).collect();
            let at: Vec<&String> = seen.places.iter().take(20).collect();
            json!({
                "techniqueID": id, "score": seen.count.min(100), "color": colour, "comment": say::text(lang, word), "enabled": true,
                "showSubtechniques": true,
                "metadata": [{"name": "findings", "value": join(&found)}, {"name": "evidence", "value": join(&at)}],
                "links": [{"label": "ATT&CK", "url": format!("https://attack.mitre.org/techniques/{}", id.replace('.', "/"))}],
            })
        })
        .collect();
    let legend: Vec<Value> = COLOURS.iter().map(|(word, colour)| json!({"label": say::text(lang, word), "color": colour})).collect();
    json!({
        "name": say::fill(lang, "layer", &[("case", view.told.name.clone())]),
        "versions": {"attack": version, "navigator": "5.1.0", "layer": "4.5"},
        "domain": "enterprise-attack",
        "description": view.tlp().label(),
        "sorting": 3,
        "layout": {"layout": "side", "showID": true, "showName": true, "expandedSubtechniques": "annotated"},
        "techniques": techniques,
        "gradient": {"colors": ["#ffffff", "#c0504d"], "minValue": 0, "maxValue": 100},
        "legendItems": legend,
        "showTacticRowBackground": false,
        "selectTechniquesAcrossTactics": true,
    })
}

fn join(texts: &[&String]) -> String {
    texts.iter().map(|text| text.as_str()).collect::<Vec<_>>().join(", ")
}
