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

/// Channel and computer.
type Key = (String, String);

/// The numbers of one part of a log.
#[derive(Debug, Default)]
pub(super) struct Seen {
    /// In the order in which they were met.
    channels: Vec<(Key, Met)>,
    places: BTreeMap<Key, usize>,
    /// The channel of the record before.
    current: usize,
    lost: Vec<u64>,
}

/// A channel in one part: first number and run, in their order.
#[derive(Debug, Default)]
struct Met {
    runs: Vec<(u64, Run)>,
    export: bool,
}

impl Seen {
    /// Notes the `EventRecordID` of a record (an export numbers its record headers anew).
    pub(super) fn add(&mut self, record: &RecordView<'_>, computer: &str) {
        let channel = record.known(Known::Channel);
        let number: u64 = record.known(Known::EventRecordId).parse().unwrap_or(record.id);
        let same = self.channels.get(self.current).is_some_and(|(known, _)| known.0 == channel && known.1 == computer);
        if !same {
            let key = (channel.to_owned(), computer.to_owned());
            self.current = *self.places.entry(key.clone()).or_insert(self.channels.len());
            if self.current == self.channels.len() {
                self.channels.push((key, Met::default()));
            }
        }
        let Some((_, met)) = self.channels.get_mut(self.current) else { return };
        met.export |= number != record.id;
        match met.runs.last_mut() {
            Some((_, run)) if run.last.checked_add(1) == Some(number) => {
                run.last = number;
                run.last_record = record.id;
            }
            _ => met.runs.push((number, Run { last: number, first_record: record.id, last_record: record.id })),
        }
    }

    /// Notes a record whose content could not be read.
    pub(super) fn lose(&mut self, record: u64) {
        self.lost.push(record);
    }
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
    channels: BTreeMap<Key, Channel>,
    /// Records that are there and could not be read: told already, not missing.
    lost: BTreeSet<u64>,
}

impl Ids {
    /// Takes what the next part of the log has seen.
    pub(super) fn take(&mut self, seen: Seen) {
        for (key, met) in seen.channels {
            if !self.channels.contains_key(&key) && self.channels.len() >= CHANNELS {
                continue;
            }
            let channel = self.channels.entry(key).or_default();
            channel.export |= met.export;
            met.runs.into_iter().for_each(|(first, run)| channel.add(first, run));
        }
        for record in seen.lost {
            if self.lost.len() < LOST {
                self.lost.insert(record);
            }
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
    fn add(&mut self, first: u64, run: Run) {
        if let Some((_, open)) = &mut self.open
            && open.last.checked_add(1) == Some(first)
        {
            open.last = run.last;
            open.last_record = run.last_record;
            return;
        }
        self.close();
        self.open = Some((first, run));
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
            let text = format!("record numbers of {whose} are missing ({missing} in all, places: {}): {why}", jumps.len());
            sink.problem(Problem::new(ProblemKind::Gap, at, text));
        }
    }
}

/// Whether all of these numbers are of records that were told to be unreadable.
fn told(first: u64, last: u64, lost: &BTreeSet<u64>) -> bool {
    let found = lost.range(first..=last).count() as u64;
    found == last - first + 1
}
