//! Documents as HTML that needs nothing from outside: one language, or English and Japanese beside each other.

use std::collections::BTreeMap;

use konseki_report::{Both, Lang, Tlp, html, html_block};
use minijinja::{AutoEscape, Environment, Value, context};

use super::book::plain;
use super::doc::{Block, Cell, Doc, Table};
use crate::Error;

const PAGE: &str = include_str!("../../templates/page.html");
const STYLE: &str = include_str!("../../templates/page.css");

/// A picture as it stands in a page.
#[derive(Clone, Debug, Default)]
pub struct Drawn {
    pub title: Both,
    pub desc: Both,
    /// SVG by language.
    pub svg: BTreeMap<Lang, String>,
    /// The same as pixels, in the languages asked for.
    pub png: BTreeMap<Lang, Vec<u8>>,
}

pub struct Pages<'a> {
    pub tlp: Tlp,
    pub figures: &'a BTreeMap<String, Drawn>,
    /// Lines under every page: versions, designations.
    pub foot: &'a [Both],
}

impl Pages<'_> {
    /// One language.
    ///
    /// # Errors
    /// The template cannot be rendered: a fault of this program.
    pub fn single(&self, doc: &Doc, lang: Lang) -> Result<String, Error> {
        let mut body = format!("<h1>{}</h1>\n", html(doc.title.in_lang(lang)));
        doc.blocks.iter().for_each(|block| body.push_str(&self.block(block, lang)));
        let foot: String = self.foot.iter().map(|line| format!("<p>{}</p>", html(line.in_lang(lang)))).collect();
        self.page(lang.tag(), doc.title.in_lang(lang), &body, &foot, &format!("single {}", doc.name))
    }

    /// English and Japanese beside each other, one row for each block.
    ///
    /// # Errors
    /// As `single`.
    pub fn side_by_side(&self, doc: &Doc) -> Result<String, Error> {
        let row = |en: &str, ja: &str| format!("<div class=\"row\"><div lang=\"en\">{en}</div><div lang=\"ja\">{ja}</div></div>\n");
        let mut body = row(&format!("<h1>{}</h1>", html(&doc.title.en)), &format!("<h1>{}</h1>", html(&doc.title.ja)));
        for block in &doc.blocks {
            match block {
                // A row for each item, so that sentences stand beside their own translation.
                Block::List(items) => items.iter().for_each(|item| {
                    let one = Block::List(vec![item.clone()]);
                    body.push_str(&row(&self.block(&one, Lang::En), &self.block(&one, Lang::Ja)));
                }),
                // The same in both languages: once, over the whole width.
                Block::Lines(_) | Block::Code(_) => {
                    body.push_str(&format!("<div class=\"both\">{}</div>\n", self.block(block, Lang::En)));
                }
                _ => body.push_str(&row(&self.block(block, Lang::En), &self.block(block, Lang::Ja))),
            }
        }
        let foot: String =
            self.foot.iter().map(|line| row(&format!("<p>{}</p>", html(&line.en)), &format!("<p>{}</p>", html(&line.ja)))).collect();
        self.page("en", &format!("{} | {}", doc.title.en, doc.title.ja), &body, &foot, "side")
    }

    fn page(&self, lang: &str, title: &str, body: &str, foot: &str, class: &str) -> Result<String, Error> {
        let fault = |error: minijinja::Error| Error::Internal(error.to_string());
        let mut env = Environment::new();
        env.set_auto_escape_callback(|_| AutoEscape::Html);
        env.add_template("page.html", PAGE).map_err(fault)?;
        let label = self.tlp.label();
        let style = STYLE.replace("TLP-LABEL", label);
        let tlp_class = label.trim_start_matches("TLP:").to_lowercase().replace("+strict", "");
        // Titles go through our own escape, which also makes hidden characters visible.
        let page = context! {
            lang, class, tlp => label, tlp_class,
            title => Value::from_safe_string(html(title)),
            style => Value::from_safe_string(style),
            body => Value::from_safe_string(body.to_owned()),
            foot => Value::from_safe_string(foot.to_owned()),
        };
        env.get_template("page.html").and_then(|template| template.render(page)).map_err(fault)
    }

    fn block(&self, block: &Block, lang: Lang) -> String {
        let text = |both: &Both| html(both.in_lang(lang));
        let items = |list: &[Both]| list.iter().map(|item| format!("<li>{}</li>", text(item))).collect::<String>();
        match block {
            Block::Heading(level, title) => format!("<h{level}>{}</h{level}>\n", text(title)),
            Block::Para(both) => format!("<p>{}</p>\n", text(both)),
            Block::List(list) => format!("<ul>{}</ul>\n", items(list)),
            Block::Table(table) => self.table(table, lang),
            Block::Lines(lines) => {
                let line = |line: &super::doc::Line| {
                    format!("<li><span class=\"at\">{}</span><code class=\"x\">{}</code></li>", html(&line.at), html(&line.text))
                };
                format!("<ol class=\"lines\">{}</ol>\n", lines.iter().map(line).collect::<String>())
            }
            Block::Code(code) => format!("<pre class=\"cmd\">{}</pre>\n", html_block(code)),
            Block::Boxed(kind, title, list) => {
                format!("<section class=\"box {}\"><h3>{}</h3><ul>{}</ul></section>\n", kind.class(), text(title), items(list))
            }
            Block::Figure(name) => self.figure(name, lang),
            Block::Analyst(en, ja) => {
                let own = if lang == Lang::En { en } else { ja };
                let inner: String = own.iter().map(|block| self.block(block, lang)).collect();
                let (begin, end) = (text(&plain("common.analyst.begin")), text(&plain("common.analyst.end")));
                format!("<section class=\"analyst\"><p class=\"mark\">{begin}</p>{inner}<p class=\"mark\">{end}</p></section>\n")
            }
        }
    }

    fn figure(&self, name: &str, lang: Lang) -> String {
        let Some(drawn) = self.figures.get(name) else { return String::new() };
        let Some(svg) = drawn.svg.get(&lang) else { return String::new() };
        let (title, desc) = (html(drawn.title.in_lang(lang)), html(drawn.desc.in_lang(lang)));
        format!("<figure><div class=\"picture\">{svg}</div><figcaption><b>{title}</b> {desc}</figcaption></figure>\n")
    }

    fn table(&self, table: &Table, lang: Lang) -> String {
        let head: String = table.head.iter().map(|cell| format!("<th>{}</th>", html(cell.in_lang(lang)))).collect();
        let cell = |(index, cell): (usize, &Cell)| {
            let label = table.head.get(index).map_or("", |head| head.in_lang(lang));
            let text = html(cell.text.in_lang(lang));
            let text = if cell.code && !text.is_empty() { format!("<code>{text}</code>") } else { text };
            format!("<td data-label=\"{}\">{text}</td>", html(label))
        };
        let row = |cells: &Vec<Cell>| format!("<tr>{}</tr>", cells.iter().enumerate().map(cell).collect::<String>());
        let rows: String = table.rows.iter().map(row).collect();
        format!("<div class=\"scroll\"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>\n")
    }
}
