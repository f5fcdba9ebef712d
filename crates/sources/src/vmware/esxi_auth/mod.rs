//! ESXi `auth.log`: SSH and console logins, one-shot commands, SFTP.

use konseki_model::{Field, Piece, Sink};

use crate::{Input, Reading, Source, esx};

pub struct Auth;
pub static SOURCE: Auth = Auth;

const PROGRAMS: &[&str] = &["sshd", "SSH", "sshd-session", "sftp-server", "login", "DCUI", "sshd-auth"];

impl Source for Auth {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        esx::recognise(piece, |head| PROGRAMS.contains(&head.process))
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        esx::read_log(input, reading, sink, |head, fields| split(head.message, fields));
    }
}

fn split<'a>(message: &'a str, fields: &mut Vec<Field<'a>>) {
    for (word, action) in [("Accepted ", "accepted"), ("Failed ", "failed"), ("error: PAM: Authentication failure for ", "failed")] {
        let Some(rest) = message.strip_prefix(word) else { continue };
        let (method, tail) = rest.split_once(" for ").unwrap_or(("pam", rest));
        let Some((user, from)) = tail.split_once(" from ") else { continue };
        fields.push(Field::new("action", action));
        fields.push(Field::new("method", method));
        fields.push(Field::new("login", user.strip_prefix("invalid user ").unwrap_or(user)));
        let (address, rest) = from.split_once(' ').unwrap_or((from, ""));
        fields.push(Field::new("src_ip", address));
        if let Some(port) = rest.strip_prefix("port ").and_then(|p| p.split(' ').next()) {
            fields.push(Field::new("src_port", port));
        }
        return;
    }
    if let Some(rest) = message.strip_prefix("User '") {
        if let Some((user, tail)) = rest.split_once("' running command '") {
            fields.push(Field::new("action", "command"));
            fields.push(Field::new("login", user));
            fields.push(Field::new("CommandLine", tail.strip_suffix('\'').unwrap_or(tail)));
        }
    } else if let Some(user) = message.strip_prefix("subsystem request for sftp by user ") {
        fields.push(Field::new("action", "sftp"));
        fields.push(Field::new("login", user.split([',', ' ']).next().unwrap_or(user)));
    } else if message.contains("SSH login enabled") {
        fields.push(Field::new("action", "ssh-enabled"));
    } else if message.contains("SSH login disabled") {
        fields.push(Field::new("action", "ssh-disabled"));
    } else if let Some(rest) = message.strip_prefix("Connection from ") {
        fields.push(Field::new("action", "connection"));
        fields.push(Field::new("src_ip", rest.split(' ').next().unwrap_or_default()));
    } else if let Some(user) = message.split_once("session closed for user ").map(|(_, user)| user) {
        fields.push(Field::new("action", "closed"));
        fields.push(Field::new("login", user.trim()));
    } else if let Some(user) = esx::between(message, "session opened for user ", " by") {
        fields.push(Field::new("action", "opened"));
        fields.push(Field::new("login", user.split('(').next().unwrap_or(user)));
    } else if message.starts_with("Session opened for '") {
        fields.push(Field::new("action", "opened"));
        fields.push(Field::new("login", esx::between(message, "'", "'").unwrap_or_default()));
    }
}
