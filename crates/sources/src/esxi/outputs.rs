//! Where in a text the output of one ESXi command ends and the next begins: prompts, marked lines, bare command lines.
//!
//! ```text
//! [root@esx01:~] esxcli vm process list      a terminal that was recorded
//! ~ # vim-cmd vmsvc/getallvms                the same of ESXi 5 and 6
//! ### esxcli vm process list                 a triage script; also `===== … =====`, `--- … ---`, `$ …`, `+ …`, `Command: …`
//! esxcli vm process list                     a command line alone, at the start or after a blank line
//! ```

use konseki_formats::{heads, text};
use konseki_model::Piece;

use crate::sections::{Head, path_of};

/// Commands that only ESXi has: one of them makes a text of outputs.
const OWN: &[&str] =
    &["esxcli", "localcli", "vim-cmd", "vsish", "nsxdp-cli", "net-stats", "vmkfstools", "esxtop", "vmkchdev", "vm-support"];
/// Commands of any system, followed where they are marked.
const ANY: &[&str] = &[
    "uname",
    "date",
    "ps",
    "ls",
    "cat",
    "find",
    "md5sum",
    "sha1sum",
    "sha256sum",
    "df",
    "vdf",
    "hostname",
    "uptime",
    "vmware",
    "lsof",
    "crontab",
    "who",
    "last",
];
/// Words between a mark and its command.
const WORDS: &[&str] =
    &["Output of", "Contents of", "Command:", "Running:", "Running", "Executing:", "Executing", "COMMAND:", "CMD:", "cmd:"];
/// Bytes that are looked at to recognise.
const LOOK: usize = 32 * 1024;

/// A line that begins a section.
#[derive(Debug, PartialEq, Eq)]
struct Mark<'a> {
    command: &'a str,
    /// Named by a prompt.
    host: &'a str,
    /// By a command that only ESXi has, or a path that only ESXi has.
    own: bool,
}

/// Is the piece a text of several outputs of one host or more?
pub fn is(piece: &Piece<'_>) -> bool {
    let head = piece.head.get(..piece.head.len().min(LOOK)).unwrap_or_default();
    if !OWN.iter().chain(&["esxcfg-"]).any(|tool| memchr::memmem::find(head, tool.as_bytes()).is_some()) {
        return false;
    }
    let name = piece.name().to_ascii_lowercase();
    let other = [".md", ".sh", ".ps1", ".py", ".yaml", ".yml", ".json", ".xml", ".csv", ".html"].iter().any(|end| name.ends_with(end));
    if other || name.contains("history") || head.starts_with(b"#!") || !text::looks_like_text(head) {
        return false;
    }
    let mut marks = Marks::default();
    let (mut first, mut own, mut all, mut lines) = (false, 0_u32, 0_u32, 0_u32);
    for line in head.split(|b| *b == b'\n') {
        let found = marks.line(line);
        lines += u32::from(!line.trim_ascii().is_empty());
        first |= found.as_ref().is_some_and(|mark| mark.own && lines == 1);
        all += u32::from(found.is_some());
        own += u32::from(found.is_some_and(|mark| mark.own));
    }
    // A list of commands without what they said is a plan or a history.
    own > 0 && (first || all > 1) && all * 2 <= lines
}

/// Knows marks; a bare command line is one only after a blank line.
pub struct Marks {
    after_blank: bool,
}

impl Default for Marks {
    fn default() -> Self {
        Self { after_blank: true }
    }
}

impl Marks {
    fn line<'a>(&mut self, line: &'a [u8]) -> Option<Mark<'a>> {
        let after_blank = std::mem::replace(&mut self.after_blank, line.trim_ascii().is_empty() || is_ruler(line));
        let text = std::str::from_utf8(line.get(..line.len().min(1024))?).ok()?.trim_start_matches('\u{feff}').trim_end();
        if text.starts_with([' ', '\t']) || text.is_empty() {
            return None;
        }
        prompt(text).or_else(|| marked(text)).or_else(|| bare(text).filter(|_| after_blank))
    }

    /// The head of a section, its host being that of the prompt or the one given.
    pub fn head(&mut self, line: &[u8], host: &str) -> Option<Head> {
        let mark = self.line(line)?;
        let host = if mark.host.is_empty() { host } else { mark.host };
        let file = file_of(mark.command);
        let kind = if file.is_some() { "contents" } else { "output" };
        let tool = mark.command.split(' ').next().and_then(|first| first.rfind('/')).map_or(0, |at| at + 1);
        let path = path_of(kind, file.or_else(|| mark.command.get(tool..)).unwrap_or_default());
        let name = if host.is_empty() { path } else { format!("{host}/{path}") };
        Some(Head { kind, what: mark.command.to_owned(), name, host: host.to_owned() })
    }

    /// The machine a line names: a prompt, `VMkernel HOST …` of `uname -a`, or `Host Name: HOST` of `esxcli system hostname get`.
    pub fn host<'a>(&mut self, line: &'a [u8]) -> Option<&'a str> {
        if let Some(mark) = self.line(line) {
            return Some(mark.host).filter(|host| !host.is_empty());
        }
        let text = std::str::from_utf8(line).ok()?.trim();
        let told = text.strip_prefix("Fully Qualified Domain Name: ").or_else(|| text.strip_prefix("VMkernel ")?.split(' ').next());
        told.filter(|host| !host.starts_with("localhost") && heads_host(host))
    }
}

fn heads_host(host: &str) -> bool {
    !host.is_empty() && host.len() <= 128 && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
}

fn is_ruler(line: &[u8]) -> bool {
    let line = line.trim_ascii();
    line.len() >= 3 && line.iter().all(|b| b"-=#*_".contains(b))
}

/// `[root@esx01:~] cmd`, `root@esx01:~# cmd`, `~ # cmd`, `/vmfs/volumes # cmd`.
fn prompt(text: &str) -> Option<Mark<'_>> {
    if let Some((who, command)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        let (_, place) = who.split_once('@').filter(|(user, _)| !user.is_empty() && !user.contains([' ', '[']))?;
        let (host, _) = place.split_once(':').filter(|(host, path)| heads_host(host) && path.starts_with(['~', '/']))?;
        let command = command.trim();
        // Whatever was typed there: it ends what the command before it said.
        let (known, own) = command_of(command, true).unwrap_or((command, false));
        return Some(Mark { command: known, host, own });
    }
    let (place, command) = text.split_once("# ")?;
    let place = place.trim_end();
    let (host, path) = place.split_once('@').and_then(|(_, place)| place.split_once(':')).unwrap_or(("", place));
    let sound = (host.is_empty() || heads_host(host)) && path.starts_with(['~', '/']) && !path.contains(' ');
    sound.then(|| command_of(command, true)).flatten().map(|(command, own)| Mark { command, host, own })
}

/// A command or path behind a mark.
fn marked(text: &str) -> Option<Mark<'_>> {
    let inner = text.trim_start_matches(['#', '=', '-', '*', '>', '$', '+']);
    let decorated = inner.len() < text.len();
    let inner = inner.trim_matches([' ', '#', '=', '*']).trim_end_matches(" -").trim_end_matches('-').trim_end();
    let word = WORDS.iter().find_map(|word| inner.strip_prefix(word)?.strip_prefix([' ', ':']).map(str::trim_start));
    if !decorated && word.is_none() {
        return None;
    }
    let what = word.unwrap_or(inner).trim_matches(['\'', '"', '`', ':', '[', ']', '<', '>']);
    command_of(what, word.is_some() || text.starts_with(['#', '=', '$', '+', '*'])).map(|(command, own)| Mark { command, host: "", own })
}

fn bare(text: &str) -> Option<Mark<'_>> {
    command_of(text, false).filter(|(_, own)| *own).map(|(command, own)| Mark { command, host: "", own })
}

/// The command of a line without the remark behind it, and whether only ESXi has it. `any`: commands of any system too.
fn command_of(line: &str, any: bool) -> Option<(&str, bool)> {
    let line = line.split("  ").next()?.split(" (").next()?.trim();
    let first = line.split(' ').next()?;
    let tool = first.rsplit('/').next().unwrap_or(first);
    let more = line.len() > first.len();
    if OWN.contains(&tool) && (more || tool == "net-stats") || tool.starts_with("esxcfg-") {
        return Some((line, true));
    }
    let path = line.starts_with('/') && !line.contains([' ', ':']) && line.len() > 4;
    if any && path {
        return Some((line, ["/etc/vmware/", "/vmfs/", "/var/spool/cron/", "/etc/rc.local.d/"].iter().any(|root| line.starts_with(root))));
    }
    // A comment of a file (`# last change`) is no command: its words are no options or paths.
    let argued = !more || line.split(' ').nth(1).is_some_and(|word| word.starts_with(['-', '/', '.', '*', '|']));
    (any && argued && ANY.contains(&tool)).then_some((line, false))
}

/// The file that `cat FILE` or a path alone names.
fn file_of(command: &str) -> Option<&str> {
    let file = command.strip_prefix("cat ").unwrap_or(command).trim();
    (file.starts_with('/') && !file.contains([' ', '|', '*', '>'])).then_some(file)
}

/// The one machine that a text of outputs names, by its first lines.
pub fn sole_host(bytes: &[u8]) -> Option<String> {
    let mut marks = Marks::default();
    let mut named = heads::first_lines(bytes, usize::MAX).filter_map(|line| marks.host(line).map(str::to_owned));
    let first = named.next()?;
    let short = |host: &str| host.split('.').next().unwrap_or(host).to_ascii_lowercase();
    named.all(|other| short(&other) == short(&first)).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(line: &str) -> Option<String> {
        Marks::default().head(line.as_bytes(), "").map(|head| head.name)
    }

    #[test]
    fn marks_of_every_form() {
        for (line, name) in [
            ("[root@esx01:~] esxcli vm process list", "esx01/commands/esxcli_vm_process_list.txt"),
            ("[root@esx01:/vmfs/volumes] ls -la /vmfs", "esx01/commands/ls_-la__vmfs.txt"),
            ("~ # vim-cmd vmsvc/getallvms", "commands/vim-cmd_vmsvc_getallvms.txt"),
            ("root@esx02:~# cat /etc/vmware/esx.conf", "esx02/etc/vmware/esx.conf"),
            ("### esxcli vm process list  (as root)", "commands/esxcli_vm_process_list.txt"),
            ("===== esxcli network firewall get =====", "commands/esxcli_network_firewall_get.txt"),
            ("--- localcli vm process list ---", "commands/localcli_vm_process_list.txt"),
            ("### /etc/vmware/hostd/vmInventory.xml (of the host)", "etc/vmware/hostd/vmInventory.xml"),
            ("Command: /bin/esxcli software vib list", "commands/esxcli_software_vib_list.txt"),
            ("$ vmware -vl", "commands/vmware_-vl.txt"),
            ("esxcli network ip neighbor list", "commands/esxcli_network_ip_neighbor_list.txt"),
        ] {
            assert_eq!(command(line).as_deref(), Some(name), "{line}");
        }
        for line in [
            "# last change by ops",
            "   esxcli indented",
            "-----",
            "/etc/passwd",
            "2024-01-01T00:00:00Z shell[1]: [root]: esxcli",
            "## ps: none",
        ] {
            assert_eq!(command(line), None, "{line}");
        }
    }

    #[test]
    fn a_list_of_commands_is_no_text_of_outputs() {
        let is = |text: &str| is(&Piece { path: "x.txt", head: text.as_bytes(), size: text.len() as u64 });
        assert!(is("esxcli vm process list\ndb01\n   World ID: 1\n   Display Name: db01\n"));
        assert!(!is("esxcli vm process list\n\nesxcli network ip connection list\n\nvim-cmd vmsvc/getallvms\n"));
        assert!(!is("World ID: 1\nesxcli\n"));
    }

    #[test]
    fn two_machines_are_not_one() {
        let host = |text: &str| sole_host(text.as_bytes());
        assert_eq!(host("[root@esx01:~] date\nx\n[root@esx01:~] uname -a\nVMkernel esx01.example.net 8.0.2\n").as_deref(), Some("esx01"));
        assert_eq!(host("[root@esx01:~] date\nx\n[root@esx02:~] date\n").as_deref(), None);
    }
}
