//! Correlations of every type, chains, circles, bounds; the order in which samples come never matters.

use super::*;

const BASE: &str = "
title: A
id: a
name: failed
logsource: {product: x}
detection: {s: {k: a}, condition: s}
---
title: B
id: b
name: worked
logsource: {product: x}
detection: {s: {k: b}, condition: s}
---
title: C
id: c
logsource: {product: x}
detection: {s: {k: c}, condition: s}
";

fn set(more: &str) -> RuleSet {
    RuleSet::load(&[("t.yml", format!("{BASE}---{more}"))])
}

fn rule(kind: &str, rules: &str, rest: &str) -> String {
    format!("\ntitle: T\nid: t\ncorrelation:\n  type: {kind}\n  rules: {rules}\n  group-by: [user]\n  timespan: 10s\n{rest}")
}

/// (rule, second, user, value of `v`)
type Step<'a> = (usize, i64, &'a str, &'a str);

fn run(set: &RuleSet, steps: &[Step<'_>]) -> Vec<(i64, i64, u64, String)> {
    let mut results = Vec::new();
    for turn in 0..3 {
        let mut correlator = Correlator::new(set);
        let mut order: Vec<usize> = (0..steps.len()).collect();
        let length = order.len();
        order.rotate_left(turn * 3 % length.max(1));
        if turn == 2 {
            order.reverse();
        }
        for at in order {
            let (rule, second, user, v) = steps[at];
            let fields = [("user".to_owned(), user.to_owned()), ("v".to_owned(), v.to_owned())];
            correlator.push(rule, second * 1_000_000, at as u64, &fields);
        }
        let out = correlator.finish();
        let lines = out.all.iter().map(|c| {
            let group: Vec<&str> = c.group.iter().map(|(_, value)| value.as_str()).collect();
            (c.start / 1_000_000, c.end / 1_000_000, c.count, group.join(","))
        });
        results.push((lines.collect::<Vec<_>>(), out.all));
    }
    assert_eq!(results[0].1, results[1].1);
    assert_eq!(results[0].1, results[2].1);
    results.swap_remove(0).0
}

#[test]
fn counts_events_in_a_sliding_window_and_folds_what_touches() {
    let set = set(&rule("event_count", "[failed]", "  condition: {gte: 3}"));
    assert_eq!(set.unusable, []);
    assert!(!set.rules[0].reports && set.rules[2].reports);
    let steps = [
        (0, 0, "Bob", ""),
        (0, 8, "bob", ""),
        (0, 9, "BOB", ""),
        (0, 12, "bob", ""),
        (0, 40, "bob", ""),
        (0, 1, "eve", ""),
        (0, 12, "eve", ""),
        (0, 23, "eve", ""),
    ];
    assert_eq!(run(&set, &steps), [(0, 12, 4, "Bob".into())]);
}

#[test]
fn counts_distinct_values() {
    let set = set(&rule("value_count", "[failed]", "  condition: {field: v, gt: 2}"));
    let steps = [(0, 0, "a", "x"), (0, 1, "a", "X"), (0, 2, "a", "y"), (0, 3, "a", "z")];
    assert_eq!(run(&set, &steps), [(0, 3, 4, "a".into())]);
    assert_eq!(run(&set, &steps[..3]), []);
}

#[test]
fn sums_means_and_percentiles() {
    for (kind, condition, hits) in [
        ("value_sum", "{field: v, gte: 60}", 1),
        ("value_sum", "{field: v, gte: 61}", 0),
        ("value_avg", "{field: v, gt: 19, lt: 21}", 1),
        ("value_percentile", "{field: v, gte: 30, percentile: 99}", 1),
        ("value_median", "{field: v, eq: 20}", 1),
    ] {
        let set = set(&rule(kind, "[failed]", &format!("  condition: {condition}")));
        assert_eq!(set.unusable, []);
        let steps = [(0, 0, "a", "10"), (0, 1, "a", "20"), (0, 2, "a", "30"), (0, 3, "a", "none")];
        assert_eq!(run(&set, &steps).len(), hits, "{kind} {condition}");
    }
}

#[test]
fn few_events_are_asked_of_windows_that_follow_each_other() {
    let set = set(&rule("event_count", "[failed]", "  condition: {lt: 2}"));
    let steps = [(0, 0, "a", ""), (0, 5, "a", ""), (0, 20, "a", "")];
    assert_eq!(run(&set, &steps), [(20, 20, 1, "a".into())]);
}

#[test]
fn temporal_needs_all_in_any_order() {
    let set = set(&rule("temporal", "[failed, worked]", ""));
    assert_eq!(run(&set, &[(1, 0, "a", ""), (0, 9, "a", "")]), [(0, 9, 2, "a".into())]);
    assert_eq!(run(&set, &[(1, 0, "a", ""), (0, 9, "b", "")]), []);
    assert_eq!(run(&set, &[(1, 0, "a", ""), (0, 11, "a", "")]), []);
}

#[test]
fn temporal_takes_a_condition_over_rules() {
    let set = set(&rule("temporal", "[failed, worked, c]", "  condition: failed and not c"));
    assert_eq!(set.unusable, []);
    assert_eq!(run(&set, &[(0, 0, "a", "")]).len(), 1);
    assert_eq!(run(&set, &[(0, 0, "a", ""), (2, 1, "a", "")]), []);
}

#[test]
fn ordered_needs_the_order_and_uses_an_event_once() {
    let set = set(&rule("temporal_ordered", "[failed, worked]", ""));
    assert_eq!(run(&set, &[(1, 0, "a", ""), (0, 5, "a", "")]), []);
    let steps = [(0, 0, "a", ""), (0, 4, "a", ""), (1, 9, "a", ""), (1, 10, "a", "")];
    assert_eq!(run(&set, &steps), [(4, 9, 2, "a".into())]);
    // The same second: the order is not known, so it is not against it.
    assert_eq!(run(&set, &[(1, 5, "a", ""), (0, 5, "a", "")]).len(), 1);
    let twice = super::tests::set(&rule("temporal_ordered", "[failed, failed]", ""));
    assert_eq!(run(&twice, &[(0, 1, "a", "")]), []);
    assert_eq!(run(&twice, &[(0, 1, "a", ""), (0, 2, "a", "")]), [(1, 2, 2, "a".into())]);
}

#[test]
fn aliases_join_fields_of_other_names() {
    let rest = "  aliases:\n    who: {failed: user, worked: v}\n";
    let text = rule("temporal", "[failed, worked]", rest).replace("[user]", "[who]");
    let set = set(&text);
    assert_eq!(run(&set, &[(0, 0, "a", ""), (1, 1, "", "a")]), [(0, 1, 2, "a".into())]);
}

#[test]
fn correlations_stand_on_correlations() {
    let chain = "
title: Second
id: second
correlation:
  type: temporal_ordered
  rules: [t, worked]
  group-by: [user]
  timespan: 1m
";
    let first = rule("event_count", "[failed]", "  condition: {gte: 2}");
    let set = set(&format!("{chain}---{first}"));
    assert_eq!(set.unusable, []);
    assert!(!set.correlations[0].reports && set.correlations[1].reports);
    let mut correlator = Correlator::new(&set);
    for (at, (rule, second)) in [(0, 0), (0, 1), (1, 30)].into_iter().enumerate() {
        let fields = [("user".to_owned(), "a".to_owned())];
        correlator.push(rule, second * 1_000_000, at as u64, &fields);
    }
    let out = correlator.finish();
    assert_eq!(out.all.len(), 2);
    assert_eq!(out.all[1].tags, [0, 1, 2]);
}

#[test]
fn circles_and_missing_rules_are_named() {
    let own = rule("event_count", "[t]", "  condition: {gte: 2}");
    assert!(set(&own).unusable[0].reason.contains("circle"));
    let two = own.replace("[t]", "[u]") + "\n---" + &own.replace("id: t", "id: u");
    let unusable = set(&two).unusable;
    assert_eq!(unusable.len(), 2);
    assert!(unusable.iter().all(|u| u.reason.contains("circle")), "{unusable:?}");
    let missing = rule("event_count", "[nobody]", "  condition: {gte: 2}");
    let upon = "\ntitle: U\nid: u\ncorrelation: {type: event_count, rules: [t], timespan: 1m, condition: {gte: 1}}";
    let unusable = set(&format!("{missing}\n---{upon}")).unusable;
    assert!(unusable.iter().any(|u| u.reason.contains("nobody")), "{unusable:?}");
    assert_eq!(unusable.len(), 2);
}

#[test]
fn windows_that_cannot_be_are_refused() {
    for span in ["10", "x", "-5m", "99999999999d", "4000000000y", "5 parsecs", "0s"] {
        let text = rule("event_count", "[failed]", "  condition: {gte: 2}").replace("10s", span);
        assert_eq!(set(&text).unusable.len(), 1, "{span}");
    }
}

#[test]
fn long_chains_and_wide_fans_are_walked_once() {
    let mut chain = String::new();
    let mut last = "failed".to_owned();
    for at in 0..5_000 {
        chain += &format!(
            "\n---\ntitle: L{at}\nid: l{at}\ncorrelation: {{type: event_count, rules: [{last}, {last}], group-by: [user], timespan: 1m, condition: {{gte: 1}}}}"
        );
        last = format!("l{at}");
    }
    let set = RuleSet::load(&[("t.yml", format!("{BASE}{chain}"))]);
    assert_eq!(set.unusable, []);
    assert_eq!(set.correlations.len(), 5_000);
    let mut correlator = Correlator::new(&set);
    correlator.push(0, 0, 0, &[("user".to_owned(), "a".to_owned())]);
    assert_eq!(correlator.finish().all.len(), 5_000);
}

#[test]
fn state_is_bounded_and_says_so_whatever_the_order() {
    let set = set(&rule("event_count", "[failed]", "  condition: {gte: 1}"));
    let run = |reverse: bool| {
        let limits = Limits { samples: 50, groups: 10 };
        let mut correlator = Correlator::with_limits(&set, limits);
        let mut all: Vec<u64> = (0..1_000).collect();
        if reverse {
            all.reverse();
        }
        for at in all {
            let fields = [("user".to_owned(), format!("u{}", at % 40))];
            correlator.push(0, at as i64 * 1_000, at, &fields);
        }
        correlator.push(0, 0, 0, &[]);
        correlator.finish()
    };
    let out = run(false);
    assert_eq!(out, run(true));
    assert_eq!(out.samples_dropped, 950);
    assert_eq!(out.groups_dropped, BTreeMap::from([(0, 30)]));
    assert_eq!(out.ungrouped, BTreeMap::from([(0, 1)]));
    assert_eq!(out.all.len(), 10);
}
