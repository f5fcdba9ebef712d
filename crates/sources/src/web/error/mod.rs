//! Error logs of Apache httpd (2.2 and 2.4, with what ModSecurity puts there) and nginx. Their times have no zone.

mod apache;
mod nginx;

use std::sync::LazyLock;

use konseki_formats::phrase::Phrases;
use konseki_formats::time::Written;
use konseki_model::{Event, Piece, Problem, ProblemKind, Sink};

use crate::clock::Clock;
use crate::mapper::Scratch;
use crate::read::{self, Verdict};
use crate::row::Row;
use crate::{Input, Reading, Source, syslog};

pub struct ErrorLog;
pub static SOURCE: ErrorLog = ErrorLog;

/// The acts that have words of their own, of both servers.
static SAID: LazyLock<Phrases> = LazyLock::new(|| Phrases::new(ROWS));

const ROWS: &[(&str, &str)] = &[
    ("login_failed", "user {user}: authentication failure for \"{path}\": {reason}"),
    ("login_failed", "user {user} not found: {path}"),
    ("login_failed", "user \"{user}\": password mismatch"),
    ("login_failed", "user \"{user}\" was not found in \"{}\""),
    ("denied", "client denied by server configuration: {path}"),
    ("denied", "access forbidden by rule"),
    ("no_file", "File does not exist: {path}"),
    ("no_file", "script '{path}' not found or unable to stat"),
    ("no_file", "open() \"{path}\" failed (2: No such file or directory)"),
    ("started", "{server} configured -- resuming normal operations"),
    ("stopped", "caught {signal}, shutting down{}"),
    ("command_line", "Command line: '{command_line}'"),
];

/// One record taken apart: its time, the fields of its head, and what it says.
struct Line<'a> {
    time: Written,
    fields: Vec<(&'static str, &'a str)>,
    message: &'a str,
}

fn split(text: &str) -> Option<Line<'_>> {
    match text.as_bytes().first()? {
        b'[' => apache::split(text),
        b'0'..=b'9' => nginx::split(text),
        _ => None,
    }
}

impl Source for ErrorLog {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        // Programs behind the server write lines of their own between its records.
        let text = String::from_utf8_lossy(piece.head);
        let first = text.lines().find(|line| !line.trim().is_empty());
        first.is_some_and(|line| split(line).is_some()) || syslog::most(piece.head, |line| split(line).is_some())
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut clock = Clock::new(reading);
        let mut scratch = Scratch::default();
        read::records(input, reading, sink, begins, |record, sink| {
            let Some(line) = split(record.text) else { return Verdict::Rejected };
            let mut row = Row::default();
            for (name, value) in &line.fields {
                row.push_some(name, value);
            }
            // What a program printed behind it is no part of the sentence.
            if let Some(found) = SAID.find(line.message.lines().next().unwrap_or_default()) {
                row.push("said", found.class);
                for (name, value) in found.holes() {
                    row.push_some(name, value);
                }
            }
            row.push("message", line.message);
            if row.dropped > 0 {
                let text = "a record has more fields than there is room for: the first were kept";
                sink.problem(Problem::new(ProblemKind::Bound, Some(record.at()), text));
            }
            let time = clock.stamp(&line.time);
            let (kind, mut core) = reading.about.mapper.apply(row.fields(), &mut scratch);
            core.host = reading.hints.host.as_deref().unwrap_or_default();
            sink.event(&Event { at: record.at(), time, kind, core, fields: row.fields(), raw: record.bytes });
            Verdict::Event
        });
        clock.report(sink);
    }
}

/// Does a record begin with this line? Its head is ASCII, whatever follows.
fn begins(line: &[u8]) -> bool {
    let head = line.get(..line.len().min(128)).unwrap_or_default();
    let valid = head.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    apache::time(valid).is_some() || nginx::time(valid).is_some()
}
