//! Plans and stages, as they are shown and as going on needs them.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};
use skep_domain::Result;
use skep_domain::model::id::{AccountId, PlanId, RunId, ScheduleId, StageId};
use skep_domain::model::job::Status;
use skep_domain::model::money::Nanodollars;
use skep_domain::model::page::{Listed, Page, Position};
use skep_domain::model::plan::{Head, Kind, Names, Plan, Stage, StageStatus, Staged};
use skep_domain::model::run::Counts;
use skep_domain::model::time::Millis;
use skep_domain::port::store::PlanFilter;

use crate::sqlite::internal;
use crate::sqlite::lists::{self, Range};
use crate::sqlite::rows::{RowExt, Stored, corrupt};
use crate::sqlite::runs::COUNTS;
use crate::sqlite::search::PLANS;

/// Plans that are counted.
const COUNTED_MAX: u64 = 10_000;

/// What of a plan takes as long to read as the plan is large.
#[derive(Clone, Copy)]
pub(super) enum Large {
    /// What it cost, and what a dialect noted.
    All,
    /// What it cost.
    Cost,
    /// Neither: each turn of a plan reads it.
    Nothing,
}

/// Reads plans.
pub(super) fn plans(large: Large, condition: &str) -> String {
    let noted = if matches!(large, Large::All) {
        "(SELECT noted FROM plan_notes WHERE plan = p.key)"
    } else {
        "NULL"
    };
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

const STAGED: &str =
    "SELECT s.key, s.id, m.id AS parent_id, m.parent AS grand, s.position, d.definition, s.name, s.kind,
        s.status, s.total, s.over, s.error, s.started_at, s.completed_at,
        (SELECT id FROM plans WHERE stage = s.key) AS made
    FROM stages s LEFT JOIN stage_definitions d ON d.stage = s.key LEFT JOIN stages m ON m.key = s.parent ";

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

pub(super) fn plan(row: &Row<'_>) -> rusqlite::Result<Plan> {
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

fn staged(row: &Row<'_>) -> rusqlite::Result<Staged> {
    let definition: Option<String> = row.get("definition")?;
    let stage = definition.map(|_| row.json::<Stage>("definition")).transpose()?;
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
