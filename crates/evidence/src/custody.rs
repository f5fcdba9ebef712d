//! Chain of custody: an append-only file of JSON lines, each holding the hash of the one before.
//!
//! `hash = SHA-256(prev || line)`, in hexadecimal, where `prev` is the hash of the line before (64 zeros for the
//! first) as text and `line` is the entry as compact JSON, keys in the order of [`Record`], without `hash`. Whoever
//! changes, removes or reorders a line changes every hash behind it.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

const ZEROS: &str = "0000000000000000000000000000000000000000000000000000000000000000";
/// Longest line that is an entry; a log that was tampered with may hold anything.
const LINE: u64 = 4 << 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    Ingest,
    Add,
    Verify,
    Export,
    Report,
    Publish,
}

/// What the caller says; the log adds number and hashes. Nothing here reads a clock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// RFC 3339, UTC.
    pub utc: String,
    /// Who did it.
    pub actor: String,
    pub action: Action,
    /// Hexadecimal SHA-256 of what it was done to.
    pub object_sha256: String,
    /// Where that was.
    pub path: String,
    pub tool: String,
    pub tool_version: String,
    pub args: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub note: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// From 1.
    pub seq: u64,
    #[serde(flatten)]
    pub draft: Draft,
    pub prev: String,
}

#[derive(Serialize, Deserialize)]
struct Line {
    #[serde(flatten)]
    record: Record,
    hash: String,
}

/// Lines that hold, and the hash of the last one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    pub lines: u64,
    pub last: String,
}

#[derive(Debug, thiserror::Error)]
pub enum CustodyError {
    #[error("custody log {path}, line {line}: {why}")]
    Broken { path: PathBuf, line: u64, why: &'static str },
    #[error("custody log {path}: {source}")]
    Io { path: PathBuf, source: io::Error },
}

/// An open log, at its end.
#[derive(Debug)]
pub struct Custody {
    path: PathBuf,
    file: File,
    seq: u64,
    last: String,
    /// Said with the next entry.
    note: String,
}

impl Custody {
    /// Opens or begins a log, after checking all of it. A last line cut by a kill is put aside into `FILE.torn`
    /// and the next entry says so: it was never acknowledged to anyone.
    ///
    /// # Errors
    /// When a line does not follow from the one before, or the file cannot be read or written.
    pub fn open(path: &Path) -> Result<Self, CustodyError> {
        let failed = |source| CustodyError::Io { path: path.to_path_buf(), source };
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(failed)?;
        let checked = check(&file, path)?;
        let note = mend(&mut file, path, &checked).map_err(failed)?;
        file.seek(SeekFrom::End(0)).map_err(failed)?;
        Ok(Self { path: path.to_path_buf(), file, seq: checked.lines, last: checked.last, note })
    }

    /// Appends entries and makes them last (one fsync for all of them).
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn append(&mut self, drafts: &[Draft]) -> Result<(), CustodyError> {
        let mut bytes = Vec::new();
        let (mut seq, mut last) = (self.seq, self.last.clone());
        for draft in drafts {
            seq += 1;
            let mut draft = draft.clone();
            if !self.note.is_empty() {
                let space = if draft.note.is_empty() { "" } else { " " };
                draft.note = format!("{}{space}{}", draft.note, std::mem::take(&mut self.note));
            }
            let record = Record { seq, draft, prev: last };
            let hash = hash(&record).map_err(|source| self.failed(source))?;
            last = hash.clone();
            serde_json::to_writer(&mut bytes, &Line { record, hash }).map_err(|e| self.failed(e.into()))?;
            bytes.push(b'\n');
        }
        let written = self.file.write_all(&bytes).and_then(|()| self.file.sync_data());
        written.map_err(|source| self.failed(source))?;
        (self.seq, self.last) = (seq, last);
        Ok(())
    }

    /// Lines so far.
    pub fn lines(&self) -> u64 {
        self.seq
    }

    /// Hash of the last line: written down elsewhere, it proves the whole log.
    pub fn last(&self) -> &str {
        &self.last
    }

    fn failed(&self, source: io::Error) -> CustodyError {
        CustodyError::Io { path: self.path.clone(), source }
    }
}

/// Checks a log from its first line to its last. A torn last line is broken here; [`Custody::open`] mends it.
///
/// # Errors
/// The first line that does not hold, with the reason.
pub fn verify(path: &Path) -> Result<Verified, CustodyError> {
    let file = File::open(path).map_err(|source| CustodyError::Io { path: path.to_path_buf(), source })?;
    let checked = check(&file, path)?;
    if checked.torn > 0 {
        let why = "the line is cut off; a run was killed here";
        return Err(CustodyError::Broken { path: path.to_path_buf(), line: checked.lines + 1, why });
    }
    Ok(Verified { lines: checked.lines, last: checked.last })
}

/// All entries of a log, checked.
///
/// # Errors
/// As [`verify`].
pub fn records(path: &Path) -> Result<Vec<Record>, CustodyError> {
    let file = File::open(path).map_err(|source| CustodyError::Io { path: path.to_path_buf(), source })?;
    let mut records = Vec::new();
    walk(&file, path, |line| records.push(line.record))?;
    Ok(records)
}

struct Checked {
    lines: u64,
    last: String,
    /// Bytes of whole lines, and of a torn one behind them.
    good: u64,
    torn: u64,
    /// The last line is whole but for its newline.
    open: bool,
}

fn check(file: &File, path: &Path) -> Result<Checked, CustodyError> {
    walk(file, path, |_| {})
}

fn walk(file: &File, path: &Path, mut each: impl FnMut(Line)) -> Result<Checked, CustodyError> {
    let mut reader = BufReader::new(file);
    let mut done = Checked { lines: 0, last: ZEROS.to_owned(), good: 0, torn: 0, open: false };
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        let read = (&mut reader).take(LINE).read_until(b'\n', &mut bytes);
        read.map_err(|source| CustodyError::Io { path: path.to_path_buf(), source })?;
        if bytes.is_empty() {
            return Ok(done);
        }
        let whole = bytes.last() == Some(&b'\n');
        let text = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        match follows(text, &done) {
            Ok(line) => {
                done.lines += 1;
                done.last.clone_from(&line.hash);
                done.good += bytes.len() as u64;
                done.open = !whole;
                each(line);
            }
            // Only a line without its newline can be torn.
            Err(_) if !whole && (bytes.len() as u64) < LINE => {
                done.torn = bytes.len() as u64;
                return Ok(done);
            }
            Err(why) => {
                return Err(CustodyError::Broken { path: path.to_path_buf(), line: done.lines + 1, why });
            }
        }
    }
}

fn follows(text: &[u8], before: &Checked) -> Result<Line, &'static str> {
    let line: Line = serde_json::from_slice(text).map_err(|_| "it is no entry")?;
    if line.record.seq != before.lines + 1 {
        return Err("its number does not follow; lines were removed, added or moved");
    }
    if line.record.prev != before.last {
        return Err("it does not follow from the line before");
    }
    if hash(&line.record).ok().as_ref() != Some(&line.hash) {
        return Err("it was changed");
    }
    // The same entry in other clothes (spaces, order, keys of its own) was not written by us.
    let own = serde_json::to_vec(&line).map_err(|_| "it is no entry")?;
    if own != text { Err("it was changed") } else { Ok(line) }
}

fn hash(record: &Record) -> io::Result<String> {
    let mut hasher = Sha256::new();
    hasher.update(record.prev.as_bytes());
    hasher.update(serde_json::to_vec(record)?);
    Ok(hex(&hasher.finalize()))
}

fn mend(file: &mut File, path: &Path, checked: &Checked) -> io::Result<String> {
    if checked.open && checked.torn == 0 {
        file.seek(SeekFrom::End(0))?;
        file.write_all(b"\n")?;
        file.sync_data()?;
    }
    if checked.torn == 0 {
        return Ok(String::new());
    }
    let mut torn = Vec::new();
    file.seek(SeekFrom::Start(checked.good))?;
    (&mut *file).take(LINE).read_to_end(&mut torn)?;
    let name = format!("{}.torn", path.file_name().unwrap_or_default().to_string_lossy());
    let mut aside = OpenOptions::new().append(true).create(true).open(path.with_file_name(name))?;
    aside.write_all(&torn)?;
    aside.write_all(b"\n")?;
    aside.sync_all()?;
    file.set_len(checked.good)?;
    file.sync_all()?;
    let digest = hex(&Sha256::digest(&torn));
    Ok(format!("before this line {} bytes of a line cut by a kill were put aside (SHA-256 {digest})", torn.len()))
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        use std::fmt::Write as _;
        let _ = write!(text, "{byte:02x}");
        text
    })
}
