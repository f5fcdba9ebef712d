//! A decrypted system snapshot of Ivanti Connect Secure: one text of sections `### Contents of <path>` and
//! `### Output of <command>`. Each section becomes evidence of its own.

use konseki_formats::heads;
use konseki_model::{Piece, Sink};

use crate::sections::{self, Head};
use crate::{Input, Reading, Source};

pub struct Snapshot;
pub static SOURCE: Snapshot = Snapshot;

impl Source for Snapshot {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        heads::first_lines(piece.head, 4000).any(|line| section(line).is_some()) && !crate::esxi::outputs::is(piece)
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        sections::read(input, reading, sink, |line| {
            let (kind, what) = section(line)?;
            Some(Head { kind, what: what.to_owned(), name: sections::path_of(kind, what), host: String::new() })
        });
    }
}

/// `### Contents of /data/var/dlogs/debuglog` -> (`contents`, path).
fn section(line: &[u8]) -> Option<(&'static str, &str)> {
    let rest = line.strip_prefix(b"### ")?;
    let text = std::str::from_utf8(rest.trim_ascii_end()).ok()?;
    let text = text.trim_end_matches(['#', ' ', ':']);
    text.strip_prefix("Contents of ")
        .map(|path| ("contents", path))
        .or_else(|| text.strip_prefix("Output of ").map(|command| ("output", command)))
}
