//! One audit record as flat fields: lists of names and values opened, one entry for each message it lists.

use serde_json::{Map, Value};

use crate::flat::{self, Flat};

pub type Entry = Flat;

/// Columns of an export under the names the records use.
pub fn column(name: &str) -> &str {
    match name {
        "Operations" => "Operation",
        "UserIds" => "UserId",
        other => other,
    }
}

/// What stands beside `AuditData` in the result object of a search.
pub fn columns(value: &Value) -> Flat {
    let all = flat::flatten(value);
    let beside = all.into_iter().filter(|(name, value)| name != "AuditData" && !name.starts_with("AuditData.") && !value.is_empty());
    beside.map(|(name, value)| (column(&name).to_owned(), value)).collect()
}

/// The entries of a record: one for each message (`Folders[].FolderItems[]` of MailItemsAccessed, `AffectedItems[]` of
/// deletions and moves) under `Item.…`, one for each folder synchronised whole under `Folder.…`, else one.
/// Schema: the Office 365 Management Activity API of Microsoft.
pub fn entries(value: &Value) -> Vec<Entry> {
    let Value::Object(record) = value else { return vec![flat::flatten(value)] };
    let mut common = Map::new();
    let mut items = Vec::new();
    for (name, part) in record {
        match (name.as_str(), part) {
            ("Folders", Value::Array(folders)) if !folders.is_empty() => {
                for folder in folders {
                    folder_items(folder, &mut items);
                }
            }
            ("AffectedItems", Value::Array(list)) if !list.is_empty() => {
                items.extend(list.iter().map(|item| prefixed("Item", item)));
            }
            _ => {
                common.insert(name.clone(), named(part));
            }
        }
    }
    let mut common = flat::flatten(&Value::Object(common));
    for (_, value) in &mut common {
        if value == "<null>" {
            value.clear();
        }
    }
    if items.is_empty() {
        return vec![common];
    }
    items.into_iter().map(|item| common.iter().cloned().chain(item).collect()).collect()
}

fn folder_items(folder: &Value, items: &mut Vec<Flat>) {
    let mut about = folder.clone();
    let listed = about.as_object_mut().and_then(|map| map.remove("FolderItems"));
    let about = prefixed("Folder", &about);
    match listed {
        Some(Value::Array(list)) if !list.is_empty() => {
            items.extend(list.iter().map(|item| about.iter().cloned().chain(prefixed("Item", item)).collect::<Flat>()));
        }
        _ => items.push(about),
    }
}

fn prefixed(head: &str, value: &Value) -> Flat {
    flat::flatten(&named(value)).into_iter().map(|(name, value)| (format!("{head}.{name}"), value)).collect()
}

/// `[{"Name": "ForwardTo", "Value": "x"}]` -> `{"ForwardTo": "x"}`; other keys beside `Name` stay below it. A list where a
/// name comes twice stays as it is.
fn named(value: &Value) -> Value {
    match value {
        Value::Array(list) => opened(list).unwrap_or_else(|| value.clone()),
        Value::Object(map) => Value::Object(map.iter().map(|(name, part)| (name.clone(), named(part))).collect()),
        other => other.clone(),
    }
}

fn opened(list: &[Value]) -> Option<Value> {
    let mut out = Map::new();
    for item in list {
        let mut map = item.as_object()?.clone();
        let Some(Value::String(name)) = map.remove("Name") else { return None };
        let inner = match (map.len(), map.remove("Value")) {
            (1, Some(value)) => value,
            (_, Some(value)) => {
                map.insert("Value".to_owned(), value);
                Value::Object(map)
            }
            (0, None) => return None,
            (_, None) => Value::Object(map),
        };
        if out.insert(name, inner).is_some() {
            return None;
        }
    }
    (!out.is_empty()).then_some(Value::Object(out))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn messages_become_entries() {
        let record = json!({"Operation": "MailItemsAccessed", "Folders": [
            {"Path": "\\Inbox", "FolderItems": [{"InternetMessageId": "<a>"}, {"InternetMessageId": "<b>"}]}, {"Path": "\\Sent"}],
            "OperationProperties": [{"Name": "MailAccessType", "Value": "Bind"}, {"Name": "IsThrottled", "Value": "False"}]});
        let found = entries(&record);
        assert_eq!(found.len(), 3);
        assert_eq!(flat::get(&found[1], "Item.InternetMessageId"), "<b>");
        assert_eq!(flat::get(&found[2], "Folder.Path"), "\\Sent");
        assert_eq!(flat::get(&found[0], "OperationProperties.MailAccessType"), "Bind");
    }

    #[test]
    fn names_that_repeat_stay_whole() {
        let twice = json!([{"Name": "a", "Value": "1"}, {"Name": "a", "Value": "2"}]);
        assert_eq!(named(&twice), twice);
        let changed = named(&json!([{"Name": "Role", "NewValue": "x", "OldValue": ""}]));
        assert_eq!(changed, json!({"Role": {"NewValue": "x", "OldValue": ""}}));
    }
}
