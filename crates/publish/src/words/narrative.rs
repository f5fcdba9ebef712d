//! The analyst's own sentences: Markdown of `narrative/NAME.LANG.md`, taken in as blocks, so that what is pasted into them
//! is escaped like everything else.

use konseki_report::Both;
use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

use super::book::{plain, same};
use super::doc::Block;
use crate::Claims;

/// The block for that place; `None` where the analyst wrote nothing for it. A language that is missing shows the text of
/// the other one, and says so.
pub fn at(claims: &Claims, place: &str) -> Option<Block> {
    let own = |lang: &str| claims.narrative.texts.get(&(place.to_owned(), lang.to_owned())).map(|text| blocks(text));
    match (own("en"), own("ja")) {
        (None, None) => None,
        (Some(en), Some(ja)) => Some(Block::Analyst(en, ja)),
        (Some(en), None) => Some(Block::Analyst(en.clone(), noted("common.analyst.only-en", en))),
        (None, Some(ja)) => Some(Block::Analyst(noted("common.analyst.only-ja", ja.clone()), ja)),
    }
}

fn noted(key: &str, rest: Vec<Block>) -> Vec<Block> {
    let mut all = vec![Block::Para(plain(key))];
    all.extend(rest);
    all
}

#[derive(Default)]
struct Reading {
    done: Vec<Block>,
    text: String,
    items: Vec<Both>,
    depth: usize,
    code: bool,
    /// Address of the link that is open.
    link: Option<String>,
}

/// Paragraphs, headings, lists and code; HTML and images come out as their text, links as text and address.
pub fn blocks(markdown: &str) -> Vec<Block> {
    let mut reading = Reading::default();
    for event in Parser::new(markdown) {
        reading.take(event);
    }
    reading.paragraph();
    reading.done
}

impl Reading {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) | Event::Code(text) | Event::Html(text) | Event::InlineHtml(text) => self.text.push_str(&text),
            Event::SoftBreak | Event::HardBreak => self.text.push(if self.code { '\n' } else { ' ' }),
            Event::Rule => self.paragraph(),
            _ => {}
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::List(_) => {
                self.paragraph();
                self.depth += 1;
            }
            Tag::Item => self.item(),
            Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented) => {
                self.paragraph();
                self.code = true;
            }
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => self.link = Some(dest_url.into_string()),
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::HtmlBlock if self.depth == 0 => self.paragraph(),
            TagEnd::Paragraph => self.text.push(' '),
            TagEnd::Heading(level) => {
                let title = self.taken();
                self.done.push(Block::Heading(if level as u8 <= 2 { 2 } else { 3 }, same(&title)));
            }
            TagEnd::Item => self.item(),
            TagEnd::List(_) => {
                self.depth = self.depth.saturating_sub(1);
                if self.depth == 0 && !self.items.is_empty() {
                    self.done.push(Block::List(std::mem::take(&mut self.items)));
                }
            }
            TagEnd::CodeBlock => {
                self.code = false;
                let code = std::mem::take(&mut self.text);
                self.done.push(Block::Code(code.trim_end().to_owned()));
            }
            TagEnd::Link | TagEnd::Image => {
                if let Some(address) = self.link.take().filter(|address| !self.text.ends_with(address.as_str())) {
                    self.text.push_str(&format!(" ({address})"));
                }
            }
            _ => {}
        }
    }

    fn taken(&mut self) -> String {
        std::mem::take(&mut self.text).trim().to_owned()
    }

    fn paragraph(&mut self) {
        let text = self.taken();
        if !text.is_empty() {
            self.done.push(Block::Para(same(&text)));
        }
    }

    fn item(&mut self) {
        let text = self.taken();
        if !text.is_empty() {
            self.items.push(same(&text));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markdown_becomes_blocks_and_nothing_acts() {
        let made = blocks("# Head\n\nOne *two*\nthree <b>x</b> [here](https://evil.example/)\n\n- a\n- b\n\n```\nls -l\n```\n");
        assert_eq!(
            made,
            vec![
                Block::Heading(2, same("Head")),
                Block::Para(same("One two three <b>x</b> here (https://evil.example/)")),
                Block::List(vec![same("a"), same("b")]),
                Block::Code("ls -l".to_owned()),
            ]
        );
    }

    #[test]
    fn a_missing_language_is_said() {
        let mut claims = Claims::default();
        claims.narrative.texts.insert(("press".to_owned(), "ja".to_owned()), "A".to_owned());
        let Some(Block::Analyst(en, ja)) = at(&claims, "press") else { panic!("no block") };
        assert_eq!((en.len(), ja.len()), (2, 1));
        assert!(at(&claims, "faq").is_none());
    }
}
