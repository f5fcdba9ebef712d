//! Acts that several cases share: something done in vCenter by somebody, a hidden machine, calls home.

use crate::ctx::Lab;
use crate::store::Mark;
use crate::when::{MIN, SEC, T};
use crate::world::Vm;
use crate::write::esx_files::Seen;
use crate::write::esxi::Op;
use crate::write::zeek::Flow;

pub use crate::cases::nerve::time;

/// As a shell needs it: quotes only around blanks.
pub fn quoted(path: &str) -> String {
    if path.contains(' ') { format!("\"{path}\"") } else { path.to_owned() }
}

/// vCenter's operation id and the host's, which begins with it.
pub fn operation(lab: &mut Lab, down: &str) -> (String, Op) {
    let op_id = lab.op_id();
    let tail = format!("{:02x}-{:04x}", lab.rng.below(200), lab.rng.below(60_000));
    (op_id.clone(), Op { op_id: format!("{op_id}-01-{tail}"), user: format!("vpxuser:{down}") })
}

/// A machine cloned, started, stopped and deleted within hours.
pub fn clone_round(lab: &mut Lab, t: T, vm: &Vm, copy: &str, down: &str, mark: Mark) {
    let w = lab.w.clone();
    let Some(e) = w.esx.get(vm.esx) else { return };
    let vmx = format!("/vmfs/volumes/{}/{copy}/{copy}.vmx", w.shared_volume);
    let (op_id, op) = operation(lab, down);
    lab.vpxd_task(t, 9 * MIN, &op_id, &format!("vm-{}", 1000 + vm.vmid), "vim.VirtualMachine.clone", mark);
    lab.vc_event(
        t + SEC,
        "VmBeingClonedEvent",
        down,
        &w.datacenter,
        &format!("Cloning {} on {}, in {} to {copy} on {}", vm.name, e.fqdn, w.datacenter, e.fqdn),
        mark,
    );
    lab.vm_register(vm.esx, t + 8 * MIN, &op, copy, &vmx, mark);
    lab.vc_event(
        t + 9 * MIN,
        "VmClonedEvent",
        down,
        &w.datacenter,
        &format!("{copy} on {} in {} has been cloned from {}", e.fqdn, w.datacenter, vm.name),
        mark,
    );
    for (n, on) in [true, false].iter().enumerate() {
        let at = t + 12 * MIN + n as T * 35 * MIN;
        let (op_id, op) = operation(lab, down);
        let (method, kind, word) = if *on { ("powerOn", "VmPoweredOnEvent", "on") } else { ("powerOff", "VmPoweredOffEvent", "off") };
        lab.vpxd_task(at, 4 * SEC, &op_id, "vm-3001", &format!("vim.VirtualMachine.{method}"), mark);
        lab.vm_power(vm.esx, at + SEC, &op, copy, &vmx, *on, mark);
        lab.vc_event(
            at + 4 * SEC,
            kind,
            down,
            &w.datacenter,
            &format!("{copy} on  {} in {} is powered {word}", e.fqdn, w.datacenter),
            mark,
        );
    }
    let (op_id, op) = operation(lab, down);
    let gone = t + 65 * MIN;
    lab.vpxd_task(gone, 3 * SEC, &op_id, "vm-3001", "vim.ManagedEntity.destroy", mark);
    lab.vm_unregister(vm.esx, gone + SEC, &op, copy, mark);
    lab.vc_event(
        gone + 2 * SEC,
        "VmRemovedEvent",
        down,
        &w.datacenter,
        &format!("Removed {copy} on {} from {}", e.fqdn, w.datacenter),
        mark,
    );
}

/// A machine's definition of an intruder, not registered.
pub fn hidden(lab: &mut Lab, esx: usize, name: &str, running: bool, mark: Mark) -> Seen {
    let w = lab.w.clone();
    let volume = w.esx.get(esx).map_or(w.shared_volume.clone(), |e| e.volume.clone());
    let mac = |lab: &mut Lab| format!("00:0c:29:{}:{}:{}", lab.rng.hex(2), lab.rng.hex(2), lab.rng.hex(2));
    let macs = vec![mac(lab), mac(lab)];
    Seen {
        name: name.to_owned(),
        uuid: format!("564d{}", lab.rng.hex(28)),
        vmx: format!("/vmfs/volumes/{volume}/{name}/{name}.vmx"),
        mac: macs,
        networks: vec!["DMZ-Internet".to_owned(), "Management".to_owned()],
        guest: "other5xlinux-64".to_owned(),
        vmid: 0,
        running,
        registered: false,
        on_disk: true,
        silent: false,
        mark,
    }
}

/// Calls home with jitter over TLS.
pub fn beacon(lab: &mut Lab, src: &str, to: (&str, &str), span: (T, T), period: T, mark: Mark) {
    let (name, ip) = to;
    let mut t = span.0;
    let mut n = 0;
    while t < span.1 {
        if n % 12 == 0 {
            lab.dns(t - SEC, src, name, ip, mark);
        }
        let bytes = (900 + lab.rng.below(500), 500 + lab.rng.below(400));
        let took = lab.rng.range(1, 9) * SEC;
        lab.tls(t, &Flow::tcp(src, ip, 443, "ssl", took, bytes), name, mark);
        lab.bytes_out += bytes.0;
        t += period + lab.rng.range(-(period / 8), period / 8);
        n += 1;
    }
}
