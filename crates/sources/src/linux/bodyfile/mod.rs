//! Lists of files with their times: the body file of The Sleuth Kit 3.x (`fls -m`, mac-robber, UAC) and the CSV of `mactime -d`.
//!
//! A body line has four times; one event is made for each different one, as mactime does, so both forms give the same events.

use konseki_formats::time;
use konseki_model::{At, Basis, Event, Fidelity, Field, Piece, Records, Sink, Stamp};

use crate::clock::Clock;
use crate::delimited::Splitter;
use crate::mapper::Scratch;
use crate::read::{self, Text, Verdict};
use crate::{Input, Reading, Source, host, syslog};

pub struct Bodyfile;
pub static SOURCE: Bodyfile = Bodyfile;

/// `mactime -d` begins with it.
const HEADING: &str = "Date,Size,Type,Mode,UID,GID,Meta,File Name";

/// One line. Shape: The Sleuth Kit wiki, "Body file", `MD5|name|inode|mode|UID|GID|size|atime|mtime|ctime|crtime`.
#[derive(Debug, PartialEq, Eq)]
struct Row<'a> {
    md5: &'a str,
    name: &'a str,
    inode: &'a str,
    mode: &'a str,
    uid: &'a str,
    gid: &'a str,
    size: &'a str,
    /// atime, mtime, ctime, crtime as written.
    times: [&'a str; 4],
}

/// A name may hold `|`: what stands before it and behind it has a fixed number of columns.
fn row(line: &str) -> Option<Row<'_>> {
    let (md5, rest) = line.split_once('|')?;
    let mut columns = rest.rsplitn(10, '|');
    let mut next = || columns.next();
    let (crtime, ctime, mtime, atime) = (next()?, next()?, next()?, next()?);
    let (size, gid, uid, mode, inode, name) = (next()?, next()?, next()?, next()?, next()?, next()?);
    let times = [atime, mtime, ctime, crtime];
    let sound = mode.contains('/') && mode.len() < 24 && times.iter().all(|text| is_time(text)) && size.bytes().all(|b| b.is_ascii_digit());
    let hash = md5.is_empty() || md5 == "0" || md5.len() >= 32 && md5.bytes().all(|b| b.is_ascii_hexdigit());
    (sound && hash).then_some(Row { md5, name, inode, mode, uid, gid, size, times })
}

fn is_time(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    !digits.is_empty() && digits.len() <= 24 && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

impl Source for Bodyfile {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        let text = String::from_utf8_lossy(piece.head);
        text.trim_start_matches('\u{feff}').starts_with(HEADING) || syslog::most(piece.head, |line| row(line).is_some())
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let folder = host::of_folder(reading.piece.path).filter(|name| name != "bodyfile").unwrap_or_default();
        let mut list =
            List { reading, clock: Clock::new(reading), scratch: Scratch::default(), extra: 0, csv: false, splitter: None, folder };
        read::lines(input, reading, sink, |line, sink| list.line(line, sink));
        // A line with several times is several records: one was counted by the lines.
        sink.records(Records { read: list.extra, events: list.extra, ..Records::default() });
        if !list.csv {
            sink.zone("UTC", Basis::Format.as_str());
        }
        list.clock.report(sink);
    }
}

/// Which of the times a moment is, in mactime's order.
const LETTERS: [(usize, u8); 4] = [(1, b'm'), (0, b'a'), (2, b'c'), (3, b'b')];

struct List<'r> {
    reading: &'r Reading<'r>,
    clock: Clock,
    scratch: Scratch,
    extra: u64,
    csv: bool,
    /// Made once, at the first row of mactime.
    splitter: Option<Splitter>,
    /// The machine that the list's folder is named after.
    folder: String,
}

impl List<'_> {
    fn line(&mut self, line: &Text<'_>, sink: &mut dyn Sink) -> Verdict {
        if line.text.trim_start_matches('\u{feff}').starts_with(HEADING) {
            self.csv = true;
            return Verdict::Continuation;
        }
        if self.csv {
            return self.mactime(line, sink);
        }
        if line.text.starts_with('#') {
            return Verdict::Continuation;
        }
        let Some(row) = row(line.text) else { return Verdict::Rejected };
        let mut moments: Vec<(i64, u32, String)> = Vec::new();
        for (index, letter) in LETTERS {
            let text = row.times.get(index).copied().unwrap_or_default();
            let Some((micros, digits)) = time::epoch(text.as_bytes()).filter(|(micros, _)| *micros != 0) else { continue };
            let place = LETTERS.iter().position(|(i, _)| *i == index).unwrap_or_default();
            match moments.iter_mut().find(|(at, _, _)| *at == micros) {
                Some((_, _, marks)) => marks.replace_range(place..=place, &char::from(letter).to_string()),
                None => {
                    let mut marks = "....".to_owned();
                    marks.replace_range(place..=place, &char::from(letter).to_string());
                    moments.push((micros, digits, marks));
                }
            }
        }
        moments.sort();
        if moments.is_empty() {
            self.push(line.at(), None, &row, "....", line.bytes, sink);
            return Verdict::Event;
        }
        self.extra += moments.len() as u64 - 1;
        for (micros, digits, marks) in &moments {
            let fidelity = if *digits == 0 { Fidelity::Second } else { Fidelity::Microsecond };
            self.push(line.at(), Some(Stamp::new(*micros, fidelity, Basis::Format)), &row, marks, line.bytes, sink);
        }
        Verdict::Event
    }

    /// `Sun Jan 07 2024 03:00:00,120,m.c.,r/rrw-r--r--,0,0,77,"/tmp/a"`; ISO dates with `-y`.
    fn mactime(&mut self, line: &Text<'_>, sink: &mut dyn Sink) -> Verdict {
        let mut splitter = self.splitter.take().unwrap_or_else(|| Splitter::new(b','));
        let cells = splitter.split(line.text);
        let verdict = self.cells(line, &cells, sink);
        drop(cells);
        self.splitter = Some(splitter);
        verdict
    }

    fn cells(&mut self, line: &Text<'_>, cells: &[std::borrow::Cow<'_, str>], sink: &mut dyn Sink) -> Verdict {
        let [date, size, marks, mode, uid, gid, inode, name, ..] = cells else { return Verdict::Rejected };
        let marks: &str = marks;
        let time = self.date(date);
        // What has no time was not made at it.
        let marks = if time.is_some() { marks } else { "...." };
        let row = Row { md5: "", name, inode, mode, uid, gid, size, times: [""; 4] };
        self.push(line.at(), time, &row, marks, line.bytes, sink);
        Verdict::Event
    }

    /// `Xxx Xxx 00 0000 00:00:00` is no time.
    fn date(&mut self, text: &str) -> Option<Stamp> {
        if let Some((written, _)) = time::iso(text.as_bytes()) {
            return self.clock.stamp(&written);
        }
        // `Sun Jan 07 2024 03:00:00`, written as ctime with the year before the clock.
        let mut words = text.split(' ');
        let (_, month, day, year, clock) = (words.next()?, words.next()?, words.next()?, words.next()?, words.next()?);
        let (written, _) = time::ctime(format!("{month} {day} {clock} {year}").as_bytes())?;
        self.clock.stamp(&written)
    }

    fn push(&mut self, at: At, time: Option<Stamp>, row: &Row<'_>, marks: &str, raw: &[u8], sink: &mut dyn Sink) {
        // fls says so behind the name, and with `*` names of other lists; mactime keeps it.
        let (name, gone) = ["(deleted-realloc)", "(deleted)"]
            .iter()
            .find_map(|mark| Some((row.name.strip_suffix(mark)?.trim_end(), "yes")))
            .unwrap_or((row.name, ""));
        let (name, link) = name.split_once(" -> ").filter(|_| row.mode.contains("/l")).unwrap_or((name, ""));
        let md5 = if row.md5 == "0" { "" } else { row.md5 };
        let mut fields = vec![
            Field::new("name", name),
            Field::new("macb", marks),
            Field::new("inode", row.inode),
            Field::new("mode", row.mode),
            Field::new("uid", row.uid),
            Field::new("gid", row.gid),
            Field::new("size", row.size),
        ];
        for (key, value) in [("md5", md5), ("deleted", gone), ("link", link)] {
            if !value.is_empty() {
                fields.push(Field::new(key, value));
            }
        }
        for (key, value) in ["atime", "mtime", "ctime", "crtime"].iter().zip(row.times) {
            if !value.is_empty() {
                fields.push(Field::new(key, value));
            }
        }
        let (kind, mut core) = self.reading.about.mapper.apply(&fields, &mut self.scratch);
        core.host = self.reading.hints.host.as_deref().unwrap_or(&self.folder);
        sink.event(&Event { at, time, kind, core, fields: &fields, raw });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_bars() {
        let got = row("0|/a|b (deleted)|77|r/rrwxr-xr-x|0|0|5|1|2|3|0").unwrap();
        assert_eq!((got.name, got.inode, got.times), ("/a|b (deleted)", "77", ["1", "2", "3", "0"]));
        assert!(row("a|b|c").is_none());
        assert!(row("x|y|1|r/r|0|0|5|1|2|3|0").is_none());
    }
}
