//! Where generated lines go: tracks sorted in time, cut by faults, rolled, bundled and written, each marked line remembered.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::rng::Rng;
use crate::truth::Line;
use crate::when::T;

/// The step (or `trap:…`) that a line belongs to; `!` at its end: a right answer cites such a line.
pub type Mark = Option<&'static str>;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Roll {
    /// One growing file.
    None,
    /// `name.log`, older parts as `name.0.gz` (newest), `name.1.gz`, …
    Gz { bytes: usize },
    /// `name.log`, and everything before that moment in `name.log.old`.
    Old { before: T },
}

#[derive(Debug)]
struct Pending {
    at: T,
    seq: u64,
    text: String,
    mark: Mark,
}

#[derive(Debug)]
struct Track {
    path: String,
    source: &'static str,
    host: String,
    roll: Roll,
    pending: Vec<Pending>,
    body: Vec<u8>,
    /// Bytes already written to the file.
    spilled: bool,
    lines: u64,
    /// First line's number of each part, and where it begins in the body.
    parts: Vec<(u64, usize)>,
    marks: Vec<(u64, &'static str, String)>,
    tail: String,
    /// Running number that replaces U+0001 in the text: event keys, record ids, request counters.
    number: u64,
}

#[derive(Debug)]
struct Static {
    source: &'static str,
    host: String,
    bytes: Vec<u8>,
    marks: Vec<(u64, &'static str, String)>,
}

/// Lines that a fault takes away.
#[derive(Clone, Debug)]
pub struct Cut {
    pub source: String,
    pub host: Option<String>,
    /// Only files of that name.
    pub file: Option<&'static str>,
    pub before: T,
    pub why: &'static str,
}

impl Cut {
    fn takes(&self, source: &str, host: &str, path: &str, at: T) -> bool {
        let same = source == self.source || source.strip_prefix(self.source.as_str()).is_some_and(|r| r.starts_with(['/', '_']));
        same && self.host.as_deref().is_none_or(|h| h == host) && self.file.is_none_or(|f| path.ends_with(f)) && at < self.before
    }
}

/// What was marked, and where it ended up.
#[derive(Debug, Default)]
pub struct Written {
    /// Lines by mark (without `!`), and those that must be cited.
    pub lines: BTreeMap<String, Vec<Line>>,
    pub must: BTreeMap<String, Vec<Line>>,
    /// Sources by mark, also those that were cut.
    pub sources: BTreeMap<String, BTreeSet<String>>,
    /// (source, host) that still show a mark.
    pub shown: BTreeSet<(String, String, String)>,
    /// (source, host, why) to marks cut there.
    pub lost: BTreeMap<(String, String, String), BTreeSet<String>>,
    pub count: u64,
}

#[derive(Debug)]
pub struct Store {
    dir: PathBuf,
    ids: BTreeMap<String, usize>,
    tracks: Vec<Track>,
    files: BTreeMap<String, Static>,
    /// Folder under the evidence folder that becomes `folder.tgz`.
    bundles: BTreeSet<String>,
    pub cuts: Vec<Cut>,
    /// Collection: nothing is written after it.
    pub end: T,
    pub duplicates: bool,
    pub truncate: bool,
    pub cp932: bool,
    noise: Rng,
    seq: u64,
    out: Written,
}

/// Stands for the track's running number until the line is written in order.
pub const NUMBER: char = '\u{1}';

const SPILL: usize = 4 << 20;

impl Store {
    pub fn new(dir: &Path, seed: u64) -> Self {
        Self {
            dir: dir.to_path_buf(),
            ids: BTreeMap::new(),
            tracks: Vec::new(),
            files: BTreeMap::new(),
            bundles: BTreeSet::new(),
            cuts: Vec::new(),
            end: T::MAX,
            duplicates: false,
            truncate: false,
            cp932: false,
            noise: Rng::new(seed, "store"),
            seq: 0,
            out: Written::default(),
        }
    }

    pub fn bundle(&mut self, folder: &str) {
        self.bundles.insert(folder.to_owned());
    }

    /// The track of that path, opened on first use.
    pub fn open(&mut self, path: &str, source: &'static str, host: &str, roll: Roll) -> usize {
        if let Some(id) = self.ids.get(path) {
            return *id;
        }
        let id = self.tracks.len();
        self.tracks.push(Track {
            path: path.to_owned(),
            source,
            host: host.to_owned(),
            roll,
            pending: Vec::new(),
            body: Vec::new(),
            spilled: false,
            lines: 0,
            parts: vec![(0, 0)],
            marks: Vec::new(),
            tail: String::new(),
            number: crate::rng::fnv(path) % 90_000 + 1000,
        });
        self.ids.insert(path.to_owned(), id);
        id
    }

    /// Lines before the first record, as Zeek has them; only the first call counts.
    pub fn head(&mut self, id: usize, text: &str, tail: &str) {
        if let Some(track) = self.tracks.get_mut(id)
            && track.lines == 0
            && track.body.is_empty()
        {
            track.body.extend_from_slice(text.as_bytes());
            track.lines = text.bytes().filter(|b| *b == b'\n').count() as u64;
            track.tail = tail.to_owned();
        }
    }

    pub fn push(&mut self, id: usize, at: T, text: String, mark: Mark) {
        self.seq += 1;
        let seq = self.seq;
        if let Some(track) = self.tracks.get_mut(id) {
            track.pending.push(Pending { at, seq, text, mark });
        }
    }

    /// A file that is no log; each mark names a line of it by its text.
    pub fn file(&mut self, path: &str, source: &'static str, host: &str, text: &str, marks: &[(&'static str, &str)]) {
        let found = text
            .lines()
            .enumerate()
            .flat_map(|(at, line)| marks.iter().filter(move |(_, m)| *m == line).map(move |(s, m)| (at as u64 + 1, *s, (*m).to_owned())))
            .collect();
        let bytes = text.as_bytes().to_vec();
        self.files.insert(path.to_owned(), Static { source, host: host.to_owned(), bytes, marks: found });
    }

    pub fn bytes(&mut self, path: &str, source: &'static str, host: &str, bytes: Vec<u8>, marks: &[(&'static str, &str)]) {
        let found = marks.iter().map(|(s, m)| (0, *s, (*m).to_owned())).collect();
        self.files.insert(path.to_owned(), Static { source, host: host.to_owned(), bytes, marks: found });
    }

    /// Writes down everything before that moment; nothing earlier may be pushed afterwards.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn flush(&mut self, until: T) -> std::io::Result<()> {
        for at in 0..self.tracks.len() {
            self.flush_track(at, until)?;
        }
        Ok(())
    }

    fn flush_track(&mut self, at: usize, until: T) -> std::io::Result<()> {
        let Some(track) = self.tracks.get_mut(at) else { return Ok(()) };
        let (mut now, later): (Vec<_>, Vec<_>) = std::mem::take(&mut track.pending).into_iter().partition(|p| p.at < until);
        track.pending = later;
        now.sort_by_key(|p| (p.at, p.seq));
        for entry in now {
            if entry.at >= self.end {
                continue;
            }
            if let Some(mark) = entry.mark {
                let name = mark.trim_end_matches('!').to_owned();
                self.out.sources.entry(name).or_default().insert(track.source.to_owned());
            }
            if let Some(cut) = self.cuts.iter().find(|c| c.takes(track.source, &track.host, &track.path, entry.at)) {
                if let Some(mark) = entry.mark.filter(|m| !m.starts_with("trap:")) {
                    let key = (track.source.to_owned(), track.host.clone(), cut.why.to_owned());
                    self.out.lost.entry(key).or_default().insert(mark.trim_end_matches('!').to_owned());
                }
                continue;
            }
            let times = if self.duplicates && self.noise.chance(2) { 2 } else { 1 };
            for _ in 0..times {
                self.out.count += 1;
                track.write(&entry, self.cp932);
            }
        }
        let bundled = self.bundles.iter().any(|b| track.path.starts_with(b.as_str()));
        if !bundled && track.roll == Roll::None && track.body.len() > SPILL {
            track.spill(&self.dir)?;
        }
        Ok(())
    }

    /// Writes what is left and says what was marked where.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn finish(mut self) -> std::io::Result<Written> {
        self.flush(T::MAX)?;
        let mut tars: BTreeMap<String, BTreeMap<String, Vec<u8>>> = BTreeMap::new();
        let tracks = std::mem::take(&mut self.tracks);
        for track in tracks {
            if track.lines == 0 && track.body.is_empty() {
                continue;
            }
            self.finish_track(track, &mut tars)?;
        }
        for (path, file) in std::mem::take(&mut self.files) {
            let cut = self.cuts.iter().find(|c| c.takes(file.source, &file.host, &path, c.before - 1) && c.why == "not collected");
            let marks: Vec<_> = file.marks.iter().map(|(n, s, t)| (path.clone(), *n, *s, t.clone())).collect();
            for (_, _, mark, _) in &marks {
                let name = mark.trim_end_matches('!').to_owned();
                self.out.sources.entry(name.clone()).or_default().insert(file.source.to_owned());
                if let Some(cut) = cut.filter(|_| !mark.starts_with("trap:")) {
                    let key = (file.source.to_owned(), file.host.clone(), cut.why.to_owned());
                    self.out.lost.entry(key).or_default().insert(name);
                }
            }
            if cut.is_some() {
                continue;
            }
            for (path, at, mark, text) in marks {
                self.note(&path, at, mark, text, file.source, &file.host);
            }
            self.place(&path, file.bytes, &mut tars)?;
        }
        for (folder, members) in tars {
            let bytes = crate::pack::tgz(&members)?;
            write(&self.dir.join(format!("{folder}.tgz")), &bytes)?;
        }
        Ok(self.out)
    }

    fn finish_track(&mut self, mut track: Track, tars: &mut BTreeMap<String, BTreeMap<String, Vec<u8>>>) -> std::io::Result<()> {
        track.body.extend_from_slice(track.tail.as_bytes());
        if self.truncate && track.roll == Roll::None && !track.spilled && track.body.len() > 4096 && self.noise.chance(40) {
            let cut = track.body.len() - 17;
            track.body.truncate(cut);
        }
        if track.spilled {
            track.spill(&self.dir)?;
        }
        let marks = std::mem::take(&mut track.marks);
        let parts = track.split();
        for (at, mark, text) in marks {
            let Some((name, first, _)) = parts.iter().rev().find(|(_, first, _)| *first < at) else { continue };
            let (name, at) = (name.clone(), at - first);
            self.note(&name, at, mark, text, track.source, &track.host);
        }
        if !track.spilled {
            for (name, _, bytes) in parts {
                self.place(&name, bytes, tars)?;
            }
        }
        Ok(())
    }

    fn note(&mut self, path: &str, at: u64, mark: &'static str, text: String, source: &str, host: &str) {
        let shown = match self.bundles.iter().find(|b| path.starts_with(b.as_str())) {
            Some(bundle) => format!("{bundle}.tgz!/{path}"),
            None => path.to_owned(),
        };
        let name = mark.trim_end_matches('!');
        let line = Line { path: shown, at, text };
        if mark.ends_with('!') {
            self.out.must.entry(name.to_owned()).or_default().push(line.clone());
        }
        self.out.lines.entry(name.to_owned()).or_default().push(line);
        self.out.shown.insert((source.to_owned(), host.to_owned(), name.to_owned()));
    }

    fn place(&self, path: &str, bytes: Vec<u8>, tars: &mut BTreeMap<String, BTreeMap<String, Vec<u8>>>) -> std::io::Result<()> {
        match self.bundles.iter().find(|b| path.starts_with(b.as_str())) {
            Some(bundle) => {
                tars.entry(bundle.clone()).or_default().insert(path.to_owned(), bytes);
                Ok(())
            }
            None => write(&self.dir.join(path), &bytes),
        }
    }
}

impl Track {
    fn write(&mut self, entry: &Pending, cp932: bool) {
        match self.roll {
            Roll::Gz { bytes } => {
                let start = self.parts.last().map_or(0, |p| p.1);
                if self.body.len() - start > bytes {
                    self.parts.push((self.lines, self.body.len()));
                }
            }
            Roll::Old { before } if entry.at >= before && self.parts.len() == 1 => self.parts.push((self.lines, self.body.len())),
            _ => {}
        }
        let numbered;
        let text = if entry.text.contains(NUMBER) {
            self.number += 1;
            numbered = entry.text.replace(NUMBER, &self.number.to_string());
            &numbered
        } else {
            &entry.text
        };
        for line in text.split('\n') {
            self.lines += 1;
            if cp932 && !line.is_ascii() {
                self.body.extend_from_slice(&encoding_rs::SHIFT_JIS.encode(line).0);
            } else {
                self.body.extend_from_slice(line.as_bytes());
            }
            self.body.push(b'\n');
            if let Some(mark) = entry.mark.filter(|_| !line.is_empty()) {
                self.marks.push((self.lines, mark, line.to_owned()));
            }
        }
    }

    fn spill(&mut self, dir: &Path) -> std::io::Result<()> {
        let path = dir.join(&self.path);
        if !self.spilled {
            write(&path, &[])?;
        }
        std::fs::OpenOptions::new().append(true).open(&path)?.write_all(&self.body)?;
        self.body.clear();
        self.spilled = true;
        Ok(())
    }

    /// Name, lines before it, bytes; in order of time.
    fn split(&self) -> Vec<(String, u64, Vec<u8>)> {
        let count = self.parts.len();
        let stem = self.path.strip_suffix(".log").unwrap_or(&self.path);
        self.parts
            .iter()
            .enumerate()
            .map(|(at, (first, start))| {
                let end = self.parts.get(at + 1).map_or(self.body.len(), |p| p.1);
                let bytes = self.body.get(*start..end).unwrap_or(&[]);
                match (&self.roll, count - 1 - at) {
                    (Roll::Gz { .. }, back) if back > 0 => (format!("{stem}.{}.gz", back - 1), *first, crate::pack::gz(bytes)),
                    (Roll::Old { .. }, back) if back > 0 => (format!("{}.old", self.path), *first, bytes.to_vec()),
                    _ => (self.path.clone(), *first, bytes.to_vec()),
                }
            })
            .collect()
    }
}

fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::write(path, bytes)
}
