//! `source.toml`: what a source is, where it lies, how it is collected, its clock, its Sigma log sources, its map.

use serde::Deserialize;
use toml::Table;

use crate::mapper::Mapper;

/// A sentence in both languages.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Both {
    pub en: String,
    pub ja: String,
}

/// A Sigma log source this source provides.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSource {
    pub product: Option<String>,
    pub category: Option<String>,
    pub service: Option<String>,
}

/// The zone that times without zone are in, and why: `format` (defined by the format) or `assumed` (product default).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockAbout {
    pub zone: String,
    pub basis: String,
    /// Do offsets in its records tell the zone of the machine that wrote them, and so of its other logs?
    #[serde(default)]
    pub states: States,
}

/// For whom offsets in records speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum States {
    /// For nobody: the product always writes the same one, or nobody knows whose it is.
    #[default]
    Nothing,
    /// For the host that a record names.
    EachHost,
    /// As that, but a collector may have written lines of others with its own: only where all lines are of one host.
    OneHost,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    title: Both,
    product: String,
    #[serde(default)]
    versions: Vec<String>,
    #[serde(rename = "where")]
    place: Vec<String>,
    collect: Both,
    keep: Both,
    shows: Both,
    cannot: Both,
    clock: ClockAbout,
    #[serde(default)]
    logsource: Vec<LogSource>,
    #[serde(default)]
    map: Vec<Table>,
    /// How much the word of this source is worth against others: `independent` (default) or `self-reported`
    /// (an intruder on the device can forge it).
    #[serde(default)]
    trust: Option<String>,
    /// The source whose maps follow its own: the same events in another form.
    #[serde(default)]
    like: Option<String>,
    /// The source whose Sigma log sources this one provides too: a collector's file may hold lines of both.
    #[serde(default)]
    beside: Option<String>,
}

/// What the folder of another source says.
fn of(id: &str, key: &str) -> Result<Raw, String> {
    let other = crate::all().iter().find(|entry| entry.id == id).ok_or_else(|| format!("`{key}`: no source {id}"))?;
    toml::from_str(other.about).map_err(|error| format!("{id}: {error}"))
}

/// A parsed `source.toml`.
pub struct Description {
    pub title: Both,
    pub product: String,
    pub versions: Vec<String>,
    /// Paths on the device.
    pub place: Vec<String>,
    pub collect: Both,
    pub keep: Both,
    pub shows: Both,
    pub cannot: Both,
    pub clock: ClockAbout,
    pub logsource: Vec<LogSource>,
    pub self_reported: bool,
    pub mapper: Mapper,
}

impl Description {
    /// # Errors
    /// The place and reason, for the author of the folder.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut raw: Raw = toml::from_str(text).map_err(|error| error.to_string())?;
        if let Some(like) = &raw.like {
            raw.map.extend(of(like, "like")?.map);
        }
        if let Some(beside) = &raw.beside {
            let more: Vec<LogSource> = of(beside, "beside")?.logsource.into_iter().filter(|one| !raw.logsource.contains(one)).collect();
            raw.logsource.extend(more);
        }
        let mapper = Mapper::new(&raw.map)?;
        Ok(Self {
            title: raw.title,
            product: raw.product,
            versions: raw.versions,
            place: raw.place,
            collect: raw.collect,
            keep: raw.keep,
            shows: raw.shows,
            cannot: raw.cannot,
            clock: raw.clock,
            logsource: raw.logsource,
            self_reported: raw.trust.as_deref() == Some("self-reported"),
            mapper,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_stand_in_one_file_with_others_provides_their_log_sources_once() {
        let about = |id: &str| Description::parse(crate::all().iter().find(|entry| entry.id == id).unwrap().about).unwrap();
        let esxi = |service: &str| LogSource { product: Some("esxi".into()), category: None, service: Some(service.into()) };
        let all = about("vmware/esxi_syslog").logsource;
        for service in ["auth", "audit", "hostd", "shell", "vmkernel", "vobd"] {
            let given = about(&format!("vmware/esxi_{service}")).logsource;
            assert_eq!(given.first(), Some(&esxi(service)), "its own first");
            assert!(all.iter().all(|one| given.iter().filter(|other| *other == one).count() == 1) && given.len() == all.len());
        }
    }
}
