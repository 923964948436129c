//! The bytes of one scratch file: in memory while they are few, then in a file without a name.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::fault::Fault;
use crate::error::Error;

/// Where scratch files go that are too big for memory, for all guests of an engine.
pub(crate) struct Disk {
    directory: PathBuf,
    bytes_max: u64,
    bytes: AtomicU64,
    files_max: u64,
    files: AtomicU64,
}

impl Disk {
    /// Files in `directory`, which is made if it is not there, `bytes_max` together.
    pub(crate) fn open(directory: &Path, bytes_max: u64) -> Result<Self, Error> {
        fs::create_dir_all(directory).map_err(Error::files("opening the directory of scratch files"))?;
        // A quarter of what the process may open is theirs; the rest is for connections and the store.
        let open_max = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        let files_max = open_max.map_or(FILES_MAX, |open_max| (open_max / 4).min(FILES_MAX));
        Ok(Self {
            directory: directory.to_owned(),
            bytes_max,
            bytes: AtomicU64::new(0),
            files_max,
            files: AtomicU64::new(0),
        })
    }

    /// Makes a file that no path leads to, so that it is gone with its handle, even after a crash.
    fn create(self: &Arc<Self>) -> Result<Spilled, Fault> {
        if self.files.fetch_add(1, Relaxed) >= self.files_max {
            self.files.fetch_sub(1, Relaxed);
            return Err(Fault::NoSpace);
        }
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .mode(0o600)
            .custom_flags(rustix::fs::OFlags::TMPFILE.bits().cast_signed())
            .open(&self.directory)
            .inspect_err(|_| {
                self.files.fetch_sub(1, Relaxed);
            })?;
        Ok(Spilled { file, bytes: 0, disk: self.clone() })
    }

    fn take(&self, more: u64) -> Result<(), Fault> {
        let taken = self.bytes.fetch_add(more, Relaxed) + more;
        if taken > self.bytes_max {
            self.bytes.fetch_sub(more, Relaxed);
            tracing::debug!(
                bytes_max = self.bytes_max,
                "the disk space for all guests' scratch files is used up"
            );
            return Err(Fault::NoSpace);
        }
        Ok(())
    }
}

/// Files on disk of all guests together.
const FILES_MAX: u64 = 10_000;

/// A file's bytes.
pub(super) enum Content {
    Memory(Vec<u8>),
    Disk(Spilled),
}

/// A file on disk with its length, which the disk's budget knows.
pub(super) struct Spilled {
    file: File,
    bytes: u64,
    disk: Arc<Disk>,
}

impl Drop for Spilled {
    fn drop(&mut self) {
        self.disk.bytes.fetch_sub(self.bytes, Relaxed);
        self.disk.files.fetch_sub(1, Relaxed);
    }
}

impl Content {
    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::Disk(spilled) => spilled.bytes,
        }
    }

    /// Bytes of the host's memory that it takes.
    pub(super) fn memory(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::Disk(_) => 0,
        }
    }

    /// Reads at most `length` bytes; none at the end.
    pub(super) fn read(&self, offset: u64, length: usize) -> Result<Vec<u8>, Fault> {
        let rest = self.len().saturating_sub(offset);
        let length = length.min(usize::try_from(rest).unwrap_or(usize::MAX));
        match self {
            Self::Memory(bytes) => {
                let start = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
                Ok(bytes[start..start + length].to_vec())
            }
            Self::Disk(spilled) => {
                let mut bytes = vec![0; length];
                spilled.file.read_exact_at(&mut bytes, offset)?;
                Ok(bytes)
            }
        }
    }

    /// Writes bytes within the file's length.
    pub(super) fn write(&mut self, offset: u64, bytes: &[u8]) -> Result<(), Fault> {
        match self {
            Self::Memory(content) => {
                let start = usize::try_from(offset).map_err(|_| Fault::FileTooLarge)?;
                content[start..start + bytes.len()].copy_from_slice(bytes);
            }
            Self::Disk(spilled) => spilled.file.write_all_at(bytes, offset)?,
        }
        Ok(())
    }

    /// Cuts it, or adds zeros.
    pub(super) fn resize(&mut self, length: u64) -> Result<(), Fault> {
        match self {
            Self::Memory(bytes) => {
                let length = usize::try_from(length).map_err(|_| Fault::FileTooLarge)?;
                bytes.resize(length, 0);
                // A vector doubles as it grows; it need not keep that once it is cut.
                bytes.shrink_to(length.saturating_mul(2));
            }
            Self::Disk(spilled) => {
                let more = length.saturating_sub(spilled.bytes);
                spilled.disk.take(more)?;
                if let Err(error) = spilled.file.set_len(length) {
                    spilled.disk.bytes.fetch_sub(more, Relaxed);
                    return Err(error.into());
                }
                spilled.disk.bytes.fetch_sub(spilled.bytes.saturating_sub(length), Relaxed);
                spilled.bytes = length;
            }
        }
        Ok(())
    }

    /// Moves it from memory to the disk.
    pub(super) fn spill(&mut self, disk: &Arc<Disk>) -> Result<(), Fault> {
        if let Self::Memory(bytes) = self {
            let mut spilled = Self::Disk(disk.create()?);
            spilled.resize(bytes.len() as u64)?;
            spilled.write(0, bytes)?;
            *self = spilled;
        }
        Ok(())
    }
}
