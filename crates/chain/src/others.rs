//! What other tools said: their findings gathered in the pass over events, and held against ours at the end.

mod judge;

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::other::{About, OtherTool};
use konseki_model::{Because, Kind, Record, Stamp};

use crate::compare::because;
use crate::names::host_key;

pub use judge::Known;

/// Different things that are kept; places, records and hosts of each.
const MOST: usize = 20_000;
const PLACES: usize = 5;
const RECORDS: usize = 500;

/// Sources of other tools whose events without a finding say what they looked at.
pub(crate) const ASIDE: &str = "tools/hiddenvm";

/// What one tool says of one thing.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub tool: String,
    pub about: About,
    /// Titles (a hit may name several rules), machine, or FQDN.
    pub names: Vec<String>,
    /// Id of the rule; place of the machine's definition.
    pub id: String,
    pub host: String,
    pub src: String,
    pub dst: String,
    pub level: String,
    pub count: u64,
    pub first: Option<Stamp>,
    pub last: Option<Stamp>,
    pub places: Vec<Because>,
    /// Record numbers of event logs.
    pub records: BTreeSet<u64>,
    /// Flows of the pair in our evidence.
    pub flows: u64,
}

/// Tool, what it is about, name or id, host or pair.
type Key = (String, About, String, String);

/// Observes in order of time: findings without a time come first, so that flows find their pairs.
#[derive(Default)]
pub struct Heard {
    said: BTreeMap<Key, Said>,
    /// Source and destination (address) -> keys of `said`.
    pairs: BTreeMap<(String, String), Vec<Key>>,
    tools: BTreeMap<String, OtherTool>,
    /// Tool -> hosts that it looked at.
    looked: BTreeMap<String, BTreeSet<String>>,
    /// Findings on things that were one too many.
    pub(crate) beyond: u64,
}

impl Heard {
    pub fn is_empty(&self) -> bool {
        self.tools.is_empty()
    }

    pub(crate) fn aside(&mut self, record: &Record) {
        if record.source == ASIDE && !record.agent.is_empty() && !record.host.is_empty() {
            self.looked.entry(record.agent.clone()).or_default().insert(host_key(&record.host));
        }
    }

    pub(crate) fn observe(&mut self, record: &Record) {
        match record.kind() {
            Kind::ForeignFinding => self.finding(record),
            Kind::Flow if !self.pairs.is_empty() => {
                let key = (record.src.clone(), record.dst.clone());
                for said in self.pairs.get(&key).into_iter().flatten() {
                    if let Some(said) = self.said.get_mut(said) {
                        said.flows += 1;
                    }
                }
            }
            _ => {}
        }
    }

    fn finding(&mut self, record: &Record) {
        let tool = if record.agent.is_empty() { record.source.clone() } else { record.agent.clone() };
        let entry = self.tools.entry(tool.clone()).or_insert_with(|| OtherTool { tool: tool.clone(), ..OtherTool::default() });
        entry.said += 1;
        if !record.host.is_empty() {
            self.looked.entry(tool.clone()).or_default().insert(host_key(&record.host));
        }
        let Some(said) = said(record, tool).filter(|said| worth(&said.level)) else { return };
        let name = if said.id.is_empty() { said.names.join(";") } else { said.id.clone() };
        let pair = (said.src.clone(), said.dst.clone());
        let key = (
            said.tool.clone(),
            said.about,
            name,
            if said.about == About::Beacon { pair.0.clone() + " " + &pair.1 } else { host_key(&said.host) },
        );
        if self.said.len() >= MOST && !self.said.contains_key(&key) {
            self.beyond += 1;
            return;
        }
        entry.compared += 1;
        if said.about == About::Beacon && !self.said.contains_key(&key) {
            self.pairs.entry(pair).or_default().push(key.clone());
        }
        let known = self.said.entry(key).or_insert(said);
        known.count += 1;
        let earlier = |time: &Stamp| known.first.is_none_or(|first| *time < first);
        if let Some(time) = record.time.filter(earlier) {
            known.first = Some(time);
        }
        known.last = known.last.max(record.time);
        if known.places.len() < PLACES {
            known.places.push(because(record));
        }
        if let Some(number) = number(record).filter(|_| known.records.len() < RECORDS) {
            known.records.insert(number);
        }
    }
}

/// The number of the event log's record that a hit is about.
fn number(record: &Record) -> Option<u64> {
    ["RecordID", "EventRecordID", "Record ID"].iter().find_map(|name| record.field(name)?.parse().ok())
}

/// Hits of low levels are many and mean little each; they are counted.
fn worth(level: &str) -> bool {
    let score = level.parse::<f64>().ok();
    score.map_or(!matches!(level, "low" | "informational"), |score| score >= 0.8)
}

/// What a record says; `None` where it names nothing that could be compared.
fn said(record: &Record, tool: String) -> Option<Said> {
    let machine = ["VMName", "vm"].iter().find_map(|name| record.field(name)).unwrap_or_default();
    let (about, names, id) = match record.source.as_str() {
        "tools/virtualghost" | "tools/hiddenvm" => {
            let path = [record.target.as_str()].into_iter().chain(record.command.split_whitespace());
            let path =
                path.map(|word| word.trim_matches(['"', '\''])).find(|word| word.to_lowercase().ends_with(".vmx")).unwrap_or_default();
            (!machine.is_empty() || !path.is_empty()).then_some((About::Machine, vec![machine.to_owned()], path.to_owned()))?
        }
        "tools/rita" => (!record.src.is_empty()).then(|| (About::Beacon, vec![record.target.clone()], String::new()))?,
        _ => {
            let names: Vec<String> = record.object.split(';').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
            let id = ["RuleID", "id"].iter().find_map(|name| record.field(name)).unwrap_or_default();
            (!names.is_empty()).then_some((About::Rule, names, id.to_owned()))?
        }
    };
    Some(Said {
        tool,
        about,
        names,
        id,
        host: record.host.clone(),
        src: record.src.clone(),
        dst: record.dst.clone(),
        level: record.outcome.clone(),
        count: 0,
        first: None,
        last: None,
        places: Vec::new(),
        records: BTreeSet::new(),
        flows: 0,
    })
}

#[cfg(test)]
mod tests;
