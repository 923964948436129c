//! Models.

use async_trait::async_trait;

use super::Uploaded;
use crate::error::Result;
use crate::model::function::Name;
use crate::model::id::{AccountId, Sha256};
use crate::model::ml_model::{Batching, Found, MlModel};
use crate::model::time::Millis;

/// A version of a model, as it was uploaded.
#[derive(Debug, Clone)]
pub struct NewModel {
    /// The model's name.
    pub name: Name,
    /// The hash of its file.
    pub sha256: Sha256,
    /// How its inferences may be computed together, if they may.
    pub batching: Option<Batching>,
    /// Whether it is for all accounts.
    pub shared: bool,
}

/// Models and their versions.
#[async_trait]
pub trait Models: Send + Sync {
    /// Makes the version that is the same the current one, if there is one.
    async fn model_select(&self, account: AccountId, new: NewModel) -> Result<Option<MlModel>>;

    /// Adds a version and makes it the current one; the same again is the version that it was. Too large where the
    /// account has so many models, or so many bytes of them; a conflict where another account shares the name.
    async fn model_add(
        &self,
        account: AccountId,
        new: NewModel,
        (found, size_bytes): (Found, u64),
        bytes_max: u64,
        now: Millis,
    ) -> Result<(MlModel, Uploaded)>;

    /// The versions of a model, the current one first: the account's own, or else one that another shares.
    async fn model_get(&self, account: AccountId, name: &Name) -> Result<Vec<MlModel>>;

    /// The current version. Asked for each call that is granted it, so answered from memory.
    async fn model_find(&self, account: AccountId, name: &Name) -> Result<Option<MlModel>>;

    /// Of each model the current version, by name: the account's own and those that others share.
    async fn model_list(&self, account: AccountId) -> Result<Vec<MlModel>>;

    /// Removes a model of the account with its versions.
    async fn model_remove(&self, account: AccountId, name: &Name) -> Result<bool>;

    /// The hashes of all files that are wanted.
    async fn model_files(&self) -> Result<Vec<Sha256>>;
}
