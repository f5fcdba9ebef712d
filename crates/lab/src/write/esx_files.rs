//! The still part of a vm-support bundle: inventory, process lists, definitions, boot scripts, the collection's clock.

use std::fmt::Write;

use crate::ctx::Lab;
use crate::store::Mark;
use crate::when::{self, T};
use crate::world::{Esx, Vm, spaced};

/// A machine as a bundle shows it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub name: String,
    /// What the running process calls itself.
    pub uuid: String,
    pub vmx: String,
    pub mac: Vec<String>,
    pub networks: Vec<String>,
    pub guest: String,
    pub vmid: u64,
    pub running: bool,
    pub registered: bool,
    /// `.vmx` and log are in the bundle.
    pub on_disk: bool,
    /// `logging = "FALSE"`.
    pub silent: bool,
    pub mark: Mark,
}

impl Seen {
    pub fn of(vm: &Vm, network: &str) -> Self {
        Self {
            name: vm.name.clone(),
            uuid: vm.uuid.clone(),
            vmx: vm.vmx(),
            mac: vec![vm.mac.clone()],
            networks: vec![network.to_owned()],
            guest: vm.guest.to_owned(),
            vmid: vm.vmid,
            running: vm.on,
            registered: true,
            on_disk: true,
            silent: false,
            mark: None,
        }
    }

    fn folder(&self) -> &str {
        self.vmx.rsplit_once('/').map_or("", |p| p.0)
    }
}

impl Lab {
    /// Everything of the bundle that is no log. `local` are the lines of `local.sh` before `exit 0`.
    pub fn esx_bundle(&mut self, at: usize, t: T, vms: &[Seen], local: &[(String, Mark)]) {
        let w = self.w.clone();
        let Some(e) = w.esx.get(at) else { return };
        let t = t + e.host.skew;
        self.plain(e, "action.log", &format!("{} vm-support started\n", when::iso_s(t)));
        self.plain(e, "error.log", "");
        self.plain(e, "commands/date.txt", &format!("{}\n", when::date_command(t)));
        self.plain(
            e,
            "commands/uname_-a.txt",
            &format!("VMkernel {} {} #1 SMP Release build-{} x86_64 x86_64 x86_64 ESXi\n", e.fqdn, e.version, e.build),
        );
        self.plain(e, "commands/vmware_-vl.txt", &format!("VMware ESXi {} build-{}\nVMware ESXi {} GA\n", e.version, e.build, e.version));
        self.plain(e, "etc/vmware/esx.conf", &esx_conf(e));
        self.inventory(e, vms);
        self.process_list(e, vms);
        self.local_sh(e, local);
        self.processes(e, vms);
        for vm in vms.iter().filter(|v| v.on_disk) {
            self.vmx_file(e, vm);
        }
        self.plain(e, "commands/localcli_storage-filesystem-list--i.txt", &filesystems(e, &w.shared_volume, &w.shared_label));
    }

    fn plain(&mut self, e: &Esx, path: &str, text: &str) {
        self.out.file(&format!("{}/{path}", e.root), "vmware/esxi_inventory", &e.host.name, text, &[]);
    }

    fn inventory(&mut self, e: &Esx, vms: &[Seen]) {
        let mut xml = String::from("<ConfigRoot>\n");
        for (n, vm) in vms.iter().filter(|v| v.registered).enumerate() {
            let _ = write!(
                xml,
                "  <ConfigEntry id=\"{n:04}\">\n    <objID>{}</objID>\n    <secDomain>{}</secDomain>\n    <vmxCfgPath>{}</vmxCfgPath>\n  </ConfigEntry>\n",
                vm.vmid,
                n + 17,
                vm.vmx
            );
        }
        xml.push_str("</ConfigRoot>\n");
        self.plain(e, "etc/vmware/hostd/vmInventory.xml", &xml);
        let mut table = format!("{:<7}{:<40}{:<72}{:<26}{:<10}Annotation\n", "Vmid", "Name", "File", "Guest OS", "Version");
        for vm in vms.iter().filter(|v| v.registered) {
            let label = if vm.vmx.contains(&e.volume) { &e.label } else { &self.w.shared_label };
            let file = format!(
                "[{label}] {}/{}.vmx",
                vm.folder().rsplit('/').next().unwrap_or(""),
                vm.vmx.rsplit('/').next().unwrap_or("").trim_end_matches(".vmx")
            );
            let _ = writeln!(
                table,
                "{:<7}{:<40}{:<72}{:<26}{:<10}",
                vm.vmid,
                vm.name,
                file,
                format!("{}Guest", vm.guest.replace('-', "_")),
                "vmx-19"
            );
        }
        self.plain(e, "commands/vim-cmd_vmsvc_getallvms.txt", &table);
    }

    fn process_list(&mut self, e: &Esx, vms: &[Seen]) {
        let mut text = String::new();
        let mut marks: Vec<(&'static str, String)> = Vec::new();
        for (n, vm) in vms.iter().filter(|v| v.running).enumerate() {
            let world = 2_101_000 + n as u64 * 37;
            let lines = [
                format!("{}:", vm.name),
                format!("   World ID: {world}"),
                "   Process ID: 0".to_owned(),
                format!("   VMX Cartel ID: {}", world - 1),
                format!("   UUID: {}", spaced(&vm.uuid)),
                format!("   Display Name: {}", vm.name),
                format!("   Config File: {}", vm.vmx),
                String::new(),
            ];
            if let Some(mark) = vm.mark {
                marks.extend(lines.iter().filter(|l| !l.is_empty() && !l.contains("Process ID")).map(|l| (mark, l.clone())));
            }
            text.push_str(&lines.join("\n"));
            text.push('\n');
        }
        let marks: Vec<(&'static str, &str)> = marks.iter().map(|(m, l)| (*m, l.as_str())).collect();
        let path = format!("{}/commands/localcli_vm-process-list.txt", e.root);
        self.out.file(&path, "vmware/esxi_inventory", &e.host.name, &text, &marks);
    }

    fn local_sh(&mut self, e: &Esx, local: &[(String, Mark)]) {
        let mut text = String::from(
            "#!/bin/sh ++group=host/vim/vmvisor/boot\n\n# local configuration options\n\n# Note: modify at your own risk!  If you do/use anything in this\n# script that is not part of a stable API (relying on files to be in\n# specific places, specific tools, specific output, etc) there is a\n# possibility you will end up with a broken system after patching or\n# upgrading.\n\n",
        );
        for (line, _) in local {
            text.push_str(line);
            text.push('\n');
        }
        text.push_str("\nexit 0\n");
        let marks: Vec<(&'static str, &str)> = local.iter().filter_map(|(l, m)| m.map(|m| (m, l.as_str()))).collect();
        let path = format!("{}/etc/rc.local.d/local.sh", e.root);
        self.out.file(&path, "vmware/esxi_autostart", &e.host.name, &text, &marks);
        let cron = "#min hour day mon dow command\n1    1    *   *   *   /sbin/tmpwatch.py\n1    *    *   *   *   /sbin/auto-backup.sh\n0    *    *   *   *   /usr/lib/vmware/vmksummary/log-heartbeat.py\n*/5  *    *   *   *   /bin/hostd-probe.sh ++group=host/vim/vmvisor/hostd-probe/stats/sh\n";
        let path = format!("{}/var/spool/cron/crontabs/root", e.root);
        self.out.file(&path, "vmware/esxi_autostart", &e.host.name, cron, &[]);
    }

    fn processes(&mut self, e: &Esx, vms: &[Seen]) {
        let mut text = String::from("WID      CID      WorldName                          Command\n");
        for (name, command) in [
            ("hostd", "/bin/hostd"),
            ("vpxa", "/usr/lib/vmware/vpxa/bin/vpxa"),
            ("vobd", "/usr/lib/vmware/vob/bin/vobd"),
            ("vmsyslogd", "/usr/lib/vmware/vmsyslog/bin/vmsyslogd.pyc"),
        ] {
            let _ = writeln!(text, "{:<9}{:<9}{:<35}{command}", e.pid, e.pid, name);
        }
        let mut marks = Vec::new();
        for (n, vm) in vms.iter().filter(|v| v.running).enumerate() {
            let world = 2_101_000 + n as u64 * 37;
            let command = if vm.registered {
                format!(
                    "/bin/vmx -s sched.group=host/user -# product=2;name=VMware ESX;version={} -@ duplex=3;msgs=ui {}",
                    e.version, vm.vmx
                )
            } else {
                format!("/bin/vmx -x {}", vm.vmx)
            };
            let line = format!("{world:<9}{:<9}{:<35}{command}", world - 1, "vmx");
            let _ = writeln!(text, "{line}");
            if let Some(mark) = vm.mark {
                marks.push((mark, line));
            }
        }
        let marks: Vec<(&'static str, &str)> = marks.iter().map(|(m, l)| (*m, l.as_str())).collect();
        self.out.file(&format!("{}/commands/ps_-cPTgjstz.txt", e.root), "vmware/esxi_inventory", &e.host.name, &text, &marks);
    }

    fn vmx_file(&mut self, e: &Esx, vm: &Seen) {
        let mut text = String::from(".encoding = \"UTF-8\"\nconfig.version = \"8\"\nvirtualHW.version = \"19\"\n");
        let _ = writeln!(
            text,
            "displayName = \"{}\"\nguestOS = \"{}\"\nmemSize = \"4096\"\nnumvcpus = \"2\"\nuuid.bios = \"{}\"",
            vm.name,
            vm.guest,
            spaced(&vm.uuid)
        );
        if vm.silent {
            text.push_str("logging = \"FALSE\"\n");
        }
        for (n, mac) in vm.mac.iter().enumerate() {
            let network = vm.networks.get(n).map_or("VM Network", String::as_str);
            let _ = writeln!(
                text,
                "ethernet{n}.present = \"TRUE\"\nethernet{n}.virtualDev = \"vmxnet3\"\nethernet{n}.networkName = \"{network}\"\nethernet{n}.addressType = \"{}\"\nethernet{n}.generatedAddress = \"{mac}\"",
                if vm.registered { "vpx" } else { "generated" }
            );
        }
        let _ = writeln!(text, "scsi0:0.present = \"TRUE\"\nscsi0:0.fileName = \"{}.vmdk\"", vm.name);
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let marks: Vec<(&'static str, &str)> = vm.mark.map_or(Vec::new(), |m| {
            lines
                .iter()
                .filter(|l| l.starts_with("displayName") || l.starts_with("uuid") || l.contains("networkName") || l.starts_with("logging"))
                .map(|l| (m, l.as_str()))
                .collect()
        });
        self.out.file(&format!("{}{}", e.root, vm.vmx), "vmware/esxi_inventory", &e.host.name, &text, &marks);
    }

    /// What a machine's executor writes when it starts.
    pub fn vmx_start(&mut self, at: usize, t: T, vm: &Seen, by_hand: bool, mark: Mark) {
        let w = self.w.clone();
        let Some(e) = w.esx.get(at) else { return };
        let pid = 2_100_000 + self.rng.below(9000);
        let command = if by_hand {
            format!("Command line: \"/bin/vmx\" \"-x\" \"{}\"", vm.vmx)
        } else {
            format!(
                "Command line: \"/bin/vmx\" \"-s\" \"sched.group=host/user\" \"-#\" \"product=2;name=VMware ESX;version={}\" \"-@\" \"duplex=3;msgs=ui\" \"{}\"",
                e.version, vm.vmx
            )
        };
        let lines = vec![
            format!("Log for VMware ESX pid={pid} version={} build=build-{} option=Release", e.version, e.build),
            "The host is x86_64.".to_owned(),
            format!("Hostname={}", e.fqdn),
            command,
            format!("DICT              displayName = \"{}\"", vm.name),
            format!("DICT                uuid.bios = \"{}\"", spaced(&vm.uuid)),
            "Monitor Mode: ULM".to_owned(),
            "Transitioned vmx/execState/val to poweredOn".to_owned(),
        ];
        let folder = vm.folder().to_owned();
        self.vmx_log(at, &folder, t, &lines, mark);
    }

    pub fn vmx_stop(&mut self, at: usize, t: T, vm: &Seen, mark: Mark) {
        let folder = vm.folder().to_owned();
        self.vmx_log(at, &folder, t, &["Transitioned vmx/execState/val to poweredOff".to_owned(), "VMX exit (0).".to_owned()], mark);
    }
}

fn esx_conf(e: &Esx) -> String {
    format!(
        "/system/uuid = \"{}\"\n/adv/Misc/HostName = \"{}\"\n/net/pnic/child[0000]/name = \"vmnic0\"\n/firewall/enabled = \"true\"\n/services/TSM-SSH/startup = \"off\"\n",
        e.volume, e.fqdn
    )
}

fn filesystems(e: &Esx, shared: &str, label: &str) -> String {
    let row = |uuid: &str, label: &str, kind: &str| {
        format!("{:<50}  {:<20}  {uuid}  true  {kind}  1099243192320  620756992000\n", format!("/vmfs/volumes/{uuid}"), label)
    };
    let head = format!(
        "{:<50}  {:<20}  UUID                                 Mounted  Type    Size           Free\n",
        "Mount Point", "Volume Name"
    );
    format!("{head}{}{}", row(&e.volume, &e.label, "VMFS-6"), row(shared, label, "VMFS-6"))
}
