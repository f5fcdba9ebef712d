//! `uname -a`, `vmware -vl`, `esxcli system version get`: which host this is and what it runs.

use konseki_model::{Core, Event, Field, Kind, Piece, Sink};

use crate::read::{self, Verdict};
use crate::{Input, Reading, Source, host};

pub struct Version;
pub static SOURCE: Version = Version;

/// Host, version and build of a line.
fn facts(line: &str) -> Option<(&str, &str, &str)> {
    let build = line
        .split_whitespace()
        .find_map(|word| word.strip_prefix("build-").or_else(|| word.strip_prefix("Releasebuild-")))
        .unwrap_or_default();
    let mut words = line.split_whitespace();
    match words.next()? {
        "VMkernel" => Some((words.next()?, words.next()?, build)),
        "VMware" if words.next() == Some("ESXi") || line.starts_with("VMware ESX ") => {
            Some(("", line.split_whitespace().find(|w| w.as_bytes().first().is_some_and(u8::is_ascii_digit))?, build))
        }
        _ => None,
    }
}

impl Source for Version {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        let line = piece.head.split(|b| *b == b'\n').next().unwrap_or_default();
        piece.size < 2048
            && std::str::from_utf8(line)
                .is_ok_and(|line| facts(line).is_some() && (line.starts_with("VMkernel ") || line.contains("build-")))
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        read::lines(input, reading, sink, |line, sink| {
            let Some((name, version, build)) = facts(line.text) else { return Verdict::Rejected };
            if !name.is_empty() && !name.starts_with("localhost") {
                sink.host(name);
            }
            let all = [("host", name), ("version", version), ("build", build), ("message", line.text.trim_end())];
            let fields: Vec<Field<'_>> = all.iter().filter(|(_, v)| !v.is_empty()).map(|(n, v)| Field::new(n, v)).collect();
            let known = host::or_hint("", reading);
            let core =
                Core { host: if known.is_empty() { name } else { known }, object: "VMware ESXi", target: version, ..Core::default() };
            sink.event(&Event { at: line.at(), time: None, kind: Kind::Other, core, fields: &fields, raw: line.bytes });
            Verdict::Event
        });
    }
}
