//! From options to a case on disk: world, plot, benign life day by day, collection, truth.

use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::cases;
use crate::ctx::{Lab, Options};
use crate::faults;
use crate::rng::Rng;
use crate::store::{Store, Written};
use crate::truth::{Gap, Trap, Truth};
use crate::when::{self, DAY, HOUR};
use crate::world::World;

/// Writes `DIR/evidence/` and `DIR/truth/truth.json`; where the owners know what no evidence says, `DIR/case.toml` too.
///
/// # Errors
/// When the case is unknown or a file cannot be written.
pub fn make(opt: &Options, dir: &Path) -> io::Result<Truth> {
    let plan = cases::plan(opt).ok_or_else(|| io::Error::other(format!("no case named {}", opt.case)))?;
    let mut world = World::make(opt.seed, plan.esx, plan.people, plan.desks, plan.start);
    for (n, e) in world.esx.iter_mut().enumerate() {
        e.root = format!("esx-{}-{}-{}", e.host.name, when::bundle(plan.end), 2_101_234 + n * 77);
    }
    faults::clocks(opt, &mut world);
    let mut out = Store::new(&dir.join("evidence"), opt.seed);
    out.end = plan.end;
    for e in &world.esx {
        out.bundle(&e.root);
    }
    let mut lab = open(opt, &plan, world, out);
    faults::cuts(opt, &mut lab);
    (plan.plot)(&mut lab);
    lab.rng = Rng::new(opt.seed, "life");
    let mut day = plan.start;
    while day < plan.end {
        (plan.life)(&mut lab, day);
        lab.out.flush(day - HOUR)?;
        day += DAY;
    }
    faults::late(opt, &mut lab);
    let Lab { out, mut truth, steps, traps, .. } = lab;
    let written = out.finish()?;
    truth.lines_written = written.count;
    fill(&mut truth, steps, &traps, &written);
    if opt.case == "nerve" {
        truth.actions = actions();
    }
    if opt.evtx {
        crate::write::evtx::convert(&dir.join("evidence"), &mut truth)?;
    }
    std::fs::create_dir_all(dir.join("truth"))?;
    if opt.case == "mailgate" {
        let days = cases::mailgate::KEEP / DAY;
        std::fs::write(dir.join("case.toml"), format!("name = \"mailgate\"\nmail_keep_days = {days}\n"))?;
    }
    let text = serde_json::to_string(&truth).map_err(io::Error::other)?;
    std::fs::write(dir.join("truth/truth.json"), text + "\n")?;
    Ok(truth)
}

fn open(opt: &Options, plan: &cases::Plan, world: World, out: Store) -> Lab {
    let truth = Truth {
        case: opt.case.clone(),
        seed: opt.seed,
        from: when::iso_s(plan.start),
        to: when::iso_s(plan.end),
        zones: vec![(world.vpn.name.clone(), world.zone_name.to_owned()), (world.fw.name.clone(), world.zone_name.to_owned())],
        skew: faults::skews(&world),
        faults: opt.faults.clone(),
        ..Truth::default()
    };
    Lab {
        w: Arc::new(world),
        out,
        rng: Rng::new(opt.seed, "plot"),
        truth,
        opt: opt.clone(),
        start: plan.start,
        end: plan.end,
        bytes_out: 0,
        logon: 0x3_0000,
        steps: std::collections::BTreeMap::new(),
        traps: std::collections::BTreeMap::new(),
        extra_registered: Vec::new(),
    }
}

/// The public record's dated actions beside our steps: step, day, name, technique.
fn actions() -> Vec<[String; 4]> {
    let row = |line: &str| {
        let mut cells = line.split('\t').map(str::to_owned);
        std::array::from_fn(|_| cells.next().unwrap_or_default())
    };
    include_str!("../data/nerve-actions.tsv").lines().map(row).collect()
}

/// Some lines of every file: more of the same say nothing more.
fn spread(lines: &mut Vec<crate::truth::Line>) {
    let mut seen: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    lines.retain(|line| {
        let count = seen.entry(line.path.clone()).or_default();
        *count += 1;
        *count <= 3
    });
    lines.truncate(24);
}

type Steps = std::collections::BTreeMap<&'static str, crate::truth::Step>;
type Traps = std::collections::BTreeMap<&'static str, &'static str>;

fn fill(truth: &mut Truth, steps: Steps, traps: &Traps, written: &Written) {
    for (id, mut step) in steps {
        step.lines = written.lines.get(id).cloned().unwrap_or_default();
        step.must_cite = written.must.get(id).cloned().unwrap_or_default();
        if step.must_cite.is_empty() {
            step.must_cite.clone_from(&step.lines);
        }
        spread(&mut step.must_cite);
        step.visible = !step.lines.is_empty();
        step.sources = written.sources.get(id).map(|s| s.iter().cloned().collect()).unwrap_or_default();
        step.keys.sort();
        truth.steps.push(step);
    }
    truth.steps.sort_by(|a, b| (&a.from, &a.id).cmp(&(&b.from, &b.id)));
    for (id, description) in traps {
        let lines = written.lines.get(*id).cloned().unwrap_or_default();
        if !lines.is_empty() {
            truth.traps.push(Trap { id: (*id).to_owned(), description: (*description).to_owned(), lines });
        }
    }
    for ((source, host, why), marks) in &written.lost {
        let hides: Vec<String> = marks
            .iter() // A cleared log is a gap even where another log of the host still tells.
            .filter(|m| why == "log cleared" || !written.shown.contains(&(source.clone(), host.clone(), (*m).clone())))
            .cloned()
            .collect();
        if !hides.is_empty() {
            truth.gaps.push(Gap { source: source.clone(), host: host.clone(), why: why.clone(), hides });
        }
    }
    let seen: std::collections::BTreeSet<&String> = truth.steps.iter().filter(|s| s.visible).map(|s| &s.id).collect();
    let links = truth.links.iter().filter(|l| seen.contains(&l.from) && seen.contains(&l.to)).cloned().collect();
    truth.links = links;
}

/// Writes the case that ships: `DIR/evidence/`, `DIR/truth.json`.
///
/// # Errors
/// When a file cannot be written.
pub fn ship(dir: &Path) -> io::Result<Truth> {
    let truth = make(&shipped(), dir)?;
    std::fs::rename(dir.join("truth/truth.json"), dir.join("truth.json"))?;
    std::fs::remove_dir(dir.join("truth"))?;
    Ok(truth)
}

/// The case that ships: the plot of `nerve` within a week, little life around it.
fn shipped() -> Options {
    Options {
        case: "nerve".to_owned(),
        seed: SHIPPED_SEED,
        days: None,
        scale: 0.35,
        faults: Vec::new(),
        evtx: false,
        pace: crate::ctx::Pace::Week,
    }
}

const SHIPPED_SEED: u64 = 1;
