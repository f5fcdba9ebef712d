//! `vmware.log`: what a machine's own executor wrote, even of a machine that no inventory knows.

mod parse;

use std::io::{Read, SeekFrom};

use konseki_formats::vmware::{self, Shape};
use konseki_model::{Event, Piece, Sink};

use crate::clock::Clock;
use crate::esxi::{Fields, machine};
use crate::mapper::Scratch;
use crate::read::{self, Verdict};
use crate::{Input, Reading, Source, host};

pub struct Log;
pub static SOURCE: Log = Log;

/// How far into the file its machine is looked for: the configuration is written at the start of every run.
const LOOK: u64 = 1 << 20;

/// The machine a log belongs to.
#[derive(Debug, Default)]
struct Machine {
    name: String,
    vmx: String,
    host: String,
}

impl Source for Log {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        let (mut heads, mut ours) = (0, 0);
        for line in piece.head.split(|b| *b == b'\n').take(60) {
            let Ok(text) = std::str::from_utf8(line) else { continue };
            if !vmware::starts(line) {
                continue;
            }
            heads += 1;
            let head = vmware::split(text.trim_end());
            ours += usize::from(head.is_some_and(|h| match h.shape {
                Shape::Pipe => h.level.len() >= 2 && h.level.bytes().skip(1).all(|b| b.is_ascii_digit()),
                Shape::Direct => true,
                _ => false,
            }));
        }
        ours > 0 && ours * 10 >= heads * 8
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let machine = machine_of(input, reading);
        if !machine.host.is_empty() {
            sink.host(&machine.host);
        }
        let mut clock = Clock::new(reading);
        let mut scratch = Scratch::default();
        read::records(input, reading, sink, vmware::starts, |record, sink| {
            let Some(head) = vmware::split(record.text) else { return Verdict::Rejected };
            let mut fields = Fields::default();
            parse::cut(&head, &mut fields);
            fields.push("name", &machine.name);
            fields.push("vmx", &machine.vmx);
            let time = head.time.and_then(|written| clock.stamp(&written));
            let (kind, mut core) = reading.about.mapper.apply(fields.as_slice(), &mut scratch);
            core.host = host::or_hint("", reading);
            if core.host.is_empty() {
                core.host = &machine.host;
            }
            sink.event(&Event { at: record.at(), time, kind, core, fields: fields.as_slice(), raw: record.bytes });
            Verdict::Event
        });
        clock.report(sink);
    }
}

/// Name, path and host from the start of the file; the path by the folder where the file does not write it.
fn machine_of(input: &mut dyn Input, reading: &Reading<'_>) -> Machine {
    let mut head = Vec::new();
    if input.seek(SeekFrom::Start(0)).is_ok() {
        // What cannot be read here is told by the pass over the records.
        let _ = (&mut *input).take(LOOK).read_to_end(&mut head);
    }
    let text = String::from_utf8_lossy(&head);
    let mut found = Machine::default();
    let (mut absolute, mut relative) = (String::new(), String::new());
    for line in text.lines() {
        if let Some(value) = parse::dict(line, "displayName") {
            value.clone_into(&mut found.name);
        } else if let Some((_, name)) = line.split_once("Hostname=") {
            name.trim().clone_into(&mut found.host);
        } else if line.contains(".vmx") {
            parse::vmx_path(line, &mut absolute, &mut relative);
        } else if let Some(value) = parse::dict(line, "nvram").filter(|_| relative.is_empty()) {
            relative = format!("{}.vmx", value.rsplit('/').next().unwrap_or(value).trim_end_matches(".nvram"));
        }
    }
    let device = machine::device_path(reading.piece.path);
    let folder = device.rsplit_once('/').map_or("", |(folder, _)| folder);
    let stem = folder.rsplit('/').next().unwrap_or_default();
    found.vmx = if !absolute.is_empty() {
        absolute
    } else if folder.is_empty() {
        relative
    } else if !relative.is_empty() {
        format!("{folder}/{relative}")
    } else if folder.starts_with("/vmfs/") {
        format!("{folder}/{stem}.vmx")
    } else {
        String::new()
    };
    if found.name.is_empty() {
        found.name = if found.vmx.is_empty() { stem.to_owned() } else { machine::stem(&found.vmx).to_owned() };
    }
    if found.host.starts_with("localhost") {
        found.host.clear();
    }
    found
}
