//! Members too large for memory: files with neutral names in the case, removed when nobody needs them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::hash::Hasher;
use crate::open::Capped;
use crate::options::Error;

const SUFFIX: &str = ".member";

/// The folder; goes away with the last file in it.
#[derive(Debug)]
pub(crate) struct Spool {
    path: PathBuf,
}

/// A spooled member; the file is removed when the last holder drops it.
#[derive(Debug)]
pub struct SpoolFile {
    path: PathBuf,
    size: u64,
    _spool: Arc<Spool>,
}

impl SpoolFile {
    pub fn size(&self) -> u64 {
        self.size
    }

    pub(crate) fn open(&self) -> io::Result<Capped> {
        Ok(Capped::new(File::open(&self.path)?, self.size))
    }
}

impl Drop for SpoolFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        // Fails while another walk still has files there, which is right.
        let _ = fs::remove_dir(&self.path);
    }
}

impl Spool {
    pub fn new(path: PathBuf) -> Arc<Self> {
        Arc::new(Self { path })
    }

    /// Writes `start` and then all of `rest`, hashing both.
    pub fn take(self: &Arc<Self>, start: &[u8], rest: &mut dyn Read, hasher: &mut Hasher) -> Result<SpoolFile, Error> {
        let (file, path) = self.create().map_err(|source| self.error(source))?;
        let mut spooled = SpoolFile { path, size: 0, _spool: Arc::clone(self) };
        spooled.size = fill(file, start, rest, hasher).map_err(|source| self.error(source))?;
        Ok(spooled)
    }

    fn error(&self, source: io::Error) -> Error {
        Error::Spool { path: self.path.clone(), source }
    }

    fn create(&self) -> io::Result<(File, PathBuf)> {
        // Several walks of one process share the folder; the number is theirs together.
        static NEXT: AtomicU64 = AtomicU64::new(0);
        fs::create_dir_all(&self.path)?;
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = self.path.join(format!("{number:08}{SUFFIX}"));
            match new_private(&path) {
                Ok(file) => return Ok((file, path)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                // Another walk's last file went, and its folder with it, since we made it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    fs::create_dir_all(&self.path)?;
                }
                Err(error) => return Err(error),
            }
        }
    }
}

#[cfg(unix)]
fn new_private(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn new_private(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).open(path)
}

fn fill(mut file: File, start: &[u8], rest: &mut dyn Read, hasher: &mut Hasher) -> io::Result<u64> {
    hasher.update(start);
    file.write_all(start)?;
    let mut size = start.len() as u64;
    let mut buffer = vec![0; 1 << 18];
    loop {
        // Readers of members are tolerant: an error here would be our own.
        let n = rest.read(&mut buffer)?;
        let Some(chunk) = buffer.get(..n).filter(|chunk| !chunk.is_empty()) else { break };
        hasher.update(chunk);
        file.write_all(chunk)?;
        size += n as u64;
    }
    Ok(size)
}

/// Removes what a killed run left in the spool folder; nothing that is not a spooled member.
///
/// # Errors
/// When the folder exists and cannot be read or a file in it not removed.
pub fn sweep(spool: &Path) -> io::Result<u64> {
    let mut removed = 0;
    let entries = match fs::read_dir(spool) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_name().to_string_lossy().ends_with(SUFFIX) {
            fs::remove_file(entry.path())?;
            removed += 1;
        }
    }
    let _ = fs::remove_dir(spool);
    Ok(removed)
}
