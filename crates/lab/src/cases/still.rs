//! What stands still at collection: every host's inventory, with the machines a plot added or moved.

use crate::ctx::Lab;
use crate::store::Mark;
use crate::write::esx_files::Seen;

/// Changes to the inventory that the world began with.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Machines beside the world's own: host, how it shows.
    pub extra: Vec<(usize, Seen)>,
    /// Machines that moved: name, to which host.
    pub moved: Vec<(String, usize)>,
    /// New display names: old, new.
    pub renamed: Vec<(String, String)>,
    /// Taken out of the inventory.
    pub orphaned: Vec<String>,
    /// Lines of a host's `local.sh`.
    pub boot: Vec<(usize, String, Mark)>,
}

pub fn collect(lab: &mut Lab, c: &Changes) {
    let w = lab.w.clone();
    let at = lab.end;
    for n in 0..w.esx.len() {
        let mut seen: Vec<Seen> = Vec::new();
        for vm in &w.vms {
            let moved = c.moved.iter().find(|(name, _)| *name == vm.name).map(|(_, to)| *to);
            if moved.unwrap_or(vm.esx) != n {
                continue;
            }
            let mut s = Seen::of(vm, if vm.ip.starts_with(&w.mgmt) { "Management" } else { "VM Network" });
            if let Some((_, new)) = c.renamed.iter().find(|(old, _)| *old == vm.name) {
                s.name.clone_from(new);
            }
            if c.orphaned.contains(&vm.name) {
                s.registered = false;
                s.running = false;
            }
            seen.push(s);
        }
        seen.extend(lab.extra_registered.iter().filter(|(host, _)| *host == n).map(|(_, vm)| Seen::of(vm, "VM Network")));
        seen.extend(c.extra.iter().filter(|(host, _)| *host == n).map(|(_, s)| s.clone()));
        let boot: Vec<(String, Mark)> = c.boot.iter().filter(|(host, ..)| *host == n).map(|(_, l, m)| (l.clone(), *m)).collect();
        lab.esx_bundle(n, at, &seen, &boot);
    }
    let mut listing = String::from("name,power,host,uuid,path\n");
    for vm in &w.vms {
        let moved = c.moved.iter().find(|(name, _)| *name == vm.name).map_or(vm.esx, |(_, to)| *to);
        if c.orphaned.contains(&vm.name) {
            continue;
        }
        let name = c.renamed.iter().find(|(old, _)| *old == vm.name).map_or(&vm.name, |(_, new)| new);
        let host = w.esx.get(moved).map_or("", |e| e.fqdn.as_str());
        let power = if vm.on { "poweredOn" } else { "poweredOff" };
        listing.push_str(&format!("{name},{power},{host},{},{}\n", crate::world::spaced(&vm.uuid), vm.vmx()));
    }
    let path = format!("{}/inventory/vm-list.csv", w.vcsa.name);
    lab.out.file(&path, "text/plain", &w.vcsa.name, &listing, &[]);
}
