//! vCenter `vpxd.log`: long-running operations with their method and opID, failed logins, events written between them.

use konseki_model::{Field, Piece, Sink};

use crate::esx::{self, Fields};
use crate::vcenter::VcEvent;
use crate::{Input, Reading, Source};

pub struct Vpxd;
pub static SOURCE: Vpxd = Vpxd;

impl Source for Vpxd {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        esx::recognise(piece, |head| head.process == "vpxd" && !head.level.is_empty())
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        esx::read_log(input, reading, sink, |head, fields| {
            if let Some((_, event)) = VcEvent::split(head.message) {
                fields.retain(|field| field.name != "message");
                event.fields(fields);
            } else if let Some(rest) = head.message.strip_prefix("[VpxLRO] -- ") {
                operation(rest, fields);
            }
        });
    }
}

/// `BEGIN task-1 -- vm-2 -- vim.VirtualMachine.clone -- SESSION(KEY)`, `FINISH task-1`,
/// `ERROR lro-1 -- SessionManager -- vim.SessionManager.login: vim.fault.InvalidLogin: …`.
fn operation<'a>(rest: &'a str, fields: &mut Fields<'a>) {
    let Some((step, rest)) = rest.split_once(' ') else { return };
    let mut parts = rest.splitn(4, " -- ");
    let task = parts.next().unwrap_or_default().trim();
    let object = parts.next().unwrap_or_default();
    let method = parts.next().unwrap_or_default();
    let method = method.split([':', '\n']).next().unwrap_or_default();
    let session = parts.next().unwrap_or_default().trim();
    for (name, value) in [("step", step), ("task", task), ("object", object), ("method", method)] {
        if !value.is_empty() {
            fields.push(Field::new(name, value));
        }
    }
    if step == "BEGIN" {
        if !session.is_empty() {
            fields.push(Field::new("session", session));
        }
        if task.starts_with("task-") {
            fields.push(Field::new("action", "task"));
        }
    } else if step == "ERROR" && rest.contains("vim.fault.InvalidLogin") {
        fields.push(Field::new("action", "invalid-login"));
        if let Some(login) = rest.split_once("Arg userName:").and_then(|(_, args)| args.split('"').nth(1)) {
            fields.push(Field::new("login", login.trim_end_matches('\\')));
        }
    }
}
