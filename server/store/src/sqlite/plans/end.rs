//! The end of a plan, what ends with it, and its beginning anew.

use rusqlite::{Connection, params};
use skep_domain::model::id::{RunId, ScheduleId, StageId};
use skep_domain::model::job::Status;
use skep_domain::model::plan::{Plan, StageStatus};
use skep_domain::model::time::Millis;
use skep_domain::model::webhook::Event;
use skep_domain::port::store::End;
use skep_domain::{Error, Result};

use super::telling::Telling;
use super::{key_of, tell};
use crate::sqlite::rows::Stored;
use crate::sqlite::search::PLANS;
use crate::sqlite::webhooks::of_plan;
use crate::sqlite::{internal, runs};

/// Stages, or variables, of a plan that one transaction takes away.
const PARTS_MAX: i64 = 1000;

/// Ends a plan: what it has under way is cancelled, with the plans in it, and the stage that made it is told.
pub(super) fn end(connection: &Connection, plan: i64, end: &End, at: Millis) -> Result<()> {
    const SQL: &str =
        "UPDATE plans SET status = ?2, error = ?3, result = ?4, completed_at = ?5, revision = revision + 1,
            delete_at = ?5 + (head ->> 'kept_ms') WHERE key = ?1
        RETURNING stage, detached";
    let (stage, is_detached): (Option<i64>, bool) = connection
        .prepare_cached(SQL)
        .and_then(|mut update| {
            let values = params![plan, end.status.number(), end.error, end.result, at.stored()];
            update.query_row(values, |row| Ok((row.get(0)?, row.get(1)?)))
        })
        .map_err(internal)?;
    let mut telling = Telling::of(connection, plan)?;
    if end.status != Status::Succeeded {
        cancel_parts(connection, plan, &mut telling, at)?;
    }
    telling.plan(connection, of_plan(end.status), at.stored())?;
    telling.write(connection)?;
    execute(connection, "UPDATE stages SET news = 0 WHERE plan = ? AND news > 0", plan)?;
    match stage {
        Some(stage) if !is_detached => tell(connection, stage),
        _ => Ok(()),
    }
}

/// Cancels what a plan has under way.
fn cancel_parts(connection: &Connection, plan: i64, telling: &mut Telling, at: Millis) -> Result<()> {
    const STAGES: &str = "UPDATE stages SET status = ?2, completed_at = ?3 WHERE plan = ?1 AND status = ?4
        RETURNING key, id, parent IS NULL";
    let (cancelled, running) = (StageStatus::Cancelled.number(), StageStatus::Running.number());
    let stages: Vec<(i64, [u8; 16], bool)> = connection
        .prepare_cached(STAGES)
        .and_then(|mut update| {
            let rows = update.query_map(params![plan, cancelled, at.stored(), running], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            });
            rows?.collect()
        })
        .map_err(internal)?;
    for (_, id, _) in stages.iter().filter(|(_, _, is_root)| !is_root) {
        telling.note(connection, Event::StageCancelled, *id, at.stored())?;
    }
    // Of a stage that failed, other jobs may still run.
    const FAILED: &str = "SELECT key FROM stages WHERE plan = ? AND status IN (4, 5)";
    let failed = keys(connection, FAILED, plan)?;
    for stage in stages.into_iter().map(|(key, ..)| key).chain(failed) {
        const RUNS: &str = "SELECT id FROM runs WHERE stage = ? AND completed_at IS NULL";
        let live: Vec<RunId> = connection
            .prepare_cached(RUNS)
            .and_then(|mut select| {
                select.query_map([stage], |row| row.get(0).map(RunId::from_bytes))?.collect()
            })
            .map_err(internal)?;
        for run in live {
            runs::cancel(connection, run, at)?;
        }
        const PLANS: &str = "SELECT key FROM plans WHERE stage = ? AND completed_at IS NULL AND detached = 0";
        let cancelled = End { status: Status::Cancelled, error: None, result: None };
        for inner in keys(connection, PLANS, stage)? {
            end(connection, inner, &cancelled, at)?;
        }
    }
    Ok(())
}

/// Begins again with the stage of the first level at which a plan ended: as a new stage in its place.
pub(super) fn restart(connection: &Connection, plan: &Plan, id: StageId, at: Millis) -> Result<()> {
    if !matches!(plan.status, Status::Failed | Status::Cancelled) {
        let message =
            format!("only a FAILED or CANCELLED plan can be restarted; this one is {}", plan.status.name());
        return Err(Error::conflict(message));
    }
    let key = key_of(connection, plan.id)?;
    const ROOT: &str =
        "SELECT s.key, s.begun, s.over, s.total FROM plans p JOIN stages s ON s.key = p.root WHERE p.key = ?";
    let [root, begun, over, total]: [i64; 4] = connection
        .prepare_cached(ROOT)
        .and_then(|mut select| {
            select.query_row([key], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]))
        })
        .map_err(internal)?;
    if total > 0 && over >= total {
        return Err(Error::conflict("nothing is left of the plan"));
    }
    let mut is_begun = total > 0;
    if begun > over {
        const AGAIN: &str =
            "INSERT INTO stages (id, plan, parent, position, kind, status, scope, concurrency, total, begun,
                over, news)
            SELECT ?1, plan, parent, position, kind, 0, scope, 0, 0, 0, 0, 1 FROM stages
            WHERE parent = ?2 AND position = ?3 ORDER BY key DESC LIMIT 1";
        connection
            .prepare_cached(AGAIN)
            .and_then(|mut insert| insert.execute(params![id.to_bytes(), root, begun - 1]))
            .map_err(internal)?;
        const AS_BEFORE: &str = "INSERT INTO stage_definitions
            SELECT (SELECT key FROM stages WHERE id = ?1), d.definition
            FROM stages s JOIN stage_definitions d ON d.stage = s.key
            WHERE s.parent = ?2 AND s.position = ?3 AND s.id <> ?1 ORDER BY s.key DESC LIMIT 1";
        connection
            .prepare_cached(AS_BEFORE)
            .and_then(|mut insert| insert.execute(params![id.to_bytes(), root, begun - 1]))
            .map_err(internal)?;
        is_begun = true;
    }
    let status = if is_begun { StageStatus::Running } else { StageStatus::Waiting };
    const STAGE: &str =
        "UPDATE stages SET status = ?2, completed_at = NULL, error = NULL, news = 1 WHERE key = ?1";
    connection
        .prepare_cached(STAGE)
        .and_then(|mut update| update.execute(params![root, status.number()]))
        .map_err(internal)?;
    const PLAN: &str =
        "UPDATE plans SET status = ?2, error = NULL, result = NULL, completed_at = NULL, delete_at = NULL,
            started_at = coalesce(started_at, ?3), revision = revision + 1 WHERE key = ?1";
    connection
        .prepare_cached(PLAN)
        .and_then(|mut update| update.execute(params![key, Status::Running.number(), at.stored()]))
        .map(drop)
        .map_err(internal)?;
    let mut telling = Telling::of(connection, key)?;
    telling.plan(connection, Event::PlanStarted, at.stored())?;
    telling.write(connection)
}

/// Deletes the plans that a schedule has made; those that are not over are cancelled.
pub(in crate::sqlite) fn delete_of_schedule(
    connection: &Connection,
    schedule: ScheduleId,
    at: Millis,
) -> Result<()> {
    const LIVE: &str = "SELECT key FROM plans WHERE schedule = ? AND completed_at IS NULL AND account <> 0";
    let mut select = connection.prepare_cached(LIVE).map_err(internal)?;
    let live = select.query_map([schedule.to_bytes()], |row| row.get(0));
    let live: Vec<i64> = live.and_then(Iterator::collect).map_err(internal)?;
    let cancelled = End { status: Status::Cancelled, error: None, result: None };
    for plan in live {
        end(connection, plan, &cancelled, at)?;
    }
    connection
        .prepare_cached("UPDATE plans SET account = 0 WHERE schedule = ?")
        .and_then(|mut update| update.execute([schedule.to_bytes()]))
        .map(drop)
        .map_err(internal)
}

/// Takes away a part of a plan: its runs are left to be purged by themselves, its plans too.
pub(in crate::sqlite) fn purge(connection: &Connection, plan: i64) -> Result<()> {
    execute(connection, "UPDATE plans SET account = 0 WHERE key = ?", plan)?;
    let sql = format!("SELECT key FROM stages WHERE plan = ? LIMIT {PARTS_MAX}");
    let stages = keys(connection, &sql, plan)?;
    for stage in &stages {
        execute(connection, "UPDATE runs SET account = 0, stage = NULL WHERE stage = ?", *stage)?;
        execute(
            connection,
            "UPDATE plans SET account = 0, stage = NULL WHERE stage = ? AND detached = 0",
            *stage,
        )?;
        execute(connection, "UPDATE plans SET stage = NULL WHERE stage = ?", *stage)?;
        execute(connection, "DELETE FROM stage_definitions WHERE stage = ?", *stage)?;
        execute(connection, "DELETE FROM stages WHERE key = ?", *stage)?;
    }
    if stages.len() as i64 == PARTS_MAX {
        return Ok(());
    }
    let variables = format!(
        "DELETE FROM plan_variables WHERE (plan, name) IN (SELECT plan, name FROM plan_variables WHERE plan = ? LIMIT {PARTS_MAX})"
    );
    if execute(connection, &variables, plan)? as i64 == PARTS_MAX {
        return Ok(());
    }
    execute(connection, "UPDATE webhooks SET account = 0, plan = NULL WHERE plan = ?", plan)?;
    PLANS.remove(connection, plan)?;
    execute(connection, "DELETE FROM plan_notes WHERE plan = ?", plan)?;
    execute(connection, "DELETE FROM plans WHERE key = ?", plan).map(drop)
}

fn keys(connection: &Connection, sql: &str, of: i64) -> Result<Vec<i64>> {
    let mut select = connection.prepare_cached(sql).map_err(internal)?;
    let rows = select.query_map([of], |row| row.get(0));
    rows.and_then(Iterator::collect).map_err(internal)
}

fn execute(connection: &Connection, sql: &str, key: i64) -> Result<usize> {
    connection.prepare_cached(sql).and_then(|mut statement| statement.execute([key])).map_err(internal)
}
