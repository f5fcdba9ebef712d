//! What other tools said: who agrees, who does not, and why.

use konseki_model::Because;
use konseki_model::other::{About, OtherTool, Verdict};
use serde::Serialize;

use super::story::as_safe;
use super::{ROWS_MAX, head, left};
use crate::case::Case;
use crate::page::markup::words_with;
use crate::time::parse_rfc3339;

#[derive(Serialize)]
pub struct OthersView<'a> {
    tools: &'a [OtherTool],
    rows: Vec<OpinionView<'a>>,
    left: u64,
}

#[derive(Serialize)]
struct OpinionView<'a> {
    verdict: Verdict,
    about: About,
    tool: &'a str,
    name: &'a str,
    host: &'a str,
    level: &'a str,
    count: u64,
    first: Option<i64>,
    findings: &'a [String],
    because: &'a [Because],
    #[serde(serialize_with = "as_safe")]
    why: String,
}

pub fn others<'a>(case: &Case<'a>) -> OthersView<'a> {
    let others = case.others;
    let rows = others.opinions.iter().take(ROWS_MAX).map(|one| {
        let args: Vec<(&str, String)> = one.args.iter().map(|(key, value)| (key.as_str(), value.clone())).collect();
        OpinionView {
            verdict: one.verdict,
            about: one.about,
            tool: &one.tool,
            name: &one.name,
            host: &one.host,
            level: &one.level,
            count: one.count,
            first: one.first.as_deref().and_then(parse_rfc3339),
            findings: &one.findings,
            because: head(&one.because, 2),
            why: if one.why.is_empty() { String::new() } else { words_with(&format!("page.other-why.{}", one.why), &args) },
        }
    });
    OthersView { tools: &others.tools, rows: rows.collect(), left: left(others.opinions.len(), ROWS_MAX) }
}
