//! `hostd`: numbered events, tasks, registrations, states of machines, logons of its API.

use std::sync::LazyLock;

use konseki_formats::phrase::{Found, Phrases};
use konseki_formats::vmware::Head;

use super::events::EVENTS;
use super::log::common;
use super::{Fields, first_line, machine, streams};

static MESSAGES: LazyLock<Phrases> = LazyLock::new(|| Phrases::new(ROWS));

const ROWS: &[(&str, &str)] = &[
    ("task_created", "Task Created : haTask-{task}"),
    ("task_completed", "Task Completed : haTask-{task} Status {status}"),
    ("register_called", "Register called: {vmx}"),
    ("unregister_called", "Unregister called: {vmx}"),
    ("state", "State Transition ({from} -> {to})"),
    ("accepted", "Accepted password for user {account} from {src_ip} - session={session_id}"),
    ("accepted", "Accepted password for user {account} from {src_ip}, {}"),
    ("accepted", "Accepted password for user {account} from {src_ip}"),
    ("rejected", "Rejected password for user {account} from {src_ip}"),
    ("guest_file", "Guest File Path is {path}"),
    ("guest_file", "Guest file path is {path}"),
    ("config_set", "Set called with key '{key}' value '{value}'"),
    ("fork", "ForkExec({command}) {child}"),
    ("fork", "Util: ForkExec({command}) {child}"),
    ("http_file", "Got HTTP {method} request for {path}"),
    ("http_file", "Sent OK response for {method} {path}"),
    ("datastore_search", "DatastoreBrowserImpl::SearchInt {}dsPath:{path}"),
    ("account_create_asked", "Create requested for {account}"),
    ("request", "New request: target='{entity}', method='{method}', session='{session_id}'"),
    ("service_state", "{service} running status is {state}"),
    ("create_called", "Create VM initiated {}"),
    ("create_called", "CreateVM called{}"),
    ("power_on_called", "PowerOn request recieved{}"),
    ("power_on_called", "PowerOn request received{}"),
    ("power_off_called", "PowerOff request recieved{}"),
    ("power_off_called", "PowerOff request received{}"),
];

pub fn cut<'a>(head: &Head<'a>, out: &mut Fields<'a>) {
    let line = first_line(head.message);
    let (event_id, text, found) = match numbered(line) {
        Some((id, text)) => (id, text, EVENTS.find(text)),
        None => ("", line, message(line).or_else(|| streams::find(head.sub, line))),
    };
    if let Some(found) = &found {
        out.push("event", class(found, text));
    }
    out.push("event_id", event_id);
    common(head, out);
    if let Some(found) = &found {
        match found.class {
            "task_created" | "task_completed" => task(found, out),
            "register_called" | "unregister_called" => vmx(found.hole("vmx"), out),
            _ => out.holes(found),
        }
    }
    if let Some(path) = head.sub.strip_prefix("Vmsvc.vm:") {
        out.push("vmx", path);
        if found.as_ref().is_none_or(|f| f.hole("vm").is_empty()) {
            out.push("vm", machine::stem(path));
        }
    }
    out.push("message", head.message);
}

fn numbered(line: &str) -> Option<(&str, &str)> {
    let (id, text) = line.strip_prefix("Event ")?.split_once(" : ")?;
    id.bytes().all(|b| b.is_ascii_digit()).then_some((id, text))
}

fn message(line: &str) -> Option<Found<'_>> {
    // Most lines of hostd are none of these: their first bytes say so.
    let first = line.as_bytes().first()?;
    if !b"TRUSAGFDCNPSr".contains(first) {
        return None;
    }
    MESSAGES.find(line).filter(|found| found.class != "service_state" || line.starts_with("TSM"))
}

fn class<'a>(found: &Found<'a>, _text: &str) -> &'a str {
    if found.class != "state" {
        return found.class;
    }
    match (found.hole("from"), found.hole("to")) {
        ("VM_STATE_POWERING_ON" | "VM_STATE_RESUMING", "VM_STATE_ON") => "state_on",
        ("VM_STATE_ON" | "VM_STATE_POWERING_OFF" | "VM_STATE_SHUTTING_DOWN", "VM_STATE_OFF") => "state_off",
        (_, "VM_STATE_SUSPENDED") => "state_suspended",
        _ => "state",
    }
}

/// `ha-folder-vm-vim.Folder.registerVm-107999318`: entity, method, number.
fn task<'a>(found: &Found<'a>, out: &mut Fields<'a>) {
    let task = found.hole("task");
    out.push("task", task);
    if let Some((entity, rest)) = task.split_once("-vim.") {
        out.push("entity", entity);
        out.push("method", rest.rsplit_once('-').map_or(rest, |(method, _)| method));
    }
    out.push("status", found.hole("status"));
}

/// `[]/vmfs/volumes/…/x.vmx` or `[datastore] x/x.vmx`.
fn vmx<'a>(text: &'a str, out: &mut Fields<'a>) {
    let path = text.strip_prefix("[]").unwrap_or(text).trim();
    out.push("vmx", path);
    out.push("vm", machine::stem(path));
}
