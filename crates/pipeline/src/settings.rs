//! `case.toml`: what the analyst sets. Safe to edit; a new run follows it.

use std::collections::BTreeMap;
use std::path::Path;

use konseki_formats::time::Local;
use serde::{Deserialize, Serialize};

/// The settings of a case; every key may be missing.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Name of the case, as reports show it.
    pub name: String,
    /// Second time zone of reports, an IANA name: `Asia/Tokyo`.
    pub zone: String,
    /// Zones and hosts of files, the first that fits is taken.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<EvidenceSetting>,
    /// Addresses of appliances (VPN, gateways) that evidence does not say.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub appliances: Vec<String>,
    /// Days that mail systems keep messages; without it every earlier message counts as still there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mail_keep_days: Option<u32>,
    /// Strings that no published package may hold, beside those found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub withhold: Vec<String>,
    /// Malware that its analysis named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub malware: Vec<MalwareSetting>,
    /// What no evidence says and packages tell: organisation, contact, when it became aware, …
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub facts: BTreeMap<String, toml::Value>,
}

/// A family of malware, and where it shows in the evidence.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MalwareSetting {
    pub name: String,
    /// Words of STIX 2.1 (malware-type-ov): `backdoor`, `webshell`, …
    pub types: Vec<String>,
    /// Paths, addresses, domains, hashes, rules or ids of findings: findings that name one of them show it.
    pub seen: Vec<String>,
}

/// What is known of files whose path contains `path`, or of a host.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EvidenceSetting {
    /// Part of the path; empty fits every path.
    pub path: String,
    /// Only files of that host.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub of_host: String,
    /// The host these files are from.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub host: String,
    /// Zone of times without zone: IANA name or `+09:00`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub zone: String,
    /// Seconds to add to every time of these files: the device's clock was late by so much.
    #[serde(skip_serializing_if = "is_zero")]
    pub offset: f64,
}

fn is_zero(number: &f64) -> bool {
    *number == 0.0
}

impl Settings {
    /// # Errors
    /// The line and reason, for the one who edited the file.
    pub fn read(path: &Path) -> Result<Self, String> {
        match std::fs::read_to_string(path) {
            Ok(text) => {
                let read: Self = toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
                let unknown = read.evidence.iter().find(|set| !set.zone.is_empty() && Local::new(&set.zone).is_none());
                unknown.map_or(Ok(()), |set| Err(format!("{}: no such time zone: {:?}", path.display(), set.zone)))?;
                Ok(read)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(format!("{}: {error}", path.display())),
        }
    }

    /// The text of a new case's file.
    pub fn template(name: &str) -> String {
        format!(
            "# Settings of this case. Edit, then run `konseki investigate --case` again: without evidence named, none is\n\
             # read again, but where a host was set.\n\
             name = {name:?}\n\
             # Second time zone in reports.\n\
             zone = \"Asia/Tokyo\"\n\
             # Days that the mail gateway keeps messages, where it is known.\n\
             # mail_keep_days = 30\n\
             \n\
             # What evidence does not say of itself, by part of its path:\n\
             # [[evidence]]\n\
             # path = \"vpn01\"\n\
             # host = \"vpn01\"\n\
             # zone = \"America/Los_Angeles\"   # times without zone are in this zone\n\
             # offset = -2.5                    # seconds to add to its times\n\
             \n\
             # Addresses of your own appliances, and texts that no published package may hold:\n\
             # appliances = [\"192.0.2.1\"]\n\
             # withhold = [\"Project Name\"]\n\
             \n\
             # Malware that its analysis named, by what findings show of it (path, domain, address, hash, rule, id):\n\
             # [[malware]]\n\
             # name = \"EXAMPLEDOOR\"\n\
             # types = [\"backdoor\"]\n\
             # seen = [\"/bin/example\", \"files.example.net\"]\n\
             \n\
             # What no evidence says and packages tell. KEY_en and KEY_ja hold texts by language; instants have an offset.\n\
             # Sentences of your own stand in narrative/NAME.LANG.md beside this file.\n\
             # [facts]\n\
             # organisation_en = \"Example Research Institute\"\n\
             # contact = \"press@example.org\"\n\
             # aware = \"2024-04-10T09:00:00+09:00\"\n"
        )
    }

    /// Facts as text.
    pub fn fact_texts(&self) -> BTreeMap<String, String> {
        let text = |value: &toml::Value| match value {
            toml::Value::String(text) => text.clone(),
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Float(number) => number.to_string(),
            toml::Value::Boolean(flag) => flag.to_string(),
            toml::Value::Datetime(time) => time.to_string(),
            toml::Value::Array(_) | toml::Value::Table(_) => String::new(),
        };
        self.facts.iter().map(|(key, value)| (key.clone(), text(value))).collect()
    }

    fn fits<'a, 'p>(&'a self, path: &'p str, hosts: &'p [&'p str]) -> impl Iterator<Item = &'a EvidenceSetting> + use<'a, 'p> {
        self.evidence.iter().filter(move |set| {
            path.contains(&set.path) && (set.of_host.is_empty() || hosts.iter().any(|host| host.eq_ignore_ascii_case(&set.of_host)))
        })
    }

    pub fn host_of(&self, path: &str) -> Option<String> {
        self.fits(path, &[]).find(|set| !set.host.is_empty()).map(|set| set.host.clone())
    }

    /// The zone of times that say none. `hosts`: names of the machine that the piece is from.
    pub fn zone_of(&self, path: &str, hosts: &[&str]) -> Option<&str> {
        self.fits(path, hosts).find(|set| !set.zone.is_empty()).map(|set| set.zone.as_str())
    }

    /// Microseconds to add to the times of a piece.
    pub fn offset_of(&self, path: &str, hosts: &[&str]) -> i64 {
        self.fits(path, hosts).find(|set| set.offset != 0.0).map_or(0, |set| (set.offset * 1e6).round() as i64)
    }

    /// The part that reading depends on, for the journal's head. Zones and offsets are not: the story moves the times.
    pub fn reading_key(&self) -> String {
        let hosts = self.evidence.iter().filter(|set| !set.host.is_empty() && set.of_host.is_empty());
        hosts.map(|set| format!("{}|{}", set.path, set.host)).collect::<Vec<_>>().join("\n")
    }
}
