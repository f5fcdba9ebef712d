//! `shell.log`: one line per command typed, as `[user]: command`.

use konseki_formats::vmware::Head;

use super::{Fields, machine};

pub fn cut<'a>(head: &Head<'a>, room: &'a mut String, out: &mut Fields<'a>) {
    let text = head.message;
    let typed = text.strip_prefix('[').and_then(|t| t.split_once("]: ")).filter(|(user, _)| !user.contains(' '));
    let event = match typed {
        Some(_) => "command",
        None if text.starts_with("Interactive shell session started") => "session",
        None if text.contains("SSH login enabled") => "ssh_enabled",
        None if text.contains("enabled") || text.contains("available") => "shell_enabled",
        None if text.contains("disabled") => "shell_disabled",
        None => "",
    };
    out.push("event", event);
    out.push("level", head.level);
    out.push("process", head.process);
    out.push("pid", head.pid);
    if let Some((user, command)) = typed {
        let command = command.trim_end();
        out.push("User", user);
        out.push("CommandLine", command);
        out.push("Image", machine::image(command, room));
    }
    out.push("message", text);
}
