//! Writes the words, duties and pictures of a case from its results: `package CASE AUDIENCE OUT [NOW]`; `made-up` and
//! `hostile` instead of a case take the ones of the tests. For looking at pages; nothing is withheld here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../../report/tests/made_up/mod.rs"]
mod made_up;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use konseki_publish::{Audience, Claims, Request};
use konseki_report::Lang;
use konseki_report::time::parse_rfc3339;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let (case, out) = (Path::new(&args[1]), Path::new(&args[3]));
    let audience = Audience::ALL.into_iter().find(|audience| audience.as_str() == args[2]).expect("audience");
    let request = Request {
        audience,
        langs: Lang::ALL.to_vec(),
        side_by_side: true,
        defang: true,
        now: args.get(4).and_then(|text| parse_rfc3339(text)),
        key: b"example".to_vec(),
    };
    let claims = match args[1].as_str() {
        "made-up" => made_up_claims(made_up::owned()),
        "hostile" => made_up_claims(made_up::hostile()),
        _ => claims(case),
    };
    let mut files = konseki_publish::words::write(&claims, &request).unwrap();
    files.extend(konseki_publish::pictures::write(&claims, &request).unwrap());
    for file in files {
        let path = out.join(&file.path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, file.bytes).unwrap();
    }
}

fn claims(case: &Path) -> Claims {
    let read = |name: &str| fs::read_to_string(case.join("results").join(name)).unwrap();
    let intake: serde_json::Value = serde_json::from_str(&read("intake.json")).unwrap();
    let summary: serde_json::Value = serde_json::from_str(&read("summary.json")).unwrap();
    let settings: toml::Table = toml::from_str(&fs::read_to_string(case.join("case.toml")).unwrap()).unwrap();
    let facts = settings.get("facts").and_then(|facts| facts.as_table()).cloned().unwrap_or_default();
    Claims {
        name: "example".to_owned(),
        zone: settings.get("zone").and_then(|zone| zone.as_str()).unwrap_or("UTC").to_owned(),
        findings: read("findings.jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect(),
        chain: serde_json::from_str(&read("chain.json")).unwrap(),
        intake: serde_json::from_value(intake["evidence"].clone()).unwrap(),
        unrecognised: serde_json::from_value(intake["unrecognised"].clone()).unwrap(),
        versions: serde_json::from_value::<BTreeMap<String, String>>(summary["versions"].clone()).unwrap(),
        facts: facts.into_iter().map(|(key, value)| (key, value.as_str().unwrap_or_default().to_owned())).collect(),
        ..Claims::default()
    }
}

fn made_up_claims(owned: made_up::Owned) -> Claims {
    Claims {
        name: "made-up".to_owned(),
        zone: "Asia/Tokyo".to_owned(),
        findings: owned.findings,
        chain: owned.chain,
        intake: owned.intake,
        unrecognised: owned.unrecognised,
        rules: owned.rules,
        inventory: owned.inventory,
        coverage: owned.coverage,
        versions: owned.versions,
        ..Claims::default()
    }
}
