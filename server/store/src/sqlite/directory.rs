//! The data directory: held by one process at a time.

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use skep_domain::{Error, Result};

/// A data directory that this process holds. Dropping it lets go.
pub struct DataDirectory {
    path: PathBuf,
    _lock: File,
}

impl DataDirectory {
    /// Takes the directory, making it if it is not there.
    ///
    /// # Errors
    /// A conflict if another process holds it.
    pub fn hold(path: &Path) -> Result<Self> {
        let failed = |source| {
            Error::invalid(format!("the data directory {} cannot be used", path.display())).caused_by(source)
        };
        // What lies in it is for its owner: keys, environments, results.
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
        let lock = File::options().write(true).create(true).truncate(false).open(path.join("lock"));
        let lock = lock.map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(Error::conflict(format!(
                "another skep runs on {}; stop it, or name another directory with --data",
                path.display()
            ))),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// A path inside it.
    pub fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}
