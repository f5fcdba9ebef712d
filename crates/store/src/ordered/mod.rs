//! Events in order of time as records: sorted once in bounded memory, given as often as they are asked for.
//!
//! Only keys are compared and whole events are moved as bytes; what does not fit into memory goes to the spill folder as
//! sorted runs. Asking by SQL instead cost most of a run: wide rows, with a map in each, went through a general sort.

mod pack;
mod runs;
mod scan;

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use konseki_model::{Kind, Record};

use crate::records::Filter;
use crate::{Corrections, Error};
use pack::Packer;
use runs::{Run, Spill};

/// Bytes that sorting holds before it spills, in all threads together.
pub(crate) const SORT_MEMORY: usize = 64 << 20;

/// What of an event is wanted beside its core.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Native {
    /// All native fields, and the excerpt.
    All,
    /// Native fields of these names, and the excerpt.
    Of(&'static [&'static str]),
    /// Neither native fields nor excerpt.
    Bare,
}

/// Where the events of a case lie, and how their times are corrected.
#[derive(Clone, Debug)]
pub struct Ordered {
    folder: PathBuf,
    /// `None`: nothing may be written; what does not fit is an error.
    spill: Option<PathBuf>,
    corrections: Corrections,
    threads: usize,
    memory: usize,
}

/// Sorted events: in order of time (those without time first), then evidence, then place.
pub struct Sorted {
    runs: Vec<Run>,
    spill: Option<Spill>,
}

impl Ordered {
    /// `folder` is `events/` of a case, `spill` a folder for what does not fit into memory.
    pub fn new(folder: &Path, spill: Option<&Path>, corrections: &Corrections, threads: usize) -> Self {
        let spill = spill.map(Path::to_owned);
        Self { folder: folder.to_owned(), spill, corrections: corrections.clone(), threads: threads.max(1), memory: SORT_MEMORY }
    }

    /// Another bound than the default: bytes that sorting holds before it spills.
    #[must_use]
    pub fn within(mut self, memory: usize) -> Self {
        self.memory = memory;
        self
    }

    /// Sorts the events that the filter lets through.
    ///
    /// # Errors
    /// A damaged store, no room on the disk, or more than memory holds where nothing may be written.
    pub fn sort(&self, filter: &Filter, native: Native) -> Result<Sorted, Error> {
        let mut parts = Vec::new();
        for file in scan::files(&self.folder, filter)? {
            parts.append(&mut scan::parts(&file)?);
        }
        let threads = self.threads.min(parts.len()).max(1);
        let spill = self.spill.as_deref().map(Spill::new);
        let next = AtomicUsize::new(0);
        let done: Mutex<(Vec<Run>, Option<Error>)> = Mutex::new((Vec::new(), None));
        let work = || {
            let mut packer = Packer::new(self.memory / threads, spill.as_ref(), native);
            let result = loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(part) = parts.get(number) else { break packer.finish() };
                let scan = scan::Scan { filter, corrections: &self.corrections, lean: native == Native::Bare };
                if let Err(error) = scan.part(part, number, &mut packer) {
                    // The others need not go on.
                    next.store(parts.len(), Ordering::Relaxed);
                    break Err(error);
                }
            };
            if let Ok(mut done) = done.lock() {
                match result {
                    Ok(runs) => done.0.extend(runs),
                    Err(error) => done.1 = done.1.take().or(Some(error)),
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..threads {
                scope.spawn(work);
            }
            work();
        });
        let (runs, failed) = done.into_inner().map_err(|_| Error::Query("sorting stopped in the middle".to_owned()))?;
        failed.map_or(Ok(Sorted { runs, spill }), Err)
    }

    /// Gives the events that the filter lets through, in order, once.
    ///
    /// # Errors
    /// As `sort` and `each`.
    pub fn records(&self, filter: &Filter, each: &mut dyn FnMut(&Record)) -> Result<(), Error> {
        self.sort(filter, Native::All)?.each(|_| true, each)
    }
}

impl Sorted {
    /// Gives the events whose kind is wanted, in order. The record is used again for the next one.
    ///
    /// # Errors
    /// What was spilled cannot be read back.
    pub fn each(&self, wants: impl Fn(Kind) -> bool, each: &mut dyn FnMut(&Record)) -> Result<(), Error> {
        let wanted: Vec<Vec<bool>> =
            self.runs.iter().map(|run| run.names.kinds.iter().map(|kind| wants(kind.unwrap_or(Kind::Other))).collect()).collect();
        let mut record = Record::default();
        runs::merge(&self.runs, self.spill.as_ref(), &mut |run, key, body| {
            let (Some(run), Some(wanted)) = (self.runs.get(run), wanted.get(run)) else { return };
            if pack::kind(body).and_then(|kind| wanted.get(kind)).copied().unwrap_or(false) {
                pack::unpack(key, body, &run.names, &mut record);
                each(&record);
            }
        })
    }
}
