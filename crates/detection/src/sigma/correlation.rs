//! Correlation documents as written: type, rules, grouping, window and condition.

use std::collections::BTreeMap;

use super::Refused;
use super::atom::{Expr, Number, Test};
use super::condition::{self, Selections};
use crate::yaml::{Data, Node};

/// Longest window: ten years.
const MAX_SPAN: i64 = 10 * 366 * 86_400 * 1_000_000;
/// Rules that one correlation may name.
const MAX_RULES: usize = 1_000;

#[derive(Clone, Debug)]
pub(crate) struct Block {
    pub kind: Kind,
    /// Ids or names.
    pub rules: Vec<String>,
    pub group_by: Vec<String>,
    /// Alias -> rule (id or name) -> field.
    pub aliases: BTreeMap<String, BTreeMap<String, String>>,
    /// Microseconds.
    pub span: i64,
    pub condition: Condition,
    /// Whether the rules named report on their own too.
    pub generate: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    EventCount,
    ValueCount,
    ValueSum,
    ValueAvg,
    /// Hundredths: 50 is the median.
    Percentile(u8),
    Temporal,
    TemporalOrdered,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Condition {
    pub bounds: Vec<(Bound, f64)>,
    pub fields: Vec<String>,
    /// An expression over rule names (temporal).
    pub text: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    Lt,
    Lte,
    Gt,
    Gte,
    Eq,
    Neq,
}

impl Condition {
    pub fn holds(&self, value: f64) -> bool {
        self.bounds.iter().all(|(bound, limit)| match bound {
            Bound::Lt => value < *limit,
            Bound::Lte => value <= *limit,
            Bound::Gt => value > *limit,
            Bound::Gte => value >= *limit,
            Bound::Eq => value == *limit,
            Bound::Neq => value != *limit,
        })
    }

    /// More can only help: windows may slide.
    pub fn rising(&self) -> bool {
        self.bounds.iter().all(|(bound, _)| matches!(bound, Bound::Gt | Bound::Gte))
    }
}

/// Reads the `correlation` block. `outer`: the whole document, for a `generate` beside it.
pub(crate) fn block(node: &Node, outer: &Node) -> Result<Block, Refused> {
    let asked = node.get("type").ok_or_else(|| Refused::new(node.line, "there is no type"))?;
    let mut kind = kind(asked.value.text().unwrap_or_default(), asked.line)?;
    let rules = node.get("rules").ok_or_else(|| Refused::new(node.line, "there are no rules"))?;
    let names = rules.value.texts();
    if names.is_empty() || names.len() > MAX_RULES {
        return Err(Refused::new(rules.line, "there are no rules, or too many"));
    }
    let span = node.get("timespan").or_else(|| node.get("timeframe")).ok_or_else(|| Refused::new(node.line, "there is no timespan"))?;
    let micros = timespan(span.value.text().unwrap_or_default()).map_err(|reason| Refused::new(span.line, reason))?;
    let condition = bounds(node, kind)?;
    if let (Kind::Percentile(_), Some(entry)) = (kind, percentile(node)) {
        kind = Kind::Percentile(entry);
    }
    let generate = node.text_of("generate").or_else(|| outer.text_of("generate"));
    Ok(Block {
        kind,
        rules: names,
        group_by: node.get("group-by").map(|entry| entry.value.texts()).unwrap_or_default(),
        aliases: aliases(node),
        span: micros,
        condition,
        generate: generate.is_some_and(|text| text.eq_ignore_ascii_case("true")),
    })
}

/// The condition over names of rules, where it is a text (temporal).
pub(crate) fn over(block: &Block, line: u32) -> Result<Option<Expr>, Refused> {
    let Some(text) = &block.condition.text else { return Ok(None) };
    let names = block.rules.iter();
    let selections: Selections = names.map(|name| (name.clone(), Expr::atom(Some(name), Test::Exists(true)))).collect();
    condition::parse(text, &selections).map(Some).map_err(|reason| Refused::new(line, reason))
}

fn kind(text: &str, line: u32) -> Result<Kind, Refused> {
    match text {
        "event_count" => Ok(Kind::EventCount),
        "value_count" => Ok(Kind::ValueCount),
        "value_sum" => Ok(Kind::ValueSum),
        "value_avg" => Ok(Kind::ValueAvg),
        "value_percentile" | "value_median" => Ok(Kind::Percentile(50)),
        "temporal" => Ok(Kind::Temporal),
        "temporal_ordered" => Ok(Kind::TemporalOrdered),
        _ => Err(Refused::new(line, format!("correlation type `{text}` is not known"))),
    }
}

fn percentile(node: &Node) -> Option<u8> {
    let condition = &node.get("condition")?.value;
    let number = condition.text_of("percentile")?.parse::<u8>().ok()?;
    (number <= 100).then_some(number)
}

fn bounds(node: &Node, kind: Kind) -> Result<Condition, Refused> {
    let temporal = matches!(kind, Kind::Temporal | Kind::TemporalOrdered);
    let Some(entry) = node.get("condition") else {
        let why = "there is no condition";
        return if temporal { Ok(Condition::default()) } else { Err(Refused::new(node.line, why)) };
    };
    let mut made = Condition::default();
    match &entry.value.data {
        Data::Scalar { text, .. } if kind == Kind::Temporal => made.text = Some(text.clone()),
        Data::Map(entries) => {
            for entry in entries {
                part(&mut made, &entry.key, &entry.value, entry.line)?;
            }
        }
        _ => return Err(Refused::new(entry.line, "the condition has no bounds")),
    }
    if made.bounds.is_empty() && !temporal {
        return Err(Refused::new(entry.line, "the condition has no bounds"));
    }
    let valued = !matches!(kind, Kind::EventCount | Kind::Temporal | Kind::TemporalOrdered);
    if valued && made.fields.is_empty() {
        return Err(Refused::new(entry.line, "the condition names no field"));
    }
    Ok(made)
}

fn part(made: &mut Condition, key: &str, value: &Node, line: u32) -> Result<(), Refused> {
    let bound = match key {
        "field" => {
            made.fields = value.texts();
            return Ok(());
        }
        "percentile" => return Ok(()),
        "lt" => Bound::Lt,
        "lte" => Bound::Lte,
        "gt" => Bound::Gt,
        "gte" => Bound::Gte,
        "eq" => Bound::Eq,
        "neq" => Bound::Neq,
        _ => return Err(Refused::new(line, format!("`{key}` is not known in a condition"))),
    };
    let number = value.text().and_then(Number::parse);
    let number = number.ok_or_else(|| Refused::new(line, format!("`{key}` has no number")))?;
    made.bounds.push((bound, number.value()));
    Ok(())
}

fn aliases(node: &Node) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut out = BTreeMap::new();
    for alias in node.get("aliases").map(|entry| entry.value.entries()).unwrap_or_default() {
        let by_rule = alias.value.entries().iter();
        let by_rule = by_rule.filter_map(|entry| Some((entry.key.clone(), entry.value.text()?.to_owned()))).collect();
        out.insert(alias.key.clone(), by_rule);
    }
    out
}

/// `30s`, `5m`, `2h`, `1d`, `1w`, `1M` (30 days), `1y` (365 days), in microseconds.
fn timespan(text: &str) -> Result<i64, String> {
    let text = text.trim();
    let bad = || format!("timespan `{text}` cannot be used: a number and s, m, h, d, w, M or y, at most ten years");
    let unit = text.chars().last().ok_or_else(bad)?;
    let number = text.get(..text.len() - unit.len_utf8()).unwrap_or_default();
    let number = number.trim().parse::<u32>().map_err(|_| bad())?;
    let seconds: i64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        'w' => 7 * 86_400,
        'M' => 30 * 86_400,
        'y' => 365 * 86_400,
        _ => return Err(bad()),
    };
    let micros = i64::from(number).checked_mul(seconds * 1_000_000).ok_or_else(bad)?;
    if micros > 0 && micros <= MAX_SPAN { Ok(micros) } else { Err(bad()) }
}
