//! Indicator lists (CSV, STIX, plain lines): addresses, domains, URLs and hashes, matched as whole words.

use std::collections::BTreeMap;

use konseki_model::Event;

/// Where an indicator is from: list and comment.
type From = (String, String);

/// Indicators by value, lower case.
#[derive(Default)]
pub struct Indicators {
    values: BTreeMap<String, From>,
    hashes: BTreeMap<String, From>,
}

impl Indicators {
    /// Reads lists given as (file, bytes). Files that hold none are named.
    pub fn load(lists: &[(String, Vec<u8>)]) -> (Self, Vec<(String, u64, String)>) {
        let mut all = Self::default();
        let mut bad = Vec::new();
        for (file, bytes) in lists {
            let name = file.rsplit('/').next().unwrap_or(file);
            let text = String::from_utf8_lossy(bytes);
            let before = all.values.len() + all.hashes.len();
            if text.trim_start().starts_with('{') {
                all.stix(name, &text);
            } else {
                for line in text.lines() {
                    let comment = line.chars().take(120).collect::<String>();
                    for cell in line.split([',', ';', '\t']) {
                        all.add(cell, name, &comment);
                    }
                }
            }
            if all.values.len() + all.hashes.len() == before {
                bad.push((file.clone(), 1, "no indicator in this list: want addresses, domains, URLs or hashes".to_owned()));
            }
        }
        (all, bad)
    }

    /// Quoted values of the patterns of STIX indicators.
    fn stix(&mut self, name: &str, text: &str) {
        let Ok(bundle) = serde_json::from_str::<serde_json::Value>(text) else { return };
        let objects = bundle.get("objects").and_then(|objects| objects.as_array());
        for object in objects.into_iter().flatten() {
            let Some(pattern) = object.get("pattern").and_then(|pattern| pattern.as_str()) else { continue };
            let comment = object.get("name").and_then(|name| name.as_str()).unwrap_or_default();
            for value in pattern.split('\'').skip(1).step_by(2) {
                self.add(value, name, comment);
            }
        }
    }

    fn add(&mut self, cell: &str, list: &str, comment: &str) {
        let cell = cell.trim().trim_matches('"').trim();
        let value = cell.replace("[.]", ".").replace("(.)", ".").replace("[:]", ":").replace("hxxp", "http").to_lowercase();
        let from = || (list.to_owned(), comment.to_owned());
        let hexadecimal = !value.is_empty() && value.bytes().all(|b| b.is_ascii_hexdigit());
        if hexadecimal && matches!(value.len(), 32 | 40 | 64) {
            self.hashes.entry(value).or_insert_with(from);
        } else if value.parse::<std::net::IpAddr>().is_ok_and(|address| !address.is_loopback() && !address.is_unspecified())
            || is_domain(&value)
            || value.starts_with("http://")
            || value.starts_with("https://")
        {
            self.values.entry(value).or_insert_with(from);
        }
    }

    pub fn hash(&self, hash: &str) -> Option<From> {
        self.hashes.get(hash).cloned()
    }

    /// The first indicator that stands in a field as a whole word: field, value, list, comment.
    pub fn event(&self, event: &Event<'_>) -> Option<(String, String, String, String)> {
        if self.values.is_empty() && self.hashes.is_empty() {
            return None;
        }
        for field in event.fields {
            // Words of addresses, names and hashes; a name is also known by its parents.
            for word in field.value.split(|c: char| !(c.is_ascii_alphanumeric() || ".-_:".contains(c))) {
                let word = word.trim_matches(['.', ':', '-']).to_lowercase();
                let host = word.rsplit_once(':').map_or(word.as_str(), |(host, _)| host);
                for candidate in [word.as_str(), host] {
                    let mut name = candidate;
                    loop {
                        if let Some((list, comment)) = self.values.get(name).or_else(|| self.hashes.get(name)) {
                            return Some((field.name.to_owned(), name.to_owned(), list.clone(), comment.clone()));
                        }
                        // An address has no parents.
                        match name.split_once('.') {
                            Some((_, parent)) if parent.contains('.') && candidate.bytes().any(|b| b.is_ascii_alphabetic()) => {
                                name = parent
                            }
                            _ => break,
                        }
                    }
                }
            }
        }
        None
    }
}

fn is_domain(value: &str) -> bool {
    let labels: Vec<&str> = value.split('.').collect();
    let top = labels.last().copied().unwrap_or_default();
    // File names look like domains: their endings are no top-level domains worth a match.
    let file = ["cgi", "py", "pl", "txt", "exe", "dll", "ttc", "jsp", "sh", "xml", "log", "html", "thtml", "zip", "so", "js", "php", "gz"];
    labels.len() >= 2
        && top.len() >= 2
        && top.bytes().all(|b| b.is_ascii_alphabetic())
        && !file.contains(&top)
        && labels.iter().all(|label| !label.is_empty() && label.len() < 64 && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use konseki_model::{At, Core, Field, Kind};

    fn found(list: &str, value: &str) -> bool {
        let (all, _) = Indicators::load(&[("list.csv".to_owned(), list.as_bytes().to_vec())]);
        let fields = [Field::new("x", value)];
        let event = Event { at: At::Line(1), time: None, kind: Kind::Other, core: Core::default(), fields: &fields, raw: b"" };
        all.event(&event).is_some()
    }

    #[test]
    fn whole_words_only() {
        assert!(found("ip,198.51.100[.]25,c2", "connect to 198.51.100.25:443"));
        assert!(!found("ip,198.51.100[.]25,c2", "198.51.100.253"));
        assert!(found("domain,worker.example", "https://a.b.worker.example/x"));
        assert!(!found("domain,worker.example", "otherworker.example"));
        assert!(!found("file,setcookie.cgi", "setcookie.cgi"));
    }
}
