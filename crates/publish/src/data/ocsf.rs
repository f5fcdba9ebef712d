//! OCSF 1.8: one incident finding, and a detection finding for each finding that tells the story.

use konseki_model::{Finding, Level};
use konseki_report::attack;
use serde_json::{Value, json};

use super::set;
use super::view::{View, end, places, start, tactics};

const VERSION: &str = "1.8.0";

/// Severity by number and word.
fn severity(level: Level) -> (u64, &'static str) {
    match level {
        Level::Informational => (1, "Informational"),
        Level::Low => (2, "Low"),
        Level::Medium => (3, "Medium"),
        Level::High => (4, "High"),
        Level::Critical => (5, "Critical"),
    }
}

fn product() -> Value {
    json!({"name": "konseki", "vendor_name": "konseki", "version": env!("CARGO_PKG_VERSION")})
}

pub fn events(view: &View<'_>) -> Value {
    let telling = view.telling();
    let mut out = vec![incident(view, &telling)];
    out.extend(telling.iter().map(|finding| detection(view, finding)));
    Value::Array(out)
}

fn attacks(finding: &Finding) -> Vec<Value> {
    let tactic = tactics(finding).into_iter().next().and_then(attack::tactic);
    let known = finding.techniques.iter().filter_map(|id| attack::technique(id));
    known
        .map(|technique| {
            let mut one = json!({"technique": {"uid": technique.id, "name": technique.name}, "version": "18.1"});
            if let Some(tactic) = tactic {
                set(&mut one, "tactic", json!({"uid": tactic.id, "name": tactic.name}));
            }
            one
        })
        .collect()
}

fn info(view: &View<'_>, finding: &Finding) -> Value {
    let mut info = json!({"uid": finding.id, "title": finding.title, "desc": finding.why, "attacks": attacks(finding)});
    if let (Some(first), Some(last)) = (start(&finding.time), end(&finding.time)) {
        set(&mut info, "first_seen_time", json!(first.div_euclid(1000)));
        set(&mut info, "last_seen_time", json!(last.max(first).div_euclid(1000)));
    }
    set(&mut info, "created_time", json!(view.clock.div_euclid(1000)));
    info
}

fn incident(view: &View<'_>, telling: &[&Finding]) -> Value {
    let (number, word) = severity(telling.iter().map(|finding| finding.level).max().unwrap_or(Level::Informational));
    json!({
        "category_uid": 2, "category_name": "Findings", "class_uid": 2005, "class_name": "Incident Finding",
        "activity_id": 1, "activity_name": "Create", "type_uid": 200_501, "type_name": "Incident Finding: Create",
        "severity_id": number, "severity": word, "status_id": 2, "status": "In Progress",
        "time": view.clock.div_euclid(1000),
        "metadata": {"version": VERSION, "product": product(), "profiles": ["incident"], "uid": view.ids.uuid("ocsf", "incident")},
        "assignee_group": {"name": crate::words_of_data::text(view.lang(), "reporter")},
        "finding_info_list": telling.iter().map(|finding| info(view, finding)).collect::<Vec<_>>(),
    })
}

fn detection(view: &View<'_>, finding: &Finding) -> Value {
    let (number, word) = severity(finding.level);
    let evidence: Vec<Value> = places(finding).take(20).map(|place| json!({"data": {"place": place}})).collect();
    json!({
        "category_uid": 2, "category_name": "Findings", "class_uid": 2004, "class_name": "Detection Finding",
        "activity_id": 1, "activity_name": "Create", "type_uid": 200_401, "type_name": "Detection Finding: Create",
        "severity_id": number, "severity": word, "status_id": 1, "status": "New",
        "time": start(&finding.time).unwrap_or(view.clock).div_euclid(1000),
        "count": finding.count, "confidence_score": (finding.confidence * 100.0).round() as u64,
        "metadata": {"version": VERSION, "product": product(), "uid": view.ids.uuid("ocsf", &finding.id)},
        "finding_info": info(view, finding),
        "evidences": evidence,
    })
}
