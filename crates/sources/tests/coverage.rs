//! Everything under the public evidence, piece by piece: accounts balance, what events name stands where they say, and a
//! file that no source reads has a reason. Takes a minute: `cargo xtask coverage` runs it and writes `docs/coverage.md`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::io::{Cursor, Read};
use std::path::{Path, PathBuf};

use konseki_evidence::{Entry, Options, display_name};
use konseki_formats::text::Utf8Reader;
use konseki_model::{At, Event, Hints, Piece, Problem, ProblemKind, Records, Sink};
use konseki_sources::{Description, Reading, plain, recognise, sniff};

/// Counts what a source pushes and looks whether it stands where it says.
struct Check<'a> {
    bytes: &'a [u8],
    /// Where each line begins.
    lines: Vec<usize>,
    pushed: u64,
    timed: u64,
    records: Records,
    problems: BTreeMap<(ProblemKind, String), u64>,
    nested: Vec<(String, Vec<u8>)>,
    astray: u64,
    example: String,
}

impl<'a> Check<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        let mut lines = vec![0];
        lines.extend(bytes.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(at, _)| at + 1));
        Self {
            bytes,
            lines,
            pushed: 0,
            timed: 0,
            records: Records::default(),
            problems: BTreeMap::new(),
            nested: Vec::new(),
            astray: 0,
            example: String::new(),
        }
    }

    /// The first line of what the event holds stands in the line, or at the offset, that it names.
    fn stands(&self, event: &Event<'_>) -> bool {
        let first = event.raw.split(|b| *b == b'\n').next().unwrap_or_default();
        let first = first.strip_suffix(b"\r").unwrap_or(first);
        match event.at {
            At::Line(number) => {
                let Some(start) = usize::try_from(number).ok().and_then(|n| self.lines.get(n.checked_sub(1)?)) else { return false };
                let end = self.lines.get(number as usize).copied().unwrap_or(self.bytes.len());
                first.is_empty() || memchr::memmem::find(&self.bytes[*start..end], first).is_some()
            }
            At::Offset(offset) => {
                let rest = usize::try_from(offset).ok().and_then(|at| self.bytes.get(at..));
                rest.is_some_and(|rest| rest.starts_with(first) || memchr::memmem::find(&rest[..rest.len().min(4096)], first).is_some())
            }
            At::Record(_) => true,
        }
    }
}

impl Sink for Check<'_> {
    fn event(&mut self, event: &Event<'_>) {
        // That a list was taken, whole or not, is said once beside its rows.
        let announced = event.field("list").is_some() && event.field("complete").is_some();
        self.pushed += u64::from(!announced);
        self.timed += u64::from(event.time.is_some());
        if !self.stands(event) {
            self.astray += 1;
            if self.example.is_empty() {
                self.example = format!("{:?}: {}", event.at, String::from_utf8_lossy(event.raw).chars().take(120).collect::<String>());
            }
        }
    }
    fn problem(&mut self, problem: Problem) {
        // Numbers in a text make every one different: the table wants the kind of trouble.
        let text: String = problem.text.split(": ").next().unwrap_or_default().chars().filter(|c| !c.is_ascii_digit()).collect();
        let text = text.split(" of ").next().unwrap_or_default().to_owned();
        *self.problems.entry((problem.kind, text)).or_default() += problem.count;
    }
    fn records(&mut self, records: Records) {
        self.records.add(&records);
    }
    fn host(&mut self, _: &str) {}
    fn zone(&mut self, _: &str, _: &str) {}
    fn nested(&mut self, name: &str, bytes: Vec<u8>) {
        self.nested.push((name.to_owned(), bytes));
    }
}

/// One row of the table: a dataset and a source.
#[derive(Default)]
struct Row {
    files: u64,
    records: Records,
    timed: u64,
    problems: BTreeMap<(ProblemKind, String), u64>,
    /// Why a piece is not read by a source of its own, with how many.
    why: BTreeMap<String, u64>,
}

#[derive(Default)]
struct Table {
    rows: BTreeMap<(String, String), Row>,
    seen: BTreeSet<[u8; 32]>,
    /// Pieces that more than one source claims, whose accounts do not balance, or whose events do not stand.
    wrong: Vec<String>,
}

impl Table {
    fn piece(&mut self, path: &str, bytes: &[u8], depth: u32) {
        let dataset = path.split('/').nth(1).unwrap_or_default().to_owned();
        let piece = Piece { path, head: &bytes[..bytes.len().min(65536)], size: bytes.len() as u64 };
        let found = recognise(&piece);
        if found.len() > 1 {
            self.wrong.push(format!("{path}: claimed by {:?}", found.iter().map(|entry| entry.id).collect::<Vec<_>>()));
        }
        let entry = match found.first() {
            Some(entry) => *entry,
            None if plain().source.recognise(&piece) => plain(),
            None => {
                let row = self.rows.entry((dataset, "not text".to_owned())).or_default();
                row.files += 1;
                *row.why.entry(sniff::why(bytes, piece.size).to_owned()).or_default() += 1;
                return;
            }
        };
        let about = Description::parse(entry.about).unwrap();
        let mut text = Vec::new();
        Utf8Reader::new(bytes, piece.head).read_to_end(&mut text).unwrap();
        let mut check = Check::new(if entry.id == "windows/evtx" || entry.id == "linux/wtmp" { bytes } else { &text });
        entry.source.read(&mut Cursor::new(bytes), &Reading { piece, hints: &Hints::default(), about: &about }, &mut check);
        if !check.records.balances() || check.pushed != check.records.events {
            self.wrong.push(format!("{path} ({}): {:?}, {} pushed", entry.id, check.records, check.pushed));
        }
        if check.astray > 0 {
            self.wrong.push(format!("{path} ({}): {} events do not stand where they say, {}", entry.id, check.astray, check.example));
        }
        if entry.id != plain().id && check.records.events == 0 && check.records.read > check.records.blank && check.nested.is_empty() {
            // Headers alone are no events, and an empty list says so.
            let said = check.records.rejected > 0 || check.records.continuation > 0;
            if !said {
                self.wrong.push(format!("{path} ({}): read and nothing said", entry.id));
            }
        }
        let row = self.rows.entry((dataset, entry.id.to_owned())).or_default();
        row.files += 1;
        row.records.add(&check.records);
        row.timed += check.timed;
        for (key, count) in check.problems {
            *row.problems.entry(key).or_default() += count;
        }
        if entry.id == plain().id {
            match reason(path) {
                Some(why) => *row.why.entry(why.to_owned()).or_default() += 1,
                None => self.wrong.push(format!("{path}: no source reads it and nobody said why")),
            }
        }
        if depth < 4 {
            for (name, bytes) in check.nested {
                self.piece(&format!("{path}!/{}", display_name(name.as_bytes())), &bytes, depth + 1);
            }
        }
    }

    fn markdown(&self) -> String {
        let mut text = String::from(HEAD);
        let mut sums = (0, Records::default());
        for ((dataset, source), row) in &self.rows {
            let r = row.records;
            sums.0 += row.files;
            sums.1.add(&r);
            let mut notes: Vec<String> = row.why.iter().map(|(why, count)| format!("{count} × {why}")).collect();
            notes.extend(row.problems.iter().map(|((kind, text), count)| format!("{count} × {}: {text}", kind.as_str())));
            let notes = notes.join("; ").replace('|', "\\|");
            let cells = [row.files, r.read, r.events, row.timed, r.continuation, r.blank, r.rejected].map(|n| n.to_string()).join(" | ");
            writeln!(text, "| {dataset} | {source} | {cells} | {notes} |").unwrap();
        }
        let (files, r) = sums;
        writeln!(text, "| **all** | | {files} | {} | {} | | {} | {} | {} | |", r.read, r.events, r.continuation, r.blank, r.rejected)
            .unwrap();
        text
    }
}

const HEAD: &str = "# What is read of public evidence

Written by `cargo xtask coverage` over public datasets; do not edit. One row for each dataset and source; the same bytes are
counted once. `read = events + continuation + blank + rejected` holds for every file, every event's text stands at the line or
offset it names, and at most one source claims a file: the command fails where one of these does not hold. `text/plain` keeps
every line of what no source reads; the note says what such files are. *timed* counts events with a time; the files' own times,
which tell the year of lines without one, are not looked at here.

| dataset | source | files | read | events | timed | continuation | blank | rejected | notes |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |
";

/// Why text is not read by a source of its own, by name. A file that is in no line here fails the test.
const REASONS: &[(&[&str], &str)] = &[
    (&["ORIGIN.md", "README", ".md", "LICENSE", ".GPL", "PKG-INFO", "VERSION"], "notes and licences of the dataset"),
    (&[".py", ".ps1", ".sh", ".mod", "/home/bin/configencrypt", ".psm1"], "program text, scanned with YARA"),
    (&["EGG-INFO/"], "lists of a Python package"),
    (&["flag.txt"], "the answer of a challenge"),
    (&[".yml", ".yaml"], "rules and collection definitions"),
    (&["sekoia-intake-formats/", "lnav-vmware/src/formats/"], "definitions and expected outputs of another product"),
    (&["wazuh-ruleset-mail-vmware/"], "decoders and test lines of another product, many formats in one file"),
    (&["ive_msgs_table.csv"], "a table of message codes, not a log"),
    (&["conn-summary."], "statistics of Zeek's own report in sentences"),
    (&["/text_file/conn.log"], "prose under a log's name, a test of the dataset"),
    (&["/truncated/conn_top.log"], "a Zeek log without its head: nothing says what its columns are"),
    (&["suricata-sample-data/"], "notes and commands of the dataset"),
    (&["/jsonl/"], "audit logs of clouds: no source reads them"),
    (&["dpkg.log"], "the log of a package manager: no source reads it"),
    (&["/iis/"], "IIS logs"),
    (&["requirements.txt", "zed-sample-data/"], "lists of the dataset"),
    (&["sigma-regression-data/"], "raw lines of single tests"),
    (&["logfile_syslog", "syslog_rsyslog"], "a few lines in shapes that no relay of today writes"),
    (&["exchange_message_tracking"], "message tracking"),
];

fn reason(path: &str) -> Option<&'static str> {
    REASONS.iter().find(|(parts, _)| parts.iter().any(|part| path.contains(part))).map(|(_, why)| *why)
}

fn password(root: &Path) -> Vec<String> {
    let text = fs::read_to_string(root.join("ivanti-ics-fcsc2024/ORIGIN.md")).unwrap_or_default();
    text.split_whitespace().filter(|word| word.starts_with("FCSC{")).map(str::to_owned).collect()
}

#[test]
#[ignore = "reads all public evidence; `cargo xtask coverage` runs it"]
fn all_public_evidence_is_accounted_for() {
    let Some(root) = common::evidence("") else { return };
    let mut table = Table::default();
    let spool = tempfile::tempdir().unwrap();
    let mut options = Options::new(spool.path());
    options.passwords = password(&root);
    options.extra_hashes = false;
    let mut refused = Vec::new();
    konseki_evidence::walk(&[root], &options, &mut |entry| match entry {
        Entry::Piece(found) => {
            if table.seen.insert(found.sha256) {
                let mut bytes = Vec::new();
                found.body.open().unwrap().read_to_end(&mut bytes).unwrap();
                table.piece(&found.path, &bytes, 0);
            }
        }
        Entry::Refused(bad) => refused.push(bad.path),
        Entry::Container(_) | Entry::Link(_) => {}
    })
    .unwrap();
    assert!(refused.is_empty(), "{refused:?}");
    println!("{}", table.markdown());
    assert!(table.wrong.is_empty(), "{} wrong:\n{}", table.wrong.len(), table.wrong.join("\n"));
    let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/coverage.md");
    if std::env::var_os("KONSEKI_ACCEPT").is_some() {
        fs::write(file, table.markdown()).unwrap();
    } else {
        assert!(fs::read_to_string(file).unwrap_or_default() == table.markdown(), "docs/coverage.md is stale: cargo xtask coverage");
    }
}
