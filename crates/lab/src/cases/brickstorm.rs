//! brickstorm: the entry is older than every log; a quiet backdoor on vCenter, a domain controller cloned, cards that come and go.

use crate::cases::acts::{self, time};
use crate::cases::still::{self, Changes};
use crate::ctx::Lab;
use crate::store::Mark;
use crate::truth::{Gap, HiddenVm};
use crate::when::{DAY, HOUR, MIN, SEC, T};
use crate::write::zeek::Flow;

pub fn plot(lab: &mut Lab) {
    lab.truth.intrusion = true;
    lab.truth.entry = "unseen".to_owned();
    let mut w = (*lab.w).clone();
    let (c2_ip, doh_ip) = (w.external(), w.external());
    lab.w = std::sync::Arc::new(w);
    let zero = lab.end - 86 * DAY + lab.rng.range(0, 50 * MIN);
    boot(lab);
    c2(lab, zero, &c2_ip, &doh_ip);
    clone(lab, zero + 9 * DAY + 3 * HOUR);
    cards(lab, zero + 12 * DAY + 4 * HOUR);
    vpxuser(lab, zero + 15 * DAY + 2 * HOUR);
    let mut changes = Changes::default();
    machine(lab, zero + 15 * DAY + 2 * HOUR + 20 * MIN, &mut changes);
    theft(lab, zero + 30 * DAY + 5 * HOUR, &c2_ip);
    still::collect(lab, &changes);
    lab.truth.gaps.push(Gap {
        source: "ivanti/syslog".to_owned(),
        host: lab.w.vpn.name.clone(),
        why: "rotated".to_owned(),
        hides: vec!["entry".to_owned()],
    });
    let scope = &mut lab.truth.scope;
    scope.bytes_out_at_least = lab.bytes_out;
    scope.bytes_out_at_most = lab.bytes_out + lab.bytes_out / 20;
}

/// Planted long before the logs begin: only files tell.
fn boot(lab: &mut Lab) {
    let w = lab.w.clone();
    lab.step(
        "backdoor-boot",
        &w.vcsa.name,
        "persistence",
        &["T1037", "T1037.004", "T1543", "T1543.002", "T1036.005"],
        "a line in the appliance's start script that runs a program from an odd place",
    );
    let place = lab.rng.pick(&["/usr/java/jre-vmware/bin/vmsrc", "/opt/vmware/sbin/vami-http", "/var/opt/pg_helper"]);
    let line = format!("{place} >/dev/null 2>&1 &");
    lab.vcsa_boot(
        "etc/rc.d/rc.local",
        &format!("#!/bin/sh\n# rc.local of the appliance\n{line}\nexit 0\n"),
        &[("backdoor-boot!", line.as_str())],
    );
    let at = lab.start - 190 * DAY;
    lab.bodyfile(&w.vcsa.name.clone(), &[(place, 0, 5_100_288, at, Some("backdoor-boot"))]);
    lab.key("backdoor-boot", "interval", "host", &w.vcsa.name);
    time(lab, "backdoor-boot", at, at + MIN);
}

fn c2(lab: &mut Lab, from: T, c2_ip: &str, doh_ip: &str) {
    let w = lab.w.clone();
    lab.step(
        "c2",
        &w.vcsa.name,
        "command-and-control",
        &["T1071.001", "T1071", "T1573", "T1573.002", "T1090", "T1102", "T1568"],
        "long quiet connections from vCenter to one outside address",
    );
    lab.step(
        "doh",
        &w.vcsa.name,
        "command-and-control",
        &["T1071.004", "T1572", "T1071", "T1568", "T1071.001"],
        "names asked over HTTPS from a management host",
    );
    let name = format!("{}.{}", lab.rng.letters(7), lab.rng.pick(&["edge-app.example", "herokulike.example", "workers.example"]));
    let resolver = lab.rng.pick(&["dns.google", "cloudflare-dns.com", "dns.quad9.net"]);
    let mut t = from;
    while t < lab.end - DAY {
        lab.tls(t - 2 * SEC, &Flow::tcp(&w.vcsa.ip, doh_ip, 443, "ssl", 3 * SEC, (700, 900)), resolver, Some("doh!"));
        let took = HOUR + lab.rng.range(0, 9 * 60) * MIN;
        let bytes = (3000 + lab.rng.below(5000), 2000 + lab.rng.below(3000));
        lab.tls(t, &Flow::tcp(&w.vcsa.ip, c2_ip, 443, "ssl", took, bytes), &name, Some("c2!"));
        lab.bytes_out += bytes.0;
        t += 12 * HOUR + lab.rng.range(-90, 90) * MIN;
    }
    lab.link("backdoor-boot", "c2", "interval", "host", &w.vcsa.name);
    lab.link("doh", "c2", "interval", "address", &w.vcsa.ip);
    lab.key("c2", "interval", "address", c2_ip);
    lab.key("c2", "interval", "domain", &name);
    time(lab, "c2", from, lab.end - DAY);
    time(lab, "doh", from, lab.end - DAY);
}

/// The domain controller's machine cloned, started without network, deleted: the directory was read from its disk.
fn clone(lab: &mut Lab, t: T) {
    let w = lab.w.clone();
    lab.step(
        "clone-dc",
        &w.vcsa.name,
        "credential-access",
        &["T1003.003", "T1003", "T1578.002", "T1564.006", "T1578", "T1006"],
        "a domain controller's machine cloned, started, stopped and deleted within two hours",
    );
    let Some(dc) = w.vms.iter().find(|v| v.name == w.dc.name).cloned() else { return };
    let down = "VSPHERE.LOCAL\\Administrator";
    let upn = "Administrator@VSPHERE.LOCAL";
    lab.step(
        "vcenter-login",
        &w.vcsa.name,
        "lateral-movement",
        &["T1078", "T1078.001", "T1078.003", "T1021"],
        "the built-in administrator logs in from vCenter's own address at night",
    );
    lab.vc_login(t - 8 * MIN, upn, down, &w.vcsa.ip, Some("vcenter-login!"));
    let copy = format!("{}{}", dc.name, lab.rng.pick(&["_old", "-bak", "-2", "_tmp"]));
    acts::clone_round(lab, t, &dc, &copy, down, Some("clone-dc!"));
    lab.link("vcenter-login", "clone-dc", "interval", "user", down);
    lab.key("clone-dc", "exact", "vm", &copy);
    lab.key("vcenter-login", "interval", "address", &w.vcsa.ip);
    time(lab, "vcenter-login", t - 8 * MIN, t + 2 * HOUR);
    time(lab, "clone-dc", t, t + 66 * MIN);
}

/// A card added to a machine for an hour and taken away.
fn cards(lab: &mut Lab, t: T) {
    const MARK: Mark = Some("ghost-card!");
    let w = lab.w.clone();
    lab.step(
        "ghost-card",
        &w.vcsa.name,
        "defense-evasion",
        &["T1564", "T1564.006", "T1599", "T1090", "T1090.001", "T1578.005", "T1578"],
        "a network card added to a machine and removed within the hour",
    );
    let Some(vm) = w.vms.iter().rev().find(|v| v.on).cloned() else { return };
    let Some(e) = w.esx.get(vm.esx) else { return };
    let down = "VSPHERE.LOCAL\\Administrator";
    for (n, (operation, word)) in [("add", "Added"), ("remove", "Removed")].iter().enumerate() {
        let at = t + n as T * 41 * MIN;
        let (op_id, op) = acts::operation(lab, down);
        lab.vpxd_task(at, 2 * SEC, &op_id, &format!("vm-{}", 1000 + vm.vmid), "vim.VirtualMachine.reconfigure", MARK);
        lab.hostd_event(vm.esx, at + SEC, &op, &format!("Reconfigured {} on {} in ha-datacenter", vm.name, e.fqdn), MARK);
        let first = format!("Reconfigured {} on {} in {}. ", vm.name, e.fqdn, w.datacenter);
        let second = format!(
            "{word}: config.hardware.device(4001): (key = 4001, deviceInfo = (label = \"Network adapter 2\", summary = \"Management\"), macAddress = \"00:50:56:9a:4c:{:02x}\"); operation = \"{operation}\"",
            0x21 + vm.vmid
        );
        lab.vc_event_parts(at + 2 * SEC, "VmReconfiguredEvent", down, (&first, &second), MARK);
    }
    lab.key("ghost-card", "exact", "vm", &vm.name);
    lab.link("vcenter-login", "ghost-card", "interval", "user", down);
    time(lab, "ghost-card", t, t + 42 * MIN);
}

/// The account that belongs to vCenter opens a shell on a hypervisor.
fn vpxuser(lab: &mut Lab, t: T) {
    let w = lab.w.clone();
    let Some(e) = w.esx.get(1) else { return };
    lab.step(
        "vpxuser-ssh",
        &e.host.name,
        "lateral-movement",
        &["T1021.004", "T1078", "T1078.001", "T1078.003", "T1021"],
        "vpxuser opens an SSH session, which its owner never does",
    );
    let op = crate::write::esxi::Op { op_id: lab.rng.hex(8), user: "vpxuser".to_owned() };
    lab.ssh_enable(1, t, &op, Some("vpxuser-ssh!"));
    lab.ssh_session(1, t + 2 * MIN, t + 50 * MIN, "vpxuser", &w.vcsa.ip, Some("vpxuser-ssh!"));
    lab.zeek_ssh(t + 2 * MIN - SEC, &w.vcsa.ip, &e.host.ip, "SSH-2.0-Go", 48 * MIN, (1_900_000_000, 800_000), Some("vpxuser-ssh"));
    lab.link("c2", "vpxuser-ssh", "interval", "address", &w.vcsa.ip);
    lab.key("vpxuser-ssh", "interval", "user", "vpxuser");
    time(lab, "vpxuser-ssh", t, t + 50 * MIN);
}

/// A machine started by hand, used, and shut down: it runs no more when anybody looks.
fn machine(lab: &mut Lab, t: T, changes: &mut Changes) {
    let w = lab.w.clone();
    let Some(e) = w.esx.get(1) else { return };
    lab.step(
        "hidden-machine",
        &e.host.name,
        "defense-evasion",
        &["T1564.006", "T1059.004", "T1578.002", "T1059"],
        "a machine started with /bin/vmx by hand, never registered, shut down after use",
    );
    let stem = w.vms.last().map_or("vm", |v| v.name.as_str()).trim_end_matches(|c: char| c.is_ascii_digit()).to_owned();
    let name = format!("{stem}{}", 40 + lab.rng.below(9));
    let seen = acts::hidden(lab, 1, &name, false, Some("hidden-machine!"));
    let command = format!("/bin/vmx -x {} 2>/dev/null 0>/dev/null &", acts::quoted(&seen.vmx));
    lab.shell(1, t, 1_054_400, "vpxuser", &command, Some("hidden-machine!"));
    lab.vmx_start(1, t + SEC, &seen, true, Some("hidden-machine!"));
    lab.vmx_stop(1, t + 9 * DAY, &seen, Some("hidden-machine"));
    lab.truth.hidden_vms.push(HiddenVm {
        name,
        host: e.host.name.clone(),
        uuid: crate::world::spaced(&seen.uuid),
        path: seen.vmx.clone(),
        running: false,
    });
    lab.key("hidden-machine", "exact", "vm", &seen.name);
    lab.key("hidden-machine", "exact", "file", &seen.vmx);
    lab.link("vpxuser-ssh", "hidden-machine", "interval", "user", "vpxuser");
    changes.extra.push((1, seen));
    time(lab, "hidden-machine", t, t + 9 * DAY);
}

fn theft(lab: &mut Lab, t: T, c2_ip: &str) {
    let w = lab.w.clone();
    lab.step(
        "exfiltration",
        &w.vcsa.name,
        "exfiltration",
        &["T1041", "T1048", "T1567"],
        "gigabytes from vCenter to the address it calls home",
    );
    for n in 0..3 {
        let bytes = 900_000_000 + lab.rng.below(300_000_000);
        lab.flow(t + n * HOUR, &Flow::tcp(&w.vcsa.ip, c2_ip, 443, "ssl", 40 * MIN, (bytes, bytes / 700)), Some("exfiltration!"));
        lab.bytes_out += bytes;
    }
    lab.link("c2", "exfiltration", "interval", "address", c2_ip);
    lab.key("exfiltration", "interval", "address", &w.vcsa.ip);
    time(lab, "exfiltration", t, t + 3 * HOUR);
}
