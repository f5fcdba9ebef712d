//! The documents of a package: both languages, what each audience gets, hostile evidence, what is left to fill in.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../../report/tests/made_up/mod.rs"]
mod made_up;

use std::collections::BTreeSet;

use konseki_publish::{Audience, Claims, File, Request, pictures, words};
use konseki_report::holes::names;
use konseki_report::{Lang, is_hidden};
use pulldown_cmark::{Event, Options, Parser, Tag};

fn claims(owned: made_up::Owned) -> Claims {
    Claims {
        name: "made-up".to_owned(),
        zone: "Asia/Tokyo".to_owned(),
        findings: owned.findings,
        chain: owned.chain,
        intake: owned.intake,
        unrecognised: owned.unrecognised,
        rules: owned.rules,
        inventory: owned.inventory,
        coverage: owned.coverage,
        versions: owned.versions,
        ..Claims::default()
    }
}

fn request(audience: Audience) -> Request {
    Request { audience, langs: Lang::ALL.to_vec(), side_by_side: true, defang: true, now: None, key: b"key".to_vec() }
}

/// The documents, and the pictures as SVG.
fn files(claims: &Claims, audience: Audience) -> Vec<File> {
    let mut files = words::write(claims, &request(audience)).unwrap();
    for lang in Lang::ALL {
        let drawn = pictures::draw(claims, &request(audience), lang).into_iter();
        files.extend(drawn.map(|one| File { path: format!("pictures/{}.{}.svg", one.name, lang.tag()), bytes: one.svg.into_bytes() }));
    }
    files
}

fn text<'a>(files: &'a [File], path: &str) -> &'a str {
    let file = files.iter().find(|file| file.path == path).unwrap_or_else(|| panic!("{path}"));
    std::str::from_utf8(&file.bytes).unwrap()
}

fn texts(files: &[File]) -> impl Iterator<Item = (&str, &str)> {
    files
        .iter()
        .filter(|file| !file.path.ends_with(".png") && !file.path.ends_with(".docx"))
        .map(|file| (file.path.as_str(), std::str::from_utf8(&file.bytes).unwrap()))
}

#[test]
fn every_sentence_stands_in_both_languages_with_the_same_holes() {
    let mut n = 0;
    for (key, both) in words::sentences() {
        assert!(!both.en.is_empty() && !both.ja.is_empty(), "{key}: a language is missing");
        assert_eq!(names(&both.en), names(&both.ja), "{key}: holes differ");
        for text in [&both.en, &both.ja] {
            assert_eq!(text.matches('{').count(), text.matches('}').count(), "{key}");
            assert_eq!(text.matches('[').count(), text.matches(']').count() + usize::from(text == "[") - usize::from(text == "]"), "{key}");
        }
        n += 1;
    }
    assert!(n > 350, "{n}: a file was not read");
}

#[test]
fn no_document_names_a_key_instead_of_a_sentence() {
    let claims = claims(made_up::owned());
    for audience in Audience::ALL {
        for (path, text) in texts(&files(&claims, audience)).filter(|(path, _)| path.ends_with(".md") || path.ends_with(".svg")) {
            for stem in ["advice.", "common.", "deep.", "duty.", "exec.", "faq.", "hunt.", "overview.", "pictures.", "press."] {
                for (at, _) in text.match_indices(stem) {
                    let before = text[..at].chars().next_back().unwrap_or(' ');
                    let after = text[at + stem.len()..].chars().next().unwrap_or(' ');
                    assert!(before.is_alphanumeric() || !after.is_ascii_lowercase(), "{path}: {}", &text[at..(at + 30).min(text.len())]);
                }
            }
        }
    }
}

#[test]
fn each_audience_gets_its_documents() {
    let claims = claims(made_up::owned());
    let all: Vec<Vec<File>> = Audience::ALL.into_iter().map(|audience| files(&claims, audience)).collect();
    for (name, who) in [
        ("press", vec![Audience::Public, Audience::Sponsors]),
        ("faq", vec![Audience::Employees]),
        ("duties", vec![Audience::Sponsors, Audience::LawEnforcement]),
        ("hunting", vec![Audience::Public, Audience::Peers, Audience::LawEnforcement]),
    ] {
        for (audience, files) in Audience::ALL.into_iter().zip(&all) {
            let have = files.iter().any(|file| file.path == format!("{name}.ja.html"));
            assert_eq!(have, who.contains(&audience), "{name} for {}", audience.as_str());
        }
    }
}

#[test]
fn the_same_bytes_twice() {
    let claims = claims(made_up::owned());
    assert_eq!(files(&claims, Audience::LawEnforcement), files(&claims, Audience::LawEnforcement));
}

#[test]
fn hostile_evidence_never_acts() {
    let claims = claims(made_up::hostile());
    for audience in [Audience::Public, Audience::Peers, Audience::LawEnforcement] {
        for (path, text) in texts(&files(&claims, audience)) {
            let hidden: BTreeSet<char> = text.chars().filter(|c| is_hidden(*c) && !matches!(c, '\n' | '\t')).collect();
            assert!(hidden.is_empty(), "{path}: {hidden:?}");
            if path.ends_with(".md") {
                markdown_is_dead(path, text);
            } else if !path.ends_with(".json") {
                for never in [
                    "<script",
                    "<iframe",
                    "<img",
                    "<a ",
                    "href=",
                    "src=",
                    " style=\"",
                    "onerror=alert(1)>",
                    "<svg onload",
                    "http://evil",
                    "https://evil",
                ] {
                    assert!(!text.contains(never), "{path}: {never}");
                }
                if path.ends_with(".html") {
                    assert_eq!(text.matches("<style").count(), 1, "{path}");
                    assert!(text.contains("default-src 'none'"), "{path}");
                }
            }
        }
    }
}

/// No HTML, no link and no picture but our own, with every extension a reader may have.
fn markdown_is_dead(path: &str, text: &str) {
    for event in Parser::new_ext(text, Options::all()) {
        match event {
            Event::Html(html) | Event::InlineHtml(html) => panic!("{path}: HTML {html}"),
            Event::Start(Tag::Link { dest_url, .. }) => panic!("{path}: link to {dest_url}"),
            Event::Start(Tag::Image { dest_url, .. }) => assert!(dest_url.starts_with("pictures/"), "{path}: {dest_url}"),
            Event::InlineMath(math) | Event::DisplayMath(math) => panic!("{path}: math {math}"),
            _ => {}
        }
    }
    assert!(!text.contains("http://") && !text.contains("https://"), "{path}: a live address");
}

#[test]
fn both_languages_hold_the_same_ids_times_and_amounts() {
    let claims = claims(made_up::owned());
    let all = files(&claims, Audience::LawEnforcement);
    for name in ["overview", "deep-dive", "hunting", "duties"] {
        let tokens = |lang: &str| -> BTreeSet<String> {
            let text = text(&all, &format!("{name}.{lang}.md")).replace('\\', "");
            let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || ".:-[]/".contains(c)));
            words
                .filter(|word| word.len() > 6 && word.chars().any(|c| c.is_ascii_digit()) && word.contains([':', '.', '-']))
                .map(|word| word.trim_matches(['.', ':', '-', ',']).to_owned())
                .filter(|word| word.contains(':'))
                .collect()
        };
        assert_eq!(tokens("en"), tokens("ja"), "{name}");
    }
}

#[test]
fn an_audience_of_days_gets_no_time_of_day_and_no_lines() {
    let claims = claims(made_up::owned());
    let excerpt = claims.findings[0].because[0].excerpt.clone();
    let all = files(&claims, Audience::Public);
    for (path, text) in texts(&all).filter(|(path, _)| !path.starts_with("hunting")) {
        let clock =
            text.as_bytes().windows(8).any(|w| w[2] == b':' && w[5] == b':' && [0, 1, 3, 4, 6, 7].iter().all(|i| w[*i].is_ascii_digit()));
        assert!(!clock, "{path} holds a time of day");
        assert!(!text.contains(&excerpt), "{path} holds a line");
    }
    assert!(!all.iter().any(|file| file.path.contains("heat")), "hours of the day are held back");
    let own = files(&claims, Audience::LawEnforcement);
    assert!(text(&own, "deep-dive.en.md").contains(excerpt.lines().next().unwrap()));
}

#[test]
fn what_is_missing_is_said_and_listed_until_it_is_filled() {
    let mut claims = claims(made_up::owned());
    let left = words::to_fill(&claims, &request(Audience::Public));
    assert!(left.iter().any(|item| item.en.contains("facts.organisation")), "{left:?}");
    assert!(text(&files(&claims, Audience::Public), "press.en.md").contains("to fill in: name of the organisation"));
    for key in ["published", "contact", "affected_systems", "response", "authorities", "data_items", "next_update"] {
        claims.facts.insert(key.to_owned(), "given".to_owned());
    }
    claims.facts.insert("organisation_en".to_owned(), "Example Institute".to_owned());
    claims.facts.insert("organisation_ja".to_owned(), "Rei".to_owned());
    claims.facts.insert("aware".to_owned(), "2024-01-08T09:00:00+09:00".to_owned());
    let press = files(&claims, Audience::Public);
    let en = text(&press, "press.en.md");
    assert!(!en.contains("to fill in") && en.contains("Example Institute") && en.contains("8 January 2024"), "{en}");
    assert!(text(&press, "press.ja.md").contains("Rei"));
    let count = en.split_whitespace().count();
    assert!((180..=380).contains(&count), "{count} words in the press statement");
}

#[test]
fn an_instant_that_cannot_be_read_is_said() {
    let mut claims = claims(made_up::owned());
    claims.facts.insert("aware".to_owned(), "10 April, nine in the morning".to_owned());
    let left = words::to_fill(&claims, &request(Audience::Sponsors));
    assert!(left.iter().any(|item| item.en.contains("facts.aware") && item.en.contains("no time with offset")), "{left:?}");
}

#[test]
fn peers_are_not_told_who_the_victim_is() {
    let mut claims = claims(made_up::owned());
    claims.facts.insert("organisation".to_owned(), "Example Institute".to_owned());
    for (path, text) in texts(&files(&claims, Audience::Peers)) {
        assert!(!text.contains("Example Institute"), "{path}");
    }
}

#[test]
fn the_analysts_words_stand_in_their_place_and_are_marked() {
    let mut claims = claims(made_up::owned());
    for (name, lang, own) in
        [("overview", "en", "Own **words** <b>"), ("overview", "ja", "Own J"), ("overview.containment", "en", "Pulled the plug.")]
    {
        claims.narrative.texts.insert((name.to_owned(), lang.to_owned()), own.to_owned());
    }
    let all = files(&claims, Audience::Sponsors);
    let (en, ja) = (text(&all, "overview.en.md"), text(&all, "overview.ja.md"));
    assert!(en.contains("In the analyst's own words:") && en.contains("Own words \\<b\\>"), "{en}");
    assert!(en.contains("Pulled the plug.") && !en.contains("to fill in: containment"));
    assert!(ja.contains("Own J") && ja.contains("Pulled the plug."), "the other language says where it is written");
}

#[test]
fn pictures_have_a_text_alternative_and_a_png() {
    let claims = claims(made_up::owned());
    let all = pictures::write(&claims, &request(Audience::LawEnforcement)).unwrap();
    assert_eq!(all, pictures::write(&claims, &request(Audience::LawEnforcement)).unwrap(), "the same bytes twice");
    for name in ["timeline", "movement", "attack-graph", "inventory", "heat", "bytes", "coverage"] {
        for lang in ["en", "ja"] {
            let svg = text(&all, &format!("pictures/{name}.{lang}.svg"));
            assert!(svg.contains("role=\"img\"") && svg.contains("<desc id=") && svg.contains("aria-labelledby="), "{name}");
            roxml(svg);
            let png = all.iter().find(|file| file.path == format!("pictures/{name}.{lang}.png")).unwrap();
            assert!(png.bytes.starts_with(b"\x89PNG\r\n\x1a\n"), "{name}");
        }
    }
}

/// Well-formed: the renderer reads it as XML.
fn roxml(svg: &str) {
    let opens = svg.matches("<g>").count();
    assert_eq!(opens, svg.matches("</g>").count());
    assert_eq!(svg.matches("<svg").count(), 1);
}

#[test]
fn an_empty_case_is_told_without_a_claim() {
    let claims = claims(made_up::Owned::empty());
    for audience in Audience::ALL {
        for (path, text) in texts(&files(&claims, audience)) {
            assert!(!text.contains("An intrusion at"), "{path}");
        }
    }
}
