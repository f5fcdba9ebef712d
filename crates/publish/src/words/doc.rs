//! A document as blocks in both languages; renderers turn it into Markdown and HTML. All text in it is untrusted.

use konseki_report::Both;

use super::book::{plain, say};

/// A line of evidence: where it stands, and what stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub at: String,
    pub text: String,
}

/// A cell; `code` is shown in a typewriter face.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    pub text: Both,
    pub code: bool,
}

impl From<Both> for Cell {
    fn from(text: Both) -> Self {
        Self { text, code: false }
    }
}

pub fn code(text: &str) -> Cell {
    Cell { text: super::book::same(text), code: true }
}

#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Table {
    pub head: Vec<Both>,
    pub rows: Vec<Vec<Cell>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Something the reader must know before using the text.
    Notice,
    /// What is not known.
    Unknown,
    /// What a person has to fill in.
    Fill,
}

impl Kind {
    pub fn class(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Unknown => "unknown",
            Self::Fill => "fill",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// Level 2 or 3; level 1 is the title of the document.
    Heading(u8, Both),
    Para(Both),
    List(Vec<Both>),
    Table(Table),
    Lines(Vec<Line>),
    /// Commands or rules, to be copied.
    Code(String),
    Boxed(Kind, Both, Vec<Both>),
    /// A picture by its name; `words` draws it.
    Figure(String),
    /// The analyst's own sentences in each language.
    Analyst(Vec<Block>, Vec<Block>),
}

/// A document; its file names begin with `name`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Doc {
    pub name: String,
    pub title: Both,
    pub blocks: Vec<Block>,
}

impl Doc {
    pub fn new(name: &str, title: Both) -> Self {
        Self { name: name.to_owned(), title, blocks: Vec::new() }
    }

    pub fn h2(&mut self, key: &str) {
        self.blocks.push(Block::Heading(2, plain(key)));
    }

    pub fn h3(&mut self, key: &str) {
        self.blocks.push(Block::Heading(3, plain(key)));
    }

    pub fn p(&mut self, key: &str, args: &[(&str, Both)]) {
        self.blocks.push(Block::Para(say(key, args)));
    }

    pub fn para(&mut self, text: Both) {
        if !text.en.is_empty() {
            self.blocks.push(Block::Para(text));
        }
    }

    pub fn list(&mut self, items: Vec<Both>) {
        if !items.is_empty() {
            self.blocks.push(Block::List(items));
        }
    }

    pub fn table(&mut self, head: &[&str], rows: Vec<Vec<Cell>>) {
        if !rows.is_empty() {
            self.blocks.push(Block::Table(Table { head: head.iter().map(|key| plain(key)).collect(), rows }));
        }
    }

    pub fn boxed(&mut self, kind: Kind, title: &str, items: Vec<Both>) {
        if !items.is_empty() {
            self.blocks.push(Block::Boxed(kind, plain(title), items));
        }
    }
}

/// Every text of the block changed by `change`, but not the analyst's own and no commands.
pub fn map(block: Block, change: &dyn Fn(&str) -> String) -> Block {
    let both = |text: &Both| Both { en: change(&text.en), ja: change(&text.ja) };
    let all = |list: &[Both]| list.iter().map(both).collect::<Vec<Both>>();
    match block {
        Block::Heading(level, text) => Block::Heading(level, both(&text)),
        Block::Para(text) => Block::Para(both(&text)),
        Block::List(items) => Block::List(all(&items)),
        Block::Boxed(kind, title, items) => Block::Boxed(kind, both(&title), all(&items)),
        Block::Table(table) => {
            let cell = |cell: &Cell| Cell { text: both(&cell.text), code: cell.code };
            let rows = table.rows.iter().map(|row| row.iter().map(cell).collect()).collect();
            Block::Table(Table { head: all(&table.head), rows })
        }
        Block::Lines(lines) => Block::Lines(lines.into_iter().map(|line| Line { text: change(&line.text), ..line }).collect()),
        block @ (Block::Code(_) | Block::Figure(_) | Block::Analyst(..)) => block,
    }
}
