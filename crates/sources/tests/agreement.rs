//! How far our fields agree with the expected outputs of another product's public tests, field by field and format by format.
//! Those tests give a message without its syslog head where the product cut it off: a head is put before it here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::io::Cursor;

use common::Seen;
use konseki_formats::time;
use konseki_model::{Basis, Hints, Piece, Record};
use konseki_sources::{Description, Reading, all, recognise};
use serde_json::Value;

/// Folder, sources whose reading counts (the first that recognises, else the first), head before a bare message, floor in
/// percent: what is reached today.
struct Format {
    folder: &'static str,
    sources: &'static [&'static str],
    head: &'static str,
    floor: u64,
}

const FORMATS: &[Format] = &[
    Format { folder: "Suricata/suricata", sources: &["network/suricata"], head: "", floor: 100 },
    Format { folder: "NGINX/nginx", sources: &["web/access"], head: "", floor: 100 },
    Format { folder: "Apache/apache", sources: &["web/access"], head: "", floor: 100 },
    Format { folder: "OpenSSH/openssh", sources: &["linux/syslog"], head: "Jan  1 00:00:00 host sshd[1]: ", floor: 98 },
    Format { folder: "Postfix/postfix", sources: &["mail/postfix"], head: "Jan  1 00:00:00 host {app}[1]: ", floor: 95 },
    Format { folder: "Ivanti/pulse-connect", sources: &["ivanti/syslog"], head: "", floor: 96 },
    Format { folder: "VMWare/vmware-vcenter", sources: &["vmware/vcenter_events"], head: "", floor: 100 },
    Format { folder: "VMWare/vmware-esxi", sources: &["vmware/esxi_syslog"], head: "", floor: 100 },
];

/// Fields that have a place of their own in our core, and how it is asked.
fn core(name: &str, record: &Record) -> Option<String> {
    let port = |port: Option<u16>| port.map(|port| port.to_string()).unwrap_or_default();
    Some(match name {
        "user.name" => record.user.clone(),
        "source.ip" => record.src.clone(),
        "source.port" => port(record.src_port),
        "destination.ip" => record.dst.clone(),
        "destination.port" => port(record.dst_port),
        "host.name" => record.host.clone(),
        "user_agent.original" => record.agent.clone(),
        "process.command_line" => record.command.clone(),
        "postfix.queue_id.local" => record.session.clone(),
        "event.outcome" => outcome(record),
        "@timestamp" => record.time.map(|time| time.micros.to_string()).unwrap_or_default(),
        _ => return None,
    })
}

/// Fields that must stand somewhere among our native fields.
const NATIVE: &[&str] = &[
    "http.request.method",
    "http.response.status_code",
    "url.original",
    "event.code",
    "email.from.address",
    "email.to.address",
    "email.message_id",
    "network.forwarded_ip",
    "dns.id",
    "network.transport",
    "log.level",
    "process.pid",
];

fn outcome(record: &Record) -> String {
    let kind = record.kind().as_str();
    let text = record.outcome.to_lowercase();
    match text.parse::<u32>() {
        Ok(status) if (100..600).contains(&status) => if status < 400 { "success" } else { "failure" }.to_owned(),
        _ if kind.ends_with(".failure") || ["failed", "fail", "bounced", "deferred"].contains(&text.as_str()) => "failure".to_owned(),
        _ if kind.ends_with(".success") || text == "sent" => "success".to_owned(),
        _ => text,
    }
}

fn expected(value: &Value, name: &str) -> Option<String> {
    // Some expected outputs hold names with dots, others nest them.
    let found = value.get(name).or_else(|| name.split('.').try_fold(value, |value, part| value.get(part)))?;
    let one = found.as_array().and_then(|list| list.first()).unwrap_or(found);
    let text = one.as_str().map_or_else(|| one.to_string(), str::to_owned);
    if name == "@timestamp" {
        let (mut written, _) = time::iso(text.as_bytes())?;
        written.offset = written.offset.or(Some(0));
        return written.utc_micros().map(|micros| micros.to_string());
    }
    Some(text)
}

/// Where a difference is theirs or a matter of meaning, it is not counted. Ours in words:
/// - an outcome is said of logons, requests and deliveries; theirs says `success` of every connection that ends, and of a
///   deferred delivery;
/// - `System` of Ivanti is no account, `child is on pid` names none, `logged in as pyvmomi` names a program; of `user=A:B`
///   ESXi wrote B as who acted and A as whose session carried it: ours is B;
/// - a datacenter of vCenter is no host;
/// - the place that an event of vCenter names (or the user beside it) is not the machine that wrote it; the time of a request
///   is when it was asked, which stands in the line beside the time it was written;
/// - of a connection, theirs takes the end that stands first as who opened it: of a server that listens on 443, or of an
///   attempt to reach `localhost:9096`, that is the destination; a lock left by a process that is gone is not of this process;
///   `connection 4:0 (iqn…)` has no level; `pyvmomi` is part of the agent's name;
/// - a redirect is a request answered, and `-` no agent; the machine behind a proxy, or the name that a client asked for, is
///   not where its request went.
fn other_meaning(name: &str, want: &str, record: &Record, folder: &str) -> bool {
    let kind = record.kind().as_str();
    let has = |name: &str, want: &str| record.fields.iter().any(|(known, value)| known == name && value == want);
    let judged = kind.starts_with("auth.") || kind.starts_with("mail.") || kind == "web.request";
    match name {
        "event.outcome" => {
            !judged || want == "redirect" || want == "success" && outcome(record) == "failure" && folder.starts_with("Postfix")
        }
        "user.name" => {
            let carried = folder.ends_with("esxi") && record.fields.iter().any(|(_, value)| value.starts_with(&format!("{want}:")));
            ["System", "child", "pyvmomi"].contains(&want) && record.user != want || carried
        }
        "host.name" => want.contains("Datacenter") || has("entity", want) || has("user_name", want),
        "@timestamp" => kind == "web.request" && has("process", "envoy"),
        "source.ip" | "source.port" | "destination.ip" | "destination.port" if folder.ends_with("esxi") => swapped(name, want, record),
        "process.pid" => record.fields.iter().any(|(_, text)| text.contains(&format!("stale lock detected for PID {want}:"))),
        "log.level" => want == "connection",
        "user_agent.original" if folder.ends_with("esxi") => record.agent != want && record.agent == format!("pyvmomi {want}"),
        "user_agent.original" if want == "-" => true,
        "destination.ip" | "destination.port" if kind == "web.request" => {
            let asked = |name: &str| record.fields.iter().any(|(known, value)| known == name && value.contains(want));
            asked("upstream_addr") || asked("host")
        }
        _ => false,
    }
}

/// Is what theirs calls one end what we call the other?
fn swapped(name: &str, want: &str, record: &Record) -> bool {
    let other = match name {
        "source.ip" => "destination.ip",
        "source.port" => "destination.port",
        "destination.ip" => "source.ip",
        _ => "source.port",
    };
    let read = |event: &str| record.fields.iter().any(|(name, value)| name == "event" && value == event);
    (read("stream") || read("connecting"))
        && core(other, record).is_some_and(|ours| ours == want)
        && core(name, record).is_none_or(|ours| ours != want)
}

fn agrees(name: &str, want: &str, record: &Record) -> bool {
    let bare = |text: &str| match text.parse::<std::net::IpAddr>() {
        Ok(address) => address.to_string(),
        Err(_) => text.trim_matches(['<', '>']).to_lowercase(),
    };
    // A number is one whether noughts stand before it.
    let number = |text: &str| if name == "process.pid" { text.trim_start_matches('0').to_owned() } else { bare(text) };
    let same = |ours: &str| number(ours) == number(want);
    match core(name, record) {
        // An account is one whether its domain stands beside it or in a field of its own.
        Some(ours) if name == "user.name" => {
            same(&ours) || ours.rsplit(['\\', '/']).next().is_some_and(same) || ours.split('@').next().is_some_and(same)
        }
        Some(ours) => same(&ours),
        None => record.fields.iter().any(|(_, value)| same(value) || value.split(',').any(same)),
    }
}

/// The head that the host's syslog puts before what a program says.
fn esxi_head(message: &str) -> String {
    let app = match message.split(' ').next().unwrap_or_default() {
        "info" | "verbose" | "warning" | "error" => match message.split(['[', ' ']).nth(1).unwrap_or_default() {
            "rhttpproxy" => "Rhttpproxy: ",
            "fdm" => "Fdm: ",
            _ => "Hostd: ",
        },
        "USER" => "crond[2099000]: ",
        word if word.starts_with("[Originator@") && (message.contains("sub=RhttpProxy]") || message.contains("sub=Proxy Req ")) => {
            "Rhttpproxy: info rhttpproxy[2099000] "
        }
        word if word.starts_with("[Originator@") => "Hostd: info hostd[2099656] ",
        word if word.ends_with("Correlator]") => "vobd: ",
        word if word.starts_with("sshd[") => "",
        _ => "sshd[2102293]: ",
    };
    format!("<166>2024-01-01T00:00:00.000Z esx01 {app}")
}

fn read(format: &Format, message: &str, app: &str) -> Option<Record> {
    let cut = format.folder.ends_with("vcenter") && message.contains(" ; COMMAND=") && !message.contains("sudo");
    let head = if cut {
        "<86>Jan  1 00:00:00 vc01 sudo: ".to_owned()
    } else if format.folder.ends_with("esxi") {
        esxi_head(message.trim_start())
    } else {
        format.head.replace("{app}", app)
    };
    let text = format!("{head}{}\n", message.trim_end());
    let piece = Piece { path: "messages.log", head: text.as_bytes(), size: text.len() as u64 };
    let by_itself = recognise(&piece).into_iter().find(|entry| entry.id != "linux/syslog" || format.sources.contains(&entry.id));
    let entry = by_itself.or_else(|| all().iter().find(|entry| entry.id == format.sources[0]))?;
    let about = Description::parse(entry.about).unwrap();
    let mut seen = Seen::keeping(100);
    // Their parser takes a time without zone as UTC: so would an analyst who says so.
    let hints = Hints { zone: Some(("UTC".to_owned(), Basis::Analyst)), ..Hints::default() };
    entry.source.read(&mut Cursor::new(text.as_bytes()), &Reading { piece, hints: &hints, about: &about }, &mut seen);
    seen.events.into_iter().next()
}

#[test]
fn expected_outputs_of_others() {
    let Some(root) = common::evidence("sekoia-intake-formats") else { return };
    let mut low = Vec::new();
    for format in FORMATS {
        let mut fields: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        let mut files: Vec<_> = fs::read_dir(root.join(format.folder).join("tests")).unwrap().flatten().map(|e| e.path()).collect();
        files.sort();
        for file in files {
            let test: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
            let app = expected(&test["input"], "log.syslog.appname").unwrap_or_else(|| "postfix/smtpd".to_owned());
            let record = read(format, test["input"]["message"].as_str().unwrap(), &app).unwrap_or_default();
            let names = NATIVE.iter().chain(CORE).filter(|name| **name != "@timestamp" || format.head.is_empty());
            for name in names {
                let Some(want) = expected(&test["expected"], name) else { continue };
                if other_meaning(name, &want, &record, format.folder) {
                    continue;
                }
                let count = fields.entry(name).or_default();
                count.1 += 1;
                if agrees(name, &want, &record) {
                    count.0 += 1;
                } else {
                    let ours = core(name, &record).unwrap_or_default();
                    println!("  {} {name}: {want:?}, ours {ours:?}", file.file_name().unwrap().to_string_lossy());
                }
            }
        }
        let (yes, asked) = fields.values().fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1));
        let percent = yes * 100 / asked.max(1);
        println!("{}: {yes} of {asked} ({percent} %) {fields:?}", format.folder);
        if percent < format.floor {
            low.push(format!("{}: {percent} % agree, floor {}", format.folder, format.floor));
        }
    }
    assert!(low.is_empty(), "{}", low.join("\n"));
}

const CORE: &[&str] = &[
    "user.name",
    "source.ip",
    "source.port",
    "destination.ip",
    "destination.port",
    "host.name",
    "user_agent.original",
    "process.command_line",
    "postfix.queue_id.local",
    "event.outcome",
    "@timestamp",
];
