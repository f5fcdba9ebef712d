//! The disclosure package: one case told to one audience, as words, pictures and data, all from the same redacted claims.

#![forbid(unsafe_code)]

mod audience;
mod claims;
pub mod data;
pub mod duty;
mod integrity;
mod malware;
mod packed;
pub mod pictures;
pub mod redact;
pub mod words;
mod words_of_data;

pub use audience::Audience;
pub use claims::{Act, Claims, Narrative, OwnRule};
pub use integrity::{Seal, UNLISTED, seal};
pub use malware::{Named, TYPES as MALWARE_TYPES};
pub use packed::opened;

use konseki_report::Lang;

/// A file of the package: path below the package's folder with `/`, and its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    pub path: String,
    pub bytes: Vec<u8>,
}

impl File {
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self { path: path.into(), bytes: text.into().into_bytes() }
    }
}

/// What a package is made for.
#[derive(Clone, Debug)]
pub struct Request {
    pub audience: Audience,
    pub langs: Vec<Lang>,
    /// Paragraphs of both languages beside each other.
    pub side_by_side: bool,
    /// Addresses and domains in CSV written so that no program follows them.
    pub defang: bool,
    /// Microseconds UTC that due times are counted from; `None`: remaining times are left out.
    pub now: Option<i64>,
    /// Secret of the case: pseudonyms are keyed by it, never written.
    pub key: Vec<u8>,
}

/// Files of the package, and the report of what was withheld, which is for the owner of the case alone.
#[derive(Clone, Debug, Default)]
pub struct Package {
    pub files: Vec<File>,
    pub withheld: String,
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{file}: holds a withheld text ({what}); nothing was written")]
    Leak { file: String, what: String },
    #[error("the signing key cannot be used: {0}")]
    Key(String),
    #[error("{0}")]
    Internal(String),
}

/// Redacts the claims for the audience, writes every file from them, and looks once more for withheld texts in each.
///
/// # Errors
/// A file would hold a withheld text.
pub fn package(claims: &Claims, request: &Request) -> Result<Package, Error> {
    let ours = redact::Ours::new(&files_of_nothing(claims, request)?)?;
    let (told, withheld) = redact::claims(claims, request, &ours)?;
    let mut files = files(&told, request)?;
    if told.chain.steps.is_empty() {
        // A flow must have a start; a case without steps has none.
        files.retain(|file| !file.path.starts_with("data/attack-flow"));
    }
    redact::check(&files, &withheld, &ours)?;
    Ok(Package { files, withheld: withheld.report(request) })
}

fn files(told: &Claims, request: &Request) -> Result<Vec<File>, Error> {
    let mut files = data::write(told, request)?;
    files.extend(words::write(told, request)?);
    files.extend(pictures::write(told, request)?);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// The package of an empty case, and the rules that konseki brings: every word in it is ours and may stand in any package.
fn files_of_nothing(claims: &Claims, request: &Request) -> Result<Vec<File>, Error> {
    let mut ours = files(&Claims { zone: "UTC".to_owned(), ..Claims::default() }, request)?;
    for own in claims.book.values().chain(claims.shelf.values()) {
        ours.push(File::new(&own.file, own.yaml.as_str()));
        ours.push(File::new(format!("{}.jsonl", own.file), format!("{}{}", own.matches, own.nomatches)));
    }
    ours.extend(data::act_rules(&claims.acts));
    Ok(ours)
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
