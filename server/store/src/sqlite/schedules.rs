//! Schedules.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};
use skep_domain::model::function::Name;
use skep_domain::model::id::{AccountId, ScheduleId, SubjectId};
use skep_domain::model::job::Progress;
use skep_domain::model::schedule::{Missed, PlannedPlan, Schedule, Timing, What};
use skep_domain::model::time::Millis;
use skep_domain::port::store::{Due, Fired, Past, Schedules, Submitted};
use skep_domain::{Code, Error, Result};

use super::rows::{RowExt, Stored, corrupt};
use super::{SqliteStore, internal, plans, runs};

const SCHEDULE: &str =
    "SELECT s.key, s.id, a.id AS account_id, s.name, s.cron, s.zone, s.missed, s.planned, s.sealed, s.next_at,
        s.last_at, s.last_run, s.last_error, s.created_at, s.updated_at
    FROM schedules s JOIN accounts a ON a.key = s.account AND a.deleted = 0 ";

#[async_trait]
impl Schedules for SqliteStore {
    async fn schedule_put(&self, schedule: Schedule, schedules_max: usize) -> Result<(Schedule, bool)> {
        self.write(move |connection| {
            let is_new = get(connection, schedule.account, &schedule.name)?.is_none();
            if is_new {
                check_room(connection, schedule.account, schedules_max)?;
            }
            put(connection, &schedule)?;
            let put = get(connection, schedule.account, &schedule.name)?;
            put.map(|put| (put, is_new)).ok_or_else(|| Error::internal("the schedule is gone"))
        })
        .await
    }

    async fn schedule_get(&self, account: AccountId, name: &Name) -> Result<Option<Schedule>> {
        let name = name.clone();
        self.read(move |connection| get(connection, account, &name)).await
    }

    async fn schedule_find(&self, account: AccountId, id: ScheduleId) -> Result<Option<Schedule>> {
        self.read(move |connection| {
            let sql = format!("{SCHEDULE} WHERE a.id = ? AND s.id = ?");
            let mut select = connection.prepare_cached(&sql).map_err(internal)?;
            select
                .query_row(params![account.to_bytes(), id.to_bytes()], schedule)
                .optional()
                .map_err(internal)
        })
        .await
    }

    async fn schedule_list(&self, account: AccountId) -> Result<Vec<Schedule>> {
        self.read(move |connection| {
            let sql = format!("{SCHEDULE} WHERE a.id = ? ORDER BY s.name");
            let mut select = connection.prepare_cached(&sql).map_err(internal)?;
            let rows = select.query_map([account.to_bytes()], schedule);
            rows.and_then(Iterator::collect).map_err(internal)
        })
        .await
    }

    async fn schedule_turn(
        &self,
        account: AccountId,
        name: &Name,
        next: Option<Millis>,
        now: Millis,
    ) -> Result<Option<Schedule>> {
        let name = name.clone();
        self.write(move |connection| {
            let Some(schedule) = get(connection, account, &name)? else { return Ok(None) };
            connection
                .prepare_cached("UPDATE schedules SET next_at = ?2, updated_at = ?3 WHERE id = ?1")
                .and_then(|mut update| {
                    update.execute(params![schedule.id.to_bytes(), next.map(Stored::stored), now.stored()])
                })
                .map_err(internal)?;
            get(connection, account, &name)
        })
        .await
    }

    async fn schedule_delete(
        &self,
        account: AccountId,
        name: &Name,
        past: Past,
        now: Millis,
    ) -> Result<bool> {
        let name = name.clone();
        self.write(move |connection| {
            let Some(schedule) = get(connection, account, &name)? else { return Ok(false) };
            if past == Past::Goes {
                plans::delete_of_schedule(connection, schedule.id, now)?;
            }
            connection
                .prepare_cached("DELETE FROM schedules WHERE id = ?")
                .and_then(|mut delete| delete.execute([schedule.id.to_bytes()]))
                .map(|_| true)
                .map_err(internal)
        })
        .await
    }

    async fn schedule_due(&self, limit: u32, now: Millis) -> Result<Due> {
        self.read(move |connection| {
            let sql = format!("{SCHEDULE} WHERE s.next_at <= ? ORDER BY s.next_at LIMIT ?");
            let mut select = connection.prepare_cached(&sql).map_err(internal)?;
            let rows = select.query_map(params![now.stored(), limit], schedule).map_err(internal)?;
            // One that cannot be read any more, as its time zone is gone, must not keep the others.
            let readable = |schedule: rusqlite::Result<Schedule>| {
                schedule.inspect_err(|error| tracing::error!(%error, "a schedule cannot be read")).ok()
            };
            let schedules = rows.filter_map(readable).collect();
            let next = connection
                .prepare_cached("SELECT min(next_at) FROM schedules WHERE next_at > ?")
                .and_then(|mut select| select.query_row([now.stored()], |row| row.maybe_millis(0)))
                .map_err(internal)?;
            Ok(Due { schedules, next })
        })
        .await
    }

    async fn schedule_fire(&self, fired: Fired) -> Result<bool> {
        self.write(move |connection| {
            let Fired { id, due, next, made, error } = fired;
            let (due, next) = (due.stored(), next.map(Stored::stored));
            let made_id = made.as_ref().map(|made| match made {
                Submitted::Run(run) => run.id.to_bytes(),
                Submitted::Plan(plan, _) => plan.id.to_bytes(),
            });
            let written = connection
                .prepare_cached(
                    "UPDATE schedules SET next_at = ?3, last_at = ?2, last_run = coalesce(?4, last_run), last_error = ?5
                     WHERE id = ?1 AND next_at = ?2",
                )
                .and_then(|mut update| update.execute(params![id.to_bytes(), due, next, made_id, error]))
                .map_err(internal)?;
            match made.filter(|_| written > 0) {
                None => {}
                Some(Submitted::Run(run)) => drop(runs::insert(connection, &run, Progress::new(run.run_at))?),
                Some(Submitted::Plan(plan, plans_max)) => {
                    if let Some(why) = plans::scheduled(connection, &plan, plans_max)? {
                        connection
                            .prepare_cached("UPDATE schedules SET last_run = NULL, last_error = ?2 WHERE id = ?1")
                            .and_then(|mut update| update.execute(params![id.to_bytes(), why]))
                            .map_err(internal)?;
                    }
                }
            }
            Ok(written > 0)
        })
        .await
    }
}

fn check_room(connection: &Connection, account: AccountId, schedules_max: usize) -> Result<()> {
    let sql = "SELECT count(*) FROM schedules WHERE account = (SELECT key FROM accounts WHERE id = ?)";
    let there = connection.query_row(sql, [account.to_bytes()], |row| row.unsigned(0)).map_err(internal)?;
    if there >= schedules_max as u64 {
        let message = format!("an account may have {schedules_max} schedules; delete one first");
        return Err(Error::new(Code::TooLarge, message));
    }
    Ok(())
}

fn put(connection: &Connection, schedule: &Schedule) -> Result<()> {
    const SQL: &str =
        "INSERT INTO schedules (id, account, name, cron, zone, missed, planned, next_at, created_at, updated_at,
             sealed)
         VALUES (?1, (SELECT key FROM accounts WHERE id = ?2), ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10)
         ON CONFLICT (account, name) DO UPDATE SET cron = ?4, zone = ?5, missed = ?6, planned = ?7, next_at = ?8,
             updated_at = ?9, sealed = ?10";
    let (planned, sealed) = match &schedule.what {
        What::Run(planned) => (serde_json::to_string(planned), None),
        What::Plan(plan) => (serde_json::to_string(&(&plan.head, &plan.secrets)), Some(&plan.sealed)),
    };
    let planned = planned.map_err(Error::internal)?;
    connection
        .prepare_cached(SQL)
        .and_then(|mut upsert| {
            upsert.execute(params![
                schedule.id.to_bytes(),
                schedule.account.to_bytes(),
                schedule.name.as_str(),
                schedule.timing.cron(),
                schedule.timing.zone(),
                schedule.missed.number(),
                planned,
                schedule.next_at.map(Stored::stored),
                schedule.updated_at.stored(),
                sealed
            ])
        })
        .map(drop)
        .map_err(internal)
}

fn get(connection: &Connection, account: AccountId, name: &Name) -> Result<Option<Schedule>> {
    let sql = format!("{SCHEDULE} WHERE a.id = ? AND s.name = ?");
    let mut select = connection.prepare_cached(&sql).map_err(internal)?;
    select.query_row(params![account.to_bytes(), name.as_str()], schedule).optional().map_err(internal)
}

fn schedule(row: &Row<'_>) -> rusqlite::Result<Schedule> {
    let (name, cron, zone): (String, String, String) = (row.get("name")?, row.get("cron")?, row.get("zone")?);
    Ok(Schedule {
        id: ScheduleId::from_bytes(row.get("id")?),
        account: AccountId::from_bytes(row.get("account_id")?),
        name: Name::parse(&name).map_err(|_| corrupt("name"))?,
        timing: Timing::parse(&cron, &zone).map_err(|_| corrupt("cron expression"))?,
        missed: Missed::from_number(row.get("missed")?).ok_or_else(|| corrupt("missed"))?,
        what: match row.get("sealed")? {
            None => What::Run(row.json("planned")?),
            Some(sealed) => {
                let (head, secrets) = row.json("planned")?;
                What::Plan(Box::new(PlannedPlan { head, secrets, sealed }))
            }
        },
        next_at: row.maybe_millis("next_at")?,
        last_at: row.maybe_millis("last_at")?,
        last: row.get::<_, Option<[u8; 16]>>("last_run")?.map(SubjectId::from_bytes),
        last_error: row.get("last_error")?,
        created_at: row.millis("created_at")?,
        updated_at: row.millis("updated_at")?,
    })
}
