//! One large piece on several threads: its parts are read in any order and put together in theirs.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicIsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;

use konseki_sources::Parts;
use konseki_store::{EventWriter, Rows};

use crate::detect::{Detector, Scratch};
use crate::sheet::{Sheet, Whose};
use crate::tally::Tally;

/// Bytes from which on a piece is read in parts, on one thread too: where it is cut says how its rows are written.
pub const LARGE: u64 = 4 << 20;
/// Parts that may wait for their turn; a thread further ahead waits itself.
const AHEAD: usize = 8;

/// Threads with nothing to do. Below zero: a piece came for a thread that helps elsewhere.
#[derive(Default)]
pub struct Hands(AtomicIsize);

impl Hands {
    pub fn free(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    pub fn busy(&self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }

    /// Takes one that is free.
    fn take(&self) -> bool {
        self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |free| (free > 0).then(|| free - 1)).is_ok()
    }

    /// Gives one back that is wanted elsewhere.
    fn recalled(&self) -> bool {
        self.0.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |free| (free < 0).then(|| free + 1)).is_ok()
    }
}

/// Everything that parts go to.
struct Order<'w> {
    state: Mutex<State<'w>>,
    turn: Condvar,
}

struct State<'w> {
    next: usize,
    waiting: BTreeMap<usize, (Tally, Rows)>,
    tally: Tally,
    writer: &'w mut EventWriter,
    /// No further part is of use: writing failed, or a thread fell.
    over: bool,
}

impl State<'_> {
    fn put(&mut self, tally: Tally, rows: Rows) {
        self.tally.join(tally);
        if self.tally.failed.is_none() {
            self.tally.failed = self.writer.append(rows).err();
        }
        self.over |= self.tally.failed.is_some();
        self.next += 1;
    }
}

impl Order<'_> {
    /// Takes a part when its turn is near; `false`: no more are wanted.
    fn put(&self, number: usize, tally: Tally, rows: Rows) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        while number >= state.next + AHEAD && !state.over {
            state = self.turn.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.waiting.insert(number, (tally, rows));
        while !state.over {
            let next = state.next;
            let Some((tally, rows)) = state.waiting.remove(&next) else { break };
            state.put(tally, rows);
        }
        self.turn.notify_all();
        !state.over
    }
}

/// Says so when its thread falls with a part in its hands, for which others would wait for ever.
struct Watch<'o, 'w>(&'o Order<'w>);

impl Drop for Watch<'_, '_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.state.lock().unwrap_or_else(PoisonError::into_inner).over = true;
            self.0.turn.notify_all();
        }
    }
}

/// Reads all parts into `writer`. Free hands join in, and go where they are wanted after a part.
pub fn read(
    parts: &dyn Parts,
    whose: &Whose<'_>,
    writer: &mut EventWriter,
    detector: &Detector,
    scratch: &mut Scratch,
    hands: &Hands,
) -> Tally {
    let state = State { next: 0, waiting: BTreeMap::new(), tally: Tally::default(), writer, over: false };
    let order = Order { state: Mutex::new(state), turn: Condvar::new() };
    let one = |scratch: &mut Scratch| {
        let _watch = Watch(&order);
        let Some(part) = parts.cut() else { return false };
        let mut rows = Rows::default();
        let mut sheet = Sheet::new(whose, &mut rows, detector, scratch);
        parts.read(&part, &mut sheet);
        let tally = sheet.tally;
        order.put(part.number, tally, rows)
    };
    let help = || {
        let mut scratch = Scratch::default();
        while !hands.recalled() {
            if !one(&mut scratch) {
                return hands.free();
            }
        }
    };
    thread::scope(|scope| {
        loop {
            while hands.take() {
                if thread::Builder::new().name("part".to_owned()).spawn_scoped(scope, help).is_err() {
                    hands.free();
                    break;
                }
            }
            if !one(scratch) {
                break;
            }
        }
    });
    let State { mut tally, writer, .. } = order.state.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut end = Sheet::new(whose, writer, detector, scratch);
    std::mem::swap(&mut end.tally, &mut tally);
    parts.end(&mut end);
    end.tally
}
