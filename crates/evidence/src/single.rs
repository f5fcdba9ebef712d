//! Compressed streams: gzip, bzip2, xz, zstd. One member, what follows it is kept.

use std::io::Read;

use konseki_model::{Problem, ProblemKind};

use crate::bounds::{Basis, Metered};
use crate::buffered::Buffered;
use crate::entry::{Accounts, ContainerKind, Entry};
use crate::flow::{self, Flow, Keep, Meta};
use crate::hash::Hashing;
use crate::kind;
use crate::notes::{Notes, Tolerant, undecodable};
use crate::options::Error;
use crate::unpack::Unpack;

pub(crate) fn open(flow: &mut Flow, kind: ContainerKind, meta: &Meta, reader: &mut dyn Read) -> Result<(), Error> {
    let mut raw = Hashing::new(reader, flow.weak_limit());
    let buffered = Buffered::new(&mut raw);
    let consumed = buffered.counter();
    let notes = Notes::default();
    let inner = inner_meta(meta, notes.clone());
    let memory = flow.options.limits.decoder_memory;
    let mut unpack = Unpack::new(kind, buffered, memory, notes.clone());
    let tolerant = Tolerant::new(&mut unpack, notes.clone(), undecodable);
    let mut metered = Metered::new(tolerant, flow.budget.clone(), Basis::Live(consumed.clone()), notes.clone());
    let mut members = u64::from(flow.stream(inner, &mut metered, Keep::Member)?);
    // Without a member its problems are the container's.
    notes.take().into_iter().for_each(|problem| meta.notes.push(problem));
    let (stopped, trailing, padding) = (metered.stopped(), unpack.trailing, unpack.padding);
    let mut accounts = Accounts { structure: padding, ..Accounts::default() };
    let end = consumed.get();
    accounts.members = end.saturating_sub(padding);
    let mut rest = unpack.rest();
    if let Some(rest) = rest.as_mut().filter(|_| trailing && !stopped) {
        members += u64::from(keep_trailing(flow, meta, end, rest)?);
        accounts.unclaimed = consumed.get() - end;
    }
    drop(rest);
    raw.drain();
    let hashed = raw.finish();
    let unread = hashed.size.saturating_sub(accounts.sum());
    if unread > 0 {
        let text = "compressed bytes behind this place were not read";
        let problem = Problem::new(ProblemKind::Malformed, Some(konseki_model::At::Offset(end)), text);
        meta.notes.push(problem.bytes(unread));
    }
    let entry = flow::container(meta, hashed, kind, members, accounts);
    flow.emit(Entry::Container(entry));
    Ok(())
}

fn inner_meta(meta: &Meta, notes: Notes) -> Meta {
    let name = meta.path.rsplit(['/', '\\']).next().unwrap_or(&meta.path);
    Meta {
        path: format!("{}!/{}", meta.path, kind::inner_name(name)),
        flat: Some(format!("{}!/", meta.path)),
        modified: meta.modified,
        modified_local: meta.modified_local,
        depth: meta.depth + 1,
        notes,
        skip_empty: true,
        ..Meta::default()
    }
}

fn keep_trailing(flow: &mut Flow, meta: &Meta, at: u64, rest: &mut dyn Read) -> Result<bool, Error> {
    let text = "bytes follow that are no part of the compressed data; kept as a piece of their own";
    meta.notes.add(ProblemKind::Malformed, Some(at), text);
    flow.stream(unclaimed(meta, at), rest, Keep::Member)
}

/// The piece for bytes of a container that belong to no member.
pub(crate) fn unclaimed(meta: &Meta, at: u64) -> Meta {
    Meta { path: format!("{}!/~unclaimed-{at}", meta.path), depth: meta.depth + 1, ..Meta::default() }
}
