//! The wire's everyday: updates at fixed hours, browsing, scans from outside, backups, time.

use crate::ctx::Lab;
use crate::life::anytime;
use crate::when::{HOUR, MIN, SEC, T};
use crate::write::zeek::Flow;

const SITES: &[&str] = &[
    "www.news.example",
    "mail.webmail.example",
    "cdn.static.example",
    "docs.office.example",
    "maps.travel.example",
    "api.weather.example",
];

pub fn day(lab: &mut Lab, day: T) {
    updates(lab, day);
    browsing(lab, day);
    scans(lab, day);
    let w = lab.w.clone();
    for (n, e) in w.esx.iter().enumerate() {
        let bytes = (2_000_000_000 + lab.rng.below(900_000_000), 5_000_000);
        let at = day + 4 * HOUR + n as T * 9 * MIN;
        lab.flow(at, &Flow::tcp(&e.host.ip, &w.backup.ip, 902, "", 38 * MIN, bytes), None);
        lab.tls(day + 5 * HOUR, &Flow::tcp(&w.vcsa.ip, &e.host.ip, 443, "ssl", 20 * HOUR, (9_000_000, 40_000_000)), &e.fqdn, None);
    }
}

/// Regular and innocent: the appliance asks its vendor every day, vCenter its depot, the controller the time.
fn updates(lab: &mut Lab, day: T) {
    let w = lab.w.clone();
    let sources = [&w.vpn.ip, &w.vcsa.ip, &w.fs.ip, &w.dc.ip];
    for ((name, ip), src) in w.updates.iter().zip(sources) {
        if name.starts_with("time.") {
            for hour in (0..24).step_by(4) {
                let f = Flow { src, dst: ip, port: 123, proto: "udp", service: "ntp", took: 30_000, out: 48, back: 48, state: "SF" };
                lab.flow(day + hour * HOUR + 17 * SEC, &f, None);
            }
            continue;
        }
        for hour in [3, 15] {
            let at = day + hour * HOUR + lab.rng.range(0, 240) * SEC;
            lab.dns(at - SEC, src, name, ip, None);
            let bytes = (2_000 + lab.rng.below(900), 20_000 + lab.rng.below(900_000));
            lab.tls(at, &Flow::tcp(src, ip, 443, "ssl", 4 * SEC, bytes), name, None);
        }
    }
}

fn browsing(lab: &mut Lab, day: T) {
    let w = lab.w.clone();
    let times = lab.rng.about(25.0 * lab.opt.scale);
    for _ in 0..times {
        let Some(desk) = lab.rng.one(&w.desks).cloned() else { return };
        let at = anytime(lab, day);
        let site = lab.rng.pick(SITES);
        let ip = format!("198.51.100.{}", 1 + crate::rng::fnv(site) % 2 * 254);
        lab.dns(at, &desk.ip, site, &ip, None);
        let bytes = (800 + lab.rng.below(9000), 4000 + lab.rng.below(2_000_000));
        let took = lab.rng.range(1, 90) * SEC;
        if lab.rng.chance(10) {
            lab.zeek_http(
                at + SEC,
                &Flow::tcp(&desk.ip, &ip, 80, "http", took, bytes),
                ("GET", site, "/index.html"),
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64)",
                200,
                None,
            );
        } else {
            lab.tls(at + SEC, &Flow::tcp(&desk.ip, &ip, 443, "ssl", took, bytes), site, None);
        }
    }
}

/// The Internet's rain on the public side.
fn scans(lab: &mut Lab, day: T) {
    let w = lab.w.clone();
    let times = lab.rng.about(12.0 * lab.opt.scale);
    for _ in 0..times {
        let at = anytime(lab, day);
        let src = lab.rng.one(&w.scanners).cloned().unwrap_or_default();
        let port = [22, 23, 80, 3389, 445, 8443].get(lab.rng.below(6) as usize).copied().unwrap_or(80);
        let f = Flow { src: &src, dst: &w.vpn.ip, port, proto: "tcp", service: "", took: 0, out: 0, back: 0, state: "S0" };
        lab.flow(at, &f, None);
    }
}
