//! ESXi log lines in the shape of 7.x and 8.x: hostd, auth, shell, vobd, vmkernel, syslog, and a machine's vmware.log.

use crate::ctx::Lab;
use crate::store::{Mark, NUMBER, Roll};
use crate::when::{self, SEC, T};

/// Who acts, as hostd's line head says it.
#[derive(Clone, Debug, Default)]
pub struct Op {
    pub op_id: String,
    pub user: String,
}

impl Lab {
    pub fn esx_line(&mut self, esx: usize, file: &str, source: &'static str, t: T, text: &dyn Fn(bool, T) -> String, mark: Mark) {
        let w = self.w.clone();
        let Some(e) = w.esx.get(esx) else { return };
        let t = t + e.host.skew;
        let path = format!("{}/var/run/log/{file}.log", e.root);
        let id = self.out.open(&path, source, &e.host.name, Roll::Gz { bytes: 256 << 10 });
        let text = text(e.v8, t);
        self.out.push(id, t, text, mark);
    }

    pub fn hostd(&mut self, esx: usize, t: T, sub: &str, op: &Op, message: &str, mark: Mark) {
        let pid = self.w.esx.get(esx).map_or(0, |e| e.pid) + self.rng.below(40);
        let head = op_head(sub, op);
        let text = move |v8: bool, t: T| {
            if v8 {
                format!("{} In(166) Hostd[{pid}]: [Originator@6876 {head}] {message}", when::iso_ms(t))
            } else {
                format!("{} info hostd[{pid}] [Originator@6876 {head}] {message}", when::iso_ms(t))
            }
        };
        self.esx_line(esx, "hostd", "vmware/esxi_hostd", t, &text, mark);
    }

    /// `Event n : …`
    pub fn hostd_event(&mut self, esx: usize, t: T, op: &Op, message: &str, mark: Mark) {
        let message = format!("Event {NUMBER} : {message}");
        self.hostd(esx, t, "Vimsvc.ha-eventmgr", op, &message, mark);
    }

    /// A task that hostd does for somebody.
    pub fn hostd_task(&mut self, esx: usize, t: T, op: &Op, task: &str, mark: Mark) {
        let number = self.rng.range(100_000_000, 999_999_999);
        self.hostd(esx, t, "Vimsvc.TaskManager", op, &format!("Task Created : haTask-{task}-{number}"), mark);
        self.hostd(esx, t + SEC, "Vimsvc.TaskManager", op, &format!("Task Completed : haTask-{task}-{number} Status success"), mark);
    }

    pub fn vm_state(&mut self, esx: usize, t: T, op: &Op, vmx: &str, from: &str, to: &str, mark: Mark) {
        let sub = format!("Vmsvc.vm:{vmx}");
        self.hostd(esx, t, &sub, op, &format!("State Transition (VM_STATE_{from} -> VM_STATE_{to})"), mark);
    }

    /// Registration of a machine on a host.
    pub fn vm_register(&mut self, esx: usize, t: T, op: &Op, name: &str, vmx: &str, mark: Mark) {
        let fqdn = self.w.esx.get(esx).map_or(String::new(), |e| e.fqdn.clone());
        self.hostd_task(esx, t, op, "ha-folder-vm-vim.Folder.registerVm", mark);
        self.hostd(esx, t, "Solo.HaVMFolder", op, &format!("Register called: []{vmx}"), mark);
        self.vm_state(esx, t + 40_000, op, vmx, "INITIALIZING", "OFF", mark);
        self.hostd_event(esx, t + 45_000, op, &format!("Registered {name} on {fqdn} in ha-datacenter"), mark);
    }

    pub fn vm_power(&mut self, esx: usize, t: T, op: &Op, name: &str, vmx: &str, on: bool, mark: Mark) {
        let fqdn = self.w.esx.get(esx).map_or(String::new(), |e| e.fqdn.clone());
        if on {
            self.vm_state(esx, t, op, vmx, "OFF", "POWERING_ON", mark);
            self.hostd_event(esx, t + 20_000, op, &format!("{name} on  {fqdn} in ha-datacenter is starting"), mark);
            self.vm_state(esx, t + 2 * SEC, op, vmx, "POWERING_ON", "ON", mark);
            self.hostd_event(esx, t + 2 * SEC, op, &format!("{name} on  {fqdn} in ha-datacenter is powered on"), mark);
        } else {
            self.vm_state(esx, t, op, vmx, "ON", "POWERING_OFF", mark);
            self.vm_state(esx, t + 3 * SEC, op, vmx, "POWERING_OFF", "OFF", mark);
            self.hostd_event(esx, t + 3 * SEC, op, &format!("{name} on  {fqdn} in ha-datacenter is powered off"), mark);
        }
    }

    pub fn vm_unregister(&mut self, esx: usize, t: T, op: &Op, name: &str, mark: Mark) {
        let fqdn = self.w.esx.get(esx).map_or(String::new(), |e| e.fqdn.clone());
        self.hostd_event(esx, t, op, &format!("Removed {name} on {fqdn} from ha-datacenter"), mark);
    }

    /// A session of an API user: login, and logout with the number of calls.
    pub fn api_session(&mut self, esx: usize, t: T, end: T, who: (&str, &str, &str), calls: u64, mark: Mark) {
        let (user, from, agent) = who;
        let session = self.rng.uuid();
        let short: String = session.chars().take(8).collect();
        let op = Op { op_id: format!("{}-{}", self.rng.hex(8), self.rng.hex(4)), user: String::new() };
        self.hostd(
            esx,
            t,
            "Vimsvc.HaSessionManager",
            &op,
            &format!("Accepted password for user {user} from {from} - session={session}"),
            mark,
        );
        self.hostd_event(esx, t + 1000, &op, &format!("User {user}@{from} logged in as {agent}"), mark);
        let _ = short;
        let out = Op { op_id: self.rng.hex(8), user: user.to_owned() };
        let message = format!(
            "User {user}@{from} logged out (login time: {}, number of API invocations: {calls}, user agent: {agent})",
            when::long_login(t)
        );
        self.hostd_event(esx, end, &out, &message, mark);
    }

    pub fn auth(&mut self, esx: usize, t: T, process: &str, message: &str, mark: Mark) {
        let text = move |v8: bool, t: T| {
            if v8 {
                let level = if process.starts_with("SSH[") { "No(13)" } else { "In(38)" };
                format!("{} {level} {process}: {message}", when::iso_ms(t))
            } else {
                format!("{} {process}: {message}", when::iso_s(t))
            }
        };
        self.esx_line(esx, "auth", "vmware/esxi_auth", t, &text, mark);
    }

    pub fn shell(&mut self, esx: usize, t: T, pid: u64, user: &str, command: &str, mark: Mark) {
        let text = move |v8: bool, t: T| {
            if v8 {
                format!("{} In(14) shell[{pid}]: [{user}]: {command}", when::iso_ms(t))
            } else {
                format!("{} shell[{pid}]: [{user}]: {command}", when::iso_s(t))
            }
        };
        self.esx_line(esx, "shell", "vmware/esxi_shell", t, &text, mark);
    }

    pub fn vobd(&mut self, esx: usize, t: T, vob: &str, message: &str, mark: Mark) {
        let boot = self.w.esx.get(esx).map_or(0, |e| e.boot);
        let correlator = if vob.contains("scsi") || vob.contains("net") { "netCorrelator" } else { "UserLevelCorrelator" };
        let up = t - boot;
        let text = move |v8: bool, t: T| {
            let head = if v8 { format!("{} In(14) vobd[2097521]:  ", when::iso_ms(t)) } else { format!("{}: ", when::iso_ms(t)) };
            format!("{head}[{correlator}] {up}us: [{vob}] {message}")
        };
        self.esx_line(esx, "vobd", "vmware/esxi_vobd", t, &text, mark);
    }

    pub fn vmkernel(&mut self, esx: usize, t: T, message: &str, mark: Mark) {
        let (cpu, world) = (self.rng.below(48), 2_097_000 + self.rng.below(9000));
        let text = move |v8: bool, t: T| {
            if v8 {
                format!("{} In(182) vmkernel: cpu{cpu}:{world}){message}", when::iso_ms(t))
            } else {
                format!("{} cpu{cpu}:{world}){message}", when::iso_ms(t))
            }
        };
        self.esx_line(esx, "vmkernel", "vmware/esxi_vmkernel", t, &text, mark);
    }

    pub fn esx_syslog(&mut self, esx: usize, t: T, process: &str, message: &str, mark: Mark) {
        let text = move |v8: bool, t: T| {
            if v8 { format!("{} In(30) {process}: {message}", when::iso_ms(t)) } else { format!("{} {process}: {message}", when::iso_s(t)) }
        };
        self.esx_line(esx, "syslog", "vmware/esxi_syslog", t, &text, mark);
    }

    /// SSH turned on, as the service, the event and vobd tell it.
    pub fn ssh_enable(&mut self, esx: usize, t: T, op: &Op, mark: Mark) {
        let pid = 1_053_000 + self.rng.below(900);
        self.auth(esx, t, &format!("SSH[{pid}]"), "SSH login enabled", mark);
        self.hostd_event(esx, t + 5000, op, "SSH access has been enabled.", mark);
        self.vobd(esx, t + 6000, "vob.user.ssh.enabled", "SSH access has been enabled.", mark);
    }

    /// An SSH session; gives the process id that its shell writes with.
    pub fn ssh_session(&mut self, esx: usize, t: T, end: T, user: &str, from: &str, mark: Mark) -> u64 {
        let (pid, port) = (1_053_000 + self.rng.below(9000), self.port());
        let sshd = format!("sshd[{pid}]");
        self.auth(esx, t, &sshd, &format!("Connection from {from} port {port}"), mark);
        self.auth(esx, t + 300_000, &sshd, &format!("Accepted keyboard-interactive/pam for {user} from {from} port {port} ssh2"), mark);
        self.vobd(esx, t + 320_000, "vob.user.ssh.session.opened", &format!("SSH session was opened for '{user}@{from}'."), mark);
        self.hostd_event(esx, t + 330_000, &Op::default(), &format!("SSH session was opened for '{user}@{from}'."), mark);
        self.auth(esx, end, &sshd, &format!("Session closed for '{user}' on /dev/char/pty/t0"), mark);
        self.vobd(esx, end + 9000, "vob.user.ssh.session.closed", &format!("SSH session was closed for '{user}@{from}'."), mark);
        pid + 5
    }

    /// Lines of a machine's own log.
    pub fn vmx_log(&mut self, esx: usize, folder: &str, t: T, lines: &[String], mark: Mark) {
        let w = self.w.clone();
        let Some(e) = w.esx.get(esx) else { return };
        let path = format!("{}{folder}/vmware.log", e.root);
        let id = self.out.open(&path, "vmware/vmware_log", &e.host.name, Roll::None);
        for (n, line) in lines.iter().enumerate() {
            let at = t + e.host.skew + n as T * 3000;
            let text =
                if e.v8 { format!("{} In(05) vmx {line}", when::iso_ms(at)) } else { format!("{}| vmx| | I005: {line}", when::iso_ms(at)) };
            self.out.push(id, at, text, mark);
        }
    }
}

fn op_head(sub: &str, op: &Op) -> String {
    let mut head = format!("sub={sub}");
    if !op.op_id.is_empty() {
        head.push_str(&format!(" opID={}", op.op_id));
    }
    if !op.user.is_empty() {
        head.push_str(&format!(" user={}", op.user));
    }
    head
}
