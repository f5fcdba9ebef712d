//! Progress on standard error: a bar on a terminal, a few lines elsewhere.

use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use konseki_pipeline::{Progress, escape_terminal};

pub struct Bar {
    bar: ProgressBar,
    events: AtomicU64,
}

impl Bar {
    pub fn new() -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr_with_hz(8));
        if let Ok(style) = ProgressStyle::with_template("{prefix:9} {bar:28} {bytes}/{total_bytes}  {msg}") {
            bar.set_style(style);
        }
        Self { bar, events: AtomicU64::new(0) }
    }

    pub fn done(&self) {
        self.bar.finish_and_clear();
    }
}

impl Progress for Bar {
    fn total(&self, _files: u64, bytes: u64) {
        self.bar.set_length(bytes);
    }
    fn file(&self, path: &str) {
        let tail: String = path.chars().rev().take(48).collect::<Vec<_>>().into_iter().rev().collect();
        self.bar.set_message(format!("{} events  {}", self.events.load(Ordering::Relaxed), escape_terminal(&tail)));
    }
    fn bytes(&self, bytes: u64) {
        self.bar.inc(bytes);
    }
    fn events(&self, events: u64) {
        self.events.fetch_add(events, Ordering::Relaxed);
    }
    fn stage(&self, name: &str) {
        self.bar.set_prefix(name.to_owned());
        if self.bar.is_hidden() {
            eprintln!("konseki: {name}");
        }
    }
}
