//! Every other daemon of ESXi: cron, DCUI, updates, signs of life, agents of vCenter.

use std::sync::LazyLock;

use konseki_formats::phrase::Phrases;
use konseki_formats::vmware::Head;

use super::events::EVENTS;
use super::log::common;
use super::{Fields, first_line, machine, streams};

static LINES: LazyLock<Phrases> = LazyLock::new(|| Phrases::new(ROWS));

const ROWS: &[(&str, &str)] = &[
    ("cron", "USER {user} pid {child} cmd {command}"),
    ("cron", "crond: USER {user} pid {child} cmd {command}"),
    ("heartbeat", "up {uptime}, {count} VMs; {}"),
    ("heartbeat", "up {uptime}, {count} VM; {}"),
    ("heartbeat", "up {uptime}; {}"),
    ("boot", "Host has booted"),
    ("shutdown", "Host is rebooting"),
    ("shutdown", "Host is powering off"),
    ("dcui_login", "User {account} logged in"),
    ("dcui_login", "authentication of user '{account}' succeeded"),
    ("password_change", "password changed for {account}"),
    ("log_started", "Logs rotated{}"),
    ("update", "{}Command = {command}"),
    ("update", "Command = {command}"),
    ("fork", "ForkExec({command}) {child}"),
    ("vmauthd", "Connect from remote socket ({src_ip}:{src_port})"),
    ("vmauthd_login", "login from {src_ip} as {account}"),
    ("client", "New proxy client {}<TCP '{dst} : {dst_port}'>, <TCP '{src_ip} : {src_port}'>>{}"),
    ("connected", "Connected to {server}:{} ({url}) over {}<TCP '{src_ip} : {src_port}'>, <TCP '{dst} : {dst_port}'>>{}"),
    ("not_connected", "Connection to {server}:{dst_port} ({url}) failed with error {reason}"),
    ("endpoint", "New/Updated endpoint added: {url}"),
    ("endpoint", "[N7Vmacore4Http{}] _serverNamespace = {url} action = {action} authenticationParams = {}_port = {dst_port}"),
];

pub fn cut<'a>(head: &Head<'a>, room: &'a mut String, out: &mut Fields<'a>) {
    let line = first_line(head.message);
    let found = worth(head.process, line)
        .then(|| LINES.find(line))
        .flatten()
        .or_else(|| streams::find(head.sub, line))
        .or_else(|| line.starts_with("Event ").then(|| EVENTS.find(line.split_once(" : ")?.1)).flatten());
    if let Some(found) = &found {
        out.push("event", found.class);
    }
    common(head, out);
    if let Some(found) = &found {
        let command = found.hole("command");
        for (name, value) in found.holes().filter(|(name, _)| *name != "command") {
            out.push(name, value);
        }
        if !command.is_empty() {
            out.push("CommandLine", command);
            out.push("Image", machine::image(command, room));
        }
    }
    if line.contains("Section for VMware ESX") {
        for name in ["version", "build"] {
            out.push(name, value_after(line, name));
        }
    }
    out.push("message", head.message);
}

fn value_after<'a>(line: &'a str, name: &str) -> &'a str {
    let found = line.split(", ").find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
    found.unwrap_or_default()
}

/// Sentences with an open start are tried for the daemons that write them only.
fn worth(process: &str, line: &str) -> bool {
    match line.as_bytes().first() {
        Some(b'U' | b'u' | b'H' | b'a' | b'p' | b'F' | b'C' | b'c' | b'L' | b'l' | b'N' | b'[') => true,
        _ => process.starts_with("esxupdate") || line.contains("Command = "),
    }
}
