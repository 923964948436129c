//! Plans and their stages.

mod end;
mod news;
mod read;
mod telling;
mod turn;

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, params};
use skep_domain::model::id::{AccountId, PlanId, ScheduleId, StageId};
use skep_domain::model::job::Status;
use skep_domain::model::page::{Listed, Page};
use skep_domain::model::plan::{Names, Plan, Stage, StageStatus, Staged};
use skep_domain::model::time::Millis;
use skep_domain::model::webhook::Events;
use skep_domain::port::store::{
    Came, End, NewPlan, NewStage, News, NewsAsk, PlanFilter, Plans, StageState, Turn, Written,
};
use skep_domain::{Code, Error, Result};

use super::rows::{Stored, to_json};
use super::search::PLANS;
use super::webhooks::Listeners;
use super::{SqliteStore, internal, lists, receipts, webhooks};

#[async_trait]
impl Plans for SqliteStore {
    async fn plan_create(&self, plan: NewPlan, plans_max: usize) -> Result<Written> {
        self.write(move |connection| {
            if let Written::Before(receipt) = receipts::write(connection, plan.receipt.as_ref())? {
                return Ok(Written::Before(receipt));
            }
            let no_account = || Error::not_found("account");
            let account = lists::account_key(connection, plan.account)?.ok_or_else(no_account)?;
            check_room(connection, account, plans_max)?;
            insert(connection, &plan, account, None).map(|()| Written::Now)
        })
        .await
    }

    async fn plan_get(&self, account: AccountId, id: PlanId) -> Result<Option<Plan>> {
        self.read(move |connection| read::get(connection, account, id)).await
    }

    async fn plan_list(&self, account: AccountId, filter: PlanFilter, page: Page) -> Result<Listed<Plan>> {
        self.read(move |connection| read::list(connection, account, &filter, &page)).await
    }

    async fn plan_count(&self, account: AccountId, filter: PlanFilter) -> Result<u64> {
        self.read(move |connection| read::count(connection, account, &filter)).await
    }

    async fn plan_stages(
        &self,
        account: AccountId,
        id: PlanId,
        page: Page,
    ) -> Result<Option<Listed<Staged>>> {
        self.read(move |connection| read::stages(connection, account, id, page)).await
    }

    async fn stage_get(&self, account: AccountId, id: StageId) -> Result<Option<(PlanId, Staged)>> {
        self.read(move |connection| read::stage(connection, account, id)).await
    }

    async fn plan_variables(&self, id: PlanId, names: Names) -> Result<BTreeMap<String, String>> {
        self.read(move |connection| read::variables(connection, id, &names)).await
    }

    async fn plan_cancel(&self, account: AccountId, id: PlanId, now: Millis) -> Result<Option<Plan>> {
        self.write(move |connection| {
            let Some(plan) = read::get(connection, account, id)? else { return Ok(None) };
            if plan.status.is_over() {
                return Err(Error::conflict(format!("the plan is over: {}", plan.status.name())));
            }
            let key = key_of(connection, id)?;
            let cancelled = End { status: Status::Cancelled, error: None, result: None };
            end::end(connection, key, &cancelled, now)?;
            read::get(connection, account, id)
        })
        .await
    }

    async fn plan_restart(
        &self,
        account: AccountId,
        id: PlanId,
        stage: StageId,
        now: Millis,
    ) -> Result<Option<Plan>> {
        self.write(move |connection| {
            let Some(plan) = read::get(connection, account, id)? else { return Ok(None) };
            end::restart(connection, &plan, stage, now)?;
            read::get(connection, account, id)
        })
        .await
    }

    async fn plan_delete(&self, account: AccountId, id: PlanId) -> Result<bool> {
        self.write(move |connection| {
            let Some(plan) = read::get(connection, account, id)? else { return Ok(false) };
            if !plan.status.is_over() {
                return Err(Error::conflict("the plan is not over; cancel it first"));
            }
            let mut update = connection.prepare_cached("UPDATE plans SET account = 0 WHERE id = ?");
            update.as_mut().map_or(Ok(0), |update| update.execute([id.to_bytes()])).map_err(internal)?;
            Ok(true)
        })
        .await
    }

    async fn plan_news(&self, ask: NewsAsk, now: Millis) -> Result<News> {
        let after = self.planned_after.clone();
        self.read(move |connection| {
            let (news, last) = news::news(connection, &ask, after.load(Ordering::Relaxed), now)?;
            after.store(last, Ordering::Relaxed);
            Ok(news)
        })
        .await
    }

    async fn stage_state(&self, id: StageId) -> Result<Option<StageState>> {
        self.read(move |connection| news::state(connection, id)).await
    }

    async fn stage_part(&self, parent: StageId, position: u32) -> Result<Option<StageState>> {
        self.read(move |connection| news::part(connection, parent, position)).await
    }

    async fn stage_definition(&self, id: StageId) -> Result<Option<Stage>> {
        self.read(move |connection| news::definition(connection, id)).await
    }

    async fn stage_came(&self, id: StageId) -> Result<Came> {
        self.read(move |connection| news::came(connection, id)).await
    }

    async fn plan_turn(&self, turn: Turn) -> Result<bool> {
        self.write(move |connection| turn::write(connection, &turn)).await
    }
}

fn check_room(connection: &Connection, account: i64, plans_max: usize) -> Result<()> {
    let there: i64 = connection
        .prepare_cached("SELECT count(*) FROM plans WHERE account = ? AND completed_at IS NULL")
        .and_then(|mut select| select.query_row([account], |row| row.get(0)))
        .map_err(internal)?;
    if there < plans_max as i64 {
        return Ok(());
    }
    let message =
        format!("an account may have {plans_max} plans that are not over; wait for one, or cancel it");
    Err(Error::new(Code::TooMany, message))
}

/// Makes a plan of a schedule. Says why it cannot where the account has so many.
pub(super) fn scheduled(connection: &Connection, plan: &NewPlan, plans_max: usize) -> Result<Option<String>> {
    let Some(account) = lists::account_key(connection, plan.account)? else { return Ok(None) };
    match check_room(connection, account, plans_max) {
        Err(error) if error.code() == Code::TooMany => Ok(Some(error.message().to_owned())),
        Err(error) => Err(error),
        Ok(()) => insert(connection, plan, account, None).map(|()| None),
    }
}

/// Writes a plan with the stage that goes through its stages, which there is news of unless it is to wait.
fn insert(connection: &Connection, plan: &NewPlan, account: i64, of: Option<i64>) -> Result<()> {
    const SQL: &str =
        "INSERT INTO plans (id, account, stage, listed, detached, head, secrets, sealed, status, root,
            revision, variables_bytes, run_at, created_at, schedule)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, 0, 0, 0, ?9, ?10, ?11)";
    let mut head = plan.head.clone();
    let noted = head.noted.take();
    connection
        .prepare_cached(SQL)
        .and_then(|mut insert| {
            insert.execute(params![
                plan.id.to_bytes(),
                account,
                of,
                of.is_none(),
                plan.is_detached,
                to_json(&head),
                to_json(&plan.secrets),
                plan.sealed,
                plan.run_at.map(Stored::stored),
                plan.at.stored(),
                plan.schedule.map(ScheduleId::to_bytes)
            ])
        })
        .map_err(internal)?;
    let key = connection.last_insert_rowid();
    if let Some(noted) = noted {
        keep_apart(connection, "INSERT INTO plan_notes VALUES (?, ?)", key, &noted)?;
    }
    if of.is_none() {
        let words = [Some(&head.name), head.description.as_ref()].into_iter().flatten();
        let words = words.map(String::as_str).collect::<Vec<_>>().join(" ");
        PLANS.insert(connection, key, account, Some(&words), &head.tags)?;
    }
    for webhook in &plan.webhooks {
        webhooks::insert(connection, webhook, account, Some(key), plan.at)?;
    }
    let hooked = Listeners::of(connection, account, of.is_none(), Some(key))?.events();
    let root = insert_stage(connection, key, None, &plan.root, u32::from(plan.run_at.is_none()))?;
    connection
        .prepare_cached("UPDATE plans SET root = ?2, hooked = ?3 WHERE key = ?1")
        .and_then(|mut update| update.execute([key, root, hooked.within(Events::of_plans()).stored()]))
        .map(drop)
        .map_err(internal)
}

/// Writes a stage that waits. Returns its key.
fn insert_stage(
    connection: &Connection,
    plan: i64,
    parent: Option<i64>,
    stage: &NewStage,
    news: u32,
) -> Result<i64> {
    const SQL: &str =
        "INSERT INTO stages (id, plan, parent, position, kind, status, scope, concurrency, total, begun,
            over, news)
        VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, 0, 0, ?)";
    connection
        .prepare_cached(SQL)
        .and_then(|mut insert| {
            insert.execute(params![
                stage.id.to_bytes(),
                plan,
                parent,
                stage.position,
                stage.kind.number(),
                StageStatus::Waiting.number(),
                stage.scope,
                news
            ])
        })
        .map_err(internal)?;
    let key = connection.last_insert_rowid();
    if let Some(stage) = &stage.stage {
        keep_apart(connection, "INSERT INTO stage_definitions VALUES (?, ?)", key, &to_json(stage))?;
    }
    Ok(key)
}

/// Writes what is long and seldom read to a table of its own.
fn keep_apart(connection: &Connection, sql: &str, key: i64, text: &str) -> Result<()> {
    let insert = connection.prepare_cached(sql);
    insert.and_then(|mut insert| insert.execute(params![key, text])).map(drop).map_err(internal)
}

fn key_of(connection: &Connection, id: PlanId) -> Result<i64> {
    let mut select = connection.prepare_cached("SELECT key FROM plans WHERE id = ?").map_err(internal)?;
    let key = select.query_row([id.to_bytes()], |row| row.get(0)).optional().map_err(internal)?;
    key.ok_or_else(|| Error::not_found("plan"))
}

/// The key of a stage.
pub(super) fn stage_key(connection: &Connection, id: StageId) -> Result<i64> {
    let mut select = connection.prepare_cached("SELECT key FROM stages WHERE id = ?").map_err(internal)?;
    let key = select.query_row([id.to_bytes()], |row| row.get(0)).optional().map_err(internal)?;
    key.ok_or_else(|| Error::not_found("stage"))
}

/// Tells a stage that is under way that there is news of what it made.
pub(super) fn tell(connection: &Connection, stage: i64) -> Result<()> {
    connection
        .prepare_cached("UPDATE stages SET news = news + 1 WHERE key = ? AND status = 1")
        .and_then(|mut update| update.execute([stage]))
        .map(drop)
        .map_err(internal)
}

pub(super) use self::end::{delete_of_schedule, purge};
