//! Bounds against bombs: bytes and members for one input file, ratio for one stream.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use konseki_model::{At, Problem, ProblemKind};

use crate::notes::Notes;
use crate::options::Limits;

/// What one input file may still cost, all levels together.
#[derive(Clone, Debug)]
pub(crate) struct Budget(Rc<Inner>);

#[derive(Debug)]
struct Inner {
    limits: Limits,
    root: u64,
    expanded: Cell<u64>,
    members: Cell<u64>,
}

impl Budget {
    pub fn new(limits: Limits, root: u64) -> Self {
        let (expanded, members) = (Cell::new(0), Cell::new(0));
        Self(Rc::new(Inner { limits, root, expanded, members }))
    }

    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    pub fn expanded(&self) -> u64 {
        self.0.expanded.get()
    }

    fn spend(&self, bytes: u64) {
        self.0.expanded.set(self.expanded().saturating_add(bytes));
    }

    /// Counts one more member; false when there are too many.
    pub fn member(&self) -> bool {
        self.0.members.set(self.0.members.get() + 1);
        self.0.members.get() <= self.0.limits.members
    }

    /// Why nothing more may be expanded from this input, if so.
    pub fn exhausted(&self) -> Option<String> {
        let (limits, expanded) = (&self.0.limits, self.expanded());
        if self.0.members.get() > limits.members {
            return Some(format!("more than {} members in one input", limits.members));
        }
        if expanded > limits.total_expanded {
            return Some(format!("{expanded} bytes expanded from one input, the limit is {}", limits.total_expanded));
        }
        over_ratio(limits, expanded, self.0.root)
            .then(|| format!("{expanded} bytes expanded from an input of {} bytes, more than {} to 1", self.0.root, limits.ratio))
    }
}

fn over_ratio(limits: &Limits, out: u64, from: u64) -> bool {
    out > limits.ratio_free && out > from.max(1).saturating_mul(limits.ratio)
}

/// What an expanded stream is measured against.
pub(crate) enum Basis {
    /// Its compressed size, known beforehand.
    Fixed(u64),
    /// The compressed bytes consumed so far.
    Live(Rc<Cell<u64>>),
}

/// Counts what comes out of a decoder and ends the stream at a bound.
pub(crate) struct Metered<R> {
    inner: R,
    budget: Budget,
    basis: Basis,
    notes: Notes,
    read: u64,
    stopped: bool,
}

impl<R: Read> Metered<R> {
    pub fn new(inner: R, budget: Budget, basis: Basis, notes: Notes) -> Self {
        Self { inner, budget, basis, notes, read: 0, stopped: false }
    }

    pub fn stopped(&self) -> bool {
        self.stopped
    }

    fn check(&mut self) {
        let from = match &self.basis {
            Basis::Fixed(bytes) => *bytes,
            Basis::Live(bytes) => bytes.get(),
        };
        let limits = self.budget.limits();
        let why = if over_ratio(limits, self.read, from) {
            format!("more than {} bytes came out of each compressed byte ({from} so far)", limits.ratio)
        } else if let Some(why) = self.budget.exhausted() {
            why
        } else {
            return;
        };
        self.stopped = true;
        let text = format!("stopped after {} expanded bytes: {why}; raise the limit if this is no bomb", self.read);
        self.notes.push(Problem::new(ProblemKind::Bound, Some(At::Offset(self.read)), text));
    }
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.stopped {
            return Ok(0);
        }
        let n = self.inner.read(buf)?;
        self.read += n as u64;
        self.budget.spend(n as u64);
        self.check();
        Ok(n)
    }
}
