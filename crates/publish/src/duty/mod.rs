//! Clocks of duty: which notices are due when, and what the case can already fill in. Not legal advice.

mod calendar;
mod paper;

use std::sync::OnceLock;

use jiff::Timestamp;
use jiff::civil::{Date, time};
use jiff::tz::TimeZone;
use konseki_report::Both;
use serde::Deserialize;

use crate::words::facts::Facts;
use crate::words::view::View;
use crate::{Claims, Error, File, Request};
use calendar::Calendar;

pub(crate) use paper::document;

/// A text of the data file in both languages.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Text {
    pub en: String,
    pub ja: String,
}

impl Text {
    pub fn both(&self) -> Both {
        Both { en: self.en.clone(), ja: self.ja.clone() }
    }
}

/// What a form asks for, and where the case has it: `case:…` or `fact:…`.
#[derive(Clone, Debug, Deserialize)]
pub struct Item {
    pub en: String,
    pub ja: String,
    pub from: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    Hours,
    Days,
    BusinessDays,
    Months,
    /// No clock: without delay, or voluntary.
    None,
}

/// One notice of `data/duties.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    pub id: String,
    pub name: Text,
    pub applies: Text,
    pub trigger: String,
    #[serde(default)]
    pub after: String,
    #[serde(default)]
    pub amount: i64,
    #[serde(default)]
    pub opens: Option<i64>,
    pub unit: Unit,
    #[serde(default)]
    pub count_from: i64,
    #[serde(default)]
    pub calendar: String,
    #[serde(default)]
    pub roll: String,
    pub zone: String,
    pub status: String,
    /// Where the duty stands.
    pub article: Text,
    /// What the text says of when its clock begins; empty where no text does.
    pub words: Text,
    /// Language tag of the law; the other one is our translation.
    pub words_in: String,
    pub basis: String,
    pub checked: String,
    pub item: Vec<Item>,
}

#[derive(Deserialize)]
struct Rules {
    duty: Vec<Rule>,
}

/// Every rule, in the order of the file.
pub fn rules() -> &'static [Rule] {
    static RULES: OnceLock<Vec<Rule>> = OnceLock::new();
    // A file that does not parse is caught by its test.
    RULES.get_or_init(|| toml::from_str::<Rules>(include_str!("../../data/duties.toml")).map(|file| file.duty).unwrap_or_default())
}

/// When a notice is due. Times are microseconds UTC; a day that ends a period ends with its last second.
#[derive(Clone, Debug)]
pub struct Due {
    pub rule: &'static Rule,
    pub trigger: Option<i64>,
    /// The trigger is the due time of another duty, because its own instant is not known.
    pub projected: bool,
    pub opens: Option<i64>,
    pub due: Option<i64>,
    /// The last day itself, where the period is of days.
    pub day: Option<Date>,
    /// Until then, counted from the request's `now`.
    pub remaining: Option<i64>,
    /// The table of holidays does not reach that day.
    pub beyond: bool,
}

/// Due times of all rules. A trigger is an instant that a person set; it is never taken from the first sign in evidence.
pub fn compute(told: &Claims, now: Option<i64>) -> Vec<Due> {
    let facts = Facts::new(told);
    let mut all: Vec<Due> = Vec::new();
    for rule in rules() {
        let own = facts.instant(&rule.trigger);
        let before = all.iter().find(|due| due.rule.id == rule.after).and_then(|due| due.due);
        let trigger = own.or(before);
        let mut due = clock(rule, trigger);
        due.projected = own.is_none() && before.is_some();
        due.remaining = due.due.zip(now).map(|(due, now)| due - now);
        all.push(due);
    }
    all
}

/// The due time of one rule from its trigger.
pub fn clock(rule: &'static Rule, trigger: Option<i64>) -> Due {
    let mut due = Due { rule, trigger, projected: false, opens: None, due: None, day: None, remaining: None, beyond: false };
    let Some(start) = trigger else { return due };
    let hours = |n: i64| start.checked_add(n.checked_mul(3_600_000_000)?);
    match rule.unit {
        Unit::Hours => due.due = hours(rule.amount),
        Unit::None => {}
        Unit::Days | Unit::BusinessDays | Unit::Months => {
            let zone = TimeZone::get(&rule.zone).unwrap_or(TimeZone::UTC);
            let calendar = Calendar::new(&rule.calendar);
            let first = Timestamp::from_microsecond(start).ok().map(|at| zone.to_datetime(at).date());
            let last = first.and_then(|first| last_day(rule, calendar, first, rule.amount));
            due.day = last;
            due.beyond = last.is_some_and(|day| !calendar.knows(day));
            due.due = last.and_then(|day| end_of(day, &zone));
            let opens = rule.opens.zip(first).and_then(|(n, first)| last_day(rule, calendar, first, n));
            due.opens = opens.and_then(|day| start_of(day, &zone));
        }
    }
    due
}

fn last_day(rule: &Rule, calendar: Calendar, first: Date, n: i64) -> Option<Date> {
    let last = match rule.unit {
        Unit::BusinessDays => calendar.business_days(first, n)?,
        Unit::Months => calendar::months(first, n)?,
        _ => calendar::days(first, n, rule.count_from)?,
    };
    if rule.roll == "next-open" { calendar.next_open(last) } else { Some(last) }
}

fn start_of(day: Date, zone: &TimeZone) -> Option<i64> {
    Some(zone.to_timestamp(day.to_datetime(time(0, 0, 0, 0))).ok()?.as_microsecond())
}

/// The last second of the day.
fn end_of(day: Date, zone: &TimeZone) -> Option<i64> {
    Some(zone.to_timestamp(day.to_datetime(time(23, 59, 59, 0))).ok()?.as_microsecond())
}

/// `duties.json`: rules, triggers and due times for programs.
///
/// # Errors
/// A fault of this program.
pub fn json(told: &Claims, request: &Request) -> Result<File, Error> {
    let view = View::new(told, request);
    let value = paper::value(&view, &compute(told, request.now));
    let text = serde_json::to_string_pretty(&value).map_err(|error| Error::Internal(error.to_string()))?;
    Ok(File { path: "duties.json".to_owned(), bytes: (text + "\n").into_bytes() })
}

#[cfg(test)]
mod tests;
