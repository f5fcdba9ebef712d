//! The head of a rule: who it is, what it says, what it asks for.

use konseki_model::Level;
use serde::Serialize;

use crate::logsource::LogSource;
use crate::yaml::{Data, Node};

/// What a rule says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RuleMeta {
    /// The rule's id; its file's name without ending where it has none.
    pub id: String,
    /// The short name that correlations may use.
    pub name: Option<String>,
    pub title: String,
    pub status: String,
    pub level: Level,
    pub author: String,
    pub description: String,
    pub falsepositives: Vec<String>,
    pub references: Vec<String>,
    /// ATT&CK technique ids (`T1059.001`), sorted.
    pub techniques: Vec<String>,
    /// ATT&CK tactic short names (`lateral-movement`), sorted.
    pub tactics: Vec<String>,
    /// Tags as written.
    pub tags: Vec<String>,
    pub logsource: LogSource,
    pub ja: Option<Japanese>,
    /// Where the rule stands; members of archives after `!/`.
    pub file: String,
    /// 1-based line where its document begins.
    pub line: u32,
}

/// Our own block `ja:` of a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Japanese {
    pub title: String,
    pub description: String,
    pub falsepositives: Vec<String>,
}

/// Reads the head. Remarks about what is odd and taken all the same go to `notes` with their line.
pub(crate) fn read(node: &Node, file: &str, notes: &mut Vec<(u32, String)>) -> RuleMeta {
    let text = |key: &str| node.text_of(key).unwrap_or_default().trim().to_owned();
    let texts = |key: &str| node.get(key).map(|entry| entry.value.texts()).unwrap_or_default();
    let tags = texts("tags");
    let (techniques, tactics) = attack(&tags);
    let id = node.text_of("id").map(str::trim).filter(|id| !id.is_empty());
    if node.text_of("title").is_none() {
        notes.push((node.line, "the rule has no title".into()));
    }
    RuleMeta {
        id: id.map_or_else(|| stem(file), str::to_lowercase),
        name: node.text_of("name").map(str::to_owned),
        title: node.text_of("title").map_or_else(|| stem(file), |title| title.trim().to_owned()),
        status: text("status"),
        level: level(node, notes),
        author: text("author"),
        description: text("description"),
        falsepositives: texts("falsepositives"),
        references: texts("references"),
        techniques,
        tactics,
        tags,
        logsource: node.get("logsource").map(|entry| logsource(&entry.value)).unwrap_or_default(),
        ja: japanese(node),
        file: file.to_owned(),
        line: node.line,
    }
}

fn level(node: &Node, notes: &mut Vec<(u32, String)>) -> Level {
    let Some(entry) = node.get("level") else { return Level::Medium };
    let text = entry.value.text().unwrap_or_default().trim().to_ascii_lowercase();
    Level::parse(&text).unwrap_or_else(|| {
        notes.push((entry.line, format!("level `{text}` is not known; taken as medium")));
        Level::Medium
    })
}

fn logsource(node: &Node) -> LogSource {
    let text = |key: &str| node.text_of(key).unwrap_or_default().trim();
    LogSource::new(text("product"), text("category"), text("service"))
}

fn japanese(node: &Node) -> Option<Japanese> {
    let entry = node.get("ja")?;
    if !matches!(entry.value.data, Data::Map(_)) {
        return None;
    }
    let text = |key: &str| entry.value.text_of(key).unwrap_or_default().trim().to_owned();
    let falsepositives = entry.value.get("falsepositives").map(|e| e.value.texts()).unwrap_or_default();
    Some(Japanese { title: text("title"), description: text("description"), falsepositives })
}

/// Techniques and tactics among the tags (`attack.t1059.001`, `attack.lateral-movement`).
fn attack(tags: &[String]) -> (Vec<String>, Vec<String>) {
    let (mut techniques, mut tactics) = (Vec::new(), Vec::new());
    for tag in tags {
        let lower = tag.trim().to_ascii_lowercase();
        let Some(name) = lower.strip_prefix("attack.") else { continue };
        let mut chars = name.chars();
        let lead = chars.next();
        let numbered = chars.next().is_some_and(|c| c.is_ascii_digit());
        match lead {
            Some('t') if numbered => techniques.push(name.to_ascii_uppercase()),
            // Software, groups, campaigns, data sources and mitigations are no tactics.
            Some(_) if numbered || name.starts_with("ds") => {}
            Some(_) => tactics.push(name.replace('_', "-")),
            None => {}
        }
    }
    for list in [&mut techniques, &mut tactics] {
        list.sort();
        list.dedup();
    }
    (techniques, tactics)
}

fn stem(file: &str) -> String {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_owned()
}
