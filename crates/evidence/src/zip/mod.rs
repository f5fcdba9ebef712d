//! ZIP archives (also jar, egg, docx, vsix ...): by their directory, then by what the directory does not name.
//!
//! The directory, local headers and gaps are read here, so that every byte is accounted for; the `zip` crate decodes
//! single members that are encrypted or rare. Nothing is ever extracted.

mod decode;
mod directory;
mod fields;
mod salvage;
mod spans;

use std::io::Read;

use konseki_model::{At, Problem, ProblemKind};

use crate::entry::{Accounts, Body, ContainerKind, Entry, Link, ReadSeek};
use crate::flow::{self, Flow, Keep, Meta};
use crate::hash::Hashed;
use crate::name::{self, Names, Style};
use crate::notes::Notes;
use crate::options::Error;
pub(crate) use directory::ends;
use directory::{Directory, End};
use fields::{Member, Zones};
use spans::Spans;

/// Longest link target that is read.
const TARGET: u64 = 4096;

struct Zip<'a> {
    meta: &'a Meta,
    body: &'a Body,
    reader: Box<dyn ReadSeek + Send>,
    size: u64,
    spans: Spans,
    names: Names,
    zones: Zones,
    members: u64,
    gaps: u64,
    accounts: Accounts,
    /// Passwords as bytes, the last that fitted first.
    passwords: Vec<Vec<u8>>,
    /// The first password has opened a member of this archive.
    proven: bool,
}

/// Opens it; false when it is no ZIP after all (nothing was emitted then, the problem is noted).
pub(crate) fn open(flow: &mut Flow, meta: &Meta, body: &Body, hashed: Hashed) -> Result<bool, Error> {
    let Ok(mut reader) = body.open() else { return Ok(false) };
    let size = body.size();
    let end = directory::find(&mut *reader, size);
    let mut zip = Zip {
        meta,
        body,
        reader,
        size,
        spans: Spans::default(),
        names: Names::default(),
        zones: Zones::default(),
        members: 0,
        gaps: 0,
        accounts: Accounts::default(),
        passwords: passwords(&flow.options.passwords),
        proven: false,
    };
    match end {
        Some(end) => zip.by_directory(flow, end)?,
        None => {
            if salvage::next(&mut *zip.reader, 0, size).is_none() {
                meta.notes.add(ProblemKind::Malformed, None, "begins like a ZIP but no member can be found");
                return Ok(false);
            }
            let text = "the archive has no directory (cut off?); members are taken by their own headers";
            meta.notes.add(ProblemKind::Truncated, Some(size), text);
        }
    }
    for (from, to) in zip.spans.gaps(size) {
        zip.salvage(flow, from, to, end.is_some())?;
    }
    for (from, to) in zip.spans.gaps(size) {
        zip.unclaimed(flow, from, to)?;
    }
    let mut entry = flow::container(meta, hashed, ContainerKind::Zip, zip.members, zip.accounts);
    entry.zip_zone = zip.zones.finish();
    flow.emit(Entry::Container(entry));
    Ok(true)
}

/// As UTF-8, and as the CP932 that Japanese archivers use where that differs.
fn passwords(given: &[String]) -> Vec<Vec<u8>> {
    let mut list = Vec::new();
    for password in given {
        let (cp932, _, lossy) = encoding_rs::SHIFT_JIS.encode(password);
        list.push(password.as_bytes().to_vec());
        if !lossy && *cp932 != *password.as_bytes() {
            list.push(cp932.into_owned());
        }
    }
    list
}

impl Zip<'_> {
    fn note(&self, kind: ProblemKind, at: u64, text: impl Into<String>) {
        self.meta.notes.add(kind, Some(at), text);
    }

    fn structure(&mut self, from: u64, to: u64) {
        if self.spans.take(from, to) {
            self.accounts.structure += to - from;
        }
    }

    fn by_directory(&mut self, flow: &mut Flow, end: End) -> Result<(), Error> {
        // Taken first: no member may lie over the directory. The end records stand behind it.
        let Some(mut directory) = Directory::new(self.body, end) else { return Ok(()) };
        let records = end.after;
        let (start, stop) = (end.start, end.end);
        let mut count = 0;
        self.structure(start, stop);
        self.structure(stop, records);
        for member in directory.by_ref() {
            count += 1;
            if !flow.budget.member() {
                break;
            }
            self.named(flow, member)?;
        }
        if let Some(why) = flow.budget.exhausted() {
            self.note(ProblemKind::Bound, directory.position(), format!("further members were not read: {why}"));
        } else if count != end.count || directory.position() != stop {
            let text = format!("the directory claims {} members and holds {count}", end.count);
            self.note(ProblemKind::Malformed, start, text);
        }
        Ok(())
    }

    /// A member that the directory names.
    fn named(&mut self, flow: &mut Flow, mut member: Member) -> Result<(), Error> {
        let place = member.header;
        let Some((own, data)) = salvage::local(&mut *self.reader, place) else {
            return self.refuse(flow, &member, 0, ProblemKind::Malformed, "the directory points to no header".into());
        };
        let end = data.saturating_add(member.compressed);
        let stop = end.min(self.size);
        let behind = salvage::descriptor(&mut *self.reader, &member, stop, self.size);
        if !self.spans.take(place, stop + behind) {
            let text = "its data lie over those of another member or the directory; not read";
            return self.refuse(flow, &member, 0, ProblemKind::Bound, text.into());
        }
        member.utc = member.utc.or(own.utc);
        member.aes = member.aes.or(own.aes);
        self.accounts.structure += data - place + behind;
        let notes = Notes::default();
        if own.name != member.name {
            let text = format!("its own header names it {}", name::shown(&own.name));
            notes.add(ProblemKind::UnsafeName, Some(place), text);
        }
        if end > stop {
            let text = "the archive ends before this member does";
            notes.push(Problem::new(ProblemKind::Truncated, Some(At::Offset(stop)), text).bytes(end - stop));
        }
        self.member(flow, &member, data, stop, notes)
    }

    /// Members in `from..to` that no directory names.
    fn salvage(&mut self, flow: &mut Flow, from: u64, to: u64, hidden: bool) -> Result<(), Error> {
        let mut from = from;
        while let Some((member, data, end)) = salvage::next(&mut *self.reader, from, to) {
            if !flow.budget.member() || flow.budget.exhausted().is_some() {
                self.note(ProblemKind::Bound, from, "further members were not looked for");
                return Ok(());
            }
            let behind = salvage::descriptor(&mut *self.reader, &member, end, to);
            from = end + behind;
            if !self.spans.take(member.header, from) {
                continue;
            }
            self.accounts.structure += data - member.header + behind;
            let notes = Notes::default();
            if hidden {
                let text = "the directory does not name this member; taken by its own header";
                notes.add(ProblemKind::Malformed, Some(member.header), text);
            }
            let claimed = data.saturating_add(member.compressed);
            if claimed > end {
                let text = "the archive ends before this member does; what precedes is kept";
                notes.push(Problem::new(ProblemKind::Truncated, Some(At::Offset(end)), text).bytes(claimed - end));
            }
            self.member(flow, &member, data, end, notes)?;
        }
        Ok(())
    }

    fn member(&mut self, flow: &mut Flow, member: &Member, data: u64, end: u64, notes: Notes) -> Result<(), Error> {
        if member.folder() {
            flow.totals.folders += 1;
            self.accounts.structure += end - data;
            return Ok(());
        }
        if let Some(why) = flow.budget.exhausted() {
            return self.refuse(flow, member, end - data, ProblemKind::Bound, format!("not read: {why}"));
        }
        let method = member.aes.map_or(member.method, |aes| u16::from_le_bytes([aes[5], aes[6]]));
        if !decode::known(method) || member.flags & 0x2040 != 0 {
            let text = format!("not read: method {method} or its encryption is not supported");
            return self.refuse(flow, member, end - data, ProblemKind::Unsupported, text);
        }
        if member.symlink() && !member.encrypted() {
            return self.link(flow, member, data, end);
        }
        let zone = member.zone_offset();
        if let (Some(utc), Some(offset)) = (member.utc, zone) {
            self.zones.add(utc, offset);
        }
        if member.encrypted() {
            return self.encrypted(flow, member, data, end, notes);
        }
        let meta = self.meta_of(member, notes);
        let Ok(stored) = decode::stored(self.body, data, end) else {
            let text = "the archive cannot be read any more".into();
            return self.refuse(flow, member, end - data, ProblemKind::Unreadable, text);
        };
        self.members += 1;
        self.accounts.members += end - data;
        let (budget, notes) = (flow.budget.clone(), meta.notes.clone());
        decode::plain(member, stored, &budget, &notes, |reader| flow.stream(meta, reader, Keep::Member))?;
        Ok(())
    }

    fn path_of(&mut self, member: &Member) -> (String, Option<Vec<u8>>, Option<&'static str>) {
        let (raw, utf8) = member.name();
        let clean = name::clean(raw, Style::Zip { utf8 });
        let path = format!("{}!/{}", self.meta.path, self.names.claim(clean.display));
        let raw = member.name.clone();
        let raw_name = (!path.as_bytes().ends_with(&raw) || clean.differs).then_some(raw);
        (path, raw_name, clean.problem)
    }

    fn meta_of(&mut self, member: &Member, notes: Notes) -> Meta {
        let (path, raw_name, problem) = self.path_of(member);
        if let Some(why) = problem {
            notes.add(ProblemKind::UnsafeName, Some(member.header), why);
        }
        Meta {
            path,
            raw_name,
            modified: member.utc.or_else(|| member.dos_micros()),
            modified_local: member.utc.is_none(),
            zone_offset: member.zone_offset(),
            depth: self.meta.below(),
            notes,
            ..Meta::default()
        }
    }

    fn refuse(&mut self, flow: &mut Flow, member: &Member, bytes: u64, kind: ProblemKind, text: String) -> Result<(), Error> {
        let (path, raw_name, _) = self.path_of(member);
        self.members += 1;
        self.accounts.unread += bytes;
        let problem = Problem::new(kind, Some(At::Offset(member.header)), text);
        flow.refuse(path, raw_name, bytes, problem);
        Ok(())
    }

    fn link(&mut self, flow: &mut Flow, member: &Member, data: u64, end: u64) -> Result<(), Error> {
        let mut raw_target = Vec::new();
        if let Ok(stored) = decode::stored(self.body, data, end) {
            decode::plain(member, stored, &flow.budget, &Notes::default(), |reader| reader.take(TARGET).read_to_end(&mut raw_target))
                .unwrap_or_default();
        }
        let (path, raw_name, _) = self.path_of(member);
        self.members += 1;
        self.accounts.members += end - data;
        let target = name::shown(&raw_target);
        flow.emit(Entry::Link(Link { path, target, raw_target, hard: false, raw_name }));
        Ok(())
    }

    /// Tries every password; the old cipher tells a wrong one only by what comes out.
    fn encrypted(&mut self, flow: &mut Flow, member: &Member, data: u64, end: u64, known: Notes) -> Result<(), Error> {
        for index in 0..self.passwords.len() {
            let (Some(password), Ok(stored)) = (self.passwords.get(index).cloned(), decode::stored(self.body, data, end)) else {
                continue;
            };
            let (budget, notes) = (flow.budget.clone(), Notes::default());
            let kept = decode::decrypted(member, stored, &password, &budget, &notes, |reader| flow.store(Vec::new(), reader, Keep::Member));
            let Some(kept) = kept else { continue };
            let (body, hashed) = kept?;
            let wrong = [ProblemKind::Checksum, ProblemKind::Malformed, ProblemKind::Truncated].into_iter().any(|kind| notes.has(kind));
            // A proven password makes damage damage; an unproven one makes it a wrong password.
            if wrong && !(self.proven && index == 0) {
                continue;
            }
            self.passwords.swap(0, index);
            self.proven = true;
            known.take().into_iter().for_each(|problem| notes.push(problem));
            let meta = self.meta_of(member, notes);
            self.members += 1;
            self.accounts.members += end - data;
            return flow.again(meta, body, hashed);
        }
        let hint = if self.passwords.is_empty() { "give its password" } else { "none of the given passwords opens it" };
        self.refuse(flow, member, end - data, ProblemKind::Encrypted, format!("encrypted; {hint}"))
    }

    /// Bytes between members: padding if they are zeros, else a piece of their own.
    fn unclaimed(&mut self, flow: &mut Flow, from: u64, to: u64) -> Result<(), Error> {
        let Ok(mut bytes) = decode::stored(self.body, from, to) else { return Ok(()) };
        if zeros(&mut bytes) {
            self.accounts.structure += to - from;
            return Ok(());
        }
        self.gaps += 1;
        let text = "bytes that belong to no member";
        if self.gaps > flow.options.limits.unclaimed {
            let problem = Problem::new(ProblemKind::Bound, Some(At::Offset(from)), format!("{text}, not kept"));
            self.meta.notes.push(problem.bytes(to - from));
            self.accounts.unread += to - from;
            return Ok(());
        }
        self.note(ProblemKind::Malformed, from, format!("{text}; kept as pieces of their own"));
        self.accounts.unclaimed += to - from;
        self.members += 1;
        let meta = self.meta.unclaimed(&self.names, from);
        let Ok(mut bytes) = decode::stored(self.body, from, to) else { return Ok(()) };
        flow.stream(meta, &mut bytes, Keep::Member)?;
        Ok(())
    }
}

fn zeros(reader: &mut dyn Read) -> bool {
    let mut buffer = [0; 4096];
    while let Ok(n) = reader.read(&mut buffer) {
        match buffer.get(..n) {
            Some(bytes) if n > 0 => {
                if bytes.iter().any(|&b| b != 0) {
                    return false;
                }
            }
            _ => return true,
        }
    }
    false
}
