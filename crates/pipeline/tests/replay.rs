//! `replay`: a package over the evidence it was made from, over quiet evidence, and over parts of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::fs;
use std::path::{Path, PathBuf};

use konseki_pipeline::{PublishRequest, Replayed, Request, Seen, Silent, investigate, publish, replay, test_rules};
use serde_json::Value;

fn evidence() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../cases/nerve-small/evidence").canonicalize().unwrap()
}

/// A package of the shipped case for that audience.
fn package(folder: &Path, audience: &str) -> PathBuf {
    let (case, out) = (folder.join("case"), folder.join(audience));
    if !case.is_dir() {
        let now = "2024-01-01T00:00:00Z".to_owned();
        investigate(&Request { inputs: vec![evidence()], case: case.clone(), now, ..Request::default() }, &Silent).unwrap();
    }
    let langs = vec!["en".to_owned(), "ja".to_owned()];
    publish(&PublishRequest { case, audience: audience.to_owned(), langs, out: out.clone(), ..PublishRequest::default() }).unwrap();
    out
}

fn run(package: &Path, evidence: PathBuf) -> Replayed {
    replay(package, &[evidence], 2, "2024-02-01T00:00:00Z", &Silent).unwrap()
}

fn plan(package: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(package.join("detections/steps.json")).unwrap()).unwrap()
}

#[test]
fn what_a_case_tells_is_seen_in_its_own_evidence() {
    let folder = tempfile::tempdir().unwrap();
    for audience in ["public", "law-enforcement"] {
        let package = package(folder.path(), audience);
        let replayed = run(&package, evidence());
        assert!(replayed.steps.len() > 20);
        for step in &replayed.steps {
            assert_eq!(step.seen, Seen::Seen, "{audience}: {step:?}");
            assert!(!step.places.is_empty() && !step.by.is_empty(), "{step:?}");
        }
        // A comparison that no rule can replace is named and found.
        assert!(replayed.steps.iter().any(|step| step.by.contains(&"vmware-unregistered-vm-running".to_owned())));
    }
}

#[test]
fn quiet_evidence_proves_no_step() {
    let folder = tempfile::tempdir().unwrap();
    let package = package(folder.path(), "peers");
    let lab = |out: &Path| {
        let options = lab::ctx::Options {
            case: "calm".to_owned(),
            seed: 3,
            days: Some(6),
            scale: 0.2,
            faults: Vec::new(),
            evtx: false,
            pace: lab::ctx::Pace::Full,
        };
        lab::make::make(&options, out).unwrap();
    };
    lab(&folder.path().join("calm"));
    let calm = folder.path().join("calm/evidence");
    let replayed = run(&package, calm.clone());
    let count = |replayed: &Replayed, seen| replayed.steps.iter().filter(|step| step.seen == seen).count();
    assert_eq!(count(&replayed, Seen::Seen), 0, "{replayed:?}");
    assert!(count(&replayed, Seen::NotSeen) > 10, "{replayed:?}");
    // Without the support bundles the hidden machine cannot be looked for, and that is said with what is missing.
    let part = run(&package, calm.join("syslog"));
    let plan = plan(&package);
    let hidden = part.steps.iter().zip(plan["steps"].as_array().unwrap()).find(|(_, planned)| {
        let rules = planned["rules"].as_array().unwrap().iter().filter(|rule| rule["proves"] == true);
        rules.map(|rule| rule["id"].as_str().unwrap()).collect::<Vec<_>>() == ["vmware-unregistered-vm-running"]
    });
    let (hidden, _) = hidden.expect("a step that only the comparison proves");
    assert_eq!(hidden.seen, Seen::NoSource, "{hidden:?}");
    assert!(hidden.wanted.iter().any(|group| group.contains("vmware/esxi_vminventory")), "{hidden:?}");
}

#[test]
fn every_rule_of_a_package_matches_its_sample() {
    let folder = tempfile::tempdir().unwrap();
    let package = package(folder.path(), "peers");
    let tested = test_rules(&[package.join("detections/sigma")]).unwrap();
    assert!(tested.failures.is_empty(), "{}", tested.failures.join("\n"));
    assert!(tested.rules > 20 && tested.without_samples == 0, "{tested:?}");
    // Each step names what proves it, and each file it names is there.
    for step in plan(&package)["steps"].as_array().unwrap() {
        let rules = step["rules"].as_array().unwrap();
        assert!(rules.iter().any(|rule| rule["proves"] == true), "{step}");
        for name in rules.iter().flat_map(|rule| ["file", "sample"].map(|key| rule[key].as_str())).flatten() {
            assert!(package.join(name).is_file(), "{name}");
        }
    }
}

#[test]
fn rules_for_hunting_hold_against_their_samples() {
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules/hunt");
    let tested = test_rules(&[rules]).unwrap();
    assert!(tested.failures.is_empty(), "{}", tested.failures.join("\n"));
    assert!(tested.rules >= 15 && tested.without_samples == 0);
}
