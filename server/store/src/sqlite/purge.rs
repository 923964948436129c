//! Takes away what was deleted, in parts: a transaction holds up all others.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension};
use skep_domain::Result;
use skep_domain::model::id::RunId;
use skep_domain::model::time::Millis;
use skep_domain::port::store::{Purge, Purged};

use super::jobs::moves::ATTEMPTS_OF_A_JOB;
use super::rows::Stored;
use super::search::RUNS;
use super::{SqliteStore, internal, plans, runs, webhooks};

/// Jobs that one transaction takes away, or cancels, at most.
const JOBS_MAX: i64 = 1000;
/// Runs that one transaction takes away at most.
const RUNS_MAX: usize = 200;

#[async_trait]
impl Purge for SqliteStore {
    async fn purge(&self, over_before: Option<Millis>, now: Millis) -> Result<Purged> {
        // Nearly always there is nothing to do: that costs no commit.
        let before = over_before.map_or(i64::MIN, Stored::stored);
        if self.read(move |connection| next(connection, before, now.stored())).await?.is_none() {
            return Ok(Purged::Nothing);
        }
        self.write(move |connection| purge(connection, before, now)).await
    }
}

/// What can be taken away next.
enum Next {
    /// A run with its jobs.
    Run(i64),
    /// A plan with its stages.
    Plan(i64),
    /// A function without runs.
    Function(i64),
    /// A run of a deleted account with jobs that wait.
    Waiting(RunId),
    /// A function of a deleted account.
    Orphan(i64),
    /// A deleted account without functions.
    Account(i64),
    /// A deleted worker that no job names any more.
    Worker(i64),
    /// What was to be told long ago, or by a webhook that was deleted.
    Told,
}

fn next(connection: &Connection, before: i64, now: i64) -> Result<Option<Next>> {
    let find = |sql: &str, values: &[i64]| -> Result<Option<i64>> {
        let mut select = connection.prepare_cached(sql).map_err(internal)?;
        let found = select.query_row(rusqlite::params_from_iter(values), |row| row.get(0));
        found.optional().map_err(internal)
    };
    // Deleted by itself, or with its function.
    if webhooks::purge(connection, Millis(now.unsigned_abs()), true)? {
        return Ok(Some(Next::Told));
    }
    for sql in [
        "SELECT key FROM runs WHERE account = 0 LIMIT 1",
        "SELECT r.key FROM functions f JOIN runs r ON r.function = f.key WHERE f.account = 0 LIMIT 1",
    ] {
        if let Some(run) = find(sql, &[])? {
            return Ok(Some(Next::Run(run)));
        }
    }
    if let Some(plan) = find("SELECT key FROM plans WHERE account = 0 LIMIT 1", &[])? {
        return Ok(Some(Next::Plan(plan)));
    }
    if let Some(function) = find("SELECT key FROM functions WHERE account = 0 LIMIT 1", &[])? {
        return Ok(Some(Next::Function(function)));
    }
    const UNNAMED: &str = "SELECT key FROM workers w WHERE account = 0
        AND NOT EXISTS (SELECT 1 FROM jobs WHERE worker = w.key) LIMIT 1";
    if let Some(worker) = find(UNNAMED, &[])? {
        return Ok(Some(Next::Worker(worker)));
    }
    if let Some(of_account) = next_of_account(connection)? {
        return Ok(Some(of_account));
    }
    // Those that are to go at a time, then those that are old; a plan's runs go with it.
    for (sql, before) in [
        (
            "SELECT key FROM plans WHERE delete_at <= ?
             AND NOT EXISTS (SELECT 1 FROM webhooks WHERE plan = plans.key AND waiting > 0) LIMIT 1",
            now,
        ),
        ("SELECT key FROM plans WHERE completed_at < ? ORDER BY completed_at LIMIT 1", before),
    ] {
        if let Some(plan) = find(sql, &[before])? {
            return Ok(Some(Next::Plan(plan)));
        }
    }
    let old = "SELECT key FROM runs WHERE completed_at < ? ORDER BY completed_at LIMIT 1";
    Ok(find(old, &[before])?.map(Next::Run))
}

/// A deleted account goes run by run, function by function. What still runs is left until it is over.
fn next_of_account(connection: &Connection) -> Result<Option<Next>> {
    let accounts: Vec<i64> = connection
        .prepare_cached("SELECT key FROM accounts WHERE deleted = 1 LIMIT 100")
        .and_then(|mut select| select.query_map([], |row| row.get(0))?.collect())
        .map_err(internal)?;
    for account in accounts {
        let first = |condition: &str| {
            let sql = format!("SELECT key, id FROM runs WHERE account = ? AND {condition} LIMIT 1");
            let mut select = connection.prepare_cached(&sql).map_err(internal)?;
            let run = select
                .query_row([account], |row| Ok((row.get::<_, i64>(0)?, RunId::from_bytes(row.get(1)?))));
            run.optional().map_err(internal)
        };
        if let Some((key, _)) = first("completed_at IS NOT NULL")? {
            return Ok(Some(Next::Run(key)));
        }
        if let Some((_, id)) = first("queued + retrying > 0")? {
            return Ok(Some(Next::Waiting(id)));
        }
        if first("TRUE")?.is_some() {
            continue;
        }
        let function = connection
            .prepare_cached("SELECT key FROM functions WHERE account = ? LIMIT 1")
            .and_then(|mut select| select.query_row([account], |row| row.get(0)).optional())
            .map_err(internal)?;
        return Ok(Some(function.map_or(Next::Account(account), Next::Orphan)));
    }
    Ok(None)
}

fn purge(connection: &Connection, before: i64, now: Millis) -> Result<Purged> {
    let mut jobs_left = JOBS_MAX;
    for _ in 0..RUNS_MAX {
        match next(connection, before, now.stored())? {
            None => return Ok(Purged::Nothing),
            Some(Next::Run(run)) => jobs_left -= purge_run(connection, run, jobs_left)?,
            Some(Next::Plan(plan)) => {
                plans::purge(connection, plan)?;
                return Ok(Purged::Some);
            }
            Some(Next::Told) => {
                webhooks::purge(connection, now, false)?;
                return Ok(Purged::Some);
            }
            Some(Next::Waiting(run)) => {
                cancel(connection, run, now)?;
                return Ok(Purged::Some);
            }
            Some(Next::Function(function)) => {
                execute(connection, "DELETE FROM versions WHERE function = ?", function)?;
                execute(connection, "DELETE FROM functions WHERE key = ?", function)?;
            }
            Some(Next::Orphan(function)) => {
                execute(
                    connection,
                    "UPDATE functions SET account = 0, name = hex(id) WHERE key = ?",
                    function,
                )?;
            }
            Some(Next::Worker(worker)) => {
                execute(connection, "DELETE FROM workers WHERE key = ?", worker)?;
            }
            Some(Next::Account(account)) => {
                if execute(connection, "UPDATE plans SET account = 0 WHERE account = ?", account)? > 0 {
                    return Ok(Purged::Some);
                }
                execute(connection, "DELETE FROM workers WHERE account = ?", account)?;
                execute(connection, "DELETE FROM schedules WHERE account = ?", account)?;
                execute(connection, "DELETE FROM models WHERE account = ?", account)?;
                const WEBHOOKS: &str = "UPDATE webhooks SET account = 0 WHERE account = ? AND plan IS NULL";
                execute(connection, WEBHOOKS, account)?;
                execute(connection, "DELETE FROM ledger WHERE account = ?", account)?;
                const RECEIPTS: &str = "DELETE FROM receipts WHERE (account, route, key) IN
                    (SELECT account, route, key FROM receipts WHERE account = ? LIMIT 1000)";
                if execute(connection, RECEIPTS, account)? > 0 {
                    return Ok(Purged::Some);
                }
                execute(connection, "DELETE FROM accounts WHERE key = ?", account)?;
            }
        }
        if jobs_left <= 0 {
            break;
        }
    }
    Ok(Purged::Some)
}

fn execute(connection: &Connection, sql: &str, key: i64) -> Result<usize> {
    connection.prepare_cached(sql).and_then(|mut statement| statement.execute([key])).map_err(internal)
}

/// Takes away a run's first jobs, and the run with its last. Returns how many jobs that were. Its last job is
/// what keeps others from its keys: new jobs have keys after the highest that there is.
fn purge_run(connection: &Connection, run: i64, jobs_max: i64) -> Result<i64> {
    // From here on it is hidden as a whole.
    execute(connection, "UPDATE runs SET account = 0 WHERE key = ?", run)?;
    const RANGE: &str = "SELECT first_job,
            first_job + queued + running + retrying + succeeded + failed + timed_out + cancelled
        FROM runs WHERE key = ?";
    const FIRST: &str = "SELECT coalesce(min(key), ?2) FROM jobs WHERE key >= ?1 AND key < ?2";
    let [first, end]: [i64; 2] = connection
        .prepare_cached(RANGE)
        .and_then(|mut select| select.query_row([run], |row| Ok([row.get(0)?, row.get(1)?])))
        .map_err(internal)?;
    let begin: i64 = connection
        .prepare_cached(FIRST)
        .and_then(|mut select| select.query_row([first, end], |row| row.get(0)))
        .map_err(internal)?;
    let until = end.min(begin + jobs_max);
    for (sql, factor) in [
        ("DELETE FROM logs WHERE job >= ? AND job < ?", 1),
        ("DELETE FROM attempts WHERE key >= ? AND key < ?", ATTEMPTS_OF_A_JOB),
        ("DELETE FROM job_arguments WHERE job >= ? AND job < ?", 1),
        ("DELETE FROM jobs WHERE key >= ? AND key < ?", 1),
    ] {
        connection
            .prepare_cached(sql)
            .and_then(|mut delete| delete.execute([begin * factor, until * factor]))
            .map_err(internal)?;
    }
    if until == end {
        execute(connection, "DELETE FROM run_events WHERE run = ?", run)?;
        RUNS.remove(connection, run)?;
        execute(connection, "DELETE FROM runs WHERE key = ?", run)?;
    }
    Ok(until - begin)
}

/// Cancels some of the waiting jobs of a run whose account is gone.
fn cancel(connection: &Connection, run: RunId, now: Millis) -> Result<()> {
    runs::cancel_jobs(connection, run, now, JOBS_MAX)
}
