//! insider: an employee with every right, at odd hours: folders of others, a machine's disk downloaded, an upload to a private store.

use crate::cases::acts::time;
use crate::cases::still::{self, Changes};
use crate::ctx::Lab;
use crate::life;
use crate::when::{DAY, HOUR, MIN, SEC, T};
use crate::write::vcenter::Web;
use crate::write::windows::Logon;
use crate::write::zeek::Flow;

pub fn plot(lab: &mut Lab) {
    lab.truth.intrusion = true;
    lab.truth.entry = "insider".to_owned();
    let mut w = (*lab.w).clone();
    let store = w.external();
    lab.w = std::sync::Arc::new(w);
    let zero = lab.end - 20 * DAY;
    steps(lab);
    for (n, round) in [0_i64, 2, 5].iter().enumerate() {
        night(lab, zero + round * DAY, n, &store);
    }
    disk(lab, zero + 5 * DAY);
    still::collect(lab, &Changes::default());
    let scope = &mut lab.truth.scope;
    scope.bytes_out_at_least = lab.bytes_out;
    scope.bytes_out_at_most = lab.bytes_out + lab.bytes_out / 20;
}

/// Declared once; every night adds lines.
fn steps(lab: &mut Lab) {
    let w = lab.w.clone();
    let Some(desk) = w.users.get(1).and_then(|u| w.desks.get(u.desk)) else { return };
    lab.step(
        "night-login",
        &w.vpn.name,
        "initial-access",
        &["T1078", "T1078.002", "T1133"],
        "an employee logs in at night, three times in a week, from the usual place",
    );
    lab.optional("night-login");
    lab.step(
        "mass-read",
        &w.fs.name,
        "collection",
        &["T1039", "T1005", "T1119", "T1213", "T1083", "T1135"],
        "hundreds of files read in folders of other departments",
    );
    lab.step("pack", &desk.name, "collection", &["T1560", "T1560.001", "T1074", "T1074.001"], "the files packed with a password");
    lab.step("upload", &desk.name, "exfiltration", &["T1567", "T1567.002", "T1048", "T1041", "T1052"], "gigabytes to a private file store");
}

/// Logged in properly, from home, on the own laptop: only hour, folders and amounts are unusual.
fn night(lab: &mut Lab, day: T, n: usize, store: &str) {
    let w = lab.w.clone();
    let Some(user) = w.users.get(1).cloned() else { return };
    let Some(desk) = w.desks.get(user.desk).cloned() else { return };
    let t = life::local_hour(lab, day, 25);
    let inner = format!("{}.{}", w.pool, 30 + n);
    let s = lab.ics_login(t, &user, &user.home, &inner, Some("night-login"));
    let open = lab.rdp(&desk, t + 3 * MIN, &user, &inner, &user.pc, Some("night-login"));
    lab.zeek_rdp(t + 3 * MIN - SEC, &inner, &desk.ip, &user.login, 3 * HOUR, (4_000_000, 70_000_000), Some("night-login"));
    let id = lab.next_logon();
    let l = Logon { user: &user, kind: 3, from: &desk.ip, station: &desk.name, id };
    lab.logon(&w.fs, t + 10 * MIN, &l, Some("mass-read"));
    for share in ["HR", "Finance", "Proposals"] {
        lab.share(&w.fs, t + 10 * MIN + SEC, &l, share, None, Some("mass-read!"));
        for m in 0..60 {
            let file = format!("{}\\{}.xlsx", lab.rng.letters(5), lab.rng.letters(9));
            lab.share(&w.fs, t + 10 * MIN + (m + 2) * 4 * SEC, &l, share, Some(&file), Some("mass-read!"));
        }
    }
    lab.logoff(&w.fs, t + 30 * MIN, &l, Some("mass-read"));
    let archive = format!("C:\\Users\\{}\\Documents\\holiday{n}.7z", user.login);
    lab.process(
        &desk,
        t + 40 * MIN,
        &user,
        &open.0,
        "C:\\Program Files\\7-Zip\\7z.exe",
        &format!("7z a -p -mhe=on {archive} D:\\work"),
        "C:\\Windows\\explorer.exe",
        Some("pack!"),
    );
    lab.file_created(&desk, t + 44 * MIN, &user, "C:\\Program Files\\7-Zip\\7z.exe", &archive, Some("pack!"));
    let bytes = 900_000_000 + lab.rng.below(900_000_000);
    lab.dns(t + 50 * MIN - SEC, &desk.ip, "drop.privatecloud.example", store, Some("upload"));
    lab.tls(
        t + 50 * MIN,
        &Flow::tcp(&desk.ip, store, 443, "ssl", 30 * MIN, (bytes, bytes / 500)),
        "drop.privatecloud.example",
        Some("upload!"),
    );
    lab.bytes_out += bytes;
    lab.rdp_end(&desk, t + 2 * HOUR, &user, &open, &inner, Some("night-login"));
    lab.ics_logout(t + 2 * HOUR + MIN, &s, Some("night-login"));
    if n == 0 {
        lab.link("night-login", "mass-read", "interval", "user", &user.login);
        lab.link("night-login", "pack", "exact", "session", &open.0);
        lab.link("pack", "upload", "interval", "address", &desk.ip);
        lab.key("night-login", "interval", "address", &inner);
        for id in ["night-login", "mass-read", "pack", "upload"] {
            time(lab, id, t, t + 5 * DAY);
        }
    } else {
        lab.key("night-login", "exact", "session", &open.0);
        lab.key("pack", "exact", "session", &open.0);
    }
}

/// The disk of the file server's machine fetched through the datastore browser.
fn disk(lab: &mut Lab, day: T) {
    let w = lab.w.clone();
    let (Some(user), Some(vm)) = (w.users.get(1).cloned(), w.vms.iter().find(|v| v.name == w.fs.name).cloned()) else { return };
    let Some(desk) = w.desks.get(user.desk).cloned() else { return };
    lab.step(
        "disk-download",
        &w.vcsa.name,
        "collection",
        &["T1005", "T1213", "T1530", "T1039", "T1006"],
        "a machine's disk downloaded from a datastore",
    );
    let t = life::local_hour(lab, day, 26);
    let (upn, down) = (w.upn(&user.login), w.down(&user.login));
    lab.vc_login(t - 5 * MIN, &upn, &down, &desk.ip, Some("disk-download"));
    let path = format!("/folder/{}/{}-flat.vmdk?dcPath={}&dsName={}", vm.name, vm.name, w.datacenter.replace(' ', "%20"), vm.label);
    let web = Web { client: &desk.ip, method: "GET", path: &path, status: 200, bytes: 42_949_672_960, sent: 900 };
    lab.envoy(t, &web, "8085", Some("disk-download!"));
    lab.tls(t, &Flow::tcp(&desk.ip, &w.vcsa.ip, 443, "ssl", 80 * MIN, (2_000_000, 42_949_672_960)), &w.vcsa_fqdn, Some("disk-download"));
    lab.link("night-login", "disk-download", "interval", "user", &user.login);
    lab.key("disk-download", "interval", "address", &desk.ip);
    time(lab, "disk-download", t, t + 80 * MIN);
}
