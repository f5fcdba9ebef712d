//! The map of a `source.toml`: native fields of an event -> its kind and typed core. Data in, no code per product.
//!
//! ```toml
//! [[map]]
//! when = { EventID = ["4624"], Channel = "Security" }   # all keys must hold
//! kind = "auth.success"
//! user = ["{TargetDomainName}\\{TargetUserName}", "TargetUserName"]   # the first that gives a value
//! src = "IpAddress"
//! outcome = "=success"                                   # a constant
//! ```
//! A value in `when`: equal (case-sensitive), `*` present and not empty, `!x` not equal, `^x` starts with, `~x` contains,
//! `""` missing or empty. Maps are tried in order, the first that fits is taken; one without `when` fits always.
//! `-`, `::ffff:` before an IPv4 address and brackets around addresses are no values of their own.

use std::collections::BTreeMap;

use konseki_model::{Core, Field, Kind};
use memchr::memmem::Finder;
use rustc_hash::FxHashMap;
use toml::{Table, Value};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    Host,
    User,
    Src,
    SrcPort,
    Dst,
    DstPort,
    Session,
    Object,
    Target,
    Command,
    Outcome,
    Assigned,
    Agent,
    BytesOut,
    BytesIn,
    Duration,
}

const SLOTS: &[(&str, Slot)] = &[
    ("host", Slot::Host),
    ("user", Slot::User),
    ("src", Slot::Src),
    ("src_port", Slot::SrcPort),
    ("dst", Slot::Dst),
    ("dst_port", Slot::DstPort),
    ("session", Slot::Session),
    ("object", Slot::Object),
    ("target", Slot::Target),
    ("command", Slot::Command),
    ("outcome", Slot::Outcome),
    ("assigned", Slot::Assigned),
    ("agent", Slot::Agent),
    ("bytes_out", Slot::BytesOut),
    ("bytes_in", Slot::BytesIn),
    ("duration", Slot::Duration),
];

#[derive(Clone, Debug)]
enum Part {
    Text(String),
    Field(Key),
}

/// The number of a field name among all that the maps ask for.
type Key = usize;

#[derive(Clone, Debug)]
enum Expr {
    Field(Key),
    Constant(String),
    /// Every field named must have a value.
    Template(Vec<Part>),
}

#[derive(Clone, Debug)]
enum Test {
    Equal(Vec<String>),
    NotEqual(String),
    Starts(String),
    Contains(Box<Finder<'static>>),
    Present,
    Missing,
}

#[derive(Clone, Debug)]
struct Map {
    when: Vec<(Key, Test)>,
    kind: Kind,
    set: Vec<(Slot, Vec<Expr>)>,
}

/// The compiled map.
#[derive(Clone, Debug, Default)]
pub struct Mapper {
    maps: Vec<Map>,
    names: Vec<String>,
    /// The field that most maps test for equality, and for each of its values the maps that can fit, in order.
    dispatch: Option<(Key, FxHashMap<String, Vec<usize>>)>,
    /// Maps that do not test that field.
    others: Vec<usize>,
}

/// Room for values made of several fields; reuse it for every event.
#[derive(Debug, Default)]
pub struct Scratch {
    made: Vec<String>,
    /// By key: the place of the event's field, once it was asked for.
    places: Vec<u32>,
}

const UNASKED: u32 = u32::MAX;
const MISSING: u32 = u32::MAX - 1;

/// The fields of one event, each name looked for once.
struct Lookup<'f, 'a> {
    names: &'f [String],
    fields: &'f [Field<'a>],
    places: &'f mut Vec<u32>,
}

impl<'f, 'a> Lookup<'f, 'a> {
    fn new(names: &'f [String], fields: &'f [Field<'a>], places: &'f mut Vec<u32>) -> Self {
        places.clear();
        places.resize(names.len(), UNASKED);
        Self { names, fields, places }
    }

    /// The first value under that name.
    fn value(&mut self, key: Key) -> Option<&'a str> {
        let known = self.places.get_mut(key)?;
        if *known == UNASKED {
            let name = self.names.get(key)?;
            let found = self.fields.iter().position(|field| field.name == name);
            *known = found.map_or(MISSING, |place| place as u32);
        }
        self.fields.get(*known as usize).map(|field| field.value)
    }
}

impl Mapper {
    /// # Errors
    /// An unknown key, kind or shape, by the number of the `[[map]]`.
    pub fn new(tables: &[Table]) -> Result<Self, String> {
        let mut maps = Vec::new();
        let mut names = Vec::new();
        for (index, table) in tables.iter().enumerate() {
            maps.push(compile(table, &mut names).map_err(|why| format!("[[map]] {}: {why}", index + 1))?);
        }
        let mut uses: BTreeMap<&str, (usize, Key)> = BTreeMap::new();
        for (key, test) in maps.iter().flat_map(|map: &Map| &map.when) {
            if matches!(test, Test::Equal(_)) {
                uses.entry(names.get(*key).map_or("", String::as_str)).or_insert((0, *key)).0 += 1;
            }
        }
        let most = uses.values().max_by_key(|(count, _)| *count).map(|(_, key)| *key);
        let Some(key) = most else {
            let others = (0..maps.len()).collect();
            return Ok(Self { maps, names, dispatch: None, others });
        };
        let mut table: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        let mut others = Vec::new();
        for (index, map) in maps.iter().enumerate() {
            match map.when.iter().find(|(k, t)| *k == key && matches!(t, Test::Equal(_))) {
                Some((_, Test::Equal(values))) => {
                    for value in values {
                        table.entry(value.clone()).or_default().push(index);
                    }
                }
                _ => others.push(index),
            }
        }
        for indexes in table.values_mut() {
            indexes.extend(&others);
            indexes.sort_unstable();
        }
        // Looked up once an event, never walked through.
        let table: FxHashMap<String, Vec<usize>> = table.into_iter().collect();
        Ok(Self { maps, names, dispatch: Some((key, table)), others })
    }

    /// Kind and core of an event by its native fields. `Kind::Other` and an empty core where no map fits.
    pub fn apply<'a>(&'a self, fields: &[Field<'a>], scratch: &'a mut Scratch) -> (Kind, Core<'a>) {
        scratch.made.clear();
        let mut lookup = Lookup::new(&self.names, fields, &mut scratch.places);
        let Some(map) = self.fitting(&mut lookup) else {
            return (Kind::Other, Core::default());
        };
        let mut picks: [Pick<'a>; 16] = [Pick::None; 16];
        for ((_, exprs), pick) in map.set.iter().zip(picks.iter_mut()) {
            *pick = pick_value(exprs, &mut lookup, &mut scratch.made);
        }
        let made = &scratch.made;
        let mut core = Core::default();
        for ((slot, _), pick) in map.set.iter().zip(picks) {
            let value = match pick {
                Pick::None => continue,
                Pick::Value(value) => value,
                Pick::Made(index) => made.get(index).map_or("", String::as_str),
            };
            put(&mut core, *slot, value);
        }
        (map.kind, core)
    }

    fn fitting(&self, lookup: &mut Lookup<'_, '_>) -> Option<&Map> {
        let indexes = match &self.dispatch {
            Some((key, table)) => {
                let value = lookup.value(*key).unwrap_or_default();
                table.get(value).unwrap_or(&self.others)
            }
            None => &self.others,
        };
        indexes
            .iter()
            .filter_map(|index| self.maps.get(*index))
            .find(|map| map.when.iter().all(|(key, test)| holds(test, lookup.value(*key))))
    }
}

#[derive(Clone, Copy)]
enum Pick<'a> {
    None,
    Value(&'a str),
    Made(usize),
}

fn holds(test: &Test, value: Option<&str>) -> bool {
    let text = value.unwrap_or_default();
    match test {
        Test::Equal(any) => any.iter().any(|one| one == text),
        Test::NotEqual(other) => text != other,
        Test::Starts(head) => text.starts_with(head.as_str()),
        Test::Contains(part) => part.find(text.as_bytes()).is_some(),
        Test::Present => !text.is_empty(),
        Test::Missing => text.is_empty(),
    }
}

fn pick_value<'a>(exprs: &'a [Expr], lookup: &mut Lookup<'_, 'a>, made: &mut Vec<String>) -> Pick<'a> {
    for expr in exprs {
        match expr {
            Expr::Constant(text) => return Pick::Value(text),
            Expr::Field(name) => {
                if let Some(value) = lookup.value(*name).filter(|value| is_value(value)) {
                    return Pick::Value(value);
                }
            }
            Expr::Template(parts) => {
                let mut text = String::new();
                let whole = parts.iter().all(|part| match part {
                    Part::Text(literal) => {
                        text.push_str(literal);
                        true
                    }
                    Part::Field(name) => lookup.value(*name).filter(|v| is_value(v)).is_some_and(|v| {
                        text.push_str(v);
                        true
                    }),
                });
                if whole {
                    made.push(text);
                    return Pick::Made(made.len() - 1);
                }
            }
        }
    }
    Pick::None
}

fn is_value(text: &str) -> bool {
    !text.is_empty() && text != "-" && text != "(empty)"
}

/// Address and port of `192.0.2.7:50123` and `[2001:db8::7]:50123`; no port where none is written.
fn endpoint(text: &str) -> (&str, Option<u16>) {
    let split = match text.strip_prefix('[') {
        Some(rest) => rest.split_once("]:"),
        None => text.split_once(':').filter(|(host, _)| host.contains('.')),
    };
    let port = split.and_then(|(_, port)| port.parse().ok().filter(|port| *port != 0));
    (address(if port.is_some() { split.map_or(text, |(host, _)| host) } else { text }), port)
}

/// An address without brackets, port of brackets, zone index or IPv4-in-IPv6 head.
pub fn address(text: &str) -> &str {
    let text = text.strip_prefix('[').map_or(text, |rest| rest.split(']').next().unwrap_or(rest));
    let text = text.split('%').next().unwrap_or(text);
    text.strip_prefix("::ffff:").filter(|rest| rest.contains('.')).unwrap_or(text)
}

fn put<'a>(core: &mut Core<'a>, slot: Slot, value: &'a str) {
    match slot {
        Slot::Host => core.host = value,
        Slot::User => core.user = value,
        Slot::Src => {
            let (address, port) = endpoint(value);
            core.src = address;
            core.src_port = core.src_port.or(port);
        }
        Slot::SrcPort => core.src_port = value.parse().ok().filter(|port| *port != 0).or(core.src_port),
        Slot::Dst => {
            let (address, port) = endpoint(value);
            core.dst = address;
            core.dst_port = core.dst_port.or(port);
        }
        Slot::DstPort => core.dst_port = value.parse().ok().filter(|port| *port != 0).or(core.dst_port),
        Slot::Session => core.session = value,
        Slot::Object => core.object = value,
        Slot::Target => core.target = value,
        Slot::Command => core.command = value,
        Slot::Outcome => core.outcome = value,
        Slot::Assigned => core.assigned = address(value),
        Slot::Agent => core.agent = value,
        Slot::BytesOut => core.bytes_out = value.parse().ok(),
        Slot::BytesIn => core.bytes_in = value.parse().ok(),
        Slot::Duration => {
            let seconds: Option<f64> = value.parse().ok();
            core.duration = seconds.filter(|s| (0.0..1e12).contains(s)).map(|s| (s * 1e6).round() as i64);
        }
    }
}

/// The number of a name.
fn key(name: &str, names: &mut Vec<String>) -> Key {
    names.iter().position(|known| known == name).unwrap_or_else(|| {
        names.push(name.to_owned());
        names.len() - 1
    })
}

fn compile(table: &Table, names: &mut Vec<String>) -> Result<Map, String> {
    let mut map = Map { when: Vec::new(), kind: Kind::Other, set: Vec::new() };
    for (name, value) in table {
        match name.as_str() {
            "when" => {
                let tests = value.as_table().ok_or("`when` must be a table")?;
                for (field, test) in tests {
                    map.when.push((key(field, names), compile_test(test)?));
                }
            }
            "kind" => {
                let name = value.as_str().unwrap_or_default();
                map.kind = Kind::parse(name).ok_or_else(|| format!("unknown kind `{name}`"))?;
            }
            other => {
                let slot = SLOTS.iter().find(|(name, _)| *name == other).map(|(_, slot)| *slot);
                let slot = slot.ok_or_else(|| format!("unknown key `{other}`"))?;
                map.set.push((slot, compile_exprs(value, names)?));
            }
        }
    }
    Ok(map)
}

fn strings(value: &Value) -> Result<Vec<&str>, String> {
    match value {
        Value::String(one) => Ok(vec![one]),
        Value::Array(many) => many.iter().map(|v| v.as_str().ok_or_else(|| "want text".to_owned())).collect(),
        _ => Err("want text or a list of texts".to_owned()),
    }
}

fn compile_test(value: &Value) -> Result<Test, String> {
    let texts = strings(value)?;
    if let [one] = texts.as_slice() {
        return Ok(match one.chars().next() {
            None => Test::Missing,
            Some('*') if one.len() == 1 => Test::Present,
            Some('!') => Test::NotEqual(one.chars().skip(1).collect()),
            Some('^') => Test::Starts(one.chars().skip(1).collect()),
            Some('~') => Test::Contains(Box::new(Finder::new(one.strip_prefix('~').unwrap_or_default().as_bytes()).into_owned())),
            _ => Test::Equal(vec![(*one).to_owned()]),
        });
    }
    Ok(Test::Equal(texts.into_iter().map(str::to_owned).collect()))
}

fn compile_exprs(value: &Value, names: &mut Vec<String>) -> Result<Vec<Expr>, String> {
    let mut exprs = Vec::new();
    for text in strings(value)? {
        exprs.push(if let Some(constant) = text.strip_prefix('=') {
            Expr::Constant(constant.to_owned())
        } else if text.contains('{') {
            Expr::Template(compile_template(text, names)?)
        } else {
            Expr::Field(key(text, names))
        });
    }
    Ok(exprs)
}

fn compile_template(text: &str, names: &mut Vec<String>) -> Result<Vec<Part>, String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some((literal, tail)) = rest.split_once('{') {
        if !literal.is_empty() {
            parts.push(Part::Text(literal.to_owned()));
        }
        let (name, after) = tail.split_once('}').ok_or("`{` without `}`")?;
        parts.push(Part::Field(key(name, names)));
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest.to_owned()));
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_by_data() {
        let text = r#"
            [[map]]
            when = { EventID = ["4624"], Channel = "Security" }
            kind = "auth.success"
            user = ["{Dom}\\{Name}", "Name"]
            src = "Ip"
            src_port = "Port"
            outcome = "=success"
            [[map]]
            when = { Message = "~cleared" }
            kind = "log.cleared"
        "#;
        let table: Table = toml::from_str(text).unwrap();
        let maps: Vec<Table> = table["map"].as_array().unwrap().iter().map(|v| v.as_table().unwrap().clone()).collect();
        let mapper = Mapper::new(&maps).unwrap();
        let mut scratch = Scratch::default();
        let fields = [
            Field::new("Channel", "Security"),
            Field::new("EventID", "4624"),
            Field::new("Dom", "LAB"),
            Field::new("Name", "taro"),
            Field::new("Ip", "::ffff:192.0.2.7"),
            Field::new("Port", "0"),
        ];
        let (kind, core) = mapper.apply(&fields, &mut scratch);
        assert_eq!((kind, core.user, core.src, core.src_port), (Kind::AuthSuccess, "LAB\\taro", "192.0.2.7", None));
        assert_eq!(core.outcome, "success");
        let fields = [Field::new("Message", "the log was cleared")];
        assert_eq!(mapper.apply(&fields, &mut scratch).0, Kind::LogCleared);
        assert_eq!(mapper.apply(&[], &mut scratch).0, Kind::Other);
        assert!(Mapper::new(&[toml::from_str("kind = \"no.such\"").unwrap()]).is_err());
    }

    #[test]
    fn a_port_is_split_from_its_address() {
        assert_eq!(super::endpoint("192.0.2.7:50123"), ("192.0.2.7", Some(50123)));
        assert_eq!(super::endpoint("[2001:db8::7]:443"), ("2001:db8::7", Some(443)));
        assert_eq!(super::endpoint("[2001:db8::7]"), ("2001:db8::7", None));
        assert_eq!(super::endpoint("2001:db8::7"), ("2001:db8::7", None));
        assert_eq!(super::endpoint("::ffff:192.0.2.7"), ("192.0.2.7", None));
        assert_eq!(super::endpoint("192.0.2.7:"), ("192.0.2.7:", None));
        assert_eq!(super::endpoint("192.0.2.7"), ("192.0.2.7", None));
    }
}
