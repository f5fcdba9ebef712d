//! `publish`: results of a case become claims again, the package is written, sealed and noted in the custody log.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use konseki_evidence::custody::{Action, Custody, Draft, records};
use konseki_model::{Chain, Finding, Intake, Unrecognised};
use konseki_publish::{Audience, Claims, MALWARE_TYPES, Named, Narrative, Package, Seal};
use konseki_report::{Coverage, Inventory, Lang, Rules};
use serde::{Deserialize, Serialize};

use crate::run::{Case, guard_version, lock_error, write};
use crate::settings::{MalwareSetting, Settings};
use crate::{Error, VERSION, shelf};

/// What packages need and results do not hold, beside the journal.
pub(crate) const KEPT: &str = "work/claims.json";
const KEY: &str = "work/publish.key";
const MANIFEST: &str = "MANIFEST.sha256";

/// What `assemble` keeps for later packages.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Kept {
    rules: Rules,
    inventory: Vec<Inventory>,
    coverage: Vec<Coverage>,
    versions: BTreeMap<String, String>,
}

impl Kept {
    /// The text of the file, as a value.
    pub fn of(rules: &Rules, inventory: &[Inventory], coverage: &[Coverage], versions: &BTreeMap<String, String>) -> serde_json::Value {
        serde_json::json!({"rules": rules, "inventory": inventory, "coverage": coverage, "versions": versions})
    }
}

/// What a package is asked for.
#[derive(Clone, Debug, Default)]
pub struct PublishRequest {
    pub case: PathBuf,
    /// `public`, `peers`, `employees`, `sponsors`, `law-enforcement`.
    pub audience: String,
    /// Language tags.
    pub langs: Vec<String>,
    pub out: PathBuf,
    pub side_by_side: bool,
    pub defang: bool,
    /// Microseconds UTC that remaining times are counted from.
    pub now: Option<i64>,
    /// minisign secret key.
    pub sign: Option<PathBuf>,
    pub password: Option<String>,
    /// RFC 3339 UTC and who: for the custody log alone.
    pub utc: String,
    pub actor: String,
    pub arguments: Vec<String>,
}

/// What was written.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Published {
    /// Path below the folder, bytes.
    pub files: Vec<(String, u64)>,
    /// How many texts were withheld, and where the owner reads which.
    pub withheld: u64,
    pub report: PathBuf,
}

/// Writes the package of a case for one audience.
///
/// # Errors
/// There is no case, its results were changed, the folder is not empty, a file would hold a withheld text.
pub fn publish(request: &PublishRequest) -> Result<Published, Error> {
    let case = Case { root: request.case.clone() };
    guard_version(&case)?;
    let _lock = konseki_evidence::Lock::take(&case.root).map_err(lock_error)?;
    let audience = Audience::ALL.into_iter().find(|one| one.as_str() == request.audience);
    let audience = audience.ok_or_else(|| Error::Usage(format!("{}: no such audience", request.audience)))?;
    let lang = |tag: &String| Lang::parse(tag).ok_or_else(|| Error::Usage(format!("{tag}: no such language; en and ja are there")));
    let made = konseki_publish::Request {
        audience,
        langs: request.langs.iter().map(lang).collect::<Result<_, _>>()?,
        side_by_side: request.side_by_side,
        defang: request.defang,
        now: request.now,
        key: key(&case)?,
    };
    let claims = claims(&case)?;
    let mut package = konseki_publish::package(&claims, &made).map_err(refused)?;
    let signer = request.sign.as_deref().map(read).transpose()?;
    let seal = Seal { versions: &claims.versions, key: signer.as_deref(), password: request.password.as_deref() };
    konseki_publish::seal(&mut package, &made, &seal).map_err(refused)?;
    clear(&request.out)?;
    let mut published = Published { withheld: package.withheld.lines().count().saturating_sub(2) as u64, ..Published::default() };
    for file in &package.files {
        let path = request.out.join(&file.path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|error| Error::Usage(format!("{}: {error}", parent.display())))?;
        }
        write(&path, &file.bytes)?;
        published.files.push((file.path.clone(), file.bytes.len() as u64));
    }
    published.report = case.path(&format!("work/withheld-{}.csv", audience.as_str()));
    write(&published.report, package.withheld.as_bytes())?;
    note(&case, request, &package)?;
    Ok(published)
}

fn refused(error: konseki_publish::Error) -> Error {
    match error {
        konseki_publish::Error::Internal(why) => Error::Internal(why),
        other => Error::Case(other.to_string()),
    }
}

fn read(path: &Path) -> Result<String, Error> {
    fs::read_to_string(path).map_err(|error| Error::Case(format!("{}: {error}", path.display())))
}

/// The secret of the case that pseudonyms are keyed by: made once, never written into a package.
fn key(case: &Case) -> Result<Vec<u8>, Error> {
    let path = case.path(KEY);
    if let Ok(text) = fs::read_to_string(&path) {
        let text = text.trim().to_owned();
        let whole = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        return if whole {
            Ok(text.into_bytes())
        } else {
            Err(Error::Case(format!("{}: not a key of 64 hexadecimal digits; restore it from a copy of the case", path.display())))
        };
    }
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|error| Error::Internal(error.to_string()))?;
    let text = crate::hex(&bytes);
    write(&path, format!("{text}\n").as_bytes())?;
    Ok(text.into_bytes())
}

/// The claims of a case, from its results as they stand on disk.
fn claims(case: &Case) -> Result<Claims, Error> {
    let manifest = read(&case.path("work/manifest.sha256"))
        .map_err(|_| Error::Case(format!("{} has no results: run `konseki investigate` first", case.root.display())))?;
    let settings = Settings::read(&case.path("case.toml")).map_err(Error::Case)?;
    let text = |name: &str| -> Result<String, Error> {
        let text = read(&case.path(name)).map_err(|error| Error::Case(format!("{error}: run `konseki investigate` again")))?;
        let listed = format!("{}  {name}", crate::sha256(text.as_bytes()));
        if manifest.lines().any(|line| line == listed) {
            Ok(text)
        } else {
            Err(Error::Case(format!("{name} is not as it was written: run `konseki investigate` again")))
        }
    };
    let findings = text("results/findings.jsonl")?;
    let findings = findings.lines().map(|line| parse::<Finding>("results/findings.jsonl", line)).collect::<Result<Vec<_>, _>>()?;
    let intake: Entries = parse("results/intake.json", &text("results/intake.json")?)?;
    let chain: Chain = parse("results/chain.json", &text("results/chain.json")?)?;
    let kept: Kept = parse(KEPT, &text(KEPT)?)?;
    let malware = settings.malware.iter().map(|set| named(set, &findings)).collect::<Result<_, _>>()?;
    Ok(Claims {
        name: if settings.name.is_empty() { "case".to_owned() } else { settings.name.clone() },
        zone: if settings.zone.is_empty() { "UTC".to_owned() } else { settings.zone.clone() },
        findings,
        chain,
        intake: intake.evidence,
        unrecognised: intake.unrecognised,
        rules: kept.rules,
        inventory: kept.inventory,
        coverage: kept.coverage,
        versions: kept.versions,
        narrative: narrative(&case.path("narrative"))?,
        withhold: settings.withhold.clone(),
        custody: custody_lines(case)?,
        facts: settings.fact_texts(),
        own: settings.appliances.clone(),
        malware,
        book: shelf::book(),
        shelf: shelf::shelf(),
        acts: shelf::acts(),
        ..Claims::default()
    })
}

/// The analyst's family with the findings that show it.
fn named(set: &MalwareSetting, findings: &[Finding]) -> Result<Named, Error> {
    let wrong = |why: String| Error::Case(format!("case.toml: malware {:?}: {why}", set.name));
    if set.name.trim().is_empty() {
        return Err(wrong("no name".to_owned()));
    }
    if let Some(kind) = set.types.iter().find(|kind| !MALWARE_TYPES.contains(&kind.as_str())) {
        return Err(wrong(format!("no type of STIX: {kind:?}; one of {}", MALWARE_TYPES.join(", "))));
    }
    let is = |value: &str| set.seen.iter().any(|seen| seen.eq_ignore_ascii_case(value));
    let shows = |finding: &&Finding| {
        let asked = |value: &str| value.split('?').next().is_some_and(is);
        is(&finding.id) || is(&finding.rule) || finding.entities.iter().any(|one| is(&one.value) || asked(&one.value))
    };
    let types = if set.types.is_empty() { vec!["unknown".to_owned()] } else { set.types.clone() };
    let findings: std::collections::BTreeSet<String> = findings.iter().filter(shows).map(|finding| finding.id.clone()).collect();
    if findings.is_empty() {
        return Err(wrong(format!("no finding of the case names any of its `seen`: {}", set.seen.join(", "))));
    }
    Ok(Named { name: set.name.clone(), types, findings })
}

#[derive(Deserialize)]
struct Entries {
    evidence: Vec<Intake>,
    unrecognised: Vec<Unrecognised>,
}

fn parse<T: serde::de::DeserializeOwned>(name: &str, text: &str) -> Result<T, Error> {
    serde_json::from_str(text).map_err(|error| Error::Case(format!("{name}: {error}")))
}

/// `NAME.LANG.md`, by name and language.
fn narrative(folder: &Path) -> Result<Narrative, Error> {
    let mut texts = BTreeMap::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let file = entry.file_name().to_string_lossy().into_owned();
        let parts = file.strip_suffix(".md").and_then(|stem| stem.rsplit_once('.'));
        if let Some((name, lang)) = parts.filter(|(_, lang)| Lang::parse(lang).is_some()) {
            texts.insert((name.to_owned(), lang.to_owned()), read(&entry.path())?);
        }
    }
    Ok(Narrative { texts })
}

/// Lines of the custody log up to the last report: what was published since is not part of what is published.
fn custody_lines(case: &Case) -> Result<Vec<String>, Error> {
    let path = case.path("custody.jsonl");
    let last = records(&path).map_err(|error| Error::Case(error.to_string()))?;
    let count = last.iter().rposition(|record| record.draft.action == Action::Report).map_or(0, |at| at + 1);
    Ok(read(&path)?.lines().take(count).map(str::to_owned).collect())
}

/// Makes room: the folder is empty, or holds nothing but an earlier package of ours.
fn clear(out: &Path) -> Result<(), Error> {
    let foreign = |what: &str| Error::Usage(format!("{}: {what}; choose an empty folder", out.display()));
    let mut entries = match fs::read_dir(out) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(foreign(&error.to_string())),
    };
    if entries.next().is_none() {
        return Ok(());
    }
    let Ok(listed) = fs::read_to_string(out.join(MANIFEST)) else { return Err(foreign("not empty, and not a package")) };
    let ours = fs::read_to_string(out.join("manifest.json")).unwrap_or_default();
    if !ours.contains("\"tool\": \"konseki\"") {
        return Err(foreign("not empty, and not a package"));
    }
    let mut known: Vec<PathBuf> = listed.lines().filter_map(|line| line.split_once("  ")).map(|(_, name)| out.join(name)).collect();
    known.extend(konseki_publish::UNLISTED.iter().map(|name| out.join(name)));
    let mut present = Vec::new();
    files(out, &mut present);
    if let Some(other) = present.iter().find(|path| !known.contains(path)) {
        return Err(foreign(&format!("holds {}, which is no part of a package", other.display())));
    }
    present.iter().try_for_each(fs::remove_file).map_err(|error| foreign(&error.to_string()))
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        // A link is a file here, never followed.
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) { files(&path, found) } else { found.push(path) }
    }
}

fn note(case: &Case, request: &PublishRequest, package: &Package) -> Result<(), Error> {
    let broken = |error: konseki_evidence::custody::CustodyError| Error::Case(error.to_string());
    let manifest = package.files.iter().find(|file| file.path == MANIFEST).map(|file| crate::sha256(&file.bytes)).unwrap_or_default();
    let draft = Draft {
        utc: request.utc.clone(),
        actor: request.actor.clone(),
        action: Action::Publish,
        object_sha256: manifest,
        path: request.out.join(MANIFEST).display().to_string(),
        tool: "konseki".to_owned(),
        tool_version: VERSION.to_owned(),
        args: request.arguments.clone(),
        note: request.audience.clone(),
    };
    Custody::open(&case.path("custody.jsonl")).map_err(broken)?.append(&[draft]).map_err(broken)
}

#[cfg(test)]
mod tests {
    use konseki_model::{Entity, EntityKind};

    use super::*;

    #[test]
    fn a_named_family_has_the_findings_that_show_it_or_is_refused() {
        let text = r#"{"id": "F1", "rule": "r", "title": "t", "level": "high", "confidence": 0.8, "kind": "observed",
            "time": {"start": null, "end": null, "fidelity": "", "basis": ""}, "techniques": [], "entities": [], "because": [], "count": 1,
            "why": "", "disproof": ""}"#;
        let mut finding: Finding = serde_json::from_str(text).unwrap();
        finding.entities = vec![Entity::new(EntityKind::Url, "/made/up.jsp?x=1", "object")];
        let set = |seen: &str, kind: &str| MalwareSetting { name: "MADEUPDOOR".into(), types: vec![kind.into()], seen: vec![seen.into()] };
        for seen in ["F1", "r", "/MADE/up.jsp", "/made/up.jsp?x=1"] {
            let named = named(&set(seen, "webshell"), std::slice::from_ref(&finding)).unwrap();
            assert_eq!(named.findings.into_iter().collect::<Vec<_>>(), ["F1"], "{seen}");
        }
        let refused = |set: &MalwareSetting| named(set, std::slice::from_ref(&finding)).unwrap_err().to_string();
        assert!(refused(&set("/made", "webshell")).contains("no finding"));
        assert!(refused(&set("F1", "shell")).contains("one of adware"));
    }
}
