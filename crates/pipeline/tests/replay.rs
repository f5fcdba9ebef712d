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
        let rules: Vec<&str> = rules.map(|rule| rule["id"].as_str().unwrap()).collect();
        rules.contains(&"vmware-unregistered-vm-running")
    });
    let (hidden, _) = hidden.expect("a step that the comparison proves");
    assert_eq!(hidden.seen, Seen::NoSource, "{hidden:?}");
    assert!(hidden.wanted.iter().any(|group| group.contains("vmware/esxi_vminventory")), "{hidden:?}");
}

#[test]
fn every_rule_of_a_package_matches_its_sample() {
    let folder = tempfile::tempdir().unwrap();
    let package = package(folder.path(), "peers");
    let tested = test_rules(&[package.join("detections/sigma")]).unwrap();
    let samples = |failure: &String| {
        let rule = failure.split(':').next().unwrap_or_default();
        format!("{failure}\n  {}", fs::read_to_string(Path::new(rule).with_extension("match.jsonl")).unwrap_or_default())
    };
    assert!(tested.failures.is_empty(), "{}", tested.failures.iter().map(samples).collect::<Vec<_>>().join("\n"));
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

/// What validators of STIX let pass: labels of TLP, what a sighting is of, references that lead nowhere, broken patterns.
#[test]
fn a_bundle_holds_what_no_validator_asks() {
    let labels = [
        ("94868c89-83c2-464b-929b-a1a8aa3c8487", "clear"),
        ("bab4a63c-aed9-4cf5-a766-dfca5abac2bb", "green"),
        ("55d920b0-5e8b-4f79-9ee9-91f868d9b421", "amber"),
        ("939a9414-2ddd-4d32-a0cd-375ea402b003", "amber+strict"),
        ("e828b379-4e03-4974-9ac4-e53a884c97c1", "red"),
    ];
    let folder = tempfile::tempdir().unwrap();
    for (audience, label) in [("public", "clear"), ("peers", "green"), ("employees", "amber"), ("sponsors", "amber+strict")] {
        let package = package(folder.path(), audience);
        let bundle: Value = serde_json::from_str(&fs::read_to_string(package.join("data/stix.json")).unwrap()).unwrap();
        let objects = bundle["objects"].as_array().unwrap();
        let kinds: std::collections::BTreeMap<&str, &str> =
            objects.iter().map(|one| (one["id"].as_str().unwrap(), one["type"].as_str().unwrap())).collect();
        assert!(bundle.get("spec_version").is_none(), "a bundle of STIX 2.1 has none");
        let one = |kind: &str| objects.iter().filter(|one| one["type"] == kind).collect::<Vec<_>>();
        assert_eq!((one("report").len(), one("grouping").len()), (1, 0));
        let marks = one("marking-definition");
        assert_eq!(marks.len(), 1, "only the marking that is used");
        let id = labels.iter().find(|(_, name)| *name == label).unwrap().0;
        assert_eq!(marks[0]["id"], format!("marking-definition--{id}"));
        let extension = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d";
        assert_eq!(
            (&marks[0]["extensions"][extension]["tlp_2_0"], marks[0]["created"].as_str()),
            (&label.into(), Some("2022-10-01T00:00:00.000Z"))
        );
        assert!(!one("sighting").is_empty() && !one("observed-data").is_empty());
        for sighting in one("sighting") {
            let of = kinds[sighting["sighting_of_ref"].as_str().unwrap()];
            assert!(["attack-pattern", "indicator", "malware"].contains(&of), "{of}: a sighting is never of an observable");
        }
        for object in objects.iter().filter(|one| one["type"] != "marking-definition") {
            assert_eq!(object["object_marking_refs"], serde_json::json!([marks[0]["id"]]), "{object}");
            for (name, value) in object.as_object().unwrap() {
                let refs = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
                for to in refs.iter().filter(|_| name.ends_with("_ref") || name.ends_with("_refs")) {
                    assert!(kinds.contains_key(to.as_str().unwrap()), "{name} of {object} leads nowhere");
                }
            }
            if object["pattern_type"] == "stix" {
                let pattern = object["pattern"].as_str().unwrap();
                assert!(pattern.starts_with('[') && pattern.ends_with("']") && pattern.matches('\'').count() % 2 == 0, "{pattern}");
            }
        }
    }
}
