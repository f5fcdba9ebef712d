//! Windows of messages: before, within, gone, after; archives that name some.

use std::collections::BTreeMap;

use konseki_model::{
    At, Basis, Chain, Entity, EntityKind, Fidelity, Finding, FindingKind, FindingTime, Kind, Level, Record, Scope, Stamp, Step,
};

use super::{DAY, Mail};

fn finding(id: &str, tactic: &str, start: i64, end: i64) -> Finding {
    let text = |day: i64| Some(konseki_model::time::rfc3339(day * DAY, Fidelity::Second));
    Finding {
        id: id.into(),
        rule: "r".into(),
        title: String::new(),
        level: Level::High,
        confidence: 0.9,
        kind: FindingKind::Observed,
        time: FindingTime { start: text(start), end: text(end), ..FindingTime::default() },
        techniques: if tactic == "collection" { vec!["T1560.001".into()] } else { Vec::new() },
        tactics: vec![tactic.into()],
        entities: vec![
            Entity::new(EntityKind::Host, "gw", "where"),
            Entity::new(EntityKind::File, if tactic == "collection" { "/mail/tmp/abc.tar.gz" } else { "" }, "object"),
        ],
        because: Vec::new(),
        count: 1,
        why: String::new(),
        disproof: String::new(),
        args: BTreeMap::new(),
        ja: None,
        engine: "chain".into(),
        micros: Some(start * DAY),
    }
}

fn chain(findings: &[Finding]) -> Chain {
    let step = Step { findings: findings.iter().map(|f| f.id.clone()).collect(), ..step() };
    Chain { steps: vec![step], ..Chain::default() }
}

fn step() -> Step {
    Step {
        id: "S01".into(),
        tactic: String::new(),
        techniques: Vec::new(),
        title: String::new(),
        title_ja: String::new(),
        time: FindingTime::default(),
        host: "gw".into(),
        actor: String::new(),
        findings: Vec::new(),
        confidence: 1.0,
        key: String::new(),
        args: BTreeMap::new(),
        micros: None,
        end_micros: None,
    }
}

fn event(source: &str, kind: Kind, session: &str, day: i64, text: &str) -> Record {
    Record {
        source: source.into(),
        kind: Some(kind),
        host: "gw".into(),
        session: session.into(),
        time: Some(Stamp::new(day * DAY, Fidelity::Second, Basis::Written)),
        at: Some(At::Line(day.unsigned_abs() + 1)),
        fields: vec![("message".into(), text.into())],
        ..Record::default()
    }
}

fn run(records: &[Record], keep: Option<u32>) -> Scope {
    let findings = [finding("F1", "command-and-control", 10, 20), finding("F2", "collection", 15, 15)];
    let paths = BTreeMap::from([
        ("E1".to_owned(), "e/gw/mail/tmp/abc.tar.gz!/abc.tar!/m/b12".to_owned()),
        ("E2".to_owned(), "e/gw/mail/other.tar.gz!/m/b5".to_owned()),
    ]);
    let chain = chain(&findings);
    let mut mail = Mail::new(&findings, &chain, &paths, keep);
    assert!(!mail.is_empty());
    records.iter().for_each(|record| mail.observe(record));
    let mut scope = Scope::default();
    mail.finish(&mut scope);
    scope
}

fn possible(scope: &Scope) -> Vec<&str> {
    scope.cannot_exclude.iter().map(|item| item.value.as_str()).collect()
}

#[test]
fn before_within_and_after_the_last_contact() {
    let received = |day: i64| event("mail/barracuda", Kind::MailReceived, &format!("b{day}"), day, "");
    let records: Vec<Record> = [2, 5, 12, 19, 21].map(received).to_vec();
    let scope = run(&records, None);
    assert_eq!(possible(&scope), ["b12", "b19", "b2", "b5"]);
    assert_eq!((scope.mail[0].at_least, scope.mail[0].at_most), (0, 4));
    assert_eq!(scope.mail[0].last_contact.as_deref(), Some("1970-01-21T00:00:00Z"));
    // With a known time of keeping, what had been deleted before he came is out.
    assert_eq!(possible(&run(&records, Some(6))), ["b12", "b19", "b5"]);
}

#[test]
fn the_message_by_which_he_came_is_nobodys_loss() {
    let mut entry = finding("F0", "initial-access", 10, 10);
    entry.entities.push(Entity::new(EntityKind::Message, "b10", "object"));
    let findings = [entry, finding("F1", "command-and-control", 10, 20)];
    let (chain, paths) = (chain(&findings), BTreeMap::new());
    let mut mail = Mail::new(&findings, &chain, &paths, None);
    for day in [5, 10, 12] {
        mail.observe(&event("mail/barracuda", Kind::MailReceived, &format!("b{day}"), day, ""));
    }
    let mut scope = Scope::default();
    mail.finish(&mut scope);
    assert_eq!(possible(&scope), ["b12", "b5"]);
    assert_eq!(scope.mail[0].at_most, 2);
}

#[test]
fn an_archive_that_was_packed_names_messages() {
    let stored = |evidence: &str, file: &str| Record {
        evidence: evidence.into(),
        source: "mail/message".into(),
        kind: Some(Kind::MailStored),
        object: format!("{file}@example.net"),
        session: file.into(),
        at: Some(At::Line(1)),
        ..Record::default()
    };
    let records = [
        stored("E1", "b12"),
        stored("E2", "b5"),
        event("mail/barracuda", Kind::MailReceived, "b5", 5, ""),
        event("mail/barracuda", Kind::MailReceived, "b12", 12, ""),
    ];
    let scope = run(&records, None);
    assert_eq!(scope.confirmed.iter().map(|item| item.value.as_str()).collect::<Vec<_>>(), ["b12"]);
    assert_eq!(possible(&scope), ["b5"]);
    assert_eq!((scope.mail[0].at_least, scope.mail[0].at_most), (1, 2));
}

#[test]
fn a_relay_lets_go_and_a_server_keeps() {
    let line = |kind, session: &str, day, text: &str| event("mail/postfix", kind, session, day, text);
    let named = |session: &str, day, name: &str| Record { object: format!("<{name}>"), ..line(Kind::Other, session, day, "message-id") };
    let records = [
        line(Kind::MailReceived, "AAAAA", 3, ""),
        named("AAAAA", 3, "relayed@example.net"),
        line(Kind::MailSent, "AAAAA", 3, ""),
        line(Kind::Other, "AAAAA", 3, "removed"),
        line(Kind::MailReceived, "BBBBB", 4, ""),
        named("BBBBB", 4, "kept@example.net"),
        line(Kind::MailDelivered, "BBBBB", 4, ""),
        line(Kind::Other, "BBBBB", 4, "removed"),
        // The same short id again, days later.
        line(Kind::MailReceived, "AAAAA", 14, ""),
        named("AAAAA", 14, "later@example.net"),
        line(Kind::Other, "AAAAA", 14, "removed"),
    ];
    assert_eq!(possible(&run(&records, None)), ["later@example.net", "kept@example.net"]);
}

#[test]
fn a_command_names_the_place_and_flows_of_another_name_tell_when_it_was_last_called() {
    let place = |role: &str| Entity::new(EntityKind::Address, "203.0.113.50", role);
    let mut command = finding("F1", "command-and-control", 10, 10);
    command.engine = "sigma".into();
    command.entities.push(place("to"));
    let mut beacon = finding("F2", "command-and-control", 10, 20);
    beacon.entities = vec![Entity::new(EntityKind::Host, "10.0.0.5", "where"), place("to")];
    let findings = [command, beacon];
    let paths = BTreeMap::new();
    let mut mail = Mail::new(&findings, &chain(&findings), &paths, None);
    for day in [12, 19, 21] {
        mail.observe(&event("mail/barracuda", Kind::MailReceived, &format!("b{day}"), day, ""));
    }
    let mut scope = Scope::default();
    mail.finish(&mut scope);
    assert_eq!(possible(&scope), ["b12", "b19"]);
}

#[test]
fn what_was_refused_at_the_door_never_lay_on_the_gateway() {
    let findings = [finding("F1", "initial-access", 10, 20)];
    let paths = BTreeMap::new();
    let mut mail = Mail::new(&findings, &chain(&findings), &paths, None);
    for (name, verdict) in [("m1", "2"), ("m2", "0")] {
        let fields = vec![("verdict".to_owned(), verdict.to_owned())];
        let record = Record {
            source: "mail/barracuda".into(),
            kind: Some(Kind::MailReceived),
            host: "gw".into(),
            session: name.into(),
            object: "hanako@example.net".into(),
            outcome: "RECV".into(),
            time: Some(Stamp::new(12 * DAY, Fidelity::Second, Basis::Format)),
            at: Some(At::Line(1)),
            fields,
            ..Record::default()
        };
        mail.observe(&record);
    }
    let mut scope = Scope::default();
    mail.finish(&mut scope);
    let told: Vec<&str> = scope.cannot_exclude.iter().map(|item| item.value.as_str()).collect();
    assert_eq!(told, ["m2"]);
}
