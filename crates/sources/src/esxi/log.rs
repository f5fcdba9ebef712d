//! The engine of ESXi's logs: records by head, each cut by what wrote it, mapped by the folder of that log.
//!
//! Files of a syslog server hold lines of every daemon, so every log source takes every line: a line of `hostd` in
//! `syslog.log` has the fields and the map of `vmware/esxi_hostd`.

use std::sync::LazyLock;

use konseki_formats::vmware::{self, Head, Shape};
use konseki_model::{Basis, Core, Event, Field, Kind, Piece, Sink};

use super::{Fields, audit, auth, hostd, kernel, shell, survey, syslog, vobd};
use crate::clock::Clock;
use crate::mapper::{Mapper, Scratch};
use crate::read::{self, Text, Verdict};
use crate::{Description, Input, Reading, Source, host};

/// What wrote a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    Hostd,
    Auth,
    Shell,
    Vobd,
    Vmkernel,
    Audit,
    Syslog,
}

impl Class {
    pub fn of(head: &Head<'_>) -> Self {
        if head.message.starts_with('[') && audit::is_record(head.message) {
            return Self::Audit;
        }
        match head.process {
            "hostd" | "Hostd" => return Self::Hostd,
            "vmkernel" | "vmkwarning" | "vmkeventd" => return Self::Vmkernel,
            "vobd" => return Self::Vobd,
            "" if vobd::is_vob(head.message) => return Self::Vobd,
            _ => {}
        }
        match head.process {
            "sshd" | "SSH" | "sshd-session" | "sshd-auth" | "login" | "su" | "sftp-server" => Self::Auth,
            "internal-sftp" | "dropbear" => Self::Auth,
            "shell" | "ESXShell" | "sh" => Self::Shell,
            _ => Self::Syslog,
        }
    }
}

static ABOUT: LazyLock<Vec<(Class, Description)>> = LazyLock::new(|| {
    let texts = [
        (Class::Hostd, include_str!("../vmware/esxi_hostd/source.toml")),
        (Class::Auth, include_str!("../vmware/esxi_auth/source.toml")),
        (Class::Shell, include_str!("../vmware/esxi_shell/source.toml")),
        (Class::Vobd, include_str!("../vmware/esxi_vobd/source.toml")),
        (Class::Vmkernel, include_str!("../vmware/esxi_vmkernel/source.toml")),
        (Class::Audit, include_str!("../vmware/esxi_audit/source.toml")),
        (Class::Syslog, include_str!("../vmware/esxi_syslog/source.toml")),
    ];
    let parsed = texts.map(|(class, text)| Description::parse(text).ok().map(|about| (class, about)));
    parsed.into_iter().flatten().collect()
});

/// A log source of ESXi: the files where its class of lines prevails.
pub struct Log(pub Class);

impl Source for Log {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        survey::class_of(piece) == Some(self.0)
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut pass = Pass {
            own: self.0,
            clock: Clock::new(reading),
            zoned: false,
            host_said: false,
            named: if reading.hints.host.is_none() { named_in(reading.piece.head) } else { "" },
            last: (String::new(), self.0),
            scratch: Scratch::default(),
            room: String::new(),
            reading,
        };
        read::records(input, reading, sink, vmware::starts, |record, sink| pass.record(record, sink));
        pass.clock.report(sink);
    }
}

struct Pass<'r> {
    own: Class,
    clock: Clock,
    zoned: bool,
    host_said: bool,
    /// The host as its own events name it, where nothing else says it.
    named: &'r str,
    last: (String, Class),
    scratch: Scratch,
    room: String,
    reading: &'r Reading<'r>,
}

impl Pass<'_> {
    fn record(&mut self, record: &Text<'_>, sink: &mut dyn Sink) -> Verdict {
        let Some(head) = vmware::split(record.text) else {
            return headless(record, self.reading, sink);
        };
        if !self.zoned && head.copied {
            self.relay_zone(&head);
        }
        let time = head.time.and_then(|written| self.clock.stamp(&written));
        let class = self.class_of(&head);
        self.room.clear();
        let mut fields = Fields::default();
        cut(class, &head, &mut self.room, &mut fields);
        let mapper = mapper_of(class, self.own, self.reading);
        let (kind, mut core) = mapper.apply(fields.as_slice(), &mut self.scratch);
        core.host = host::or_hint(head.host, self.reading);
        if core.host.is_empty() {
            core.host = self.named;
        }
        if !self.host_said && !core.host.is_empty() {
            self.host_said = true;
            sink.host(core.host);
        }
        sink.event(&Event { at: record.at(), time, kind, core, fields: fields.as_slice(), raw: record.bytes });
        Verdict::Event
    }

    /// Lines of one program follow each other: its class is remembered. Only an audit record can be written by any.
    fn class_of(&mut self, head: &Head<'_>) -> Class {
        let plain = !head.process.is_empty() && !head.message.starts_with('[');
        if plain && self.last.0 == head.process {
            return self.last.1;
        }
        let class = Class::of(head);
        if plain {
            self.last.0.clear();
            self.last.0.push_str(head.process);
            self.last.1 = class;
        }
        class
    }

    /// A relay writes its own local time (RFC 3164): there the zone the analyst gave counts, not that of ESXi.
    fn relay_zone(&mut self, head: &Head<'_>) {
        if head.time.is_some_and(|written| written.offset.is_none()) {
            self.zoned = true;
            match &self.reading.hints.zone {
                Some((zone, basis)) => self.clock.set_zone(zone, *basis),
                None => self.clock.set_zone("UTC", Basis::Assumed),
            }
        }
    }
}

/// The host in `Registered db01 on esx01.example in ha-datacenter`; `localhost` names nobody.
fn named_in(head: &[u8]) -> &str {
    let mut rest = head;
    while let Some(at) = memchr::memmem::find(rest, b" in ha-datacenter") {
        let before = rest.get(..at).unwrap_or_default();
        let from = memchr::memrchr(b' ', before).map_or(0, |space| space + 1);
        let name = std::str::from_utf8(before.get(from..).unwrap_or_default()).unwrap_or_default();
        let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:".contains(&b));
        if plain && !name.is_empty() && !name.starts_with("localhost") {
            return name;
        }
        rest = rest.get(at + 1..).unwrap_or_default();
    }
    ""
}

fn mapper_of<'m>(class: Class, own: Class, reading: &'m Reading<'_>) -> &'m Mapper {
    if class == own {
        return &reading.about.mapper;
    }
    let found = ABOUT.iter().find(|(other, _)| *other == class);
    found.map_or(&reading.about.mapper, |(_, about)| &about.mapper)
}

/// The rest of a record that began in the file rotated before this one.
fn headless(record: &Text<'_>, reading: &Reading<'_>, sink: &mut dyn Sink) -> Verdict {
    if !record.bytes.starts_with(b"-->") {
        return Verdict::Rejected;
    }
    let fields = [Field::new("message", record.text)];
    let core = Core { host: host::or_hint("", reading), ..Core::default() };
    sink.event(&Event { at: record.at(), time: None, kind: Kind::Other, core, fields: &fields, raw: record.bytes });
    Verdict::Event
}

fn cut<'a>(class: Class, head: &Head<'a>, room: &'a mut String, out: &mut Fields<'a>) {
    match class {
        Class::Hostd => hostd::cut(head, out),
        Class::Auth => auth::cut(head, room, out),
        Class::Shell => shell::cut(head, room, out),
        Class::Vobd => vobd::cut(head, out),
        Class::Vmkernel => kernel::cut(head, out),
        Class::Audit => audit::cut(head, room, out),
        Class::Syslog => syslog::cut(head, room, out),
    }
}

/// The fields of the head itself, the same for every class.
pub fn common<'a>(head: &Head<'a>, out: &mut Fields<'a>) {
    if head.shape != Shape::Bare {
        out.push("level", head.level);
        out.push("process", head.process);
        out.push("pid", head.pid);
    }
    out.push("sub", head.sub);
    out.push("opID", head.op_id);
    out.push("sid", head.sid);
    out.push("user", head.user);
    // `vpxuser:VSPHERE.LOCAL\admin`: vCenter acts for that person.
    if let Some((login, person)) = head.user.split_once(':') {
        out.push("login", login);
        if !person.starts_with('<') {
            out.push("on_behalf_of", person);
        }
    }
}
