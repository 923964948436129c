//! Uploads of source: recorded as a version that is being built, built by a job, waited for.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

use super::functions::Uploaded;
use crate::base::Base;
use crate::error::{Code as ErrorCode, Error, Result};
use crate::model::account::Caller;
use crate::model::function::{Build, Code, Function, Interface, Name, State, Version};
use crate::model::id::Sha256;
use crate::model::labels::{self, Labels};
use crate::model::run::{Common, Source as RunSource};
use crate::model::runtime::Runtime;
use crate::model::source::Source;
use crate::model::trace::Trace;
use crate::port::store::{self, NewBuild, NewJob, NewRun, NewVersion};
use crate::tasks::Wake;

/// How often it is looked whether a build is over without being told.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Uploads of source.
#[derive(Clone)]
pub struct Builds {
    base: Arc<Base>,
    /// Uploads that are made ready to be kept, at once: each takes some times its size of memory.
    turns: Arc<Semaphore>,
}

/// Uploads that are made ready to be kept at once.
const UPLOADS_MAX: usize = 16;

/// Source, and what is to make a function of it.
#[derive(Debug)]
pub struct NewSource {
    /// The runtime's name.
    pub runtime: String,
    /// The source.
    pub source: Source,
    /// The trace that it belongs to.
    pub trace: Option<Trace>,
}

/// What came of source that was waited for.
#[derive(Debug)]
pub enum Made {
    /// A function that runs it.
    Ready(Box<Function>),
    /// Nothing: what its build wrote says why.
    Failed(String),
    /// Nothing yet: its build goes on.
    Building,
}

impl Builds {
    pub(super) fn new(base: Arc<Base>) -> Self {
        Self { base, turns: Arc::new(Semaphore::new(UPLOADS_MAX)) }
    }

    /// Takes source: a new version that is being built, or, where the function has the same source of the same
    /// version of the runtime already, that version. Waits for the end of its build, at most so long. The current
    /// version goes on until it is ready.
    ///
    /// # Errors
    /// Invalid for a runtime that is not there.
    pub async fn upload(
        &self,
        caller: &Caller,
        name: &str,
        new: NewSource,
        wait: Duration,
    ) -> Result<Uploaded> {
        let name = Name::parse(name)?;
        let runtime = self.runtime(&new.runtime).await?;
        let trace = new.trace;
        let (sha256, size_bytes) = self.keep(new.source, runtime.component).await?;
        let build = self.build(caller, &name, (sha256, size_bytes), &runtime, trace);
        let (limits, now) = (&self.base.limits, self.base.clock.now());
        let (functions_max, versions_max) = (limits.functions_max, limits.versions_max);
        let store = &self.base.store;
        let written = store.version_build(caller.account(), build, functions_max, versions_max, now).await;
        let (function, version, uploaded) = written?;
        self.base.revision.advance();
        self.base.tasks.wake(Wake::Dispatch);
        let created = uploaded == store::Uploaded::New;
        if version.state != State::Building {
            return Ok(Uploaded { function, version, created });
        }
        let (function, version) = self.ended(caller, function, version, wait).await?;
        Ok(Uploaded { function, version, created })
    }

    /// Makes a function of source, or gives one other source, and adds labels with it. Where its build fails, the
    /// function stays as it was, and one that was not there is not there. Goes on if whoever asked does not wait.
    ///
    /// # Errors
    /// As [`Builds::upload`]; a conflict where the settings are changed meanwhile.
    pub async fn make(
        &self,
        caller: &Caller,
        name: &str,
        new: NewSource,
        labels: Labels,
        wait: Duration,
    ) -> Result<Made> {
        let (builds, caller, name) = (self.clone(), *caller, name.to_owned());
        let made = async move {
            let Uploaded { function, version, created } = builds.upload(&caller, &name, new, wait).await?;
            // A function that was there keeps its number of versions, whatever became of them.
            let is_new = created && version.number == 1;
            match version.state {
                State::Ready => Ok(Made::Ready(Box::new(builds.label(function, labels).await?))),
                State::Building if is_new => builds.label(function, labels).await.map(|_| Made::Building),
                State::Building => Ok(Made::Building),
                State::Failed => {
                    let logs = builds.base.store.version_build_logs(function.id, version.number).await?;
                    if is_new {
                        builds.base.store.function_forget(caller.account(), &function.name).await?;
                        builds.base.revision.advance();
                        builds.base.tasks.wake(Wake::Purge);
                    }
                    Ok(Made::Failed(logs.unwrap_or_default()))
                }
            }
        };
        self.base.tasks.finish(made).await
    }

    async fn label(&self, function: Function, labels: Labels) -> Result<Function> {
        let (from, mut to) = (function.settings.clone(), function.settings);
        to.labels.extend(labels);
        labels::check(&to.labels, "settings.labels")?;
        let (account, now) = (function.account, self.base.clock.now());
        let changed = self.base.store.function_configure(account, &function.name, from, to, now).await;
        self.base.revision.advance();
        changed?.ok_or_else(|| Error::not_found("function"))
    }

    /// Keeps source as a file, before the row that names it.
    async fn keep(&self, source: Source, runtime: Sha256) -> Result<(Sha256, u64)> {
        let too_many = |_| Error::new(ErrorCode::TooMany, "too much source is being taken; try again");
        let _turn = self.turns.try_acquire().map_err(too_many)?;
        let size_bytes = source.files().values().map(|content| content.len() as u64).sum();
        let written = tokio::task::spawn_blocking(move || {
            let bytes = source.to_bytes(runtime);
            (Sha256::of(&bytes), bytes)
        });
        let (sha256, bytes) = written.await.map_err(Error::internal)?;
        self.base.artifacts.put(sha256, &bytes).await?;
        Ok((sha256, size_bytes))
    }

    async fn runtime(&self, name: &str) -> Result<Runtime> {
        let parsed = Name::parse(name).map_err(|_| no_runtime(name))?;
        self.base.store.runtime_get(&parsed).await?.into_iter().next().ok_or_else(|| no_runtime(name))
    }

    fn build(
        &self,
        caller: &Caller,
        name: &Name,
        (sha256, size_bytes): (Sha256, u64),
        runtime: &Runtime,
        trace: Option<Trace>,
    ) -> NewBuild {
        let at = self.base.clock.now();
        let function = self.base.ids.next(at);
        let version = NewVersion {
            function,
            name: name.clone(),
            sha256,
            size_bytes,
            code: Code::from(runtime.component),
            interface: Interface::default(),
        };
        let run = NewRun {
            id: self.base.ids.next(at),
            account: caller.account(),
            source: RunSource::Build,
            function,
            version: 0,
            common: Common::default(),
            bid: None,
            jobs: vec![NewJob::new(self.base.ids.next(at), "[]".to_owned())],
            run_at: None,
            at,
            receipt: None,
            trace,
            stage: None,
        };
        NewBuild { version, runtime: runtime.label(), run }
    }

    /// The function and the version once its build is over, or as they are when the time is.
    async fn ended(
        &self,
        caller: &Caller,
        function: Function,
        version: Version,
        wait: Duration,
    ) -> Result<(Function, Version)> {
        let until = self.base.clock.now().plus(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        let Some(Build { job, .. }) = version.build else { return Ok((function, version)) };
        // Where nobody may watch any more, it is looked now and then.
        let watching = self.base.signals.watch(job.to_u128(), caller.account().to_u128()).ok();
        let news = async || match &watching {
            Some(watching) => watching.news().await,
            None => std::future::pending().await,
        };
        loop {
            let found = self.base.store.version_get(function.id, version.number).await?;
            let version = found.ok_or_else(|| Error::not_found("function"))?;
            let left = Duration::from_millis(until.0.saturating_sub(self.base.clock.now().0));
            if version.state != State::Building || left.is_zero() {
                let function = self.base.store.function_get(caller.account(), &function.name).await?;
                return Ok((function.ok_or_else(|| Error::not_found("function"))?, version));
            }
            // Told or not, it is looked again; nothing is built any more where the server stops.
            tokio::select! {
                _ = tokio::time::timeout(left.min(LOOK_INTERVAL), news()) => {}
                () = self.base.tasks.stopping() => return Ok((function, version)),
            }
        }
    }
}

fn no_runtime(name: &str) -> Error {
    Error::invalid(format!(
        "there is no runtime \"{name}\" here; whoever runs this server can add it: skep runtimes add {name} (docs/runtimes.md)"
    ))
    .field("runtime")
}
