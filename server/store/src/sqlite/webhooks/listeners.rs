//! Who wants to be told of something, and what is noted for them, in the transaction in which it happens.

use rusqlite::{Connection, params};
use skep_domain::Result;
use skep_domain::model::id::{DeliveryId, JobId, fresh};
use skep_domain::model::job::Status;
use skep_domain::model::plan::StageStatus;
use skep_domain::model::run::{Counts, Source};
use skep_domain::model::time::Millis;
use skep_domain::model::webhook::{Event, Events};

use crate::sqlite::internal;
use crate::sqlite::rows::Stored;
use crate::sqlite::runs::COUNTS;

/// Deliveries of a webhook that may wait. What happens then is not told, but counted.
const WAITING_MAX: i64 = 100_000;

/// The webhooks that are told of an account's affairs, or of a plan's.
pub(crate) struct Listeners {
    account: i64,
    webhooks: Vec<Listener>,
}

struct Listener {
    key: i64,
    events: Events,
    waiting: i64,
    noted: i64,
    dropped: i64,
}

impl Listeners {
    /// Those of the whole account, if it is told, and those of a plan, if there is one.
    pub(crate) fn of(
        connection: &Connection,
        account: i64,
        is_listed: bool,
        plan: Option<i64>,
    ) -> Result<Self> {
        const OF_ACCOUNT: &str = "SELECT key, events, waiting FROM webhooks
            WHERE account = ? AND plan IS NULL AND disabled_at IS NULL";
        const OF_PLAN: &str = "SELECT key, events, waiting FROM webhooks
            WHERE plan = ? AND plan IS NOT NULL AND disabled_at IS NULL";
        let mut webhooks = Vec::new();
        let sources = [is_listed.then_some((OF_ACCOUNT, account)), plan.map(|plan| (OF_PLAN, plan))];
        for (sql, of) in sources.into_iter().flatten() {
            let mut select = connection.prepare_cached(sql).map_err(internal)?;
            let rows = select.query_map([of], |row| {
                let events = Events::from_bits(row.get(1)?);
                Ok(Listener { key: row.get(0)?, events, waiting: row.get(2)?, noted: 0, dropped: 0 })
            });
            let rows: rusqlite::Result<Vec<Listener>> = rows.and_then(Iterator::collect);
            webhooks.extend(rows.map_err(internal)?);
        }
        Ok(Self { account, webhooks })
    }

    /// Those of a run.
    fn of_a_run(connection: &Connection, run: i64) -> Result<Self> {
        const SQL: &str = "SELECT account, source, (SELECT plan FROM stages WHERE stages.key = runs.stage)
            FROM runs WHERE key = ?";
        let mut select = connection.prepare_cached(SQL).map_err(internal)?;
        let row =
            select.query_row([run], |row| Ok((row.get(0)?, Source::from_number(row.get(1)?), row.get(2)?)));
        let (account, source, plan) = row.map_err(internal)?;
        Self::of(connection, account, source.is_some_and(Source::is_listed), plan)
    }

    /// What any of them wants to be told of.
    pub(crate) fn events(&self) -> Events {
        self.webhooks.iter().fold(Events::default(), |all, webhook| all.and(webhook.events))
    }

    /// Notes that something happened.
    pub(crate) fn tell(
        &mut self,
        connection: &Connection,
        event: Event,
        subject: [u8; 16],
        at: i64,
    ) -> Result<()> {
        const SQL: &str =
            "INSERT INTO deliveries (id, webhook, account, event, subject, at, status, attempts, due_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, 0, ?6)";
        for webhook in self.webhooks.iter_mut().filter(|webhook| webhook.events.has(event)) {
            if webhook.waiting + webhook.noted >= WAITING_MAX {
                webhook.dropped += 1;
                continue;
            }
            webhook.noted += 1;
            let id: DeliveryId = fresh(Millis(at.unsigned_abs()));
            connection
                .prepare_cached(SQL)
                .and_then(|mut insert| {
                    let (id, event) = (id.to_bytes(), event.number());
                    insert.execute(params![id, webhook.key, self.account, event, subject, at])
                })
                .map_err(internal)?;
        }
        Ok(())
    }

    /// Writes how many were noted.
    pub(crate) fn write(self, connection: &Connection) -> Result<()> {
        const SQL: &str = "UPDATE webhooks SET waiting = waiting + ?2, dropped = dropped + ?3 WHERE key = ?1";
        for webhook in self.webhooks.iter().filter(|webhook| webhook.noted + webhook.dropped > 0) {
            connection
                .prepare_cached(SQL)
                .and_then(|mut update| update.execute([webhook.key, webhook.noted, webhook.dropped]))
                .map_err(internal)?;
        }
        Ok(())
    }
}

/// Tells of a run of which somebody wants to be told: which of its jobs began, which are over, and whether all are.
pub(crate) fn of_run(
    connection: &Connection,
    run: i64,
    (begun, over): (&[i64], &[i64]),
    is_over: bool,
    at: i64,
) -> Result<()> {
    let sql = format!("SELECT id, cancel, {} FROM runs WHERE key = ?", COUNTS.join(", "));
    let mut select = connection.prepare_cached(&sql).map_err(internal)?;
    let row = select.query_row([run], |row| {
        let mut counts = Counts::default();
        for (count, place) in counts.0.iter_mut().zip(2..) {
            *count = row.get(place)?;
        }
        Ok((row.get(0)?, counts.status(row.get(1)?)))
    });
    let (id, status): ([u8; 16], _) = row.map_err(internal)?;
    let mut listeners = Listeners::of_a_run(connection, run)?;
    let wanted = listeners.events();
    let mut job = connection.prepare_cached("SELECT id, status FROM jobs WHERE key = ?").map_err(internal)?;
    for (keys, has_begun) in [(begun, true), (over, false)] {
        for key in keys {
            let row = job.query_row([key], |row| Ok((row.get(0)?, row.get(1)?)));
            let (job, status): ([u8; 16], u8) = row.map_err(internal)?;
            let event = if has_begun {
                Some(Event::JobStarted)
            } else {
                Status::from_number(status).and_then(of_job)
            };
            if let Some(event) = event.filter(|event| wanted.has(*event)) {
                listeners.tell(connection, event, job, at)?;
            }
        }
    }
    if is_over {
        let event = match status {
            Status::Succeeded => Event::RunSucceeded,
            Status::Cancelled => Event::RunCancelled,
            Status::Queued | Status::Running | Status::Retrying | Status::Failed | Status::TimedOut => {
                Event::RunFailed
            }
        };
        listeners.tell(connection, event, id, at)?;
    }
    listeners.write(connection)
}

/// Tells of a job of such a run that said how far it is.
pub(crate) fn of_progress(connection: &Connection, run: i64, job: JobId, at: i64) -> Result<()> {
    let mut listeners = Listeners::of_a_run(connection, run)?;
    listeners.tell(connection, Event::JobProgressed, job.to_bytes(), at)?;
    listeners.write(connection)
}

/// What the end of a job is.
fn of_job(status: Status) -> Option<Event> {
    match status {
        Status::Queued | Status::Running | Status::Retrying => None,
        Status::Succeeded => Some(Event::JobSucceeded),
        Status::Failed => Some(Event::JobFailed),
        Status::TimedOut => Some(Event::JobTimedOut),
        Status::Cancelled => Some(Event::JobCancelled),
    }
}

/// What a plan's coming to a status is.
pub(crate) fn of_plan(status: Status) -> Event {
    match status {
        Status::Queued | Status::Running | Status::Retrying => Event::PlanStarted,
        Status::Succeeded => Event::PlanSucceeded,
        Status::Failed | Status::TimedOut => Event::PlanFailed,
        Status::Cancelled => Event::PlanCancelled,
    }
}

/// What a stage's coming to a status is.
pub(crate) fn of_stage(status: StageStatus) -> Option<Event> {
    match status {
        StageStatus::Waiting => None,
        StageStatus::Running => Some(Event::StageStarted),
        StageStatus::Skipped => Some(Event::StageSkipped),
        StageStatus::Succeeded => Some(Event::StageSucceeded),
        StageStatus::Failed => Some(Event::StageFailed),
        StageStatus::Cancelled => Some(Event::StageCancelled),
    }
}

impl Stored for Events {
    fn stored(self) -> i64 {
        i64::from(self.bits())
    }
}
