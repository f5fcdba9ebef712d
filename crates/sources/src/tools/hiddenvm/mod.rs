//! Output of MITRE's `Invoke-HiddenVMQuery.ps1`: rogue machines and their persistence on each hypervisor.

use konseki_model::{Field, Piece, Sink};

use crate::emit::Emit;
use crate::read::{self, Text, Verdict};
use crate::{Input, Reading, Source, delimited, tools};

pub struct HiddenVm;
pub static SOURCE: HiddenVm = HiddenVm;

/// One line of the report. Shapes: `Invoke-HiddenVMQuery.ps1` 1.0.2 of the Center for Threat-Informed Defense.
enum Line<'a> {
    Rogue { vm: &'a str, host: &'a str },
    Persistence { host: &'a str, finding: &'a str },
    Clean { host: &'a str },
    Failed { host: &'a str },
    Said,
}

fn parse(text: &str) -> Option<Line<'_>> {
    if let Some((vm, host)) = text.strip_prefix("Rogue VM: ").and_then(|rest| rest.rsplit_once(" found on ")) {
        return Some(Line::Rogue { vm, host });
    }
    if let Some((host, finding)) = text.split_once(": Persistence found - ") {
        return Some(Line::Persistence { host, finding });
    }
    if let Some(host) = text.strip_suffix(" has no findings.") {
        return Some(Line::Clean { host });
    }
    if let Some((host, _)) = text.split_once(" ran into an error likely establishing a remote connection") {
        return Some(Line::Failed { host });
    }
    if let Some(host) = text.strip_prefix("Failed to Connect to ") {
        return Some(Line::Failed { host });
    }
    matches!(text, "No findings." | "Ran into an issue starting SSH.").then_some(Line::Said)
}

impl Source for HiddenVm {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        let text = delimited::beginning(piece);
        let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
        let known = lines().filter(|line| parse(line).is_some()).count();
        let telling = lines().any(|line| matches!(parse(line), Some(line) if !matches!(line, Line::Said | Line::Failed { .. })));
        (telling || piece.name().contains("HiddenVMQuery")) && known > 0 && known * 2 > lines().count()
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut emit = Emit::new(reading);
        read::lines(input, reading, sink, |line, sink| one(&mut emit, line, sink));
        emit.finish(sink);
    }
}

fn one(emit: &mut Emit<'_>, line: &Text<'_>, sink: &mut dyn Sink) -> Verdict {
    let text = line.text.trim();
    let mut fields = vec![Field::new("message", text)];
    match parse(text) {
        Some(Line::Rogue { vm, host }) => {
            fields.extend([Field::new("vm", vm), Field::new("hypervisor", host)]);
            tools::finding(&mut fields, "Invoke-HiddenVMQuery", "Rogue VM", "");
        }
        Some(Line::Persistence { host, finding }) => {
            let (file, command) = finding.split_once(':').unwrap_or(("", finding));
            fields.extend([Field::new("hypervisor", host), Field::new("file", file), Field::new("command", command.trim())]);
            tools::finding(&mut fields, "Invoke-HiddenVMQuery", "Persistence found", "");
        }
        Some(Line::Clean { host }) => {
            fields.extend([
                Field::new("hypervisor", host),
                Field::new("tool", "Invoke-HiddenVMQuery"),
                Field::new("outcome", "no findings"),
            ]);
        }
        Some(Line::Failed { host }) => {
            fields.extend([
                Field::new("hypervisor", host),
                Field::new("tool", "Invoke-HiddenVMQuery"),
                Field::new("outcome", "not examined"),
            ]);
        }
        Some(Line::Said) | None => fields.push(Field::new("tool", "Invoke-HiddenVMQuery")),
    }
    emit.event(line.at(), None, None, &fields, line.bytes, sink);
    Verdict::Event
}
