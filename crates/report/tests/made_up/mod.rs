//! A made-up case in documentation ranges, for the tests and the example page.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;

use konseki_model::chain::{Bounds, MailScope, Window};
use konseki_model::evidence::Zone;
use konseki_model::other::{About, Opinion, OtherTool, Others};
use konseki_model::*;
use konseki_report::*;

pub struct Owned {
    pub findings: Vec<Finding>,
    pub chain: Chain,
    pub intake: Vec<Intake>,
    pub unrecognised: Vec<Unrecognised>,
    pub rules: Rules,
    pub inventory: Vec<Inventory>,
    pub coverage: Vec<Coverage>,
    pub versions: BTreeMap<String, String>,
    pub lists: BTreeMap<String, Vec<String>>,
    pub clocks: Vec<Clock>,
    pub others: Others,
}

impl Owned {
    pub fn case(&self) -> Case<'_> {
        Case {
            name: "nerve-small",
            tlp: Tlp::AmberStrict,
            zone: "Asia/Tokyo",
            findings: &self.findings,
            chain: &self.chain,
            intake: &self.intake,
            unrecognised: &self.unrecognised,
            rules: self.rules.clone(),
            inventory: &self.inventory,
            coverage: &self.coverage,
            versions: &self.versions,
            lists: &self.lists,
            clocks: &self.clocks,
            others: &self.others,
        }
    }

    pub fn empty() -> Self {
        Self {
            findings: Vec::new(),
            chain: Chain::default(),
            intake: Vec::new(),
            unrecognised: Vec::new(),
            rules: Rules::default(),
            inventory: Vec::new(),
            coverage: Vec::new(),
            versions: BTreeMap::new(),
            lists: BTreeMap::new(),
            clocks: Vec::new(),
            others: Others::default(),
        }
    }
}

pub fn micros(text: &str) -> i64 {
    konseki_report::time::parse_rfc3339(text).expect(text)
}

fn time(start: &str, end: &str) -> FindingTime {
    let some = |text: &str| Some(text.to_owned()).filter(|t| !t.is_empty());
    FindingTime {
        start: some(start),
        end: some(if end.is_empty() { start } else { end }),
        fidelity: "second".into(),
        basis: "written".into(),
    }
}

pub fn because(evidence: usize, line: u64, excerpt: &str) -> Because {
    let (id, path, ..) = PIECES[evidence];
    Because { evidence: id.into(), path: path.into(), at: At::Line(line), excerpt: excerpt.into(), encoding: None }
}

const PIECES: &[(&str, &str, &str, &str, &str)] = &[
    ("E0a1b2c3d4e5f", "vpn01.tgz!/data/var/dlogs/config_rest_server.log.old", "ivanti/uwsgi", "vpn01", "assumed"),
    ("E1a1b2c3d4e5f", "vpn01-syslog/2024-01.log", "ivanti/syslog", "vpn01", "analyst"),
    ("E2a1b2c3d4e5f", "win/dc-jump.evtx", "windows/evtx", "jump01", "format"),
    ("E3a1b2c3d4e5f", "vcsa.tgz!/var/log/vmware/vpxd/vpxd-12.log.gz", "vmware/vcenter_vpxd", "vcsa01", "written"),
    ("E4a1b2c3d4e5f", "esx02.tgz!/var/run/log/shell.log", "vmware/esxi_shell", "esx02", "format"),
    ("E5a1b2c3d4e5f", "esx02.tgz!/commands/localcli_vm-process-list.txt", "vmware/esxi_inventory", "esx02", "format"),
    ("E6a1b2c3d4e5f", "zeek/conn.log.gz", "network/zeek", "sensor1", "format"),
];

#[allow(clippy::too_many_arguments)]
fn finding(
    id: &str,
    rule: &str,
    level: Level,
    kind: FindingKind,
    when: (&str, &str),
    techniques: &[&str],
    host: &str,
    args: &[(&str, &str)],
    lines: Vec<Because>,
) -> Finding {
    let args: BTreeMap<String, String> = args.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
    let mut entities = vec![Entity::new(EntityKind::Host, host, "where")];
    for (key, kind, role) in [
        ("user", EntityKind::User, "actor"),
        ("src", EntityKind::Address, "from"),
        ("second", EntityKind::Address, "from"),
        ("dst", EntityKind::Domain, "to"),
        ("vm", EntityKind::Vm, "object"),
        ("session", EntityKind::Session, "via"),
        ("file", EntityKind::File, "object"),
    ] {
        if let Some(value) = args.get(key) {
            entities.push(Entity::new(kind, value, role));
        }
    }
    Finding {
        id: id.into(),
        rule: rule.into(),
        title: String::new(),
        level,
        confidence: 0.9,
        kind,
        time: time(when.0, when.1),
        techniques: techniques.iter().map(|t| (*t).into()).collect(),
        tactics: Vec::new(),
        entities,
        count: lines.len() as u64,
        because: lines,
        why: String::new(),
        disproof: String::new(),
        args,
        ja: None,
        engine: "chain".into(),
        micros: None,
    }
}

fn findings() -> Vec<Finding> {
    use FindingKind::{Absent, Inferred, Observed};
    use Level::{Critical, High, Low, Medium};
    let mut list = vec![
        finding(
            "F0001",
            "web-shell-suspected",
            Critical,
            Inferred,
            ("2023-12-31T04:10:22Z", ""),
            &["T1505.003"],
            "vpn01",
            &[("host", "vpn01"), ("uri", "/dana-na/auth/setcookie.cgi"), ("evidence", "first-seen URI, integrity check")],
            vec![because(
                0,
                412,
                "[pid: 6299] 198.51.100.23 () {30 vars in 501 bytes} [Sun Dec 31 04:10:22 2023] POST /dana-na/auth/setcookie.cgi => generated 14 bytes in 16 msecs (HTTP/1.1 200)",
            )],
        ),
        finding(
            "F0002",
            "vpn-session-second-address",
            Critical,
            Inferred,
            ("2024-01-04T10:02:11Z", "2024-01-05T08:00:00Z"),
            &["T1078", "T1563"],
            "vpn01",
            &[("user", "ito.k"), ("session", "sid4f2a"), ("first", "192.0.2.40"), ("second", "198.51.100.23")],
            vec![because(
                1,
                9121,
                "id=firewall time=\"2024-01-04 10:02:11\" pri=6 fw=10.20.0.5 user=ito.k realm=\"Staff\" src=198.51.100.23 msg=\"AUT20919: Remote address for user ito.k changed from 192.0.2.40 to 198.51.100.23.\"",
            )],
        ),
        finding(
            "F0003",
            "rdp-from-appliance",
            High,
            Observed,
            ("2024-01-04T10:15:40Z", ""),
            &["T1021.001"],
            "jump01",
            &[("src", "10.20.0.5"), ("host", "jump01"), ("user", "CORP\\ito.k")],
            vec![because(2, 7731, "EventID=4624 LogonType=10 IpAddress=10.20.0.5 TargetUserName=ito.k")],
        ),
        finding(
            "F0004",
            "vmware-vm-list-export",
            Medium,
            Observed,
            ("2024-01-05T02:31:05Z", ""),
            &["T1673"],
            "vcsa01",
            &[("user", "VSPHERE.LOCAL\\admin2"), ("src", "10.20.8.14"), ("host", "vcsa01")],
            vec![because(3, 88, "10.20.8.14 - - [05/Jan/2024:02:31:05 +0000] \"POST /ui/list/export HTTP/1.1\" 200 48211")],
        ),
        finding(
            "F0005",
            "vmware-ssh-enabled",
            High,
            Observed,
            ("2024-01-07T03:01:00Z", ""),
            &["T1021.004"],
            "esx02",
            &[("host", "esx02"), ("user", "vpxuser")],
            vec![because(4, 10, "2024-01-07T03:01:00.120Z In(14) shell[1053659]: [root]: SSH enabled")],
        ),
        finding(
            "F0006",
            "vmware-unregistered-vm-running",
            Critical,
            Inferred,
            ("2024-01-07T03:12:09Z", ""),
            &["T1564.006"],
            "esx02",
            &[
                ("vm", "dev-build-07"),
                ("host", "esx02"),
                ("vmx", "/vmfs/volumes/ds1/dev-build-07/dev-build-07.vmx"),
                ("uuid", "564d1c2e-0000-4a5b-9d10-00000000b707"),
            ],
            vec![
                because(5, 41, "dev-build-07:\n   World ID: 1102331\n   Config File: /vmfs/volumes/ds1/dev-build-07/dev-build-07.vmx"),
                because(
                    4,
                    14,
                    "2024-01-07T03:12:09.004Z In(14) shell[1053659]: [root]: /bin/vmx -x /vmfs/volumes/ds1/dev-build-07/dev-build-07.vmx 2>/dev/null 0>/dev/null &",
                ),
            ],
        ),
        finding(
            "F0007",
            "autostart-added",
            High,
            Observed,
            ("", ""),
            &["T1037.004"],
            "esx02",
            &[
                ("file", "/etc/rc.local.d/local.sh"),
                ("line", "9"),
                ("host", "esx02"),
                ("command", "/bin/vmx -x /vmfs/volumes/ds1/dev-build-07/dev-build-07.vmx &"),
            ],
            vec![because(4, 21, "/bin/vmx -x /vmfs/volumes/ds1/dev-build-07/dev-build-07.vmx &")],
        ),
        finding(
            "F0008",
            "beacon",
            High,
            Inferred,
            ("2024-01-07T04:00:00Z", "2024-01-19T23:00:00Z"),
            &["T1071.001"],
            "esx02",
            &[("src", "10.20.8.77"), ("dst", "telemetry.example.net"), ("period", "301"), ("count", "3411")],
            vec![because(6, 99121, "1704600000.12 C1x 10.20.8.77 51022 203.0.113.80 443 tcp ssl 1.2 812 1440")],
        ),
        finding(
            "F0009",
            "bytes-out-above-baseline",
            Critical,
            Inferred,
            ("2024-01-19T01:00:00Z", "2024-01-19T05:30:00Z"),
            &["T1048"],
            "vpn01",
            &[("host", "vpn01"), ("dst", "203.0.113.80"), ("day", "2024-01-19"), ("bytes", "4509715660"), ("baseline", "12000000")],
            vec![because(6, 188220, "1705626000.55 C9q 10.20.0.5 40111 203.0.113.80 443 tcp ssl 812.4 4409715660 8812")],
        ),
        finding(
            "F0010",
            "integrity-scan-missing",
            Medium,
            Absent,
            ("2024-01-11T00:00:00Z", "2024-01-18T00:00:00Z"),
            &[],
            "vpn01",
            &[("host", "vpn01"), ("from", "2024-01-11T00:00:00Z"), ("to", "2024-01-18T00:00:00Z"), ("period", "86400")],
            vec![because(1, 20011, "id=firewall time=\"2024-01-10 23:55:00\" msg=\"SYS32088: Integrity scan completed.\"")],
        ),
    ];
    for index in 11..40u32 {
        let mut f = finding(
            &format!("F{index:04}"),
            "8f3c0000-sigma",
            Low,
            Observed,
            (&format!("2024-01-{:02}T0{}:00:00Z", 1 + index % 19, index % 9), ""),
            &["T1110"],
            "jump01",
            &[],
            vec![because(2, u64::from(index), "EventID=4625 TargetUserName=svc IpAddress=10.20.3.9")],
        );
        f.engine = "sigma".into();
        f.title = "Failed Logon From Internal Address".into();
        list.push(f);
    }
    list.iter_mut().for_each(fill);
    list
}

fn step(id: &str, tactic: &str, host: &str, actor: &str, of: &[&Finding]) -> Step {
    let first = of[0];
    Step {
        id: id.into(),
        tactic: tactic.into(),
        techniques: of.iter().flat_map(|f| f.techniques.clone()).collect(),
        title: String::new(),
        title_ja: String::new(),
        time: first.time.clone(),
        host: host.into(),
        actor: actor.into(),
        findings: of.iter().map(|f| f.id.clone()).collect(),
        confidence: 0.9,
        key: String::new(),
        args: BTreeMap::new(),
        micros: None,
        end_micros: None,
    }
}

fn chain(findings: &[Finding]) -> Chain {
    let f = |n: usize| &findings[n - 1];
    let link = |from: &str, to: &str, by, kind, value: &str, a: &Finding, b: &Finding, alternatives| Link {
        from: from.into(),
        to: to.into(),
        by,
        entities: vec![Entity::new(kind, value, "via")],
        because: vec![a.because[0].clone(), b.because[0].clone()],
        alternatives,
    };
    let gap = |id: &str, source: &str, host: &str, why, from: Option<&str>, to: Option<&str>, step: Option<&str>| Gap {
        id: id.into(),
        what: String::new(),
        source: source.into(),
        host: host.into(),
        from: from.map(Into::into),
        to: to.map(Into::into),
        why,
        collect: String::new(),
        what_ja: String::new(),
        collect_ja: String::new(),
        step: step.map(Into::into),
        key: String::new(),
        args: BTreeMap::new(),
    };
    let item = |kind: &str, value: &str, key: &str, n: usize| ScopeItem {
        kind: kind.into(),
        value: value.into(),
        because: f(n).because.clone(),
        why: String::new(),
        why_ja: String::new(),
        key: key.into(),
        args: BTreeMap::new(),
    };
    let guess = |id: &str, verdict, for_: &[&str], against: &[&str]| Hypothesis {
        id: id.into(),
        title: id.into(),
        verdict,
        for_: for_.iter().map(|t| (*t).into()).collect(),
        against: against.iter().map(|t| (*t).into()).collect(),
        would_decide: String::new(),
        title_ja: String::new(),
        would_decide_ja: String::new(),
    };
    let mut chain = Chain {
        steps: vec![
            step("S01", "initial-access", "vpn01", "", &[f(1)]),
            step("S02", "lateral-movement", "vpn01", "ito.k", &[f(2)]),
            step("S03", "lateral-movement", "jump01", "CORP\\ito.k", &[f(3)]),
            step("S04", "discovery", "vcsa01", "VSPHERE.LOCAL\\admin2", &[f(4)]),
            step("S05", "lateral-movement", "esx02", "vpxuser", &[f(5)]),
            step("S06", "defense-evasion", "esx02", "root", &[f(6), f(7)]),
            step("S07", "command-and-control", "esx02", "", &[f(8)]),
            step("S08", "exfiltration", "vpn01", "", &[f(9)]),
        ],
        links: vec![
            link("S01", "S02", By::Interval, EntityKind::Address, "198.51.100.23", f(1), f(2), 0),
            link("S02", "S03", By::Interval, EntityKind::User, "ito.k", f(2), f(3), 1),
            link("S03", "S04", By::Time, EntityKind::Host, "jump01", f(3), f(4), 3),
            link("S05", "S06", By::Exact, EntityKind::Session, "shell[1053659]", f(5), f(6), 0),
            link("S06", "S07", By::Exact, EntityKind::Vm, "dev-build-07", f(6), f(8), 0),
        ],
        gaps: vec![
            gap(
                "G01",
                "vmware/vcenter_sso",
                "vcsa01",
                GapWhy::Rotated,
                Some("2024-01-04T00:00:00Z"),
                Some("2024-01-05T00:00:00Z"),
                Some("S04"),
            ),
            gap("G02", "vmware/esxi_shell", "esx03", GapWhy::NotCollected, None, None, None),
            gap("G03", "ivanti/syslog", "vpn01", GapWhy::Silent, Some("2024-01-11T00:00:00Z"), Some("2024-01-11T18:00:00Z"), None),
        ],
        scope: Scope {
            window: Window { from: Some("2023-12-31T04:10:22Z".into()), to: Some("2024-01-19T23:00:00Z".into()), why: String::new() },
            bytes_out: Bounds { at_least: 4_409_715_660, at_most: None },
            confirmed: vec![item("user", "ito.k", "account-used", 2), item("host", "esx02", "host-reached", 5)],
            accessed: vec![item("host", "vcsa01", "host-reached", 4)],
            cannot_exclude: vec![item("host", "esx03", "host-reachable", 5)],
            mail: vec![MailScope {
                host: "gw01".into(),
                compromised: Some("2024-01-05T06:00:17Z".into()),
                last_contact: None,
                from: Some("2023-12-05T00:03:04Z".into()),
                to: Some("2024-01-18T04:42:17Z".into()),
                at_least: 25,
                at_most: 1339,
                not_listed: 14,
                keep_days: None,
            }],
        },
        hypotheses: vec![
            guess("entry-vpn-exploit", Verdict::Supported, &["F0001"], &[]),
            guess("entry-stolen-password", Verdict::Contradicted, &[], &["F0002"]),
            guess("insider", Verdict::Untestable, &[], &[]),
        ],
        attack_version: "18.1".into(),
    };
    chain.hypotheses.iter_mut().enumerate().for_each(|(n, h)| h.id = format!("H{}", n + 1));
    fill_chain(&mut chain, findings);
    chain
}

fn intake() -> Vec<Intake> {
    PIECES
        .iter()
        .enumerate()
        .map(|(n, (id, path, source, host, basis))| Intake {
            id: (*id).into(),
            path: (*path).into(),
            also: Vec::new(),
            sha256: format!("{n:x}").repeat(64),
            bytes: 1_048_576 * (n as u64 + 1),
            source: (*source).into(),
            host: (*host).into(),
            zone: Zone { name: "UTC".into(), basis: (*basis).into() },
            records: Records { read: 81_234, events: 81_200, continuation: 30, blank: 0, rejected: 4 },
            first: Some("2023-12-01T00:00:00Z".into()),
            last: Some("2024-02-02T11:00:00Z".into()),
            problems: if n == 3 {
                vec![Problem::new(
                    ProblemKind::Truncated,
                    Some(At::Line(81_234)),
                    "last line ends without a line end; ask for the next rotated file",
                )]
            } else {
                Vec::new()
            },
        })
        .collect()
}

fn coverage() -> Vec<Coverage> {
    let day = konseki_report::time::DAY;
    let rows = [
        ("vpn01", "ivanti/syslog", "2023-12-01T00:00:00Z", 62),
        ("vpn01", "ivanti/uwsgi", "2023-12-30T00:00:00Z", 12),
        ("jump01", "windows/evtx", "2023-12-20T00:00:00Z", 40),
        ("vcsa01", "vmware/vcenter_vpxd", "2024-01-05T00:00:00Z", 20),
        ("esx02", "vmware/esxi_shell", "2024-01-06T12:00:00Z", 30),
        ("sensor1", "network/zeek", "2023-11-01T00:00:00Z", 100),
    ];
    rows.iter()
        .enumerate()
        .map(|(n, (host, source, first, days))| {
            let start = micros(first);
            let silent = |index: i64| n == 0 && (41..42).contains(&index);
            Coverage {
                host: (*host).into(),
                source: (*source).into(),
                first: Some(start),
                last: Some(start + days * day),
                buckets: (0..*days).map(|i| if silent(i) { 0 } else { 40 + (i as u64 * 37 + n as u64 * 911) % 900 }).collect(),
                start,
                width: day,
                gaps: if n == 0 {
                    vec![CoverageGap { from: start + 41 * day, to: start + 42 * day, why: GapWhy::Silent }]
                } else {
                    Vec::new()
                },
            }
        })
        .collect()
}

fn inventory() -> (Vec<Inventory>, BTreeMap<String, Vec<String>>) {
    let all = ["esx01".to_owned(), "esx02".to_owned()];
    let lists = BTreeMap::from([
        ("running".to_owned(), all.to_vec()),
        ("registered".to_owned(), all.to_vec()),
        ("on-disk".to_owned(), vec!["esx02".to_owned()]),
        ("boot-script".to_owned(), Vec::new()),
    ]);
    let machine = |vm: &str, at: &[(&str, &str)], verdict| Inventory {
        vm: vm.into(),
        uuid: format!("564d1c2e-0000-4a5b-9d10-0000000{:05}", vm.len()),
        vmx: format!("/vmfs/volumes/ds1/{vm}/{vm}.vmx"),
        lists: at.iter().map(|(list, host)| ((*list).to_owned(), vec![(*host).to_owned()])).collect(),
        verdict,
    };
    let machines = vec![
        machine("dc01", &[("running", "esx01"), ("registered", "esx01"), ("on-disk", "esx02")], InventoryVerdict::Known),
        machine("dev-build-07", &[("running", "esx02"), ("on-disk", "esx02"), ("boot-script", "esx02")], InventoryVerdict::Hidden),
        machine("old-template", &[("on-disk", "esx02")], InventoryVerdict::Orphaned),
    ];
    (machines, lists)
}

pub fn owned() -> Owned {
    let findings = findings();
    let chain = chain(&findings);
    let (inventory, lists) = inventory();
    let fired = findings.iter().filter(|f| f.engine == "sigma").take(1).map(|f| RuleFired {
        rule: f.rule.clone(),
        title: f.title.clone(),
        title_ja: String::new(),
        level: f.level,
        engine: f.engine.clone(),
        count: 29,
    });
    let others = others(&findings[0]);
    Owned {
        rules: Rules {
            usable: 3742,
            fired: fired.collect(),
            unusable: vec![RuleUnusable {
                file: "extra/bad.yml".into(),
                line: Some(12),
                reason: "regular expression with look-behind".into(),
            }],
        },
        chain,
        findings,
        intake: intake(),
        unrecognised: vec![Unrecognised {
            path: "vpn01.tgz!/home/logo.bin".into(),
            bytes: 812,
            sha256: "ab".repeat(32),
            why: "binary, no known format".into(),
        }],
        inventory,
        coverage: coverage(),
        versions: BTreeMap::from([("konseki".to_owned(), "0.1.0".to_owned()), ("rules".to_owned(), "2024-04-01".to_owned())]),
        lists,
        clocks: clocks(),
        others,
    }
}

fn clocks() -> Vec<Clock> {
    let hour = 3_600_000_000;
    let clock = |host: &str, assumed: &str, parts: Vec<(Option<i64>, i64)>, by: &str| Clock {
        host: host.into(),
        assumed: assumed.into(),
        doubt: if parts.is_empty() { 0 } else { 2_000_000 },
        anchors: if parts.is_empty() { 0 } else { 1093 },
        agreeing: if parts.is_empty() { 0 } else { 609 },
        parts,
        by: by.into(),
        pieces: 3,
    };
    let turn = micros("2024-01-10T02:00:00Z");
    vec![
        clock("vpn01", "America/Los_Angeles", vec![(None, -9 * hour), (Some(turn), -8 * hour)], "connections"),
        clock("vcsa01", "UTC", vec![(None, 0)], "tunnels"),
        clock("mail/postfix", "UTC", Vec::new(), "none"),
    ]
}

fn others(found: &Finding) -> Others {
    let said = |verdict, about, name: &str, why: &str| Opinion {
        verdict,
        about,
        tool: "VirtualGHOST".into(),
        name: name.into(),
        host: "esx02".into(),
        level: "high".into(),
        count: 2,
        first: Some("2024-01-07T03:12:09Z".into()),
        last: None,
        because: found.because.clone(),
        findings: vec![found.id.clone()],
        why: why.into(),
        args: BTreeMap::from([("hosts".into(), "esx01".into()), ("n".into(), "7".into())]),
    };
    Others {
        tools: vec![OtherTool { tool: "VirtualGHOST".into(), said: 12, compared: 3 }],
        opinions: vec![
            said(other::Verdict::OnlyTheirs, About::Machine, "app-01", "registered"),
            said(other::Verdict::OnlyTheirs, About::Beacon, "10.0.0.6 → 203.0.113.6", "below-our-bar"),
            said(other::Verdict::Both, About::Machine, "dev-build-07", ""),
        ],
    }
}

/// Values that would act, hide or forge if they were shown as they stand.
pub const HOSTILE: &[&str] = &[
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "</style><svg onload=alert(1)>",
    "</title></script><iframe srcdoc=x>",
    "javascript:alert(1)//https://evil.example/x",
    "{{ 7*7 }}{% include 'x' %}",
    "\u{1b}]52;c;aGk=\u{7}\u{1b}[2J\u{9b}31m\r\u{8}",
    "gpj.\u{202e}exe\u{2066}\u{200b}\u{feff}\u{e0041}",
    "a\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}b",
    "line one\nF9999 critical forged\u{0}",
    "=cmd|' /C calc'!A0",
    "`whoami` $(id) %s %n",
];

/// The case with hostile text in every field that evidence fills.
pub fn hostile() -> Owned {
    let mut owned = owned();
    for (n, text) in HOSTILE.iter().enumerate() {
        let f = &mut owned.findings[n % 9];
        f.because[0].excerpt = format!("{}{text}", f.because[0].excerpt);
        f.because[0].path = format!("e/{text}");
        f.title = format!("{} {text}", f.title);
        f.rule = (*text).to_owned();
        f.entities.push(Entity::new(EntityKind::Url, *text, "object"));
        owned.intake[n % 7].path = (*text).to_owned();
        owned.intake[n % 7].host = (*text).to_owned();
        owned.chain.steps[n % 8].title = (*text).to_owned();
        owned.chain.steps[n % 8].host = (*text).to_owned();
        owned.chain.gaps[n % 3].what = (*text).to_owned();
        owned.chain.scope.confirmed[n % 2].value = (*text).to_owned();
        owned.chain.links[n % 5].entities[0].value = (*text).to_owned();
        owned.inventory[n % 3].vm = (*text).to_owned();
        owned.clocks[n % 3].host = (*text).to_owned();
        owned.clocks[n % 3].assumed = (*text).to_owned();
        let opinion = &mut owned.others.opinions[n % 3];
        for slot in [&mut opinion.tool, &mut opinion.name, &mut opinion.host, &mut opinion.level, &mut opinion.because[0].excerpt] {
            *slot = (*text).to_owned();
        }
        opinion.args.insert("hosts".into(), (*text).to_owned());
        owned.chain.scope.mail[0].host = (*text).to_owned();
        owned.coverage[n % 6].host = (*text).to_owned();
        owned.unrecognised[0].path = (*text).to_owned();
        owned.rules.unusable[0].file = (*text).to_owned();
        owned.findings[n % 9].id = format!("F{n:04}{text}");
    }
    owned
}
