//! Detections for others: the Sigma rules behind each step with made-up samples, rules for its indicators, and the plan
//! that `replay` follows.

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::{Finding, Step};
use serde_json::{Value, json};

use super::json_file;
use super::view::{Ioc, View};
use crate::words_of_data as say;
use crate::{Act, Error, File, OwnRule};
use konseki_report::Lang;

mod acts;
mod compared;

/// Hide Artifacts: Run Virtual Instance; and the script that looks for it on a host.
pub const HIDDEN: &str = "T1564.006";
pub const SCRIPT: &str = include_str!("../../../data/scripts/esxi-unregistered-machines.sh");
pub const SCRIPT_PATH: &str = "detections/scripts/esxi-unregistered-machines.sh";

/// What is written so far, and the plan of the step at hand.
struct Kit<'a> {
    view: &'a View<'a>,
    files: BTreeMap<String, File>,
    rules: Vec<Value>,
}

/// # Errors
/// A file that cannot be written.
pub fn files(view: &View<'_>) -> Result<Vec<File>, Error> {
    let mut kit = Kit { view, files: BTreeMap::new(), rules: Vec::new() };
    let mut steps = Vec::new();
    for step in &view.told.chain.steps {
        for finding in view.of_step(step) {
            kit.finding(finding);
        }
        for ioc in view.iocs.iter().filter(|ioc| ioc.findings.iter().any(|id| step.findings.contains(id))) {
            kit.indicator(step, ioc);
        }
        steps.push(json!({
            "id": step.id, "title": step.title, "title_ja": step.title_ja, "tactic": step.tactic, "techniques": step.techniques,
            "rules": std::mem::take(&mut kit.rules),
        }));
    }
    kit.indicators();
    let mut out: Vec<File> = kit.files.into_values().filter(|file| !file.bytes.is_empty()).collect();
    if view.told.chain.steps.iter().flat_map(|step| &step.techniques).any(|id| id == HIDDEN) {
        out.push(File::new(SCRIPT_PATH, SCRIPT));
    }
    out.push(json_file("detections/steps.json", &json!({"steps": steps}))?);
    Ok(out)
}

/// Every rule that could be made of an act: nothing of a case is in it.
pub fn act_rules(all: &[Act]) -> Vec<File> {
    let sources = BTreeSet::from(["windows/evtx", "vmware/esxi_shell", "linux/auditd", "ivanti/nodemon"]);
    all.iter().flat_map(|act| acts::rules(std::slice::from_ref(act), &act.techniques, &sources)).flat_map(|made| made.files).collect()
}

/// Sources of the evidence that shows a finding.
fn sources<'v>(view: &'v View<'_>, finding: &Finding) -> BTreeSet<&'v str> {
    let ids: BTreeSet<&str> = finding.because.iter().map(|because| because.evidence.as_str()).collect();
    let pieces = view.told.intake.iter().filter(|piece| ids.contains(piece.id.as_str()));
    pieces.map(|piece| piece.source.as_str()).filter(|source| !source.is_empty()).collect()
}

impl Kit<'_> {
    fn add(&mut self, file: File) {
        self.files.insert(file.path.clone(), file);
    }

    /// One more detection of the step at hand. What was told as a proof stays one.
    fn push(&mut self, rule: Value) {
        let same = |one: &Value| one.get("id") == rule.get("id") && one.get("engine") == rule.get("engine");
        if let Some(known) = self.rules.iter_mut().find(|one| same(one)) {
            if rule.get("proves") == Some(&json!(true)) {
                super::set(known, "proves", json!(true));
            }
        } else {
            self.rules.push(rule);
        }
    }

    fn finding(&mut self, finding: &Finding) {
        let view = self.view;
        match finding.engine.as_str() {
            "chain" => self.comparison(finding),
            _ => {
                if let Some(own) = view.told.book.get(&finding.rule) {
                    let sources: Vec<&str> = sources(view, finding).into_iter().collect();
                    self.own(own, true, &sources);
                }
            }
        }
    }

    /// A rule of ours with its samples. `proves`: it made a finding of this step; otherwise it only shows where to look.
    fn own(&mut self, own: &OwnRule, proves: bool, sources: &[&str]) {
        let name = own.file.rsplit('/').next().unwrap_or(&own.file);
        if own.is_yara() {
            let path = format!("detections/yara/{name}");
            self.add(File::new(&path, own.yaml.clone()));
            // A file that no log source reads is a source, too.
            let needs = if sources.is_empty() { vec!["files"] } else { sources.to_vec() };
            self.push(json!({"engine": "yara", "id": own.id, "file": path, "needs": [needs], "proves": proves, "expected": "match"}));
            return;
        }
        let stem = format!("detections/sigma/{}", name.trim_end_matches(".yml"));
        self.add(File::new(format!("{stem}.yml"), own.yaml.clone()));
        self.add(File::new(format!("{stem}.match.jsonl"), own.matches.clone()));
        self.add(File::new(format!("{stem}.nomatch.jsonl"), own.nomatches.clone()));
        self.sigma(&own.id, &stem, logsource(&own.yaml), proves);
    }

    fn sigma(&mut self, id: &str, stem: &str, source: Value, proves: bool) {
        let (file, sample) = (format!("{stem}.yml"), format!("{stem}.match.jsonl"));
        let rule = json!({"engine": "sigma", "id": id, "file": file, "sample": sample, "logsource": source, "proves": proves, "expected": "match"});
        self.push(rule);
    }

    /// A comparison, and the rules that show its log line to other tools.
    fn comparison(&mut self, finding: &Finding) {
        let Some(about) = compared::all().get(&finding.rule) else { return };
        let techniques = &finding.techniques;
        self.push(json!({
            "engine": "comparison", "id": finding.rule, "techniques": techniques, "needs": about.needs, "proves": true, "expected": "match",
        }));
        let view = self.view;
        for own in about.rules.iter().filter_map(|path| view.told.shelf.get(path)) {
            self.own(own, false, &[]);
        }
        if about.acts {
            for made in acts::rules(&view.told.acts, techniques, &sources(view, finding)) {
                let stem = made.files.first().map(|file| file.path.trim_end_matches(".yml").to_owned()).unwrap_or_default();
                made.files.into_iter().for_each(|file| self.add(file));
                self.sigma(&made.id, &stem, made.logsource, false);
            }
        }
    }

    fn indicator(&mut self, step: &Step, ioc: &Ioc) {
        let view = self.view;
        let findings = ioc.findings.iter().filter(|id| step.findings.contains(id)).filter_map(|id| view.findings.get(id.as_str()));
        let sources: BTreeSet<&str> = findings.flat_map(|finding| sources(view, finding)).collect();
        self.push(json!({"engine": "indicator", "id": ioc.value, "needs": [sources], "proves": true, "expected": "match"}));
        let Some((field, source)) = fields(ioc) else { return };
        let id = view.ids.uuid("sigma", &format!("{}|{}", ioc.kind, ioc.value));
        let stem = format!("detections/sigma/indicator-{}", id.get(..8).unwrap_or(&id));
        self.add(File::new(format!("{stem}.yml"), rule(view, step, ioc, &id, (field, &source))));
        let sample = |value: &str| format!("{}\n", json!({field: value}));
        self.add(File::new(format!("{stem}.match.jsonl"), sample(&ioc.value)));
        self.add(File::new(format!("{stem}.nomatch.jsonl"), sample("0.0.0.0")));
        self.sigma(&id, &stem, source, true);
    }

    /// The list that `replay` looks for in every field of every event; never defanged, as rules are not.
    fn indicators(&mut self) {
        let rows = self.view.iocs.iter().map(|ioc| format!("{},{}\n", ioc.kind, konseki_report::csv_field(&ioc.value)));
        let rows: String = rows.collect();
        if !rows.is_empty() {
            self.add(File::new("detections/indicators.csv", format!("type,value\n{rows}")));
        }
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

/// Where an indicator would be seen: a field as Sigma's taxonomy names it, and the log.
fn fields(ioc: &Ioc) -> Option<(&'static str, Value)> {
    match ioc.kind {
        "domain-name" => Some(("query", json!({"product": "zeek", "service": "dns"}))),
        "ipv4-addr" | "ipv6-addr" if ioc.outbound => Some(("dst_ip", json!({"category": "firewall"}))),
        "ipv4-addr" | "ipv6-addr" => Some(("c-ip", json!({"category": "webserver"}))),
        _ => None,
    }
}

fn rule(view: &View<'_>, step: &Step, ioc: &Ioc, id: &str, (field, source): (&str, &Value)) -> String {
    let quote = |text: &str| acts::quote(&konseki_report::visible(text));
    let title = say::fill(Lang::En, "rule", &[("step", step.id.clone()), ("value", ioc.value.clone())]);
    let title_ja = say::fill(Lang::Ja, "rule", &[("step", step.id.clone()), ("value", ioc.value.clone())]);
    let described = |lang| say::fill(lang, "indicator", &[("kind", ioc.kind.to_owned()), ("titles", step.title.clone())]);
    let date = super::millis(view.clock);
    let tags: Vec<String> = ioc.techniques.iter().map(|id| format!("  - attack.{}\n", id.to_lowercase())).collect();
    let tags = if tags.is_empty() { String::new() } else { format!("tags:\n{}", tags.concat()) };
    let selection = format!("    {field}: {}\n", quote(&ioc.value));
    let source = acts::lines(source);
    format!(
        "title: {}\nid: {id}\nstatus: experimental\ndescription: {}\nauthor: konseki\ndate: {}\nja:\n  title: {}\n  description: {}\n{tags}logsource:\n{source}detection:\n  selection:\n{selection}  condition: selection\nfalsepositives:\n  - {}\nlevel: high\n",
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
