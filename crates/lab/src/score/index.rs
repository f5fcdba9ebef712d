//! From a cited line to the step that left it: by its text, or by its place.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::truth::{Line, Truth};

/// Marks (`exploit`, `trap:vmotion`) by text and by place.
#[derive(Debug, Default)]
pub struct Index {
    text: BTreeMap<String, BTreeSet<String>>,
    /// (last part of the path, number) to whole paths and marks.
    place: BTreeMap<(String, u64), Vec<(String, String)>>,
    must: BTreeSet<String>,
}

/// Archive members are separated in more than one way; a gzip's inner name says nothing.
pub fn normal(path: &str) -> String {
    let path = path.replace('\\', "/").replace("!/", "/").replace('!', "/");
    match path.find(".gz/") {
        Some(at) if !path.get(..at).is_some_and(|p| p.ends_with(".tar")) => path.get(..at + 3).unwrap_or(&path).to_owned(),
        _ => path,
    }
}

fn last(path: &str) -> String {
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

impl Index {
    pub fn of(truth: &Truth) -> Self {
        let mut index = Self::default();
        for step in &truth.steps {
            step.lines.iter().for_each(|l| index.add(l, &step.id));
            index.must.extend(step.must_cite.iter().map(|l| l.text.trim().to_owned()));
        }
        for trap in &truth.traps {
            trap.lines.iter().for_each(|l| index.add(l, &trap.id));
        }
        index
    }

    fn add(&mut self, line: &Line, mark: &str) {
        self.text.entry(line.text.trim().to_owned()).or_default().insert(mark.to_owned());
        let path = normal(&line.path);
        self.place.entry((last(&path), line.at)).or_default().push((path, mark.to_owned()));
    }

    /// Marks of one entry of `because`, and whether it is one that a right answer cites.
    pub fn marks(&self, because: &Value) -> (BTreeSet<String>, bool) {
        let excerpt = because.get("excerpt").and_then(Value::as_str).unwrap_or("").trim();
        let must = self.must.contains(excerpt);
        if let Some(found) = self.text.get(excerpt) {
            return (found.clone(), must);
        }
        let path = normal(because.get("path").and_then(Value::as_str).unwrap_or(""));
        let number = |name: &str| because.pointer(&format!("/at/{name}")).and_then(Value::as_u64);
        if let Some(at) = number("line").or_else(|| number("record")) {
            let found: BTreeSet<String> = self
                .place
                .get(&(last(&path), at))
                .into_iter()
                .flatten()
                .filter(|(p, _)| path.ends_with(p.as_str()) || p.ends_with(path.as_str()))
                .map(|(_, m)| m.clone())
                .collect();
            if !found.is_empty() {
                return (found, true);
            }
        }
        // A shortened excerpt: the beginning of a line.
        if excerpt.len() >= 24 {
            let found: BTreeSet<String> = self
                .text
                .range(excerpt.to_owned()..)
                .take_while(|(line, _)| line.starts_with(excerpt))
                .flat_map(|(_, m)| m.iter().cloned())
                .collect();
            if !found.is_empty() {
                return (found, must);
            }
            let inner = self.text.iter().find(|(line, _)| line.len() > 16 && (line.contains(excerpt) || excerpt.contains(line.as_str())));
            if let Some((_, marks)) = inner {
                return (marks.clone(), must);
            }
        }
        (BTreeSet::new(), false)
    }
}
