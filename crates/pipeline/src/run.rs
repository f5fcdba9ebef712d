//! One run over a case: rules, reading, story, results, report. `investigate` begins or continues, `add` is the same.

use std::fs;
use std::path::{Path, PathBuf};

use konseki_evidence::{Limits, Options};
use konseki_model::Level;
use serde::Serialize;

use crate::detect::Rules;
use crate::journal::Journal;
use crate::settings::Settings;
use crate::{Error, Progress, VERSION, assemble, reading};

/// What a run is asked for.
#[derive(Clone, Debug, Default)]
pub struct Request {
    pub inputs: Vec<PathBuf>,
    pub case: PathBuf,
    /// Sigma files, folders and archives, YARA files and folders, indicator lists.
    pub rules: Vec<PathBuf>,
    /// Leave the rules that konseki brings aside.
    pub no_builtin: bool,
    pub passwords: Vec<String>,
    /// Worker threads; 0 takes as many as there are processors.
    pub threads: usize,
    /// RFC 3339 UTC, for the custody log alone.
    pub now: String,
    /// Who runs it, for the custody log alone.
    pub actor: String,
    pub arguments: Vec<String>,
    /// Bounds other than the defaults, for tests and very large evidence.
    pub limits: Option<Limits>,
}

/// What a run gave.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    pub findings: u64,
    pub highest: Option<Level>,
    /// Parts of the evidence that could not be read.
    pub unread: u64,
    pub events: u64,
    /// The ten-second text, English and Japanese.
    pub text_en: String,
    pub text_ja: String,
    pub report: PathBuf,
    /// What is in `summary.json`.
    pub json: serde_json::Value,
}

impl Summary {
    /// 0 nothing found, 1 findings, 3 parts unread.
    pub fn exit_code(&self) -> u8 {
        if self.unread > 0 { 3 } else { u8::from(self.findings > 0) }
    }
}

/// Folders and files of a case.
pub(crate) struct Case {
    pub root: PathBuf,
}

impl Case {
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }
}

/// Inputs that earlier runs took in, in the order of their paths.
fn known_inputs(case: &Case) -> Vec<PathBuf> {
    fs::read_to_string(case.path("work/inputs.txt")).unwrap_or_default().lines().map(PathBuf::from).collect()
}

fn threads(request: &Request) -> usize {
    if request.threads == 0 { std::thread::available_parallelism().map_or(1, usize::from) } else { request.threads }
}

fn case_error(path: &Path, error: &std::io::Error) -> Error {
    Error::Folder(format!("{}: {error}", path.display()))
}

pub(crate) fn lock_error(error: konseki_evidence::LockError) -> Error {
    match error {
        konseki_evidence::LockError::Held { .. } => Error::Case(error.to_string()),
        konseki_evidence::LockError::Io { .. } => Error::Folder(error.to_string()),
    }
}

/// Takes evidence in, detects, reconstructs, writes `results/` and `report/`. Goes on where a killed run stopped.
/// Evidence of earlier runs of the same case stays in it. With no inputs named the story is told anew from what was read
/// before, without the evidence, unless reading was not finished, or rules or hosts of `case.toml` changed.
///
/// # Errors
/// See [`Error`].
pub fn investigate(request: &Request, progress: &dyn Progress) -> Result<Summary, Error> {
    let case = Case { root: request.case.clone() };
    guard_version(&case)?;
    let mut inputs = known_inputs(&case);
    if request.inputs.is_empty() && inputs.is_empty() {
        return Err(Error::Usage(format!("no evidence is named, and {} holds none", case.root.display())));
    }
    for folder in ["work", "events", "results", "report"] {
        let path = case.path(folder);
        fs::create_dir_all(&path).map_err(|error| case_error(&path, &error))?;
    }
    let _lock = konseki_evidence::Lock::take(&case.root).map_err(lock_error)?;
    let settings_path = case.path("case.toml");
    if !settings_path.exists() {
        let name = case.root.file_name().map_or("case".to_owned(), |name| name.to_string_lossy().into_owned());
        fs::write(&settings_path, Settings::template(&name)).map_err(|error| case_error(&settings_path, &error))?;
    }
    let settings = Settings::read(&settings_path).map_err(Error::Case)?;
    for input in &request.inputs {
        let real = fs::canonicalize(input).map_err(|error| Error::Usage(format!("{}: {error}", input.display())))?;
        if !inputs.contains(&real) {
            inputs.push(real);
        }
    }
    inputs.sort();
    progress.stage("rules");
    let threads = threads(request);
    let rules = Rules::read(&request.rules, !request.no_builtin, threads)?;
    let key = crate::sha256(format!("{}\n{}\n{}", rules.hash(), settings.reading_key(), request.passwords.len()).as_bytes());
    let journal_path = case.path("work/journal.jsonl");
    let (journal, fresh) = Journal::open(&journal_path, VERSION, &key).map_err(|error| case_error(&journal_path, &error))?;
    sweep(&case, &journal)?;
    // Without new evidence the story is told anew from what was read: only settings can have changed.
    let journal = if request.inputs.is_empty() && !fresh && journal.whole {
        journal
    } else {
        take_in(&case, request, &inputs, journal, &rules, &settings, progress)?
    };
    progress.stage("story");
    let detector = rules.get();
    let (summary, manifest) = assemble::assemble(&case, &journal, detector, &settings, threads)?;
    assemble::custody(&case, request, &inputs, &journal, detector, &manifest)?;
    Ok(summary)
}

/// Reads all inputs that the journal does not know.
fn take_in(
    case: &Case,
    request: &Request,
    inputs: &[PathBuf],
    journal: Journal,
    rules: &Rules,
    settings: &Settings,
    progress: &dyn Progress,
) -> Result<Journal, Error> {
    let mut options = Options::new(case.path("work/spool"));
    options.passwords.clone_from(&request.passwords);
    options.case = Some(case.root.clone());
    // MD5 and SHA-1 double the cost of taking in; no one else asks for them.
    options.extra_hashes = rules.wants_short_hashes();
    if let Some(limits) = request.limits {
        options.limits = limits;
    }
    progress.stage("reading");
    let threads = threads(request);
    let means = reading::Means { options: &options, folder: case.path("events"), rules, settings, threads, progress };
    let mut journal = reading::read_all(inputs, journal, means)?;
    let listing: Vec<String> = inputs.iter().map(|path| path.display().to_string()).collect();
    write(&case.path("work/inputs.txt"), (listing.join("\n") + "\n").as_bytes())?;
    journal.finish().map_err(|error| Error::Folder(format!("the journal cannot be written: {error}")))?;
    Ok(journal)
}

/// Removes what no finished pack names: files of a killed run.
fn sweep(case: &Case, journal: &Journal) -> Result<(), Error> {
    let root = case.path("events");
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|error| case_error(&folder, &error))?.flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(&root).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            if !journal.files.contains(&name) {
                fs::remove_file(&path).map_err(|error| case_error(&path, &error))?;
            }
        }
    }
    Ok(())
}

/// Refuses a case that a newer konseki made.
pub(crate) fn guard_version(case: &Case) -> Result<(), Error> {
    let text = fs::read_to_string(case.path("work/format")).unwrap_or_default();
    let made: u32 = text.trim().parse().unwrap_or(0);
    if made > FORMAT {
        return Err(Error::Case(format!(
            "{} was made by a newer konseki (case format {made}, this one knows {FORMAT}): use that version",
            case.root.display()
        )));
    }
    Ok(())
}

/// Version of the case folder's layout.
pub(crate) const FORMAT: u32 = 1;

/// Whole or not at all.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    konseki_evidence::atomic::write(path, bytes).map_err(|error| case_error(path, &error))
}
