//! Jobs: claimed, moved, read.

mod claim;
pub(super) mod list;
pub(super) mod moves;
pub(super) mod read;
mod select;

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row};
use skep_domain::Result;
use skep_domain::model::attempt::Charged;
use skep_domain::model::id::{AccountId, JobId};
use skep_domain::model::job::{Job, Progress};
use skep_domain::model::log::{Entry, Line, Start};
use skep_domain::model::money::Nanodollars;
use skep_domain::model::page::{Listed, Page};
use skep_domain::model::price::Price;
use skep_domain::model::run::Source;
use skep_domain::model::selection::{Selected, Selection};
use skep_domain::model::step::{self, Step};
use skep_domain::model::time::Millis;
use skep_domain::port::store::{Claim, ClaimLimits, Finished, JobFilter, Jobs, NewRun, Settled, Written};

use self::moves::{Moved, Placed};
use super::rows::RowExt;
use super::{SqliteStore, builds, internal, logs, runs};

#[async_trait]
impl Jobs for SqliteStore {
    async fn job_get(&self, account: AccountId, id: JobId) -> Result<Option<Job>> {
        self.read(move |connection| read::get(connection, account, id)).await
    }

    async fn job_list(&self, account: AccountId, filter: JobFilter, page: Page) -> Result<Listed<Job>> {
        self.read(move |connection| list::list(connection, account, &filter, &page)).await
    }

    async fn job_select(&self, account: AccountId, selection: Selection) -> Result<Selected> {
        self.read(move |connection| select::select(connection, account, &selection)).await
    }

    async fn job_claim(&self, limits: ClaimLimits, now: Millis) -> Result<Claim> {
        let after = self.claimed_after.clone();
        self.write(move |connection| claim::claim(connection, &limits, &after, now)).await
    }

    async fn job_finish(&self, finished: Arc<[Finished]>) -> Result<Settled> {
        let has_builds = finished.iter().any(|end| end.is_build);
        let write = move |connection: &Connection| {
            let mut moved = Moved::default();
            let mut ended = Settled { written: 0, frees: has_builds };
            let mut at = Millis::default();
            for end in finished.iter() {
                at = at.max(end.step.at);
                ended.written += usize::from(finish(connection, end, &mut moved)?);
                ended.frees |= !end.step.to.status.is_over();
            }
            ended.frees |= moved.write(connection, at)?;
            Ok(ended)
        };
        self.write_ends(has_builds, write).await
    }

    async fn job_record(&self, run: NewRun, finished: Finished) -> Result<Nanodollars> {
        self.write(move |connection| runs::insert_over(connection, &run, &finished)).await
    }

    async fn job_record_running(&self, run: NewRun, progress: Progress) -> Result<Written> {
        self.write(move |connection| runs::insert(connection, &run, progress)).await
    }

    async fn job_cancel(&self, account: AccountId, id: JobId, now: Millis) -> Result<Option<Job>> {
        let is_build = self.read(move |connection| builds::is_job(connection, id)).await?;
        let cancel = move |connection: &Connection| step_by_hand(connection, account, id, now, step::cancel);
        self.write_ends(is_build, cancel).await
    }

    async fn job_restart(&self, account: AccountId, id: JobId, now: Millis) -> Result<Option<Job>> {
        self.write(move |connection| step_by_hand(connection, account, id, now, step::restart)).await
    }

    async fn job_cancel_requested(&self) -> Result<Vec<JobId>> {
        self.read(|connection| {
            let mut statement = connection
                .prepare_cached("SELECT id FROM jobs WHERE status = 1 AND cancel = 1 AND worker IS NULL")
                .map_err(internal)?;
            let rows = statement.query_map([], |row| Ok(JobId::from_bytes(row.get(0)?)));
            rows.and_then(Iterator::collect).map_err(internal)
        })
        .await
    }

    async fn job_recover(&self, now: Millis) -> Result<usize> {
        self.write_functions(move |connection| interrupt_all(connection, &running(connection, "")?, now))
            .await
    }

    async fn job_release(&self, held: HashSet<JobId>, now: Millis) -> Result<usize> {
        self.write_functions(move |connection| {
            let calls = Source::Invoke.number();
            let only = format!("AND (SELECT source FROM runs WHERE key = j.run) <> {calls}");
            let mut lost = running(connection, &only)?;
            lost.retain(|job| !held.contains(&job.id));
            interrupt_all(connection, &lost, now)
        })
        .await
    }

    async fn job_progress(&self, job: JobId, attempt: u32, percent: u8, now: Millis) -> Result<()> {
        self.write(move |connection| moves::progressed(connection, job, attempt, percent, now)).await
    }

    async fn attempt_list(&self, account: AccountId, id: JobId) -> Result<Option<Vec<Charged>>> {
        self.read(move |connection| read::attempts(connection, account, id)).await
    }

    async fn log_append(&self, job: JobId, attempt: u32, lines: Vec<Line>) -> Result<()> {
        self.write(move |connection| match key_of(connection, job)? {
            Some(key) => logs::append(connection, key, attempt, &lines),
            // A call that has no row yet keeps its lines until it has.
            None => Err(skep_domain::Error::not_found("job")),
        })
        .await
    }

    async fn log_length(&self, account: AccountId, id: JobId) -> Result<Option<u64>> {
        self.read(move |connection| match read::key_of(connection, account, id)? {
            Some(key) => logs::length(connection, key).map(Some),
            None => Ok(None),
        })
        .await
    }

    async fn log_list(
        &self,
        account: AccountId,
        id: JobId,
        from: Start,
        limit: u32,
    ) -> Result<Option<Vec<Entry>>> {
        self.read(move |connection| match read::key_of(connection, account, id)? {
            Some(key) => logs::list(connection, key, from, limit).map(Some),
            None => Ok(None),
        })
        .await
    }
}

fn key_of(connection: &Connection, id: JobId) -> Result<Option<i64>> {
    connection
        .prepare_cached("SELECT key FROM jobs WHERE id = ?")
        .and_then(|mut select| select.query_row([id.to_bytes()], |row| row.get(0)).optional())
        .map_err(internal)
}

/// Writes the end of an attempt, unless the job has moved on since it was claimed.
fn finish(connection: &Connection, finished: &Finished, moved: &mut Moved) -> Result<bool> {
    let sql = format!("SELECT {} FROM jobs j WHERE j.id = ?", moves::PLACED);
    let mut select = connection.prepare_cached(&sql).map_err(internal)?;
    let found = select.query_row([finished.job.to_bytes()], moves::placed).optional().map_err(internal)?;
    let Some(job) = found else { return Ok(false) };
    let step = &finished.step;
    if job.progress == step.from {
        moves::apply(connection, &job, step, finished.price, moved)?;
    } else if job.progress == (Progress { cancel_requested: true, ..step.from }) {
        let step = step::cancelled_meanwhile(step.clone());
        moves::apply(connection, &job, &step, finished.price, moved)?;
    } else {
        return Ok(false);
    }
    if let Some(made) = &finished.made {
        builds::made(connection, job.run, made, step.at)?;
    }
    logs::append(connection, job.key, step.from.attempts, &finished.lines)?;
    Ok(true)
}

/// A step that somebody asks for: cancel or restart.
fn step_by_hand(
    connection: &Connection,
    account: AccountId,
    id: JobId,
    now: Millis,
    decide: impl FnOnce(Progress, Millis) -> Result<Step>,
) -> Result<Option<Job>> {
    let Some(key) = read::key_of(connection, account, id)? else { return Ok(None) };
    let sql = format!("SELECT {} FROM jobs j WHERE j.key = ?", moves::PLACED);
    let job = connection
        .prepare_cached(&sql)
        .and_then(|mut select| select.query_row([key], moves::placed))
        .map_err(internal)?;
    let step = decide(job.progress, now)?;
    let mut moved = Moved::default();
    moves::apply(connection, &job, &step, Price::default(), &mut moved)?;
    moved.write(connection, now)?;
    read::get(connection, account, id)
}

/// A job that runs, here or with a worker.
pub(in crate::sqlite) struct RunningJob {
    pub(in crate::sqlite) id: JobId,
    started_at: Option<Millis>,
    placed: Placed,
}

/// Jobs that run here, account by account through the index of their statuses: CROSS keeps that order.
fn running(connection: &Connection, only: &str) -> Result<Vec<RunningJob>> {
    let sql = format!(
        "SELECT {}, j.id, j.started_at FROM accounts a CROSS JOIN jobs j ON j.account = a.key AND j.status = 1
             AND j.worker IS NULL {only}",
        moves::PLACED
    );
    let mut select = connection.prepare(&sql).map_err(internal)?;
    let rows = select.query_map([], running_job);
    rows.and_then(Iterator::collect).map_err(internal)
}

/// Reads a job that runs, of a row that begins with the columns of [`moves::PLACED`].
pub(in crate::sqlite) fn running_job(row: &Row<'_>) -> rusqlite::Result<RunningJob> {
    let id = JobId::from_bytes(row.get("id")?);
    Ok(RunningJob { id, started_at: row.maybe_millis("started_at")?, placed: moves::placed(row)? })
}

/// What the node does not run any more goes back, or ends, as the domain decides.
fn interrupt_all(connection: &Connection, jobs: &[RunningJob], now: Millis) -> Result<usize> {
    let mut moved = Moved::default();
    for job in jobs {
        interrupt(connection, job, "the node that ran it ended", now, &mut moved)?;
    }
    moved.write(connection, now)?;
    Ok(jobs.len())
}

/// The same for one that its worker has lost.
pub(in crate::sqlite) fn interrupt(
    connection: &Connection,
    job: &RunningJob,
    why: &str,
    now: Millis,
    moved: &mut Moved,
) -> Result<()> {
    let step = step::interrupted(job.placed.progress, why, job.started_at.unwrap_or(now), now);
    moves::apply(connection, &job.placed, &step, Price::default(), moved)
}
