//! `vmware.log`: what a machine's own executor wrote, even of a machine that no inventory knows.

use konseki_formats::time;
use konseki_model::{Core, Event, Field, Kind, Piece, Sink};

use crate::clock::Clock;
use crate::mapper::Scratch;
use crate::read::{self, Verdict};
use crate::{Input, Reading, Source};

pub struct Log;
pub static SOURCE: Log = Log;

/// `TIME [In(05)] THREAD [OPID] message` (7 and later) or `TIME| THREAD| I125: message` (6.x).
fn split(line: &str) -> Option<(time::Written, &str, &str)> {
    let (written, used) = time::iso(line.as_bytes())?;
    let rest = line.get(used..)?;
    if let Some(rest) = rest.strip_prefix("| ") {
        let (thread, rest) = rest.split_once("| ")?;
        return Some((written, thread, rest.split_once(": ").map_or(rest, |(_, text)| text)));
    }
    let rest = rest.trim_start();
    let rest = match rest.split_once(' ') {
        Some((level, after)) if level.ends_with(')') && level.get(2..3) == Some("(") => after,
        _ => return None,
    };
    let (thread, text) = rest.split_once(' ')?;
    let ours = ["vmx", "vcpu", "svga", "mks", "worker", "host-", "Worker", "callHome"].iter().any(|head| thread.starts_with(head));
    ours.then_some((written, thread, text))
}

impl Source for Log {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        let text = String::from_utf8_lossy(piece.head.get(..piece.head.len().min(16_384)).unwrap_or_default());
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).take(20).collect();
        let fits = lines.iter().filter(|line| split(line).is_some()).count();
        fits > 0 && fits * 2 > lines.len()
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut clock = Clock::new(reading);
        let mut scratch = Scratch::default();
        let folder = reading.piece.path.replace('\\', "/");
        let folder = folder.rsplit_once('/').map_or("", |(folder, _)| folder);
        let mut machine = folder.rsplit('/').next().unwrap_or_default().to_owned();
        let mut vmx =
            folder.find("vmfs/volumes/").and_then(|at| folder.get(at..)).map_or(String::new(), |tail| format!("/{tail}/{machine}.vmx"));
        let host = reading.hints.host.as_deref().unwrap_or_default();
        read::records(
            input,
            reading,
            sink,
            |line| std::str::from_utf8(line).is_ok_and(|line| split(line).is_some()),
            |record, sink| {
                let Some((written, thread, text)) = split(record.text) else { return Verdict::Rejected };
                if let Some((_, name)) = text.split_once("displayName = ") {
                    machine = name.trim().trim_matches('"').to_owned();
                }
                if let Some(path) = text.split_whitespace().find(|word| word.starts_with("/vmfs/volumes/") && word.ends_with(".vmx")) {
                    vmx = path.to_owned();
                }
                let fields =
                    [Field::new("thread", thread), Field::new("message", text), Field::new("name", &machine), Field::new("vmx", &vmx)];
                let (kind, core) = reading.about.mapper.apply(&fields, &mut scratch);
                let core = Core { host: if core.host.is_empty() { host } else { core.host }, ..core };
                let time = clock.stamp(&written);
                let kind = if kind == Kind::Other && text.contains("Log for VMware ESX pid=") { Kind::VmxStart } else { kind };
                let core = if kind == Kind::VmxStart { Core { object: &machine, target: &vmx, ..core } } else { core };
                sink.event(&Event { at: record.at(), time, kind, core, fields: &fields, raw: record.bytes });
                Verdict::Event
            },
        );
        clock.report(sink);
    }
}
