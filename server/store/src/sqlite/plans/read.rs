//! Plans and stages, as they are shown and as going on needs them.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};
use skep_domain::Result;
use skep_domain::model::attempt::Output;
use skep_domain::model::id::{AccountId, PlanId, RunId, ScheduleId, StageId};
use skep_domain::model::job::{ResultType, Status};
use skep_domain::model::money::Nanodollars;
use skep_domain::model::page::{Listed, Page, Position};
use skep_domain::model::plan::{Head, Kind, Names, Plan, Stage, StageStatus, Staged};
use skep_domain::model::run::Counts;
use skep_domain::model::time::Millis;
use skep_domain::port::store::{Begun, Came, PlanFilter, StageState};

use crate::sqlite::internal;
use crate::sqlite::jobs::moves::ATTEMPTS_OF_A_JOB;
use crate::sqlite::lists::{self, Range};
use crate::sqlite::rows::{RowExt, Stored, corrupt};
use crate::sqlite::runs::COUNTS;
use crate::sqlite::search::PLANS;

/// Plans that are counted.
const COUNTED_MAX: u64 = 10_000;

/// What of a plan takes as long to read as the plan is large.
#[derive(Clone, Copy)]
enum Large {
    /// What it cost, and what a dialect noted.
    All,
    /// What it cost.
    Cost,
    /// Neither: each turn of a plan reads it.
    Nothing,
}

/// Reads plans.
fn plans(large: Large, condition: &str) -> String {
    let noted = if matches!(large, Large::All) { "p.noted" } else { "NULL" };
    let cost = if matches!(large, Large::Nothing) {
        "0"
    } else {
        "(SELECT coalesce(sum(r.cost), 0) FROM stages c JOIN runs r ON r.stage = c.key WHERE c.plan = p.key)"
    };
    format!(
        "SELECT p.key, p.id, a.id AS account_id, o.id AS parent_id, p.schedule, p.head, p.secrets, p.status, p.error, p.result,
            p.run_at, p.created_at, p.started_at, p.completed_at, s.total, s.begun, s.over, p.sealed, p.revision,
            p.variables_bytes, {noted} AS noted, {cost} AS cost
        FROM plans p JOIN accounts a ON a.key = p.account AND a.deleted = 0 JOIN stages s ON s.key = p.root
        LEFT JOIN stages m ON m.key = p.stage LEFT JOIN plans o ON o.key = m.plan WHERE {condition}"
    )
}

const STATE: &str =
    "SELECT s.key, s.id, m.id AS parent_id, s.position, s.kind, s.status, s.total, s.begun, s.over,
        s.concurrency, s.var, s.scope, s.news FROM stages s LEFT JOIN stages m ON m.key = s.parent ";

const STAGED: &str = "SELECT s.key, s.id, m.id AS parent_id, m.parent AS grand, s.position, s.stage, s.name, s.kind,
        s.status, s.total, s.over, s.error, s.started_at, s.completed_at,
        (SELECT id FROM plans WHERE stage = s.key) AS made FROM stages s LEFT JOIN stages m ON m.key = s.parent ";

pub(super) fn get(connection: &Connection, account: AccountId, id: PlanId) -> Result<Option<Plan>> {
    let sql = plans(Large::All, "p.id = ? AND a.id = ?");
    let mut select = connection.prepare_cached(&sql).map_err(internal)?;
    select.query_row([id.to_bytes(), account.to_bytes()], plan).optional().map_err(internal)
}

pub(super) fn list(
    connection: &Connection,
    account: AccountId,
    filter: &PlanFilter,
    page: &Page,
) -> Result<Listed<Plan>> {
    let nothing = Ok(Listed { items: Vec::new(), next: None });
    let Some(account) = lists::account_key(connection, account)? else { return nothing };
    let found = match &filter.search {
        Some(search) => PLANS.found(connection, account, search, filter.order, page, |row| {
            Ok(row.get::<_, i64>("account")? == account
                && filter.status.is_none_or(|status| row.get("status") == Ok(status.number())))
        })?,
        None => lists::merged(connection, &[range(account, filter)], filter.order, page)?,
    };
    let sql = plans(Large::Cost, "p.key = ?");
    let mut select = connection.prepare_cached(&sql).map_err(internal)?;
    let rows = found.rows.iter().map(|position| select.query_row([position.row.stored()], plan).optional());
    let items =
        rows.filter_map(rusqlite::Result::transpose).collect::<rusqlite::Result<_>>().map_err(internal)?;
    Ok(Listed { items, next: found.next })
}

fn range(account: i64, filter: &PlanFilter) -> Range {
    let mut prefix = vec![("account", account), ("listed", 1)];
    prefix.extend(filter.status.map(|status| ("status", i64::from(status.number()))));
    let index = if filter.status.is_some() { "plans_status" } else { "plans_listed" };
    let (from, to) = lists::bounds(None, None);
    Range { table: "plans", index, prefix, sort: "created_at", from, to, order: filter.order }
}

pub(super) fn count(connection: &Connection, account: AccountId, filter: &PlanFilter) -> Result<u64> {
    let Some(account) = lists::account_key(connection, account)? else { return Ok(0) };
    if let Some(search) = &filter.search {
        return PLANS.count(connection, account, search, filter.status.map(Status::number), COUNTED_MAX);
    }
    let status = filter.status.map_or(String::new(), |status| format!("AND status = {}", status.number()));
    let sql = format!(
        "SELECT count(*) FROM (SELECT 1 FROM plans WHERE account = ? AND listed = 1 {status} LIMIT {COUNTED_MAX})"
    );
    let mut select = connection.prepare_cached(&sql).map_err(internal)?;
    select.query_row([account], |row| row.unsigned(0)).map_err(internal)
}

pub(super) fn stages(
    connection: &Connection,
    account: AccountId,
    id: PlanId,
    page: Page,
) -> Result<Option<Listed<Staged>>> {
    const PLAN: &str =
        "SELECT p.key, p.root FROM plans p JOIN accounts a ON a.key = p.account WHERE p.id = ? AND a.id = ?";
    let mut select = connection.prepare_cached(PLAN).map_err(internal)?;
    let found = select.query_row([id.to_bytes(), account.to_bytes()], |row| Ok([row.get(0)?, row.get(1)?]));
    let Some([plan, root]) = found.optional().map_err(internal)? else { return Ok(None) };
    let sql = format!(
        "{STAGED} WHERE s.plan = ? AND s.key > ? AND s.key <> ? AND s.status <> 0 ORDER BY s.key LIMIT ?"
    );
    let after = page.after.map_or(0, |after| after.row.stored());
    let mut select = connection.prepare_cached(&sql).map_err(internal)?;
    let rows: i64 = i64::from(page.limit) + 1;
    let rows =
        select.query_map([plan, after, root, rows], |row| Ok((row.get::<_, i64>("key")?, staged(row)?)));
    let mut found: Vec<(i64, Staged)> = rows.and_then(Iterator::collect).map_err(internal)?;
    let is_more = found.len() > page.limit as usize;
    found.truncate(page.limit as usize);
    let next =
        found.last().filter(|_| is_more).map(|(key, _)| Position { at: Millis(0), row: key.unsigned_abs() });
    let items = found.into_iter().map(|(key, staged)| with_runs(connection, key, staged));
    Ok(Some(Listed { items: items.collect::<Result<_>>()?, next }))
}

pub(super) fn stage(
    connection: &Connection,
    account: AccountId,
    id: StageId,
) -> Result<Option<(PlanId, Staged)>> {
    let sql = format!(
        "{STAGED} WHERE s.id = ? AND (SELECT a.id FROM plans p JOIN accounts a ON a.key = p.account WHERE p.key = s.plan) = ?"
    );
    let mut select = connection.prepare_cached(&sql).map_err(internal)?;
    let found = select
        .query_row([id.to_bytes(), account.to_bytes()], |row| Ok((row.get::<_, i64>("key")?, staged(row)?)));
    let Some((key, staged)) = found.optional().map_err(internal)? else { return Ok(None) };
    let plan = connection
        .prepare_cached("SELECT p.id FROM stages s JOIN plans p ON p.key = s.plan WHERE s.key = ?")
        .and_then(|mut select| select.query_row([key], |row| row.get(0)))
        .map_err(internal)?;
    Ok(Some((PlanId::from_bytes(plan), with_runs(connection, key, staged)?)))
}

fn with_runs(connection: &Connection, stage: i64, mut staged: Staged) -> Result<Staged> {
    let sql = format!("SELECT id, {} FROM runs WHERE stage = ? ORDER BY key", COUNTS.join(", "));
    let mut select = connection.prepare_cached(&sql).map_err(internal)?;
    let rows = select.query_map([stage], |row| {
        let mut counts = Counts::default();
        for (count, column) in counts.0.iter_mut().zip(COUNTS) {
            *count = row.get(column)?;
        }
        Ok((RunId::from_bytes(row.get("id")?), counts))
    });
    staged.runs = rows.and_then(Iterator::collect).map_err(internal)?;
    Ok(staged)
}

pub(super) fn variables(
    connection: &Connection,
    id: PlanId,
    names: &Names,
) -> Result<BTreeMap<String, String>> {
    let (condition, names) = match names {
        Names::All => (String::new(), Vec::new()),
        Names::Some(names) => (
            format!("AND v.name IN ({})", vec!["?"; names.len()].join(", ")),
            names.iter().cloned().collect(),
        ),
    };
    let sql = format!(
        "SELECT v.name, v.value FROM plans p JOIN plan_variables v ON v.plan = p.key WHERE p.id = ? {condition}"
    );
    let values = [rusqlite::types::Value::Blob(id.to_bytes().to_vec())];
    let values = values.into_iter().chain(names.into_iter().map(rusqlite::types::Value::Text));
    let mut select = connection.prepare_cached(&sql).map_err(internal)?;
    let rows = select.query_map(params_from_iter(values), |row| Ok((row.get(0)?, row.get(1)?)));
    rows.and_then(Iterator::collect).map_err(internal)
}

/// Plans of which there is news, from one on, and those whose time has come. And the last that was looked at, where
/// there may be more.
pub(super) fn news(
    connection: &Connection,
    limit: u32,
    after: i64,
    now: Millis,
) -> Result<(Vec<PlanId>, i64)> {
    const NEWS: &str = "SELECT p.id, p.key FROM (SELECT DISTINCT plan FROM stages WHERE news > 0 AND plan > ?1 ORDER BY plan LIMIT ?2) n
        CROSS JOIN plans p ON p.key = n.plan JOIN accounts a ON a.key = p.account AND a.deleted = 0
        WHERE p.completed_at IS NULL";
    const DUE: &str = "SELECT p.id, 0 FROM plans p JOIN accounts a ON a.key = p.account AND a.deleted = 0
        WHERE p.run_at IS NOT NULL AND p.started_at IS NULL AND p.completed_at IS NULL AND p.run_at <= ?1 ORDER BY p.run_at LIMIT ?2";
    let read = |sql: &str, from: i64| -> Result<Vec<(PlanId, i64)>> {
        let mut select = connection.prepare_cached(sql).map_err(internal)?;
        let rows = select
            .query_map([from, i64::from(limit)], |row| Ok((PlanId::from_bytes(row.get(0)?), row.get(1)?)));
        rows.and_then(Iterator::collect).map_err(internal)
    };
    let mut found = read(NEWS, after)?;
    if found.is_empty() && after > 0 {
        found = read(NEWS, 0)?;
    }
    let last = found.last().map_or(0, |(_, key)| *key);
    found.extend(read(DUE, now.stored())?);
    Ok((found.into_iter().map(|(id, _)| id).collect(), last))
}

pub(super) fn next_due(connection: &Connection, now: Millis) -> Result<Option<Millis>> {
    const SQL: &str = "SELECT min(run_at) FROM plans
        WHERE run_at IS NOT NULL AND started_at IS NULL AND completed_at IS NULL AND run_at > ?";
    let mut select = connection.prepare_cached(SQL).map_err(internal)?;
    select.query_row([now.stored()], |row| row.maybe_millis(0)).map_err(internal)
}

pub(super) fn begun(connection: &Connection, id: PlanId, stages_max: u32) -> Result<Option<Begun>> {
    let sql = plans(Large::Nothing, "p.id = ? AND p.completed_at IS NULL");
    let mut select = connection.prepare_cached(&sql).map_err(internal)?;
    let found = select.query_row([id.to_bytes()], |row| {
        let key: i64 = row.get("key")?;
        let begun = Begun {
            plan: plan(row)?,
            sealed: row.get("sealed")?,
            revision: row.unsigned("revision")?,
            variables_bytes: row.unsigned("variables_bytes")?,
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
    const SQL: &str = "SELECT stage FROM stages WHERE id = ? AND stage IS NOT NULL";
    let mut select = connection.prepare_cached(SQL).map_err(internal)?;
    select.query_row([id.to_bytes()], |row| row.json("stage")).optional().map_err(internal)
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

fn plan(row: &Row<'_>) -> rusqlite::Result<Plan> {
    let id = |column: &str| row.get::<_, Option<[u8; 16]>>(column);
    Ok(Plan {
        id: PlanId::from_bytes(row.get("id")?),
        account: AccountId::from_bytes(row.get("account_id")?),
        parent: id("parent_id")?.map(PlanId::from_bytes),
        schedule: id("schedule")?.map(ScheduleId::from_bytes),
        head: Head { noted: row.get("noted")?, ..row.json("head")? },
        secrets: row.json("secrets")?,
        status: Status::from_number(row.get("status")?).ok_or_else(|| corrupt("status"))?,
        total: row.get("total")?,
        begun: row.get("begun")?,
        over: row.get("over")?,
        error: row.get("error")?,
        result: row.get("result")?,
        cost: Nanodollars(row.unsigned("cost")?),
        run_at: row.maybe_millis("run_at")?,
        created_at: row.millis("created_at")?,
        started_at: row.maybe_millis("started_at")?,
        completed_at: row.maybe_millis("completed_at")?,
    })
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

fn staged(row: &Row<'_>) -> rusqlite::Result<Staged> {
    let stage: Option<String> = row.get("stage")?;
    let stage = stage.map(|_| row.json::<Stage>("stage")).transpose()?;
    // The root is not shown: what it has are the parts of the first level.
    let is_first = row.get::<_, Option<i64>>("grand")?.is_none();
    let parent = row.get::<_, Option<[u8; 16]>>("parent_id")?.map(StageId::from_bytes);
    Ok(Staged {
        id: StageId::from_bytes(row.get("id")?),
        parent: parent.filter(|_| !is_first),
        position: row.get("position")?,
        stage,
        name: row.get("name")?,
        kind: Kind::from_number(row.get("kind")?).ok_or_else(|| corrupt("kind"))?,
        status: StageStatus::from_number(row.get("status")?).ok_or_else(|| corrupt("status"))?,
        total: row.get("total")?,
        over: row.get("over")?,
        runs: Vec::new(),
        plan: row.get::<_, Option<[u8; 16]>>("made")?.map(PlanId::from_bytes),
        error: row.get("error")?,
        started_at: row.maybe_millis("started_at")?,
        completed_at: row.maybe_millis("completed_at")?,
    })
}
