//! Jobs and attempts, as they are shown.

use rusqlite::{Connection, OptionalExtension, Row, params};
use skep_domain::Result;
use skep_domain::model::attempt::{Attempt, Charged, Failure, FailureCode, Outcome, Output};
use skep_domain::model::id::{AccountId, JobId, RunId, WorkerId};
use skep_domain::model::job::{Job, ResultType, Resulted, Status, payload};
use skep_domain::model::money::Nanodollars;
use skep_domain::model::run::Common;

use super::moves::{self, ATTEMPTS_OF_A_JOB};
use crate::sqlite::internal;
use crate::sqlite::rows::{self, RowExt, corrupt};

const ATTEMPT: &str =
    "t.key AS attempt_key, t.code, t.output_type, t.output, t.message, t.backtrace, t.exit_code,
    t.cpu_nanos, t.wall_nanos, t.memory_peak_bytes, t.memory_byte_seconds, t.egress_bytes, t.device_nanos,
    t.log_bytes, t.devices, t.started_at AS attempt_started_at, t.ended_at";

/// A job with its run, its arguments and its last attempt, if that is over.
fn job_sql() -> String {
    format!(
        "SELECT {}, j.key, j.id, a.id AS account_id, r.id AS run_id, j.key - r.first_job AS idx, f.name AS job_type,
             r.version, r.common, w.id AS worker_id, g.arguments, g.name, j.bid, j.cost, j.created_at, j.updated_at, j.assigned_at, j.started_at,
             j.completed_at, j.progress AS percent, {ATTEMPT}
         FROM jobs j JOIN accounts a ON a.key = j.account JOIN runs r ON r.key = j.run AND r.account = j.account
         JOIN functions f ON f.key = j.function AND f.account = j.account JOIN job_arguments g ON g.job = j.key
         LEFT JOIN workers w ON w.key = j.worker
         LEFT JOIN attempts t ON t.key = j.key * {ATTEMPTS_OF_A_JOB} + j.attempts ",
        moves::PROGRESS
    )
}

pub(super) fn key_of(connection: &Connection, account: AccountId, id: JobId) -> Result<Option<i64>> {
    const SQL: &str = "SELECT j.key FROM jobs j JOIN runs r ON r.key = j.run AND r.account = j.account
        JOIN functions f ON f.key = j.function AND f.account = j.account
        WHERE j.id = ? AND j.account = (SELECT key FROM accounts WHERE id = ?)";
    let mut select = connection.prepare_cached(SQL).map_err(internal)?;
    let key = select.query_row([id.to_bytes(), account.to_bytes()], |row| row.get(0));
    key.optional().map_err(internal)
}

pub(super) fn get(connection: &Connection, account: AccountId, id: JobId) -> Result<Option<Job>> {
    let sql = format!("{} WHERE j.id = ? AND a.id = ?", job_sql());
    let mut select = connection.prepare_cached(&sql).map_err(internal)?;
    select.query_row([id.to_bytes(), account.to_bytes()], job).optional().map_err(internal)
}

/// A job by its key; none for one that is being purged.
pub(super) fn by_key(connection: &Connection, key: i64) -> Result<Option<Job>> {
    let sql = format!("{} WHERE j.key = ?", job_sql());
    let mut select = connection.prepare_cached(&sql).map_err(internal)?;
    select.query_row([key], job).optional().map_err(internal)
}

/// Jobs of a run from a place on, until there are so many, or so many bytes of results.
pub(in crate::sqlite) fn of_run(
    connection: &Connection,
    run: i64,
    from_index: u32,
    limit: u32,
    bytes_max: usize,
) -> Result<Vec<Resulted>> {
    let sql = format!(
        "SELECT j.id, j.key - r.first_job AS idx, j.status, j.cost, {ATTEMPT} FROM runs r
         JOIN jobs j ON j.key >= r.first_job + ?2 AND j.key < r.first_job + r.queued + r.running + r.retrying
             + r.succeeded + r.failed + r.timed_out + r.cancelled
         LEFT JOIN attempts t ON t.key = j.key * {ATTEMPTS_OF_A_JOB} + j.attempts
         WHERE r.key = ?1 ORDER BY j.key LIMIT ?3"
    );
    let mut select = connection.prepare_cached(&sql).map_err(internal)?;
    let mut rows = select.query(params![run, from_index, limit]).map_err(internal)?;
    let (mut jobs, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next().map_err(internal)? {
        let job = resulted(row).map_err(internal)?;
        bytes += job.last.as_ref().map_or(0, |attempt| attempt.outcome.text_bytes());
        jobs.push(job);
        if bytes >= bytes_max {
            break;
        }
    }
    Ok(jobs)
}

fn resulted(row: &Row<'_>) -> rusqlite::Result<Resulted> {
    let status: u8 = row.get("status")?;
    let is_ended = row.get::<_, Option<i64>>("attempt_key")?.is_some();
    Ok(Resulted {
        id: JobId::from_bytes(row.get("id")?),
        index: row.get("idx")?,
        status: Status::from_number(status).ok_or_else(|| corrupt("status"))?,
        last: if is_ended { Some(attempt(row)?) } else { None },
        cost: Nanodollars(row.unsigned("cost")?),
    })
}

pub(super) fn attempts(
    connection: &Connection,
    account: AccountId,
    id: JobId,
) -> Result<Option<Vec<Charged>>> {
    let Some(key) = key_of(connection, account, id)? else { return Ok(None) };
    let sql = format!(
        "SELECT {ATTEMPT}, t.cost, t.price_version FROM attempts t WHERE t.key >= ? AND t.key < ? ORDER BY t.key"
    );
    let mut select = connection.prepare_cached(&sql).map_err(internal)?;
    let range = params![key * ATTEMPTS_OF_A_JOB, (key + 1) * ATTEMPTS_OF_A_JOB];
    let rows = select.query_map(range, |row| {
        let cost = Nanodollars(row.unsigned("cost")?);
        Ok(Charged { attempt: attempt(row)?, cost, price_version: row.get("price_version")? })
    });
    rows.and_then(Iterator::collect).map(Some).map_err(internal)
}

fn job(row: &Row<'_>) -> rusqlite::Result<Job> {
    let common: Common = row.json("common")?;
    let arguments: String = row.get("arguments")?;
    let over = row.get::<_, Option<i64>>("attempt_key")?.is_some();
    Ok(Job {
        id: JobId::from_bytes(row.get("id")?),
        account: AccountId::from_bytes(row.get("account_id")?),
        run: RunId::from_bytes(row.get("run_id")?),
        index: row.get("idx")?,
        job_type: row.get("job_type")?,
        name: row.get("name")?,
        version: row.get("version")?,
        payload: payload(&arguments, &common),
        progress: moves::progress(row, 0)?,
        percent: row.get("percent")?,
        last: if over { Some(attempt(row)?) } else { None },
        bid: row.get::<_, Option<i64>>("bid")?.map(|bid| Nanodollars(bid.unsigned_abs())),
        cost: Nanodollars(row.unsigned("cost")?),
        worker: row.get::<_, Option<[u8; 16]>>("worker_id")?.map(WorkerId::from_bytes),
        created_at: row.millis("created_at")?,
        updated_at: row.millis("updated_at")?,
        assigned_at: row.maybe_millis("assigned_at")?,
        started_at: row.maybe_millis("started_at")?,
        completed_at: row.maybe_millis("completed_at")?,
    })
}

fn attempt(row: &Row<'_>) -> rusqlite::Result<Attempt> {
    let code: u8 = row.get("code")?;
    let output: Option<String> = row.get("output")?;
    let outcome = if code == 0 {
        let kind: u8 = row.get("output_type")?;
        Outcome::Succeeded(match (ResultType::from_number(kind), output) {
            (Some(ResultType::Json), Some(text)) => Output::Json(text),
            (Some(ResultType::Text), Some(text)) => Output::Text(text),
            _ => Output::None,
        })
    } else {
        Outcome::Failed(Failure {
            code: FailureCode::from_number(code).ok_or_else(|| corrupt("failure code"))?,
            message: row.get::<_, Option<String>>("message")?.unwrap_or_default(),
            backtrace: row.get("backtrace")?,
        })
    };
    Ok(Attempt {
        number: (row.unsigned("attempt_key")? % ATTEMPTS_OF_A_JOB as u64) as u32,
        outcome,
        exit_code: row.get("exit_code")?,
        usage: rows::usage(row)?,
        devices: rows::devices(row)?,
        started_at: row.millis("attempt_started_at")?,
        ended_at: row.millis("ended_at")?,
    })
}
