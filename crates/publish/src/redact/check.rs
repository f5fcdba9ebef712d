//! The last look: no file of a package holds a withheld text, in plain, encoded, escaped, split or wrapped form.

use aho_corasick::{AhoCorasick, MatchKind};
use konseki_report::Words;

use super::Withheld;
use super::policy::Class;
use super::scrub::stands_alone;
use super::undo::{decoded, joined, unbackslash, views};
use crate::packed::opened;
use crate::{Error, File};

/// Shorter texts turn up in encoded bytes by chance.
const ENCODED_MIN: usize = 6;
/// Lines are joined only for names that are long enough to be told from chance.
const WRAPPED_MIN: usize = 8;
/// How often encodings within encodings are followed.
const DEPTH: usize = 3;
/// Shorter names stand in longer words by chance.
const GLUED_MIN: usize = 4;
/// What the writers of the data formats spell: a name within a longer one of these words says nothing of the case. As a word of
/// its own a name is sought whatever stands here.
const FORMATS: [&str; 13] = [
    include_str!("../data/custody.rs"),
    include_str!("../data/detections/mod.rs"),
    include_str!("../data/detections/acts.rs"),
    include_str!("../data/flow.rs"),
    include_str!("../data/lists.rs"),
    include_str!("../data/malware.rs"),
    include_str!("../data/misp.rs"),
    include_str!("../data/navigator.rs"),
    include_str!("../data/ocsf.rs"),
    include_str!("../data/stix.rs"),
    include_str!("../data/tables.rs"),
    include_str!("../data/timesketch.rs"),
    include_str!("../duty/paper.rs"),
];
/// Words of ours that packages tell.
const TOLD: [&str; 5] = [
    include_str!("../../data/hunt.toml"),
    include_str!("../../data/systems.toml"),
    include_str!("../../data/mitigations.tsv"),
    include_str!("../../data/malware.toml"),
    crate::data::SCRIPT,
];

/// `ours`: the files of an empty case. What stands there is our own vocabulary and tells nothing.
///
/// # Errors
/// A file holds a withheld text.
pub fn check(files: &[File], withheld: &Withheld, ours: &Ours) -> Result<(), Error> {
    let (vocabulary, mut common) = (&ours.words, ours.samples.clone());
    common += &unbackslash(&common);
    withheld.book.open.iter().for_each(|path| common += &format!("\n{path}"));
    // A made-up sample may name a person or host of the case by chance: that stays a name. Programs and protocols in it are
    // common, and so is a part of a path that is told.
    let common = |class: Class, text: &str| matches!(class, Class::Value | Class::File) && stands(text, &common);
    let telling = |(class, text): &&(Class, String)| is_telling(*class, text, vocabulary) && !common(*class, text);
    let search = Search::new(withheld.sought.iter().filter(telling).cloned().collect(), ours)?;
    for file in &all_opened(files)? {
        search.bytes(&file.path, file.path.as_bytes(), 0)?;
        // Compressed pixels spell short names by chance; what a picture says stands in the SVG beside it, which is searched.
        if !(file.path.ends_with(".png") && file.bytes.starts_with(b"\x89PNG")) {
            search.bytes(&file.path, &file.bytes, 0)?;
        }
    }
    Ok(())
}

/// What konseki writes whatever the case: the package of an empty case and the rules it brings, in lower case.
#[derive(Clone, Debug, Default)]
pub struct Ours {
    words: String,
    /// Of formats; only longer words that hold a name are looked up here.
    formats: String,
    samples: String,
}

impl Ours {
    /// # Errors
    /// A packed file cannot be opened.
    pub fn new(files: &[File]) -> Result<Self, Error> {
        let files = all_opened(files)?;
        let (samples, words): (Vec<&File>, Vec<&File>) = files.iter().partition(|file| file.path.ends_with(".jsonl"));
        Ok(Self { words: vocabulary(&words), formats: FORMATS.concat().to_lowercase(), samples: texts(&samples) })
    }

    /// Does the name tell the case even as a part of a longer word (`vaultbackup`)? Not where it is short, could be a part of
    /// a number or hash, is no name but a word of a command, or where our own words spell it.
    pub fn tells_within(&self, class: Class, text: &str) -> bool {
        let named = matches!(class, Class::Host | Class::User | Class::Vm | Class::Datastore | Class::Domain | Class::Mailbox);
        let long = text.chars().count() >= GLUED_MIN && !text.bytes().all(|byte| byte.is_ascii_hexdigit() || b"-.:".contains(&byte));
        let spelled = |lower: &str| [&self.words, &self.formats].iter().any(|ours| ours.contains(lower));
        class == Class::Text || (named && long && !spelled(&text.to_lowercase()))
    }
}

/// Packed files as what is in them.
fn all_opened(files: &[File]) -> Result<Vec<File>, Error> {
    Ok(files.iter().map(opened).collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

/// Everything in these files, in lower case.
fn texts(files: &[&File]) -> String {
    files.iter().map(|file| String::from_utf8_lossy(&file.bytes).to_lowercase() + "\n").collect()
}

/// Does the text stand there as a word of its own?
fn stands(text: &str, within: &str) -> bool {
    let lower = text.to_lowercase();
    within.match_indices(&lower).any(|(at, found)| stands_alone(within, &(at..at + found.len())))
}

/// Everything that is written by us, in lower case.
fn vocabulary(ours: &[&File]) -> String {
    let mut text = texts(ours);
    // Names of a package's own files stand in its manifest and pages.
    ours.iter().for_each(|file| text += &format!("{}\n", file.path.to_lowercase()));
    let mut add = |part: &str| {
        text.push_str(&part.to_lowercase());
        text.push('\n');
    };
    for (key, both) in Words::all().chain(crate::words::book::all()) {
        // Keys hold the ids of sources and comparisons, which tables tell.
        add(key);
        add(&both.en);
        add(&both.ja);
    }
    konseki_report::attack::techniques().for_each(|technique| add(technique.name));
    TOLD.into_iter().for_each(add);
    text
}

/// Numbers and words of our own texts say nothing of the case. A text that the analyst withholds is always sought.
fn is_telling(class: Class, text: &str, ours: &str) -> bool {
    let least = if matches!(class, Class::Value | Class::File) { ENCODED_MIN } else { 3 };
    match class {
        Class::Text => true,
        // No address is as short as that; a confidence is.
        _ if text.chars().all(|c| c.is_ascii_digit() || c == '.') => text.len() > 6,
        _ => text.chars().count() >= least && !stands(text, ours),
    }
}

fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

/// Looks for texts in whatever form they have.
pub struct Search {
    sought: Vec<(Class, String)>,
    /// Those that tell within a longer word, too.
    within: Vec<bool>,
    finder: AhoCorasick,
    wide: AhoCorasick,
}

impl Search {
    /// # Errors
    /// There are more texts than a search can hold.
    pub fn new(sought: Vec<(Class, String)>, ours: &Ours) -> Result<Self, Error> {
        let broken = |error: aho_corasick::BuildError| Error::Internal(error.to_string());
        let finder = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .build(sought.iter().map(|(_, text)| text.as_bytes()))
            .map_err(broken)?;
        let wide = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(sought.iter().flat_map(|(_, text)| [utf16(text, u16::to_le_bytes), utf16(text, u16::to_be_bytes)]))
            .map_err(broken)?;
        let within = sought.iter().map(|(class, text)| ours.tells_within(*class, text)).collect();
        Ok(Self { sought, within, finder, wide })
    }

    /// Is one of them in there, plain, encoded, escaped or split?
    pub fn holds(&self, text: &str) -> bool {
        self.bytes("", text.as_bytes(), 0).is_err()
    }

    fn bytes(&self, file: &str, bytes: &[u8], depth: usize) -> Result<(), Error> {
        if let Some(hit) = self.wide.find(bytes) {
            return Err(self.leak(file, hit.pattern().as_usize() / 2, "UTF-16"));
        }
        let text = String::from_utf8_lossy(bytes);
        self.text(file, &text, 0)?;
        for view in views(&text) {
            self.text(file, &view, 0)?;
        }
        self.text(file, &joined(&text), WRAPPED_MIN)?;
        if depth < DEPTH {
            for inner in decoded(&text) {
                self.encoded(file, &inner, depth)?;
            }
        }
        Ok(())
    }

    fn encoded(&self, file: &str, inner: &[u8], depth: usize) -> Result<(), Error> {
        let text = String::from_utf8_lossy(inner);
        self.text(file, &text, ENCODED_MIN)?;
        if let Some(hit) = self.wide.find(inner) {
            return Err(self.leak(file, hit.pattern().as_usize() / 2, "UTF-16"));
        }
        // Text within text; noise is not followed.
        let readable = inner.iter().filter(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()).count();
        if readable * 10 >= inner.len() * 9 && inner.len() >= 16 { self.bytes(file, inner, depth + 1) } else { Ok(()) }
    }

    fn text(&self, file: &str, text: &str, least: usize) -> Result<(), Error> {
        for hit in self.finder.find_overlapping_iter(text) {
            let pattern = hit.pattern().as_usize();
            let long = self.sought.get(pattern).is_some_and(|(_, text)| text.len() >= least);
            let whole = stands_alone(text, &hit.range()) || self.within.get(pattern).copied().unwrap_or_default();
            if long && whole && !in_uuid(text, &hit.range()) {
                return Err(self.leak(file, pattern, &around(text, &hit.range())));
            }
        }
        Ok(())
    }

    /// `place`: the text around it, for the owner of the case, who alone sees the error.
    fn leak(&self, file: &str, pattern: usize, place: &str) -> Error {
        let what = self.sought.get(pattern).map_or("?", |(class, _)| class.as_str());
        let text = self.sought.get(pattern).map_or("", |(_, text)| text.as_str());
        Error::Leak { file: file.to_owned(), what: format!("{what} {text:?} in {place:?}") }
    }
}

/// A few characters before and after.
fn around(text: &str, range: &std::ops::Range<usize>) -> String {
    let before: Vec<char> = text.get(..range.start).unwrap_or_default().chars().rev().take(24).collect();
    let after = text.get(range.end..).unwrap_or_default().chars().take(24);
    before.into_iter().rev().chain(text.get(range.clone()).unwrap_or_default().chars()).chain(after).collect()
}

/// Is it a part of a UUID? Ids of ours spell short sessions by chance.
fn in_uuid(text: &str, range: &std::ops::Range<usize>) -> bool {
    let part = |byte: &u8| byte.is_ascii_hexdigit() || *byte == b'-';
    let bytes = text.as_bytes();
    let before = bytes.get(..range.start).unwrap_or_default().iter().rev().take_while(|byte| part(byte)).count();
    let after = bytes.get(range.end..).unwrap_or_default().iter().take_while(|byte| part(byte)).count();
    let run = text.get(range.start - before..range.end + after).unwrap_or_default();
    // `type--uuid`: the word before it may end in such letters, too.
    let id = run.rsplit("--").next().unwrap_or_default();
    let inside = range.start >= range.end + after - id.len().min(range.end + after);
    range.len() < 36 && inside && uuid::Uuid::parse_str(id).is_ok() && id.len() == 36
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;

    use super::*;

    fn holds(text: &str) -> bool {
        let withheld = Withheld {
            sought: vec![(Class::Host, "vault-host7".to_owned()), (Class::User, "\u{5c71}\u{7530}\u{592a}\u{90ce}".to_owned())],
            ..Withheld::default()
        };
        check(&[File { path: "a.txt".to_owned(), bytes: text.as_bytes().to_vec() }], &withheld, &Ours::default()).is_err()
    }

    #[test]
    fn short_names_numbers_and_ordinary_words_may_be_parts_of_words() {
        let ours = Ours { words: "the serverless observed".to_owned(), ..Ours::default() };
        let leaks = |sought: &str, text: &str| {
            let withheld = Withheld { sought: vec![(Class::Host, sought.to_owned())], ..Withheld::default() };
            check(&[File::new("a.txt", text)], &withheld, &ours).is_err()
        };
        assert!(leaks("nerve", "nervebackup") && leaks("nerve", "MYNERVE1") && leaks("nerve", "to_nerves"));
        assert!(!leaks("esx", "esx12") && !leaks("serv", "observed") && !leaks("cafe1", "0cafe12"));
        assert!(leaks("esx", "on esx.") && leaks("cafe1", "on cafe1"));
    }

    #[test]
    fn a_word_of_a_format_is_no_excuse_for_a_name_by_itself() {
        let ours = Ours { formats: "a canvas_block of the canvas".to_owned(), ..Ours::default() };
        let leaks = |text: &str| {
            let withheld = Withheld { sought: vec![(Class::Host, "canvas".to_owned())], ..Withheld::default() };
            check(&[File::new("a.txt", text)], &withheld, &ours).is_err()
        };
        assert!(leaks("on canvas.") && !leaks("canvasses"));
    }

    #[test]
    fn packed_files_are_looked_into() {
        let leaks = |path: &str, text: &str| {
            let withheld = Withheld { sought: vec![(Class::Host, "vault-host7".to_owned())], ..Withheld::default() };
            let bytes = crate::packed::pack(&[File::new("[Content_Types].xml", "<x/>"), File::new(path, text)]).unwrap();
            check(&[File { path: "overview.en.docx".to_owned(), bytes }], &withheld, &Ours::default()).is_err()
        };
        assert!(leaks("word/document.xml", "<w:p><w:r><w:t>on Vault-Host7.</w:t></w:r></w:p>"));
        assert!(leaks("word/document.xml", "<w:p><w:r><w:t>on vault-</w:t></w:r><w:r><w:rPr><w:b/></w:rPr><w:t>host7.</w:t></w:r></w:p>"));
        assert!(leaks("docProps/core.xml", "<dc:title>vault&#45;host7</dc:title>"));
        assert!(leaks("word/media/vault-host7.png", "x"));
        assert!(!leaks("word/document.xml", "<w:p><w:r><w:t>on host-3fa1.</w:t></w:r></w:p>"));
        let broken = File { path: "a.docx".to_owned(), bytes: b"PK no archive".to_vec() };
        assert!(check(&[broken], &Withheld::default(), &Ours::default()).is_err(), "what cannot be opened may hold anything");
    }

    #[test]
    fn a_part_of_an_id_is_no_name() {
        let withheld = |text: &str| Withheld { sought: vec![(Class::Session, text.to_owned())], ..Withheld::default() };
        let leaks = |text: &str, sought: &str| check(&[File::new("a.txt", text)], &withheld(sought), &Ours::default()).is_err();
        let id = "action--7be0a1c4-52b1-5e21-9d0a-0242ac120002";
        assert!(!leaks(id, "52b1") && !leaks(id, "7be0a1c4") && leaks(id, "7be0a1c4-52b1-5e21-9d0a-0242ac120002"));
        assert!(leaks("session 52b1", "52b1") && leaks("a-52b1-5e21", "52b1"));
    }

    #[test]
    fn a_name_is_found_in_every_disguise() {
        let code = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
        let wide: String = base64::engine::general_purpose::STANDARD.encode(utf16("on vault-host7", u16::to_le_bytes));
        let wrapped = code("this line is long enough to be wrapped: VAULT-HOST7, and it goes on for a while")
            .as_bytes()
            .chunks(20)
            .map(|c| String::from_utf8_lossy(c).into_owned())
            .collect::<Vec<_>>()
            .join("\r\n");
        for text in [
            "on vault-host7.",
            "VAULT-HOST7",
            "vault\\u002dhost7",
            "vault%2Dhost7",
            "%76ault-host7",
            "vault&#45;host7",
            "vault-ho\n  st7",
            "vault-ho=\r\nst7",
            "vault\u{200b}-host7",
            "vault-<wbr>host7",
            "\\u5c71\\u7530\\u592a\\u90ce",
            "\u{5c71}\u{7530}\u{592a}\u{90ce}\u{304c}",
            &code("vault-host7"),
            &code("x vault-host7"),
            &code("xx Vault-Host7"),
            &code(&code("is vault-host7 there, or is it not")),
            &wide,
            &wrapped,
            "%E5%B1%B1%E7%94%B0%E5%A4%AA%E9%83%8E",
            "vault-host71",
            "xVAULT-HOST7backup",
            &code("x of xvault-host7backup"),
            "backupvault-\n  host7x",
        ] {
            assert!(holds(text), "{text}");
        }
        for text in ["vault-host", "host-3fa1", "nothing here"] {
            assert!(!holds(text), "{text}");
        }
        assert!(
            check(
                &[File { path: "x/VAULT-host7.csv".to_owned(), bytes: Vec::new() }],
                &Withheld { sought: vec![(Class::Host, "vault-host7".into())], ..Withheld::default() },
                &Ours::default()
            )
            .is_err()
        );
    }
}
