//! nerve: the dated actions of the public record of 2023-12-31 to April 2024, in a made-up organisation.

mod desktops;
mod entry;
mod hypervisor;
mod theft;
mod vcenter;

use crate::cases::still::{self, Changes};
use crate::ctx::{Lab, Pace};
use crate::life::{self, traps};
use crate::when::{self, DAY, HOUR, MIN, T};
use crate::world::User;
use crate::write::esx_files::Seen;
use crate::write::ics::Session;
pub use entry::time;

/// A machine of the intruder on a hypervisor.
#[derive(Clone, Debug)]
pub struct Rogue {
    pub esx: usize,
    pub seen: Seen,
    /// Its address on the inner side.
    pub ip: String,
}

/// Who and what of this seed.
pub struct Plot {
    /// Days of: entry, desktops, vCenter, hypervisors, second shell, third shell, the late attempt.
    pub d: [T; 7],
    pub exploit_from: String,
    pub session_from: String,
    pub shell_from: String,
    pub c2_domain: String,
    pub c2_ip: String,
    pub drop_ip: String,
    pub admin: User,
    pub plain: User,
    pub agent: String,
    pub station: String,
    pub rogue: Vec<Rogue>,
    /// The hijacked administrator's session.
    pub held: Option<Session>,
    /// From where vCenter is reached.
    pub vc_from: String,
    pub tool: String,
    pub jsp: String,
    pub init: String,
    pub changes: Changes,
}

impl Plot {
    fn make(lab: &mut Lab) -> Option<Self> {
        let mut w = (*lab.w).clone();
        let offsets: [i64; 7] = if lab.opt.pace == Pace::Week { [0, 1, 2, 3, 4, 5, 6] } else { [0, 4, 5, 7, 11, 19, 40] };
        let zero = if lab.opt.pace == Pace::Week { lab.end - 7 * DAY } else { lab.end - 100 * DAY };
        let word = lab.rng.pick(&["update", "log", "sync", "cdn", "metrics"]);
        let parent = format!("{}{}", lab.rng.letters(5), lab.rng.range(1, 99));
        let zone = lab.rng.pick(&["workers.example", "fn-edge.example", "pages-cdn.example"]);
        let mut admins = w.users.iter().filter(|u| u.admin);
        let admin = admins.next()?.clone();
        let plain = w.users.iter().find(|u| !u.admin)?.clone();
        let plot = Self {
            d: offsets.map(|o| zero + o * DAY + lab.rng.range(0, 50 * MIN)),
            exploit_from: w.external(),
            session_from: w.external(),
            shell_from: w.external(),
            c2_domain: format!("{word}.{parent}.{zone}"),
            c2_ip: w.external(),
            drop_ip: w.external(),
            admin,
            plain,
            agent: lab
                .rng
                .pick(&[
                    "Pulse-Secure/9.1.8.7453 (Windows 7) Pulse/9.1.8.7453",
                    "Pulse-Secure/22.2.1.1295 (Linux) Pulse/22.2.1",
                    "Mozilla/5.0 (X11; Linux x86_64; rv:109.0) Gecko/20100101 Firefox/115.0",
                ])
                .to_owned(),
            station: lab.rng.pick(&["DESKTOP-4Q1N7OP", "WIN-8K2LQ0", "user-pc", "DESKTOP-L0TRA2"]).to_owned(),
            rogue: Vec::new(),
            held: None,
            vc_from: w.vpn.ip.clone(),
            tool: format!("{}{}.py", lab.rng.pick(&["vmtools_", "ssl_", "x", "svc"]), lab.rng.letters(3)),
            jsp: lab
                .rng
                .pick(&[
                    "/ui/resources/css/defaultb.jsp",
                    "/ui/resources/img/spacer.jsp",
                    "/ui/resources/css/print2.jsp",
                    "/ui/resources/js/i18n.jsp",
                ])
                .to_owned(),
            init: lab.rng.pick(&["urandom_seed", "vami-sync", "netcheckd", "seedrandom"]).to_owned(),
            changes: Changes::default(),
        };
        lab.w = std::sync::Arc::new(w);
        Some(plot)
    }
}

pub fn plot(lab: &mut Lab) {
    lab.truth.intrusion = true;
    lab.truth.entry = "vpn-exploit".to_owned();
    let Some(mut p) = Plot::make(lab) else { return };
    entry::exploit(lab, &p);
    entry::first_shell(lab, &p);
    entry::hijack(lab, &mut p);
    entry::survey(lab, &p);
    desktops::remote(lab, &p);
    vcenter::login(lab, &p);
    vcenter::machines(lab, &p);
    vcenter::ssh_attempt(lab, &p);
    vcenter::export(lab, &p);
    make_rogues(lab, &mut p);
    hypervisor::drives(lab, &p);
    vcenter::second_machines(lab, &p);
    hypervisor::ssh(lab, &p);
    hypervisor::rogues(lab, &mut p);
    hypervisor::boot(lab, &p);
    hypervisor::beacons(lab, &p);
    hypervisor::jsp(lab, &p);
    theft::second_shell(lab, &p);
    theft::third_shell(lab, &p);
    theft::exfiltration(lab, &p);
    theft::late(lab, &p);
    still::collect(lab, &p.changes);
    scope(lab, &p);
}

/// Names that follow the house's own convention, on hosts by turn; in the week's case one machine.
fn make_rogues(lab: &mut Lab, p: &mut Plot) {
    let w = lab.w.clone();
    let count = if lab.opt.pace == Pace::Week { 1 } else { 2 + lab.rng.below(2) as usize };
    for n in 0..count {
        let model = w.vms.iter().rev().nth(n).map_or("vm", |v| v.name.as_str());
        let stem = model.trim_end_matches(|c: char| c.is_ascii_digit());
        let number = 11 + n * 3 + lab.rng.below(3) as usize;
        let name = format!("{stem}{number:02}");
        let esx = (n + 1) % w.esx.len().max(1);
        let home =
            if lab.rng.chance(60) { w.esx.get(esx).map_or(w.shared_volume.clone(), |e| e.volume.clone()) } else { w.shared_volume.clone() };
        let mac = |lab: &mut Lab| format!("00:0c:29:{}:{}:{}", lab.rng.hex(2), lab.rng.hex(2), lab.rng.hex(2));
        let macs = vec![mac(lab), mac(lab)];
        let seen = Seen {
            uuid: format!("564d{}", lab.rng.hex(28)),
            vmx: format!("/vmfs/volumes/{home}/{name}/{name}.vmx"),
            mac: macs,
            networks: vec!["DMZ-Internet".to_owned(), "Management".to_owned()],
            guest: "other5xlinux-64".to_owned(),
            vmid: 0,
            // The last of several was switched off after use.
            running: n == 0 || n + 1 < count,
            registered: false,
            on_disk: true,
            silent: false,
            mark: Some("rogue-start!"),
            name,
        };
        p.rogue.push(Rogue { esx, seen, ip: format!("{}.{}", w.mgmt, 120 + n * 7 + lab.rng.below(5) as usize) });
    }
}

fn scope(lab: &mut Lab, p: &Plot) {
    let w = lab.w.clone();
    let scope = &mut lab.truth.scope;
    scope.bytes_out_at_least = lab.bytes_out;
    scope.bytes_out_at_most = lab.bytes_out + lab.bytes_out / 20;
    scope.window_from = when::iso_s(p.d.first().copied().unwrap_or(0));
    scope.window_to = when::iso_s(p.d.last().copied().unwrap_or(0));
    let item = |kind: &str, value: &str| (kind.to_owned(), value.to_owned());
    scope.accessed =
        vec![item("host", &w.vpn.name), item("host", &w.vcsa.name), item("user", &p.admin.login), item("user", &p.plain.login)];
    scope.accessed.extend(p.rogue.iter().map(|r| item("vm", &r.seen.name)));
}

/// Everyday, and now and then something that only looks bad.
pub fn life(lab: &mut Lab, day: T) {
    life::day(lab, day);
    if lab.opt.pace == Pace::Week {
        if (day - lab.start) / DAY == 5 {
            let w = lab.w.clone();
            if let Some(vm) = w.vms.get(5) {
                traps::backup_clone(lab, day + 22 * HOUR, vm);
            }
        }
        return;
    }
    let index = (day - lab.start) / DAY;
    let w = lab.w.clone();
    match index % 14 {
        2 => traps::moving_session(lab, day, index as usize, traps::Move::Roaming),
        5 => traps::seven_calls(lab, day + 9 * HOUR + 12 * MIN, index as usize % w.esx.len().max(1)),
        8 => traps::moving_session(lab, day, index as usize + 2, traps::Move::Nat),
        12 => traps::admin_ssh(lab, day, 0),
        _ => {}
    }
    if let Some(vm) = w.vms.get(4 + index as usize % 4).filter(|_| index % 2 == 0) {
        traps::backup_clone(lab, day + 22 * HOUR, vm);
    }
}
