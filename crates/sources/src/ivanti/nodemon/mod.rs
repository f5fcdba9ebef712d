//! `nodemonlog`: the appliance's process and memory snapshots every few minutes, its only history of processes.

use konseki_formats::time;
use konseki_model::{Core, Event, Field, Kind, Piece, Sink, Stamp};

use crate::clock::Clock;
use crate::mapper::Scratch;
use crate::read::{self, Verdict};
use crate::{Input, Reading, Source};

pub struct Nodemon;
pub static SOURCE: Nodemon = Nodemon;

impl Source for Nodemon {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        let text = String::from_utf8_lossy(piece.head);
        let rows = text.lines().take(400).filter(|line| process(line).is_some()).count();
        text.contains("SleepInterval ") || (rows >= 3 && piece.name().contains("nodemon"))
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut clock = Clock::new(reading);
        let mut scratch = Scratch::default();
        let host = reading.hints.host.as_deref().unwrap_or_default();
        let mut now: Option<Stamp> = None;
        let mut last: Option<time::Written> = None;
        read::lines(input, reading, sink, |line, sink| {
            if let Some(written) = block_time(line.text).or_else(|| top_time(line.text, last)) {
                last = Some(written);
                now = clock.stamp(&written).or(now);
            }
            if let Some(row) = process(line.text) {
                let image = row.command.split_whitespace().next().unwrap_or_default();
                let fields = [
                    Field::new("pid", row.pid),
                    Field::new("ppid", row.ppid),
                    Field::new("state", row.state),
                    Field::new("CommandLine", row.command),
                    Field::new("Image", image),
                ];
                let (kind, core) = reading.about.mapper.apply(&fields, &mut scratch);
                let core = Core { host, ..core };
                sink.event(&Event { at: line.at(), time: now, kind, core, fields: &fields, raw: line.bytes });
            } else {
                let fields = [Field::new("message", line.text)];
                let core = Core { host, ..Core::default() };
                sink.event(&Event { at: line.at(), time: now, kind: Kind::Other, core, fields: &fields, raw: line.bytes });
            }
            Verdict::Event
        });
        clock.report(sink);
    }
}

struct Row<'a> {
    pid: &'a str,
    ppid: &'a str,
    state: &'a str,
    command: &'a str,
}

/// `PID PPID %CPU %MEM STATE NI? VSZ RSS … COMMAND`: two numbers, two fractions, a state, numbers, then the command.
fn process(line: &str) -> Option<Row<'_>> {
    let mut rest = line.trim_start();
    let mut next = || -> Option<&str> {
        let (word, tail) = rest.split_once(char::is_whitespace)?;
        rest = tail.trim_start();
        Some(word)
    };
    let pid = next().filter(|w| is_number(w))?;
    let ppid = next().filter(|w| is_number(w))?;
    next().filter(|w| is_fraction(w))?;
    next().filter(|w| is_fraction(w))?;
    let state = next().filter(|w| w.len() <= 4 && w.starts_with(['S', 'R', 'D', 'Z', 'T', 'I', 'X', 'W']))?;
    let mut numbers = 0;
    while let Some((word, tail)) = rest.split_once(char::is_whitespace) {
        if !is_number(word) {
            break;
        }
        numbers += 1;
        rest = tail.trim_start();
    }
    (numbers >= 1 && !rest.is_empty()).then_some(Row { pid, ppid, state, command: rest.trim_end() })
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit())
}

fn is_fraction(word: &str) -> bool {
    word.contains('.') && word.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

/// `top - HH:MM:SS up …`: a time of day of the last date known; past midnight it is the next day.
fn top_time(line: &str, last: Option<time::Written>) -> Option<time::Written> {
    let clock = line.strip_prefix("top - ")?.get(..8)?;
    let last = last?;
    let number = |from: usize| clock.get(from..from + 2).and_then(|text| text.parse::<u32>().ok());
    let (hour, minute, second) = (number(0)?, number(3)?, number(6)?);
    let mut next = time::Written { hour, minute, second, micro: 0, digits: 0, ..last };
    if (hour, minute, second) < (last.hour, last.minute, last.second) {
        let micros = next.civil_micros()? + 86_400_000_000;
        let (year, month, day) = konseki_model::time::civil_from_days(micros.div_euclid(86_400_000_000));
        next = time::Written { year, month, day, ..next };
    }
    Some(next)
}

/// A time in the head of a block, wherever in the line it stands (`date` output or ISO).
fn block_time(line: &str) -> Option<time::Written> {
    if line.len() > 200 || !line.is_ascii() {
        return None;
    }
    if let Some((written, _)) = time::any(line.as_bytes()) {
        return (written.year != 0).then_some(written);
    }
    for day in ["Mon ", "Tue ", "Wed ", "Thu ", "Fri ", "Sat ", "Sun "] {
        if let Some(at) = line.find(day)
            && let Some((written, _)) = line.get(at..).and_then(|rest| time::ctime(rest.as_bytes()))
        {
            return Some(written);
        }
    }
    let at = line.find(" 20").map(|at| at + 1)?;
    line.get(at..).and_then(|rest| time::iso(rest.as_bytes())).map(|(written, _)| written)
}
