//! What could not be seen: gaps admitted, and things said not to be that were.

use crate::score::{Answer, Score, list, text};

/// The same evidence in another form is the same source.
fn family(source: &str) -> String {
    match source {
        "windows/json" | "windows/csv" => "windows/evtx".to_owned(),
        "ivanti/vc0" => "ivanti/syslog".to_owned(),
        // Lists of machines are one thing to collect.
        "vmware/esxi_vm_process_list" | "vmware/esxi_vminventory" | "vmware/esxi_getallvms" => "vmware/esxi_inventory".to_owned(),
        other => other.to_owned(),
    }
}

pub fn gaps(a: &Answer, s: &mut Score) {
    let said: Vec<(String, String)> = list(a.chain, "gaps").map(|g| (family(text(g, "source")), text(g, "host").to_lowercase())).collect();
    let told = |source: &str, host: Option<&str>| {
        said.iter().any(|(src, h)| {
            let same_host = host.is_none_or(|x| h.is_empty() || h == &x.to_lowercase() || h.starts_with(&format!("{}.", x.to_lowercase())));
            *src == family(source) && same_host
        })
    };
    for gap in &a.truth.gaps {
        let found = told(&gap.source, Some(&gap.host)) || (gap.why == "not collected" && told(&gap.source, None));
        s.gap_recall.count(found);
        if !found {
            s.gaps_missed.push(format!("{} {} {} hides {}", gap.source, gap.host, gap.why, gap.hides.join(" ")));
        }
    }
    for step in a.truth.steps.iter().filter(|t| !t.visible && t.required) {
        s.hidden_steps_admitted.count(step.sources.iter().any(|source| told(source, None)));
    }
}

/// Words by which a hypothesis about the entry is known.
const ENTRY: &[(&str, &[&str])] = &[
    ("vpn-exploit", &["exploit"]),
    ("stolen-password", &["password", "credential"]),
    ("insider", &["insider"]),
    ("mail-gateway", &["mail"]),
];

/// A hypothesis that is true and called contradicted, or a false alarm that is called supported; an absence that a step refutes.
pub fn denials(a: &Answer, s: &mut Score) {
    for h in list(a.chain, "hypotheses") {
        let name = format!("{} {}", text(h, "id"), text(h, "title")).to_lowercase();
        let verdict = text(h, "verdict");
        let entry = ENTRY.iter().find(|(entry, _)| *entry == a.truth.entry);
        let about_entry = entry.is_some_and(|(entry, words)| name.contains(entry) || words.iter().any(|w| name.contains(w)));
        if a.truth.intrusion && verdict == "contradicted" && about_entry {
            s.false_denials.push(format!("{} {} contradicted", text(h, "id"), text(h, "title")));
        }
        if a.truth.intrusion && verdict == "supported" && (name.contains("false alarm") || name.contains("no intrusion")) {
            s.false_denials.push(format!("{} {} supported", text(h, "id"), text(h, "title")));
        }
        let tactic = a.truth.steps.iter().find(|t| name.contains(&t.tactic));
        if let Some(step) = tactic.filter(|_| verdict == "contradicted" && !about_entry) {
            s.false_denials.push(format!("{} {} contradicted, but {}", text(h, "id"), text(h, "title"), step.id));
        }
    }
}
