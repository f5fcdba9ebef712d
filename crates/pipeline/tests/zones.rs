//! A zone or offset in case.toml moves the story without the evidence, to the same bytes as if it had been there before.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod shared;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use konseki_pipeline::{Output, Request, Silent, TimelineFormat, TimelineRequest, investigate, query, timeline};
use serde_json::Value;
use shared::results;

const DLOGS: &str = "vpn01/data/var/dlogs/cav_webserv.log";

/// A request that a rule knows, at a time as the box writes it: without a zone.
fn request(at: &str) -> String {
    format!(
        "[pid: 22151|app: 0|req: 15645/24114] 172.18.0.4 () {{32 vars in 557 bytes}} [{at}] GET /api/v1/totp/user-backup-code/../../\
         system/maintenance/archiving/cloud-server-test-connection => generated 47 bytes in 83 msecs (HTTP/1.1 200) 2 headers in 71 \
         bytes (3 switches on core 998)\n"
    )
}

fn write(root: &Path, name: &str, text: &str) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Times in the hours that do not exist, or exist twice, where the product was made; and a log whose lines say their zone.
fn evidence(folder: &Path) -> PathBuf {
    let root = folder.join("evidence");
    let times = ["Sat Mar  9 23:10:00 2024", "Sun Mar 10 02:30:00 2024", "Sun Mar 10 03:30:00 2024", "Sun Nov  3 01:30:00 2024"];
    write(&root, DLOGS, &times.map(request).concat());
    let login = "Mar 10 02:30:00 lx01 sshd[7]: Accepted password for root from 203.0.113.9 port 5022 ssh2\n";
    write(&root, "lx01/var/log/auth.log", &login.repeat(3));
    write(&root, "esx01/var/run/log/shell.log", "2024-03-10T02:30:00Z shell[2239481]: [root]: esxcli vm process list\n");
    root
}

fn run(inputs: Vec<PathBuf>, case: &Path) -> konseki_pipeline::Summary {
    let now = "2024-01-01T00:00:00Z".to_owned();
    investigate(&Request { inputs, case: case.to_owned(), threads: 2, now, actor: "test".to_owned(), ..Request::default() }, &Silent)
        .unwrap()
}

fn times(case: &Path, source: &str) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let request = TimelineRequest { format: TimelineFormat::Jsonl, source: Some(source.to_owned()), ..TimelineRequest::default() };
    timeline(case, &request, &mut out).unwrap();
    let rows = String::from_utf8(out).unwrap();
    let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    rows.lines().map(|line| serde_json::from_str(line).unwrap()).map(|row: Value| (text(&row, "time"), text(&row, "basis"))).collect()
}

fn set(case: &Path, text: &str) {
    fs::create_dir_all(case).unwrap();
    fs::write(case.join("case.toml"), format!("name = \"zones\"\nzone = \"Asia/Tokyo\"\n{text}")).unwrap();
}

const TOKYO: &str = "[[evidence]]\nof_host = \"VPN01\"\nzone = \"Asia/Tokyo\"\n[[evidence]]\npath = \"lx01\"\nzone = \"Asia/Tokyo\"\noffset = -60\n\
                     [[evidence]]\npath = \"esx01\"\nzone = \"Asia/Tokyo\"\n";

#[test]
fn a_zone_set_later_is_followed_without_the_evidence() {
    let folder = tempfile::tempdir().unwrap();
    let (root, away) = (evidence(folder.path()), folder.path().join("away"));
    let (fresh, later) = (folder.path().join("fresh"), folder.path().join("later"));
    set(&fresh, TOKYO);
    run(vec![root.clone()], &fresh);
    set(&later, "");
    run(vec![root.clone()], &later);
    let journal = fs::read(later.join("work/journal.jsonl")).unwrap();
    let before = times(&later, "ivanti/uwsgi");
    assert_eq!(before[0], ("2024-03-10T07:10:00Z".into(), "assumed".into()));
    fs::rename(&root, &away).unwrap();
    set(&later, TOKYO);
    run(Vec::new(), &later);
    assert!(fs::read(later.join("work/journal.jsonl")).unwrap() == journal, "nothing was read");
    let wanted = ["2024-03-09T14:10:00Z", "2024-03-09T17:30:00Z", "2024-03-09T18:30:00Z", "2024-11-02T16:30:00Z"];
    let analyst = wanted.map(|time| (time.to_owned(), "analyst".to_owned()));
    assert_eq!(times(&later, "ivanti/uwsgi"), analyst, "an hour that did not exist elsewhere too");
    assert!(times(&later, "linux/syslog").iter().all(|(time, basis)| time.ends_with("-03-09T17:29:00Z") && basis == "year-inferred"));
    assert_eq!(times(&later, "vmware/esxi_shell"), [("2024-03-10T02:30:00Z".to_owned(), "written".to_owned())]);
    let findings = fs::read_to_string(later.join("results/findings.jsonl")).unwrap();
    let of_box = findings.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).filter(|f| f.to_string().contains(DLOGS));
    let starts: Vec<String> = of_box.map(|f| format!("{} {}", f["time"]["start"], f["time"]["basis"])).collect();
    assert!(!starts.is_empty() && starts.iter().all(|start| start.contains("T1") && start.contains("analyst")), "{starts:?}");
    let mut rows = Vec::new();
    query(&later, "SELECT basis, min(\"time\") AS t FROM events GROUP BY 1 ORDER BY 2", Output::Csv, &mut rows).unwrap();
    assert!(String::from_utf8(rows).unwrap().contains("analyst,2024-03-09T14:10:00Z"));
    let (fresh, later) = (results(&fresh), results(&later));
    for (name, bytes) in &fresh {
        assert!(later[name] == *bytes, "{name} is not what a fresh reading gives");
    }
    assert_eq!(fresh.len(), later.len());
}

#[test]
fn what_cannot_be_followed_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let root = evidence(folder.path());
    let case = folder.path().join("case");
    let empty = investigate(&Request { case: case.clone(), ..Request::default() }, &Silent).unwrap_err().to_string();
    assert!(empty.contains("no evidence") && !case.exists(), "{empty}");
    run(vec![root.clone()], &case);
    set(&case, "[[evidence]]\nzone = \"Asia/Nowhere\"\n");
    let unknown = investigate(&Request { case: case.clone(), ..Request::default() }, &Silent).unwrap_err().to_string();
    assert!(unknown.contains("Asia/Nowhere"), "{unknown}");
    // A host that is set changes what findings are folded by: that takes the evidence.
    set(&case, "[[evidence]]\npath = \"lx01\"\nhost = \"mail\"\n");
    fs::rename(&root, folder.path().join("away")).unwrap();
    assert!(investigate(&Request { case, ..Request::default() }, &Silent).is_err());
}

/// A line of the appliance's own syslog: the head says the offset, the body is local.
fn head(local: &str, offset: &str) -> String {
    let body = local.replace('T', " ");
    format!(
        "<134>1 {local}{offset} vpn01 PulseSecure: - - - {body} - vpn01 - [203.0.113.20] Default Network::tanaka(Staff)[Users]\
         [30f317948f] - VPN Tunneling: Session started for user (session: sida7be316c542a9b2a4895afedd48ae00e82e388b63dabc912) with \
         IPv4 address 10.1.204.79, hostname PC1\n"
    )
}

fn zones(case: &Path) -> BTreeMap<String, (String, String)> {
    let intake: Value = serde_json::from_slice(&fs::read(case.join("results/intake.json")).unwrap()).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let of = |piece: &Value| (text(&piece["source"]), (text(&piece["zone"]["name"]), text(&piece["zone"]["basis"])));
    intake["evidence"].as_array().unwrap().iter().map(of).collect()
}

#[test]
fn a_zone_that_other_logs_of_the_host_state_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("evidence");
    write(&root, DLOGS, &["Fri Mar 15 06:36:24 2024", "Mon Apr 15 06:36:24 2024"].map(request).concat());
    write(&root, "vpn02/data/var/dlogs/cav_webserv.log", &request("Fri Mar 15 06:36:25 2024"));
    let stated = [("2024-03-15T07:00:00", "+01:00"), ("2024-03-16T07:00:00", "+01:00"), ("2024-04-01T07:00:00", "+02:00")];
    write(&root, "syslog/vpn.log", &stated.map(|(local, offset)| head(local, offset)).concat());
    let case = folder.path().join("case");
    run(vec![root.clone()], &case);
    let all = times(&case, "ivanti/uwsgi");
    let of = |time: &str, basis: &str| (time.to_owned(), basis.to_owned());
    let neighbours =
        [of("2024-03-15T05:36:24Z", "neighbours"), of("2024-03-15T13:36:25Z", "assumed"), of("2024-04-15T04:36:24Z", "neighbours")];
    assert_eq!(all, neighbours, "each host by its own");
    let page = fs::read_to_string(case.join("report/index.html")).unwrap();
    assert!(page.contains("zone stated by other logs of the same host"));
    // Where the product's default is what they state, it is no guess any more.
    let pacific = [("2024-03-05T07:00:00", "-08:00"), ("2024-03-16T07:00:00", "-07:00"), ("2024-04-01T07:00:00", "-07:00")];
    write(&root, "syslog/vpn.log", &pacific.map(|(local, offset)| head(local, offset)).concat());
    fs::remove_dir_all(root.join("vpn02")).unwrap();
    let case = folder.path().join("second");
    run(vec![root.clone()], &case);
    assert_eq!(zones(&case)["ivanti/uwsgi"], of("America/Los_Angeles", "neighbours"));
    assert_eq!(times(&case, "ivanti/uwsgi"), [of("2024-03-15T13:36:24Z", "neighbours"), of("2024-04-15T13:36:24Z", "neighbours")]);
    // Heads that contradict each other state nothing; nor do fewer lines than a slip of one.
    let torn = [
        ("2024-03-15T07:00:00", "+01:00"),
        ("2024-03-15T07:10:00", "+01:00"),
        ("2024-03-15T11:00:00", "+05:00"),
        ("2024-03-15T07:20:00", "+01:00"),
        ("2024-03-15T17:30:00", "+11:00"),
    ];
    for lines in [torn.map(|(local, offset)| head(local, offset)).concat(), head("2024-03-15T07:00:00", "+01:00")] {
        write(&root, "syslog/vpn.log", &lines);
        let case = folder.path().join(format!("case{}", lines.len()));
        run(vec![root.clone()], &case);
        assert_eq!(zones(&case)["ivanti/uwsgi"], of("America/Los_Angeles", "assumed"));
    }
}

#[test]
fn a_host_named_by_its_address_takes_no_other_hosts_zone() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("evidence");
    write(&root, DLOGS, &request("Fri Mar 15 06:36:24 2024"));
    let stated = head("2024-03-15T07:00:00", "+01:00").replace("vpn01", "10.1.2.9").repeat(3);
    write(&root, "syslog/vpn.log", &stated);
    let case = folder.path().join("case");
    let host = |name: &str| set(&case, &format!("[[evidence]]\npath = \"dlogs\"\nhost = \"{name}\"\n"));
    host("10.7.7.7");
    run(vec![root.clone()], &case);
    assert_eq!(zones(&case)["ivanti/uwsgi"].1, "assumed");
    host("10.1.2.9");
    run(vec![root], &case);
    assert_eq!(zones(&case)["ivanti/uwsgi"], ("+01:00".to_owned(), "neighbours".to_owned()));
}

#[test]
fn instants_are_no_guess() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("evidence");
    let audit = "type=USER_LOGIN msg=audit(1710036600.123:7): pid=1 uid=0 auid=0 ses=4 msg='op=login acct=\"root\" exe=\"/usr/sbin/sshd\" \
                 hostname=? addr=203.0.113.9 terminal=ssh res=success'\n";
    write(&root, "lx01/var/log/audit/audit.log", audit);
    write(&root, "esx01/var/run/log/shell.log", "2024-03-10T02:30:00Z shell[2239481]: [root]: esxcli vm process list\n");
    let case = folder.path().join("case");
    run(vec![root], &case);
    let zones = zones(&case);
    assert_eq!(zones["linux/auditd"], ("UTC".to_owned(), "format".to_owned()));
    assert!(zones.values().all(|(_, basis)| basis != "assumed"), "{zones:?}");
}

/// The sample of an export in the language of Windows itself; the text of this file holds none of it.
const VIEWER: &[u8] = include_bytes!("../../sources/src/windows/csv/samples/viewer_ja_cp932.csv");

#[test]
fn windows_events_without_a_zone_take_that_of_an_export_whose_language_tells_it() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("evidence");
    let login = r#"{"EventTime":"2024-01-07 12:30:00","Hostname":"WS02","EventID":4624,"SourceName":"Microsoft-Windows-Security-Auditing","Channel":"Security","RecordNumber":7,"TargetUserName":"hanako","LogonType":"2","IpAddress":"127.0.0.1","EventReceivedTime":"2024-01-07 12:30:01","SourceModuleName":"in","SourceModuleType":"im_msvistalog"}"#;
    write(&root, "nxlog/ws02.json", &format!("{login}\n"));
    let alone = folder.path().join("alone");
    run(vec![root.clone()], &alone);
    assert_eq!(times(&alone, "windows/json"), [("2024-01-07T12:30:00Z".into(), "assumed".into())]);
    fs::create_dir_all(root.join("dc01")).unwrap();
    fs::write(root.join("dc01/export.csv"), VIEWER).unwrap();
    let case = folder.path().join("case");
    run(vec![root], &case);
    assert_eq!(times(&case, "windows/json"), [("2024-01-07T03:30:00Z".into(), "assumed".into())]);
    assert_eq!(times(&case, "windows/csv")[0].0, "2024-01-07T03:12:09Z");
}

#[test]
fn the_seconds_in_a_mail_log_tell_the_zone_of_the_box() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("evidence");
    let mail = |minute: i64| {
        let at = 1_704_600_000 + minute * 60;
        format!(
            "Jan  7 13:{minute:02}:02 gw01 scan[9]: out.example.org[198.51.100.25] {at}-900-1-0 {at} {at} SCAN ENC a@example.org \
             b@example.net 0.5 0 0 - SZ:9 SUBJ:x\n"
        )
    };
    write(&root, "syslog/gw01/mail.log", &(0..9).map(mail).collect::<String>());
    write(
        &root,
        "gw01/var/log/messages",
        &"Jan  7 13:30:00 gw01 sshd[7]: Accepted password for root from 203.0.113.9 port 5022 ssh2\n".repeat(3),
    );
    let case = folder.path().join("case");
    run(vec![root], &case);
    let found = times(&case, "linux/syslog");
    assert!(found.iter().all(|(time, basis)| time.ends_with("T04:30:00Z") && basis == "year-inferred"), "{found:?}");
}
