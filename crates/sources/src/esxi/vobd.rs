//! `vobd`: observations of the kernel, `[Correlator] 123us: [vob.id] sentence`. The time inside is uptime, not a clock.

use konseki_formats::vmware::Head;

use super::events::EVENTS;
use super::{Fields, first_line};

/// Has a text the form of an observation?
pub fn is_vob(text: &str) -> bool {
    text.starts_with('[') && text.contains("us: [")
}

pub fn cut<'a>(head: &Head<'a>, out: &mut Fields<'a>) {
    let line = first_line(head.message);
    let parts = taken_apart(line);
    let sentence = parts.map_or(line, |p| p.3);
    let found = EVENTS.find(sentence);
    if let Some(found) = &found {
        out.push("event", found.class);
    } else if let Some((_, _, vob, _)) = parts {
        out.push("event", by_id(vob));
    }
    out.push("level", head.level);
    out.push("process", head.process);
    out.push("pid", head.pid);
    if let Some((correlator, uptime, vob, _)) = parts {
        out.push("correlator", correlator);
        out.push("uptime_us", uptime);
        out.push("vob", vob);
    }
    if let Some(found) = &found {
        out.holes(found);
    }
    out.push("message", sentence);
}

/// Correlator, uptime, id, sentence.
fn taken_apart(line: &str) -> Option<(&str, &str, &str, &str)> {
    let (correlator, rest) = line.strip_prefix('[')?.split_once("] ")?;
    let (uptime, rest) = rest.split_once("us: [")?;
    let (vob, sentence) = rest.split_once(']')?;
    Some((correlator, uptime.trim(), vob, sentence.trim_start()))
}

fn by_id(vob: &str) -> &'static str {
    let id = vob.strip_prefix("esx.").or_else(|| vob.strip_prefix("vob.")).unwrap_or(vob);
    match id {
        "audit.host.boot" => "boot",
        "audit.ssh.enabled" | "user.ssh.enabled" => "ssh_enabled",
        "audit.shell.enabled" | "user.shell.enabled" => "shell_enabled",
        "audit.lockdownmode.disabled" | "audit.lockdownmode.enabled" => "lockdown",
        "audit.dcui.host.reboot" | "audit.host.stop.reboot" => "shutdown",
        _ if id.starts_with("audit.net.firewall") => "firewall",
        _ if id.starts_with("audit.esximage") => "vib_install",
        _ => "",
    }
}
