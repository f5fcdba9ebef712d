//! Writes the page of a made-up case: `cargo run -p konseki-report --example page -- OUT.html [hostile]`; the summary to stdout.

#[path = "../tests/made_up/mod.rs"]
mod made_up;

use konseki_report::{Lang, render, summary_text};

fn main() -> std::io::Result<()> {
    let hostile = std::env::args().any(|arg| arg == "hostile");
    let owned = if hostile { made_up::hostile() } else { made_up::owned() };
    let case = owned.case();
    print!("{}", summary_text(&case, Lang::En));
    print!("{}", summary_text(&case, Lang::Ja));
    match std::env::args().nth(1) {
        Some(path) => std::fs::write(path, render(&case)),
        None => Ok(()),
    }
}
