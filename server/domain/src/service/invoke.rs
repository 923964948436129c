//! Calls that somebody waits for.
//!
//! A call that is over within `RECORD_AFTER` is written once, claim and end together. A longer
//! one is written as running first, so that it can be seen and cancelled.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::input::{self, Checked, Place, Request};
use super::jobs;
use super::once::{Looked, Pending};
use super::places::Places;
use super::runs::new_run;
use crate::base::{Base, Recorder};
use crate::error::{Code, Error, Result};
use crate::model::account::Caller;
use crate::model::id::JobId;
use crate::model::job::{Job, Progress};
use crate::model::log::{Line, Start, Stream};
use crate::model::receipt::{self, Kept, Once, Receipt};
use crate::model::run::Source;
use crate::model::step;
use crate::port::sandbox::{Assignment, Attempted, Recipe};
use crate::port::store::{Finished, NewRun, Store, Written};

/// How long a call may run before a row says that it runs, unless its caller goes sooner.
const RECORD_AFTER: Duration = Duration::from_secs(1);

/// Calls.
#[derive(Clone)]
pub struct Invoke {
    base: Arc<Base>,
    places: Places,
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
        /// Whether it was over before it was asked for.
        replayed: bool,
    },
    /// It goes on.
    Running(Box<Job>),
}

impl Invoke {
    pub(super) fn new(base: Arc<Base>, places: Places) -> Self {
        Self { base, places }
    }

    /// Calls a function and waits for its end, at most so long. The call goes on if its caller goes. A call
    /// that is to be made once is answered from its job where it was made before.
    ///
    /// # Errors
    /// As [`input::check`]; too many where too many calls are under way; in flight where the call was made
    /// before and is not over.
    pub async fn call(
        &self,
        caller: &Caller,
        request: Request,
        wait: Duration,
        once: Option<Once<()>>,
    ) -> Result<Invoked> {
        let pending = match Pending::look(&self.base, caller, once).await? {
            Looked::Todo(pending) => pending,
            Looked::Done(receipt) => return self.replay(caller, &receipt).await,
        };
        let place = self.places.take(caller.account())?;
        let checked = input::check(&self.base, caller, request, Place::Arguments).await?;
        let mut call = Call::new(self.base.clone(), caller, checked);
        let (job, account) = (call.job, caller.account());
        call.run.receipt = pending.receipt_of(Kept::Job(job));
        let receipt = call.run.receipt.clone();
        // Run here, for the fewest ways between threads; elsewhere once its caller has gone.
        let record_after = wait.min(RECORD_AFTER);
        let (recorded, is_recorded) = oneshot::channel();
        let over = self.base.tasks.finish(async move {
            let _place = place;
            if call.run.receipt.is_none() {
                return call.run(record_after, recorded).await.map(Came::Of);
            }
            if let Written::Before(receipt) = call.record_ahead().await? {
                return Ok(Came::Before(receipt));
            }
            drop(recorded);
            call.run_recorded().await.map(Came::Of)
        });
        match tokio::time::timeout(wait, over).await {
            Ok(Err(error)) => return Err(error),
            Ok(Ok(Came::Of(invoked))) => return Ok(invoked),
            Ok(Ok(Came::Before(receipt))) => {
                pending.check_body(&receipt)?;
                return self.replay(caller, &receipt).await;
            }
            Err(_) => {}
        }
        // Its row is written, as running or as over: it answers either way.
        let _ = is_recorded.await;
        if let Some(job) = self.base.store.job_get(account, job).await? {
            return Ok(Invoked::Running(Box::new(job)));
        }
        // Or somebody else asked the same a moment before.
        let before = match &receipt {
            Some(receipt) => self.base.store.receipt_find(&receipt.request).await?,
            None => None,
        };
        let lost = || Error::new(Code::Unavailable, "the call could not be recorded");
        let before = before.ok_or_else(lost)?;
        pending.check_body(&before)?;
        self.replay(caller, &before).await
    }

    /// What came of a call that was made before.
    async fn replay(&self, caller: &Caller, receipt: &Receipt) -> Result<Invoked> {
        let Kept::Job(id) = receipt.kept else {
            return Err(Error::internal("a receipt of a call without its job"));
        };
        let job = self.base.store.job_get(caller.account(), id).await?;
        let job = job.ok_or_else(|| Error::not_found("job"))?;
        if !job.progress.status.is_over() {
            return Err(receipt::in_flight());
        }
        over(&*self.base.store, job, true).await
    }
}

/// What came of a call that is to be made once.
enum Came {
    /// It was made.
    Of(Invoked),
    /// It had been made before.
    Before(Receipt),
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
        let id = base.ids.next(base.clock.now());
        let recipe = Recipe::join(
            (id, checked.trace),
            function.name.as_str(),
            &function.settings,
            version.code,
            common,
            false,
        );
        let run = NewRun { id, ..new_run(&base, caller, Source::Invoke, checked, None, None) };
        let assignment = Assignment {
            job: run.jobs[0].id,
            attempt: 1,
            account: caller.account(),
            weight: caller.weight(),
            recipe,
            arguments: run.jobs[0].arguments.clone(),
            own: None,
        };
        let progress = step::claim(Progress::new(None));
        Self { base, job: assignment.job, run, assignment, progress }
    }

    /// Writes it as running. Where nobody can say whether that is on disk, it is asked for: a row that says
    /// that it runs must not be left alone.
    async fn record_ahead(&self) -> Result<Written> {
        let store = &self.base.store;
        match store.job_record_running(self.run.clone(), self.progress).await {
            Err(error) if error.code() == Code::Unavailable => {
                match store.job_get(self.run.account, self.job).await? {
                    Some(_) => Ok(Written::Now),
                    None => Err(error),
                }
            }
            written => written,
        }
    }

    /// Runs the call. What `recorded` answers to says that there is a row, by being sent or dropped.
    async fn run(self, record_after: Duration, recorded: oneshot::Sender<()>) -> Result<Invoked> {
        let mut running = self.start();
        let attempted = match tokio::time::timeout(record_after, &mut running).await {
            Ok(attempted) => attempted,
            Err(_) => {
                self.record_ahead().await?;
                let _ = recorded.send(());
                let attempted = running.await;
                return self.finish_recorded(attempted).await;
            }
        };
        drop(running);
        self.record(attempted).await
    }

    /// Runs a call whose row is there.
    async fn run_recorded(self) -> Result<Invoked> {
        let attempted = self.start().await;
        self.finish_recorded(attempted).await
    }

    fn start(&self) -> Pin<Box<dyn Future<Output = Attempted> + Send>> {
        let (sandbox, assignment) = (self.base.sandbox.clone(), self.assignment.clone());
        let record = Arc::new(Recorder::new(&self.base));
        Box::pin(async move { sandbox.run(assignment, record).await })
    }

    /// The short way: run, job, attempt and log in one go.
    async fn record(self, attempted: Attempted) -> Result<Invoked> {
        let (stdout, stderr) =
            (text(&attempted.lines, Stream::Stdout), text(&attempted.lines, Stream::Stderr));
        let finished = self.end(self.progress, attempted);
        let mut job = shown(&self.run, &finished, &self.assignment);
        job.cost = self.base.store.job_record(self.run, finished).await?;
        Ok(Invoked::Over { job: Box::new(job), stdout, stderr, replayed: false })
    }

    /// The long way: the rows are there, and so is a part of the log.
    async fn finish_recorded(self, attempted: Attempted) -> Result<Invoked> {
        let (store, account) = (&self.base.store, self.run.account);
        let there = store.job_get(account, self.job).await?;
        let finished = self.end(there.map_or(self.progress, |job| job.progress), attempted);
        store.job_finish([finished].into()).await?;
        self.base.signals.tell(self.job.to_u128());
        self.base.signals.tell(self.run.id.to_u128());
        let job = store.job_get(account, self.job).await?.ok_or_else(|| Error::not_found("job"))?;
        over(&**store, job, false).await
    }

    fn end(&self, from: Progress, attempted: Attempted) -> Finished {
        self.base.attempted(&self.assignment, &attempted.attempt);
        let price = self.base.prices.of(&attempted.attempt, self.run.bid);
        let step = step::finish_call(from, attempted.attempt, self.base.clock.now());
        let lines = attempted.lines;
        Finished {
            run: self.run.id,
            job: self.job,
            step,
            price,
            lines,
            is_build: false,
            is_staged: false,
            made: None,
        }
    }
}

/// A job that is over, with its log.
async fn over(store: &dyn Store, job: Job, replayed: bool) -> Result<Invoked> {
    let log =
        store.log_list(job.account, job.id, Start::default(), LOG_ENTRIES_MAX).await?.unwrap_or_default();
    let lines: Vec<Line> = log.into_iter().map(|entry| entry.line).collect();
    let (stdout, stderr) = (text(&lines, Stream::Stdout), text(&lines, Stream::Stderr));
    Ok(Invoked::Over { job: Box::new(job), stdout, stderr, replayed })
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
    Job {
        last: step.ended.clone(),
        updated_at: step.at,
        assigned_at: Some(run.at),
        started_at: step.ended.as_ref().map(|attempt| attempt.started_at),
        completed_at: Some(step.at),
        ..jobs::made(run, &assignment.recipe.function, step.to)
    }
}
