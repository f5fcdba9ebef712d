//! mailgate: a mail gateway taken over through an attachment's name; messages packed and carried away. Which ones?

use std::collections::BTreeMap;

use crate::cases::acts::{self, time};
use crate::cases::still::{self, Changes};
use crate::ctx::Lab;
use crate::life;
use crate::rng::Rng;
use crate::store::Mark;
use crate::when::{self, DAY, HOUR, MIN, SEC, T};
use crate::write::mail::Message;
use crate::write::zeek::Flow;

/// How long the gateway keeps messages.
pub const KEEP: T = 30 * DAY;

const SUBJECTS: &[&str] = &[
    "Re: schedule for Thursday",
    "Minutes of the steering group",
    "Invoice 2023-118",
    "Draft agreement v3",
    "Workshop registration",
    "Travel request",
    "Quarterly figures",
    "Question about the data set",
];
const OUTSIDE: &[&str] = &["partner.example", "university.example", "ministry.example", "supplier.example", "press.example"];

/// Moments of the plot that messages are measured against.
struct Moments {
    zero: T,
    last: T,
}

pub fn plot(lab: &mut Lab) {
    lab.truth.intrusion = true;
    lab.truth.entry = "mail-gateway".to_owned();
    let mut w = (*lab.w).clone();
    let (from, c2_ip) = (w.external(), w.external());
    lab.w = std::sync::Arc::new(w);
    let zero = lab.end - 60 * DAY + 6 * HOUR + lab.rng.range(0, 50 * MIN);
    let m = Moments { zero, last: zero + 41 * DAY };
    let messages = traffic(lab);
    entry(lab, m.zero, &from);
    persistence(lab, m.zero + 20 * MIN);
    let (port, last) = c2(lab, &m, &c2_ip);
    staging(lab, &m, &c2_ip, &messages, port);
    // The window ends with the last contact there was, not with the plan.
    scope(lab, &Moments { last, ..m }, &messages);
    still::collect(lab, &Changes::default());
}

/// All mail of the span, written before the plot so that the plot can pack it.
fn traffic(lab: &mut Lab) -> Vec<Message> {
    let plot = std::mem::replace(&mut lab.rng, Rng::new(lab.opt.seed, "mail"));
    let w = lab.w.clone();
    let mut all = Vec::new();
    let mut day = lab.start;
    while day < lab.end {
        let count = lab.rng.about(18.0 * lab.opt.scale);
        for _ in 0..count {
            let at = life::anytime(lab, day);
            let Some(user) = lab.rng.one(&w.users).cloned() else { continue };
            let domain = lab.rng.pick(OUTSIDE);
            let other = format!("{}@{domain}", lab.rng.letters(6));
            let own = w.upn(&user.login);
            let subject = lab.rng.pick(SUBJECTS);
            let inbound = lab.rng.chance(70);
            let client = if inbound { format!("203.0.113.{}", 1 + crate::rng::fnv(domain) % 2 * 253) } else { w.dc.ip.clone() };
            let (a, b) = if inbound { (&other, &own) } else { (&own, &other) };
            all.push(lab.esg_message(at, a, b, (&format!("smtp.{domain}"), &client), subject, inbound, None));
            if inbound {
                lab.flow(at, &Flow::tcp(&client, &w.mail.ip, 25, "smtp", 2 * SEC, (4000, 600)), None);
            }
        }
        let at = life::anytime(lab, day);
        if let Some(desk) = w.desks.first() {
            lab.esg_admin(at, &desk.ip, "LOGIN (admin)", None);
        }
        day += DAY;
    }
    all.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
    lab.rng = plot;
    all
}

/// A message whose attachment's name is a command.
fn entry(lab: &mut Lab, t: T, from: &str) {
    let w = lab.w.clone();
    lab.step(
        "entry",
        &w.mail.name,
        "initial-access",
        &["T1190", "T1566.001", "T1059.004", "T1059"],
        "a message with an archive whose member's name is a command, and the first connection out at once",
    );
    let to = w.users.first().map_or(String::new(), |u| w.upn(&u.login));
    let sender = format!("{}@{}.example", lab.rng.letters(5), lab.rng.letters(8));
    let host = format!("mail.{}", sender.rsplit('@').next().unwrap_or("x.example"));
    let m = lab.esg_message(t, &sender, &to, (&host, from), "CVS documents", true, Some("entry!"));
    lab.flow(t, &Flow::tcp(from, &w.mail.ip, 25, "smtp", 4 * SEC, (18_000, 700)), Some("entry"));
    lab.flow(t + 20 * SEC, &Flow::tcp(&w.mail.ip, from, 8080, "ssl", 9 * MIN, (9000, 1_400_000)), Some("entry!"));
    lab.key("entry", "interval", "address", from);
    lab.key("entry", "interval", "address", &w.mail.ip);
    lab.key("entry", "interval", "host", &w.mail.name);
    lab.key("entry", "exact", "message", &m.id);
    time(lab, "entry", t, t + 10 * MIN);
}

fn persistence(lab: &mut Lab, t: T) {
    let w = lab.w.clone();
    lab.step(
        "cron",
        &w.mail.name,
        "persistence",
        &["T1053.003", "T1543", "T1053", "T1505", "T1547"],
        "an hourly script and new modules on the gateway",
    );
    let host = w.mail.name.clone();
    let line = "nohup /boot/os_tools/hw-set/BarracudaMailService eth0 >/dev/null 2>&1 &";
    let path = format!("{host}/etc/cron.hourly/core.sh");
    lab.out.file(&path, "linux/autostart", &host, &format!("#!/bin/sh\n# made-up stand-in\n{line}\n"), &[("cron!", line)]);
    lab.bodyfile(
        &host,
        &[
            ("/home/product/code/bin/bsmtpd", 0, 9_100_200, lab.start - 300 * DAY, None),
            ("/etc/cron.hourly/core.sh", 0, 112, t, Some("cron!")),
            ("/boot/os_tools/hw-set/BarracudaMailService", 0, 2_924_217, t + MIN, Some("cron!")),
            ("/lib/libselinux.so.1.mod_udp.so", 0, 1_879_643, t + 2 * MIN, Some("cron")),
        ],
    );
    lab.key("cron", "interval", "host", &host);
    time(lab, "cron", t, t + 3 * MIN);
}

/// The port, and the end of the last contact.
fn c2(lab: &mut Lab, m: &Moments, c2_ip: &str) -> (u16, T) {
    let w = lab.w.clone();
    lab.step(
        "c2",
        &w.mail.name,
        "command-and-control",
        &["T1071.001", "T1071", "T1573", "T1571", "T1095", "T1573.002"],
        "regular connections from the gateway to an address that is no mail server",
    );
    let port = if lab.rng.chance(50) { 443 } else { 8080 };
    let mut t = m.zero + HOUR;
    let mut last = t;
    while t <= m.last {
        let bytes = (800 + lab.rng.below(900), 600 + lab.rng.below(900));
        let took = lab.rng.range(2, 40) * SEC;
        lab.flow(t, &Flow::tcp(&w.mail.ip, c2_ip, port, "ssl", took, bytes), Some("c2!"));
        lab.bytes_out += bytes.0;
        last = t + took;
        t += 4 * HOUR + lab.rng.range(-20, 20) * MIN;
    }
    lab.link("entry", "c2", "interval", "address", &w.mail.ip);
    lab.key("c2", "interval", "address", c2_ip);
    lab.key("c2", "interval", "host", &w.mail.name);
    time(lab, "c2", m.zero + HOUR, m.last);
    (port, last)
}

/// Archives with messages; the last is still on the box, of the others only name, size and time.
fn staging(lab: &mut Lab, m: &Moments, c2_ip: &str, messages: &[Message], port: u16) {
    let w = lab.w.clone();
    lab.step(
        "staging",
        &w.mail.name,
        "collection",
        &["T1560", "T1560.001", "T1074", "T1074.001", "T1114", "T1114.002", "T1114.001"],
        "archives of messages under the gateway's temporary folder",
    );
    lab.step(
        "exfiltration",
        &w.mail.name,
        "exfiltration",
        &["T1041", "T1048"],
        "the archives leave for the address that the gateway calls",
    );
    for round in 0..3_i64 {
        let t = m.zero + (9 + round * 14) * DAY;
        let present = messages.iter().filter(|x| x.at <= t && x.at > t - KEEP);
        let wanted = w.users.get(round as usize).map_or(String::new(), |u| w.upn(&u.login));
        let taken: Vec<&Message> = present.filter(|x| x.from == wanted || x.to == wanted).take(25).collect();
        let name = format!("{}{}.tar.gz", lab.rng.letters(3), lab.rng.range(100, 999));
        let size: u64 = taken.iter().map(|x| x.size).sum::<u64>().max(40_000);
        let path = format!("/mail/tmp/{name}");
        let host = w.mail.name.clone();
        lab.bodyfile(&host, &[(&path, 0, size, t, Some("staging!"))]);
        if round == 2 {
            archive(lab, &name, &taken);
        }
        let at = t + 12 * MIN;
        lab.flow(at, &Flow::tcp(&w.mail.ip, c2_ip, port, "ssl", 4 * MIN, (size, 4000)), Some("exfiltration!"));
        lab.bytes_out += size;
    }
    let from = m.zero + 9 * DAY;
    lab.link("staging", "exfiltration", "interval", "host", &w.mail.name);
    lab.link("c2", "exfiltration", "interval", "address", c2_ip);
    time(lab, "staging", from, from + 28 * DAY);
    time(lab, "exfiltration", from, from + 29 * DAY);
}

fn archive(lab: &mut Lab, name: &str, taken: &[&Message]) {
    let w = lab.w.clone();
    let mut members = BTreeMap::new();
    for m in taken {
        let text = format!(
            "Message-ID: <{}@{}>\nFrom: {}\nTo: {}\nDate: {}\nSubject: {}\n\n(made up)\n",
            m.id,
            w.domain,
            m.from,
            m.to,
            when::iso_s(m.at),
            m.subject
        );
        members.insert(format!("mstore/{}", m.id), text.into_bytes());
        lab.truth.scope.confirmed.push(("message".to_owned(), m.id.clone()));
    }
    let Ok(bytes) = crate::pack::tgz(&members) else { return };
    let marks: Vec<(&'static str, String)> = taken.iter().map(|m| ("staging", format!("mstore/{}", m.id))).collect();
    let marks: Vec<(&'static str, &str)> = marks.iter().map(|(s, m)| (*s, m.as_str())).collect();
    let path = format!("{}/mail/tmp/{name}", w.mail.name);
    lab.out.bytes(&path, "mail/staged", &w.mail.name, bytes, &marks);
}

/// On the box between first compromise and last contact: the window begins with the oldest message, not with the break-in.
fn scope(lab: &mut Lab, m: &Moments, messages: &[Message]) {
    let exposed: Vec<&Message> = messages.iter().filter(|x| x.at <= m.last && x.at + KEEP >= m.zero).collect();
    let scope = &mut lab.truth.scope;
    scope.window_from = exposed.first().map_or(String::new(), |x| when::iso_s(x.at));
    scope.window_to = when::iso_s(m.last);
    scope.cannot_exclude = exposed.iter().map(|x| ("message".to_owned(), x.id.clone())).collect();
    scope.bytes_out_at_least = lab.bytes_out;
    scope.bytes_out_at_most = lab.bytes_out + lab.bytes_out / 20;
    scope.accessed.push(("host".to_owned(), lab.w.mail.name.clone()));
}

/// Mail is written by the plot; the rest of life goes on.
pub fn life(lab: &mut Lab, day: T) {
    life::day(lab, day);
    let w = lab.w.clone();
    let at = day + 7 * HOUR + lab.rng.range(0, 600) * SEC;
    const NONE: Mark = None;
    if let Some((name, ip)) = w.updates.first() {
        acts::beacon(lab, &w.mail.ip, (name, ip), (at, at + MIN), DAY, NONE);
    }
    lab.bytes_out = 0;
}
