//! The script of the package that compares the machines of an ESXi host, run with made-up tools.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/scripts/esxi-unregistered-machines.sh");
const REGISTERED: &str = "Vmid   Name      File                                 Guest OS         Version   Annotation\n\
    1      build 07  [datastore1] build 07/build 07.vmx   otherGuest       vmx-19\n\
    2      web-01    [datastore1] web-01/web-01.vmx       otherGuest       vmx-19    [keep] this one\n";

fn tool(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    fs::write(&path, format!("#!/bin/sh\ncat <<'END'\n{text}END\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn process(name: &str) -> String {
    format!("{name}\n   World ID: 1\n   Display Name: {name}\n   Config File: /vmfs/volumes/63c0-aa/{name}/{name}.vmx\n\n")
}

/// Exit code and lines.
fn run(folder: &Path, boot: &Path) -> (i32, Vec<String>) {
    let path = format!("{}:/usr/bin:/bin", folder.display());
    let out = Command::new("sh").arg(SCRIPT).env("PATH", path).env("KONSEKI_BOOT", boot).output().unwrap();
    let lines = String::from_utf8(out.stdout).unwrap().lines().map(str::to_owned).collect();
    (out.status.code().unwrap(), lines)
}

#[test]
fn a_machine_that_runs_and_is_registered_nowhere_is_found() {
    let work = tempfile::tempdir().unwrap();
    let (folder, boot) = (work.path(), work.path().join("local.sh"));
    tool(folder, "vim-cmd", REGISTERED);
    tool(folder, "esxcli", &(process("build 07") + &process("web-01")));
    tool(folder, "ps", "1  1  vmx  /bin/vmx -s -x /vmfs/volumes/63c0-aa/web-01/web-01.vmx\n");
    fs::write(&boot, "#!/bin/sh\nexit 0\n").unwrap();
    assert_eq!(run(folder, &boot), (0, Vec::new()), "a host that is as it should be");

    tool(folder, "esxcli", &(process("build 07") + &process("dev-01")));
    tool(folder, "ps", "1  1  vmx  /bin/vmx -x /vmfs/volumes/63c0-aa/dev-02/dev-02.vmx\n");
    fs::write(&boot, "#!/bin/sh\n/bin/vmx -x /vmfs/volumes/63c0-aa/dev-01/dev-01.vmx &\n").unwrap();
    let (code, lines) = run(folder, &boot);
    assert_eq!(code, 1);
    assert_eq!(lines[..2], ["RUNNING-UNREGISTERED: dev-01/dev-01.vmx", "PROCESS-UNREGISTERED: dev-02/dev-02.vmx"]);
    assert!(lines[2].starts_with("BOOT-SCRIPT: ") && lines[2].contains("local.sh: 2:/bin/vmx"), "{lines:?}");
}

#[test]
fn a_list_that_cannot_be_read_is_said() {
    let work = tempfile::tempdir().unwrap();
    let boot = work.path().join("none.sh");
    assert_eq!(run(work.path(), &boot), (2, vec!["CANNOT-READ: vim-cmd vmsvc/getallvms".to_owned()]));
    tool(work.path(), "vim-cmd", REGISTERED);
    tool(work.path(), "ps", "");
    assert_eq!(run(work.path(), &boot), (2, vec!["CANNOT-READ: esxcli vm process list".to_owned()]));
}
