//! Heads of VMware log lines: ESXi 6.x/7.x and 8.x files, their syslog copies, vCenter's own logs.
//!
//! Shapes (public VMware documentation of ESXi log formats): `TIME level proc[pid] [Originator@6876 k=v …] msg`,
//! `TIME In(166) Proc[pid]: [Originator…] msg`, `TIME proc[pid]: msg`, `<PRI>TIME HOST Proc: …`. A `+` behind `In(166)` and a
//! line led by `-->` continue the record before.

use crate::time::{self, Written};

/// What stands before the message. Empty text: not written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Head<'a> {
    pub time: Option<Written>,
    pub host: &'a str,
    pub level: &'a str,
    pub process: &'a str,
    pub pid: &'a str,
    pub sub: &'a str,
    pub op_id: &'a str,
    pub user: &'a str,
    pub message: &'a str,
}

/// Does the line continue the record before it?
pub fn continues(line: &[u8]) -> bool {
    if line.starts_with(b"-->") || line.starts_with(b" ") || line.starts_with(b"\t") {
        return true;
    }
    // TIME In(166)+ Hostd…
    line.get(..48.min(line.len())).is_some_and(|head| head.windows(2).any(|pair| pair == b")+"))
}

/// Does the line begin with a time of these logs, after an optional syslog priority?
pub fn begins(line: &[u8]) -> bool {
    let rest = priority(line);
    rest.first().is_some_and(u8::is_ascii_digit) && time::iso(rest).is_some_and(|(written, _)| written.offset.is_some())
}

fn priority(line: &[u8]) -> &[u8] {
    if line.first() != Some(&b'<') {
        return line;
    }
    let close = line.iter().take(6).position(|b| *b == b'>').map_or(0, |at| at + 1);
    let rest = line.get(close..).unwrap_or_default();
    rest.strip_prefix(b"1 ").unwrap_or(rest)
}

/// Splits a line. `None` where it does not begin with a time.
pub fn head(line: &str) -> Option<Head<'_>> {
    let skip = line.len() - priority(line.as_bytes()).len();
    let copied = skip > 0;
    let body = line.get(skip..)?;
    let (written, used) = time::iso(body.as_bytes())?;
    let mut rest = body.get(used..)?.trim_start_matches(':').trim_start();
    let mut head = Head { time: Some(written), ..Head::default() };
    if copied {
        let (host, after) = rest.split_once(' ')?;
        head.host = host;
        rest = after.trim_start();
        // `Hostd: info hostd[…] …`: the outer name says what the inner one says again.
        if let Some((outer, inner)) = rest.split_once(": ")
            && !outer.contains([' ', '['])
            && looks_like_level(inner)
        {
            rest = inner;
        }
    }
    rest = level(rest, &mut head);
    rest = process(rest, &mut head);
    rest = originator(rest, &mut head);
    head.message = rest;
    Some(head)
}

const LEVELS: &[&str] =
    &["info", "warning", "error", "verbose", "trivia", "panic", "critical", "debug", "notice", "INFO", "WARN", "ERROR", "DEBUG", "warn"];

fn looks_like_level(text: &str) -> bool {
    let word = text.split(' ').next().unwrap_or_default();
    LEVELS.contains(&word) || is_eight(word)
}

/// `In(166)`, `No(13)`, `Er(11)`…
fn is_eight(word: &str) -> bool {
    let word = word.trim_end_matches('+');
    word.len() > 4 && word.ends_with(')') && word.get(2..3) == Some("(")
}

fn level<'a>(rest: &'a str, head: &mut Head<'a>) -> &'a str {
    match rest.split_once(' ') {
        Some((word, after)) if LEVELS.contains(&word) || is_eight(word) => {
            head.level = word;
            after.trim_start()
        }
        _ => rest,
    }
}

fn process<'a>(rest: &'a str, head: &mut Head<'a>) -> &'a str {
    let end = rest.find([' ', '[', ':']).unwrap_or(rest.len());
    let name = rest.get(..end).unwrap_or_default();
    let after = rest.get(end..).unwrap_or_default();
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || "-_./".contains(c)) {
        return rest;
    }
    if let Some(inner) = after.strip_prefix('[') {
        if let Some((pid, tail)) = inner.split_once(']')
            && !pid.is_empty()
            && pid.len() <= 20
            && pid.chars().all(|c| c.is_ascii_alphanumeric())
        {
            head.process = name;
            head.pid = pid;
            return tail.trim_start_matches(':').trim_start();
        }
        return rest;
    }
    // `cpu0:262792)text` is the kernel's own mark, no program.
    let kernel = name.strip_prefix("cpu").is_some_and(|cpu| cpu.bytes().all(|b| b.is_ascii_digit()));
    if let Some(tail) = after.strip_prefix(':').filter(|_| !kernel) {
        head.process = name;
        return tail.trim_start();
    }
    rest
}

fn originator<'a>(rest: &'a str, head: &mut Head<'a>) -> &'a str {
    let Some(inner) = rest.strip_prefix("[Originator@") else { return rest };
    let Some((group, tail)) = inner.split_once(']') else { return rest };
    // Values may hold spaces (`sub=Proxy Req 1`, `user=vpxuser:DOM\A B`): a value runs to the next known key.
    for (key, slot) in [(" sub=", 0), (" opID=", 1), (" user=", 2)] {
        let Some((_, value)) = group.split_once(key) else { continue };
        let end = [" sub=", " opID=", " user=", " sid="].iter().filter_map(|next| value.find(next)).min().unwrap_or(value.len());
        let value = value.get(..end).unwrap_or_default();
        match slot {
            0 => head.sub = value,
            1 => head.op_id = value,
            _ => head.user = value,
        }
    }
    tail.trim_start()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_every_shape() {
        let seven = head("2018-07-05T21:06:22.875Z info hostd[A6C2B70] [Originator@6876 sub=Vimsvc.ha-eventmgr opID=vim-cmd-fc-243c user=dcui] Event 2215 : x").unwrap();
        assert_eq!((seven.level, seven.process, seven.pid, seven.sub), ("info", "hostd", "A6C2B70", "Vimsvc.ha-eventmgr"));
        assert_eq!((seven.op_id, seven.user, seven.message), ("vim-cmd-fc-243c", "dcui", "Event 2215 : x"));
        let eight =
            head("2023-12-05T17:35:29.045Z In(166) Hostd[1050749]: [Originator@6876 sub=Vimsvc.ha-eventmgr] Event 129 : y").unwrap();
        assert_eq!((eight.level, eight.process, eight.message), ("In(166)", "Hostd", "Event 129 : y"));
        let shell = head("2023-02-21T10:04:53Z shell[2239481]: [root]: esxcli software profile update").unwrap();
        assert_eq!((shell.process, shell.message), ("shell", "[root]: esxcli software profile update"));
        let copy = head("<166>2022-11-04T15:01:58.230Z esx01 Hostd: info hostd[1053970] [Originator@6876 sub=A] Event 406 : z").unwrap();
        assert_eq!((copy.host, copy.process, copy.message), ("esx01", "hostd", "Event 406 : z"));
        let kernel = head("2023-12-05T17:35:28.810Z In(182) vmkernel: cpu0:2098001)Jumpstart plugin").unwrap();
        assert_eq!((kernel.process, kernel.message), ("vmkernel", "cpu0:2098001)Jumpstart plugin"));
        assert!(continues(b"--> more") && continues(b"2023-12-05T17:35:28.810Z In(182)+ Hostd: x"));
        assert!(begins(b"<14>2022-11-04T15:01:58.230Z a") && !begins(b"2022-11-04 15:01:58 a"));
    }
}
