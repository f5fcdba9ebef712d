//! Sigma rules for commands: the words that gave a command its meaning, for the kind of log it was seen in.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::words_of_data as say;
use crate::{Act, File};
use konseki_report::{Lang, attack};

/// Namespace of these rules: the same act has the same id in every package, since nothing of the case is in it.
const OWN: &[u8] = b"konseki:act";

/// A rule with its samples: id, log source, files.
pub struct Made {
    pub id: String,
    pub logsource: Value,
    pub files: Vec<File>,
}

/// Log source and sample fields for events of that source.
fn logsource(source: &str) -> Option<(Value, Value)> {
    if source.starts_with("windows/") {
        let sample = json!({"_source": "windows/evtx", "Channel": "Microsoft-Windows-Sysmon/Operational", "EventID": "1"});
        Some((json!({"product": "windows", "category": "process_creation"}), sample))
    } else if source.starts_with("vmware/esxi_shell") || source == "vmware/esxi_audit" {
        Some((json!({"product": "esxi", "service": "shell"}), json!({"_source": "vmware/esxi_shell"})))
    } else if matches!(source, "ivanti/nodemon" | "linux/auditd") {
        Some((json!({"product": "linux", "category": "process_creation"}), json!({"_source": source})))
    } else {
        None
    }
}

/// Rules for the acts that have exactly these techniques, one for each kind of log.
pub fn rules(acts: &[Act], techniques: &[String], sources: &BTreeSet<&str>) -> Vec<Made> {
    let wanted: BTreeSet<&String> = techniques.iter().collect();
    let fits = |act: &&Act| !act.any.is_empty() && act.techniques.iter().collect::<BTreeSet<_>>() == wanted;
    let mut places: Vec<(Value, Value)> = Vec::new();
    for place in sources.iter().filter_map(|source| logsource(source)) {
        if !places.iter().any(|(known, _)| *known == place.0) {
            places.push(place);
        }
    }
    acts.iter().filter(fits).flat_map(|act| places.iter().map(|(logsource, sample)| made(act, logsource, sample))).collect()
}

fn made(act: &Act, logsource: &Value, sample: &Value) -> Made {
    let key = format!("{:?}|{:?}|{logsource}", act.any, act.not);
    let id = Uuid::new_v5(&Uuid::new_v5(&Uuid::NAMESPACE_URL, OWN), key.as_bytes()).to_string();
    let line = |words: &[String]| {
        let mut event = sample.clone();
        crate::data::set(&mut event, "CommandLine", json!(words.join(" ")));
        format!("{event}\n")
    };
    let hit = act.any.first().map(|words| line(words)).unwrap_or_default();
    let miss = line(&["hostname".to_owned()]);
    let name = format!("act-{}", id.get(..8).unwrap_or(&id));
    let file = |ending: &str, text: String| File::new(format!("detections/sigma/{name}.{ending}"), text);
    let files = vec![file("yml", yaml(act, &id, logsource)), file("match.jsonl", hit), file("nomatch.jsonl", miss)];
    Made { id, logsource: logsource.clone(), files }
}

/// A log source as a Sigma rule writes it.
pub fn lines(logsource: &Value) -> String {
    let line = |(key, value): (&String, &Value)| format!("  {key}: {}\n", value.as_str().unwrap_or_default());
    logsource.as_object().into_iter().flatten().map(line).collect()
}

/// A text as a scalar of a rule.
pub fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// In a Sigma value a backslash before another one or before a wildcard must be doubled.
fn plain(text: &str) -> String {
    quote(&text.replace('\\', "\\\\").replace('*', "\\*").replace('?', "\\?"))
}

fn yaml(act: &Act, id: &str, logsource: &Value) -> String {
    let names = |lang: Lang| {
        let name = |id: &String| {
            attack::technique(id).map(|one| if lang == Lang::Ja && !one.ja.is_empty() { one.ja } else { one.name }.to_owned())
        };
        act.techniques.iter().filter_map(name).collect::<Vec<_>>().join(", ")
    };
    let first = act.any.first().map(|words| words.iter().map(|word| word.trim()).collect::<Vec<_>>().join(" ")).unwrap_or_default();
    let log = logsource.get("product").and_then(Value::as_str).unwrap_or_default().to_owned();
    let words = |lang, key| say::fill(lang, key, &[("technique", names(lang)), ("words", first.clone()), ("log", log.clone())]);
    let tags: String = std::iter::once(act.tactic.clone())
        .chain(act.techniques.iter().map(|id| id.to_lowercase()))
        .map(|tag| format!("  - attack.{tag}\n"))
        .collect();
    let source = lines(logsource);
    let mut detection = String::new();
    for (at, words) in act.any.iter().enumerate() {
        let list: String = words.iter().map(|word| format!("      - {}\n", plain(word))).collect();
        detection += &format!("  sel_{}:\n    CommandLine|contains|all:\n{list}", at + 1);
    }
    let mut condition = "1 of sel_*".to_owned();
    if !act.not.is_empty() {
        let list: String = act.not.iter().map(|word| format!("      - {}\n", plain(word))).collect();
        detection += &format!("  filter:\n    CommandLine|contains:\n{list}");
        condition += " and not filter";
    }
    format!(
        "title: {}\nid: {id}\nstatus: experimental\ndescription: {}\nauthor: konseki\nja:\n  title: {}\n  description: {}\ntags:\n{tags}logsource:\n{source}detection:\n{detection}  condition: {condition}\nfalsepositives:\n  - {}\nlevel: low\n",
        quote(&konseki_report::shorten(&words(Lang::En, "act"), 100)),
        quote(&words(Lang::En, "act-why")),
        quote(&konseki_report::shorten(&words(Lang::Ja, "act"), 100)),
        quote(&words(Lang::Ja, "act-why")),
        quote(&say::text(Lang::En, "act-false")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_act_becomes_a_rule() {
        let act = Act {
            any: vec![vec!["a\\b".to_owned(), " -x ".to_owned()], vec!["it's".to_owned()]],
            not: vec!["test".to_owned()],
            techniques: vec!["T1560.001".to_owned()],
            tactic: "collection".to_owned(),
        };
        let made = rules(std::slice::from_ref(&act), &act.techniques, &BTreeSet::from(["windows/json", "windows/evtx", "linux/bodyfile"]));
        assert_eq!(made.len(), 1);
        let yaml = String::from_utf8_lossy(&made[0].files[0].bytes).into_owned();
        for line in ["      - 'a\\\\b'", "      - 'it''s'", "  condition: 1 of sel_* and not filter", "  category: process_creation"] {
            assert!(yaml.contains(line), "{yaml}");
        }
        assert!(rules(&[act], &["T1005".to_owned()], &BTreeSet::from(["windows/json"])).is_empty());
    }
}
