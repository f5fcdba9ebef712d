//! `ls -isl` and its kin over datastores and folders of the host: what lay there when it was collected.

use konseki_model::{Event, Field, Piece, Sink};

use crate::esxi::machine;
use crate::mapper::Scratch;
use crate::read::{self, Verdict};
use crate::{Input, Reading, Source, host};

pub struct Listing;
pub static SOURCE: Listing = Listing;

#[derive(Debug, PartialEq, Eq)]
struct Entry<'a> {
    mode: &'a str,
    owner: &'a str,
    size: &'a str,
    /// As written: `Jan  7 03:20`, `Jan  7  2023`, `2024-01-07 03:20`.
    modified: &'a str,
    name: &'a str,
    link: &'a str,
}

/// A line of `ls -l`, with inode and blocks before it or not.
fn entry(line: &str) -> Option<Entry<'_>> {
    let mut rest = line.trim_start();
    for _ in 0..2 {
        let word = rest.split(' ').next().unwrap_or_default();
        if !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit()) {
            rest = rest.get(word.len()..)?.trim_start();
        }
    }
    let (mode, tail) = word(rest)?;
    let sound =
        mode.len() >= 10 && b"-dlcbps".contains(mode.as_bytes().first()?) && mode.bytes().skip(1).take(9).all(|b| b"rwxsStT-".contains(&b));
    if !sound {
        return None;
    }
    let (_links, tail) = word(tail)?;
    let (owner, tail) = word(tail)?;
    let (_group, tail) = word(tail)?;
    let (size, tail) = word(tail)?;
    let (first, after) = word(tail)?;
    let words = if first.contains('-') { 1 } else { 2 };
    let mut end = after;
    for _ in 0..words {
        end = word(end)?.1;
    }
    let modified = tail.get(..tail.len() - end.len())?.trim();
    let (name, link) = end.split_once(" -> ").filter(|_| mode.starts_with('l')).unwrap_or((end, ""));
    Some(Entry { mode, owner, size, modified, name: name.trim_end(), link: link.trim_end() })
}

fn word(text: &str) -> Option<(&str, &str)> {
    let end = text.find(' ')?;
    Some((text.get(..end)?, text.get(end..)?.trim_start()))
}

impl Source for Listing {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        let text = String::from_utf8_lossy(piece.head.get(..piece.head.len().min(8192)).unwrap_or_default());
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).take(40).collect();
        let fits = lines.iter().filter(|line| entry(line).is_some() || folder(line).is_some() || line.starts_with("total ")).count();
        lines.iter().any(|line| entry(line).is_some()) && fits * 10 >= lines.len() * 8
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut scratch = Scratch::default();
        let volumes = reading.piece.name().contains("vmfsvolumes");
        let mut place = if volumes { "/vmfs/volumes".to_owned() } else { String::new() };
        read::lines(input, reading, sink, |line, sink| {
            let Some(entry) = entry(line.text) else {
                if let Some(path) = folder(line.text) {
                    place = path.to_owned();
                }
                let known = folder(line.text).is_some() || line.text.starts_with("total ");
                return if known { Verdict::Continuation } else { Verdict::Rejected };
            };
            if entry.name == "." || entry.name == ".." {
                return Verdict::Continuation;
            }
            let path = if entry.name.starts_with('/') || place.is_empty() {
                entry.name.to_owned()
            } else {
                format!("{}/{}", place.trim_end_matches('/'), entry.name)
            };
            let volume = if place.trim_end_matches('/').ends_with("vmfs/volumes") { entry.link } else { "" };
            let vm = if entry.name.ends_with(".vmx") { machine::stem(entry.name) } else { "" };
            let all = [
                ("path", path.as_str()),
                ("vm", vm),
                ("mode", entry.mode),
                ("owner", entry.owner),
                ("size", entry.size),
                ("modified", entry.modified),
                ("link", entry.link),
                ("volume_name", if volume.is_empty() { "" } else { entry.name }),
                ("volume_uuid", volume),
            ];
            let fields: Vec<Field<'_>> = all.iter().filter(|(_, v)| !v.is_empty()).map(|(n, v)| Field::new(n, v)).collect();
            let (kind, mut core) = reading.about.mapper.apply(&fields, &mut scratch);
            core.host = host::or_hint("", reading);
            sink.event(&Event { at: line.at(), time: None, kind, core, fields: &fields, raw: line.bytes });
            Verdict::Event
        });
    }
}

/// `/vmfs/volumes/x:` before the files of that folder.
fn folder(line: &str) -> Option<&str> {
    line.strip_suffix(':').filter(|path| path.starts_with('/') || path.starts_with("./"))
}

#[cfg(test)]
mod tests {
    use super::entry;

    #[test]
    fn lines_of_ls() {
        let e = entry("  2052      8 drwxr-xr-x    1 root     root         73728 Jan  7  2024 65a0b1c2-0a1b").unwrap();
        assert_eq!((e.size, e.modified, e.name), ("73728", "Jan  7  2024", "65a0b1c2-0a1b"));
        let e = entry("     0      0 lrwxr-xr-x    1 root     root            35 Jan  7 03:20 store 1 -> 65a0b1c2-0a1b").unwrap();
        assert_eq!((e.name, e.link), ("store 1", "65a0b1c2-0a1b"));
        assert!(entry("total 12").is_none());
    }
}
