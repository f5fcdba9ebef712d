//! `.vmx` and `.vmtx`: the definition of a machine on a datastore: its name, its identity, its network cards.

use std::fmt::Write as _;

use konseki_model::{At, Event, Field, Piece, Records, Sink};

use crate::esxi::{lists, machine};
use crate::mapper::Scratch;
use crate::{Input, Reading, Source};

pub struct Vmx;
pub static SOURCE: Vmx = Vmx;

/// A line `key = "value"`.
fn pair(line: &str) -> Option<(&str, &str)> {
    let (key, value) = line.split_once('=')?;
    let key = key.trim();
    let plain = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b".:_-".contains(&b));
    plain.then(|| (key, value.trim().trim_matches('"')))
}

impl Source for Vmx {
    fn recognise(&self, piece: &Piece<'_>) -> bool {
        let text = String::from_utf8_lossy(piece.head.get(..piece.head.len().min(32_768)).unwrap_or_default());
        let name = piece.name().to_ascii_lowercase();
        let named = [".vmx", ".vmtx", ".vmx~"].iter().any(|end| name.ends_with(end)) || text.starts_with(".encoding");
        let keys = ["virtualhw.version", "config.version", "displayname", "uuid.bios"];
        let found = keys.iter().filter(|key| text.lines().filter_map(pair).any(|(k, _)| k.eq_ignore_ascii_case(key))).count();
        found >= 2 && (named || found == 4) && text.contains(" = \"")
    }

    fn read(&self, input: &mut dyn Input, reading: &Reading<'_>, sink: &mut dyn Sink) {
        let Some(bytes) = lists::whole(input, reading, sink) else { return };
        let text = lists::as_text(&bytes, sink);
        let host = lists::host_of(reading, sink);
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        let pairs: Vec<(&str, &str)> = lines.iter().filter_map(|line| pair(line)).collect();
        let value = |key: &str| pairs.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)).map_or("", |(_, value)| *value);
        let uuid = machine::uuid(value("uuid.bios"));
        let path = machine::device_path(reading.piece.path);
        let cards = cards(&pairs);
        let networks: Vec<&str> = cards.iter().map(|c| c.network).filter(|n| !n.is_empty()).collect();
        let networks = networks.join("|");
        let mut nics = String::new();
        for card in &cards {
            let gap = if nics.is_empty() { "" } else { "; " };
            let _ = write!(nics, "{gap}{} {} {}", card.name, card.network, card.mac);
        }
        let name = if value("displayName").is_empty() { machine::stem(&path) } else { value("displayName") };
        let template = if path.ends_with(".vmtx") { "true" } else { "" };
        let all = [
            ("list", "on-disk"),
            ("name", name),
            ("uuid", &uuid),
            ("vmx", &path),
            ("networks", &networks),
            ("nics", nics.trim()),
            ("guest", value("guestOS")),
            ("logging", value("logging")),
            ("template", template),
            ("annotation", value("annotation")),
        ];
        let fields: Vec<Field<'_>> = all.iter().filter(|(_, v)| !v.is_empty()).map(|(n, v)| Field::new(n, v)).collect();
        let place = lines.iter().position(|line| pair(line).is_some_and(|(k, _)| k.eq_ignore_ascii_case("displayName"))).unwrap_or(0);
        let mut scratch = Scratch::default();
        let (kind, mut core) = reading.about.mapper.apply(&fields, &mut scratch);
        core.host = &host;
        let raw = lines.get(place).copied().unwrap_or_default().as_bytes();
        sink.event(&Event { at: At::Line(place as u64 + 1), time: None, kind, core, fields: &fields, raw });
        let read = lines.len() as u64;
        let blank = lines.iter().filter(|line| line.is_empty()).count() as u64;
        let events = u64::from(read > blank);
        sink.records(Records { read, events, blank, continuation: read - blank - events, rejected: 0 });
    }
}

struct Card<'a> {
    name: &'a str,
    network: &'a str,
    mac: &'a str,
}

/// `ethernet0.networkName`, `.dvs.portgroupId`, `.address`, `.generatedAddress`, in the order of the file.
fn cards<'a>(pairs: &[(&'a str, &'a str)]) -> Vec<Card<'a>> {
    let mut cards: Vec<Card<'a>> = Vec::new();
    for (key, value) in pairs {
        let Some((card, rest)) = key.split_once('.').filter(|(card, _)| card.to_ascii_lowercase().starts_with("ethernet")) else {
            continue;
        };
        let index = cards.iter().position(|c| c.name.eq_ignore_ascii_case(card)).unwrap_or_else(|| {
            cards.push(Card { name: card, network: "", mac: "" });
            cards.len() - 1
        });
        let Some(slot) = cards.get_mut(index) else { continue };
        match rest.to_ascii_lowercase().as_str() {
            "networkname" => slot.network = value,
            "dvs.portgroupid" if slot.network.is_empty() => slot.network = value,
            "address" | "generatedaddress" => slot.mac = value,
            _ => {}
        }
    }
    cards
}
