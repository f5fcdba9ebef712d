//! vCenter Single Sign-On: `audit_events.log` and the audit lines of `websso.log`, who signed in from where, accounts and groups.

use std::borrow::Cow;

use konseki_formats::{time, vmware};
use konseki_model::{Core, Event, Field, Piece, Sink};

use crate::clock::Clock;
use crate::mapper::Scratch;
use crate::read::{self, Verdict};
use crate::{Input, Reading, Source};

pub struct Sso;
pub static SOURCE: Sso = Sso;

const KEYS: [&str; 6] = ["user", "client", "timestamp", "description", "eventSeverity", "type"];

/// The JSON of an audit line, `{\"user\"…` where a shipper escaped it.
fn audit(line: &str) -> Option<&str> {
    let start = line.find("{\"user\"").or_else(|| line.find("{\\\"user\\\""))?;
    line.get(start..).filter(|json| json.contains("com.vmware.sso."))
}

/// `TIME LEVEL websso[52:tomcat-http--15] [CorId=…] TEXT` and the administration server's like.
fn is_program(line: &str) -> bool {
    let Some((_, used)) = time::iso(line.as_bytes()) else { return false };
    let rest = line.get(used..).unwrap_or_default().trim_start();
    let program = rest.split_whitespace().nth(1).unwrap_or_default();
    ["websso[", "ssoAdminServer[", "tokenservice[", "vmware-identity-sts[", "sts["].iter().any(|name| program.starts_with(name))
}

fn begins(line: &[u8]) -> bool {
    line.starts_with(b"{") || line.starts_with(b"<") || time::any(line).is_some()
}

impl Source for Sso {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        let text = konseki_formats::text::longest_valid(piece.head);
        let (mut all, mut ours) = (0, 0);
        for line in text.lines().filter(|line| begins(line.as_bytes())).take(60) {
            all += 1;
            ours += usize::from(audit(line).is_some() || is_program(line));
        }
        ours > 0 && ours * 2 > all
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let mut clock = Clock::new(reading);
        let mut scratch = Scratch::default();
        let host = reading.hints.host.as_deref().unwrap_or_default();
        read::records(input, reading, sink, begins, |record, sink| {
            let values: [Cow<'_, str>; 6] = match audit(record.text) {
                Some(json) => KEYS.map(|key| value(json, key)),
                None => Default::default(),
            };
            let mut fields = Vec::with_capacity(10);
            for (name, value) in KEYS.iter().zip(&values) {
                if !value.is_empty() {
                    fields.push(Field::new(name, value));
                }
            }
            let [_, _, stamp, description, _, kind] = &values;
            if kind.is_empty() {
                fields.push(Field::new("message", record.text));
            } else {
                fields.push(Field::new("action", action(kind, description)));
                principals(description, &mut fields);
            }
            let written = time::any(record.bytes).or_else(|| time::us(stamp.as_bytes())).map(|(written, _)| written);
            let time = written.and_then(|written| clock.stamp(&written));
            let (kind, core) = reading.about.mapper.apply(&fields, &mut scratch);
            // Relayed by syslog, the line names its machine.
            let relayed = if record.bytes.starts_with(b"<") { vmware::split(record.text) } else { None };
            let host = relayed.map_or(host, |head| head.host);
            let core = Core { host, ..core };
            sink.event(&Event { at: record.at(), time, kind, core, fields: &fields, raw: record.bytes });
            Verdict::Event
        });
        clock.report(sink);
    }
}

/// The text value of a key; what is cut off at the end of the line counts up to there.
fn value<'a>(json: &'a str, key: &str) -> Cow<'a, str> {
    let escaped = json.starts_with("{\\");
    let quote = if escaped { "\\\"" } else { "\"" };
    let mark = format!("{quote}{key}{quote}:");
    let Some((_, rest)) = json.split_once(&mark) else { return Cow::default() };
    let Some(rest) = rest.trim_start().strip_prefix(quote) else { return Cow::default() };
    let mut end = rest.len();
    for (at, _) in rest.match_indices(quote) {
        let slashes = rest.bytes().take(at).rev().take_while(|b| *b == b'\\').count();
        if slashes % 2 == 0 {
            end = at;
            break;
        }
    }
    let value = rest.get(..end).unwrap_or(rest);
    let once = unescape(value);
    if escaped { Cow::Owned(unescape(&once).into_owned()) } else { once }
}

fn unescape(value: &str) -> Cow<'_, str> {
    if !value.contains('\\') {
        return Cow::Borrowed(value);
    }
    serde_json::from_str::<String>(&format!("\"{value}\"")).map_or(Cow::Borrowed(value), Cow::Owned)
}

fn action(kind: &str, description: &str) -> &'static str {
    let kind = kind.strip_prefix("com.vmware.sso.").unwrap_or(kind);
    match kind {
        "LoginSuccess" => "logged-in",
        "LoginFailure" => "login-failed",
        "Logout" => "logged-out",
        "PrincipalManagement" if description.starts_with("Creating") && !description.contains(" group ") => "account-created",
        "PrincipalManagement" if description.starts_with("Adding") && description.contains(" group ") => "group-added",
        "PrincipalManagement" if description.starts_with("Removing") && description.contains(" group ") => "group-removed",
        "PrincipalManagement" if description.starts_with("Deleting") => "account-deleted",
        "PrincipalManagement" if description.contains(" group ") => "group-changed",
        "PrincipalManagement" => "account-changed",
        _ if kind.ends_with("Policy") || kind.contains("Config") || kind.contains("IdentitySource") => "configured",
        _ => "other",
    }
}

/// Names in quotes: `Adding user 'x' to local group 'y'`, `Creating local person user 'x' with details (…)`.
fn principals<'a>(description: &'a str, fields: &mut Vec<Field<'a>>) {
    let description = description.split(" with details").next().unwrap_or(description);
    if let Some((before, group)) = description.split_once("group '") {
        fields.push(Field::new("group", group.split('\'').next().unwrap_or(group)));
        if let Some(name) = before.split('\'').nth(1) {
            fields.push(Field::new("principal", name));
        }
    } else if let Some(name) = description.split('\'').nth(1) {
        fields.push(Field::new("principal", name));
    }
}
