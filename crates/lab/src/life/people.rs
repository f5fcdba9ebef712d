//! People at work: VPN sessions, remote desktops, shares, administration.

use crate::ctx::Lab;
use crate::life::{anytime, local_hour};
use crate::when::{self, HOUR, MIN, SEC, T};
use crate::world::{Host, User};
use crate::write::vcenter::Web;
use crate::write::windows::Logon;
use crate::write::zeek::Flow;

const SHARES: &[&str] = &["Projects", "Department", "Software", "Templates"];
const FILES: &[&str] = &[
    "2023\\plan.xlsx",
    "minutes\\weekly.docx",
    "data\\run-118.csv",
    "drafts\\review.pptx",
    "readme.txt",
    "budget\\q4.xlsx",
    "cad\\frame.dwg",
];
const SERVICES: &[&str] = &[
    "Windows Update",
    "Background Intelligent Transfer Service",
    "WMI Performance Adapter",
    "Software Protection",
    "Windows Modules Installer",
];

/// Remote workers of one day.
pub fn vpn(lab: &mut Lab, day: T) {
    let w = lab.w.clone();
    let copies = (lab.opt.scale.max(1.0) as usize).clamp(1, 40);
    for round in 0..copies {
        for (n, user) in w.users.iter().enumerate() {
            let (_, workday) = when::office(day + 12 * HOUR, &w.zone);
            if !lab.rng.chance(if workday { 80 } else { 8 }) {
                continue;
            }
            let login = local_hour(lab, day, user.hour + (round as i64 % 3));
            let inner = format!("{}.{}", w.pool, 20 + (n * 11 + (day / when::DAY) as usize * 3 + round) % 220);
            session(lab, login, user, &inner);
        }
    }
}

fn session(lab: &mut Lab, login: T, user: &User, inner: &str) {
    let w = lab.w.clone();
    if lab.rng.chance(7) {
        lab.ics_failed(login - 40 * SEC, user, &user.home, None);
    }
    let s = lab.ics_login(login, user, &user.home, inner, None);
    let hours = lab.rng.range(2, 9);
    let end = login + hours * HOUR + lab.rng.range(0, 50) * MIN;
    let (up, down) = (3_000_000 + lab.rng.below(60_000_000), 20_000_000 + lab.rng.below(600_000_000));
    lab.tls(login - 5 * SEC, &Flow::tcp(&user.home, &w.vpn.ip, 443, "ssl", end - login, (up, down)), &format!("remote.{}", w.domain), None);
    if let Some(desk) = w.desks.get(user.desk) {
        desk_day(lab, login + 3 * MIN, end - 5 * MIN, user, desk, inner);
    }
    if hours > 4 && lab.rng.chance(30) {
        // The laptop sleeps over lunch and comes back from the same place.
        let back = login + 3 * HOUR;
        let text = format!("Session resumed from user agent '{}'.", s.agent);
        lab.ics_in(back, &s, "EAM24460", "auth", text, None);
        lab.ics_tunnel(back + 2 * SEC, &s, None);
    }
    lab.ics_logout(end, &s, None);
}

/// A remote desktop day on a machine, with shares opened from it.
fn desk_day(lab: &mut Lab, from: T, to: T, user: &User, desk: &Host, inner: &str) {
    let w = lab.w.clone();
    let open = lab.rdp(desk, from, user, inner, &user.pc, None);
    let bytes = (2_000_000 + lab.rng.below(9_000_000), 30_000_000 + lab.rng.below(200_000_000));
    lab.zeek_rdp(from - SEC, inner, &desk.ip, &user.login, to - from, bytes, None);
    for _ in 0..lab.rng.range(1, 3) {
        let at = from + lab.rng.range(5, 90) * MIN;
        shares(lab, at, user, &desk.ip, &desk.name);
    }
    if lab.rng.chance(40) {
        lab.process(
            desk,
            from + 4 * MIN,
            user,
            &open.0,
            "C:\\Program Files\\Microsoft Office\\root\\Office16\\EXCEL.EXE",
            "\"EXCEL.EXE\" /dde",
            "C:\\Windows\\explorer.exe",
            None,
        );
    }
    lab.rdp_end(desk, to, user, &open, inner, None);
    let _ = w;
}

fn shares(lab: &mut Lab, at: T, user: &User, from: &str, station: &str) {
    let w = lab.w.clone();
    let id = lab.next_logon();
    let l = Logon { user, kind: 3, from, station, id };
    lab.logon(&w.fs, at, &l, None);
    let share = lab.rng.pick(SHARES);
    lab.share(&w.fs, at + SEC, &l, share, None, None);
    for n in 0..lab.rng.range(1, 4) {
        let file = lab.rng.pick(FILES);
        lab.share(&w.fs, at + (2 + n) * SEC, &l, share, Some(file), None);
    }
    lab.logoff(&w.fs, at + 10 * MIN, &l, None);
}

/// Administrators in the web client, from their own machine.
pub fn admins(lab: &mut Lab, day: T) {
    let w = lab.w.clone();
    let (_, workday) = when::office(day + 12 * HOUR, &w.zone);
    if !workday {
        return;
    }
    for user in w.users.iter().filter(|u| u.admin) {
        if !lab.rng.chance(60) {
            continue;
        }
        let Some(desk) = w.desks.get(user.desk) else { continue };
        let at = local_hour(lab, day, user.hour + 2);
        ui_session(lab, at, user, &desk.ip);
    }
}

fn ui_session(lab: &mut Lab, at: T, user: &User, client: &str) {
    let w = lab.w.clone();
    if lab.rng.chance(8) {
        lab.vc_failed(at - 20 * SEC, &w.upn(&user.login), client, None);
    }
    lab.vc_login(at, &w.upn(&user.login), &w.down(&user.login), client, None);
    let pages = [
        "/ui/list/listOptions/vsphere.core.vm.list?objectId=urn:vmomi:Datacenter:datacenter-2",
        "/ui/actionsService/actions",
        "/ui/tree/children",
        "/ui/resources/ui/images/logo.svg",
    ];
    for n in 0..lab.rng.range(3, 7) {
        let path = lab.rng.pick(&pages);
        let bytes = 900 + lab.rng.below(9000);
        let web = Web { client, method: if path.contains("actions") { "POST" } else { "GET" }, path, status: 200, bytes, sent: 700 };
        lab.ui(at + (n + 2) * 7 * SEC, &web, None);
    }
    let out = at + lab.rng.range(10, 80) * MIN;
    lab.tls(at - 3 * SEC, &Flow::tcp(client, &w.vcsa.ip, 443, "ssl", out - at, (400_000, 3_000_000)), &w.vcsa_fqdn, None);
    lab.sso(out, &w.upn(&user.login), client, "Logout", &format!("User {}@{client} logged out", w.upn(&user.login)), None);
    let calls = 40 + lab.rng.below(900);
    lab.vc_logout(out + SEC, at + SEC, &w.down(&user.login), "127.0.0.1", calls, "VMware vim-java 1.0", None);
}

/// What servers do by themselves.
pub fn servers(lab: &mut Lab, day: T) {
    let w = lab.w.clone();
    let hosts: Vec<&Host> = w.desks.iter().chain([&w.dc, &w.fs]).collect();
    for host in hosts {
        let times = lab.rng.about(6.0 * lab.opt.scale);
        for _ in 0..times {
            let at = anytime(lab, day);
            let service = lab.rng.pick(SERVICES);
            lab.service_state(host, at, service, "running");
            lab.service_state(host, at + 4 * MIN, service, "stopped");
        }
        if lab.rng.chance(20)
            && let Some(user) = lab.rng.one(&w.users).cloned()
        {
            let at = anytime(lab, day);
            lab.logon_failed(host, at, &user.login, &host.ip, &host.name, None);
        }
    }
    let logons = lab.rng.about(8.0 * lab.opt.scale);
    for _ in 0..logons {
        let (Some(user), Some(desk)) = (lab.rng.one(&w.users).cloned(), lab.rng.one(&w.desks).cloned()) else { continue };
        let at = anytime(lab, day);
        let id = lab.next_logon();
        let l = Logon { user: &user, kind: 3, from: &desk.ip, station: &desk.name, id };
        lab.logon(&w.dc, at, &l, None);
        lab.logoff(&w.dc, at + 30 * SEC, &l, None);
    }
}
