//! Writes the page of a made-up case: `cargo run -p konseki-report --example page -- OUT.html`; the summary to stdout.

#[path = "../tests/made_up/mod.rs"]
mod made_up;

use konseki_report::{Lang, render, summary_text};

fn main() -> std::io::Result<()> {
    let owned = made_up::owned();
    let case = owned.case();
    print!("{}", summary_text(&case, Lang::En));
    print!("{}", summary_text(&case, Lang::Ja));
    match std::env::args().nth(1) {
        Some(path) => std::fs::write(path, render(&case)),
        None => Ok(()),
    }
}
