//! Mail, IIS, exports and other tools' output against public samples: nothing lost in silence, and the same event in every form.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::fs;
use std::path::Path;

use common::{Seen, evidence, read};
use konseki_model::Record;

fn seen(file: &str) -> Option<Seen> {
    let path = evidence(file)?;
    let bytes = fs::read(&path).unwrap();
    let seen = read(path.file_name().unwrap().to_str().unwrap(), &bytes);
    println!("{file}: {} {:?} {:?} without time {} {:?}", seen.source, seen.records, seen.kinds, seen.without_time, seen.problems);
    Some(seen)
}

#[test]
fn exchange_rows_without_a_head() {
    let Some(seen) = seen("text-samples/exchange_message_tracking_elastic.csv") else { return };
    assert_eq!((seen.source, seen.records.rejected, seen.without_time), ("mail/exchange_tracking", 0, 0));
    assert_eq!(seen.records.events + seen.records.blank, seen.records.read);
    let first = &seen.events[0];
    assert_eq!((first.kind().as_str(), first.src.as_str(), first.host.as_str()), ("mail.received", "10.11.12.14", "exchange-mail"));
    assert_eq!(first.object, "<20240123200014.123F425E28@host01.my.domain.com>");
}

#[test]
fn the_unified_audit_log() {
    let Some(seen) = seen("sekoia-intake-formats/Office 365/o365/all_messages.log") else { return };
    assert_eq!((seen.source, seen.records.rejected), ("mail/m365_audit", 0));
    for kind in ["auth.success", "auth.failure", "mail.accessed", "mail.deleted", "mail.rule", "group.add", "alert", "file.transfer"] {
        assert!(seen.kinds.contains_key(kind), "{kind}: {:?}", seen.kinds);
    }
    assert!(seen.events.iter().any(|e| e.kind().as_str() == "mail.rule" && e.src == "1.2.3.4" && e.src_port == Some(63070)));
}

/// Agreement with the fields that the intake tests expect: what they name a user, an address, a time.
#[test]
fn the_intake_tests_of_the_audit_log_agree() {
    let Some(folder) = evidence("sekoia-intake-formats/Office 365/o365/tests") else { return };
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().flatten().map(|e| e.path()).collect();
    files.sort();
    let (mut asked, mut agreed) = ([0; 4], [0; 4]);
    for file in files {
        let json: serde_json::Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        let message = json["input"]["message"].as_str().unwrap();
        let seen = read("audit.json", message.as_bytes());
        if seen.source.is_empty() {
            // Alerts of another service stand among them: no `Operation`.
            println!("not an audit record: {}", file.file_name().unwrap().to_str().unwrap());
            continue;
        }
        let event = &seen.events[0];
        let expected = &json["expected"];
        let time = event.time.map(|t| konseki_model::time::rfc3339(t.micros, konseki_model::Fidelity::Second)).unwrap_or_default();
        let pairs = [
            (expected["source"]["ip"].as_str().or(expected["source"]["address"].as_str()), event.src.as_str()),
            (expected["user"]["name"].as_str(), event.user.as_str()),
            (expected["@timestamp"].as_str(), time.as_str()),
            (expected["event"]["action"].as_str(), event.field("Operation").unwrap_or_default()),
        ];
        for (place, (wanted, ours)) in pairs.into_iter().enumerate() {
            let Some(wanted) = wanted else { continue };
            asked[place] += 1;
            // The tests leave out the full stop of `Update user.`, which the record has.
            let ours = if place == 3 { ours.trim_end_matches('.') } else { ours };
            let same = wanted.eq_ignore_ascii_case(ours) || (place == 2 && wanted.get(..19) == ours.get(..19));
            agreed[place] += usize::from(same);
            if !same {
                println!("{}: wanted {wanted}, ours {ours}", file.file_name().unwrap().to_str().unwrap());
            }
        }
    }
    println!("address, user, time, action: {agreed:?} of {asked:?}");
    assert!(agreed.iter().sum::<usize>() * 100 >= asked.iter().sum::<usize>() * 95);
}

#[test]
fn the_message_trace() {
    let Some(seen) = seen("sekoia-intake-formats/Office 365/message-trace/all_messages.log") else { return };
    assert_eq!((seen.source, seen.records.events, seen.records.rejected, seen.without_time), ("mail/m365_trace", 2, 0, 0));
    assert_eq!(seen.events[0].micros(), Some(1_658_751_973_240_000));
}

#[test]
fn records_of_plasos_own_tests() {
    let Some(seen) = seen("plaso-test-data/test_data/jsonl/microsoft_audit_log.jsonl") else { return };
    assert_eq!((seen.source, seen.records.rejected, seen.without_time), ("mail/m365_audit", 0, 0));
}

#[test]
fn iis_of_every_version() {
    let mut rows = 0;
    for name in ["iis10", "iis10_cookies", "iis10_edge_cases", "iis6", "iis7_owa", "iis7_sqli", "iis_without_date"] {
        let Some(seen) = seen(&format!("plaso-test-data/test_data/iis/{name}.log")) else { return };
        assert_eq!((seen.source, seen.records.rejected, seen.without_time), ("web/iis", 0, 0), "{name}");
        assert!(seen.events.iter().all(|event| !event.src.is_empty() || name == "iis7_sqli"), "{name}");
        rows += seen.records.events;
    }
    assert!(rows > 20);
}

#[test]
fn the_ghost_script_itself_is_no_output() {
    let Some(path) = evidence("crowdstrike-virtualghost/Detect-VirtualGHOST.ps1") else { return };
    assert_eq!(read("Detect-VirtualGHOST.ps1", &fs::read(path).unwrap()).source, "");
}

fn sample(path: &str) -> Seen {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(path);
    read(file.file_name().unwrap().to_str().unwrap(), &fs::read(&file).unwrap())
}

fn core(record: &Record) -> [String; 7] {
    [&record.user, &record.src, &record.session, &record.object, &record.outcome, &record.dst, &record.target].map(String::clone)
}

#[test]
fn a_logon_is_the_same_event_in_every_form() {
    let pick = |seen: &Seen, id: &str| {
        seen.events.iter().find(|e| e.field("EventID") == Some(id)).map(|e| (e.kind(), core(e), e.src_port)).unwrap()
    };
    let viewer = sample("windows/csv/samples/viewer_en.csv");
    let evtxecmd = sample("windows/csv/samples/evtxecmd.csv");
    let json: Vec<_> = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/windows/json/samples"))
        .unwrap()
        .flatten()
        .map(|e| e.path())
        .filter(|path| !path.to_str().unwrap().ends_with(".events") && !path.to_str().unwrap().ends_with("PROVENANCE"))
        .map(|path| read("x.json", &fs::read(path).unwrap()))
        .filter(|seen| seen.events.iter().any(|e| e.field("EventID") == Some("4624")))
        .collect();
    assert!(!json.is_empty());
    assert_eq!(pick(&viewer, "4624"), pick(&evtxecmd, "4624"));
    for seen in &json {
        assert_eq!(pick(seen, "4624"), pick(&viewer, "4624"));
    }
    assert_eq!(pick(&sample("windows/csv/samples/viewer_ja_cp932.csv"), "21"), pick(&evtxecmd, "21"));
}
