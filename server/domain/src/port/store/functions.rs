//! Functions, their versions, and the runtimes that build them.

use async_trait::async_trait;

use super::NewRun;
use crate::error::Result;
use crate::model::function::{Code, Function, Interface, Name, Version};
use crate::model::id::{AccountId, FunctionId, Sha256};
use crate::model::page::{Listed, Page};
use crate::model::runtime::Runtime;
use crate::model::settings::Settings;
use crate::model::time::Millis;

/// A new version, as it was uploaded.
#[derive(Debug, Clone)]
pub struct NewVersion {
    /// The function's id, should it be the first version.
    pub function: FunctionId,
    /// The function's name.
    pub name: Name,
    /// The hash of the upload.
    pub sha256: Sha256,
    /// Its size.
    pub size_bytes: u64,
    /// What was made of it; the runtime, where it is to be built.
    pub code: Code,
    /// What it offers; nothing, where it is to be built.
    pub interface: Interface,
}

/// A version that is to be built.
#[derive(Debug, Clone)]
pub struct NewBuild {
    /// The version; its hash is that of its source.
    pub version: NewVersion,
    /// The runtime: `python@2`.
    pub runtime: String,
    /// The run of one job that builds it. The function and the version's number are set when it is written.
    pub run: NewRun,
}

/// What an upload of source came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uploaded {
    /// A new version.
    New,
    /// A version that was there.
    Known,
}

/// Runtimes.
#[async_trait]
pub trait Runtimes: Send + Sync {
    /// Adds a version of a runtime and makes it the one that builds; a component that it had before is that version
    /// again. Too large where there are so many runtimes.
    async fn runtime_add(
        &self,
        name: &Name,
        component: Sha256,
        size_bytes: u64,
        runtimes_max: usize,
        now: Millis,
    ) -> Result<(Runtime, Uploaded)>;

    /// Whether a runtime has, or had before it was removed, a version of this component.
    async fn runtime_known(&self, name: &Name, component: Sha256) -> Result<bool>;

    /// The versions of a runtime, the one that builds first; none where it is not there.
    async fn runtime_get(&self, name: &Name) -> Result<Vec<Runtime>>;

    /// Of each runtime the version that builds, by name.
    async fn runtime_list(&self) -> Result<Vec<Runtime>>;

    /// Removes a runtime: nothing more is built with it. What was built goes on.
    async fn runtime_remove(&self, name: &Name) -> Result<bool>;
}

/// Functions and their versions.
#[async_trait]
pub trait Functions: Send + Sync {
    /// Makes the version with this hash the current one, if the function has it.
    async fn version_select(
        &self,
        account: AccountId,
        name: &Name,
        sha256: Sha256,
        now: Millis,
    ) -> Result<Option<(Function, Version)>>;

    /// Adds a version and makes it the current one; makes the function if it is the first. The same
    /// hash again selects the version that is there. Conflicts where a limit is reached.
    async fn version_create(
        &self,
        account: AccountId,
        new: NewVersion,
        functions_max: usize,
        versions_max: u32,
        now: Millis,
    ) -> Result<(Function, Version)>;

    /// Adds a version that is to be built, with the run that builds it. A version with the same hash is made the
    /// current one if it is ready, built again if its build has failed, and left alone if it is being built; what the
    /// account has built before is ready at once. Conflicts where a limit is reached.
    async fn version_build(
        &self,
        account: AccountId,
        new: NewBuild,
        functions_max: usize,
        versions_max: u32,
        now: Millis,
    ) -> Result<(Function, Version, Uploaded)>;

    /// What a version's build wrote, and why it failed if it did; once it is over.
    async fn version_build_logs(&self, function: FunctionId, number: u32) -> Result<Option<String>>;

    /// A version by number.
    async fn version_get(&self, function: FunctionId, number: u32) -> Result<Option<Version>>;

    /// A function's versions, newest first.
    async fn version_list(&self, function: FunctionId, page: Page) -> Result<Listed<Version>>;

    /// A function by name.
    async fn function_get(&self, account: AccountId, name: &Name) -> Result<Option<Function>>;

    /// A function by id.
    async fn function_find(&self, account: AccountId, id: FunctionId) -> Result<Option<Function>>;

    /// An account's functions, newest first.
    async fn function_list(&self, account: AccountId, page: Page) -> Result<Listed<Function>>;

    /// Changes a function's settings from what the caller saw. A conflict if they are others now.
    async fn function_configure(
        &self,
        account: AccountId,
        name: &Name,
        from: Settings,
        to: Settings,
        now: Millis,
    ) -> Result<Option<Function>>;

    /// Deletes a function of which there is nothing but builds that failed. Says whether it was so.
    async fn function_forget(&self, account: AccountId, name: &Name) -> Result<bool>;

    /// Deletes a function, its runs and jobs: from now on they are not there, and are purged later. A
    /// conflict while any of them is not over.
    async fn function_delete(&self, account: AccountId, name: &Name) -> Result<bool>;
}
