//! Jobs: submit one, show, cancel, restart, read its log.

use std::sync::Arc;

use super::input::{self, Place, Request};
use super::once::{Looked, Pending, replay};
use super::places::Places;
use super::runs::new_run;
use crate::base::Base;
use crate::error::{Error, Result};
use crate::model::account::Caller;
use crate::model::attempt::Charged;
use crate::model::id::JobId;
use crate::model::job::{Job, Progress, payload};
use crate::model::log::{Entry, Start};
use crate::model::money::Nanodollars;
use crate::model::page::{Listed, Page};
use crate::model::price::CPU;
use crate::model::receipt::{Answered, Once};
use crate::model::run::Source;
use crate::model::selection::{Selected, Selection};
use crate::port::store::{JobFilter, NewRun};
use crate::signals::Watching;
use crate::tasks::Wake;

/// Jobs.
#[derive(Clone)]
pub struct Jobs {
    base: Arc<Base>,
    selecting: Places,
}

/// Selections of one account at once: each may keep a reader of the store busy.
const SELECTIONS_MAX: usize = 2;

impl Jobs {
    pub(super) fn new(base: Arc<Base>) -> Self {
        Self { base, selecting: Places::new(SELECTIONS_MAX) }
    }

    /// Submits one job, as a run of one.
    ///
    /// # Errors
    /// As [`input::check`].
    pub async fn create(
        &self,
        caller: &Caller,
        request: Request,
        once: Option<Once<Job>>,
    ) -> Result<Answered<Job>> {
        let pending = match Pending::look(&self.base, caller, once).await? {
            Looked::Todo(pending) => pending,
            Looked::Done(receipt) => return replay(&self.base, receipt),
        };
        let checked = input::check(&self.base, caller, request, Place::Payload).await?;
        let function = checked.function.name.clone();
        let mut run = new_run(&self.base, caller, Source::Job, checked, None, None);
        let made = made(&run, function.as_str(), Progress::new(None));
        run.receipt = pending.receipt(&made)?;
        let written = self.base.store.run_create(run).await?;
        self.base.tasks.wake(Wake::Dispatch);
        pending.written(made, written)
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

    /// The caller's jobs, selected freely.
    ///
    /// # Errors
    /// Invalid, where too many jobs would have to be looked at; too many, where others are under way.
    pub async fn select(&self, caller: &Caller, selection: Selection) -> Result<Selected> {
        let _place = self.selecting.take(caller.account())?;
        self.base.store.job_select(caller.account(), selection).await
    }

    /// Cancels a job. One that runs is told at once and ends within a moment.
    ///
    /// # Errors
    /// Not found; a conflict if it is over.
    pub async fn cancel(&self, caller: &Caller, id: JobId) -> Result<Job> {
        let now = self.base.clock.now();
        let job = self.base.store.job_cancel(caller.account(), id, now).await?.ok_or_else(not_found)?;
        self.base.tasks.wake(Wake::Cancel);
        self.base.tasks.wake(Wake::Reap);
        self.tell(&job);
        Ok(job)
    }

    /// Opens the next round of a job that did not succeed.
    ///
    /// # Errors
    /// Not found; a conflict if it succeeded, is not over, or was a build, a request to an HTTP function or of a plan.
    pub async fn restart(&self, caller: &Caller, id: JobId) -> Result<Job> {
        let (now, store) = (self.base.clock.now(), &self.base.store);
        let job = store.job_get(caller.account(), id).await?.ok_or_else(not_found)?;
        let run = store.run_get(caller.account(), job.run).await?.ok_or_else(not_found)?;
        let once_only = match run.source {
            Source::Http => {
                Some("this was a request to an HTTP function, which only its client can make again")
            }
            Source::Build => Some("this was a build; upload the source again"),
            Source::Plan => Some("this is a job of a plan; restart the plan"),
            Source::Run | Source::Job | Source::Invoke | Source::Schedule => None,
        };
        if let Some(why) = once_only {
            return Err(Error::conflict(why));
        }
        let job = store.job_restart(caller.account(), id, now).await?.ok_or_else(not_found)?;
        self.base.tasks.wake(Wake::Dispatch);
        self.tell(&job);
        Ok(job)
    }

    fn tell(&self, job: &Job) {
        self.base.signals.tell(job.id.to_u128());
        self.base.signals.tell(job.run.to_u128());
    }

    /// A job's attempts that are over, oldest first.
    ///
    /// # Errors
    /// Not found.
    pub async fn attempts(&self, caller: &Caller, id: JobId) -> Result<Vec<Charged>> {
        self.base.store.attempt_list(caller.account(), id).await?.ok_or_else(not_found)
    }

    /// Why a job is not claimed, where it is not just its turn.
    pub fn waiting_for(&self, job: &Job) -> Option<String> {
        job.waiting_for(self.base.prices.ask(CPU), self.base.clock.now())
    }

    /// Watches a job for lines of its log, and for its end.
    ///
    /// # Errors
    /// Not found; too many where too many streams are open.
    pub async fn watch(&self, caller: &Caller, id: JobId) -> Result<Watching> {
        let job = self.get(caller, id).await?;
        self.base.signals.watch(job.id.to_u128(), caller.account().to_u128())
    }

    /// How many lines a job's log has, over all attempts.
    ///
    /// # Errors
    /// Not found.
    pub async fn log_length(&self, caller: &Caller, id: JobId) -> Result<u64> {
        self.base.store.log_length(caller.account(), id).await?.ok_or_else(not_found)
    }

    /// Entries of a job's log, from somewhere on.
    ///
    /// # Errors
    /// Not found.
    pub async fn logs(&self, caller: &Caller, id: JobId, from: Start, limit: u32) -> Result<Vec<Entry>> {
        self.base.store.log_list(caller.account(), id, from, limit).await?.ok_or_else(not_found)
    }
}

/// The first job of a run, as it is shown once it is written.
pub(super) fn made(run: &NewRun, function: &str, progress: Progress) -> Job {
    Job {
        id: run.jobs[0].id,
        account: run.account,
        run: run.id,
        index: 0,
        job_type: function.to_owned(),
        name: run.jobs[0].name.clone(),
        version: run.version,
        payload: payload(&run.jobs[0].arguments, &run.common),
        progress,
        percent: None,
        last: None,
        bid: run.bid,
        cost: Nanodollars::default(),
        worker: None,
        created_at: run.at,
        updated_at: run.at,
        assigned_at: None,
        started_at: None,
        completed_at: None,
    }
}

fn not_found() -> Error {
    Error::not_found("job")
}
