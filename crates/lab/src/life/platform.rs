//! Boxes by themselves: vCenter, hypervisors, the VPN appliance.

use crate::ctx::Lab;
use crate::life::anytime;
use crate::when::{DAY, HOUR, MIN, SEC, T};
use crate::write::esxi::Op;
use crate::write::vcenter::Web;

const AGENT: &str = "VMware-client/6.5.0";

/// vCenter's own day: service sessions, polls, power operations, password rotation of vpxuser.
pub fn vcenter(lab: &mut Lab, day: T) {
    let w = lab.w.clone();
    let polls = lab.rng.about(20.0 * lab.opt.scale);
    for _ in 0..polls {
        let at = anytime(lab, day);
        let op = lab.rng.hex(8);
        let lro = 800_000 + lab.rng.below(90_000);
        let (a, b) = (lab.rng.uuid(), lab.rng.uuid());
        let text = format!("[VpxLRO] -- BEGIN lro-{lro} -- SessionManager -- vim.SessionManager.sessionIsActive -- {a}({b})");
        lab.vpxd(at, "vpxLro", &op, &text, None);
        lab.vpxd(at + 1000, "vpxLro", &op, &format!("[VpxLRO] -- FINISH lro-{lro}"), None);
    }
    let extension = format!("VSPHERE.LOCAL\\vpxd-extension-{}", fixed_uuid(w.seed));
    let sessions = lab.rng.about(6.0 * lab.opt.scale);
    for _ in 0..sessions {
        let at = anytime(lab, day);
        let ip = w.vcsa.ip.clone();
        lab.vc_event(at, "UserLoginSessionEvent", &extension, "", &format!("User {extension}@{ip} logged in as VMware vim-java 1.0"), None);
        let calls = 1 + lab.rng.below(60);
        lab.vc_logout(at + 5 * MIN, at, &extension, &ip, calls, "VMware vim-java 1.0", None);
        let web = Web { client: &ip, method: "POST", path: "/sdk", status: 200, bytes: 1032, sent: 670 };
        lab.envoy(at, &web, "8085", None);
    }
    if lab.rng.chance(60) {
        power_cycle(lab, day);
    }
    for (n, e) in w.esx.iter().enumerate() {
        if (day / DAY + n as i64) % 30 == 7 {
            let text = format!("Password was changed for account vpxuser on host {}", e.fqdn);
            lab.vc_event(day + 3 * HOUR + n as T * SEC, "HostUserAccountEvent", "", &w.datacenter, &text, None);
            lab.hostd_event(
                n,
                day + 3 * HOUR + n as T * SEC,
                &Op { op_id: String::new(), user: "vpxuser".to_owned() },
                "Password was changed for account vpxuser on host localhost.localdomain",
                None,
            );
        }
    }
    let text = "Hardware Sensor Status: Processor Green, Memory Green, Fan Green, Voltage Green, Temperature Green, Power Green, System Board Green, Battery Green, Storage Green, Other Green";
    for hour in [1, 9, 17] {
        lab.vc_event(day + hour * HOUR, "EventEx", "System", &w.datacenter, text, None);
    }
}

fn fixed_uuid(seed: u64) -> String {
    crate::rng::Rng::new(seed, "extension").uuid()
}

/// An ordinary machine is stopped and started through vCenter by an administrator.
fn power_cycle(lab: &mut Lab, day: T) {
    let w = lab.w.clone();
    let pick = lab.rng.below(5) as usize;
    let Some(vm) = w.vms.iter().rev().filter(|v| v.on).nth(pick) else { return };
    let Some(user) = w.users.iter().find(|u| u.admin) else { return };
    let (at, op_id) = (crate::life::local_hour(lab, day, user.hour + 3), lab.op_id());
    let Some(e) = w.esx.get(vm.esx) else { return };
    let down = w.down(&user.login);
    for (n, (on, method, kind, word)) in
        [(false, "powerOff", "VmPoweredOffEvent", "off"), (true, "powerOn", "VmPoweredOnEvent", "on")].iter().enumerate()
    {
        let t = at + n as T * 4 * MIN;
        let op_id = format!("{op_id}-{n}");
        lab.vpxd_task(t, 5 * SEC, &op_id, &format!("vm-{}", 1000 + vm.vmid), &format!("vim.VirtualMachine.{method}"), None);
        let op = Op { op_id: format!("{op_id}-01-{:02x}-{:04x}", vm.vmid, 0x4a00 + vm.vmid), user: format!("vpxuser:{down}") };
        lab.vm_power(vm.esx, t + SEC, &op, &vm.name, &vm.vmx(), *on, None);
        lab.vc_event(
            t + 4 * SEC,
            kind,
            &down,
            &w.datacenter,
            &format!("{} on  {} in {} is powered {word}", vm.name, e.fqdn, w.datacenter),
            None,
        );
        let seen = crate::write::esx_files::Seen::of(vm, "VM Network");
        if *on {
            lab.vmx_start(vm.esx, t + SEC, &seen, false, None);
        } else {
            lab.vmx_stop(vm.esx, t + 3 * SEC, &seen, None);
        }
    }
}

/// A hypervisor's own day.
pub fn esxi(lab: &mut Lab, day: T) {
    let w = lab.w.clone();
    for n in 0..w.esx.len() {
        let sessions = lab.rng.about(10.0 * lab.opt.scale);
        for _ in 0..sessions {
            let at = anytime(lab, day);
            let took = lab.rng.range(1, 40) * MIN;
            let calls = 1 + lab.rng.below(30);
            lab.api_session(n, at, at + took, ("vpxuser", &w.vcsa.ip, AGENT), calls, None);
        }
        heartbeats(lab, day, n);
        kernel_noise(lab, day, n);
        if lab.rng.chance(50) {
            let at = anytime(lab, day);
            lab.vobd(n, at, "vob.scsi.scsipath.por", "Power-on Reset occurred on vmhba64:C0:T3:L0", None);
        }
    }
}

/// Signs of life of a host, every hour.
fn heartbeats(lab: &mut Lab, day: T, n: usize) {
    let w = lab.w.clone();
    for hour in 0..24 {
        let at = day + hour * HOUR + lab.rng.range(0, 50) * SEC;
        let up = (at - w.esx.get(n).map_or(0, |e| e.boot)) / SEC;
        let text = format!(
            "up {}d{}h{}m{}s, {} VMs; [[2097999 vmx 4194304kB]] []",
            up / 86_400,
            up / 3600 % 24,
            up / 60 % 60,
            up % 60,
            w.vms.len() / w.esx.len()
        );
        lab.esx_syslog(n, at, "heartbeat", &text, None);
        lab.esx_syslog(
            n,
            at + SEC,
            &format!("crond[{}]", 2_098_000 + n),
            "USER root pid 9919303 cmd /bin/hostd-probe.sh ++group=host/vim/vmvisor/hostd-probe/stats/sh",
            None,
        );
        if hour % 4 == 0 {
            lab.hostd(
                n,
                at + 2 * SEC,
                "Snmpsvc",
                &Op::default(),
                "PublishReport: file /tmp/.vm-report.xml published as /tmp/vm-report.xml",
                None,
            );
        }
    }
}

fn kernel_noise(lab: &mut Lab, day: T, n: usize) {
    let noise = lab.rng.about(14.0 * lab.opt.scale);
    for _ in 0..noise {
        let at = anytime(lab, day);
        let device = lab.rng.hex(12);
        let text = match lab.rng.below(3) {
            0 => format!(
                "NMP: nmp_ThrottleLogForDevice:3861: Cmd 0x85 (0x45b{device}, 2099321) to dev \"naa.6{device}\" on path \"vmhba0:C2:T0:L0\" Failed"
            ),
            1 => format!(
                "ScsiDeviceIO: 4124: Cmd(0x45b{device}) 0x1a, CmdSN 0x{} from world 0 to dev \"naa.6{device}\" failed H:0x0 D:0x2 P:0x0",
                lab.rng.hex(4)
            ),
            _ => "DVFilter: 6054: Checking disconnected filters for timeouts".to_owned(),
        };
        lab.vmkernel(n, at, &text, None);
    }
}

/// The VPN appliance's own day: statistics, integrity scans, requests, process snapshots.
pub fn appliance(lab: &mut Lab, day: T) {
    for hour in (0..24).step_by(2) {
        let shards: Vec<String> = (0..16).map(|s| format!("{s:x}:{}%", 1 + lab.rng.below(3))).collect();
        let at = day + hour * HOUR + lab.rng.range(0, 30) * SEC;
        lab.ics_system(at, "SYS32083", format!("LMDB shards usage stats shard: {}   ", shards.join("   ")), None);
    }
    if !lab.opt.faults.iter().any(|f| f == "no-scan") {
        let at = day + 2 * HOUR + lab.rng.range(0, 300) * SEC;
        lab.ics_scan(at, 0, 0, None);
    }
    requests(lab, day);
    for hour in [0, 6, 12, 18] {
        let at = day + hour * HOUR + lab.rng.range(0, 500) * SEC;
        lab.uwsgi(at, "config_rest_server.log", ("GET", "/api/v1/system/system-information"), 412, 38, 200, None);
        lab.nodemon(at + 90 * SEC, &[]);
    }
    let noise = lab.rng.about(10.0 * lab.opt.scale);
    for _ in 0..noise {
        let at = anytime(lab, day);
        lab.dlog_noise(at);
    }
    if lab.rng.chance(25) {
        admin_login(lab, day);
    }
}

/// What strangers and clients ask of the appliance.
fn requests(lab: &mut Lab, day: T) {
    let w = lab.w.clone();
    let probes = lab.rng.about(4.0 * lab.opt.scale);
    for _ in 0..probes {
        let at = anytime(lab, day);
        let src = lab.rng.one(&w.scanners).cloned().unwrap_or_default();
        let url = lab.rng.pick(&[
            "/",
            "/robots.txt",
            "/favicon.ico",
            "/.env",
            "/wp-login.php",
            "/remote/login",
            "/dana-na/auth/url_default/welcome.cgi",
            "/dana/js?prot=1&svc=4",
        ]);
        lab.ics_unauthenticated(at, &src, url, None);
    }
    let requests = lab.rng.about(12.0 * lab.opt.scale);
    for _ in 0..requests {
        let at = anytime(lab, day);
        let path =
            lab.rng.pick(&["/api/v1/cav/client/status", "/api/v1/cav/client/check_password_expiry", "/api/v1/cav/client/auth_token"]);
        let (bytes, took) = (60 + lab.rng.below(300), 1 + lab.rng.below(40));
        lab.uwsgi(at, "cav_webserv.log", ("GET", path), bytes, took, 200, None);
    }
}

/// Somebody in the appliance's administration.
fn admin_login(lab: &mut Lab, day: T) {
    let w = lab.w.clone();
    if let Some(admin) = w.users.iter().find(|u| u.admin).cloned()
        && let Some(desk) = w.desks.get(admin.desk)
    {
        let at = crate::life::local_hour(lab, day, admin.hour + 1);
        let text = format!("Primary authentication successful for admin/Admin Users from {}", desk.ip);
        let line = crate::write::ics::Line {
            user: "admin",
            realm: "Admin Users",
            src: &desk.ip,
            proto: "auth",
            code: "AUT30684",
            text,
            ..Default::default()
        };
        lab.ics(at, &line, None);
        let text = format!("Login succeeded for admin/Admin Users from {}", desk.ip);
        lab.ics(at + SEC, &crate::write::ics::Line { code: "ADM22668", text, ..line }, None);
    }
}
