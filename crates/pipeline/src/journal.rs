//! What a run has finished: one line per pack of pieces, appended, so that a killed run goes on where it stopped.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use konseki_model::evidence::Zone;
use konseki_model::time::Offset;
use konseki_model::{At, Because, Entity, Fidelity, Problem, Records};
use serde::{Deserialize, Serialize};

/// What reading one piece gave, without its path: the same bytes give the same outcome wherever they lie.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Outcome {
    pub sha256: String,
    pub bytes: u64,
    /// Source id; empty for a piece that no source claims.
    pub source: String,
    /// Why nobody claims it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    pub host: String,
    pub zone: Zone,
    pub records: Records,
    /// Times of its events, apart for each offset that was said or taken.
    pub spans: Vec<Span>,
    pub problems: Vec<Problem>,
    pub hits: Vec<Hit>,
    /// Pieces found inside this one by its source: (name, sha256).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nested: Vec<(String, String)>,
    /// Events whose rules take part in correlations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub correlated: Vec<Correlated>,
    /// `hits` and `correlated` where they wait for the end: most of the bytes of a case with many pieces.
    #[serde(skip)]
    pub(crate) packed: Vec<u8>,
}

/// What a piece gave to rules.
#[derive(Default, Deserialize)]
pub struct Matched {
    pub hits: Vec<Hit>,
    pub correlated: Vec<Correlated>,
}

/// Events whose times lie equally far from the times as written.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Span {
    /// `None`: their source writes instants.
    pub offset: Option<Offset>,
    /// Microseconds UTC and fidelity of the first and last event.
    pub first: (i64, Fidelity),
    pub last: (i64, Fidelity),
    /// Events per hour since 1970, per host.
    pub hours: BTreeMap<String, BTreeMap<i64, u64>>,
}

impl Outcome {
    /// Packs what is not asked for before the end.
    fn close(&mut self) -> std::io::Result<()> {
        if self.packed.is_empty() && !(self.hits.is_empty() && self.correlated.is_empty()) {
            let text = serde_json::to_vec(&serde_json::json!({"hits": self.hits, "correlated": self.correlated}))?;
            self.packed = zstd::bulk::compress(&text, zstd::DEFAULT_COMPRESSION_LEVEL)?;
            self.packed.shrink_to_fit();
            (self.hits, self.correlated) = (Vec::new(), Vec::new());
        }
        Ok(())
    }

    /// Its hits and the events that correlations count.
    ///
    /// # Errors
    /// What was packed cannot be read again: a fault of ours or of the memory.
    pub fn matched(&self) -> std::io::Result<Matched> {
        if self.packed.is_empty() {
            return Ok(Matched { hits: self.hits.clone(), correlated: self.correlated.clone() });
        }
        Ok(serde_json::from_slice(&zstd::decode_all(self.packed.as_slice())?)?)
    }

    /// Did any event take a zone that it does not say?
    pub fn takes_a_zone(&self) -> bool {
        self.spans.iter().any(|span| matches!(span.offset, Some(Offset::Taken(_))))
    }
}

/// Matches of one rule, folded by host, actor, day and offset.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Hit {
    pub engine: String,
    pub rule: String,
    pub host: String,
    pub actor: String,
    pub count: u64,
    pub first: Option<i64>,
    pub last: Option<i64>,
    pub fidelity: String,
    pub basis: String,
    /// Of its times.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<Offset>,
    pub because: Vec<Because>,
    pub entities: BTreeSet<Entity>,
    /// Extra words of the engine (string of a YARA rule, indicator and its list).
    #[serde(default)]
    pub args: BTreeMap<String, String>,
}

/// An event that a correlation counts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Correlated {
    pub rules: Vec<String>,
    pub micros: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<Offset>,
    pub at: At,
    pub host: String,
    pub excerpt: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<String>,
    /// Fields that correlations group by or count.
    pub fields: Vec<(String, String)>,
}

/// Where bytes were found.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    pub path: String,
    pub sha256: String,
    pub bytes: u64,
    /// `piece`, `container:<kind>`, `link`, `refused`.
    pub what: String,
    pub problems: Vec<Problem>,
    /// Host that the path names, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
}

#[derive(Serialize, Deserialize)]
enum Line {
    /// Always first: what the outcomes below depend on.
    Head {
        version: String,
        rules: String,
    },
    Pack {
        file: Option<String>,
        outcomes: Vec<Outcome>,
    },
    Place(Place),
    /// All inputs of the case were gone through, and nothing came after.
    Whole,
}

/// The journal of a case: what is in it, and the end where more is appended.
pub struct Journal {
    /// `None` in a journal opened to be read.
    file: Option<File>,
    pub outcomes: BTreeMap<String, Outcome>,
    pub places: BTreeSet<Place>,
    /// Parquet files that finished packs name, relative to `events/`.
    pub files: BTreeSet<String>,
    /// Nothing is left to be read.
    pub whole: bool,
}

impl Journal {
    /// Opens or begins the journal. One of another program version or another rule set is put aside: its outcomes
    /// say what other rules saw, and everything is read again.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn open(path: &Path, version: &str, rules: &str) -> std::io::Result<(Self, bool)> {
        let (read, fresh, whole) = load(path, Some((version, rules)));
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        if fresh {
            file.set_len(0)?;
            let head = Line::Head { version: version.to_owned(), rules: rules.to_owned() };
            append(&mut file, &head)?;
        } else {
            file.set_len(whole)?;
        }
        Ok((Self { file: Some(file), ..read }, fresh))
    }

    /// Commits a finished pack: its file is on the disk, now its outcomes are.
    ///
    /// # Errors
    /// The disk is full.
    pub fn pack(&mut self, file: Option<String>, outcomes: Vec<Outcome>) -> std::io::Result<()> {
        let line = Line::Pack { file, outcomes };
        self.write(&line)?;
        if let Line::Pack { file, outcomes } = line {
            self.files.extend(file);
            for mut outcome in outcomes {
                outcome.close()?;
                self.outcomes.insert(outcome.sha256.clone(), outcome);
            }
        }
        Ok(())
    }

    /// Notes where bytes were found; a place known already is not written twice.
    ///
    /// # Errors
    /// The disk is full.
    pub fn place(&mut self, place: Place) -> std::io::Result<()> {
        if !self.places.contains(&place) {
            let line = Line::Place(place);
            self.write(&line)?;
            if let Line::Place(place) = line {
                self.places.insert(place);
            }
        }
        Ok(())
    }

    /// Brings everything to the disk.
    ///
    /// # Errors
    /// The disk is full.
    pub fn sync(&self) -> std::io::Result<()> {
        self.file.as_ref().map_or(Ok(()), File::sync_all)
    }

    /// Says that all inputs were gone through.
    ///
    /// # Errors
    /// The disk is full.
    pub fn finish(&mut self) -> std::io::Result<()> {
        if !self.whole {
            self.write(&Line::Whole)?;
            self.whole = true;
            self.sync()?;
        }
        Ok(())
    }

    fn write(&mut self, line: &Line) -> std::io::Result<()> {
        self.whole = false;
        self.file.as_mut().map_or(Ok(()), |file| append(file, line))
    }

    /// The journal as it stands, to be read only.
    ///
    /// # Errors
    /// There is none.
    pub fn read(path: &Path) -> std::io::Result<Self> {
        fs::metadata(path)?;
        Ok(load(path, None).0)
    }
}

/// Reads lines up to the first that is torn or of another program or rule set: what they say, whether there was none,
/// and how many bytes they are.
fn load(path: &Path, wanted: Option<(&str, &str)>) -> (Journal, bool, u64) {
    let mut outcomes = BTreeMap::new();
    let mut places = BTreeSet::new();
    let mut files = BTreeSet::new();
    let mut fresh = true;
    let mut finished = false;
    let mut whole = 0_u64;
    if let Ok(file) = File::open(path) {
        let mut reader = BufReader::new(file);
        let mut text = String::new();
        loop {
            text.clear();
            let got = reader.read_line(&mut text).unwrap_or(0);
            // A line without end was torn by a kill: it never happened.
            if got == 0 || !text.ends_with('\n') {
                break;
            }
            let Ok(line) = serde_json::from_str::<Line>(&text) else { break };
            finished = matches!(line, Line::Whole);
            match line {
                Line::Whole => {}
                Line::Head { version: v, rules: r } => {
                    if wanted.is_some_and(|(version, rules)| v != version || r != rules) {
                        break;
                    }
                    fresh = false;
                }
                Line::Pack { file, outcomes: more } => {
                    files.extend(file);
                    for mut outcome in more {
                        // What cannot be packed stays as it is.
                        let _ = outcome.close();
                        outcomes.insert(outcome.sha256.clone(), outcome);
                    }
                }
                Line::Place(place) => {
                    places.insert(place);
                }
            }
            whole += got as u64;
        }
    }
    (Journal { file: None, outcomes, places, files, whole: finished }, fresh, whole)
}

fn append(file: &mut File, line: &Line) -> std::io::Result<()> {
    let mut text = serde_json::to_string(line).map_err(std::io::Error::other)?;
    text.push('\n');
    file.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_line_never_happened() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let (mut journal, fresh) = Journal::open(&path, "1", "r").unwrap();
        assert!(fresh);
        journal.pack(Some("a.parquet".into()), vec![Outcome { sha256: "aa".into(), ..Outcome::default() }]).unwrap();
        drop(journal);
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"{\"Pack\":{\"file\":null,\"outc").unwrap();
        let (journal, fresh) = Journal::open(&path, "1", "r").unwrap();
        assert!(!fresh);
        assert_eq!(journal.outcomes.len(), 1);
        drop(journal);
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 2);
        let (journal, fresh) = Journal::open(&path, "2", "r").unwrap();
        assert!(fresh && journal.outcomes.is_empty());
    }

    #[test]
    fn what_waits_comes_back_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("work/journal.jsonl");
        let hit = |rule: &str| Hit {
            engine: "sigma".to_owned(),
            rule: rule.to_owned(),
            host: String::new(),
            actor: String::new(),
            count: 2,
            first: Some(1),
            last: None,
            fidelity: "second".to_owned(),
            basis: "written".to_owned(),
            offset: None,
            because: Vec::new(),
            entities: BTreeSet::new(),
            args: BTreeMap::from([("a".to_owned(), "b".to_owned())]),
        };
        let outcome = Outcome { sha256: "aa".to_owned(), hits: vec![hit("one"), hit("two")], ..Outcome::default() };
        let written = serde_json::to_string(&outcome).unwrap();
        let (mut journal, _) = Journal::open(&path, "1", "r").unwrap();
        journal.pack(None, vec![outcome]).unwrap();
        let again = Journal::read(&path).unwrap();
        for journal in [&journal, &again] {
            let kept = &journal.outcomes["aa"];
            assert!(kept.hits.is_empty());
            let Matched { hits, correlated } = kept.matched().unwrap();
            let whole = Outcome { hits, correlated, packed: Vec::new(), ..kept.clone() };
            assert_eq!(serde_json::to_string(&whole).unwrap(), written);
        }
    }
}
