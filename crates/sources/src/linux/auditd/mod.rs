//! The Linux audit log: records of one event (`msg=audit(time:serial)`) joined into one event, texts decoded, arguments joined.

mod parse;

use std::collections::{BTreeMap, VecDeque};

use konseki_formats::{heads, time};
use konseki_model::{At, Basis, Event, Fidelity, Field, Piece, Problem, ProblemKind, Sink, Stamp};

use self::parse::Line;
use crate::clock::Clock;
use crate::mapper::Scratch;
use crate::read::{self, Text, Verdict};
use crate::{Input, Reading, Source, host};

pub struct Auditd;
pub static SOURCE: Auditd = Auditd;

/// Events that may be open at once: records of several processors' events stand between each other.
const OPEN: usize = 32;
/// Records of one event that are joined; more begin a new one.
const RECORDS: usize = 512;
/// Accounts whose names are remembered.
const NAMES: usize = 10_000;

impl Source for Auditd {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        let record = |line: &[u8]| std::str::from_utf8(line).is_ok_and(|line| parse::split(line).is_some());
        let (records, _) = heads::fitting(piece.head, 60, record);
        let (fits, all) = heads::fitting(piece.head, 60, |line| record(line) || line == b"----" || line.starts_with(b"time->"));
        records > 0 && fits * 2 > all
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut log = Log {
            reading,
            clock: Clock::new(reading),
            scratch: Scratch::default(),
            open: VecDeque::new(),
            epochs: false,
            names: BTreeMap::new(),
        };
        read::lines(input, reading, sink, |line, sink| log.line(line, sink));
        while let Some(event) = log.open.pop_front() {
            log.push(&event, sink);
        }
        if log.epochs {
            sink.zone("UTC", Basis::Format.as_str());
        }
        log.clock.report(sink);
    }
}

/// What `ausearch` writes between events.
fn is_frame(line: &str) -> bool {
    line == "----" || line.starts_with("time->")
}

/// An event whose records are being collected.
struct Open {
    key: String,
    at: u64,
    last: u64,
    node: String,
    time: Option<Stamp>,
    /// Its first record, and those that follow it without another event's between them.
    raw: Vec<u8>,
    kinds: Vec<String>,
    fields: Vec<(String, String)>,
    /// Arguments of EXECVE by their place.
    arguments: Vec<String>,
    whole: bool,
}

struct Log<'r> {
    reading: &'r Reading<'r>,
    clock: Clock,
    scratch: Scratch,
    open: VecDeque<Open>,
    /// Times that need no zone.
    epochs: bool,
    /// Numbers of accounts -> names, as the daemons that log people in wrote both.
    names: BTreeMap<String, String>,
}

impl Log<'_> {
    fn line(&mut self, text: &Text<'_>, sink: &mut dyn Sink) -> Verdict {
        if is_frame(text.text) {
            self.open.iter_mut().for_each(|event| event.whole = true);
            self.close(sink);
            return Verdict::Continuation;
        }
        let Some(line) = parse::split(text.text) else { return Verdict::Rejected };
        let key = format!("{} {}:{}", line.node, line.time, line.serial);
        let known = self.open.iter().rposition(|event| event.key == key && event.kinds.len() < RECORDS);
        let verdict = if known.is_some() { Verdict::Continuation } else { Verdict::Event };
        if known.is_none() {
            let time = self.stamp(line.time);
            if time.is_none() {
                sink.problem(Problem::new(ProblemKind::Time, Some(text.at()), "the time of an audit event cannot be read"));
            }
            self.open.push_back(Open {
                key,
                at: text.number,
                last: text.number,
                node: line.node.to_owned(),
                time,
                raw: text.bytes.to_vec(),
                kinds: Vec::new(),
                fields: Vec::new(),
                arguments: Vec::new(),
                whole: false,
            });
        }
        let place = known.unwrap_or(self.open.len().saturating_sub(1));
        if let Some(event) = self.open.get_mut(place) {
            if text.number == event.last + 1 && event.raw.len() + text.bytes.len() < 65_536 {
                event.raw.push(b'\n');
                event.raw.extend_from_slice(text.bytes);
                event.last = text.number;
            }
            event.add(&line);
        }
        self.close(sink);
        verdict
    }

    /// `sudo` and `su` name the account they change to beside the number of the one that logged in: only logins tell.
    fn learn(&mut self, event: &Open) {
        let (name, number) = (event.get("acct"), event.get("auid"));
        let login = ["sshd", "/login", "gdm", "lightdm", "sddm"].iter().any(|program| event.get("exe").contains(program));
        if login && is_set(name) && is_set(number) && number != "0" && self.names.len() < NAMES {
            self.names.entry(number.to_owned()).or_insert_with(|| name.to_owned());
        }
    }

    /// Events leave in the order in which they began: those that are whole, and the oldest where too many are open.
    fn close(&mut self, sink: &mut dyn Sink) {
        while self.open.front().is_some_and(|event| event.whole) || self.open.len() > OPEN {
            let Some(event) = self.open.pop_front() else { break };
            self.push(&event, sink);
        }
    }

    fn stamp(&mut self, written: &str) -> Option<Stamp> {
        if let Some((micros, digits)) = time::epoch(written.as_bytes()).filter(|_| !written.contains(['/', '-'])) {
            self.epochs = true;
            let fidelity = if digits == 0 { Fidelity::Second } else { Fidelity::Millisecond };
            return Some(Stamp::new(micros, fidelity, Basis::Format));
        }
        // `ausearch -i` writes the local date of its locale; the C locale gives the year two digits.
        let full = match written.as_bytes() {
            [_, _, b'/', _, _, b'/', _, _, b' ', ..] => format!("{}20{}", written.get(..6)?, written.get(6..)?),
            _ => written.to_owned(),
        };
        let (written, _) = time::us(full.as_bytes()).or_else(|| time::iso(full.as_bytes()))?;
        self.clock.stamp(&written)
    }

    fn push(&mut self, event: &Open, sink: &mut dyn Sink) {
        let command = event.arguments.join(" ");
        self.learn(event);
        let number = event.user();
        let user = self.names.get(number).map_or(number, String::as_str);
        let mut fields = Vec::with_capacity(event.fields.len() + 8);
        // The record that says what the event is stands first: the map looks at it.
        let leading = event.leading();
        fields.push(Field::new("type", leading));
        fields.extend(event.kinds.iter().filter(|kind| *kind != leading).map(|kind| Field::new("type", kind)));
        fields.extend(event.fields.iter().map(|(name, value)| Field::new(name, value)));
        // `4294967295` is no session: it would join strangers.
        let session = Some(event.get("ses")).filter(|ses| is_set(ses)).unwrap_or_default();
        for (name, value) in [
            ("user", user),
            ("session", session),
            ("CommandLine", &command),
            ("Image", if command.is_empty() { "" } else { event.get("exe") }),
        ] {
            if !value.is_empty() {
                fields.push(Field::new(name, value));
            }
        }
        if let Some(file) = event.file() {
            fields.push(Field::new("TargetFilename", file.0));
            fields.push(Field::new("change", file.1));
        }
        let (kind, mut core) = self.reading.about.mapper.apply(&fields, &mut self.scratch);
        core.host = host::or_hint(&event.node, self.reading);
        let at = At::Line(event.at);
        sink.event(&Event { at, time: event.time, kind, core, fields: &fields, raw: &event.raw });
    }
}

/// Is an id set? -1 as the kernel writes it is not.
fn is_set(value: &str) -> bool {
    !value.is_empty() && !["unset", "4294967295", "-1", "(unset)"].contains(&value)
}

/// Records that only add to another one.
const ADDED: &[&str] = &["CWD", "PATH", "PROCTITLE", "SOCKADDR", "EOE", "BPRM_FCAPS", "CAPSET", "MMAP", "OBJ_PID", "FD_PAIR", "IPC"];

impl Open {
    fn add(&mut self, line: &Line<'_>) {
        if !self.kinds.iter().any(|kind| kind == line.kind) {
            self.kinds.push(line.kind.to_owned());
        }
        // The kernel ends an event with PROCTITLE (`ausearch -i` begins with it), the daemon with EOE; programs write one record.
        let last = line.kind == "EOE" || line.kind == "PROCTITLE" && self.kinds.iter().any(|kind| kind == "SYSCALL");
        self.whole |= last || line.kind.starts_with("USER_") || line.kind.starts_with("CRED_");
        let mut pairs = Vec::new();
        let words = parse::pairs(line.rest, &mut |name, value| pairs.push((name, line.decoded(name, value).into_owned())));
        parse::pairs(line.enriched, &mut |name, value| pairs.push((name, value.text.to_owned())));
        if !words.is_empty() {
            pairs.push(("text", words));
        }
        for (name, value) in pairs {
            if line.kind == "EXECVE" && self.argument(name, &value) {
                self.fields.push((name.to_owned(), value));
                continue;
            }
            if name.eq_ignore_ascii_case("saddr")
                && let Some((address, port)) = parse::socket(&value)
            {
                self.fields.push(("saddr_address".to_owned(), address));
                self.fields.push(("saddr_port".to_owned(), port));
            }
            self.fields.push((name.to_owned(), value));
        }
    }

    /// `a0`, or `a0[1]` of an argument that was cut.
    fn argument(&mut self, name: &str, value: &str) -> bool {
        let Some(number) = name.strip_prefix('a').map(|rest| rest.split('[').next().unwrap_or(rest)) else { return false };
        let Ok(place) = number.parse::<usize>() else { return false };
        if place < RECORDS * 8 {
            if self.arguments.len() <= place {
                self.arguments.resize(place + 1, String::new());
            }
            if let Some(slot) = self.arguments.get_mut(place) {
                slot.push_str(value);
            }
        }
        true
    }

    fn leading(&self) -> &str {
        let own = self.kinds.iter().find(|kind| !ADDED.contains(&kind.as_str()) && !["SYSCALL", "EXECVE"].contains(&kind.as_str()));
        own.or_else(|| self.kinds.iter().find(|kind| *kind == "EXECVE"))
            .or_else(|| self.kinds.iter().find(|kind| *kind == "SYSCALL"))
            .or_else(|| self.kinds.first())
            .map_or("", String::as_str)
    }

    fn get(&self, name: &str) -> &str {
        self.fields.iter().find(|(n, value)| n == name && !value.is_empty()).map_or("", |(_, value)| value.as_str())
    }

    /// Who acted: the account named, else who logged on (`auid` stays through su), else who the process runs as.
    fn user(&self) -> &str {
        let found = ["acct", "AUID", "auid", "UID", "uid"].into_iter().map(|key| (key, self.get(key))).find(|(_, value)| is_set(value));
        match found {
            Some(("auid" | "uid", "0")) => "root",
            Some((_, value)) => value,
            None => "",
        }
    }

    /// The file that a system call made or removed, by the `nametype` of its PATH records.
    fn file(&self) -> Option<(&str, &'static str)> {
        let mut name = "";
        for (key, value) in &self.fields {
            match (key.as_str(), value.as_str()) {
                ("name", value) => name = value,
                ("nametype", "CREATE") if !name.is_empty() => return Some((name, "create")),
                ("nametype", "DELETE") if !name.is_empty() => return Some((name, "delete")),
                _ => {}
            }
        }
        None
    }
}
