//! Rules of all kinds behind one face: Sigma over events, YARA and indicators over bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use konseki_evidence::ReadSeek;
use konseki_model::finding::Words;
use konseki_model::{At, Because, Entity, EntityKind, Event, Finding, Level, Problem, ProblemKind};
use sha2::{Digest, Sha256};

use crate::journal::{Hit, Outcome};
use crate::views::RuleLine;
use crate::{Error, builtin, sigma, yara};

/// What one rule says of one event.
pub struct Match {
    pub engine: &'static str,
    pub rule: String,
    /// Fields that matched, for the excerpt.
    pub values: Vec<(String, String)>,
    pub args: BTreeMap<String, String>,
}

/// Room reused from event to event.
#[derive(Default)]
pub struct Scratch {
    pub sigma: sigma::Scratch,
}

/// The words of a rule.
#[derive(Clone, Debug)]
pub struct RuleWords {
    pub id: String,
    pub title: String,
    pub level: Level,
    pub techniques: Vec<String>,
    pub tactics: Vec<String>,
    pub why: String,
    pub disproof: String,
    pub ja: Option<Words>,
}

/// All rules of a run.
pub struct Detector {
    sigma: sigma::Engine,
    yara: yara::Set,
    /// YARA rules were given by the user: every piece is scanned, not only files that no log source reads.
    yara_all: bool,
    unusable: Vec<(String, u64, String)>,
    hash: String,
}

/// Rule files of a run, read from the disk; parsed and compiled when they are first asked for, so that taking in evidence
/// need not wait.
pub struct Rules {
    sigma: Vec<(String, Vec<u8>)>,
    yara: Vec<(String, Vec<u8>)>,
    lists: Vec<(String, Vec<u8>)>,
    /// YARA files that konseki brings; the first ones.
    own_yara: usize,
    hash: String,
    threads: usize,
    made: OnceLock<Detector>,
}

impl Rules {
    /// Reads the rules that konseki brings and those of the given paths; they will be loaded on so many threads.
    ///
    /// # Errors
    /// A path that does not exist or cannot be read.
    pub fn read(paths: &[PathBuf], with_builtin: bool, threads: usize) -> Result<Self, Error> {
        let (mut sigma, mut yara, mut lists) = (Vec::new(), Vec::new(), Vec::new());
        if with_builtin {
            sigma.extend(builtin::below("sigma/", ".yml"));
            sigma.extend(builtin::below("correlation/", ".yml"));
            yara.extend(builtin::below("yara/", ".yar"));
        }
        let own_yara = yara.len();
        for path in paths {
            collect(path, &mut sigma, &mut yara, &mut lists)?;
        }
        let mut hasher = Sha256::new();
        for (name, bytes) in sigma.iter().chain(&yara).chain(&lists) {
            // The name only by its end, so that moving a rule folder changes nothing.
            hasher.update(name.rsplit('/').next().unwrap_or(name));
            hasher.update((bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        }
        let hash = crate::hex(&hasher.finalize()).get(..16).unwrap_or_default().to_owned();
        Ok(Self { sigma, yara, lists, own_yara, hash, threads, made: OnceLock::new() })
    }

    /// The same for the same rules.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// Do the lists hold MD5 or SHA-1? Only then are they worth computing.
    pub fn wants_short_hashes(&self) -> bool {
        sigma::wants_short_hashes(&self.lists)
    }

    /// The rules, ready. Whoever asks first loads them, others wait.
    pub fn get(&self) -> &Detector {
        self.made.get_or_init(|| Detector::of(self))
    }
}

impl Detector {
    fn of(rules: &Rules) -> Self {
        let yara_all = rules.yara.len() > rules.own_yara;
        let yara = yara::Set::new(rules.yara.clone());
        let (sigma, mut unusable) = std::thread::scope(|scope| {
            // What is ours is compiled when a file asks for it; what is the user's may be wrong, and is said at once.
            let compile = || yara_all.then(|| yara.get().len());
            let beside = (rules.threads > 1).then(|| std::thread::Builder::new().spawn_scoped(scope, compile).ok()).flatten();
            let sigma = sigma::Engine::build(&rules.sigma, &rules.lists, rules.threads);
            beside.and_then(|thread| thread.join().ok()).unwrap_or_else(compile);
            sigma
        });
        if yara_all {
            unusable.extend(yara.unusable().iter().map(|one| (one.file.clone(), one.line, one.reason.clone())));
        }
        unusable.sort();
        Self { sigma, yara, yara_all, unusable, hash: rules.hash.clone() }
    }

    /// Matches one event. The second value names rules that correlations count.
    pub fn event(&self, source: usize, event: &Event<'_>, scratch: &mut Scratch) -> (Vec<Match>, Vec<String>) {
        self.sigma.event(source, event, &mut scratch.sigma)
    }

    /// Values that correlations group by or count.
    pub fn group_fields(&self, event: &Event<'_>) -> Vec<(String, String)> {
        self.sigma.group_fields(event)
    }

    /// Looks the hashes of a piece up and scans its bytes with YARA.
    pub fn bytes(&self, file: &Bytes<'_>, reader: &mut dyn ReadSeek, outcome: &mut Outcome) {
        // A file that is listed by several hashes is one file.
        if let Some(args) = file.hashes.iter().find_map(|hash| self.sigma.hash(hash)) {
            outcome.hits.push(file.hit("indicator", "indicator-hash", At::Offset(0), String::new(), args, &outcome.host));
        }
        if self.yara.is_empty() {
            return;
        }
        let log = !matches!(file.source, "" | "text/plain" | "vmware/esxi_autostart");
        if (!self.yara_all && log) || reader.seek(std::io::SeekFrom::Start(0)).is_err() {
            return;
        }
        let rules = self.yara.get();
        let mut bytes = Vec::new();
        let found = if file.size <= konseki_yara::WHOLE {
            std::io::Read::read_to_end(reader, &mut bytes).map_err(|error| error.to_string()).and_then(|_| rules.scan(file.path, &bytes))
        } else {
            rules.scan_stream(file.path, &mut Through(reader))
        };
        match found {
            Err(why) => {
                outcome.problems.push(Problem::new(ProblemKind::Unsupported, None, format!("YARA did not finish on this piece: {why}")))
            }
            Ok(hits) => outcome.hits.extend(hits.iter().map(|hit| file.yara(hit, &bytes, &outcome.host))),
        }
    }

    pub fn words(&self, engine: &str, rule: &str) -> RuleWords {
        match engine {
            "sigma" | "correlation" | "indicator" => self.sigma.words(engine, rule),
            _ => yara::words(rule, self.yara.get().about(rule)),
        }
    }

    /// Findings of correlations over all pieces.
    ///
    /// # Errors
    /// See [`Outcome::matched`].
    pub fn correlate<'a>(
        &self,
        outcomes: impl Iterator<Item = &'a Outcome>,
        corrections: &konseki_store::Corrections,
    ) -> std::io::Result<(Vec<Finding>, Vec<konseki_model::Problem>)> {
        self.sigma.correlate(outcomes, corrections)
    }

    pub fn hash(&self) -> &str {
        &self.hash
    }

    pub fn usable(&self) -> u64 {
        self.sigma.len() + self.yara.count() as u64
    }

    pub fn unusable(&self) -> &[(String, u64, String)] {
        &self.unusable
    }

    pub fn list(&self) -> Vec<RuleLine> {
        let rules = self.yara.get();
        let files = rules.names().map(|name| yara::words(name, rules.about(name)));
        let files = files.map(|words| RuleLine {
            id: words.id,
            level: words.level.as_str().to_owned(),
            title: words.title,
            title_ja: words.ja.map(|ja| ja.title).unwrap_or_default(),
            engine: "yara".to_owned(),
            techniques: words.techniques,
        });
        self.sigma.list().into_iter().chain(files).collect()
    }

    /// The part of the report about rules.
    pub fn report(&self, findings: &[Finding]) -> konseki_report::Rules {
        let mut fired: BTreeMap<(&str, &str), konseki_report::RuleFired> = BTreeMap::new();
        for finding in findings {
            let entry = fired.entry((&finding.engine, &finding.rule)).or_insert_with(|| konseki_report::RuleFired {
                rule: finding.rule.clone(),
                title: finding.title.clone(),
                title_ja: finding.ja.as_ref().map(|ja| ja.title.clone()).unwrap_or_default(),
                level: finding.level,
                engine: finding.engine.clone(),
                count: 0,
            });
            entry.count += finding.count;
        }
        let unusable = self.unusable.iter().map(|(file, line, reason)| konseki_report::RuleUnusable {
            file: file.clone(),
            line: (*line > 0).then_some(*line),
            reason: reason.clone(),
        });
        konseki_report::Rules { usable: self.usable(), fired: fired.into_values().collect(), unusable: unusable.collect() }
    }
}

/// A piece as file rules see it.
pub struct Bytes<'a> {
    pub path: &'a str,
    /// Evidence id.
    pub id: &'a str,
    /// In hexadecimal.
    pub hashes: &'a [String],
    pub size: u64,
    /// Source that read it; empty for none.
    pub source: &'a str,
}

impl Bytes<'_> {
    /// `whole`: the bytes of the piece where they are at hand, so that a place in text is a line.
    fn yara(&self, hit: &konseki_yara::Hit, whole: &[u8], host: &str) -> Hit {
        // The longest string says most; a file's first bytes say what kind of file it is.
        let telling = hit.strings.iter().max_by_key(|(offset, _, bytes)| (bytes.len(), std::cmp::Reverse(*offset)));
        let (offset, bytes) = telling.map_or((0, &[][..]), |(offset, _, bytes)| (*offset, bytes.as_slice()));
        let text = konseki_formats::text::longest_valid(bytes);
        let names: BTreeSet<&str> = hit.strings.iter().map(|(_, name, _)| name.as_str()).collect();
        // A match by few short strings is weak: they are named, so that the reader can weigh it.
        let mut args = BTreeMap::from([
            ("rule".to_owned(), hit.rule.clone()),
            ("file".to_owned(), self.path.rsplit('/').next().unwrap_or(self.path).to_owned()),
            ("strings".to_owned(), names.into_iter().collect::<Vec<_>>().join(", ")),
        ]);
        for name in ["description", "score"] {
            args.extend(hit.meta.get(name).map(|value| (name.to_owned(), value.clone())));
        }
        // The excerpt is text: it begins where the first valid run of the string does.
        let start = memchr::memmem::find(bytes, text.as_bytes()).unwrap_or(0) as u64;
        let (at, excerpt) = yara::place(whole, offset + start, text);
        self.hit("yara", &hit.rule, at, excerpt.to_owned(), args, host)
    }

    fn hit(&self, engine: &str, rule: &str, at: At, excerpt: String, args: BTreeMap<String, String>, host: &str) -> Hit {
        let name = self.path.rsplit("!/").next().unwrap_or(self.path);
        Hit {
            engine: engine.to_owned(),
            rule: rule.to_owned(),
            host: host.to_owned(),
            actor: self.id.to_owned(),
            count: 1,
            first: None,
            last: None,
            fidelity: String::new(),
            basis: String::new(),
            offset: None,
            because: vec![Because { evidence: self.id.to_owned(), path: String::new(), at, excerpt, encoding: None }],
            entities: BTreeSet::from([Entity::new(EntityKind::File, name, "object")]),
            args,
        }
    }
}

/// Sorts the files of a rule path by what they are.
fn collect(
    path: &Path,
    sigma: &mut Vec<(String, Vec<u8>)>,
    yara: &mut Vec<(String, Vec<u8>)>,
    lists: &mut Vec<(String, Vec<u8>)>,
) -> Result<(), Error> {
    let bad = |error: std::io::Error| Error::Rules(format!("{}: {error}", path.display()));
    if path.is_dir() {
        let mut entries: Vec<PathBuf> = std::fs::read_dir(path).map_err(bad)?.flatten().map(|entry| entry.path()).collect();
        entries.sort();
        for entry in entries {
            collect(&entry, sigma, yara, lists)?;
        }
        return Ok(());
    }
    let ending = path.extension().map(|e| e.to_string_lossy().to_lowercase()).unwrap_or_default();
    let read = || std::fs::read(path).map_err(bad).map(|bytes| (path.display().to_string(), bytes));
    match ending.as_str() {
        "yml" | "yaml" => sigma.push(read()?),
        "zip" => sigma.push(read()?),
        "yar" | "yara" => yara.push(read()?),
        "csv" | "json" | "txt" => lists.push(read()?),
        _ if !path.exists() => return Err(Error::Rules(format!("{}: there is no such rule path", path.display()))),
        _ => {}
    }
    Ok(())
}

/// What `rules test` found.
#[derive(Clone, Debug, Default)]
pub struct Tested {
    pub rules: u64,
    pub without_samples: u64,
    pub failures: Vec<String>,
}

/// Runs rules against the samples beside them.
///
/// # Errors
/// A path that cannot be read.
pub fn test_rules(paths: &[PathBuf]) -> Result<Tested, Error> {
    let mut tested = Tested::default();
    let mut files = Vec::new();
    let (mut yara, mut lists) = (Vec::new(), Vec::new());
    for path in paths {
        collect(path, &mut files, &mut yara, &mut lists)?;
    }
    for (name, bytes) in &yara {
        let beside = |ending: &str| std::fs::read(Path::new(name).with_extension(ending)).ok();
        let (Some(hit), Some(miss)) = (beside("match.bin"), beside("nomatch.bin")) else {
            tested.without_samples += 1;
            continue;
        };
        tested.rules += 1;
        tested.failures.extend(yara::test(name, bytes, &hit, &miss));
    }
    for (name, bytes) in files {
        let beside = |ending: &str| std::fs::read(Path::new(&name).with_extension(ending)).ok();
        let (Some(hit), Some(miss)) = (beside("match.jsonl"), beside("nomatch.jsonl")) else {
            tested.without_samples += 1;
            continue;
        };
        tested.rules += 1;
        tested.failures.extend(sigma::test(&name, &bytes, &hit, &miss));
    }
    Ok(tested)
}

/// A reader behind a reference, sized.
struct Through<'a>(&'a mut dyn ReadSeek);

impl std::io::Read for Through<'_> {
    fn read(&mut self, room: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(room)
    }
}
