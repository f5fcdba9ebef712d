//! JSON objects as native fields: names joined by dots, lists joined by commas, numbers as written by the parser.

use serde_json::Value;

/// Deepest nesting that is taken apart; what lies deeper stays JSON.
pub(crate) const DEEPEST: usize = 12;

/// Names and values of one record.
pub type Flat = Vec<(String, String)>;

/// Takes an object apart.
pub fn flatten(value: &Value) -> Flat {
    let mut flat = Flat::new();
    walk("", value, 0, &mut flat);
    flat
}

/// The first value of that name, or an empty one.
pub fn get<'a>(flat: &'a Flat, name: &str) -> &'a str {
    flat.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value.as_str())
}

/// A plain value as text; objects and lists as JSON.
pub fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn walk(name: &str, value: &Value, depth: usize, flat: &mut Flat) {
    match value {
        Value::Object(map) if depth < DEEPEST => {
            for (key, value) in map {
                let name = if name.is_empty() { key.clone() } else { format!("{name}.{key}") };
                walk(&name, value, depth + 1, flat);
            }
        }
        Value::Array(items) => flat.push((name.to_owned(), list(items).unwrap_or_else(|| plain(value)))),
        other => flat.push((name.to_owned(), plain(other))),
    }
}

/// Plain values joined by commas; `None` where one of them is an object or a list.
pub(crate) fn list(items: &[Value]) -> Option<String> {
    let whole = items.iter().all(|item| !item.is_object() && !item.is_array());
    whole.then(|| items.iter().map(plain).collect::<Vec<_>>().join(","))
}
