//! A rule against its samples: events that must match and events that must not.

use konseki_model::{At, Core, Event, Field, Kind};
use serde::Serialize;
use serde_json::Value;

use crate::engine::{Engine, Scratch, view};
use crate::logsource::Routing;
use crate::ruleset::RuleSet;

/// A sample that the rule does not treat as it should, or a reason why it could not be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// `rule`, `match` or `nomatch`.
    pub file: &'static str,
    /// 1-based.
    pub line: u32,
    pub reason: String,
}

/// Asks the rules of one file about samples: one flat JSON object of native fields a line. `_source` names the
/// source (`index` tells its number in the routing; without it every source is asked), `_raw` is the raw record,
/// `core.user` and the like fill the typed core. A match sample must match some rule of the file.
pub fn test_rule(rule: &[u8], matches: &[u8], nomatches: &[u8], routing: &Routing, index: impl Fn(&str) -> Option<usize>) -> Vec<Failure> {
    let rules = RuleSet::load(&[("rule", rule)]);
    let mut failures: Vec<Failure> =
        rules.unusable.iter().map(|unusable| Failure { file: "rule", line: unusable.line, reason: unusable.reason.clone() }).collect();
    let engine = Engine::build(&rules, routing);
    for number in engine.unrouted() {
        let line = rules.rules.get(*number).map_or(1, |rule| rule.meta.line);
        let reason = "no source provides its log source".to_owned();
        failures.push(Failure { file: "rule", line, reason });
    }
    let mut scratch = Scratch::default();
    for (file, bytes, wanted) in [("match", matches, true), ("nomatch", nomatches, false)] {
        for (at, text) in String::from_utf8_lossy(bytes).lines().enumerate() {
            if text.trim().is_empty() {
                continue;
            }
            let found = sample(text, &engine, routing, &index, &mut scratch);
            let reason = match found {
                Ok(found) if found == wanted => continue,
                Ok(true) => "it matches".to_owned(),
                Ok(false) => "it does not match".to_owned(),
                Err(reason) => reason,
            };
            failures.push(Failure { file, line: at as u32 + 1, reason });
        }
    }
    failures
}

fn sample(
    text: &str,
    engine: &Engine,
    routing: &Routing,
    index: &impl Fn(&str) -> Option<usize>,
    scratch: &mut Scratch,
) -> Result<bool, String> {
    let object: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let object = object.as_object().ok_or("this is no JSON object")?;
    let mut pairs: Vec<(&str, String)> = Vec::new();
    for (name, value) in object {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            _ => return Err(format!("`{name}` is neither text, number nor boolean")),
        };
        pairs.push((name, text));
    }
    let said = |name: &str| pairs.iter().find(|pair| pair.0 == name).map(|pair| pair.1.as_str());
    let native = |name: &str| !matches!(name, "_source" | "_raw") && !view::CORE.contains(&name);
    let fields: Vec<Field<'_>> = pairs.iter().filter(|(name, _)| native(name)).map(|(name, value)| Field::new(name, value)).collect();
    let event = event(&said, &fields);
    let sources = match said("_source") {
        Some(id) => {
            let source = index(id).ok_or_else(|| format!("no source `{id}`"))?;
            source..source + 1
        }
        None => 0..routing.sources.len(),
    };
    let mut hits = 0;
    for source in sources {
        engine.matches(source, &event, scratch, |_| hits += 1);
    }
    Ok(hits > 0)
}

/// The sample as an event; `said`: what it says under a name.
fn event<'a>(said: &impl Fn(&str) -> Option<&'a str>, fields: &'a [Field<'a>]) -> Event<'a> {
    let core = |name: &str| said(name).unwrap_or_default();
    Event {
        at: At::Line(1),
        time: None,
        kind: Kind::parse(core("core.kind")).unwrap_or(Kind::Other),
        core: Core {
            host: core("core.host"),
            user: core("core.user"),
            src: core("core.src"),
            dst: core("core.dst"),
            session: core("core.session"),
            object: core("core.object"),
            target: core("core.target"),
            command: core("core.command"),
            outcome: core("core.outcome"),
            assigned: core("core.assigned"),
            agent: core("core.agent"),
            ..Core::default()
        },
        fields,
        raw: said("_raw").unwrap_or_default().as_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logsource::LogSource;

    #[test]
    fn says_which_samples_fail() {
        let rule = b"title: T\nid: t\nlogsource: {product: x}\ndetection: {s: {f: 1}, condition: s}\n";
        let mut routing = Routing::default();
        routing.add(vec![LogSource::new("x", "", "")]);
        let index = |id: &str| (id == "x").then_some(0);
        let good = b"{\"f\": 1}\n\n{\"_source\": \"x\", \"f\": \"1\"}\n";
        let bad = b"{\"f\": 2}\n{\"f\": []}\n{\"_source\": \"y\"}\n{";
        assert_eq!(test_rule(rule, good, b"{\"f\": 2}", &routing, index), []);
        let failures = test_rule(rule, bad, good, &routing, index);
        let lines: Vec<_> = failures.iter().map(|f| (f.file, f.line)).collect();
        let wanted = [("match", 1), ("match", 2), ("match", 3), ("match", 4), ("nomatch", 1), ("nomatch", 3)];
        assert_eq!(lines, wanted);
        assert_eq!(test_rule(b"title: T", b"", b"", &routing, index).len(), 1);
    }
}
