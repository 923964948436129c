//! The files of models: large, and gone once no model is made of them.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::sync::Mutex;

use crate::error::Result;
use crate::model::id::Sha256;
use crate::port::artifacts::Artifacts;
use crate::port::store::Store;

/// The files, and the turn to add to them or take away: who adds a file has no row for it yet.
pub struct ModelFiles {
    files: Arc<dyn Artifacts>,
    turn: Mutex<()>,
}

impl ModelFiles {
    /// Files in a place of their own.
    pub fn new(files: Arc<dyn Artifacts>) -> Self {
        Self { files, turn: Mutex::default() }
    }

    /// Keeps a file, and then writes the row that names it.
    ///
    /// # Errors
    /// If either fails.
    pub async fn keep<T>(
        &self,
        hash: Sha256,
        bytes: &[u8],
        write: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let _turn = self.turn.lock().await;
        self.files.put(hash, bytes).await?;
        write.await
    }

    /// Takes away the files that no row names.
    ///
    /// # Errors
    /// If the store fails, or the disk.
    pub async fn sweep(&self, store: &dyn Store) -> Result<()> {
        let _turn = self.turn.lock().await;
        let wanted: HashSet<Sha256> = store.model_files().await?.into_iter().collect();
        for hash in self.files.list().await? {
            if !wanted.contains(&hash) {
                self.files.remove(hash).await?;
            }
        }
        Ok(())
    }
}
