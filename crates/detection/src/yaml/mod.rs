//! YAML as bounded trees with line numbers: no expansion bombs, no tags, no key twice, no deep nesting.
//!
//! Scalars keep the text as written. YAML 1.1 reads `no`, `0x10` and `1_000` as something else than their text;
//! rules compare text, so nothing is converted here.

mod plain;

use granit_parser::{Event, Parser, ScalarStyle, Tag};
use rustc_hash::FxHashMap;

/// Nodes that one file may expand to, aliases included.
const MAX_NODES: usize = 1_000_000;
/// Nesting of lists and maps.
const MAX_DEPTH: usize = 48;
/// Documents in one file.
const MAX_DOCUMENTS: usize = 10_000;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    /// 1-based.
    pub line: u32,
    pub data: Data,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Data {
    /// `plain`: written without quotes, so it may be null, a number or a boolean.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<Entry>),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub key: String,
    pub line: u32,
    pub value: Node,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct YamlError {
    pub line: u32,
    pub reason: String,
}

impl Node {
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    pub fn entries(&self) -> &[Entry] {
        match &self.data {
            Data::Map(entries) => entries,
            _ => &[],
        }
    }

    pub fn text(&self) -> Option<&str> {
        match &self.data {
            Data::Scalar { text, .. } if !self.is_null() => Some(text),
            _ => None,
        }
    }

    pub fn is_null(&self) -> bool {
        match &self.data {
            Data::Scalar { text, plain: true } => {
                matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL")
            }
            _ => false,
        }
    }

    /// The texts of a list, or the one text.
    pub fn texts(&self) -> Vec<String> {
        match &self.data {
            Data::List(items) => items.iter().filter_map(|item| item.text().map(str::to_owned)).collect(),
            _ => self.text().map(str::to_owned).into_iter().collect(),
        }
    }

    pub fn text_of(&self, key: &str) -> Option<&str> {
        self.get(key).and_then(|entry| entry.value.text())
    }
}

/// Every document of a file, up to the first error, which is returned beside them.
pub(crate) fn documents(text: &str) -> (Vec<Node>, Option<YamlError>) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    plain::documents(text).map_or_else(|| parsed(text), |documents| (documents, None))
}

/// The same by the general parser.
fn parsed(text: &str) -> (Vec<Node>, Option<YamlError>) {
    let mut builder = Builder::default();
    for next in Parser::new_from_str(text) {
        let result = match next {
            Ok((event, span)) => builder.event(event, line(span.start.line())),
            Err(error) => Err(YamlError { line: line(error.marker().line()), reason: error.info() }),
        };
        if let Err(error) = result {
            return (builder.documents, Some(error));
        }
    }
    (builder.documents, None)
}

fn line(line: usize) -> u32 {
    u32::try_from(line).unwrap_or(u32::MAX).max(1)
}

struct Frame {
    line: u32,
    anchor: usize,
    /// Nodes counted when the frame was opened.
    before: usize,
    body: Body,
}

enum Body {
    List(Vec<Node>),
    Map(Vec<Entry>, Option<(String, u32)>),
}

#[derive(Default)]
struct Builder {
    documents: Vec<Node>,
    stack: Vec<Frame>,
    anchors: FxHashMap<usize, (Node, usize)>,
    nodes: usize,
    in_document: bool,
}

impl Builder {
    fn event(&mut self, event: Event<'_>, line: u32) -> Result<(), YamlError> {
        match event {
            Event::DocumentStart(..) => {
                self.anchors.clear();
                self.in_document = true;
                self.bound(self.documents.len() < MAX_DOCUMENTS, line, "too many documents")
            }
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && !is_string(tag.as_deref());
                refuse_tag(tag.as_deref(), line)?;
                self.count(1, line)?;
                let node = Node { line, data: Data::Scalar { text: text.into_owned(), plain } };
                self.keep(anchor, &node, 1);
                self.place(node)
            }
            Event::SequenceStart(_, anchor, tag) => self.open(line, anchor, tag.as_deref(), Body::List(Vec::new())),
            Event::MappingStart(_, anchor, tag) => self.open(line, anchor, tag.as_deref(), Body::Map(Vec::new(), None)),
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(id) => self.alias(id, line),
            _ => Ok(()),
        }
    }

    fn open(&mut self, line: u32, anchor: usize, tag: Option<&Tag>, body: Body) -> Result<(), YamlError> {
        refuse_tag(tag, line)?;
        self.bound(self.stack.len() < MAX_DEPTH, line, "nested too deeply")?;
        let before = self.nodes;
        self.count(1, line)?;
        self.stack.push(Frame { line, anchor, before, body });
        Ok(())
    }

    fn close(&mut self) -> Result<(), YamlError> {
        let Some(frame) = self.stack.pop() else { return Ok(()) };
        let data = match frame.body {
            Body::List(items) => Data::List(items),
            Body::Map(entries, _) => {
                no_key_twice(&entries)?;
                Data::Map(entries)
            }
        };
        let node = Node { line: frame.line, data };
        self.keep(frame.anchor, &node, self.nodes - frame.before);
        self.place(node)
    }

    fn alias(&mut self, id: usize, line: u32) -> Result<(), YamlError> {
        let Some((node, size)) = self.anchors.get(&id).cloned() else {
            return Err(YamlError { line, reason: "an alias stands inside its own anchor".into() });
        };
        self.count(size, line)?;
        self.place(node)
    }

    fn keep(&mut self, anchor: usize, node: &Node, size: usize) {
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), size));
        }
    }

    fn count(&mut self, size: usize, line: u32) -> Result<(), YamlError> {
        self.nodes = self.nodes.saturating_add(size);
        self.bound(self.nodes <= MAX_NODES, line, "expands to too many values")
    }

    fn bound(&self, within: bool, line: u32, reason: &str) -> Result<(), YamlError> {
        if within { Ok(()) } else { Err(YamlError { line, reason: reason.to_owned() }) }
    }

    fn place(&mut self, node: Node) -> Result<(), YamlError> {
        let Some(frame) = self.stack.last_mut() else {
            if self.in_document {
                self.documents.push(node);
            }
            return Ok(());
        };
        match &mut frame.body {
            Body::List(items) => items.push(node),
            Body::Map(entries, pending) => match pending.take() {
                Some((key, line)) => entries.push(Entry { key, line, value: node }),
                None => *pending = Some(key(node)?),
            },
        }
        Ok(())
    }
}

fn key(node: Node) -> Result<(String, u32), YamlError> {
    match node.data {
        Data::Scalar { text, plain } if !(plain && text == "<<") => Ok((text, node.line)),
        Data::Scalar { .. } => Err(YamlError { line: node.line, reason: "merge keys (<<) are not taken".into() }),
        _ => Err(YamlError { line: node.line, reason: "a key is not a text".into() }),
    }
}

fn no_key_twice(entries: &[Entry]) -> Result<(), YamlError> {
    let mut keys: Vec<(&str, u32)> = entries.iter().map(|e| (e.key.as_str(), e.line)).collect();
    keys.sort_unstable();
    for pair in keys.windows(2) {
        if let [(a, _), (b, line)] = pair
            && a == b
        {
            return Err(YamlError { line: *line, reason: format!("key `{b}` stands twice") });
        }
    }
    Ok(())
}

fn is_string(tag: Option<&Tag>) -> bool {
    tag.is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix() == "str")
}

fn refuse_tag(tag: Option<&Tag>, line: u32) -> Result<(), YamlError> {
    match tag {
        Some(tag) if !tag.is_yaml_core_schema() => Err(YamlError { line, reason: format!("tag `{tag}` is not taken") }),
        _ => Ok(()),
    }
}
