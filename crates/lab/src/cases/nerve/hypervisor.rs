//! On the hypervisors and on vCenter's own box: drives listed, hidden machines, boot scripts, beacons, a web shell.

use crate::cases::acts;
use crate::cases::nerve::entry::time;
use crate::cases::nerve::{Plot, Rogue};
use crate::ctx::{Lab, Pace};
use crate::store::Mark;
use crate::truth::HiddenVm;
use crate::when::{DAY, HOUR, MIN, SEC};
use crate::write::esxi::Op;
use crate::write::vcenter::Web;
use crate::write::zeek::Flow;

/// Seven calls as vpxuser, but not from vCenter.
pub fn drives(lab: &mut Lab, p: &Plot) {
    let w = lab.w.clone();
    let host = w.esx.first().map_or(String::new(), |e| e.host.name.clone());
    lab.step(
        "vpxuser-drives",
        &host,
        "discovery",
        &["T1082", "T1083", "T1078", "T1078.001", "T1078.003", "T1673"],
        "vpxuser, which belongs to vCenter, makes seven API calls from another address",
    );
    let t = p.d[3] + HOUR;
    let from = if lab.rng.chance(50) { w.vpn.ip.clone() } else { w.desks.first().map_or(w.vpn.ip.clone(), |d| d.ip.clone()) };
    let agent = lab.rng.pick(&["pyvmomi Python/3.8.10 (Linux; 5.4.0; x86_64)", "Go-http-client/1.1", "govc/0.30.4"]);
    lab.api_session(0, t, t + 3 * MIN, ("vpxuser", &from, agent), 7, Some("vpxuser-drives!"));
    if let Some(e) = w.esx.first() {
        lab.tls(t - SEC, &Flow::tcp(&from, &e.host.ip, 443, "ssl", 3 * MIN, (9000, 88_000)), &e.fqdn, Some("vpxuser-drives"));
    }
    let via = if from == w.vpn.ip { "exploit" } else { "rdp" };
    lab.link(via, "vpxuser-drives", "interval", "address", &from);
    time(lab, "vpxuser-drives", t, t + 3 * MIN);
}

/// SSH switched on through vCenter, and a root session from the appliance.
pub fn ssh(lab: &mut Lab, p: &Plot) {
    let w = lab.w.clone();
    let host = p.rogue.first().and_then(|r| w.esx.get(r.esx)).map_or(String::new(), |e| e.host.name.clone());
    lab.step(
        "esx-ssh",
        &host,
        "lateral-movement",
        &["T1021.004", "T1021", "T1078", "T1078.003", "T1562.004"],
        "SSH switched on on hypervisors and used as root from the VPN appliance",
    );
    let down = w.down(&p.admin.login);
    for (n, rogue) in p.rogue.iter().enumerate() {
        let t = p.d[3] + 4 * HOUR + n as i64 * 40 * MIN;
        let op_id = lab.op_id();
        let op = Op { op_id: format!("{op_id}-01-4f-{:04x}", 0x2b10 + n), user: format!("vpxuser:{down}") };
        lab.vpxd_task(t, SEC, &op_id, &format!("host-{}", 10 + rogue.esx), "vim.host.ServiceSystem.start", Some("esx-ssh!"));
        lab.ssh_enable(rogue.esx, t + SEC, &op, Some("esx-ssh!"));
        lab.vc_event(t + 2 * SEC, "EventEx", &down, &w.datacenter, "SSH access has been enabled.", Some("esx-ssh"));
        lab.key("esx-ssh", "exact", "session", &op_id);
    }
    lab.link("create-lookalikes", "esx-ssh", "interval", "user", &p.admin.login);
    lab.link("exploit", "esx-ssh", "interval", "address", &w.vpn.ip);
    let t = p.d[3] + 4 * HOUR;
    time(lab, "esx-ssh", t, t + 3 * HOUR);
}

/// Files by sftp, then the machine's executor started by hand: no list of machines ever holds it.
pub fn rogues(lab: &mut Lab, p: &mut Plot) {
    let w = lab.w.clone();
    rogue_steps(lab, p);
    for (n, rogue) in p.rogue.clone().iter().enumerate() {
        let Some(e) = w.esx.get(rogue.esx) else { continue };
        let t = p.d[3] + 4 * HOUR + n as i64 * 40 * MIN + 3 * MIN;
        let vmx = rogue.seen.vmx.clone();
        let folder = vmx.rsplit_once('/').map_or("", |f| f.0);
        let pid = lab.ssh_session(rogue.esx, t, t + 25 * MIN, "root", &w.vpn.ip, Some("esx-ssh!"));
        lab.zeek_ssh(t - SEC, &w.vpn.ip, &e.host.ip, "SSH-2.0-paramiko_2.11.0", 25 * MIN, (2_600_000_000, 4_000_000), Some("rogue-upload"));
        let sshd = format!("sshd[{}]", pid - 5);
        lab.auth(rogue.esx, t + MIN, &sshd, "subsystem request for sftp by user root", Some("rogue-upload!"));
        lab.shell(rogue.esx, t + 2 * MIN, pid, "root", &format!("mkdir \"{folder}\""), Some("rogue-upload"));
        lab.shell(rogue.esx, t + 18 * MIN, pid, "root", &format!("ls -la \"{folder}\""), Some("rogue-upload"));
        let start = t + 19 * MIN;
        let command = format!("/bin/vmx -x {} 2>/dev/null 0>/dev/null &", acts::quoted(&vmx));
        lab.shell(rogue.esx, start, pid, "root", &command, Some("rogue-start!"));
        lab.vmx_start(rogue.esx, start + SEC, &rogue.seen, true, Some("rogue-start!"));
        lab.vmkernel(
            rogue.esx,
            start + 2 * SEC,
            &format!("World: vm {}: 7077: Starting world vmm0:{} of type 8", 2_101_900 + n, rogue.seen.name),
            Some("rogue-start"),
        );
        let boot = format!("/bin/vmx -x {} 2>/dev/null 0>/dev/null &", acts::quoted(&vmx));
        if n == 0 || lab.rng.chance(50) {
            lab.shell(rogue.esx, start + 3 * MIN, pid, "root", "vi /etc/rc.local.d/local.sh", Some("rogue-boot"));
            lab.shell(rogue.esx, start + 4 * MIN, pid, "root", "/sbin/auto-backup.sh", Some("rogue-boot"));
            p.changes.boot.push((rogue.esx, boot, Some("rogue-boot!")));
        }
        if !rogue.seen.running {
            lab.vmx_stop(rogue.esx, p.d[5] + 2 * HOUR, &rogue.seen, Some("rogue-start"));
        }
        p.changes.extra.push((rogue.esx, rogue.seen.clone()));
        let at = start + 2 * HOUR;
        lab.zeek_rdp(at, &w.vpn.ip, &rogue.ip, "root", 50 * MIN, (3_000_000, 60_000_000), Some("rogue-rdp!"));
        rogue_keys(lab, rogue);
    }
    rogue_links(lab, p);
}

fn rogue_steps(lab: &mut Lab, p: &Plot) {
    let w = lab.w.clone();
    let first = p.rogue.first().and_then(|r| w.esx.get(r.esx)).map_or(String::new(), |e| e.host.name.clone());
    lab.step(
        "rogue-upload",
        &first,
        "command-and-control",
        &["T1105", "T1570", "T1021.004", "T1564.006"],
        "a machine's files written to a datastore by sftp",
    );
    lab.step(
        "rogue-start",
        &first,
        "defense-evasion",
        &["T1564.006", "T1059.004", "T1059", "T1036.005", "T1578.002"],
        "machines started with /bin/vmx by hand, running but registered nowhere, with one foot inside and one outside",
    );
    lab.step(
        "rogue-boot",
        &first,
        "persistence",
        &["T1037.004", "T1037", "T1547", "T1564.006"],
        "a line in local.sh that starts the hidden machine with the host",
    );
    lab.step(
        "rogue-rdp",
        &w.vpn.name,
        "lateral-movement",
        &["T1021.001", "T1021"],
        "remote desktop from the appliance to the hidden machines",
    );
}

fn rogue_keys(lab: &mut Lab, rogue: &Rogue) {
    let w = lab.w.clone();
    let (seen, vmx) = (&rogue.seen, rogue.seen.vmx.clone());
    lab.key("rogue-rdp", "interval", "address", &rogue.ip);
    lab.key("rogue-start", "exact", "file", &vmx);
    for id in ["rogue-start", "rogue-upload", "rogue-boot"] {
        lab.key(id, "exact", "vm", &seen.name);
    }
    let host = w.esx.get(rogue.esx).map_or(String::new(), |e| e.host.name.clone());
    let uuid = crate::world::spaced(&seen.uuid);
    lab.truth.hidden_vms.push(HiddenVm { name: seen.name.clone(), host, uuid, path: vmx, running: seen.running });
}

fn rogue_links(lab: &mut Lab, p: &Plot) {
    let w = lab.w.clone();
    let vmx = p.rogue.first().map_or(String::new(), |r| r.seen.vmx.clone());
    lab.link("esx-ssh", "rogue-upload", "interval", "user", "root");
    lab.link("esx-ssh", "rogue-start", "interval", "user", "root");
    lab.link("rogue-start", "rogue-boot", "exact", "file", &vmx);
    lab.link("exploit", "rogue-rdp", "interval", "address", &w.vpn.ip);
    let t = p.d[3] + 4 * HOUR;
    for id in ["rogue-upload", "rogue-start", "rogue-boot"] {
        time(lab, id, t, t + 3 * HOUR);
    }
    time(lab, "rogue-rdp", t + 2 * HOUR, t + 5 * HOUR);
}

/// The backdoor on vCenter's box: two ways to start with it.
pub fn boot(lab: &mut Lab, p: &Plot) {
    let w = lab.w.clone();
    lab.step(
        "backdoor-boot",
        &w.vcsa.name,
        "persistence",
        &["T1037", "T1037.004", "T1036.005", "T1543", "T1059.004"],
        "a boot script and a line in rc.local of the vCenter appliance that start a program from an odd place",
    );
    let t = p.d[3] + 9 * HOUR;
    let place = lab.rng.pick(&["/mnt/cpt/tmpd", "/bin/httpd", "/var/opt/stated", "/usr/lib/vmware-vmon/vmond2"]);
    let init = format!("/etc/init.d/{}", p.init);
    let script = format!(
        "#!/bin/sh\n### BEGIN INIT INFO\n# Provides: {}\n# Default-Start: 3 5\n### END INIT INFO\n{place} >/dev/null 2>&1 &\n",
        p.init
    );
    let run = format!("{place} >/dev/null 2>&1 &");
    lab.vcsa_boot(init.trim_start_matches('/'), &script, &[("backdoor-boot!", run.as_str())]);
    let rc = format!("{place} &");
    lab.vcsa_boot(
        "etc/rc.d/rc.local",
        &format!("#!/bin/sh\n# rc.local of the appliance\n{rc}\nexit 0\n"),
        &[("backdoor-boot!", rc.as_str())],
    );
    lab.vcsa_exec(t, ("root", 0), "/usr/bin/chmod", &["chmod", "755", &init, place], "/tmp", Some("backdoor-boot!"));
    lab.vcsa_exec(t + 20 * SEC, ("root", 0), place, &[place], "/", Some("backdoor-boot!"));
    lab.bodyfile(
        &w.vcsa.name.clone(),
        &[
            ("/usr/lib/vmware-vpx/vpxd", 0, 88_120_004, p.d[0] - 200 * DAY, None),
            (&init, 0, 214, t, Some("backdoor-boot")),
            (place, 0, 4_712_448, t, Some("backdoor-boot")),
        ],
    );
    lab.key("backdoor-boot", "interval", "host", &w.vcsa.name);
    lab.key("backdoor-boot", "exact", "file", place);
    time(lab, "backdoor-boot", t, t + MIN);
}

/// Regular calls home with jitter, from vCenter and from the hidden machines.
pub fn beacons(lab: &mut Lab, p: &Plot) {
    let w = lab.w.clone();
    lab.step(
        "c2",
        &w.vcsa.name,
        "command-and-control",
        &["T1071.001", "T1071", "T1071.004", "T1573", "T1573.002", "T1102", "T1568", "T1090", "T1583.006"],
        "regular calls to a name on a serverless platform, from boxes that should be quiet",
    );
    let slow = if lab.opt.pace == Pace::Week { 3 } else { 1 };
    let period = lab.rng.range(18, 55) * MIN * slow;
    let (from, to) = (p.d[3] + 10 * HOUR, if lab.opt.pace == Pace::Week { lab.end - 2 * HOUR } else { p.d[3] + 30 * DAY });
    let sources: Vec<String> = [w.vcsa.ip.clone()].into_iter().chain(p.rogue.iter().map(|r| r.ip.clone())).collect();
    for src in &sources {
        let mut t = from + lab.rng.range(0, 20) * MIN;
        let mut n = 0;
        while t < to {
            if n % 8 == 0 {
                lab.dns(t - SEC, src, &p.c2_domain, &p.c2_ip, Some("c2!"));
            }
            let bytes = (900 + lab.rng.below(400), 500 + lab.rng.below(300));
            let took = lab.rng.range(1, 9) * SEC;
            lab.tls(t, &Flow::tcp(src, &p.c2_ip, 443, "ssl", took, bytes), &p.c2_domain, Some("c2!"));
            lab.bytes_out += bytes.0;
            t += period + lab.rng.range(-(period / 8), period / 8);
            n += 1;
        }
        lab.key("c2", "interval", "address", src);
    }
    lab.key("c2", "interval", "host", &w.vcsa.name);
    lab.key("c2", "interval", "address", &p.c2_ip);
    lab.key("c2", "interval", "domain", &p.c2_domain);
    lab.link("backdoor-boot", "c2", "interval", "host", &w.vcsa.name);
    time(lab, "c2", from, to);
}

/// A page in the web client's folders that answers only to one, and a tunnel that it starts.
pub fn jsp(lab: &mut Lab, p: &Plot) {
    let w = lab.w.clone();
    lab.step(
        "web-shell-vcenter",
        &w.vcsa.name,
        "persistence",
        &["T1505.003"],
        "requests to a JSP page under the web client's static files",
    );
    lab.step(
        "python-tunnel",
        &w.vcsa.name,
        "execution",
        &["T1059.006", "T1059", "T1059.004", "T1572", "T1090", "T1090.001", "T1021.004"],
        "a Python script from /tmp, started by the web client's account, that carries SSH to the hypervisors",
    );
    let t = p.d[3] + 12 * HOUR;
    for n in 0..5 {
        let at = t + n * 3 * MIN + lab.rng.range(0, 60) * SEC;
        let web = Web {
            client: &p.vc_from,
            method: if n == 0 { "GET" } else { "POST" },
            path: &p.jsp,
            status: 200,
            bytes: 40 + lab.rng.below(600),
            sent: 900,
        };
        lab.ui(at, &web, Some("web-shell-vcenter!"));
    }
    let file = format!("/usr/lib/vmware-vsphere-ui/server/work{}", p.jsp.trim_start_matches("/ui"));
    let host = w.vcsa.name.clone();
    lab.bodyfile(&host, &[(&file, 1016, 501, t - 10 * MIN, Some("web-shell-vcenter!"))]);
    lab.link("exploit", "web-shell-vcenter", "interval", "address", &p.vc_from);
    lab.key("web-shell-vcenter", "interval", "host", &w.vcsa.name);
    time(lab, "web-shell-vcenter", t, t + 15 * MIN);
    tunnel(lab, p, t + 20 * MIN);
}

fn tunnel(lab: &mut Lab, p: &Plot, at: i64) {
    let w = lab.w.clone();
    let host = w.vcsa.name.clone();
    let script = format!("/tmp/{}", p.tool);
    const RUN: Mark = Some("python-tunnel!");
    lab.vcsa_exec(
        at,
        ("vsphere-ui", 1016),
        "/bin/sh",
        &["sh", "-c", &format!("python {script} -l 127.0.0.1:8090")],
        "/usr/lib/vmware-vsphere-ui/server",
        RUN,
    );
    lab.vcsa_exec(at + SEC, ("vsphere-ui", 1016), "/usr/bin/python3.7", &["python", &script, "-l", "127.0.0.1:8090"], "/tmp", RUN);
    lab.bodyfile(&host, &[(&script, 1016, 7712, at - 5 * MIN, Some("python-tunnel"))]);
    for (n, rogue) in p.rogue.iter().enumerate() {
        let Some(e) = w.esx.get(rogue.esx) else { continue };
        lab.zeek_ssh(
            at + (n as i64 + 1) * MIN,
            &w.vcsa.ip,
            &e.host.ip,
            "SSH-2.0-OpenSSH_7.8",
            9 * MIN,
            (30_000, 60_000),
            Some("python-tunnel"),
        );
        lab.ssh_session(rogue.esx, at + (n as i64 + 1) * MIN + SEC, at + (n as i64 + 10) * MIN, "root", &w.vcsa.ip, Some("python-tunnel"));
    }
    lab.link("web-shell-vcenter", "python-tunnel", "interval", "host", &w.vcsa.name);
    lab.key("python-tunnel", "interval", "address", &w.vcsa.ip);
    time(lab, "python-tunnel", at, at + 20 * MIN);
}
