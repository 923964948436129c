//! Runtimes: add, list, remove.

use std::sync::Arc;

use crate::base::Base;
use crate::error::{Error, Result};
use crate::model::function::Name;
use crate::model::id::Sha256;
use crate::model::runtime::{RUNTIMES_MAX, Runtime};
use crate::port::store::Uploaded;

/// Runtimes. They are the server's, not an account's: all may use them.
#[derive(Clone)]
pub struct Runtimes {
    base: Arc<Base>,
}

/// How the kind of a component is named that is a runtime.
const KIND: &str = "runtime";

impl Runtimes {
    pub(super) fn new(base: Arc<Base>) -> Self {
        Self { base }
    }

    /// Adds a version of a runtime, which builds from now on.
    ///
    /// # Errors
    /// Invalid, with what the bytes are, if they are no runtime.
    pub async fn add(&self, name: &str, bytes: Vec<u8>) -> Result<(Runtime, Uploaded)> {
        let name = Name::parse_of("runtime", name)?;
        let prepared = self.base.sandbox.prepare_runtime(bytes).await?;
        if !prepared.interface.kinds.iter().any(|kind| kind == KIND) {
            return Err(Error::invalid(
                "this component is no runtime: it does not export skep:runtime/guest",
            ));
        }
        self.keep(&name, &prepared.component, RUNTIMES_MAX).await
    }

    /// Adds a runtime that comes with the server, and is not compiled before somebody uses it. Nothing happens
    /// where it is there, or was removed.
    ///
    /// # Errors
    /// If it cannot be kept.
    pub async fn ensure(&self, name: &str, component: &[u8]) -> Result<()> {
        let name = Name::parse_of("runtime", name)?;
        let sha256 = Sha256::of(component);
        let known = self.base.store.runtime_known(&name, sha256).await?;
        if !known {
            // Operators fill the list, releases do not.
            self.keep(&name, component, usize::MAX).await?;
        }
        Ok(())
    }

    async fn keep(&self, name: &Name, component: &[u8], runtimes_max: usize) -> Result<(Runtime, Uploaded)> {
        let sha256 = Sha256::of(component);
        // The file before the row that names it.
        self.base.artifacts.put(sha256, component).await?;
        let (size_bytes, now) = (component.len() as u64, self.base.clock.now());
        self.base.store.runtime_add(name, sha256, size_bytes, runtimes_max, now).await
    }

    /// All runtimes, by name: of each the version that builds.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn list(&self) -> Result<Vec<Runtime>> {
        self.base.store.runtime_list().await
    }

    /// The versions of a runtime, the one that builds first.
    ///
    /// # Errors
    /// Not found.
    pub async fn get(&self, name: &str) -> Result<Vec<Runtime>> {
        let name = Name::parse(name).map_err(|_| not_found())?;
        let versions = self.base.store.runtime_get(&name).await?;
        if versions.is_empty() { Err(not_found()) } else { Ok(versions) }
    }

    /// Removes a runtime. What was built with it goes on.
    ///
    /// # Errors
    /// Not found.
    pub async fn remove(&self, name: &str) -> Result<()> {
        let name = Name::parse(name).map_err(|_| not_found())?;
        if self.base.store.runtime_remove(&name).await? { Ok(()) } else { Err(not_found()) }
    }
}

fn not_found() -> Error {
    Error::not_found("runtime")
}
