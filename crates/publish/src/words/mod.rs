//! The documents of a package: which ones an audience gets, written from the claims, as Markdown, HTML and `.docx`.

pub(crate) mod book;
pub(crate) mod clock;
mod deep;
pub(crate) mod doc;
mod docx;
mod exec;
pub(crate) mod facts;
mod faq;
mod html;
mod hunt;
pub(crate) mod indicators;
mod markdown;
mod narrative;
pub(crate) mod overview;
mod press;
pub(crate) mod view;

use std::collections::BTreeMap;

use konseki_report::{Both, Lang};

use crate::{Claims, Error, File, Request, duty, pictures};
use book::{all, plain, same, say};
use doc::{Doc, Kind};
use facts::Facts;
use html::{Drawn, Pages};
use view::View;

/// Every sentence of the package, for the test of the words.
pub fn sentences() -> impl Iterator<Item = (&'static str, &'static Both)> {
    all()
}

/// Our own texts as files, for the last look of redaction: words that stand here tell nothing of a case.
pub fn vocabulary() -> Vec<File> {
    let data = [
        ("hunt", include_str!("../../data/hunt.toml")),
        ("duties", include_str!("../../data/duties.toml")),
        ("facts", include_str!("../../data/facts.toml")),
        ("mitigations", include_str!("../../data/mitigations.tsv")),
        ("page", include_str!("../../templates/page.css")),
    ];
    book::FILES.iter().copied().chain(data).map(|(name, text)| file(name.to_owned(), text.to_owned())).collect()
}

/// Files of this part of the package.
///
/// # Errors
/// A template or a picture cannot be written: a fault of this program.
pub fn write(told: &Claims, request: &Request) -> Result<Vec<File>, Error> {
    let view = View::new(told, request);
    let figures = drawn(told, request)?;
    let foot = foot(told);
    let pages = Pages { tlp: request.audience.tlp(), figures: &figures, foot: &foot };
    let mut files = Vec::new();
    for name in &view.reach.documents {
        let Some(doc) = document(name, &view) else { continue };
        render(&doc, &pages, request, &mut files)?;
        if name == "duties" {
            files.push(duty::json(told, request)?);
        }
    }
    Ok(files)
}

/// What the analyst has still to fill in, over all documents of the audience.
pub fn to_fill(told: &Claims, request: &Request) -> Vec<Both> {
    let view = View::new(told, request);
    let facts = Facts::new(told);
    for name in &view.reach.documents {
        let _ = body(name, &view, &facts);
    }
    facts.to_fill()
}

fn body(name: &str, view: &View<'_>, facts: &Facts<'_>) -> Option<Doc> {
    match name {
        "press" => Some(press::write(view, facts)),
        "overview" => Some(overview::write(view, facts)),
        "deep-dive" => Some(deep::write(view, facts)),
        "hunting" => Some(hunt::write(view)),
        "executive" => Some(exec::write(view, facts)),
        "faq" => Some(faq::write(view, facts)),
        "duties" => Some(duty::document(view, facts)),
        _ => None,
    }
}

/// The document of that name, with what is left to fill in at its end.
fn document(name: &str, view: &View<'_>) -> Option<Doc> {
    let facts = Facts::new(view.claims);
    let mut doc = body(name, view, &facts)?;
    doc.boxed(Kind::Fill, "common.to-fill.title", facts.to_fill());
    if view.clock.days {
        // Sentences of findings and gaps hold times of their own.
        doc.blocks = doc.blocks.into_iter().map(|block| doc::map(block, &clock::days_only)).collect();
    }
    Some(doc)
}

fn render(doc: &Doc, pages: &Pages<'_>, request: &Request, files: &mut Vec<File>) -> Result<(), Error> {
    let figures = |name: &str| pages.figures.get(name).map(|drawn| (drawn.title.clone(), drawn.desc.clone()));
    for &lang in &request.langs {
        let page = markdown::Page { doc, lang, tlp: pages.tlp.label(), figures: &figures };
        files.push(file(format!("{}.{}.md", doc.name, lang.tag()), page.render()));
        files.push(file(format!("{}.{}.html", doc.name, lang.tag()), pages.single(doc, lang)?));
        let word = docx::Word { tlp: pages.tlp, figures: pages.figures, foot: pages.foot, lang };
        files.push(File { path: format!("{}.{}.docx", doc.name, lang.tag()), bytes: word.render(doc)? });
    }
    if request.side_by_side {
        files.push(file(format!("{}.en-ja.html", doc.name), pages.side_by_side(doc)?));
    }
    Ok(())
}

fn file(path: String, text: String) -> File {
    File { path, bytes: text.into_bytes() }
}

/// The pictures in both languages, as pages hold them.
fn drawn(told: &Claims, request: &Request) -> Result<BTreeMap<String, Drawn>, Error> {
    let mut all: BTreeMap<String, Drawn> = BTreeMap::new();
    for lang in Lang::ALL {
        for picture in pictures::draw(told, request, lang) {
            let entry = all.entry(picture.name.clone()).or_default();
            entry.title = picture.title;
            entry.desc = picture.desc;
            if request.langs.contains(&lang) {
                entry.png.insert(lang, pictures::render(&picture.svg)?);
            }
            entry.svg.insert(lang, picture.svg);
        }
    }
    Ok(all)
}

fn foot(told: &Claims) -> Vec<Both> {
    let version = |key: &str| told.versions.get(key).map_or_else(|| plain("common.unknown"), |text| same(text));
    let made = say("common.foot.made", &[("version", version("konseki")), ("rules", version("rules")), ("attack", version("attack"))]);
    vec![made, say("common.foot.attack", &[("designation", same(konseki_report::attack::DESIGNATION))])]
}
