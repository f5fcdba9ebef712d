//! Files of ESXi and the vCenter appliance that run by themselves: boot scripts, cron tables, systemd units.

use konseki_formats::text::looks_like_text;
use konseki_model::{Event, Field, Piece, Sink};

use crate::esxi::machine;
use crate::mapper::Scratch;
use crate::read::{self, Verdict};
use crate::{Input, Reading, Source, host};

pub struct Autostart;
pub static SOURCE: Autostart = Autostart;

const PLACES: &[&str] = &[
    "etc/rc.local.d/",
    "etc/init.d/",
    "etc/rc.d/",
    "var/spool/cron/",
    "etc/cron.d/",
    "etc/cron.hourly/",
    "etc/cron.daily/",
    "etc/cron.weekly/",
    "etc/cron.monthly/",
    "etc/systemd/system/",
    "usr/lib/systemd/system/",
];
const FILES: &[&str] = &["etc/rc.local", "etc/crontab", "etc/sysconfig/init", "etc/profile.local"];

/// The path on the device, where the piece's path holds one of the places that run by themselves.
fn device_path(path: &str) -> Option<String> {
    let path = path.replace('\\', "/");
    for place in PLACES {
        let found = path.rfind(place).filter(|at| *at == 0 || path.as_bytes().get(at - 1) == Some(&b'/'));
        if let Some(tail) = found.and_then(|at| path.get(at..)) {
            return Some(format!("/{tail}"));
        }
    }
    let same = |file: &&&str| path == ***file || path.strip_suffix(**file).is_some_and(|head| head.ends_with('/'));
    FILES.iter().find(same).map(|file| format!("/{file}"))
}

impl Source for Autostart {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        let log = [".log", ".gz", ".json", ".service.d"].iter().any(|end| piece.path.ends_with(end));
        !log && looks_like_text(piece.head) && !piece.head.contains(&0) && device_path(piece.path).is_some()
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let file = device_path(reading.piece.path).unwrap_or_else(|| reading.piece.path.to_owned());
        let unit = file.contains("/systemd/");
        let mut scratch = Scratch::default();
        read::lines(input, reading, sink, |line, sink| {
            let command = line.text.trim();
            let idle = command.starts_with('#') || command.starts_with(';') || (unit && !command.starts_with("Exec"));
            if idle {
                return Verdict::Continuation;
            }
            let number = line.number.to_string();
            let vmx = started_machine(command).unwrap_or_default();
            let all = [("file", file.as_str()), ("line", &number), ("command", command), ("vmx", &vmx), ("name", machine::stem(&vmx))];
            let fields = all.map(|(n, v)| Field::new(n, v));
            let kept = if vmx.is_empty() { fields.get(..3) } else { fields.get(..) };
            let kept = kept.unwrap_or_default();
            let (kind, mut core) = reading.about.mapper.apply(kept, &mut scratch);
            core.host = host::or_hint("", reading);
            sink.event(&Event { at: line.at(), time: None, kind, core, fields: kept, raw: line.bytes });
            Verdict::Event
        });
    }
}

/// The `.vmx` of a line that starts a machine with the host's own executor, whatever stands around it.
fn started_machine(command: &str) -> Option<String> {
    let words = words(command);
    let runs = words.iter().any(|word| word == "vmx" || word.ends_with("/vmx"));
    words.into_iter().find(|word| runs && word.ends_with(".vmx"))
}

/// Words of a shell line: quotes and backslashes taken off, nothing expanded.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let (mut quote, mut chars) = (None, line.chars());
    while let Some(c) = chars.next() {
        let Some(word) = words.last_mut() else { break };
        match (c, quote) {
            ('\\', None | Some('"')) => word.extend(chars.next()),
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            (' ' | '\t' | ';' | '&' | '|' | '(' | ')', None) => words.push(String::new()),
            (c, _) => word.push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn machines_started_by_lines() {
        let find = |line: &str| started_machine(line).unwrap_or_default();
        assert_eq!(find("/bin/vmx -x \"/vmfs/volumes/ds 1/a b/a b.vmx\" 2>/dev/null &"), "/vmfs/volumes/ds 1/a b/a b.vmx");
        assert_eq!(find("(sleep 60; /bin/vmx -x /vmfs/volumes/a\\ b/c.vmx)&"), "/vmfs/volumes/a b/c.vmx");
        assert_eq!(find("grep vmx x.txt"), "");
        assert_eq!(find("cp a.vmx b"), "");
        assert_eq!(device_path("e/esx01/etc/rc.local.d/local.sh").as_deref(), Some("/etc/rc.local.d/local.sh"));
        assert_eq!(device_path("vc/etc/rc.local").as_deref(), Some("/etc/rc.local"));
        assert_eq!(device_path("gw/etc/cron.hourly/a.sh").as_deref(), Some("/etc/cron.hourly/a.sh"));
        assert_eq!(device_path("notes/my-etc/init.d.txt"), None);
    }
}
