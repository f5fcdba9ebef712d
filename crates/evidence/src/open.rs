//! The one place that opens evidence: read-only, links not followed, access times left alone.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use konseki_model::{Problem, ProblemKind};

/// What must stay the same while a file is evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    pub size: u64,
    /// Last change, microseconds UTC.
    pub modified: Option<i64>,
    device_inode_ctime: (u64, u64, i64),
}

impl Identity {
    pub fn of(meta: &Metadata) -> Self {
        Self { size: meta.len(), modified: modified(meta), device_inode_ctime: unix_identity(meta) }
    }
}

/// A regular file on disk, opened again whenever it is read.
#[derive(Debug)]
pub struct DiskFile {
    path: PathBuf,
    identity: Identity,
    /// Bytes that were hashed; a reader never goes beyond.
    hashed: u64,
}

impl DiskFile {
    pub(crate) fn new(path: PathBuf, identity: Identity, hashed: u64) -> Self {
        Self { path, identity, hashed }
    }

    pub fn size(&self) -> u64 {
        self.hashed
    }

    pub(crate) fn open(&self) -> io::Result<Capped> {
        let (file, _) = open(&self.path)?;
        Ok(Capped::new(file, self.hashed))
    }

    pub(crate) fn changed(&self) -> Option<Problem> {
        let now = std::fs::symlink_metadata(&self.path).ok().map(|meta| Identity::of(&meta));
        (now != Some(self.identity)).then(|| changed("after it was hashed"))
    }
}

pub(crate) fn changed(when: &str) -> Problem {
    let text = format!("the file changed {when}; collect it again from a copy that nothing writes to");
    Problem::new(ProblemKind::Changed, None, text)
}

/// The first `size` bytes of a file.
#[derive(Debug)]
pub(crate) struct Capped {
    file: File,
    at: u64,
    size: u64,
}

impl Capped {
    pub fn new(file: File, size: u64) -> Self {
        Self { file, at: 0, size }
    }
}

impl Read for Capped {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.size.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let cut = buf.len().min(left);
        let n = self.file.read(buf.get_mut(..cut).unwrap_or_default())?;
        self.at += n as u64;
        Ok(n)
    }
}

impl Seek for Capped {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(place) => Some(place),
            SeekFrom::End(delta) => self.size.checked_add_signed(delta),
            SeekFrom::Current(delta) => self.at.checked_add_signed(delta),
        };
        let place = place.ok_or(io::ErrorKind::InvalidInput)?;
        self.at = self.file.seek(SeekFrom::Start(place))?;
        Ok(self.at)
    }
}

/// Opens a regular file for reading and says what it was at that moment.
///
/// # Errors
/// What the operating system says; `InvalidInput` when it is no regular file (any more).
pub(crate) fn open(path: &Path) -> io::Result<(File, Identity)> {
    let file = open_flagged(path)?;
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    Ok((file, Identity::of(&meta)))
}

#[cfg(unix)]
fn open_flagged(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    // O_NONBLOCK: a FIFO put in the file's place between listing and opening must not block us.
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY;
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        // Only the owner may leave the access time alone; others get EPERM and open without.
        let quiet = OpenOptions::new().read(true).custom_flags(flags | libc::O_NOATIME).open(path);
        match quiet {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {}
            done => return done,
        }
    }
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

#[cfg(not(unix))]
fn open_flagged(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

#[cfg(unix)]
fn unix_identity(meta: &Metadata) -> (u64, u64, i64) {
    use std::os::unix::fs::MetadataExt;
    let ctime = meta.ctime().saturating_mul(1_000_000_000).saturating_add(meta.ctime_nsec());
    (meta.dev(), meta.ino(), ctime)
}

#[cfg(not(unix))]
fn unix_identity(_meta: &Metadata) -> (u64, u64, i64) {
    (0, 0, 0)
}

/// Last change in microseconds UTC, also before 1970.
pub(crate) fn modified(meta: &Metadata) -> Option<i64> {
    let time = meta.modified().ok()?;
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_micros()).ok(),
        Err(before) => i64::try_from(before.duration().as_micros()).ok().map(|micros| -micros),
    }
}
