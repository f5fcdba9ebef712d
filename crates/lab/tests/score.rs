//! A perfect answer scores one, a silent one zero, and faults turn lost steps into expected gaps.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use lab::ctx::{Options, Pace};
use lab::score::{Score, compare};
use lab::truth::Truth;
use serde_json::{Value, json};

fn made(case: &str, seed: u64, faults: &[&str]) -> Truth {
    let dir = tempfile::tempdir().unwrap();
    let opt = Options {
        case: case.to_owned(),
        seed,
        days: None,
        scale: 0.2,
        faults: faults.iter().map(|f| (*f).to_owned()).collect(),
        evtx: false,
        pace: Pace::Full,
    };
    lab::make::make(&opt, dir.path()).unwrap()
}

fn because(line: &lab::truth::Line) -> Value {
    json!({"evidence": "E0", "path": line.path, "at": {"line": line.at}, "excerpt": line.text})
}

/// The answer of one who knows everything.
fn perfect(truth: &Truth) -> (Vec<Value>, Value) {
    let mut findings = Vec::new();
    let mut steps = Vec::new();
    for (n, step) in truth.steps.iter().filter(|s| s.visible).enumerate() {
        findings
            .push(json!({"id": format!("F{n}"), "rule": "r", "level": "high", "entities": [], "because": [because(&step.must_cite[0])]}));
        steps.push(json!({"id": step.id, "tactic": step.tactic, "techniques": [step.techniques[0]], "title": step.id, "findings": [format!("F{n}")]}));
    }
    for (n, vm) in truth.hidden_vms.iter().enumerate() {
        findings.push(json!({"id": format!("V{n}"), "rule": "hidden", "level": "critical", "entities": [{"kind": "vm", "value": vm.name, "role": "object"}], "because": []}));
    }
    let links: Vec<Value> = truth
        .links
        .iter()
        .map(|l| json!({"from": l.from, "to": l.to, "by": l.by, "entities": [{"kind": l.keys[0].kind, "value": l.keys[0].value}]}))
        .collect();
    let gaps: Vec<Value> = truth.gaps.iter().map(|g| json!({"source": g.source, "host": g.host})).collect();
    (findings, json!({"steps": steps, "links": links, "gaps": gaps, "scope": {}, "hypotheses": []}))
}

fn rated(truth: &Truth, findings: &[Value], chain: &Value) -> Score {
    compare(truth, findings, chain, &json!({"evidence": [], "unrecognised": []}))
}

#[test]
fn a_perfect_answer_scores_one_in_every_case() {
    for case in ["nerve", "brickstorm", "mailgate", "ransom", "insider"] {
        let truth = made(case, 4, &[]);
        assert!(
            truth.steps.iter().all(|s| s.visible),
            "{case}: {:?}",
            truth.steps.iter().filter(|s| !s.visible).map(|s| &s.id).collect::<Vec<_>>()
        );
        let (findings, chain) = perfect(&truth);
        let s = rated(&truth, &findings, &chain);
        for (name, r) in [
            ("recall", s.step_recall),
            ("must", s.must_cite),
            ("technique", s.techniques),
            ("high", s.precision_high),
            ("critical", s.precision_critical),
            ("exact", s.link_precision_exact),
            ("interval", s.link_precision_interval),
            ("exact recall", s.link_recall_exact),
            ("interval recall", s.link_recall_interval),
            ("hidden", s.hidden_vms),
        ] {
            assert_eq!(r.right, r.all, "{case} {name}: {s:?}");
        }
        assert!(s.step_recall.all > 3);
    }
}

#[test]
fn a_silent_answer_scores_nothing_and_a_loud_one_is_punished() {
    let truth = made("nerve", 2, &[]);
    let s = rated(&truth, &[], &json!({}));
    assert_eq!(s.step_recall.right, 0);
    let trap = truth.traps.iter().find(|t| !t.lines.is_empty()).unwrap();
    let loud = [json!({"id": "F1", "rule": "x", "level": "critical", "entities": [], "because": [because(&trap.lines[0])]})];
    let s = rated(&truth, &loud, &json!({}));
    assert_eq!((s.precision_critical.right, s.precision_critical.all), (0, 1));
    assert!(s.false_alarms[0].contains("trap:"));
}

#[test]
fn a_missing_source_becomes_a_gap_that_is_expected() {
    let truth = made("nerve", 3, &["missing:ivanti/syslog", "missing:vmware/esxi_shell"]);
    assert!(truth.gaps.iter().any(|g| g.source == "ivanti/syslog" && g.hides.iter().any(|s| s == "session-hijack")));
    assert!(truth.steps.iter().all(|s| s.lines.iter().all(|l| !l.path.ends_with("shell.log"))));
    let (findings, mut chain) = perfect(&truth);
    assert_eq!(rated(&truth, &findings, &chain).gap_recall.value(), 1.0);
    chain["gaps"] = json!([]);
    let s = rated(&truth, &findings, &chain);
    assert!(s.gap_recall.value() < 1.0 && !s.gaps_missed.is_empty());
}

#[test]
fn lines_of_the_truth_stand_where_it_says() {
    let dir = tempfile::tempdir().unwrap();
    let opt = Options {
        case: "nerve".to_owned(),
        seed: 6,
        days: None,
        scale: 0.2,
        faults: vec!["duplicates".to_owned()],
        evtx: false,
        pace: Pace::Full,
    };
    let truth = lab::make::make(&opt, dir.path()).unwrap();
    let mut checked = 0;
    for line in truth.steps.iter().flat_map(|s| &s.lines).filter(|l| !l.path.contains('!') && l.at > 0 && !l.path.ends_with(".tgz")) {
        let text = std::fs::read_to_string(dir.path().join("evidence").join(&line.path)).unwrap();
        assert_eq!(text.lines().nth(line.at as usize - 1).unwrap(), line.text, "{}", line.path);
        checked += 1;
    }
    assert!(checked > 200);
}

#[test]
fn same_seed_same_bytes_and_scale_moves_no_plot() {
    let (a, b) = (made("nerve", 8, &[]), made("nerve", 8, &[]));
    assert_eq!(a, b);
    let calm = made("calm", 5, &[]);
    assert!(!calm.intrusion && calm.steps.is_empty() && calm.traps.len() > 9);
}
