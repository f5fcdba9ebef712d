//! Windows events as JSON objects of many tools -> the names an event log itself uses.

use serde_json::Value;

use crate::flat::{self, Flat};

/// The names an event log itself uses.
pub fn native(value: &Value) -> Flat {
    let mut out = Flat::new();
    if let Some(event) = value.get("Event") {
        for (name, value) in flat::flatten(event.get("System").unwrap_or(&Value::Null)) {
            out.push((system(&name), value));
        }
        for part in ["EventData", "UserData"] {
            if let Some(data) = event.get(part) {
                payload(data, &mut out);
            }
        }
    } else if let Some(winlog) = value.get("winlog") {
        beats(value, winlog, &mut out);
    } else {
        for (name, value) in flat::flatten(value) {
            let name = if let Some(name) = name.strip_prefix("EventData.") { name.to_owned() } else { exported(&name).to_owned() };
            out.push((name, value));
        }
    }
    out
}

/// `Provider.#attributes.Name` (evtx_dump) or `Provider_attributes.Name` -> `Provider_Name`.
fn system(name: &str) -> String {
    let name = name.replace("_attributes.", ".").replace(".#attributes.", ".");
    match name.as_str() {
        "TimeCreated.SystemTime" => "SystemTime".to_owned(),
        "EventID.#text" => "EventID".to_owned(),
        other => other.replace('.', "_"),
    }
}

/// Data of an event by its own names; positional data as `Data`, `Data_1`, …
fn payload(data: &Value, out: &mut Flat) {
    let mut place = 0;
    for (name, value) in flat::flatten(data) {
        let name = name.rsplit('.').find(|part| !part.starts_with('#')).unwrap_or("Data").to_owned();
        if name == "xmlns" {
            continue;
        }
        if name != "Data" {
            out.push((name, value));
            continue;
        }
        for part in value.split(',') {
            out.push((if place == 0 { name.clone() } else { format!("Data_{place}") }, part.to_owned()));
            place += 1;
        }
    }
}

fn beats(value: &Value, winlog: &Value, out: &mut Flat) {
    for (name, value) in flat::flatten(winlog) {
        let name = match name.as_str() {
            "event_id" => "EventID",
            "channel" => "Channel",
            "provider_name" => "Provider_Name",
            "computer_name" => "Computer",
            "record_id" => "EventRecordID",
            "process.pid" => "Execution_ProcessID",
            "process.thread.id" => "Execution_ThreadID",
            "user.identifier" => "Security_UserID",
            "activity_id" => "Correlation_ActivityID",
            other => other.strip_prefix("event_data.").or_else(|| other.strip_prefix("user_data.")).unwrap_or(other),
        };
        out.push((name.to_owned(), value));
    }
    if let Some(time) = value.get("@timestamp") {
        out.push(("SystemTime".to_owned(), flat::plain(time)));
    }
}

/// Names of NXLog and other flat exports.
fn exported(name: &str) -> &str {
    match name {
        "Hostname" | "ComputerName" => "Computer",
        "SourceName" => "Provider_Name",
        "RecordNumber" => "EventRecordID",
        "EventTime" | "TimeCreated" => "SystemTime",
        "ProcessID" => "Execution_ProcessID",
        "ThreadID" => "Execution_ThreadID",
        other => other,
    }
}
