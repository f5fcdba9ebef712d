//! Zeek logs of every kind: tab-separated with `#fields`, or JSON lines.

use std::borrow::Cow;

use konseki_formats::time;
use konseki_model::{Basis, Core, Event, Fidelity, Field, Piece, Sink, Stamp};

use crate::clock::Clock;
use crate::flat_text;
use crate::mapper::Scratch;
use crate::read::{self, Text, Verdict};
use crate::{Input, Reading, Source};

pub struct Zeek;
pub static SOURCE: Zeek = Zeek;

impl Source for Zeek {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        let text = String::from_utf8_lossy(piece.head);
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        let Some(first) = lines.next() else { return false };
        if first.starts_with('#') {
            return text.contains("#separator") && text.contains("#fields");
        }
        if path_of(piece.name()) == "loaded_scripts" {
            return first.starts_with("{\"name\":");
        }
        first.starts_with('{') && first.contains("\"ts\"") && looks_json(first, piece.name())
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut log = Log {
            reading,
            clock: Clock::new(reading),
            scratch: Scratch::default(),
            path: path_of(reading.piece.name()).to_owned(),
            names: Vec::new(),
            unset: "-".to_owned(),
            json: false,
        };
        read::lines(input, reading, sink, |line, sink| log.line(line, sink));
        if !log.json || !log.names.is_empty() {
            sink.zone("UTC", Basis::Format.as_str());
        }
        log.clock.report(sink);
    }
}

/// Keys that Zeek writes beside `ts`; EVE and others have none of them.
fn looks_json(line: &str, name: &str) -> bool {
    let zeek = ["\"_path\"", "\"id.orig_h\"", "\"id_orig_h\"", "\"fuid\"", "\"uid\""].iter().any(|key| line.contains(key));
    let foreign = line.contains("\"event_type\"") || line.contains("\"@timestamp\"");
    (zeek || KNOWN.contains(&path_of(name))) && !foreign
}

/// Logs without connection ids that a file name must tell.
const KNOWN: &[&str] = &[
    "capture_loss",
    "files",
    "known_hosts",
    "known_services",
    "known_certs",
    "notice",
    "packet_filter",
    "pe",
    "reporter",
    "software",
    "stats",
    "weird",
    "x509",
    "ocsp",
    "loaded_scripts",
    "broker",
    "cluster",
];

/// `…/conn.10:00:00-11:00:00.log.gz` -> `conn`.
fn path_of(name: &str) -> &str {
    let name = name.rsplit(['/', '!']).next().unwrap_or(name);
    name.split('.').next().unwrap_or(name)
}

struct Log<'r> {
    reading: &'r Reading<'r>,
    clock: Clock,
    scratch: Scratch,
    path: String,
    names: Vec<String>,
    unset: String,
    json: bool,
}

impl Log<'_> {
    fn line(&mut self, line: &Text<'_>, sink: &mut dyn Sink) -> Verdict {
        if line.text.starts_with('#') {
            self.header(line.text);
            return Verdict::Continuation;
        }
        if line.text.starts_with('{') {
            return self.json(line, sink);
        }
        if self.names.is_empty() {
            return Verdict::Rejected;
        }
        let names = std::mem::take(&mut self.names);
        let mut fields = Vec::with_capacity(names.len() + 1);
        let mut values = line.text.split('\t');
        for name in &names {
            let Some(value) = values.next() else { break };
            if value == self.unset {
                continue;
            }
            fields.push(Field::new(name, if value == "(empty)" { "" } else { value }));
        }
        // A line cut short or grown is still kept, as long as it has columns at all.
        let fits = names.len() == 1 || line.text.contains('\t');
        let verdict = if fits { self.event(line, fields, sink) } else { Verdict::Rejected };
        self.names = names;
        verdict
    }

    fn header(&mut self, text: &str) {
        if let Some(names) = text.strip_prefix("#fields\t") {
            self.names = names.split('\t').map(str::to_owned).collect();
        } else if let Some(path) = text.strip_prefix("#path\t") {
            path.trim().clone_into(&mut self.path);
        } else if let Some(unset) = text.strip_prefix("#unset_field\t") {
            unset.trim_end().clone_into(&mut self.unset);
        }
    }

    fn json(&mut self, line: &Text<'_>, sink: &mut dyn Sink) -> Verdict {
        let Some(flat) = flat_text::parse(line.text) else { return Verdict::Rejected };
        self.json = true;
        let fields = flat.iter().map(|(name, value)| Field::new(dotted(name), value)).collect();
        self.event(line, fields, sink)
    }

    fn event(&mut self, line: &Text<'_>, fields: Vec<Field<'_>>, sink: &mut dyn Sink) -> Verdict {
        let path = self.path.clone();
        let mut fields: Vec<Field<'_>> = fields;
        if !fields.iter().any(|field| field.name == "_path") {
            fields.push(Field::new("_path", &path));
        }
        let find = |name: &str| fields.iter().find(|field| field.name == name).map_or("", |field| field.value);
        let time = self.stamp(find("ts"));
        let (kind, core) = self.reading.about.mapper.apply(&fields, &mut self.scratch);
        let host = self.reading.hints.host.as_deref().unwrap_or_default();
        let core = Core { host, ..core };
        sink.event(&Event { at: line.at(), time, kind, core, fields: &fields, raw: line.bytes });
        Verdict::Event
    }

    fn stamp(&mut self, ts: &str) -> Option<Stamp> {
        if ts.contains('T') {
            let (written, _) = time::iso(ts.as_bytes())?;
            return self.clock.stamp(&written);
        }
        let ts: Cow<'_, str> = if ts.contains(['e', 'E']) { format!("{:.6}", ts.parse::<f64>().ok()?).into() } else { ts.into() };
        let (micros, _) = time::epoch(ts.as_bytes())?;
        Some(Stamp::new(micros, Fidelity::Microsecond, Basis::Format))
    }
}

/// Underscored ids of some shippers as Zeek names them.
fn dotted(name: &str) -> &str {
    match name {
        "id_orig_h" => "id.orig_h",
        "id_orig_p" => "id.orig_p",
        "id_resp_h" => "id.resp_h",
        "id_resp_p" => "id.resp_p",
        other => other,
    }
}
