//! The page: one self-contained HTML file, no network, everything from evidence escaped once.

mod coverage;
mod env;
mod markup;
mod svg;
mod timeline;
mod view;

pub(crate) use view::bytes_key;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use minijinja::context;
use minijinja::value::{Serde, Value};
use sha2::{Digest, Sha256};

use crate::attack;
use crate::case::Case;
use crate::time::Zone;
use crate::words::{Lang, Words};

use markup::Markup;

const SCRIPT: &str = include_str!("../../page/script.js");
const STYLE: &str = include_str!("../../page/style.css");

/// The whole page. Same case, same bytes.
pub fn render(case: &Case<'_>) -> String {
    let markup = Markup::new(Zone::new(case.zone));
    let env = env::environment(&markup);
    let style = style(case);
    let context = context! {
        csp => policy(&style),
        style => style,
        script => SCRIPT,
        label_ja => Words::plain(Lang::Ja, "page.lang.ja"),
        attack_designation => attack::DESIGNATION,
        ..Value::from(Serde(view::view(case, &markup)))
    };
    match env.get_template("index.html").and_then(|template| template.render(context)) {
        Ok(page) => page,
        // The templates are ours and tested; should one fail all the same, the reader is told.
        Err(error) => format!("<!doctype html><meta charset=\"utf-8\"><pre>{}</pre>", crate::escape::html(&format!("{error:#}"))),
    }
}

/// Style with the label that print repeats at the edge of each sheet, and the colours of the tactics.
fn style(case: &Case<'_>) -> String {
    let tactics: String =
        attack::tactics().iter().map(|tactic| format!(".tac-{} b {{ color: {}; }}\n", tactic.short, tactic.colour)).collect();
    STYLE.replace("TLP-LABEL", case.tlp.label()).replace("/*TACTICS*/", &tactics)
}

/// Nothing is fetched; only this script and this style act.
fn policy(style: &str) -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; img-src data:; base-uri 'none'; form-action 'none'",
        hash(SCRIPT),
        hash(style)
    )
}
