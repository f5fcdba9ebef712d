//! Attack Flow: the steps and the links that are proven, as STIX and as a file that the Builder opens.

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::Step;
use konseki_report::{Lang, attack};
use serde_json::{Value, json};

use super::stix::Bundle;
use super::view::{View, end, start};
use super::{millis, set};
use crate::words_of_data as say;

const EXTENSION: &str = "extension-definition--fb9c968a-745b-4ade-9b25-c324172197f4";
const CENTER: &str = "identity--fb9c968a-745b-4ade-9b25-c324172197f4";
const MADE: &str = "2022-08-02T19:34:35.143Z";

/// Columns are hosts, rows are steps in order of time.
const COLUMN: i64 = 460;
const ROW: i64 = 300;

fn extended() -> Value {
    json!({EXTENSION: {"extension_type": "new-sdo"}})
}

fn title(view: &View<'_>) -> (String, String) {
    let lang = view.lang();
    let chain = &view.told.chain;
    let values = [
        ("steps", chain.steps.len().to_string()),
        ("links", chain.links.len().to_string()),
        ("gaps", chain.gaps.len().to_string()),
        ("from", chain.scope.window.from.clone().unwrap_or_default()),
        ("to", chain.scope.window.to.clone().unwrap_or_default()),
    ];
    (say::fill(lang, "report", &[("case", view.told.name.clone())]), say::fill(lang, "describe", &values))
}

fn step_title<'a>(view: &View<'_>, step: &'a Step) -> &'a str {
    if view.lang() == Lang::Ja && !step.title_ja.is_empty() { &step.title_ja } else { &step.title }
}

/// Proven links between steps that are there, each once.
fn edges<'a>(view: &'a View<'_>) -> BTreeSet<(&'a str, &'a str)> {
    let known: BTreeSet<&str> = view.told.chain.steps.iter().map(|step| step.id.as_str()).collect();
    let links = view.told.chain.links.iter().map(|link| (link.from.as_str(), link.to.as_str()));
    links.filter(|(from, to)| from != to && known.contains(from) && known.contains(to)).collect()
}

/// Description of a step: its findings and where they stand.
fn describe(view: &View<'_>, step: &Step) -> String {
    let lines = view.of_step(step).into_iter().take(5).map(|finding| {
        let place = super::view::places(finding).next().unwrap_or_default();
        format!("{} [{} {place}]", finding.why, finding.id)
    });
    lines.collect::<Vec<_>>().join("\n")
}

pub fn stix(view: &View<'_>) -> Value {
    let mut bundle = Bundle::new(view);
    let reference = |name: &str, url: &str| json!({"source_name": name, "url": url});
    bundle.objects.insert(
        CENTER.to_owned(),
        json!({
            "type": "identity", "spec_version": "2.1", "id": CENTER, "created": MADE, "modified": MADE, "created_by_ref": CENTER,
            "name": "MITRE Center for Threat-Informed Defense", "identity_class": "organization",
        }),
    );
    bundle.objects.insert(EXTENSION.to_owned(), json!({
        "type": "extension-definition", "spec_version": "2.1", "id": EXTENSION, "created": MADE, "modified": MADE, "created_by_ref": CENTER,
        "name": "Attack Flow", "description": "Extends STIX 2.1 with features to create Attack Flows.", "version": "2.0.0",
        "schema": "https://center-for-threat-informed-defense.github.io/attack-flow/stix/attack-flow-schema-2.0.0.json",
        "extension_types": ["new-sdo"],
        "external_references": [reference("Documentation", "https://center-for-threat-informed-defense.github.io/attack-flow")],
    }));
    let edges = edges(view);
    let id = |step: &str| view.ids.stix("attack-action", step);
    for step in &view.told.chain.steps {
        let effects: Vec<String> = edges.iter().filter(|(from, _)| *from == step.id).map(|(_, to)| id(to)).collect();
        let mut body = json!({"extensions": extended(), "name": step_title(view, step), "description": describe(view, step), "confidence": (step.confidence * 100.0).round() as u64});
        if let Some(tactic) = attack::tactic(&step.tactic) {
            set(&mut body, "tactic_id", json!(tactic.id));
        }
        if let Some(technique) = step.techniques.first() {
            set(&mut body, "technique_id", json!(technique));
            if let Some(pattern) = bundle.technique(technique) {
                set(&mut body, "technique_ref", json!(pattern));
            }
        }
        if let (Some(first), Some(last)) = (start(&step.time), end(&step.time)) {
            set(&mut body, "execution_start", json!(millis(first)));
            set(&mut body, "execution_end", json!(millis(last.max(first))));
        }
        if !effects.is_empty() {
            set(&mut body, "effect_refs", json!(effects));
        }
        if !step.host.is_empty() {
            let asset = bundle.add("attack-asset", &step.host, json!({"extensions": extended(), "name": step.host}));
            set(&mut body, "asset_refs", json!([asset]));
        }
        bundle.add("attack-action", &step.id, body);
    }
    for one in &view.malware {
        let malware = super::malware::object(&mut bundle, one);
        for step in one.steps(&view.told.chain.steps) {
            bundle.relate(&id(&step.id), "related-to", &malware);
        }
    }
    let reached: BTreeSet<&str> = edges.iter().map(|(_, to)| *to).collect();
    let starts: Vec<String> =
        view.told.chain.steps.iter().filter(|step| !reached.contains(step.id.as_str())).map(|step| id(&step.id)).collect();
    let (name, description) = title(view);
    let mut body = json!({"extensions": extended(), "name": name, "description": description, "scope": "incident"});
    if !starts.is_empty() {
        set(&mut body, "start_refs", json!(starts));
    }
    bundle.add("attack-flow", "flow", body);
    bundle.finish()
}

/// A file under construction: objects in order, places of those that have one.
struct Canvas<'a> {
    view: &'a View<'a>,
    children: Vec<Value>,
    members: Vec<String>,
    layout: serde_json::Map<String, Value>,
    /// Latches at an anchor.
    latches: BTreeMap<String, Vec<String>>,
}

const ANGLES: [u32; 12] = [0, 30, 60, 90, 120, 150, 180, 210, 240, 270, 300, 330];

impl Canvas<'_> {
    fn anchor(&self, block: &str, angle: u32) -> String {
        self.view.ids.uuid("afb-anchor", &format!("{block}|{angle}"))
    }

    fn block(&mut self, kind: &str, key: &str, properties: &Value, at: (i64, i64)) {
        let instance = self.view.ids.uuid("afb-block", key);
        let anchors: serde_json::Map<String, Value> =
            ANGLES.iter().map(|angle| (angle.to_string(), json!(self.anchor(key, *angle)))).collect();
        self.children.push(json!({"id": kind, "instance": instance, "properties": properties, "anchors": anchors}));
        self.layout.insert(instance.clone(), json!([at.0, at.1]));
        self.members.push(instance);
    }

    fn line(&mut self, from: (&str, u32, (i64, i64)), to: (&str, u32, (i64, i64))) {
        let key = format!("{}|{}", from.0, to.0);
        let make = |kind: &str| self.view.ids.uuid(kind, &key);
        let (line, source, target, handle) = (make("afb-line"), make("afb-source"), make("afb-target"), make("afb-handle"));
        self.latches.entry(self.anchor(from.0, from.1)).or_default().push(source.clone());
        self.latches.entry(self.anchor(to.0, to.1)).or_default().push(target.clone());
        self.children.push(json!({"id": "dynamic_line", "instance": line, "source": source, "target": target, "handles": [handle]}));
        self.children.push(json!({"id": "generic_latch", "instance": source}));
        self.children.push(json!({"id": "generic_latch", "instance": target}));
        self.children.push(json!({"id": "generic_handle", "instance": handle}));
        self.layout.insert(source, json!([from.2.0, from.2.1]));
        self.layout.insert(target, json!([to.2.0, to.2.1]));
        self.members.push(line);
    }

    fn anchors(&mut self, keys: &[String]) {
        for key in keys {
            for angle in ANGLES {
                let id = if matches!(angle, 0 | 30 | 150 | 180 | 210 | 330) { "horizontal_anchor" } else { "vertical_anchor" };
                let anchor = self.anchor(key, angle);
                let latches = self.latches.get(&anchor).cloned().unwrap_or_default();
                self.children.push(json!({"id": id, "instance": anchor, "latches": latches}));
            }
        }
    }
}

pub fn afb(view: &View<'_>) -> Value {
    let mut canvas = Canvas { view, children: Vec::new(), members: Vec::new(), layout: serde_json::Map::new(), latches: BTreeMap::new() };
    let steps = &view.told.chain.steps;
    let mut hosts: Vec<&str> = Vec::new();
    for step in steps {
        if !hosts.contains(&step.host.as_str()) {
            hosts.push(&step.host);
        }
    }
    let column = |host: &str| hosts.iter().position(|one| *one == host).and_then(|at| i64::try_from(at).ok()).unwrap_or(0) * COLUMN;
    let mut places: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    let mut keys = Vec::new();
    for host in hosts.iter().filter(|host| !host.is_empty()) {
        let key = format!("asset|{host}");
        canvas.block("asset", &key, &json!([["name", host], ["description", null]]), (column(host), 0));
        keys.push(key);
    }
    for (row, step) in (1_i64..).zip(steps) {
        let at = (column(&step.host), row * ROW);
        places.insert(&step.id, at);
        canvas.block("action", &step.id, &action(view, step), at);
        keys.push(step.id.clone());
    }
    for host in hosts.iter().filter(|host| !host.is_empty()) {
        if let Some(step) = steps.iter().find(|step| step.host == *host) {
            let to = places.get(step.id.as_str()).copied().unwrap_or_default();
            canvas.line((&step.id, 90, (to.0, to.1 - 110)), (&format!("asset|{host}"), 270, (column(host), 60)));
        }
    }
    for (from, to) in edges(view) {
        let (a, b) = (places.get(from).copied().unwrap_or_default(), places.get(to).copied().unwrap_or_default());
        canvas.line((from, 270, (a.0, a.1 + 110)), (to, 90, (b.0, b.1 - 110)));
    }
    let beside = i64::try_from(hosts.len()).unwrap_or(0) * COLUMN;
    for (row, one) in (1_i64..).zip(&view.malware) {
        let key = format!("malware|{}", one.key);
        let at = (beside, row * ROW);
        canvas.block("malware", &key, &super::malware::block(one, view.lang()), at);
        for step in one.steps(&view.told.chain.steps) {
            let from = places.get(step.id.as_str()).copied().unwrap_or_default();
            canvas.line((&step.id, 0, (from.0 + 160, from.1)), (&key, 180, (at.0 - 160, at.1)));
        }
        keys.push(key);
    }
    canvas.anchors(&keys);
    let (name, description) = title(view);
    let author = json!([["name", say::text(view.lang(), "reporter")], ["identity_class", "organization"], ["contact_information", null]]);
    let tlp = super::stix::marking(view.tlp()).1.replace('+', "-");
    let flow = json!({
        "id": "flow", "instance": view.ids.uuid("afb-flow", "flow"),
        "properties": [["name", name], ["description", description], ["author", author], ["scope", "incident"],
            ["classification", [["marking", format!("tlp-{tlp}")], ["group", null]]], ["external_references", []], ["created", millis(view.clock)]],
        "objects": canvas.members,
    });
    let mut objects = vec![flow];
    objects.extend(canvas.children);
    json!({"schema": "attack_flow_v2", "theme": "dark_theme", "objects": objects, "layout": canvas.layout, "camera": {"x": 0, "y": 0, "k": 0.4}})
}

fn action(view: &View<'_>, step: &Step) -> Value {
    let tactic = attack::tactic(&step.tactic).map(|tactic| tactic.id);
    let technique = step.techniques.first();
    json!([
        ["name", step_title(view, step)],
        ["tactic_id", tactic],
        ["tactic_ref", null],
        ["technique_id", technique],
        ["technique_ref", null],
        ["description", describe(view, step)],
        ["confidence", confidence(step.confidence)],
        ["execution_start", start(&step.time).map(millis)],
        ["execution_end", end(&step.time).map(millis)],
        ["ttp", [["tactic", tactic], ["technique", technique]]],
    ])
}

/// The Builder's words for a probability.
fn confidence(value: f64) -> &'static str {
    match (value * 100.0).round() as u64 {
        0..=4 => "speculative",
        5..=19 => "very-doubtful",
        20..=39 => "doubtful",
        40..=59 => "even-odds",
        60..=79 => "probable",
        80..=97 => "very-probable",
        _ => "certain",
    }
}
