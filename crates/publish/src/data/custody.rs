//! Custody of the evidence for a court: CASE/UCO JSON-LD, only where the audience may see the custody log.

use serde_json::{Value, json};

use super::json_file;
use super::view::View;
use crate::{Error, File};

/// # Errors
/// A file that cannot be written.
pub fn files(view: &View<'_>) -> Result<Vec<File>, Error> {
    if view.told.custody.is_empty() {
        return Ok(Vec::new());
    }
    let log = view.told.custody.join("\n") + "\n";
    Ok(vec![json_file("data/custody.jsonld", &graph(view))?, File::new("data/custody.jsonl", log)])
}

fn graph(view: &View<'_>) -> Value {
    let node = |kind: &str, key: &str| format!("kb:{kind}-{}", view.ids.uuid("case", &format!("{kind}|{key}")));
    let tool = node("tool", "konseki");
    let mut all =
        vec![json!({"@id": tool, "@type": "uco-tool:Tool", "uco-core:name": "konseki", "uco-tool:version": env!("CARGO_PKG_VERSION")})];
    for piece in &view.told.intake {
        let name = piece.path.rsplit('/').next().unwrap_or(&piece.path);
        let hash = json!({"@id": node("hash", &piece.id), "@type": "uco-types:Hash", "uco-types:hashMethod": "SHA256",
            "uco-types:hashValue": {"@type": "xsd:hexBinary", "@value": piece.sha256}});
        let content = json!({"@id": node("content", &piece.id), "@type": "uco-observable:ContentDataFacet", "uco-observable:hash": hash,
            "uco-observable:sizeInBytes": piece.bytes});
        let facet = json!({"@id": node("facet", &piece.id), "@type": "uco-observable:FileFacet", "uco-observable:fileName": name, "uco-observable:filePath": piece.path});
        all.push(json!({"@id": node("file", &piece.id), "@type": "uco-observable:File", "uco-core:hasFacet": [content, facet]}));
        all.push(json!({"@id": node("provenance", &piece.id), "@type": "case-investigation:ProvenanceRecord",
            "case-investigation:exhibitNumber": piece.id, "uco-core:object": {"@id": node("file", &piece.id)}}));
    }
    for (number, line) in view.told.custody.iter().enumerate() {
        all.extend(action(line, number, &node, &tool));
    }
    json!({
        "@context": {
            "kb": "http://example.org/kb/",
            "case-investigation": "https://ontology.caseontology.org/case/investigation/",
            "uco-action": "https://ontology.unifiedcyberontology.org/uco/action/",
            "uco-core": "https://ontology.unifiedcyberontology.org/uco/core/",
            "uco-identity": "https://ontology.unifiedcyberontology.org/uco/identity/",
            "uco-observable": "https://ontology.unifiedcyberontology.org/uco/observable/",
            "uco-tool": "https://ontology.unifiedcyberontology.org/uco/tool/",
            "uco-types": "https://ontology.unifiedcyberontology.org/uco/types/",
            "xsd": "http://www.w3.org/2001/XMLSchema#",
        },
        "@graph": all,
    })
}

/// One line of the custody log as an action; `None` for a line that is no JSON.
fn action(line: &str, number: usize, node: &dyn Fn(&str, &str) -> String, tool: &str) -> Option<Value> {
    let entry: Value = serde_json::from_str(line).ok()?;
    let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
    Some(json!({
        "@id": node("action", &number.to_string()), "@type": "case-investigation:InvestigativeAction",
        "uco-core:name": text("action"), "uco-core:description": text("path"),
        "uco-action:instrument": {"@id": tool},
        "uco-action:startTime": {"@type": "xsd:dateTime", "@value": text("utc")},
    }))
}
