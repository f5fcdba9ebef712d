//! The whole way on the case that ships: story, accounts, excerpts byte for byte, the same bytes however it is run.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod shared;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use konseki_pipeline::{Request, Silent, Summary, investigate, test_rules, verify};
use serde_json::Value;
use shared::results;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

fn evidence() -> PathBuf {
    root().join("cases/nerve-small/evidence")
}

fn run(inputs: Vec<PathBuf>, case: &Path, threads: usize) -> Summary {
    let request = Request {
        inputs,
        case: case.to_owned(),
        threads,
        now: "2024-01-01T00:00:00Z".to_owned(),
        actor: "test".to_owned(),
        ..Request::default()
    };
    investigate(&request, &Silent).unwrap()
}

fn findings(case: &Path) -> Vec<Value> {
    let text = fs::read_to_string(case.join("results/findings.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn the_shipped_case_tells_its_story() {
    let folder = tempfile::tempdir().unwrap();
    let case = folder.path().join("case");
    let summary = run(vec![evidence()], &case, 2);
    assert_eq!(summary.exit_code(), 1, "{}", summary.text_en);
    let intake: Value = serde_json::from_slice(&fs::read(case.join("results/intake.json")).unwrap()).unwrap();
    for piece in intake["evidence"].as_array().unwrap() {
        let count = |key: &str| piece["records"][key].as_u64().unwrap();
        assert_eq!(count("read"), count("events") + count("continuation") + count("blank") + count("rejected"), "{piece}");
    }
    let truth: Value = serde_json::from_slice(&fs::read(root().join("cases/nerve-small/truth.json")).unwrap()).unwrap();
    let found = findings(&case);
    let hidden = found.iter().filter(|f| f["rule"] == "vmware-unregistered-vm-running" || f["rule"] == "vmware-unregistered-vm-on-boot");
    let names: BTreeSet<String> = hidden.map(|f| f["args"]["vm"].as_str().unwrap().to_owned()).collect();
    assert!(!names.is_empty() && truth.to_string().contains(names.iter().next().unwrap()));
    assert!(found.iter().any(|f| f["techniques"].to_string().contains("T1190") && f["level"] == "critical"));
    assert!(found.iter().all(|f| !f["because"].as_array().unwrap().is_empty()));
    // Every place says what stands there, those in lists of files too.
    let empty = |f: &&Value| f["because"].as_array().unwrap().iter().any(|b| b["excerpt"] == "");
    assert_eq!(found.iter().find(empty), None);
    let page = fs::read_to_string(case.join("report/index.html")).unwrap();
    assert!(page.contains("Content-Security-Policy") && page.contains(names.iter().next().unwrap()));
    let checked = verify(&case).unwrap();
    assert!(checked.bad.is_empty() && checked.missing.is_empty(), "{checked:?}");
    // A changed result is named.
    fs::write(case.join("results/chain.json"), "{}").unwrap();
    assert!(verify(&case).unwrap().bad.iter().any(|line| line.contains("chain.json")));
}

#[test]
fn the_same_bytes_on_any_number_of_threads_and_in_any_order() {
    let folder = tempfile::tempdir().unwrap();
    let parts: Vec<PathBuf> = fs::read_dir(evidence()).unwrap().flatten().map(|entry| entry.path()).collect();
    let mut sorted = parts.clone();
    sorted.sort();
    let one = folder.path().join("a/case");
    let two = folder.path().join("b/case");
    run(sorted.clone(), &one, 1);
    sorted.reverse();
    run(sorted, &two, 2);
    assert!(results(&one) == results(&two));
    // Once more over the same case: nothing new is read, nothing changes.
    let before = results(&one);
    run(Vec::new(), &one, 2);
    assert!(results(&one) == before);
}

/// Large enough to be read in parts: events of several rules, some of them in every part, and damage.
fn large_log() -> Vec<u8> {
    use konseki_formats::evtx::write::{EventSpec, EvtxWriter};
    let mut log = EvtxWriter::new();
    for number in 0..14_000_i64 {
        let at = 1_704_597_129_000_000 + number * 60_000_000;
        let id = if number % 50 == 0 { 1102 } else { 4624 };
        let event = EventSpec::new("Microsoft-Windows-Security-Auditing", "Security", id, at, "pc01");
        let user = if number % 9 == 0 { "taro" } else { "hanako" };
        log.push(&event.data("TargetUserName", user).data("IpAddress", "192.0.2.7").data("Note", "x".repeat(200))).unwrap();
    }
    let mut bytes = log.finish();
    for at in [700_000, 5_000_000] {
        bytes[at..at + 900].fill(0xff);
    }
    bytes
}

#[test]
fn one_large_log_gives_the_same_bytes_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let evidence = folder.path().join("evidence");
    fs::create_dir_all(&evidence).unwrap();
    fs::write(evidence.join("Security.evtx"), large_log()).unwrap();
    assert!(fs::metadata(evidence.join("Security.evtx")).unwrap().len() > 8 << 20);
    let mut all = Vec::new();
    for threads in [1, 2, 5] {
        let case = folder.path().join(format!("{threads}/case"));
        let summary = run(vec![evidence.clone()], &case, threads);
        assert!(summary.events > 13_900 && summary.findings > 0, "{}", summary.text_en);
        let events: Vec<Vec<u8>> =
            fs::read_dir(case.join("events/windows/evtx")).unwrap().flatten().map(|entry| fs::read(entry.path()).unwrap()).collect();
        assert_eq!(events.len(), 1);
        all.push((results(&case), events));
    }
    assert!(all[0] == all[1] && all[0] == all[2]);
}

#[test]
fn a_run_that_was_cut_short_goes_on_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("a/case");
    run(vec![evidence()], &whole, 2);
    let journal = fs::read(whole.join("work/journal.jsonl")).unwrap();
    for part in [0, 1, 3, 5, 8] {
        let cut = folder.path().join(format!("c{part}/case"));
        fs::create_dir_all(cut.join("work")).unwrap();
        // As a kill leaves it: a torn line, files that no line names, no results.
        fs::write(cut.join("work/journal.jsonl"), &journal[..journal.len() * part / 9]).unwrap();
        copy(&whole.join("events"), &cut.join("events"));
        fs::write(cut.join("events/stray.parquet"), b"half a file").unwrap();
        run(vec![evidence()], &cut, 2);
        assert!(results(&whole) == results(&cut), "cut at {part}/9");
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() { copy(&entry.path(), &target) } else { fs::copy(entry.path(), target).map(|_| ()).unwrap() }
    }
}

/// Each excerpt stands at the line, record or offset it names, in the piece with that path and hash.
fn excerpts_stand(case: &Path, inputs: &[PathBuf], passwords: Vec<String>) -> usize {
    let mut wanted: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let chain: Value = serde_json::from_slice(&fs::read(case.join("results/chain.json")).unwrap()).unwrap();
    let links = chain["links"].as_array().unwrap().iter();
    for because in findings(case).iter().chain(links).flat_map(|f| f["because"].as_array().unwrap().clone()) {
        wanted.entry(because["path"].as_str().unwrap().to_owned()).or_default().push(because);
    }
    let spool = tempfile::tempdir().unwrap();
    let mut options = konseki_evidence::Options::new(spool.path());
    options.passwords = passwords;
    let mut checked = 0;
    // Pieces that a source cut out of a text are no members of an archive: what they say stands in that text.
    let mut cut: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for path in wanted.keys().cloned().collect::<Vec<_>>() {
        if let Some((outer, _)) = path.rsplit_once("!/").filter(|(outer, _)| outer.ends_with(".txt")) {
            cut.entry(outer.to_owned()).or_default().extend(wanted.remove(&path).unwrap());
        }
    }
    konseki_evidence::walk(inputs, &options, &mut |entry| {
        let konseki_evidence::Entry::Piece(found) = entry else { return };
        for because in cut.remove(&found.path).unwrap_or_default() {
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut found.body.open().unwrap(), &mut bytes).unwrap();
            let needle = because["excerpt"].as_str().unwrap().as_bytes();
            assert!(needle.is_empty() || bytes.windows(needle.len()).any(|window| window == needle), "{}: {because}", found.path);
            checked += 1;
        }
        for because in wanted.remove(&found.path).unwrap_or_default() {
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut found.body.open().unwrap(), &mut bytes).unwrap();
            let excerpt = because["excerpt"].as_str().unwrap();
            let needle: Vec<u8> = match because["encoding"].as_str() {
                Some("utf-16le") => excerpt.encode_utf16().flat_map(u16::to_le_bytes).collect(),
                _ => excerpt.as_bytes().to_vec(),
            };
            let place = if let Some(line) = because["at"]["line"].as_u64() {
                // A record may go on over the lines that follow.
                bytes.split(|b| *b == b'\n').skip(line as usize - 1).take(40).collect::<Vec<_>>().join(&b'\n')
            } else if let Some(offset) = because["at"]["offset"].as_u64() {
                bytes[offset as usize..].iter().take(needle.len()).copied().collect()
            } else {
                bytes
            };
            let stands = needle.is_empty() || place.windows(needle.len()).any(|window| window == needle);
            assert!(stands, "{} {}: {excerpt:?}", found.path, because["at"]);
            checked += 1;
        }
    })
    .unwrap();
    assert!(wanted.is_empty() && cut.is_empty(), "no such piece: {:?} {:?}", wanted.keys(), cut.keys());
    checked
}

#[test]
#[ignore = "reads all public evidence, some minutes: `cargo test -p konseki-pipeline --test case -- --ignored`"]
fn all_public_evidence_balances_and_every_excerpt_stands() {
    let public = root().join("../shared/evidence");
    if !public.is_dir() {
        eprintln!("skipped: the public evidence is not here");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let case = folder.path().join("case");
    run(vec![public.clone()], &case, 2);
    let intake: Value = serde_json::from_slice(&fs::read(case.join("results/intake.json")).unwrap()).unwrap();
    let pieces = intake["evidence"].as_array().unwrap();
    for piece in pieces {
        let count = |name: &str| piece["records"][name].as_u64().unwrap();
        let told = count("events") + count("continuation") + count("blank") + count("rejected");
        assert_eq!(count("read"), told, "{}", piece["path"]);
        let rejected = count("rejected") > 0;
        assert!(!rejected || !piece["problems"].as_array().unwrap().is_empty(), "{}: rejected in silence", piece["path"]);
    }
    for file in intake["unrecognised"].as_array().unwrap() {
        assert!(!file["why"].as_str().unwrap().is_empty(), "{}", file["path"]);
    }
    let checked = excerpts_stand(&case, &[public], Vec::new());
    println!("{} pieces balance, {checked} excerpts stand", pieces.len());
    assert!(pieces.len() > 2000 && checked > 100);
}

#[test]
fn every_excerpt_stands_where_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let case = folder.path().join("case");
    run(vec![evidence()], &case, 2);
    assert!(excerpts_stand(&case, &[evidence()], Vec::new()) > 20);
}

#[test]
fn a_real_appliance_gives_its_exploit_and_little_noise() {
    let real = root().join("../shared/evidence/ivanti-ics-fcsc2024");
    if !real.is_dir() {
        eprintln!("skipped: the public evidence is not here");
        return;
    }
    let origin = fs::read_to_string(real.join("ORIGIN.md")).unwrap();
    let word = origin.split_whitespace().find(|word| word.starts_with("FCSC{")).unwrap().to_owned();
    let folder = tempfile::tempdir().unwrap();
    let case = folder.path().join("case");
    let request = Request {
        inputs: vec![real.clone()],
        case: case.clone(),
        passwords: vec![word.clone()],
        rules: vec![root().join("../shared/rules/yara-mandiant-ivanti-2024")],
        now: "2024-01-01T00:00:00Z".to_owned(),
        ..Request::default()
    };
    investigate(&request, &Silent).unwrap();
    let found = findings(&case);
    let high: Vec<&Value> = found.iter().filter(|f| f["level"] == "high" || f["level"] == "critical").collect();
    assert!(high.len() < 20, "{} findings of high or critical level", high.len());
    let has = |technique: &str, file: &str| {
        high.iter().any(|f| f["techniques"].to_string().contains(technique) && f["because"].to_string().contains(file))
    };
    assert!(has("T1190", "config_rest_server.log.old"));
    assert!(has("T1059", "nodemonlog.old"));
    assert!(high.iter().any(|f| f["engine"] == "yara" && f["because"].to_string().contains(".egg!/")));
    assert!(excerpts_stand(&case, &[real], vec![word]) > 5);
}

#[test]
fn our_rules_hold_against_their_samples() {
    let tested = test_rules(&[root().join("rules/sigma")]).unwrap();
    assert!(tested.failures.is_empty(), "{}", tested.failures.join("\n"));
    assert!(tested.rules >= 40 && tested.without_samples == 0);
}

#[test]
fn lists_of_indicators_meet_events_and_files() {
    use sha2::{Digest, Sha256};
    let folder = tempfile::tempdir().unwrap();
    let hash: String = Sha256::digest(fs::read(evidence().join("syslog/ics01.log")).unwrap()).iter().map(|b| format!("{b:02x}")).collect();
    let csv = folder.path().join("list.csv");
    fs::write(&csv, format!("type,value,comment\nipv4,203.0.113.145,a node\nsha256,{hash},a file\nipv4,198.51.100.250,never seen\n"))
        .unwrap();
    let stix = folder.path().join("bundle.json");
    let pattern =
        "[file:hashes.'SHA-256' = '0000000000000000000000000000000000000000000000000000000000000000'] OR [ipv4-addr:value = '192.0.2.36']";
    let indicator = serde_json::json!({"type": "indicator", "spec_version": "2.1", "id": "indicator--00000000-0000-4000-8000-000000000002",
        "created": "2024-01-01T00:00:00Z", "modified": "2024-01-01T00:00:00Z", "name": "x", "pattern_type": "stix", "pattern": pattern,
        "valid_from": "2024-01-01T00:00:00Z"});
    let bundle = serde_json::json!({"type": "bundle", "id": "bundle--00000000-0000-4000-8000-000000000001", "objects": [indicator]});
    fs::write(&stix, bundle.to_string()).unwrap();
    let case = folder.path().join("case");
    let request = Request {
        inputs: vec![evidence()],
        case: case.clone(),
        rules: vec![csv, stix],
        no_builtin: true,
        threads: 2,
        now: "2024-01-01T00:00:00Z".to_owned(),
        actor: "test".to_owned(),
        ..Request::default()
    };
    investigate(&request, &Silent).unwrap();
    let seen: BTreeSet<(String, String)> = findings(&case)
        .iter()
        .filter(|finding| finding["rule"].as_str().unwrap().starts_with("indicator-"))
        .map(|finding| {
            assert_ne!(finding["title"], finding["ja"]["title"]);
            (finding["rule"].as_str().unwrap().to_owned(), finding["args"]["value"].as_str().unwrap().to_owned())
        })
        .collect();
    let wanted = [("indicator-event", "192.0.2.36"), ("indicator-event", "203.0.113.145"), ("indicator-hash", hash.as_str())];
    assert_eq!(seen, wanted.map(|(rule, value)| (rule.to_owned(), value.to_owned())).into());
}
