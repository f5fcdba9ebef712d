//! Writes the package of a case without the rest of konseki, for checks by other tools: `sealed CASE AUDIENCE OUT`.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use konseki_model::Finding;
use konseki_publish::{Audience, Claims, OwnRule, Request, Seal};
use konseki_report::Lang;

fn rules(folder: &Path, out: &mut BTreeMap<String, OwnRule>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            rules(&path, out);
        } else if path.extension().is_some_and(|ending| ending == "yml") {
            let yaml = fs::read_to_string(&path).unwrap_or_default();
            let beside = |ending: &str| fs::read_to_string(path.with_extension(ending)).unwrap_or_default();
            let field = |name: &str| yaml.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned();
            let own = OwnRule {
                file: path.display().to_string(),
                matches: beside("match.jsonl"),
                nomatches: beside("nomatch.jsonl"),
                title: field("title:"),
                why: field("description:"),
                title_ja: field("  title:"),
                why_ja: field("  description:"),
                yaml: yaml.clone(),
                ..OwnRule::default()
            };
            out.insert(field("id:"), own);
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let case = PathBuf::from(arguments.next().ok_or("CASE")?);
    let audience = arguments.next().ok_or("AUDIENCE")?;
    let out = PathBuf::from(arguments.next().ok_or("OUT")?);
    let audience = Audience::ALL.into_iter().find(|one| one.as_str() == audience).ok_or("no such audience")?;
    let read = |name: &str| fs::read_to_string(case.join(name));
    let findings = read("results/findings.jsonl")?.lines().map(serde_json::from_str::<Finding>).collect::<Result<Vec<_>, _>>()?;
    let intake: serde_json::Value = serde_json::from_str(&read("results/intake.json")?)?;
    let part = |name: &str| intake.get(name).cloned().unwrap_or_default();
    let mut claims = Claims { name: "lab".to_owned(), zone: "Asia/Tokyo".to_owned(), findings, ..Claims::default() };
    claims.chain = serde_json::from_str(&read("results/chain.json")?)?;
    claims.intake = serde_json::from_value(part("evidence"))?;
    claims.unrecognised = serde_json::from_value(part("unrecognised"))?;
    claims.custody = read("custody.jsonl")?.lines().map(str::to_owned).collect();
    rules(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../rules/sigma"), &mut claims.book);
    let request = Request {
        audience,
        langs: vec![Lang::En, Lang::Ja],
        side_by_side: false,
        defang: false,
        now: None,
        key: b"for checks only".to_vec(),
    };
    let mut package = konseki_publish::package(&claims, &request)?;
    konseki_publish::seal(&mut package, &request, &Seal { versions: &claims.versions, key: None, password: None })?;
    for file in &package.files {
        let path = out.join(&file.path);
        path.parent().map(fs::create_dir_all).transpose()?;
        fs::write(path, &file.bytes)?;
    }
    fs::write(out.with_extension("withheld.csv"), package.withheld)?;
    println!("{} files", package.files.len());
    Ok(())
}
