//! Runs.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};
use skep_domain::model::id::{AccountId, FunctionId, RunId};
use skep_domain::model::job::{Progress, ResultType, Status};
use skep_domain::model::page::{Listed, Page, Position};
use skep_domain::model::run::{Counts, PARAMETERS_SHOWN_MAX, Run, Source};
use skep_domain::model::step::{self, Step};
use skep_domain::model::time::Millis;
use skep_domain::port::store::{NewRun, RunFilter, Runs};
use skep_domain::{Error, Result};

use super::jobs::moves::{self, Moved};
use super::rows::{RowExt, Stored, corrupt, to_json};
use super::{SqliteStore, internal, page_clause};

const RUN: &str =
    "SELECT r.key, r.id, a.id AS account_id, r.source, f.id AS function_id, f.name AS function_name,
        r.version, r.common, r.bid, r.first_job, r.queued, r.running, r.retrying, r.succeeded, r.failed,
        r.timed_out, r.cancelled, r.cancel, r.created_at, r.started_at, r.completed_at
    FROM runs r JOIN accounts a ON a.key = r.account JOIN functions f ON f.key = r.function ";

/// The columns that count a run's jobs, in the order of [`Status::ALL`].
pub(super) const COUNTS: [&str; 7] =
    ["queued", "running", "retrying", "succeeded", "failed", "timed_out", "cancelled"];

#[async_trait]
impl Runs for SqliteStore {
    async fn run_create(&self, run: NewRun) -> Result<()> {
        let fresh = Progress::new(run.run_at);
        self.write(move |connection| insert(connection, &run, fresh).map(drop)).await
    }

    async fn run_get(&self, account: AccountId, id: RunId) -> Result<Option<Run>> {
        self.read(move |connection| get(connection, account, id)).await
    }

    async fn run_list(&self, account: AccountId, filter: RunFilter, page: Page) -> Result<Listed<Run>> {
        self.read(move |connection| list(connection, account, &filter, &page)).await
    }

    async fn run_cancel(&self, account: AccountId, id: RunId, now: Millis) -> Result<Option<Run>> {
        self.write(move |connection| {
            let Some(run) = get(connection, account, id)? else { return Ok(None) };
            let status = run.counts.status(run.cancelled);
            if status.is_over() {
                return Err(Error::conflict(format!("the run is over: {}", status.name())));
            }
            connection
                .prepare_cached("UPDATE runs SET cancel = 1 WHERE id = ?")
                .and_then(|mut update| update.execute([id.to_bytes()]))
                .map_err(internal)?;
            let mut moved = Moved::default();
            for (key, progress) in live_jobs(connection, id)? {
                let step = step::cancel(progress, now)?;
                moves::apply(connection, key, &step, &mut moved)?;
            }
            moved.write(connection, now)?;
            get(connection, account, id)
        })
        .await
    }

    async fn run_delete(&self, account: AccountId, id: RunId) -> Result<bool> {
        self.write(move |connection| {
            let Some(run) = get(connection, account, id)? else { return Ok(false) };
            if !run.counts.status(run.cancelled).is_over() {
                return Err(Error::conflict("the run is not over; cancel it first"));
            }
            let key: i64 = connection
                .query_row("SELECT key FROM runs WHERE id = ?", [id.to_bytes()], |row| row.get(0))
                .map_err(internal)?;
            delete(connection, key).map(|()| true)
        })
        .await
    }
}

/// Writes a run and its jobs, all where `progress` says. Returns the key of the first job.
pub(super) fn insert(connection: &Connection, run: &NewRun, progress: Progress) -> Result<i64> {
    insert_at(connection, run, progress, None)
}

/// The same for a run of one job that is over already.
pub(super) fn insert_over(connection: &Connection, run: &NewRun, step: &Step) -> Result<i64> {
    insert_at(connection, run, step.to, Some(step))
}

fn insert_at(connection: &Connection, run: &NewRun, progress: Progress, over: Option<&Step>) -> Result<i64> {
    // Whoever deleted the function meanwhile was first.
    let function: Option<(i64, i64)> = connection
        .prepare_cached("SELECT key, account FROM functions WHERE id = ?")
        .and_then(|mut select| {
            select.query_row([run.function.to_bytes()], |row| Ok((row.get(0)?, row.get(1)?))).optional()
        })
        .map_err(internal)?;
    let (function, account) = function.ok_or_else(|| Error::not_found("function").field("function"))?;
    let first_job: i64 = connection
        .prepare_cached("SELECT coalesce(max(key), 0) + 1 FROM jobs")
        .and_then(|mut max| max.query_row([], |row| row.get(0)))
        .map_err(internal)?;
    let mut counts = [0i64; 7];
    counts[usize::from(progress.status.number())] = run.jobs.len() as i64;
    let started_at = (progress.attempts > 0).then(|| run.at.stored());
    connection
        .prepare_cached(
            "INSERT INTO runs (id, account, function, version, source, common, bid, first_job, queued, running,
                 retrying, succeeded, failed, timed_out, cancelled, cancel, created_at, started_at, completed_at)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?)",
        )
        .and_then(|mut insert| {
            insert.execute(params![
                run.id.to_bytes(),
                account,
                function,
                run.version,
                run.source.number(),
                to_json(&run.common),
                run.bid_nanodollars.map(Stored::stored),
                first_job,
                counts[0],
                counts[1],
                counts[2],
                counts[3],
                counts[4],
                counts[5],
                counts[6],
                run.at.stored(),
                started_at,
                over.map(|step| step.at.stored())
            ])
        })
        .map_err(internal)?;
    let keys = [first_job, account, connection.last_insert_rowid(), function];
    insert_jobs(connection, run, progress, over, keys)?;
    Ok(first_job)
}

fn insert_jobs(
    connection: &Connection,
    run: &NewRun,
    progress: Progress,
    over: Option<&Step>,
    [first_job, account, run_key, function]: [i64; 4],
) -> Result<()> {
    let mut insert = connection
        .prepare_cached(
            "INSERT INTO jobs (key, id, account, run, function, status, bid, due_at, attempts, failures, host_failures,
                 round, cancel, result_type, created_at, updated_at, assigned_at, started_at, completed_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 1, 0, ?12, ?13, ?14, ?15, ?16, ?17)",
        )
        .map_err(internal)?;
    let mut arguments = connection
        .prepare_cached("INSERT INTO job_arguments (job, arguments) VALUES (?, ?)")
        .map_err(internal)?;
    let ended = over.and_then(|step| step.ended.as_ref());
    let result_type = ended.map_or(ResultType::None, moves::result_type).number();
    let assigned_at = (progress.attempts > 0).then(|| run.at.stored());
    let started_at = ended.map(|attempt| attempt.started_at.stored()).or(assigned_at);
    let completed_at = over.map(|step| step.at.stored());
    for (key, job) in (first_job..).zip(&run.jobs) {
        insert
            .execute(params![
                key,
                job.id.to_bytes(),
                account,
                run_key,
                function,
                progress.status.number(),
                run.bid_nanodollars.map(Stored::stored),
                progress.due_at.map(Stored::stored),
                progress.attempts,
                progress.failures,
                progress.host_failures,
                result_type,
                run.at.stored(),
                completed_at.unwrap_or(run.at.stored()),
                assigned_at,
                started_at,
                completed_at
            ])
            .and_then(|_| arguments.execute(params![key, job.arguments]))
            .map_err(internal)?;
    }
    ended.map_or(Ok(()), |attempt| moves::insert_attempt(connection, first_job, attempt))
}

fn get(connection: &Connection, account: AccountId, id: RunId) -> Result<Option<Run>> {
    let sql = format!("{RUN} WHERE r.id = ? AND a.id = ?");
    let mut statement = connection.prepare_cached(&sql).map_err(internal)?;
    let found = statement
        .query_row([id.to_bytes(), account.to_bytes()], |row| {
            Ok((run(row)?, row.get::<_, i64>("first_job")?))
        })
        .optional()
        .map_err(internal)?;
    let Some((mut run, first_job)) = found else { return Ok(None) };
    let total = run.counts.total();
    if total <= PARAMETERS_SHOWN_MAX {
        const SQL: &str = "SELECT arguments FROM job_arguments WHERE job >= ? AND job < ? ORDER BY job";
        let mut statement = connection.prepare_cached(SQL).map_err(internal)?;
        let texts = statement.query_map([first_job, first_job + i64::from(total)], |row| row.get(0));
        run.parameters = Some(texts.and_then(Iterator::collect).map_err(internal)?);
    }
    Ok(Some(run))
}

fn list(connection: &Connection, account: AccountId, filter: &RunFilter, page: &Page) -> Result<Listed<Run>> {
    let mut sql = format!("{RUN} WHERE r.account = (SELECT key FROM accounts WHERE id = ?1)");
    sql.push_str(" AND r.created_at >= ?2 AND r.created_at <= ?3");
    match filter.source {
        Some(source) => sql.push_str(&format!(" AND r.source = {}", source.number())),
        None => sql.push_str(&format!(" AND r.source <> {}", Source::Invoke.number())),
    }
    sql.push_str(" AND (?4 IS NULL OR f.name = ?4) AND ");
    sql.push_str(&page_clause("r.created_at", "r.key", filter.order, page));
    let mut statement = connection.prepare_cached(&sql).map_err(internal)?;
    let from = filter.date_from.map_or(0, Stored::stored);
    let to = filter.date_to.map_or(i64::MAX, Stored::stored);
    let rows = statement.query_map(params![account.to_bytes(), from, to, filter.function], |row| {
        let position = Position { at: row.millis("created_at")?, row: row.unsigned("key")? };
        Ok((position, run(row)?))
    });
    let rows = rows.and_then(Iterator::collect).map_err(internal)?;
    Ok(Listed::cut(rows, page))
}

/// Jobs of a run that are not over.
fn live_jobs(connection: &Connection, id: RunId) -> Result<Vec<(i64, Progress)>> {
    let sql = format!(
        "SELECT j.key, {} FROM runs r JOIN jobs j ON j.key >= r.first_job
             AND j.key < r.first_job + r.queued + r.running + r.retrying + r.succeeded + r.failed + r.timed_out + r.cancelled
         WHERE r.id = ? AND j.status IN (0, 1, 2)",
        moves::PROGRESS
    );
    let mut statement = connection.prepare_cached(&sql).map_err(internal)?;
    let rows = statement.query_map([id.to_bytes()], |row| Ok((row.get("key")?, moves::progress(row)?)));
    rows.and_then(Iterator::collect).map_err(internal)
}

/// Deletes every run of a function. A conflict while one is not over.
pub(super) fn delete_of_function(connection: &Connection, function: i64) -> Result<()> {
    let mut statement = connection
        .prepare_cached("SELECT key, queued + running + retrying FROM runs WHERE function = ?")
        .map_err(internal)?;
    let rows = statement.query_map([function], |row| Ok((row.get(0)?, row.get(1)?)));
    let runs: Vec<(i64, i64)> = rows.and_then(Iterator::collect).map_err(internal)?;
    let live = runs.iter().filter(|(_, live)| *live > 0).count();
    if live > 0 {
        return Err(Error::conflict(format!("{live} runs of the function are not over; cancel them first")));
    }
    runs.into_iter().try_for_each(|(key, _)| delete(connection, key))
}

/// Deletes a run with its jobs, attempts and logs.
fn delete(connection: &Connection, run: i64) -> Result<()> {
    let (first, end): (i64, i64) = connection
        .query_row(
            "SELECT first_job, first_job + queued + running + retrying + succeeded + failed + timed_out + cancelled
             FROM runs WHERE key = ?",
            [run],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .map_err(internal)?;
    for (table, column, factor) in [
        ("logs", "job", 1),
        ("attempts", "key", moves::ATTEMPTS_OF_A_JOB),
        ("job_arguments", "job", 1),
        ("jobs", "key", 1),
    ] {
        let sql = format!("DELETE FROM {table} WHERE {column} >= ? AND {column} < ?");
        connection.execute(&sql, [first * factor, end * factor]).map_err(internal)?;
    }
    connection.execute("DELETE FROM runs WHERE key = ?", [run]).map(drop).map_err(internal)
}

fn run(row: &Row<'_>) -> rusqlite::Result<Run> {
    let mut counts = Counts::default();
    for (count, column) in counts.0.iter_mut().zip(COUNTS) {
        *count = row.get(column)?;
    }
    debug_assert_eq!(Status::ALL.len(), COUNTS.len());
    let source: u8 = row.get("source")?;
    Ok(Run {
        id: RunId::from_bytes(row.get("id")?),
        account: AccountId::from_bytes(row.get("account_id")?),
        source: Source::from_number(source).ok_or_else(|| corrupt("source"))?,
        function: FunctionId::from_bytes(row.get("function_id")?),
        function_name: row.get("function_name")?,
        version: row.get("version")?,
        common: row.json("common")?,
        counts,
        cancelled: row.get("cancel")?,
        bid_nanodollars: row.get::<_, Option<i64>>("bid")?.map(i64::unsigned_abs),
        parameters: None,
        created_at: row.millis("created_at")?,
        started_at: row.maybe_millis("started_at")?,
        completed_at: row.maybe_millis("completed_at")?,
    })
}
