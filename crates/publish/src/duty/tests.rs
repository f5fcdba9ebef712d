//! Test vectors of the clocks, and the data files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use konseki_report::time::parse_rfc3339;

use super::calendar::Calendar;
use super::*;

fn day(id: &str, trigger: &str) -> String {
    let rule = rules().iter().find(|rule| rule.id == id).unwrap_or_else(|| panic!("{id}"));
    let due = clock(rule, parse_rfc3339(trigger));
    due.day.map(|day| day.to_string()).unwrap_or_default()
}

fn instant(id: &str, trigger: &str) -> String {
    let rule = rules().iter().find(|rule| rule.id == id).unwrap_or_else(|| panic!("{id}"));
    let due = clock(rule, parse_rfc3339(trigger)).due.unwrap();
    konseki_model::time::rfc3339(due, konseki_model::Fidelity::Second)
}

fn claims(facts: &[(&str, &str)]) -> Claims {
    Claims { facts: facts.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect(), ..Claims::default() }
}

#[test]
fn ppc_known_on_10_april_2024() {
    let known = "2024-04-10T10:00:00+09:00";
    let rule = rules().iter().find(|rule| rule.id == "jp-ppc-preliminary").unwrap();
    let due = clock(rule, parse_rfc3339(known));
    // Window of the preliminary report: 04-12 to 04-14 (a Sunday: guidance, not moved).
    assert_eq!(konseki_model::time::rfc3339(due.opens.unwrap(), konseki_model::Fidelity::Second), "2024-04-11T15:00:00Z");
    assert_eq!(due.day.unwrap().to_string(), "2024-04-14");
    assert_eq!(day("jp-ppc-final-30", known), "2024-05-09");
    assert_eq!(day("jp-ppc-final-60", known), "2024-06-10", "06-08 is a Saturday");
    assert_eq!(instant("jp-ppc-final-60", known), "2024-06-10T14:59:59Z", "the day ends in Japan");
}

#[test]
fn ppc_over_the_new_year() {
    assert_eq!(day("jp-ppc-final-30", "2024-12-02T09:00:00+09:00"), "2025-01-06");
}

#[test]
fn a_determination_on_a_closed_day_counts_from_the_next_open_one() {
    // General Instruction B.1: the four days begin on, and include, the first business day after it.
    assert_eq!(day("us-sec-8k", "2024-05-25T12:00:00-04:00"), "2024-05-31", "a Saturday before Memorial Day");
    assert_eq!(day("jp-ppc-final-60", "2024-12-02T09:00:00+09:00"), "2025-01-30");
}

#[test]
fn the_day_is_the_day_in_japan() {
    // 15:30 UTC on the 9th is past midnight in Tokyo.
    assert_eq!(day("jp-ppc-final-30", "2024-04-09T15:30:00Z"), "2024-05-09");
}

#[test]
fn sec_skips_memorial_day() {
    assert_eq!(day("us-sec-8k", "2024-05-23T16:00:00-04:00"), "2024-05-30");
}

#[test]
fn nis2_final_is_a_month_after_the_notification() {
    assert_eq!(day("eu-nis2-final", "2024-01-31T12:00:00Z"), "2024-02-29");
    assert_eq!(instant("eu-nis2-early-warning", "2024-01-31T12:00:00Z"), "2024-02-01T12:00:00Z");
    assert_eq!(instant("eu-nis2-notification", "2024-01-31T12:00:00Z"), "2024-02-03T12:00:00Z");
}

#[test]
fn dfars_seventy_two_hours_and_ninety_days() {
    assert_eq!(instant("us-dfars-report", "2024-04-10T09:00:00Z"), "2024-04-13T09:00:00Z");
    let all = compute(&claims(&[("aware", "2024-04-10T09:00:00Z")]), None);
    let keep = all.iter().find(|due| due.rule.id == "us-dfars-preserve").unwrap();
    assert!(keep.projected, "counted from the report that is due");
    assert_eq!(keep.day.unwrap().to_string(), "2024-07-12");
}

#[test]
fn no_trigger_no_due_time_and_no_clock_no_remaining_time() {
    let all = compute(&claims(&[]), Some(0));
    assert!(all.iter().all(|due| due.due.is_none() && due.remaining.is_none()));
    let all = compute(&claims(&[("aware", "2024-04-10T09:00:00Z")]), None);
    assert!(all.iter().all(|due| due.remaining.is_none()));
    let now = parse_rfc3339("2024-04-11T09:00:00Z");
    let all = compute(&claims(&[("aware", "2024-04-10T09:00:00Z")]), now);
    let gdpr = all.iter().find(|due| due.rule.id == "eu-gdpr-33").unwrap();
    assert_eq!(gdpr.remaining, Some(48 * 3_600_000_000));
}

#[test]
fn far_dates_say_that_holidays_are_not_known() {
    let rule = rules().iter().find(|rule| rule.id == "jp-ppc-final-30").unwrap();
    assert!(clock(rule, parse_rfc3339("2031-04-10T09:00:00Z")).beyond);
    assert!(!clock(rule, parse_rfc3339("2026-04-10T09:00:00Z")).beyond);
}

#[test]
fn rules_are_whole() {
    assert!(rules().len() >= 15);
    for rule in rules() {
        assert!(rule.calendar.is_empty() || Calendar::exists(&rule.calendar), "{}", rule.id);
        assert!(TimeZone::get(&rule.zone).is_ok(), "{}", rule.id);
        assert!(["none", "next-open", ""].contains(&rule.roll.as_str()), "{}", rule.id);
        assert!(["in-force", "proposed", "voluntary", "check"].contains(&rule.status.as_str()), "{}", rule.id);
        assert!(["text", "secondary", "recall"].contains(&rule.basis.as_str()), "{}", rule.id);
        assert!(rule.after.is_empty() || rules().iter().any(|other| other.id == rule.after), "{}", rule.id);
        let listed = |key: &str| crate::words::facts::known().iter().any(|fact| fact.key == key);
        assert!(listed(&rule.trigger), "{}", rule.trigger);
        for item in &rule.item {
            let (kind, key) = item.from.split_once(':').unwrap();
            assert!(kind == "case" || listed(key), "{}", item.from);
        }
    }
    for rule in rules() {
        assert!(!rule.article.en.is_empty() && !rule.article.ja.is_empty(), "{}: no article", rule.id);
        assert!(rule.checked.parse::<Date>().is_ok(), "{}", rule.id);
        let quoted = !rule.words.en.is_empty() && !rule.words.ja.is_empty();
        assert!(["en", "ja", ""].contains(&rule.words_in.as_str()) && quoted != rule.words_in.is_empty(), "{}", rule.id);
        // A number of the rule stands in the words of the law that are quoted for it.
        let counts = matches!(rule.unit, Unit::Hours) || rule.id == "us-dfars-preserve";
        assert!(!counts || rule.words.en.contains(&rule.amount.to_string()), "{}: {}", rule.id, rule.words.en);
        assert!(rule.unit == Unit::None || quoted, "{}: a clock without the words that start it", rule.id);
    }
    let ppc = rules().iter().find(|rule| rule.id == "jp-ppc-preliminary").unwrap();
    assert_eq!(ppc.item.len(), 9);
}
