//! Is a piece a log of ESXi, and of which class? By the heads of its first lines; the name of the file decides a draw.

use konseki_formats::vmware::{self, Head, Shape};
use konseki_model::Piece;

use super::{Class, audit};
use crate::esx;

/// Lines that are looked at.
const LOOK: usize = 60;

/// Daemons that no other system has. vCenter's appliance shares `rhttpproxy`, `envoy` and `vsan*`.
const DAEMONS: &[&str] = &[
    "hostd",
    "Hostd",
    "vpxa",
    "Vpxa",
    "vmkernel",
    "vmkwarning",
    "vobd",
    "hostd-probe",
    "Hostd-probe",
    "Rhttpproxy",
    "fdm",
    "Fdm",
    "esxupdate",
    "ESXShell",
    "DCUI",
    "dcui",
    "jumpstart",
    "jumpstart_dpd",
    "storageRM",
    "usbarb",
    "vmauthd",
    "hostdCgiServer",
    "VMauthd",
    "nsx-exporter",
    "cfgAgent",
    "sdrsInjector",
    "swapobjd",
    "iofilterd",
    "apiForwarder",
    "kmxd",
    "kmxa",
    "vvold",
    "attestd",
    "clomd",
    "cmmdsd",
    "osfsd",
    "vmsyslogd",
    "watchdog-vobd",
    "watchdog-hostd",
    "watchdog-vpxa",
    "configStoreBackup",
    "ConfigStore",
    "backup.sh",
    "bootstop",
    "vmkdevmgr",
    "vmkeventd",
    "localcli",
    "esxcfg-init",
    "lifecycle",
    "hostprofile",
    "settingsd",
    "esxtokend",
    "healthd",
    "crx-cli",
    "vmwauth",
    "sfcb-vmware_base",
    "sfcbd",
    "cimslp",
    "nfcd",
    "Hostd-Cgi",
    "envoy-access",
    "infravisor",
    "gstored",
    "trxd",
    "auto-backup.sh",
    "nscd",
    "smartd",
    "SSH",
];
/// Daemons of the vCenter appliance.
const APPLIANCE: &[&str] = &[
    "vpxd",
    "vpxd-svcs",
    "vsan-mgmt",
    "StatsMonitor",
    "updatemgr",
    "applmgmt",
    "applmgmt-audit",
    "vmcad",
    "vmdird",
    "vmafdd",
    "vmon",
    "websso",
    "sso-events",
    "procstate",
    "pod-startup",
    "vmcamd",
];

/// The class whose lines prevail in a log of ESXi; `None` for anything else.
pub fn class_of(piece: &Piece<'_>) -> Option<Class> {
    if !piece.head.iter().take(4).any(|b| b.is_ascii_digit() || b.is_ascii_uppercase() || b"<-".contains(b)) {
        return None;
    }
    let mut survey = Survey::default();
    let ends = piece.head.len() < 65_536;
    let mut lines = piece.head.split(|b| *b == b'\n').peekable();
    while let Some(line) = lines.next() {
        let cut_off = lines.peek().is_none() && !ends;
        if cut_off || survey.lines >= LOOK {
            break;
        }
        survey.line(line.strip_suffix(b"\r").unwrap_or(line));
    }
    let on_appliance = piece.path.contains("/log/vmware/") || survey.appliance > 0;
    let enough = survey.heads > 0 && survey.strong * 2 >= survey.heads && survey.strange * 4 <= survey.lines;
    // One request a line: an access log, whoever writes it.
    if !enough || on_appliance || survey.requests * 2 > survey.heads {
        return None;
    }
    Some(survey.prevailing(piece.name()))
}

#[derive(Default)]
struct Survey {
    lines: usize,
    heads: usize,
    strong: usize,
    appliance: usize,
    requests: usize,
    /// Lines that neither begin a record nor follow one.
    strange: usize,
    classes: [usize; 7],
}

const CLASSES: [(Class, &str); 7] = [
    (Class::Hostd, "hostd"),
    (Class::Auth, "auth"),
    (Class::Shell, "shell"),
    (Class::Vobd, "vobd"),
    (Class::Vmkernel, "vmk"),
    (Class::Audit, "audit"),
    (Class::Syslog, "syslog"),
];

impl Survey {
    fn line(&mut self, line: &[u8]) {
        if line.iter().all(u8::is_ascii_whitespace) {
            return;
        }
        self.lines += 1;
        let Ok(text) = std::str::from_utf8(line) else {
            self.strange += usize::from(self.heads == 0);
            return;
        };
        if !vmware::starts(line) {
            self.strange += usize::from(self.heads == 0 && !line.starts_with(b"-->"));
            return;
        }
        let Some(head) = vmware::split(text) else {
            self.strange += 1;
            return;
        };
        self.heads += 1;
        if matches!(head.shape, Shape::Direct | Shape::Pipe) {
            return;
        }
        self.requests += usize::from(esx::is_proxy_request(&head));
        self.appliance += usize::from(APPLIANCE.contains(&head.process) || head.process.starts_with("vmware-"));
        let class = Class::of(&head);
        self.strong += usize::from(is_strong(&head, class));
        for ((other, _), count) in CLASSES.iter().zip(self.classes.iter_mut()) {
            *count += usize::from(*other == class);
        }
    }

    fn prevailing(&self, name: &str) -> Class {
        let name = name.to_ascii_lowercase();
        let total: usize = self.classes.iter().sum();
        let counts = || CLASSES.iter().zip(self.classes.iter());
        for ((class, stem), count) in counts() {
            if *count > 0 && *class != Class::Syslog && name.starts_with(stem) {
                return *class;
            }
        }
        counts().find(|(_, count)| **count * 5 >= total * 4).map_or(Class::Syslog, |((class, _), _)| *class)
    }
}

fn is_strong(head: &Head<'_>, class: Class) -> bool {
    let utc = head.time.is_some_and(|t| t.offset == Some(0));
    match head.shape {
        Shape::Severity | Shape::Kernel => true,
        Shape::Level => head.context || DAEMONS.contains(&head.process),
        Shape::Bare => class == Class::Vobd || (utc && head.message.contains("Section for VMware ESX")),
        Shape::Tag => {
            let local = utc
                && !head.copied
                && (head.process == "crond" || head.process.starts_with("backup.sh.") || head.process.starts_with("/etc/init.d/"));
            let own = local || DAEMONS.contains(&head.process) || matches!(class, Class::Hostd | Class::Vobd | Class::Vmkernel);
            let audit = class == Class::Audit && audit::is_record(head.message);
            own || audit
                || head.context
                || (utc && !head.copied && class != Class::Syslog)
                || (class == Class::Shell && head.message.starts_with('[') && head.message.contains("]: "))
        }
        Shape::Direct | Shape::Pipe => false,
    }
}
