//! Makes a case: `lab NAME --seed N --out DIR`; or scores: `lab score CASE TRUTH`.

fn main() -> std::process::ExitCode {
    std::process::ExitCode::from(lab::cli::run())
}
