//! What goes wrong with evidence: clocks, rotation, missing sources, doubled and cut lines, cleared logs, encodings.

use crate::ctx::{Lab, Options};
use crate::store::Cut;
use crate::when::{DAY, HOUR, SEC, T};
use crate::world::World;

/// Every fault the command line takes, with what it does.
pub const NAMES: &[(&str, &str)] = &[
    ("rotation", "hypervisor logs reach back four days only"),
    ("missing:<source>", "a source (or a family: vmware, windows/json, …) was not collected"),
    ("skew", "one hypervisor's clock is some minutes off, a Windows machine's some seconds"),
    ("wrong-zone", "one hypervisor's clock is set to local time nine hours off"),
    ("duplicates", "some lines are there twice"),
    ("truncation", "some files end in the middle of a line"),
    ("cleared", "the Security log of one machine and the shell log of one hypervisor were cleared"),
    ("cp932", "share and file names in Japanese, written in CP932"),
    ("no-scan", "the integrity checker did not run"),
];

/// Clock errors go into the world before anything is written.
pub fn clocks(opt: &Options, world: &mut World) {
    let mut rng = crate::rng::Rng::new(opt.seed, "clocks");
    if opt.faults.iter().any(|f| f == "skew") {
        let minutes = rng.range(2, 14) * if rng.chance(50) { 1 } else { -1 };
        if let Some(e) = world.esx.last_mut() {
            e.host.skew = minutes * 60 * SEC + rng.range(0, 59) * SEC;
        }
        if let Some(d) = world.desks.last_mut() {
            d.skew = rng.range(5, 50) * SEC;
        }
    }
    if opt.faults.iter().any(|f| f == "wrong-zone")
        && let Some(e) = world.esx.first_mut()
    {
        e.host.skew = 9 * HOUR;
    }
}

/// Hosts whose clocks are off, with their error.
pub fn skews(world: &World) -> Vec<(String, T)> {
    let hosts =
        world.esx.iter().map(|e| &e.host).chain(&world.desks).chain([&world.vpn, &world.vcsa, &world.fw, &world.sensor, &world.mail]);
    hosts.filter(|h| h.skew != 0).map(|h| (h.name.clone(), h.skew)).collect()
}

/// What is taken away.
pub fn cuts(opt: &Options, lab: &mut Lab) {
    // A stream of its own: a fault moves no plot.
    let plot = std::mem::replace(&mut lab.rng, crate::rng::Rng::new(opt.seed, "faults"));
    let mut cuts = Vec::new();
    for fault in &opt.faults {
        match fault.split_once(':') {
            Some(("missing", source)) => {
                // Windows events are one source, whatever form they are written in.
                let source = if source == "windows/evtx" { "windows/json" } else { source };
                cuts.push(Cut { source: source.to_owned(), host: None, file: None, before: T::MAX, why: "not collected" });
            }
            _ if fault == "rotation" => {
                for source in ["hostd", "auth", "shell", "vobd", "vmkernel", "syslog"] {
                    let source = format!("vmware/esxi_{source}");
                    cuts.push(Cut { source, host: None, file: None, before: lab.end - 4 * DAY, why: "rotated" });
                }
            }
            _ if fault == "cleared" => {
                let before = lab.start + (lab.end - lab.start) / 2;
                let w = lab.w.clone();
                if let (Some(host), Some(user)) = (w.desks.first(), w.users.first()) {
                    lab.security_cleared(host, before + SEC, user, None);
                }
                let host = lab.w.desks.first().map(|h| h.name.clone());
                cuts.push(Cut { source: "windows/json".to_owned(), host, file: Some("/Security.jsonl"), before, why: "log cleared" });
                let host = lab.w.esx.get(1).or(lab.w.esx.first()).map(|e| e.host.name.clone());
                cuts.push(Cut { source: "vmware/esxi_shell".to_owned(), host, file: None, before, why: "log cleared" });
            }
            _ => {}
        }
    }
    lab.rng = plot;
    lab.out.cuts = cuts;
    lab.out.duplicates = opt.faults.iter().any(|f| f == "duplicates");
    lab.out.truncate = opt.faults.iter().any(|f| f == "truncation");
    lab.out.cp932 = opt.faults.iter().any(|f| f == "cp932");
}

/// Lines that a fault itself leaves.
pub fn late(opt: &Options, lab: &mut Lab) {
    let w = lab.w.clone();
    if opt.faults.iter().any(|f| f == "cp932") {
        let names: Vec<&str> = include_str!("../data/ja.txt").lines().collect();
        for (n, name) in names.iter().enumerate() {
            let at = lab.end - 2 * HOUR + n as T * SEC;
            let user = w.users.get(n % w.users.len().max(1)).map_or("user", |u| u.login.as_str());
            let line = format!("{} file server: {user} opened {name}", crate::when::plain(at, &w.zone));
            lab.line("notes/fileserver.txt", "text/plain", &w.fs.name, at, line, None);
        }
    }
}
