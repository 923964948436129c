//! Plans of which there is news, as going on with them needs them.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, params};
use skep_domain::Result;
use skep_domain::model::attempt::Output;
use skep_domain::model::id::{PlanId, StageId};
use skep_domain::model::job::{ResultType, Status};
use skep_domain::model::plan::{Kind, Names, Stage, StageStatus};
use skep_domain::model::time::Millis;
use skep_domain::port::store::{Begun, Came, News, NewsAsk, StageState};

use super::read::{self, Large};
use crate::sqlite::internal;
use crate::sqlite::jobs::moves::ATTEMPTS_OF_A_JOB;
use crate::sqlite::rows::{RowExt, Stored, corrupt};

/// Bytes of variables that are read with the news: what a turn then need not ask for.
const FEW_BYTES: u64 = 16 << 10;

const STATE: &str =
    "SELECT s.key, s.id, m.id AS parent_id, s.position, s.kind, s.status, s.total, s.begun, s.over,
        s.concurrency, s.var, s.scope, s.news FROM stages s LEFT JOIN stages m ON m.key = s.parent ";

/// Plans of which there is news, from the one after a given one round to it, and those whose time has come. And the
/// last that was looked at, where there may be more.
pub(super) fn news(connection: &Connection, ask: &NewsAsk, after: i64, now: Millis) -> Result<(News, i64)> {
    // What goes on no more must not fill the list: a deleted account has its plans until they are purged.
    const NEWS: &str =
        "SELECT p.id, p.key FROM (SELECT DISTINCT plan FROM stages WHERE news > 0 AND plan > ?1 AND EXISTS
            (SELECT 1 FROM plans q JOIN accounts a ON a.key = q.account AND a.deleted = 0
             WHERE q.key = stages.plan AND q.completed_at IS NULL)
            ORDER BY plan LIMIT ?2) n
        CROSS JOIN plans p ON p.key = n.plan";
    const DUE: &str = "SELECT p.id, p.key FROM plans p JOIN accounts a ON a.key = p.account AND a.deleted = 0
        WHERE p.run_at IS NOT NULL AND p.started_at IS NULL AND p.completed_at IS NULL AND p.run_at <= ?1 ORDER BY p.run_at LIMIT ?2";
    // One snapshot, opened once.
    let _snapshot = connection.unchecked_transaction().map_err(internal)?;
    let limit = ask.plans_max as usize + ask.except.len();
    let read = |sql: &str, from: i64, limit: usize| -> Result<Vec<(PlanId, i64)>> {
        let mut select = connection.prepare_cached(sql).map_err(internal)?;
        let rows =
            select.query_map([from, limit as i64], |row| Ok((PlanId::from_bytes(row.get(0)?), row.get(1)?)));
        rows.and_then(Iterator::collect).map_err(internal)
    };
    let mut found = read(NEWS, after, limit)?;
    if found.len() < limit && after > 0 {
        let before = read(NEWS, 0, limit - found.len())?;
        found.extend(before.into_iter().filter(|(_, key)| *key <= after));
    }
    let mut due = read(DUE, now.stored(), limit)?;
    let is_full = found.len() == limit || due.len() == limit;
    due.retain(|plan| !found.contains(plan));
    found.append(&mut due);
    let count = found.len();
    found.retain(|(id, _)| !ask.except.contains(id));
    found.truncate(ask.plans_max as usize);
    let has_more = is_full || found.len() < count;
    let last = found.last().map_or(0, |(_, key)| *key);
    let mut news = News { plans: Vec::new(), has_more, next_due: next_due(connection, now)? };
    for (id, _) in found {
        // What is wrong with one keeps no other from going on.
        news.plans.extend(begun(connection, id, ask.stages_max).transpose().map(|begun| (id, begun)));
    }
    Ok((news, if has_more { last } else { 0 }))
}

fn next_due(connection: &Connection, now: Millis) -> Result<Option<Millis>> {
    const SQL: &str = "SELECT min(run_at) FROM plans
        WHERE run_at IS NOT NULL AND started_at IS NULL AND completed_at IS NULL AND run_at > ?";
    let mut select = connection.prepare_cached(SQL).map_err(internal)?;
    select.query_row([now.stored()], |row| row.maybe_millis(0)).map_err(internal)
}

fn begun(connection: &Connection, id: PlanId, stages_max: u32) -> Result<Option<Begun>> {
    let sql = read::plans(Large::Nothing, "p.id = ? AND p.completed_at IS NULL");
    let mut select = connection.prepare_cached(&sql).map_err(internal)?;
    let found = select.query_row([id.to_bytes()], |row| {
        let key: i64 = row.get("key")?;
        let begun = Begun {
            plan: read::plan(row)?,
            sealed: row.get("sealed")?,
            revision: row.unsigned("revision")?,
            variables_bytes: row.unsigned("variables_bytes")?,
            variables: None,
            news: Vec::new(),
            came: Vec::new(),
            parents: Vec::new(),
            next: Vec::new(),
        };
        Ok((key, begun))
    });
    let Some((key, mut begun)) = found.optional().map_err(internal)? else { return Ok(None) };
    // One that has waited for its time begins with its root.
    let is_due = begun.plan.run_at.is_some() && begun.plan.started_at.is_none();
    let condition = if is_due {
        "s.key = (SELECT root FROM plans WHERE key = ?1) OR (s.plan = ?1 AND s.news > 0)"
    } else {
        "s.plan = ?1 AND s.news > 0"
    };
    let sql = format!("{STATE} WHERE {condition} ORDER BY s.key LIMIT ?2");
    let mut select = connection.prepare_cached(&sql).map_err(internal)?;
    let rows = select.query_map([key, i64::from(stages_max)], stage_state);
    begun.news = rows.and_then(Iterator::collect).map_err(internal)?;
    if begun.variables_bytes <= FEW_BYTES {
        begun.variables = Some(read::variables(connection, id, &Names::All)?);
    }
    near(connection, &mut begun)?;
    Ok(Some(begun))
}

/// Reads what a turn is most likely to ask for next, so that it need not ask.
fn near(connection: &Connection, begun: &mut Begun) -> Result<()> {
    let mut parents = BTreeMap::new();
    for stage in &begun.news {
        let made =
            matches!(stage.kind, Kind::Call | Kind::Plan) || (stage.kind == Kind::Each && stage.total == 0);
        if made && stage.status == StageStatus::Running {
            begun.came.push((stage.id, came(connection, stage.id)?));
        }
        if let Some(parent) = stage.parent
            && !parents.contains_key(&parent)
            && let Some(state) = state(connection, parent)?
        {
            parents.insert(parent, state);
        }
    }
    for parent in
        parents.values().filter(|parent| parent.kind == Kind::Sequence && parent.begun < parent.total)
    {
        if let Some(next) = part(connection, parent.id, parent.begun)? {
            let definition = definition(connection, next.id)?;
            begun.next.push((next, definition));
        }
    }
    begun.parents = parents.into_values().collect();
    Ok(())
}

pub(super) fn state(connection: &Connection, id: StageId) -> Result<Option<StageState>> {
    let mut select = connection.prepare_cached(&format!("{STATE} WHERE s.id = ?")).map_err(internal)?;
    select.query_row([id.to_bytes()], stage_state).optional().map_err(internal)
}

pub(super) fn part(connection: &Connection, parent: StageId, position: u32) -> Result<Option<StageState>> {
    let sql = format!(
        "{STATE} WHERE s.parent = (SELECT key FROM stages WHERE id = ?) AND s.position = ? ORDER BY s.key DESC LIMIT 1"
    );
    let mut select = connection.prepare_cached(&sql).map_err(internal)?;
    select.query_row(params![parent.to_bytes(), position], stage_state).optional().map_err(internal)
}

pub(super) fn definition(connection: &Connection, id: StageId) -> Result<Option<Stage>> {
    const SQL: &str =
        "SELECT d.definition FROM stages s JOIN stage_definitions d ON d.stage = s.key WHERE s.id = ?";
    let mut select = connection.prepare_cached(SQL).map_err(internal)?;
    select.query_row([id.to_bytes()], |row| row.json("definition")).optional().map_err(internal)
}

pub(super) fn came(connection: &Connection, id: StageId) -> Result<Came> {
    let key = super::stage_key(connection, id)?;
    const PLAN: &str = "SELECT status, error, result FROM plans WHERE stage = ?";
    let mut select = connection.prepare_cached(PLAN).map_err(internal)?;
    let inner = select.query_row([key], |row| {
        Ok((row.get::<_, u8>(0)?, row.get::<_, Option<String>>(1)?, row.get::<_, Option<String>>(2)?))
    });
    if let Some((status, error, result)) = inner.optional().map_err(internal)? {
        let status = Status::from_number(status).ok_or_else(|| internal(corrupt("status")))?;
        return Ok(came_of_plan(status, error, result));
    }
    const RUNS: &str = "SELECT first_job, succeeded, failed + timed_out + cancelled AS bad, queued + running + retrying AS live
        FROM runs WHERE stage = ?";
    let mut select = connection.prepare_cached(RUNS).map_err(internal)?;
    let rows = select.query_map([key], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]));
    let runs: Vec<[i64; 4]> = rows.and_then(Iterator::collect).map_err(internal)?;
    for [first, succeeded, bad, live] in &runs {
        if *bad > 0 {
            return came_badly(connection, *first, first + succeeded + bad + live);
        }
    }
    match runs.as_slice() {
        [] => Ok(Came::Nothing),
        runs if runs.iter().any(|[.., live]| *live > 0) => Ok(Came::Nothing),
        [[first, 1, _, _]] => output(connection, *first).map(Came::Well),
        _ => Ok(Came::Well(None)),
    }
}

fn came_of_plan(status: Status, error: Option<String>, result: Option<String>) -> Came {
    match status {
        Status::Queued | Status::Running | Status::Retrying => Came::Nothing,
        Status::Cancelled => Came::Cancelled,
        Status::Failed | Status::TimedOut => Came::Failed(error.unwrap_or_default()),
        // What is a text as JSON is that text.
        Status::Succeeded => Came::Well(result.map(|json| match serde_json::from_str::<String>(&json) {
            Ok(text) => Output::Text(text),
            Err(_) => Output::Json(json),
        })),
    }
}

/// Why the first job that did not succeed did not.
fn came_badly(connection: &Connection, first: i64, end: i64) -> Result<Came> {
    let sql = format!(
        "SELECT j.status, t.message FROM jobs j LEFT JOIN attempts t ON t.key = j.key * {ATTEMPTS_OF_A_JOB} + j.attempts
         WHERE j.key >= ? AND j.key < ? AND j.status IN (4, 5, 6) ORDER BY j.status, j.key LIMIT 1"
    );
    let mut select = connection.prepare_cached(&sql).map_err(internal)?;
    let found =
        select.query_row([first, end], |row| Ok((row.get::<_, u8>(0)?, row.get::<_, Option<String>>(1)?)));
    Ok(match found.optional().map_err(internal)? {
        Some((status, _)) if status == Status::Cancelled.number() => Came::Cancelled,
        Some((_, why)) => Came::Failed(why.unwrap_or_default()),
        None => Came::Nothing,
    })
}

fn output(connection: &Connection, job: i64) -> Result<Option<Output>> {
    let sql = format!(
        "SELECT t.output_type, t.output FROM jobs j JOIN attempts t ON t.key = j.key * {ATTEMPTS_OF_A_JOB} + j.attempts WHERE j.key = ?"
    );
    let mut select = connection.prepare_cached(&sql).map_err(internal)?;
    let found = select.query_row([job], |row| Ok((row.get::<_, u8>(0)?, row.get::<_, Option<String>>(1)?)));
    Ok(found.optional().map_err(internal)?.map(|(kind, text)| match (kind, text) {
        (kind, Some(text)) if kind == ResultType::Json.number() => Output::Json(text),
        (_, Some(text)) => Output::Text(text),
        (_, None) => Output::None,
    }))
}

fn stage_state(row: &Row<'_>) -> rusqlite::Result<StageState> {
    Ok(StageState {
        id: StageId::from_bytes(row.get("id")?),
        parent: row.get::<_, Option<[u8; 16]>>("parent_id")?.map(StageId::from_bytes),
        position: row.get("position")?,
        kind: Kind::from_number(row.get("kind")?).ok_or_else(|| corrupt("kind"))?,
        status: StageStatus::from_number(row.get("status")?).ok_or_else(|| corrupt("status"))?,
        total: row.get("total")?,
        begun: row.get("begun")?,
        over: row.get("over")?,
        concurrency: row.get("concurrency")?,
        var: row.get("var")?,
        scope: row.get("scope")?,
        news: row.get("news")?,
    })
}
