//! Sessions in two places, and what only looks like it.

use super::*;
use konseki_model::{At, Basis, Fidelity, Stamp};

fn event(kind: Kind, minute: i64, src: &str, agent: &str) -> Record {
    Record {
        source: "ivanti/syslog".into(),
        kind: Some(kind),
        time: Some(Stamp::new(1_704_000_000_000_000 + minute * 60_000_000, Fidelity::Second, Basis::Written)),
        at: Some(At::Line(minute.unsigned_abs())),
        host: "vpn".into(),
        user: "hanako".into(),
        src: src.into(),
        session: if kind == Kind::AuthSuccess { String::new() } else { "sidaa11".into() },
        agent: agent.into(),
        ..Record::default()
    }
}

fn run(records: &[Record]) -> Vec<konseki_model::Finding> {
    let mut vpn = Vpn::default();
    records.iter().for_each(|record| vpn.observe(record));
    records.iter().for_each(|record| vpn.again(record));
    let mut out = Compared::default();
    vpn.finish(&Book::default(), &mut out);
    out.findings
}

#[test]
fn a_session_in_two_places_without_a_second_login() {
    let found = run(&[
        event(Kind::AuthSuccess, 1, "198.51.100.20", ""),
        event(Kind::SessionStart, 2, "198.51.100.20", "Pulse/22.3 (Windows 10)"),
        event(Kind::TunnelStart, 40, "203.0.113.77", "curl/8"),
        event(Kind::SessionChange, 50, "198.51.100.20", "Pulse/22.3 (Windows 10)"),
    ]);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].rule.as_str(), found[0].level), ("vpn-session-second-address", Level::High));
    assert_eq!(found[0].because.len(), 2);
}

#[test]
fn a_traveller_who_signs_in_from_there_on_other_days_is_no_intruder() {
    let level = |later: &str| {
        let found = run(&[
            event(Kind::AuthSuccess, 1, "198.51.100.20", ""),
            event(Kind::SessionStart, 2, "198.51.100.20", "Pulse/22.3 (Windows 10)"),
            event(Kind::SessionChange, 40, "203.0.113.77", ""),
            event(Kind::SessionChange, 200, "198.51.100.20", ""),
            event(Kind::AuthSuccess, 2000, later, ""),
        ]);
        found.first().map(|finding| finding.level)
    };
    assert_eq!(level("198.51.100.20"), Some(Level::High));
    assert_eq!(level("203.0.113.91"), Some(Level::Medium), "the same network");
    assert_eq!(level("203.0.113.77"), Some(Level::Low), "the very address");
}

#[test]
fn roaming_with_a_login_and_the_same_network_are_innocent() {
    let roaming = [
        event(Kind::AuthSuccess, 1, "198.51.100.20", ""),
        event(Kind::SessionStart, 2, "198.51.100.20", "Pulse"),
        event(Kind::AuthSuccess, 39, "203.0.113.77", ""),
        event(Kind::SessionChange, 40, "203.0.113.77", "Pulse"),
    ];
    assert!(run(&roaming).is_empty());
    let pool = [event(Kind::SessionStart, 2, "198.51.100.20", "Pulse"), event(Kind::SessionChange, 40, "198.51.7.9", "Pulse")];
    assert!(run(&pool).is_empty());
    let six = [event(Kind::SessionStart, 2, "198.51.100.20", "Pulse"), event(Kind::SessionChange, 40, "2001:db8::7", "Pulse")];
    assert!(run(&six).is_empty());
}

fn of(user: &str, mut record: Record) -> Record {
    record.user = user.into();
    record.session = if record.session.is_empty() { String::new() } else { format!("sid{user}") };
    record
}

/// Phones change between home and a carrier's addresses, which many share, and back.
#[test]
fn among_many_on_the_way_only_another_computer_stands_out() {
    let mut records = Vec::new();
    for n in 0..8 {
        let (user, home, base) = (format!("student{n}"), format!("198.51.100.{n}"), n * 1000);
        records.push(of(&user, event(Kind::AuthSuccess, base, &home, "")));
        records.push(of(&user, event(Kind::SessionStart, base + 1, &home, "Client-iOS/22.4")));
        records.push(of(&user, event(Kind::SessionChange, base + 30, "203.0.113.200", "Client-iOS/22.4")));
        records.push(of(&user, event(Kind::SessionChange, base + 50, &home, "Client-iOS/22.4")));
    }
    assert!(run(&records).iter().all(|finding| finding.level < Level::Medium));
    let device = |name: &str, record: Record| Record { object: name.into(), assigned: format!("10.9.0.{}", name.len()), ..record };
    records.push(of("hanako", event(Kind::AuthSuccess, 9000, "198.51.100.77", "")));
    records.push(of("hanako", event(Kind::SessionStart, 9001, "198.51.100.77", "Client/22.5 (Windows 10)")));
    records.push(device("NB-1", of("hanako", event(Kind::TunnelStart, 9002, "198.51.100.77", "Client/22.5 (Windows 10)"))));
    records.push(of("hanako", event(Kind::SessionChange, 9100, "192.0.2.144", "Client/22.5 (Windows 10)")));
    records.push(device("WIN-9", of("hanako", event(Kind::TunnelStart, 9101, "192.0.2.144", "Client/22.5 (Windows 10)"))));
    let strong: Vec<_> = run(&records).into_iter().filter(|finding| finding.level >= Level::Medium).collect();
    assert_eq!(strong.iter().map(|f| f.args["user"].as_str()).collect::<Vec<_>>(), ["hanako"]);
}
