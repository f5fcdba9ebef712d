//! Sentences come from keys and arguments; what a rule says itself is kept; unknown keys get a sensible sentence.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod made_up;

use konseki_model::{At, Basis, Fidelity, Gap, GapWhy, Hypothesis, Kind, Record, Stamp, Verdict};
use konseki_report::*;

#[test]
fn a_finding_of_chain_gets_its_sentences() {
    let owned = made_up::owned();
    let f = &owned.findings[5];
    assert_eq!(f.title, "Virtual machine dev-build-07 runs on esx02 but is registered nowhere");
    assert!(f.why.contains("UUID 564d1c2e-0000-4a5b-9d10-00000000b707") && f.why.contains("/vmfs/volumes/ds1"));
    assert!(!f.disproof.is_empty());
    let ja = f.ja.as_ref().unwrap();
    assert!(ja.title.contains("dev-build-07") && ja.title != f.title && !ja.why.is_empty() && !ja.disproof.is_empty());
}

#[test]
fn a_rules_own_words_stay_and_the_rest_is_filled() {
    let owned = made_up::owned();
    let f = owned.findings.iter().find(|f| f.engine == "sigma").unwrap();
    assert_eq!(f.title, "Failed Logon From Internal Address");
    assert_eq!(f.ja.as_ref().unwrap().title, f.title);
    assert_eq!(f.why, "1 event matches the rule \"Failed Logon From Internal Address\".");
}

#[test]
fn unknown_rules_and_engines_get_a_sentence() {
    for engine in ["chain", "sigma", "correlation", "yara", "indicator", "hayabusa", ""] {
        let mut f = made_up::owned().findings[0].clone();
        f.rule = "never-heard-of".into();
        f.engine = engine.into();
        f.title.clear();
        f.why.clear();
        f.disproof.clear();
        f.ja = None;
        fill(&mut f);
        let ja = f.ja.unwrap();
        for text in [&f.title, &f.why, &f.disproof, &ja.title, &ja.why, &ja.disproof] {
            assert!(!text.is_empty() && !text.starts_with("findings."), "{engine}: {text}");
        }
    }
}

#[test]
fn gaps_and_hypotheses_by_key_or_reason() {
    let mut gap = Gap {
        id: "G01".into(),
        what: String::new(),
        source: "vmware/esxi_shell".into(),
        host: "esx03".into(),
        from: None,
        to: None,
        why: GapWhy::NotCollected,
        collect: String::new(),
        what_ja: String::new(),
        collect_ja: String::new(),
        step: None,
        key: String::new(),
        args: Args::new(),
    };
    fill_gap(&mut gap);
    // A log is called by its name, and how it is collected is said in both languages.
    assert_eq!(gap.what, "Not collected: ESXi shell commands (shell.log) of esx03");
    assert!(gap.what_ja.starts_with("esx03 ") && gap.what_ja.contains(&Words::raw("names.vmware/esxi_shell.name").unwrap().ja));
    assert!(gap.collect.starts_with("Collect it from esx03. ") && gap.collect.contains("/var/run/log/shell"));
    assert!(gap.collect_ja.contains("/var/run/log/shell"));
    // What is no source of ours keeps the name that the evidence gives it.
    let mut cleared =
        Gap { source: "Security".into(), why: GapWhy::LogCleared, what: String::new(), what_ja: String::new(), ..gap.clone() };
    fill_gap(&mut cleared);
    assert_eq!(cleared.what, "Security of esx03 was cleared");
    let mut h = Hypothesis {
        id: "H1".into(),
        title: "insider".into(),
        verdict: Verdict::Untestable,
        for_: vec![],
        against: vec![],
        would_decide: String::new(),
        title_ja: String::new(),
        would_decide_ja: String::new(),
    };
    fill_hypothesis(&mut h);
    assert_eq!(h.title, "Someone with rightful access did this");
    assert!(!h.title_ja.is_empty() && !h.would_decide.is_empty() && !h.would_decide_ja.is_empty());
}

#[test]
fn sentences_of_events() {
    let text = r#"
[[text]]
kind = "auth.success"
when = { msg_code = ["AUT31504", "AUT24326"], agent = "*" }
en = "{user} logged in by browser[ {agent}]"
ja = "{user} [{agent}]"

[[text]]
en = "{msg_code}: {msg}"
ja = "{msg_code}: {msg}"
"#;
    let words = EventWords::new(&[("ivanti/syslog", text), ("broken", "not = [toml")]);
    let mut record = Record {
        source: "ivanti/syslog".into(),
        at: Some(At::Line(3)),
        time: Some(Stamp::new(0, Fidelity::Second, Basis::Written)),
        kind: Some(Kind::AuthSuccess),
        user: "ito.k".into(),
        src: "192.0.2.40".into(),
        agent: "Mozilla".into(),
        fields: vec![("msg_code".into(), "AUT31504".into()), ("msg".into(), "ok".into())],
        ..Record::default()
    };
    assert_eq!(words.sentence(Lang::En, &record), "ito.k logged in by browser Mozilla");
    record.agent.clear();
    assert_eq!(words.sentence(Lang::En, &record), "AUT31504: ok");
    record.source = "broken".into();
    assert_eq!(words.sentence(Lang::En, &record), "ito.k logged in from 192.0.2.40");
    let bare = Record { fields: vec![("a".into(), "1".into()), ("b".into(), "2".into())], ..Record::default() };
    assert_eq!(words.sentence(Lang::Ja, &bare), "a=1 b=2");
}

#[test]
fn the_answer_needs_more_than_one_alarm() {
    let mut owned = made_up::owned();
    assert_eq!(answer(&owned.case()).tier, Tier::Confirmed);
    owned.chain.steps.truncate(1);
    assert_eq!(answer(&owned.case()).tier, Tier::Suspicious);
    owned.findings.retain(|f| f.level < konseki_model::Level::Medium);
    owned.chain.steps.clear();
    assert_eq!(answer(&owned.case()).tier, Tier::Nothing);
    assert_eq!(answer(&made_up::Owned::empty().case()).tier, Tier::Unread);
}
