//! Indicators as a table that tools take in.

use konseki_report::{csv_field, defang};

use super::stamp;
use super::stix;
use super::view::{View, places};
use crate::{Error, File};

const HEAD: &str =
    "type,value,value_defanged,first_seen_utc,last_seen_utc,confidence,tlp,attack_id,description,evidence_ref,stix_id,misp_to_ids";

/// # Errors
/// None yet; the same face as its neighbours.
pub fn files(view: &View<'_>) -> Result<Vec<File>, Error> {
    let mut text = format!("{HEAD}\n");
    for ioc in &view.iocs {
        let shown = defang(&ioc.value);
        let findings = || ioc.findings.iter().filter_map(|id| view.findings.get(id.as_str()));
        let titles: std::collections::BTreeSet<&str> = findings().map(|finding| finding.title.as_str()).collect();
        let evidence: Vec<String> = findings().flat_map(|finding| places(finding).take(1)).take(5).collect();
        let row = [
            ioc.kind.to_owned(),
            if view.request.defang { shown.clone() } else { ioc.value.clone() },
            shown,
            ioc.first.map(stamp).unwrap_or_default(),
            ioc.last.map(stamp).unwrap_or_default(),
            format!("{:.2}", ioc.confidence),
            view.tlp().label().to_owned(),
            ioc.techniques.iter().cloned().collect::<Vec<_>>().join(" "),
            defang_all(view, &titles.into_iter().take(3).collect::<Vec<_>>().join("; ")),
            evidence.join(" "),
            view.ids.stix("indicator", &format!("{}|{}", ioc.kind, ioc.value)),
            (ioc.confidence >= 0.8).to_string(),
        ];
        debug_assert!(!stix::pattern(ioc).is_empty());
        text.push_str(&row.map(|cell| csv_field(&cell)).join(","));
        text.push('\n');
    }
    Ok(vec![File::new("data/iocs.csv", text)])
}

/// The intruder's values within a sentence, where the table is to be defanged.
fn defang_all(view: &View<'_>, text: &str) -> String {
    if !view.request.defang {
        return text.to_owned();
    }
    view.iocs.iter().fold(text.to_owned(), |text, ioc| text.replace(&ioc.value, &defang(&ioc.value)))
}
