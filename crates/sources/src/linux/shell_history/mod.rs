//! What was typed into a shell: bash (with `#epoch` lines or without), zsh (plain and extended), fish, sh and ash.

use std::cell::Cell;

use konseki_formats::time;
use konseki_model::{Basis, Event, Fidelity, Field, Piece, Sink, Stamp};

use crate::mapper::Scratch;
use crate::read::{self, Text, Verdict};
use crate::{Input, Reading, Source};

pub struct ShellHistory;
pub static SOURCE: ShellHistory = ShellHistory;

/// Names that the shells give their files (also where a collector took the dot away).
const NAMES: &[&str] = &["bash_history", "zsh_history", "zhistory", "sh_history", "ash_history", "ksh_history", "fish_history", "histfile"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// `#1704596400`, then the command.
    Marked,
    /// `: 1704596400:0;command`
    Extended,
    /// `- cmd: command`, `  when: 1704596400`
    Fish,
    /// A command a line.
    Plain,
}

/// `#` and seconds since 1970 of this century's first decades: 9 or 10 digits.
fn mark(line: &str) -> Option<&str> {
    let digits = line.strip_prefix('#')?.trim_end();
    (matches!(digits.len(), 9 | 10) && digits.bytes().all(|b| b.is_ascii_digit())).then_some(digits)
}

/// Start, length and command of an extended line of zsh.
fn extended(line: &str) -> Option<(&str, &str, &str)> {
    let (head, command) = line.strip_prefix(": ")?.split_once(';')?;
    let (start, length) = head.trim_start().split_once(':')?;
    let digits = |text: &str| !text.is_empty() && text.len() <= 10 && text.bytes().all(|b| b.is_ascii_digit());
    (digits(start) && digits(length)).then_some((start, length, command))
}

fn shape(piece: &Piece<'_>) -> Option<Shape> {
    let text = String::from_utf8_lossy(piece.head);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).take(60).collect();
    let name = piece.name().trim_start_matches('.').to_ascii_lowercase();
    let named = NAMES.iter().any(|known| name.contains(known));
    let marks = lines.iter().filter(|line| mark(line).is_some()).count();
    // Marks alternate with commands; a script with one such comment is no history.
    if marks > 0 && (named || marks >= 2 && marks * 3 >= lines.len()) {
        return Some(Shape::Marked);
    }
    let first = lines.first().is_some_and(|line| extended(line).is_some());
    let extended = lines.iter().filter(|line| extended(line).is_some()).count();
    if extended > 0 && (named || first && extended * 3 >= lines.len()) {
        return Some(Shape::Extended);
    }
    if lines.first().is_some_and(|line| line.starts_with("- cmd: ")) && lines.get(1).is_some_and(|line| line.starts_with("  when: ")) {
        return Some(Shape::Fish);
    }
    (named && konseki_formats::text::looks_like_text(piece.head)).then_some(Shape::Plain)
}

/// Whose history it is: `/home/NAME/`, `/Users/NAME/`, `/root/`, or empty.
fn owner(path: &str) -> &str {
    let parts: Vec<&str> = path.split(['/', '\\']).collect();
    for pair in parts.windows(3) {
        if let [folder, name, _] = pair
            && matches!(*folder, "home" | "Users")
        {
            return name;
        }
    }
    if parts.iter().rev().nth(1) == Some(&"root") { "root" } else { "" }
}

impl Source for ShellHistory {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        shape(piece).is_some()
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let shape = shape(&reading.piece).unwrap_or(Shape::Plain);
        let mut scratch = Scratch::default();
        let (marked, open) = (Cell::new(false), Cell::new(false));
        let starts = |line: &[u8]| {
            let text = String::from_utf8_lossy(line);
            match shape {
                Shape::Marked => {
                    let is_mark = mark(&text).is_some();
                    marked.set(marked.get() || is_mark);
                    // Before the first mark a command is a line.
                    is_mark || !marked.get()
                }
                Shape::Extended => {
                    let begins = extended(&text).is_some() || !open.get();
                    open.set(text.ends_with('\\'));
                    begins
                }
                Shape::Fish => text.starts_with("- cmd: "),
                Shape::Plain => true,
            }
        };
        read::records(input, reading, sink, starts, |record, sink| {
            let Some(entry) = entry(shape, record) else { return Verdict::Continuation };
            let mut fields = vec![Field::new("command", &entry.command), Field::new("CommandLine", &entry.command)];
            let user = owner(reading.piece.path);
            for (name, value) in [("time", entry.time), ("duration", entry.length), ("user", user)] {
                if !value.is_empty() {
                    fields.push(Field::new(name, value));
                }
            }
            let stamp = time::epoch(entry.time.as_bytes()).map(|(micros, _)| Stamp::new(micros, Fidelity::Second, Basis::Format));
            let (kind, mut core) = reading.about.mapper.apply(&fields, &mut scratch);
            core.host = reading.hints.host.as_deref().unwrap_or_default();
            sink.event(&Event { at: record.at(), time: stamp, kind, core, fields: &fields, raw: record.bytes });
            Verdict::Event
        });
        if shape != Shape::Plain {
            sink.zone("UTC", Basis::Format.as_str());
        }
    }
}

struct Entry<'a> {
    time: &'a str,
    length: &'a str,
    command: String,
}

/// `None` for a time with no command behind it (two marks in a row).
fn entry<'a>(shape: Shape, record: &'a Text<'_>) -> Option<Entry<'a>> {
    let text = record.text;
    let plain = |text: &str| Some(Entry { time: "", length: "", command: text.to_owned() });
    match shape {
        Shape::Marked => {
            let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
            match mark(first) {
                Some(time) => (!rest.is_empty()).then(|| Entry { time, length: "", command: rest.to_owned() }),
                None => plain(text),
            }
        }
        Shape::Extended => match extended(text) {
            // zsh writes a line end within a command as a backslash and the line end.
            Some((time, length, command)) => Some(Entry { time, length, command: command.replace("\\\n", "\n") }),
            None => plain(text),
        },
        Shape::Fish => {
            let command = text.lines().next()?.strip_prefix("- cmd: ")?;
            let time = text.lines().find_map(|line| line.trim_start().strip_prefix("when: ")).unwrap_or_default();
            Some(Entry { time, length: "", command: command.replace("\\n", "\n").replace("\\\\", "\\") })
        }
        Shape::Plain => plain(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_and_marks() {
        assert_eq!(owner("srv01/home/tanaka/.bash_history"), "tanaka");
        assert_eq!(owner("srv01/root/.bash_history"), "root");
        assert_eq!(owner("bash_history"), "");
        assert_eq!(mark("#1704596400"), Some("1704596400"));
        assert!(mark("# 1704596400").is_none() && mark("#12").is_none());
        assert_eq!(extended(": 1704596400:0;ls"), Some(("1704596400", "0", "ls")));
    }
}
