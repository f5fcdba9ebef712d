//! Detections for others: the Sigma rules behind each step with made-up samples, rules for its indicators, and the plan
//! that `replay` follows.

use std::collections::BTreeMap;

use konseki_model::Step;
use serde_json::{Value, json};

use super::json_file;
use super::view::{Ioc, View};
use crate::words_of_data as say;
use crate::{Error, File};
use konseki_report::Lang;

/// # Errors
/// A file that cannot be written.
pub fn files(view: &View<'_>) -> Result<Vec<File>, Error> {
    let mut files: BTreeMap<String, File> = BTreeMap::new();
    let mut add = |file: File| {
        files.insert(file.path.clone(), file);
    };
    let mut steps = Vec::new();
    for step in &view.told.chain.steps {
        let mut rules = Vec::new();
        for finding in view.of_step(step) {
            let Some(own) = view.told.book.get(&finding.rule) else { continue };
            let name = own.file.rsplit('/').next().unwrap_or(&own.file).trim_end_matches(".yml");
            add(File::new(format!("detections/sigma/{name}.yml"), own.yaml.clone()));
            add(File::new(format!("detections/sigma/{name}.match.jsonl"), own.matches.clone()));
            add(File::new(format!("detections/sigma/{name}.nomatch.jsonl"), own.nomatches.clone()));
            push(&mut rules, &finding.rule, logsource(&own.yaml));
        }
        for ioc in view.iocs.iter().filter(|ioc| ioc.findings.iter().any(|id| step.findings.contains(id))) {
            let Some((fields, source)) = fields(ioc) else { continue };
            let id = view.ids.uuid("sigma", &format!("{}|{}", ioc.kind, ioc.value));
            let name = format!("indicator-{}", id.get(..8).unwrap_or(&id));
            add(File::new(format!("detections/sigma/{name}.yml"), rule(view, step, ioc, &id, (fields, source))));
            let sample: serde_json::Map<String, Value> =
                fields.iter().take(1).map(|field| ((*field).to_owned(), json!(ioc.value))).collect();
            add(File::new(format!("detections/sigma/{name}.match.jsonl"), format!("{}\n", Value::Object(sample))));
            push(&mut rules, &id, json!({"category": source}));
        }
        steps.push(json!({
            "id": step.id, "title": step.title, "title_ja": step.title_ja, "tactic": step.tactic, "techniques": step.techniques, "rules": rules,
        }));
    }
    let mut out: Vec<File> = files.into_values().filter(|file| !file.bytes.is_empty()).collect();
    out.push(json_file("detections/steps.json", &json!({"steps": steps}))?);
    Ok(out)
}

fn push(rules: &mut Vec<Value>, id: &str, source: Value) {
    if !rules.iter().any(|rule| rule.get("id").and_then(Value::as_str) == Some(id)) {
        rules.push(json!({"id": id, "logsource": source, "expected": "match"}));
    }
}

/// Product, category and service of one of our own rules: plain scalars below `logsource:`.
fn logsource(yaml: &str) -> Value {
    let mut inside = false;
    let mut out = serde_json::Map::new();
    for line in yaml.lines() {
        if !line.starts_with(' ') {
            inside = line.trim_end() == "logsource:";
        } else if let Some((key, value)) = line.trim().split_once(": ").filter(|_| inside) {
            out.insert(key.to_owned(), json!(value.trim().trim_matches(['\'', '"'])));
        }
    }
    Value::Object(out)
}

/// Where an indicator would be seen: fields as Sigma's taxonomy names them, and the category of log.
fn fields(ioc: &Ioc) -> Option<(&'static [&'static str], &'static str)> {
    match ioc.kind {
        "domain-name" => Some((&["query"], "dns")),
        "ipv4-addr" | "ipv6-addr" if ioc.outbound => Some((&["dst_ip"], "firewall")),
        "ipv4-addr" | "ipv6-addr" => Some((&["c-ip"], "webserver")),
        _ => None,
    }
}

fn rule(view: &View<'_>, step: &Step, ioc: &Ioc, id: &str, (fields, category): (&[&str], &str)) -> String {
    let quote = |text: &str| format!("'{}'", konseki_report::visible(text).replace('\'', "''"));
    let title = say::fill(Lang::En, "rule", &[("step", step.id.clone()), ("title", konseki_report::shorten(&step.title, 60))]);
    let title_ja = say::fill(Lang::Ja, "rule", &[("step", step.id.clone()), ("title", konseki_report::shorten(&step.title_ja, 60))]);
    let described = |lang| say::fill(lang, "indicator", &[("kind", ioc.kind.to_owned()), ("titles", step.title.clone())]);
    let date = super::millis(view.clock);
    let tags: Vec<String> = ioc.techniques.iter().map(|id| format!("  - attack.{}\n", id.to_lowercase())).collect();
    let tags = if tags.is_empty() { String::new() } else { format!("tags:\n{}", tags.concat()) };
    let selection: String = fields.iter().map(|field| format!("    {field}: {}\n", quote(&ioc.value))).collect();
    format!(
        "title: {}\nid: {id}\nstatus: experimental\ndescription: {}\nauthor: konseki\ndate: {}\nja:\n  title: {}\n  description: {}\n{tags}logsource:\n  category: {category}\ndetection:\n  selection:\n{selection}  condition: selection\nfalsepositives:\n  - {}\nlevel: high\n",
        quote(&konseki_report::shorten(&title, 100)),
        quote(&described(Lang::En)),
        quote(date.get(..10).unwrap_or_default()),
        quote(&title_ja),
        quote(&described(Lang::Ja)),
        quote(&say::text(Lang::En, "rule-false")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_source_of_a_rule_is_read() {
        let yaml = "title: A\nlogsource:\n  product: esxi\n  service: 'shell'\ndetection:\n  sel:\n    a: b\n";
        assert_eq!(logsource(yaml), json!({"product": "esxi", "service": "shell"}));
    }
}
