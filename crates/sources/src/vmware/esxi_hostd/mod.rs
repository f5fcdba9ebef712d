//! ESXi `hostd.log`: logins, tasks, the life of virtual machines, as the host itself saw them.

use konseki_model::{Field, Piece, Sink};

use crate::{Input, Reading, Source, esx};

pub struct Hostd;
pub static SOURCE: Hostd = Hostd;

impl Source for Hostd {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        esx::recognise(piece, |head| matches!(head.process, "hostd" | "Hostd"))
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        esx::read_log(input, reading, sink, |head, fields| {
            if let Some((number, text)) = head.message.strip_prefix("Event ").and_then(|rest| rest.split_once(" : ")) {
                fields.push(Field::new("event_id", number));
                event(text, fields);
            } else {
                other(head.message, fields);
            }
        });
    }
}

/// `X on HOST in DATACENTER is powered on` and its kin: the name may hold spaces, the verb stands at the end.
fn event<'a>(text: &'a str, fields: &mut Vec<Field<'a>>) {
    let text = text.trim_end_matches('.');
    let mut add = |name, value| fields.push(Field::new(name, value));
    if let Some(rest) = text.strip_prefix("User ") {
        user(rest, fields);
        return;
    }
    for (head, action) in
        [("Registered ", "registered"), ("Removed ", "removed"), ("Created virtual machine ", "created"), ("Deleted ", "deleted")]
    {
        if let Some((name, _)) = text
            .strip_prefix(head)
            .and_then(|rest| rest.rsplit_once(" in "))
            .and_then(|(rest, _)| rest.rsplit_once(" on ").or_else(|| rest.rsplit_once(" from ")))
        {
            let name = name.split_once(" on ").map_or(name, |(name, _)| name);
            add("action", action);
            add("vm", name);
            return;
        }
    }
    if let Some((name, _)) = text.strip_prefix("Removed ").and_then(|rest| rest.split_once(" on ")) {
        add("action", "removed");
        add("vm", name);
        return;
    }
    for (tail, action) in
        [(" is powered on", "powered-on"), (" is powered off", "powered-off"), (" is starting", "starting"), (" is stopping", "stopping")]
    {
        if let Some(rest) = text.strip_suffix(tail) {
            let name = rest.rsplit_once(" in ").map_or(rest, |(rest, _)| rest);
            add("action", action);
            add("vm", name.rsplit_once(" on ").map_or(name, |(name, _)| name));
            return;
        }
    }
    if let Some(rest) = text.strip_prefix("Guest operation ") {
        if let Some((operation, vm)) = rest.split_once(" performed on Virtual machine ") {
            add("action", "guest-operation");
            add("operation", operation);
            add("vm", vm);
        }
    } else if text.starts_with("SSH access has been enabled") {
        add("action", "ssh-enabled");
    } else if text.starts_with("SSH access has been disabled") {
        add("action", "ssh-disabled");
    } else if text.starts_with("The ESXi command line shell has been enabled") || text.starts_with("ESXi Shell") && text.contains("enabled")
    {
        add("action", "shell-enabled");
    } else if let Some(address) = text.strip_prefix("Cannot login ").and_then(|rest| rest.split_once('@')) {
        add("action", "login-failed");
        add("login", address.0);
        add("src_ip", address.1);
    } else if let Some(name) = esx::between(text, "Account ", " was created") {
        add("action", "account-created");
        add("account", name);
    } else if let Some(rest) = text.strip_prefix("File upload to path '") {
        add("action", "file-upload");
        add("path", rest.split('\'').next().unwrap_or(rest));
    }
}

/// `root@192.0.2.1 logged in as AGENT`, `… logged out (login time: …, number of API invocations: N, user agent: …)`.
fn user<'a>(rest: &'a str, fields: &mut Vec<Field<'a>>) {
    let Some((who, what)) = rest.split_once(" logged ") else { return };
    let (name, address) = who.rsplit_once('@').unwrap_or((who, ""));
    fields.push(Field::new("login", name));
    if !address.is_empty() {
        fields.push(Field::new("src_ip", address));
    }
    if let Some(agent) = what.strip_prefix("in as ") {
        fields.push(Field::new("action", "logged-in"));
        fields.push(Field::new("agent", agent));
    } else {
        fields.push(Field::new("action", "logged-out"));
        if let Some(calls) = esx::between(what, "number of API invocations: ", ",") {
            fields.push(Field::new("api_calls", calls));
        }
        if let Some((_, agent)) = what.split_once("user agent: ") {
            fields.push(Field::new("agent", agent.trim_end_matches(')')));
        }
    }
}

fn other<'a>(message: &'a str, fields: &mut Vec<Field<'a>>) {
    if let Some(task) = message.strip_prefix("Task Created : ") {
        fields.push(Field::new("action", "task"));
        fields.push(Field::new("task", task));
    } else if let Some(rest) = message.strip_prefix("Register called: ") {
        fields.push(Field::new("action", "register-called"));
        fields.push(Field::new("vmx", rest.trim_start_matches("[]")));
    } else if let Some(rest) = message.strip_prefix("Accepted password for user ") {
        if let Some((name, address)) = rest.split_once(" from ") {
            // `192.0.2.1 - session=…` in later builds.
            let address = address.split([' ', ',']).next().unwrap_or(address);
            fields.push(Field::new("action", "accepted"));
            fields.push(Field::new("login", name));
            fields.push(Field::new("src_ip", address));
        }
    } else if let Some(states) = message.strip_prefix("State Transition (") {
        fields.push(Field::new("action", "transition"));
        fields.push(Field::new("states", states.trim_end_matches(')')));
    }
}
