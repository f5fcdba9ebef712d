//! `sshd` and its neighbours on ESXi: logons, sessions, single commands, file transfers.

use std::sync::LazyLock;

use konseki_formats::phrase::Phrases;
use konseki_formats::vmware::Head;

use super::{Fields, first_line, machine};

static LINES: LazyLock<Phrases> = LazyLock::new(|| Phrases::new(ROWS));

const ROWS: &[(&str, &str)] = &[
    ("accepted", "Accepted {method} for {user} from {src_ip} port {src_port} {key}"),
    ("accepted", "Accepted {method} for {user} from {src_ip} port {src_port}"),
    ("failed", "Failed {method} for invalid user {user} from {src_ip} port {src_port} {}"),
    ("failed", "Failed {method} for {user} from {src_ip} port {src_port} {}"),
    ("failed", "Failed {method} for {user} from {src_ip} port {src_port}"),
    ("failed", "error: PAM: {reason} for illegal user {user} from {src_ip}"),
    ("failed", "error: PAM: {reason} for {user} from {src_ip}"),
    ("failed", "error: maximum authentication attempts exceeded for {user} from {src_ip} port {src_port} {}"),
    ("failed", "pam_unix({}): authentication failure; {}rhost={src_ip} user={user}"),
    ("failed", "pam_unix({}): authentication failure; {}rhost={src_ip}"),
    ("invalid_user", "Invalid user {user} from {src_ip} port {src_port}"),
    ("invalid_user", "Invalid user {user} from {src_ip}"),
    ("connection", "Connection from {src_ip} port {src_port} {}"),
    ("connection", "Connection from {src_ip} port {src_port}"),
    ("closed", "Connection closed by authenticating user {user} {src_ip} port {src_port} {}"),
    ("closed", "Connection closed by invalid user {user} {src_ip} port {src_port} {}"),
    ("closed", "Connection closed by {src_ip} port {src_port} {}"),
    ("closed", "Connection closed by {src_ip} port {src_port}"),
    ("disconnected", "Disconnected from user {user} {src_ip} port {src_port}"),
    ("disconnected", "Disconnected from {src_ip} port {src_port}"),
    ("disconnected", "Received disconnect from {src_ip} port {src_port}:{reason}"),
    ("session_opened", "Session opened for '{user}' on {tty}"),
    ("session_closed", "Session closed for '{user}' on {tty}"),
    ("session_opened", "pam_unix({}): session opened for user {user} by {}"),
    ("session_closed", "pam_unix({}): session closed for user {user}"),
    ("command", "User '{user}' running command '{command}'"),
    ("sftp", "subsystem request for sftp by user {user}"),
    ("sftp", "subsystem request for sftp"),
    ("sftp", "subsystem request for sftp {}"),
    ("sftp", "User '{user}' running sftp"),
    ("ssh_enabled", "SSH login enabled"),
    ("ssh_disabled", "SSH login disabled"),
    ("sftp_opened", "session opened for local user {user} from [{src_ip}]"),
    ("sftp_closed", "session closed for local user {user} from [{src_ip}]"),
    ("sftp_file", "open \"{path}\" flags {flags} mode {mode}"),
    ("sftp_done", "close \"{path}\" bytes read {bytes_read} written {bytes_written}"),
    ("sftp_folder", "opendir \"{path}\""),
    ("sftp_remove", "remove name \"{path}\""),
    ("sftp_rename", "rename old \"{path}\" new \"{to}\""),
    ("sftp_rename", "posix-rename old \"{path}\" new \"{to}\""),
];

pub fn cut<'a>(head: &Head<'a>, room: &'a mut String, out: &mut Fields<'a>) {
    let found = LINES.find(first_line(head.message));
    if let Some(found) = &found {
        out.push("event", found.class);
    }
    out.push("level", head.level);
    out.push("process", head.process);
    out.push("pid", head.pid);
    if let Some(found) = &found {
        let command = found.hole("command");
        for (name, value) in found.holes().filter(|(name, _)| *name != "command") {
            out.push(name, value);
        }
        if !command.is_empty() {
            out.push("User", found.hole("user"));
            out.push("CommandLine", command);
            out.push("Image", machine::image(command, room));
        }
    }
    out.push("message", head.message);
}
