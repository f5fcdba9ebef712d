//! A MISP event: indicators as attributes, the story as an event report, unpublished until a person decides.

use konseki_report::attack;
use serde_json::{Value, json};

use super::view::{Ioc, View};
use super::{millis, set, stix};
use crate::words_of_data as say;

pub fn event(view: &View<'_>) -> Value {
    let name = say::fill(view.lang(), "report", &[("case", view.told.name.clone())]);
    let seconds = view.clock.div_euclid(1_000_000);
    let mut tags = vec![json!({"name": format!("tlp:{}", stix::marking(view.tlp()).1)})];
    let techniques: std::collections::BTreeSet<&String> = view.telling().into_iter().flat_map(|finding| &finding.techniques).collect();
    for id in techniques {
        if let Some(technique) = attack::technique(id) {
            tags.push(json!({"name": format!("misp-galaxy:mitre-attack-pattern=\"{} - {id}\"", technique.name)}));
        }
    }
    let attributes: Vec<Value> = view.iocs.iter().map(|ioc| attribute(view, ioc)).collect();
    let mut reports = Vec::new();
    for lang in &view.request.langs {
        let title = say::fill(*lang, "report", &[("case", view.told.name.clone())]);
        let content = story(view, *lang);
        reports.push(json!({"uuid": view.ids.uuid("misp-report", lang.tag()), "name": title, "content": content, "distribution": "5", "timestamp": seconds.to_string()}));
    }
    json!({"Event": {
        "uuid": view.ids.uuid("misp-event", "event"),
        "info": name,
        "date": millis(view.clock).get(..10).unwrap_or("1970-01-01"),
        "threat_level_id": "1",
        "analysis": "2",
        "distribution": "0",
        "published": false,
        "timestamp": seconds.to_string(),
        "Orgc": {"uuid": view.ids.uuid("misp-org", "reporter"), "name": say::text(view.lang(), "reporter")},
        "Tag": tags,
        "Attribute": attributes,
        "EventReport": reports,
    }})
}

fn attribute(view: &View<'_>, ioc: &Ioc) -> Value {
    let (kind, category) = match ioc.kind {
        "ipv4-addr" | "ipv6-addr" if ioc.outbound => ("ip-dst", "Network activity"),
        "ipv4-addr" | "ipv6-addr" => ("ip-src", "Network activity"),
        "domain-name" => ("domain", "Network activity"),
        "MD5" => ("md5", "Payload delivery"),
        "SHA-1" => ("sha1", "Payload delivery"),
        "SHA-256" => ("sha256", "Payload delivery"),
        _ => ("sha512", "Payload delivery"),
    };
    let mut out = json!({
        "uuid": view.ids.uuid("misp-attribute", &format!("{kind}|{}", ioc.value)),
        "type": kind, "category": category, "value": ioc.value, "to_ids": ioc.confidence >= 0.8, "distribution": "5",
        "timestamp": view.clock.div_euclid(1_000_000).to_string(),
        "comment": ioc.techniques.iter().cloned().collect::<Vec<_>>().join(", "),
    });
    if let (Some(first), Some(last)) = (ioc.first, ioc.last) {
        set(&mut out, "first_seen", json!(millis(first)));
        set(&mut out, "last_seen", json!(millis(last.max(first))));
    }
    out
}

/// Markdown: one line a step. Values are made harmless, for MISP renders it.
fn story(view: &View<'_>, lang: konseki_report::Lang) -> String {
    let mut lines = Vec::new();
    for step in &view.told.chain.steps {
        let title = if lang == konseki_report::Lang::Ja && !step.title_ja.is_empty() { &step.title_ja } else { &step.title };
        let time = step.time.start.clone().unwrap_or_default();
        let shown: String = konseki_report::visible(&konseki_report::defang(title)).replace(['<', '>', '[', ']', '`', '|', '@'], " ");
        lines.push(format!("- {} {time} {shown} {}", step.id, step.techniques.join(", ")));
    }
    lines.join("\n") + "\n"
}
