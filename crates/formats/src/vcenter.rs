//! The event line of vCenter: `Event [key] [n-m] [time] [type] [severity] [user] [place] [chain] [message]`.
//! Source of the grammar: VMware's event streaming to remote syslog (`vpxd.event.syslog.enabled`).

/// An event line, or one part of an event that did not fit one line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventLine<'a> {
    /// Bytes before `Event [`.
    pub start: usize,
    pub key: &'a str,
    pub part: u32,
    pub parts: u32,
    pub time: &'a str,
    pub kind: &'a str,
    pub severity: &'a str,
    pub user: &'a str,
    pub entity: &'a str,
    pub chain: &'a str,
    /// Without the closing bracket, which may be missing.
    pub message: &'a str,
}

fn bracket(text: &str) -> Option<(&str, &str)> {
    text.strip_prefix('[')?.split_once(']')
}

/// Finds the event in a line. Parts after the first hold all brackets again, or the text alone.
pub fn event(text: &str) -> Option<EventLine<'_>> {
    let start = if text.starts_with("Event [") { 0 } else { text.find(" Event [")? + 1 };
    let rest = text.get(start + 6..)?;
    let (key, rest) = bracket(rest)?;
    if key.is_empty() || key.len() > 20 || !key.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (counts, rest) = bracket(rest.strip_prefix(' ')?)?;
    let (part, parts) = counts.split_once('-')?;
    let mut line = EventLine { start, key, part: part.parse().ok()?, parts: parts.parse().ok()?, ..EventLine::default() };
    let rest = rest.strip_prefix(' ').unwrap_or(rest);
    match whole(rest) {
        Some((fields, message)) => {
            [line.time, line.kind, line.severity, line.user, line.entity, line.chain] = fields;
            line.message = message;
        }
        None if line.part > 1 => line.message = rest.strip_suffix(']').unwrap_or(rest),
        None => return None,
    }
    Some(line)
}

fn whole(rest: &str) -> Option<([&str; 6], &str)> {
    let mut fields = [""; 6];
    let mut rest = rest;
    for slot in &mut fields {
        let (value, tail) = bracket(rest)?;
        *slot = value;
        rest = tail.strip_prefix(' ').unwrap_or(tail);
    }
    let dated = fields.first().is_some_and(|time| time.len() >= 19 && time.as_bytes().get(4) == Some(&b'-'));
    let message = rest.strip_prefix('[').unwrap_or(rest);
    dated.then(|| (fields, message.trim_end().strip_suffix(']').unwrap_or(message)))
}

/// `DOM\user@192.0.2.1` -> (`DOM\user`, `192.0.2.1`): the address stands behind the last `@`.
pub fn actor(text: &str) -> (&str, &str) {
    let text = text.trim_matches(['\'', '"']);
    match text.rsplit_once('@') {
        Some((user, address)) if address.parse::<std::net::IpAddr>().is_ok() => (user, address),
        _ => (text, ""),
    }
}

/// What a `Reconfigured …` message says of cards and disks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reconfigured<'a> {
    /// `added`, `removed`, `changed` or empty.
    pub nic: &'a str,
    pub disk: &'a str,
    pub disk_file: &'a str,
    pub mac: &'a str,
}

/// Reads the sections `Modified:`, `Added:` and `Deleted:`, or the `operation = "add"` behind each device; what was added
/// outranks what was changed.
pub fn reconfigured(message: &str) -> Reconfigured<'_> {
    let mut found = Reconfigured::default();
    let mut marks: Vec<(usize, &str)> = Vec::new();
    for (word, section) in [("Modified:", "changed"), ("Added:", "added"), ("Deleted:", "removed"), ("Removed:", "removed")] {
        marks.extend(message.match_indices(word).map(|(at, _)| (at, section)));
    }
    marks.sort_unstable();
    for (index, (from, section)) in marks.iter().enumerate() {
        let to = marks.get(index + 1).map_or(message.len(), |(at, _)| *at);
        devices(message.get(*from..to).unwrap_or_default(), section, &mut found);
    }
    if marks.is_empty() {
        let mut rest = message.find("config.").and_then(|at| message.get(at..)).unwrap_or_default();
        while !rest.is_empty() {
            let (device, after) = rest.split_once("operation = ").unwrap_or((rest, ""));
            let section = match after.trim_start_matches(['\\', '"', '\'']) {
                word if word.starts_with("add") => "added",
                word if word.starts_with("remove") => "removed",
                _ => "changed",
            };
            devices(device, section, &mut found);
            rest = after;
        }
    }
    found.disk_file = quoted(message, "fileName = ").filter(|file| file.ends_with(".vmdk")).unwrap_or_default();
    found.mac = quoted(message, "macAddress = ").unwrap_or_default();
    found
}

fn devices(text: &str, section: &'static str, found: &mut Reconfigured<'_>) {
    let set = |slot: &mut &str| {
        if slot.is_empty() || *slot == "changed" {
            *slot = section;
        }
    };
    if text.contains("macAddress") || text.contains("Network adapter") {
        set(&mut found.nic);
    }
    if text.contains(".vmdk") || text.contains("Hard disk") {
        set(&mut found.disk);
    }
}

fn quoted<'a>(text: &'a str, mark: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(mark)?;
    let rest = rest.trim_start_matches(['\\', '"', '\'']);
    rest.split(['"', '\'', ',', ')', '\n']).next().map(|value| value.trim_end_matches('\\'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_whole_cut_and_in_parts() {
        let e = event("<14>1 2024-01-05T00:00:00Z vc01 vpxd 5 - -  Event [575792] [1-1] [2024-01-05T00:00:00.26309Z] [vim.event.UserLoginSessionEvent] [info] [LAB\\taro] [] [575792] [User LAB\\taro@192.0.2.1 logged in as x [y]]").unwrap();
        assert_eq!((e.key, e.kind, e.user, e.entity), ("575792", "vim.event.UserLoginSessionEvent", "LAB\\taro", ""));
        assert_eq!(e.message, "User LAB\\taro@192.0.2.1 logged in as x [y]");
        let e = event("Event [1] [1-13] [2025-09-10T09:11:25.326825Z] [vim.event.VmReconfiguredEvent] [info] [A] [DC] [2] [Reconfigured X on Y in DC.").unwrap();
        assert_eq!((e.part, e.parts, e.message), (1, 13, "Reconfigured X on Y in DC."));
        let e = event("x Event [1] [2-2] fileName = \"ds:///a.vmdk\"]").unwrap();
        assert_eq!((e.part, e.kind, e.message), (2, "", "fileName = \"ds:///a.vmdk\""));
        assert!(event("Event [x] [1-1] [t]").is_none());
        assert!(event("Event 99 : User root").is_none());
    }

    #[test]
    fn actors_and_changes() {
        assert_eq!(actor("taro@lab.example@192.0.2.1"), ("taro@lab.example", "192.0.2.1"));
        assert_eq!(actor("'root@2001:db8::1'"), ("root", "2001:db8::1"));
        assert_eq!(actor("taro@lab.example"), ("taro@lab.example", ""));
        let r = reconfigured(
            "Reconfigured a on b in c.\n Modified:\n config.x: 1 -> 2;\n Added:\n config.hardware.device(4001): (deviceInfo = (label = \"Network adapter 2\"), macAddress = \"00:50:56:00:00:01\")\n config.hardware.device(2001): (backing = (fileName = \"ds:///vmfs/volumes/1/dc/dc.vmdk\"))\n Deleted:\n",
        );
        assert_eq!((r.nic, r.disk, r.disk_file, r.mac), ("added", "added", "ds:///vmfs/volumes/1/dc/dc.vmdk", "00:50:56:00:00:01"));
        let r =
            reconfigured("Reconfigured a on b in c. config.hardware.device(2001): (fileName = \"ds:///x.vmdk\"); operation = \"remove\"");
        assert_eq!((r.disk, r.disk_file, r.nic), ("removed", "ds:///x.vmdk", ""));
        assert_eq!(reconfigured("Reconfigured a on b in c"), Reconfigured::default());
    }
}
