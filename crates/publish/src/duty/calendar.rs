//! Counting days, business days and months: closed days from `data/holidays.toml`, the last day moved where a rule says so.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use jiff::civil::{Date, Weekday};
use jiff::{Span, ToSpan};
use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
struct Table {
    /// First and last year that the list of days covers.
    years: [i16; 2],
    every: Vec<String>,
    days: Vec<String>,
}

fn tables() -> &'static BTreeMap<String, Table> {
    static TABLES: OnceLock<BTreeMap<String, Table>> = OnceLock::new();
    // A file that does not parse is caught by its test.
    TABLES.get_or_init(|| toml::from_str(include_str!("../../data/holidays.toml")).unwrap_or_default())
}

/// The closed days of a country; without a name nothing is closed.
#[derive(Clone, Copy, Debug)]
pub struct Calendar {
    table: Option<&'static Table>,
}

impl Calendar {
    pub fn new(name: &str) -> Self {
        Self { table: tables().get(name) }
    }

    #[cfg(test)]
    pub fn exists(name: &str) -> bool {
        tables().contains_key(name)
    }

    /// Whether the list of holidays reaches that day.
    pub fn knows(&self, day: Date) -> bool {
        self.table.is_none_or(|table| (table.years[0]..=table.years[1]).contains(&day.year()))
    }

    pub fn open(&self, day: Date) -> bool {
        let Some(table) = self.table else { return true };
        let written = day.to_string();
        let closed = matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday)
            || table.days.contains(&written)
            || table.every.iter().any(|every| written.ends_with(every.as_str()));
        !closed
    }

    /// That day, or the next open one.
    pub fn next_open(&self, mut day: Date) -> Option<Date> {
        while !self.open(day) {
            day = day.tomorrow().ok()?;
        }
        Some(day)
    }

    /// The n-th open day after that day.
    pub fn business_days(&self, mut day: Date, n: i64) -> Option<Date> {
        for _ in 0..n {
            day = self.next_open(day.tomorrow().ok()?)?;
        }
        Some(day)
    }
}

/// The last day of a period of days, counting the first day as number `count_from`.
pub fn days(first: Date, n: i64, count_from: i64) -> Option<Date> {
    first.checked_add(Span::new().try_days(n - count_from).ok()?).ok()
}

/// The same day `n` months later, or the last day of that month.
pub fn months(first: Date, n: i64) -> Option<Date> {
    first.checked_add(0.days().try_months(n).ok()?).ok()
}
