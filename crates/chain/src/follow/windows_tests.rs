//! From code on a workstation to accounts, services and systems beyond; commands in a shell on a box that nobody works on.

use konseki_model::{At, Because, Entity, EntityKind, Finding, FindingKind, FindingTime, Kind, Level, Record};

use super::Follow;
use super::tests::{event, stamp};
use crate::compare::{Compare, Settings};

const DAY: i64 = 24 * 60;

fn logon(minute: i64, host: &str, user: &str, src: &str, kind: &str) -> Record {
    Record { object: kind.into(), session: format!("0x{minute:x}"), ..event("windows/evtx", Kind::AuthSuccess, minute, host, user, src) }
}

/// The workstation's own connections name its address.
fn own(minute: i64) -> Record {
    let fields = vec![("Initiated".to_owned(), "true".to_owned())];
    Record { dst: "192.0.2.9".into(), fields, ..event("windows/evtx", Kind::Flow, minute, "WS07", "EXAMPLE\\hanako", "10.0.7.7") }
}

fn fired(minute: i64, host: &str, technique: &str, tactic: &str, level: Level, cites: At) -> Finding {
    Finding {
        id: format!("F{minute}"),
        rule: "rule".into(),
        title: String::new(),
        level,
        confidence: 0.8,
        kind: FindingKind::Observed,
        time: FindingTime::default(),
        techniques: vec![technique.into()],
        tactics: vec![tactic.into()],
        entities: vec![Entity::new(EntityKind::Host, host, "where")],
        because: vec![Because { evidence: "windows/evtx".into(), path: String::new(), at: cites, excerpt: String::new(), encoding: None }],
        count: 1,
        why: String::new(),
        disproof: String::new(),
        args: Default::default(),
        ja: None,
        engine: "sigma".into(),
        micros: Some(stamp(minute).micros),
    }
}

fn run(records: &[Record], mut findings: Vec<Finding>) -> (Vec<Finding>, Vec<Finding>) {
    let mut compare = Compare::new(&Settings::default());
    records.iter().for_each(|record| compare.observe(record));
    compare.settle();
    records.iter().for_each(|record| compare.again(record));
    let mut compared = compare.finish();
    findings.append(&mut compared.findings);
    let mut follow = Follow::new(&findings, &compared.joins);
    records.iter().for_each(|record| follow.observe(record));
    let (new, _) = follow.finish(&mut findings);
    (findings, new)
}

#[test]
fn an_account_that_was_never_seen_at_a_taken_workstation() {
    let macro_ = fired(3 * DAY, "WS07", "T1204.002", "execution", Level::High, At::Line(1));
    let service = fired(4 * DAY, "FS01", "T1569.002", "execution", Level::Medium, At::Line((4 * DAY + 2) as u64));
    let records = [
        own(5),
        own(9),
        logon(30, "FS01", "EXAMPLE\\hanako", "10.0.7.7", "3"),
        logon(3 * DAY + 20, "FS01", "EXAMPLE\\hanako", "10.0.7.7", "3"),
        logon(4 * DAY, "FS01", "EXAMPLE\\admin", "10.0.7.7", "3"),
        event("windows/evtx", Kind::ServiceInstall, 4 * DAY + 1, "FS01", "", ""),
    ];
    let (findings, new) = run(&records, vec![macro_, service]);
    let logons: Vec<&str> = new.iter().filter(|f| f.rule == "followed-logon").map(|f| f.args["user"].as_str()).collect();
    assert_eq!(logons, ["EXAMPLE\\admin"], "the workstation's own user does his work");
    assert!(new.iter().all(|f| !f.techniques.iter().any(|t| t == "T1021.001")), "a network logon is no desktop");
    // The service that came with the logon belongs to it, as far as the logon is his.
    let (none, _) = run(&records, vec![fired(4 * DAY, "FS01", "T1569.002", "execution", Level::Medium, At::Line((4 * DAY + 2) as u64))]);
    assert!(none.iter().all(|f| f.level <= Level::Medium));
    assert!(findings.iter().any(|f| f.rule == "rule" && f.techniques == ["T1569.002"]));
}

#[test]
fn the_desktop_in_which_harm_was_done_is_told_and_its_account_followed() {
    let mut harm = fired(60, "DC01", "T1003.003", "credential-access", Level::Critical, At::Line(61));
    harm.entities.push(Entity::new(EntityKind::Session, "0x32", "via"));
    let flow = Record {
        dst: "10.0.1.31".into(),
        dst_port: Some(3389),
        duration: Some(600_000_000),
        bytes_in: Some(9_000_000),
        ..event("network/zeek", Kind::Flow, 2 * DAY, "", "", "10.0.9.12")
    };
    let records = [logon(50, "DC01", "EXAMPLE\\backup", "10.0.9.12", "10"), flow];
    let (_, new) = run(&records, vec![harm]);
    let places: Vec<&str> = new.iter().filter(|f| f.rule == "followed-logon").map(|f| f.args["host"].as_str()).collect();
    assert_eq!(places, ["DC01", "10.0.1.31"]);
}

#[test]
fn new_commands_after_a_shell_on_a_gateway_are_his_and_its_own_routine_is_not() {
    let mail = |minute: i64| Record {
        object: "a@example.net".into(),
        session: format!("m{minute}"),
        ..event("mail/barracuda", Kind::MailReceived, minute, "gw", "b@example.org", "198.51.100.9")
    };
    let command =
        |minute: i64, line: &str| Record { command: line.into(), ..event("linux/auditd", Kind::ProcessStart, minute, "gw", "root", "") };
    let shell = fired(DAY, "gw", "T1059.004", "execution", Level::High, At::Line(1));
    let records = [
        mail(1),
        mail(2),
        command(10, "df -h"),
        command(DAY + 5, "df -h"),
        command(DAY + 6, "find /mail/store -name *.eml"),
        command(2 * DAY, "find /mail/queue -mtime +9"),
    ];
    let (_, new) = run(&records, vec![shell]);
    let told: Vec<&str> = new.iter().filter(|f| f.rule == "followed-command").map(|f| f.args["command"].as_str()).collect();
    assert_eq!(told, ["find /mail/store -name *.eml"]);
}
