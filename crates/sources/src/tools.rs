//! What findings of other tools have in common: the tool, its title and its level in Sigma's words.

use konseki_model::Field;

/// Sigma's word for a level as a tool shortens it; a word that is none of them stays.
pub fn level(written: &str) -> &str {
    match written {
        "crit" | "Critical" | "CRITICAL" => "critical",
        "High" | "HIGH" => "high",
        "med" | "Medium" | "MEDIUM" => "medium",
        "Low" | "LOW" => "low",
        "info" | "None" | "Info" | "INFO" => "informational",
        other => other,
    }
}

/// Adds what the map of a tool relies on: `tool`, `title` in the tool's own words, and `level` where it gives one.
pub fn finding<'a>(fields: &mut Vec<Field<'a>>, tool: &'a str, title: &'a str, written: &'a str) {
    fields.extend([Field::new("tool", tool), Field::new("title", title)]);
    if !written.is_empty() {
        fields.push(Field::new("level", level(written)));
    }
}
