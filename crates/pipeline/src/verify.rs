//! `verify`: are evidence, custody log and results still what they were?

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::Error;

/// The answer, line by line.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Verified {
    pub good: Vec<String>,
    pub bad: Vec<String>,
    /// Evidence that is not where it was: cannot be checked.
    pub missing: Vec<String>,
}

/// Checks the custody log's chain, the files it names, and every result against the manifest written with it.
///
/// # Errors
/// There is no case.
pub fn verify(case: &Path) -> Result<Verified, Error> {
    let custody = case.join("custody.jsonl");
    if !custody.is_file() {
        return Err(Error::Case(format!("{} is not a case: it has no custody.jsonl", case.display())));
    }
    let mut out = Verified::default();
    match konseki_evidence::custody::verify(&custody) {
        Ok(checked) => out.good.push(format!("custody.jsonl: the chain of {} entries is whole", checked.lines)),
        Err(broken) => out.bad.push(broken.to_string()),
    }
    let manifest = case.join("work/manifest.sha256");
    match fs::read_to_string(&manifest) {
        Err(error) => out.bad.push(format!("work/manifest.sha256: {error}")),
        Ok(text) => {
            let listed = crate::sha256(text.as_bytes());
            if !fs::read_to_string(&custody).unwrap_or_default().contains(&listed) {
                out.bad.push("work/manifest.sha256: not the one that the custody log names".to_owned());
            }
            files(case, &text, &mut out);
        }
    }
    evidence(&custody, &mut out);
    Ok(out)
}

fn files(case: &Path, manifest: &str, out: &mut Verified) {
    let mut same = 0_u64;
    for line in manifest.lines() {
        let Some((hash, name)) = line.split_once("  ") else { continue };
        match konseki_evidence::digest(&case.join(name)) {
            Err(error) => out.bad.push(format!("{name}: {error}")),
            Ok((now, _)) if crate::hex(&now) == hash => same += 1,
            Ok(_) => out.bad.push(format!("{name}: its bytes have changed")),
        }
    }
    out.good.push(format!("{same} files of the case are as they were written"));
}

/// Evidence files on disk, by the real paths that custody entries name.
fn evidence(custody: &Path, out: &mut Verified) {
    let mut latest: BTreeMap<String, String> = BTreeMap::new();
    for record in konseki_evidence::custody::records(custody).unwrap_or_default() {
        if record.draft.action == konseki_evidence::custody::Action::Ingest && !record.draft.path.is_empty() {
            latest.insert(record.draft.path, record.draft.object_sha256);
        }
    }
    let mut same = 0_u64;
    for (path, hash) in latest {
        let now = konseki_evidence::digest(&PathBuf::from(&path)).ok().map(|(hash, _)| crate::hex(&hash));
        match now {
            None => out.missing.push(path),
            Some(now) if now == hash => same += 1,
            Some(_) => out.bad.push(format!("{path}: the evidence has changed since it was taken in")),
        }
    }
    out.good.push(format!("{same} files of evidence are as they were taken in"));
}
