//! Judgement that is data: resolvers over HTTPS, what commands and acts mean, words of persistence. Embedded, checked by tests.

use std::collections::BTreeSet;

use serde::Deserialize;

/// What a command line means: any of the words, all in lower case.
#[derive(Clone, Debug, Deserialize)]
pub struct Command {
    /// Each a list of words that must all stand in the line.
    pub any: Vec<Vec<String>>,
    #[serde(default)]
    pub not: Vec<String>,
    pub techniques: Vec<String>,
    pub tactic: String,
}

#[derive(Debug, Default, Deserialize)]
struct Raw {
    #[serde(default)]
    resolvers: BTreeSet<String>,
    #[serde(default)]
    command: Vec<Command>,
    #[serde(default)]
    web: Vec<Command>,
    #[serde(default)]
    file: Vec<Command>,
}

/// The data of the crate.
#[derive(Debug, Default)]
pub struct Data {
    raw: Raw,
}

impl Data {
    /// The data that ships. A file that cannot be read is empty data; a test says so.
    pub fn embedded() -> Self {
        let raw = toml::from_str(include_str!("../data/acts.toml")).unwrap_or_default();
        Self { raw }
    }

    /// A public resolver that answers over HTTPS or TLS, by name or address.
    pub(crate) fn is_resolver(&self, name: &str) -> bool {
        self.raw.resolvers.contains(name)
            || self.raw.resolvers.iter().any(|known| name.strip_suffix(known.as_str()).is_some_and(|head| head.ends_with('.')))
    }

    /// The first meaning of a command line; `None` for everyday commands.
    pub(crate) fn command(&self, line: &str) -> Option<&Command> {
        first(&self.raw.command, line)
    }

    /// The first meaning of a file that came to a box that nobody works on, by its path.
    pub(crate) fn file(&self, path: &str) -> Option<&Command> {
        first(&self.raw.file, path)
    }

    /// The first meaning of a web request, `METHOD path`.
    pub(crate) fn web(&self, request: &str) -> Option<&Command> {
        first(&self.raw.web, request)
    }
}

/// What gives command lines their meaning, for rules that others can use.
pub fn command_meanings() -> Vec<Command> {
    Data::embedded().raw.command
}

fn first<'d>(all: &'d [Command], line: &str) -> Option<&'d Command> {
    let line = line.to_lowercase();
    all.iter().find(|one| {
        one.any.iter().any(|words| words.iter().all(|word| line.contains(word.as_str())))
            && !one.not.iter().any(|word| line.contains(word.as_str()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_is_there() {
        let parsed: Result<Raw, _> = toml::from_str(include_str!("../data/acts.toml"));
        assert!(parsed.is_ok(), "{:?}", parsed.err());
        let data = Data::embedded();
        assert!(data.is_resolver("dns.google") && data.is_resolver("x.cloudflare-dns.com") && !data.is_resolver("google.example"));
        assert_eq!(data.command("/bin/VMX -x /vmfs/volumes/a/b.vmx").map(|c| c.tactic.as_str()), Some("defense-evasion"));
        assert!(data.command("ls").is_none());
    }
}
