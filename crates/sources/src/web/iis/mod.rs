//! Logs of IIS and HTTP.sys: W3C extended format, named by `#Fields`, which may change within a file. Times are UTC.

use konseki_formats::time;
use konseki_model::{Core, Event, Field, Piece, Problem, ProblemKind, Sink};

use crate::clock::Clock;
use crate::mapper::Scratch;
use crate::read::{self, Text, Verdict};
use crate::{Input, Reading, Source, delimited};

pub struct Iis;
pub static SOURCE: Iis = Iis;

impl Source for Iis {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        let text = delimited::beginning(piece);
        if !text.lines().find(|line| !line.trim().is_empty()).is_some_and(|line| line.starts_with('#')) {
            return false;
        }
        // Other products write W3C logs as well; without the head's own word, the server's columns must be there.
        let software = text.lines().find_map(|line| line.strip_prefix("#Software:")).map(str::trim);
        if software.is_some_and(|name| !name.starts_with("Microsoft")) {
            return false;
        }
        let fields = text.lines().find_map(|line| line.strip_prefix("#Fields:"));
        fields.is_some_and(|names| {
            let has = |wanted: &str| names.split_whitespace().any(|name| name == wanted);
            let server = software.is_some() || has("s-ip") || has("sc-substatus") || has("sc-win32-status") || has("s-computername");
            server && has("cs-method") && (has("cs-uri-stem") || has("cs-uri")) && (has("c-ip") || has("sc-status"))
        })
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut log = Log {
            reading,
            clock: Clock::new(reading),
            scratch: Scratch::default(),
            names: Vec::new(),
            day: String::new(),
            last: String::new(),
        };
        read::lines(input, reading, sink, |line, sink| log.line(line, sink));
        log.clock.report(sink);
    }
}

struct Log<'r> {
    reading: &'r Reading<'r>,
    clock: Clock,
    scratch: Scratch,
    names: Vec<String>,
    /// The day of `#Date`, for rows that have only a time.
    day: String,
    /// The time of the row before.
    last: String,
}

impl Log<'_> {
    fn line(&mut self, line: &Text<'_>, sink: &mut dyn Sink) -> Verdict {
        if let Some(head) = line.text.strip_prefix('#') {
            if let Some(names) = head.strip_prefix("Fields:") {
                self.names = names.split_whitespace().map(|name| sigma(name).to_owned()).collect();
            } else if let Some(date) = head.strip_prefix("Date:") {
                date.trim().get(..10).unwrap_or_default().clone_into(&mut self.day);
                self.last.clear();
            }
            return Verdict::Continuation;
        }
        if self.names.is_empty() {
            return Verdict::Rejected;
        }
        let names = std::mem::take(&mut self.names);
        let verdict = self.row(line, &names, sink);
        self.names = names;
        verdict
    }

    fn row(&mut self, line: &Text<'_>, names: &[String], sink: &mut dyn Sink) -> Verdict {
        let mut cells: Vec<&str> = line.text.split(' ').collect();
        // Some fields are written with a blank too many.
        if cells.len() > names.len() {
            cells = line.text.split_whitespace().collect();
        }
        if cells.len() < 3 {
            return Verdict::Rejected;
        }
        if cells.len() != names.len() {
            let text = "a row has more or fewer columns than its head names: read as far as they agree";
            sink.problem(Problem::new(ProblemKind::Malformed, Some(line.at()), text));
        }
        let mut fields: Vec<Field<'_>> =
            names.iter().zip(&cells).filter(|(_, cell)| !matches!(**cell, "-" | "")).map(|(name, cell)| Field::new(name, cell)).collect();
        let surplus = cells.get(names.len()..).unwrap_or_default().join(" ");
        if !surplus.is_empty() {
            fields.push(Field::new("surplus", &surplus));
        }
        let get = |name: &str| fields.iter().find(|field| field.name == name).map_or("", |field| field.value);
        let (stem, query) = (get("cs-uri-stem"), get("cs-uri-query"));
        let uri = if query.is_empty() { stem.to_owned() } else { format!("{stem}?{query}") };
        if !uri.is_empty() && get("cs-uri").is_empty() {
            fields.push(Field::new("cs-uri", &uri));
        }
        let time = self.time(&fields);
        if time.is_none() {
            let text = "the time of a row cannot be read; the row was kept without one";
            sink.problem(Problem::new(ProblemKind::Time, Some(line.at()), text));
        }
        let (kind, core) = self.reading.about.mapper.apply(&fields, &mut self.scratch);
        let host = if core.host.is_empty() { self.reading.hints.host.as_deref().unwrap_or_default() } else { core.host };
        let taken = fields.iter().find(|field| field.name == "time-taken").and_then(|field| field.value.parse::<i64>().ok());
        let core = Core { host, duration: taken.and_then(|millis| millis.checked_mul(1000)), ..core };
        sink.event(&Event { at: line.at(), time, kind, core, fields: &fields, raw: line.bytes });
        Verdict::Event
    }

    fn time(&mut self, fields: &[Field<'_>]) -> Option<konseki_model::Stamp> {
        let get = |name: &str| fields.iter().find(|field| field.name == name).map_or("", |field| field.value);
        let (date, clock) = (get("date"), get("time"));
        if date.is_empty() && !self.day.is_empty() {
            // The head says the day once; a clock that jumps back by hours has passed midnight.
            if clock.get(..2) == Some("00") && self.last.get(..2) == Some("23") {
                self.day = next_day(&self.day)?;
            }
            clock.clone_into(&mut self.last);
        }
        let day = if date.is_empty() { self.day.as_str() } else { date };
        let (written, _) = time::iso(format!("{day} {clock}").as_bytes())?;
        self.clock.stamp(&written)
    }
}

fn next_day(day: &str) -> Option<String> {
    let (written, _) = time::iso(format!("{day} 00:00:00").as_bytes())?;
    let micros = written.civil_micros()?.checked_add(86_400_000_000)?;
    konseki_model::time::rfc3339(micros, konseki_model::Fidelity::Second).get(..10).map(str::to_owned)
}

/// Names in brackets as Sigma's web server rules write them.
fn sigma(name: &str) -> &str {
    match name {
        "cs(User-Agent)" => "cs-user-agent",
        "cs(Referer)" => "cs-referer",
        "cs(Cookie)" => "cs-cookie",
        other => other,
    }
}
