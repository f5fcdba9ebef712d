//! Documents as `.docx`: the same words as the page, made for Word and its readers, in English and Japanese.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../../report/tests/made_up/mod.rs"]
mod made_up;

use std::io::Cursor;

use konseki_publish::{Audience, Claims, File, Request, opened, words};
use konseki_report::{Lang, is_hidden};
use roxmltree::Document;

fn files(owned: made_up::Owned, audience: Audience) -> Vec<File> {
    let claims = Claims {
        name: "made-up".to_owned(),
        zone: "Asia/Tokyo".to_owned(),
        findings: owned.findings,
        chain: owned.chain,
        intake: owned.intake,
        inventory: owned.inventory,
        coverage: owned.coverage,
        versions: owned.versions,
        ..Claims::default()
    };
    let langs = Lang::ALL.to_vec();
    words::write(&claims, &Request { audience, langs, side_by_side: false, defang: true, now: None, key: b"key".to_vec() }).unwrap()
}

fn part(files: &[File], document: &str, name: &str) -> String {
    let file = files.iter().find(|file| file.path == document).unwrap_or_else(|| panic!("{document}"));
    let part = opened(file).unwrap().into_iter().find(|part| part.path == format!("{document}!/{name}"));
    String::from_utf8(part.unwrap_or_else(|| panic!("{name}")).bytes).unwrap()
}

/// Texts of the document's paragraphs.
fn paragraphs(xml: &str) -> Vec<String> {
    let document = Document::parse(xml).unwrap();
    let text = |node: roxmltree::Node<'_, '_>| {
        let runs = node.descendants().filter(|node| node.tag_name().name() == "t");
        runs.filter_map(|run| run.text().map(str::to_owned)).collect::<String>()
    };
    document.descendants().filter(|node| node.tag_name().name() == "p").map(text).collect()
}

/// What stands between the tags of that name in the page.
fn of_page(html: &str, tag: &str) -> Vec<String> {
    let main = html.split_once("<main>").unwrap().1.split_once("</main>").unwrap().0;
    let (open, close) = (format!("<{tag}"), format!("</{tag}>"));
    let pieces = main.split(open.as_str()).skip(1).filter(|piece| piece.starts_with(['>', ' ']));
    let pieces = pieces.filter_map(|piece| Some(piece.split_once(close.as_str())?.0));
    let plain = |piece: &str| {
        let inner = piece.split_once('>').unwrap().1;
        let text: String = inner.split('<').enumerate().map(|(i, p)| if i == 0 { p } else { p.split_once('>').unwrap().1 }).collect();
        let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&#39;", "'").replace("&#96;", "`");
        text.replace("&amp;", "&")
    };
    pieces.map(plain).collect()
}

#[test]
fn every_document_has_the_words_of_its_page() {
    for audience in Audience::ALL {
        let all = files(made_up::owned(), audience);
        let pages: Vec<&File> = all.iter().filter(|file| file.path.ends_with(".html")).collect();
        assert!(pages.len() >= 4, "{}", audience.as_str());
        for page in pages {
            let html = std::str::from_utf8(&page.bytes).unwrap();
            let told = paragraphs(&part(&all, &page.path.replace(".html", ".docx"), "word/document.xml"));
            let mut n = 0;
            for tag in ["h1", "h2", "h3", "p", "li", "td", "th"] {
                for text in of_page(html, tag).into_iter().filter(|text| tag != "li" || !text.contains("evidence/")) {
                    let text = text.trim();
                    let there =
                        told.iter().any(|own| own.trim() == text) || (tag == "li" && told.iter().any(|own| text.starts_with(own.as_str())));
                    assert!(there, "{} {tag}: {text}", page.path);
                    n += 1;
                }
            }
            assert!(n > 10, "{}: {n}", page.path);
        }
    }
}

#[test]
fn headings_tables_language_and_fonts_are_real() {
    let all = files(made_up::owned(), Audience::LawEnforcement);
    for lang in ["en", "ja"] {
        let name = format!("deep-dive.{lang}.docx");
        let body = part(&all, &name, "word/document.xml");
        for wanted in ["\"Title\"", "\"Heading1\"", "\"Heading2\"", "\"ListBullet\"", "<w:tblHeader/>", "\"EvidenceLine\"", "descr=\""] {
            assert!(body.contains(wanted), "{name}: {wanted}");
        }
        let styles = part(&all, &name, "word/styles.xml");
        assert!(styles.contains("w:eastAsia=\"Yu Gothic\"") && styles.contains("<w:lang w:val=\"en-US\" w:eastAsia=\"ja-JP\""));
        let parsed = Document::parse(&styles).unwrap();
        let defined: Vec<&str> =
            parsed.descendants().filter_map(|node| node.attribute(node.tag_name().namespace().map(|ns| (ns, "styleId"))?)).collect();
        for used in body.split("<w:pStyle w:val=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            assert!(defined.contains(&used), "{used} is not defined");
        }
        assert!(styles.contains("<w:name w:val=\"heading 1\"/>") && styles.contains("<w:outlineLvl w:val=\"0\"/>"));
        let core = part(&all, &name, "docProps/core.xml");
        assert!(core.contains(if lang == "ja" { "<dc:language>ja-JP" } else { "<dc:language>en-US" }));
        assert!(!core.contains("dcterms"), "no clock");
        assert!(part(&all, &name, "word/header1.xml").contains("TLP:") && part(&all, &name, "word/footer1.xml").contains("TLP:"));
        let links = part(&all, &name, "word/_rels/document.xml.rels");
        assert!(!links.contains("TargetMode") && !links.contains("hyperlink"), "nothing leads out");
        assert!(links.contains("media/timeline.png"));
    }
}

#[test]
fn archives_hold_no_clock_and_every_part_is_xml() {
    for owned in [made_up::owned(), made_up::hostile()] {
        for file in files(owned, Audience::LawEnforcement).iter().filter(|file| file.path.ends_with(".docx")) {
            let mut archive = zip::ZipArchive::new(Cursor::new(&file.bytes)).unwrap();
            for index in 0..archive.len() {
                let entry = archive.by_index(index).unwrap();
                assert_eq!(entry.last_modified().unwrap(), zip::DateTime::default(), "{}", entry.name().unwrap());
            }
            for part in opened(file).unwrap().iter().filter(|part| part.path.ends_with(".xml") || part.path.ends_with(".rels")) {
                let text = std::str::from_utf8(&part.bytes).unwrap();
                Document::parse(text).unwrap_or_else(|error| panic!("{}: {error}", part.path));
                assert!(!text.chars().any(|c| is_hidden(c) && !matches!(c, '\n' | '\t')), "{}", part.path);
                for never in ["w:instrText xml:space=\"preserve\"> HYPERLINK", "http://evil", "https://evil", "<w:hyperlink", "w:altChunk"]
                {
                    assert!(!text.contains(never), "{}: {never}", part.path);
                }
            }
        }
    }
}
