//! Hidden machines over the bundles of a whole cluster: those that were planted are found, innocent ones are left alone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use konseki_pipeline::{Request, Silent, investigate};
use serde_json::Value;

const SHARED: &str = "5f1e2d3c-00112233-4455-667788990011";
const LOCAL: [&str; 3] =
    ["60000001-00112233-4455-667788990001", "60000002-00112233-4455-667788990002", "60000003-00112233-4455-667788990003"];

/// A machine as a host's bundle shows it.
#[derive(Clone, Default)]
struct Vm {
    name: &'static str,
    /// Folder and file where they differ from the name.
    folder: &'static str,
    local: bool,
    running: bool,
    registered: bool,
    disk: bool,
    template: bool,
    uuid: u64,
}

fn vm(name: &'static str, uuid: u64, running: bool) -> Vm {
    Vm { name, folder: name, running, registered: true, disk: true, uuid, ..Vm::default() }
}

impl Vm {
    fn path(&self, host: usize) -> String {
        let volume = if self.local { LOCAL[host] } else { SHARED };
        format!("/vmfs/volumes/{volume}/{0}/{0}.{1}", self.folder, if self.template { "vmtx" } else { "vmx" })
    }

    fn uuid(&self) -> String {
        let id = self.uuid;
        format!("56 4d 16 31 d1 96 ef {:02x}-42 4b 55 79 bd 12 84 {:02x}", id / 256 + 1, id % 256)
    }
}

#[derive(Default)]
struct Host {
    vms: Vec<Vm>,
    hostd: Vec<(&'static str, String)>,
    shell: Vec<(&'static str, String)>,
    boot: Vec<String>,
    /// Lines of a machine's own log: (machine, lines).
    logs: Vec<(Vm, Vec<(&'static str, String)>)>,
}

fn at(time: &str) -> String {
    format!("2024-03-05T{time}.000Z")
}

fn bundle(root: &Path, n: usize, host: &Host) {
    let name = format!("esx{:02}", n + 1);
    let root = root.join(format!("esx-{name}-2024-03-06--00.00-21{n:02}"));
    let put = |path: &str, text: &str| {
        let path = root.join(path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    put("commands/uname_-a.txt", &format!("VMkernel {name}.corp.example 7.0.3 #1 SMP Release build-21424296 x86_64 x86_64 x86_64 ESXi\n"));
    put("etc/vmware/esx.conf", &format!("/adv/Misc/HostName = \"{name}.corp.example\"\n"));
    let mut xml = String::from("<ConfigRoot>\n");
    let mut table = format!("{:<7}{:<40}{:<72}{:<26}{:<10}Annotation\n", "Vmid", "Name", "File", "Guest OS", "Version");
    for (id, vm) in host.vms.iter().filter(|vm| vm.registered).enumerate() {
        let path = vm.path(n);
        let _ = write!(
            xml,
            "  <ConfigEntry id=\"{id:04}\">\n    <objID>{id}</objID>\n    <secDomain>{id}</secDomain>\n    <vmxCfgPath>{path}</vmxCfgPath>\n  </ConfigEntry>\n"
        );
        let label = if vm.local { format!("local-{name}") } else { "shared01".to_owned() };
        let file =
            format!("[{label}] {}", path.rsplitn(3, '/').take(2).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("/"));
        let _ = writeln!(table, "{id:<7}{:<40}{file:<72}{:<26}{:<10}", vm.name, "ubuntu64Guest", "vmx-19");
    }
    put("etc/vmware/hostd/vmInventory.xml", &format!("{xml}</ConfigRoot>\n"));
    put("commands/vim-cmd_vmsvc_getallvms.txt", &table);
    let mut running = String::new();
    for (id, vm) in host.vms.iter().filter(|vm| vm.running).enumerate() {
        let world = 2_101_000 + id;
        let _ = write!(
            running,
            "{0}:\n   World ID: {world}\n   Process ID: 0\n   VMX Cartel ID: {world}\n   UUID: {1}\n   Display Name: {0}\n   Config File: {2}\n\n",
            vm.name,
            vm.uuid(),
            vm.path(n)
        );
    }
    put("commands/localcli_vm-process-list.txt", &running);
    let row = |uuid: &str, label: &str| {
        format!("{:<50}  {label:<20}  {uuid}  true  VMFS-6  1099243192320  620756992000\n", format!("/vmfs/volumes/{uuid}"))
    };
    put(
        "commands/localcli_storage-filesystem-list--i.txt",
        &format!(
            "{:<50}  {:<20}  UUID                                 Mounted  Type    Size           Free\n{}{}",
            "Mount Point",
            "Volume Name",
            row(LOCAL[n], &format!("local-{name}")),
            row(SHARED, "shared01")
        ),
    );
    for vm in host.vms.iter().filter(|vm| vm.disk) {
        put(
            &vm.path(n),
            &format!(
                ".encoding = \"UTF-8\"\nconfig.version = \"8\"\ndisplayName = \"{}\"\nguestOS = \"ubuntu-64\"\nuuid.bios = \"{}\"\nethernet0.networkName = \"VM Network\"\n",
                vm.name,
                vm.uuid()
            ),
        );
    }
    let mut boot = String::from("#!/bin/sh ++group=host/vim/vmvisor/boot\n\n# local configuration options\n\n");
    host.boot.iter().for_each(|line| boot.push_str(&format!("{line}\n")));
    put("etc/rc.local.d/local.sh", &format!("{boot}\nexit 0\n"));
    // The host's service writes all day.
    let mut lines: Vec<(String, String)> = (0..48)
        .map(|half| {
            (
                at(&format!("{:02}:{:02}:07", half / 2, half % 2 * 30)),
                "sub=Vimsvc.ha-eventmgr] Event 1 : The maximum number of supported virtual machines has not been reached.".to_owned(),
            )
        })
        .collect();
    lines.extend(host.hostd.iter().map(|(time, text)| (at(time), text.clone())));
    lines.sort();
    let text: String = lines.iter().map(|(time, text)| format!("{time} info hostd[2099273] [Originator@6876 {text}\n")).collect();
    put("var/run/log/hostd.log", &text);
    let shell: String = host.shell.iter().map(|(time, text)| format!("2024-03-05T{time}Z shell[2101111]: [root]: {text}\n")).collect();
    if !shell.is_empty() {
        put("var/run/log/shell.log", &shell);
    }
    for (vm, lines) in &host.logs {
        let text: String = lines.iter().map(|(time, line)| format!("{}| vmx| | I005: {line}\n", at(time))).collect();
        put(&format!("{}/vmware.log", vm.path(n).rsplit_once('/').unwrap().0), &text);
    }
}

/// Lines of a machine's own log when it starts.
fn start(vm: &Vm, n: usize, time: &'static str, by_hand: bool) -> Vec<(&'static str, String)> {
    let command = if by_hand { "\"/bin/vmx\" \"-x\"" } else { "\"/bin/vmx\" \"-s\" \"sched.group=host/user\"" };
    vec![
        (time, "Log for VMware ESX pid=2100111 version=7.0.3 build=build-21424296 option=Release".to_owned()),
        (time, format!("Hostname=esx{:02}.corp.example", n + 1)),
        (time, format!("Command line: {command} \"{}\"", vm.path(n))),
        (time, format!("DICT              displayName = \"{}\"", vm.name)),
        (time, "Transitioned vmx/execState/val to poweredOn".to_owned()),
    ]
}

fn event(time: &'static str, text: String) -> (&'static str, String) {
    (time, format!("sub=Vimsvc.ha-eventmgr opID=0a1b2c3d user=root] Event 77 : {text}"))
}

/// Machine -> highest level of a finding about it.
fn told(hosts: &[Host]) -> BTreeMap<String, String> {
    let folder = tempfile::tempdir().unwrap();
    let (evidence, case) = (folder.path().join("evidence"), folder.path().join("case"));
    hosts.iter().enumerate().for_each(|(n, host)| bundle(&evidence, n, host));
    let request =
        Request { inputs: vec![evidence], case: case.clone(), threads: 2, now: "2024-04-01T00:00:00Z".to_owned(), ..Request::default() };
    investigate(&request, &Silent).unwrap();
    let mut out: BTreeMap<String, String> = BTreeMap::new();
    let rank = |level: &str| ["informational", "low", "medium", "high", "critical"].iter().position(|known| *known == level).unwrap();
    for line in fs::read_to_string(case.join("results/findings.jsonl")).unwrap().lines() {
        let finding: Value = serde_json::from_str(line).unwrap();
        let level = finding["level"].as_str().unwrap();
        for entity in finding["entities"].as_array().unwrap().iter().filter(|entity| entity["kind"] == "vm") {
            let known = out.entry(entity["value"].as_str().unwrap().to_owned()).or_insert_with(|| level.to_owned());
            if rank(level) > rank(known) {
                *known = level.to_owned();
            }
        }
    }
    out
}

fn innocent() -> Vec<Host> {
    let mut hosts: Vec<Host> = (0..3).map(|_| Host::default()).collect();
    hosts[0].vms = vec![vm("app-01", 1, true), vm("app-02", 2, true), vm("db-01", 3, false)];
    hosts[1].vms = vec![vm("web-01", 4, true), Vm { local: true, ..vm("log-01", 5, true) }];
    hosts[2].vms = vec![vm("dc-01", 6, true)];
    hosts
}

#[test]
fn every_planted_machine_is_found() {
    let mut hosts = innocent();
    let ghost = |name: &'static str, uuid: u64| Vm { registered: false, ..vm(name, uuid, false) };
    // Runs and stands in no list of any host.
    hosts[0].vms.push(Vm { running: true, ..ghost("app-03", 21) });
    // Registered by hand for a moment, taken off the list again, and still running.
    let off_list = Vm { running: true, local: true, ..ghost("app-04", 22) };
    hosts[1].hostd.push(event("01:10:00", "Registered app-04 on esx02.corp.example in ha-datacenter".to_owned()));
    hosts[1].hostd.push(("01:10:00", format!("sub=Solo.HaVMFolder opID=0a1b2c3d user=root] Register called: []{}", off_list.path(1))));
    hosts[1].hostd.push(event("01:14:00", "Removed app-04 on esx02.corp.example from ha-datacenter".to_owned()));
    hosts[1].vms.push(off_list);
    // Off at collection; a shell started it.
    let off = ghost("web-02", 23);
    hosts[1].shell.push(("02:00:00", format!("/bin/vmx -x {} 2>/dev/null 0>/dev/null &", off.path(1))));
    hosts[1].vms.push(off);
    // On disk only; its own log says that it ran, the host's service does not.
    let disk = Vm { local: true, ..ghost("dc-02", 24) };
    hosts[2].logs.push((disk.clone(), start(&disk, 2, "03:05:00", true)));
    hosts[2].vms.push(disk);
    // Off, and started at every boot.
    let boot = ghost("log-02", 25);
    hosts[2].boot.push(format!("/bin/vmx -x {} 2>/dev/null 0>/dev/null &", boot.path(2)));
    hosts[2].vms.push(boot);
    let told = told(&hosts);
    for name in ["app-03", "app-04", "web-02", "dc-02", "log-02"] {
        assert!(told.get(name).is_some_and(|level| level == "high" || level == "critical"), "{name} in {told:?}");
    }
    for name in ["app-01", "app-02", "db-01", "web-01", "log-01", "dc-01"] {
        assert!(told.get(name).is_none_or(|level| level != "high" && level != "critical"), "{name} in {told:?}");
    }
}

#[test]
fn nothing_is_said_of_machines_that_moved_were_renamed_or_left_behind() {
    let mut hosts = innocent();
    // Moved from the first host to the second while bundles were taken; its old definition still lies on a local volume.
    hosts[0].vms.push(Vm { registered: false, disk: false, ..vm("move-01", 31, true) });
    hosts[1].vms.push(vm("move-01", 31, false));
    hosts[0].vms.push(Vm { local: true, registered: false, running: false, ..vm("move-01", 31, false) });
    // A template, and a machine whose folder keeps its old name.
    hosts[2].vms.push(Vm { template: true, ..vm("tmpl-01", 32, false) });
    hosts[2].vms.push(Vm { folder: "old-name", ..vm("new-name", 33, true) });
    // Taken out of the inventory by its owner; the log of its last run is still there.
    let orphan = Vm { registered: false, ..vm("left-01", 34, false) };
    hosts[2].hostd.push(event("04:00:00", "left-01 on  esx03.corp.example in ha-datacenter is powered on".to_owned()));
    hosts[2].hostd.push(event("05:00:00", "Removed left-01 on esx03.corp.example from ha-datacenter".to_owned()));
    hosts[2].logs.push((orphan.clone(), start(&orphan, 2, "04:00:01", false)));
    hosts[2].vms.push(orphan);
    hosts[2].boot.push(format!("# /bin/vmx -x /vmfs/volumes/{SHARED}/none/none.vmx"));
    let told = told(&hosts);
    assert!(told.values().all(|level| level != "high" && level != "critical"), "{told:?}");
}
