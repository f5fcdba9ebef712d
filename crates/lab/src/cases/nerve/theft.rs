//! After disclosure: two more web shells on the appliance, staging, gigabytes out, and attempts that failed.

use crate::cases::nerve::Plot;
use crate::cases::nerve::entry::time;
use crate::ctx::{Lab, Pace};
use crate::when::{DAY, HOUR, MIN, SEC};
use crate::write::dlogs::Process;
use crate::write::zeek::Flow;

fn tls_from(lab: &mut Lab, t: i64, from: &str, bytes: (u64, u64), mark: crate::store::Mark) {
    let w = lab.w.clone();
    lab.tls(t - SEC, &Flow::tcp(from, &w.vpn.ip, 443, "ssl", 4 * SEC, bytes), &format!("remote.{}", w.domain), mark);
}

/// A shell in the client API that answers in pictures, and a first pile in a public folder.
pub fn second_shell(lab: &mut Lab, p: &Plot) {
    let w = lab.w.clone();
    lab.step(
        "web-shell-2",
        &w.vpn.name,
        "persistence",
        &["T1505.003", "T1573.001", "T1036.008", "T1071.001", "T1554"],
        "posts to a page of the client API that has no business with posts",
    );
    let t = p.d[4] + 5 * HOUR;
    for n in 0..6 {
        let at = t + n * 4 * MIN + lab.rng.range(0, 50) * SEC;
        let (bytes, took) = (300 + lab.rng.below(60_000), 90 + lab.rng.below(4000));
        lab.uwsgi(at, "cav_webserv.log", ("POST", "/api/v1/cav/client/visits"), bytes, took, 200, Some("web-shell-2!"));
        lab.ics_unauthenticated(at, &p.exploit_from, "/api/v1/cav/client/visits", Some("web-shell-2"));
        tls_from(lab, at, &p.exploit_from, (9000, bytes), Some("web-shell-2"));
    }
    lab.link("exploit", "web-shell-2", "interval", "address", &p.exploit_from);
    lab.key("web-shell-2", "interval", "host", &w.vpn.name);
    time(lab, "web-shell-2", t, t + 30 * MIN);
    lab.step(
        "staging-1",
        &w.vpn.name,
        "collection",
        &["T1074", "T1074.001", "T1059.006", "T1560", "T1560.001", "T1005"],
        "a script packs data into a folder that the web server gives to everybody",
    );
    let name = format!("{}.{}", lab.rng.letters(4), lab.rng.pick(&["gif", "css", "bak"]));
    let script = format!("python /tmp/{}.py /home/webserver/htdocs/dana-na/help/{name}", lab.rng.letters(5));
    let tar = format!("tar czf /home/webserver/htdocs/dana-na/help/{name} /data/runtime/mtmp/lmdb");
    let at = t + 40 * MIN;
    lab.nodemon(
        at,
        &[
            Process { pid: 24_110, parent: 22_150, command: &script, mark: Some("staging-1!") },
            Process { pid: 24_118, parent: 24_110, command: &tar, mark: Some("staging-1!") },
        ],
    );
    let url = format!("/dana-na/help/{name}");
    lab.ics_unauthenticated(at + 6 * MIN, &p.exploit_from, &url, Some("staging-1!"));
    let bytes = 60_000_000 + lab.rng.below(90_000_000);
    tls_from(lab, at + 6 * MIN, &p.exploit_from, (1800, bytes), Some("staging-1"));
    lab.bytes_out += bytes;
    lab.link("web-shell-2", "staging-1", "interval", "address", &p.exploit_from);
    time(lab, "staging-1", at, at + 8 * MIN);
    let scan = p.d[4] + 26 * HOUR;
    if scan < lab.end {
        lab.ics_scan(scan, 1, 1, Some("web-shell-2!"));
    }
}

pub fn third_shell(lab: &mut Lab, p: &Plot) {
    let w = lab.w.clone();
    lab.step(
        "web-shell-3",
        &w.vpn.name,
        "persistence",
        &["T1505.003", "T1554"],
        "posts to a page of the appliance from a public address, and new files in the integrity scan",
    );
    lab.step(
        "staging-2",
        &w.vpn.name,
        "collection",
        &["T1074", "T1074.001", "T1005", "T1083", "T1560", "T1560.001"],
        "files looked through and packed under /tmp",
    );
    let t = p.d[5] + 3 * HOUR;
    let page = lab.rng.pick(&["querymanifest.cgi", "compcheckjava.cgi", "getcomponent.cgi"]);
    let url = format!("/dana-na/jam/{page}");
    for n in 0..8 {
        let at = t + n * 6 * MIN + lab.rng.range(0, 80) * SEC;
        lab.ics_unauthenticated(at, &p.shell_from, &url, Some("web-shell-3!"));
        tls_from(lab, at, &p.shell_from, (1500, 3000), Some("web-shell-3"));
    }
    let archive = ["/tmp/exportall.bak", "/tmp/export-xml", "/tmp/.cfgexp.tgz"].get(lab.rng.below(3) as usize).copied().unwrap_or("/tmp/e");
    let tar = format!("tar czf {archive} /data/runtime/mtmp /home/runtime/webserver/conf");
    lab.nodemon(
        t + 30 * MIN,
        &[
            Process { pid: 25_001, parent: 6265, command: "/bin/sh -c ls -la /data/runtime/mtmp", mark: Some("staging-2!") },
            Process { pid: 25_020, parent: 6265, command: &tar, mark: Some("staging-2!") },
        ],
    );
    let scan = t + 20 * HOUR;
    if scan < lab.end {
        lab.ics_scan(scan, 2, 1, Some("web-shell-3!"));
    }
    let inside = format!("home/webserver/htdocs/dana-na/jam/{page}");
    let body = "#!/home/ecbuilds/int-rel/sa/22.3/bld1647.1/install/perl5/bin/perl -T\n# made-up stand-in: the place is what matters, there is no code here\n";
    lab.ict_archive(
        scan.min(lab.end - 3 * HOUR),
        &[(&inside, body), ("home/bin/configencrypt", "#!/bin/sh\n# made-up stand-in\nexit 0\n")],
        &[("web-shell-3", inside.as_str())],
    );
    lab.link("web-shell-3", "staging-2", "interval", "host", &w.vpn.name);
    lab.key("web-shell-3", "interval", "address", &p.shell_from);
    lab.key("staging-2", "interval", "host", &w.vpn.name);
    time(lab, "web-shell-3", t, t + HOUR);
    time(lab, "staging-2", t + 30 * MIN, t + 31 * MIN);
}

/// Several gigabytes from the appliance's own address.
pub fn exfiltration(lab: &mut Lab, p: &Plot) {
    let w = lab.w.clone();
    lab.step(
        "exfiltration",
        &w.vpn.name,
        "exfiltration",
        &["T1048", "T1041", "T1567", "T1030"],
        "gigabytes from the appliance to addresses it never spoke with",
    );
    let t = p.d[5] + 5 * HOUR;
    let parts = 4 + lab.rng.below(3) as i64;
    for n in 0..parts {
        let bytes = 700_000_000 + lab.rng.below(600_000_000);
        let at = t + n * 25 * MIN;
        lab.flow(at, &Flow::tcp(&w.vpn.ip, &p.shell_from, 443, "ssl", 18 * MIN, (bytes, bytes / 900)), Some("exfiltration!"));
        lab.bytes_out += bytes;
    }
    lab.link("web-shell-3", "exfiltration", "interval", "address", &p.shell_from);
    lab.link("exploit", "exfiltration", "interval", "address", &w.vpn.ip);
    lab.key("exfiltration", "interval", "host", &w.vpn.name);
    time(lab, "exfiltration", t, t + parts * 25 * MIN);
}

/// Weeks later: a ping to a domain controller of the other side, and refused connections.
pub fn late(lab: &mut Lab, p: &Plot) {
    let w = lab.w.clone();
    let Some(rogue) = p.rogue.first().cloned() else { return };
    lab.step(
        "corporate-attempt",
        &w.fw.name,
        "lateral-movement",
        &["T1018", "T1021", "T1021.002", "T1021.001", "T1046", "T1210"],
        "a ping to a corporate domain controller and refused connections to the corporate side: they did not get in",
    );
    let rounds = if lab.opt.pace == Pace::Week { 1 } else { 4 };
    for round in 0..rounds {
        let t = p.d[6] + round * 8 * DAY + 2 * HOUR;
        for n in 0..4 {
            let f =
                Flow { src: &rogue.ip, dst: &w.corp_dc.ip, port: 0, proto: "icmp", service: "", took: 900, out: 56, back: 0, state: "OTH" };
            lab.flow(t + n * SEC, &f, Some("corporate-attempt!"));
        }
        for (n, port) in [445_u16, 3389, 389, 88, 135, 5985].iter().enumerate() {
            for m in 0..3_u64 {
                let dst = if m == 0 { w.corp_dc.ip.clone() } else { format!("{}.1.{}", w.corp_net, 20 + m) };
                let f = Flow {
                    src: &rogue.ip,
                    dst: &dst,
                    port: *port,
                    proto: "tcp",
                    service: "",
                    took: 0,
                    out: 0,
                    back: 0,
                    state: if m == 1 { "REJ" } else { "S0" },
                };
                lab.flow(t + MIN + (n as i64 * 3 + m as i64) * 11 * SEC, &f, Some("corporate-attempt!"));
            }
        }
    }
    lab.link("rogue-rdp", "corporate-attempt", "interval", "address", &rogue.ip);
    time(lab, "corporate-attempt", p.d[6] + 2 * HOUR, p.d[6] + rounds * 8 * DAY);
}
