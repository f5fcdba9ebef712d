//! Machines that are hidden, and those that only look so.

use konseki_model::{Basis, Fidelity, Kind, Level, Record, Stamp};

use super::Machines;
use crate::compare::{Compared, MachineVerdict};

fn vm(kind: Kind, host: &str, name: &str, path: &str) -> Record {
    Record {
        kind: Some(kind),
        host: host.into(),
        object: name.into(),
        target: path.into(),
        evidence: "E1".into(),
        at: Some(konseki_model::At::Line(1)),
        ..Record::default()
    }
}

fn run(records: &[Record]) -> Compared {
    let mut machines = Machines::default();
    records.iter().for_each(|record| machines.observe(record));
    let mut out = Compared::default();
    machines.finish(&mut out);
    out
}

fn rules(out: &Compared) -> Vec<&str> {
    out.findings.iter().map(|finding| finding.rule.as_str()).collect()
}

#[test]
fn a_machine_registered_on_another_host_is_no_stranger() {
    let base = [
        vm(Kind::InventoryList, "esx1", "running", ""),
        vm(Kind::InventoryList, "esx1", "registered", ""),
        vm(Kind::InventoryList, "esx2", "running", ""),
        vm(Kind::InventoryList, "esx2", "registered", ""),
        vm(Kind::VmRegistered, "esx2", "app-01", "/vmfs/volumes/ds1/app-01/app-01.vmx"),
    ];
    // Running on one host while registered on the other (it just moved), its volume written by UUID.
    let moved = vm(Kind::VmRunning, "esx1", "app-01", "/vmfs/volumes/5f1e2d3c-00112233-4455-667788990011/app-01/app-01.vmx");
    let out = run(&[base.as_slice(), &[moved]].concat());
    assert!(out.findings.is_empty(), "{:?}", rules(&out));
    // The same name in another folder is another machine.
    let rogue = vm(Kind::VmRunning, "esx1", "app-01", "/vmfs/volumes/ds1/app-01x/app-01.vmx");
    let out = run(&[base.as_slice(), &[rogue]].concat());
    assert_eq!(rules(&out)[0], "vmware-unregistered-vm-running");
    assert_eq!(out.findings[0].level, Level::Critical);
}

#[test]
fn without_every_list_nothing_is_claimed() {
    let out = run(&[vm(Kind::InventoryList, "esx1", "running", ""), vm(Kind::VmRunning, "esx1", "x", "/vmfs/volumes/ds1/x/x.vmx")]);
    assert_eq!(rules(&out), ["vmware-vm-cannot-tell"]);
}

#[test]
fn lists_of_other_things_are_no_lists_of_machines() {
    let lists = ["processes", "filesystems", "ports", "running"].map(|list| vm(Kind::InventoryList, "esx1", list, ""));
    assert_eq!(run(&lists).lists.keys().collect::<Vec<_>>(), ["running"]);
}

#[test]
fn a_boot_script_names_a_machine_that_is_off() {
    let out = run(&[
        vm(Kind::InventoryList, "esx1", "registered", ""),
        vm(Kind::VmBootScript, "esx1", "x", "/vmfs/volumes/ds1/x/x.vmx"),
        vm(Kind::VmOnDisk, "esx1", "left over", "/vmfs/volumes/ds1/left/left.vmx"),
    ]);
    assert_eq!(rules(&out), ["vmware-unregistered-vm-on-boot"]);
    assert!(out.machines.iter().any(|row| row.verdict == MachineVerdict::Orphaned));
}

fn lists(hosts: &[&str]) -> Vec<Record> {
    hosts.iter().flat_map(|host| ["running", "registered"].map(|list| vm(Kind::InventoryList, host, list, ""))).collect()
}

fn timed(record: Record, minute: i64, source: &str) -> Record {
    Record { source: source.into(), time: Some(Stamp::new(minute * 60_000_000, Fidelity::Second, Basis::Written)), ..record }
}

#[test]
fn a_host_that_sent_no_list_leaves_it_open_unless_a_shell_says_so() {
    let mut records = lists(&["esx1"]);
    records.push(timed(vm(Kind::AuthSuccess, "esx2", "", ""), 1, "vmware/esxi_hostd"));
    records.push(vm(Kind::VmRunning, "esx1", "x", "/vmfs/volumes/ds1/x/x.vmx"));
    assert_eq!(rules(&run(&records)), ["vmware-vm-cannot-tell"]);
    let mut shell = timed(vm(Kind::ShellCommand, "esx1", "", ""), 5, "vmware/esxi_shell");
    shell.command = "/bin/vmx -x /vmfs/volumes/ds1/x/x.vmx 2>/dev/null &".into();
    records.push(shell);
    let out = run(&records);
    assert!(rules(&out).contains(&"vmware-unregistered-vm-running"));
    assert!(out.findings.iter().all(|finding| finding.level <= Level::High));
}

#[test]
fn a_machine_that_is_off_and_was_started_by_hand() {
    let uuid = "/vmfs/volumes/5f1e2d3c-00112233-4455-667788990011";
    let mut records = lists(&["esx1"]);
    records.push(vm(Kind::VmOnDisk, "esx1", "ghost", &format!("{uuid}/ghost/ghost.vmx")));
    let mut shell = timed(vm(Kind::ShellCommand, "esx1", "/bin/vmx", ""), 600, "vmware/esxi_shell");
    shell.command = format!("/bin/vmx -x {uuid}/ghost/ghost.vmx");
    records.push(shell);
    let out = run(&records);
    assert_eq!(out.findings[0].level, Level::High);
    assert_eq!(out.findings[0].args["vm"], "ghost");
    assert!(out.machines.iter().any(|row| row.verdict == MachineVerdict::Hidden));
}

#[test]
fn a_start_that_the_host_announced_and_one_that_it_did_not() {
    let mut records = lists(&["esx1"]);
    records.push(vm(Kind::VmOnDisk, "esx1", "old", "/vmfs/volumes/ds1/old/old.vmx"));
    records.push(timed(vm(Kind::VmPowerOn, "esx1", "old", ""), 600, "vmware/esxi_hostd"));
    let start = timed(vm(Kind::VmxStart, "esx1", "old", "/vmfs/volumes/ds1/old/old.vmx"), 601, "vmware/vmware_log");
    assert!(run(&[records.clone(), vec![start.clone()]].concat()).findings.is_empty());
    records.retain(|record| record.kind() != Kind::VmPowerOn);
    records.push(timed(vm(Kind::AuthSuccess, "esx1", "", ""), 590, "vmware/esxi_hostd"));
    let out = run(&[records, vec![start]].concat());
    assert_eq!((rules(&out)[0], out.findings[0].level), ("vmware-vmx-start-without-power-on", Level::High));
}

#[test]
fn an_identity_that_was_borrowed() {
    let uuid = "564d1631-d196-ef4c-424b-5579bd1284b1";
    let with = |record: Record| Record { session: uuid.into(), ..record };
    let mut records = lists(&["esx1"]);
    records.push(vm(Kind::VmRegistered, "esx1", "app", "/vmfs/volumes/ds1/app/app.vmx"));
    records.push(with(vm(Kind::VmOnDisk, "esx1", "app", "/vmfs/volumes/ds1/app/app.vmx")));
    let twin = with(vm(Kind::VmRunning, "esx1", "app", "/vmfs/volumes/ds2/app_/app.vmx"));
    // Only one place is there: its definition moved while the lists were taken.
    assert!(run(&[records.clone(), vec![twin.clone()]].concat()).findings.is_empty());
    records.push(with(vm(Kind::VmOnDisk, "esx1", "app", "/vmfs/volumes/ds2/app_/app.vmx")));
    let out = run(&[records, vec![twin]].concat());
    assert_eq!((rules(&out)[0], out.findings[0].level), ("vmware-unregistered-vm-running", Level::High));
}

#[test]
fn templates_and_comments_are_innocent() {
    let mut records = lists(&["esx1"]);
    records.push(vm(Kind::VmRegistered, "esx1", "tmpl", "[ds1] tmpl/tmpl.vmtx"));
    records.push(vm(Kind::VmOnDisk, "esx1", "tmpl", "/vmfs/volumes/ds1/tmpl/tmpl.vmtx"));
    let mut comment = vm(Kind::VmBootScript, "esx1", "x", "/vmfs/volumes/ds1/x/x.vmx");
    comment.command = "# old: /bin/vmx -x /vmfs/volumes/ds1/x/x.vmx".into();
    records.push(comment);
    assert!(run(&records).findings.is_empty());
}

#[test]
fn registered_for_a_moment_and_still_running() {
    let path = "/vmfs/volumes/ds1/brief/brief.vmx";
    let mut records = lists(&["esx1"]);
    records.push(timed(vm(Kind::VmRegister, "esx1", "", path), 600, "vmware/esxi_hostd"));
    let running = vm(Kind::VmRunning, "esx1", "brief", path);
    // Lists and log contradict each other as long as nothing says that the registration ended.
    assert_eq!(rules(&run(&[records.clone(), vec![running.clone()]].concat())), ["vmware-vm-cannot-tell"]);
    records.push(timed(vm(Kind::VmUnregister, "esx1", "brief", ""), 604, "vmware/esxi_hostd"));
    let out = run(&[records, vec![running]].concat());
    assert_eq!((rules(&out)[0], out.findings[0].level), ("vmware-unregistered-vm-running", Level::Critical));
}
