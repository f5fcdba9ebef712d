//! Heads of the single sign-on logs and what their texts say.

use std::sync::LazyLock;

use crate::row::Row;
use konseki_formats::phrase::Phrases;

/// Keys of the audit objects, in the order they are written.
pub const KEYS: &[&str] = &["user", "client", "timestamp", "description", "eventSeverity", "type"];

static SENTENCES: LazyLock<Phrases> = LazyLock::new(|| Phrases::table(include_str!("sentences.tsv")));

/// Programs and classes that write these logs.
pub fn is_ours(line: &str) -> bool {
    let start = line.get(..line.floor_char_boundary(400)).unwrap_or(line);
    [
        "{\"user\":",
        "{\\\"user\\\":",
        " websso[",
        " ssoAdminServer[",
        " tokenservice[",
        " com.vmware.identity.",
        "[com.vmware.identity.",
        "] [IdentityManager]",
        "] [VmEventAppender]",
        "DirectoryProvider] ",
        "[auditlogger]",
    ]
    .iter()
    .any(|mark| start.contains(mark))
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Head<'a> {
    pub level: &'a str,
    pub process: &'a str,
    pub pid: &'a str,
    pub thread: &'a str,
    pub op_id: &'a str,
    pub class: &'a str,
    pub message: &'a str,
}

/// What stands behind the time: ` {json}`, ` INFO websso[52:thread] [CorId=…] [class] message`, or inside a bracket
/// ` tenant id INFO ] [Class] message` and ` thread opId=… INFO  class] message`.
pub fn head(rest: &str, in_bracket: bool) -> Head<'_> {
    let mut head = Head { message: rest.trim_start(), ..Head::default() };
    if in_bracket {
        let Some((inner, message)) = rest.split_once(']') else { return head };
        for word in inner.split_whitespace() {
            match word {
                "INFO" | "WARN" | "ERROR" | "DEBUG" | "TRACE" | "FATAL" => head.level = word,
                _ if word.starts_with("opId=") => head.op_id = word.get(5..).unwrap_or_default(),
                _ if word.contains(".vmware.") => head.class = word,
                _ if head.thread.is_empty() => head.thread = word,
                _ if head.op_id.is_empty() && word.len() == 36 => head.op_id = word,
                _ => {}
            }
        }
        head.message = message.trim_start();
        if head.class.is_empty() {
            brackets(&mut head);
        }
        return head;
    }
    let (word, tail) = head.message.split_once(' ').unwrap_or((head.message, ""));
    if !matches!(word, "INFO" | "WARN" | "ERROR" | "DEBUG" | "TRACE" | "FATAL") {
        return head;
    }
    head.level = word;
    let (process, tail) = tail.split_once(' ').unwrap_or((tail, ""));
    let (name, inner) = process.split_once('[').unwrap_or((process, ""));
    head.process = name;
    let inner = inner.trim_end_matches(']');
    (head.pid, head.thread) = inner.split_once(':').unwrap_or((inner, ""));
    head.message = tail.trim_start();
    brackets(&mut head);
    head
}

/// `[CorId=…] [OpId=…] [class]` before the message.
fn brackets(head: &mut Head<'_>) {
    while let Some((inner, tail)) = head.message.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        if inner.contains(' ') {
            return;
        }
        match inner.split_once('=') {
            Some((_, id)) => head.op_id = id,
            None => head.class = inner,
        }
        head.message = tail.trim_start();
    }
}

/// `[User {Name: A, Domain: D} with role 'R'] text`: pushes who acted, gives the text.
pub fn without_actor<'a>(message: &'a str, row: &mut Row<'a>) -> &'a str {
    let Some((actor, text)) = message.strip_prefix("[User {Name: ").and_then(|rest| rest.split_once("] ")) else { return message };
    let (name, rest) = actor.split_once(", Domain: ").unwrap_or((actor, ""));
    let (domain, role) = rest.split_once("} with role '").unwrap_or((rest, ""));
    row.push("actor_name", name);
    row.push_some("actor_domain", domain.trim_end_matches('}'));
    row.push_some("actor_role", role.trim_end_matches('\''));
    text
}

/// Pushes `action` and the names that the text gives.
pub fn describe<'a>(text: &'a str, row: &mut Row<'a>) {
    let line = text.split('\n').next().unwrap_or(text);
    let Some(found) = SENTENCES.find(line) else { return };
    row.push("action", found.class);
    for (name, value) in found.holes() {
        row.push_some(name, value);
    }
    // `[{Name: taro, Domain: vsphere.local}]`
    if let Some((_, rest)) = found.hole("member").split_once("Name: ") {
        row.push_some("member_name", rest.split([',', '}']).next().unwrap_or_default().trim());
    }
}
