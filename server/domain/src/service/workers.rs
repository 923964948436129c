//! Workers: made, opened, given jobs, heard.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;

use crate::base::Base;
use crate::error::{Code, Error, Result};
use crate::model::account::Caller;
use crate::model::attempt::{Attempt, Failure, FailureCode, Outcome};
use crate::model::id::{JobId, Sha256, WorkerId};
use crate::model::job::Job;
use crate::model::log::Line;
use crate::model::source::Source;
use crate::model::step;
use crate::model::time::Millis;
use crate::model::usage::Usage;
use crate::model::worker::{Profile, Worker};
use crate::port::store::{Finished, Held, Returned, Taken};
use crate::tasks::Wake;

/// Bytes of source and arguments of a job that a worker is given: Linux takes words of 128 KiB in a command, and
/// there is a call around them. Arguments become longer by a half at most where Python writes them.
const TAKEN_BYTES_MAX: u64 = 120 << 10;
/// Turns in which workers look for jobs. Those of an account have one: they would find the same jobs. Who comes
/// together with others waits: a client whose request is refused ends itself.
const TURNS: usize = 8;
/// How often a change is tried again that another came before.
const CHANGES_MAX: usize = 3;
/// How often a report is written while the store cannot say whether it was, and how long is waited in between.
const WRITES_MAX: usize = 25;
const WRITE_PAUSE: Duration = Duration::from_millis(200);

/// Workers.
#[derive(Clone)]
pub struct Workers {
    base: Arc<Base>,
    turns: Arc<[Mutex<()>; TURNS]>,
}

/// A job that a worker is given.
#[derive(Debug)]
pub struct Given {
    /// The job.
    pub job: JobId,
    /// The attempt that the worker makes.
    pub attempt: u32,
    /// Its source.
    pub source: Arc<Source>,
    /// What it requires.
    pub requires: BTreeSet<String>,
    /// Its arguments, as a JSON array.
    pub arguments: String,
}

/// What a worker says of a job of its.
#[derive(Debug)]
pub struct Report {
    /// How its attempt ended.
    pub outcome: Outcome,
    /// What it wrote.
    pub lines: Vec<Line>,
}

impl Workers {
    pub(super) fn new(base: Arc<Base>) -> Self {
        Self { base, turns: Arc::new(std::array::from_fn(|_| Mutex::new(()))) }
    }

    /// Makes a worker. It is given nothing before it is opened.
    ///
    /// # Errors
    /// Invalid with the field; too large where the account has as many as it may.
    pub async fn create(&self, caller: &Caller, profile: Profile) -> Result<Worker> {
        profile.check()?;
        let now = self.base.clock.now();
        let worker = Worker {
            id: self.base.ids.next(now),
            account: caller.account(),
            profile,
            is_open: false,
            seen_at: None,
            running: 0,
            created_at: now,
            updated_at: now,
        };
        self.base.store.worker_create(worker.clone(), self.base.limits.workers_max).await?;
        Ok(worker)
    }

    /// The caller's workers, newest first.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn list(&self, caller: &Caller) -> Result<Vec<Worker>> {
        self.base.store.worker_list(caller.account()).await
    }

    /// A worker by id.
    ///
    /// # Errors
    /// Not found.
    pub async fn get(&self, caller: &Caller, id: WorkerId) -> Result<Worker> {
        self.base.store.worker_get(caller.account(), id).await?.ok_or_else(not_found)
    }

    /// Changes what is said about a worker.
    ///
    /// # Errors
    /// Not found; invalid with the field; a conflict where others change it again and again.
    pub async fn change(
        &self,
        caller: &Caller,
        id: WorkerId,
        change: impl Fn(&Profile) -> Result<Profile>,
    ) -> Result<Worker> {
        let mut tries = 0;
        loop {
            let from = self.get(caller, id).await?.profile;
            let to = change(&from)?;
            to.check()?;
            let now = self.base.clock.now();
            tries += 1;
            match self.base.store.worker_change(caller.account(), id, from, to, now).await {
                Err(error) if error.code() == Code::Conflict && tries < CHANGES_MAX => {}
                changed => return changed?.ok_or_else(not_found),
            }
        }
    }

    /// Opens a worker: it wants jobs. Or closes it. What it had before goes to others.
    ///
    /// # Errors
    /// Not found.
    pub async fn open(&self, caller: &Caller, id: WorkerId, is_open: bool) -> Result<Worker> {
        let now = self.base.clock.now();
        let opened = self.base.store.worker_open(caller.account(), id, is_open, now).await?;
        let (worker, returned) = opened.ok_or_else(not_found)?;
        self.tell(&returned);
        Ok(worker)
    }

    /// Deletes a worker. What it had goes to others.
    ///
    /// # Errors
    /// Not found.
    pub async fn delete(&self, caller: &Caller, id: WorkerId) -> Result<()> {
        let now = self.base.clock.now();
        let returned =
            self.base.store.worker_delete(caller.account(), id, now).await?.ok_or_else(not_found)?;
        self.tell(&returned);
        Ok(())
    }

    fn tell(&self, jobs: &[Returned]) {
        for (job, run) in jobs {
            self.base.signals.tell(job.to_u128());
            self.base.signals.tell(run.to_u128());
        }
        self.base.tasks.wake(Wake::Dispatch);
    }

    /// Gives a worker as many jobs as it has places for. One that is closed is given none.
    ///
    /// # Errors
    /// Not found.
    pub async fn take(&self, caller: &Caller, id: WorkerId) -> Result<Vec<Given>> {
        let turn = self.turns[(caller.account().to_u128() % TURNS as u128) as usize].lock().await;
        let now = self.base.clock.now();
        let taken = self.base.store.worker_take(caller.account(), id, TAKEN_BYTES_MAX, now).await?;
        drop(turn);
        let (mut given, mut sources) = (Vec::new(), HashMap::new());
        for Taken { held, source: sha256, requires, arguments } in taken.ok_or_else(not_found)? {
            self.base.signals.tell(held.job.to_u128());
            let (job, attempt) = (held.job, held.progress.attempts);
            let source = match sources.get(&sha256) {
                Some(source) => Ok(Arc::clone(source)),
                None => self.source(sha256).await.map(Arc::new),
            };
            match source {
                Ok(source) => {
                    sources.insert(sha256, source.clone());
                    given.push(Given { job, attempt, source, requires, arguments });
                }
                Err(error) => {
                    tracing::error!(job.id = %job, error = error.chain(), "a job's source could not be read");
                    self.fail(caller, (job, attempt), "its source could not be read").await?;
                }
            }
        }
        Ok(given)
    }

    /// Ends an attempt that a worker was given and cannot make, by no fault of its: it is made by another.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn fail(&self, caller: &Caller, attempt: (JobId, u32), why: &str) -> Result<()> {
        let outcome = Outcome::Failed(Failure::new(FailureCode::Host, why));
        self.end(caller, attempt, Report { outcome, lines: Vec::new() }).await
    }

    async fn source(&self, sha256: Sha256) -> Result<Source> {
        Source::from_bytes(&self.base.artifacts.get(sha256).await?)
    }

    /// Hears that a worker makes an attempt, and has not ended it.
    ///
    /// # Errors
    /// Not found for a job that is not the caller's.
    pub async fn hear(&self, caller: &Caller, (job, attempt): (JobId, u32)) -> Result<Job> {
        let now = self.base.clock.now();
        self.base.store.worker_heard(caller.account(), job, attempt, now).await?;
        self.job(caller, job).await
    }

    /// Takes a worker's report of the end of an attempt. Where the worker has it no more, nothing is changed: its time
    /// was up, it was cancelled, or its end was reported before.
    ///
    /// # Errors
    /// Not found for a job that is not the caller's.
    pub async fn report(&self, caller: &Caller, attempt: (JobId, u32), report: Report) -> Result<Job> {
        self.end(caller, attempt, report).await?;
        self.job(caller, attempt.0).await
    }

    async fn end(&self, caller: &Caller, (job, attempt): (JobId, u32), report: Report) -> Result<()> {
        let now = self.base.clock.now();
        if let Some(held) = self.base.store.worker_heard(caller.account(), job, attempt, now).await? {
            let returned = [(job, held.run)];
            let finished = self.finished(held, report, now);
            self.write(finished).await?;
            self.tell(&returned);
        }
        Ok(())
    }

    /// Writes an end. Where nobody can say whether it is on disk, it is written again: its guard makes that harmless,
    /// and the worker reports once.
    async fn write(&self, finished: Finished) -> Result<()> {
        let finished: Arc<[Finished]> = [finished].into();
        for _ in 1..WRITES_MAX {
            match self.base.store.job_finish(finished.clone()).await {
                Err(error) if error.code() == Code::Unavailable => tokio::time::sleep(WRITE_PAUSE).await,
                written => return written.map(drop),
            }
        }
        self.base.store.job_finish(finished).await.map(drop)
    }

    async fn job(&self, caller: &Caller, job: JobId) -> Result<Job> {
        let found = self.base.store.job_get(caller.account(), job).await?;
        found.ok_or_else(|| Error::not_found("job"))
    }

    /// The end of an attempt, timed by our own clock.
    fn finished(&self, held: Held, report: Report, now: Millis) -> Finished {
        let log_bytes = report.lines.iter().map(|line| line.bytes() as u64).sum();
        let wall_nanos = now.0.saturating_sub(held.assigned_at.0).saturating_mul(1_000_000);
        let attempt = Attempt {
            number: held.progress.attempts,
            outcome: report.outcome,
            exit_code: None,
            usage: Usage { wall_nanos, log_bytes, ..Usage::default() },
            devices: Vec::new(),
            started_at: held.assigned_at,
            ended_at: now,
        };
        let price = self.base.prices.of(&attempt, held.bid);
        let jitter = self.base.clock.jitter();
        Finished {
            run: held.run,
            job: held.job,
            step: step::finish(held.progress, attempt, &held.retry, jitter, now),
            price,
            lines: report.lines,
            is_build: false,
            is_staged: false,
            made: None,
        }
    }
}

fn not_found() -> Error {
    Error::not_found("worker")
}
