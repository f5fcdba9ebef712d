//! The engine finds what the plain evaluator finds, over made-up events that are near to matching.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::time::{Duration, Instant};

use common::{event, fields, flat, records, routing, shared};
use konseki_detection::{Engine, LogSource, Reference, Routing, RuleSet, Scratch, load_path};

/// xorshift64*: the same numbers on every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % sides.max(1)
    }

    fn of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.roll(all.len())]
    }
}

const WORDS: [&str; 14] = ["alpha", "Beta", "gam", "-x", "/x", "\\a.exe", "EXE", "\u{e9}t\u{c9}", "10", "9.5", "192.0.2.7", " ", "", "*"];
const FIELDS: [&str; 5] = ["f", "g", "h", "EventID", "Data"];
const MODIFIERS: [&str; 18] = [
    "",
    "",
    "|contains",
    "|startswith",
    "|endswith",
    "|contains|all",
    "|cased",
    "|contains|cased",
    "|re",
    "|re|i",
    "|windash",
    "|gt",
    "|lte",
    "|cidr",
    "|exists",
    "|fieldref",
    "|neq",
    "|endswith|cased",
];

fn value(dice: &mut Dice, modifier: &str) -> String {
    let word = |dice: &mut Dice| dice.of(&WORDS).replace('\\', "\\\\").replace('*', "");
    if modifier.starts_with("|re") {
        let patterns = ["al+pha", "^be", "a|b", "(?i)EXE$", "\\\\d+", "g.m", "[-/]x", "alpha.*beta"];
        return (*dice.of(&patterns)).to_owned();
    }
    match modifier {
        "|gt" | "|lte" => dice.roll(12).to_string(),
        "|cidr" => (*dice.of(&["192.0.2.0/29", "0.0.0.0/0", "2001:db8::/32"])).to_owned(),
        "|exists" => (*dice.of(&["true", "false"])).to_owned(),
        "|fieldref" => (*dice.of(&FIELDS)).to_owned(),
        _ => {
            let mut text = word(dice);
            for _ in 0..dice.roll(3) {
                text += *dice.of(&["*", "?", " ", ""]);
                text += &word(dice);
            }
            text
        }
    }
}

fn entry(dice: &mut Dice) -> String {
    let modifier = *dice.of(&MODIFIERS);
    let most = if dice.roll(6) == 0 { 14 } else { 3 };
    let count = if modifier == "|exists" { 1 } else { 1 + dice.roll(most) };
    let mut values: Vec<String> = (0..count).map(|_| format!("\"{}\"", value(dice, modifier))).collect();
    if modifier.is_empty() && dice.roll(6) == 0 {
        values.push("null".into());
    }
    format!("{}{modifier}: [{}]", dice.of(&FIELDS), values.join(", "))
}

fn rule(dice: &mut Dice, number: usize) -> String {
    let mut text = format!("title: R{number}\nid: r{number}\nlogsource: {{product: {}}}\ndetection:\n", dice.of(&["x", "windows"]));
    for name in ["a1", "a2", "b"] {
        match dice.roll(4) {
            0 => text += &format!("  {name}:\n    - {{{}}}\n    - {{{}}}\n", entry(dice), entry(dice)),
            1 => text += &format!("  {name}: [\"k{}\", \"{}\"]\n", dice.of(&["alpha", ""]), value(dice, "")),
            _ => {
                let first = entry(dice);
                let second = entry(dice);
                let same = first.split(':').next() == second.split(':').next();
                let more = if same { String::new() } else { format!(", {second}") };
                text += &format!("  {name}: {{{first}{more}}}\n");
            }
        }
    }
    let conditions = [
        "a1",
        "a1 and a2",
        "a1 or b",
        "not a1",
        "a1 and not b",
        "1 of a*",
        "all of them",
        "not 1 of a*",
        "b and (a1 or not a2)",
        "not (a1 and not (b or a2))",
    ];
    text + &format!("  condition: {}\n", dice.of(&conditions))
}

fn made_up(dice: &mut Dice) -> Vec<(String, String)> {
    (0..dice.roll(8))
        .map(|_| {
            let name = *dice.of(&["f", "g", "h", "EventID", "Data", "Data_1", "other", "Channel"]);
            let words = 1 + dice.roll(3);
            (name.to_owned(), (0..words).map(|_| *dice.of(&WORDS)).collect())
        })
        .collect()
}

/// A seed, and when to stop: `cargo xtask fuzz` asks for other dice, for as long as it says.
fn fuzz() -> (u64, Option<Instant>) {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seconds = number("KONSEKI_FUZZ_SECONDS");
    (number("KONSEKI_FUZZ_SEED").unwrap_or(0), seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds)))
}

#[test]
fn agrees_on_made_up_rules_and_events() {
    let (seed, until) = fuzz();
    let mut dice = Dice(0x6b6f_6e73_656b_6921 ^ seed << 40);
    let mut routing = Routing::default();
    routing.add(vec![LogSource::new("x", "", "")]);
    routing.add(vec![LogSource::new("windows", "", "")]);
    let (mut asked, mut hit_count, mut used) = (0, 0, 0);
    let mut round = 0;
    while round < 60 || until.is_some_and(|until| Instant::now() < until) {
        round += 1;
        let files: Vec<(String, String)> = (0..40).map(|n| (format!("{n}.yml"), rule(&mut dice, n))).collect();
        let rules = RuleSet::load(&files);
        used += rules.rules.len();
        let engine = Engine::build(&rules, &routing);
        let reference = Reference::new(&rules, &routing);
        let mut scratch = Scratch::default();
        for _ in 0..150 {
            let pairs = made_up(&mut dice);
            let fields = fields(&pairs);
            let raw: String = (0..dice.roll(4)).map(|_| *dice.of(&WORDS)).collect();
            let event = event(&fields, raw.as_bytes());
            for source in 0..2 {
                let mut hits = Vec::new();
                engine.matches(source, &event, &mut scratch, |hit| {
                    hit.matched().count();
                    hits.push(hit.rule);
                });
                assert_eq!(hits, reference.matches(source, &event), "{pairs:?} {raw:?} {files:#?}");
                asked += 1;
                hit_count += hits.len();
            }
        }
    }
    println!("{used} rules, {asked} events, {hit_count} hits");
    assert!(used > 1_200 && hit_count > 10_000);
}

/// Values of real events, cut, joined and swapped: near to what rules ask.
#[test]
fn agrees_on_sigmahq_and_mutated_real_events() {
    let Some(folder) = shared("evidence/sigma-regression-data/regression_data") else { return };
    let Some(archive) = shared("rules/sigmahq.zip") else { return };
    let rules = load_path(&archive);
    let routing = routing();
    let (engine, reference) = (Engine::build(&rules, &routing), Reference::new(&rules, &routing));
    let mut all = Vec::new();
    collect(&folder, &mut all);
    let (seed, until) = fuzz();
    let mut dice = Dice(77 ^ seed << 40);
    let mut scratch = Scratch::default();
    let (mut total, mut turn) = (0, 0);
    while turn < 4 || until.is_some_and(|until| Instant::now() < until) {
        let round = turn % 5;
        turn += 1;
        for pairs in &all {
            let mut pairs = pairs.clone();
            for _ in 0..round * 2 {
                mutate(&mut dice, &mut pairs, &all);
            }
            let fields = fields(&pairs);
            let event = event(&fields, b"");
            let source = if dice.roll(8) == 0 { 1 } else { 0 };
            let mut hits = Vec::new();
            engine.matches(source, &event, &mut scratch, |hit| hits.push(hit.rule));
            assert_eq!(hits, reference.matches(source, &event), "{pairs:?}");
            total += hits.len();
        }
    }
    println!("{} events, {total} hits", turn * all.len());
    assert!(total > 300);
}

fn mutate(dice: &mut Dice, pairs: &mut Vec<(String, String)>, all: &[Vec<(String, String)>]) {
    let at = dice.roll(pairs.len());
    match dice.roll(6) {
        0 => drop(pairs.remove(at)),
        1 => pairs[at].1 = pairs[at].1.to_uppercase(),
        2 => pairs[at].1.clear(),
        3 => {
            let cut = dice.roll(pairs[at].1.len());
            pairs[at].1 = pairs[at].1.chars().skip(cut).collect();
        }
        4 => {
            let other = dice.of(all);
            let value = dice.of(other).1.clone();
            pairs[at].1.push_str(&value);
        }
        _ => {
            let other = dice.of(all);
            pairs.push(dice.of(other).clone());
        }
    }
}

fn collect(folder: &std::path::Path, out: &mut Vec<Vec<(String, String)>>) {
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, out);
        } else if path.extension().is_some_and(|ending| ending == "json") {
            out.extend(records(&path).iter().map(flat));
        }
    }
}
