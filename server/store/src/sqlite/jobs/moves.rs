//! Steps, as they are written: the job's row, its attempt, and its run's counts.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};
use skep_domain::model::attempt::{Attempt, Outcome, Output};
use skep_domain::model::id::JobId;
use skep_domain::model::job::{Progress, ResultType, Status};
use skep_domain::model::money::Nanodollars;
use skep_domain::model::price::Price;
use skep_domain::model::run::Source;
use skep_domain::model::step::Step;
use skep_domain::model::time::Millis;
use skep_domain::model::usage::{Totals, Usage};
use skep_domain::{Error, Result};

use crate::sqlite::ledger::{self, Lines, On};
use crate::sqlite::rows::{RowExt, Stored, corrupt, to_json};
use crate::sqlite::runs::COUNTS;
use crate::sqlite::{builds, events, internal, plans, webhooks};

/// The columns that [`progress`] reads, of a table that the query calls `j`.
pub(crate) const PROGRESS: &str =
    "j.status, j.due_at, j.attempts, j.failures, j.host_failures, j.round, j.cancel";

/// The columns that [`placed`] reads, of the same table.
pub(crate) const PLACED: &str = "j.key, j.account, j.function, j.run, j.status, j.due_at, j.attempts, j.failures, j.host_failures, j.round, j.cancel";

/// A job, as far as moving it needs to know it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placed {
    pub(crate) key: i64,
    pub(crate) account: i64,
    pub(crate) function: i64,
    pub(crate) run: i64,
    pub(crate) progress: Progress,
}

/// Keys in `attempts` that one job may use: a job's are `job * this + number`.
pub(crate) const ATTEMPTS_OF_A_JOB: i64 = 1 << 16;

/// Changes of runs and of the ledger, gathered so that each is written once for many jobs.
#[derive(Default)]
pub(crate) struct Moved {
    runs: HashMap<i64, OfRun>,
    lines: Lines,
}

/// What changes of a run.
#[derive(Default)]
struct OfRun {
    counts: [i64; 7],
    totals: Totals,
    /// Keys of the jobs of which an attempt begins.
    begun: Vec<i64>,
    /// Keys of the jobs that are over now, in order.
    over: Vec<i64>,
}

impl Moved {
    /// Notes that a job changes its status.
    pub(crate) fn count(&mut self, job: &Placed, to: Status) {
        let run = self.runs.entry(job.run).or_default();
        run.counts[usize::from(job.progress.status.number())] -= 1;
        run.counts[usize::from(to.number())] += 1;
        if to.is_over() {
            run.over.push(job.key);
        } else if to == Status::Running {
            run.begun.push(job.key);
        }
    }

    /// Charges an attempt.
    fn charge(
        &mut self,
        connection: &Connection,
        job: &Placed,
        usage: &Usage,
        price: Price,
        at: Millis,
    ) -> Result<Nanodollars> {
        let on = On::new(job.account, job.function, at);
        let cost = self.lines.charge(connection, on, usage, price)?;
        self.runs.entry(job.run).or_default().totals.add(usage, cost);
        Ok(cost)
    }

    /// Writes the changes. A run whose last job is over is completed; one that goes on, is not. Says whether jobs
    /// that waited for others of their run may be claimed now.
    pub(crate) fn write(self, connection: &Connection, at: Millis) -> Result<bool> {
        self.lines.write(connection)?;
        if self.runs.is_empty() {
            return Ok(false);
        }
        let mut has_released = false;
        let sets: Vec<String> =
            COUNTS.iter().zip(3..).map(|(column, place)| format!("{column} = {column} + ?{place}")).collect();
        let sql = format!(
            "UPDATE runs SET {}, attempts = attempts + ?10, cpu_nanos = cpu_nanos + ?11,
                 wall_nanos = wall_nanos + ?12, memory_peak_bytes = max(memory_peak_bytes, ?13),
                 memory_byte_seconds = memory_byte_seconds + ?14, egress_bytes = egress_bytes + ?15,
                 device_nanos = device_nanos + ?16, log_bytes = log_bytes + ?17, cost = cost + ?18,
                 completed_at = CASE WHEN queued + running + retrying + ?3 + ?4 + ?5 = 0 THEN coalesce(completed_at, ?2) END,
                 started_at = CASE WHEN running + ?4 > 0 THEN coalesce(started_at, ?2) ELSE started_at END
             WHERE key = ?1 RETURNING first_job, source, completed_at, stage, held, hooked",
            sets.join(", ")
        );
        let mut update = connection.prepare_cached(&sql).map_err(internal)?;
        for (run, OfRun { counts, totals, begun, over }) in self.runs {
            let values = [&[run, at.stored()], &counts[..], &ledger::columns(&totals)].concat();
            let written = update.query_row(params_from_iter(values), |row| {
                let stage: Option<i64> = row.get(3)?;
                let held: Option<i64> = row.get(4)?;
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, stage, held, row.get(5)?))
            });
            let (first_job, source, completed_at, stage, held, hooked): (i64, u8, Option<i64>, _, _, u32) =
                written.map_err(internal)?;
            if let Some(held) = held.filter(|_| !over.is_empty()) {
                release(connection, run, held, over.len() as i64)?;
                has_released = true;
            }
            // The last job's end is news to a stage, and so is the first that is no success.
            let is_bad = counts[usize::from(Status::Failed.number())..].iter().any(|count| *count > 0);
            if let Some(stage) = stage.filter(|_| completed_at.is_some() || is_bad) {
                plans::tell(connection, stage)?;
            }
            if !over.is_empty() {
                events::append(connection, run, first_job, &over)?;
            }
            if source == Source::Build.number() && completed_at.is_some() {
                builds::ended(connection, run, first_job)?;
            }
            if hooked != 0 {
                let is_over = completed_at.is_some() && !over.is_empty();
                webhooks::of_run(connection, run, (&begun, &over), is_over, at.stored())?;
            }
        }
        Ok(has_released)
    }
}

/// Writes how far a running attempt is, and tells whoever wants to know.
pub(super) fn progressed(
    connection: &Connection,
    job: JobId,
    attempt: u32,
    percent: u8,
    now: Millis,
) -> Result<()> {
    const SQL: &str =
        "UPDATE jobs SET progress = ?3, updated_at = ?4 WHERE id = ?1 AND status = 1 AND attempts = ?2
        RETURNING run, (SELECT hooked FROM runs WHERE key = run)";
    let mut update = connection.prepare_cached(SQL).map_err(internal)?;
    let written = update.query_row(params![job.to_bytes(), attempt, percent, now.stored()], |row| {
        Ok((row.get(0)?, row.get(1)?))
    });
    let written = written.optional().map_err(internal)?;
    let (run, hooked): (i64, u32) = written.ok_or_else(|| Error::not_found("job"))?;
    if hooked == 0 { Ok(()) } else { webhooks::of_progress(connection, run, job, now.stored()) }
}

/// Lets jobs of a run that wait for others of it be claimed, as many as are over now.
fn release(connection: &Connection, run: i64, held: i64, count: i64) -> Result<()> {
    const JOBS: &str =
        "UPDATE jobs SET due_at = NULL WHERE key >= ?1 AND key < ?2 AND run = ?3 AND due_at = ?4";
    const RUN: &str =
        "UPDATE runs SET held = CASE WHEN ?2 < first_job + queued + running + retrying + succeeded + failed
            + timed_out + cancelled THEN ?2 END WHERE key = ?1";
    let until = held + count;
    connection
        .prepare_cached(JOBS)
        .and_then(|mut update| update.execute([held, until, run, Progress::HELD.stored()]))
        .and_then(|_| connection.prepare_cached(RUN)?.execute([run, until]))
        .map(drop)
        .map_err(internal)
}

/// Writes a step of a job that the caller has found where the step begins.
pub(crate) fn apply(
    connection: &Connection,
    job: &Placed,
    step: &Step,
    price: Price,
    moved: &mut Moved,
) -> Result<()> {
    let (to, at) = (step.to, step.at.stored());
    let is_over = to.status.is_over();
    let cost = match &step.ended {
        Some(attempt) => moved.charge(connection, job, &attempt.usage, price, step.at)?,
        None => Nanodollars::default(),
    };
    // A job that will be tried again has no result yet.
    let result_type = step.ended.as_ref().filter(|_| is_over).map_or(ResultType::None, result_type);
    let started_at = step.ended.as_ref().map(|attempt| attempt.started_at.stored());
    connection
        .prepare_cached(
            "UPDATE jobs SET status = ?2, due_at = ?3, attempts = ?4, failures = ?5, host_failures = ?6, round = ?7,
                 cancel = ?8, result_type = ?9, updated_at = ?10, completed_at = ?11,
                 started_at = coalesce(?12, started_at), cost = cost + ?13
             WHERE key = ?1",
        )
        .and_then(|mut update| {
            update.execute(params![
                job.key,
                to.status.number(),
                to.due_at.map(Stored::stored),
                to.attempts,
                to.failures,
                to.host_failures,
                to.round,
                to.cancel_requested,
                result_type.number(),
                at,
                is_over.then_some(at),
                started_at,
                cost.0.stored()
            ])
        })
        .map_err(internal)?;
    if step.from.status != to.status {
        moved.count(job, to.status);
    }
    step.ended
        .as_ref()
        .map_or(Ok(()), |attempt| insert_attempt(connection, job.key, attempt, cost, price.version))
}

pub(crate) fn insert_attempt(
    connection: &Connection,
    job: i64,
    attempt: &Attempt,
    cost: Nanodollars,
    price_version: u32,
) -> Result<()> {
    let (code, output, failure) = match &attempt.outcome {
        Outcome::Succeeded(Output::None) => (0, None, None),
        Outcome::Succeeded(Output::Json(text) | Output::Text(text)) => (0, Some(text), None),
        Outcome::Failed(failure) => (failure.code.number(), None, Some(failure)),
    };
    let usage = &attempt.usage;
    let devices = (!attempt.devices.is_empty()).then(|| to_json(&attempt.devices));
    connection
        .prepare_cached(
            "INSERT INTO attempts (key, code, output_type, output, message, backtrace, exit_code, cpu_nanos,
                 wall_nanos, memory_peak_bytes, memory_byte_seconds, egress_bytes, device_nanos, log_bytes,
                 started_at, ended_at, cost, price_version, devices)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .and_then(|mut insert| {
            insert.execute(params![
                job * ATTEMPTS_OF_A_JOB + i64::from(attempt.number),
                code,
                result_type(attempt).number(),
                output,
                failure.map(|failure| &failure.message),
                failure.and_then(|failure| failure.backtrace.as_ref()),
                attempt.exit_code,
                usage.cpu_nanos.stored(),
                usage.wall_nanos.stored(),
                usage.memory_peak_bytes.stored(),
                usage.memory_byte_seconds.stored(),
                usage.egress_bytes.stored(),
                usage.device_nanos.stored(),
                usage.log_bytes.stored(),
                attempt.started_at.stored(),
                attempt.ended_at.stored(),
                cost.0.stored(),
                price_version,
                devices
            ])
        })
        .map(drop)
        .map_err(internal)
}

pub(crate) fn result_type(attempt: &Attempt) -> ResultType {
    match &attempt.outcome {
        Outcome::Succeeded(Output::None) => ResultType::None,
        Outcome::Succeeded(Output::Json(_)) => ResultType::Json,
        Outcome::Succeeded(Output::Text(_)) => ResultType::Text,
        Outcome::Failed(_) => ResultType::Error,
    }
}

/// Reads the columns of [`PLACED`], which come first.
pub(crate) fn placed(row: &Row<'_>) -> rusqlite::Result<Placed> {
    Ok(Placed {
        key: row.get(0)?,
        account: row.get(1)?,
        function: row.get(2)?,
        run: row.get(3)?,
        progress: progress(row, 4)?,
    })
}

/// Reads the columns of [`PROGRESS`], the first of which has this place. By place and not by name: each
/// claim and end of a job does it.
pub(crate) fn progress(row: &Row<'_>, first: usize) -> rusqlite::Result<Progress> {
    let status: u8 = row.get(first)?;
    Ok(Progress {
        status: Status::from_number(status).ok_or_else(|| corrupt("status"))?,
        due_at: row.maybe_millis(first + 1)?,
        attempts: row.get(first + 2)?,
        failures: row.get(first + 3)?,
        host_failures: row.get(first + 4)?,
        round: row.get(first + 5)?,
        cancel_requested: row.get(first + 6)?,
    })
}
