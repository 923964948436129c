//! Steps, as they are written: the job's row, its attempt, and its run's counts.

use std::collections::HashMap;

use rusqlite::{Connection, Row, params};
use skep_domain::Result;
use skep_domain::model::attempt::{Attempt, Outcome, Output};
use skep_domain::model::job::{Progress, ResultType, Status};
use skep_domain::model::step::Step;
use skep_domain::model::time::Millis;

use crate::sqlite::internal;
use crate::sqlite::rows::{RowExt, Stored, corrupt};
use crate::sqlite::runs::COUNTS;

/// The columns that [`progress`] reads, of a table that the query calls `j`.
pub(crate) const PROGRESS: &str =
    "j.run, j.status, j.due_at, j.attempts, j.failures, j.host_failures, j.round, j.cancel";

/// Keys in `attempts` that one job may use: a job's are `job * this + number`.
pub(crate) const ATTEMPTS_OF_A_JOB: i64 = 1 << 16;

/// Changes of runs' counts, gathered so that a run is written once for many of its jobs.
#[derive(Default)]
pub(crate) struct Moved {
    runs: HashMap<i64, [i64; 7]>,
}

impl Moved {
    pub(super) fn count(&mut self, run: i64, from: Status, to: Status) {
        let deltas = self.runs.entry(run).or_default();
        deltas[usize::from(from.number())] -= 1;
        deltas[usize::from(to.number())] += 1;
    }

    /// Writes the changes. A run whose last job is over is completed; one that goes on, is not.
    pub(crate) fn write(self, connection: &Connection, at: Millis) -> Result<()> {
        if self.runs.is_empty() {
            return Ok(());
        }
        let sets: Vec<String> =
            COUNTS.iter().zip(3..).map(|(column, place)| format!("{column} = {column} + ?{place}")).collect();
        let sql = format!(
            "UPDATE runs SET {},
                 completed_at = CASE WHEN queued + running + retrying + ?3 + ?4 + ?5 = 0 THEN coalesce(completed_at, ?2) END,
                 started_at = CASE WHEN running + ?4 > 0 THEN coalesce(started_at, ?2) ELSE started_at END
             WHERE key = ?1",
            sets.join(", ")
        );
        let mut update = connection.prepare_cached(&sql).map_err(internal)?;
        for (run, d) in self.runs {
            update
                .execute(params![run, at.stored(), d[0], d[1], d[2], d[3], d[4], d[5], d[6]])
                .map_err(internal)?;
        }
        Ok(())
    }
}

/// Writes a step of a job that the caller has found where the step begins.
pub(crate) fn apply(connection: &Connection, key: i64, step: &Step, moved: &mut Moved) -> Result<()> {
    let (to, at) = (step.to, step.at.stored());
    let completed_at = to.status.is_over().then_some(at);
    let result_type = step.ended.as_ref().map_or(ResultType::None, result_type);
    let started_at = step.ended.as_ref().map(|attempt| attempt.started_at.stored());
    let run: i64 = connection
        .prepare_cached(
            "UPDATE jobs SET status = ?2, due_at = ?3, attempts = ?4, failures = ?5, host_failures = ?6, round = ?7,
                 cancel = ?8, result_type = ?9, updated_at = ?10, completed_at = ?11,
                 started_at = coalesce(?12, started_at)
             WHERE key = ?1 RETURNING run",
        )
        .and_then(|mut update| {
            let due_at = to.due_at.map(Stored::stored);
            update.query_row(
                params![
                    key,
                    to.status.number(),
                    due_at,
                    to.attempts,
                    to.failures,
                    to.host_failures,
                    to.round,
                    to.cancel_requested,
                    result_type.number(),
                    at,
                    completed_at,
                    started_at
                ],
                |row| row.get(0),
            )
        })
        .map_err(internal)?;
    if step.from.status != to.status {
        moved.count(run, step.from.status, to.status);
    }
    step.ended.as_ref().map_or(Ok(()), |attempt| insert_attempt(connection, key, attempt))
}

pub(crate) fn insert_attempt(connection: &Connection, job: i64, attempt: &Attempt) -> Result<()> {
    let (code, output, failure) = match &attempt.outcome {
        Outcome::Succeeded(Output::None) => (0, None, None),
        Outcome::Succeeded(Output::Json(text) | Output::Text(text)) => (0, Some(text), None),
        Outcome::Failed(failure) => (failure.code.number(), None, Some(failure)),
    };
    let usage = &attempt.usage;
    connection
        .prepare_cached(
            "INSERT INTO attempts (key, code, output_type, output, message, backtrace, exit_code, cpu_nanos,
                 wall_nanos, memory_peak_bytes, memory_byte_seconds, egress_bytes, device_nanos, log_bytes,
                 started_at, ended_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
                attempt.ended_at.stored()
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

pub(crate) fn progress(row: &Row<'_>) -> rusqlite::Result<Progress> {
    let status: u8 = row.get("status")?;
    Ok(Progress {
        status: Status::from_number(status).ok_or_else(|| corrupt("status"))?,
        attempts: row.get("attempts")?,
        failures: row.get("failures")?,
        host_failures: row.get("host_failures")?,
        round: row.get("round")?,
        due_at: row.maybe_millis("due_at")?,
        cancel_requested: row.get("cancel")?,
    })
}
