//! `cargo xtask missing`: an invented case without each of its sources in turn, then without two: what cannot be seen must be
//! told as a gap that names the source, and nothing may be denied.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{cargo, root};

const USAGE: &str = "missing [--seed N] [--pairs N] [--week] [--programs DIR]";

/// Sources of which the case has events, as the generator names them.
const SOURCES: &[&str] = &[
    "ivanti/ict",
    "ivanti/nodemon",
    "ivanti/syslog",
    "ivanti/uwsgi",
    "linux/auditd",
    "linux/bodyfile",
    "network/firewall",
    "network/zeek",
    "vmware/esxi_auth",
    "vmware/esxi_autostart",
    "vmware/esxi_hostd",
    "vmware/esxi_inventory",
    "vmware/esxi_shell",
    "vmware/esxi_vmkernel",
    "vmware/esxi_vobd",
    "vmware/vcenter_access",
    "vmware/vcenter_events",
    "vmware/vcenter_sso",
    "vmware/vcenter_vpxd",
    "vmware/vmware_log",
    "windows/json",
];

struct Options {
    seed: String,
    pairs: usize,
    week: bool,
    programs: Option<PathBuf>,
}

pub fn run(arguments: &[String]) -> Result<(), String> {
    let options = options(arguments)?;
    let programs = programs(&options)?;
    let work = std::env::temp_dir().join(format!("konseki-missing-{}", std::process::id()));
    let mut bad = Vec::new();
    for missing in plan(options.pairs) {
        let wrong = one(&options, &programs, &work, &missing);
        let _ = fs::remove_dir_all(&work);
        let (line, fine) = wrong?;
        println!("{} without {}: {line}", if fine { "ok " } else { "BAD" }, missing.join(" and "));
        if !fine {
            bad.push(missing.join(" and "));
        }
    }
    if bad.is_empty() { Ok(()) } else { Err(format!("not told as a gap, or denied, without: {}", bad.join("; "))) }
}

/// Each source, then pairs spread evenly over all of them.
fn plan(pairs: usize) -> Vec<Vec<&'static str>> {
    let all: Vec<Vec<&str>> =
        SOURCES.iter().enumerate().flat_map(|(at, one)| SOURCES.iter().skip(at + 1).map(move |other| vec![*one, *other])).collect();
    // A stride without a common divisor goes once around all pairs.
    let spread = (0..pairs.min(all.len())).filter_map(|n| all.get(n * 53 % all.len()).cloned());
    SOURCES.iter().map(|one| vec![*one]).chain(spread).collect()
}

fn one(options: &Options, programs: &Path, work: &Path, missing: &[&str]) -> Result<(String, bool), String> {
    let mut lab = Command::new(programs.join("lab"));
    lab.args(["nerve", "--seed", &options.seed, "--out"]).arg(work);
    if options.week {
        lab.args(["--week", "--scale", "0.35"]);
    }
    missing.iter().for_each(|source| {
        lab.args(["--fault", &format!("missing:{source}")]);
    });
    said(&mut lab)?;
    let case = work.join("case");
    // Its exit code tells of findings.
    let _ = said(Command::new(programs.join("konseki")).args(["investigate", "--quiet", "--case"]).arg(&case).arg(work.join("evidence")));
    let score = said(Command::new(programs.join("konseki-lab")).arg("score").arg(&case).arg(work.join("truth/truth.json")))?;
    Ok(judge(&score))
}

/// The line to print, and whether all that was lost is told and nothing denied.
fn judge(score: &str) -> (String, bool) {
    let row = |name: &str| score.lines().find(|line| line.starts_with(name)).map(|line| line.split_whitespace().collect::<Vec<_>>());
    let ratio = |name: &str| match row(name).as_deref() {
        Some([.., right, "of", all]) => right.parse::<u64>().ok().zip(all.parse::<u64>().ok()),
        _ => None,
    };
    let denials = row("false denials").and_then(|words| words.last().and_then(|word| word.parse::<u64>().ok()));
    let (steps, gaps, hidden) = (ratio("step recall  "), ratio("gap recall"), ratio("hidden steps"));
    let whole = |ratio: Option<(u64, u64)>| ratio.is_some_and(|(right, all)| right == all);
    let text = |ratio: Option<(u64, u64)>| ratio.map_or("?".to_owned(), |(right, all)| format!("{right}/{all}"));
    let line =
        format!("steps {}, gaps {}, hidden steps {}, denials {}", text(steps), text(gaps), text(hidden), denials.unwrap_or(u64::MAX));
    (line, whole(gaps) && whole(hidden) && denials == Some(0))
}

fn said(command: &mut Command) -> Result<String, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let done = command.stderr(Stdio::null()).output().map_err(|error| format!("{name}: {error}"))?;
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

fn options(arguments: &[String]) -> Result<Options, String> {
    let mut options = Options { seed: "3".to_owned(), pairs: 40, week: false, programs: None };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let mut value = || rest.next().cloned().ok_or_else(|| USAGE.to_owned());
        match argument.as_str() {
            "--seed" => options.seed = value()?,
            "--pairs" => options.pairs = value()?.parse().map_err(|_| USAGE.to_owned())?,
            "--programs" => options.programs = Some(PathBuf::from(value()?)),
            "--week" => options.week = true,
            _ => return Err(USAGE.to_owned()),
        }
    }
    Ok(options)
}

fn programs(options: &Options) -> Result<PathBuf, String> {
    if let Some(programs) = &options.programs {
        return fs::canonicalize(programs).map_err(|error| format!("{}: {error}", programs.display()));
    }
    cargo(&["build", "--release", "-p", "konseki", "-p", "lab"], &[])?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    fs::canonicalize(target.join("release")).map_err(|error| format!("{}: {error}", target.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_spread_and_a_denial_or_an_untold_loss_is_bad() {
        let plan = plan(40);
        assert_eq!(plan.len(), SOURCES.len() + 40);
        assert_eq!(
            plan.iter().filter(|missing| missing.len() == 2).flatten().collect::<std::collections::BTreeSet<_>>().len(),
            SOURCES.len()
        );
        let score = |gaps: &str, denials: &str| {
            format!(
                "step recall    0.9   30 of 31\ngap recall   1.000  {gaps} of 3\nhidden steps admitted  1.0   1 of 1\nfalse denials    {denials}\n"
            )
        };
        assert!(judge(&score("3", "0")).1);
        assert!(!judge(&score("2", "0")).1);
        assert!(!judge(&score("3", "1")).1);
        assert!(!judge("").1);
    }
}
