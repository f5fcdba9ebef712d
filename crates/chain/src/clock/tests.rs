//! Shifts planted and found; what scatters stays unknown.

use std::collections::BTreeMap;

use konseki_model::{Basis, Fidelity, Kind, Record, Stamp};

use super::{Clocks, Offset, SECOND};

const HOUR: i64 = 3600 * SECOND;
const DAY: i64 = 24 * HOUR;

fn record(evidence: &str, kind: Kind, src: &str, time: i64) -> Record {
    Record {
        evidence: evidence.into(),
        kind: Some(kind),
        src: src.into(),
        time: Some(Stamp::new(time, Fidelity::Second, Basis::Assumed)),
        ..Record::default()
    }
}

/// Visits of several clients at times that no rule makes: by the sensor, and by the box with `late` of that time added.
fn run(visits: i64, late: impl Fn(i64) -> i64, seen: bool) -> Offset {
    let mut clocks = Clocks::new(&BTreeMap::from([("E1".to_owned(), "vpn".to_owned())]));
    let at = |n: i64| DAY * 100 + n * 5 * HOUR + (n * n * 7919 % 14_000) * SECOND;
    let src = |n: i64| format!("203.0.113.{}", 1 + n * 31 % 40);
    for n in 0..visits {
        clocks.own(&record("E1", Kind::AuthSuccess, &src(n), at(n) + late(at(n)) + (n % 4) * SECOND));
    }
    clocks.turn();
    for n in (0..visits).filter(|_| seen) {
        clocks.other(&record("E2", Kind::Flow, &src(n), at(n)));
    }
    clocks.finish().remove(0)
}

#[test]
fn zones_of_every_quarter_are_found() {
    for quarters in -48..=56_i64 {
        let planted = quarters * 15 * 60 * SECOND;
        let found = run(60, |_| planted, true);
        assert_eq!(found.parts, [(i64::MIN, -planted)], "{quarters}");
        assert!(found.doubt <= 6 * SECOND && found.agreeing == 60);
    }
}

#[test]
fn a_clock_that_is_off_by_minutes_beside_its_zone() {
    let found = run(60, |_| 9 * HOUR + 400 * SECOND, true);
    let shift = found.parts[0].1 + 9 * HOUR + 400 * SECOND;
    assert!(shift.abs() <= 3 * SECOND, "{shift}");
}

#[test]
fn daylight_saving_is_a_part_of_its_own() {
    let change = DAY * 100 + 20 * DAY;
    let found = run(200, |time| if time < change { -8 * HOUR } else { -7 * HOUR }, true);
    let shifts: Vec<i64> = found.parts.iter().map(|(_, shift)| shift / HOUR).collect();
    assert_eq!(shifts, [8, 7]);
    // Written times jump by the hour at the change; the border lies within a week of it.
    assert!((found.parts[1].0 - change).abs() <= 8 * DAY);
}

#[test]
fn nothing_seen_by_both_or_too_little_stays_unknown() {
    assert!(run(60, |_| 9 * HOUR, false).parts.is_empty());
    assert!(run(3, |_| 9 * HOUR, true).parts.is_empty());
}

#[test]
fn a_clock_that_jumps_about_stays_unknown() {
    let found = run(60, |time| (time / SECOND * 48_271 % 80_000 - 40_000) * SECOND, true);
    assert!(found.parts.is_empty(), "{found:?}");
}

#[test]
fn desktops_within_tunnels_tell_the_hour() {
    let mut clocks = Clocks::new(&BTreeMap::from([("E1".to_owned(), "vpn".to_owned())]));
    for n in 0..30_i64 {
        let tunnel = |kind, time| Record { assigned: "10.9.0.5".into(), session: format!("s{n:05}"), ..record("E1", kind, "", time) };
        let from = n * DAY + (n % 5) * HOUR;
        clocks.own(&tunnel(Kind::TunnelStart, from - 8 * HOUR));
        clocks.own(&tunnel(Kind::TunnelEnd, from + (1 + n % 3) * HOUR - 8 * HOUR));
    }
    clocks.turn();
    for n in 0..30_i64 {
        let from = n * DAY + (n % 5) * HOUR;
        for minute in [3, 50] {
            clocks.other(&record("E2", Kind::RdpLogon, "10.9.0.5", from + minute * 60 * SECOND));
        }
    }
    let found = clocks.finish().remove(0);
    assert_eq!((found.parts.as_slice(), found.by.as_str()), ([(i64::MIN, 8 * HOUR)].as_slice(), "tunnels"));
}

/// A firewall writes hours-long connections when they end; the host it went to wrote the login when it began.
#[test]
fn a_firewall_is_compared_by_when_its_connections_began() {
    let mut clocks = Clocks::new(&BTreeMap::from([("E1".to_owned(), "fw".to_owned())]));
    let at = |n: i64| DAY * 100 + n * 5 * HOUR + (n * n * 7919 % 14_000) * SECOND;
    let port = |n: i64| u16::try_from(50_000 + n * 37 % 9000).ok();
    let length = |n: i64| (n * 977 % 9000) * SECOND;
    for n in 0..40 {
        let flow = record("E1", Kind::Flow, "10.0.0.9", at(n) + length(n) + 9 * HOUR);
        clocks.own(&Record { source: "network/firewall".into(), src_port: port(n), duration: Some(length(n)), ..flow });
    }
    clocks.turn();
    for n in 0..40 {
        clocks.other(&Record { src_port: port(n), ..record("E2", Kind::SshSession, "10.0.0.9", at(n) + 2 * SECOND) });
    }
    assert_eq!(clocks.finish().remove(0).parts, [(i64::MIN, -9 * HOUR)]);
}
