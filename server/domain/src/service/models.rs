//! Models: upload, list, remove.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::base::Base;
use crate::error::{Code, Error, Result};
use crate::model::account::Caller;
use crate::model::function::Name;
use crate::model::id::Sha256;
use crate::model::ml_model::{Batching, MlModel};
use crate::model::scope::Scope;
use crate::port::store::{NewModel, Uploaded};
use crate::tasks::Wake;

/// Models.
#[derive(Clone)]
pub struct Models {
    base: Arc<Base>,
    /// Uploads that are under way, each with its bytes in memory.
    places: Arc<Semaphore>,
}

/// Uploads at once: each takes as much memory as a model may have bytes.
const UPLOADS_MAX: usize = 4;

/// The place of an upload that is under way.
pub struct Place {
    _permit: OwnedSemaphorePermit,
}

/// What an upload says beside its bytes.
pub struct Upload {
    /// The model's name.
    pub name: String,
    /// How its inferences may be computed together, if they may.
    pub batching: Option<Batching>,
    /// Whether it is for all accounts.
    pub shared: bool,
}

impl Models {
    pub(super) fn new(base: Arc<Base>) -> Self {
        Self { base, places: Arc::new(Semaphore::new(UPLOADS_MAX)) }
    }

    /// A place for an upload, before its bytes are read.
    ///
    /// # Errors
    /// Too many, where all are taken.
    pub fn place(&self) -> Result<Place> {
        let permit = self.places.clone().try_acquire_owned();
        let permit =
            permit.map_err(|_| Error::new(Code::TooMany, "too many models are being uploaded; try again"))?;
        Ok(Place { _permit: permit })
    }

    /// Takes an upload: a new version, which is the current one from now on, or the version that it was before.
    ///
    /// # Errors
    /// Invalid, with what is wrong with the model; not permitted to share it; too large.
    pub async fn put(
        &self,
        caller: &Caller,
        upload: Upload,
        bytes: Vec<u8>,
        _place: Place,
    ) -> Result<(MlModel, Uploaded)> {
        let name = Name::parse_of("model", &upload.name)?;
        let batching = upload.batching.map(Batching::check).transpose()?;
        if upload.shared {
            caller.require(Scope::Admin)?;
        }
        let (account, sha256) = (caller.account(), Sha256::of(&bytes));
        let new = NewModel { name, sha256, batching, shared: upload.shared };
        if let Some(model) = self.base.store.model_select(account, new.clone()).await? {
            self.base.revision.advance();
            return Ok((model, Uploaded::Known));
        }
        let bytes = Bytes::from(bytes);
        let found = self.base.sandbox.inspect_model(bytes.clone(), batching).await?;
        let (base, size_bytes) = (self.base.clone(), bytes.len() as u64);
        // It goes on when its uploader has gone: the file is not left without its row.
        let kept = self.base.tasks.finish(async move {
            let (now, bytes_max) = (base.clock.now(), base.limits.models_bytes_max);
            let write = base.store.model_add(account, new, (found, size_bytes), bytes_max, now);
            let kept = base.model_files.keep(sha256, &bytes, write).await;
            base.revision.advance();
            if kept.is_err() {
                base.tasks.wake(Wake::Purge);
            }
            kept
        });
        kept.await
    }

    /// Models that the caller may use, by name: of each the current version.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn list(&self, caller: &Caller) -> Result<Vec<MlModel>> {
        self.base.store.model_list(caller.account()).await
    }

    /// The versions of a model, the current one first.
    ///
    /// # Errors
    /// Not found.
    pub async fn get(&self, caller: &Caller, name: &str) -> Result<Vec<MlModel>> {
        let name = Name::parse(name).map_err(|_| not_found())?;
        let versions = self.base.store.model_get(caller.account(), &name).await?;
        if versions.is_empty() { Err(not_found()) } else { Ok(versions) }
    }

    /// Removes a model of the caller's. Calls that have loaded it go on.
    ///
    /// # Errors
    /// Not found.
    pub async fn remove(&self, caller: &Caller, name: &str) -> Result<()> {
        let name = Name::parse(name).map_err(|_| not_found())?;
        let removed = self.base.store.model_remove(caller.account(), &name).await?;
        self.base.revision.advance();
        self.base.tasks.wake(Wake::Purge);
        if removed { Ok(()) } else { Err(not_found()) }
    }
}

fn not_found() -> Error {
    Error::not_found("model")
}
