//! Problems noted while a stream is read, by readers that end instead of failing.

use std::cell::RefCell;
use std::io::{self, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use konseki_model::{At, Problem, ProblemKind};

/// Different problems kept for one entry; further ones are counted in one line.
const KEPT: usize = 200;

/// Shared between the readers of one stream; equal problems are folded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes(Rc<RefCell<Vec<Problem>>>);

impl Notes {
    pub fn push(&self, problem: Problem) {
        let mut list = self.0.borrow_mut();
        let same = list.iter_mut().find(|p| p.kind == problem.kind && p.text == problem.text);
        if let Some(known) = same {
            known.count += problem.count;
            known.bytes = match (known.bytes, problem.bytes) {
                (None, None) => None,
                (a, b) => Some(a.unwrap_or(0).saturating_add(b.unwrap_or(0))),
            };
        } else if list.len() < KEPT {
            list.push(problem);
        } else {
            drop(list);
            let text = "further problems of this container, only counted".to_owned();
            self.fold_rest(Problem { text, ..problem });
        }
    }

    fn fold_rest(&self, problem: Problem) {
        let mut list = self.0.borrow_mut();
        match list.iter_mut().find(|p| p.text == problem.text) {
            Some(known) => {
                known.count += 1;
                known.bytes = Some(known.bytes.unwrap_or(0) + problem.bytes.unwrap_or(0));
            }
            None => list.push(problem),
        }
    }

    pub fn add(&self, kind: ProblemKind, at: Option<u64>, text: impl Into<String>) {
        self.push(Problem::new(kind, at.map(At::Offset), text));
    }

    pub fn take(&self) -> Vec<Problem> {
        std::mem::take(&mut *self.0.borrow_mut())
    }

    pub fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }

    pub fn has(&self, kind: ProblemKind) -> bool {
        self.0.borrow().iter().any(|p| p.kind == kind)
    }
}

/// Turns a read error into the problem it means; the number is how many bytes were read before.
pub(crate) type Explain = fn(&io::Error, u64) -> Problem;

/// A reader that ends where the inner one fails or panics: the failure becomes a note.
pub(crate) struct Tolerant<R> {
    inner: R,
    notes: Notes,
    explain: Explain,
    read: u64,
    over: bool,
}

impl<R: Read> Tolerant<R> {
    pub fn new(inner: R, notes: Notes, explain: Explain) -> Self {
        Self { inner, notes, explain, read: 0, over: false }
    }
}

impl<R: Read> Read for Tolerant<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while !self.over {
            // Decoders are other people's code reading hostile bytes: a panic there is one bad member.
            match catch_unwind(AssertUnwindSafe(|| self.inner.read(buf))) {
                Ok(Ok(n)) => {
                    self.read += n as u64;
                    return Ok(n);
                }
                Ok(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(Err(error)) => {
                    self.over = true;
                    self.notes.push((self.explain)(&error, self.read));
                }
                Err(_) => {
                    self.over = true;
                    let text = "the decoder gave up on this member";
                    self.notes.add(ProblemKind::Malformed, Some(self.read), text);
                }
            }
        }
        Ok(0)
    }
}

/// For bytes on disk.
pub(crate) fn unreadable(error: &io::Error, read: u64) -> Problem {
    Problem::new(ProblemKind::Unreadable, Some(At::Offset(read)), format!("the operating system stopped reading here ({})", error.kind()))
}

/// For decoders: the end came early, or the bytes are wrong.
pub(crate) fn undecodable(error: &io::Error, read: u64) -> Problem {
    let text = error.to_string();
    let (kind, what) = if error.kind() == io::ErrorKind::UnexpectedEof {
        (ProblemKind::Truncated, "the compressed data end early; what precedes is kept".to_owned())
    } else if text.contains("checksum") || text.contains("Checksum") || text.contains("crc") {
        (ProblemKind::Checksum, "the checksum does not agree; the data are kept".to_owned())
    } else if text.contains("emory") || text.contains("too large") {
        (ProblemKind::Bound, "the decoder asks for more memory than allowed".to_owned())
    } else {
        let what = "the compressed data are damaged here; what precedes is kept";
        (ProblemKind::Malformed, format!("{what} ({})", crate::name::one_line(&text)))
    };
    Problem::new(kind, Some(At::Offset(read)), what)
}
