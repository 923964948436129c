//! Calls that somebody waits for.
//!
//! A call that is over within `RECORD_AFTER` is written once, claim and end together. A longer
//! one is written as running first, so that it can be seen and cancelled.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};

use super::input::{self, Checked, Place, Request};
use super::runs::new_run;
use crate::base::{Base, Recorder};
use crate::error::{Code, Error, Result};
use crate::model::account::Caller;
use crate::model::id::JobId;
use crate::model::job::{Job, Progress, payload};
use crate::model::log::{Line, Stream};
use crate::model::run::Source;
use crate::model::step;
use crate::port::sandbox::{Assignment, Attempted, Plan};
use crate::port::store::{Finished, NewRun};

/// How long a call may run before a row says that it runs, unless its caller goes sooner.
const RECORD_AFTER: Duration = Duration::from_secs(1);

/// Calls.
#[derive(Clone)]
pub struct Invoke {
    base: Arc<Base>,
    /// One for each call that may be under way, over all accounts.
    places: Arc<Semaphore>,
}

/// What a call came to within the time that its caller waited.
pub enum Invoked {
    /// It is over, and on disk.
    Over {
        /// The job.
        job: Box<Job>,
        /// What it wrote to stdout.
        stdout: String,
        /// What it wrote to stderr.
        stderr: String,
    },
    /// It goes on.
    Running(Box<Job>),
}

impl Invoke {
    pub(super) fn new(base: Arc<Base>) -> Self {
        let places = Arc::new(Semaphore::new(base.limits.invocations_max));
        Self { base, places }
    }

    /// Calls a function and waits for its end, at most so long. The call goes on if its caller goes.
    ///
    /// # Errors
    /// As [`input::check`]; too many where too many calls are under way.
    pub async fn call(&self, caller: &Caller, request: Request, wait: Duration) -> Result<Invoked> {
        let place = self.places.clone().try_acquire_owned().map_err(|_| {
            let max = self.base.limits.invocations_max;
            Error::new(Code::TooMany, format!("{max} calls are under way; wait, or submit a run"))
        })?;
        let checked = input::check(&self.base, caller, request, Place::Arguments).await?;
        let call = Call::new(self.base.clone(), caller, checked);
        let (job, account) = (call.job, caller.account());
        // Run here, for the fewest ways between threads; elsewhere once its caller has gone.
        let record_after = wait.min(RECORD_AFTER);
        let (recorded, is_recorded) = oneshot::channel();
        let over = self.base.tasks.finish(async move {
            let _place = place;
            call.run(record_after, recorded).await
        });
        match tokio::time::timeout(wait, over).await {
            Ok(over) => over,
            Err(_) => {
                // Its row is written, as running or as over: it answers either way.
                let _ = is_recorded.await;
                let job = self.base.store.job_get(account, job).await?;
                let lost = || Error::new(Code::Unavailable, "the call could not be recorded");
                Ok(Invoked::Running(Box::new(job.ok_or_else(lost)?)))
            }
        }
    }
}

struct Call {
    base: Arc<Base>,
    run: NewRun,
    job: JobId,
    assignment: Assignment,
    progress: Progress,
}

impl Call {
    fn new(base: Arc<Base>, caller: &Caller, checked: Checked) -> Self {
        let Checked { function, version, common, .. } = &checked;
        let plan = Plan::join(function.name.as_str(), &function.settings, version.component, common);
        let run = new_run(&base, caller, Source::Invoke, checked, None, None);
        let assignment = Assignment {
            job: run.jobs[0].id,
            attempt: 1,
            account: caller.account(),
            weight: caller.weight(),
            plan,
            arguments: run.jobs[0].arguments.clone(),
        };
        let progress = step::claim(Progress::new(None));
        Self { base, job: assignment.job, run, assignment, progress }
    }

    /// Runs the call. What `recorded` answers to says that there is a row, by being sent or dropped.
    async fn run(self, record_after: Duration, recorded: oneshot::Sender<()>) -> Result<Invoked> {
        let sink = Arc::new(Recorder::new(self.base.store.clone()));
        let sandbox = self.base.sandbox.clone();
        let mut running = sandbox.run(self.assignment.clone(), sink);
        let attempted = match tokio::time::timeout(record_after, &mut running).await {
            Ok(attempted) => attempted,
            Err(_) => {
                self.base.store.job_record_running(self.run.clone(), self.progress).await?;
                let _ = recorded.send(());
                let attempted = running.await;
                return self.finish_recorded(attempted).await;
            }
        };
        self.record(attempted).await
    }

    /// The short way: run, job, attempt and log in one go.
    async fn record(self, attempted: Attempted) -> Result<Invoked> {
        let (stdout, stderr) =
            (text(&attempted.lines, Stream::Stdout), text(&attempted.lines, Stream::Stderr));
        let finished = self.end(self.progress, attempted);
        let job = shown(&self.run, &finished, &self.assignment);
        self.base.store.job_record(self.run, finished).await?;
        Ok(Invoked::Over { job: Box::new(job), stdout, stderr })
    }

    /// The long way: the rows are there, and so is a part of the log.
    async fn finish_recorded(self, attempted: Attempted) -> Result<Invoked> {
        let (store, account) = (&self.base.store, self.run.account);
        let there = store.job_get(account, self.job).await?;
        let finished = self.end(there.map_or(self.progress, |job| job.progress), attempted);
        store.job_finish([finished].into()).await?;
        let job = store.job_get(account, self.job).await?.ok_or_else(|| Error::not_found("job"))?;
        let log = store.log_list(account, self.job, 0, LOG_ENTRIES_MAX).await?.unwrap_or_default();
        let lines: Vec<Line> = log.into_iter().map(|entry| entry.line).collect();
        let (stdout, stderr) = (text(&lines, Stream::Stdout), text(&lines, Stream::Stderr));
        Ok(Invoked::Over { job: Box::new(job), stdout, stderr })
    }

    fn end(&self, from: Progress, attempted: Attempted) -> Finished {
        let step = step::finish_call(from, attempted.attempt, self.base.clock.now());
        Finished { job: self.job, step, lines: attempted.lines }
    }
}

/// Lines that an answer repeats of a call that ran long.
const LOG_ENTRIES_MAX: u32 = 100_000;

fn text(lines: &[Line], stream: Stream) -> String {
    let mut text = String::new();
    for line in lines.iter().filter(|line| line.stream == stream) {
        text.push_str(&line.text);
        text.push('\n');
    }
    text
}

/// The job as the store will show it, without asking it again.
fn shown(run: &NewRun, finished: &Finished, assignment: &Assignment) -> Job {
    let Finished { step, .. } = finished;
    let started = step.ended.as_ref().map(|attempt| attempt.started_at);
    Job {
        id: finished.job,
        account: run.account,
        run: run.id,
        index: 0,
        job_type: assignment.plan.function.clone(),
        version: run.version,
        payload: payload(&run.jobs[0].arguments, &run.common),
        progress: step.to,
        last: step.ended.clone(),
        bid_nanodollars: None,
        created_at: run.at,
        updated_at: step.at,
        assigned_at: Some(run.at),
        started_at: started,
        completed_at: Some(step.at),
    }
}
