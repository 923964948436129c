//! Jobs: submit one, show, cancel, restart, read its log.

use std::sync::Arc;

use super::input::{self, Place, Request};
use super::runs::new_run;
use crate::base::Base;
use crate::error::{Error, Result};
use crate::model::account::Caller;
use crate::model::attempt::Attempt;
use crate::model::id::JobId;
use crate::model::job::Job;
use crate::model::log::Entry;
use crate::model::page::{Listed, Page};
use crate::model::run::Source;
use crate::port::store::JobFilter;
use crate::tasks::Wake;

/// Jobs.
#[derive(Clone)]
pub struct Jobs {
    base: Arc<Base>,
}

impl Jobs {
    pub(super) fn new(base: Arc<Base>) -> Self {
        Self { base }
    }

    /// Submits one job, as a run of one.
    ///
    /// # Errors
    /// As [`input::check`].
    pub async fn create(&self, caller: &Caller, request: Request) -> Result<Job> {
        let checked = input::check(&self.base, caller, request, Place::Payload).await?;
        let run = new_run(&self.base, caller, Source::Job, checked, None, None);
        let id = run.jobs[0].id;
        self.base.store.run_create(run).await?;
        self.base.tasks.wake(Wake::Dispatch);
        self.get(caller, id).await
    }

    /// A job by id.
    ///
    /// # Errors
    /// Not found.
    pub async fn get(&self, caller: &Caller, id: JobId) -> Result<Job> {
        self.base.store.job_get(caller.account(), id).await?.ok_or_else(not_found)
    }

    /// The caller's jobs.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn list(&self, caller: &Caller, filter: JobFilter, page: Page) -> Result<Listed<Job>> {
        self.base.store.job_list(caller.account(), filter, page).await
    }

    /// Cancels a job. One that runs is told at once and ends within a moment.
    ///
    /// # Errors
    /// Not found; a conflict if it is over.
    pub async fn cancel(&self, caller: &Caller, id: JobId) -> Result<Job> {
        let now = self.base.clock.now();
        let job = self.base.store.job_cancel(caller.account(), id, now).await?.ok_or_else(not_found)?;
        self.base.tasks.wake(Wake::Cancel);
        Ok(job)
    }

    /// Opens the next round of a job that did not succeed.
    ///
    /// # Errors
    /// Not found; a conflict if it succeeded or is not over.
    pub async fn restart(&self, caller: &Caller, id: JobId) -> Result<Job> {
        let now = self.base.clock.now();
        let job = self.base.store.job_restart(caller.account(), id, now).await?.ok_or_else(not_found)?;
        self.base.tasks.wake(Wake::Dispatch);
        Ok(job)
    }

    /// A job's attempts that are over, oldest first.
    ///
    /// # Errors
    /// Not found.
    pub async fn attempts(&self, caller: &Caller, id: JobId) -> Result<Vec<Attempt>> {
        self.base.store.attempt_list(caller.account(), id).await?.ok_or_else(not_found)
    }

    /// Entries of a job's log, from a place on.
    ///
    /// # Errors
    /// Not found.
    pub async fn logs(&self, caller: &Caller, id: JobId, from_seq: u64, limit: u32) -> Result<Vec<Entry>> {
        self.base.store.log_list(caller.account(), id, from_seq, limit).await?.ok_or_else(not_found)
    }
}

fn not_found() -> Error {
    Error::not_found("job")
}
