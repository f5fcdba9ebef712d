//! STIX 2.1 bundle: report, techniques, indicators, observed data, sightings, notes for gaps, Japanese texts.

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::{Entity, EntityKind, Finding};
use konseki_report::time::parse_rfc3339;
use konseki_report::{Lang, Tlp, attack};
use serde_json::{Map, Value, json};

use super::ids::observable;
use super::millis;
use super::view::{Ioc, View, end, kind_word, places, start};
use crate::redact::{is_hash, parse_address};
use crate::words_of_data as say;

/// TLP 2.0 markings (OASIS common objects): id and value.
pub fn marking(tlp: Tlp) -> (&'static str, &'static str) {
    match tlp {
        Tlp::Clear => ("marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487", "clear"),
        Tlp::Green => ("marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb", "green"),
        Tlp::Amber => ("marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421", "amber"),
        Tlp::AmberStrict => ("marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003", "amber+strict"),
        Tlp::Red => ("marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1", "red"),
    }
}

/// The marking as an object of the bundle.
pub fn marking_object(tlp: Tlp) -> Value {
    let (id, value) = marking(tlp);
    json!({
        "type": "marking-definition", "spec_version": "2.1", "id": id, "created": "2022-10-01T00:00:00.000Z", "name": tlp.label(),
        "extensions": {"extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d": {"extension_type": "property-extension", "tlp_2_0": value}},
    })
}

/// Objects by id, so that none stands twice and the order is fixed.
pub struct Bundle<'a> {
    pub view: &'a View<'a>,
    pub objects: BTreeMap<String, Value>,
    pub reporter: String,
}

impl<'a> Bundle<'a> {
    pub fn new(view: &'a View<'a>) -> Self {
        let mut bundle = Self { view, objects: BTreeMap::new(), reporter: view.ids.stix("identity", "reporter") };
        let marking = marking_object(view.tlp());
        bundle.objects.insert(self::marking(view.tlp()).0.to_owned(), marking);
        let lang = view.lang();
        let fact = ["organisation_en", "organisation", "organisation_ja"].iter().find_map(|key| view.told.facts.get(*key).cloned());
        let name = fact.unwrap_or_else(|| say::text(lang, "reporter"));
        bundle.add("identity", "reporter", json!({"name": name, "identity_class": "organization"}));
        bundle
    }

    /// Adds an object with what every object has; returns its id.
    pub fn add(&mut self, kind: &str, key: &str, body: Value) -> String {
        let id = self.view.ids.stix(kind, key);
        let clock = millis(self.view.clock);
        let mut object = Map::new();
        for (name, value) in [
            ("type", json!(kind)),
            ("spec_version", json!("2.1")),
            ("id", json!(id)),
            ("created", json!(clock)),
            ("modified", json!(clock)),
        ] {
            object.insert(name.to_owned(), value);
        }
        object.insert("created_by_ref".to_owned(), json!(self.reporter));
        if let Value::Object(body) = body {
            object.extend(body);
        }
        object.insert("object_marking_refs".to_owned(), json!([marking(self.view.tlp()).0]));
        self.objects.insert(id.clone(), Value::Object(object));
        id
    }

    pub fn relate(&mut self, from: &str, kind: &str, to: &str) {
        let key = format!("{from}|{kind}|{to}");
        self.add("relationship", &key, json!({"relationship_type": kind, "source_ref": from, "target_ref": to}));
    }

    /// A cyber-observable; `None` where its id cannot be made.
    pub fn observe(&mut self, kind: &str, contributing: Value) -> Option<String> {
        let id = observable(kind, &contributing).ok()?;
        let mut object = Map::new();
        object.insert("type".to_owned(), json!(kind));
        object.insert("spec_version".to_owned(), json!("2.1"));
        object.insert("id".to_owned(), json!(id));
        if let Value::Object(body) = contributing {
            object.extend(body);
        }
        object.insert("object_marking_refs".to_owned(), json!([marking(self.view.tlp()).0]));
        self.objects.insert(id.clone(), Value::Object(object));
        Some(id)
    }

    pub fn technique(&mut self, id: &str) -> Option<String> {
        let technique = attack::technique(id)?;
        let phases: Vec<Value> = technique
            .tactics
            .split(',')
            .filter_map(attack::tactic)
            .map(|t| json!({"kill_chain_name": "mitre-attack", "phase_name": t.short}))
            .collect();
        let url = format!("https://attack.mitre.org/techniques/{}", id.replace('.', "/"));
        let body = json!({
            "name": attack::full_name(id, false).unwrap_or_else(|| technique.name.to_owned()),
            "kill_chain_phases": phases,
            "external_references": [{"source_name": "mitre-attack", "external_id": id, "url": url}],
        });
        let made = self.add("attack-pattern", id, body);
        if self.view.ja() && !technique.ja.is_empty() {
            self.japanese(&made, json!({"name": technique.ja}));
        }
        Some(made)
    }

    /// The Japanese text of an object.
    pub fn japanese(&mut self, object: &str, words: Value) {
        let body = json!({"object_ref": object, "object_modified": millis(self.view.clock), "contents": {"ja": words}});
        self.add("language-content", object, body);
    }

    pub fn finish(self) -> Value {
        let objects: Vec<Value> = self.objects.into_values().collect();
        let canonical = serde_json_canonicalizer::to_string(&json!(objects)).unwrap_or_default();
        json!({"type": "bundle", "id": self.view.ids.stix("bundle", &canonical), "objects": objects})
    }
}

/// The text of a pattern: quotes and backslashes escaped.
fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "\\'")
}

pub fn pattern(ioc: &Ioc) -> String {
    match ioc.kind {
        "MD5" | "SHA-1" | "SHA-256" | "SHA-512" => format!("[file:hashes.'{}' = '{}']", ioc.kind, quoted(&ioc.value)),
        kind => format!("[{kind}:value = '{}']", quoted(&ioc.value)),
    }
}

pub fn bundle(view: &View<'_>) -> Value {
    let mut bundle = Bundle::new(view);
    let mut observed = BTreeMap::new();
    for finding in view.telling() {
        if let Some(id) = seen(&mut bundle, finding) {
            observed.insert(finding.id.clone(), id);
        }
    }
    for ioc in &view.iocs {
        indicator(&mut bundle, ioc, &observed);
    }
    rules(&mut bundle);
    for one in &view.malware {
        super::malware::related(&mut bundle, one, &observed);
    }
    let reporter = bundle.reporter.clone();
    for gap in &view.told.chain.gaps {
        let content = format!("{} {}", gap.what, gap.collect);
        let id = bundle.add(
            "note",
            &gap.id,
            json!({"abstract": say::text(Lang::En, "gap"), "content": content.trim(), "object_refs": [reporter]}),
        );
        if view.ja() {
            bundle.japanese(
                &id,
                json!({"abstract": say::text(Lang::Ja, "gap"), "content": format!("{} {}", gap.what_ja, gap.collect_ja).trim()}),
            );
        }
    }
    report(&mut bundle);
    bundle.finish()
}

fn report(bundle: &mut Bundle<'_>) {
    let view = bundle.view;
    let words = |lang| {
        let chain = &view.told.chain;
        let counts =
            [("steps", chain.steps.len().to_string()), ("links", chain.links.len().to_string()), ("gaps", chain.gaps.len().to_string())];
        let window =
            [("from", chain.scope.window.from.clone().unwrap_or_default()), ("to", chain.scope.window.to.clone().unwrap_or_default())];
        let name = say::fill(lang, "report", &[("case", view.told.name.clone())]);
        (name, say::fill(lang, "describe", &counts.into_iter().chain(window).collect::<Vec<_>>()))
    };
    let refs: Vec<&String> = bundle.objects.keys().filter(|id| !id.starts_with("marking-definition")).collect();
    let (name, description) = words(view.lang());
    let published = view.told.facts.get("published").and_then(|text| parse_rfc3339(text)).unwrap_or(view.clock);
    let body = json!({"name": name, "description": description, "report_types": ["campaign"], "published": millis(published), "lang": view.lang().tag(), "object_refs": refs});
    let id = bundle.add("report", "report", body);
    if view.ja() && view.lang() == Lang::En {
        let (name, description) = words(Lang::Ja);
        bundle.japanese(&id, json!({"name": name, "description": description}));
    }
}

/// Observed data of a finding, and its sightings; `None` where it has no time or nothing that STIX can hold.
fn seen(bundle: &mut Bundle<'_>, finding: &Finding) -> Option<String> {
    let techniques: Vec<String> = finding.techniques.iter().filter_map(|id| bundle.technique(id)).collect();
    let (first, last) = (start(&finding.time)?, end(&finding.time)?);
    let objects: BTreeSet<String> = finding.entities.iter().filter_map(|entity| entity_object(bundle, entity)).collect();
    if objects.is_empty() {
        return None;
    }
    let evidence: Vec<Value> = places(finding).take(5).map(|place| json!({"source_name": "evidence", "external_id": place})).collect();
    let body = json!({
        "first_observed": millis(first), "last_observed": millis(last.max(first)), "number_observed": finding.count.clamp(1, 999_999_999),
        "object_refs": objects, "external_references": evidence,
    });
    let observed = bundle.add("observed-data", &finding.id, body);
    let reporter = bundle.reporter.clone();
    for technique in techniques {
        let body = json!({
            "sighting_of_ref": technique, "observed_data_refs": [observed], "where_sighted_refs": [reporter],
            "first_seen": millis(first), "last_seen": millis(last.max(first)), "count": finding.count.clamp(1, 999_999_999),
            "description": format!("{} ({})", finding.title, say::text(bundle.view.lang(), kind_word(finding.kind))),
            "confidence": (finding.confidence * 100.0).round() as u64,
        });
        bundle.add("sighting", &format!("{}|{technique}", finding.id), body);
    }
    Some(observed)
}

pub fn entity_object(bundle: &mut Bundle<'_>, entity: &Entity) -> Option<String> {
    let value = entity.value.as_str();
    match entity.kind {
        EntityKind::Address => {
            let ip = parse_address(value)?;
            bundle.observe(if ip.is_ipv4() { "ipv4-addr" } else { "ipv6-addr" }, json!({"value": ip.to_string()}))
        }
        EntityKind::Domain if value.contains('.') => bundle.observe("domain-name", json!({"value": value.to_lowercase()})),
        EntityKind::Url if value.contains("://") => bundle.observe("url", json!({"value": value})),
        EntityKind::User => bundle.observe("user-account", json!({"account_login": value})),
        EntityKind::Hash if is_hash(value) => {
            let name = match value.len() {
                32 => "MD5",
                40 => "SHA-1",
                64 => "SHA-256",
                _ => "SHA-512",
            };
            bundle.observe("file", json!({"hashes": {name: value.to_lowercase()}}))
        }
        EntityKind::File | EntityKind::Url => {
            let (folder, name) = value.rsplit_once(['/', '\\'])?;
            if name.is_empty() || folder.is_empty() {
                return None;
            }
            let parent = bundle.observe("directory", json!({"path": folder}))?;
            bundle.observe("file", json!({"name": name, "parent_directory_ref": parent}))
        }
        _ => None,
    }
}

fn indicator(bundle: &mut Bundle<'_>, ioc: &Ioc, observed: &BTreeMap<String, String>) {
    let view = bundle.view;
    let titles: BTreeSet<&str> =
        ioc.findings.iter().filter_map(|id| view.findings.get(id.as_str())).map(|finding| finding.title.as_str()).collect();
    let words = |lang| {
        say::fill(
            lang,
            "indicator",
            &[("kind", ioc.kind.to_owned()), ("titles", titles.iter().copied().take(3).collect::<Vec<_>>().join("; "))],
        )
    };
    let body = json!({
        "name": ioc.value, "description": words(Lang::En), "indicator_types": ["malicious-activity"], "pattern": pattern(ioc),
        "pattern_type": "stix", "pattern_version": "2.1", "valid_from": millis(ioc.first.unwrap_or(view.clock)),
        "confidence": (ioc.confidence * 100.0).round() as u64, "lang": "en",
    });
    let id = bundle.add("indicator", &format!("{}|{}", ioc.kind, ioc.value), body);
    for technique in &ioc.techniques {
        if let Some(technique) = bundle.technique(technique) {
            bundle.relate(&id, "indicates", &technique);
        }
    }
    for data in ioc.findings.iter().filter_map(|finding| observed.get(finding)) {
        bundle.relate(&id, "based-on", data);
    }
}

/// Rules of ours that matched, as they stand.
fn rules(bundle: &mut Bundle<'_>) {
    let view = bundle.view;
    for (rule, own) in &view.told.book {
        let kind = if own.is_yara() { "yara" } else { "sigma" };
        let body = json!({
            "name": own.title, "description": own.why, "indicator_types": ["malicious-activity"], "pattern": own.yaml, "pattern_type": kind,
            "valid_from": millis(view.clock), "lang": "en",
        });
        let id = bundle.add("indicator", &format!("{kind}|{rule}"), body);
        if view.ja() && !own.title_ja.is_empty() {
            bundle.japanese(&id, json!({"name": own.title_ja, "description": own.why_ja}));
        }
        let techniques: BTreeSet<&String> = view.told.findings.iter().filter(|f| f.rule == *rule).flat_map(|f| &f.techniques).collect();
        for technique in techniques {
            if let Some(technique) = bundle.technique(technique) {
                bundle.relate(&id, "indicates", &technique);
            }
        }
    }
}
