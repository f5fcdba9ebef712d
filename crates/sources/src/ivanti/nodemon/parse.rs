//! Rows of `ps` and `lsof`, and the lines that say when and where.

use konseki_formats::time::Written;

use crate::row::Row;

/// Places of the columns that are read, counted from the left, and the place of the command.
pub struct Columns {
    pid: usize,
    ppid: usize,
    state: usize,
    command: usize,
}

/// `  PID  PPID %CPU %MEM S    SZ    VSZ   RSS COMMAND`
pub fn ps_columns(line: &str) -> Option<Columns> {
    if !line.contains("PPID") || !line.ends_with("COMMAND") && !line.ends_with("CMD") {
        return None;
    }
    let place = |names: &[&str]| line.split_whitespace().position(|word| names.contains(&word));
    Some(Columns {
        pid: place(&["PID"])?,
        ppid: place(&["PPID"])?,
        state: place(&["S", "STAT"]).unwrap_or(usize::MAX),
        command: place(&["COMMAND", "CMD"])?,
    })
}

/// A row of `ps`: false where the line is none.
pub fn process<'a>(line: &'a str, columns: &Columns, row: &mut Row<'a>) -> bool {
    let mut rest = line.trim_start();
    let (mut pid, mut ppid, mut state) = ("", "", "");
    for place in 0..columns.command {
        let Some((word, tail)) = rest.split_once(' ') else { return false };
        if place == columns.pid {
            pid = word;
        } else if place == columns.ppid {
            ppid = word;
        } else if place == columns.state {
            state = word;
        }
        rest = tail.trim_start();
    }
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let command = rest.trim_end();
    if !digits(pid) || !digits(ppid) || command.is_empty() {
        return false;
    }
    row.push("CommandLine", command);
    row.push("Image", command.split(' ').next().unwrap_or_default());
    row.push("pid", pid);
    row.push("ppid", ppid);
    row.push("state", state);
    true
}

/// A row of `lsof` that is a connection between two addresses.
pub fn socket<'a>(line: &'a str, row: &mut Row<'a>) -> bool {
    let mut words = line.split_whitespace();
    let mut next = || words.next().unwrap_or_default();
    let (command, pid, user, _fd, kind, _device, _size, proto, name) =
        (next(), next(), next(), next(), next(), next(), next(), next(), next());
    if kind != "IPv4" && kind != "IPv6" {
        return false;
    }
    let Some((from, to)) = name.split_once("->") else { return false };
    let (Some((src, src_port)), Some((dst, dst_port))) = (from.rsplit_once(':'), to.rsplit_once(':')) else { return false };
    let inside = |address: &str| address.starts_with("127.") || address.contains("::1]") || address == "localhost";
    if inside(src) && inside(dst) {
        return false;
    }
    for (key, value) in [
        ("Image", command),
        ("pid", pid),
        ("user", user),
        ("proto", proto),
        ("src", src),
        ("src_port", src_port),
        ("dst", dst),
        ("dst_port", dst_port),
        ("socket_state", next().trim_matches(['(', ')'])),
    ] {
        row.push(key, value);
    }
    true
}

/// Ports that `lsof` writes by name (from the services list of the appliance's system).
pub fn port(name: &str) -> Option<u16> {
    match name {
        "https" => Some(443),
        "http" => Some(80),
        "ssh" => Some(22),
        "domain" => Some(53),
        "ldap" => Some(389),
        "ldaps" => Some(636),
        "kerberos" => Some(88),
        "microsoft-ds" => Some(445),
        "krb524" => Some(4444),
        "http-alt" | "webcache" => Some(8080),
        "postgres" | "postgresql" => Some(5432),
        _ => None,
    }
}

/// `06:43:06 up  3:07, …` on the day of the block; after midnight on the next.
pub fn at_clock(block: &Written, rest: &str) -> Option<Written> {
    let mut parts = rest.get(..8)?.split(':').map(|part| part.parse::<u32>().ok());
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    let mut at = Written { hour, minute, second, ..*block };
    if at.civil_micros()? + 43_200_000_000 < block.civil_micros()? {
        let days = konseki_model::time::days_from_civil(at.year, at.month, at.day) + 1;
        (at.year, at.month, at.day) = konseki_model::time::civil_from_days(days);
    }
    Some(at)
}

/// `Linux 4.15.18-production (node)    03/15/24 …` (iostat).
pub fn node_name(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("Linux ")?;
    let (_, rest) = rest.split_once(" (")?;
    rest.split_once(')').map(|(name, _)| name).filter(|name| !name.is_empty() && !name.contains(' '))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows() {
        let columns = ps_columns("  PID  PPID %CPU %MEM S    SZ    VSZ   RSS COMMAND").unwrap();
        let mut row = Row::default();
        assert!(process("21969     1  0.0  0.0 S   452   4852  3808 /bin/sh -c a ; b", &columns, &mut row));
        assert_eq!(
            (row.get("CommandLine"), row.get("Image"), row.get("ppid"), row.get("state")),
            ("/bin/sh -c a ; b", "/bin/sh", "1", "S")
        );
        assert!(!process("text that is no row at all of that table x y z", &columns, &mut Row::default()));
        assert!(ps_columns("  PID USER      PR  NI  VIRT  RES  SHR S %CPU %MEM    TIME+  COMMAND").is_none());
        let mut row = Row::default();
        assert!(socket(
            "python    21971     root    3u     IPv4   1465043       0t0        TCP 10.0.0.4:13606->198.51.100.7:krb524 (ESTABLISHED)",
            &mut row
        ));
        assert_eq!((row.get("dst"), port(row.get("dst_port")), row.get("socket_state")), ("198.51.100.7", Some(4444), "ESTABLISHED"));
        assert_eq!(node_name("Linux 4.15.18.34-production (node2) \t03/15/24 "), Some("node2"));
    }
}
