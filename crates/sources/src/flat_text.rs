//! A line of JSON as native fields, without building a tree: what `flat::flatten` gives, borrowed from the line where
//! it can be.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Number, Value};

use crate::flat::{self, DEEPEST};

/// Names and values of one record, in the order written.
pub type Fields<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// Takes an object apart; `None` where the line is no JSON object.
pub fn parse(text: &str) -> Option<Fields<'_>> {
    if !text.trim_start().starts_with('{') {
        return None;
    }
    let mut out = Out { fields: Fields::with_capacity(32), keys: Vec::with_capacity(32) };
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = Item { name: Cow::Borrowed(""), depth: 0, out: &mut out }.deserialize(&mut reader);
    if read.is_ok() && reader.end().is_ok() {
        return Some(out.fields);
    }
    // A name that comes twice, or no JSON at all: the tree decides.
    let value = serde_json::from_str::<Value>(text).ok()?;
    Some(flat::flatten(&value).into_iter().map(|(name, value)| (name.into(), value.into())).collect())
}

/// The first value of that name, or an empty one.
pub fn get<'a>(fields: &'a Fields<'_>, name: &str) -> &'a str {
    fields.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
}

struct Out<'de> {
    fields: Fields<'de>,
    /// Keys of the objects that are open.
    keys: Vec<Cow<'de, str>>,
}

struct Item<'o, 'de> {
    name: Cow<'de, str>,
    depth: usize,
    out: &'o mut Out<'de>,
}

impl<'de> Item<'_, 'de> {
    fn put(self, value: impl Into<Cow<'de, str>>) {
        self.out.fields.push((self.name, value.into()));
    }
}

impl<'de> DeserializeSeed<'de> for Item<'_, 'de> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Item<'_, 'de> {
    type Value = ();

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.put("");
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.put(if value { "true" } else { "false" });
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.put(value.to_string());
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.put(value.to_string());
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.put(Number::from_f64(value).map_or_else(|| "null".to_owned(), |number| number.to_string()));
        Ok(())
    }

    fn visit_borrowed_str<E>(self, value: &'de str) -> Result<(), E> {
        self.put(value);
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.put(value.to_owned());
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<(), A::Error> {
        let mut list = Vec::new();
        while let Some(item) = from.next_element::<Value>()? {
            list.push(item);
        }
        let text = flat::list(&list).unwrap_or_else(|| Value::Array(list).to_string());
        self.put(text);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<(), A::Error> {
        if self.depth >= DEEPEST {
            return Err(A::Error::custom("deep"));
        }
        let (first, mut seen) = (self.out.keys.len(), 0_u64);
        while let Some(Key(key)) = from.next_key::<Key<'de>>()? {
            let bit = 1 << (key.bytes().fold(0_u8, |all, byte| all.wrapping_mul(31).wrapping_add(byte)) % 64);
            let known = self.out.keys.get(first..).unwrap_or_default();
            if seen & bit != 0 && known.contains(&key) {
                return Err(A::Error::custom("twice"));
            }
            seen |= bit;
            self.out.keys.push(key.clone());
            let name = if self.name.is_empty() { key } else { format!("{}.{key}", self.name).into() };
            from.next_value_seed(Item { name, depth: self.depth + 1, out: self.out })?;
        }
        self.out.keys.truncate(first);
        Ok(())
    }
}

struct Key<'de>(Cow<'de, str>);

impl<'de> serde::Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Key<'de>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a key")
            }
            fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Self::Value, E> {
                Ok(Key(value.into()))
            }
            fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
                Ok(Key(value.to_owned().into()))
            }
        }
        from.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gives_what_the_tree_gives() {
        let deep = format!("{}1{}", "{\"a\":".repeat(20), "}".repeat(20));
        let lines = [
            r#"{"ts":1704067200.123456,"id":{"orig_h":"192.0.2.1","orig_p":51234},"ok":true,"no":null,"list":["a",1,2.5]}"#,
            r#"{"a\"b":"c\nd","a":{},"b":[],"c":[{"d":1}],"e":[[1]],"f":-3,"g":1e300,"h":18446744073709551615}"#,
            r#"{"twice":1,"twice":{"x":2},"z":3}"#,
            r#"{"a":{"b":1,"b":2},"a.b":3}"#,
            " {\"caf\u{e9}\":\"\\u00e9\"} ",
            "{}",
            &deep,
        ];
        for line in lines {
            let tree = flat::flatten(&serde_json::from_str(line).unwrap());
            let own: Vec<(String, String)> = parse(line).unwrap().into_iter().map(|(n, v)| (n.into(), v.into())).collect();
            assert_eq!(own, tree, "{line}");
        }
        for line in ["", "[1]", "{", r#"{"a":1} x"#, r#"{"a":1,}"#, r#""{""#] {
            assert!(parse(line).is_none(), "{line}");
        }
    }
}
