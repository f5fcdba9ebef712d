//! The command line: arguments, exit codes, progress. Everything else is the pipeline's.

mod args;
mod commands;
mod disclose;
mod progress;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let args = match args::Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Help and version go to standard output with 0, a wrong call to standard error with 2.
            let code = if error.use_stderr() { 2 } else { 0 };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    match commands::run(&args) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("konseki: {}", konseki_pipeline::escape_terminal(&error.to_string()));
            if let Some(hint) = commands::hint(&error) {
                eprintln!("  hint: {hint}");
            }
            ExitCode::from(2)
        }
    }
}
