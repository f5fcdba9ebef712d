//! Ivanti Connect Secure's manifest of files (`/home/etc/manifest/manifest`): path, SHA-256 and type of each file that
//! the integrity check compares. Intruders edit it so that the check finds nothing.

use konseki_formats::heads;
use konseki_model::{Event, Piece, Problem, ProblemKind, Sink};
use rustc_hash::FxHashSet;

use crate::mapper::Scratch;
use crate::read::{self, Verdict};
use crate::row::Row;
use crate::{Input, Reading, Source};

pub struct Manifest;
pub static SOURCE: Manifest = Manifest;

/// Paths that are remembered to find one that stands twice.
const REMEMBERED: usize = 1_000_000;

impl Source for Manifest {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        let (fit, all) = heads::fitting(piece.head, 40, |line| std::str::from_utf8(line).is_ok_and(|line| split(line).is_some()));
        fit > 0 && fit * 4 >= all * 3
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut scratch = Scratch::default();
        let mut seen: FxHashSet<Box<str>> = FxHashSet::default();
        read::lines(input, reading, sink, |line, sink| {
            let Some((path, sha256, kind)) = split(line.text) else { return Verdict::Rejected };
            if seen.len() < REMEMBERED && !seen.insert(path.into()) {
                let text = "a path stands more than once in the manifest: a line may have been added";
                sink.problem(Problem::new(ProblemKind::Duplicate, Some(line.at()), text));
            }
            let mut row = Row::default();
            row.push("file", path);
            row.push("sha256", sha256);
            row.push("type", kind);
            let (kind, core) = reading.about.mapper.apply(row.fields(), &mut scratch);
            sink.event(&Event { at: line.at(), time: None, kind, core, fields: row.fields(), raw: line.bytes });
            Verdict::Event
        });
    }
}

/// `<path> <sha256> b`: the path may hold spaces.
fn split(line: &str) -> Option<(&str, &str, &str)> {
    let (rest, kind) = line.trim_end().rsplit_once(' ')?;
    let (path, sha256) = rest.rsplit_once(' ')?;
    let hex = sha256.len() == 64 && sha256.bytes().all(|b| b.is_ascii_hexdigit());
    (path.starts_with('/') && hex && kind.len() == 1).then_some((path, sha256, kind))
}
