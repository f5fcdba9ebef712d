//! The command line: arguments, exit codes, progress. Everything else is the pipeline's.

mod args;
mod commands;
mod disclose;
mod progress;
mod say;

use std::process::ExitCode;

use clap::Parser;

#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
            say::err(format_args!("konseki: {}", konseki_pipeline::escape_terminal(&error.to_string())));
            if let Some(hint) = commands::hint(&error) {
                let word = |name| say::words_of(name, args.language(), &[]);
                say::err(format_args!("  {}: {}", word("hint"), word(hint)));
            }
            ExitCode::from(2)
        }
    }
}
