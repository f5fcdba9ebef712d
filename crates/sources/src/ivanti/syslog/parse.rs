//! One line into native fields: the three forms, the code that a Standard sentence stands for, names in the text.

use std::borrow::Cow;
use std::sync::LazyLock;

use konseki_formats::{heads, ivanti};
use konseki_model::Kind;

use crate::row::Row;

pub struct Parsed<'a> {
    /// What a relay put before the line.
    pub head: &'a str,
    /// The time of the line itself, local.
    pub time: &'a str,
    msg: &'a str,
    code: &'a str,
}

/// Sentences that stand for one code alone: code, start, and a text that must follow.
static SENTENCES: LazyLock<Vec<[&'static str; 3]>> = LazyLock::new(|| {
    include_str!("sentences.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| {
            let mut parts = line.split('\t');
            Some([parts.next()?, parts.next()?, parts.next().unwrap_or_default()])
        })
        .collect()
});

/// Pushes the native fields of a line. `None` where it has none of the forms.
pub fn line<'a>(text: &'a str, columns: &'a [String], row: &mut Row<'a>) -> Option<Parsed<'a>> {
    if let Some(at) = ivanti::welf_start(text) {
        let body = text.get(at..)?;
        ivanti::welf(body, |key, value| row.push(key, value));
        let msg = row.get("msg");
        let code = ivanti::code(msg).unwrap_or_default();
        return Some(Parsed { head: text.get(..at)?, time: row.get("time"), msg, code });
    }
    if let Some(line) = ivanti::standard(text) {
        for (name, value) in [
            ("time", line.time),
            ("vpn", line.node),
            ("src", line.src),
            ("ivs", line.ivs),
            ("user", line.user),
            ("realm", line.realm),
            ("roles", line.roles),
            ("sessionID", line.session),
            ("msg", line.msg),
        ] {
            row.push(name, value);
        }
        let msg = line.msg;
        // The GUI's own export puts severity and code in columns before the time.
        let column = line.head.split([' ', '\t', ',']).find(|word| ivanti::is_code(word));
        let code = ivanti::code(msg).or(column).unwrap_or_else(|| sentence(msg));
        return Some(Parsed { head: line.head, time: line.time, msg, code });
    }
    w3c(text, columns, row)
}

fn w3c<'a>(text: &'a str, columns: &'a [String], row: &mut Row<'a>) -> Option<Parsed<'a>> {
    if columns.is_empty() {
        return None;
    }
    let mut rest = text;
    for name in columns {
        let (value, tail) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => rest.split_once(' ').unwrap_or((rest, "")),
        };
        row.push(name, value);
        rest = tail.trim_start();
    }
    let (date, clock) = (row.get("date"), row.get("time"));
    let both = text.get(..date.len() + 1 + clock.len()).filter(|_| !date.is_empty() && text.starts_with(date));
    Some(Parsed { head: "", time: both.unwrap_or(clock), msg: "", code: "" })
}

/// Is it a W3C export of this product? Its `#` lines say the columns, and name it or a column of its own.
pub fn is_w3c(head: &[u8]) -> bool {
    let (mut named, mut columns) = (false, false);
    for line in heads::first_lines(head, 8).take_while(|line| line.first() == Some(&b'#')) {
        let text = String::from_utf8_lossy(line);
        named |= ["Ivanti", "Pulse", "Juniper", "IVE"].iter().any(|name| text.contains(name));
        columns |= text.starts_with("#Fields:");
        named |= text.starts_with("#Fields:") && text.contains("realm") && text.contains("role");
    }
    named && columns
}

fn sentence(msg: &str) -> &'static str {
    SENTENCES.iter().find(|[_, start, part]| msg.starts_with(start) && msg.contains(part)).map_or("", |[code, ..]| code)
}

/// Files that an integrity scan counted.
#[derive(Clone, Copy, Default)]
pub struct Counts {
    new: u64,
    changed: u64,
}

impl Counts {
    /// Changed files outrank new ones.
    pub fn kind(self) -> Kind {
        match (self.changed, self.new) {
            (0, 0) => Kind::IntegrityScan,
            (0, _) => Kind::IntegrityNew,
            _ => Kind::IntegrityChanged,
        }
    }
}

/// Pushes what the text of the message names beside the written fields.
pub fn derive<'a>(parsed: &Parsed<'a>, row: &mut Row<'a>) -> Counts {
    row.push("msg_code", parsed.code);
    let found = ivanti::details(parsed.msg);
    let agent = if row.get("agent").is_empty() { found.agent } else { "" };
    for (name, value) in [
        ("sid", found.sid),
        ("inner_ip", found.inner_ip),
        ("hostname", found.hostname),
        ("url", found.url),
        ("agent", agent),
        ("mac", found.mac),
        ("old_ip", found.old_ip),
        ("new_ip", found.new_ip),
        ("reason", found.reason),
        ("bytes_read", found.bytes_read),
        ("bytes_written", found.bytes_written),
        ("seconds", found.seconds),
    ] {
        row.push_some(name, value);
    }
    if !parsed.msg.contains("ntegrity Scan") {
        return Counts::default();
    }
    let count = |mark: &str| {
        let rest = parsed.msg.split_once(mark).map_or("", |(_, rest)| rest);
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        rest.get(..digits).unwrap_or_default()
    };
    let (new, changed) = (count("Newly Detected Files "), count("Mismatched Files "));
    row.push_some("new_files", new);
    row.push_some("mismatched_files", changed);
    Counts { new: new.parse().unwrap_or(0), changed: changed.parse().unwrap_or(0) }
}

/// The account of a line: `System` is nobody, a doubled backslash is one.
pub fn person(user: &str) -> Cow<'_, str> {
    match user {
        "System" | "-" => Cow::Borrowed(""),
        user if user.contains("\\\\") => Cow::Owned(user.replace("\\\\", "\\")),
        user => Cow::Borrowed(user),
    }
}

/// `log.node-Sat-2025-08-02_11_24_02-(GMT+10_00).events` -> `+10:00`.
pub fn zone_of_name(name: &str) -> Option<String> {
    let (_, rest) = name.rsplit_once("(GMT")?;
    let (zone, _) = rest.split_once(')')?;
    if zone.is_empty() {
        return Some("UTC".to_owned());
    }
    let sign = zone.get(..1).filter(|sign| *sign == "+" || *sign == "-")?;
    let (hours, minutes) = zone.get(1..)?.split_once(['_', ':', '-'])?;
    let digits = |text: &str| !text.is_empty() && text.len() <= 2 && text.bytes().all(|b| b.is_ascii_digit());
    (digits(hours) && digits(minutes)).then(|| format!("{sign}{hours:0>2}:{minutes:0>2}"))
}

/// The appliance's offset in microseconds from what its time is ahead of the head's instant, and the offset the head
/// wrote. The written one within five minutes, else the nearest quarter of an hour within two; `None` beyond 14 hours.
pub fn zone_between(ahead: i64, written: i64) -> Option<i64> {
    const MINUTE: i64 = 60_000_000;
    if (ahead - written).abs() <= 5 * MINUTE {
        return Some(written);
    }
    let quarter = (ahead + 15 * MINUTE / 2).div_euclid(15 * MINUTE) * 15 * MINUTE;
    (quarter.abs() <= 14 * 60 * MINUTE && (ahead - quarter).abs() <= 2 * MINUTE).then_some(quarter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_of_names_and_heads() {
        assert_eq!(zone_of_name("log.localhost2-Sat-2025-08-02_11_24_02-(GMT+10_00).events").as_deref(), Some("+10:00"));
        assert_eq!(zone_of_name("log.a-(GMT-7_00).access").as_deref(), Some("-07:00"));
        assert_eq!(zone_of_name("log.a-(GMT).access").as_deref(), Some("UTC"));
        assert_eq!(zone_of_name("log.a-(GMT+x_00).access"), None);
        let hour = 3_600_000_000;
        assert_eq!(zone_between(2 * hour + 3_000_000, 2 * hour), Some(2 * hour));
        assert_eq!(zone_between(9 * hour - 1_000_000, 0), Some(9 * hour));
        assert_eq!(zone_between(9 * hour + 400_000_000, 0), None);
        assert_eq!(zone_between(8000 * hour, hour), None);
    }
}
