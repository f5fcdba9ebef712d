//! Agreement, disagreement and its reason, for machines, pairs and rules.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::other::{Opinion, Verdict};
use konseki_model::{At, Basis, Because, Entity, EntityKind, Fidelity, Finding, Kind, Level, Record, Stamp};

use super::{Heard, Known};
use crate::compare::{MachineRow, MachineVerdict};
use crate::tell::Coverage;

const T: i64 = 1_704_597_129_000_000;

fn foreign(source: &str, tool: &str, host: &str, line: u64) -> Record {
    Record {
        evidence: "Eother".into(),
        source: source.into(),
        at: Some(At::Line(line)),
        kind: Some(Kind::ForeignFinding),
        agent: tool.into(),
        host: host.into(),
        outcome: "high".into(),
        raw: format!("line {line}"),
        ..Record::default()
    }
}

fn machine(host: &str, name: &str, path: &str, line: u64) -> Record {
    let record = foreign("tools/virtualghost", "VirtualGHOST", host, line);
    Record { target: path.into(), fields: vec![("VMName".into(), name.into())], ..record }
}

fn hit(host: &str, id: &str, title: &str, record: u64, time: i64) -> Record {
    let fields = vec![("RuleID".into(), id.into()), ("RecordID".into(), record.to_string())];
    let time = Some(Stamp::new(time, Fidelity::Second, Basis::Written));
    Record { object: title.into(), fields, time, ..foreign("tools/hayabusa", "Hayabusa", host, record) }
}

fn ours(id: &str, rule: &str, engine: &str, args: &[(&str, &str)], entities: &[(EntityKind, &str)], at: u64) -> Finding {
    Finding {
        id: id.into(),
        rule: rule.into(),
        title: format!("Title of {rule}"),
        level: Level::High,
        confidence: 0.8,
        engine: engine.into(),
        micros: Some(T),
        because: vec![Because { evidence: "Eown".into(), path: String::new(), at: At::Record(at), excerpt: "x".into(), encoding: None }],
        entities: entities.iter().map(|(kind, value)| Entity::new(*kind, *value, "where")).collect(),
        args: args.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect(),
        ..crate::compare::Draft {
            rule,
            level: Level::High,
            confidence: 0.8,
            techniques: &[],
            tactics: &[],
            records: &[],
            entities: vec![],
            args: &[],
        }
        .finding()
    }
}

fn row(name: &str, vmx: &str, verdict: MachineVerdict) -> MachineRow {
    let lists = BTreeMap::from([("registered".to_owned(), BTreeSet::from(["esx01".to_owned()]))]);
    MachineRow { name: name.into(), uuid: String::new(), vmx: vmx.into(), lists, verdict }
}

fn judge(records: &[Record], findings: &mut [Finding], machines: &[MachineRow]) -> Vec<Opinion> {
    let mut heard = Heard::default();
    records.iter().for_each(|record| heard.observe(record));
    let coverage = Coverage {
        host: "DC01.corp.example".into(),
        source: "windows/evtx".into(),
        first: Some(T - 60_000_000),
        last: Some(T + 60_000_000),
        ..Coverage::default()
    };
    let rules = BTreeSet::from(["in-set".to_owned()]);
    heard.judge(findings, &Known { machines, coverage: &[coverage], rules: &rules }).opinions
}

fn told(opinions: &[Opinion]) -> Vec<(Verdict, &str, &str)> {
    opinions.iter().map(|one| (one.verdict, one.name.as_str(), one.why.as_str())).collect()
}

#[test]
fn machines_agree_by_place_and_disagree_with_a_reason() {
    let records = [
        machine("esx01.corp.example", "dev-build-07", "[ds1] dev-build-07/dev-build-07.vmx", 1),
        machine("esx01", "app-01", "/vmfs/volumes/ds1/app-01/app-01.vmx", 2),
        machine("esx02", "ghost", "", 3),
    ];
    let vm = |id, name, host, vmx| {
        ours(id, "vmware-unregistered-vm-running", "chain", &[("vm", name), ("host", host), ("vmx", vmx)], &[(EntityKind::Host, host)], 1)
    };
    let mut findings = vec![
        vm("F1", "renamed", "esx01", "/vmfs/volumes/ds1/dev-build-07/dev-build-07.vmx"),
        vm("F2", "second", "esx01", "/vmfs/volumes/ds1/second/second.vmx"),
        vm("F3", "third", "esx09", "/vmfs/volumes/ds1/third/third.vmx"),
    ];
    let rows = [row("app-01", "/vmfs/volumes/ds1/app-01/app-01.vmx", MachineVerdict::Known)];
    let opinions = judge(&records, &mut findings, &rows);
    assert_eq!(
        told(&opinions),
        [
            (Verdict::OnlyTheirs, "app-01", "registered"),
            (Verdict::OnlyTheirs, "ghost", "machine-not-in-evidence"),
            (Verdict::OnlyOurs, "second", "not-in-their-list"),
            (Verdict::OnlyOurs, "third", "host-not-looked-at"),
            (Verdict::Both, "dev-build-07", ""),
        ]
    );
    assert_eq!(opinions.first().map(|one| one.args.get("hosts").map(String::as_str)), Some(Some("esx01")));
    let agreed = findings.first().unwrap();
    assert_eq!((agreed.confidence, agreed.args.get("witness").map(String::as_str)), (0.9, Some("VirtualGHOST")));
    assert!(agreed.because.iter().any(|because| because.evidence == "Eother" && because.excerpt == "line 1"));
    assert!(findings.iter().skip(1).all(|other| other.confidence == 0.8 && other.because.len() == 1));
}

#[test]
fn a_tool_that_repeats_itself_is_one_witness() {
    let place = "/vmfs/volumes/ds1/a/a.vmx";
    let mut findings = vec![ours("F1", "vmware-vm-cannot-tell", "chain", &[("vm", "a"), ("vmx", place)], &[], 1)];
    judge(&[machine("esx01", "a", place, 1), machine("esx02", "a", place, 2), machine("esx01", "a", place, 3)], &mut findings, &[]);
    assert_eq!(findings.first().map(|one| one.confidence), Some(0.9));
}

#[test]
fn pairs_are_looked_for_among_flows() {
    let pair = |src: &str, dst: &str, score: &str, line| Record {
        src: src.into(),
        dst: dst.into(),
        outcome: score.into(),
        ..foreign("tools/rita", "RITA", "", line)
    };
    let flow = Record { kind: Some(Kind::Flow), src: "10.0.0.6".into(), dst: "203.0.113.6".into(), ..Record::default() };
    let records = [
        pair("10.0.0.5", "203.0.113.5", "critical", 1),
        pair("10.0.0.6", "203.0.113.6", "0.95", 2),
        pair("10.0.0.7", "203.0.113.7", "high", 3),
        pair("10.0.0.8", "203.0.113.8", "0.2", 4),
        flow.clone(),
        flow,
    ];
    let beacon = |id, src, dst| ours(id, "beacon", "chain", &[], &[(EntityKind::Address, src), (EntityKind::Address, dst)], 1);
    let mut findings = vec![beacon("F1", "10.0.0.5", "203.0.113.5"), beacon("F2", "10.0.0.9", "203.0.113.5")];
    let opinions = judge(&records, &mut findings, &[]);
    assert_eq!(
        told(&opinions),
        [
            (Verdict::OnlyTheirs, "10.0.0.6 → 203.0.113.6", "below-our-bar"),
            (Verdict::OnlyTheirs, "10.0.0.7 → 203.0.113.7", "pair-not-in-evidence"),
            (Verdict::OnlyOurs, "10.0.0.9 → 203.0.113.5", "pair-not-in-theirs"),
            (Verdict::Both, "10.0.0.5 → 203.0.113.5", ""),
        ]
    );
    assert_eq!(opinions.first().and_then(|one| one.args.get("n").cloned()).as_deref(), Some("2"));
}

#[test]
fn rules_agree_by_id_title_or_record_on_the_same_host() {
    let records = [
        hit("dc01.corp.example", "in-set", "Quiet", 70, T),
        hit("dc01", "not-in-set", "Strange", 71, T),
        hit("dc01", "late", "Late", 72, T + 3_600_000_000),
        hit("ws77", "own-a", "Other Host", 1, T),
        hit("DC01", "their-name", "Same Record", 5, T),
        hit("dc01", "own-b", "By Id", 73, T),
        hit("dc01", "x", "Title of own-c", 74, T),
        Record { outcome: "low".into(), ..hit("dc01", "low", "Low", 75, T) },
    ];
    let rule = |id, rule, at| ours(id, rule, "sigma", &[], &[(EntityKind::Host, "dc01")], at);
    let mut findings = vec![rule("F1", "own-a", 5), rule("F2", "own-b", 900), rule("F3", "own-c", 901), rule("F4", "own-d", 902)];
    let opinions = judge(&records, &mut findings, &[]);
    assert_eq!(
        told(&opinions),
        [
            (Verdict::OnlyTheirs, "Late", "time-not-in-evidence"),
            (Verdict::OnlyTheirs, "Strange", "rule-not-in-set"),
            (Verdict::OnlyTheirs, "Quiet", "our-rule-silent"),
            (Verdict::OnlyTheirs, "Other Host", "log-not-in-evidence"),
            (Verdict::OnlyOurs, "Title of own-d", "their-rules-silent"),
            (Verdict::Both, "Same Record", ""),
            (Verdict::Both, "By Id", ""),
            (Verdict::Both, "Title of own-c", ""),
        ]
    );
    assert!(findings.iter().all(|one| one.confidence == 0.8), "the same rule over the same log is no second witness");
}

#[test]
fn what_is_one_too_many_is_counted() {
    let mut heard = Heard::default();
    for number in 0..super::MOST as u64 + 3 {
        heard.observe(&hit("dc01", &format!("rule-{number}"), "Title", number, T));
    }
    assert_eq!((heard.said.len(), heard.beyond), (super::MOST, 3));
}

#[test]
fn an_exported_event_of_the_same_second_is_the_same() {
    let mut findings = [ours("F1", "own-rule", "sigma", &[], &[(EntityKind::Host, "dc01")], 7)];
    findings[0].because[0].at = At::Line(7);
    let said =
        [hit("DC01.corp.example", "theirs", "Their title", 4711, T), hit("DC01.corp.example", "late", "Later", 4712, T + 30_000_000)];
    let opinions = judge(&said, &mut findings, &[]);
    let of = |name: &str| opinions.iter().find(|one| one.name == name).map(|one| one.verdict);
    assert_eq!(of("Their title"), Some(Verdict::Both));
    assert_eq!(of("Later"), Some(Verdict::OnlyTheirs));
}
