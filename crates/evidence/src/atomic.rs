//! Files of the case appear whole or not at all: temporary file, fsync, rename, fsync of the folder.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

const SUFFIX: &str = ".konseki-tmp";

/// Writes `bytes` to `path`, replacing what was there.
///
/// # Errors
/// What the operating system says; `path` then holds what it held before.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_with(path, |out| out.write_all(bytes))
}

/// The same with a writer, for what is too large for memory.
///
/// # Errors
/// As [`write()`], and whatever `fill` returns.
pub fn write_with(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let temporary = Temporary::beside(path)?;
    let mut out = BufWriter::with_capacity(1 << 16, temporary.create()?);
    fill(&mut out)?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    drop(file);
    temporary.rename(path)
}

/// Gives a finished file its final name: fsync, rename, fsync of the folder. Both in one folder.
///
/// # Errors
/// What the operating system says.
pub fn publish(from: &Path, to: &Path) -> io::Result<()> {
    File::open(from)?.sync_all()?;
    fs::rename(from, to)?;
    sync_folder(to)
}

/// Makes the names in the folder of `path` last (a no-op where folders cannot be opened).
///
/// # Errors
/// What fsync says.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Removes temporary files that a killed run left in `folder`, not in folders below. Returns how many.
///
/// # Errors
/// When the folder cannot be read or a file not removed.
pub fn sweep(folder: &Path) -> io::Result<u64> {
    let mut removed = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().ends_with(SUFFIX) && entry.file_type()?.is_file() {
            fs::remove_file(entry.path())?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// Removed on drop unless renamed.
struct Temporary(PathBuf);

impl Temporary {
    fn beside(path: &Path) -> io::Result<Self> {
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
        // The process id keeps two programs apart that write the same file without the case lock.
        Ok(Self(path.with_file_name(format!(".{name}.{}{SUFFIX}", std::process::id()))))
    }

    fn create(&self) -> io::Result<File> {
        OpenOptions::new().write(true).create(true).truncate(true).open(&self.0)
    }

    fn rename(self, path: &Path) -> io::Result<()> {
        fs::rename(&self.0, path)?;
        sync_folder(path)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // After a rename there is nothing of that name.
        let _ = fs::remove_file(&self.0);
    }
}
