//! Published lines of vCenter: SEKOIA's intake tests, lamw's authentication examples, lnav's samples.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::fs;

use common::{evidence, read};

fn messages() -> Option<Vec<(String, String)>> {
    let folder = evidence("sekoia-intake-formats/VMWare/vmware-vcenter/tests")?;
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().flatten().map(|e| e.path()).collect();
    files.sort();
    let mut out = Vec::new();
    for file in files {
        let json: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        out.push((file.file_stem().unwrap().to_str().unwrap().to_owned(), json["input"]["message"].as_str().unwrap().to_owned()));
    }
    Some(out)
}

#[test]
fn every_event_of_the_intake_tests_is_parsed() {
    let Some(path) = evidence("sekoia-intake-formats/VMWare/vmware-vcenter/all_messages.log") else { return };
    let text = fs::read_to_string(path).unwrap();
    let (mut events, mut kinds) = (0, std::collections::BTreeMap::new());
    for line in text.lines().filter(|line| line.starts_with("Event [")) {
        let seen = read("x.log", line.as_bytes());
        assert_eq!((seen.source, seen.records.events, seen.without_time), ("vmware/vcenter_events", 1, 0), "{line}");
        let event = &seen.events[0];
        assert!(line.contains(event.field("event_type").unwrap()) && line.contains(event.field("event_key").unwrap()), "{line}");
        *kinds.entry(event.kind().as_str()).or_insert(0) += 1;
        events += 1;
    }
    println!("{events} {kinds:?}");
    assert_eq!(events, 26);
    for (kind, count) in
        [("session.start", 5), ("api.session", 3), ("auth.success", 2), ("auth.failure", 3), ("vm.reconfigure", 2), ("ssh.session", 1)]
    {
        assert_eq!(kinds[kind], count, "{kind}");
    }
    // The file as a whole is one of mixed services: nothing is lost.
    let seen = read("vcsa.log", text.as_bytes());
    println!("{} {:?} {:?}", seen.source, seen.records, seen.problems);
}

#[test]
fn each_service_is_known_by_its_line() {
    let Some(messages) = messages() else { return };
    for (name, message) in messages {
        let seen = read("x.log", message.as_bytes());
        let want = match name.as_str() {
            "http_logs_1" | "http_logs_2" | "http_logs_3" => "vmware/vcenter_access",
            "fault_logs" | "fault_logs2" => "vmware/vcenter_vpxd",
            "login_success" | "test_properly_escaped_json" | "has_permissions_1" => "vmware/vcenter_sso",
            "has_permissions_2" => "vmware/vcenter_svcs",
            _ if message.starts_with("Event [") => "vmware/vcenter_events",
            _ => "",
        };
        assert_eq!(seen.source, want, "{name}: {message}");
        if name == "http_logs_1" {
            assert_eq!(
                (seen.events[0].src.as_str(), seen.events[0].src_port, seen.events[0].bytes_in),
                ("1.2.3.4", Some(54080), Some(11032))
            );
        }
        if name == "test_properly_escaped_json" {
            assert_eq!((seen.events[0].kind().as_str(), seen.events[0].src.as_str()), ("auth.success", "1.2.3.4"));
        }
        if name == "session_logs_type3" {
            assert_eq!(
                (seen.events[0].object.as_str(), seen.events[0].agent.as_str()),
                ("7", "pyvmomi Python/3.8.13 (VMkernel; 7.0.3; x86_64)")
            );
        }
        if name == "fault_logs2" {
            assert_eq!((seen.events[0].kind().as_str(), seen.events[0].user.as_str()), ("auth.failure", "username"));
        }
    }
}

#[test]
fn examples_of_six() {
    let Some(path) = evidence("vcenter-authn-authz-log-examples/README.md") else { return };
    let text = fs::read_to_string(path).unwrap();
    let mut counts = std::collections::BTreeMap::new();
    for block in text.split("```code").skip(1).filter_map(|rest| rest.split("```").next()) {
        let seen = read("x.log", block.trim().as_bytes());
        assert!(matches!(seen.source, "vmware/vcenter_sso" | "vmware/vcenter_svcs"), "{:?}: {block}", seen.source);
        assert_eq!((seen.records.rejected, seen.without_time), (0, 0), "{block}");
        for event in &seen.events {
            *counts.entry(event.kind().as_str()).or_insert(0) += 1;
            if event.kind().as_str() != "other" && event.kind().as_str() != "config.change" {
                assert!(!event.user.is_empty(), "{block}");
            }
        }
    }
    println!("{counts:?}");
    for (kind, least) in [
        ("auth.success", 6),
        ("auth.failure", 8),
        ("account.create", 3),
        ("account.change", 3),
        ("account.delete", 4),
        ("group.add", 3),
        ("permission.change", 12),
    ] {
        assert!(counts.get(kind).copied().unwrap_or(0) >= least, "{kind}: {counts:?}");
    }
}

#[test]
fn lines_of_lnav() {
    for (name, source) in [("logfile_vpxd.0", "vmware/vcenter_vpxd"), ("logfile_vmw_log.0", "vmware/vcenter_vpxd")] {
        let Some(path) = evidence(&format!("lnav-vmware/test/{name}")) else { return };
        let bytes = fs::read(path).unwrap();
        let seen = read(name, &bytes);
        assert_eq!((seen.source, seen.records.rejected, seen.without_time), (source, 0, 0), "{name}");
        println!("{name}: {:?} {:?}", seen.records, seen.kinds);
    }
}
