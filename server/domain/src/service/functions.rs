//! Functions: upload, list, change, delete.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::base::Base;
use crate::error::{Code, Error, Result};
use crate::model::account::Caller;
use crate::model::function::{Function, Name, State, Version};
use crate::model::id::{AccountId, FunctionId, Sha256};
use crate::model::page::{Listed, Page};
use crate::model::settings::{SECRET_BYTES_MAX, Settings};
use crate::port::store::NewVersion;
use crate::tasks::Finish;

/// Functions.
#[derive(Clone)]
pub struct Functions {
    base: Arc<Base>,
}

/// What an upload came to.
pub struct Uploaded {
    /// The function as it is now.
    pub function: Function,
    /// The version that the bytes are.
    pub version: Version,
    /// Whether the version is new.
    pub created: bool,
}

impl Functions {
    pub(super) fn new(base: Arc<Base>) -> Self {
        Self { base }
    }

    /// Takes an upload: a new version, or, for bytes that the function has already, the version
    /// that they are. Either way it is the current one afterwards.
    ///
    /// # Errors
    /// Invalid, with what the bytes are, if they are no function.
    pub async fn upload(&self, caller: &Caller, name: &str, bytes: Vec<u8>) -> Result<Uploaded> {
        let name = Name::parse(name)?;
        if bytes.len() > self.base.limits.component_bytes_max {
            let max = self.base.limits.component_bytes_max;
            return Err(Error::new(Code::TooLarge, format!("an upload may have {max} bytes at most")));
        }
        let sha256 = Sha256::of(&bytes);
        let (account, now) = (caller.account(), self.base.clock.now());
        if let Some((function, version)) = self.base.store.version_select(account, &name, sha256, now).await?
        {
            self.base.revision.advance();
            return Ok(Uploaded { function, version, created: false });
        }
        let size_bytes = bytes.len() as u64;
        let is_text = std::str::from_utf8(&bytes).is_ok();
        let prepared = self.base.sandbox.prepare(bytes).await;
        let prepared = prepared.map_err(|error| if is_text { or_source(error) } else { error })?;
        let component = Sha256::of(&prepared.component);
        // The file before the row that names it.
        self.base.artifacts.put(component, &prepared.component).await?;
        let new = NewVersion {
            function: self.base.ids.next(now),
            name,
            sha256,
            size_bytes,
            code: component.into(),
            interface: prepared.interface,
        };
        let limits = &self.base.limits;
        let (function, version) = self
            .base
            .store
            .version_create(account, new, limits.functions_max, limits.versions_max, self.base.clock.now())
            .await?;
        self.base.revision.advance();
        Ok(Uploaded { function, version, created: true })
    }

    /// A function by name.
    ///
    /// # Errors
    /// Not found.
    pub async fn get(&self, caller: &Caller, name: &str) -> Result<Function> {
        // What cannot be a name names nothing.
        let name = Name::parse(name).map_err(|_| not_found())?;
        self.base.store.function_get(caller.account(), &name).await?.ok_or_else(not_found)
    }

    /// A function by id.
    ///
    /// # Errors
    /// Not found.
    pub async fn find_by_id(&self, caller: &Caller, id: FunctionId) -> Result<Function> {
        self.base.store.function_find(caller.account(), id).await?.ok_or_else(not_found)
    }

    /// The caller's functions, newest first.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn list(&self, caller: &Caller, page: Page) -> Result<Listed<Function>> {
        self.base.store.function_list(caller.account(), page).await
    }

    /// Changes a function's settings. Jobs that are claimed from now on see them.
    ///
    /// # Errors
    /// Not found; invalid with the field at fault; a conflict if somebody else changed them meanwhile.
    pub async fn configure(
        &self,
        caller: &Caller,
        name: &str,
        change: impl FnOnce(&Settings) -> Result<Settings>,
    ) -> Result<Function> {
        let function = self.get(caller, name).await?;
        let mut settings = change(&function.settings)?;
        self.seal(caller.account(), &function.settings, &mut settings)?;
        settings.check()?;
        self.base.sandbox.check_grants(&settings)?;
        self.check_models(caller.account(), &settings).await?;
        if let Some(export) = &settings.export {
            let exports = &function.current.interface.exports;
            if !exports.iter().any(|known| known.name == *export) {
                return Err(Error::invalid(format!("the function has no export \"{export}\""))
                    .field("settings.export"));
            }
        }
        let now = self.base.clock.now();
        let (account, from, store) = (caller.account(), function.settings, self.base.store.clone());
        let name = function.name;
        let changed =
            self.told(async move { store.function_configure(account, &name, from, settings, now).await });
        changed.await?.ok_or_else(not_found)
    }

    /// Does something and tells of it, whoever asked for it goes meanwhile.
    fn told<T: Send + 'static>(
        &self,
        change: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Finish<Result<T>> {
        let base = self.base.clone();
        self.base.tasks.finish(async move {
            let changed = change.await;
            base.revision.advance();
            changed
        })
    }

    /// Checks that the models are there which a function is to be granted.
    async fn check_models(&self, account: AccountId, settings: &Settings) -> Result<()> {
        const FIELD: &str = "settings.grants.models";
        for name in &settings.grants.models {
            let parsed = Name::parse_of("model", name).map_err(|error| error.field(FIELD))?;
            if self.base.store.model_find(account, &parsed).await?.is_none() {
                let message = format!("{FIELD}: there is no model \"{name}\"; upload it first");
                return Err(Error::invalid(message).field(FIELD));
            }
        }
        Ok(())
    }

    /// Seals the secrets that were given; the others must be there already, and be left as they are.
    fn seal(&self, account: AccountId, from: &Settings, settings: &mut Settings) -> Result<()> {
        for (name, secret) in &mut settings.secrets {
            let field = format!("settings.secrets.{name}.value");
            let kept = from.secrets.get(name).and_then(|secret| secret.sealed.as_ref());
            match secret.value.take() {
                Some(value) if !(1..=SECRET_BYTES_MAX).contains(&value.len()) || !is_sendable(&value) => {
                    let message = format!(
                        "{field} must have from 1 to {SECRET_BYTES_MAX} bytes, all of them printable ASCII"
                    );
                    return Err(Error::invalid(message).field(field));
                }
                // With the account, so that what is sealed for one is of no use to another.
                Some(value) => {
                    let sealed = [&account.to_bytes()[..], value.as_bytes()].concat();
                    secret.sealed = Some(STANDARD.encode(self.base.credentials.seal(&sealed)?));
                }
                // Other hosts might not keep it to themselves.
                None if kept.is_none()
                    || kept != secret.sealed.as_ref()
                    || from.secrets.get(name).is_none_or(|from| from.hosts != secret.hosts) =>
                {
                    let message =
                        format!("{field} is missing: it is wanted for a new secret, and where hosts change");
                    return Err(Error::invalid(message).field(field));
                }
                None => {}
            }
        }
        Ok(())
    }

    /// Deletes a function with everything that it did.
    ///
    /// # Errors
    /// Not found; a conflict while jobs of it are not over.
    pub async fn delete(&self, caller: &Caller, name: &str) -> Result<()> {
        let name = Name::parse(name).map_err(|_| not_found())?;
        let (store, account) = (self.base.store.clone(), caller.account());
        let deleted = self.told(async move { store.function_delete(account, &name).await }).await?;
        self.base.tasks.wake(crate::tasks::Wake::Purge);
        if deleted { Ok(()) } else { Err(not_found()) }
    }

    /// A function's versions, newest first.
    ///
    /// # Errors
    /// Not found.
    pub async fn versions(&self, caller: &Caller, name: &str, page: Page) -> Result<Listed<Version>> {
        let function = self.get(caller, name).await?;
        self.base.store.version_list(function.id, page).await
    }

    /// A version by number, and what its build wrote.
    ///
    /// # Errors
    /// Not found.
    pub async fn version_with_logs(
        &self,
        caller: &Caller,
        name: &str,
        number: u32,
    ) -> Result<(Version, Option<String>)> {
        let (function, version) = self.find(caller, name, number).await?;
        let logs = self.build_logs(&function, &version).await?;
        Ok((version, logs))
    }

    /// A version by number.
    ///
    /// # Errors
    /// Not found.
    pub async fn version(&self, caller: &Caller, name: &str, number: u32) -> Result<Version> {
        Ok(self.find(caller, name, number).await?.1)
    }

    async fn find(&self, caller: &Caller, name: &str, number: u32) -> Result<(Function, Version)> {
        let function = self.get(caller, name).await?;
        let version = self.base.store.version_get(function.id, number).await?;
        version.map(|version| (function, version)).ok_or_else(|| Error::not_found("version"))
    }

    /// What a version's build wrote, once it is over.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn build_logs(&self, function: &Function, version: &Version) -> Result<Option<String>> {
        match &version.build {
            Some(_) => self.base.store.version_build_logs(function.id, version.number).await,
            None => Ok(None),
        }
    }

    /// A version's source, as it is kept: JSON with the files.
    ///
    /// # Errors
    /// Not found, also where it was uploaded as a component.
    pub async fn source(&self, caller: &Caller, name: &str, number: u32) -> Result<Vec<u8>> {
        let version = self.version(caller, name, number).await?;
        match version.build {
            Some(_) => self.base.artifacts.get(version.sha256).await,
            None => Err(Error::new(Code::NotFound, format!("version {number} was uploaded as a component"))),
        }
    }

    /// A version's component.
    ///
    /// # Errors
    /// Not found, also for source that runs on its runtime.
    pub async fn component(&self, caller: &Caller, name: &str, number: u32) -> Result<Vec<u8>> {
        let version = self.version(caller, name, number).await?;
        let component = version.code.component;
        let is_shared = match &version.build {
            Some(_) if version.state != State::Ready => true,
            Some(build) if version.code.script.is_some() => {
                self.is_runtime(&build.runtime, component).await?
            }
            _ => false,
        };
        if let Some(build) = version.build.filter(|_| is_shared) {
            let message = format!(
                "version {number} has no component of its own, it runs on {}; ask for its source",
                build.runtime
            );
            return Err(Error::new(Code::NotFound, message));
        }
        self.base.artifacts.get(component).await
    }

    /// Whether a component is one of a runtime, named as `name@version`.
    async fn is_runtime(&self, label: &str, component: Sha256) -> Result<bool> {
        let name = Name::parse(label.split('@').next().unwrap_or_default())?;
        Ok(self.base.store.runtime_get(&name).await?.iter().any(|runtime| runtime.component == component))
    }
}

/// A text that is refused may be source of which nobody said so.
fn or_source(error: Error) -> Error {
    if error.code() != Code::Invalid {
        return error;
    }
    Error::invalid(format!("{error}; where it is source, name the runtime that builds it"))
}

/// Whether it can stand in a header.
fn is_sendable(value: &str) -> bool {
    value.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

fn not_found() -> Error {
    Error::not_found("function")
}
