//! One program at a time writes to a case: an advisory lock that a dead process cannot keep.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

const NAME: &str = ".lock";

/// Held until dropped. The operating system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub struct Lock {
    /// Keeps the lock; closing it releases.
    _file: File,
    /// A process took the lock before and did not end in order: its work may be half done.
    pub stale: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error("another konseki{} works on {case}; wait for it to end", .pid.map(|p| format!(" (process {p})")).unwrap_or_default())]
    Held { case: PathBuf, pid: Option<u32> },
    #[error("cannot write to the case folder {case}: {source}")]
    Io { case: PathBuf, source: io::Error },
}

impl Lock {
    /// Takes the lock of a case folder that exists.
    ///
    /// # Errors
    /// When another live process has it, or the folder cannot be written to.
    pub fn take(case: &Path) -> Result<Self, LockError> {
        let failed = |source| LockError::Io { case: case.to_path_buf(), source };
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(case.join(NAME)).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(LockError::Held { case: case.to_path_buf(), pid: holder(&mut file) });
            }
            // A file system without locks (some network shares): the process id must do.
            Err(TryLockError::Error(_)) => {
                if let Some(pid) = holder(&mut file).filter(|&pid| alive(pid)) {
                    return Err(LockError::Held { case: case.to_path_buf(), pid: Some(pid) });
                }
            }
        }
        let stale = holder(&mut file).is_some();
        let pid = std::process::id().to_string();
        replace(&mut file, pid.as_bytes()).map_err(failed)?;
        Ok(Self { _file: file, stale })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // An empty file says: ended in order.
        let _ = replace(&mut self._file, b"");
    }
}

fn replace(file: &mut File, bytes: &[u8]) -> io::Result<()> {
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(bytes)?;
    file.sync_data()
}

fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.seek(SeekFrom::Start(0)).ok()?;
    file.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// Where nobody can tell, it counts as alive unless it is ourselves.
fn alive(pid: u32) -> bool {
    let proc = Path::new("/proc");
    pid != std::process::id() && (!proc.is_dir() || proc.join(pid.to_string()).exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_and_stale_is_told() {
        let case = tempfile::tempdir().unwrap();
        let lock = Lock::take(case.path()).unwrap();
        assert!(!lock.stale);
        match Lock::take(case.path()) {
            Err(LockError::Held { pid, .. }) => assert_eq!(pid, Some(std::process::id())),
            other => panic!("{other:?}"),
        }
        drop(lock);
        assert!(!Lock::take(case.path()).unwrap().stale);
        // A killed process leaves its id and no lock.
        std::fs::write(case.path().join(NAME), "999999999").unwrap();
        assert!(Lock::take(case.path()).unwrap().stale);
    }
}
