//! Canaries in every field of the claims: none is found in a package that withholds them, and the package is the same twice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;

use base64::Engine as _;
use konseki_model::*;
use konseki_publish::{Audience, Claims, Error, Narrative, Request, opened, package};
use konseki_report::{Inventory, InventoryVerdict, Lang, RuleFired};

const HOST: &str = "kanaria-host9";
const USER: &str = "KANARIA\\kanaria-user9";
/// A host whose name stands glued into longer words.
const GLUED: &str = "suzume";
const NAME: &str = "\u{91d1}\u{7cf8}\u{96c0}\u{592a}\u{90ce}";

/// Every canary in every disguise that a field of evidence may have.
fn planted() -> String {
    let code = base64::engine::general_purpose::STANDARD.encode(format!("the {HOST} of {NAME}"));
    let glued = base64::engine::general_purpose::STANDARD.encode("of the suzumebackup");
    let glued = format!("suzumebackup SUZUMEBK /tmp/xsuzume2.tar suzu\nmebackup {NAME}suzume{NAME} {glued} -suzume");
    format!("{HOST} {} {glued} {USER} {NAME} /srv/{HOST}/{NAME}.docx 10.9.8.7 kanaria@kanaria.example {code}", HOST.to_uppercase())
}

fn args() -> BTreeMap<String, String> {
    ["host", "user", "object", "command", "value", "what", "vm", "src", "other", "unheard-of", "details"]
        .map(|key| (key.to_owned(), planted()))
        .into()
}

fn because() -> Because {
    Because {
        evidence: "E123456789abc".to_owned(),
        path: format!("bundle/{}", planted()),
        at: At::Line(3),
        excerpt: planted(),
        encoding: None,
    }
}

fn time() -> finding::FindingTime {
    let at = Some("2024-01-07T03:12:09Z".to_owned());
    finding::FindingTime { start: at.clone(), end: at, fidelity: "second".to_owned(), basis: planted() }
}

fn finding(id: &str, rule: &str, engine: &str) -> Finding {
    use EntityKind as K;
    let kinds =
        [K::Host, K::Domain, K::Url, K::User, K::Session, K::Process, K::File, K::Hash, K::Vm, K::Datastore, K::Service, K::Message];
    let mut entities: Vec<Entity> = kinds.into_iter().map(|kind| Entity::new(kind, planted(), planted())).collect();
    entities.extend([
        Entity::new(K::Host, HOST, "where"),
        Entity::new(K::Host, GLUED, "where"),
        Entity::new(K::User, USER, "actor"),
        Entity::new(K::Vm, NAME, "object"),
    ]);
    entities.extend([Entity::new(K::Address, "10.9.8.7", "to"), Entity::new(K::Address, "203.0.113.77", "from")]);
    Finding {
        id: id.to_owned(),
        rule: rule.to_owned(),
        title: planted(),
        level: Level::Critical,
        confidence: 0.9,
        kind: FindingKind::Observed,
        time: time(),
        techniques: vec!["T1564.006".to_owned(), planted()],
        tactics: vec!["defense-evasion".to_owned(), planted()],
        entities,
        because: vec![because()],
        count: 2,
        why: planted(),
        disproof: planted(),
        args: args(),
        ja: Some(finding::Words { title: planted(), why: planted(), disproof: planted() }),
        engine: engine.to_owned(),
        micros: None,
    }
}

fn item(kind: &str, value: &str) -> ScopeItem {
    ScopeItem {
        kind: kind.to_owned(),
        value: value.to_owned(),
        because: vec![because()],
        why: planted(),
        why_ja: planted(),
        key: planted(),
        args: args(),
    }
}

fn claims() -> Claims {
    let mut claims = Claims { name: planted(), zone: "UTC".to_owned(), withhold: vec![NAME.to_owned()], ..Claims::default() };
    claims.findings =
        vec![finding("F000000000001", "vmware-unregistered-vm-running", "chain"), finding("F000000000002", "kanaria-rule", "sigma")];
    claims.findings.push(finding("F000000000003", &planted(), &planted()));
    let ids = || claims.findings.iter().map(|finding| finding.id.clone()).collect::<Vec<_>>();
    claims.chain.steps.push(Step {
        id: "S01".to_owned(),
        tactic: "defense-evasion".to_owned(),
        techniques: vec!["T1564.006".to_owned()],
        title: planted(),
        title_ja: planted(),
        time: time(),
        host: HOST.to_owned(),
        actor: USER.to_owned(),
        findings: ids(),
        confidence: 0.9,
        key: planted(),
        args: args(),
        micros: None,
        end_micros: None,
    });
    claims.chain.gaps.push(Gap {
        id: "G01".to_owned(),
        what: planted(),
        source: planted(),
        host: planted(),
        from: None,
        to: None,
        why: GapWhy::Rotated,
        collect: planted(),
        what_ja: planted(),
        collect_ja: planted(),
        step: None,
        key: planted(),
        args: args(),
    });
    claims.chain.scope.window.why = planted();
    let mail = chain::MailScope { host: HOST.to_owned(), from: Some(planted()), at_most: 7, ..chain::MailScope::default() };
    claims.chain.scope.mail = vec![mail.clone(), chain::MailScope { host: planted(), ..mail }];
    claims.chain.scope.confirmed =
        vec![item("message", &planted()), item("user", USER), item("file", &planted()), item(&planted(), &planted())];
    claims.chain.hypotheses.push(Hypothesis {
        id: planted(),
        title: planted(),
        verdict: Verdict::Supported,
        for_: ids(),
        against: Vec::new(),
        would_decide: planted(),
        title_ja: planted(),
        would_decide_ja: planted(),
    });
    let mut problem = Problem::new(ProblemKind::Malformed, None, planted());
    problem.count = 3;
    claims.intake.push(Intake {
        id: "E123456789abc".to_owned(),
        path: planted(),
        also: vec![planted()],
        sha256: "00".repeat(32),
        bytes: 5,
        source: "vmware/esxi_shell".to_owned(),
        host: HOST.to_owned(),
        zone: evidence::Zone { name: planted(), basis: planted() },
        records: Records::default(),
        first: None,
        last: None,
        problems: vec![problem],
    });
    claims.unrecognised.push(Unrecognised { path: planted(), bytes: 3, sha256: "11".repeat(32), why: planted() });
    let lists = BTreeMap::from([("running".to_owned(), vec![HOST.to_owned(), planted()])]);
    claims.inventory.push(Inventory { vm: planted(), uuid: planted(), vmx: planted(), lists, verdict: InventoryVerdict::Hidden });
    claims.rules.fired.push(RuleFired {
        rule: planted(),
        title: planted(),
        title_ja: planted(),
        level: Level::High,
        engine: planted(),
        count: 1,
    });
    claims.versions = BTreeMap::from([("konseki".to_owned(), "0.1.0".to_owned()), (planted(), planted())]);
    claims.narrative = Narrative {
        texts: BTreeMap::from([(
            ("overview".to_owned(), "en".to_owned()),
            format!("On {HOST}, {USER} and {NAME} at 10.9.8.7; suzumebackup, xSUZUME1."),
        )]),
    };
    claims.custody = vec![planted()];
    claims.facts =
        BTreeMap::from([("response_en".to_owned(), format!("{HOST} was taken off the network")), ("aware".to_owned(), planted())]);
    claims
}

fn request(audience: Audience) -> Request {
    Request {
        audience,
        langs: vec![Lang::En, Lang::Ja],
        side_by_side: true,
        defang: false,
        now: None,
        key: b"a secret of the test".to_vec(),
    }
}

#[test]
fn no_canary_leaves() {
    let (claims, needles) = (claims(), [HOST, GLUED, "kanaria-user9", "kanaria-rule", "kanaria", NAME, "10.9.8.7"]);
    for audience in [Audience::Public, Audience::Peers, Audience::Employees] {
        let made = package(&claims, &request(audience)).unwrap();
        assert!(made.files.len() > 15);
        for file in made.files.iter().flat_map(|file| opened(file).unwrap()) {
            let text = String::from_utf8_lossy(&file.bytes).to_lowercase();
            for needle in needles {
                assert!(!text.contains(needle), "{}: {} holds {needle}", audience.as_str(), file.path);
                assert!(!file.path.to_lowercase().contains(needle));
            }
        }
        assert!(made.withheld.contains(HOST) && made.withheld.contains(NAME), "the owner is told");
        let iocs = made.files.iter().find(|file| file.path == "data/iocs.csv").unwrap();
        assert!(String::from_utf8_lossy(&iocs.bytes).contains("203.0.113.77"), "the intruder's address stays");
    }
}

#[test]
fn an_intruders_name_that_holds_ours_is_withheld_and_others_stay() {
    let mut claims = claims();
    for name in ["suzumelogin.example", "files.example.net"] {
        claims.findings[0].entities.push(Entity::new(EntityKind::Domain, name, "to"));
        claims.findings[0].techniques = vec!["T1071.001".to_owned()];
        claims.findings[0].tactics = vec!["command-and-control".to_owned()];
    }
    let made = package(&claims, &request(Audience::Public)).unwrap();
    let iocs = made.files.iter().find(|file| file.path == "data/iocs.csv").unwrap();
    let text = String::from_utf8_lossy(&iocs.bytes);
    assert!(text.contains("files.example.net") && !text.contains(GLUED), "{text}");
}

#[test]
fn the_same_package_twice() {
    let claims = claims();
    let made = |_| package(&claims, &request(Audience::Public)).unwrap();
    assert_eq!(made(0).files, made(1).files);
}

#[test]
fn what_redaction_cannot_replace_is_refused() {
    let mut claims = claims();
    let code = base64::engine::general_purpose::STANDARD.encode(format!("written by the analyst: {HOST} fell"));
    claims.narrative.texts.insert(("overview".to_owned(), "en".to_owned()), code.clone());
    claims.facts = BTreeMap::from([("organisation".to_owned(), code)]);
    assert!(matches!(package(&claims, &request(Audience::Public)), Err(Error::Leak { .. })));
}
