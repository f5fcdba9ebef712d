//! Canaries in every field of every source: none is found in a package that withholds them, in whatever disguise.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use konseki_pipeline::{PublishRequest, Request, Silent, investigate, publish};
use serde_json::Value;

const PLAIN: &str = "kanaria-host9";
/// A name of four Japanese characters.
const NAME: &str = "\u{91d1}\u{7cf8}\u{96c0}\u{592a}";

/// What a field may hold, by number: plain, Japanese, capitals, base64, percent-encoded, UTF-16 in base64, glued into a longer word, split.
fn disguise(number: usize, several_lines: bool) -> String {
    let wide: Vec<u8> = format!("on {PLAIN} by {NAME}").encode_utf16().flat_map(u16::to_le_bytes).collect();
    match number % 8 {
        0 => PLAIN.to_owned(),
        1 => NAME.to_owned(),
        2 => PLAIN.to_uppercase(),
        3 => STANDARD.encode(format!("the host {PLAIN} of {NAME}")),
        4 => format!("kanaria%2Dhost9%20{}", NAME.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>()),
        5 => STANDARD.encode(wide),
        6 => format!("x{PLAIN}backup"),
        _ if several_lines => "kanaria-\nhost9".to_owned(),
        _ => "kanaria-\u{200b}host9".to_owned(),
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn walk(folder: &Path, out: &mut Vec<PathBuf>) {
    let mut all: Vec<PathBuf> = fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()).collect();
    all.sort();
    for path in all {
        if path.is_dir() { walk(&path, out) } else { out.push(path) }
    }
}

/// Texts of each field of a sample, as its golden events tell them.
fn fields(events: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let mut out: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in fs::read_to_string(events).unwrap().lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        for pair in event["fields"].as_array().into_iter().flatten() {
            let (name, value) = (pair[0].as_str().unwrap(), pair[1].as_str().unwrap_or_default());
            let word = value.chars().any(char::is_alphabetic) && (3..200).contains(&value.len());
            if word {
                out.entry(name.to_owned()).or_default().insert(value.to_owned());
            }
        }
    }
    out
}

/// As words of their own: a name within a longer word is another name.
fn replaced(text: &str, value: &str, with: &str) -> String {
    let glued = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    let mut out = String::new();
    let mut at = 0;
    for (place, found) in text.match_indices(value) {
        let end = place + found.len();
        let alone = !glued(text[..place].chars().next_back()) && !glued(text[end..].chars().next());
        out += &text[at..place];
        out += if alone { with } else { found };
        at = end;
    }
    out + &text[at..]
}

/// Samples of every source with a canary in one field after the other; how many of which source.
fn plant(evidence: &Path) -> BTreeMap<String, usize> {
    let sources = root().join("crates/sources/src");
    let mut all = Vec::new();
    walk(&sources, &mut all);
    let mut planted = BTreeMap::new();
    for events in all.iter().filter(|path| path.to_string_lossy().ends_with(".events")) {
        let sample = events.with_extension("");
        let Ok(text) = fs::read_to_string(&sample) else { continue };
        let inside = sample.strip_prefix(&sources).unwrap().to_string_lossy().into_owned();
        let (source, rest) = inside.split_once("/samples/").unwrap();
        let lines = rest.ends_with(".csv") || rest.ends_with(".eml");
        for (number, (field, values)) in fields(events).into_iter().enumerate() {
            let changed = values.iter().fold(text.clone(), |text, value| replaced(&text, value, &disguise(number, lines)));
            if changed == text {
                continue;
            }
            // The name of a folder is told, too.
            let place = evidence.join(format!("{}/{source}/{field}", disguise(number % 3, false)).replace(['%', '#'], "_")).join(rest);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::write(&place, changed).unwrap();
            *planted.entry(source.to_owned()).or_insert(0) += 1;
        }
    }
    planted
}

/// One rule for every kind of log: whatever holds a canary is a finding, so that every field reaches the claims.
fn rules(folder: &Path) {
    let words: Vec<String> = (0..8).map(|number| disguise(number, false)).chain(["kanaria".to_owned()]).collect();
    let words: String = words.iter().map(|word| format!("    - '{word}'\n")).collect();
    let mut all = Vec::new();
    walk(&root().join("crates/sources/src"), &mut all);
    let mut kinds = BTreeSet::new();
    for about in all.iter().filter(|path| path.ends_with("source.toml")) {
        let about: toml::Table = toml::from_str(&fs::read_to_string(about).unwrap()).unwrap();
        for one in about.get("logsource").and_then(|list| list.as_array()).into_iter().flatten() {
            let part = |key: &str| one.get(key).map(|value| format!("  {key}: {}\n", value.as_str().unwrap())).unwrap_or_default();
            kinds.insert(["product", "category", "service"].map(part).concat());
        }
    }
    assert!(kinds.len() > 40);
    fs::create_dir_all(folder).unwrap();
    for (number, kind) in kinds.iter().enumerate() {
        let rule = format!(
            "title: {PLAIN} and {NAME} seen\nid: 00000000-0000-4000-8000-{number:012}\ndescription: About {PLAIN}\nlogsource:\n{kind}detection:\n  keywords:\n{words}  condition: keywords\nfalsepositives:\n  - '{NAME}'\nlevel: high\ntags:\n  - attack.t1078\n"
        );
        fs::write(folder.join(format!("{number}.yml")), rule).unwrap();
    }
    let yara = format!(
        "rule kanaria_seen {{ meta: title = \"{PLAIN}\" strings: $a = \"kanaria\" nocase $b = \"{NAME}\" condition: any of them }}\n"
    );
    fs::write(folder.join("kanaria.yar"), yara).unwrap();
}

/// The bytes in every reading that a curious reader would try.
fn readings(bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let mut out = vec![text.clone()];
    out.push(text.chars().filter(|c| !matches!(c, '\u{200b}'..='\u{200f}' | '\n' | '\r' | '\u{feff}')).collect());
    for units in [
        bytes.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect::<Vec<_>>(),
        bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect(),
    ] {
        out.push(String::from_utf16_lossy(&units));
    }
    let mut percent = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).and_then(|two| std::str::from_utf8(two).ok()).and_then(|two| u8::from_str_radix(two, 16).ok());
        match code.filter(|_| *first == b'%') {
            Some(code) => {
                percent.push(code);
                rest = &after[2..];
            }
            None => {
                percent.push(*first);
                rest = after;
            }
        }
    }
    out.push(String::from_utf8_lossy(&percent).into_owned());
    for run in text.split(|c: char| !(c.is_ascii_alphanumeric() || "+/".contains(c))).filter(|run| run.len() >= 12) {
        for start in 0..4 {
            let part = &run[start.min(run.len())..];
            if let Ok(inner) = STANDARD.decode(&part[..part.len() / 4 * 4]) {
                out.push(String::from_utf8_lossy(&inner).into_owned());
                out.push(String::from_utf16_lossy(
                    &inner.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect::<Vec<_>>(),
                ));
            }
        }
    }
    out
}

fn singing(bytes: &[u8]) -> Option<String> {
    let canary = |text: &String| text.to_lowercase().contains("kanaria") || text.contains(NAME);
    readings(bytes).into_iter().find(canary).map(|text| {
        let lower = text.to_lowercase();
        let at = lower.find("kanaria").or_else(|| lower.find(NAME)).unwrap_or(0);
        lower.chars().skip(lower[..at].chars().count().saturating_sub(60)).take(160).collect()
    })
}

/// The package's files with a canary in them.
fn leaks(case: &Path, audience: &str, out: &Path, written: &mut usize) -> Vec<String> {
    let langs = vec!["en".to_owned(), "ja".to_owned()];
    let request = PublishRequest {
        case: case.to_owned(),
        audience: audience.to_owned(),
        langs,
        out: out.to_owned(),
        side_by_side: true,
        ..PublishRequest::default()
    };
    match publish(&request) {
        Ok(_) => {}
        // Refused: nothing leaves. Said aloud, and no more than two of the five may be.
        Err(konseki_pipeline::Error::Case(why)) if why.contains("holds a withheld text") => {
            eprintln!("{audience}: refused: {why}");
            assert!(!out.exists(), "a refused package leaves nothing behind");
            return Vec::new();
        }
        Err(error) => panic!("{error}"),
    }
    *written += 1;
    let mut files = Vec::new();
    walk(out, &mut files);
    assert!(files.len() > 20);
    let told = |part: &konseki_publish::File| {
        // Pixels are not text; what a picture says stands in the SVG beside it.
        let bytes = if part.path.ends_with(".png") { &[] } else { part.bytes.as_slice() };
        singing(bytes).or_else(|| singing(part.path.as_bytes())).map(|text| format!("{audience}/{}: …{text}…", part.path))
    };
    let parts = files.iter().flat_map(|file| {
        let path = file.strip_prefix(out).unwrap().to_string_lossy().into_owned();
        // Documents are packed: each part of them is read.
        konseki_publish::opened(&konseki_publish::File { path, bytes: fs::read(file).unwrap() }).unwrap()
    });
    let parts: Vec<konseki_publish::File> = parts.collect();
    assert!(parts.iter().filter(|part| part.path.ends_with("word/document.xml")).count() >= 4);
    parts.iter().filter_map(told).collect()
}

#[test]
fn no_canary_of_any_source_leaves() {
    assert!((0..8).all(|number| singing(disguise(number, true).as_bytes()).is_some()), "the search finds each disguise");
    let folder = tempfile::tempdir().unwrap();
    let (evidence, case) = (folder.path().join("evidence"), folder.path().join("case"));
    let planted = plant(&evidence);
    assert!(planted.len() > 60 && planted.values().sum::<usize>() > 600, "{planted:?}");
    rules(&folder.path().join("rules"));
    let request =
        Request { inputs: vec![evidence], case: case.clone(), rules: vec![folder.path().join("rules")], threads: 2, ..Request::default() };
    investigate(&request, &Silent).unwrap();
    let found = fs::read_to_string(case.join("results/findings.jsonl")).unwrap();
    let found = found.lines().filter(|line| line.contains("00000000-0000-4000-8000-") || line.contains("kanaria_seen")).count();
    assert!(found > 100, "canaries reach the claims: {found}");
    // Default-deny: nobody named the canaries.
    let (mut all, mut written) = (Vec::new(), 0);
    for audience in ["public", "peers", "employees"] {
        all.extend(leaks(&case, audience, &folder.path().join(audience), &mut written));
    }
    // Named by the analyst, they leave for nobody.
    let settings = fs::read_to_string(case.join("case.toml")).unwrap();
    fs::write(case.join("case.toml"), format!("withhold = [\"kanaria\", \"{PLAIN}\", \"{NAME}\"]\n{settings}")).unwrap();
    for audience in ["sponsors", "law-enforcement"] {
        all.extend(leaks(&case, audience, &folder.path().join(audience), &mut written));
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
    assert!(written >= 3, "{written} packages of five were written");
}
