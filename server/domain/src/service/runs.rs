//! Runs: submit, show, cancel, delete.

use std::sync::Arc;

use serde_json::value::RawValue;

use super::input::{self, Checked, Place, Request};
use crate::base::Base;
use crate::error::{Code, Error, Result};
use crate::model::account::Caller;
use crate::model::id::RunId;
use crate::model::page::{Listed, Page};
use crate::model::run::{Run, Source};
use crate::model::time::Millis;
use crate::port::store::{NewJob, NewRun, RunFilter};
use crate::tasks::Wake;

/// How far ahead a run may be submitted: a year.
const RUN_AT_AHEAD_MS_MAX: u64 = 366 * 24 * 60 * 60 * 1000;

/// Runs.
#[derive(Clone)]
pub struct Runs {
    base: Arc<Base>,
}

/// A run to be submitted.
#[derive(Debug, Default)]
pub struct Submission {
    /// What to run, with which arguments.
    pub request: Request,
    /// The most that is paid for a job-minute, in nano-dollars.
    pub bid_nanodollars: Option<u64>,
    /// Not before.
    pub run_at: Option<Millis>,
}

impl Runs {
    pub(super) fn new(base: Arc<Base>) -> Self {
        Self { base }
    }

    /// Submits a run: all its jobs, or none.
    ///
    /// # Errors
    /// As [`input::check`]; too large for more jobs than a run may have.
    pub async fn create(&self, caller: &Caller, submission: Submission) -> Result<Run> {
        let count = submission.request.tuples.len();
        let max = self.base.limits.run_jobs_max;
        if count == 0 {
            return Err(
                Error::invalid("parameters must have at least one tuple of arguments").field("parameters")
            );
        }
        if count > max {
            return Err(
                Error::new(Code::TooLarge, format!("a run may have {max} jobs at most")).field("parameters")
            );
        }
        let (bid, run_at) = (submission.bid_nanodollars, submission.run_at);
        if run_at.is_some_and(|at| at > self.base.clock.now().plus(RUN_AT_AHEAD_MS_MAX)) {
            return Err(Error::invalid("runAt must be within a year, in Unix milliseconds").field("runAt"));
        }
        let checked = input::check(&self.base, caller, submission.request, Place::Parameters).await?;
        let run = new_run(&self.base, caller, Source::Run, checked, bid, run_at);
        let id = run.id;
        self.base.store.run_create(run).await?;
        self.base.tasks.wake(Wake::Dispatch);
        self.get(caller, id).await
    }

    /// A run by id.
    ///
    /// # Errors
    /// Not found.
    pub async fn get(&self, caller: &Caller, id: RunId) -> Result<Run> {
        self.base.store.run_get(caller.account(), id).await?.ok_or_else(not_found)
    }

    /// The caller's runs.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn list(&self, caller: &Caller, filter: RunFilter, page: Page) -> Result<Listed<Run>> {
        self.base.store.run_list(caller.account(), filter, page).await
    }

    /// Cancels every job of a run that is not over.
    ///
    /// # Errors
    /// Not found; a conflict if the run is over.
    pub async fn cancel(&self, caller: &Caller, id: RunId) -> Result<Run> {
        let now = self.base.clock.now();
        let run = self.base.store.run_cancel(caller.account(), id, now).await?.ok_or_else(not_found)?;
        self.base.tasks.wake(Wake::Cancel);
        Ok(run)
    }

    /// Deletes a run that is over, with its jobs and logs.
    ///
    /// # Errors
    /// Not found; a conflict if it is not over.
    pub async fn delete(&self, caller: &Caller, id: RunId) -> Result<()> {
        let deleted = self.base.store.run_delete(caller.account(), id).await?;
        if deleted { Ok(()) } else { Err(not_found()) }
    }
}

/// A run of checked tuples, with an id for each job.
pub(super) fn new_run(
    base: &Base,
    caller: &Caller,
    source: Source,
    checked: Checked,
    bid_nanodollars: Option<u64>,
    run_at: Option<Millis>,
) -> NewRun {
    let at = base.clock.now();
    let job = |tuple: Box<RawValue>| NewJob {
        id: base.ids.next(at),
        arguments: String::from(Box::<str>::from(tuple)),
    };
    NewRun {
        id: base.ids.next(at),
        account: caller.account(),
        source,
        function: checked.function.id,
        version: checked.version.number,
        common: checked.common,
        bid_nanodollars,
        jobs: checked.tuples.into_iter().map(job).collect(),
        run_at: run_at.filter(|run_at| *run_at > at),
        at,
    }
}

fn not_found() -> Error {
    Error::not_found("run")
}
