//! The data of one ZIP member: decoded, decrypted, measured and checked.

use std::cell::Cell;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::rc::Rc;

use flate2::bufread::DeflateDecoder;
use konseki_model::{At, Problem, ProblemKind};

use crate::bounds::{Basis, Budget, Metered};
use crate::buffered::Buffered;
use crate::entry::{Body, ContainerKind};
use crate::notes::{Notes, Tolerant, undecodable};
use crate::unpack::Unpack;
use crate::zip::fields::Member;
use crate::zip::salvage::UNDESCRIBED;

/// The stored bytes of a member.
pub(crate) fn stored(body: &Body, data: u64, end: u64) -> io::Result<impl Read + use<>> {
    let mut reader = body.open()?;
    reader.seek(SeekFrom::Start(data))?;
    Ok(reader.take(end.saturating_sub(data)))
}

/// A method that is decoded here; all others are refused by name.
pub(crate) fn known(method: u16) -> bool {
    matches!(method, 0 | 8 | 9 | 12 | 93 | 95)
}

/// Calls `then` with the plain bytes of a member that is not encrypted, in a reader that ends instead of failing.
pub(crate) fn plain<T>(
    member: &Member,
    stored: impl Read + 'static,
    budget: &Budget,
    notes: &Notes,
    then: impl FnOnce(&mut dyn Read) -> T,
) -> T {
    let buffered = Buffered::sized(stored, member.compressed);
    let consumed = buffered.counter();
    let memory = budget.limits().decoder_memory;
    let unpack = |kind, buffered| Box::new(Unpack::new(kind, buffered, memory, notes.clone()));
    let mut header;
    let mut chained;
    let decoder: Box<dyn Read + '_> = match member.method {
        0 => Box::new(buffered),
        8 => Box::new(DeflateDecoder::new(buffered)),
        12 => unpack(ContainerKind::Bzip2, buffered),
        93 => unpack(ContainerKind::Zstd, buffered),
        95 => unpack(ContainerKind::Xz, buffered),
        _ => {
            header = Cursor::new(local_header(member));
            chained = (&mut header).chain(buffered);
            match zip_reader(member, &mut chained, None) {
                Ok(reader) => reader,
                Err(error) => Box::new(Fails(Some(error))),
            }
        }
    };
    // Before the first byte everything is consumed or nothing; the check comes at the end.
    let stored = (member.method == 8).then_some(consumed);
    then(&mut checked(member, decoder, budget, notes, stored))
}

/// Calls `then` with the decrypted bytes; `None` when the password is refused at once.
pub(crate) fn decrypted<T>(
    member: &Member,
    stored: impl Read,
    password: &[u8],
    budget: &Budget,
    notes: &Notes,
    then: impl FnOnce(&mut dyn Read) -> T,
) -> Option<T> {
    let mut chained = Cursor::new(local_header(member)).chain(Buffered::sized(stored, member.compressed));
    let reader = zip_reader(member, &mut chained, Some(password)).ok()?;
    Some(then(&mut checked(member, reader, budget, notes, None)))
}

fn checked<'a>(
    member: &Member,
    decoder: Box<dyn Read + 'a>,
    budget: &Budget,
    notes: &Notes,
    consumed: Option<Rc<Cell<u64>>>,
) -> Checked<Metered<Tolerant<Box<dyn Read + 'a>>>> {
    let tolerant = Tolerant::new(decoder, notes.clone(), undecodable);
    let basis = Basis::Fixed(member.compressed);
    let metered = Metered::new(tolerant, budget.clone(), basis, notes.clone());
    // AE-2 leaves the checksum empty: its own code authenticates.
    let sealed = member.aes.is_some_and(|aes| aes.first() == Some(&2));
    let unstated = member.flags & UNDESCRIBED != 0;
    Checked {
        inner: metered,
        notes: notes.clone(),
        crc: flate2::Crc::new(),
        wanted: (!unstated && !sealed).then_some(member.crc),
        size: (!unstated).then_some(member.size),
        stored: consumed.map(|consumed| (consumed, member.compressed)),
        read: 0,
        over: false,
    }
}

/// The zip crate decodes what is rare or encrypted, one member at a time, behind a header that we write: it never
/// sees the archive, so there are no two readings of it.
fn zip_reader<'a, R: Read>(member: &Member, stream: &'a mut R, password: Option<&'a [u8]>) -> io::Result<Box<dyn Read + 'a>> {
    let options = zip::read::ZipReadOptions::new().password(password).ignore_crc32(true).override_compressed_size(member.compressed);
    match zip::read::read_zipfile_from_stream_with_options(stream, options) {
        Ok(Some(file)) => Ok(Box::new(file)),
        Ok(None) => Err(io::ErrorKind::InvalidData.into()),
        Err(error) => Err(io::Error::other(error)),
    }
}

fn local_header(member: &Member) -> Vec<u8> {
    let mut extra = Vec::new();
    if let Some(aes) = member.aes {
        extra.extend_from_slice(&[0x01, 0x99, 7, 0]);
        extra.extend_from_slice(&aes);
    }
    // Bit 3 stays as it is: the check byte of the old cipher depends on it. Set for AES, so that no size is needed.
    let descriptor = if member.aes.is_some() || !member.encrypted() { 8 } else { member.flags & 8 };
    let mut header = b"PK\x03\x04".to_vec();
    header.extend_from_slice(&63u16.to_le_bytes());
    header.extend_from_slice(&(member.flags & 1 | descriptor).to_le_bytes());
    header.extend_from_slice(&member.method.to_le_bytes());
    header.extend_from_slice(&member.dos.to_le_bytes());
    header.extend_from_slice(&member.crc.to_le_bytes());
    header.extend_from_slice(&u32::try_from(member.compressed).unwrap_or(0).to_le_bytes());
    header.extend_from_slice(&u32::try_from(member.size).unwrap_or(0).to_le_bytes());
    header.extend_from_slice(&1u16.to_le_bytes());
    header.extend_from_slice(&u16::try_from(extra.len()).unwrap_or(0).to_le_bytes());
    header.push(b'm');
    header.extend_from_slice(&extra);
    header
}

struct Fails(Option<io::Error>);

impl Read for Fails {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// Compares checksum and sizes with what the headers claim, at the end of the data.
struct Checked<R> {
    inner: R,
    notes: Notes,
    crc: flate2::Crc,
    wanted: Option<u32>,
    size: Option<u64>,
    /// Stored bytes consumed, and how many there are.
    stored: Option<(Rc<Cell<u64>>, u64)>,
    read: u64,
    over: bool,
}

impl<R: Read> Checked<R> {
    fn finish(&mut self) {
        self.over = true;
        let known = [ProblemKind::Truncated, ProblemKind::Malformed, ProblemKind::Bound];
        if known.into_iter().any(|kind| self.notes.has(kind)) {
            return;
        }
        if let Some(size) = self.size.filter(|&size| size != self.read) {
            let text = format!("the archive claims {size} bytes, {} came out", self.read);
            self.notes.add(ProblemKind::Malformed, None, text);
        }
        if self.wanted.is_some_and(|wanted| wanted != self.crc.sum()) && !self.notes.has(ProblemKind::Checksum) {
            self.notes.add(ProblemKind::Checksum, None, "the checksum does not agree; the data are kept");
        }
        if let Some((consumed, stored)) = &self.stored {
            let left = stored.saturating_sub(consumed.get());
            if left > 0 {
                let text = "compressed bytes behind the end of the member's data were not read";
                let at = Some(At::Offset(consumed.get()));
                self.notes.push(Problem::new(ProblemKind::Malformed, at, text).bytes(left));
            }
        }
    }
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.over || buf.is_empty() {
            return Ok(0);
        }
        let n = self.inner.read(buf)?;
        let bytes = buf.get(..n).unwrap_or_default();
        self.read += n as u64;
        self.crc.update(bytes);
        if n == 0 {
            self.finish();
        }
        Ok(n)
    }
}
