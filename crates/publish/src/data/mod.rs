//! The data of a package: the same claims in the formats that other tools read.

mod custody;
mod detections;
mod flow;
mod ids;
mod lists;
mod malware;
mod misp;
mod navigator;
mod ocsf;
mod stix;
mod tables;
mod timesketch;
mod view;

use konseki_model::Fidelity;
use konseki_model::time::rfc3339;
use serde_json::Value;

use crate::{Claims, Error, File, Request};
pub use detections::act_rules;
pub(crate) use detections::{HIDDEN, SCRIPT, SCRIPT_PATH};
use view::View;

/// RFC 3339 UTC to the microsecond.
pub(crate) fn stamp(micros: i64) -> String {
    rfc3339(micros, Fidelity::Microsecond)
}

/// RFC 3339 UTC with exactly three digits, as STIX writes times.
pub(crate) fn millis(micros: i64) -> String {
    rfc3339(micros.div_euclid(1000) * 1000, Fidelity::Millisecond)
}

/// Adds a field to an object.
fn set(object: &mut Value, name: &str, value: Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
}

fn json_file(path: &str, value: &Value) -> Result<File, Error> {
    let text = serde_json::to_string_pretty(value).map_err(|error| Error::Internal(error.to_string()))?;
    Ok(File::new(path, text + "\n"))
}

/// Files of this part of the package.
///
/// # Errors
/// A value that cannot be written.
pub fn write(told: &Claims, request: &Request) -> Result<Vec<File>, Error> {
    let view = View::new(told, request);
    let mut files = vec![
        json_file("data/stix.json", &stix::bundle(&view))?,
        json_file("data/attack-flow.json", &flow::stix(&view))?,
        json_file("data/attack-flow.afb", &flow::afb(&view))?,
        json_file("data/misp-event.json", &misp::event(&view))?,
        json_file("data/ocsf.json", &ocsf::events(&view))?,
        timesketch::jsonl(&view)?,
    ];
    for version in ["18", "19"] {
        files.push(json_file(&format!("data/navigator-v{version}.json"), &navigator::layer(&view, version))?);
    }
    files.extend(lists::files(&view)?);
    files.extend(tables::files(&view)?);
    files.extend(malware::file(&view));
    files.extend(detections::files(&view)?);
    files.extend(custody::files(&view)?);
    Ok(files)
}
