//! Documents as `.docx` (Office Open XML, ECMA-376 part 1): styles of headings, tables with a head that repeats, pictures
//! with their text, fonts and language for Japanese. No clock, no link, no field but page numbers. Own code, because docx-rs
//! writes neither a language nor a table head that repeats.

use std::collections::{BTreeMap, BTreeSet};

use konseki_report::{Both, Lang, Tlp, html, html_block};
use minijinja::{AutoEscape, Environment, Value, context};

use super::book::plain;
use super::doc::{Block, Cell, Doc, Kind, Table};
use super::html::Drawn;
use crate::packed::pack;
use crate::{Error, File};

/// Text width of the page in twentieths of a point, as `document.xml` sets its margins.
const WIDTH: usize = 9864;
/// Width of a narrow character in a table.
const UNIT: usize = 105;
/// The same in English Metric Units, and the height a picture may have.
const PICTURE: (u64, u64) = (6_260_000, 7_900_000);
/// The one page for leaders has a small one.
const SMALL: u64 = 2_500_000;

const PARTS: [(&str, &str); 10] = [
    ("[Content_Types].xml", include_str!("../../templates/docx/content-types.xml")),
    ("_rels/.rels", include_str!("../../templates/docx/rels.xml")),
    ("docProps/app.xml", include_str!("../../templates/docx/app.xml")),
    ("docProps/core.xml", include_str!("../../templates/docx/core.xml")),
    ("word/_rels/document.xml.rels", include_str!("../../templates/docx/document-rels.xml")),
    ("word/document.xml", include_str!("../../templates/docx/document.xml")),
    ("word/footer1.xml", include_str!("../../templates/docx/footer.xml")),
    ("word/header1.xml", include_str!("../../templates/docx/header.xml")),
    ("word/numbering.xml", include_str!("../../templates/docx/numbering.xml")),
    ("word/settings.xml", include_str!("../../templates/docx/settings.xml")),
];
const STYLES: &str = include_str!("../../templates/docx/styles.xml");

pub struct Word<'a> {
    pub tlp: Tlp,
    pub figures: &'a BTreeMap<String, Drawn>,
    pub foot: &'a [Both],
    pub lang: Lang,
}

/// Text for XML: escaped, hidden characters shown, and what XML cannot hold replaced.
fn xml(text: &str) -> String {
    html(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

fn run(text: &str, properties: &str) -> String {
    format!("<w:r>{properties}<w:t xml:space=\"preserve\">{}</w:t></w:r>", xml(text))
}

/// Lines kept apart by breaks.
fn lines(text: &str) -> String {
    let shown = html_block(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}");
    let one =
        |line: &str| line.split('\t').map(|part| format!("<w:t xml:space=\"preserve\">{part}</w:t>")).collect::<Vec<_>>().join("<w:tab/>");
    format!("<w:r>{}</w:r>", shown.lines().map(one).collect::<Vec<_>>().join("<w:br/>"))
}

/// An item of a list. Numbering stands with each, because some readers take it from one style only.
fn listed(style: &str, indent: u32, runs: &str) -> String {
    let numbering = "<w:numPr><w:ilvl w:val=\"0\"/><w:numId w:val=\"1\"/></w:numPr>";
    let indent = format!("<w:ind w:left=\"{indent}\" w:hanging=\"360\"/>");
    format!("<w:p><w:pPr><w:pStyle w:val=\"{style}\"/>{numbering}{indent}</w:pPr>{runs}</w:p>\n")
}

fn paragraph(style: &str, runs: &str) -> String {
    format!("<w:p><w:pPr><w:pStyle w:val=\"{style}\"/></w:pPr>{runs}</w:p>\n")
}

/// Columns of a width for what stands in them, in wide characters counted twice: none narrower than its longest word (up to
/// a bound), the rest shared by how long their texts are.
fn columns(table: &Table, lang: Lang) -> Vec<usize> {
    let wide = |text: &str| text.chars().map(|c| if c >= '\u{1100}' { 2 } else { 1 }).sum::<usize>();
    // Japanese breaks anywhere.
    let word = |text: &str| text.split(|c: char| c.is_whitespace() || c >= '\u{1100}').map(wide).max().unwrap_or(0);
    let mut least: Vec<usize> = table.head.iter().map(|cell| word(cell.in_lang(lang)).clamp(4, 12)).collect();
    let mut wish: Vec<usize> = table.head.iter().map(|cell| wide(cell.in_lang(lang)).clamp(4, 24)).collect();
    for row in &table.rows {
        for ((least, wish), cell) in least.iter_mut().zip(&mut wish).zip(row) {
            let text = cell.text.in_lang(lang);
            *least = (*least).max(word(text).min(16));
            *wish = (*wish).max(wide(text).min(56));
        }
    }
    // Two more for the margins of a cell.
    let least: Vec<usize> = least.iter().map(|units| units + 2).collect();
    let more: Vec<usize> = least.iter().zip(&wish).map(|(least, wish)| (wish + 2).saturating_sub(*least)).collect();
    let unit = (WIDTH / least.iter().sum::<usize>().max(1)).min(UNIT);
    let left = WIDTH - unit * least.iter().sum::<usize>();
    let all = more.iter().sum::<usize>();
    let even = left / table.head.len().max(1);
    let share = |(least, more): (&usize, &usize)| unit * least + (left * more).checked_div(all).unwrap_or(even);
    least.iter().zip(&more).map(share).collect()
}

impl Word<'_> {
    /// # Errors
    /// A part cannot be written: a fault of this program.
    pub fn render(&self, doc: &Doc) -> Result<Vec<u8>, Error> {
        let pictures = self.pictures(&doc.blocks);
        let title = doc.title.in_lang(self.lang);
        let mut body = paragraph("Title", &run(title, ""));
        let tall = if doc.name == "executive" { SMALL } else { PICTURE.1 };
        doc.blocks.iter().for_each(|block| body.push_str(&self.block(block, tall)));
        self.foot.iter().for_each(|line| body.push_str(&paragraph("Small", &run(line.in_lang(self.lang), ""))));
        let names: Vec<String> = pictures.keys().cloned().collect();
        let context = context! {
            body => Value::from_safe_string(body),
            title => Value::from_safe_string(xml(title)),
            lang => if self.lang == Lang::Ja { "ja-JP" } else { "en-US" },
            latin => if self.lang == Lang::Ja { "Yu Gothic" } else { "Calibri" },
            tlp => self.tlp.label(),
            colour => colour(self.tlp),
            pictures => names,
            // The page for leaders is to be one page.
            size => if doc.name == "executive" { 18 } else { 21 },
            line => if doc.name == "executive" { 250 } else { 288 },
        };
        let mut parts = Vec::new();
        for (path, template) in PARTS.into_iter().chain([("word/styles.xml", STYLES)]) {
            parts.push(File::new(path, filled(template, &context)?));
        }
        parts.extend(pictures.into_iter().map(|(name, bytes)| File { path: format!("word/media/{name}.png"), bytes }));
        pack(&parts)
    }

    fn text(&self, both: &Both) -> String {
        run(both.in_lang(self.lang), "")
    }

    fn block(&self, block: &Block, tall: u64) -> String {
        match block {
            Block::Heading(level, title) => paragraph(&format!("Heading{}", level.saturating_sub(1).max(1)), &self.text(title)),
            Block::Para(both) => paragraph("Normal", &self.text(both)),
            Block::List(items) => items.iter().map(|item| listed("ListBullet", 360, &self.text(item))).collect(),
            Block::Table(table) => self.table(table),
            Block::Lines(all) => {
                let one =
                    |line: &super::doc::Line| paragraph("Place", &run(&line.at, "")) + &paragraph("EvidenceLine", &run(&line.text, ""));
                all.iter().map(one).collect()
            }
            Block::Code(code) => paragraph("Command", &lines(code)),
            Block::Boxed(kind, title, items) => {
                let style = match kind {
                    Kind::Notice => "Notice",
                    Kind::Unknown => "Unknown",
                    Kind::Fill => "Fill",
                };
                let items = items.iter().map(|item| listed(&format!("{style}Item"), 587, &self.text(item)));
                paragraph(style, &self.text(title)) + &items.collect::<String>() + &paragraph("Small", "")
            }
            Block::Figure(name) => self.figure(name, tall),
            Block::Analyst(en, ja) => {
                let own = if self.lang == Lang::En { en } else { ja };
                let inner: String = own.iter().map(|block| self.block(block, tall)).collect();
                let mark = |key: &str| paragraph("Mark", &self.text(&plain(key)));
                mark("common.analyst.begin") + &inner + &mark("common.analyst.end")
            }
        }
    }

    fn table(&self, table: &Table) -> String {
        let widths = columns(table, self.lang);
        let cell = |index: usize, inner: String| {
            let width = widths.get(index).copied().unwrap_or(0);
            format!("<w:tc><w:tcPr><w:tcW w:w=\"{width}\" w:type=\"dxa\"/></w:tcPr>{inner}</w:tc>")
        };
        let one = |cell: &Cell| {
            let text = cell.text.in_lang(self.lang);
            let properties = if cell.code { "<w:rPr><w:rStyle w:val=\"Code\"/></w:rPr>" } else { "" };
            paragraph("TableText", &if text.is_empty() { String::new() } else { run(text, properties) })
        };
        let grid: String = widths.iter().map(|width| format!("<w:gridCol w:w=\"{width}\"/>")).collect();
        let head = table.head.iter().enumerate().map(|(index, both)| cell(index, paragraph("TableHead", &self.text(both))));
        let head = head.collect::<String>();
        let row = |cells: &Vec<Cell>| {
            let cells = cells.iter().enumerate().map(|(index, text)| cell(index, one(text)));
            format!("<w:tr><w:trPr><w:cantSplit/></w:trPr>{}</w:tr>\n", cells.collect::<String>())
        };
        let rows: String = table.rows.iter().map(row).collect();
        format!(
            "<w:tbl><w:tblPr><w:tblStyle w:val=\"Rows\"/><w:tblW w:w=\"{WIDTH}\" w:type=\"dxa\"/><w:tblLayout w:type=\"fixed\"/><w:tblLook \
             w:val=\"0020\" w:firstRow=\"1\"/></w:tblPr><w:tblGrid>{grid}</w:tblGrid>\n<w:tr><w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>\
             {head}</w:tr>\n{rows}</w:tbl>\n{}",
            paragraph("Small", "")
        )
    }

    /// The pictures of the document as PNG, by name.
    fn pictures(&self, blocks: &[Block]) -> BTreeMap<String, Vec<u8>> {
        let named: BTreeSet<&String> =
            blocks.iter().filter_map(|block| if let Block::Figure(name) = block { Some(name) } else { None }).collect();
        let png = |name: &String| Some((name.clone(), self.figures.get(name)?.png.get(&self.lang)?.clone()));
        named.into_iter().filter_map(png).collect()
    }

    fn figure(&self, name: &str, tall: u64) -> String {
        let Some((drawn, png)) = self.figures.get(name).and_then(|drawn| Some((drawn, drawn.png.get(&self.lang)?))) else {
            return String::new();
        };
        let (width, height) = fitted(png, tall);
        let (title, desc) = (drawn.title.in_lang(self.lang), drawn.desc.in_lang(self.lang));
        let (alt, safe) = (xml(&format!("{title} {desc}")), xml(name));
        let id = 1 + self.figures.keys().take_while(|key| key.as_str() != name).count();
        let picture = format!(
            "<w:r><w:drawing><wp:inline><wp:extent cx=\"{width}\" cy=\"{height}\"/><wp:docPr id=\"{id}\" name=\"{safe}\" descr=\"{alt}\"/>\
             <a:graphic><a:graphicData uri=\"http://schemas.openxmlformats.org/drawingml/2006/picture\"><pic:pic><pic:nvPicPr><pic:cNvPr \
             id=\"{id}\" name=\"{safe}\"/><pic:cNvPicPr/></pic:nvPicPr><pic:blipFill><a:blip r:embed=\"{safe}\"/><a:stretch><a:fillRect/>\
             </a:stretch></pic:blipFill><pic:spPr><a:xfrm><a:off x=\"0\" y=\"0\"/><a:ext cx=\"{width}\" cy=\"{height}\"/></a:xfrm>\
             <a:prstGeom prst=\"rect\"><a:avLst/></a:prstGeom></pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r>"
        );
        let bold = "<w:rPr><w:b/><w:bCs/></w:rPr>";
        format!(
            "<w:p><w:pPr><w:keepNext/></w:pPr>{picture}</w:p>\n{}",
            paragraph("Caption", &(run(&format!("{title} "), bold) + &run(desc, "")))
        )
    }
}

/// Size of a PNG (width and height stand at bytes 16 and 20) on the page.
fn fitted(png: &[u8], most: u64) -> (u64, u64) {
    let number = |at: usize| png.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map_or(1, u32::from_be_bytes).max(1);
    let (width, height) = (u64::from(number(16)), u64::from(number(20)));
    let tall = PICTURE.0 * height / width;
    if tall > most { (most * width / height, most) } else { (PICTURE.0, tall) }
}

/// Colours of TLP 2.0 on black.
fn colour(tlp: Tlp) -> &'static str {
    match tlp {
        Tlp::Clear => "FFFFFF",
        Tlp::Green => "33FF00",
        Tlp::Amber | Tlp::AmberStrict => "FFC000",
        Tlp::Red => "FF2B2B",
    }
}

fn filled(template: &str, context: &Value) -> Result<String, Error> {
    let fault = |error: minijinja::Error| Error::Internal(error.to_string());
    let mut env = Environment::new();
    env.set_auto_escape_callback(|_| AutoEscape::Html);
    env.add_template("part.xml", template).map_err(fault)?;
    env.get_template("part.xml").and_then(|part| part.render(context)).map_err(fault)
}
