//! The case told again: what changed since the story was told before.

use konseki_model::Chain;
use konseki_report::Lang;

use crate::run::{Case, write};
use crate::{Error, assemble};

/// All changes of the last telling, for whoever wants more than the terminal shows.
const FILE: &str = "work/changes.json";
const BEFORE: &str = "work/chain.before.json";

/// What the terminal says of changes, in English and Japanese; empty at the first telling and where nothing changed.
#[derive(Default)]
pub(crate) struct Revised {
    pub en: String,
    pub ja: String,
}

/// The story as it was told before this run. Call before the new one is written.
pub(crate) fn before(case: &Case) -> Option<Chain> {
    let text = std::fs::read_to_string(case.path("results/chain.json")).ok()?;
    serde_json::from_str(&text).ok()
}

/// Compares, and keeps the earlier telling and the changes under `work/`: results depend on the evidence alone.
///
/// # Errors
/// The case cannot be written.
pub(crate) fn revise(case: &Case, before: Option<&Chain>, after: &Chain) -> Result<Revised, Error> {
    let Some(before) = before else { return Ok(Revised::default()) };
    let changes = konseki_chain::changes(before, after);
    if changes.is_empty() {
        return Ok(Revised::default());
    }
    write(&case.path(BEFORE), assemble::pretty(before)?.as_bytes())?;
    write(&case.path(FILE), assemble::pretty(&changes)?.as_bytes())?;
    let told: Vec<konseki_report::Change> = changes
        .into_iter()
        .map(|one| konseki_report::Change {
            what: one.what,
            of: one.of,
            of_ja: one.of_ja,
            host: one.host,
            before: one.before,
            after: one.after,
        })
        .collect();
    let text = |lang| konseki_report::changes_text(&told, FILE, lang);
    Ok(Revised { en: text(Lang::En), ja: text(Lang::Ja) })
}
