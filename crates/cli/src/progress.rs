//! Progress on standard error: a bar on a terminal, a few lines elsewhere.

use std::sync::atomic::{AtomicU64, Ordering};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use konseki_pipeline::{Progress, escape_terminal};

use crate::args::Language;
use crate::say::{self, words_of};

pub struct Bar {
    bar: ProgressBar,
    events: AtomicU64,
    language: Language,
}

impl Bar {
    pub fn new(language: Language) -> Self {
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr_with_hz(8));
        if let Ok(style) = ProgressStyle::with_template("{prefix:9} {bar:28} {bytes}/{total_bytes}  {msg}") {
            bar.set_style(style);
        }
        Self { bar, events: AtomicU64::new(0), language }
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
        let events = words_of("events", self.language, &[&self.events.load(Ordering::Relaxed)]);
        self.bar.set_message(format!("{events}  {}", escape_terminal(&tail)));
    }
    fn bytes(&self, bytes: u64) {
        self.bar.inc(bytes);
    }
    fn events(&self, events: u64) {
        self.events.fetch_add(events, Ordering::Relaxed);
    }
    fn stage(&self, name: &str) {
        let name = words_of(&format!("stage_{name}"), self.language, &[]);
        self.bar.set_prefix(name.clone());
        if self.bar.is_hidden() {
            say::err(format_args!("konseki: {name}"));
        }
    }
}
