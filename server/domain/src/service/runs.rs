//! Runs: submit, show, cancel, delete.

use std::sync::Arc;

use serde_json::value::RawValue;

use super::input::{self, Checked, Place, Request};
use super::once::{Looked, Pending, replay};
use crate::base::Base;
use crate::error::{Code, Error, Result};
use crate::model::account::Caller;
use crate::model::id::{FunctionId, RunId};
use crate::model::job::{Ended, Resulted, Status};
use crate::model::money::Nanodollars;
use crate::model::page::{Listed, Page};
use crate::model::receipt::{Answered, Once};
use crate::model::run::{self, Counts, PARAMETERS_BYTES_SHOWN_MAX, PARAMETERS_SHOWN_MAX, Run, Source};
use crate::model::time::Millis;
use crate::port::store::{NewJob, NewRun, RunFilter};
use crate::signals::Watching;
use crate::tasks::Wake;

/// How far ahead a run may be submitted: a year.
const RUN_AT_AHEAD_MS_MAX: u64 = 366 * 24 * 60 * 60 * 1000;

/// Results that are read at once at most, of a run that is read to its end.
const RESULTS_AT_ONCE: u32 = 500;
/// Bytes of results after which no more are read at once.
const RESULT_BYTES_AT_ONCE: usize = 256 << 10;

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
    /// The most that is paid for a job-minute.
    pub bid: Option<Nanodollars>,
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
    pub async fn create(
        &self,
        caller: &Caller,
        submission: Submission,
        once: Option<Once<Run>>,
    ) -> Result<Answered<Run>> {
        let pending = match Pending::look(&self.base, caller, once).await? {
            Looked::Todo(pending) => pending,
            Looked::Done(receipt) => return replay(&self.base, receipt),
        };
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
        let (bid, run_at) = (submission.bid, submission.run_at);
        check_run_at(&self.base, run_at)?;
        let checked = input::check(&self.base, caller, submission.request, Place::Parameters).await?;
        let function = checked.function.name.clone();
        let mut run = new_run(&self.base, caller, Source::Run, checked, bid, run_at);
        let made = made(&run, function.as_str());
        run.receipt = pending.receipt(&made)?;
        let written = self.base.store.run_create(run).await?;
        self.base.tasks.wake(Wake::Dispatch);
        pending.written(made, written)
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

    /// How many runs of a function of the caller's stand in lists.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn count(&self, caller: &Caller, function: FunctionId) -> Result<u64> {
        self.base.store.run_count(caller.account(), function).await
    }

    /// Cancels every job of a run that is not over.
    ///
    /// # Errors
    /// Not found; a conflict if the run is over.
    pub async fn cancel(&self, caller: &Caller, id: RunId) -> Result<Run> {
        let now = self.base.clock.now();
        let run = self.base.store.run_cancel(caller.account(), id, now).await?.ok_or_else(not_found)?;
        self.base.tasks.wake(Wake::Cancel);
        self.base.tasks.wake(Wake::Reap);
        self.base.signals.tell(id.to_u128());
        Ok(run)
    }

    /// Watches a run for jobs that end.
    ///
    /// # Errors
    /// Not found; too many where too many streams are open.
    pub async fn watch(&self, caller: &Caller, id: RunId) -> Result<Watching> {
        let run = self.get(caller, id).await?;
        self.base.signals.watch(run.id.to_u128(), caller.account().to_u128())
    }

    /// Jobs of a run that ended after a place in the order of their ends.
    ///
    /// # Errors
    /// Not found.
    pub async fn ended(
        &self,
        caller: &Caller,
        id: RunId,
        after: run::Place,
        limit: u32,
    ) -> Result<Vec<Ended>> {
        self.base.store.run_ended(caller.account(), id, after, limit).await?.ok_or_else(not_found)
    }

    /// A part of a run's jobs with their results, in order from a place on. None are left where it is empty.
    ///
    /// # Errors
    /// Not found.
    pub async fn results(&self, caller: &Caller, id: RunId, from_index: u32) -> Result<Vec<Resulted>> {
        let (jobs, bytes) = (RESULTS_AT_ONCE, RESULT_BYTES_AT_ONCE);
        let results = self.base.store.run_results(caller.account(), id, from_index, jobs, bytes).await?;
        results.ok_or_else(not_found)
    }

    /// Deletes a run that is over, with its jobs and logs.
    ///
    /// # Errors
    /// Not found; a conflict if it is not over.
    pub async fn delete(&self, caller: &Caller, id: RunId) -> Result<()> {
        let deleted = self.base.store.run_delete(caller.account(), id).await?;
        self.base.tasks.wake(Wake::Purge);
        if deleted { Ok(()) } else { Err(not_found()) }
    }
}

/// Whether a time is near enough to wait for it.
pub(super) fn check_run_at(base: &Base, run_at: Option<Millis>) -> Result<()> {
    if run_at.is_some_and(|at| at > base.clock.now().plus(RUN_AT_AHEAD_MS_MAX)) {
        return Err(Error::invalid("runAt must be within a year, in Unix milliseconds").field("runAt"));
    }
    Ok(())
}

/// A run of checked tuples, with an id for each job.
pub(super) fn new_run(
    base: &Base,
    caller: &Caller,
    source: Source,
    checked: Checked,
    bid: Option<Nanodollars>,
    run_at: Option<Millis>,
) -> NewRun {
    let at = base.clock.now();
    let job = |tuple: Box<RawValue>| NewJob::new(base.ids.next(at), String::from(Box::<str>::from(tuple)));
    NewRun {
        id: base.ids.next(at),
        account: caller.account(),
        source,
        function: checked.function.id,
        version: checked.version.number,
        common: checked.common,
        bid,
        jobs: checked.tuples.into_iter().map(job).collect(),
        run_at: run_at.filter(|run_at| *run_at > at),
        at,
        receipt: None,
        trace: checked.trace,
        stage: None,
    }
}

/// A run as it is shown once it is written.
fn made(run: &NewRun, function: &str) -> Run {
    let count = run.jobs.len() as u32;
    let mut counts = Counts::default();
    counts.0[usize::from(Status::Queued.number())] = count;
    let bytes: usize = run.jobs.iter().map(|job| job.arguments.len()).sum();
    let few = count <= PARAMETERS_SHOWN_MAX && bytes as u64 <= PARAMETERS_BYTES_SHOWN_MAX;
    let shown = few.then_some(&run.jobs);
    Run {
        id: run.id,
        account: run.account,
        source: run.source,
        stage: run.stage,
        function: run.function,
        function_name: function.to_owned(),
        version: run.version,
        common: run.common.clone(),
        counts,
        cancelled: false,
        bid: run.bid,
        cost: Nanodollars::default(),
        parameters: shown.map(|jobs| jobs.iter().map(|job| job.arguments.clone()).collect()),
        created_at: run.at,
        started_at: None,
        completed_at: None,
    }
}

fn not_found() -> Error {
    Error::not_found("run")
}
