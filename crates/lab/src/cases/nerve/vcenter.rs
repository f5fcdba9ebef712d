//! In vCenter as the administrator: a clone and its end, new machines, an attempt at SSH, the list of everything.

use crate::cases::nerve::Plot;
use crate::cases::nerve::entry::time;
use crate::ctx::Lab;
use crate::store::Mark;
use crate::when::{HOUR, MIN, SEC, T};
use crate::write::esxi::Op;
use crate::write::vcenter::Web;
use crate::write::zeek::Flow;

/// The identity that acts: `DOMAIN\login`.
fn actor(lab: &Lab, p: &Plot) -> String {
    lab.w.down(&p.admin.login)
}

pub fn login(lab: &mut Lab, p: &Plot) {
    let w = lab.w.clone();
    lab.step(
        "vcenter-login",
        &w.vcsa.name,
        "lateral-movement",
        &["T1078", "T1078.002", "T1021", "T1021.007", "T1550"],
        "the administrator's account logs in to vCenter from the VPN appliance's own address",
    );
    let t = p.d[2] + HOUR;
    let (upn, down) = (w.upn(&p.admin.login), actor(lab, p));
    lab.vc_login(t, &upn, &down, &p.vc_from, Some("vcenter-login!"));
    let end = t + 6 * HOUR;
    lab.tls(
        t - 3 * SEC,
        &Flow::tcp(&p.vc_from, &w.vcsa.ip, 443, "ssl", end - t, (3_000_000, 24_000_000)),
        &w.vcsa_fqdn,
        Some("vcenter-login"),
    );
    lab.vc_logout(end, t + SEC, &down, "127.0.0.1", 1811, "VMware vim-java 1.0", Some("vcenter-login"));
    lab.link("exploit", "vcenter-login", "interval", "address", &p.vc_from);
    lab.link("session-hijack", "vcenter-login", "interval", "user", &p.admin.login);
    lab.key("vcenter-login", "interval", "host", &w.vcsa.name);
    time(lab, "vcenter-login", t, end);
}

/// A machine made or removed through vCenter, as vCenter and the host tell it.
struct Act<'a> {
    esx: usize,
    name: &'a str,
    vmx: &'a str,
    mark: Mark,
}

fn op(lab: &mut Lab, p: &Plot) -> (String, Op) {
    let op_id = lab.op_id();
    let tail = format!("{:02x}-{:04x}", lab.rng.below(200), lab.rng.below(60_000));
    let op = Op { op_id: format!("{op_id}-01-{tail}"), user: format!("vpxuser:{}", actor(lab, p)) };
    (op_id, op)
}

fn create(lab: &mut Lab, p: &Plot, t: T, a: &Act) -> String {
    let w = lab.w.clone();
    let (op_id, op) = op(lab, p);
    let (down, fqdn) = (actor(lab, p), w.esx.get(a.esx).map_or(String::new(), |e| e.fqdn.clone()));
    lab.vpxd_task(t, 4 * SEC, &op_id, "group-v3", "vim.Folder.createVm", a.mark);
    lab.vm_register(a.esx, t + SEC, &op, a.name, a.vmx, a.mark);
    lab.vc_event(
        t + 3 * SEC,
        "VmCreatedEvent",
        &down,
        &w.datacenter,
        &format!("Created virtual machine {} on {fqdn} in {}", a.name, w.datacenter),
        a.mark,
    );
    op_id
}

fn remove(lab: &mut Lab, p: &Plot, t: T, a: &Act) -> String {
    let w = lab.w.clone();
    let (op_id, op) = op(lab, p);
    let (down, fqdn) = (actor(lab, p), w.esx.get(a.esx).map_or(String::new(), |e| e.fqdn.clone()));
    let id = 2000 + lab.rng.below(90);
    lab.vpxd_task(t, 3 * SEC, &op_id, &format!("vm-{id}"), "vim.ManagedEntity.destroy", a.mark);
    lab.vm_unregister(a.esx, t + SEC, &op, a.name, a.mark);
    lab.vc_event(
        t + 2 * SEC,
        "VmRemovedEvent",
        &down,
        &w.datacenter,
        &format!("Removed {} on {fqdn} from {}", a.name, w.datacenter),
        a.mark,
    );
    op_id
}

/// Machines in the open, switched off.
fn new_machines(lab: &mut Lab, p: &Plot, at: T) {
    let w = lab.w.clone();
    for n in 0..2 {
        let name = format!("{}{}", lab.rng.pick(&["tmpl", "stage", "net"]), 70 + n);
        let vmx = format!("/vmfs/volumes/{}/{name}/{name}.vmx", w.shared_volume);
        create(
            lab,
            p,
            at + n * 5 * MIN,
            &Act { esx: (n as usize + 1) % w.esx.len().max(1), name: &name, vmx: &vmx, mark: Some("create-machines!") },
        );
        lab.key("create-machines", "exact", "vm", &name);
        // They are registered machines, switched off: seen by every list.
        let model = w.vms.last().cloned();
        if let Some(mut vm) = model {
            vm.name.clone_from(&name);
            vm.volume.clone_from(&w.shared_volume);
            vm.uuid = format!("42{}", lab.rng.hex(30));
            vm.on = false;
            vm.vmid = 300 + n as u64;
            lab.truth.scope.accessed.push(("vm".to_owned(), name.clone()));
            lab.extra_registered.push(((n as usize + 1) % w.esx.len().max(1), vm));
        }
    }
    time(lab, "create-machines", at, at + 6 * MIN);
}

fn machine_steps(lab: &mut Lab) {
    let w = lab.w.clone();
    let evasion = ["T1564.006", "T1578", "T1578.002", "T1036.005", "T1036"];
    lab.step(
        "clone",
        &w.vcsa.name,
        "defense-evasion",
        &["T1564.006", "T1578.002", "T1003", "T1213", "T1578"],
        "vCenter's own machine is cloned",
    );
    lab.step("create-machines", &w.vcsa.name, "defense-evasion", &evasion, "several machines are created in vCenter");
    lab.step(
        "delete-clone",
        &w.vcsa.name,
        "defense-evasion",
        &["T1070", "T1070.004", "T1578.003", "T1564.006", "T1485", "T1578"],
        "the clone is deleted within hours",
    );
}

/// The clone of vCenter's own machine, new machines, and the clone's deletion.
pub fn machines(lab: &mut Lab, p: &Plot) {
    let w = lab.w.clone();
    machine_steps(lab);
    let Some(source) = w.vms.first() else { return };
    let t = p.d[2] + HOUR + 20 * MIN;
    let (down, esx) = (actor(lab, p), source.esx);
    let fqdn = w.esx.get(esx).map_or(String::new(), |e| e.fqdn.clone());
    let copy = format!("{}{}", source.name, lab.rng.pick(&["-tmp", "_copy", "-old", " (1)"]));
    let vmx = format!("/vmfs/volumes/{}/{copy}/{copy}.vmx", w.shared_volume);
    let (op_id, hostd) = op(lab, p);
    const CLONE: Mark = Some("clone!");
    lab.vpxd_task(t, 12 * MIN, &op_id, &format!("vm-{}", 1000 + source.vmid), "vim.VirtualMachine.clone", CLONE);
    lab.vc_event(
        t + SEC,
        "VmBeingClonedEvent",
        &down,
        &w.datacenter,
        &format!("Cloning {} on {fqdn}, in {} to {copy} on {fqdn}", source.name, w.datacenter),
        CLONE,
    );
    lab.vm_register(esx, t + 11 * MIN, &hostd, &copy, &vmx, Some("clone"));
    lab.vc_event(
        t + 12 * MIN,
        "VmClonedEvent",
        &down,
        &w.datacenter,
        &format!("{copy} on {fqdn} in {} has been cloned from {}", w.datacenter, source.name),
        CLONE,
    );
    time(lab, "clone", t, t + 12 * MIN);
    lab.key("clone", "exact", "session", &op_id);
    new_machines(lab, p, t + 40 * MIN);
    let gone = t + 3 * HOUR;
    let op_id = remove(lab, p, gone, &Act { esx, name: &copy, vmx: &vmx, mark: Some("delete-clone!") });
    lab.key("delete-clone", "exact", "session", &op_id);
    time(lab, "delete-clone", gone, gone + SEC);
    lab.link("clone", "delete-clone", "exact", "vm", &copy);
    for id in ["clone", "create-machines", "delete-clone"] {
        lab.link("vcenter-login", id, "interval", "user", &p.admin.login);
    }
}

pub fn ssh_attempt(lab: &mut Lab, p: &Plot) {
    let w = lab.w.clone();
    lab.step(
        "ssh-attempt",
        &w.vcsa.name,
        "lateral-movement",
        &["T1021.004", "T1021", "T1562.001", "T1562", "T1098.004"],
        "an attempt to switch on SSH on the vCenter appliance, refused",
    );
    let t = p.d[2] + 3 * HOUR;
    let upn = w.upn(&p.admin.login);
    for n in 0..2 {
        let web = Web { client: &p.vc_from, method: "PUT", path: "/rest/appliance/access/ssh", status: 403, bytes: 218, sent: 640 };
        lab.vami(t + n * 40 * SEC, &upn, &web, "ModifyConfiguration", false, Some("ssh-attempt!"));
    }
    lab.link("vcenter-login", "ssh-attempt", "interval", "user", &p.admin.login);
    lab.key("ssh-attempt", "interval", "address", &p.vc_from);
    time(lab, "ssh-attempt", t, t + MIN);
}

pub fn export(lab: &mut Lab, p: &Plot) {
    let w = lab.w.clone();
    lab.step(
        "list-export",
        &w.vcsa.name,
        "discovery",
        &["T1673", "T1082", "T1018", "T1580", "T1083", "T1213", "T1046", "T1119"],
        "the list of all machines is exported from the web client",
    );
    let t = p.d[2] + 4 * HOUR;
    let list = Web {
        client: &p.vc_from,
        method: "GET",
        path: "/ui/list/listOptions/vsphere.core.vm.list?objectId=urn:vmomi:Datacenter:datacenter-2",
        status: 200,
        bytes: 8800,
        sent: 700,
    };
    lab.ui(t - 10 * SEC, &list, Some("list-export"));
    let web =
        Web { client: &p.vc_from, method: "POST", path: "/ui/list/export", status: 200, bytes: 41_000 + lab.rng.below(90_000), sent: 2100 };
    lab.ui(t, &web, Some("list-export!"));
    lab.link("vcenter-login", "list-export", "interval", "address", &p.vc_from);
    lab.key("list-export", "interval", "user", &p.admin.login);
    time(lab, "list-export", t, t + SEC);
}

/// The later round: machines in the house's naming, one deleted at once.
pub fn second_machines(lab: &mut Lab, p: &Plot) {
    let w = lab.w.clone();
    lab.step(
        "create-lookalikes",
        &w.vcsa.name,
        "defense-evasion",
        &["T1564.006", "T1036.005", "T1036", "T1578.002", "T1578"],
        "machines named as the house names its own; one deleted at once",
    );
    let t = p.d[3] + 3 * HOUR;
    let (upn, down) = (w.upn(&p.admin.login), actor(lab, p));
    lab.vc_login(t - 20 * MIN, &upn, &down, &p.vc_from, Some("create-lookalikes"));
    let stem = w.vms.last().map_or("vm", |v| v.name.as_str()).trim_end_matches(|c: char| c.is_ascii_digit()).to_owned();
    for n in 0..2_i64 {
        let name = format!("{stem}{:02}", 31 + n);
        let vmx = format!("/vmfs/volumes/{}/{name}/{name}.vmx", w.shared_volume);
        let act = Act { esx: 0, name: &name, vmx: &vmx, mark: Some("create-lookalikes!") };
        create(lab, p, t + n * 4 * MIN, &act);
        remove(lab, p, t + n * 4 * MIN + (1 + n * 30) * MIN, &act);
        lab.key("create-lookalikes", "exact", "vm", &name);
    }
    lab.link("exploit", "create-lookalikes", "interval", "address", &p.vc_from);
    lab.key("create-lookalikes", "interval", "user", &p.admin.login);
    time(lab, "create-lookalikes", t - 20 * MIN, t + 40 * MIN);
}
