//! Chores of the house, one runner: `cargo xtask <chore>`.

mod sources;

use std::process::ExitCode;

fn main() -> ExitCode {
    let chore = std::env::args().nth(1).unwrap_or_default();
    let done = match chore.as_str() {
        "sources" => sources::rewrite(),
        _ => Err("chores: sources (rewrite the list of sources)".to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("xtask: {why}");
            ExitCode::from(2)
        }
    }
}
