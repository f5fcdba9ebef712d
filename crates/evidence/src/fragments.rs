//! Files that vm-support cut into `NAME.FRAG-00000`, `NAME.FRAG-00001`, …: put together again as its `reconstruct.sh` would.

use std::collections::BTreeMap;
use std::io::{self, Read};

use konseki_model::ProblemKind;

use crate::entry::{Accounts, Body, ContainerKind, Entry, ReadSeek};
use crate::flow::{self, Flow, Keep, Meta};
use crate::hash::Hashed;
use crate::notes::{Notes, unreadable};
use crate::options::Error;

/// A fragment, kept until its input has been read to its end: an archive may hold them in any order.
pub(crate) struct Fragment {
    pub meta: Meta,
    pub body: Body,
    pub hashed: Hashed,
}

/// By the path without its ending, then by number.
pub(crate) type Fragments = BTreeMap<String, BTreeMap<u32, Fragment>>;

/// The path of the whole and the number of this fragment.
pub(crate) fn of(path: &str) -> Option<(&str, u32)> {
    let (whole, digits) = path.rsplit_once(".FRAG-")?;
    let named = !whole.is_empty() && !whole.ends_with('/');
    let number = digits.bytes().all(|b| b.is_ascii_digit()).then(|| digits.parse().ok())??;
    named.then_some((whole, number))
}

/// Puts together what was kept; what comes out flows on like any other file.
pub(crate) fn join(flow: &mut Flow) -> Result<(), Error> {
    while let Some((whole, parts)) = flow.fragments.pop_first() {
        let mut run: Vec<Fragment> = Vec::new();
        let mut next = 0;
        let mut missing = None;
        for (number, fragment) in parts {
            if number != next {
                let gone = format!("FRAG-{next:05}");
                close(flow, &whole, std::mem::take(&mut run), missing.take(), Some(&gone))?;
                missing = Some(gone);
            }
            run.push(fragment);
            next = number.saturating_add(1);
        }
        close(flow, &whole, run, missing, None)?;
    }
    Ok(())
}

/// A run of fragments in order. `before`, `after`: a fragment that is not there.
fn close(flow: &mut Flow, whole: &str, run: Vec<Fragment>, before: Option<String>, after: Option<&str>) -> Result<(), Error> {
    let Some(first) = run.first() else { return Ok(()) };
    let name = whole.rsplit('/').next().unwrap_or(whole);
    let meta = Meta {
        path: format!("{}!/{name}", first.meta.path),
        modified: run.iter().filter_map(|fragment| fragment.meta.modified).max(),
        depth: first.meta.depth + 1,
        ..Meta::default()
    };
    let size = run.iter().map(|fragment| fragment.body.size()).sum();
    if let Some(gone) = before {
        let text = format!("{gone} is missing before this; the file begins in the middle");
        meta.notes.add(ProblemKind::Truncated, Some(0), text);
    }
    if let Some(gone) = after {
        meta.notes.add(ProblemKind::Truncated, Some(size), format!("{gone} is missing; the file is cut off here"));
    }
    let bodies: Vec<Body> = run.iter().map(|fragment| fragment.body.clone()).collect();
    let mut reader = Chain { bodies: bodies.into_iter(), open: None, read: 0, notes: meta.notes.clone() };
    flow.stream(meta, &mut reader, Keep::Member)?;
    for (at, Fragment { meta, hashed, .. }) in run.into_iter().enumerate() {
        let accounts = Accounts { members: hashed.size, ..Accounts::default() };
        let entry = flow::container(&meta, hashed, ContainerKind::Fragment, u64::from(at == 0), accounts);
        flow.emit(Entry::Container(entry));
    }
    Ok(())
}

/// Bodies one behind the other. Readers end instead of failing.
struct Chain {
    bodies: std::vec::IntoIter<Body>,
    open: Option<Box<dyn ReadSeek + Send>>,
    read: u64,
    notes: Notes,
}

impl Read for Chain {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while !buf.is_empty() {
            if self.open.is_none() {
                let Some(body) = self.bodies.next() else { break };
                self.open = body.open().map_err(|error| self.notes.push(unreadable(&error, self.read))).ok();
            }
            let Some(reader) = &mut self.open else { continue };
            match reader.read(buf) {
                Ok(0) => self.open = None,
                Ok(n) => {
                    self.read += n as u64;
                    return Ok(n);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    self.notes.push(unreadable(&error, self.read));
                    self.open = None;
                }
            }
        }
        Ok(0)
    }
}
