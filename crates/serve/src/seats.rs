//! How many may work at a time; a few wait for a moment, the rest is sent away, so that threads stay free.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[derive(Default)]
struct Count {
    taken: usize,
    waiting: usize,
}

/// So many places.
#[derive(Clone)]
pub struct Seats {
    count: Arc<(Mutex<Count>, Condvar)>,
    most: usize,
    waiting: usize,
    patience: Duration,
}

/// A place; free again when it is dropped, on whatever thread.
pub struct Seat(Seats);

impl Seats {
    /// `most` places; at most `waiting` wait for one, each for `patience`.
    pub fn new(most: usize, waiting: usize, patience: Duration) -> Self {
        Self { count: Arc::default(), most, waiting, patience }
    }

    fn lock(&self) -> MutexGuard<'_, Count> {
        self.count.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `None` where there is none.
    pub fn take(&self) -> Option<Seat> {
        let mut count = self.lock();
        if count.taken >= self.most {
            if count.waiting >= self.waiting {
                return None;
            }
            count.waiting += 1;
            let waited = self.count.1.wait_timeout_while(count, self.patience, |count| count.taken >= self.most);
            count = waited.unwrap_or_else(PoisonError::into_inner).0;
            count.waiting -= 1;
            if count.taken >= self.most {
                return None;
            }
        }
        count.taken += 1;
        Some(Seat(self.clone()))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.lock().taken -= 1;
        self.0.count.1.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_and_who_waits_gets_it() {
        let seats = Seats::new(2, 1, Duration::ZERO);
        let (first, _second) = (seats.take().unwrap(), seats.take().unwrap());
        assert!(seats.take().is_none());
        drop(first);
        let third = seats.take().unwrap();
        let patient = Seats { patience: Duration::from_secs(60), ..seats.clone() };
        let waiting = std::thread::spawn(move || patient.take().is_some());
        while seats.lock().waiting == 0 && !waiting.is_finished() {
            std::thread::yield_now();
        }
        // One waits already.
        assert!(seats.take().is_none());
        drop(third);
        assert!(waiting.join().unwrap());
    }
}
