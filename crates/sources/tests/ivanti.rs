//! Real evidence of Ivanti Connect Secure: a training case of a compromised appliance, public log lines, test files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::fs;
use std::io::Read;

use common::{evidence, read};
use konseki_model::time::rfc3339;

fn dlogs() -> Option<Vec<(String, Vec<u8>)>> {
    let file = fs::File::open(evidence("ivanti-ics-fcsc2024/horreur-malheur.tar.xz")?).unwrap();
    let mut archive = tar::Archive::new(liblzma::read::XzDecoder::new(file));
    let mut out = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().to_str().unwrap().to_owned();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        if !bytes.is_empty() {
            out.push((path, bytes));
        }
    }
    Some(out)
}

#[test]
fn the_training_case_is_read_whole() {
    let Some(files) = dlogs() else { return };
    assert_eq!(files.len(), 27);
    let (mut webshell, mut shell, mut socket, mut requests) = (0, 0, 0, 0);
    for (path, bytes) in &files {
        let seen = read(path, bytes);
        println!("{path}: {} {:?} {:?}", seen.source, seen.records, seen.kinds);
        let name = path.rsplit('/').next().unwrap();
        let want = match name {
            n if n.contains("debuglog") => "ivanti/debuglog",
            n if n.starts_with("nodemonlog") => "ivanti/nodemon",
            _ => "ivanti/uwsgi",
        };
        assert_eq!(seen.source, want, "{path}");
        assert_eq!(seen.records.rejected, 0, "{path}");
        let lines = bytes.split(|b| *b == b'\n').count() as u64 - u64::from(bytes.ends_with(b"\n"));
        assert_eq!(seen.records.read, lines, "{path}");
        requests += seen.kinds.get("web.request").copied().unwrap_or(0);
        for event in &seen.events {
            if event.object == "/api/v1/cav/client/health" && event.outcome == "200" {
                webshell += u32::from(event.field("cs-uri-query").unwrap().starts_with("cmd="));
            }
            if event.command.contains("AwsAzureTestConnection.pl ;python") {
                shell += 1;
                assert_eq!(
                    rfc3339(event.time.unwrap().micros, event.time.unwrap().fidelity),
                    if name.ends_with("old") { "2024-03-15T13:38:05Z" } else { "2024-03-15T13:43:06Z" }
                );
            }
            socket += u32::from(event.dst == "20.13.3.0" && event.dst_port == Some(4444) && event.object == "python");
            if event.command.contains("user-backup-code/../../system/maintenance") {
                assert_eq!(rfc3339(event.time.unwrap().micros, event.time.unwrap().fidelity), "2024-03-15T13:29:17Z");
                assert_eq!(event.duration, Some(164_281_000));
            }
        }
    }
    assert_eq!(webshell, 10, "requests to the web shell that were answered");
    assert!(shell >= 2 && socket >= 2, "{shell} {socket}");
    assert!(requests > 178_000, "{requests}");
}

#[test]
fn published_lines_of_both_forms() {
    for name in ["ivanti_welf_9.1_usiem.log", "ivanti_standard_format_elastic.log", "ivanti_welf_22.8_sekoia_docs.log"] {
        let Some(path) = evidence(&format!("text-samples/{name}")) else { return };
        let bytes = fs::read(path).unwrap();
        let seen = read(name, &bytes);
        assert_eq!(seen.source, "ivanti/syslog", "{name}");
        assert_eq!((seen.records.rejected, seen.records.continuation, seen.without_time), (0, 0, 0), "{name}");
        println!("{name}: {:?}", seen.kinds);
        if name.contains("22.8") {
            let tunnel = seen.events.iter().find(|e| e.kind().as_str() == "tunnel.start").unwrap();
            assert_eq!((tunnel.assigned.as_str(), tunnel.object.as_str()), ("5.6.7.8", "HOSTNAME"));
            assert_eq!(tunnel.field("ivs"), Some("Default Network"));
        }
        if name.contains("usiem") {
            let login = seen.events.last().unwrap();
            assert_eq!(rfc3339(login.time.unwrap().micros, login.time.unwrap().fidelity), "2021-04-08T19:14:18Z");
        }
    }
}

#[test]
fn intake_tests_of_sekoia() {
    let Some(folder) = evidence("sekoia-intake-formats/Ivanti/pulse-connect/tests") else { return };
    for file in fs::read_dir(folder).unwrap().flatten() {
        let json: serde_json::Value = serde_json::from_slice(&fs::read(file.path()).unwrap()).unwrap();
        let message = json["input"]["message"].as_str().unwrap();
        let seen = read("ics.log", message.as_bytes());
        assert_eq!((seen.source, seen.records.events), ("ivanti/syslog", 1), "{message}");
        let event = &seen.events[0];
        let code = message.split("msg=\"").nth(1).unwrap().get(..8).unwrap();
        assert_eq!(event.field("msg_code"), Some(code));
        let expected = &json["expected"];
        if let Some(user) = expected["user"]["name"].as_str() {
            assert_eq!(event.field("user"), Some(user));
        }
        // That intake takes the peer of SYS31437 from the text.
        if let Some(src) = expected["source"]["ip"].as_str().filter(|_| code != "SYS31437") {
            assert_eq!(event.field("src"), Some(src));
        }
    }
}

#[test]
fn vc0_files_of_plaso() {
    let Some(folder) = evidence("plaso-test-data/test_data/ivanti_vc0") else { return };
    let mut total = 0;
    for file in fs::read_dir(folder).unwrap().flatten() {
        let name = file.file_name().into_string().unwrap();
        let bytes = fs::read(file.path()).unwrap();
        let seen = read(&name, &bytes);
        assert_eq!(seen.source, "ivanti/vc0", "{name}");
        println!("{name}: {:?} {:?}", seen.records, seen.problems);
        // One of these files holds a record without an id, on purpose.
        let known = u64::from(name == "log.events.vc0");
        assert_eq!((seen.records.rejected, seen.problems.len() as u64), (0, known), "{name}: {:?}", seen.problems);
        total += seen.records.events;
        for event in &seen.events {
            assert!(event.field("msg_code").unwrap().len() == 8);
        }
    }
    assert!(total > 30, "{total}");
}
