//! One indicator as people write it: refanged, and told what it is.

use std::net::IpAddr;

use serde::Serialize;

use crate::fold::fold;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum IndicatorKind {
    Address,
    Domain,
    Url,
    Email,
    Hash,
}

/// Endings that are rather a file's than a domain's, where nothing says what a value is.
const FILE_ENDINGS: [&str; 40] = [
    "asp", "aspx", "bat", "bin", "c", "cfg", "cgi", "cmd", "conf", "css", "dat", "dll", "doc", "docx", "elf", "exe", "gz", "html", "ini",
    "jar", "js", "jsp", "json", "lnk", "log", "msi", "pdf", "php", "pl", "pm", "ps1", "py", "rar", "sh", "so", "sys", "tmp", "txt", "xls",
    "xml",
];

/// Undoes what people do so that a value is not clicked by accident.
pub(super) fn refang(text: &str) -> String {
    let mut out = fold(text.trim().trim_matches(|c: char| matches!(c, '"' | '\'' | '`' | '<' | '>')).trim());
    let pairs = [
        ("[.]", "."),
        ("(.)", "."),
        ("{.}", "."),
        ("[dot]", "."),
        ("(dot)", "."),
        ("\\.", "."),
        ("[:]", ":"),
        ("[://]", "://"),
        ("[/]", "/"),
        ("[@]", "@"),
        ("[at]", "@"),
        ("(at)", "@"),
    ];
    for (from, to) in pairs {
        if out.contains(from) {
            out = out.replace(from, to);
        }
    }
    for (from, to) in [("hxxps", "https"), ("hxxp", "http"), ("meow", "http"), ("fxp", "ftp")] {
        if let Some(rest) = out.strip_prefix(from).filter(|rest| rest.trim_start_matches('s').starts_with("://")) {
            out = format!("{to}{rest}");
        }
    }
    out
}

/// What a list calls a value: the kind, or `None` for something that is not matched (a file's name, an AS).
pub(super) fn named(kind: &str) -> Option<Option<IndicatorKind>> {
    let kind: String = kind.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    let has = |part: &str| kind.contains(part);
    if has("filename") || has("filepath") || has("path") || has("mutex") || has("registry") || has("asn") {
        return Some(None);
    }
    if has("md5") || has("sha1") || has("sha256") || has("hash") || kind == "file" {
        return Some(Some(IndicatorKind::Hash));
    }
    if has("email") || has("mail") {
        return Some(Some(IndicatorKind::Email));
    }
    if has("url") || has("uri") {
        return Some(Some(IndicatorKind::Url));
    }
    if has("domain") || has("hostname") || has("fqdn") {
        return Some(Some(IndicatorKind::Domain));
    }
    let address = has("ipv4") || has("ipv6") || has("ipaddr") || matches!(kind.as_str(), "ip" | "ipdst" | "ipsrc" | "address");
    address.then_some(Some(IndicatorKind::Address))
}

/// What a value is and how it is searched. `said`: what the list calls it.
pub(super) fn classify(text: &str, said: Option<IndicatorKind>) -> Result<(IndicatorKind, String), String> {
    let value = refang(text);
    let found = guess(&value, said.is_some());
    match (found, said) {
        (Some((kind, value)), None) => Ok((kind, value)),
        // A URL without path may be listed as a domain, a domain as a URL: what it looks like counts.
        (Some((kind, value)), Some(said))
            if kind == said || !matches!((kind, said), (IndicatorKind::Hash, _) | (_, IndicatorKind::Hash)) =>
        {
            Ok((kind, value))
        }
        _ => {
            let shown: String = text.chars().take(80).collect();
            Err(format!("`{shown}` is no address, domain, URL, mail address or hash"))
        }
    }
}

fn guess(value: &str, said: bool) -> Option<(IndicatorKind, String)> {
    let bytes = value.as_bytes();
    if matches!(bytes.len(), 32 | 40 | 64) && bytes.iter().all(u8::is_ascii_hexdigit) {
        return Some((IndicatorKind::Hash, value.to_owned()));
    }
    if let Some((scheme, rest)) = value.split_once("://") {
        let good = !scheme.is_empty() && scheme.bytes().all(|b| b.is_ascii_alphanumeric());
        return (good && rest.len() > 3 && !rest.contains(char::is_whitespace)).then(|| (IndicatorKind::Url, value.to_owned()));
    }
    if let Some(address) = address(value) {
        return Some((IndicatorKind::Address, address));
    }
    if let Some((local, domain)) = value.split_once('@') {
        let good = !local.is_empty() && !local.contains(char::is_whitespace) && is_domain(domain);
        return good.then(|| (IndicatorKind::Email, value.to_owned()));
    }
    let name = value.strip_prefix("*.").unwrap_or(value).trim_end_matches('.');
    let ending = name.rsplit('.').next().unwrap_or_default();
    let file = !said && FILE_ENDINGS.contains(&ending);
    (is_domain(name) && !file).then(|| (IndicatorKind::Domain, name.to_owned()))
}

/// An address, its port cut off; a network only if it is one address.
fn address(value: &str) -> Option<String> {
    let value = value.strip_suffix("/32").or_else(|| value.strip_suffix("/128")).unwrap_or(value);
    let bare = value.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(inner, _)| inner);
    let value = bare.unwrap_or(value);
    if let Ok(address) = value.parse::<IpAddr>() {
        return Some(address.to_string());
    }
    let (host, port) = value.split_once(':')?;
    let port = port.parse::<u16>().is_ok();
    host.parse::<std::net::Ipv4Addr>().ok().filter(|_| port).map(|address| address.to_string())
}

fn is_domain(name: &str) -> bool {
    let labels: Vec<&str> = name.split('.').collect();
    let label = |label: &&str| {
        !label.is_empty() && label.chars().count() <= 63 && label.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
    };
    let last = labels.last().copied().unwrap_or_default();
    labels.len() > 1
        && name.len() <= 253
        && labels.iter().all(label)
        && last.len() > 1
        && (last.starts_with("xn--") || last.chars().all(char::is_alphabetic))
}
