//! ESXi `shell.log`: commands typed in the ESXi shell and over SSH, as process creations for Sigma.

use konseki_model::{Field, Piece, Sink};

use crate::{Input, Reading, Source, esx};

pub struct Shell;
pub static SOURCE: Shell = Shell;

impl Source for Shell {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        esx::recognise(piece, |head| matches!(head.process, "shell" | "ESXShell"))
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        esx::read_log(input, reading, sink, |head, fields| {
            let Some((user, command)) = head.message.strip_prefix('[').and_then(|rest| rest.split_once("]: ")) else { return };
            fields.push(Field::new("User", user));
            fields.push(Field::new("CommandLine", command));
            // Images end as Sigma rules for Linux expect: the program's path or name as typed.
            fields.push(Field::new("Image", image(command)));
        });
    }
}

/// The program of a command line. Names without a folder are looked up in `/bin` on ESXi.
fn image(command: &str) -> &str {
    let word = command.split_whitespace().find(|word| !word.contains('=')).unwrap_or_default();
    KNOWN.iter().find(|path| path.rsplit('/').next() == Some(word)).copied().unwrap_or(word)
}

/// ESXi programs that rules name with a folder before them.
const KNOWN: &[&str] = &[
    "/bin/esxcli",
    "/bin/vim-cmd",
    "/bin/vmx",
    "/bin/localcli",
    "/bin/sh",
    "/bin/vi",
    "/bin/rm",
    "/bin/cat",
    "/bin/ls",
    "/bin/cp",
    "/bin/mv",
    "/bin/wget",
    "/bin/python",
    "/bin/chmod",
    "/bin/kill",
    "/bin/ps",
    "/bin/find",
    "/bin/grep",
    "/bin/tar",
    "/bin/scp",
    "/bin/ssh",
    "/bin/esxcfg-firewall",
    "/bin/vmkfstools",
    "/bin/touch",
    "/bin/echo",
    "/bin/sed",
    "/bin/uname",
    "/bin/df",
    "/bin/md5sum",
    "/bin/nc",
];
