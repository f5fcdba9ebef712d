//! Documents as Markdown: every text escaped so that it cannot make a heading, a link, an image or HTML.

use konseki_report::{Both, Lang, defang_schemes, visible};

use super::book::plain;
use super::doc::{Block, Cell, Doc, Line, Table};

/// Text on one line with everything that means something to a Markdown reader escaped, addresses made dead.
pub fn escape(text: &str) -> String {
    let shown = defang_schemes(&visible(text));
    let mut out = String::with_capacity(shown.len() + shown.len() / 8);
    for (index, c) in shown.char_indices() {
        let rest = shown.get(index..).unwrap_or_default();
        let begins = index == 0 && matches!(c, '-' | '+' | '=' | ':');
        // Readers make links of `x://`, `www.` and `a@b` that nobody marked as one.
        let links = c == '@' || rest.starts_with("://") || (c == '.' && out.to_ascii_lowercase().ends_with("www"));
        if begins || links || "\\`*_[]<>|~#!&$^".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    // `12.` at the start of a line would begin a numbered list.
    let digits = out.bytes().take_while(u8::is_ascii_digit).count();
    match out.split_at_checked(digits) {
        Some((head, tail)) if digits > 0 && tail.starts_with(['.', ')']) => format!("{head}\\{tail}"),
        _ => out,
    }
}

/// A fence longer than any run of backticks in the text.
fn fenced(text: &str) -> String {
    let text = defang_schemes(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{text}\n{fence}\n")
}

/// A code span on one line that no backtick of the text can close.
fn span(text: &str) -> String {
    let shown = defang_schemes(&visible(text));
    let longest = shown.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let tick = "`".repeat(longest + 1);
    let pad = if shown.starts_with('`') || shown.ends_with('`') { " " } else { "" };
    // GFM splits table cells at `|` even inside code.
    format!("{tick}{pad}{}{pad}{tick}", shown.replace('|', "\\|"))
}

pub struct Page<'a> {
    pub doc: &'a Doc,
    pub lang: Lang,
    pub tlp: &'a str,
    /// Text alternatives of the pictures, by name.
    pub figures: &'a dyn Fn(&str) -> Option<(Both, Both)>,
}

impl Page<'_> {
    pub fn render(&self) -> String {
        let mut out = format!("**{}**\n\n# {}\n\n", self.tlp, escape(self.doc.title.in_lang(self.lang)));
        self.blocks(&mut out, &self.doc.blocks);
        out.push_str(&format!("---\n\n**{}**\n", self.tlp));
        out
    }

    fn blocks(&self, out: &mut String, blocks: &[Block]) {
        for block in blocks {
            self.block(out, block);
            out.push('\n');
        }
    }

    fn block(&self, out: &mut String, block: &Block) {
        let text = |both: &Both| escape(both.in_lang(self.lang));
        match block {
            Block::Heading(level, title) => {
                out.push_str(&format!("{} {}\n", "#".repeat(usize::from(*level)), text(title)));
            }
            Block::Para(both) => out.push_str(&format!("{}\n", text(both))),
            Block::List(items) => items.iter().for_each(|item| out.push_str(&format!("- {}\n", text(item)))),
            Block::Table(table) => self.table(out, table),
            Block::Lines(lines) => lines.iter().for_each(|line| self.line(out, line)),
            Block::Code(code) => out.push_str(&fenced(&code.lines().map(visible).collect::<Vec<_>>().join("\n"))),
            Block::Boxed(_, title, items) => {
                out.push_str(&format!("> **{}**\n>\n", text(title)));
                items.iter().for_each(|item| out.push_str(&format!("> - {}\n", text(item))));
            }
            Block::Figure(name) => self.figure(out, name),
            Block::Analyst(en, ja) => {
                let own = if self.lang == Lang::En { en } else { ja };
                out.push_str(&format!("**{}**\n\n", text(&plain("common.analyst.begin"))));
                self.blocks(out, own);
                out.push_str(&format!("*{}*\n", text(&plain("common.analyst.end"))));
            }
        }
    }

    fn figure(&self, out: &mut String, name: &str) {
        let Some((title, desc)) = (self.figures)(name) else { return };
        let (title, desc) = (escape(title.in_lang(self.lang)), escape(desc.in_lang(self.lang)));
        out.push_str(&format!("![{title}](pictures/{name}.{}.svg)\n\n*{title}* {desc}\n", self.lang.tag()));
    }

    fn line(&self, out: &mut String, line: &Line) {
        out.push_str(&format!("{}\n\n{}\n", escape(&line.at), fenced(&visible(&line.text))));
    }

    fn table(&self, out: &mut String, table: &Table) {
        let row = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        out.push_str(&row(table.head.iter().map(|cell| escape(cell.in_lang(self.lang))).collect()));
        out.push_str(&row(table.head.iter().map(|_| "---".to_owned()).collect()));
        for cells in &table.rows {
            out.push_str(&row(cells.iter().map(|cell| self.cell(cell)).collect()));
        }
    }

    fn cell(&self, cell: &Cell) -> String {
        let text = cell.text.in_lang(self.lang);
        if cell.code && !text.is_empty() { span(text) } else { escape(text) }
    }
}
