//! Files by hash.

use async_trait::async_trait;

use crate::error::Result;
use crate::model::id::Sha256;

/// Keeps bytes under their hash. What is written is whole and on disk before `put` answers.
#[async_trait]
pub trait Artifacts: Send + Sync {
    /// Keeps the bytes; keeping the same again is no error.
    async fn put(&self, hash: Sha256, bytes: &[u8]) -> Result<()>;

    /// The bytes of a hash. Not there is an internal error: a row names it.
    async fn get(&self, hash: Sha256) -> Result<Vec<u8>>;

    /// The hashes of all that is kept.
    async fn list(&self) -> Result<Vec<Sha256>>;

    /// Keeps the bytes no more; what is not there is no error.
    async fn remove(&self, hash: Sha256) -> Result<()>;
}
