//! Where a machine's definition lies: volume by name or UUID, folder and file. One place in its several spellings.

use std::collections::{BTreeMap, BTreeSet};

use konseki_model::Record;

use crate::names::host_key;

/// A definition's place. `volume` is empty where the path does not say.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub volume: String,
    /// Folder and file, lower case; a template's definition is the machine's.
    pub tail: String,
}

/// `5f1e2d3c-…`: a volume written by its UUID.
fn is_uuid(volume: &str) -> bool {
    volume.len() >= 30 && volume.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-')
}

/// `[ds1] a/a.vmx`, `/vmfs/volumes/ds1/a/a.vmx`, `ds:///vmfs/volumes/…`, `[]/vmfs/volumes/…`.
pub(super) fn parse(path: &str) -> Option<Place> {
    let path = path.trim().trim_matches(['"', '\'']);
    let path = path.strip_prefix("[]").unwrap_or(path);
    let (volume, rest) = if let Some((_, tail)) = path.split_once("vmfs/volumes/") {
        tail.split_once('/')?
    } else if let Some((label, rest)) = path.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        (label, rest.trim_start())
    } else {
        ("", path)
    };
    let mut parts: Vec<&str> = rest.rsplit('/').filter(|part| !part.is_empty()).take(2).collect();
    parts.reverse();
    let tail = parts.join("/").to_lowercase();
    let tail = tail.strip_suffix(".vmtx").map_or_else(|| tail.clone(), |stem| format!("{stem}.vmx"));
    (!tail.is_empty()).then(|| Place { volume: volume.to_owned(), tail })
}

/// Names of volumes and their UUIDs, host by host: a local volume of the same name is another one on each host.
#[derive(Default)]
pub(super) struct Volumes {
    by_host: BTreeMap<(String, String), String>,
    by_name: BTreeMap<String, BTreeSet<String>>,
}

impl Volumes {
    pub fn learn(&mut self, host: &str, name: &str, uuid: &str) {
        if !name.is_empty() && is_uuid(uuid) {
            self.by_host.insert((host_key(host), name.to_lowercase()), uuid.to_lowercase());
            self.by_name.entry(name.to_lowercase()).or_default().insert(uuid.to_lowercase());
        }
    }

    /// The UUID of a volume as a host writes it, where it is known without doubt.
    fn uuid(&self, host: &str, volume: &str) -> Option<String> {
        let volume = volume.to_lowercase();
        if is_uuid(&volume) {
            return Some(volume);
        }
        self.by_host.get(&(host_key(host), volume.clone())).cloned().or_else(|| {
            let all = self.by_name.get(&volume)?;
            all.iter().next().filter(|_| all.len() == 1).cloned()
        })
    }

    /// Whether two records name one definition. Where a volume cannot be resolved they may: that decides for innocence.
    pub fn same(&self, a: &Record, b: &Record) -> bool {
        let (Some(x), Some(y)) = (parse(&a.target), parse(&b.target)) else { return false };
        if x.tail != y.tail {
            return false;
        }
        if x.volume.is_empty() || y.volume.is_empty() || x.volume.eq_ignore_ascii_case(&y.volume) {
            return true;
        }
        match (self.uuid(&a.host, &x.volume), self.uuid(&b.host, &y.volume)) {
            (Some(x), Some(y)) => x == y,
            // Two names of which at least one is not known: different names are different volumes.
            (None, None) => false,
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(host: &str, target: &str) -> Record {
        Record { host: host.into(), target: target.into(), ..Record::default() }
    }

    #[test]
    fn one_place_in_several_spellings() {
        let uuid = "5f1e2d3c-00112233-4455-667788990011";
        let mut volumes = Volumes::default();
        let long = format!("/vmfs/volumes/{uuid}/app 01/App 01.vmx");
        assert!(volumes.same(&at("a", &long), &at("b", "[ds1] app 01/app 01.vmx")));
        volumes.learn("b", "ds1", "6f1e2d3c-00112233-4455-667788990011");
        assert!(!volumes.same(&at("a", &long), &at("b", "[ds1] app 01/app 01.vmx")));
        volumes.learn("b", "ds1", uuid);
        assert!(volumes.same(&at("a", &long), &at("b", "[ds1] app 01/app 01.vmtx")));
        assert!(!volumes.same(&at("a", &long), &at("b", "[ds1] app 02/app 01.vmx")));
        assert!(!volumes.same(&at("a", "[ds1] x/x.vmx"), &at("b", "[ds2] x/x.vmx")));
    }
}
