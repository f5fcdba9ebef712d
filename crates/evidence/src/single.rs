//! Compressed streams: gzip, bzip2, xz, zstd. One member, what follows it is kept.

use std::io::Read;

use konseki_model::{At, Problem, ProblemKind};

use crate::bounds::{Basis, Metered};
use crate::buffered::Buffered;
use crate::entry::{Accounts, ContainerKind, Entry};
use crate::flow::{self, Flat, Flow, Keep, Meta};
use crate::hash::Hashing;
use crate::kind;
use crate::name::Names;
use crate::notes::{Notes, Tolerant, undecodable};
use crate::options::Error;
use crate::unpack::Unpack;

pub(crate) fn open(flow: &mut Flow, kind: ContainerKind, meta: &Meta, reader: &mut dyn Read) -> Result<(), Error> {
    let mut raw = Hashing::new(reader, flow.weak_limit());
    let mut buffered = Buffered::new(&mut raw);
    let consumed = buffered.counter();
    let stamp = if kind == ContainerKind::Gzip { gzip_stamp(buffered.peek(GZIP_HEAD)) } else { Stamp::default() };
    let notes = Notes::default();
    let names = Names::default();
    let inner = inner_meta(meta, &names, stamp, notes.clone());
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
        members += u64::from(keep_trailing(flow, meta, &names, end, rest)?);
        accounts.unclaimed = consumed.get() - end;
    }
    drop(rest);
    raw.drain();
    let hashed = raw.finish();
    let unread = hashed.size.saturating_sub(accounts.sum());
    if unread > 0 {
        let text = "compressed bytes behind this place were not read";
        let kind = if stopped { ProblemKind::Bound } else { ProblemKind::Malformed };
        let problem = Problem::new(kind, Some(At::Offset(end)), text);
        meta.notes.push(problem.bytes(unread));
    }
    let entry = flow::container(meta, hashed, kind, members, accounts);
    flow.emit(Entry::Container(entry));
    Ok(())
}

/// Longest gzip header that is looked at.
const GZIP_HEAD: usize = 4096;

/// What a gzip header says of its content.
#[derive(Default)]
struct Stamp {
    name: Option<Vec<u8>>,
    /// Microseconds UTC.
    modified: Option<i64>,
}

/// Name and time of the file that was compressed (RFC 1952, 2.3).
fn gzip_stamp(head: &[u8]) -> Stamp {
    let [_, _, _, flags, a, b, c, d, _, _, rest @ ..] = head else { return Stamp::default() };
    let seconds = u32::from_le_bytes([*a, *b, *c, *d]);
    let modified = (seconds != 0).then_some(i64::from(seconds) * 1_000_000);
    let rest = match (flags & 4 != 0, rest) {
        (true, [low, high, rest @ ..]) => rest.get(usize::from(u16::from_le_bytes([*low, *high]))..).unwrap_or_default(),
        _ => rest,
    };
    let end = memchr::memchr(0, rest).filter(|&end| flags & 8 != 0 && end > 0);
    Stamp { name: end.and_then(|end| rest.get(..end)).map(<[u8]>::to_vec), modified }
}

fn inner_meta(meta: &Meta, names: &Names, stamp: Stamp, notes: Notes) -> Meta {
    let name = meta.path.rsplit(['/', '\\']).next().unwrap_or(&meta.path);
    let prefix = format!("{}!/", meta.path);
    let path = format!("{prefix}{}", names.claim(kind::inner_name(name)));
    let raw_name = stamp.name.filter(|name| !path.as_bytes().ends_with(name));
    Meta {
        path,
        raw_name,
        flat: Some(Flat { prefix, names: names.clone() }),
        modified: stamp.modified.or(meta.modified),
        modified_local: stamp.modified.is_none() && meta.modified_local,
        depth: meta.depth + 1,
        notes,
        skip_empty: true,
        ..Meta::default()
    }
}

/// Whatever follows the compressed data becomes a piece of its own.
fn keep_trailing(flow: &mut Flow, meta: &Meta, names: &Names, at: u64, rest: &mut dyn Read) -> Result<bool, Error> {
    let text = "bytes follow that are no part of the compressed data; kept as a piece of their own";
    meta.notes.add(ProblemKind::Malformed, Some(at), text);
    // The level of this stream, even where this stream is itself inside another one.
    let level = Meta { flat: None, ..meta.clone() };
    flow.stream(level.unclaimed(names, at), rest, Keep::Member)
}
