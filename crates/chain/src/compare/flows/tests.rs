//! Channels and thefts, and what looks like them.

use konseki_model::{At, Basis, Fidelity, Finding, Kind, Level, Record, Stamp};

use super::{DAY, Flows, HOUR};
use crate::book::Book;
use crate::compare::Compared;
use crate::data::Data;

fn flow(src: &str, dst: &str, micros: i64, bytes: u64, seconds: i64) -> Record {
    Record {
        source: "network/zeek".into(),
        kind: Some(Kind::Flow),
        src: src.into(),
        dst: dst.into(),
        dst_port: Some(443),
        bytes_out: Some(bytes),
        bytes_in: Some(800),
        duration: Some(seconds * 1_000_000),
        time: Some(Stamp::new(micros, Fidelity::Microsecond, Basis::Format)),
        at: Some(At::Line(micros.unsigned_abs() / 1000 + 1)),
        ..Record::default()
    }
}

fn run(records: &[Record]) -> Vec<Finding> {
    let mut flows = Flows::default();
    let vcenter = Record { source: "vmware/vcenter_vpxd".into(), host: "vc".into(), ..Record::default() };
    flows.observe(&vcenter);
    let mut ordered = records.to_vec();
    // Others make the sensor's days.
    ordered.extend((0..30).map(|day| flow("10.0.9.9", "198.51.100.250", day * DAY, 100, 1)));
    ordered.sort_by_key(Record::micros);
    ordered.iter().for_each(|record| flows.observe(record));
    let mut book = Book::default();
    book.vote("vc", "10.0.0.5", 9);
    book.settle();
    let mut out = Compared::default();
    flows.finish(&book, &Data::embedded(), &mut out);
    out.findings
}

fn of<'f>(found: &'f [Finding], rule: &str) -> Vec<&'f Finding> {
    found.iter().filter(|finding| finding.rule == rule).collect()
}

#[test]
fn calls_with_jitter_from_a_quiet_box_and_from_a_desktop() {
    let calls = |src: &str| -> Vec<Record> {
        (0..200_i64)
            .map(|n| flow(src, "203.0.113.7", 5 * DAY + n * HOUR / 2 + (n * n * 37 % 301) * 1_000_000, 900 + (n as u64 * 13) % 200, 3))
            .collect()
    };
    let found = run(&calls("10.0.0.5"));
    assert_eq!(of(&found, "beacon").first().map(|f| f.level), Some(Level::High));
    let found = run(&calls("10.0.30.8"));
    assert_eq!(of(&found, "beacon").first().map(|f| f.level), Some(Level::Medium));
}

#[test]
fn an_update_check_twice_a_day_is_no_channel() {
    let checks: Vec<Record> = (0..58).map(|n| flow("10.0.0.5", "192.0.2.36", n * 12 * HOUR, 2400, 2)).collect();
    assert!(run(&checks).iter().all(|finding| finding.level <= Level::Low));
}

#[test]
fn long_and_nearly_silent_connections() {
    let calls: Vec<Record> = (0..6).map(|n| flow("10.0.0.5", "203.0.113.7", n * 3 * DAY + n * n * HOUR, 4000, 7200)).collect();
    assert_eq!(of(&run(&calls), "long-quiet-connection").first().map(|f| f.level), Some(Level::High));
}

#[test]
fn a_day_far_above_the_usual_and_a_nightly_copy() {
    let theft = [flow("10.0.0.5", "203.0.113.7", 20 * DAY, 900_000_000, 600)];
    let found = run(&theft);
    let found = of(&found, "bytes-out-above-baseline");
    assert_eq!(found.first().map(|f| (f.level, f.args["bytes"].as_str())), Some((Level::High, "900000000")));
    let nightly: Vec<Record> = (0..30).map(|n| flow("10.0.30.8", "203.0.113.7", n * DAY, 900_000_000, 600)).collect();
    assert!(of(&run(&nightly), "bytes-out-above-baseline").is_empty());
}

#[test]
fn names_asked_over_https() {
    let mut calls: Vec<Record> = (0..6).map(|n| flow("10.0.0.5", "198.51.100.82", n * DAY, 700, 2)).collect();
    let mut tls = flow("10.0.0.5", "198.51.100.82", 10, 0, 0);
    (tls.kind, tls.object) = (Some(Kind::Tls), "dns.google".into());
    calls.push(tls);
    assert_eq!(of(&run(&calls), "doh-from-quiet-box").first().map(|f| f.level), Some(Level::High));
}

/// A firewall that tells of a long connection every few minutes counts from its beginning each time.
#[test]
fn bytes_of_a_connection_that_is_told_of_while_it_lasts_count_once() {
    let told: Vec<Record> = (1..=30_i64)
        .map(|n| Record {
            source: "network/firewall".into(),
            session: "4711".into(),
            ..flow("10.0.0.5", "203.0.113.7", 20 * DAY + n * 120_000_000, n.unsigned_abs() * 100_000_000, n * 120)
        })
        .collect();
    let watch = (0..30).map(|day| Record { source: "network/firewall".into(), ..flow("10.0.9.9", "198.51.100.250", day * DAY, 100, 1) });
    let found = run(&told.iter().cloned().chain(watch).collect::<Vec<_>>());
    let theft = of(&found, "bytes-out-above-baseline");
    assert_eq!(theft.first().map(|f| f.args["bytes"].as_str()), Some("3000000000"));
    assert!(of(&found, "beacon").is_empty());
}
