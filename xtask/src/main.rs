//! Chores of the house, one runner: `cargo xtask <chore>`.

mod bench;
mod sources;
mod walls;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const CHORES: &str = "chores:
  test      everything that must hold: format, lints, house rules, all tests (the README's test command)
  sources   rewrite the list of sources from their folders
  accept    rewrite golden files; read them before you commit them
  coverage  read all public evidence where it stands, write docs/coverage.md
  bench     konseki and the peers on PATH over the same evidence; results in benches/results";

fn main() -> ExitCode {
    let chore = std::env::args().nth(1).unwrap_or_default();
    let done = match chore.as_str() {
        "test" => test(),
        "sources" => sources::rewrite().and_then(|()| cargo(&["fmt", "-p", "konseki-sources"], &[])),
        "accept" => cargo(&["test", "-p", "konseki-sources", "--test", "samples"], &[("KONSEKI_ACCEPT", "1")]),
        "coverage" => {
            let run = ["test", "-p", "konseki-sources", "--test", "coverage", "--", "--ignored", "--nocapture"];
            cargo(&run, &[("KONSEKI_ACCEPT", "1")])
        }
        "bench" => bench::run(&std::env::args().skip(2).collect::<Vec<_>>()),
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
