//! Artifacts as files, named by their hash.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use skep_domain::model::id::Sha256;
use skep_domain::port::artifacts::Artifacts;
use skep_domain::{Error, Result};

/// A directory of artifacts: `ab/cdef….wasm`.
pub struct FileArtifacts {
    directory: PathBuf,
    /// How the names of its files end.
    end: &'static str,
}

impl FileArtifacts {
    /// Uses the directory, making it if it is not there.
    ///
    /// # Errors
    /// If the directory cannot be made.
    pub fn open(directory: &Path, end: &'static str) -> io::Result<Self> {
        fs::create_dir_all(directory)?;
        Ok(Self { directory: directory.to_owned(), end })
    }

    /// Where the file of a hash is, if it is there.
    pub fn path(&self, hash: Sha256) -> PathBuf {
        let hash = hash.to_string();
        self.directory.join(&hash[..2]).join(format!("{}.{}", &hash[2..], self.end))
    }
}

#[async_trait]
impl Artifacts for FileArtifacts {
    async fn put(&self, hash: Sha256, bytes: &[u8]) -> Result<()> {
        let (path, bytes) = (self.path(hash), bytes.to_vec());
        blocking(move || write_durably(&path, &bytes)).await
    }

    async fn get(&self, hash: Sha256) -> Result<Vec<u8>> {
        let path = self.path(hash);
        blocking(move || fs::read(path)).await
    }

    async fn list(&self) -> Result<Vec<Sha256>> {
        let (directory, end) = (self.directory.clone(), self.end);
        blocking(move || hashes(&directory, end)).await
    }

    async fn remove(&self, hash: Sha256) -> Result<()> {
        let path = self.path(hash);
        blocking(move || match fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            done => done,
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(Error::internal)?.map_err(Error::internal)
}

/// The hashes that files are named by. What has another name is none of ours.
fn hashes(directory: &Path, end: &str) -> io::Result<Vec<Sha256>> {
    let mut hashes = Vec::new();
    for folder in fs::read_dir(directory)? {
        let folder = folder?;
        if !folder.file_type()?.is_dir() {
            continue;
        }
        for file in fs::read_dir(folder.path())? {
            let path = file?.path();
            let rest =
                path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(end));
            let rest = rest.and_then(|name| name.strip_suffix('.'));
            let whole = folder.file_name().to_str().zip(rest).map(|(first, rest)| format!("{first}{rest}"));
            hashes.extend(whole.and_then(|hash| Sha256::from_hex(&hash)));
        }
    }
    Ok(hashes)
}

/// Writes a file whole and to the disk before it has its name, and its directories after.
fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if fs::metadata(path).is_ok_and(|file| file.len() == bytes.len() as u64) {
        return Ok(());
    }
    let directory = path.parent().ok_or_else(|| io::Error::other("an artifact has a directory"))?;
    fs::create_dir_all(directory)?;
    let mut file = tempfile::NamedTempFile::new_in(directory)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    File::open(directory)?.sync_all()?;
    directory.parent().map_or(Ok(()), |parent| File::open(parent)?.sync_all())
}
