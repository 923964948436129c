//! Jobs and attempts, as they are shown.

use rusqlite::types::ToSql;
use rusqlite::{Connection, OptionalExtension, Row, params};
use skep_domain::Result;
use skep_domain::model::attempt::{Attempt, Failure, FailureCode, Outcome, Output};
use skep_domain::model::id::{AccountId, JobId, RunId};
use skep_domain::model::job::{Job, ResultType, payload};
use skep_domain::model::page::{Listed, Page, Position, SortBy};
use skep_domain::model::run::Common;
use skep_domain::model::usage::Usage;
use skep_domain::port::store::JobFilter;

use super::moves::{self, ATTEMPTS_OF_A_JOB};
use crate::sqlite::rows::{RowExt, Stored, corrupt};
use crate::sqlite::{internal, page_clause};

const ATTEMPT: &str =
    "t.key AS attempt_key, t.code, t.output_type, t.output, t.message, t.backtrace, t.exit_code,
    t.cpu_nanos, t.wall_nanos, t.memory_peak_bytes, t.memory_byte_seconds, t.egress_bytes, t.device_nanos,
    t.log_bytes, t.started_at AS attempt_started_at, t.ended_at";

/// A job with its run, its arguments and its last attempt, if that is over.
fn job_sql() -> String {
    format!(
        "SELECT j.key, j.id, a.id AS account_id, r.id AS run_id, j.key - r.first_job AS idx, f.name AS job_type,
             r.version, r.common, g.arguments, j.bid, j.created_at, j.updated_at, j.assigned_at, j.started_at,
             j.completed_at, {}, {ATTEMPT}
         FROM jobs j JOIN accounts a ON a.key = j.account JOIN runs r ON r.key = j.run
         JOIN functions f ON f.key = j.function JOIN job_arguments g ON g.job = j.key
         LEFT JOIN attempts t ON t.key = j.key * {ATTEMPTS_OF_A_JOB} + j.attempts ",
        moves::PROGRESS
    )
}

pub(super) fn key_of(connection: &Connection, account: AccountId, id: JobId) -> Result<Option<i64>> {
    const SQL: &str =
        "SELECT key FROM jobs WHERE id = ? AND account = (SELECT key FROM accounts WHERE id = ?)";
    let mut select = connection.prepare_cached(SQL).map_err(internal)?;
    let key = select.query_row([id.to_bytes(), account.to_bytes()], |row| row.get(0));
    key.optional().map_err(internal)
}

pub(super) fn get(connection: &Connection, account: AccountId, id: JobId) -> Result<Option<Job>> {
    let sql = format!("{} WHERE j.id = ? AND a.id = ?", job_sql());
    let mut select = connection.prepare_cached(&sql).map_err(internal)?;
    select.query_row([id.to_bytes(), account.to_bytes()], job).optional().map_err(internal)
}

pub(super) fn list(
    connection: &Connection,
    account: AccountId,
    filter: &JobFilter,
    page: &Page,
) -> Result<Listed<Job>> {
    let mut sql = job_sql();
    let mut values: Vec<Box<dyn ToSql>> = vec![Box::new(account.to_bytes())];
    let account_column = if filter.run.is_some() { "+j.account" } else { "j.account" };
    sql.push_str(&format!(" WHERE {account_column} = (SELECT key FROM accounts WHERE id = ?)"));
    let mut filter_by = |condition: &str, value: Box<dyn ToSql>| {
        sql.push_str(condition);
        values.push(value);
    };
    if let Some(run) = filter.run {
        // A run's jobs lie together: the range of their keys is the index, and the other is kept off.
        let Some((first, end)) = keys_of(connection, run)? else {
            return Ok(Listed { items: Vec::new(), next: None });
        };
        filter_by(" AND j.key >= ?", Box::new(first));
        filter_by(" AND j.key < ?", Box::new(end));
    }
    if let Some(job_type) = &filter.job_type {
        filter_by(" AND f.name = ?", Box::new(job_type.clone()));
    }
    if let Some(status) = filter.status {
        filter_by(" AND j.status = ?", Box::new(status.number()));
    }
    if let Some(result_type) = filter.result_type {
        filter_by(" AND j.result_type = ?", Box::new(result_type.number()));
    }
    if let Some(from) = filter.date_from {
        filter_by(" AND j.created_at >= ?", Box::new(from.stored()));
    }
    if let Some(to) = filter.date_to {
        filter_by(" AND j.created_at <= ?", Box::new(to.stored()));
    }
    let sort = match filter.sort_by {
        SortBy::CreatedAt => "j.created_at",
        SortBy::UpdatedAt => "j.updated_at",
    };
    // In one run the order of keys is that of their making.
    let sort = match (filter.run, filter.sort_by) {
        (Some(_), SortBy::CreatedAt) => "+j.created_at",
        _ => sort,
    };
    sql.push_str(" AND ");
    sql.push_str(&page_clause(sort, "j.key", filter.order, page));
    let mut select = connection.prepare_cached(&sql).map_err(internal)?;
    let rows = select.query_map(rusqlite::params_from_iter(values), |row| {
        let job = job(row)?;
        let at = match filter.sort_by {
            SortBy::CreatedAt => job.created_at,
            SortBy::UpdatedAt => job.updated_at,
        };
        Ok((Position { at, row: row.unsigned("key")? }, job))
    });
    let rows = rows.and_then(Iterator::collect).map_err(internal)?;
    Ok(Listed::cut(rows, page))
}

/// The keys of a run's jobs, the last one exclusive.
fn keys_of(connection: &Connection, run: RunId) -> Result<Option<(i64, i64)>> {
    const SQL: &str =
        "SELECT first_job, first_job + queued + running + retrying + succeeded + failed + timed_out
        + cancelled FROM runs WHERE id = ?";
    let mut select = connection.prepare_cached(SQL).map_err(internal)?;
    select.query_row([run.to_bytes()], |row| Ok((row.get(0)?, row.get(1)?))).optional().map_err(internal)
}

pub(super) fn attempts(
    connection: &Connection,
    account: AccountId,
    id: JobId,
) -> Result<Option<Vec<Attempt>>> {
    let Some(key) = key_of(connection, account, id)? else { return Ok(None) };
    let sql = format!("SELECT {ATTEMPT} FROM attempts t WHERE t.key >= ? AND t.key < ? ORDER BY t.key");
    let mut select = connection.prepare_cached(&sql).map_err(internal)?;
    let range = params![key * ATTEMPTS_OF_A_JOB, (key + 1) * ATTEMPTS_OF_A_JOB];
    let rows = select.query_map(range, attempt);
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
        version: row.get("version")?,
        payload: payload(&arguments, &common),
        progress: moves::progress(row)?,
        last: if over { Some(attempt(row)?) } else { None },
        bid_nanodollars: row.get::<_, Option<i64>>("bid")?.map(i64::unsigned_abs),
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
    let usage = Usage {
        cpu_nanos: row.unsigned("cpu_nanos")?,
        wall_nanos: row.unsigned("wall_nanos")?,
        memory_peak_bytes: row.unsigned("memory_peak_bytes")?,
        memory_byte_seconds: row.unsigned("memory_byte_seconds")?,
        egress_bytes: row.unsigned("egress_bytes")?,
        device_nanos: row.unsigned("device_nanos")?,
        log_bytes: row.unsigned("log_bytes")?,
    };
    Ok(Attempt {
        number: (row.unsigned("attempt_key")? % ATTEMPTS_OF_A_JOB as u64) as u32,
        outcome,
        exit_code: row.get("exit_code")?,
        usage,
        started_at: row.millis("attempt_started_at")?,
        ended_at: row.millis("ended_at")?,
    })
}
