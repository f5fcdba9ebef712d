//! Innocent life that looks guilty: migration, renaming, orphans, backup clones, roaming, administration over SSH.

use crate::ctx::Lab;
use crate::life::local_hour;
use crate::store::Mark;
use crate::when::{HOUR, MIN, SEC, T};
use crate::world::Vm;
use crate::write::esx_files::Seen;
use crate::write::esxi::Op;
use crate::write::zeek::Flow;

/// Load balancing moves a machine to another host; each host tells its half.
pub fn migrate(lab: &mut Lab, t: T, vm: &Vm, to: usize) {
    const MARK: Mark = Some("trap:vmotion");
    lab.trap("trap:vmotion", "a machine moved by load balancing, running for a moment on two hosts");
    let w = lab.w.clone();
    let (Some(a), Some(b)) = (w.esx.get(vm.esx), w.esx.get(to)) else { return };
    let op = Op { op_id: format!("HB-host-{}@{}", 10 + vm.esx, lab.rng.hex(6)), user: "vpxuser".to_owned() };
    lab.vpxd_task(t, 40 * SEC, &op.op_id, &format!("vm-{}", 1000 + vm.vmid), "Drm.ExecuteVMotionLRO", MARK);
    lab.vm_state(vm.esx, t, &op, &vm.vmx(), "ON", "EMIGRATING", MARK);
    lab.hostd(to, t + SEC, "Solo.HaVMFolder", &op, &format!("Register called: []{}", vm.vmx()), MARK);
    lab.hostd_event(to, t + SEC + 40_000, &op, &format!("Registered {} on {} in ha-datacenter", vm.name, b.fqdn), MARK);
    lab.vm_state(to, t + 2 * SEC, &op, &vm.vmx(), "INITIALIZING", "IMMIGRATING", MARK);
    lab.vm_state(to, t + 30 * SEC, &op, &vm.vmx(), "IMMIGRATING", "ON", MARK);
    lab.vmx_start(to, t + 2 * SEC, &Seen::of(vm, "VM Network"), false, MARK);
    lab.vm_unregister(vm.esx, t + 31 * SEC, &op, &vm.name, MARK);
    let text = format!("DRS migrated {} from {} to {} in cluster Cluster-1 in {}", vm.name, a.fqdn, b.fqdn, w.datacenter);
    lab.vc_event(t + 32 * SEC, "DrsVmMigratedEvent", "", &w.datacenter, &text, MARK);
}

pub fn rename(lab: &mut Lab, t: T, vm: &Vm, new: &str) {
    const MARK: Mark = Some("trap:rename");
    lab.trap("trap:rename", "a machine renamed in vCenter: its folder and definition keep the old name");
    let w = lab.w.clone();
    let Some(user) = w.users.iter().find(|u| u.admin) else { return };
    let (op, down) = (lab.op_id(), w.down(&user.login));
    lab.vpxd_task(t, SEC, &op, &format!("vm-{}", 1000 + vm.vmid), "vim.ManagedEntity.rename", MARK);
    let Some(e) = w.esx.get(vm.esx) else { return };
    let text = format!("Renamed {} from {} to {new} in {}", new, vm.name, w.datacenter);
    lab.vc_event(t + SEC, "VmRenamedEvent", &down, &w.datacenter, &text, MARK);
    let op = Op { op_id: format!("{op}-01-7a-11c2"), user: format!("vpxuser:{down}") };
    lab.hostd_event(vm.esx, t + SEC, &op, &format!("Renamed {} from {} to {new} in ha-datacenter", new, vm.name), MARK);
    let _ = e;
}

/// A machine taken out of the inventory; its files stay.
pub fn orphan(lab: &mut Lab, t: T, vm: &Vm) {
    const MARK: Mark = Some("trap:orphan");
    lab.trap("trap:orphan", "a machine switched off and taken out of the inventory by its owner; the files stay on disk");
    let w = lab.w.clone();
    let Some(user) = w.users.iter().find(|u| u.admin) else { return };
    let (op_id, down) = (lab.op_id(), w.down(&user.login));
    let op = Op { op_id: format!("{op_id}-01-55-3b21"), user: format!("vpxuser:{down}") };
    lab.vpxd_task(t, SEC, &op_id, &format!("vm-{}", 1000 + vm.vmid), "vim.VirtualMachine.unregister", MARK);
    lab.vm_power(vm.esx, t - 10 * MIN, &op, &vm.name, &vm.vmx(), false, MARK);
    lab.vmx_stop(vm.esx, t - 10 * MIN, &Seen::of(vm, "VM Network"), MARK);
    lab.vm_unregister(vm.esx, t + SEC, &op, &vm.name, MARK);
    let Some(e) = w.esx.get(vm.esx) else { return };
    lab.vc_event(
        t + 2 * SEC,
        "VmRemovedEvent",
        &down,
        &w.datacenter,
        &format!("Removed {} on {} from {}", vm.name, e.fqdn, w.datacenter),
        MARK,
    );
}

/// The backup product's nightly clone: made, read and deleted within the hour, by its own account.
pub fn backup_clone(lab: &mut Lab, t: T, vm: &Vm) {
    const MARK: Mark = Some("trap:backup-clone");
    lab.trap("trap:backup-clone", "the backup service clones a machine at night and deletes the clone, as every night");
    let w = lab.w.clone();
    let Some(e) = w.esx.get(vm.esx) else { return };
    let user = format!("{}\\svc-backup", w.netbios);
    let copy = format!("{}_backup_clone", vm.name);
    let op_id = lab.op_id();
    let vmx = format!("/vmfs/volumes/{}/{copy}/{copy}.vmx", w.shared_volume);
    let op = |n: u8| Op { op_id: format!("{op_id}-01-0{n}-77f0"), user: format!("vpxuser:{user}") };
    lab.vc_event(t - MIN, "UserLoginSessionEvent", &user, "", &format!("User {user}@{} logged in as BackupSuite/12.1", w.backup.ip), MARK);
    lab.vpxd_task(t, 6 * MIN, &op_id, &format!("vm-{}", 1000 + vm.vmid), "vim.VirtualMachine.clone", MARK);
    lab.vc_event(
        t + SEC,
        "VmBeingClonedEvent",
        &user,
        &w.datacenter,
        &format!("Cloning {} on {}, in {} to {copy} on {}", vm.name, e.fqdn, w.datacenter, e.fqdn),
        MARK,
    );
    lab.vm_register(vm.esx, t + 5 * MIN, &op(1), &copy, &vmx, MARK);
    lab.vc_event(
        t + 6 * MIN,
        "VmClonedEvent",
        &user,
        &w.datacenter,
        &format!("{copy} on {} in {} has been cloned from {}", e.fqdn, w.datacenter, vm.name),
        MARK,
    );
    let del = format!("{op_id}-del");
    lab.vpxd_task(t + 40 * MIN, 3 * SEC, &del, "vm-9001", "vim.ManagedEntity.destroy", MARK);
    lab.vm_unregister(vm.esx, t + 40 * MIN, &op(2), &copy, MARK);
    lab.vc_event(
        t + 40 * MIN + SEC,
        "VmRemovedEvent",
        &user,
        &w.datacenter,
        &format!("Removed {copy} on {} from {}", e.fqdn, w.datacenter),
        MARK,
    );
    lab.vc_logout(t + 41 * MIN, t - MIN, &user, &w.backup.ip, 611, "BackupSuite/12.1", MARK);
}

/// An administrator switches SSH on for maintenance, works from the usual machine, and switches it off.
pub fn admin_ssh(lab: &mut Lab, day: T, esx: usize) {
    const MARK: Mark = Some("trap:admin-ssh");
    lab.trap("trap:admin-ssh", "maintenance over SSH from the administrator's own machine, announced and ended");
    let w = lab.w.clone();
    let (Some(user), Some(e)) = (w.users.iter().find(|u| u.admin), w.esx.get(esx)) else { return };
    let Some(desk) = w.desks.get(user.desk) else { return };
    let t = local_hour(lab, day, user.hour + 4);
    let (op_id, down) = (lab.op_id(), w.down(&user.login));
    let op = Op { op_id: format!("{op_id}-01-31-09aa"), user: format!("vpxuser:{down}") };
    lab.vc_login(t - 10 * MIN, &w.upn(&user.login), &down, &desk.ip, MARK);
    lab.vpxd_task(t, SEC, &op_id, &format!("host-{}", 10 + esx), "vim.host.ServiceSystem.start", MARK);
    lab.ssh_enable(esx, t + SEC, &op, MARK);
    lab.vc_event(t + 2 * SEC, "EventEx", &down, &w.datacenter, "SSH access has been enabled.", MARK);
    let pid = lab.ssh_session(esx, t + 2 * MIN, t + 25 * MIN, "root", &desk.ip, MARK);
    lab.zeek_ssh(t + 2 * MIN - SEC, &desk.ip, &e.host.ip, "SSH-2.0-PuTTY_Release_0.79", 23 * MIN, (40_000, 90_000), MARK);
    for (n, command) in [
        "esxcli system version get",
        "esxcli storage core path list",
        "tail -n 50 /var/log/vmkernel.log",
        "esxcli network nic list",
        "exit",
    ]
    .iter()
    .enumerate()
    {
        lab.shell(esx, t + (3 + 3 * n as T) * MIN, pid, "root", command, MARK);
    }
    lab.auth(esx, t + 30 * MIN, &format!("SSH[{pid}]"), "SSH login disabled", MARK);
    lab.hostd_event(esx, t + 30 * MIN, &op, "SSH access has been disabled.", MARK);
    lab.vobd(esx, t + 30 * MIN, "vob.user.ssh.disabled", "SSH access has been disabled.", MARK);
}

/// How a session may move without harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// Another address of the same carrier's translation pool.
    Nat,
    /// The same laptop over IPv6.
    Family,
    /// Another network, with a new authentication.
    Roaming,
}

pub fn moving_session(lab: &mut Lab, day: T, who: usize, how: Move) {
    let w = lab.w.clone();
    let Some(user) = w.users.get(who % w.users.len().max(1)) else { return };
    let mark: Mark = Some(match how {
        Move::Nat => "trap:nat",
        Move::Family => "trap:family",
        Move::Roaming => "trap:roaming",
    });
    lab.trap("trap:nat", "one session from two addresses of the same carrier");
    lab.trap("trap:family", "one session over IPv4 and then over IPv6, same laptop, same client");
    lab.trap("trap:roaming", "a traveller whose session moves to another network after a new authentication");
    let t = local_hour(lab, day, 19);
    let inner = format!("{}.{}", w.pool, 245 - who % 9);
    let s = lab.ics_login(t, user, &user.home, &inner, mark);
    let mut moved = s.clone();
    moved.src = match how {
        Move::Nat => {
            user.home.rsplit_once('.').map_or(String::new(), |(net, last)| format!("{net}.{}", last.parse::<u16>().unwrap_or(9) % 250 + 1))
        }
        Move::Family => format!("2001:db8:{:x}::{:x}", 0x20 + who, 0x1f3 + who),
        Move::Roaming => user.away.clone(),
    };
    let back = t + 50 * MIN;
    lab.ics_tunnel_end(back - MIN, &s, mark);
    if how == Move::Roaming {
        let s2 = lab.ics_login(back, user, &user.away, &inner, mark);
        lab.ics_logout(back + HOUR, &s2, mark);
        return;
    }
    let text = format!("Session resumed from user agent '{}'.", s.agent);
    lab.ics_in(back, &moved, "EAM24460", "auth", text, mark);
    lab.ics_tunnel(back + 2 * SEC, &moved, mark);
    lab.ics_logout(back + HOUR, &moved, mark);
    lab.tls(back - SEC, &Flow::tcp(&moved.src, &w.vpn.ip, 443, "ssl", HOUR, (2_000_000, 9_000_000)), &format!("remote.{}", w.domain), mark);
}

/// A scan that reports new files after an upgrade: the checker's list was older than the software.
pub fn false_new_files(lab: &mut Lab, t: T) {
    const MARK: Mark = Some("trap:ict");
    lab.trap("trap:ict", "new files reported after an announced software upgrade");
    let w = lab.w.clone();
    let text = "Software upgrade completed: ISA-6000 22.5R2.1 (build 1867)".to_owned();
    lab.ics(
        t - HOUR,
        &crate::write::ics::Line { user: "admin", realm: "Admin Users", src: &w.backup.ip, code: "ADM20664", text, ..Default::default() },
        MARK,
    );
    lab.ics_system(t - 50 * MIN, "SYS20413", "System boot completed successfully".to_owned(), MARK);
    lab.ics_scan(t, 2, 0, MARK);
}

/// An API session of vpxuser with seven calls, from the vCenter it belongs to.
pub fn seven_calls(lab: &mut Lab, t: T, esx: usize) {
    const MARK: Mark = Some("trap:seven-calls");
    lab.trap("trap:seven-calls", "vpxuser with seven API calls, from its own vCenter");
    let ip = lab.w.vcsa.ip.clone();
    lab.api_session(esx, t, t + 2 * MIN, ("vpxuser", &ip, "VMware-client/6.5.0"), 7, MARK);
}
