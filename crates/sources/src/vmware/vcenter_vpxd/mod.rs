//! vCenter's main log `vpxd.log`: tasks from begin to end, failed logins, events; and the session lists of
//! `vpxd-profiler`.

use konseki_formats::vmware::{self, Head};
use konseki_formats::{heads, vcenter};
use konseki_model::{Core, Event, Kind, Piece, Sink, Stamp};

use crate::clock::Clock;
use crate::mapper::Scratch;
use crate::read::{self, Verdict};
use crate::row::Row;
use crate::vcenter as shared;
use crate::{Input, Reading, Source, esx};

pub struct Vpxd;
pub static SOURCE: Vpxd = Vpxd;

const SESSION: &[u8] = b"/SessionStats/SessionPool/Session/Id='";

impl Source for Vpxd {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        if shared::is_event_file(piece.head) {
            return false;
        }
        is_profiler(piece) || esx::recognise(piece, |head| head.process == "vpxd") || is_short(piece)
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut state = State { clock: Clock::new(reading), scratch: Scratch::default(), now: None };
        if is_profiler(&reading.piece) {
            read::lines(input, reading, sink, |line, sink| state.profile(line, reading, sink));
        } else {
            let starts = |line: &[u8]| vmware::starts(line);
            read::records(input, reading, sink, starts, |line, sink| state.one(line, reading, sink));
        }
        state.clock.report(sink);
    }
}

fn is_profiler(piece: &Piece<'_>) -> bool {
    // Definitions of log viewers quote such lines inside JSON.
    let quoted = piece.head.first() == Some(&b'{');
    memchr::memmem::find(piece.head, SESSION).is_some() && !quoted
        || piece.name().starts_with("vpxd-profiler") && memchr::memmem::find(piece.head, b"--> /").is_some()
}

/// Lines that a relay brought without program name: `TIME info vpxd[..]` is all that is asked for.
fn is_short(piece: &Piece<'_>) -> bool {
    let own = |line: &[u8]| std::str::from_utf8(line).is_ok_and(|line| vmware::split(line).is_some_and(|head| head.process == "vpxd"));
    let (fit, all) = heads::fitting(piece.head, 60, own);
    fit > 0 && fit * 2 > all
}

struct State {
    clock: Clock,
    scratch: Scratch,
    now: Option<Stamp>,
}

impl State {
    fn one(&mut self, line: &read::Text<'_>, reading: &Reading<'_>, sink: &mut dyn Sink) -> Verdict {
        let mut row = Row::default();
        let Some(head) = vmware::split(line.text) else {
            row.push("message", line.text);
            sink.event(&Event {
                at: line.at(),
                time: None,
                kind: Kind::Other,
                core: Core::default(),
                fields: row.fields(),
                raw: line.bytes,
            });
            return Verdict::Event;
        };
        let time = head.time.and_then(|written| self.clock.stamp(&written));
        for (name, value) in [
            ("level", head.level),
            ("process", head.process),
            ("pid", head.pid),
            ("sub", head.sub),
            ("opID", head.op_id),
            ("user", head.user),
        ] {
            row.push_some(name, value);
        }
        row.push("message", head.message);
        message(&head, &mut row);
        let (kind, mut core) = reading.about.mapper.apply(row.fields(), &mut self.scratch);
        core.host = if head.host.is_empty() { reading.hints.host.as_deref().unwrap_or_default() } else { head.host };
        if core.session.is_empty() {
            core.session = head.op_id;
        }
        if shared::is_loopback(core.src) {
            core.src = "";
        }
        sink.event(&Event { at: line.at(), time, kind, core, fields: row.fields(), raw: line.bytes });
        Verdict::Event
    }

    /// `--> /SessionStats/SessionPool/Session/Id='…'/Username='…'/ClientIP='…'/… total N`: sessions open at that moment.
    fn profile(&mut self, line: &read::Text<'_>, reading: &Reading<'_>, sink: &mut dyn Sink) -> Verdict {
        if let Some(head) = vmware::split(line.text).filter(|_| vmware::starts(line.bytes)) {
            self.now = head.time.and_then(|written| self.clock.stamp(&written));
        }
        let mut row = Row::default();
        if let Some((_, rest)) = line.text.split_once("/Session/Id='") {
            let value = |key: &str| esx::between(rest, key, "'").unwrap_or_default();
            row.push("session_id", rest.split('\'').next().unwrap_or_default());
            row.push("login", value("/Username='"));
            row.push("src_ip", value("/ClientIP='"));
        }
        row.push("message", line.text);
        let (kind, mut core) = reading.about.mapper.apply(row.fields(), &mut self.scratch);
        core.host = reading.hints.host.as_deref().unwrap_or_default();
        if shared::is_loopback(core.src) {
            core.src = "";
        }
        sink.event(&Event { at: line.at(), time: self.now, kind, core, fields: row.fields(), raw: line.bytes });
        Verdict::Event
    }
}

fn message<'a>(head: &Head<'a>, row: &mut Row<'a>) {
    let text = head.message;
    if let Some(rest) = text.split_once("[VpxLRO] -- ").map(|(_, rest)| rest) {
        return task(rest, row);
    }
    if let Some(event) = vcenter::event(text) {
        for (name, value) in [
            ("event_key", event.key),
            ("event_type", event.kind),
            ("severity", event.severity),
            ("user_name", event.user),
            ("entity", event.entity),
            ("chain_id", event.chain),
        ] {
            row.push_some(name, value);
        }
        return shared::describe(event.message, row);
    }
    if let Some((_, cause)) = text.split_once("(Fault cause: ") {
        let end = cause.find(|c: char| !c.is_ascii_alphanumeric() && c != '.').unwrap_or(cause.len());
        row.push_some("fault", cause.get(..end).unwrap_or_default());
    }
    if let Some(login) = esx::between(text, "Failed to authenticate user <", ">") {
        row.push("action", "login-failed");
        row.push("login", login);
    }
}

/// `BEGIN task-1 -- vm-1 -- vim.VirtualMachine.powerOn -- session(…)`, `FINISH task-1`, `ERROR lro-1 -- X -- method: fault…`.
fn task<'a>(rest: &'a str, row: &mut Row<'a>) {
    let first = rest.split('\n').next().unwrap_or(rest);
    let mut parts = first.split(" -- ");
    let (word, id) = parts.next().and_then(|part| part.split_once(' ')).unwrap_or((first, ""));
    let (target, method) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    row.push_some("task_id", id.trim());
    row.push_some("target_id", target);
    match word {
        "BEGIN" => {
            // Internal calls (`lro-…`) come by the thousand and start nothing a person asked for.
            row.push("action", if id.starts_with("task-") { "begin" } else { "call" });
            row.push_some("method", method);
            let session = parts.next().and_then(|session| session.split('(').next()).unwrap_or_default();
            row.push_some("session_id", session.trim());
        }
        "ERROR" => {
            let (method, fault) = method.split_once(": ").unwrap_or((method, ""));
            let login = method == "vim.SessionManager.login" && rest.contains("InvalidLogin");
            row.push("action", if login { "login-failed" } else { "failed" });
            row.push_some("method", method);
            row.push_some("fault", fault.split(":\\").next().unwrap_or(fault).trim_end_matches(':'));
            if login {
                row.push_some("login", argument(rest, "Arg userName:"));
            }
        }
        "FINISH" => row.push("action", "finish"),
        _ => {}
    }
}

/// The value on the line after `Arg name:`, quotes and their escapes taken off.
fn argument<'a>(text: &'a str, mark: &str) -> &'a str {
    let Some((_, rest)) = text.split_once(mark) else { return "" };
    let Some((_, value)) = rest.split_once('"') else { return "" };
    value.split(['"', '\\']).next().unwrap_or_default()
}
