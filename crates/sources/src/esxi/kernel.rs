//! `vmkernel.log`: `cpu0:2098001)text`. What it says of machines it says by itself, whatever hostd is made to hide.

use std::sync::LazyLock;

use konseki_formats::phrase::Phrases;
use konseki_formats::vmware::Head;
use memchr::memmem::Finder;

use super::{Fields, first_line};

static LINES: LazyLock<Phrases> = LazyLock::new(|| Phrases::new(ROWS));

const ROWS: &[(&str, &str)] = &[
    ("vm_world", "World: vm {world_id}: {}: Starting world vmm0:{vm} of type {}"),
    ("vm_world", "World: vm {world_id}: {}: Starting world vmm0:{vm} with flags {}"),
    ("vm_port", "Net: {}: connected {client} to {switch}, portID {port_id}"),
    ("vm_port", "Net: {}: connected {client} to {switch}, portID={port_id}"),
    ("vm_port_off", "Net: {}: disconnected client from port {port_id}"),
    ("exec_denied", "{}: exec denied {reason}"),
    ("exec_denied", "{}exec denied{}"),
    ("exec_denied", "{}execInstalledOnly{}"),
    ("module", "Mod: {}: Starting module {module}"),
    ("module", "Loading module {module} ..."),
    ("boot", "Boot: {}: {}"),
];

pub fn cut<'a>(head: &Head<'a>, out: &mut Fields<'a>) {
    let line = first_line(head.message);
    let parts = line.strip_prefix("cpu").and_then(|rest| {
        let (place, text) = rest.split_once(')')?;
        let (cpu, world) = place.split_once(':')?;
        let (world, op_id) = world.split_once(" opID=").unwrap_or((world, ""));
        Some((cpu, world, op_id, text))
    });
    let sentence = parts.map_or(line, |p| p.3).trim_start();
    let found = worth(sentence).then(|| LINES.find(sentence)).flatten();
    if let Some(found) = &found {
        out.push("event", found.class);
    }
    out.push("level", head.level);
    out.push("process", head.process);
    if let Some((cpu, world, op_id, _)) = parts {
        out.push("cpu", cpu);
        out.push("world", world);
        out.push("opID", op_id);
    }
    if let Some(found) = &found {
        out.holes(found);
        // `db01 eth0` or `db01.eth0`: machine and card.
        let client = found.hole("client");
        if let Some((vm, nic)) = client.rsplit_once([' ', '.']).filter(|(_, nic)| nic.starts_with("eth")) {
            out.push("vm", vm);
            out.push("nic", nic);
        }
    }
    out.push("message", head.message);
}

/// Cheap look before sentences with open ends are tried.
fn worth(sentence: &str) -> bool {
    let bytes = sentence.as_bytes();
    match bytes.first() {
        Some(b'W' | b'N' | b'M' | b'L' | b'B') => STARTS.iter().any(|start| bytes.starts_with(start)) || EXEC.find(bytes).is_some(),
        _ => EXEC.find(bytes).is_some(),
    }
}

static EXEC: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("exec"));
const STARTS: [&[u8]; 5] = [b"World: vm ", b"Net: ", b"Mod: ", b"Loading module", b"Boot: "];
