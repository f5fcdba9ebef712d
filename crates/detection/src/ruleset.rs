//! The rules in use: documents become rules and correlations, and every one that cannot be used is named.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::sigma::atom::Expr;
use crate::sigma::correlation::{self, Block};
use crate::sigma::meta::{self, RuleMeta};
use crate::sigma::value::Placeholders;
use crate::sigma::{Refused, detection};
use crate::yaml::{self, Data, Entry, Node};

/// Bytes of one rule file.
pub(crate) const MAX_FILE: usize = 16 << 20;

/// A document that is not used, or a remark about one that is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Unusable {
    pub file: String,
    /// 1-based; of the key that is wrong where it is known, else where the document begins.
    pub line: u32,
    pub reason: String,
}

/// A rule that stands twice; the first is used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Duplicate {
    pub id: String,
    pub file: String,
    pub line: u32,
    pub first_file: String,
    pub first_line: u32,
}

/// A rule that asks about single events.
#[derive(Clone, Debug)]
pub struct Rule {
    pub meta: RuleMeta,
    /// `false`: a correlation names it and does not ask for it to report on its own.
    pub reports: bool,
    pub(crate) expr: Expr,
}

/// A rule over what other rules found.
#[derive(Clone, Debug)]
pub struct Correlation {
    pub meta: RuleMeta,
    /// As for rules.
    pub reports: bool,
    pub(crate) block: Block,
    /// What it stands on, by position in `block.rules`.
    pub(crate) inputs: Vec<Input>,
    /// The condition over names of rules, if it is one.
    pub(crate) over: Option<Expr>,
}

/// What a correlation stands on, as an index into `RuleSet::rules` or `RuleSet::correlations`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Input {
    Rule(usize),
    Correlation(usize),
}

/// Everything that was loaded. Rules keep the order in which they were given.
#[derive(Clone, Debug, Default)]
pub struct RuleSet {
    pub rules: Vec<Rule>,
    /// In an order in which each stands behind those that it names.
    pub correlations: Vec<Correlation>,
    pub unusable: Vec<Unusable>,
    /// Remarks about rules that are used all the same.
    pub notes: Vec<Unusable>,
    pub duplicates: Vec<Duplicate>,
}

/// A filter document: what it takes away, and from which rules (`None`: any).
struct Filter {
    file: String,
    line: u32,
    rules: Option<Vec<String>>,
    expr: Expr,
}

impl RuleSet {
    /// Reads rule files given as (path, bytes). Archives are opened by `crate::load`.
    pub fn load<P: AsRef<str>, B: AsRef<[u8]>>(files: &[(P, B)]) -> Self {
        Self::load_with(files, &Placeholders::new())
    }

    /// As `load`, with values for `%placeholder%`.
    pub fn load_with<P: AsRef<str>, B: AsRef<[u8]>>(files: &[(P, B)], placeholders: &BTreeMap<String, Vec<String>>) -> Self {
        let mut loader = Loader::default();
        for (path, bytes) in files {
            loader.take(Parsed::file(path.as_ref(), bytes.as_ref(), placeholders));
        }
        loader.finish()
    }
}

/// What a document is.
enum Document {
    Rule(Rule),
    Correlation(Correlation),
    Filter(Filter),
}

/// What a file holds, read without looking at any other.
#[derive(Default)]
pub(crate) struct Parsed {
    documents: Vec<Document>,
    unusable: Vec<Unusable>,
    notes: Vec<Unusable>,
}

impl Parsed {
    pub fn file(path: &str, bytes: &[u8], placeholders: &Placeholders) -> Self {
        let mut parsed = Self::default();
        parsed.read(path, bytes, placeholders);
        parsed
    }

    fn refuse(&mut self, file: &str, line: u32, reason: impl Into<String>) {
        self.unusable.push(Unusable { file: file.to_owned(), line, reason: reason.into() });
    }

    fn read(&mut self, path: &str, bytes: &[u8], placeholders: &Placeholders) {
        if bytes.len() > MAX_FILE {
            return self.refuse(path, 1, "the file is larger than 16 MiB");
        }
        let Ok(text) = std::str::from_utf8(bytes) else {
            return self.refuse(path, 1, "the file is not UTF-8");
        };
        let (documents, error) = yaml::documents(text);
        let (mut global, mut previous) = (None, None);
        let mut met = 0_usize;
        let last = documents.len().saturating_sub(1);
        for (at, node) in documents.into_iter().enumerate() {
            if node.is_null() {
                continue;
            }
            met += 1;
            if let Some(document) = merged(node, &mut global, &mut previous, at == last) {
                self.document(path, &document, placeholders);
            }
        }
        match error {
            Some(error) => self.refuse(path, error.line, format!("YAML: {}", error.reason)),
            None if met == 0 => self.refuse(path, 1, "there is no rule in this file"),
            None => {}
        }
    }

    fn document(&mut self, path: &str, node: &Node, placeholders: &Placeholders) {
        if !matches!(node.data, Data::Map(_)) {
            return self.refuse(path, node.line, "this is no rule: not a map");
        }
        let mut notes = Vec::new();
        let meta = meta::read(node, path, &mut notes);
        match document(meta, node, placeholders) {
            Ok(document) => self.documents.push(document),
            Err(refused) => return self.refuse(path, refused.line, refused.reason),
        }
        for (line, reason) in notes {
            self.notes.push(Unusable { file: path.to_owned(), line, reason });
        }
    }
}

fn document(meta: RuleMeta, node: &Node, placeholders: &Placeholders) -> Result<Document, Refused> {
    if let Some(entry) = node.get("correlation") {
        let block = correlation::block(&entry.value, node)?;
        let over = correlation::over(&block, entry.line)?;
        Ok(Document::Correlation(Correlation { meta, reports: true, block, inputs: Vec::new(), over }))
    } else if let Some(entry) = node.get("detection") {
        let expr = detection::block(&entry.value, placeholders, &[])?;
        if node.get("logsource").is_none() {
            return Err(Refused::new(node.line, "there is no logsource"));
        }
        Ok(Document::Rule(Rule { meta, reports: true, expr }))
    } else if let Some(entry) = node.get("filter") {
        let expr = detection::block(&entry.value, placeholders, &["rules"])?;
        let rules = entry.value.get("rules").map(|rules| rules.value.texts());
        let rules = rules.filter(|rules| rules.iter().any(|rule| rule != "any"));
        Ok(Document::Filter(Filter { file: meta.file, line: meta.line, rules, expr }))
    } else {
        Err(Refused::new(node.line, "there is no detection, correlation or filter"))
    }
}

#[derive(Default)]
pub(crate) struct Loader {
    set: RuleSet,
    filters: Vec<Filter>,
    /// Id -> where it stood first.
    seen: BTreeMap<String, (String, u32)>,
}

impl Loader {
    pub fn refuse(&mut self, file: &str, line: u32, reason: impl Into<String>) {
        let reason = reason.into();
        self.set.unusable.push(Unusable { file: file.to_owned(), line, reason });
    }

    /// Takes what the next file holds: of two rules with one id the first is used.
    pub fn take(&mut self, parsed: Parsed) {
        self.set.unusable.extend(parsed.unusable);
        self.set.notes.extend(parsed.notes);
        for document in parsed.documents {
            match document {
                Document::Rule(rule) if self.first(&rule.meta) => self.set.rules.push(rule),
                Document::Correlation(made) if self.first(&made.meta) => self.set.correlations.push(made),
                Document::Rule(_) | Document::Correlation(_) => {}
                Document::Filter(filter) => self.filters.push(filter),
            }
        }
    }

    /// Whether a rule of that id was not met before; a second one is reported.
    fn first(&mut self, meta: &RuleMeta) -> bool {
        if let Some((file, line)) = self.seen.get(&meta.id) {
            self.set.duplicates.push(Duplicate {
                id: meta.id.clone(),
                file: meta.file.clone(),
                line: meta.line,
                first_file: file.clone(),
                first_line: *line,
            });
            return false;
        }
        self.seen.insert(meta.id.clone(), (meta.file.clone(), meta.line));
        true
    }

    pub fn finish(mut self) -> RuleSet {
        self.apply_filters();
        crate::correlate::resolve::order(&mut self.set);
        self.set.unusable.sort();
        self.set.notes.sort();
        self.set.duplicates.sort();
        self.set
    }

    fn apply_filters(&mut self) {
        for filter in std::mem::take(&mut self.filters) {
            let mut used = BTreeSet::new();
            for rule in &mut self.set.rules {
                let Some(names) = &filter.rules else {
                    rule.narrow(&filter.expr);
                    continue;
                };
                let meta = &rule.meta;
                let hit = names.iter().find(|name| name.eq_ignore_ascii_case(&meta.id) || meta.name.as_ref() == Some(*name));
                if let Some(name) = hit {
                    used.insert(name.clone());
                    rule.narrow(&filter.expr);
                }
            }
            for name in filter.rules.iter().flatten().filter(|name| !used.contains(*name)) {
                let reason = format!("the filter names rule `{name}`, which is not there");
                let (file, line) = (filter.file.clone(), filter.line);
                self.set.notes.push(Unusable { file, line, reason });
            }
        }
    }
}

impl Rule {
    fn narrow(&mut self, by: &Expr) {
        self.expr = Expr::All(vec![self.expr.clone(), by.clone()]);
    }
}

/// Applies `action: global`, `reset` and `repeat`; `None` where the document is no rule of its own. What is `last` is
/// repeated by none.
fn merged(mut node: Node, global: &mut Option<Node>, previous: &mut Option<Node>, last: bool) -> Option<Node> {
    let action = node.text_of("action").map(str::to_owned);
    let known = matches!(action.as_deref(), Some("global" | "reset" | "repeat"));
    if known && let Data::Map(entries) = &mut node.data {
        entries.retain(|entry| entry.key != "action");
    }
    match action.as_deref() {
        Some("global") => {
            let base = global.take();
            *global = Some(over(base.as_ref(), node));
            return None;
        }
        Some("reset") => {
            *global = None;
            if node.entries().is_empty() {
                return None;
            }
        }
        Some("repeat") => node = over(previous.as_ref(), node),
        _ => {}
    }
    let node = over(global.as_ref(), node);
    *previous = (!last).then(|| node.clone());
    Some(node)
}

/// `node` laid over `base`, maps within maps.
fn over(base: Option<&Node>, node: Node) -> Node {
    let Some(base) = base else { return node };
    let line = node.line;
    let Data::Map(entries) = node.data else { return node };
    let mut out: Vec<Entry> = base.entries().to_vec();
    for entry in entries {
        match out.iter_mut().find(|old| old.key == entry.key) {
            Some(old) => {
                old.line = entry.line;
                old.value = over(Some(&old.value.clone()), entry.value);
            }
            None => out.push(entry),
        }
    }
    Node { line, data: Data::Map(out) }
}
