//! Results of Ivanti's integrity checker as text: sections of new, changed and missing files, one path a line.
//! The vendor does not publish the form; sections are known by their words.

use konseki_formats::{heads, text, time};
use konseki_model::{Core, Event, Kind, Piece, Sink};

use crate::clock::Clock;
use crate::mapper::Scratch;
use crate::read::{self, Verdict};
use crate::row::Row;
use crate::{Input, Reading, Source};

pub struct Ict;
pub static SOURCE: Ict = Ict;

impl Source for Ict {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        if !text::looks_like_text(piece.head) {
            return false;
        }
        let (mut title, mut section, mut foreign) = (false, false, 0);
        for line in heads::first_lines(piece.head, 200) {
            let line = String::from_utf8_lossy(line).to_ascii_lowercase();
            title |= line.contains("integrity") && (line.contains("check") || line.contains("scan")) && line.len() < 200;
            section |= section_of(&line).is_some();
            foreign += u32::from(line.contains("id=firewall") || line.contains(" - [") || line.starts_with('<'));
        }
        title && section && foreign == 0
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut clock = Clock::new(reading);
        let mut scratch = Scratch::default();
        let (mut result, mut now) = ("", None);
        read::lines(input, reading, sink, |line, sink| {
            let trimmed = line.text.trim();
            if let Some(found) = time::any(trimmed.as_bytes()).or_else(|| time_behind(trimmed)) {
                now = clock.stamp(&found.0).or(now);
            }
            let mut row = Row::default();
            if let Some(section) = section_of(&trimmed.to_ascii_lowercase()) {
                result = section;
            }
            let path = path_of(trimmed);
            let (kind, core) = match path {
                Some((path, sha256)) if !result.is_empty() => {
                    row.push("file", path);
                    row.push("result", result);
                    row.push_some("sha256", sha256);
                    reading.about.mapper.apply(row.fields(), &mut scratch)
                }
                _ => {
                    row.push("message", trimmed);
                    let scan = trimmed.to_ascii_lowercase().contains("integrity scan");
                    (if scan { Kind::IntegrityScan } else { Kind::Other }, Core::default())
                }
            };
            sink.event(&Event { at: line.at(), time: now, kind, core, fields: row.fields(), raw: line.bytes });
            Verdict::Event
        });
        clock.report(sink);
    }
}

fn time_behind(line: &str) -> Option<(time::Written, usize)> {
    let (name, value) = line.split_once(": ")?;
    (name.len() < 24).then(|| time::any(value.trim().as_bytes()))?
}

/// The section that a line opens, by its words (lower case).
fn section_of(line: &str) -> Option<&'static str> {
    if line.len() > 120 || line.trim_start().starts_with('/') {
        return None;
    }
    let files = line.contains("file");
    match () {
        () if files && (line.contains("newly detected") || line.contains("new file")) => Some("new"),
        () if files && (line.contains("mismatch") || line.contains("modified")) => Some("mismatch"),
        () if files && (line.contains("missing") || line.contains("not found")) => Some("missing"),
        () if files && line.contains("matched") => Some("match"),
        () => None,
    }
}

/// A path, and a SHA-256 beside it where one stands.
fn path_of(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_start_matches(['-', '*', '+', ' ', '"']);
    if !line.starts_with('/') {
        return None;
    }
    let mut parts = line.split([' ', ',', '\t']).map(|part| part.trim_matches('"'));
    let path = parts.next().filter(|path| path.len() > 1)?;
    let sha256 = parts.find(|part| part.len() == 64 && part.bytes().all(|b| b.is_ascii_hexdigit())).unwrap_or_default();
    Some((path, sha256))
}
