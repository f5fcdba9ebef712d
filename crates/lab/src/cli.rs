//! Arguments of both binaries: make a case, or score an answer.

use std::path::PathBuf;

use clap::Parser;

use crate::ctx::{Options, Pace};

/// Made-up cases with their truth, and the scorer.
#[derive(Debug, Parser)]
#[command(name = "lab", version)]
struct Args {
    /// nerve, brickstorm, mailgate, ransom, insider, calm, nerve-small (the case that ships); `score CASE TRUTH`; or
    /// `actions CASE TRUTH AFB`: each action of an Attack Flow beside the steps of the answer
    name: String,
    /// For `score` and `actions`: the case folder, then the truth file, then the Attack Flow
    rest: Vec<PathBuf>,
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Folder for `evidence/` and `truth/`
    #[arg(long)]
    out: Option<PathBuf>,
    /// Days of life in all
    #[arg(long)]
    days: Option<u32>,
    /// Benign events relative to a small office
    #[arg(long, default_value_t = 1.0)]
    scale: f64,
    /// rotation, missing:<source>, skew, wrong-zone, duplicates, truncation, cleared, cp932, no-scan; may be repeated
    #[arg(long)]
    fault: Vec<String>,
    /// Windows events as .evtx instead of JSON lines
    #[arg(long)]
    evtx: bool,
    /// The plot within a week, in a small world (nerve)
    #[arg(long)]
    week: bool,
    /// Scores as JSON
    #[arg(long)]
    json: bool,
}

/// Runs the command line; the exit code.
pub fn run() -> u8 {
    let args = Args::parse();
    let done = match args.name.as_str() {
        "score" => score(&args),
        "actions" => actions(&args),
        _ => generate(&args),
    };
    match done {
        Ok(()) => 0,
        Err(e) => {
            eprintln!("lab: {e}");
            2
        }
    }
}

fn score(args: &Args) -> std::io::Result<()> {
    let [case, truth] = args.rest.as_slice() else {
        return Err(std::io::Error::other("score takes CASE and TRUTH"));
    };
    let score = crate::score::score(case, truth)?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&score).map_err(std::io::Error::other)?);
    } else {
        print!("{}", score.table());
    }
    Ok(())
}

fn actions(args: &Args) -> std::io::Result<()> {
    let [case, truth, afb] = args.rest.as_slice() else {
        return Err(std::io::Error::other("actions takes CASE, TRUTH and AFB"));
    };
    let (table, good, all) = crate::score::actions::table(case, truth, afb)?;
    print!("{table}");
    if good == all {
        Ok(())
    } else {
        Err(std::io::Error::other(format!("{} of {all} actions are neither matched nor explained", all - good)))
    }
}

fn generate(args: &Args) -> std::io::Result<()> {
    let out = args.out.clone().ok_or_else(|| std::io::Error::other("--out DIR is needed"))?;
    let opt = Options {
        case: args.name.clone(),
        seed: args.seed,
        days: args.days,
        scale: args.scale,
        faults: args.fault.clone(),
        evtx: args.evtx,
        pace: if args.week { Pace::Week } else { Pace::Full },
    };
    let truth = if args.name == "nerve-small" { crate::make::ship(&out)? } else { crate::make::make(&opt, &out)? };
    eprintln!(
        "{} seed {}: {} lines, {} steps, {} links, {} hidden machines, {} gaps, {} traps in {}",
        truth.case,
        truth.seed,
        truth.lines_written,
        truth.steps.len(),
        truth.links.len(),
        truth.hidden_vms.len(),
        truth.gaps.len(),
        truth.traps.len(),
        out.display()
    );
    Ok(())
}
