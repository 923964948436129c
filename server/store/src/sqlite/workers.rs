//! Workers.

mod held;

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};
use skep_domain::model::id::{AccountId, JobId, WorkerId};
use skep_domain::model::money::Nanodollars;
use skep_domain::model::time::Millis;
use skep_domain::model::worker::{Profile, Worker};
use skep_domain::port::store::{Held, Lost, Returned, Taken, Workers};
use skep_domain::{Code, Error, Result};

use super::rows::{RowExt, Stored, to_json};
use super::{SqliteStore, internal};

const WORKER: &str =
    "SELECT w.key, w.id, a.id AS account_id, w.name, w.ask, w.places, w.offers, w.labels, w.open, w.seen_at,
        w.created_at, w.updated_at,
        (SELECT count(*) FROM jobs WHERE account = w.account AND worker = w.key AND status = 1) AS running
    FROM workers w JOIN accounts a ON a.key = w.account AND a.deleted = 0 ";

#[async_trait]
impl Workers for SqliteStore {
    async fn worker_create(&self, worker: Worker, workers_max: usize) -> Result<()> {
        self.write(move |connection| insert(connection, &worker, workers_max)).await
    }

    async fn worker_get(&self, account: AccountId, id: WorkerId) -> Result<Option<Worker>> {
        self.read(move |connection| Ok(get(connection, account, id)?.map(|(_, worker)| worker))).await
    }

    async fn worker_list(&self, account: AccountId) -> Result<Vec<Worker>> {
        self.read(move |connection| {
            let sql = format!("{WORKER} WHERE a.id = ? ORDER BY w.key DESC");
            let mut select = connection.prepare_cached(&sql).map_err(internal)?;
            let rows = select.query_map([account.to_bytes()], worker);
            rows.and_then(Iterator::collect).map_err(internal)
        })
        .await
    }

    async fn worker_change(
        &self,
        account: AccountId,
        id: WorkerId,
        from: Profile,
        to: Profile,
        now: Millis,
    ) -> Result<Option<Worker>> {
        self.write(move |connection| {
            let Some((key, worker)) = get(connection, account, id)? else { return Ok(None) };
            if worker.profile != from {
                return Err(Error::conflict("the worker was changed meanwhile; try again"));
            }
            let Profile { name, ask, places, offers, labels } = to;
            connection
                .prepare_cached(
                    "UPDATE workers SET name = ?2, ask = ?3, places = ?4, offers = ?5, labels = ?6, updated_at = ?7
                     WHERE key = ?1",
                )
                .and_then(|mut update| {
                    let (offers, labels) = (to_json(&offers), to_json(&labels));
                    update.execute(params![key, name, ask.0.stored(), places, offers, labels, now.stored()])
                })
                .map_err(internal)?;
            Ok(get(connection, account, id)?.map(|(_, worker)| worker))
        })
        .await
    }

    async fn worker_open(
        &self,
        account: AccountId,
        id: WorkerId,
        is_open: bool,
        now: Millis,
    ) -> Result<Option<(Worker, Vec<Returned>)>> {
        self.write(move |connection| {
            let Some((key, _)) = get(connection, account, id)? else { return Ok(None) };
            let why = if is_open {
                "the worker that had it started anew"
            } else {
                "the worker that had it stopped"
            };
            let returned = held::give_back(connection, key, why, now)?;
            connection
                .prepare_cached("UPDATE workers SET open = ?2, seen_at = ?3 WHERE key = ?1")
                .and_then(|mut update| update.execute(params![key, is_open, now.stored()]))
                .map_err(internal)?;
            Ok(get(connection, account, id)?.map(|(_, worker)| (worker, returned)))
        })
        .await
    }

    async fn worker_delete(
        &self,
        account: AccountId,
        id: WorkerId,
        now: Millis,
    ) -> Result<Option<Vec<Returned>>> {
        self.write(move |connection| {
            let Some((key, _)) = get(connection, account, id)? else { return Ok(None) };
            let returned = held::give_back(connection, key, "the worker that had it was deleted", now)?;
            connection
                .prepare_cached("UPDATE workers SET account = 0, open = 0 WHERE key = ?")
                .and_then(|mut update| update.execute([key]))
                .map_err(internal)?;
            Ok(Some(returned))
        })
        .await
    }

    async fn worker_take(
        &self,
        account: AccountId,
        id: WorkerId,
        bytes_max: u64,
        now: Millis,
    ) -> Result<Option<Vec<Taken>>> {
        let found = self.read(move |connection| {
            let Some((_, worker)) = get(connection, account, id)? else { return Ok(None) };
            let fitting = held::fitting(connection, &worker, bytes_max)?;
            Ok(Some((worker, fitting)))
        });
        let Some((seen, fitting)) = found.await? else { return Ok(None) };
        self.write(move |connection| {
            let Some((key, worker)) = get(connection, account, id)? else { return Ok(None) };
            connection
                .prepare_cached("UPDATE workers SET seen_at = ?2 WHERE key = ?1")
                .and_then(|mut update| update.execute(params![key, now.stored()]))
                .map_err(internal)?;
            // It may be another by now, or have jobs: then it asks again.
            let is_as_seen =
                worker.profile == seen.profile && worker.running == seen.running && worker.is_open;
            let fitting = if is_as_seen { fitting } else { Vec::new() };
            held::take(connection, key, fitting, now).map(Some)
        })
        .await
    }

    async fn worker_heard(
        &self,
        account: AccountId,
        job: JobId,
        attempt: u32,
        now: Millis,
    ) -> Result<Option<Held>> {
        self.write(move |connection| held::heard(connection, account, job, attempt, now)).await
    }

    async fn worker_reap(&self, lost: Lost, now: Millis) -> Result<Vec<Returned>> {
        // Nearly always there is nothing to do: that costs no commit.
        if self.read(move |connection| held::lost(connection, lost)).await?.is_empty() {
            return Ok(Vec::new());
        }
        self.write(move |connection| held::reap(connection, lost, now)).await
    }
}

fn insert(connection: &Connection, worker: &Worker, workers_max: usize) -> Result<()> {
    let account = worker.account.to_bytes();
    let there = "SELECT count(*) FROM workers w JOIN accounts a ON a.key = w.account WHERE a.id = ?";
    let there = connection.query_row(there, [account], |row| row.unsigned(0)).map_err(internal)?;
    if there >= workers_max as u64 {
        let message = format!("an account may have {workers_max} workers; delete one first");
        return Err(Error::new(Code::TooLarge, message));
    }
    let Profile { name, ask, places, offers, labels } = &worker.profile;
    connection
        .prepare_cached(
            "INSERT INTO workers (id, account, name, ask, places, offers, labels, open, created_at, updated_at)
             VALUES (?1, (SELECT key FROM accounts WHERE id = ?2), ?3, ?4, ?5, ?6, ?7, 0, ?8, ?8)",
        )
        .and_then(|mut insert| {
            let (id, offers, labels) = (worker.id.to_bytes(), to_json(offers), to_json(labels));
            insert.execute(params![
                id,
                account,
                name,
                ask.0.stored(),
                places,
                offers,
                labels,
                worker.created_at.stored()
            ])
        })
        .map(drop)
        .map_err(internal)
}

fn get(connection: &Connection, account: AccountId, id: WorkerId) -> Result<Option<(i64, Worker)>> {
    let sql = format!("{WORKER} WHERE w.id = ? AND a.id = ?");
    let mut select = connection.prepare_cached(&sql).map_err(internal)?;
    let found =
        select.query_row([id.to_bytes(), account.to_bytes()], |row| Ok((row.get("key")?, worker(row)?)));
    found.optional().map_err(internal)
}

fn worker(row: &Row<'_>) -> rusqlite::Result<Worker> {
    Ok(Worker {
        id: WorkerId::from_bytes(row.get("id")?),
        account: AccountId::from_bytes(row.get("account_id")?),
        profile: Profile {
            name: row.get("name")?,
            ask: Nanodollars(row.unsigned("ask")?),
            places: row.get("places")?,
            offers: row.json("offers")?,
            labels: row.json("labels")?,
        },
        is_open: row.get("open")?,
        seen_at: row.maybe_millis("seen_at")?,
        running: row.get("running")?,
        created_at: row.millis("created_at")?,
        updated_at: row.millis("updated_at")?,
    })
}
