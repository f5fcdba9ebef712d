//! Which machine a piece is from, as far as its path says: names of bundles and the folder above a device's own paths.

/// First components of paths on a device: what stands before them names the device.
const DEVICE_ROOTS: &[&str] = &[
    "var",
    "etc",
    "data",
    "commands",
    "home",
    "mail",
    "boot",
    "runtime",
    "vmfs",
    "scratch",
    "root",
    "tmp",
    "windows",
    "usr",
    "opt",
    "json",
    "live_response",
    "[root]",
    "proc",
];
/// Folder names that name no machine.
const GENERIC: &[&str] = &[
    "evidence",
    "logs",
    "log",
    "case",
    "cases",
    "c",
    "d",
    "files",
    "collection",
    "bundle",
    "support",
    "export",
    "exports",
    "artifacts",
    "uac",
    "extracted",
    "windows",
];

/// The host that a path names: `esx-<host>-YYYY-MM-DD--HH.MM…`, `vc-<host>-YYYY…`, `uac-<host>-<os>-…`, or the folder
/// above `var/`, `etc/`, `commands/` … on the device, or a folder with a number of its own (`esx-prod-1/hostd.log`).
/// `None` where the path says nothing.
pub fn of_path(path: &str) -> Option<String> {
    if let Some(host) = of_holder(path) {
        return host;
    }
    let unwrapped: Vec<&str> = path.split(['/', '\\']).filter(|part| !is_wrapped(part)).collect();
    let path = unwrapped.join("/");
    let path = path.as_str();
    let parts: Vec<&str> = path.split('/').map(|part| part.trim_end_matches('!')).filter(|part| !part.is_empty()).collect();
    for part in parts.iter().rev() {
        if let Some(host) = of_bundle(part) {
            return Some(host);
        }
    }
    let Some(root) = parts.iter().position(|part| DEVICE_ROOTS.contains(&part.to_ascii_lowercase().as_str())) else {
        return of_folder(path).filter(|name| numbered(name));
    };
    let above = parts.get(root.checked_sub(1)?)?;
    let name = strip_archive(above);
    plausible(name).then(|| name.to_owned())
}

/// A file that was only compressed (`mail-2025-02.log.gz!`) is no folder; an archive may be named after its machine.
fn is_wrapped(part: &str) -> bool {
    part.strip_suffix('!').is_some_and(|file| {
        let lower = file.to_ascii_lowercase();
        let one = [".gz", ".bz2", ".xz", ".zst", ".lz4"].iter().find_map(|end| lower.strip_suffix(end));
        one.is_some_and(|stem| !stem.ends_with(".tar"))
    })
}

/// For a section of a text (`…/esx01_triage.txt!/commands/date.txt`): its own path first, then the name and place of the text.
fn of_holder(path: &str) -> Option<Option<String>> {
    let (holder, section) = path.rsplit_once("!/")?;
    let texts = [".txt", ".log", ".out"].iter().any(|end| holder.to_ascii_lowercase().ends_with(end));
    texts.then(|| of_path(section).or_else(|| of_list(holder)).or_else(|| of_path(holder)))
}

/// Machines are numbered; folders of a subject are not, but for years, days and version numbers.
fn numbered(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let parts = lower.split(['-', '_', '.']).filter(|part| part.bytes().any(|b| b.is_ascii_digit()));
    parts.filter(|part| part.len() <= 12).any(|part| {
        let digits = part.bytes().filter(u8::is_ascii_digit).count();
        let word = part.trim_end_matches(|c: char| c.is_ascii_digit());
        let subject = ["case", "day", "part", "set", "test", "sample", "v", "folder", "disk", "windows", "win"].contains(&word);
        digits <= 3 && !subject && (!word.is_empty() || lower.starts_with(|c: char| c.is_ascii_alphabetic()))
    })
}

/// The machine that the name of a list tells beside what is listed: `esx01_getallvms.txt`, `vm_process_list_esx-02.txt`.
pub fn of_list(path: &str) -> Option<String> {
    let file = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let (stem, kind) = file.rsplit_once('.')?;
    if !["txt", "csv", "json", "out", "log"].contains(&kind) {
        return None;
    }
    let words: Vec<&str> = stem.split('_').collect();
    let named: Vec<&&str> = words.iter().filter(|word| plausible(word) && numbered(word)).collect();
    match named.as_slice() {
        [one] if words.len() > 1 => Some((**one).to_owned()),
        _ => None,
    }
}

/// The folder that holds a list of a whole machine, which analysts name after it. `None` where its name is of no machine.
pub fn of_folder(path: &str) -> Option<String> {
    let above = path.rsplit(['/', '\\']).nth(1).map(|part| strip_archive(part.trim_end_matches('!')))?;
    plausible(above).then(|| above.to_owned())
}

fn plausible(name: &str) -> bool {
    let generic = GENERIC.contains(&name.to_ascii_lowercase().as_str()) || DEVICE_ROOTS.contains(&name.to_ascii_lowercase().as_str());
    let sound = name.len() <= 64 && name.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c));
    !generic && sound && name.chars().any(|c| c.is_ascii_alphabetic())
}

/// The host that a record writes, or what is known of the piece where it writes none (or only `localhost`).
pub fn or_hint<'a>(written: &'a str, reading: &'a crate::Reading<'_>) -> &'a str {
    if written.is_empty() || written == "-" || written.starts_with("localhost") {
        reading.hints.host.as_deref().unwrap_or_default()
    } else {
        written
    }
}

fn strip_archive(name: &str) -> &str {
    for end in [".tar.gz", ".tgz", ".tar", ".zip", ".tar.xz", ".tar.zst", ".7z", ".gz"] {
        if let Some(stem) = name.strip_suffix(end) {
            return stem;
        }
    }
    name
}

fn of_bundle(part: &str) -> Option<String> {
    let stem = strip_archive(part);
    if let Some(node) = of_snapshot(stem) {
        return Some(node.to_owned());
    }
    for head in ["esx-", "vc-", "vcsupport-", "vm-support-", "uac-"] {
        let Some(rest) = stem.strip_prefix(head) else {
            continue;
        };
        if head == "uac-" {
            // uac-HOST-OS-YYYYMMDDHHMMSS
            let mut pieces: Vec<&str> = rest.split('-').collect();
            if pieces.len() >= 3 && pieces.last().is_some_and(|s| s.len() == 14 && s.bytes().all(|b| b.is_ascii_digit())) {
                pieces.truncate(pieces.len() - 2);
                return Some(pieces.join("-"));
            }
            continue;
        }
        // HOST-YYYY-MM-DD...
        let bytes = rest.as_bytes();
        let cut = (1..bytes.len()).find(|at| {
            bytes.get(*at) == Some(&b'-')
                && bytes
                    .get(at + 1..at + 6)
                    .is_some_and(|b| matches!(b, [b'2', b'0', c, d, b'-'] if c.is_ascii_digit() && d.is_ascii_digit()))
        });
        if let Some(host) = cut.and_then(|cut| rest.get(..cut)) {
            return Some(host.to_owned());
        }
    }
    None
}

/// `pulsesecure-state-admin-<node>-<n>-YYYYMMDD-HHMMSS.txt`, a snapshot of the appliance.
fn of_snapshot(stem: &str) -> Option<&str> {
    let (_, rest) = stem.strip_prefix("pulsesecure-state-")?.split_once('-')?;
    let mut parts = rest.rsplitn(4, '-');
    let (time, day, number, node) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    (digits(time.split('.').next()?) && day.len() == 8 && digits(day) && digits(number) && plausible(node)).then_some(node)
}

#[cfg(test)]
mod tests {
    use super::{of_list, of_path};

    #[test]
    fn paths_name_hosts() {
        assert_eq!(of_path("ev/esx-esx01.example-2024-04-10--09.12-2101.tgz!/x/var/run/log/a").as_deref(), Some("esx01.example"));
        assert_eq!(of_path("evidence/vpn01/data/var/dlogs/x.log").as_deref(), Some("vpn01"));
        assert_eq!(of_path("evidence/var/log/x").as_deref(), None);
        assert_eq!(of_path("vc-vcsa01-2024-01-02--10.00.tgz!/vc/var/log").as_deref(), Some("vcsa01"));
        assert_eq!(of_path("just/a/file.log").as_deref(), None);
        assert_eq!(of_path("syslog/mgw01/mail-2025-02.log.gz!/mail-2025-02.log").as_deref(), Some("mgw01"));
        assert_eq!(of_path("syslog/mail-2025-02.log.gz!/mail-2025-02.log").as_deref(), None);
        assert_eq!(of_path("ev/esx-prod-1/hostd.log").as_deref(), Some("esx-prod-1"));
        assert_eq!(of_path("ev/vpn01.tgz!/cav_webserv.log").as_deref(), Some("vpn01"));
        assert_eq!(of_path("ev/esx01_triage.txt!/commands/date.txt").as_deref(), Some("esx01"));
        assert_eq!(of_path("ev/triage.txt!/esx07/commands/date.txt").as_deref(), Some("esx07"));
        assert_eq!(of_path("ev/triage.txt!/commands/date.txt").as_deref(), None);
        let snapshot = "ev/pulsesecure-state-admin-vpn-01-1-20240120-110000.txt";
        assert_eq!(of_path(&format!("{snapshot}!/data/var/dlogs/debuglog")).as_deref(), Some("vpn-01"));
        for subject in ["ev/2024-01-03/conn.log", "zeek/day1/conn.log", "fcsc2024/a.log", "set-20240103/a.log", "case7/a.log", "logs/a.log"]
        {
            assert_eq!(of_path(subject).as_deref(), None, "{subject}");
        }
    }

    #[test]
    fn lists_are_named_after_their_machine() {
        assert_eq!(of_list("ev/esx01_getallvms.txt").as_deref(), Some("esx01"));
        assert_eq!(of_list("ev/vm_process_list_esx-02.example.txt").as_deref(), Some("esx-02.example"));
        assert_eq!(of_list("ev/vm_process_list.txt").as_deref(), None);
        assert_eq!(of_list("vmfs/volumes/ds1/app-01/app-01.vmx").as_deref(), None);
        assert_eq!(of_list("vms/vim-cmd_vmsvc_get.summary_12.txt").as_deref(), None);
    }
}
