//! Models and their versions.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};
use skep_domain::model::function::Name;
use skep_domain::model::id::{AccountId, Sha256};
use skep_domain::model::ml_model::{Batching, Found, MODEL_VERSIONS_MAX, MODELS_MAX, MlModel};
use skep_domain::model::time::Millis;
use skep_domain::port::store::{Models, NewModel, Uploaded};
use skep_domain::{Code, Error, Result};

use super::rows::{RowExt, Stored, corrupt, to_json};
use super::{SqliteStore, internal};

const MODEL: &str =
    "SELECT a.id AS account_id, m.name, m.number, m.sha256, m.size_bytes, m.found, m.batch_axis,
        m.batch_rows, m.shared, m.created_at
    FROM models m JOIN accounts a ON a.key = m.account ";

#[async_trait]
impl Models for SqliteStore {
    async fn model_select(&self, account: AccountId, new: NewModel) -> Result<Option<MlModel>> {
        let known = {
            let new = new.clone();
            self.read(move |connection| known(connection, account, &new)).await?
        };
        match known {
            None => Ok(None),
            Some(_) => self.write_models(move |connection| select(connection, account, &new)).await,
        }
    }

    async fn model_add(
        &self,
        account: AccountId,
        new: NewModel,
        (found, size_bytes): (Found, u64),
        bytes_max: u64,
        now: Millis,
    ) -> Result<(MlModel, Uploaded)> {
        self.write_models(move |connection| {
            // Somebody may have uploaded the same meanwhile.
            if let Some(model) = select(connection, account, &new)? {
                return Ok((model, Uploaded::Known));
            }
            check_room(connection, account, &new, size_bytes, bytes_max)?;
            insert(connection, account, &new, (&found, size_bytes), now)?;
            let model = select(connection, account, &new)?;
            Ok((model.ok_or_else(|| Error::internal("the new model is gone"))?, Uploaded::New))
        })
        .await
    }

    async fn model_get(&self, account: AccountId, name: &Name) -> Result<Vec<MlModel>> {
        let name = name.clone();
        self.read(move |connection| versions(connection, account, &name)).await
    }

    async fn model_find(&self, account: AccountId, name: &Name) -> Result<Option<MlModel>> {
        let key = (account, name.clone());
        let writes = match self.models.get(&key) {
            Ok(model) => return Ok(Some(model)),
            Err(writes) => writes,
        };
        let name = name.clone();
        let versions = self.read(move |connection| versions(connection, account, &name)).await?;
        let current = versions.into_iter().next();
        if let Some(model) = &current {
            self.models.keep(key, model.clone(), writes);
        }
        Ok(current)
    }

    async fn model_list(&self, account: AccountId) -> Result<Vec<MlModel>> {
        self.read(move |connection| {
            // What the account has itself hides what others share under the same name.
            let sql = format!(
                "{MODEL} WHERE m.current = 1 AND (a.id = ?1 OR m.shared = 1 AND a.deleted = 0 AND NOT EXISTS
                    (SELECT 1 FROM models o JOIN accounts b ON b.key = o.account WHERE b.id = ?1 AND o.name = m.name))
                 ORDER BY m.name LIMIT ?2"
            );
            let mut list = connection.prepare_cached(&sql).map_err(internal)?;
            let most = (2 * MODELS_MAX) as i64;
            let rows = list.query_map(params![account.to_bytes(), most], model);
            rows.and_then(Iterator::collect).map_err(internal)
        })
        .await
    }

    async fn model_remove(&self, account: AccountId, name: &Name) -> Result<bool> {
        let name = name.clone();
        self.write_models(move |connection| {
            connection
                .prepare_cached(
                    "DELETE FROM models WHERE name = ?2 AND account = (SELECT key FROM accounts WHERE id = ?1)",
                )
                .and_then(|mut delete| delete.execute(params![account.to_bytes(), name.as_str()]))
                .map(|deleted| deleted > 0)
                .map_err(internal)
        })
        .await
    }

    async fn model_files(&self) -> Result<Vec<Sha256>> {
        self.read(|connection| {
            let mut list =
                connection.prepare_cached("SELECT DISTINCT sha256 FROM models").map_err(internal)?;
            let rows = list.query_map([], |row| Ok(Sha256(row.get(0)?)));
            rows.and_then(Iterator::collect).map_err(internal)
        })
        .await
    }
}

/// The number of the version that is the same.
fn known(connection: &Connection, account: AccountId, new: &NewModel) -> Result<Option<u32>> {
    const KNOWN: &str = "SELECT number FROM models m JOIN accounts a ON a.key = m.account
        WHERE a.id = ?1 AND m.name = ?2 AND m.sha256 = ?3 AND m.batch_axis IS ?4 AND m.batch_rows IS ?5 AND m.shared = ?6
        ORDER BY number DESC LIMIT 1";
    let (axis, rows) = batch(new);
    connection
        .prepare_cached(KNOWN)
        .and_then(|mut known| {
            let values = params![account.to_bytes(), new.name.as_str(), new.sha256.0, axis, rows, new.shared];
            known.query_row(values, |row| row.get(0)).optional()
        })
        .map_err(internal)
}

fn select(connection: &Connection, account: AccountId, new: &NewModel) -> Result<Option<MlModel>> {
    let Some(number) = known(connection, account, new)? else { return Ok(None) };
    const SELECT: &str = "UPDATE models SET current = (number = ?3)
        WHERE name = ?2 AND account = (SELECT key FROM accounts WHERE id = ?1)";
    connection
        .prepare_cached(SELECT)
        .and_then(|mut select| select.execute(params![account.to_bytes(), new.name.as_str(), number]))
        .map_err(internal)?;
    Ok(versions(connection, account, &new.name)?.into_iter().next())
}

fn check_room(
    connection: &Connection,
    account: AccountId,
    new: &NewModel,
    size_bytes: u64,
    bytes_max: u64,
) -> Result<()> {
    const HAS: &str = "SELECT count(DISTINCT CASE WHEN m.name <> ?2 THEN m.name END) AS models,
            count(CASE WHEN m.name = ?2 THEN 1 END) AS versions, coalesce(sum(m.size_bytes), 0) AS bytes
        FROM models m JOIN accounts a ON a.key = m.account WHERE a.id = ?1";
    let [models, versions, bytes] = connection
        .prepare_cached(HAS)
        .and_then(|mut has| {
            has.query_row(params![account.to_bytes(), new.name.as_str()], |row| {
                Ok([row.unsigned("models")?, row.unsigned("versions")?, row.unsigned("bytes")?])
            })
        })
        .map_err(internal)?;
    let refused = |message| Err(Error::new(Code::TooLarge, message));
    if models >= MODELS_MAX as u64 {
        return refused(format!("an account may have {MODELS_MAX} models; remove one first"));
    }
    if versions >= u64::from(MODEL_VERSIONS_MAX) {
        return refused(format!("a model may have {MODEL_VERSIONS_MAX} versions; remove it first"));
    }
    if bytes.saturating_add(size_bytes) > bytes_max {
        return refused(format!(
            "an account may have {bytes_max} bytes of models, and has {bytes}; remove some first"
        ));
    }
    if new.shared {
        const TAKEN: &str = "SELECT EXISTS (SELECT 1 FROM models m JOIN accounts a ON a.key = m.account
            WHERE m.name = ?2 AND m.shared = 1 AND a.id <> ?1)";
        let taken: bool = connection
            .prepare_cached(TAKEN)
            .and_then(|mut taken| {
                taken.query_row(params![account.to_bytes(), new.name.as_str()], |row| row.get(0))
            })
            .map_err(internal)?;
        if taken {
            return Err(Error::conflict("another account shares a model of this name"));
        }
    }
    Ok(())
}

fn insert(
    connection: &Connection,
    account: AccountId,
    new: &NewModel,
    (found, size_bytes): (&Found, u64),
    now: Millis,
) -> Result<()> {
    const INSERT: &str = "INSERT INTO models
            (account, name, number, sha256, size_bytes, found, batch_axis, batch_rows, shared, current, created_at)
        SELECT key, ?2, (SELECT coalesce(max(number), 0) + 1 FROM models WHERE account = accounts.key AND name = ?2),
            ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9
        FROM accounts WHERE id = ?1";
    let (axis, rows) = batch(new);
    connection
        .prepare_cached(INSERT)
        .and_then(|mut insert| {
            insert.execute(params![
                account.to_bytes(),
                new.name.as_str(),
                new.sha256.0,
                size_bytes.stored(),
                to_json(found),
                axis,
                rows,
                new.shared,
                now.stored()
            ])
        })
        .map(drop)
        .map_err(internal)
}

fn batch(new: &NewModel) -> (Option<u32>, Option<u32>) {
    (new.batching.map(|batching| batching.axis), new.batching.map(|batching| batching.rows_max))
}

/// The versions of a model, the current one first: the account's own, or else one that another shares.
fn versions(connection: &Connection, account: AccountId, name: &Name) -> Result<Vec<MlModel>> {
    let own = format!("{MODEL} WHERE a.id = ?1 AND m.name = ?2 ORDER BY m.current DESC, m.number DESC");
    let shared = format!(
        "{MODEL} WHERE a.id <> ?1 AND a.deleted = 0 AND m.name = ?2 AND m.shared = 1 AND m.current = 1"
    );
    for sql in [own, shared] {
        let mut select = connection.prepare_cached(&sql).map_err(internal)?;
        let rows = select.query_map(params![account.to_bytes(), name.as_str()], model);
        let versions: Vec<MlModel> = rows.and_then(Iterator::collect).map_err(internal)?;
        if !versions.is_empty() {
            return Ok(versions);
        }
    }
    Ok(Vec::new())
}

fn model(row: &Row<'_>) -> rusqlite::Result<MlModel> {
    let name: String = row.get("name")?;
    let (axis, rows_max): (Option<u32>, Option<u32>) = (row.get("batch_axis")?, row.get("batch_rows")?);
    Ok(MlModel {
        account: AccountId::from_bytes(row.get("account_id")?),
        name: Name::parse(&name).map_err(|_| corrupt("name"))?,
        number: row.get("number")?,
        sha256: Sha256(row.get("sha256")?),
        size_bytes: row.unsigned("size_bytes")?,
        found: row.json("found")?,
        batching: axis.zip(rows_max).map(|(axis, rows_max)| Batching { axis, rows_max }),
        shared: row.get("shared")?,
        created_at: row.millis("created_at")?,
    })
}
