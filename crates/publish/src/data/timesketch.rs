//! Timesketch JSONL: one line a finding, times with offset to the microsecond.

use serde_json::json;

use super::stamp;
use super::view::{View, places, start};
use crate::{Error, File};

/// # Errors
/// A line that cannot be written.
pub fn jsonl(view: &View<'_>) -> Result<File, Error> {
    let mut text = String::new();
    let mut findings: Vec<_> = view.told.findings.iter().filter_map(|finding| Some((start(&finding.time)?, finding))).collect();
    findings.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| a.1.id.cmp(&b.1.id)));
    for (time, finding) in findings {
        // Timesketch's index begins in 1700; a time before is a broken clock, and stands in the CSV.
        if time < -8_520_336_000_000_000 {
            continue;
        }
        let value = |role: &str, kind| {
            finding
                .entities
                .iter()
                .find(|e| e.kind == kind && (role.is_empty() || e.role == role))
                .map(|e| e.value.clone())
                .unwrap_or_default()
        };
        let line = json!({
            "message": konseki_report::shorten(&finding.title, 4000),
            "datetime": stamp(time).replace('Z', "+00:00"),
            "timestamp": time,
            "timestamp_desc": "konseki finding",
            "data_type": format!("konseki:{}", finding.engine),
            "hostname": value("", konseki_model::EntityKind::Host),
            "username": value("", konseki_model::EntityKind::User),
            "src_ip": value("from", konseki_model::EntityKind::Address),
            "dest_ip": value("to", konseki_model::EntityKind::Address),
            "attack_technique": finding.techniques.join(","),
            "level": finding.level.as_str(),
            "confidence": finding.confidence,
            "evidence_ref": places(finding).take(5).collect::<Vec<_>>().join(" "),
            "finding": finding.id,
            "tlp": view.tlp().label(),
            "tag": finding.techniques,
        });
        text.push_str(&serde_json::to_string(&line).map_err(|error| Error::Internal(error.to_string()))?);
        text.push('\n');
    }
    Ok(File::new("data/timesketch.jsonl", text))
}
