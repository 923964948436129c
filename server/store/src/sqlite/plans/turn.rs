//! A turn of a plan, written as a whole.

use rusqlite::{Connection, OptionalExtension, params};
use skep_domain::model::job::Status;
use skep_domain::model::job::{Progress, ResultType};
use skep_domain::model::plan::{StageStatus, Style, VARIABLES_BYTES_MAX};
use skep_domain::model::webhook::Event;
use skep_domain::port::store::{Changed, End, Turn};
use skep_domain::{Error, Result};

use super::telling::Telling;
use super::{end, insert, insert_stage, stage_key};
use crate::sqlite::jobs::moves::ATTEMPTS_OF_A_JOB;
use crate::sqlite::rows::{RowExt, Stored};
use crate::sqlite::{internal, runs};

/// Writes a turn, unless the plan has gone on, or has ended, since it was read.
pub(super) fn write(connection: &Connection, turn: &Turn) -> Result<bool> {
    const PLAN: &str = "SELECT key, account, head, started_at FROM plans
        WHERE id = ? AND revision = ? AND completed_at IS NULL AND account <> 0";
    let mut select = connection.prepare_cached(PLAN).map_err(internal)?;
    let found = select.query_row(params![turn.plan.to_bytes(), turn.revision.stored()], |row| {
        let head: skep_domain::model::plan::Head = row.json("head")?;
        let has_begun = row.maybe_millis("started_at")?.is_some();
        Ok((row.get::<_, i64>("key")?, row.get::<_, i64>("account")?, head.style, has_begun))
    });
    let Some((plan, account, style, has_begun)) = found.optional().map_err(internal)? else {
        return Ok(false);
    };
    let mut telling = Telling::of(connection, plan)?;
    if !has_begun {
        telling.plan(connection, Event::PlanStarted, turn.at.stored())?;
    }
    for part in &turn.parts {
        let parent = part.parent.map(|parent| stage_key(connection, parent)).transpose()?;
        insert_stage(connection, plan, parent, part, 0)?;
    }
    for changed in &turn.stages {
        telling.stage(connection, &changed.state, turn.at.stored())?;
        change(connection, changed, turn.at.stored())?;
    }
    telling.write(connection)?;
    for run in &turn.runs {
        runs::insert(connection, run, Progress::new(run.run_at))?;
    }
    for new in &turn.plans {
        let of = new.of.map(|of| stage_key(connection, of)).transpose()?;
        insert(connection, new, account, of)?;
    }
    let mut too_much = set(connection, plan, &turn.variables)?;
    for stage in &turn.collected {
        too_much |= collect(connection, plan, stage_key(connection, *stage)?, style)?;
    }
    connection
        .prepare_cached(
            "UPDATE plans SET revision = revision + 1, started_at = coalesce(started_at, ?2), status = ?3 WHERE key = ?1",
        )
        .and_then(|mut update| update.execute(params![plan, turn.at.stored(), Status::Running.number()]))
        .map_err(internal)?;
    let failed = too_much.then(|| End {
        status: Status::Failed,
        error: Some(format!("the variables of a plan may have {VARIABLES_BYTES_MAX} bytes together")),
        result: None,
    });
    match failed.as_ref().or(turn.end.as_ref()) {
        Some(end) => end::end(connection, plan, end, turn.at).map(|()| true),
        None => Ok(true),
    }
}

fn change(connection: &Connection, changed: &Changed, at: i64) -> Result<()> {
    const SQL: &str =
        "UPDATE stages SET status = ?2, total = ?3, begun = ?4, over = ?5, concurrency = ?6, var = ?7,
            name = coalesce(?8, name), error = coalesce(?9, error), news = max(news - ?10, 0) + ?11,
            started_at = coalesce(started_at, ?12), completed_at = ?13
        WHERE id = ?1";
    let state = &changed.state;
    let begun = (state.status != StageStatus::Waiting).then_some(at);
    connection
        .prepare_cached(SQL)
        .and_then(|mut update| {
            update.execute(params![
                state.id.to_bytes(),
                state.status.number(),
                state.total,
                state.begun,
                state.over,
                state.concurrency,
                state.var,
                changed.name,
                changed.error,
                state.news,
                changed.again,
                begun,
                state.status.is_over().then_some(at)
            ])
        })
        .map(drop)
        .map_err(internal)
}

/// Sets variables. Says whether they are too much.
fn set(connection: &Connection, plan: i64, variables: &[(String, String)]) -> Result<bool> {
    if variables.is_empty() {
        return Ok(false);
    }
    const SQL: &str = "INSERT INTO plan_variables (plan, name, value) VALUES (?1, ?2, ?3)
        ON CONFLICT (plan, name) DO UPDATE SET value = ?3";
    let mut upsert = connection.prepare_cached(SQL).map_err(internal)?;
    for (name, value) in variables {
        upsert.execute(params![plan, name, value]).map_err(internal)?;
    }
    let bytes: usize = variables.iter().map(|(name, value)| name.len() + value.len()).sum();
    grown(connection, plan, bytes as i64)
}

/// Sets the variables that jobs of a stage have each for itself, to their results.
fn collect(connection: &Connection, plan: i64, stage: i64, style: Style) -> Result<bool> {
    let (none, json, text) =
        (ResultType::None.number(), ResultType::Json.number(), ResultType::Text.number());
    let value = match style {
        Style::Text => "json_quote(coalesce(t.output, ''))".to_owned(),
        Style::Json => format!(
            "CASE t.output_type WHEN {json} THEN t.output WHEN {text} THEN json_quote(t.output) WHEN {none} THEN 'null' END"
        ),
    };
    let from = format!(
        "FROM runs r JOIN jobs j ON j.key >= r.first_job AND j.key < r.first_job + r.succeeded
             JOIN job_arguments a ON a.job = j.key AND a.var IS NOT NULL
             JOIN attempts t ON t.key = j.key * {ATTEMPTS_OF_A_JOB} + j.attempts
         WHERE r.stage = ?1"
    );
    let sql = format!("SELECT coalesce(sum(octet_length(a.var) + octet_length({value})), 0) {from}");
    let mut bytes = connection.prepare_cached(&sql).map_err(internal)?;
    let bytes: i64 = bytes.query_row([stage], |row| row.get(0)).map_err(internal)?;
    if grown(connection, plan, bytes)? {
        return Ok(true);
    }
    let sql = format!(
        "INSERT OR REPLACE INTO plan_variables (plan, name, value) SELECT ?2, a.var, {value} {from} ORDER BY j.key"
    );
    let mut insert = connection.prepare_cached(&sql).map_err(internal)?;
    insert.execute([stage, plan]).map(|_| false).map_err(internal)
}

/// Notes that a plan's variables have grown. Says whether they are too much now.
fn grown(connection: &Connection, plan: i64, bytes: i64) -> Result<bool> {
    const SQL: &str =
        "UPDATE plans SET variables_bytes = variables_bytes + ?2 WHERE key = ?1 RETURNING variables_bytes";
    let mut update = connection.prepare_cached(SQL).map_err(internal)?;
    let bytes: i64 = update.query_row([plan, bytes], |row| row.get(0)).map_err(internal)?;
    Ok(u64::try_from(bytes).map_err(Error::internal)? > VARIABLES_BYTES_MAX)
}
