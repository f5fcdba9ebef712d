//! The pages under `docs/sources`: what each source is, where it lies, how it is collected; from `source.toml` in both languages.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

use toml::Table;

use crate::{root, sources};

const WORDS: &str = include_str!("../docs.toml");
const LANGUAGES: [&str; 2] = ["en", "ja"];

/// # Errors
/// A description that cannot be read or a page that cannot be written.
pub fn rewrite() -> Result<(), String> {
    let folder = root().join("docs/sources");
    fs::create_dir_all(&folder).map_err(|error| format!("docs/sources: {error}"))?;
    let pages = pages()?;
    for entry in fs::read_dir(&folder).map_err(|error| error.to_string())?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        // A family that is gone leaves no page behind.
        if name.ends_with(".md") && !pages.contains_key(&name) {
            fs::remove_file(entry.path()).map_err(|error| format!("{name}: {error}"))?;
        }
    }
    for (name, text) in pages {
        fs::write(folder.join(&name), text).map_err(|error| format!("docs/sources/{name}: {error}"))?;
    }
    Ok(())
}

/// Names of the sources and how they are collected, for the sentences of the report; it may not know the sources itself.
const NAMES: &str = "crates/report/text/names.toml";

/// # Errors
/// A description that cannot be read or the file that cannot be written.
pub fn rewrite_names() -> Result<(), String> {
    fs::write(root().join(NAMES), names()?).map_err(|error| format!("{NAMES}: {error}"))
}

fn names() -> Result<String, String> {
    let mut text = String::from("# Names of the sources. Written by `cargo xtask sources`; do not edit.\n");
    let mut add = |id: &str, path: &std::path::Path| {
        let about = fs::read_to_string(path).map_err(|error| format!("{id}: {error}"))?;
        let table: Table = toml::from_str(&about).map_err(|error| format!("{id}: {error}"))?;
        let _ = writeln!(text, "\n[\"{id}\"]");
        for (key, part) in [("name", "title"), ("collect", "collect")] {
            let quoted =
                |language| both(&table, part, language).map(|text| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")));
            let _ = writeln!(text, "{key} = {{ en = {}, ja = {} }}", quoted("en")?, quoted("ja")?);
        }
        Ok::<(), String>(())
    };
    for (family, name) in sources::ids()? {
        add(&format!("{family}/{name}"), &sources::folder().join(&family).join(&name).join("source.toml"))?;
    }
    add("text/plain", &sources::folder().join("plain.toml"))?;
    Ok(text)
}

fn about(id: &str) -> Result<Table, String> {
    let path = sources::folder().join(id).join("source.toml");
    let text = fs::read_to_string(&path).map_err(|error| format!("{id}: {error}"))?;
    toml::from_str(&text).map_err(|error| format!("{id}/source.toml: {error}"))
}

/// Every page by its file name.
///
/// # Errors
/// A `source.toml` that lacks what a page says.
pub fn pages() -> Result<BTreeMap<String, String>, String> {
    let words: Table = toml::from_str(WORDS).map_err(|error| format!("docs.toml: {error}"))?;
    let mut families: BTreeMap<String, Vec<(String, Table)>> = BTreeMap::new();
    for (family, name) in sources::ids()? {
        let mut table = about(&format!("{family}/{name}"))?;
        if let Some(other) = table.get("beside").and_then(|value| value.as_str()) {
            let more = about(other)?.get("logsource").and_then(|value| value.as_array()).cloned().unwrap_or_default();
            if let Some(own) = table.get_mut("logsource").and_then(|value| value.as_array_mut()) {
                let new: Vec<toml::Value> = more.into_iter().filter(|one| !own.contains(one)).collect();
                own.extend(new);
            }
        }
        families.entry(family).or_default().push((name, table));
    }
    let mut pages = BTreeMap::new();
    for language in LANGUAGES {
        for (family, list) in &families {
            pages.insert(file(family, language), page(&words, language, family, list)?);
        }
        pages.insert(file("README", language), index(&words, language, &families)?);
    }
    Ok(pages)
}

fn file(name: &str, language: &str) -> String {
    if language == "en" { format!("{name}.md") } else { format!("{name}.{language}.md") }
}

fn word<'a>(words: &'a Table, language: &str, key: &str) -> Result<&'a str, String> {
    let found = words.get(language).and_then(|table| table.get(key)).and_then(|value| value.as_str());
    found.ok_or_else(|| format!("docs.toml: {language}.{key} is missing"))
}

fn family_name<'a>(words: &'a Table, family: &'a str) -> &'a str {
    words.get("families").and_then(|table| table.get(family)).and_then(|value| value.as_str()).unwrap_or(family)
}

fn both<'a>(table: &'a Table, key: &str, language: &str) -> Result<&'a str, String> {
    let found = table.get(key).and_then(|value| value.get(language)).and_then(|value| value.as_str());
    found.ok_or_else(|| format!("`{key}` lacks {language}"))
}

fn index(words: &Table, language: &str, families: &BTreeMap<String, Vec<(String, Table)>>) -> Result<String, String> {
    let word = |key| word(words, language, key);
    let other = if language == "en" { "ja" } else { "en" };
    let mut text = format!("# {}\n\n{}\n[{}]({})\n", word("index")?, word("written")?, word("other")?, file("README", other));
    for (family, list) in families {
        let _ = write!(text, "\n## [{}]({})\n\n", family_name(words, family), file(family, language));
        for (name, table) in list {
            let title = both(table, "title", language).map_err(|why| format!("{family}/{name}: {why}"))?;
            let _ = writeln!(text, "- [{title}]({}#{family}{name}) `{family}/{name}`", file(family, language));
        }
    }
    Ok(text)
}

fn page(words: &Table, language: &str, family: &str, list: &[(String, Table)]) -> Result<String, String> {
    let word = |key| word(words, language, key);
    let other = if language == "en" { "ja" } else { "en" };
    let title = word("title")?.replace("{family}", family_name(words, family));
    let mut text = format!("# {title}\n\n{}\n[{}]({})\n", word("written")?, word("other")?, file(family, other));
    for (name, table) in list {
        section(words, language, (family, name), table, &mut text).map_err(|why| format!("{family}/{name}: {why}"))?;
    }
    Ok(text)
}

fn section(words: &Table, language: &str, id: (&str, &str), table: &Table, text: &mut String) -> Result<(), String> {
    let (family, name) = id;
    let word = |key| word(words, language, key);
    let _ = write!(text, "\n## {family}/{name}\n\n**{}**\n\n", both(table, "title", language)?);
    let mut line = |label: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(text, "- **{label}**: {value}");
        }
    };
    let list = |key: &str, mark: &str| {
        let items = table.get(key).and_then(|value| value.as_array()).into_iter().flatten();
        items.filter_map(|item| item.as_str()).map(|item| format!("{mark}{item}{mark}")).collect::<Vec<_>>().join(", ")
    };
    line(word("product")?, table.get("product").and_then(|value| value.as_str()).unwrap_or_default());
    line(word("versions")?, &list("versions", ""));
    line(word("place")?, &list("where", "`"));
    for key in ["collect", "keep", "shows", "cannot"] {
        line(word(key)?, both(table, key, language)?);
    }
    let clock = |key: &str| table.get("clock").and_then(|clock| clock.get(key)).and_then(|value| value.as_str()).unwrap_or_default();
    let basis = if clock("basis") == "format" { "format" } else { "assumed" };
    line(word("clock")?, &word(basis)?.replace("{zone}", clock("zone")));
    if table.get("trust").and_then(|value| value.as_str()) == Some("self-reported") {
        line(word("trust")?, word("self_reported")?);
    }
    line(word("sigma")?, &log_sources(table));
    let maps = table.get("map").and_then(|value| value.as_array()).into_iter().flatten();
    let kinds: BTreeSet<&str> = maps.filter_map(|map| map.get("kind")?.as_str()).collect();
    line(word("kinds")?, &kinds.into_iter().map(|kind| format!("`{kind}`")).collect::<Vec<_>>().join(", "));
    Ok(())
}

/// `product: linux, service: auditd`
fn log_sources(table: &Table) -> String {
    let list = table.get("logsource").and_then(|value| value.as_array()).into_iter().flatten();
    let one = |source: &toml::Value| {
        let parts = ["product", "category", "service"].iter().filter_map(|key| Some(format!("{key}: {}", source.get(key)?.as_str()?)));
        format!("`{}`", parts.collect::<Vec<_>>().join(", "))
    };
    list.map(one).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]

    use super::*;

    #[test]
    fn names_are_as_their_sources_say() {
        let written = fs::read_to_string(root().join(NAMES)).unwrap_or_default();
        assert!(written == names().unwrap(), "{NAMES} is stale: run `cargo xtask sources`");
    }

    #[test]
    fn pages_are_as_their_sources_say() {
        let pages = pages().unwrap();
        assert!(pages.len() > 10 && pages.contains_key("linux.ja.md"));
        let folder = root().join("docs/sources");
        for (name, text) in &pages {
            let written = fs::read_to_string(folder.join(name)).unwrap_or_default();
            assert!(&written == text, "docs/sources/{name} is stale: run `cargo xtask sources`");
        }
        for entry in fs::read_dir(&folder).unwrap().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            assert!(pages.contains_key(&name), "docs/sources/{name} belongs to no source: run `cargo xtask sources`");
        }
    }
}
