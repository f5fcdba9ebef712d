//! Syslog of Linux and Unix machines (messages, syslog, auth.log, secure), files and syslog servers alike.

use konseki_model::{Core, Event, Field, Kind, Piece, Sink};

use crate::clock::Clock;
use crate::linux_words::{self, Said};
use crate::mapper::Scratch;
use crate::read::{self, Verdict};
use crate::syslog;
use crate::{Input, Reading, Source};

pub struct Syslog;
pub static SOURCE: Syslog = Syslog;

/// Programs and marks of products that have sources of their own.
const PROGRAMS: &[&str] = &[
    "Hostd",
    "hostd",
    "vmkernel",
    "vmkwarning",
    "Vpxa",
    "vpxa",
    "vobd",
    "shell",
    "ESXShell",
    "Rhttpproxy",
    "rhttpproxy",
    "hostd-probe",
    "Fdm",
    "vpxd",
    "vpxd-svcs",
    "websso",
    "ssoAdminServer",
    "tokenservice",
    "applmgmt-audit",
    "envoy",
    "envoy-access",
    "PulseSecure",
    "Juniper",
    "vmauthd",
    "VSANMGMTSVC",
    "settingsd",
    "apiForwarder",
    "websso",
    "sso-events",
];
const MARKS: &[&str] =
    &["PulseSecure: ", "Juniper: ", "id=firewall", " postfix/", ",TRAFFIC,", " devid=", " In(", " No(", " Wa(", " Er(", " Db(", "@6876"];

fn ours(line: &str) -> bool {
    if MARKS.iter().any(|mark| line.contains(mark)) {
        return false;
    }
    let mail = |process: &str| process == "scan" || process.starts_with("inbound/") || process.starts_with("outbound/");
    syslog::head(line).is_some_and(|head| !PROGRAMS.contains(&head.process) && !mail(head.process))
}

impl Source for Syslog {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        !piece.path.contains("/var/run/log/") && syslog::most(piece.head, ours) && !crate::vcenter::is_event_file(piece.head)
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut clock = Clock::new(reading);
        let mut scratch = Scratch::default();
        let mut said = false;
        read::lines(input, reading, sink, |line, sink| {
            let Some(head) = syslog::head(line.text) else {
                let fields = [Field::new("message", line.text)];
                let core = Core { host: reading.hints.host.as_deref().unwrap_or_default(), ..Core::default() };
                sink.event(&Event { at: line.at(), time: None, kind: Kind::Other, core, fields: &fields, raw: line.bytes });
                return Verdict::Event;
            };
            let mut fields = vec![Field::new("process", head.process), Field::new("pid", head.pid), Field::new("message", head.message)];
            linux_words::cut(&Said { process: head.process, message: head.message }, &mut fields);
            let (kind, mut core) = reading.about.mapper.apply(&fields, &mut scratch);
            core.host = head.host;
            if !said {
                said = true;
                sink.host(head.host);
            }
            let time = clock.stamp(&head.time);
            sink.event(&Event { at: line.at(), time, kind, core, fields: &fields, raw: line.bytes });
            Verdict::Event
        });
        clock.report(sink);
    }
}
