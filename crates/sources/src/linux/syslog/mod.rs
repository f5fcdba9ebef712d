//! Syslog of Linux and Unix machines (messages, syslog, auth.log, secure), files and syslog servers alike.

use konseki_model::{Core, Event, Field, Kind, Piece, Sink};

use crate::clock::Clock;
use crate::esx::between;
use crate::mapper::Scratch;
use crate::read::{self, Verdict};
use crate::syslog::{self, Head};
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
            more(&head, &mut fields);
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

/// What sshd and sudo say, cut by their own words. A user name may hold ` from `: the address stands last.
fn more<'a>(head: &Head<'a>, fields: &mut Vec<Field<'a>>) {
    let message = head.message;
    if head.process.starts_with("sshd") {
        if let Some((method, rest)) =
            message.strip_prefix("Accepted ").or_else(|| message.strip_prefix("Failed ")).and_then(|rest| rest.split_once(" for "))
            && let Some((user, peer)) = rest.rsplit_once(" from ")
        {
            let mut peer = peer.split(' ');
            let user = user.strip_prefix("invalid user ").unwrap_or(user);
            fields.extend([Field::new("method", method), Field::new("user", user), Field::new("src", peer.next().unwrap_or(""))]);
            fields.push(Field::new("src_port", peer.nth(1).unwrap_or("")));
        } else if let Some(user) = between(message, "session opened for user ", " by ") {
            fields.push(Field::new("user", user.split('(').next().unwrap_or(user)));
        }
    } else if head.process == "sudo"
        && let Some((user, _)) = message.trim_start().split_once(" : ")
    {
        fields.push(Field::new("user", user));
        if let Some((_, command)) = message.split_once("COMMAND=") {
            fields.push(Field::new("command", command));
        }
    }
}
