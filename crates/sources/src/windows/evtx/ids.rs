//! Record numbers: which are missing, which come twice. Windows counts every record of a channel, so a number that is
//! missing between two others is a record that was removed, overwritten, damaged, or left out of an export.

use std::collections::{BTreeMap, BTreeSet};

use konseki_formats::evtx::{Known, RecordView};
use konseki_model::{At, Problem, ProblemKind, Sink};

/// Runs of numbers kept per channel and computer, channels kept per file, and gaps told one by one.
const RUNS: usize = 1 << 16;
const CHANNELS: usize = 256;
const TOLD: usize = 16;
const LOST: usize = 4096;

/// A run without gaps: its last number, and the header ids of the records at its ends.
#[derive(Clone, Copy, Debug)]
struct Run {
    last: u64,
    first_record: u64,
    last_record: u64,
}

#[derive(Debug, Default)]
struct Channel {
    /// Closed runs by their first number.
    runs: BTreeMap<u64, Vec<Run>>,
    count: usize,
    open: Option<(u64, Run)>,
    /// Too many runs: only an export that was filtered has as many.
    overflow: bool,
    /// Its records were numbered anew by an export or a collector, which may have left some out.
    export: bool,
}

#[derive(Debug, Default)]
pub(super) struct Ids {
    channels: BTreeMap<(String, String), Channel>,
    current: (String, String),
    /// Records that are there and could not be read: told already, not missing.
    lost: BTreeSet<u64>,
}

impl Ids {
    /// Notes the `EventRecordID` of a record (an export numbers its record headers anew).
    pub(super) fn add(&mut self, record: &RecordView<'_>, computer: &str) {
        let channel = record.known(Known::Channel);
        let number: u64 = record.known(Known::EventRecordId).parse().unwrap_or(record.id);
        if self.current.0 != channel || self.current.1 != computer || self.channels.is_empty() {
            self.current = (channel.to_owned(), computer.to_owned());
        }
        if !self.channels.contains_key(&self.current) {
            if self.channels.len() >= CHANNELS {
                return;
            }
            self.channels.insert(self.current.clone(), Channel::default());
        }
        if let Some(channel) = self.channels.get_mut(&self.current) {
            channel.add(number, record.id);
        }
    }

    /// Notes a record whose content could not be read.
    pub(super) fn lose(&mut self, record: u64) {
        if self.lost.len() < LOST {
            self.lost.insert(record);
        }
    }

    pub(super) fn report(&mut self, sink: &mut dyn Sink) {
        for ((name, computer), channel) in &mut self.channels {
            channel.close();
            channel.report(&format!("{name} of {computer}"), &self.lost, sink);
        }
    }
}

impl Channel {
    fn add(&mut self, number: u64, record: u64) {
        self.export |= number != record;
        if let Some((_, run)) = &mut self.open
            && run.last.checked_add(1) == Some(number)
        {
            run.last = number;
            run.last_record = record;
            return;
        }
        self.close();
        self.open = Some((number, Run { last: number, first_record: record, last_record: record }));
    }

    fn close(&mut self) {
        let Some((first, run)) = self.open.take() else { return };
        if self.count >= RUNS {
            self.overflow = true;
            return;
        }
        self.count += 1;
        self.runs.entry(first).or_default().push(run);
    }

    fn report(&self, whose: &str, lost: &BTreeSet<u64>, sink: &mut dyn Sink) {
        let (mut missing, mut jumps, mut twice) = (0u64, Vec::new(), None);
        let mut reach: Option<Run> = None;
        for (first, run) in self.runs.iter().flat_map(|(first, runs)| runs.iter().map(move |run| (*first, *run))) {
            if let Some(before) = reach {
                if first <= before.last {
                    twice.get_or_insert(run.first_record);
                } else if first - before.last > 1 && !told(before.last + 1, first - 1, lost) {
                    missing += first - before.last - 1;
                    jumps.push((before.last + 1, first - 1, run.first_record));
                }
            }
            if reach.is_none_or(|before| run.last >= before.last) {
                reach = Some(run);
            }
        }
        if let Some(record) = twice {
            let text = format!("record numbers come twice in {whose}: joined, copied or restarted logs; all were kept");
            sink.problem(Problem::new(ProblemKind::Duplicate, Some(At::Record(record)), text));
        }
        let filtered = jumps.len() > TOLD || self.overflow || (self.export && !jumps.is_empty());
        for (first, last, record) in jumps.iter().filter(|_| !filtered) {
            let text = match last - first {
                0 => format!("record number {first} of {whose} is missing: removed or damaged"),
                more => format!("record numbers {first} to {last} ({} records) of {whose} are missing: removed or damaged", more + 1),
            };
            sink.problem(Problem::new(ProblemKind::Gap, Some(At::Record(*record)), text));
        }
        if filtered {
            let at = jumps.first().map(|jump| At::Record(jump.2));
            let why = if self.export { "left out of this export, or removed before" } else { "removed or damaged" };
            let text = format!("{missing} record numbers of {whose} are missing, at {} places: {why}", jumps.len());
            sink.problem(Problem::new(ProblemKind::Gap, at, text));
        }
    }
}

/// Whether all of these numbers are of records that were told to be unreadable.
fn told(first: u64, last: u64, lost: &BTreeSet<u64>) -> bool {
    let found = lost.range(first..=last).count() as u64;
    found == last - first + 1
}
