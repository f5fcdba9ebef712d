//! calm: nothing happened, and everything that looks as if it had.

use crate::cases::still::{self, Changes};
use crate::ctx::Lab;
use crate::life::{self, traps};
use crate::store::Mark;
use crate::when::{DAY, HOUR, MIN, SEC, T};
use crate::write::esx_files::Seen;

pub fn plot(lab: &mut Lab) {
    lab.truth.entry = "none".to_owned();
    let w = lab.w.clone();
    let mut changes = Changes::default();
    let count = w.esx.len().max(1);
    // Machines of the shared volume travel; each keeps where it came to rest.
    let movers: Vec<_> = w.vms.iter().filter(|v| v.volume == w.shared_volume && v.on).take(4).cloned().collect();
    let days = (lab.end - lab.start) / DAY;
    for (n, vm) in movers.iter().enumerate() {
        let mut at = vm.clone();
        for round in 0..=(days / 30) {
            let to = (at.esx + 1) % count;
            let t = lab.start + (5 + round * 30 + n as i64 * 4).min(days - 1) * DAY + 13 * HOUR + lab.rng.range(0, 59) * MIN;
            traps::migrate(lab, t, &at, to);
            at.esx = to;
        }
        changes.moved.push((vm.name.clone(), at.esx));
    }
    let mut others = w.vms.iter().rev().filter(|v| movers.iter().all(|m| m.name != v.name));
    if let Some(vm) = others.next() {
        let new = format!("{}-prod", vm.name);
        traps::rename(lab, lab.start + DAY.max((days - 20) * DAY) + 10 * HOUR, vm, &new);
        changes.renamed.push((vm.name.clone(), new));
    }
    if let Some(vm) = others.find(|v| v.on) {
        traps::orphan(lab, lab.start + DAY.max((days - 12) * DAY) + 11 * HOUR, vm);
        changes.orphaned.push(vm.name.clone());
    }
    template(lab, &mut changes);
    let note = "# vmx core dumps kept on the shared volume, see change 4711";
    changes.boot.push((0, note.to_owned(), Some("trap:local-sh")));
    changes.boot.push((0, "esxcli system settings advanced set -o /UserVars/SuppressShellWarning -i 1".to_owned(), Some("trap:local-sh")));
    lab.trap("trap:local-sh", "an administrator's own lines in local.sh, one comment with the word vmx");
    traps::false_new_files(lab, lab.start + days / 2 * DAY + 15 * HOUR);
    vpn_rdp(lab);
    still::collect(lab, &changes);
}

/// A template: registered, never running, its definition under another ending.
fn template(lab: &mut Lab, changes: &mut Changes) {
    let w = lab.w.clone();
    let name = format!("tmpl-{}", lab.rng.pick(&["ubuntu22", "win2019", "rhel9"]));
    let seen = Seen {
        uuid: format!("42{}", lab.rng.hex(30)),
        vmx: format!("/vmfs/volumes/{}/{name}/{name}.vmtx", w.shared_volume),
        mac: vec!["00:50:56:0a:0b:0c".to_owned()],
        networks: vec!["VM Network".to_owned()],
        guest: "ubuntu-64".to_owned(),
        vmid: 240,
        running: false,
        registered: true,
        on_disk: true,
        silent: false,
        mark: Some("trap:template"),
        name,
    };
    lab.trap("trap:template", "a template");
    changes.extra.push((0, seen));
}

/// An administrator reaches a server from the VPN pool, as the contract with the service desk says.
fn vpn_rdp(lab: &mut Lab) {
    const MARK: Mark = Some("trap:night-rdp");
    lab.trap("trap:night-rdp", "an administrator at night, with an own login over VPN");
    let w = lab.w.clone();
    let (Some(user), Some(desk)) = (w.users.first(), w.desks.last()) else { return };
    let t = lab.start + 9 * DAY + 21 * HOUR;
    let inner = format!("{}.251", w.pool);
    let s = lab.ics_login(t, user, &user.home, &inner, MARK);
    let open = lab.rdp(desk, t + 4 * MIN, user, &inner, &user.pc, MARK);
    lab.rdp_end(desk, t + 60 * MIN, user, &open, &inner, MARK);
    lab.ics_logout(t + 70 * MIN, &s, MARK);
}

pub fn life(lab: &mut Lab, day: T) {
    life::day(lab, day);
    let w = lab.w.clone();
    let index = (day - lab.start) / DAY;
    let who = index as usize;
    if let Some(vm) = w.vms.get(3 + who % w.vms.len().saturating_sub(3).max(1)) {
        traps::backup_clone(lab, day + 22 * HOUR + 10 * SEC, vm);
    }
    match index % 9 {
        1 => traps::moving_session(lab, day, who, traps::Move::Roaming),
        4 => traps::moving_session(lab, day, who, traps::Move::Nat),
        7 => traps::moving_session(lab, day, who, traps::Move::Family),
        _ => {}
    }
    if index % 30 == 12 {
        traps::admin_ssh(lab, day, (who / 30) % w.esx.len().max(1));
    }
    if index % 6 == 3 {
        traps::seven_calls(lab, day + 8 * HOUR + 31 * MIN, who % w.esx.len().max(1));
    }
}
