//! Jobs that workers have: given, heard of, taken back.

use rusqlite::{Connection, OptionalExtension, Row, params};
use skep_domain::Result;
use skep_domain::model::id::{AccountId, JobId, RunId, Sha256};
use skep_domain::model::money::Nanodollars;
use skep_domain::model::run::Common;
use skep_domain::model::settings::Settings;
use skep_domain::model::step;
use skep_domain::model::time::Millis;
use skep_domain::model::worker::Worker;
use skep_domain::port::store::{Held, Lost, Returned, Taken};

use crate::sqlite::internal;
use crate::sqlite::jobs::moves::{self, Moved};
use crate::sqlite::jobs::{self, RunningJob};
use crate::sqlite::rows::{RowExt, Stored};

/// Runs that are looked at for one that fits a worker, those with the highest bids.
const RUNS_LOOKED_AT_MAX: usize = 1000;
/// Jobs of a run that are looked at.
const JOBS_LOOKED_AT_MAX: u32 = 1000;
/// Jobs that the workers of an account may have together: each claim of the node counts them.
const HELD_MAX: u32 = 1000;
/// Jobs that are taken back at once.
const REAPED_MAX: u32 = 1000;

/// Keys of ready jobs that fit a worker, as many as it has places for: the highest bid first, then the oldest. All
/// jobs of a run bid the same and lie side by side, so a run that does not fit is passed in one step.
pub(super) fn fitting(connection: &Connection, worker: &Worker, bytes_max: u64) -> Result<Vec<i64>> {
    let account: i64 = connection
        .prepare_cached("SELECT key FROM accounts WHERE id = ?")
        .and_then(|mut select| select.query_row([worker.account.to_bytes()], |row| row.get(0)))
        .map_err(internal)?;
    let free = free(connection, account, worker)?;
    let (mut found, mut after) = (Vec::new(), None);
    for _ in 0..RUNS_LOOKED_AT_MAX {
        if found.len() >= free {
            break;
        }
        let Some((bid, key, run)) = next_ready(connection, account, worker.profile.ask, after)? else {
            break;
        };
        let (room, last) = room_of(connection, run, worker, bytes_max)?;
        if let Some(room) = room {
            ready_of(connection, account, (bid, key, last), room, free - found.len(), &mut found)?;
        }
        after = Some((bid, last.max(key)));
    }
    Ok(found)
}

fn free(connection: &Connection, account: i64, worker: &Worker) -> Result<usize> {
    if !worker.is_open {
        return Ok(0);
    }
    let held: u32 = connection
        .prepare_cached("SELECT count(*) FROM jobs WHERE account = ? AND status = 1 AND worker IS NOT NULL")
        .and_then(|mut select| select.query_row([account], |row| row.get(0)))
        .map_err(internal)?;
    let places = worker.profile.places.saturating_sub(worker.running);
    Ok(places.min(HELD_MAX.saturating_sub(held)) as usize)
}

/// The ready job that comes after a place in the order of bids, with its bid and its run.
fn next_ready(
    connection: &Connection,
    account: i64,
    ask: Nanodollars,
    after: Option<(i64, i64)>,
) -> Result<Option<(i64, i64, i64)>> {
    const READY: &str =
        "SELECT bid, key, run FROM jobs WHERE account = ?1 AND status IN (0, 2) AND due_at IS NULL";
    let find = |condition: &str, values: &[i64]| {
        let sql = format!("{READY} AND {condition} LIMIT 1");
        let mut select = connection.prepare_cached(&sql).map_err(internal)?;
        let read = |row: &Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?));
        select.query_row(rusqlite::params_from_iter(values), read).optional().map_err(internal)
    };
    let Some((bid, key)) = after else {
        return find("bid >= ?2 ORDER BY bid DESC, key", &[account, ask.0.stored()]);
    };
    match find("bid = ?2 AND key > ?3 ORDER BY key", &[account, bid, key])? {
        Some(found) => Ok(Some(found)),
        None => find("bid < ?2 AND bid >= ?3 ORDER BY bid DESC, key", &[account, bid, ask.0.stored()]),
    }
}

/// Ready jobs of a run, from a key to its last.
fn ready_of(
    connection: &Connection,
    account: i64,
    (bid, first, last): (i64, i64, i64),
    room: u64,
    count: usize,
    found: &mut Vec<i64>,
) -> Result<()> {
    const SQL: &str = "SELECT j.key, octet_length(g.arguments) FROM jobs j JOIN job_arguments g ON g.job = j.key
        WHERE j.account = ?1 AND j.status IN (0, 2) AND j.due_at IS NULL AND j.bid = ?2 AND j.key >= ?3 AND j.key <= ?4
        ORDER BY j.key LIMIT ?5";
    let mut select = connection.prepare_cached(SQL).map_err(internal)?;
    let rows = select.query_map(params![account, bid, first, last, JOBS_LOOKED_AT_MAX], |row| {
        Ok((row.get::<_, i64>(0)?, row.unsigned(1)?))
    });
    let rows: Vec<_> = rows.and_then(Iterator::collect).map_err(internal)?;
    let fits = rows.into_iter().filter(|(_, bytes)| bytes + bytes / 2 <= room);
    found.extend(fits.map(|(key, _)| key).take(count));
    Ok(())
}

/// How many bytes of arguments a job of a run may have for a worker, none where the run is not for it; and the key of
/// the run's last job.
fn room_of(connection: &Connection, run: i64, worker: &Worker, bytes_max: u64) -> Result<(Option<u64>, i64)> {
    const SQL: &str =
        "SELECT r.common, v.size_bytes, v.runtime, r.first_job - 1 + r.queued + r.running + r.retrying
            + r.succeeded + r.failed + r.timed_out + r.cancelled AS last_job
        FROM runs r LEFT JOIN functions f ON f.key = r.function AND f.account = r.account
        LEFT JOIN versions v ON v.function = f.key AND v.number = r.version WHERE r.key = ?";
    let mut select = connection.prepare_cached(SQL).map_err(internal)?;
    let found = select.query_row([run], |row| {
        // What is being purged, or was uploaded as a component, has no runtime.
        let is_source = row.get::<_, Option<String>>("runtime")?.is_some();
        let size = if is_source { Some(row.unsigned("size_bytes")?) } else { None };
        Ok((row.json::<Common>("common")?, size, row.get("last_job")?))
    });
    let (common, size, last) = found.map_err(internal)?;
    let is_for = !common.requires.is_empty() && common.requires.is_subset(&worker.profile.offers);
    Ok((size.filter(|_| is_for).and_then(|size| bytes_max.checked_sub(size)), last))
}

/// Takes what is still ready of some jobs.
pub(super) fn take(connection: &Connection, worker: i64, keys: Vec<i64>, now: Millis) -> Result<Vec<Taken>> {
    const SQL: &str = "
        UPDATE jobs SET status = 1, attempts = attempts + 1, updated_at = ?3, assigned_at = ?3, started_at = ?3, worker = ?2, progress = NULL
        WHERE key = ?1";
    let ready = format!(
        "SELECT {} FROM jobs j WHERE j.key = ? AND j.status IN (0, 2) AND j.due_at IS NULL",
        moves::PLACED
    );
    let whole = format!("{} WHERE j.key = ?", held_sql());
    let (mut moved, mut taken) = (Moved::default(), Vec::new());
    for key in keys {
        let mut select = connection.prepare_cached(&ready).map_err(internal)?;
        let found = select.query_row([key], moves::placed).optional().map_err(internal)?;
        let Some(placed) = found else { continue };
        connection
            .prepare_cached(SQL)
            .and_then(|mut update| update.execute(params![key, worker, now.stored()]))
            .map_err(internal)?;
        moved.count(&placed, step::claim(placed.progress).status);
        let mut select = connection.prepare_cached(&whole).map_err(internal)?;
        taken.push(
            select
                .query_row([key], |row| {
                    Ok(Taken {
                        held: held(row)?,
                        source: Sha256(row.get("sha256")?),
                        requires: row.json::<Common>("common")?.requires,
                        arguments: row.get("arguments")?,
                    })
                })
                .map_err(internal)?,
        );
    }
    moved.write(connection, now)?;
    Ok(taken)
}

/// Jobs that workers have, with what their ends need.
fn held_sql() -> String {
    format!(
        "SELECT {}, j.id, j.worker, j.bid, j.assigned_at, r.id AS run_id, r.common, f.settings, v.sha256, g.arguments
         FROM jobs j JOIN runs r ON r.key = j.run JOIN functions f ON f.key = j.function
         JOIN versions v ON v.function = r.function AND v.number = r.version
         JOIN job_arguments g ON g.job = j.key JOIN workers w ON w.key = j.worker",
        moves::PROGRESS
    )
}

fn held(row: &Row<'_>) -> rusqlite::Result<Held> {
    let (common, settings): (Common, Settings) = (row.json("common")?, row.json("settings")?);
    Ok(Held {
        job: JobId::from_bytes(row.get("id")?),
        run: RunId::from_bytes(row.get("run_id")?),
        progress: moves::progress(row, 0)?,
        bid: row.get::<_, Option<i64>>("bid")?.map(|bid| Nanodollars(bid.unsigned_abs())),
        assigned_at: row.millis("assigned_at")?,
        retry: common.retry.unwrap_or(settings.retry),
    })
}

/// Notes that a worker was heard of with an attempt that it has.
pub(super) fn heard(
    connection: &Connection,
    account: AccountId,
    job: JobId,
    attempt: u32,
    now: Millis,
) -> Result<Option<Held>> {
    let sql = format!(
        "{} WHERE j.id = ? AND j.status = 1 AND j.attempts = ? AND j.account = (SELECT key FROM accounts WHERE id = ?)",
        held_sql()
    );
    let mut select = connection.prepare_cached(&sql).map_err(internal)?;
    let found = select
        .query_row(params![job.to_bytes(), attempt, account.to_bytes()], |row| {
            Ok((row.get::<_, i64>("worker")?, held(row)?))
        })
        .optional()
        .map_err(internal)?;
    let Some((worker, held)) = found else { return Ok(None) };
    connection
        .prepare_cached("UPDATE workers SET seen_at = ?2 WHERE key = ?1")
        .and_then(|mut update| update.execute(params![worker, now.stored()]))
        .map_err(internal)?;
    connection
        .prepare_cached("UPDATE jobs SET updated_at = ?2 WHERE id = ?1")
        .and_then(|mut update| update.execute(params![job.to_bytes(), now.stored()]))
        .map_err(internal)?;
    Ok(Some(held))
}

/// A job that its worker has lost, with its run, and why.
pub(super) struct LostJob {
    job: RunningJob,
    run: RunId,
    is_held_too_long: bool,
}

/// Jobs that their workers have lost.
pub(super) fn lost(connection: &Connection, lost: Lost) -> Result<Vec<LostJob>> {
    let sql = format!(
        "SELECT {}, j.id, j.started_at, r.id AS run_id, j.assigned_at < ?2 AS is_held_too_long
         FROM jobs j INDEXED BY jobs_worker JOIN runs r ON r.key = j.run
         WHERE j.status = 1 AND j.worker IS NOT NULL AND (j.cancel = 1 OR j.updated_at < ?1 OR j.assigned_at < ?2)
         LIMIT {REAPED_MAX}",
        moves::PLACED
    );
    let mut select = connection.prepare_cached(&sql).map_err(internal)?;
    let rows = select.query_map(params![lost.heard_before.stored(), lost.taken_before.stored()], |row| {
        Ok(LostJob {
            job: jobs::running_job(row)?,
            run: RunId::from_bytes(row.get("run_id")?),
            is_held_too_long: row.get("is_held_too_long")?,
        })
    });
    rows.and_then(Iterator::collect).map_err(internal)
}

/// Takes them back.
pub(super) fn reap(connection: &Connection, which: Lost, now: Millis) -> Result<Vec<Returned>> {
    let (mut moved, mut returned) = (Moved::default(), Vec::new());
    for LostJob { job, run, is_held_too_long } in lost(connection, which)? {
        let why = match is_held_too_long {
            true => "the worker that had it had it for too long",
            false => "the worker that had it said nothing of it for too long",
        };
        jobs::interrupt(connection, &job, why, now, &mut moved)?;
        returned.push((job.id, run));
    }
    moved.write(connection, now)?;
    Ok(returned)
}

/// Takes back all that a worker has.
pub(super) fn give_back(
    connection: &Connection,
    worker: i64,
    why: &str,
    now: Millis,
) -> Result<Vec<Returned>> {
    let sql = format!(
        "SELECT {}, j.id, j.started_at, r.id AS run_id FROM jobs j INDEXED BY jobs_worker JOIN runs r ON r.key = j.run
         WHERE j.account = (SELECT account FROM workers WHERE key = ?1) AND j.worker = ?1 AND j.status = 1",
        moves::PLACED
    );
    let mut select = connection.prepare_cached(&sql).map_err(internal)?;
    let rows = select
        .query_map([worker], |row| Ok((jobs::running_job(row)?, RunId::from_bytes(row.get("run_id")?))));
    let held: Vec<(RunningJob, RunId)> = rows.and_then(Iterator::collect).map_err(internal)?;
    let mut moved = Moved::default();
    for (job, _) in &held {
        jobs::interrupt(connection, job, why, now, &mut moved)?;
    }
    moved.write(connection, now)?;
    Ok(held.into_iter().map(|(job, run)| (job.id, run)).collect())
}
