//! ESXi `syslog.log` and the logs of other daemons: kept line by line with their program.

use konseki_formats::vmware::Head;
use konseki_model::{Field, Piece, Sink};

use crate::{Input, Reading, Source, esx};

pub struct Syslog;
pub static SOURCE: Syslog = Syslog;

/// Programs that other sources read.
const OTHERS: &[&str] = &[
    "shell",
    "ESXShell",
    "sshd",
    "SSH",
    "sshd-session",
    "sftp-server",
    "login",
    "DCUI",
    "sshd-auth",
    "hostd",
    "Hostd",
    "vobd",
    "vmkernel",
    "vmkwarning",
    "vpxd",
    "envoy",
    "websso",
    "ssoAdminServer",
    "tokenservice",
    "rhttpproxy",
    "vmx",
];

fn ours(head: &Head<'_>) -> bool {
    let kernel = head.message.starts_with("cpu") || head.message.contains("Correlator] ");
    let vmx = head.process.is_empty() && (head.message.starts_with("vmx") || head.message.starts_with("vcpu"));
    !head.process.is_empty()
        && (!head.pid.is_empty() || !head.level.is_empty())
        && !OTHERS.contains(&head.process)
        && !kernel
        && !vmx
        && !esx::is_proxy_request(head)
}

impl Source for Syslog {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        esx::recognise(piece, ours)
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        esx::read_log(input, reading, sink, |head, fields| {
            // `crond: USER root pid 1 cmd …`
            if let Some((user, command)) =
                esx::between(head.message, "USER ", " pid ").zip(head.message.split_once(" cmd ").map(|(_, c)| c))
            {
                fields.push(Field::new("User", user));
                fields.push(Field::new("CommandLine", command));
            }
        });
    }
}
