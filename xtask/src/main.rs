//! Chores of the house, one runner: `cargo xtask <chore>`.

mod bench;
#[cfg(test)]
mod cited;
mod docs;
mod missing;
mod sources;
mod walls;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const CHORES: &str = "chores:
  test      everything that must hold: format, lints, house rules, all tests (the README's test command)
  sources   rewrite the list of sources, docs/sources and the report's names of them
  accept    rewrite golden files; read them before you commit them
  coverage  read all public evidence where it stands, write docs/coverage.md
  interop   packages of the shipped case and of made-up ones, read by other tools; skips aloud where they cannot be installed
  bench     konseki and the peers on PATH over the same evidence; results in benches/results
  missing   an invented case without each source, and without two: losses must be told as gaps, nothing denied
  fuzz      other damage and other rules than the tests': fuzz [SECONDS [SEED]] for each of the targets";

fn main() -> ExitCode {
    let chore = std::env::args().nth(1).unwrap_or_default();
    let done = match chore.as_str() {
        "test" => test(),
        "sources" => sources::rewrite()
            .and_then(|()| docs::rewrite())
            .and_then(|()| docs::rewrite_names())
            .and_then(|()| cargo(&["fmt", "-p", "konseki-sources"], &[])),
        "accept" => cargo(&["test", "-p", "konseki-sources", "--test", "samples"], &[("KONSEKI_ACCEPT", "1")]),
        "coverage" => {
            let run = ["test", "-p", "konseki-sources", "--test", "coverage", "--", "--ignored", "--nocapture"];
            cargo(&run, &[("KONSEKI_ACCEPT", "1")])
        }
        "interop" => interop(),
        "bench" => bench::run(&std::env::args().skip(2).collect::<Vec<_>>()),
        "missing" => missing::run(&std::env::args().skip(2).collect::<Vec<_>>()),
        "fuzz" => fuzz(&std::env::args().skip(2).collect::<Vec<_>>()),
        _ => Err(CHORES.to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("xtask: {why}");
            ExitCode::from(2)
        }
    }
}

/// The root of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn test() -> Result<(), String> {
    cargo(&["fmt", "--all", "--check"], &[])?;
    walls::check()?;
    cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"], &[])?;
    cargo(&["test", "--workspace"], &[])
}

/// Built as the tests are, so that nothing is built twice for other features.
fn interop() -> Result<(), String> {
    cargo(&["build", "--workspace", "--bins", "--tests", "--examples"], &[])?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), std::path::PathBuf::from);
    let status = Command::new("sh")
        .arg(root().join("crates/publish/interop/run.sh"))
        .args([target.join("debug/konseki"), target.join("debug/lab"), root().join("cases/nerve-small/evidence")])
        .status()
        .map_err(|error| format!("sh: {error}"))?;
    if status.success() { Ok(()) } else { Err("another tool refuses a package".to_owned()) }
}

/// The reader of `.evtx` under damage; the engine against the plain evaluator. What fails prints what it was about:
/// make a test of it.
fn fuzz(arguments: &[String]) -> Result<(), String> {
    let (seconds, seed) = (arguments.first().map_or("60", String::as_str), arguments.get(1).map_or("1", String::as_str));
    let environment = [("KONSEKI_FUZZ_SECONDS", seconds), ("KONSEKI_FUZZ_SEED", seed)];
    let run = |package: &str, target: &str, test: &str| {
        cargo(&["test", "--release", "-p", package, "--test", target, "--", "--nocapture", "--test-threads=1", test], &environment)
    };
    run("konseki-formats", "evtx_hostile", "mutations_")?;
    run("konseki-detection", "agree", "agrees_")
}

fn cargo(arguments: &[&str], environment: &[(&str, &str)]) -> Result<(), String> {
    println!("xtask: cargo {}", arguments.join(" "));
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(arguments)
        .envs(environment.iter().copied())
        .current_dir(root())
        .status()
        .map_err(|error| format!("cargo: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`cargo {}` failed", arguments.join(" "))) }
}
