//! What the vCenter sources share: the event in nine brackets as vpxd writes it, and what its sentences say.
//!
//! `Event [key] [n-m] [time] [type] [severity] [user] [entity] [chain] [message]`; shape from public log examples. The last
//! bracket may be cut off, and one event may lie in several parts.

use konseki_model::Field;

use konseki_formats::text::between;

use crate::esx::Fields;

/// One event (or one part of it) as its brackets have it.
pub struct VcEvent<'a> {
    pub key: &'a str,
    /// `1-1`, `2-13`: which part of how many.
    pub part: &'a str,
    pub time: &'a str,
    /// Without `vim.event.`.
    pub kind: &'a str,
    pub severity: &'a str,
    pub user: &'a str,
    pub entity: &'a str,
    pub chain: &'a str,
    pub message: &'a str,
}

impl<'a> VcEvent<'a> {
    /// The text before `Event [` and the event. `None` where the line holds none.
    pub fn split(line: &'a str) -> Option<(&'a str, Self)> {
        let (head, body) = line.split_once("Event [")?;
        let mut parts = body.splitn(9, "] [");
        let mut next = || parts.next();
        let (key, part, time) = (next()?, next()?, next()?);
        if key.is_empty() || !key.bytes().all(|b| b.is_ascii_digit()) || !part.contains('-') {
            return None;
        }
        let (kind, severity, user, entity, chain) = (next()?, next()?, next()?, next()?, next()?);
        let message = next()?.trim_end();
        let message = message.strip_suffix(']').unwrap_or(message);
        let kind = kind.strip_prefix("vim.event.").unwrap_or(kind);
        Some((head, Self { key, part, time, kind, severity, user, entity, chain, message }))
    }

    /// The fields of the brackets; what the sentence says comes behind, from the first part alone.
    pub fn fields(&self, fields: &mut Fields<'a>) {
        for (name, value) in [
            ("event_key", self.key),
            ("part", self.part),
            ("event_type", self.kind),
            ("severity", self.severity),
            ("user_name", self.user),
            ("entity", self.entity),
            ("chain_id", self.chain),
            ("message", self.message),
        ] {
            if !value.is_empty() {
                fields.push(Field::new(name, value));
            }
        }
        if let Some(disk) = between(self.message, "fileName = \"", "\"").filter(|name| !name.is_empty()) {
            fields.push(Field::new("disk", disk));
        }
        if self.part.starts_with("1-") {
            meaning(self.kind, self.message, fields);
        }
    }
}

fn add<'a>(fields: &mut Fields<'a>, action: &'static str, more: &[(&'static str, &'a str)]) {
    fields.push(Field::new("action", action));
    for (name, value) in more {
        let value = value.trim().trim_matches('\'');
        if !value.is_empty() {
            fields.push(Field::new(name, value));
        }
    }
}

/// What stands before ` on HOST`; names of machines may hold spaces.
fn before_host(text: &str) -> &str {
    text.split_once(" on ").map_or(text, |(name, _)| name)
}

/// What stands behind `head`, up to ` on HOST`.
fn named<'a>(message: &'a str, head: &str) -> &'a str {
    message.strip_prefix(head).map(before_host).unwrap_or_default()
}

fn meaning<'a>(kind: &str, message: &'a str, fields: &mut Fields<'a>) {
    match kind {
        "UserLoginSessionEvent" | "UserLogoutSessionEvent" => session(message, fields),
        "BadUsernameSessionEvent" | "NoAccessUserEvent" => {
            let who = message.strip_prefix("Cannot login ").or_else(|| message.strip_prefix("Cannot login user "));
            let (login, src) = who.and_then(|who| who.trim_end_matches('.').rsplit_once('@')).unwrap_or_default();
            add(fields, "login-failed", &[("login", login), ("src_ip", src.split([' ', ':']).next().unwrap_or(src))]);
        }
        "PermissionAddedEvent" | "PermissionUpdatedEvent" | "PermissionRemovedEvent" => {
            let (_, rest) = message.split_once(" for ").unwrap_or_default();
            let (principal, rest) = rest.split_once(" on ").unwrap_or((rest, ""));
            let role = between(rest, "role is ", ",").unwrap_or_default();
            add(fields, "permission", &[("principal", principal), ("on", rest.split(',').next().unwrap_or(rest)), ("role", role)]);
        }
        _ if kind.starts_with("DatastoreFile") => datastore(message, fields),
        _ if kind.contains("Vm") || kind.starts_with("Drs") => machine(kind, message, fields),
        _ => sentence(kind, message, fields),
    }
}

/// The life of machines.
fn machine<'a>(kind: &str, message: &'a str, fields: &mut Fields<'a>) {
    match kind {
        "VmCreatedEvent" => add(fields, "created", &[("vm", named(message, "Created virtual machine "))]),
        "VmRegisteredEvent" => add(fields, "registered", &[("vm", named(message, "Registered "))]),
        "VmRemovedEvent" => {
            let action = if message.contains("from disk") { "deleted" } else { "removed" };
            add(fields, action, &[("vm", named(message, "Removed "))]);
        }
        "VmBeingClonedEvent" => {
            let (from, to) = message.rsplit_once(" to ").unwrap_or((message, ""));
            add(fields, "cloning", &[("vm", before_host(to)), ("from_vm", named(from, "Cloning "))]);
        }
        "VmClonedEvent" => {
            let (to, from) = match message.split_once(" has been cloned from ") {
                Some(pair) => pair,
                None => message.split_once(" cloned to ").map_or((message, ""), |(from, to)| (to, from)),
            };
            add(fields, "cloned", &[("vm", before_host(to)), ("from_vm", before_host(from))]);
        }
        "VmBeingDeployedEvent" => {
            let template = message.rsplit_once(" from template ").map_or("", |(_, template)| template);
            add(fields, "cloning", &[("vm", named(message, "Deploying ")), ("from_vm", template)]);
        }
        "VmPoweredOnEvent" | "DrsVmPoweredOnEvent" => add(fields, "powered-on", &[("vm", power(message))]),
        "VmPoweredOffEvent" | "VmGuestShutdownEvent" => add(fields, "powered-off", &[("vm", power(message))]),
        "VmReconfiguredEvent" => add(fields, "reconfigured", &[("vm", named(message, "Reconfigured "))]),
        "VmRenamedEvent" => {
            let (_, rest) = message.split_once(" from ").unwrap_or_default();
            let (old, new) = rest.split_once(" to ").unwrap_or((rest, ""));
            let new = new.rsplit_once(" in ").map_or(new, |(new, _)| new);
            add(fields, "renamed", &[("vm", new), ("from_vm", old)]);
        }
        "VmMigratedEvent" | "DrsVmMigratedEvent" | "VmRelocatedEvent" => {
            let rest = ["Migration of virtual machine ", "DRS migrated ", "Virtual machine "]
                .iter()
                .find_map(|head| message.strip_prefix(head))
                .unwrap_or_default();
            let (vm, _) = rest.split_once(" from ").unwrap_or_default();
            add(fields, "migrated", &[("vm", vm.trim_end_matches(" has been migrated"))]);
        }
        _ => sentence(kind, message, fields),
    }
}

/// `X on  HOST in DATACENTER is powered on`, `Guest OS shut down for X on HOST …`, `DRS powered on X on HOST …`.
fn power(message: &str) -> &str {
    let rest = ["Guest OS shut down for ", "DRS powered on ", "DRS powered On ", "Virtual machine "]
        .iter()
        .find_map(|head| message.strip_prefix(head))
        .unwrap_or(message);
    before_host(rest)
}

/// `User NAME@ADDRESS logged in as AGENT`, `… logged out (login time: …, number of API invocations: N, user agent: …)`.
fn session<'a>(message: &'a str, fields: &mut Fields<'a>) {
    let Some((who, what)) = message.strip_prefix("User ").and_then(|rest| rest.split_once(" logged ")) else { return };
    let (login, src) = who.rsplit_once('@').unwrap_or((who, ""));
    if let Some(agent) = what.strip_prefix("in as ") {
        add(fields, "logged-in", &[("login", login), ("src_ip", src), ("agent", agent)]);
        return;
    }
    let calls = between(what, "number of API invocations: ", ",").unwrap_or_default();
    let agent = what.split_once("user agent: ").map_or("", |(_, agent)| agent.strip_suffix(')').unwrap_or(agent));
    add(fields, "logged-out", &[("login", login), ("src_ip", src), ("api_calls", calls), ("agent", agent)]);
}

fn datastore<'a>(message: &'a str, fields: &mut Fields<'a>) {
    let (_, rest) = message.split_once("file or directory ").or_else(|| message.split_once("ile ")).unwrap_or(("", message));
    let end = [" from ", " to ", " was ", " has ", " at "].iter().filter_map(|mark| rest.find(mark)).min().unwrap_or(rest.len());
    let src = between(message, "initiated from '", "'").unwrap_or_default();
    let src = src.rsplit_once('@').map_or(src, |(_, address)| address);
    add(fields, "datastore-file", &[("path", rest.get(..end).unwrap_or(rest)), ("src_ip", src)]);
}

/// Extended events have their meaning in the sentence, or in the type where it is written.
fn sentence<'a>(kind: &str, message: &'a str, fields: &mut Fields<'a>) {
    for (head, action) in [("Successful login ", "logged-in"), ("Failed login ", "login-failed")] {
        if let Some((login, rest)) = message.strip_prefix(head).and_then(|rest| rest.split_once(" from ")) {
            let src = rest.split(' ').next().unwrap_or(rest);
            add(fields, action, &[("login", login), ("src_ip", src)]);
            return;
        }
    }
    for (head, action) in [("SSH session was opened for ", "ssh-session"), ("SSH session was closed for ", "ssh-closed")] {
        if let Some(who) = message.strip_prefix(head) {
            let (login, src) = who.trim_end_matches('.').trim_matches('\'').rsplit_once('@').unwrap_or((who, ""));
            add(fields, action, &[("login", login), ("src_ip", src)]);
            return;
        }
    }
    if let Some((operation, vm)) = message.strip_prefix("Guest operation ").and_then(|rest| rest.split_once(" performed on ")) {
        let vm = vm.trim_end_matches('.');
        let vm = vm.strip_prefix("Virtual machine ").or_else(|| vm.strip_prefix("virtual machine ")).unwrap_or(vm);
        add(fields, "guest-operation", &[("operation", operation), ("vm", vm)]);
    } else if kind.contains("esx.audit.ssh.enabled") || message.starts_with("SSH access has been enabled") {
        add(fields, "ssh-enabled", &[]);
    } else if kind.contains("esx.audit.ssh.disabled") || message.starts_with("SSH access has been disabled") {
        add(fields, "ssh-disabled", &[]);
    } else if message.starts_with("The ESXi command line shell has been enabled") {
        add(fields, "shell-enabled", &[]);
    } else if kind.contains("ockdown") || message.contains("ockdown mode") {
        add(fields, "lockdown", &[]);
    }
}
