//! Prints the time per event with all SigmaHQ rules, how it grows with rules, and the time to build.
//!
//! `cargo run --release -p konseki-detection --example match_speed [RULES.zip] [FOLDER OF EVTX AS JSON] [check | COUNT]`
//! `check` compares every event with the plain evaluator instead; a number of rules puts every event before them once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::path::{Path, PathBuf};
use std::time::Instant;

use common::{event, fields, flat, records, routing};
use konseki_detection::{Engine, Reference, RuleSet, Scratch, load_path};

const ROUNDS: usize = 9;

fn main() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let mut arguments = std::env::args().skip(1).map(PathBuf::from);
    let archive = arguments.next().unwrap_or_else(|| shared.join("rules/sigmahq.zip"));
    let folder = arguments.next().unwrap_or_else(|| shared.join("evidence/sigma-regression-data"));
    let started = Instant::now();
    let rules = load_path(&archive);
    println!("load {} rules: {:?}", rules.rules.len(), started.elapsed());
    let mut samples = Vec::new();
    collect(&folder, &mut samples);
    println!("{} events", samples.len());
    match arguments.next().as_deref().and_then(Path::to_str) {
        Some("check") => return check(&rules, &samples),
        // Under callgrind: `--toggle-collect='*Engine::matches*'`.
        Some(count) => return once(&thinned(&rules, count.parse().unwrap()), &samples),
        None => {}
    }
    for sysmon in ["all", "process creation"] {
        let chosen: Vec<_> =
            samples.iter().filter(|pairs| sysmon == "all" || pairs.iter().any(|p| p.0 == "EventID" && p.1 == "1")).collect();
        let bytes: usize = chosen.iter().flat_map(|p| p.iter()).map(|p| p.1.len()).sum();
        println!("{sysmon}: {} events, {} bytes each", chosen.len(), bytes / chosen.len());
        let mut first = None;
        for count in [500, 1_500, 3_000, rules.rules.len()] {
            let micros = measure(&thinned(&rules, count), &chosen);
            let base = *first.get_or_insert(micros);
            println!("  {count} rules: {micros:.2} µs per event ({:.2} times)", micros / base);
        }
    }
}

/// Every event once, for counting instructions.
fn once(rules: &RuleSet, samples: &[Vec<(String, String)>]) {
    let engine = Engine::build(rules, &routing());
    let mut scratch = Scratch::default();
    let mut hits = 0;
    let rounds = 1 + 1_000 / samples.len();
    for _ in 0..rounds {
        for pairs in samples {
            let fields = fields(pairs);
            engine.matches(0, &event(&fields, b""), &mut scratch, |_| hits += 1);
        }
    }
    println!("{} rules, {} events, {hits} hits", rules.rules.len(), samples.len() * rounds);
}

fn check(rules: &RuleSet, samples: &[Vec<(String, String)>]) {
    let routing = routing();
    let (engine, reference) = (Engine::build(rules, &routing), Reference::new(rules, &routing));
    let mut scratch = Scratch::default();
    let (mut hits, mut differ) = (0, 0);
    for pairs in samples {
        let fields = fields(pairs);
        let event = event(&fields, b"");
        let mut own = Vec::new();
        engine.matches(0, &event, &mut scratch, |hit| own.push(hit.rule));
        hits += own.len();
        differ += usize::from(own != reference.matches(0, &event));
    }
    println!("{hits} hits, {differ} events on which the two differ");
}

/// Every n-th rule, so that all log sources stay.
fn thinned(rules: &RuleSet, count: usize) -> RuleSet {
    let step = rules.rules.len() as f64 / count as f64;
    let mut out = rules.clone();
    out.rules = (0..count).map(|at| rules.rules[(at as f64 * step) as usize].clone()).collect();
    out
}

fn measure(rules: &RuleSet, samples: &[&Vec<(String, String)>]) -> f64 {
    let started = Instant::now();
    let engine = Engine::build(rules, &routing());
    println!("  build: {:?}", started.elapsed());
    let all: Vec<_> = samples.iter().map(|pairs| fields(pairs)).collect();
    let mut scratch = Scratch::default();
    let repeat = 10_000 / all.len() + 1;
    let (mut best, mut hits) = (f64::MAX, 0_usize);
    for _ in 0..ROUNDS {
        hits = 0;
        let started = Instant::now();
        for _ in 0..repeat {
            for fields in &all {
                engine.matches(0, &event(fields, b""), &mut scratch, |_| hits += 1);
            }
        }
        let micros = started.elapsed().as_secs_f64() * 1e6 / (repeat * all.len()) as f64;
        best = best.min(micros);
    }
    println!("  {:.2} hits per event", hits as f64 / (repeat * all.len()) as f64);
    best
}

fn collect(folder: &Path, out: &mut Vec<Vec<(String, String)>>) {
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
