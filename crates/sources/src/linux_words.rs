//! What programs of a Linux machine say in a message, cut by their own words: sshd, sudo, su, PAM, shadow tools, cron, systemd.
//!
//! Texts of a stranger (user names, reasons of a disconnect) stand inside these messages: every cut goes by fixed words at the
//! start or at the end, never by searching a whole message for an address.

use konseki_model::Field;

/// One message of one program.
#[derive(Clone, Copy, Debug)]
pub struct Said<'a> {
    pub process: &'a str,
    pub message: &'a str,
}

/// Adds what the message says as fields: `said` names the act (`accepted`, `failed`, `sudo` …), then user, source, method,
/// command, object as far as they stand there. Nothing is added for a message with no meaning of its own here.
pub fn cut<'a>(said: &Said<'a>, fields: &mut Vec<Field<'a>>) {
    let message = said.message.trim_start();
    let act = if let Some(act) = pam(message, fields) {
        act
    } else {
        match said.process {
            process if process.starts_with("sshd") => sshd(message, fields),
            "sudo" => sudo(message, fields),
            "su" => su(message, fields),
            "useradd" | "adduser" | "userdel" | "groupadd" | "usermod" | "gpasswd" | "chage" => shadow(message, fields),
            process if process.eq_ignore_ascii_case("cron") || process == "crond" => cron(message, fields),
            "systemd" => systemd(message, fields),
            _ => "",
        }
    };
    if !act.is_empty() {
        fields.push(Field::new("said", act));
    }
}

fn add<'a>(fields: &mut Vec<Field<'a>>, pairs: &[(&'static str, &'a str)]) {
    fields.extend(pairs.iter().filter(|(_, value)| !value.is_empty()).map(|(name, value)| Field::new(name, value)));
}

/// `ADDRESS[ port N]…` -> address, port, and what follows.
fn peer(text: &str) -> (&str, &str, &str) {
    let (address, rest) = text.split_once(' ').unwrap_or((text, ""));
    let address = address.trim_end_matches([':', ',']);
    if address.parse::<std::net::IpAddr>().is_err() {
        return ("", "", text);
    }
    let Some(tail) = rest.strip_prefix("port ") else { return (address, "", rest) };
    let end = tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len());
    (address, tail.get(..end).unwrap_or_default(), tail.get(end..).unwrap_or_default().trim_start())
}

/// `USER from ADDRESS port N`: a name may hold ` from `, the address stands last.
fn user_from<'a>(text: &'a str, fields: &mut Vec<Field<'a>>) {
    let (user, from) = text.rsplit_once(" from ").unwrap_or((text, ""));
    let user = user.strip_prefix("invalid user ").or_else(|| user.strip_prefix("illegal user ")).unwrap_or(user);
    let (address, port, _) = peer(from);
    add(fields, &[("user", user), ("src", address), ("src_port", port)]);
}

fn sshd<'a>(message: &'a str, fields: &mut Vec<Field<'a>>) -> &'static str {
    let message = message.strip_prefix("error: ").or_else(|| message.strip_prefix("fatal: ")).unwrap_or(message);
    for (head, act) in [("Accepted ", "accepted"), ("Failed ", "failed")] {
        if let Some((method, rest)) = message.strip_prefix(head).and_then(|rest| rest.split_once(" for ")) {
            add(fields, &[("method", method)]);
            user_from(rest, fields);
            return act;
        }
    }
    for (head, act) in [
        ("Invalid user ", "invalid-user"),
        ("Illegal user ", "invalid-user"),
        ("maximum authentication attempts exceeded for ", "too-many"),
        ("input_userauth_request: invalid user ", "invalid-user"),
    ] {
        if let Some(rest) = message.strip_prefix(head) {
            user_from(rest.strip_suffix(" [preauth]").unwrap_or(rest), fields);
            return act;
        }
    }
    if let Some((user, rest)) = message.strip_prefix("User ").and_then(|rest| rest.rsplit_once(" not allowed because ")) {
        user_from(user, fields);
        add(fields, &[("reason", rest)]);
        return "not-allowed";
    }
    for (head, act) in ENDS {
        if let Some(rest) = message.strip_prefix(head) {
            return end(rest, act, fields);
        }
    }
    if let Some((key, _)) = message.strip_prefix("Accepted key ").and_then(|rest| rest.split_once(" found at ")) {
        add(fields, &[("key", key)]);
        return "key-found";
    }
    ""
}

/// Ends and refusals that name the peer first, behind a user where one was named.
const ENDS: &[(&str, &str)] = &[
    ("Connection closed by ", "closed"),
    ("Connection reset by ", "closed"),
    ("Disconnected from ", "disconnected"),
    ("Disconnecting ", "disconnected"),
    ("Received disconnect from ", "disconnected"),
    ("Connection from ", "connection"),
    ("Unable to negotiate with ", "refused"),
    ("Timeout before authentication for ", "timeout"),
    ("Did not receive identification string from ", "refused"),
    ("Bad protocol version identification ", "refused"),
    ("banner exchange: Connection from ", "refused"),
];

fn end<'a>(text: &'a str, act: &'static str, fields: &mut Vec<Field<'a>>) -> &'static str {
    let named = ["invalid user ", "illegal user ", "authenticating user ", "user "].iter().find_map(|head| text.strip_prefix(head));
    let (user, place) = match named {
        // An empty name leaves the address where the name should be.
        Some(rest) if !peer(rest).0.is_empty() => ("", rest),
        // The address is the word before ` port `; it stands behind the name, which may hold anything.
        Some(rest) => {
            let head = rest.rfind(" port ").and_then(|at| rest.get(..at)).unwrap_or(rest);
            let at = head.rfind(' ').unwrap_or(head.len());
            (rest.get(..at).unwrap_or_default(), rest.get(at..).unwrap_or_default().trim_start())
        }
        None => ("", text),
    };
    let (address, port, rest) = peer(place);
    add(fields, &[("user", user), ("src", address), ("src_port", port)]);
    if let Some(here) = rest.strip_prefix("on ") {
        let (address, port, _) = peer(here);
        add(fields, &[("dst", address), ("dst_port", port)]);
    }
    act
}

/// PAM speaks in every program's name: sessions, failures with `rhost=` and `user=`, passwords.
fn pam<'a>(message: &'a str, fields: &mut Vec<Field<'a>>) -> Option<&'static str> {
    let text = message
        .strip_prefix("PAM ")
        .or_else(|| message.strip_prefix("pam_").and_then(|rest| rest.split_once("): ")).map(|(_, rest)| rest))?;
    for (head, act) in [("session opened for user ", "session-opened"), ("session closed for user ", "session-closed")] {
        if let Some(rest) = text.strip_prefix(head) {
            let user = rest.split([' ', '(']).next().unwrap_or(rest);
            add(fields, &[("user", user)]);
            if let Some((_, by)) = rest.split_once(" by ") {
                add(fields, &[("by", by)]);
            }
            return Some(act);
        }
    }
    if let Some(user) = text.strip_prefix("password changed for ") {
        add(fields, &[("object", user)]);
        return Some("password-changed");
    }
    if let Some((user, _)) = text.strip_prefix("Consecutive login failures for user ").and_then(|rest| rest.split_once(" account ")) {
        add(fields, &[("user", user)]);
        return Some("too-many");
    }
    let failure = text.starts_with("authentication failure;") || text.contains(" more authentication failure");
    failure.then(|| {
        let (_, pairs) = text.split_once("; ").unwrap_or(("", ""));
        // `user=` stands last and may hold spaces, `rhost=` before it may be a name.
        let (before, user) = pairs.rsplit_once(" user=").unwrap_or((pairs, ""));
        let source = before.split(' ').find_map(|pair| pair.strip_prefix("rhost=")).unwrap_or_default();
        add(fields, &[("user", user), ("src", source)]);
        "pam-failure"
    })
}

fn sudo<'a>(message: &'a str, fields: &mut Vec<Field<'a>>) -> &'static str {
    let Some((user, rest)) = message.split_once(" : ") else { return "" };
    add(fields, &[("user", user)]);
    let word = |name: &str| rest.split(" ; ").find_map(|part| part.trim().strip_prefix(name)).unwrap_or_default();
    add(fields, &[("tty", word("TTY=")), ("cwd", word("PWD=")), ("as", word("USER="))]);
    let Some((before, command)) = rest.split_once("COMMAND=") else { return "" };
    add(fields, &[("command", command), ("CommandLine", command), ("Image", command.split(' ').next().unwrap_or_default())]);
    if before.contains("command not allowed") || before.contains("incorrect password") || before.contains("NOT in sudoers") {
        return "sudo-refused";
    }
    "sudo"
}

/// `(to root) tanaka on pts/1`, `FAILED SU (to root) tanaka on pts/1`, `Successful su for root by tanaka`.
fn su<'a>(message: &'a str, fields: &mut Vec<Field<'a>>) -> &'static str {
    let (failed, text) =
        message.strip_prefix("FAILED SU ").or_else(|| message.strip_prefix("FAILED su ")).map_or((false, message), |rest| (true, rest));
    if let Some((object, rest)) = text.strip_prefix("(to ").and_then(|rest| rest.split_once(") ")) {
        let (user, tty) = rest.split_once(" on ").unwrap_or((rest, ""));
        add(fields, &[("user", user), ("object", object), ("tty", tty)]);
        return if failed { "su-failed" } else { "su" };
    }
    let by = text
        .strip_prefix("Successful su for ")
        .map(|rest| (rest, "su"))
        .or_else(|| text.strip_prefix("for ").map(|rest| (rest, "su-failed")));
    if let Some((rest, act)) = by
        && let Some((object, user)) = rest.split_once(" by ")
    {
        add(fields, &[("user", user), ("object", object)]);
        return act;
    }
    ""
}

/// `new user: name=X, UID=…`, `delete user 'X'`, `add 'X' to group 'Y'`, `new group: name=X`.
fn shadow<'a>(message: &'a str, fields: &mut Vec<Field<'a>>) -> &'static str {
    let quoted = |text: &'a str| text.split_once('\'').and_then(|(_, rest)| rest.split_once('\''));
    if let Some(rest) = message.strip_prefix("new user: name=") {
        add(fields, &[("object", rest.split(',').next().unwrap_or(rest))]);
        return "account-created";
    }
    if let Some(rest) = message.strip_prefix("delete user ") {
        add(fields, &[("object", rest.trim_matches('\''))]);
        return "account-deleted";
    }
    if let Some((object, rest)) = message.strip_prefix("add ").and_then(quoted)
        && rest.starts_with(" to group ")
    {
        add(fields, &[("object", object), ("group", quoted(rest).map_or("", |(group, _)| group))]);
        return "group-added";
    }
    if message.starts_with("change user ") {
        add(fields, &[("object", quoted(message).map_or("", |(object, _)| object))]);
        return "account-changed";
    }
    ""
}

/// `(root) CMD (command)`, `(root) REPLACE (root)`.
fn cron<'a>(message: &'a str, fields: &mut Vec<Field<'a>>) -> &'static str {
    let Some((user, rest)) = message.strip_prefix('(').and_then(|rest| rest.split_once(") ")) else { return "" };
    let Some((word, inner)) = rest.split_once(" (") else { return "" };
    let inner = inner.strip_suffix(')').unwrap_or(inner);
    match word {
        "CMD" => {
            add(fields, &[("user", user), ("command", inner)]);
            "cron"
        }
        "REPLACE" | "DELETE" => {
            add(fields, &[("user", user), ("object", inner)]);
            "crontab-changed"
        }
        _ => "",
    }
}

/// `Started NAME.`, `Stopped NAME.`
fn systemd<'a>(message: &'a str, fields: &mut Vec<Field<'a>>) -> &'static str {
    for (head, act) in [("Started ", "service-started"), ("Stopped ", "service-stopped")] {
        if let Some(rest) = message.strip_prefix(head) {
            add(fields, &[("object", rest.trim_end_matches('.'))]);
            return act;
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    fn got(process: &str, message: &str) -> String {
        let mut fields = Vec::new();
        cut(&Said { process, message }, &mut fields);
        fields.iter().map(|f| format!("{}={}", f.name, f.value)).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn sshd_and_pam() {
        let said = got("sshd", "Failed password for invalid user a from b from 192.0.2.9 port 40000 ssh2");
        assert_eq!(said, "method=password user=a from b src=192.0.2.9 src_port=40000 said=failed");
        let said = got("sshd", "Disconnected from authenticating user x port 1 192.0.2.9 port 40001 [preauth]");
        assert_eq!(said, "user=x port 1 src=192.0.2.9 src_port=40001 said=disconnected");
        let said = got("sshd", "Received disconnect from 192.0.2.9 port 4:11: from 203.0.113.1 port 9 [preauth]");
        assert_eq!(said, "src=192.0.2.9 src_port=4 said=disconnected");
        assert_eq!(got("sshd", "Connection closed by invalid user  192.0.2.9 port 3 [preauth]"), "src=192.0.2.9 src_port=3 said=closed");
        let said =
            got("sshd", "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.9  user=root");
        assert_eq!(said, "user=root src=192.0.2.9 said=pam-failure");
    }

    #[test]
    fn other_programs() {
        let said = got("sudo", "tanaka : TTY=pts/0 ; PWD=/home/tanaka ; USER=root ; COMMAND=/bin/sh -c a ; b");
        assert_eq!(said, "user=tanaka tty=pts/0 cwd=/home/tanaka as=root command=/bin/sh -c a ; b said=sudo");
        assert_eq!(got("su", "FAILED SU (to root) tanaka on pts/1"), "user=tanaka object=root tty=pts/1 said=su-failed");
        assert_eq!(got("useradd", "new user: name=svc, UID=1001, GID=1001"), "object=svc said=account-created");
        assert_eq!(got("usermod", "add 'svc' to group 'wheel'"), "object=svc group=wheel said=group-added");
        assert_eq!(got("CRON", "(root) CMD (/opt/run (x))"), "user=root command=/opt/run (x) said=cron");
        assert_eq!(got("nginx", "Accepted password for x from 192.0.2.1 port 1"), "");
    }
}
