//! The story from findings: what is told, what proves a link, what changed.

use konseki_model::{At, Because, By, Entity, EntityKind, Finding, FindingKind, FindingTime, Level};

use super::{Coverage, changes, tell};
use crate::compare::Joins;

const DAY0: i64 = 1_704_067_200_000_000;

fn finding(id: &str, rule: &str, level: Level, hour: i64, host: &str, (tactic, technique): (&str, &str), more: &[Entity]) -> Finding {
    let micros = DAY0 + hour * super::HOUR;
    let mut entities = vec![Entity::new(EntityKind::Host, host, "where")];
    entities.extend_from_slice(more);
    Finding {
        id: id.into(),
        rule: rule.into(),
        title: rule.into(),
        level,
        confidence: 0.8,
        kind: FindingKind::Inferred,
        time: FindingTime { start: Some(konseki_model::time::rfc3339(micros, konseki_model::Fidelity::Second)), ..FindingTime::default() },
        techniques: vec![technique.into()],
        tactics: vec![tactic.into()],
        entities,
        because: vec![Because {
            evidence: "E1".into(),
            path: String::new(),
            at: At::Line(hour.unsigned_abs() + 1),
            excerpt: String::new(),
            encoding: None,
        }],
        count: 1,
        why: String::new(),
        disproof: String::new(),
        args: Default::default(),
        ja: None,
        engine: "chain".into(),
        micros: Some(micros),
    }
}

fn outside(role: &str) -> Entity {
    Entity::new(EntityKind::Address, "203.0.113.7", role)
}

#[test]
fn an_address_that_attacks_and_is_called_joins_two_steps() {
    let findings = [
        finding("F1", "exploit", Level::High, 1, "vpn", ("initial-access", "T1190"), &[outside("from")]),
        finding("F2", "bytes", Level::High, 90, "vpn", ("exfiltration", "T1041"), &[outside("to")]),
        finding("F3", "noise", Level::Medium, 50, "other", ("discovery", "T1046"), &[]),
    ];
    let chain = tell(&findings, &Joins::default(), &[]);
    assert_eq!(chain.steps.len(), 2);
    assert_eq!((chain.links[0].by, chain.links[0].entities[0].value.as_str()), (By::Interval, "203.0.113.7"));
    assert_eq!(chain.links[0].because.len(), 2);
}

#[test]
fn a_medium_finding_is_told_where_it_shares_something_with_a_strong_one() {
    let user = Entity::new(EntityKind::User, "CORP\\hanako", "actor");
    let strong = finding("F1", "a", Level::High, 1, "srv", ("execution", "T1059"), std::slice::from_ref(&user));
    let near = finding(
        "F2",
        "b",
        Level::Medium,
        3,
        "srv",
        ("discovery", "T1018"),
        &[Entity::new(EntityKind::User, "hanako@corp.example", "actor")],
    );
    let other = finding("F3", "c", Level::Medium, 3, "srv", ("discovery", "T1018"), &[Entity::new(EntityKind::User, "taro", "actor")]);
    let chain = tell(&[strong, near, other], &Joins::default(), &[]);
    let told: Vec<&String> = chain.steps.iter().flat_map(|step| &step.findings).collect();
    assert_eq!(told, ["F1", "F2"]);
    // Nearness on one host is no proof of a link.
    assert!(chain.links.is_empty());
}

#[test]
fn earlier_evidence_moves_the_start_back() {
    let later = finding("F1", "a", Level::High, 100, "srv", ("execution", "T1059"), &[]);
    let earlier = finding("F2", "b", Level::High, 1, "vpn", ("initial-access", "T1190"), &[]);
    let before = tell(std::slice::from_ref(&later), &Joins::default(), &[]);
    let after = tell(&[later, earlier], &Joins::default(), &[]);
    let told = changes(&before, &after);
    let what: Vec<&str> = told.iter().map(|change| change.what.as_str()).collect();
    assert_eq!(what[0], "start-earlier");
    assert!(what.contains(&"step-added"));
    assert!(changes(&after, &after).is_empty());
}

#[test]
fn a_source_that_a_host_should_have_is_a_gap_and_a_late_log_is_rotated() {
    let step = finding("F1", "a", Level::High, 1, "esx01", ("persistence", "T1078"), &[]);
    let coverage = [Coverage {
        host: "esx01".into(),
        source: "vmware/esxi_hostd".into(),
        first: Some(DAY0 + 9 * super::DAY),
        last: Some(DAY0 + 20 * super::DAY),
        ..Coverage::default()
    }];
    let chain = tell(&[step], &Joins::default(), &coverage);
    let gap = |source: &str| chain.gaps.iter().find(|gap| gap.source == source).map(|gap| gap.why);
    assert_eq!(gap("vmware/esxi_shell"), Some(konseki_model::GapWhy::NotCollected));
    assert_eq!(gap("vmware/esxi_hostd"), Some(konseki_model::GapWhy::Rotated));
}

#[test]
fn a_late_log_is_a_gap_only_where_it_would_have_shown_the_step() {
    let shell = finding("F1", "a", Level::High, 1, "esx01", ("lateral-movement", "T1021.004"), &[]);
    let late = |host: &str, source: &str| Coverage {
        host: host.into(),
        source: source.into(),
        first: Some(DAY0 + 9 * super::DAY),
        last: Some(DAY0 + 20 * super::DAY),
        ..Coverage::default()
    };
    // A list of the moment and text of no known source lose nothing; the shell's log does not hold logons.
    let coverage = [
        late("esx01", "vmware/esxi_auth"),
        late("esx01", "vmware/esxi_shell"),
        late("esx01", "vmware/esxi_date"),
        late("esx01", "text/plain"),
        late("esx01", "vmware/esxi_getallvms"),
        late("esx02", "vmware/esxi_auth"),
        // No log of that kind is known of where the step was.
        late("web", "linux/syslog"),
    ];
    let chain = tell(&[shell], &Joins::default(), &coverage);
    let rotated: Vec<(&str, &str, Option<&str>)> = chain
        .gaps
        .iter()
        .filter(|gap| gap.why == konseki_model::GapWhy::Rotated)
        .map(|gap| (gap.host.as_str(), gap.source.as_str(), gap.step.as_deref()))
        .collect();
    assert_eq!(rotated, [("esx01", "vmware/esxi_auth", Some("S01")), ("esx02", "vmware/esxi_auth", None)]);
}

#[test]
fn a_machine_made_over_the_api_leaves_nothing_in_the_shells_log() {
    let mut made = finding("F1", "a", Level::High, 1, "esx01", ("defense-evasion", "T1564.006"), &[]);
    let late = [Coverage {
        host: "esx01".into(),
        source: "vmware/esxi_shell".into(),
        first: Some(DAY0 + 9 * super::DAY),
        last: Some(DAY0 + 20 * super::DAY),
        ..Coverage::default()
    }];
    let told = |finding: &Finding| {
        let chain = tell(std::slice::from_ref(finding), &Joins::default(), &late);
        chain.gaps.iter().any(|gap| gap.why == konseki_model::GapWhy::Rotated)
    };
    assert!(told(&made));
    made.techniques.push("T1578.002".into());
    assert!(!told(&made));
}

#[test]
fn what_vcenter_orders_would_stand_in_the_log_of_its_hosts() {
    let made = finding("F1", "a", Level::High, 1, "vcsa01", ("defense-evasion", "T1578.002"), &[]);
    let late = |host: &str, source: &str, hours: i64| Coverage {
        host: host.into(),
        source: source.into(),
        first: Some(DAY0 + hours * super::HOUR),
        last: Some(DAY0 + 20 * super::DAY),
        ..Coverage::default()
    };
    let rotated = |vcenter: &str| {
        let coverage = [late("vcsa01", vcenter, -24), late("esx01", "vmware/esxi_hostd", 40), late("esx01", "vmware/esxi_auth", 40)];
        let chain = tell(std::slice::from_ref(&made), &Joins::default(), &coverage);
        let gaps = chain.gaps.iter().filter(|gap| gap.why == konseki_model::GapWhy::Rotated);
        gaps.map(|gap| (gap.host.clone(), gap.source.clone())).collect::<Vec<_>>()
    };
    assert_eq!(rotated("vmware/vcenter_vpxd"), [("esx01".to_owned(), "vmware/esxi_hostd".to_owned())]);
    // A host that gives no orders.
    assert_eq!(rotated("linux/syslog"), []);
}

#[test]
fn a_log_that_wrote_every_hour_and_then_not_is_silent() {
    let step = finding("F1", "a", Level::High, 40, "esx01", ("execution", "T1059.004"), &[]);
    let mut buckets = vec![20; 100];
    buckets[30..50].fill(0);
    let one = Coverage {
        host: "esx01".into(),
        source: "vmware/esxi_hostd".into(),
        first: Some(DAY0),
        last: Some(DAY0 + 100 * super::HOUR),
        buckets,
        start: DAY0,
        width: super::HOUR,
        unreadable: 0,
        unsure: false,
    };
    let chain = tell(&[step], &Joins::default(), &[one]);
    let silent: Vec<_> = chain.gaps.iter().filter(|gap| gap.why == konseki_model::GapWhy::Silent).collect();
    assert_eq!(silent.len(), 1);
    assert_eq!(silent[0].step.as_deref(), Some("S01"));
}

#[test]
fn an_account_of_three_spellings_is_one_in_the_scope() {
    let by = |id: &str, user: &str| {
        finding(id, "a", Level::High, 1, "srv", ("execution", "T1059"), &[Entity::new(EntityKind::User, user, "actor")])
    };
    let used = |findings: &[Finding]| -> Vec<(String, Option<String>)> {
        let scope = tell(findings, &Joins::default(), &[]).scope;
        let users = scope.accessed.into_iter().filter(|item| item.kind == "user");
        users.map(|item| (item.value, item.args.get("spellings").cloned())).collect()
    };
    let three = [by("F1", "hanako"), by("F2", "CORP\\hanako"), by("F3", "hanako@corp.example")];
    assert_eq!(used(&three), [("CORP\\hanako".to_owned(), Some("hanako@corp.example, hanako".to_owned()))]);
    // Two domains know a hanako: whose session the bare name was is not guessed.
    let two = [by("F1", "hanako"), by("F2", "CORP\\hanako"), by("F3", "LAB\\hanako")];
    assert_eq!(used(&two).len(), 3);
}

fn verdict(chain: &konseki_model::Chain, id: &str) -> Option<konseki_model::Verdict> {
    chain.hypotheses.iter().find(|hypothesis| hypothesis.id == id).map(|hypothesis| hypothesis.verdict)
}

#[test]
fn an_exploit_speaks_for_the_kind_of_host_that_it_was_on() {
    use konseki_model::Verdict::{Supported, Untestable};
    let joins = Joins { roles: [("vpn".to_owned(), "vpn"), ("gw".to_owned(), "mail")].into(), ..Joins::default() };
    let on = |host: &str| {
        let chain = tell(&[finding("F1", "exploit", Level::High, 1, host, ("initial-access", "T1190"), &[])], &joins, &[]);
        ["entry-vpn-exploit", "entry-web-exploit", "entry-mail-exploit"].map(|id| verdict(&chain, id))
    };
    assert_eq!(on("vpn.corp.example"), [Some(Supported), Some(Untestable), Some(Untestable)]);
    assert_eq!(on("shop"), [Some(Untestable), Some(Supported), Some(Untestable)]);
    assert_eq!(on("gw"), [Some(Untestable), Some(Untestable), Some(Supported)]);
}

#[test]
fn a_firewall_that_only_recorded_was_not_reached() {
    let seen = finding("F1", "bytes", Level::High, 1, "edge", ("exfiltration", "T1041"), &[outside("to")]);
    let login = finding("F2", "login", Level::High, 2, "edge", ("lateral-movement", "T1078"), &[outside("from")]);
    let coverage =
        [Coverage { host: "edge.corp.example".into(), source: "network/firewall".into(), first: Some(DAY0), ..Coverage::default() }];
    let reached = |findings: &[Finding], source: &str| {
        let joins = Joins { sources: [("E1".to_owned(), source.to_owned())].into(), ..Joins::default() };
        let scope = tell(findings, &joins, &coverage).scope;
        scope.accessed.iter().any(|item| item.kind == "host" && item.value == "edge")
    };
    assert!(!reached(std::slice::from_ref(&seen), "network/firewall"));
    // Its own log of what was done on it, and a line about itself alone, are another matter.
    assert!(reached(std::slice::from_ref(&seen), "linux/syslog"));
    assert!(reached(&[seen, login], "network/firewall"));
}

#[test]
fn the_copy_at_a_log_server_stands_for_the_log_whose_lines_it_holds() {
    let shell = finding("F1", "a", Level::High, 1, "esx02.corp.example", ("impact", "T1489"), &[]);
    let coverage = |source: &str| Coverage {
        host: "esx02".into(),
        source: source.into(),
        first: Some(DAY0),
        last: Some(DAY0 + super::DAY),
        ..Coverage::default()
    };
    let missing = |source: &str| {
        let sources = shell.because.iter().map(|because| (because.evidence.clone(), source.to_owned())).collect();
        let joins = Joins { sources, ..Joins::default() };
        let chain = tell(std::slice::from_ref(&shell), &joins, &[coverage("vmware/esxi_syslog"), coverage("vmware/esxi_hostd")]);
        chain.gaps.iter().any(|gap| gap.source == "vmware/esxi_shell")
    };
    assert!(!missing("vmware/esxi_syslog"));
    assert!(missing("vmware/esxi_hostd"));
}
