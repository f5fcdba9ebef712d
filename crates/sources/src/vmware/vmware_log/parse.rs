//! One record of `vmware.log` into its fields.

use std::sync::LazyLock;

use konseki_formats::phrase::Phrases;
use konseki_formats::vmware::Head;

use crate::esxi::{Fields, first_line};

static LINES: LazyLock<Phrases> = LazyLock::new(|| Phrases::new(ROWS));

const ROWS: &[(&str, &str)] = &[
    ("start", "Log for VMware ESX pid={pid} version={version} build={build} option={}"),
    ("start", "Log for VMware ESX version={version} build={build} option={}"),
    ("start", "Log for VMware {product} pid={pid} version={version} build={build} option={}"),
    ("command_line", "Command line: {command}"),
    ("request", "VigorTransportProcessClientPayload: opID={request_op} seq={}: Receiving {request} request"),
    ("response", "VigorTransport_ServerSendResponse opID={request_op} seq={}: Completed {request} request{}"),
    ("snapshot", "SnapshotVMX_TakeSnapshot start: '{snapshot}', {}"),
    ("snapshot_done", "SnapshotVMXTakeSnapshotComplete: Done with snapshot '{snapshot}': {}"),
    ("snapshot_delete", "SnapshotVMX_Consolidate: Starting online snapshot consolidate operation{}"),
    ("power_on", "Transitioned vmx/execState/val to poweredOn"),
    ("power_off", "Transitioned vmx/execState/val to poweredOff"),
    ("power_on_asked", "Vix: [{}]: VMAutomation_PowerOn{}"),
    ("stop", "VMX exit ({code})"),
    ("stop", "VMX has left the building: {code}"),
    ("console", "Issuing new webmks ticket {ticket} ({})"),
    ("console", "Accepting connection for webmks ticket {ticket}"),
    ("console", "SOCKET {} ({}) Creating VNC remote connection"),
    ("screenshot", "MKSScreenShotMgr: Taking a screenshot{}"),
    ("tools", "TOOLS installed version {version}{}"),
];

pub fn cut<'a>(head: &Head<'a>, out: &mut Fields<'a>) {
    let line = first_line(head.message);
    let pair = line.strip_prefix("DICT ").and_then(|rest| rest.trim_start().split_once(" = "));
    let found = if pair.is_some() { None } else { LINES.find(line) };
    if let Some(found) = &found {
        out.push("event", found.class);
    }
    if let Some((key, _)) = pair {
        let lower = key.trim_end().to_ascii_lowercase();
        let card = lower.starts_with("ethernet") && (lower.ends_with(".networkname") || lower.ends_with(".dvs.portgroupid"));
        out.push("event", if card { "card" } else { "setting" });
    }
    out.push("thread", head.process);
    out.push("level", head.level);
    out.push("opID", head.op_id);
    if let Some(found) = &found {
        out.holes(found);
    }
    if let Some((key, value)) = pair {
        let value = value.trim().trim_matches('"');
        out.push("key", key.trim_end());
        out.push("value", value);
        if out.get("event") == "card" {
            out.push("nic", key.split('.').next().unwrap_or_default());
            out.push("network", value);
        }
    }
    out.push("message", head.message);
}

/// The value of `DICT … key = "value"` in a line.
pub fn dict<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once("DICT ")?;
    let (name, value) = rest.trim_start().split_once(" = ")?;
    name.trim_end().eq_ignore_ascii_case(key).then(|| value.trim().trim_matches('"'))
}

/// A path `/vmfs/….vmx`, or a bare `name.vmx`, quoted or not, in a line.
pub fn vmx_path(line: &str, absolute: &mut String, relative: &mut String) {
    for (at, _) in line.match_indices(".vmx") {
        let end = at + 4;
        let after = line.get(end..).and_then(|rest| rest.chars().next());
        if after.is_some_and(|c| c.is_ascii_alphanumeric() || c == '.' || c == '_') {
            continue;
        }
        let before = line.get(..at).unwrap_or_default();
        if let Some(from) = before.rfind("/vmfs/volumes/") {
            if absolute.is_empty() {
                line.get(from..end).unwrap_or_default().clone_into(absolute);
            }
            continue;
        }
        let from = before.rfind(['"', '\'']).map(|q| q + 1).unwrap_or_else(|| before.rfind([' ', '/', '\\']).map_or(0, |s| s + 1));
        let name = line.get(from..end).unwrap_or_default();
        let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
        if relative.is_empty() && name.len() > 4 {
            name.clone_into(relative);
        }
    }
}
